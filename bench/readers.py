#!/usr/bin/env python3
"""64 readers and 4 uploads at once: errors, and how long answers take.

    python3 bench/readers.py [--readers 64] [--uploads 4] [--seconds 60] [--think 0.1] [--megabytes 20]

Starts a node of its own (TIANYUAN_BIN, or target/release/tianyuan) with the sample datasets. Each
reader asks one question after another, thinking in between: a search, a page of the catalogue, a
dataset, rows filtered and sorted, SQL, a CSV file. Each uploader sends a CSV in pieces, has it read
and made a version, and begins again. An answer that is not 200 (201, 202 of uploads), that cannot
be read or whose rows are not those asked for is an error. First the readers alone, then both.
"""
import argparse
import json
import multiprocessing
import os
import random
import statistics
import threading
import time
from urllib.parse import quote

from ingest import make
from node import Client, Node, enter, load, machine, quantile, upload, waited

SQL = {"sql": "SELECT station, count(*) AS n, avg(pm25) AS p FROM air_quality_daily GROUP BY station ORDER BY station"}
QUESTIONS = [
    ("search", 4, "GET", "/api/v1/search/datasets?limit=20&q=" + quote("空气质量"), None, lambda d: json.loads(d)["total"] >= 1),
    ("catalogue page", 3, "GET", "/api/v1/datasets?limit=20", None, lambda d: len(json.loads(d)["items"]) >= 12),
    ("dataset", 3, "GET", "/api/v1/datasets/bus_stops", None, lambda d: json.loads(d)["code"] == "bus_stops"),
    ("rows", 5, "GET", "/api/v1/datasets/air_quality_daily/rows?limit=50&sort=-pm25&filter=" + quote("station:eq:淀山湖站"), None,
     lambda d: len(json.loads(d)["items"]) == 50),
    ("SQL", 3, "POST", "/api/v1/sql", SQL, lambda d: len(json.loads(d)["rows"]) == 4),
    ("CSV file", 1, "GET", "/api/v1/datasets/hotline_tickets/export/csv", None, lambda d: d.count(b"\n") == 600 and b"******" in d),
]


def reader(port, number, until, think, told):
    chance, client = random.Random(number), Client(port)
    bag = [q for q in QUESTIONS for _ in range(q[1])]
    time.sleep(think * chance.random())
    while time.time() < until:
        name, _, method, path, body, holds = chance.choice(bag)
        begun = time.perf_counter()
        try:
            status, _, data = client.send(method, path, body, accept="*/*" if "export" in path else "application/json")
            seconds = time.perf_counter() - begun
            fault = None if status == 200 and holds(data) else f"{name}: {status} {data[:200]!r}"
        except Exception as error:
            seconds, fault = time.perf_counter() - begun, f"{name}: {error!r}"
        told.append((name, seconds, fault))
        time.sleep(think * (0.5 + chance.random()))


def group(port, numbers, until, think, queue):
    """Readers of one process; several processes, so that Python's lock is not what is measured."""
    told = []
    threads = [threading.Thread(target=reader, args=(port, n, until, think, told)) for n in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put(told)


def uploader(port, token, number, path, until, queue):
    client, done, faults = Client(port, token), 0, []
    dataset = f"bench_upload_{number}"
    while time.time() < until:
        try:
            at, _ = upload(client, dataset, path)
            found, _ = waited(client, at, "read")
            load(client, at, found)
            done += 1
        except Exception as error:
            faults.append(repr(error)[:300])
    queue.put((done, faults))


def run(node, officer, options, path, uploads):
    until = time.time() + options.seconds
    queue, sent = multiprocessing.Queue(), multiprocessing.Queue()
    numbers = list(range(options.readers))
    processes = [multiprocessing.Process(target=group, args=(node.port, numbers[i::4], until, options.think, queue)) for i in range(4)]
    senders = [multiprocessing.Process(target=uploader, args=(node.port, officer.token, n, path, until, sent)) for n in range(uploads)]
    cpu, begun = node.cpu_s(), time.perf_counter()
    for process in processes + senders:
        process.start()
    told = [one for _ in processes for one in queue.get()]
    reading_s = time.perf_counter() - begun
    loaded = [sent.get() for _ in senders]
    for process in processes + senders:
        process.join()
    faults = [f for _, _, f in told if f] + [f for _, all_ in loaded for f in all_]
    print(f"\n{options.readers} readers, {uploads} uploads, {reading_s:.0f} s: {len(told):,} answers ({len(told) / reading_s:.0f}/s), "
          f"{sum(n for n, _ in loaded)} files loaded, **{len(faults)} errors**; {node.cpu_s() - cpu:.0f} processor seconds, "
          f"memory peak {node.memory_mb():.0f} MB")
    for fault in faults[:5]:
        print("  ", fault)
    print("\n| question | answers | p50 ms | p99 ms | worst ms |\n|---|---|---|---|---|")
    for name in [q[0] for q in QUESTIONS] + ["all"]:
        times = [s * 1e3 for n, s, _ in told if name in (n, "all")]
        if times:
            print(f"| {name} | {len(times):,} | {statistics.median(times):.1f} | {quantile(times, 0.99):.1f} | {max(times):.0f} |", flush=True)
    return len(faults)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--readers", type=int, default=64)
    parser.add_argument("--uploads", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--think", type=float, default=0.1)
    parser.add_argument("--megabytes", type=int, default=20)
    options = parser.parse_args()
    print(machine())
    settings = {"TIANYUAN__LAKE__QUERIES_MAX_CALLER": "128", "TIANYUAN__LAKE__QUERIES_MAX": "128"}
    with Node(settings) as node:
        node.samples()
        officer = node.officer()
        unit = node.unit(officer)
        path = os.path.join(node.folder, "file.csv")
        rows = make(path, options.megabytes)
        print(f"each upload: {os.path.getsize(path) / 1e6:.0f} MB, {rows:,} rows; a reader thinks {options.think} s on average")
        for n in range(options.uploads):
            enter(officer, unit, f"bench_upload_{n}", f"测量：上传{n}（示例）")
        faults = run(node, officer, options, path, 0)
        faults += run(node, officer, options, path, options.uploads)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
