#!/usr/bin/env python3
"""Numbers that other implementations make, for the unit tests of src/learn.

Writes boosting_reference.csv (xgboost's margins on a small invented data set)
and prints the tables of test/unit/test_metrics.c (scikit-learn's and numpy's) and
test_tree_grow.c (scipy's). Run from the project's root. Made with Python 3.11,
numpy 1.24.2, scipy 1.10.1, scikit-learn 1.2.1 and xgboost 1.7.4 (Debian 12).
"""
import csv
import os

import numpy as np
import sklearn
import xgboost
from scipy import stats
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


def metric_table():
    for n, tied in ((500, True), (500, False), (37, True), (10, False), (3, False)):
        i = np.arange(n)
        k = (i * i * 31 + i * 7) % 97 if tied else i * 211 % n
        of = 97 if tied else n
        p = (k + 0.5) / of
        y = ((i * i * 13 + i * 11) % 101 * of < k * 101).astype(int)
        w = 0.25 + i * 37 % 16 / 8
        case("%d, %s, false" % (n, str(tied).lower()), p, y, np.ones(n))
        case("%d, %s, true" % (n, str(tied).lower()), p, y, w)


# --- gain by chance -------------------------------------------------------

def chance_table():
    for k in (5, 6, 12, 50, 256):
        for m in (1, 2, k // 2, k - 1):
            density = stats.norm.pdf(stats.norm.ppf(m / k))
            print("\t{%d, %d, %.17g}," % (m, k, max(0, k * density ** 2 / (m / k * (1 - m / k)) - 5)))


print("/* numpy %s, scikit-learn %s, xgboost %s */" % (np.__version__, sklearn.__version__, xgboost.__version__))
boosting()
metric_table()
chance_table()
