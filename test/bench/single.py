"""Single: one customer a statement, prepared, through pgbench; and the first prediction of a session."""

import json
import math
import os
import re
import statistics
import subprocess
import tempfile
import time

import bench
from bench import Figure, heading, run, say

REPETITIONS = 5
SECONDS = 2
# Ratios of pairs that differ more than this are no measurement.
UNSTEADY = 0.15
CONNECTIONS = 30
TREES, DEPTH = 300, 4
STATEMENTS = {
    "with": "SELECT cp_predict(c, 'single') FROM customer_numbered c WHERE id = :id;",
    "without": "SELECT monthly_charges FROM customer_numbered c WHERE id = :id;",
    "unnamed": "SELECT cp_predict(c) FROM customer_numbered c WHERE id = :id;",
}
FIRST = "SELECT cp_predict(c, 'single') FROM customer_numbered c WHERE id = 17"
FIRST_WITHOUT = "SELECT monthly_charges FROM customer_numbered c WHERE id = 17"


def make_table(connection):
    run(connection, open(os.path.join(bench.ROOT, "test/data/telco_churn.sql")).read().split("\\copy")[0])
    with connection.cursor() as cursor, open(os.path.join(bench.ROOT, "test/data/telco_churn.csv")) as file:
        cursor.copy_expert("COPY customer FROM STDIN WITH (FORMAT csv, HEADER)", file)
    run(connection, "CREATE TABLE customer_numbered AS "
                    "SELECT row_number() OVER (ORDER BY customer_id)::int AS id, c.* FROM customer c")
    run(connection, "ALTER TABLE customer_numbered ADD PRIMARY KEY (id)")
    run(connection, "VACUUM (FREEZE, ANALYZE) customer_numbered")


class Run:
    """One run of pgbench: transactions a second, and CPU microseconds a transaction of client and server."""

    def __init__(self, script, seconds, watcher, cpus):
        process = subprocess.Popen(["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(seconds), "-f", script],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        before = os.times()
        os.sched_setaffinity(process.pid, cpus)
        server = self.cpu_of_backend(process, watcher, cpus)
        output = process.stdout.read()
        failed = process.wait() != 0
        after = os.times()
        tps = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
        count = re.search(r"^number of transactions actually processed: ([0-9]+)", output, re.MULTILINE)
        if failed or tps is None or count is None:
            raise SystemExit("pgbench failed:\n" + output)
        self.tps = float(tps.group(1))
        self.server = server / int(count.group(1)) * 1e6
        client = after.children_user + after.children_system - before.children_user - before.children_system
        self.client = client / int(count.group(1)) * 1e6

    @staticmethod
    def cpu_of_backend(process, watcher, cpus):
        """CPU seconds of pgbench's backend, looked at until pgbench ends; its first, short session is not the one."""
        seconds, seen = math.nan, set()
        while process.poll() is None:
            for pid, in bench.rows(watcher, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench'"):
                try:
                    if pid not in seen:
                        os.sched_setaffinity(pid, cpus)
                    seen.add(pid)
                    while process.poll() is None:
                        seconds = bench.cpu_of(pid)
                        time.sleep(0.005)
                except (FileNotFoundError, ProcessLookupError):
                    pass
            time.sleep(0.01)
        return seconds


def first_answer(query):
    """Milliseconds from sending the first statement of a new session to its answer."""
    connection = bench.connect()
    begin = time.perf_counter()
    run(connection, query)
    taken = (time.perf_counter() - begin) * 1000
    connection.close()
    return taken


class Comparison:
    """Alternating runs of one statement and the plain one, printed."""

    def __init__(self, scripts, which, connection, cpus):
        pairs = [(Run(scripts[which], SECONDS, connection, cpus), Run(scripts["without"], SECONDS, connection, cpus))
                 for _ in range(REPETITIONS)]
        bench.table(["run", "with, tps", "without, tps", "ratio", "with, CPU us", "without, CPU us"],
                    [[i + 1, "%.0f" % a.tps, "%.0f" % b.tps, "%.3f" % (a.tps / b.tps),
                      "%.1f + %.1f" % (a.server, a.client), "%.1f + %.1f" % (b.server, b.client)]
                     for i, (a, b) in enumerate(pairs)])
        ratios = sorted(a.tps / b.tps for a, b in pairs)
        server, plain_server = (statistics.median(pair[i].server for pair in pairs) for i in (0, 1))
        client = statistics.median(one.client for pair in pairs for one in pair)
        self.by_rate = statistics.median(ratios)
        self.by_cpu = (plain_server + client) / (server + client)
        self.steady = ratios[-1] - ratios[0] < UNSTEADY
        say("ratio by rate %.3f (median of the pairs)", self.by_rate)
        if len(cpus) == 1:
            say("ratio by CPU %.3f; the prediction costs %.1f us of the backend", self.by_cpu, server - plain_server)
        say()


def train(connection, options):
    run(connection, "SELECT cp_train('single', 'customer_numbered', 'churn', %s)",
        json.dumps({"id": "id", "exclude": "customer_id", **options}))


def measure(connection):
    heading("single: one customer a statement")
    say("prepared statement by primary key, pgbench -M prepared, 1 client, %d runs of %d s each, alternating; model of", REPETITIONS, SECONDS)
    say("%d trees of depth %d. \"without\" selects one column instead. CPU a transaction: the server's backend + pgbench.", TREES, DEPTH)
    say()
    make_table(connection)
    train(connection, {"members": "gbm", "gbm": {"rounds": TREES, "max_depth": DEPTH, "early_stopping": 0}})
    every = os.sched_getaffinity(0)
    one = {max(every)}
    with tempfile.TemporaryDirectory() as directory:
        scripts = {name: os.path.join(directory, name + ".sql") for name in STATEMENTS}
        for name, statement in STATEMENTS.items():
            with open(scripts[name], "w") as file:
                file.write("\\set id random(1, 7043)\n%s\n" % statement)
        Run(scripts["without"], 1, connection, every)
        say("As it comes, client and server on any CPU:")
        ratio = Comparison(scripts, "with", connection, every)
        say("Client and server on one CPU: no CPU sleeps and wakes up, so a statement takes its CPU time and nothing else.")
        strict = Comparison(scripts, "with", connection, one)
        first, plain = ([first_answer(query) for _ in range(CONNECTIONS)] for query in (FIRST, FIRST_WITHOUT))
        run(connection, "SELECT cp_drop_model('single')")
        train(connection, {})
        say("The same on one CPU with the model that cp_train makes by default, and cp_predict(c), which finds it without a name:")
        default = Comparison(scripts, "unnamed", connection, one)
    say("first statement of a new session, %d sessions, ms: with a prediction median %.1f (largest %.1f), without %.1f (%.1f)",
        CONNECTIONS, statistics.median(first), max(first), statistics.median(plain), max(plain))
    run(connection, "SELECT cp_drop_model('single')")
    run(connection, "DROP TABLE customer, customer_numbered")
    return [
        Figure("single: rate with a prediction, times that without", 0.85, ratio.by_rate, least=True, unit=" x", steady=ratio.steady),
        Figure("single: the same by CPU, on one CPU", 0.85, strict.by_cpu, least=True, unit=" x"),
        Figure("single: by CPU, default model and cp_predict(c)", 0.85, default.by_cpu, least=True, unit=" x"),
        Figure("single: first prediction of a session", 20, statistics.median(first), digits=1, unit=" ms"),
    ]
