"""Single: one customer a statement, prepared, through pgbench; and the first prediction of a session."""

import json
import os
import re
import statistics
import subprocess
import tempfile
import time

import bench
from bench import Figure, heading, run, say

REPETITIONS = 5
SECONDS = 4
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


def pgbench(script, seconds):
    """Transactions a second, connecting left out."""
    output = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(seconds), "-f", script],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"^tps = ([0-9.]+)", output.stdout, re.MULTILINE)
    if output.returncode != 0 or found is None:
        raise SystemExit("pgbench failed:\n" + output.stdout)
    return float(found.group(1))


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
            pgbench(scripts[name], 1)
        pairs = [(pgbench(scripts["with"], SECONDS), pgbench(scripts["without"], SECONDS)) for _ in range(REPETITIONS)]
    bench.table(["run", "with, tps", "without, tps", "ratio", "cost of the prediction, us"],
                [[i + 1, "%.0f" % a, "%.0f" % b, "%.3f" % (a / b), "%.1f" % ((1 / a - 1 / b) * 1e6)]
                 for i, (a, b) in enumerate(pairs)])
    first = [first_answer(FIRST) for _ in range(CONNECTIONS)]
    plain = [first_answer(FIRST_WITHOUT) for _ in range(CONNECTIONS)]
    say("first statement of a new session, %d sessions, ms: with a prediction median %.1f (largest %.1f), without %.1f (%.1f)",
        CONNECTIONS, statistics.median(first), max(first), statistics.median(plain), max(plain))
    run(connection, "SELECT cp_drop_model('single')")
    run(connection, "DROP TABLE customer, customer_numbered")
    return [
        Figure("single: rate with a prediction, times that without", 0.85, statistics.median(a / b for a, b in pairs), least=True, unit=" x"),
        Figure("single: first prediction of a session", 20, statistics.median(first), digits=1, unit=" ms"),
    ]
