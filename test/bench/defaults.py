#!/usr/bin/env python3
"""Judges sets of options of cp_train on data sets that are not Telco, so that
defaults are chosen on general grounds. defaults.sh starts it.

Every data set is cut into five stratified folds, once a seed; a set of options is
trained on four parts and scored on the fifth, and log-loss and AUC are those of
the scores of all five. The first set is what the others are compared with, fold
assignment by fold assignment.
"""

import argparse
import concurrent.futures
import glob
import io
import json
import os
import sys

import numpy as np
import pandas as pd

from bench import (XGB_DEFAULTS, XGB_FIXED, XGB_SAMPLED, auc, connect, cpu_of, encode, load_frame, log_loss, own_cpu, run,
                   stratified_folds, value, xgb_fit_cross_validated, xgb_fit_fixed, xgb_fit_stopped, xgb_score)


FOLDS = 5
ONE_FACTOR = {
    "learning_rate": [0.03, 0.05, 0.1],
    "max_depth": [3, 4, 5, 6],
    "min_child_weight": [1, 5, 10, 20],
    "subsample": [0.6, 0.8, 1],
    "colsample": [0.4, 0.6, 0.8, 1],
    "l2": [1, 5, 10],
}
REFERENCES = {
    "xgboost defaults": lambda x, y, seed: xgb_fit_fixed(XGB_DEFAULTS, 100, x, y, seed),
    "xgboost 300 rounds": lambda x, y, seed: xgb_fit_fixed(XGB_FIXED, 300, x, y, seed),
    "xgboost stopped": lambda x, y, seed: xgb_fit_stopped(XGB_SAMPLED, x, y, seed),
    "xgboost cv rounds": lambda x, y, seed: xgb_fit_cross_validated(XGB_SAMPLED, x, y, seed),
}

frames = {}
session = None


def prepare(directory, wanted):
    """Reads the files into frames and makes a table of each: d_NAME with row_id and label."""
    connection = connect()
    run(connection, "CREATE EXTENSION IF NOT EXISTS churnprevent")
    for path in sorted(glob.glob(os.path.join(directory, "*.csv"))):
        name = os.path.splitext(os.path.basename(path))[0]
        if wanted and name not in wanted:
            continue
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        frame.insert(0, "row_id", np.arange(len(frame)))
        frame["label"] = frame["label"].astype(bool)
        frames[name] = frame
        load_frame(connection, "d_" + name, frame)
    connection.close()


def own_session():
    """One connection a process."""
    global session
    if session is None or session[0] != os.getpid():
        session = (os.getpid(), connect())
        run(session[1], "SET client_min_messages = error")
        run(session[1], "CREATE TEMP TABLE part (row_id bigint PRIMARY KEY, fold int)")
    return session[1]


def folds_of(name, seed):
    return stratified_folds(frames[name]["label"], FOLDS, seed)


def judge_ours(name, seed, options):
    connection = own_session()
    frame = frames[name]
    folds = folds_of(name, seed)
    scores = np.empty(len(frame))
    begin = cpu_of(connection.get_backend_pid())
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE part")
        cursor.copy_expert("COPY part FROM STDIN", io.StringIO("".join("%d\t%d\n" % pair for pair in enumerate(folds))))
        for fold in range(FOLDS):
            model = "m%d" % os.getpid()
            cursor.execute("SELECT version FROM cp_train(%s, %s, 'label', %s)",
                           (model, 'SELECT d.* FROM "d_%s" d JOIN part USING (row_id) WHERE fold <> %d ORDER BY row_id'
                            % (name, fold), json.dumps(dict({"id": "row_id", "test_size": 0}, **options))))
            cursor.execute('SELECT row_id, cp_predict(d, %%s, %%s) FROM "d_%s" d JOIN part USING (row_id) WHERE fold = %%s'
                           % name, (model, cursor.fetchone()[0], fold))
            ids, values = zip(*cursor.fetchall())
            scores[list(ids)] = values
            cursor.execute("SELECT cp_drop_model(%s)", (model,))
    return figures(frame, scores, cpu_of(connection.get_backend_pid()) - begin)


def judge_reference(name, seed, fit, encoding):
    frame = frames[name]
    folds = folds_of(name, seed)
    x = encode(frame.drop(columns=["row_id", "label"]), encoding)
    y = frame["label"].to_numpy(dtype=np.float32)
    scores = np.empty(len(frame))
    begin = own_cpu()
    for fold in range(FOLDS):
        scores[folds == fold] = xgb_score(fit(x[folds != fold], y[folds != fold], seed), x[folds == fold])
    return figures(frame, scores, own_cpu() - begin)


def figures(frame, scores, seconds):
    return log_loss(frame["label"], scores), auc(frame["label"], scores), seconds


def judge(task):
    kind, what, name, seed = task
    if kind == "ours":
        return task, judge_ours(name, seed, json.loads(what))
    # The better encoding a data set, so that the comparison is no straw man.
    both = [judge_reference(name, seed, REFERENCES[what], encoding) for encoding in ("ordinal", "one-hot")]
    return task, min(both)


