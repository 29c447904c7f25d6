"""Training: CPU seconds and peak memory of cp_train on a large table beside XGBoost hist."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import bench
import large
from bench import Figure, heading, run, say, value

ROWS = 1000000
HELD_OUT = 100000
REPETITIONS = 3
ROUNDS = 100
OPTIONS = {"rounds": ROUNDS, "max_depth": 6, "learning_rate": 0.1, "max_bins": 255, "early_stopping": 0,
           "subsample": 1, "colsample": 1}
XGB = dict(bench.XGB_COMMON, tree_method="hist", max_depth=6, eta=0.1, max_bin=256)


def train_ours(rows):
    """One training in a session of its own: CPU seconds, MB over the session's baseline."""
    connection = bench.connect()
    run(connection, "SET max_parallel_workers_per_gather = 0")
    # Catalogs and the library are loaded before the baseline is taken.
    run(connection, "SELECT count(*) FROM large_test WHERE id < 10")
    run(connection, "SELECT count(*) FROM churnprevent.model_summary")
    pid = connection.get_backend_pid()
    before = bench.memory_of(pid)
    cpu = bench.cpu_of(pid)
    watch = bench.PeakOfAnonymous(pid)
    watch.start()
    run(connection, "SELECT cp_train('large', 'large_train', 'churn', %s)",
        json.dumps({"id": "id", "test_size": 0, "members": "gbm", "gbm": OPTIONS}))
    cpu = bench.cpu_of(pid) - cpu
    peak = watch.stop() - before["RssAnon"]
    after = bench.memory_of(pid)
    # VmHWM never forgets; what is shared or a file is taken off as it stands at the end.
    bound = after["VmHWM"] - after["RssShmem"] - after["RssFile"] - before["RssAnon"]
    connection.close()
    return {"cpu": cpu, "peak": max(peak, bound), "sampled": peak}


def train_theirs(directory, quantile):
    """One training in a process of its own."""
    arguments = [sys.executable, os.path.join(bench.HERE, "training.py"), directory, "quantile" if quantile else "plain"]
    return json.loads(subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout)


def child(directory, how):
    """The process of XGBoost: loads the matrix, notes the baseline, trains, scores, prints figures."""
    import xgboost
    x = np.load(os.path.join(directory, "x.npy"))
    y = np.load(os.path.join(directory, "y.npy"))
    xgboost.train(XGB, xgboost.DMatrix(x[:1000], y[:1000]), 1)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = bench.memory_of("self")["VmRSS"]
    cpu = bench.own_cpu()
    data = xgboost.QuantileDMatrix(x, y, max_bin=256) if how == "quantile" else xgboost.DMatrix(x, y)
    built = bench.own_cpu() - cpu
    booster = xgboost.train(XGB, data, ROUNDS)
    cpu = bench.own_cpu() - cpu
    peak = bench.memory_of("self")["VmHWM"] - before
    test = np.load(os.path.join(directory, "x_test.npy"))
    labels = np.load(os.path.join(directory, "y_test.npy"))
    print(json.dumps({"cpu": cpu, "built": built, "peak": peak,
                      "loss": bench.log_loss(labels, bench.xgb_score(booster, test))}))


def measure(connection, rows):
    heading("training: CPU and memory on a large table")
    say("%d rows x 20 features; %d rounds, depth 6, learning rate 0.1, 255 bins (XGBoost: hist, 256 bins, 1 thread)", rows, ROUNDS)
    say("CPU seconds are those of the backend, reading the table included, and of XGBoost's process from the ready")
    say("float32 matrix on, DMatrix included.")
    say("Memory: ours, the largest RssAnon of the backend (looked at every 5 ms; shared buffers are not in it) over what")
    say("it was before the call; theirs, VmHWM over VmRSS when the matrix is in memory. %d repetitions, alternating.", REPETITIONS)
    say()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="churnprevent-matrix.") as directory:
        for name, table, count, seed in (("", "large_train", rows, 1), ("_test", "large_test", HELD_OUT, 2)):
            frame = large.draw(count, seed)
            run(connection, "DROP TABLE IF EXISTS %s" % table)
            large.load(connection, table, frame)
            for kind, part in zip("xy", large.matrix(frame)):
                np.save(os.path.join(directory, kind + name + ".npy"), part)
        del frame
        say("table %s, matrix %.0f MB", value(connection, "SELECT pg_size_pretty(pg_table_size('large_train'))"),
            os.path.getsize(os.path.join(directory, "x.npy")) / 2 ** 20)
        for _ in range(REPETITIONS):
            ours.append(train_ours(rows))
            theirs.append(train_theirs(directory, quantile=False))
        quantile = train_theirs(directory, quantile=True)
    loss = value(connection, "SELECT cp_log_loss(cp_predict(c, 'large'), churn) FROM large_test c")
    run(connection, "SELECT cp_drop_model('large')")

    bench.table(["repetition", "cp_train CPU s", "xgboost CPU s", "of it DMatrix", "ratio", "cp_train MB", "xgboost MB"],
                [[i + 1, "%.2f" % a["cpu"], "%.2f" % b["cpu"], "%.2f" % b["built"], "%.3f" % (a["cpu"] / b["cpu"]),
                  "%.0f" % a["peak"], "%.0f" % b["peak"]] for i, (a, b) in enumerate(zip(ours, theirs))])
    say("log-loss on %d rows kept out: cp_train %.4f, xgboost %.4f", HELD_OUT, loss, theirs[0]["loss"])
    say("for comparison, xgboost with QuantileDMatrix: %.2f CPU s, %.0f MB", quantile["cpu"], quantile["peak"])
    if loss > theirs[0]["loss"] * 1.02:
        say("WARNING: cp_train has not learned as well as xgboost; its CPU seconds prove nothing")
    ratio = statistics.median(a["cpu"] / b["cpu"] for a, b in zip(ours, theirs))
    memory = statistics.median(a["peak"] for a in ours) / statistics.median(b["peak"] for b in theirs)
    return [
        Figure("training: CPU, times xgboost's", 1.0, ratio, unit=" x"),
        Figure("training: peak memory, times xgboost's", 1.5, memory, unit=" x"),
    ]


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2])
