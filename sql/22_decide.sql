-- Deciding: the log of decisions and what became of them, and what is kept of each customer.
--
-- The two logs are partitioned by month. Their parents have neither key nor index, which a
-- restore would make twice; each partition gets its own when cp_log_partitions makes it.
-- Nobody but their owner can write any of these tables: all writing is by decision_store.c.
-- Amounts are cents.

CREATE TABLE churnprevent.decision (
	decision_id bigint GENERATED ALWAYS AS IDENTITY,
	customer_id text COLLATE "C" NOT NULL,
	decided_at timestamptz NOT NULL,
	policy_id int NOT NULL,
	policy_version int NOT NULL,
	model_id bigint NOT NULL,
	catalogue_version int NOT NULL,
	features real[] NOT NULL,
	feature_schema bigint NOT NULL,
	dyn smallint NOT NULL,
	churn_probability real NOT NULL,
	p_churn real NOT NULL,
	mask int NOT NULL,
	pmf real[] NOT NULL,
	action_id int NOT NULL,
	intended_action int NOT NULL,
	propensity real NOT NULL CHECK (propensity > 0 AND propensity <= 1),
	propensity_src text NOT NULL,
	expected_value bigint NOT NULL,
	action_cost bigint NOT NULL,
	reserved_cost bigint NOT NULL,
	arm text NOT NULL,
	reason text,
	rng_key bigint NOT NULL,
	idempotency_key text NOT NULL
) PARTITION BY RANGE (decided_at);
COMMENT ON TABLE churnprevent.decision IS 'every decision, written before it is carried out, also when it was to do nothing';
COMMENT ON COLUMN churnprevent.decision.features IS 'feature vector of the customer as the policy saw it; categories by the codes of the model';
COMMENT ON COLUMN churnprevent.decision.feature_schema IS 'checksum of the model whose feature map the features are by';
COMMENT ON COLUMN churnprevent.decision.dyn IS 'dynamic state as a number: running discount, fatigue, upgrade, service state';
COMMENT ON COLUMN churnprevent.decision.churn_probability IS 'what the model said, over its horizon';
COMMENT ON COLUMN churnprevent.decision.p_churn IS 'chance to leave within a month when nothing is done';
COMMENT ON COLUMN churnprevent.decision.mask IS 'bit k: the action at position k of the catalogue was eligible';
COMMENT ON COLUMN churnprevent.decision.pmf IS 'probability of every action by the same position';
COMMENT ON COLUMN churnprevent.decision.action_id IS 'what is to be carried out';
COMMENT ON COLUMN churnprevent.decision.intended_action IS 'what the policy drew, before a budget or cap stood against it';
COMMENT ON COLUMN churnprevent.decision.propensity IS 'probability that the intended action had, given the mask';
COMMENT ON COLUMN churnprevent.decision.propensity_src IS 'exact: drawn with it; deterministic: there was no draw';
COMMENT ON COLUMN churnprevent.decision.expected_value IS 'gross of cost, in cents';
COMMENT ON COLUMN churnprevent.decision.action_cost IS 'expected cost, in cents';
COMMENT ON COLUMN churnprevent.decision.reserved_cost IS 'the most it can cost, in cents';
COMMENT ON COLUMN churnprevent.decision.arm IS 'control: held out, never acted upon; policy: decided by the policy';
COMMENT ON COLUMN churnprevent.decision.reason IS 'why nothing could be done: hold-out, cool-down or fatigue';
COMMENT ON COLUMN churnprevent.decision.rng_key IS 'the 64 bits that the draw was made with';

CREATE TABLE churnprevent.decision_default PARTITION OF churnprevent.decision DEFAULT;
CREATE UNIQUE INDEX ON churnprevent.decision_default (decision_id);
CREATE INDEX ON churnprevent.decision_default (customer_id, decided_at);
COMMENT ON TABLE churnprevent.decision_default IS 'decisions of months without a partition';

