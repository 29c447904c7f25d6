"""Quality: log-loss and AUC over given folds, defaults of cp_train beside XGBoost."""

import json
import os

import numpy as np
import pandas as pd

import bench
from bench import Figure, auc, heading, log_loss, rows, run, say

POSITIVE = {"yes", "true", "t", "1", "1.0"}
SHUFFLES = 5

# The libraries' settings; none of them was searched on these folds.
REFERENCES = [
    ("xgboost defaults, 100 rounds", lambda x, y: bench.xgb_fit_fixed(bench.XGB_DEFAULTS, 100, x, y, 1)),
    ("xgboost 300 rounds", lambda x, y: bench.xgb_fit_fixed(bench.XGB_FIXED, 300, x, y, 1)),
    ("xgboost stopped, sampled", lambda x, y: bench.xgb_fit_stopped(bench.XGB_SAMPLED, x, y, 1)),
    ("xgboost rounds by cv, sampled", lambda x, y: bench.xgb_fit_cross_validated(bench.XGB_SAMPLED, x, y, 1)),
]


class Case:
    """A file, its label and its folds, in a data frame and in table quality_case."""

    def __init__(self, connection, path, label, folds_path, identifier):
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        self.labels = frame.pop(label).astype(str).str.lower().isin(POSITIVE).to_numpy()
        if folds_path is None:
            self.folds = bench.stratified_folds(self.labels, 5, 1)
        else:
            # row,fold with rows counted from 1 in the order of the file
            self.folds = pd.read_csv(folds_path).sort_values("row")["fold"].to_numpy()
        if len(self.folds) != len(frame):
            raise SystemExit("%s: %d rows, but %d in the folds" % (path, len(frame), len(self.folds)))
        self.features = frame.drop(columns=[identifier] if identifier else [])
        self.connection = connection
        self.named = "%s: %d rows, %d features, %.1f %% positive, %d folds" % (
            os.path.basename(path), len(frame), self.features.shape[1], 100 * self.labels.mean(),
            len(np.unique(self.folds)))
        shuffles = {"label_%d" % s: np.random.default_rng(s).permutation(self.labels) for s in range(SHUFFLES)}
        bench.load_frame(connection, "quality_case", pd.DataFrame(
            {"bench_row": np.arange(len(frame)), "bench_fold": self.folds, **self.features,
             "label": self.labels, **shuffles}))
        self.columns = ", ".join('"%s"' % name for name in self.features)

    def place_folds(self):
        """Puts other folds into the table."""
        with self.connection.cursor() as cursor:
            cursor.execute("UPDATE quality_case q SET bench_fold = f.fold FROM unnest(%s::int[]) WITH ORDINALITY f(fold, place) "
                           "WHERE q.bench_row = f.place - 1", ([int(fold) for fold in self.folds],))

    def each_fold(self, scores, labels):
        """Log-loss and AUC of every fold."""
        return [(log_loss(labels[part], scores[part]), auc(labels[part], scores[part]))
                for part in (self.folds == k for k in np.unique(self.folds))]

    def ours(self, options, label="label"):
        """Out-of-fold scores of cp_train and the CPU seconds of training them."""
        scores = np.empty(len(self.labels))
        seconds = 0.0
        pid = self.connection.get_backend_pid()
        for fold in np.unique(self.folds):
            source = 'SELECT bench_row, %s, "%s" FROM quality_case WHERE bench_fold <> %d ORDER BY bench_row' % (
                self.columns, label, fold)
            begin = bench.cpu_of(pid)
            run(self.connection, "SELECT cp_train('quality', %s, %s, %s)", source, label,
                json.dumps({"id": "bench_row", "test_size": 0, **options}))
            seconds += bench.cpu_of(pid) - begin
            for row, score in rows(self.connection, "SELECT bench_row, cp_predict(c, 'quality') FROM quality_case c "
                                                    "WHERE bench_fold = %s", int(fold)):
                scores[row] = score
            run(self.connection, "SELECT cp_drop_model('quality')")
        return scores, seconds

    def theirs(self, fit):
        """The same of XGBoost, with the encoding that serves it better."""
        best = None
        y = self.labels.astype(np.float32)
        for how in ("ordinal", "one-hot"):
            x = bench.encode(self.features, how)
            scores = np.empty(len(y))
            seconds = 0.0
            for fold in np.unique(self.folds):
                part = self.folds == fold
                begin = bench.own_cpu()
                booster = fit(x[~part], y[~part])
                seconds += bench.own_cpu() - begin
                scores[part] = bench.xgb_score(booster, x[part])
            each = self.each_fold(scores, self.labels)
            if best is None or np.mean(each, axis=0)[0] < np.mean(best[1], axis=0)[0]:
                best = (how, each, seconds)
        return best


def given_figures(path):
    """Log-loss and AUC of the reference libraries on the same folds, measured once elsewhere."""
    return [(line.model, line.logloss, line.auc) for line in pd.read_csv(path).itertuples()]


def measure(connection, path, label, folds_path, identifier, options, baselines=None):
    heading("quality: is the model as good as those of other libraries?")
    case = Case(connection, path, label, folds_path, identifier)
    say(case.named)
    say("options of cp_train: %s; XGBoost with ordinals or one-hot columns, whichever gives it the lower log-loss",
        json.dumps(options) if options else "none (defaults)")
    say()
    scores, seconds = case.ours(options)
    each = case.each_fold(scores, case.labels)
    bench.table(["fold", "log-loss", "AUC"], [[fold, "%.4f" % loss, "%.4f" % area]
                                              for fold, (loss, area) in zip(np.unique(case.folds), each)])
    mean_loss, mean_auc = np.mean(each, axis=0)
    lines = [["cp_train", "%.4f" % mean_loss, "%.4f" % mean_auc, "%.2f" % seconds]]
    for name, fit in REFERENCES:
        how, theirs, their_seconds = case.theirs(fit)
        loss, area = np.mean(theirs, axis=0)
        lines.append(["%s (%s)" % (name, how), "%.4f" % loss, "%.4f" % area, "%.2f" % their_seconds])
    for name, loss, area in given_figures(baselines) if baselines else []:
        lines.append(["given: %s" % name, "%.4f" % loss, "%.4f" % area, ""])
    bench.table(["means over the folds", "log-loss", "AUC", "CPU s of training"], lines)

    shuffled = []
    for s in range(SHUFFLES):
        name = "label_%d" % s
        truth = np.array([one for one, in rows(connection, 'SELECT "%s" FROM quality_case ORDER BY bench_row' % name)])
        shuffled.append(np.mean([area for _, area in case.each_fold(case.ours(options, name)[0], truth)]))
    say("AUC with shuffled labels, a mean over the folds for each of %d shuffles: %s", SHUFFLES,
        " ".join("%.4f" % one for one in shuffled))
    run(connection, "DROP TABLE quality_case")
    return [
        Figure("quality: mean log-loss", 0.4120, mean_loss, digits=4),
        Figure("quality: mean AUC", 0.8487, mean_auc, least=True, digits=4),
        Figure("quality: AUC, shuffled label", 0.5, float(np.mean(shuffled)), digits=4, within=0.02),
    ]
