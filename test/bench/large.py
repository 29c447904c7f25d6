"""The large table: Telco customers drawn again and again, numbers jittered, seeded.

20 features of mixed types (11 texts, 4 booleans, 2 integers, 2 numerics, 1 double)
and the label of the customer drawn. The same rows are a float32 matrix for XGBoost.
"""

import io
import os

import numpy as np
import pandas as pd

import bench

TYPES = {
    "partner": "boolean", "dependents": "boolean", "phone_service": "boolean", "paperless_billing": "boolean",
    "senior_citizen": "smallint", "tenure": "integer",
    "monthly_charges": "numeric(8,2)", "total_charges": "numeric(10,2)", "average_charges": "double precision",
}
CHUNK = 100000


def draw(rows, seed):
    """A data frame of so many customers; column churn is the label."""
    rng = np.random.default_rng(seed)
    telco = pd.read_csv(os.path.join(bench.ROOT, "test/data/telco_churn.csv"), keep_default_na=False, na_values=[""])
    frame = telco.drop(columns="customer_id").iloc[rng.integers(0, len(telco), rows)].reset_index(drop=True)
    for name in [n for n, kind in TYPES.items() if kind == "boolean"] + ["churn"]:
        frame[name] = frame[name] == "Yes"
    frame["tenure"] = np.maximum(0, frame["tenure"] + rng.integers(-2, 3, rows))
    frame["monthly_charges"] = (frame["monthly_charges"] * rng.normal(1, 0.03, rows)).round(2)
    frame["total_charges"] = (frame["total_charges"] * rng.normal(1, 0.03, rows)).round(2)
    average = frame["total_charges"] / np.maximum(1, frame["tenure"]) * rng.normal(1, 0.01, rows)
    frame.insert(frame.shape[1] - 1, "average_charges", average)
    return frame


def load(connection, table, frame):
    columns = ", ".join("%s %s" % (name, "boolean" if name == "churn" else TYPES.get(name, "text")) for name in frame)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE %s (id integer, %s)" % (table, columns))
        for begin in range(0, len(frame), CHUNK):
            text = io.StringIO()
            part = frame.iloc[begin:begin + CHUNK]
            part.to_csv(text, header=False)
            text.seek(0)
            cursor.copy_expert("COPY %s FROM STDIN WITH (FORMAT csv)" % table, text)
        cursor.execute("VACUUM (FREEZE, ANALYZE) %s" % table)


def matrix(frame):
    """Features as float32, texts as ordinals of the sorted values, and the labels."""
    x = bench.encode(frame.drop(columns="churn"), "ordinal")
    return x, frame["churn"].to_numpy(dtype=np.float32)