CREATE TABLE churnprevent.feedback (
	feedback_id bigint GENERATED ALWAYS AS IDENTITY,
	decision_id bigint,
	customer_id text COLLATE "C" NOT NULL,
	action_taken int NOT NULL,
	mismatch boolean,
	outcome smallint NOT NULL CHECK (outcome IN (0, 1)),
	revenue_impact numeric(14,2),
	observed_at timestamptz NOT NULL,
	window_days int NOT NULL CHECK (window_days BETWEEN 1 AND 3660)
) PARTITION BY RANGE (observed_at);
COMMENT ON TABLE churnprevent.feedback IS 'what became of customers; without a decision it is counted but never learned from';
COMMENT ON COLUMN churnprevent.feedback.decision_id IS 'the decision it is the outcome of, NULL = none was found';
COMMENT ON COLUMN churnprevent.feedback.action_taken IS 'what was carried out';
COMMENT ON COLUMN churnprevent.feedback.mismatch IS 'was that another action than the one decided?';
COMMENT ON COLUMN churnprevent.feedback.outcome IS '1 = retained, 0 = churned';
COMMENT ON COLUMN churnprevent.feedback.window_days IS 'days after the decision over which the outcome was observed';

CREATE TABLE churnprevent.feedback_default PARTITION OF churnprevent.feedback DEFAULT;
CREATE UNIQUE INDEX ON churnprevent.feedback_default (decision_id, window_days) WHERE decision_id IS NOT NULL;
CREATE INDEX ON churnprevent.feedback_default (customer_id);
COMMENT ON TABLE churnprevent.feedback_default IS 'feedback of months without a partition';

CREATE TABLE churnprevent.decision_key (
	idempotency_key text COLLATE "C" PRIMARY KEY,
	decision_id bigint NOT NULL,
	customer_id text COLLATE "C" NOT NULL,
	method text NOT NULL,
	decided_at timestamptz NOT NULL
);
CREATE INDEX ON churnprevent.decision_key (customer_id);
CREATE INDEX ON churnprevent.decision_key (decided_at);
COMMENT ON TABLE churnprevent.decision_key IS 'which decision was made under a key: the same key never decides twice';

CREATE TABLE churnprevent.contact_state (
	customer_id text COLLATE "C" PRIMARY KEY,
	contacted_at timestamptz,
	cooldown_until timestamptz,
	fatigue smallint NOT NULL DEFAULT 0,
	tokens real NOT NULL DEFAULT 3,
	tokens_at timestamptz NOT NULL,
	discount_id int,
	discount_until timestamptz,
	upgrade_id int
) WITH (fillfactor = 80);
COMMENT ON TABLE churnprevent.contact_state IS 'what was done for a customer lately; its row lock serialises decisions about the customer';
COMMENT ON COLUMN churnprevent.contact_state.cooldown_until IS 'no action before';
COMMENT ON COLUMN churnprevent.contact_state.fatigue IS 'contacts that were still felt right after the last one, 0 to 3; one is forgotten a month';
COMMENT ON COLUMN churnprevent.contact_state.tokens IS 'contacts that were still allowed at tokens_at, at most 3; one comes back in 30 days';
COMMENT ON COLUMN churnprevent.contact_state.discount_id IS 'discount that runs until discount_until';
COMMENT ON COLUMN churnprevent.contact_state.upgrade_id IS 'upgrade that was made';

