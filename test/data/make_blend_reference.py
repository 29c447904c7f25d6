#!/usr/bin/env python3
"""Numbers that other implementations make, for the unit tests of blending and calibration.

Prints the tables of test/unit/test_blend.c (scipy's) and test_calibrate.c (scikit-learn's).
Made with Python 3.11, numpy 1.24.2, scipy 1.10.1 and scikit-learn 1.2.1 (Debian 12).
"""
import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

PARTS = 5


def show(values):
    return "{%s}" % ", ".join("%.15g" % value for value in values)


def uniform(i, factor, of):
    """As regular as can be: every remainder once."""
    return (i * factor % of + 0.5) / of


# --- blend ----------------------------------------------------------------

def blend_case(weighted):
    i = np.arange(600)
    p = np.array([uniform(i, 37, 101), uniform(i, 61, 127), uniform(i, 89, 149), uniform(i, 43, 83),
                  1 - uniform(i, 61, 127)])
    churned = uniform(i, 71, 613) < np.array([0.5, 0.35, 0.15, 0, 0]) @ p
    w = 0.25 + i * 37 % 16 / 8 if weighted else np.ones(600)
    q = np.where(churned, p, 1 - p)
    loss = lambda v: -np.average(np.log(v @ q), weights=w)
    gradient = lambda v: -np.average(q / (v @ q), weights=w, axis=1)
    bounds = [(0, 1)] * 5
    while True:
        best = minimize(loss, np.full(5, 0.2), jac=gradient, method="SLSQP", bounds=bounds,
                        constraints=dict(type="eq", fun=lambda v: v.sum() - 1, jac=np.ones_like),
                        options=dict(ftol=1e-16, maxiter=1000))
        kept = np.flatnonzero([high > 0 for _, high in bounds])
        least = kept[np.argmin(best.x[kept])]
        if best.x[least] >= 0.02:
            break
        bounds[least] = (0, 0)
    print("\t{%s,\n\t %s,\n\t %.15g}," % (show(best.x), show(map(loss, np.eye(5))), best.fun))


# --- calibration ----------------------------------------------------------

def line(p, churned, w, has_intercept):
    """Logistic regression on targets that are no certainties: each row twice, as either class."""
    n = [w[~churned].sum(), w[churned].sum()]
    target = np.where(churned, (n[1] + 1) / (n[1] + 2), 1 / (n[0] + 2))
    z = np.tile(logit(p), 2)[:, None]
    fit = LogisticRegression(penalty=None, solver="newton-cholesky", tol=1e-12, max_iter=1000,
                             fit_intercept=has_intercept)
    fit.fit(z, np.repeat([1, 0], len(p)), np.concatenate([w * target, w * (1 - target)]))
    return fit.coef_[0, 0], fit.intercept_[0] if has_intercept else 0.0


def along(slope, intercept):
    return lambda q: expit(slope * logit(q) + intercept)


def lines_between(p, churned, w):
    """p has so few values that each is a part of its own."""
    # Rounded, what is equal stays so.
    fitted = IsotonicRegression().fit(p, churned, w).predict(p).round(13)
    rate = np.average(churned, weights=w)
    weight = np.array([w[fitted == f].sum() for f in fitted])
    shrunk = (weight * fitted + rate) / (weight + 1)
    added = np.array([1 / np.sum(fitted == f) for f in fitted])
    again = IsotonicRegression().fit(p, shrunk, w + added).predict(p).round(13)
    x, y = [0], [again.min() / 2]
    levels = np.r_[again.min() / 2, np.unique(again), (1 + again.max()) / 2]
    for before, level, after in zip(levels, levels[1:], levels[2:]):
        of = p[again == level]
        wide = of.max() > of.min()
        x += [of.min(), of.max()] if wide else [of.min()]
        y += [level - 0.05 * (level - before), level + 0.05 * (after - level)] if wide else [level]
    return lambda q: np.interp(q, x + [1], y + [levels[-1]])


def calibration_case(slope, intercept, wave, weighted):
    i = np.arange(3000)
    p = uniform(i, 7, 50)
    z = logit(p)
    truth = expit(slope * z + intercept + wave * np.sin(2 * z))
    churned = (i * i * 17 + i * 5) % 3001 / 3001 < truth
    w = 0.25 + i * 37 % 16 / 8 if weighted else np.ones(3000)
    fits = {
        "temperature": lambda *d: along(*line(*d, False)),
        "platt": lambda *d: along(*line(*d, True)),
        "isotonic": lines_between,
    }
    losses = []
    for fit in [lambda *d: lambda q: q, *fits.values()]:
        out = np.empty(3000)
        for k in range(PARTS):
            rest = i // 7 % PARTS != k
            out[~rest] = fit(p[rest], churned[rest], w[rest])(p[~rest])
        losses.append(-np.average(np.where(churned, np.log(out), np.log(1 - out)), weights=w))
    print("\t{%g, %g, %g, %s,\n\t %s,\n\t %s,\n\t %s}," % (
        slope, intercept, wave, str(weighted).lower(), show(losses),
        show([line(p, churned, w, False)[0], *line(p, churned, w, True)]),
        show(lines_between(p, churned, w)(np.array([0, 0.013, 0.2, 0.5, 0.77, 0.991, 1])))))


for weighted in (False, True):
    blend_case(weighted)
for weighted in (False, True):
    calibration_case(0.6, 0, 0, weighted)
    calibration_case(0.7, 0.5, 0, weighted)
    calibration_case(0.7, 0.2, 0.6, weighted)
