#!/usr/bin/env python3
"""Numbers that other implementations make, for the unit tests of src/learn.

Writes boosting_reference.csv (xgboost's margins on a small invented data set)
and prints the tables of test/unit/test_metrics.c (scikit-learn's and numpy's),
test_evaluation.c (numpy's and scipy's) and test_tree_grow.c (scipy's). Run from the project's root. Made with Python 3.11,
numpy 1.24.2, scipy 1.10.1, scikit-learn 1.2.1 and xgboost 1.7.4 (Debian 12).
"""
import csv
import os

import numpy as np
import sklearn
import xgboost
from scipy import optimize, special, stats
from sklearn import metrics

ROWS = 300
HERE = os.path.dirname(os.path.abspath(__file__))


# --- boosting -------------------------------------------------------------

def invented_rows():
    rng = np.random.default_rng(20240)
    tenure = rng.integers(0, 60, ROWS).astype(float)
    charge = np.round(rng.gamma(4, 15, ROWS), 2)
    visits = rng.integers(0, 25, ROWS).astype(float)
    paperless = rng.integers(0, 2, ROWS).astype(float)
    plan = rng.integers(0, 3, ROWS)
    tenure_odds = -0.06 * (tenure - 30)
    odds = (-0.7 + tenure_odds + 0.02 * (charge - 60) + 0.8 * paperless
            + np.array([-0.8, 0.1, 0.9])[plan] - 0.05 * visits)
    visits[rng.random(ROWS) < 0.15] = np.nan
    odds[np.isnan(visits)] += 1
    charge[rng.random(ROWS) < 0.08] = np.nan
    # A column with one value: only whether it is there can tell anything.
    voucher = np.where(rng.random(ROWS) < 0.3, np.nan, 5.0)
    odds[np.isnan(voucher)] -= 0.9
    churned = (rng.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(int)
    weight = np.round(rng.uniform(0.2, 3, ROWS), 2)
    return tenure, charge, visits, paperless, plan, voucher, churned, weight


def margins(features, churned, weight, rounds, **more):
    """Log-odds of the training rows; splits between all distinct values, second order, no sampling."""
    mean = np.average(churned, weights=weight)
    params = dict(objective="binary:logistic", tree_method="exact", base_score=mean, nthread=1,
                  reg_alpha=0, gamma=0, **more)
    data = xgboost.DMatrix(features, label=churned, weight=weight)
    booster = xgboost.train(params, data, num_boost_round=rounds)
    return booster.predict(data, output_margin=True)


def boosting():
    tenure, charge, visits, paperless, plan, voucher, churned, weight = invented_rows()
    # One level against the rest is a split of its own 0/1 column.
    plans = np.stack([plan == k for k in range(3)], axis=1).astype(float)
    features = np.column_stack([tenure, charge, visits, paperless, plans, voucher])
    plain = margins(features, churned, np.ones(ROWS), 20, eta=0.3, max_depth=3, reg_lambda=1,
                    min_child_weight=1)
    weighted = margins(features, churned, weight, 25, eta=0.2, max_depth=4, reg_lambda=2.5,
                       min_child_weight=3)
    with open(os.path.join(HERE, "boosting_reference.csv"), "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["tenure", "charge", "visits", "paperless", "plan", "voucher", "churned",
                         "weight", "margin", "weighted_margin"])
        text = lambda x: "" if np.isnan(x) else "%g" % x
        for i in range(ROWS):
            writer.writerow([text(tenure[i]), text(charge[i]), text(visits[i]), text(paperless[i]),
                             plan[i], text(voucher[i]), churned[i], text(weight[i]),
                             "%.7g" % plain[i], "%.7g" % weighted[i]])


# --- metrics --------------------------------------------------------------

def case(name, p, y, w):
    n = len(p)
    order = np.argsort(p, kind="stable")[::-1]
    decile = np.arange(n) * 10 // n
    churned, expected, weight = (np.bincount(decile, values[order], 10) for values in (w * y, w * p, w))
    rate = np.average(y, weights=w)
    figures = [
        rate,
        metrics.roc_auc_score(y, p, sample_weight=w),
        metrics.log_loss(y, p, sample_weight=w),
        metrics.brier_score_loss(y, p, sample_weight=w),
        metrics.mean_squared_error(y, p, sample_weight=w, squared=False),
        metrics.accuracy_score(y, p >= 0.5, sample_weight=w),
        np.abs(churned - expected).sum() / w.sum(),
        churned[0] / weight[0] / rate,
    ]
    row = lambda values: "{%s}" % ", ".join("%.17g" % value for value in values)
    print("\t{%s,\n\t%s,\n\t%s,\n\t%s}," % (name, row(figures), row(churned), row(expected)))


def scored_rows(n, tied):
    i = np.arange(n)
    k = (i * i * 31 + i * 7) % 97 if tied else i * 211 % n
    of = 97 if tied else n
    p = (k + 0.5) / of
    y = ((i * i * 13 + i * 11) % 101 * of < k * 101).astype(int)
    return p, y, 0.25 + i * 37 % 16 / 8


