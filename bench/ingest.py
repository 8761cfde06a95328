#!/usr/bin/env python3
"""A large file into the lake, and its rows out again.

    python3 bench/ingest.py [--megabytes 2048] [--parquet]

Starts a node of its own (TIANYUAN_BIN, or target/release/tianyuan), makes a CSV of that size (16
columns, Chinese text, numbers, dates; the same each time), sends it in pieces of 16 MiB, has it
read (layout, types, sensitive content of every column), checked row by row and written as a
version. For each step: seconds, MB/s of the file, and MB/s per processor second of the node, which
is MB/s per core. Memory is the process's peak resident memory over all of it.

Then the downloads, each beside a loopback copy of the same bytes by a sendfile loop: Parquet by
signed address, an Arrow stream and CSV by SQL. --parquet brings the downloaded Parquet in again.
"""
import argparse
import os
import socket
import threading
import time

from node import Client, Node, Refused, enter, load, machine, publish, upload, waited

TOWNS = ["夏阳街道", "盈浦街道", "香花桥街道", "赵巷镇", "徐泾镇", "华新镇", "重固镇", "白鹤镇", "朱家角镇", "练塘镇", "金泽镇"]
HEADER = ["编码", "所在镇", "设备编号", "日期", "时间", "温度", "湿度", "PM2.5", "PM10", "风速", "人流量", "车流量", "状态", "经度", "纬度", "备注"]


def make(path, megabytes):
    """Rows whose values differ from row to row; a block of them is written again and again under
    other codes, since Python would take an hour for as many different ones."""
    block = []
    for n in range(20_000):
        m = (n * 2654435761) & 0xFFFFFFFF
        day = f"2024-{m % 12 + 1:02}-{m // 12 % 28 + 1:02}"
        block.append(f",{TOWNS[m % 11]},D{m % 9973:05},{day},{day} {m % 24:02}:{m // 24 % 60:02}:00,{m % 400 / 10 - 5:.1f},{m % 100},"
                     f"{m % 3000 / 10:.1f},{m % 5000 / 10:.1f},{m % 120 / 10:.1f},{m % 5000},{m // 7 % 9000},"
                     f"{'正常' if m % 13 else '检修'},{120.9 + m % 40000 / 1e5:.5f},{31 + m % 28000 / 1e5:.5f},示例{m % 997}号设备的一条记录\n")
    rows, size, wanted = 0, 0, megabytes << 20
    with open(path, "w", encoding="utf-8", buffering=1 << 22) as file:
        file.write(",".join(HEADER) + "\n")
        while size < wanted:
            text = "".join(f"{rows + i:09}{line}" for i, line in enumerate(block))
            file.write(text)
            rows += len(block)
            size += len(text.encode())
    return rows


