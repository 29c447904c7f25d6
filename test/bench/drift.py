"""Drift: is a planted shift found and quiet left alone, is estimated performance right, and what does a check cost?"""

import os

import numpy as np
import pandas as pd

import bench
from bench import Figure, best_of, heading, rows, run, say, value

LOOKED = 5000     # rows of a check
QUIET = 50        # checks of what has not changed
SEEDS = 20        # of each planted shift
RESAMPLES = 20    # of Telco
WIDE = 1000       # columns
FLOATS = ["c%d" % i for i in range(1, 21)]
OPTIONS = '{"members": ["gbm"], "gbm": {"rounds": 30}}'


# --- what a check finds -------------------------------------------------------------

def customers(rng, n, moved=None, by=0.5):
    """Twenty features of all sorts; one of them moved by some of its standard deviations, or its category doubled."""
    frame = {}
    for i in range(5):
        frame["normal%d" % i] = rng.normal(50, 10, n)
        frame["skewed%d" % i] = rng.lognormal(3, 0.8, n)
        frame["whole%d" % i] = rng.poisson(4 + 3 * i, n).astype(float)
    for i, share in enumerate((0.25, 0.3, 0.35, 0.4, 0.45)):
        name = "level%d" % i
        wanted = 2 * share if moved == name else share
        others = rng.integers(0, 3 + i, n)
        frame[name] = np.where(rng.random(n) < wanted, "usual", np.char.add("other ", others.astype(str)))
    if moved is not None and not moved.startswith("level"):
        frame[moved] = frame[moved] + by * np.std(frame[moved])
    frame["churn"] = rng.random(n) < 0.2
    return pd.DataFrame(frame)


def level_of(connection, table):
    report = value(connection, "SELECT cp_drift_json('planted', %s, options => '{\"record\": false}')", table)
    return report["alert_level"]


def check_once(connection, rng, moved=None):
    run(connection, "DROP TABLE IF EXISTS today")
    bench.load_frame(connection, "today", customers(rng, LOOKED, moved))
    return level_of(connection, "today")


def measure_found(connection):
    say("-- checks of %d rows x 20 features against 20,000 rows: %d quiet ones, and each feature moved by .5 sd or doubled in share, seeds 1 to %d",
        LOOKED, QUIET, SEEDS)
    bench.load_frame(connection, "planted", customers(np.random.default_rng(1000), 20000))
    run(connection, "SELECT cp_train('planted', 'planted', 'churn', %s)", OPTIONS)
    quiet = [check_once(connection, np.random.default_rng(seed)) for seed in range(1, QUIET + 1)]
    names = [name for name in customers(np.random.default_rng(0), 10) if name != "churn"]
    lines, missed = [], 0
    for name in names:
        levels = [check_once(connection, np.random.default_rng(100 * seed), name) for seed in range(1, SEEDS + 1)]
        missed += levels.count("ok")
        lines.append([name, levels.count("critical"), levels.count("warning"), levels.count("ok")])
    bench.table(["moved", "critical", "warning", "missed"], lines)
    say("quiet: %d alerts\n", sum(level != "ok" for level in quiet))
    return [Figure("drift: planted shifts missed, of %d" % (SEEDS * len(names)), 0, missed, digits=0),
            Figure("drift: alerts in %d quiet checks" % QUIET, 0, sum(level != "ok" for level in quiet), digits=0)]


# --- estimated performance --------------------------------------------------------------