def metric_table():
    for n, tied in ((500, True), (500, False), (37, True), (10, False), (3, False)):
        p, y, w = scored_rows(n, tied)
        case("%d, %s, false" % (n, str(tied).lower()), p, y, np.ones(n))
        case("%d, %s, true" % (n, str(tied).lower()), p, y, w)


# --- intervals, 95 % -------------------------------------------------------

def effective(w):
    return w.sum() ** 2 / (w ** 2).sum()


def mean_and_variance(x, w):
    mean, n = np.average(x, weights=w), effective(w)
    return mean, (w ** 2 * (x - mean) ** 2).sum() / w.sum() ** 2 * n / (n - 1)


def wilson(share, n, z):
    middle, half = share + z ** 2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z ** 2 / (4 * n ** 2))
    return [(middle - half) / (1 + z ** 2 / n), (middle + half) / (1 + z ** 2 / n)]


def newcombe(auc, m, n, z):
    def excess(x):
        half = (m + n) / 2 - 1
        variance = x * (1 - x) * (1 + half * (1 - x) / (2 - x) + half * x / (1 + x)) / (m * n)
        return (x - auc) ** 2 - z ** 2 * variance
    step = 1e-9
    return [0 if auc == 0 else optimize.brentq(excess, 0, auc - step, xtol=1e-15, rtol=1e-15),
            1 if auc == 1 else optimize.brentq(excess, auc + step, 1, xtol=1e-15, rtol=1e-15)]


def delong(p, y, w, z):
    """By all pairs."""
    left, stayed = p[y == 1], p[y == 0]
    won = (left[:, None] > stayed) + 0.5 * (left[:, None] == stayed)
    auc, variance = mean_and_variance(won @ w[y == 0] / w[y == 0].sum(), w[y == 1])
    variance += mean_and_variance(w[y == 1] @ won / w[y == 1].sum(), w[y == 0])[1]
    if auc in (0, 1) or np.isnan(variance):
        return newcombe(auc, effective(w[y == 1]), effective(w[y == 0]), z)
    half = z * np.sqrt(variance) / (auc * (1 - auc))
    return list(special.expit(special.logit(auc) + np.array([-half, half])))


def lift(p, y, w, z):
    n = len(p)
    size = -(-n // 10)
    order = np.argsort(p, kind="stable")[::-1]
    top = np.isin(np.arange(n), order[:size])
    edge = order[size - (size + 1) // 2:size + (size + 1) // 2]
    rate, top_rate = np.average(y, weights=w), np.average(y[top], weights=w[top])
    pull = w[edge].mean() * (top_rate - np.average(y[edge], weights=w[edge]))
    influence = (top * (w * (y - top_rate) + pull) / np.mean(top * w * y)
                 - w * (y - rate) / np.mean(w * y))
    half = z * influence.std(ddof=1) / np.sqrt(n)
    ratio = top_rate / rate
    return [ratio * np.exp(-half), min(ratio * np.exp(half), w.sum() / w[top].sum())]


def interval_table():
    z = stats.norm.ppf(0.975)
    for n, tied, weighted in ((500, True, False), (500, True, True), (37, True, True), (10, False, False),
                              (10, False, True)):
        p, y, w = scored_rows(n, tied)
        w = w if weighted else np.ones(n)
        loss, variance = mean_and_variance(-np.log(np.where(y == 1, p, 1 - p)), w)
        half = z * np.sqrt(variance)
        decile = np.arange(n) * 10 // n
        noise = np.bincount(decile, (w ** 2 * p * (1 - p))[np.argsort(p, kind="stable")[::-1]])
        deviation = np.sqrt(np.average((y - np.average(y, weights=w)) ** 2, weights=w))
        figures = delong(p, y, w, z) + [max(0, loss - half), loss + half]
        figures += wilson(np.average((p >= 0.5) == y, weights=w), effective(w), z) + lift(p, y, w, z)
        figures += [100 * (1 - np.sqrt(np.average((p - y) ** 2, weights=w)) / deviation),
                    np.sqrt(2 / np.pi * noise).sum() / w.sum()]
        print("\t{%d, %s, %s,\n\t{%s}}," % (n, str(tied).lower(), str(weighted).lower(),
                                          ", ".join("%.17g" % figure for figure in figures)))


# --- gain by chance -------------------------------------------------------

def chance_table():
    for k in (5, 6, 12, 50, 256):
        for m in (1, 2, k // 2, k - 1):
            density = stats.norm.pdf(stats.norm.ppf(m / k))
            print("\t{%d, %d, %.17g}," % (m, k, max(0, k * density ** 2 / (m / k * (1 - m / k)) - 5)))


print("/* numpy %s, scikit-learn %s, xgboost %s */" % (np.__version__, sklearn.__version__, xgboost.__version__))
boosting()
metric_table()
interval_table()
chance_table()
