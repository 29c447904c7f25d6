"""Decide: the log's cost, the simulator's speed and exactness, the null world, the latency of advice."""

import glob
import json
import math
import os
import re
import statistics
import subprocess
import tempfile
import time

import bench
import single
from bench import Figure, heading, rows, run, say, value

CUSTOMERS = 100000
FEATURES = 19
ACTIONS = 6

# Of the log: as many runs of so many seconds on each side.
CLIENTS, SECONDS, PAIRS = 8, 3, 7
LEAST = 0.5
# How far the ratios of pairs may lie apart for their median to say something.
UNSTEADY = 0.15

DISCOUNT = 0.99
MONTHS = 36

# A statement that writes what cp_decide does to the log: the same two rows, into copies with the same indexes.
PLAIN_TABLES = """
CREATE TABLE plain_key (LIKE churnprevent.decision_key INCLUDING ALL);
CREATE TABLE plain_decision (LIKE churnprevent.decision_default INCLUDING ALL);
CREATE SEQUENCE plain_decision_id;
"""
PLAIN = """WITH key AS (INSERT INTO plain_key VALUES (%(customer)s || %(suffix)s, nextval('plain_decision_id'), %(customer)s,
 'greedy', clock_timestamp()) RETURNING *)
INSERT INTO plain_decision SELECT decision_id, customer_id, decided_at, 3, 1, 1, 1, '{%(features)s}', 1, 0::smallint, 0.2, 0.05, 63, '{%(pmf)s}',
 1, 1, 1, 'deterministic', 2500, 800, 1500, 'policy', NULL, 1, idempotency_key FROM key;
""".replace("\n ", " ")
DECIDE = """SELECT cp_decide(c, %(customer)s, 'greedy', %(key)s) FROM decided c WHERE c.id = :id;
"""
VARIANTS = [
    # another customer at every call, the default key; any of 100,000 customers, keys of their own
    ("another customer", "'S' || :run::int * 10000000 + :client_id::int * 1000000 + :n::int", None, "'/greedy/2030-01-01'"),
    ("one of 100,000", "'S' || :id::int", "/%s-%s-%s", "('/' || :run::int || '-' || :client_id::int || '-' || :n::int)"),
]


class Durable:
    """The server as it comes: the settings that benchmarks do without are on."""

    SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")

    def __init__(self, connection):
        self.connection = connection

    def set(self, how):
        for name in self.SETTINGS:
            run(self.connection, "ALTER SYSTEM " + how % name)
        run(self.connection, "SELECT pg_reload_conf()")
        time.sleep(0.5)

    def __enter__(self):
        self.set("SET %s = on")
        say("fsync %s, synchronous_commit %s, full_page_writes %s", *[value(self.connection, "SHOW " + name) for name in self.SETTINGS])

    def __exit__(self, *_):
        self.set("RESET %s")


def cpu_of_query(connection, query, *arguments):
    """Answer of a query, CPU seconds of its backend and seconds."""
    pid = connection.get_backend_pid()
    cpu, begin = bench.cpu_of(pid), time.perf_counter()
    answer = value(connection, query, *arguments)
    return answer, bench.cpu_of(pid) - cpu, time.perf_counter() - begin


