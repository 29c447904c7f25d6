-- What customers do at given prices, and what an option is worth at them. These keep nothing and read no table, so everybody may call them.

CREATE TYPE cp_pricing AS (
	customers bigint,
	chosen bigint,
	reduced_value float8,
	value float8,
	cost float8,
	count float8[],
	money float8[]
);
COMMENT ON TYPE cp_pricing IS 'what customers take together at given prices';
COMMENT ON COLUMN cp_pricing.customers IS 'all of them';
COMMENT ON COLUMN cp_pricing.chosen IS 'those who take an option';
COMMENT ON COLUMN cp_pricing.reduced_value IS 'of the options taken, value less what they use, priced';
COMMENT ON COLUMN cp_pricing.count IS 'options taken, by class';
COMMENT ON COLUMN cp_pricing.money IS 'what they cost, by class';

CREATE FUNCTION cp_price_transition(bytea, float8[], float8[], int[], float8[], float8[])
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_price_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_price_transition(bytea, float8[], float8[], int[], float8[], float8[]) IS 'part of the aggregate cp_price';

CREATE FUNCTION cp_price_transition(bytea, real[], real[], int[], float8[], float8[])
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_price_transition_real'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_price_transition(bytea, real[], real[], int[], float8[], float8[]) IS 'part of the aggregate cp_price';

CREATE FUNCTION cp_price_combine(bytea, bytea)
RETURNS bytea
AS 'MODULE_PATHNAME', 'cp_price_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_price_combine(bytea, bytea) IS 'part of the aggregate cp_price';

CREATE FUNCTION cp_price_final(bytea)
RETURNS cp_pricing
AS 'MODULE_PATHNAME', 'cp_price_final'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cp_price_final(bytea) IS 'part of the aggregate cp_price';

CREATE AGGREGATE cp_price(value float8[], cost float8[], class int[], count_price float8[], money_price float8[]) (
	SFUNC = cp_price_transition, STYPE = bytea, COMBINEFUNC = cp_price_combine,
	FINALFUNC = cp_price_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_price(float8[], float8[], int[], float8[], float8[]) IS 'one pricing scan: each row is a customer with options, who takes the one worth most at the prices, or none';

CREATE AGGREGATE cp_price(value real[], cost real[], class int[], count_price float8[], money_price float8[]) (
	SFUNC = cp_price_transition, STYPE = bytea, COMBINEFUNC = cp_price_combine,
	FINALFUNC = cp_price_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cp_price(real[], real[], int[], float8[], float8[]) IS 'one pricing scan: each row is a customer with options, who takes the one worth most at the prices, or none';

CREATE FUNCTION cp_bid(value float8, cost float8, kind text, prices jsonb, action text DEFAULT NULL, segment text DEFAULT NULL)
RETURNS float8
AS 'MODULE_PATHNAME', 'cp_bid'
LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cp_bid(float8, float8, text, jsonb, text, text) IS 'value of an option less what it uses of limits at their shadow prices: act when it is positive';
