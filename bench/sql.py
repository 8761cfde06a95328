#!/usr/bin/env python3
"""SQL on ten million rows: a node over HTTP against DuckDB, ROAPI and Datasette, side by side.

    python3 bench/sql.py [--rows 10000000] [--rounds 5] [--peers duckdb,roapi,datasette]

Starts a node of its own (TIANYUAN_BIN, or target/release/tianyuan), brings made-up readings in as a
CSV and opens them, with the column of mobile numbers masked for strangers. The peers get the same
rows: DuckDB as the node's own Parquet and as a table of its own (its manual's advice for repeated
queries), ROAPI as the same Parquet, Datasette as SQLite with the indices its manual advises. Five
queries of rising weight are asked in turn (A B C A B C …), and every answer is compared before it
counts. The last lines are what the gate costs: the same queries by somebody who may see the column
as it is, and by a stranger, who gets it masked.

Needs `duckdb`, and `roapi` and `datasette` where they are asked for, in the Python that runs it.
"""
import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from urllib.parse import quote

import duckdb

from node import Node, enter, free_port, load, machine, publish, upload, waited

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
GATE = [
    ("a filter on the column", "SELECT count(*) AS n FROM readings WHERE mobile LIKE '140%77'"),
    ("groups of the column", "SELECT count(*) AS n FROM (SELECT DISTINCT mobile FROM readings)"),
    ("another column", "SELECT sum(visits) AS v FROM readings"),
]
# Numbers that look random and are the same each time; towns as in the sample district.
MAKE = """COPY (SELECT ['夏阳街道','盈浦街道','香花桥街道','朱家角镇','赵巷镇','徐泾镇','华新镇','重固镇','白鹤镇','练塘镇','金泽镇'][1 + CAST(h % 11 AS INT)] AS town,
  'D' || lpad(CAST(h // 11 % 10000 AS VARCHAR), 5, '0') AS device, DATE '2024-01-01' + CAST(n // {day} AS INT) AS day,
  CAST(h // 7 % 24 AS INT) AS hour, (h // 13 % 5000) / 10.0 AS pm25, CAST(h // 17 % 1000 AS INT) AS visits,
  '1400' || lpad(CAST(h // 19 % 10000000 AS VARCHAR), 7, '0') AS mobile
  FROM (SELECT n, hash(n) AS h FROM range({rows}) t(n))) TO '{path}' (HEADER)"""


def timed(ask):
    begun = time.perf_counter()
    rows = ask()
    return time.perf_counter() - begun, rows


def same(a, b):
    near = lambda x, y: x == y or (isinstance(x, float) and abs(x - y) <= 1e-6 * max(1, abs(y)))
    return len(a) == len(b) and all(len(r) == len(s) and all(map(near, r, s)) for r, s in zip(a, b))


def ask_node(client, sql):
    return [list(row.values()) for row in client.call("POST", "/api/v1/sql", {"sql": sql})["rows"]]


