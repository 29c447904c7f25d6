"""The whole ensemble beside boosting alone, on Telco: log-loss, calibration, CPU of training and of scoring."""

import os

import numpy as np

import bench
from bench import Figure, heading, run, say, value
from quality import Case

SEEDS = range(1, 11)
FOLDS = 5
COPIES = 30
REPETITIONS = 5
BOOSTING = {"members": "gbm"}


def calibration_error(scores, labels, width):
    """ECE over ten bins, of equal width or of equal count."""
    order = np.argsort(scores, kind="stable")
    bins = np.minimum((scores * 10).astype(int), 9) if width else np.empty(len(scores), dtype=int)
    if not width:
        bins[order] = np.arange(len(scores)) * 10 // len(scores)
    return sum(abs(labels[bins == b].sum() - scores[bins == b].sum()) for b in range(10)) / len(scores)


def compare(case):
    """A line a seed: mean log-loss and AUC over the folds, pooled ECE of the ensemble, and boosting's log-loss."""
    lines = []
    for seed in SEEDS:
        case.folds = bench.stratified_folds(case.labels, FOLDS, seed)
        case.place_folds()
        whole, _ = case.ours({"seed": seed})
        alone, _ = case.ours(dict(BOOSTING, seed=seed))
        loss, area = np.mean(case.each_fold(whole, case.labels), axis=0)
        lines.append((seed, loss, area, np.mean(case.each_fold(alone, case.labels), axis=0)[0],
                      calibration_error(whole, case.labels, False), calibration_error(whole, case.labels, True)))
    return np.array(lines)


def cpu_of_training(connection):
    pid = connection.get_backend_pid()
    seconds = []
    for _ in range(REPETITIONS):
        begin = bench.cpu_of(pid)
        run(connection, "SELECT cp_train('ensemble', 'SELECT * FROM quality_case', 'label', "
                        "'{\"id\": \"bench_row\", \"exclude\": [\"bench_fold\", \"label_0\", \"label_1\", \"label_2\", \"label_3\", \"label_4\"]}')")
        seconds.append(bench.cpu_of(pid) - begin)
    return min(seconds)


def scoring_rate(connection):
    """Rows per CPU second of a scan in one process, the model warm."""
    pid = connection.get_backend_pid()
    run(connection, "CREATE TABLE ensemble_scan AS SELECT c.* FROM quality_case c, generate_series(1, %s)", COPIES)
    run(connection, "SET max_parallel_workers_per_gather = 0")
    query = "SELECT sum(cp_predict(c, 'ensemble')) FROM ensemble_scan c"
    count = value(connection, "SELECT count(*) FROM ensemble_scan")
    run(connection, query)
    rates = []
    for _ in range(REPETITIONS):
        begin = bench.cpu_of(pid)
        run(connection, query)
        rates.append(count / (bench.cpu_of(pid) - begin))
    run(connection, "DROP TABLE ensemble_scan")
    return max(rates)


def measure(connection):
    heading("ensemble: is the whole better than boosting alone?")
    case = Case(connection, os.path.join(bench.ROOT, "test/data/telco_churn.csv"), "churn",
                os.path.join(bench.HERE, "telco_folds.csv"), "customer_id")
    say(case.named)
    say("defaults of cp_train beside members gbm alone, %d times %d stratified folds; seed of folds and of training alike", len(SEEDS), FOLDS)
    say()
    lines = compare(case)
    bench.table(["seed", "ensemble", "boosting alone", "difference", "AUC", "ECE, equal count", "ECE, equal width"],
                [["%d" % seed, "%.4f" % loss, "%.4f" % alone, "%+.4f" % (loss - alone), "%.4f" % area, "%.4f" % count, "%.4f" % width]
                 for seed, loss, area, alone, count, width in lines])
    gains = lines[:, 3] - lines[:, 1]
    say("gain %.4f, standard error over the seeds %.4f; log-loss %.4f, AUC %.4f",
        gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains)), lines[:, 1].mean(), lines[:, 2].mean())
    seconds = cpu_of_training(connection)
    rate = scoring_rate(connection)
    say("member weights of a training on all rows: %s", value(connection, "SELECT member_weights FROM churnprevent.model WHERE name = 'ensemble' LIMIT 1"))
    run(connection, "SELECT cp_drop_model('ensemble')")
    run(connection, "DROP TABLE quality_case")
    return [
        Figure("ensemble: log-loss less than boosting's by", 0.0005, float(gains.mean()), least=True, digits=4),
        Figure("ensemble: ECE pooled out of fold, mean over seeds", 0.015, float(lines[:, 4].mean()), digits=4),
        Figure("ensemble: CPU seconds of training on Telco", 10, seconds, digits=1, unit=" s"),
        Figure("ensemble: rows scored per CPU second", 100000, rate, least=True, digits=0),
    ]
