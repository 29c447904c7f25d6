"""What the benchmarks share: connections, CPU seconds, encodings, XGBoost, figures, printing."""

import io
import os
import threading
import time

# Before the libraries that read them: XGBoost on one thread, whatever it is told.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Figure:
    """
    One line of the closing table. least: the measured value must reach the target, not stay below it. digits: after the
    point; None: as a power of ten.
    Not steady: repetitions differ so much that the value says nothing, whichever side it is on.
    """

    def __init__(self, name, target, measured, least=False, digits=3, unit="", within=None, steady=True):
        self.name, self.measured = name, measured
        self.shown = ("%.1e%s" % (measured, unit)) if digits is None else "%.*f%s" % (digits, measured, unit)
        self.wanted = "%s %g%s" % (">=" if least else "<=", target, unit)
        reached = measured >= target if least else measured <= target
        if within is not None:
            self.wanted = "%g +- %g" % (target, within)
            reached = abs(measured - target) <= within
        self.reached = ("yes" if reached else "NO") if steady else "unsteady"


def heading(text):
    print("\n== %s\n" % text, flush=True)


def say(text="", *arguments):
    print(text % arguments if arguments else text, flush=True)


def table(head, body):
    """Columns as wide as they need to be: the first to the left, the others to the right."""
    lines = [head] + [[str(cell) for cell in line] for line in body]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in [lines[0], ["-" * w for w in widths]] + lines[1:]:
        print("  " + "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(line, widths))).rstrip())
    print(flush=True)


# --- CPU and memory ---------------------------------------------------------

def cpu_of(pid):
    """CPU seconds that a process of one thread has used: nanoseconds where the kernel counts them, else ticks."""
    try:
        with open("/proc/%d/schedstat" % pid) as file:
            return int(file.read().split()[0]) / 1e9
    except FileNotFoundError:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu():
    """CPU seconds of this process, all threads."""
    return time.process_time()


def cpu_of_ended(connection):
    """CPU seconds of backends and parallel workers that have ended, which the postmaster is told, and of our own children that have."""
    postmaster = int(value(connection, "SELECT pg_read_file('postmaster.pid')").split()[0])
    with open("/proc/%d/stat" % postmaster) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    times = os.times()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK") + times.children_user + times.children_system


def memory_of(pid):
    """The Rss and Vm lines of /proc/PID/status, MB."""
    with open("/proc/%s/status" % pid) as file:
        fields = dict(line.split(":", 1) for line in file if line.startswith(("Rss", "Vm")))
    return {name: int(text.split()[0]) / 1024 for name, text in fields.items()}


class PeakOfAnonymous(threading.Thread):
    """Largest RssAnon of a process, looked at every few milliseconds: memory of its own, without shared buffers."""

    def __init__(self, pid, every=0.005):
        super().__init__(daemon=True)
        self.pid, self.every, self.peak, self.ended = pid, every, 0.0, threading.Event()

    def run(self):
        while not self.ended.wait(self.every):
            self.peak = max(self.peak, memory_of(self.pid)["RssAnon"])

    def stop(self):
        self.ended.set()
        self.join()
        return self.peak


# --- the server -------------------------------------------------------------

def connect():
    """A session on the cluster that PG* names; every statement is its own transaction."""
    connection = psycopg2.connect("")
    connection.autocommit = True
    return connection


def value(connection, query, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(query, arguments or None)
        row = cursor.fetchone()
        return row[0] if row is not None and len(row) == 1 else row


def rows(connection, query, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(query, arguments or None)
        return cursor.fetchall()


def run(connection, query, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(query, arguments or None)


def best_of(session, query, times=4):
    """Least CPU seconds of the session's process over a few runs."""
    seconds = []
    for _ in range(times):
        cpu = cpu_of(session.get_backend_pid())
        rows(session, query)
        seconds.append(cpu_of(session.get_backend_pid()) - cpu)
    return min(seconds)


def load_frame(connection, table, frame):
    """Makes a table of a data frame: numbers float8 or bigint, booleans, everything else text."""
    kinds = {"b": "boolean", "i": "bigint", "u": "bigint", "f": "float8"}
    columns = ", ".join('"%s" %s' % (name, kinds.get(frame[name].dtype.kind, "text")) for name in frame)
    text = io.StringIO()
    frame.to_csv(text, index=False, header=False)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "%s" (%s)' % (table, columns))
        cursor.copy_expert('COPY "%s" FROM STDIN WITH (FORMAT csv)' % table, text)
        cursor.execute('ANALYZE "%s"' % table)


# --- figures ----------------------------------------------------------------

def log_loss(labels, probabilities):
    p = np.clip(np.asarray(probabilities, dtype=float), 1e-15, 1 - 1e-15)
    y = np.asarray(labels, dtype=bool)
    return float(-np.mean(np.where(y, np.log(p), np.log1p(-p))))


def auc(labels, scores):
    """Share of pairs in the right order, ties one half."""
    ranks = pd.Series(np.asarray(scores, dtype=float)).rank().to_numpy()
    y = np.asarray(labels, dtype=bool)
    positive = int(y.sum())
    negative = len(y) - positive
    return float((ranks[y].sum() - positive * (positive + 1) / 2) / (positive * negative))


def stratified_folds(labels, folds, seed):
    """Fold of each row: every class is shuffled and dealt out in turn."""
    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    answer = np.empty(len(labels), dtype=int)
    start = 0
    for one in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == one))
        answer[members] = (np.arange(len(members)) + start) % folds
        start += len(members)
    return answer


# --- XGBoost ----------------------------------------------------------------

def encode(frame, how):
    """float32 matrix of the features: texts as ordinals or one column a value; missing is NaN."""
    parts = []
    for name in frame:
        column = frame[name]
        if column.dtype.kind in "biuf":
            parts.append(column.to_numpy(dtype=np.float32)[:, None])
            continue
        codes, levels = pd.factorize(column, sort=True)
        if how == "ordinal":
            parts.append(np.where(codes < 0, np.nan, codes).astype(np.float32)[:, None])
        else:
            parts.append((codes[:, None] == np.arange(len(levels))).astype(np.float32))
    return np.ascontiguousarray(np.hstack(parts), dtype=np.float32)


XGB_COMMON = {"objective": "binary:logistic", "eval_metric": "logloss", "nthread": 1, "verbosity": 0}
XGB_DEFAULTS = dict(XGB_COMMON, tree_method="hist")
XGB_FIXED = dict(XGB_COMMON, tree_method="hist", eta=0.05, max_depth=4)
XGB_SAMPLED = dict(XGB_COMMON, tree_method="hist", eta=0.05, max_depth=4, min_child_weight=5,
                   subsample=0.8, colsample_bytree=0.8)


def xgb_fit_fixed(params, rounds, x, y, seed):
    import xgboost
    return xgboost.train(dict(params, seed=seed), xgboost.DMatrix(x, y), rounds)


def xgb_fit_stopped(params, x, y, seed, share=0.15):
    """Early stopping as it is usually done: on a part that is kept out of the training."""
    import xgboost
    part = stratified_folds(y, round(1 / share), seed) == 0
    booster = xgboost.train(dict(params, seed=seed), xgboost.DMatrix(x[~part], y[~part]), 1000,
                            evals=[(xgboost.DMatrix(x[part], y[part]), "kept")],
                            early_stopping_rounds=50, verbose_eval=False)
    return booster[:booster.best_iteration + 1]


def xgb_fit_cross_validated(params, x, y, seed):
    """Rounds from five folds, then one fit on all rows."""
    import xgboost
    folds = stratified_folds(y, 5, seed)
    pairs = [(np.flatnonzero(folds != k), np.flatnonzero(folds == k)) for k in range(5)]
    data = xgboost.DMatrix(x, y)
    history = xgboost.cv(dict(params, seed=seed), data, 1000, folds=pairs, early_stopping_rounds=50)
    return xgboost.train(dict(params, seed=seed), data, len(history))


def xgb_score(booster, x):
    import xgboost
    return booster.predict(xgboost.DMatrix(x))
