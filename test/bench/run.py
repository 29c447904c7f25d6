#!/usr/bin/env python3
"""Runs benchmarks on the cluster that PG* names and prints one report. run.sh starts it."""

import argparse
import json
import os
import platform

import abtest
import allocate
import bench
import decide
import drift
import ensemble
import explain
import quality
import scoring
import screen
import single
import training
from bench import heading, run, say, value

ALL = ["quality", "ensemble", "training", "scoring", "single", "explain", "screen", "decide", "allocate", "abtest", "drift"]


def describe_machine(connection):
    import xgboost
    import numpy
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 2 ** 20
    say("machine     %d x %s, %.0f GB, Linux %s, load %.1f", os.cpu_count(), models[0] if models else platform.machine(),
        memory, platform.release(), os.getloadavg()[0])
    say("versions    churnprevent %s, PostgreSQL %s, xgboost %s, numpy %s, python %s",
        value(connection, "SELECT extversion FROM pg_extension WHERE extname = 'churnprevent'"),
        value(connection, "SHOW server_version"), xgboost.__version__, numpy.__version__, platform.python_version())
    say("settings    shared_buffers %s, jit %s, max_parallel_workers_per_gather %s",
        *[value(connection, "SHOW " + name) for name in ("shared_buffers", "jit", "max_parallel_workers_per_gather")])


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument("benchmarks", nargs="*", metavar="quality|ensemble|training|scoring|single|explain|screen|decide|allocate|abtest|drift",
                        help="which ones; all when none is named")
    parser.add_argument("--rows", type=int, default=1000000, help="of the large tables (1000000)")
    case = parser.add_argument_group("quality on another file")
    case.add_argument("--csv", help="file with a header; Telco when left out")
    case.add_argument("--label", default="label", help="its label: 0/1, true/false or yes/no")
    case.add_argument("--folds", help="file row,fold; five seeded stratified folds when left out")
    case.add_argument("--id", help="a column not to learn from")
    case.add_argument("--options", type=json.loads, default={}, help="of cp_train, JSON")
    given = parser.parse_args()
    for name in given.benchmarks:
        if name not in ALL:
            parser.error("there is no benchmark %s" % name)
    return given


def measure_quality(connection, given):
    if given.csv:
        # The targets are Telco's.
        quality.measure(connection, given.csv, given.label, given.folds, given.id, given.options)
        return []
    return quality.measure(connection, os.path.join(bench.ROOT, "test/data/telco_churn.csv"), "churn",
                           os.path.join(bench.HERE, "telco_folds.csv"), "customer_id", given.options,
                           os.path.join(bench.HERE, "telco_baselines.csv"))


def main():
    given = arguments()
    wanted = given.benchmarks or (["quality"] if given.csv else ALL)
    connection = bench.connect()
    run(connection, "SET client_min_messages = warning")
    run(connection, "CREATE EXTENSION IF NOT EXISTS churnprevent")
    describe_machine(connection)
    figures = []
    for name in wanted:
        figures += {
            "quality": lambda: measure_quality(connection, given),
            "ensemble": lambda: ensemble.measure(connection),
            "training": lambda: training.measure(connection, given.rows),
            "scoring": lambda: scoring.measure(connection, given.rows),
            "single": lambda: single.measure(connection),
            "explain": lambda: explain.measure(connection),
            "screen": lambda: screen.measure(connection),
            "decide": lambda: decide.measure(connection),
            "allocate": lambda: allocate.measure(connection, given.rows),
            "abtest": lambda: abtest.measure(connection, given.rows),
            "drift": lambda: drift.measure(connection, given.rows),
        }[name]()
    if figures:
        heading("figures")
        bench.table(["figure", "target", "measured", "reached"],
                    [[f.name, f.wanted, f.shown, f.reached]
                     for f in figures])


if __name__ == "__main__":
    main()
