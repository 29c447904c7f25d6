"""Single: one customer a statement, prepared, through pgbench; and the first prediction of a session."""

import json
import math
import os
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

import bench
from bench import Figure, heading, run, say

REPETITIONS = 8
SECONDS = 2
MIXED_SECONDS = 8
CONNECTIONS = 30
TREES, DEPTH = 300, 4
WITH = "SELECT cp_predict(c, 'single') FROM customer_numbered c WHERE id = :id;"
WITHOUT = "SELECT monthly_charges FROM customer_numbered c WHERE id = :id;"
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

    seen = set()

    def __init__(self, script, seconds, watcher):
        process = subprocess.Popen(["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(seconds), "-f", script],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        server = self.cpu_of_backend(process, watcher)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        tps = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
        count = re.search(r"^number of transactions actually processed: ([0-9]+)", output, re.MULTILINE)
        if status != 0 or tps is None or count is None:
            raise SystemExit("pgbench failed:\n" + output)
        self.tps = float(tps.group(1))
        self.server = server / int(count.group(1)) * 1e6
        self.client = (usage.ru_utime + usage.ru_stime) / int(count.group(1)) * 1e6

    @staticmethod
    def cpu_of_backend(process, watcher):
        """CPU seconds of pgbench's backend, looked at until it is gone."""
        seconds, pid = math.nan, None
        while pid is None and process.poll() is None:
            for one, in bench.rows(watcher, "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench'"):
                # The run before may still be on its way out.
                if one not in Run.seen:
                    Run.seen.add(one)
                    pid = one
            time.sleep(0.01)
        try:
            while pid is not None:
                seconds = bench.cpu_of(pid)
                time.sleep(0.005)
        except (FileNotFoundError, ProcessLookupError):
            pass
        return seconds


def mixed(scripts, directory):
    """
    Mean latency, microseconds, of the middle half of the transactions of each script, when one run of
    pgbench picks between them at random: what disturbs the machine hits both alike and falls out.
    """
    subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(MIXED_SECONDS), "-l",
                    "--log-prefix", os.path.join(directory, "log")] + ["-f" + script for script in scripts],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    name = next(one for one in os.listdir(directory) if one.startswith("log."))
    log = np.loadtxt(os.path.join(directory, name), usecols=(2, 3))
    answer = []
    for i in range(len(scripts)):
        latencies = np.sort(log[log[:, 1] == i, 0])
        answer.append(latencies[len(latencies) // 4:3 * len(latencies) // 4].mean())
    return answer


def first_answer(query):
    """Milliseconds from sending the first statement of a new session to its answer."""
    connection = bench.connect()
    begin = time.perf_counter()
    run(connection, query)
    taken = (time.perf_counter() - begin) * 1000
    connection.close()
    return taken


def measure(connection):
    heading("single: one customer a statement")
    say("prepared statement by primary key, pgbench -M prepared, 1 client, %d runs of %d s each, alternating; model of", REPETITIONS, SECONDS)
    say("%d trees of depth %d. \"without\" selects one column instead.", TREES, DEPTH)
    say()
    make_table(connection)
    run(connection, "SELECT cp_train('single', 'SELECT * FROM customer_numbered', 'churn', %s)", json.dumps(
        {"id": "id", "exclude": "customer_id", "test_size": 0,
         "gbm": {"rounds": TREES, "max_depth": DEPTH, "early_stopping": 0}}))
    with tempfile.TemporaryDirectory() as directory:
        scripts = {}
        for name, statement in (("with", WITH), ("without", WITHOUT)):
            scripts[name] = os.path.join(directory, name + ".sql")
            with open(scripts[name], "w") as file:
                file.write("\\set id random(1, 7043)\n%s\n" % statement)
            Run(scripts[name], 1, connection)
        pairs = [(Run(scripts["with"], SECONDS, connection), Run(scripts["without"], SECONDS, connection))
                 for _ in range(REPETITIONS)]
        latency, plain_latency = mixed([scripts["with"], scripts["without"]], directory)
    bench.table(["run", "with, tps", "without, tps", "ratio", "with, CPU us", "without, CPU us"],
                [[i + 1, "%.0f" % a.tps, "%.0f" % b.tps, "%.3f" % (a.tps / b.tps),
                  "%.1f + %.1f" % (a.server, a.client), "%.1f + %.1f" % (b.server, b.client)]
                 for i, (a, b) in enumerate(pairs)])
    # What else runs on the machine only ever slows a run, so the best ones are compared.
    ratio = max(a.tps for a, _ in pairs) / max(b.tps for _, b in pairs)
    server, plain_server = (np.nanmin([pair[i].server for pair in pairs]) for i in (0, 1))
    client = min(one.client for pair in pairs for one in pair)
    say("ratio of the best runs %.3f, median of the ratios %.3f", ratio, statistics.median(a.tps / b.tps for a, b in pairs))
    say("CPU a transaction is of the server's backend + of pgbench. The prediction costs %.1f us of the backend's time;", server - plain_server)
    say("least CPU alone, client included, gives a ratio of %.3f.",
        (plain_server + client) / (server + client))
    say("Both mixed at random in one run: %.2f us with, %.2f us without (mean of the middle half), ratio %.3f.",
        latency, plain_latency, plain_latency / latency)
    say()
    first = [first_answer(FIRST) for _ in range(CONNECTIONS)]
    plain = [first_answer(FIRST_WITHOUT) for _ in range(CONNECTIONS)]
    say("first statement of a new session, %d sessions, ms: with a prediction median %.1f (largest %.1f), without %.1f (%.1f)",
        CONNECTIONS, statistics.median(first), max(first), statistics.median(plain), max(plain))
    run(connection, "SELECT cp_drop_model('single')")
    run(connection, "DROP TABLE customer, customer_numbered")
    return [
        Figure("single: rate with a prediction, times that without", 0.85, ratio, least=True, unit=" x"),
        Figure("single: first prediction of a session", 20, statistics.median(first), digits=1, unit=" ms"),
    ]