def options_in_force(options):
    """The gbm options of a training with these options, defaults included."""
    name = next(iter(frames))
    connection = own_session()
    run(connection, "SELECT cp_train('force', %s, 'label', %s)", 'SELECT * FROM "d_%s"' % name,
        json.dumps(dict({"id": "row_id"}, **options)))
    found = value(connection, "SELECT options->'gbm' FROM churnprevent.model WHERE name = 'force'")
    run(connection, "SELECT cp_drop_model('force')")
    return found


def one_factor_sets(base):
    """Base and the sets that differ from it in one option."""
    now = options_in_force(base)
    return [base] + [dict(base, gbm=dict(base.get("gbm", {}), **{name: one}))
                     for name, values in ONE_FACTOR.items() for one in values if one != now[name]]


def line_of(results, candidate, first, names, seeds):
    """Means over seeds and data sets, and the differences to the first set, paired."""
    kind, what = candidate
    losses = np.array([[results[(kind, what, n, s)][0] for s in seeds] for n in names])
    areas = np.array([[results[(kind, what, n, s)][1] for s in seeds] for n in names])
    base = np.array([[results[first + (n, s)][0] for s in seeds] for n in names])
    base_areas = np.array([[results[first + (n, s)][1] for s in seeds] for n in names])
    change = (losses / base - 1) * 100
    seconds = sum(results[(kind, what, n, s)][2] for n in names for s in seeds) / len(seeds)
    spread = change.std(axis=1, ddof=1) / np.sqrt(len(seeds)) if len(seeds) > 1 else np.zeros(len(names))
    return {
        "label": "defaults of the build" if what == "{}" else what,
        "change": change.mean(), "error": float(np.sqrt((spread ** 2).sum()) / len(names)),
        "median": float(np.median(change.mean(axis=1))),
        "auc": (areas - base_areas).mean(), "seconds": seconds,
        "losses": losses.mean(axis=1), "changes": change.mean(axis=1), "areas": areas.mean(axis=1),
    }


def report(lines, names, seeds, out):
    def markdown(title, head, body):
        print("\n%s\n" % title, file=out)
        print("| options | " + " | ".join(head) + " |", file=out)
        print("|---|" + "--:|" * len(head), file=out)
        for label, cells in body:
            print("| %s | " % label + " | ".join(cells) + " |", file=out)

    print("# Options of cp_train on data sets that are not Telco\n", file=out)
    print("%d data sets, 5 stratified folds, %d seed(s) of folds. Log-loss of the out-of-fold scores; change is "
          "against the first line, paired, negative is better; +- is one standard error over seeds. "
          "CPU seconds: all data sets, 5 fits each." % (len(names), len(seeds)), file=out)
    for name in names:
        print("- %s: %d rows, %d features, %.1f %% positive"
              % (name, len(frames[name]), frames[name].shape[1] - 2, 100 * frames[name]["label"].mean()), file=out)
    markdown("## Summary", ["mean change of log-loss %", "+-", "median over sets %", "AUC change", "CPU s"],
          [(l["label"], ["%+.2f" % l["change"], "%.2f" % l["error"], "%+.2f" % l["median"],
                         "%+.4f" % l["auc"], "%.1f" % l["seconds"]]) for l in lines])
    markdown("## Change of log-loss by data set, %", names,
          [(l["label"], ["%+.2f" % c for c in l["changes"]]) for l in lines])
    markdown("## Log-loss", names, [(l["label"], ["%.4f" % c for c in l["losses"]]) for l in lines])
    markdown("## AUC", names, [(l["label"], ["%.4f" % c for c in l["areas"]]) for l in lines])
    out.flush()


def main():
    parser = argparse.ArgumentParser(prog="defaults.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("options", nargs="*", type=json.loads,
                        help="""sets of options as JSON, e.g. '{"gbm":{"learning_rate":0.03}}'""")
    parser.add_argument("--grid", action="store_true", help="each option alone, around the first set")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--data", help="names of data sets, separated by commas")
    parser.add_argument("--no-xgboost", action="store_true")
    parser.add_argument("--report", help="write the report there as well")
    parser.add_argument("--directory", required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()

    prepare(given.directory, given.data.split(",") if given.data else None)
    base = given.options[0] if given.options else {}
    sets = (one_factor_sets(base) + given.options[1:]) if given.grid else [base] + given.options[1:]
    candidates = list(dict.fromkeys(("ours", json.dumps(one)) for one in sets))
    if not given.no_xgboost:
        candidates += [("xgb", name) for name in REFERENCES]
    names = list(frames)
    seeds = list(range(1, given.seeds + 1))

    # Seed by seed, so that a report of what is there can be written early.
    results = {}
    with concurrent.futures.ProcessPoolExecutor(given.jobs) as pool:
        for seed in seeds:
            tasks = [c + (n, seed) for n in names for c in candidates]
            for task, answer in pool.map(judge, tasks):
                results[task] = answer
            done = seeds[:seed]
            lines = [line_of(results, c, candidates[0], names, done) for c in candidates]
            if given.report:
                with open(given.report, "w") as out:
                    report(lines, names, done, out)
    report(lines, names, seeds, sys.stdout)


if __name__ == "__main__":
    main()
