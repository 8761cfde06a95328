#!/usr/bin/env python3
"""SQL on ten million rows: the lake over HTTP against DuckDB (and Datasette), side by side.

    python3 bench/sql.py [--rows 10000000] [--rounds 5] [--datasette]

Builds the example `lake_node` (release), loads the rows, hands the same rows to DuckDB as one
Parquet file and as its own table (its manual's advice for repeated queries), and asks five
queries of rising weight in turn (A B A B …). Each answer is compared before it counts. The last
lines are what the gate costs: the same queries where a column leaves masked.

Needs `duckdb` and `requests` (and `datasette` for --datasette) in the Python that runs it.
"""
import argparse
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import duckdb

QUERIES = [
    ("filter and count", "SELECT count(*) AS n FROM readings WHERE hour = 8 AND pm25 > 400"),
    ("sums by town and hour", "SELECT town, hour, count(*) AS n, sum(visits) AS v, avg(pm25) AS p "
     "FROM readings GROUP BY town, hour ORDER BY town, hour"),
    ("ten busiest of 10,000 devices", "SELECT device, sum(visits) AS v FROM readings "
     "GROUP BY device ORDER BY v DESC, device LIMIT 10"),
    ("distinct values by town", "SELECT town, count(DISTINCT visits) AS d FROM readings "
     "GROUP BY town ORDER BY town"),
    ("join with one's own daily mean", "SELECT r.town, count(*) AS n FROM readings r JOIN "
     "(SELECT town, day, avg(pm25) AS p FROM readings GROUP BY town, day) m "
     "ON r.town = m.town AND r.day = m.day WHERE r.pm25 > m.p * 1.5 GROUP BY r.town ORDER BY r.town"),
]
MASKED = [
    ("a filter on the column", "SELECT count(*) AS n FROM readings WHERE mobile LIKE '138%77'"),
    ("groups of the column", "SELECT count(*) AS n FROM (SELECT DISTINCT mobile FROM readings)"),
    ("another column", "SELECT sum(visits) AS v FROM readings"),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Lake:
    def __init__(self, binary, folder, rows):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [binary, os.path.join(folder, "data"), str(rows), str(self.port), str(free_port())])
        for _ in range(6000):
            try:
                urllib.request.urlopen(f"{self.base}/api/v1/sql/tables", timeout=5).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("lake_node ended")
                time.sleep(0.1)
        sys.exit("lake_node did not come up")

    def post(self, path, body, role=None):
        headers = {"content-type": "application/json"}
        if role:
            headers["x-test-role"] = role
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request, timeout=600))

    def ask(self, sql, role="data_officer"):
        return [list(row.values()) for row in self.post("/api/v1/sql", {"sql": sql}, role)["rows"]]


def timed(ask):
    begun = time.perf_counter()
    rows = ask()
    return time.perf_counter() - begun, rows


def same(a, b):
    if len(a) != len(b):
        return False
    near = lambda x, y: x == y or (isinstance(x, float) and abs(x - y) <= 1e-6 * max(1, abs(y)))
    return all(len(r) == len(s) and all(map(near, r, s)) for r, s in zip(a, b))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--datasette", action="store_true")
    parser.add_argument("--binary")
    options = parser.parse_args()
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    binary = options.binary
    if not binary:
        subprocess.run(["cargo", "build", "--release", "-q", "-p", "tianyuan-lake", "--example", "lake_node"],
                       cwd=here, check=True)
        binary = os.path.join(here, "target/release/examples/lake_node")
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        lake = Lake(binary, folder, options.rows)
        try:
            print(f"{options.rows:,} rows made and published in {time.perf_counter() - begun:.1f} s")
            run(lake, folder, options)
        finally:
            lake.process.terminate()
            lake.process.wait()


def run(lake, folder, options):
    link = lake.post("/api/v1/datasets/dataset_readings/file-links", {}, "data_officer")
    file = os.path.join(folder, "readings.parquet")
    seconds, _ = timed(lambda: urllib.request.urlretrieve(lake.base + link["path"], file))
    size = os.path.getsize(file)
    print(f"download of {size / 1e6:.0f} MB of Parquet: {size / 1e6 / seconds:.0f} MB/s")
    table, view = duckdb.connect(), duckdb.connect()
    table.execute(f"CREATE TABLE readings AS SELECT * FROM '{file}'")
    view.execute(f"CREATE VIEW readings AS SELECT * FROM '{file}'")
    ask = lambda connection, sql: [list(row) for row in connection.execute(sql).fetchall()]
    peers = [("DuckDB, Parquet", lambda sql: ask(view, sql)), ("DuckDB, table", lambda sql: ask(table, sql))]
    if options.datasette:
        peers.append(datasette(view, folder))
    print("\n| query | lake ms | " + " | ".join(f"{name} ms | ratio" for name, _ in peers) + " |")
    print("|---|---|" + "---|---|" * len(peers))
    for words, sql in QUERIES:
        ours, theirs = [], [[] for _ in peers]
        for _ in range(options.rounds):
            seconds, rows = timed(lambda: lake.ask(sql))
            ours.append(seconds)
            for (name, peer), times in zip(peers, theirs):
                seconds, others = timed(lambda: peer(sql))
                times.append(seconds)
                if not same(rows, others):
                    sys.exit(f"{words}: {name} answers otherwise: {rows[:3]} {others[:3]}")
        mine = statistics.median(ours)
        cells = " | ".join(f"{statistics.median(t) * 1e3:.0f} | {mine / statistics.median(t):.2f}" for t in theirs)
        print(f"| {words} | {mine * 1e3:.0f} | {cells} |", flush=True)
    print("\n| the gate: | as it is, ms | masked, ms | ratio |\n|---|---|---|---|")
    for words, sql in MASKED:
        plain, masked = [], []
        for _ in range(options.rounds):
            plain.append(timed(lambda: lake.ask(sql))[0])
            masked.append(timed(lambda: lake.ask(sql, role=None))[0])
        p, m = statistics.median(plain), statistics.median(masked)
        print(f"| {words} | {p * 1e3:.0f} | {m * 1e3:.0f} | {m / p:.2f} |", flush=True)


def datasette(view, folder):
    """Rows in SQLite with the index its manual advises; asked through Datasette's own JSON API."""
    path = os.path.join(folder, "readings.db")
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE readings (town TEXT, device TEXT, day TEXT, hour INT, pm25 REAL, visits INT, mobile TEXT)")
    rows = view.execute("SELECT town, device, CAST(day AS VARCHAR), hour, pm25, visits, mobile FROM readings")
    while batch := rows.fetchmany(100_000):
        database.executemany("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", batch)
    for column in ("hour", "town", "device"):
        database.execute(f"CREATE INDEX readings_{column} ON readings ({column})")
    database.commit()
    database.execute("ANALYZE")
    database.close()
    port = free_port()
    command = [sys.executable, "-m", "datasette", "-i", path, "-p", str(port), "--setting",
               "sql_time_limit_ms", "600000", "--setting", "max_returned_rows", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import atexit
    atexit.register(process.terminate)
    base = f"http://127.0.0.1:{port}/readings.json?_shape=arrays&sql="
    for _ in range(300):
        try:
            urllib.request.urlopen(base + "select+1", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    from urllib.parse import quote
    return "Datasette", lambda sql: json.load(urllib.request.urlopen(base + quote(sql), timeout=900))["rows"]


if __name__ == "__main__":
    main()