CREATE TABLE churnprevent.holdout (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	share float8 NOT NULL DEFAULT 0.05 CHECK (share >= 0 AND share <= 1),
	salt uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
	since timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE churnprevent.holdout IS 'the control group that is never acted upon: which share of all customers, and the salt that says which ones';
COMMENT ON COLUMN churnprevent.holdout.share IS 'a larger share keeps all who were held out before';
COMMENT ON COLUMN churnprevent.holdout.salt IS 'another salt draws another control group: no more than once a year';
INSERT INTO churnprevent.holdout DEFAULT VALUES;

-- A restored row takes the place of the one there is.
CREATE FUNCTION cp_holdout_restore()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	DELETE FROM churnprevent.holdout;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION cp_holdout_restore() IS 'trigger of churnprevent.holdout: lets a restored row take the place of the one there is';
REVOKE ALL ON FUNCTION cp_holdout_restore() FROM PUBLIC;

CREATE TRIGGER restore BEFORE INSERT ON churnprevent.holdout
	FOR EACH ROW EXECUTE FUNCTION cp_holdout_restore();

SELECT pg_catalog.pg_extension_config_dump('churnprevent.decision_default', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.decision_decision_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.feedback_default', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.feedback_feedback_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.decision_key', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.contact_state', '');
SELECT pg_catalog.pg_extension_config_dump('churnprevent.holdout', '');

CREATE FUNCTION cp_recommend(customer record, method text DEFAULT 'auto', model text DEFAULT NULL,
	OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8, OUT strategy_used text)
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'cp_recommend_record';
COMMENT ON FUNCTION cp_recommend(record, text, text) IS 'the action for a customer by a method; advice only: nothing is logged, and what was done for the customer before is not known';
CREATE FUNCTION cp_recommend(customer jsonb, method text DEFAULT 'auto', model text DEFAULT NULL,
	OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8, OUT strategy_used text)
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'cp_recommend_jsonb';
COMMENT ON FUNCTION cp_recommend(jsonb, text, text) IS 'the action for a customer given as a JSON object';
CREATE FUNCTION cp_recommend(customer json, method text DEFAULT 'auto', model text DEFAULT NULL,
	OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8, OUT strategy_used text)
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'cp_recommend_json';
COMMENT ON FUNCTION cp_recommend(json, text, text) IS 'the action for a customer given as a JSON object';

CREATE FUNCTION cp_decide(customer record, customer_id text, method text DEFAULT 'auto', key text DEFAULT NULL, model text DEFAULT NULL,
	OUT decision_id bigint, OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8,
	OUT strategy_used text, OUT propensity float8, OUT arm text, OUT reason text, OUT repeated boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'cp_decide_record';
COMMENT ON FUNCTION cp_decide(record, text, text, text, text) IS 'decide what to do for a customer and log it in this transaction; the same key gives the same decision again';
CREATE FUNCTION cp_decide(customer jsonb, customer_id text, method text DEFAULT 'auto', key text DEFAULT NULL, model text DEFAULT NULL,
	OUT decision_id bigint, OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8,
	OUT strategy_used text, OUT propensity float8, OUT arm text, OUT reason text, OUT repeated boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'cp_decide_jsonb';
COMMENT ON FUNCTION cp_decide(jsonb, text, text, text, text) IS 'decide for a customer given as a JSON object';
CREATE FUNCTION cp_decide(customer json, customer_id text, method text DEFAULT 'auto', key text DEFAULT NULL, model text DEFAULT NULL,
	OUT decision_id bigint, OUT action_name text, OUT churn_probability float8, OUT expected_value float8, OUT action_cost float8, OUT roi float8,
	OUT strategy_used text, OUT propensity float8, OUT arm text, OUT reason text, OUT repeated boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'cp_decide_json';
COMMENT ON FUNCTION cp_decide(json, text, text, text, text) IS 'decide for a customer given as a JSON object';

CREATE FUNCTION cp_feedback(customer_id text, action_taken text, outcome int, revenue_impact numeric DEFAULT NULL,
	window_days int DEFAULT 30, decision_id bigint DEFAULT NULL,
	OUT feedback_id bigint, OUT matched_decision bigint, OUT mismatch boolean)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_feedback';
COMMENT ON FUNCTION cp_feedback(text, text, int, numeric, int, bigint) IS 'say what became of a customer: 1 = retained, 0 = churned; bound to the latest decision without feedback, or to the one given';

CREATE FUNCTION cp_control_group(customer_id text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'cp_control_group';
COMMENT ON FUNCTION cp_control_group(text) IS 'is the customer in the control group, which is never acted upon?';

CREATE FUNCTION cp_forget(customer_id text,
	OUT decisions bigint, OUT feedback bigint, OUT models bigint, OUT policies bigint)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'cp_forget';
COMMENT ON FUNCTION cp_forget(text) IS 'erase a customer from the logs and mark models and policies that learned from them';

REVOKE ALL ON FUNCTION cp_recommend(record, text, text), cp_recommend(jsonb, text, text), cp_recommend(json, text, text),
	cp_decide(record, text, text, text, text), cp_decide(jsonb, text, text, text, text), cp_decide(json, text, text, text, text),
	cp_feedback(text, text, int, numeric, int, bigint), cp_control_group(text), cp_forget(text) FROM PUBLIC;

-- Acts as the owner of the logs, since only that one can make partitions of them.
CREATE FUNCTION cp_log_partitions(months_ahead int DEFAULT 3, keep_months int DEFAULT NULL,
	OUT partition text, OUT happened text)
RETURNS SETOF record
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
	log text;
	clock text;
	bounds tstzrange;
	moved bigint;
BEGIN
	IF months_ahead IS NULL OR months_ahead NOT BETWEEN 0 AND 120 THEN
		RAISE EXCEPTION 'months_ahead must be between 0 and 120' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF keep_months < 1 THEN
		RAISE EXCEPTION 'keep_months must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	FOR log, clock IN VALUES ('decision', 'decided_at'), ('feedback', 'observed_at') LOOP
		FOR bounds IN
			SELECT tstzrange(m, m + '1 month') FROM generate_series(0, months_ahead) n, LATERAL (SELECT date_trunc('month', now()) + make_interval(months => n)) t(m)
		LOOP
			partition := format('churnprevent.%s_%s', log, to_char(lower(bounds), 'YYYY_MM'));
			CONTINUE WHEN to_regclass(partition) IS NOT NULL;
			-- What is being written is waited for, and what comes then goes where it belongs.
			EXECUTE format('LOCK TABLE churnprevent.%I IN ACCESS EXCLUSIVE MODE', log);
			EXECUTE format('CREATE TABLE %s (LIKE churnprevent.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, log);
			EXECUTE format('WITH early AS (DELETE FROM churnprevent.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %s SELECT * FROM early',
				log || '_default', clock, lower(bounds), clock, upper(bounds), partition);
			GET DIAGNOSTICS moved = ROW_COUNT;
			IF log = 'decision' THEN
				EXECUTE format('CREATE UNIQUE INDEX ON %s (decision_id)', partition);
				EXECUTE format('CREATE INDEX ON %s (customer_id, decided_at)', partition);
			ELSE
				EXECUTE format('CREATE UNIQUE INDEX ON %s (decision_id, window_days) WHERE decision_id IS NOT NULL', partition);
				EXECUTE format('CREATE INDEX ON %s (customer_id)', partition);
			END IF;
			EXECUTE format('ALTER TABLE churnprevent.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', log, partition, lower(bounds), upper(bounds));
			happened := CASE WHEN moved = 0 THEN 'made' ELSE format('made, %s rows moved into it', moved) END;
			RETURN NEXT;
		END LOOP;
		FOR partition IN
			SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
			WHERE i.inhparent = format('churnprevent.%I', log)::regclass AND c.relname ~ '_\d{4}_\d{2}$'
				AND to_date(right(c.relname, 7), 'YYYY_MM') < date_trunc('month', now()) - make_interval(months => keep_months)
			ORDER BY 1
		LOOP
			EXECUTE format('DROP TABLE %s', partition);
			happened := 'dropped';
			RETURN NEXT;
		END LOOP;
	END LOOP;
	DELETE FROM churnprevent.decision_key WHERE decided_at < now() - '90 days'::interval;
END
$$;
COMMENT ON FUNCTION cp_log_partitions(int, int) IS 'make the partitions of the logs for the months to come, drop those older than keep_months, and forget keys older than 90 days; for a monthly job';
REVOKE ALL ON FUNCTION cp_log_partitions(int, int) FROM PUBLIC;