def graded(field):
    """The mobile numbers leave masked, whatever was found in them."""
    if field["name"] == "mobile":
        field.update({"type": "text", "grade": 3, "class": "mobile", "otherwise": {"kind": "mask", "keep_first": 3, "keep_last": 2}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="duckdb,roapi,datasette")
    options = parser.parse_args()
    print(machine(), "DuckDB", duckdb.__version__)
    with Node({"TIANYUAN__LAKE__QUERY_SECONDS_MAX": "600"}) as node:
        node.samples()
        officer = node.officer()
        path = os.path.join(node.folder, "readings.csv")
        duckdb.sql(MAKE.format(rows=options.rows, day=max(1, options.rows // 360), path=path))
        dataset = enter(officer, node.unit(officer), "readings", "测量：一千万行（示例）")
        begun = time.perf_counter()
        at, _ = upload(officer, dataset, path)
        found, _ = waited(officer, at, "read")
        loaded, _ = load(officer, at, found, graded)
        seconds = time.perf_counter() - begun
        accepted = loaded["checked"]["accepted"]
        print(f"{accepted:,} rows ({os.path.getsize(path) / 1e6:.0f} MB of CSV) sent, checked and written in {seconds:.1f} s")
        if accepted != options.rows:
            raise SystemExit(f"{options.rows} rows were sent: {loaded['checked']}")
        publish(officer, dataset, "号码脱敏后开放，供测量。")
        run(node, officer, dataset, options)


def run(node, officer, dataset, options):
    link = node.stranger.call("POST", f"/api/v1/datasets/{dataset}/file-links", {})
    file = os.path.join(node.folder, "readings.parquet")
    seconds, _ = timed(lambda: urllib.request.urlretrieve(f"http://127.0.0.1:{node.port}{link['path']}", file))
    size = os.path.getsize(file)
    print(f"download of {size / 1e6:.0f} MB of Parquet: {size / 1e6 / seconds:.0f} MB/s")
    peers, wanted = [], options.peers.split(",")
    view = duckdb.connect()
    view.execute(f"CREATE VIEW readings AS SELECT * FROM '{file}'")
    if "duckdb" in wanted:
        table = duckdb.connect()
        table.execute(f"CREATE TABLE readings AS SELECT * FROM '{file}'")
        ask = lambda connection, sql: [list(row) for row in connection.execute(sql).fetchall()]
        peers += [("DuckDB, Parquet", lambda sql: ask(view, sql)), ("DuckDB, table", lambda sql: ask(table, sql))]
    ended = []
    for name, start in (("roapi", roapi), ("datasette", datasette)):
        if name in wanted:
            try:
                words, ask_it, process = start(view, file, node.folder)
                peers.append((words, ask_it))
                ended.append(process)
            except Exception as error:
                print(f"SKIPPED {name}: {error}")
    try:
        compare(node, officer, peers, options)
    finally:
        for process in ended:
            process.terminate()


def compare(node, officer, peers, options):
    print("\n| query | node ms | " + " | ".join(f"{name} ms | node is × its time" for name, _ in peers) + " |")
    print("|---|---|" + "---|---|" * len(peers))
    for words, sql in QUERIES:
        ours, theirs = [], [[] for _ in peers]
        for _ in range(options.rounds):
            seconds, rows = timed(lambda: ask_node(node.stranger, sql))
            ours.append(seconds)
            for (name, peer), times in zip(peers, theirs):
                # One answer of minutes tells enough.
                if times and times[0] > 60:
                    continue
                seconds, others = timed(lambda: peer(sql))
                times.append(seconds)
                if not same(rows, others):
                    raise SystemExit(f"{words}: {name} answers otherwise: {rows[:3]} {others[:3]}")
        mine = statistics.median(ours)
        cells = " | ".join(f"{statistics.median(t) * 1e3:,.0f} | {mine / statistics.median(t):.3f}" for t in theirs)
        print(f"| {words} | {mine * 1e3:,.0f} | {cells} |", flush=True)
    print("\n| the gate | as it is, ms | masked, ms | ratio |\n|---|---|---|---|")
    for words, sql in GATE:
        plain, masked = [], []
        for _ in range(options.rounds):
            plain.append(timed(lambda: ask_node(officer, sql))[0])
            masked.append(timed(lambda: ask_node(node.stranger, sql))[0])
        p, m = statistics.median(plain), statistics.median(masked)
        print(f"| {words} | {p * 1e3:,.0f} | {m * 1e3:,.0f} | {m / p:.2f} |", flush=True)


def answers(base, process):
    for _ in range(600):
        try:
            urllib.request.urlopen(base, timeout=5).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise RuntimeError("it ended at start")
            time.sleep(0.1)
    raise RuntimeError("it did not come up")


def roapi(_, file, folder):
    """The same Parquet, kept in its memory, which is how it loads tables."""
    port = free_port()
    program = os.path.join(os.path.dirname(sys.executable), "roapi")
    process = subprocess.Popen([program, "--addr-http", f"127.0.0.1:{port}", "--addr-postgres", f"127.0.0.1:{free_port()}",
                                "--table", f"readings={file}"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}/api"
    answers(base + "/schema", process)

    def ask(sql):
        request = urllib.request.Request(base + "/sql", sql.encode(), {"accept": "application/json"})
        return [list(row.values()) for row in json.load(urllib.request.urlopen(request, timeout=900))]
    return "ROAPI", ask, process


def datasette(view, _, folder):
    """Rows in SQLite with the indices its manual advises; asked through Datasette's own JSON API."""
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
    base = f"http://127.0.0.1:{port}/readings.json?_shape=arrays&sql="
    answers(base + "select+1", process)
    ask = lambda sql: json.load(urllib.request.urlopen(base + quote(sql), timeout=900))["rows"]
    return "Datasette", ask, process


if __name__ == "__main__":
    main()
