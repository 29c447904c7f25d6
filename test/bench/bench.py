"""What the benchmarks share: connections, CPU seconds, encodings, XGBoost, figures, printing."""

import csv
import io
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

# Before the libraries that read them: XGBoost on one thread, whatever it is told.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TICK = os.sysconf("SC_CLK_TCK")


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
XGB_DEFAULTS = dict(XGB_COMMON, tree_method="exact")
XGB_FIXED = dict(XGB_COMMON, tree_method="exact", eta=0.05, max_depth=4)
XGB_SAMPLED = dict(XGB_COMMON, tree_method="exact", eta=0.05, max_depth=4, min_child_weight=5,
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


# --- CPU and memory -----------------------------------------------------------

def backend_cpu(pid):
    """User and system CPU seconds of a process so far."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK
