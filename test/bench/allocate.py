"""Allocation: the optimum and its proof from 1,000 to 10,000,000 customers, beside glpsol and cbc, streamed, and by one scan."""

import io
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

import bench
from bench import Figure, heading, rows, run, say, value

# What of a formula's customers: actions, their kinds and base costs in cents. The first five are the reference's.
ACTIONS = [("discount_10", "discount", 200), ("discount_20", "discount", 500), ("upgrade", "upgrade", 900),
           ("offer_a", "offer", 300), ("offer_b", "offer", 700), ("contact", "contact", 150)]
CAPS = {"discount": 0.15, "upgrade": 0.04, "offer": 0.2}  # a customer; the budget is 2 a customer

# Of the five actions: sums of all values and costs, and bounds that enclose the linear program's optimum, from another implementation.
KNOWN = {
    1000: (176067.64, 51990.14, 24498.530693739427, 24498.530693739427),
    10000: (1752612.97, 520132.17, 245132.1682352941, 245132.16843643642),
    100000: (17478588.4, 5198780.6, 2454253.491468421, 2454253.493103867),
    1000000: (174843397.92, 51975895.75, 24541595.187616915, 24541595.202966772),
}

CHUNK = 500000
SECONDS = 60  # that the others may take for an integer program
PARTITIONS, WORKERS = 16, (0, 2, 4)
PRICES = "{36,36,0,24,24}", "{4.8}"  # of five classes, by count and by money


# --- customers ----------------------------------------------------------------

def scramble(customers, action, which, seed=1):
    m = 2147483647
    x = ((customers * 8 + action) * 4 + which + seed * 1000003) % m
    for factor, added, shift in ((48271, 11, 13), (69621, 7, 15), (16807, 3, 11)):
        x = (x * factor + added) % m
        x ^= x >> shift
    return (x * 40692 + 5) % m


def draw(first, count, actions):
    """Numbers, and values and costs in cents by customer and action, of customers by the formula."""
    customers = np.arange(first, first + count, dtype=np.int64)
    liking = scramble(customers, 0, 1) % 4000 - 1500
    values = np.stack([scramble(customers, a, 0) % 6000 + liking for a in range(1, actions + 1)], axis=1)
    costs = np.stack([base + scramble(customers, a + 1, 2) % (2 * base) for a, (_, _, base) in enumerate(ACTIONS[:actions])], axis=1)
    return customers, values, costs


def binary_rows(*columns):
    """Rows for COPY (FORMAT binary): bigints, and arrays of float8 where a column has two dimensions."""
    fields, parts = [("columns", ">i2")], {}
    for i, column in enumerate(columns):
        if column.ndim == 1:
            fields += [("size%d" % i, ">i4"), ("value%d" % i, ">i8")]
            parts.update({"size%d" % i: 8, "value%d" % i: column})
            continue
        k = column.shape[1]
        fields += [("size%d" % i, ">i4"), ("head%d" % i, ">i4", 5), ("array%d" % i, [("size", ">i4"), ("value", ">f8")], k)]
        # One dimension, no NULLs, float8, k elements from 1 on.
        parts.update({"size%d" % i: 20 + 12 * k, "head%d" % i: (1, 0, 701, k, 1), "array%d" % i: column})
    block = np.empty(len(columns[0]), dtype=fields)
    block["columns"] = len(columns)
    for name, part in parts.items():
        if name.startswith("array"):
            block[name]["size"], block[name]["value"] = 8, part
        else:
            block[name] = part
    return io.BytesIO(b"PGCOPY\n\xff\r\n\0" + bytes(8) + block.tobytes() + b"\xff\xff")


def load(connection, table, count, actions, make):
    """make: columns for binary_rows of what draw gives."""
    for first in range(1, count + 1, CHUNK):
        with connection.cursor() as cursor:
            cursor.copy_expert('COPY %s FROM STDIN (FORMAT binary)' % table,
                               binary_rows(*make(*draw(first, min(CHUNK, count + 1 - first), actions))))


def make_long(connection, table, count):
    """A row a customer and action."""
    def flat(customers, values, costs):
        k = values.shape[1]
        return np.repeat(customers, k), np.tile(np.arange(1, k + 1), len(customers)), values.ravel(), costs.ravel()
    run(connection, "CREATE UNLOGGED TABLE drawn (customer_id bigint, action bigint, value bigint, cost bigint)")
    load(connection, "drawn", count, 5, flat)
    run(connection, "CREATE UNLOGGED TABLE %s AS SELECT customer_id, (%%s::text[])[action] AS action, (%%s::text[])[action] AS kind, "
                    "value / 100.0::float8 AS value, cost / 100.0::float8 AS cost FROM drawn" % table,
        [a[0] for a in ACTIONS[:5]], [a[1] for a in ACTIONS[:5]])
    run(connection, "DROP TABLE drawn")
    run(connection, "VACUUM (FREEZE, ANALYZE) %s" % table)


def make_wide(connection, table, count, actions, partitions=0):
    """A row a customer, with arrays of float8."""
    run(connection, "CREATE %s TABLE %s (customer_id bigint, value float8[], cost float8[])%s"
        % ("" if partitions else "UNLOGGED", table, " PARTITION BY HASH (customer_id)" if partitions else ""))
    for i in range(partitions):
        run(connection, "CREATE UNLOGGED TABLE %s_%d PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d)" % (table, i, table, partitions, i))
    load(connection, table, count, actions, lambda customers, values, costs: (customers, values / 100, costs / 100))
    run(connection, "VACUUM (FREEZE, ANALYZE) %s" % table)


# --- allocating ----------------------------------------------------------------

class Allocation:
    """One call of cp_allocate in a session of its own, its plan written to a table: what it came to and took."""

    def __init__(self, source, count, method, actions=5, settings=(), **options):
        connection = bench.connect()
        for name, setting in (("max_parallel_workers_per_gather", 0), *settings):
            run(connection, "SET %s = %%s" % name, setting)
        # Catalogs and the library are loaded before the baseline is taken.
        run(connection, "SELECT count(*) FROM cp_allocate('SELECT 1 AS customer_id, ''a'' AS action, 1 AS value, 1 AS cost', caps => '{}', "
                        "options => '{\"include_control\": true}')")
        names = {"actions": [a[0] for a in ACTIONS[:actions]], "kinds": [a[1] for a in ACTIONS[:actions]]}
        self.limits = {"budget": 2.0 * count, **{kind: round(cap * count) for kind, cap in CAPS.items()}}
        caps = {kind: self.limits[kind] for kind in CAPS}
        pid = connection.get_backend_pid()
        before = bench.memory_of(pid)
        cpu, begin = bench.cpu_of(pid), time.perf_counter()
        watch = bench.PeakOfAnonymous(pid)
        watch.start()
        run(connection, "CREATE TEMP TABLE plan AS SELECT * FROM cp_allocate(%s, %s, %s, %s, options => %s)", source, method,
            self.limits["budget"], json.dumps(caps), json.dumps({"include_control": True, **names, **options}))
        self.cpu, self.seconds = bench.cpu_of(pid) - cpu, time.perf_counter() - begin
        peak, after = watch.stop(), bench.memory_of(pid)
        # VmHWM never forgets; what is shared or a file is taken off as it stands at the end.
        self.memory = max(peak, after["VmHWM"] - after["RssShmem"] - after["RssFile"]) - before["RssAnon"]
        self.bound, self.gap, self.proved, self.streamed, self.scans, self.read, self.solve = value(
            connection, "SELECT upper_bound, gap, proved, streamed, scans, read_seconds, solve_seconds FROM cp_allocation_report() LIMIT 1")
        self.sum_up(connection)
        connection.close()

    def sum_up(self, connection):
        """Value and excess over the limits, in numeric; and whoever got more than one choice."""
        used = dict.fromkeys(self.limits, 0)
        self.value = 0
        kinds = {action: kind for action, kind, _ in ACTIONS}
        for action, shares, gain, cost in rows(connection, "SELECT action, sum(share::numeric), sum(share::numeric * value::numeric), "
                                                           "sum(share::numeric * cost::numeric) FROM plan GROUP BY 1"):
            self.value += gain
            used["budget"] += cost
            if kinds[action] in used:
                used[kinds[action]] += shares
        self.excess = max(float(used[name]) - bound for name, bound in self.limits.items())
        self.value = float(self.value)
        self.shared, self.doubled = value(connection, "SELECT count(*) FILTER (WHERE n > 1 OR share < 1), count(*) FILTER (WHERE share > 1) FROM "
                                                      "(SELECT count(*) AS n, sum(share::numeric) AS share FROM plan GROUP BY customer_id) s")

    def columns(self):
        return ["%.2f" % self.value, "%.1e" % self.gap, "yes" if self.proved else "no", self.shared, "%.2f" % self.read, "%.2f" % self.solve,
                "%.2f" % self.cpu]


COLUMNS = ["value", "gap", "proved", "shared", "read s", "solve s", "CPU s"]


def distance(amount, low, high):
    """From a range, relative."""
    return max(low - amount, amount - high, 0) / high


# --- from 1,000 to 1,000,000 ----------------------------------------------------

def check_drawn(connection, table, count):
    gain, cost = value(connection, "SELECT sum(value::numeric), sum(cost::numeric) FROM %s" % table)
    if count in KNOWN and (round(float(gain), 2), round(float(cost), 2)) != KNOWN[count][:2]:
        raise SystemExit("customers were not drawn as they should be: %s, %s" % (gain, cost))


def measure_sizes(connection, count):
    say("-- sizes: a table with a row a customer and action (bigint, text, text, float8, float8), 5 actions, a budget and 3 caps; \"off\": of")
    say("the LP's value from bounds known from another implementation, relative; \"left\": what is missing to the LP's bound, relative;")
    say("\"shared\": customers with a share; seconds are CPU, of the report, and of the backend with the plan put into a table")
    lines, every, off, largest = [], [], [], {}
    for n in sorted({size for size in (1000, 10000, 100000) if size < count} | {count}):
        make_long(connection, "offer", n)
        check_drawn(connection, "offer", n)
        for method in ("lp", "knapsack", "greedy"):
            a = Allocation("offer", n, method)
            if method == "lp":
                bound = a.bound
                known = n in KNOWN
                off += [distance(a.value, *KNOWN[n][2:])] if known else []
            every.append(a)
            largest[method] = a
            lines.append(["%d %s" % (n, method), "%.1e" % off[-1] if method == "lp" and known else "", "%.1e" % (1 - a.value / bound), *a.columns()])
        if n == count:
            lines += measure_types(connection, n)
        run(connection, "DROP TABLE offer")
    bench.table(["customers, method", "off", "left", *COLUMNS], lines)
    figures = [Figure("allocate: LP off the known optimum, worst", 1e-7, max(off), digits=None),
               Figure("allocate: excess over a limit, worst", 0, max(a.excess for a in every), digits=None),
               Figure("allocate: customers with more than one whole", 0, max(a.doubled for a in every), digits=0)]
    for method, gap in (("lp", 1e-6), ("knapsack", 1e-5)):
        a = largest[method]
        figures += [Figure("allocate: %s, %d customers, gap" % (method, count), gap, a.gap, digits=None),
                    Figure("allocate: the same, CPU, reading and writing too", 6, a.cpu, unit=" s", digits=2),
                    Figure("allocate: the same, of which solving", 2, a.solve, unit=" s", digits=2)]
    return figures


def measure_types(connection, count):
    """The largest size once more, with ids that are texts and money that is numeric."""
    run(connection, "CREATE UNLOGGED TABLE plain AS SELECT 'C' || lpad(customer_id::text, 8, '0') AS customer_id, action, kind, "
                    "value::numeric(10,2) AS value, cost::numeric(10,2) AS cost FROM offer")
    run(connection, "VACUUM (FREEZE, ANALYZE) plain")
    a = Allocation("plain", count, "lp")
    run(connection, "DROP TABLE plain")
    return [["%d lp, text, numeric" % count, "", "%.1e" % (1 - a.value / a.bound), *a.columns()]]


# --- 10,000,000 -----------------------------------------------------------------

def measure_large(connection, count):
    say("-- many: %d customers, arrays of 6 values and 6 costs, bigint ids; memory is the backend's peak over its baseline", count)
    make_wide(connection, "wide", count, 6)
    lines, figures = [], []
    for kind in ("float8", "real"):
        if kind == "real":
            run(connection, "CREATE UNLOGGED TABLE narrow AS SELECT customer_id, value::real[] AS value, cost::real[] AS cost FROM wide")
            run(connection, "DROP TABLE wide")
            run(connection, "ALTER TABLE narrow RENAME TO wide")
            run(connection, "VACUUM (FREEZE, ANALYZE) wide")
        for method in ("lp", "knapsack"):
            a = Allocation("wide", count, method, actions=6)
            lines.append(["%s[] %s" % (kind, method), *a.columns(), "%.0f" % a.memory, "streamed" if a.streamed else "in memory", "%.0e" % a.excess])
            if method == "lp":
                where = "streamed" if a.streamed else "in memory"
                figures += [Figure("allocate: %d customers, %s[], %s, CPU" % (count, kind, where), 60, a.cpu, unit=" s", digits=1),
                            Figure("allocate: the same, peak memory", 1024, a.memory, unit=" MB", digits=0)]
    run(connection, "DROP TABLE wide")
    bench.table(["arrays", *COLUMNS, "MB", "", "excess"], lines)
    return figures


# --- beside others --------------------------------------------------------------

def write_program(path, count, integer):
    """The instance in CPLEX's LP format, which both read."""
    _, values, costs = draw(1, count, 5)
    everybody, every = range(count), range(5)
    lines = ["Maximize", " value:"]
    lines += [" ".join("%+.2f x%d_%d" % (values[i, a] / 100, i, a) for a in every) for i in everybody]
    lines += ["Subject To", " budget:"]
    lines += [" ".join("%+.2f x%d_%d" % (costs[i, a] / 100, i, a) for a in every) for i in everybody] + ["<= %d" % (2 * count)]
    for kind, cap in CAPS.items():
        capped = [a for a in every if ACTIONS[a][1] == kind]
        lines += [" %s:" % kind] + [" ".join("+ x%d_%d" % (i, a) for a in capped) for i in everybody] + ["<= %d" % round(cap * count)]
    lines += [" c%d: %s <= 1" % (i, " + ".join("x%d_%d" % (i, a) for a in every)) for i in everybody]
    if integer:
        lines += ["Binary"] + [" ".join("x%d_%d" % (i, a) for a in every) for i in everybody]
    with open(path, "w") as file:
        file.write("\n".join(lines + ["End", ""]))


class Solver:
    """A run of another program: its CPU seconds, and the objective that its solution file names."""

    def __init__(self, command, solution, pattern):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit("%s failed" % command[0])
        self.cpu = usage.ru_utime + usage.ru_stime
        with open(solution) as file:
            self.status, self.value = re.search(pattern, file.read(), re.MULTILINE).groups()


def solve_beside(directory, integer):
    """Both programs on the same file: rows of the table."""
    program, solution = os.path.join(directory, "program.lp"), os.path.join(directory, "solution")
    kind = "integer" if integer else "LP"
    write_program(program, 10000, integer)
    glpsol = Solver(["glpsol", "--lp", program, "--tmlim", str(SECONDS), "-w", solution], solution,
                    r"^s mip \d+ \d+ (\w) (\S+)" if integer else r"^s bas \d+ \d+ (\w) \w (\S+)")
    cbc = Solver(["cbc", program, "-sec", str(SECONDS), "-solve", "-solu", solution], solution, r"^(.*) - objective value +(\S+)")
    lines = []
    for name, solver, best, found in (("glpsol", glpsol, "o" if integer else "f", glpsol.status != "u"),
                                      ("cbc", cbc, "Optimal", "no integer solution" not in cbc.status)):
        lines.append(["%s, %s" % (name, kind), "%.6f" % float(solver.value) if found else "none found", "yes" if solver.status == best else "no", "",
                      "%.2f" % solver.cpu])
    return lines


def measure_beside(connection):
    say("-- beside others: 10,000 customers, 5 actions; glpsol and cbc on one file in CPLEX's format, their whole process with reading it,")
    say("an integer program for %d s at most; ours: the whole statement, of which solving", SECONDS)
    make_long(connection, "offer", 10000)
    # The first call warms caches for nobody's good but the table's.
    ours = [Allocation("offer", 10000, "lp") for _ in range(4)][1:]
    whole = [Allocation("offer", 10000, "knapsack"), Allocation("offer", 10000, "knapsack", seconds=SECONDS)]
    run(connection, "DROP TABLE offer")
    with tempfile.TemporaryDirectory() as directory:
        lines = [["ours, LP", "%.6f" % ours[0].value, "yes" if ours[0].proved else "no", "%.3f" % statistics.median(a.solve for a in ours),
                  "%.2f" % statistics.median(a.cpu for a in ours)]]
        lines += solve_beside(directory, False)
        lines += [["ours, integer, %s" % name, "%.6f" % a.value, "yes" if a.proved else "no, gap %.0e" % a.gap, "%.3f" % a.solve, "%.2f" % a.cpu]
                  for name, a in zip(("as it comes", "%d s" % SECONDS), whole)]
        lines += solve_beside(directory, True)
    bench.table(["", "value", "proved", "solving, CPU s", "CPU s"], lines)
    return [Figure("allocate: 10,000 customers, LP, solving", 0.1, statistics.median(a.solve for a in ours), unit=" s")]


