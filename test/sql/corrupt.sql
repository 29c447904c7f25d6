-- Model bytes that somebody damaged: an error, and the session goes on. Bytes are read once a session, so each case has a version of its own.
SET client_min_messages = warning;
CREATE TABLE corrupt_test AS SELECT n AS id, n % 10 AS visits, 'plan ' || n % 3 AS plan, n % 10 + n * 53 % 7 > 9 AS gone FROM generate_series(1, 300) n;
CREATE FUNCTION damage(how text, bytes bytea) RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
	SELECT CASE how
		WHEN 'empty' THEN ''::bytea
		WHEN 'one byte' THEN substr(bytes, 1, 1)
		WHEN 'head alone' THEN substr(bytes, 1, 16)
		WHEN 'half' THEN substr(bytes, 1, length(bytes) / 2)
		WHEN 'last byte lost' THEN substr(bytes, 1, length(bytes) - 1)
		WHEN 'one byte more' THEN bytes || '\x00'
		WHEN 'twice' THEN bytes || bytes
		WHEN 'first byte' THEN set_byte(bytes, 0, get_byte(bytes, 0) # 1)
		WHEN 'version' THEN set_byte(bytes, 8, get_byte(bytes, 8) # 127)
		WHEN 'early bit' THEN set_byte(bytes, 40, get_byte(bytes, 40) # 1)
		WHEN 'bit in the middle' THEN set_byte(bytes, length(bytes) / 2, get_byte(bytes, length(bytes) / 2) # 16)
		WHEN 'last bit' THEN set_byte(bytes, length(bytes) - 1, get_byte(bytes, length(bytes) - 1) # 128)
		WHEN 'zeros' THEN decode(repeat('00', 1000), 'hex')
		WHEN 'text' THEN convert_to('{"model": "not one of ours"}', 'UTF8')
		WHEN 'backwards' THEN convert_to(reverse(encode(bytes, 'hex')), 'UTF8')
	END
$$;
SELECT count(version) FROM generate_series(1, 18) n, cp_train(CASE WHEN n > 0 THEN 'c' END, 'corrupt_test', 'gone', '{"id": "id", "deploy": false, "gbm": {"rounds": 20}}');
CREATE TABLE damaged (version serial, how text);
INSERT INTO damaged (how) VALUES ('empty'), ('one byte'), ('head alone'), ('half'), ('last byte lost'), ('one byte more'), ('twice'), ('first byte'),
	('version'), ('early bit'), ('bit in the middle'), ('last bit'), ('zeros'), ('text'), ('backwards');
UPDATE churnprevent.model m SET bytes = damage(how, bytes) FROM damaged d WHERE d.version = m.version;
-- Somebody else's bytes of ours: the held-out rows are not a model.
UPDATE churnprevent.model SET bytes = holdout WHERE version = 16;
UPDATE churnprevent.model SET holdout = damage('bit in the middle', holdout) WHERE version = 17;
\c
-- Each says so, in a code that says so, and the next call is none the worse.
CREATE FUNCTION outcome(v int) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cp_predict(c, 'c', v) FROM corrupt_test c;
	code := 'fine';
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT;
END
$$;
SELECT how, code, message FROM damaged, outcome(version) ORDER BY version;
SELECT code, count(*), bool_and(detail ~ '^[A-Z].*\.$') AS detail_is_sentence, string_agg(DISTINCT hint, ' / ') AS hint FROM damaged, outcome(version) GROUP BY 1 ORDER BY 1;
SELECT code, message FROM outcome(16);
SELECT code, message FROM outcome(18);
\set VERBOSITY terse
-- As a plain statement, deployed, and through the other functions.
SELECT cp_predict(c, 'c', 4) FROM corrupt_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
-- Such a version is not deployed; should it have been before, scoring refuses.
SELECT cp_deploy('c', 11); \echo :LAST_ERROR_SQLSTATE
INSERT INTO churnprevent.deployment (name, model_id, strategy, deployed_by, deployed_at)
SELECT name, model_id, 'version', owner, now() FROM churnprevent.model WHERE name = 'c' AND version = 11;
SELECT cp_predict(c, 'c') FROM corrupt_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_score(to_jsonb(c), 'c') FROM corrupt_test c LIMIT 1; \echo :LAST_ERROR_SQLSTATE
SELECT cp_evaluate('c', 'corrupt_test'); \echo :LAST_ERROR_SQLSTATE
SELECT rows FROM churnprevent.model_summary WHERE deployed;
-- Damaged held-out rows: scoring goes on, figures of them do not.
SELECT cp_deploy('c', 17);
SELECT count(cp_predict(c, 'c')) FROM corrupt_test c;
SELECT cp_evaluate('c'); \echo :LAST_ERROR_SQLSTATE
SELECT cp_lift('c'); \echo :LAST_ERROR_SQLSTATE
-- The way out that the hint names.
SELECT cp_deploy('c', 18);
SELECT count(cp_predict(c, 'c')), count(DISTINCT cp_predict(c, 'c')) > 5 AS varied FROM corrupt_test c;
-- Every byte of the first 300 flipped in turn in one version loads in one session: refused each time (another checksum column, so the cache does not answer).
DO $$
DECLARE
	refused int := 0;
	intact bytea := bytes FROM churnprevent.model WHERE version = 18;
BEGIN
	FOR i IN 0..299 LOOP
		UPDATE churnprevent.model SET bytes = set_byte(intact, i, get_byte(intact, i) # (1 << i % 8)), checksum = i WHERE version = 1;
		BEGIN
			PERFORM cp_predict(c, 'c', 1) FROM corrupt_test c LIMIT 1;
		EXCEPTION WHEN data_corrupted OR invalid_binary_representation THEN
			refused := refused + 1;
		END;
	END LOOP;
	RAISE NOTICE '% of 300 refused', refused;
END
$$;
SELECT cp_drop_model('c');
DROP FUNCTION damage, outcome;
DROP TABLE corrupt_test, damaged;