def pgbench(script, *options):
    process = subprocess.run(["pgbench", "-n", "-M", "prepared", "-f", script, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
    tps = re.search(r"^tps = ([0-9.]+)", process.stdout, re.MULTILINE)
    count = re.search(r"^number of transactions actually processed: ([0-9]+)", process.stdout, re.MULTILINE)
    if process.returncode != 0 or tps is None:
        raise SystemExit("pgbench failed:\n" + process.stdout)
    return float(tps.group(1)), int(count.group(1))


class Run:
    """One run of pgbench with many clients: transactions a second, and CPU microseconds a transaction of pgbench and its backends."""

    def __init__(self, connection, script, seconds, variables):
        before = bench.cpu_of_ended(connection)
        self.tps, self.count = pgbench(script, "-c", str(CLIENTS), "-j", "2", "-T", str(seconds),
                                       *[word for name, number in variables.items() for word in ("-D", "%s=%d" % (name, number))])
        time.sleep(0.2)
        self.cpu_us = (bench.cpu_of_ended(connection) - before) / self.count * 1e6


# --- the log ------------------------------------------------------------------

def make_customers(connection):
    """Simulated customers with a number, and a model of them."""
    run(connection, "CREATE TABLE decided AS SELECT substr(customer_id, 2)::int AS id, s.* FROM cp_simulate_customers(%s, 7) s", CUSTOMERS)
    run(connection, "ALTER TABLE decided ADD PRIMARY KEY (id)")
    run(connection, "VACUUM (FREEZE, ANALYZE) decided")
    run(connection, "SELECT cp_train('decided', 'SELECT * FROM decided WHERE id <= 5000', 'churn', %s)",
        json.dumps({"id": "id", "exclude": ["customer_id", "churn_probability"], "value_column": "monthly_charges", "tenure_column": "tenure"}))


def write_scripts(directory, customer, key, suffix):
    set_id = "\\set id random(1, %d)\n\\set n :n + 1\n" % CUSTOMERS
    names = {"customer": customer, "suffix": suffix, "key": "NULL" if key is None else "%s || %s" % (customer, suffix),
             "features": ", ".join(["0.5"] * FEATURES), "pmf": ", ".join(["0"] * (ACTIONS - 1) + ["1"])}
    scripts = []
    for name, statement in (("decide", DECIDE), ("plain", PLAIN)):
        scripts.append(os.path.join(directory, name + ".sql"))
        with open(scripts[-1], "w") as file:
            file.write(set_id + statement % names)
    return scripts


def compare(connection, number, variant):
    """Alternating runs of both scripts, printed: how many decisions were made, and the figure."""
    name, customer, key, suffix = variant
    with tempfile.TemporaryDirectory() as directory:
        decide, plain = write_scripts(directory, customer, key, suffix)
        both = []
        for i in range(PAIRS + 1):
            seconds, variables = SECONDS if i > 0 else 1, {"n": 0, "run": 10 * number + i}
            both.append((Run(connection, decide, seconds, variables), Run(connection, plain, seconds, variables)))
    pairs = both[1:]
    ratios = sorted(a.tps / b.tps for a, b in pairs)
    bench.table([name, "cp_decide, tps", "plain, tps", "ratio", "cp_decide, CPU us", "plain, CPU us", "ratio"],
                [[i + 1, "%.0f" % a.tps, "%.0f" % b.tps, "%.3f" % (a.tps / b.tps), "%.0f" % a.cpu_us, "%.0f" % b.cpu_us,
                  "%.3f" % (b.cpu_us / a.cpu_us)] for i, (a, b) in enumerate(pairs)])
    figure = Figure("decide: %s, times the plain inserts" % name, LEAST, statistics.median(ratios), least=True, unit=" x",
                    steady=ratios[-1] - ratios[0] < UNSTEADY or (ratios[0] >= LEAST) == (ratios[-1] >= LEAST))
    return sum(a.count for a, _ in both), figure


def measure_log(connection):
    say("-- the log: cp_decide against one statement that inserts a key and a decision of the same width into copies of the")
    say("tables with the same indexes; pgbench -M prepared, %d clients, %d pairs of runs of %d s, alternating. cp_decide also reads and scores", CLIENTS,
        PAIRS, SECONDS)
    say("the customer, keeps what was done for them (a row) and knows a key it has seen. CPU: backends and pgbench, a transaction.")
    run(connection, "SELECT cp_log_partitions(1)")
    run(connection, PLAIN_TABLES)
    figures, decided = [], 0
    with Durable(connection):
        for number, variant in enumerate(VARIANTS):
            count, figure = compare(connection, number, variant)
            decided += count
            figures.append(figure)
    logged, keys, without = value(connection, "SELECT count(*), (SELECT count(*) FROM churnprevent.decision_key), "
                                              "count(*) FILTER (WHERE NOT coalesce(propensity > 0 AND propensity <= 1, false)) FROM churnprevent.decision")
    width, plain_width = value(connection, "SELECT (SELECT avg(pg_column_size(d)) FROM (SELECT * FROM churnprevent.decision LIMIT 1000) d)::float8, "
                                           "(SELECT avg(pg_column_size(d)) FROM (SELECT * FROM plain_decision LIMIT 1000) d)::float8")
    say("%d calls, %d decisions, %d keys; a decision has %.0f bytes, a plain row %.0f", decided, logged, keys, width, plain_width)
    say()
    run(connection, "DROP TABLE plain_key, plain_decision")
    run(connection, "DROP SEQUENCE plain_decision_id")
    return figures + [
        Figure("decide: calls without a decision and a key", 0, max(decided - logged, decided - keys), digits=0),
        Figure("decide: decisions without propensity", 0, without, digits=0),
    ]


# --- advice ------------------------------------------------------------------

def measure_latency(connection):
    """pgbench's own log of each transaction; the first ones load the model."""
    with tempfile.TemporaryDirectory() as directory:
        script = os.path.join(directory, "recommend.sql")
        with open(script, "w") as file:
            file.write("\\set id random(1, %d)\nSELECT r.* FROM decided c, LATERAL cp_recommend(c, 'greedy') r WHERE c.id = :id;\n" % CUSTOMERS)
        pgbench(script, "-c", "1", "-t", "5000", "--log", "--log-prefix", os.path.join(directory, "log"))
        with open(glob.glob(os.path.join(directory, "log.*"))[0]) as file:
            times = sorted([int(line.split()[2]) / 1000 for line in file][100:])
    p50, p95, p99 = (times[int(len(times) * share)] for share in (0.50, 0.95, 0.99))
    say("-- advice: cp_recommend(c, 'greedy') by primary key, pgbench -M prepared, 1 client, %d statements, ms:", len(times))
    say("P50 %.3f, P95 %.3f, P99 %.3f", p50, p95, p99)
    say()
    return [Figure("decide: cp_recommend, P95", 1, p95, unit=" ms")]


# --- customers -----------------------------------------------------------------

def measure_customers(connection):
    n = 1000000
    run(connection, "SELECT count(*) FROM cp_simulate_customers(1000, 1)")
    runs = [cpu_of_query(connection, "SELECT count(*) FROM cp_simulate_customers(%s, %s)", n, seed)[1:] for seed in range(1, 4)]
    say("-- customers: SELECT count(*) FROM cp_simulate_customers(%d, seed), three seeds", n)
    bench.table(["seed", "s", "CPU s", "rows/s", "rows/CPU s"],
                [[i + 1, "%.2f" % wall, "%.2f" % cpu, "%.0f" % (n / wall), "%.0f" % (n / cpu)] for i, (cpu, wall) in enumerate(runs)])
    return [Figure("decide: simulated customers per second", 300000, statistics.median(n / wall for _, wall in runs), least=True, digits=0)]


SCORED = """
SELECT cp_log_loss(p, churned), cp_log_loss(truth, churned), avg(((p >= 0.5) = churned)::int)::float8, avg(((truth >= 0.5) = churned)::int)::float8
FROM (SELECT cp_predict(c, 'bayes') AS p, c.churn_probability AS truth, c.churn = 'Yes' AS churned
      FROM cp_simulate_customers(100000, %s, truth => true) c) s
"""


def measure_bayes(connection):
    """What a model learns of the simulated customers, beside what there is to know."""
    options = json.dumps({"id": "customer_id", "exclude": "churn_probability", "test_size": 0})
    lines, gaps = [], []
    for seed in range(1, 6):
        run(connection, "SELECT cp_train('bayes', 'SELECT * FROM cp_simulate_customers(5000, %d)', 'churn', %%s)" % seed, options)
        ours, bayes, accuracy, bayes_accuracy = value(connection, SCORED, 1000 + seed)
        gaps.append(ours - bayes)
        lines.append([seed, "%.4f" % ours, "%.4f" % bayes, "%.4f" % gaps[-1], "%.4f" % accuracy, "%.4f" % bayes_accuracy])
    run(connection, "SELECT cp_drop_model('bayes')")
    say("-- what can be known: a model of 5,000 simulated customers, defaults, on 100,000 others, beside the probability that each label")
    say("was drawn with")
    bench.table(["seed", "log-loss", "Bayes", "difference", "accuracy", "Bayes"], lines)
    return [Figure("decide: log-loss above Bayes, worst of 5 seeds", 0.02, max(gaps), digits=4)]


# --- worlds --------------------------------------------------------------------

def make_world(connection, name, base_rate, params, source="SELECT * FROM customer"):
    run(connection, "SELECT cp_train('world', 'customer', 'churn', %s)",
        json.dumps({"id": "customer_id", "value_column": "monthly_charges", "tenure_column": "tenure", "base_rate": base_rate, "members": "gbm"}))
    _, customers, hazard, charge = value(connection, "SELECT * FROM cp_simulator_create(%s, 'world', %s, %s)", name, source, json.dumps(params))
    say("%s: Telco at %g %% a month, %s; %d customers, mean hazard %.4f", name, 100 * base_rate, json.dumps(params) if params else "defaults",
        customers, hazard)


def measure_values(connection):
    say("-- values: cp_simulate_value('greedy'), which is V of greedy, of none and V*, CPU of the backend")
    lines, figures = [], []
    for name in ("world", "loyal"):
        for months in (MONTHS, None):
            n = 500
            value(connection, "SELECT cp_simulate_value(%s, 'greedy', 20, %s)", name, months)
            runs = [cpu_of_query(connection, "SELECT * FROM cp_simulate_value(%s, 'greedy', %s, %s)", name, n, months) for _ in range(3)]
            cpu = min(r[1] for r in runs) / n * 1000
            lines.append([name, months or "endless", "%.2f" % cpu, "%.2f" % (min(r[2] for r in runs) / n * 1000),
                          *["%.2f" % x for x in runs[0][0][:3]]])
            figures.append(Figure("decide: values a customer, %s, %s" % (name, "%d months" % months if months else "endless"), 5, cpu, digits=2,
                                  unit=" ms"))
    bench.table(["world", "months", "CPU ms", "ms", "V greedy", "V none", "V*"], lines)
    return figures


# Every life's sums, discounted as cp_simulate_value does.
LIVES = """
SELECT customer_id, sum(reward * %s ^ (month - 1)) AS reward, sum(revenue * %s ^ (month - 1)) AS revenue, count(*) AS months,
       count(*) FILTER (WHERE action_id <> 0) AS acted
FROM cp_simulate(%%s, %%s, %%s, %d, %%s) GROUP BY customer_id
""" % (DISCOUNT, DISCOUNT, MONTHS)


def measure_exactness(connection):
    """Means of many lives, in standard errors from the exact value; those are of the lives of one customer."""
    lives = 200000
    strata = value(connection, "SELECT customer_count FROM churnprevent.simulator WHERE name = 'strata'")
    lines, worst = [], 0
    for policy in ("none", "greedy"):
        mean, error = value(connection, "SELECT avg(mean), sqrt(sum(variance / n)) / count(*) FROM (SELECT avg(reward) AS mean, "
                                        "var_samp(reward) AS variance, count(*) AS n FROM (" + LIVES + ") l GROUP BY (customer_id - 1) %% %s) s",
                            "strata", policy, lives, 11, strata)
        exact = value(connection, "SELECT v_policy FROM cp_simulate_value('strata', %s, %s, %s, 11)", policy, strata, MONTHS)
        z = (mean - exact) / error
        worst = max(worst, abs(z))
        lines.append([policy, "%.4f" % mean, "%.4f" % error, "%.4f" % exact, "%.2f" % z])
    say("-- exactness: %d lives of %d customers, %d months", lives, strata, MONTHS)
    bench.table(["policy", "mean return", "standard error", "exact", "z"], lines)
    return [Figure("decide: lives against the exact value, largest |z|", 3, worst, digits=2)]


def measure_null(connection):
    """After learning from random decisions in a world where actions do nothing: who is acted upon, and does revenue differ?"""
    n, decisions = 2000, 20000
    lines, shares, covered = [], [], 0
    for seed in range(1, 21):
        run(connection, "SELECT count(*) FROM cp_train_policy('greedy', %s)",
            json.dumps({"simulator": "null", "decisions": decisions, "seed": seed}))
        months, acted, mean, error = value(connection, "SELECT sum(g.months)::float8, sum(g.acted)::float8, "
                                                       "(100 * avg(g.revenue - k.revenue) / avg(k.revenue))::float8, "
                                                       "(100 * stddev_samp(g.revenue - k.revenue) / sqrt(count(*)) / avg(k.revenue))::float8 "
                                                       "FROM (" + LIVES + ") g JOIN (" + LIVES + ") k USING (customer_id)",
                                           "null", "greedy_null", n, seed, "null", "none", n, seed)
        low, high = mean - 1.96 * error, mean + 1.96 * error
        shares.append(acted / months)
        covered += low <= 0 <= high
        lines.append([seed, "%.2f %%" % (100 * shares[-1]), "%.3f" % mean, "%.3f" % low, "%.3f" % high])
    say("-- the null world: greedy learns from %d random decisions, then decides for %d customers over %d months; revenue uplift in %% with its",
        decisions, n, MONTHS)
    say("95 % interval, by common random numbers")
    bench.table(["seed", "acted", "uplift %", "from", "to"], lines)
    return [
        Figure("decide: null world, customer-months acted upon, worst", 2, 100 * max(shares), digits=2, unit=" %"),
        Figure("decide: null world, intervals that cover 0, of 20", 18, covered, least=True, digits=0),
    ]


def measure_learned(connection):
    """As it comes: after the same learning where actions do something, in the form the response model has and in another."""
    lines = []
    for world in ("world", "other"):
        run(connection, "SELECT count(*) FROM cp_train_policy('greedy', %s)", json.dumps({"simulator": world, "decisions": 20000, "seed": 1}))
        for policy in ("greedy", "greedy_" + world, "optimal"):
            v = value(connection, "SELECT * FROM cp_simulate_value(%s, %s, 1000, %s)", world, policy, MONTHS)
            lines.append([world, policy, *["%.2f" % x for x in v[:3]], "%.4f" % v[3], "%.4f" % v[4], "%.2f" % v[5]])
    say("-- where actions do something, as it comes: greedy as shipped and after 20000 random decisions, 1,000 customers, %d months", MONTHS)
    bench.table(["world", "policy", "V", "V none", "V*", "V / V*", "uplift ratio", "revenue %"], lines)
    return []


def measure(connection):
    heading("decide: actions, log and simulator")
    figures = []
    make_customers(connection)
    figures += measure_log(connection)
    figures += measure_latency(connection)
    figures += measure_customers(connection)
    figures += measure_bayes(connection)
    single.make_table(connection)
    say("-- worlds")
    make_world(connection, "world", 0.05, {})
    make_world(connection, "loyal", 0.002, {})
    make_world(connection, "strata", 0.05, {"customers": 1000})
    make_world(connection, "null", 0.05, {"effect_scale": 0})
    make_world(connection, "other", 0.05, {"form": "multiplicative"})
    say()
    figures += measure_values(connection)
    figures += measure_exactness(connection)
    figures += measure_null(connection)
    figures += measure_learned(connection)
    for world in ("world", "loyal", "strata", "null", "other"):
        run(connection, "SELECT cp_simulator_drop(%s)", world)
    for model in ("decided", "world"):
        run(connection, "SELECT cp_drop_model(%s)", model)
    run(connection, "DROP TABLE decided, customer, customer_numbered")
    return figures
