"""Scoring: rows per CPU second of a table scan beside XGBoost's inplace_predict; is a large scan parallel?"""

import json
import statistics

import bench
import large
from bench import Figure, heading, rows, run, say, value

ROWS = 1000000
TRAINED_ON = 100000
REPETITIONS = 5
TREES, DEPTH = 300, 4


def cpu_of_query(connection, query):
    pid = connection.get_backend_pid()
    begin = bench.cpu_of(pid)
    run(connection, query)
    return bench.cpu_of(pid) - begin


def cpu_of_xgboost(booster, x):
    begin = bench.own_cpu()
    booster.inplace_predict(x)
    return bench.own_cpu() - begin


def xgboost_model(frame):
    import xgboost
    x, y = large.matrix(frame)
    params = dict(bench.XGB_COMMON, tree_method="hist", max_depth=DEPTH, eta=0.1, max_bin=256)
    booster = xgboost.train(params, xgboost.DMatrix(x, y), TREES)
    booster.set_param({"nthread": 1})
    return booster


def measure(connection, count):
    heading("scoring: a scan of a large table")
    say("%d rows x 20 features (11 texts, 4 booleans, 2 integers, 2 numerics, 1 double); %d trees of depth %d", count, TREES, DEPTH)
    say("ours: SELECT sum(cp_predict(c, 'scan')) FROM large_scan c, one process, CPU of the backend;")
    say("theirs: inplace_predict on a ready float32 matrix of the same rows, 1 thread. Warm, %d repetitions, alternating.", REPETITIONS)
    say()
    frame = large.draw(count, 3)
    large.load(connection, "large_scan", frame)
    options = {"id": "id", "test_size": 0, "members": "gbm", "gbm": {"rounds": TREES, "max_depth": DEPTH, "learning_rate": 0.1, "early_stopping": 0,
                                       "subsample": 1, "colsample": 1}}
    run(connection, "SELECT cp_train('scan', 'SELECT * FROM large_scan WHERE id < %d', 'churn', %%s)" % TRAINED_ON,
        json.dumps(options))
    booster = xgboost_model(frame.iloc[:TRAINED_ON])
    x, y = large.matrix(frame)

    scan = bench.connect()
    run(scan, "SET max_parallel_workers_per_gather = 0")
    queries = {
        "ours": "SELECT sum(cp_predict(c, 'scan')) FROM large_scan c",
        "count(*)": "SELECT count(*) FROM large_scan c",
        "count(c)": "SELECT count(c) FROM large_scan c",
    }
    for query in queries.values():
        run(scan, query)
    booster.inplace_predict(x)
    seconds = {name: [] for name in [*queries, "theirs"]}
    for _ in range(REPETITIONS):
        for name, query in queries.items():
            seconds[name].append(cpu_of_query(scan, query))
        seconds["theirs"].append(cpu_of_xgboost(booster, x))
    run(scan, "SET jit = off")
    without_jit = min(cpu_of_query(scan, queries["ours"]) for _ in range(2))
    scan.close()

    bench.table(["repetition", "ours CPU s", "xgboost CPU s", "ours rows/s", "xgboost rows/s", "ratio"],
                [[i + 1, "%.3f" % a, "%.3f" % b, "%.0f" % (count / a), "%.0f" % (count / b), "%.3f" % (b / a)]
                 for i, (a, b) in enumerate(zip(seconds["ours"], seconds["theirs"]))])
    best, their_best = min(seconds["ours"]), min(seconds["theirs"])
    say("best of all: ours %.3f s (%.0f rows/s), xgboost %.3f s (%.0f rows/s), ratio %.3f",
        best, count / best, their_best, count / their_best, their_best / best)
    plain, whole = min(seconds["count(*)"]), min(seconds["count(c)"])
    say("where ours goes, ns a row: scan %.0f (count(*)), building the row %.0f (count(c) less that), cp_predict %.0f (the rest)",
        plain / count * 1e9, (whole - plain) / count * 1e9, (best - whole) / count * 1e9)
    say("with jit = off instead of the server's default: %.3f s", without_jit)
    loss = value(connection, "SELECT cp_log_loss(cp_predict(c, 'scan'), churn) FROM large_scan c WHERE id >= %s", count - count // 10)
    say("log-loss on a tenth of the rows: ours %.4f, xgboost %.4f", loss,
        bench.log_loss(y[-(count // 10):], booster.inplace_predict(x[-(count // 10):])))
    say()

    plan = [line for line, in rows(connection, "EXPLAIN (COSTS OFF) " + queries["ours"])]
    say("plan with the server's default settings:")
    for line in plan:
        say("  %s", line)
    say()
    run(connection, "SELECT cp_drop_model('scan')")
    run(connection, "DROP TABLE large_scan")
    parallel = any("Gather" in line for line in plan)
    return [
        Figure("scoring: rows per CPU second, times xgboost's", 1.0,
               statistics.median(b / a for a, b in zip(seconds["ours"], seconds["theirs"])), least=True, unit=" x"),
        Figure("scoring: plan of a large scan is parallel", 1, int(parallel), least=True, digits=0),
    ]