class Copy:
    """A server that answers any GET with a file's bytes by sendfile and nothing else."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, open(self.path, "rb") as file:
                connection.recv(65536)
                size = os.path.getsize(self.path)
                connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n".encode())
                connection.sendfile(file)


def drain(port, request, into=None):
    """Bytes of an answer's body and the seconds they took, by a plain socket: the client must not
    be what is measured."""
    begun = time.perf_counter()
    total, head = 0, b""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(request)
        buffer = bytearray(1 << 20)
        while b"\r\n\r\n" not in head:
            head += s.recv(65536)
        head, rest = head.split(b"\r\n\r\n", 1)
        if b" 200 " not in head.split(b"\r\n")[0] + b" ":
            raise SystemExit((head + rest)[:600].decode(errors="replace"))
        total += len(rest)
        if into:
            into.write(rest)
        while n := s.recv_into(buffer):
            total += n
            if into:
                into.write(memoryview(buffer)[:n])
    return total, time.perf_counter() - begun


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--parquet", action="store_true")
    options = parser.parse_args()
    print(machine())
    settings = {"TIANYUAN__LAKE__QUERY_SECONDS_MAX": "3600"}
    with Node(settings) as node:
        node.samples()
        officer = node.officer()
        path = os.path.join(node.folder, "readings.csv")
        rows = make(path, options.megabytes)
        size = os.path.getsize(path)
        print(f"a CSV of {size / 1e6:,.0f} MB, {rows:,} rows, {len(HEADER)} columns; memory before {node.memory_mb('VmRSS'):.0f} MB")
        dataset = enter(officer, node.unit(officer), "bench_readings", "测量：一个大文件（示例）")
        into(node, officer, dataset, path, rows)
        publish(officer, dataset)
        out(node, dataset, "bench_readings")
        if options.parquet:
            again(node, officer, rows)


def into(node, officer, dataset, path, rows):
    size = os.path.getsize(path) / 1e6
    node.forget_peak()
    print("\n| step | s | MB/s | MB/s per core | |\n|---|---|---|---|---|")

    def told(words, seconds, cpu, more=""):
        print(f"| {words} | {seconds:.1f} | {size / seconds:.0f} | {size / max(cpu, 1e-9):.0f} | {more} |", flush=True)

    cpu = begun = node.cpu_s()
    at, sent = upload(officer, dataset, path)
    told("sent, every piece durable", sent, node.cpu_s() - cpu)
    cpu = node.cpu_s()
    found, seconds = waited(officer, at, "read")
    told("read: layout, types, sensitive content", seconds, node.cpu_s() - cpu, f"peak so far {node.memory_mb():.0f} MB")
    cpu = node.cpu_s()
    loaded, more = load(officer, at, found)
    told("every row checked, quality, written as Parquet", more, node.cpu_s() - cpu, f"peak {node.memory_mb():.0f} MB")
    told("in all", sent + seconds + more, node.cpu_s() - begun)
    checked = loaded["checked"]
    if checked["accepted"] != rows or checked["rejected"]:
        raise SystemExit(f"{rows} rows were sent; {checked['accepted']} taken, {checked['rejected']} rejected")


def out(node, dataset, code):
    link = node.stranger.call("POST", f"/api/v1/datasets/{dataset}/file-links", {})
    head = "HTTP/1.1\r\nhost: node\r\nconnection: close\r\n"
    sql = b'{"sql": "SELECT * FROM ' + code.encode() + b'"}'

    def ask(accept):
        return (f"POST /api/v1/sql {head}content-type: application/json\r\naccept: {accept}\r\n"
                f"content-length: {len(sql)}\r\n\r\n").encode() + sql

    requests = [("Parquet by signed address", f"GET {link['path']} {head}\r\n".encode()),
                ("Arrow stream by SQL", ask("application/vnd.apache.arrow.stream")),
                ("CSV by SQL", ask("text/csv"))]
    print("\n| download | MB | s | MB/s | loopback copy MB/s | share |\n|---|---|---|---|---|---|")
    for words, request in requests:
        path = os.path.join(node.folder, "download")
        with open(path, "wb", buffering=0) as file:
            drain(node.port, request, file)
        size = os.path.getsize(path)
        ours = [drain(node.port, request) for _ in range(3)]
        copy = Copy(path)
        theirs = [drain(copy.port, b"GET / HTTP/1.1\r\n\r\n") for _ in range(3)]
        copy.socket.close()
        mine, peer = (min(s for _, s in times) for times in (ours, theirs))
        print(f"| {words} | {size / 1e6:.0f} | {mine:.2f} | {size / 1e6 / mine:.0f} | {size / 1e6 / peer:.0f} | {peer / mine:.2f} |", flush=True)
        if words.startswith("Parquet"):
            os.replace(path, os.path.join(node.folder, "readings.parquet"))


def again(node, officer, rows):
    print("\nThe same rows as Parquet:")
    dataset = enter(officer, node.unit(officer), "bench_parquet", "测量：一个 Parquet 文件（示例）")
    try:
        into(node, officer, dataset, os.path.join(node.folder, "readings.parquet"), rows)
    except Refused as error:
        print("this node takes no Parquet:", error)


if __name__ == "__main__":
    main()
