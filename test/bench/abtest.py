"""A/B tests: do error rates and coverage hold what they promise, is a planted effect found, and what does it all cost?"""

import io
import os
import re
import subprocess
import tempfile

import numpy as np

import bench
from bench import Figure, best_of, heading, run, rows, say, value

RUNS = 4000       # of tests at a fixed horizon
LOOKED = 2000     # of tests that are looked at again and again
RETENTION = 500   # of control groups
UNITS = 1000      # of a test at a fixed horizon, both arms
LOOKS = 100       # in 4,000 units
PLANTED = 0.05    # of retention

# Outcomes without an effect, drawn from a generator of a seed's own: name and type of the metric.
METRICS = {
    "rate .1": ("boolean", lambda rng, n: rng.random(n) < 0.1),
    "rate .5": ("boolean", lambda rng, n: rng.random(n) < 0.5),
    "normal": ("float8", lambda rng, n: rng.normal(50, 10, n)),
    "log-normal": ("float8", lambda rng, n: rng.lognormal(3, 1, n)),
    "rate .02": ("boolean", lambda rng, n: rng.random(n) < 0.02),
}
ONCE = ("rate .1", "rate .5", "normal", "log-normal")
# Outcomes, and how many are treated: an arm of few units may by chance see none of what is rare.
AGAIN = (("rate .1", 0.5), ("log-normal", 0.5), ("rate .02", 0.05))


def copy(connection, table, *columns):
    text = io.StringIO()
    np.savetxt(text, np.column_stack(columns), fmt="%.17g", delimiter="\t")
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY %s FROM STDIN" % table, text)


# --- error rates -----------------------------------------------------------------

def fill(connection, draw, runs, units, treated=0.5):
    """A table of runs, seeds 1 to runs: unit, arm and outcome of each."""
    run(connection, "CREATE UNLOGGED TABLE drawn (run int, place int, arm int, outcome float8)")
    for first in range(1, runs + 1, 500):
        parts = []
        for seed in range(first, min(first + 500, runs + 1)):
            rng = np.random.default_rng(seed)
            arm = (rng.random(units) < treated).astype(int)
            parts.append(np.column_stack([np.full(units, seed), np.arange(units), arm, draw(rng, units)]))
        copy(connection, "drawn", *np.concatenate(parts).T)
    run(connection, "ANALYZE drawn")


def measure_fixed(connection):
    say("-- no effect: %d tests of %d units with outcomes of seeds 1 to %d, looked at once; \"covered\": intervals that hold the truth, 0", RUNS, UNITS,
        RUNS)
    lines, figures = [], []
    for name in ONCE:
        kind, draw = METRICS[name]
        fill(connection, draw, RUNS, UNITS)
        outcome = "outcome::int::boolean" if kind == "boolean" else "outcome"
        rejected, covered, sequential, lift = value(connection, """
            SELECT avg((r.p_value < 0.05)::int), avg((0 BETWEEN r.difference_lower AND r.difference_upper)::int),
                   avg((0 BETWEEN r.sequence_lower AND r.sequence_upper)::int), avg((0 BETWEEN r.lift_lower AND r.lift_upper)::int)
            FROM (SELECT cp_ab_significance(arm::text, %s) AS s FROM drawn GROUP BY run) t, unnest(s) r WHERE NOT r.is_control""" % outcome)
        lines.append([name, *["%.1f %%" % (100 * float(x)) for x in (rejected, covered, lift, sequential)]])
        figures += [Figure("abtest: %s, p below .05 at one look" % name, 5, 100 * float(rejected), within=1, unit=" %", digits=2),
                    Figure("abtest: the same, intervals that cover", 95, 100 * float(covered), within=1, unit=" %", digits=2)]
        run(connection, "DROP TABLE drawn")
    bench.table(["outcome", "p < .05", "covered", "lift covered", "covered by the sequence"], lines)
    return figures