def measure_estimates(connection):
    say("-- Telco: trained on one half; %d resamples of %d rows of the other half, shifted in three features; AUC before outcomes are known against realised",
        RESAMPLES, LOOKED)
    frame = pd.read_csv(os.path.join(bench.ROOT, "test/data/telco_churn.csv"))
    half = np.random.default_rng(0).permutation(len(frame))
    bench.load_frame(connection, "telco_half", frame.iloc[half[: len(frame) // 2]])
    run(connection, "SELECT cp_train('telco', 'telco_half', 'churn', '{\"id\": \"customer_id\"}')")
    other = frame.iloc[half[len(frame) // 2:]].reset_index(drop=True)
    shifting = np.column_stack([(other.tenure - other.tenure.mean()) / other.tenure.std(),
                                (other.monthly_charges - other.monthly_charges.mean()) / other.monthly_charges.std(),
                                (other.contract == "Month-to-month") - 0.5])
    apart, realised, inside = [], [], 0
    for seed in range(1, RESAMPLES + 1):
        rng = np.random.default_rng(seed)
        weights = np.exp(shifting @ rng.normal(0, 0.7, 3))
        sample = other.iloc[rng.choice(len(other), LOOKED, p=weights / weights.sum())]
        run(connection, "DROP TABLE IF EXISTS today")
        bench.load_frame(connection, "today", sample)
        expected = value(connection, "SELECT cp_drift_json('telco', 'today', options => '{\"record\": false}')")["metrics"]["expected_auc"]
        true = value(connection, "SELECT cp_auc(cp_predict(t, 'telco'), churn = 'Yes') FROM today t")
        apart.append(abs(expected - true))
        realised.append(true)
    say("realised %.3f to %.3f; estimate apart by %.4f on average, %.4f at most\n", min(realised), max(realised), np.mean(apart), max(apart))
    return [Figure("drift: estimated AUC, mean distance from realised", 0.02, float(np.mean(apart)), digits=4)]


# --- cost -----------------------------------------------------------------------------------

def process():
    session = bench.connect()
    run(session, "SET max_parallel_workers_per_gather = 0; SET jit = off")
    return session


def measure_scan(connection, count):
    say("-- %d rows x 20 columns against the stored reference, whole check, one process, CPU s, best of 3", count)
    columns = ", ".join("random() AS %s" % name for name in FLOATS)
    run(connection, "CREATE UNLOGGED TABLE floats AS SELECT g AS id, random() < .2 AS churn, %s FROM generate_series(1, %d) g" % (columns, count))
    texts = ", ".join("(ARRAY['monthly','yearly','two years'])[1 + floor(random() * 3)::int] AS t%d" % i for i in range(1, 11))
    run(connection, "CREATE UNLOGGED TABLE mixed AS SELECT g AS id, random() < .2 AS churn, %s, %s FROM generate_series(1, %d) g"
        % (", ".join(columns.split(", ")[:10]), texts, count))
    run(connection, "VACUUM (FREEZE, ANALYZE) floats")
    run(connection, "VACUUM (FREEZE, ANALYZE) mixed")
    for name in ("floats", "mixed"):
        run(connection, "SELECT cp_train(%s, 'SELECT * FROM ' || %s || ' WHERE id <= 20000', 'churn', '{\"id\": \"id\"}')", name, name)
    session = process()
    plain = best_of(session, "SELECT %s FROM floats" % ", ".join("avg(%s)" % name for name in FLOATS), 3)
    floats = best_of(session, "SELECT count(*) FROM cp_drift_check('floats', 'floats', options => '{\"record\": false}')", 3)
    mixed = best_of(session, "SELECT count(*) FROM cp_drift_check('mixed', 'mixed', options => '{\"record\": false}')", 3)
    look = best_of(session, "SELECT count(*) FROM cp_drift_check('floats', 'floats', options => '{\"record\": false, \"mode\": \"statistics\"}')", 3)
    session.close()
    say("avg of 20 columns %.2f; check of floats %.2f, of ten floats and ten texts %.2f; from ANALYZE's statistics %.3f\n", plain, floats, mixed, look)
    return [Figure("drift: check of %d x 20 floats beside avg, CPU" % count, 2.5, floats / plain, unit=" x", digits=2),
            Figure("drift: check of %d x 20 mixed columns, CPU" % count, 2, mixed, unit=" s", digits=2)]


def measure_wide(connection, count):
    say("-- %d rows x %d columns, whole check", count, WIDE)
    columns = ", ".join("((g * %d) %% 1009)::float4 AS c%d" % (2 * i + 1, i) for i in range(1, WIDE + 1))
    run(connection, "CREATE UNLOGGED TABLE wide AS SELECT g %% 5 = 0 AS churn, %s FROM generate_series(1, %d) g" % (columns, count))
    run(connection, "CREATE TABLE narrowed AS SELECT * FROM wide LIMIT 5000")
    run(connection, "SELECT cp_train('wide', 'narrowed', 'churn', %s)", OPTIONS)
    session = process()
    peak = bench.PeakOfAnonymous(session.get_backend_pid())
    peak.start()
    cpu = best_of(session, "SELECT count(*) FROM cp_drift_check('wide', 'wide', options => '{\"record\": false}')", 1)
    memory = peak.stop()
    session.close()
    run(connection, "DROP TABLE wide")
    say("%.1f CPU s, %.0f MB of its own\n", cpu, memory)
    return [Figure("drift: check of %d x %d columns, CPU" % (count, WIDE), 600, cpu, unit=" s", digits=0)]


def measure_two_sample(connection, count):
    say("-- two samples, %d rows in all, one process, CPU s, best of 3", count)
    run(connection, "CREATE UNLOGGED TABLE sides AS SELECT random() * 100 AS v, g %% 2 = 0 AS is_current FROM generate_series(1, %d) g" % count)
    run(connection, "VACUUM (FREEZE, ANALYZE) sides")
    session = process()
    plain = best_of(session, "SELECT avg(v) FROM sides", 3)
    peak = bench.PeakOfAnonymous(session.get_backend_pid())
    peak.start()
    psi = best_of(session, "SELECT cp_drift_psi(v, is_current) FROM sides", 3)
    memory = peak.stop()
    everything = best_of(session, "SELECT cp_drift_psi(v, is_current), cp_drift_kl(v, is_current), cp_drift_ks(v, is_current), cp_drift_wasserstein(v, is_current) FROM sides", 3)
    session.close()
    say("avg %.2f; PSI %.2f, %.0f MB of its own; PSI, KL, KS and Wasserstein together %.2f\n", plain, psi, memory, everything)
    return [Figure("drift: PSI of %d rows beside avg, CPU" % count, 3, psi / plain, unit=" x", digits=2)]


def measure(connection, count):
    heading("drift: what is found, and what it costs")
    run(connection, "SELECT setseed(.5)")
    return (measure_found(connection) + measure_estimates(connection) + measure_scan(connection, count) + measure_wide(connection, count)
            + measure_two_sample(connection, 10 * count))
