"""Noise added to Telco's columns: does it come to have an importance, with screening and without?"""

import io
import os

import numpy as np

import bench
import single
from bench import Figure, heading, run, say

SEEDS = range(1, 21)
TELCO = os.path.join(bench.ROOT, "test/data/telco_churn.csv")


def add_noise(connection, seed):
    """A normal number, a yes or no, one of five texts."""
    rng = np.random.default_rng(seed)
    with open(TELCO) as file:
        customers = [line.split(",", 1)[0] for line in file][1:]
    lines = zip(customers, rng.normal(size=len(customers)), rng.integers(0, 2, len(customers)), rng.integers(0, 5, len(customers)))
    run(connection, "DROP TABLE IF EXISTS noise")
    run(connection, "CREATE TEMP TABLE noise (customer_id text PRIMARY KEY, noise_number float8, noise_flag bool, noise_text text)")
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY noise FROM STDIN", io.StringIO("".join("%s\t%.17g\t%d\tn%d\n" % line for line in lines)))


def train(connection, seed, screen):
    """Log-loss held out, ranks of the noise columns (the worse one where others are equal), and how many features there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT log_loss FROM cp_train('noisy', 'SELECT * FROM customer JOIN noise USING (customer_id)', 'churn', "
                       "jsonb_build_object('id', 'customer_id', 'seed', %s, 'screen', %s))", (seed, screen))
        loss = cursor.fetchone()[0]
        cursor.execute("SELECT feature, rank() OVER (ORDER BY permutation DESC) FROM cp_feature_importance('noisy')")
        ranks = cursor.fetchall()
    run(connection, "SELECT cp_drop_model('noisy')")
    return loss, [rank for feature, rank in ranks if feature.startswith("noise")], len(ranks)


def measure(connection):
    heading("screen: noise among the columns")
    run(connection, "SET client_min_messages = warning")
    single.make_table(connection)
    say("telco_churn.csv and three columns of noise, a seed for the noise and the training; permutation importance on held-out rows")
    say()
    lines, quiet = [], [0, 0]
    for seed in SEEDS:
        add_noise(connection, seed)
        results = [train(connection, seed, screen) for screen in (True, False)]
        for k, (_, ranks, features) in enumerate(results):
            quiet[k] += min(ranks) > features / 2
        lines.append([loss for loss, _, _ in results] + [min(ranks) for _, ranks, _ in results])
    lines = np.array(lines)
    bench.table(["", "log-loss", "first noise at rank, mean", "in the bottom half"],
                [[name, "%.4f" % lines[:, k].mean(), "%.1f" % lines[:, 2 + k].mean(), "%d of %d" % (quiet[k], len(lines))]
                 for k, name in enumerate(["screened", "\"screen\": false"])])
    run(connection, "DROP TABLE customer_numbered, customer, noise")
    return [Figure("screen: seeds with all noise in the bottom half", len(SEEDS), quiet[0], least=True, digits=0)]