def peeked(draw, runs, units, treated):
    """Share of the runs in which an ordinary z-test rejects at one of the looks."""
    rejected = 0
    for seed in range(1, runs + 1):
        rng = np.random.default_rng(seed)
        arm = rng.random(units) < treated
        outcome = draw(rng, units).astype(float)
        ends = np.arange(1, LOOKS + 1) * (units // LOOKS) - 1
        n, sums, squares = ([np.cumsum(part * (arm == k))[ends] for k in (0, 1)] for part in (np.ones(units), outcome, outcome ** 2))
        with np.errstate(all="ignore"):
            variance = sum((squares[k] / n[k] - (sums[k] / n[k]) ** 2) / n[k] for k in (0, 1))
            rejected += np.nanmax(np.abs(sums[1] / n[1] - sums[0] / n[0]) / np.sqrt(variance)) > 1.959964
    return rejected / runs


def measure_sequential(connection):
    """By stored experiments, which look after every unit."""
    units = 40 * LOOKS
    say("-- no effect: %d stored experiments of %d units, seeds 1 to %d, which look after every unit: so at any %d looks they reject no more;", LOOKED, units,
        LOOKED, LOOKS)
    say("\"held\": the confidence sequence holds the truth at all looks; \"peeking\": an ordinary z-test at %d looks rejects", LOOKS)
    lines, figures = [], []
    for name, treated in AGAIN:
        draw = METRICS[name][1]
        fill(connection, draw, LOOKED, units, treated)
        run(connection, "SELECT count(cp_ab_create(%s || run, '{a,b}', %s, options => %s)) FROM generate_series(1, %s) run", name,
            [1 - treated, treated], '{"metric": "%s"}' % ("proportion" if METRICS[name][0] == "boolean" else "mean"), LOOKED)
        run(connection, """INSERT INTO churnprevent.experiment_unit (experiment_id, unit, variant, phase, exposed_at, record_no, recorded_at, outcome)
            SELECT experiment_id, place, arm + 1, 1, now(), place, now(), outcome FROM drawn JOIN churnprevent.experiment ON name = %s || run""", name)
        run(connection, "ANALYZE churnprevent.experiment_unit")
        wrong, held = value(connection, """SELECT avg((p_always_valid <= 0.05)::int), avg((0 BETWEEN sequence_lower AND sequence_upper)::int)
            FROM generate_series(1, %s) run, cp_ab_significance(%s || run) WHERE NOT is_control""", LOOKED, name)
        lines.append(["%s, %g treated" % (name, treated), *["%.1f %%" % (100 * float(x)) for x in (wrong, held, peeked(draw, LOOKED, units, treated))]])
        figures.append(Figure("abtest: %s, %g treated, rejected at any of %d looks" % (name, treated, LOOKS), 5, 100 * float(wrong), unit=" %", digits=2))
        run(connection, "DROP TABLE drawn")
        run(connection, "TRUNCATE churnprevent.experiment_unit")
    bench.table(["outcome", "rejected", "held", "peeking"], lines)
    return figures


def measure_ratio(connection):
    say("-- sample ratio: 100,000 units, 52 to 48, seeds 1 to 200; and %d experiments of 20,000 units as allocated, looked at %d times", LOOKED, LOOKS)
    caught = sum(value(connection, "SELECT p_always_valid < 0.001 FROM cp_ab_srm(%s::bigint[])",
                       [int(n := np.random.default_rng(seed).binomial(100000, 0.52)), 100000 - int(n)]) for seed in range(1, 201))
    alarms = 0
    for seed in range(1, LOOKED + 1):
        counts = np.random.default_rng(seed).binomial(20000 // LOOKS, 0.5, LOOKS).cumsum()
        alarms += value(connection, "SELECT min(p_always_valid) < 0.001 FROM unnest(%s::bigint[]) WITH ORDINALITY u(n, k), cp_ab_srm(ARRAY[n, k * %s - n])",
                        [int(c) for c in counts], 20000 // LOOKS)
    say("vetoed %d of 200; false alarms %d of %d\n", caught, alarms, LOOKED)
    return [Figure("abtest: 52 to 48 at 100,000 units, vetoed", 100, caught / 2, least=True, unit=" %", digits=1),
            Figure("abtest: sample ratio, false alarms", 0.1, 100 * alarms / LOOKED, unit=" %", digits=2)]


# --- the control group -------------------------------------------------------------

def log(connection, seed, customers, share, effect):
    """Decisions and feedback of customers of whom a policy keeps more: as if a window had passed."""
    rng = np.random.default_rng(seed)
    control = rng.random(customers) < share
    risk = rng.beta(2, 5, customers)
    stays = rng.random(customers) < np.clip(1 - risk + effect * ~control, 0, 1)
    run(connection, "TRUNCATE churnprevent.decision, churnprevent.feedback, drawn")
    copy(connection, "drawn", np.arange(1, customers + 1), control, risk, stays)
    run(connection, """
        INSERT INTO churnprevent.decision (decision_id, customer_id, decided_at, policy_id, policy_version, model_id, catalogue_version, features, feature_schema,
            dyn, churn_probability, p_churn, mask, pmf, action_id, intended_action, propensity, propensity_src, expected_value, action_cost, reserved_cost, arm,
            rng_key, idempotency_key)
        OVERRIDING SYSTEM VALUE
        SELECT id, id::text, now() - '40 days'::interval + id * '1 second'::interval, 1, 1, 1, 1, '{}', 0, 0, risk, risk, 1, '{1}', 0, 0, 1, 'deterministic', 0,
            CASE WHEN control = 0 THEN 500 ELSE 0 END, 0, CASE WHEN control = 1 THEN 'control' ELSE 'policy' END, 0, id::text FROM drawn""")
    run(connection, """INSERT INTO churnprevent.feedback (decision_id, customer_id, action_taken, outcome, revenue_impact, observed_at, window_days)
        SELECT id, id::text, 0, stays, 60 * stays, now(), 30 FROM drawn""")


def measure_retention(connection):
    say("-- the control group: %d worlds of 4,000 customers, a fifth held out, seeds 1 to %d, in which the policy keeps %.0f points more; intervals are", RETENTION,
        RETENTION, 100 * PLANTED)
    say("the confidence sequence's, of looks after every customer; and as many worlds in which it keeps nobody more")
    run(connection, "UPDATE churnprevent.holdout SET share = 0.2, since = now() - '50 days'::interval")
    run(connection, "CREATE UNLOGGED TABLE drawn (id bigint, control int, risk float8, stays int)")
    lines, figures = [], []
    for effect in (PLANTED, 0.0):
        found = []
        for seed in range(1, RETENTION + 1):
            log(connection, seed, 4000, 0.2, effect)
            found.append(value(connection, "SELECT lower, difference, upper, verdict ~ 'uplift' FROM cp_saved_revenue() WHERE metric = 'retained'"))
        lower, difference, upper, said = (np.array(column, dtype=float) for column in zip(*found))
        # Nobody can be kept beyond certainty: what the policy can do at most is what is planted.
        truth = effect
        covered = np.mean((lower <= truth) & (truth <= upper))
        lines.append(["%.2f" % effect, "%.4f" % difference.mean(), "%.1f %%" % (100 * covered), "%.1f %%" % (100 * said.mean()), "%.4f" % (upper - lower).mean()])
        if effect:
            figures.append(Figure("abtest: retention, truth inside the interval", 92, 100 * covered, least=True, unit=" %", digits=1))
        else:
            figures.append(Figure("abtest: retention, uplift said where there is none", 5, 100 * said.mean(), unit=" %", digits=1))
    run(connection, "DROP TABLE drawn")
    bench.table(["kept more", "found, mean", "covered", "uplift achieved", "width"], lines)
    return figures


# --- cost --------------------------------------------------------------------------

def measure_aggregate(connection, count):
    say("-- %d rows: variant text, one process, CPU ns a row, best of 4", count)
    run(connection, """CREATE UNLOGGED TABLE test AS SELECT CASE WHEN hashint4(g) %% 2 = 0 THEN 'control' ELSE 'treatment' END AS variant,
        hashint4(g + 1) %% 10 = 0 AS converted, abs(hashint4(g + 2)) %% 10000 / 100.0::float8 AS revenue, abs(hashint4(g + 3)) %% 10000 / 100.0::float8 AS past
        FROM generate_series(1, %d) g""" % count)
    run(connection, "VACUUM (FREEZE, ANALYZE) test")
    session = bench.connect()
    run(session, "SET max_parallel_workers_per_gather = 0; SET jit = off")
    base = {"revenue": best_of(session, "SELECT variant, count(*), avg(revenue) FROM test GROUP BY variant"),
            "converted": best_of(session, "SELECT variant, count(*), avg(converted::int) FROM test GROUP BY variant")}
    base["revenue, past"] = base["revenue"]
    lines, worst = [], 0
    for arguments, beside in base.items():
        ours = best_of(session, "SELECT cp_ab_significance(variant, %s) FROM test" % arguments)
        lines.append(["cp_ab_significance(variant, %s)" % arguments, "%.0f" % (ours / count * 1e9), "%.0f" % (beside / count * 1e9), "%.2f" % (ours / beside)])
        worst = max(worst, ours / beside)
    session.close()
    run(connection, "DROP TABLE test")
    bench.table(["", "ours", "count, avg by variant", "ratio"], lines)
    return [Figure("abtest: the aggregate's CPU over count and avg by variant", 2, worst, unit=" x", digits=2)]


def measure_assignment(connection):
    say("-- assignment: 1,000,000 units, one process, CPU; chi-square of 1,000,000 units for 100 salts")
    run(connection, "SELECT cp_ab_create('salted', '{a,b}'), count(cp_ab_create('one of ' || g, '{a,b}')) FROM generate_series(1, 1000) g")
    session = bench.connect()
    run(session, "SET max_parallel_workers_per_gather = 0; SET jit = off")
    run(connection, "CREATE UNLOGGED TABLE asked AS SELECT 'unit ' || g AS unit, 'one of 500' AS one, 'one of ' || g % 1000 + 1 AS many FROM generate_series(1, 1000000) g")
    run(connection, "VACUUM (FREEZE, ANALYZE) asked")
    seconds = {(asked, how): best_of(session, "SELECT count(%s) FROM asked" % (how % asked), 5) for asked in ("one", "many")
               for how in ("%s || unit", "cp_ab_assign(%s, unit)")}
    plain, one, many = seconds["many", "%s || unit"], seconds["one", "cp_ab_assign(%s, unit)"], seconds["many", "cp_ab_assign(%s, unit)"]
    run(connection, "DROP TABLE asked")
    chances = []
    for seed in range(1, 101):
        run(connection, "UPDATE churnprevent.experiment SET salt = md5(%s)::uuid WHERE name = 'salted'", str(seed))
        chances.append(value(connection, "SELECT p_value FROM cp_ab_srm(ARRAY(SELECT count(*) FROM generate_series(1, 1000000) g GROUP BY cp_ab_assign('salted', g::text)))"))
    # Kolmogorov's distance of the hundred p-values from the uniform law; 5 % of true hundreds are beyond .134.
    ordered = np.sort(np.array(chances))
    distance = max(np.max(np.arange(1, 101) / 100 - ordered), np.max(ordered - np.arange(100) / 100))
    both = value(connection, """SELECT (cp_ab_chi_square(array_agg(a ORDER BY v), array_agg(n ORDER BY v))).p_value FROM
        (SELECT cp_ab_assign('one of 1', g::text) AS v, count(*) FILTER (WHERE cp_ab_assign('one of 2', g::text) = 'a') AS a, count(*) AS n
         FROM generate_series(1, 1000000) g GROUP BY 1) s""")
    session.close()
    say("one experiment %.2f s, 1,000 of them %.2f s, both texts put together %.2f s; p-values of 100 salts: distance from uniform %.3f; two experiments independent: p = %.2f\n",
        one, many, plain, distance, both)
    return [Figure("abtest: 1,000,000 assignments, CPU", 1, max(one, many), unit=" s", digits=2),
            Figure("abtest: 1,000 experiments beside one, CPU", 1.2, many / one, unit=" x", digits=2),
            Figure("abtest: p-values of 100 salts, distance from uniform", 0.134, distance)]


def measure_recording(connection):
    say("-- recording: 16 clients of pgbench, 50 experiments, 10 s, every record its own transaction, synchronous_commit on")
    run(connection, "SELECT count(cp_ab_create('record ' || g, '{a,b}')) FROM generate_series(1, 50) g")
    before = value(connection, "SELECT count(*) FROM churnprevent.experiment_unit")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("\\set e random(1, 50)\n\\set u random(1, 1000000000000)\n\\set o random(0, 1)\nSELECT cp_ab_record('record ' || :e, :u::text, :o);\n")
        script.flush()
        environment = dict(os.environ, PGOPTIONS="-c synchronous_commit=on")
        directory = subprocess.run([os.environ.get("PG_CONFIG", "pg_config"), "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
        answer = subprocess.run([os.path.join(directory, "pgbench"), "-n", "-f", script.name, "-c", "16", "-j", "2", "-T", "10", "-M", "prepared"],
                                env=environment, capture_output=True, text=True, check=True).stdout
    done = int(re.search(r"actually processed: (\d+)", answer).group(1))
    pace = float(re.search(r"tps = ([\d.]+)", answer).group(1))
    stored, numbers = value(connection, "SELECT count(*), count(DISTINCT record_no) FROM churnprevent.experiment_unit")
    say("%.0f records a second; %d transactions, %d rows, %d numbers\n", pace, done, stored - before, numbers)
    return [Figure("abtest: records a second, 16 clients, 50 experiments", 3000, pace, least=True, digits=0),
            Figure("abtest: records lost or double", 0, abs(stored - before - done) + stored - numbers, digits=0)]


def measure_report(connection, count):
    say("-- significance of a stored experiment of %d units: all of them are read, and looked at one by one", count)
    run(connection, "SELECT cp_ab_create('large', '{a,b}')")
    run(connection, """INSERT INTO churnprevent.experiment_unit (experiment_id, unit, variant, phase, exposed_at, record_no, recorded_at, outcome)
        SELECT experiment_id, g::text, 1 + abs(hashint4(g)) %% 2, 1, now(), g, now(), abs(hashint4(g + 1)) %% 2 FROM generate_series(1, %d) g, churnprevent.experiment
        WHERE name = 'large'""" % count)
    run(connection, "ANALYZE churnprevent.experiment_unit")
    session = bench.connect()
    cpu = best_of(session, "SELECT * FROM cp_ab_significance('large')", 2)
    session.close()
    say("%.2f CPU s\n", cpu)
    return []


def measure(connection, count):
    heading("abtest: error rates, coverage and cost")
    return (measure_fixed(connection) + measure_sequential(connection) + measure_ratio(connection) + measure_retention(connection)
            + measure_aggregate(connection, 10 * count) + measure_assignment(connection) + measure_recording(connection) + measure_report(connection, count))
