"""Explain: customers per CPU second with all contributions, and the largest standard error that one states."""

import statistics

import bench
import single
from bench import Figure, heading, run, say, value

CUSTOMERS = 500
REPETITIONS = 5
SEEDS = 4
TRAINED = "SELECT cp_train('explained', 'customer', 'churn', '{\"id\": \"customer_id\", \"seed\": %d, \"test_size\": 0}')"
EXPLAINED = ("SELECT max(e.std_error), count(*), count(DISTINCT c.customer_id), avg(abs(e.contribution)) "
             "FROM (SELECT * FROM customer_numbered WHERE id %% %d = 0) c, LATERAL cp_explain(c, 'explained') e")


def seconds_of(connection, query):
    pid = connection.get_backend_pid()
    begin = bench.cpu_of(pid)
    largest, contributions, customers, mean = value(connection, query)
    return bench.cpu_of(pid) - begin, largest, contributions, customers, mean


def measure(connection):
    heading("explain: contributions of every feature")
    say("Telco's customers, the default ensemble on all of them, one process, CPU of the backend; %d repetitions.", REPETITIONS)
    say("The error is the largest that any contribution of any customer states.")
    say()
    single.make_table(connection)
    count = value(connection, "SELECT count(*) FROM customer_numbered")
    some, everybody = EXPLAINED % (count // CUSTOMERS), EXPLAINED % 1
    session = bench.connect()
    run(session, "SET max_parallel_workers_per_gather = 0")
    speeds, errors, lines = [], [], []
    for seed in range(1, SEEDS + 1):
        run(connection, TRAINED % seed)
        seconds_of(session, some)
        measured = [seconds_of(session, some) for _ in range(REPETITIONS)]
        speeds.append(statistics.median(m[3] / m[0] for m in measured))
        errors.append(seconds_of(session, everybody)[1])
        weights = value(connection, "SELECT member_weights FROM churnprevent.model_summary WHERE name = 'explained' AND deployed")
        lines.append([seed, ", ".join("%s %.2f" % (name, weight) for name, weight in sorted(weights.items())),
                      measured[0][2] // measured[0][3], "%.0f" % speeds[-1], "%.4f" % errors[-1], "%.4f" % measured[0][4]])
    session.close()
    bench.table(["seed", "members", "features", "customers/s", "largest error", "mean |contribution|"], lines)
    run(connection, "SELECT cp_drop_model('explained')")
    run(connection, "DROP TABLE customer, customer_numbered")
    return [
        Figure("explain: customers per CPU second", 100, min(speeds), least=True, digits=0),
        Figure("explain: largest standard error", 0.01, max(errors), digits=4),
    ]