# --- streamed -------------------------------------------------------------------

def streaming(workers):
    """Settings under which an allocation is streamed by so many workers."""
    return (("churnprevent.allocation_memory", "16MB"), ("max_parallel_workers_per_gather", workers), ("parallel_setup_cost", 0),
            ("parallel_tuple_cost", 0), ("min_parallel_table_scan_size", 0))


def measure_streaming(connection, count):
    say("-- streamed: %d customers, arrays of 5 in %d partitions, allocation_memory 16MB, by parallel workers; then the same in a table", count,
        PARTITIONS)
    say("with a row a customer and action; CPU of all processes")
    make_wide(connection, "parted", count, 5, PARTITIONS)
    make_long(connection, "offer", count)
    lines, streamed = [], []
    for name, table, workers in (("arrays, in memory", "parted", None), *[("arrays, %d workers" % n, "parted", n) for n in WORKERS],
                                 ("a row an action, 2 workers", "offer", 2)):
        cpu = bench.cpu_of_ended(connection)
        a = Allocation(table, count, "lp", settings=() if workers is None else streaming(workers))
        time.sleep(0.3)
        cpu = bench.cpu_of_ended(connection) - cpu
        streamed += [] if workers is None else [a]
        lines.append([name if a.streamed or workers is None else name + ", not streamed", "%.6f" % a.value, "%.6f" % a.bound, "%.1e" % a.gap, a.scans,
                      "%.0e" % a.excess, "%.2f" % a.seconds, "%.2f" % cpu])
    run(connection, "DROP TABLE parted, offer")
    bench.table(["", "value", "bound", "gap", "scans", "excess", "s", "CPU s"], lines)
    spread = max((max(x) - min(x)) / max(x) for x in ([a.value for a in streamed], [a.bound for a in streamed]))
    return [Figure("allocate: streamed, value and bound by workers", 1e-6, spread, digits=None),
            Figure("allocate: streamed, gap, worst", 1e-6, max(a.gap for a in streamed), digits=None)]


# --- one scan -------------------------------------------------------------------

def measure_scan(connection, count):
    make_wide(connection, "wide", count, 5)
    run(connection, "CREATE UNLOGGED TABLE narrow AS SELECT customer_id, value::real[] AS value, cost::real[] AS cost FROM wide")
    run(connection, "VACUUM (FREEZE, ANALYZE) narrow")
    session = bench.connect()
    run(session, "SET max_parallel_workers_per_gather = 0")
    whats = ("count(*)", "count(value[1])", "cp_price")
    expressions = (*whats[:2], "cp_price(value, cost, '{1,2,3,4,5}', '%s', '%s')" % PRICES)
    queries = {(table, what): "SELECT %s FROM %s" % (expression, table) for table in ("wide", "narrow") for what, expression in zip(whats, expressions)}
    seconds = {key: [] for key in queries}
    for _ in range(6):
        for key, query in queries.items():
            cpu = bench.cpu_of(session.get_backend_pid())
            run(session, query)
            seconds[key].append(bench.cpu_of(session.get_backend_pid()) - cpu)
    session.close()
    run(connection, "DROP TABLE wide, narrow")
    say("-- one scan: %d rows of arrays of 5, one process, CPU ns a row, best of 6", count)
    best = {key: min(times) / count * 1e9 for key, times in seconds.items()}
    bench.table(["arrays", *whats, "cp_price / count(value[1])"],
                [[name, *["%.0f" % best[table, what] for what in whats], "%.2f" % (best[table, "cp_price"] / best[table, "count(value[1])"])]
                 for table, name in (("wide", "float8[]"), ("narrow", "real[]"))])
    return []


def measure(connection, count):
    heading("allocate: budgets and caps")
    return (measure_sizes(connection, count) + measure_beside(connection) + measure_large(connection, 10 * count)
            + measure_streaming(connection, count // 2) + measure_scan(connection, count))
