#!/usr/bin/env python3
"""Opening the overview with many editions of the plan loaded.

    cargo build --release -p tianyuan
    python3 bench/overview.py [--editions 50] [--asks 2000] [--binary target/release/tianyuan]

Starts a node of its own with the sample district, loads editions beside it until there are as
many as asked (the sample's own files under other codes, with values for their indicators), and
asks for overviews over one kept-alive connection, in turn: of the same edition (what a person who
reloads sees), and of all editions one after the other. Medians and 99th percentiles in
milliseconds, from request to whole answer; signed in, so that each is authorised.
"""
import argparse
import http.client
import json
import os
import pathlib
import secrets
import socket
import subprocess
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent.parent


def bundle(code):
    whole = {}
    for file in sorted((HERE / "demo/plan-2024-2025").glob("*.toml")):
        for key, value in tomllib.loads(file.read_text()).items():
            if isinstance(value, list):
                whole.setdefault(key, []).extend(value)
            else:
                whole[key] = value
    whole["plan"]["code"] = code
    return whole


class Node:
    def __init__(self, binary, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        password = secrets.token_hex(12)
        env = dict(os.environ, TIANYUAN_ADMIN_PASSWORD=password, TIANYUAN__LOG__FILTER="warn",
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER="4000000000",
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_ADDRESS="4000000000")
        self.process = subprocess.Popen(
            [binary, "serve", "--data", f"{folder}/data", "--listen", f"127.0.0.1:{self.port}", "--demo"],
            env=env, stdout=subprocess.DEVNULL, stderr=open(f"{folder}/log", "w"))
        self.token = None
        for _ in range(300):
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        self.token = self.call("POST", "/api/v1/sessions", {"username": "admin", "password": password})[1]["token"]

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self.on(connection, method, path, body, **headers)

    def on(self, connection, method, path, body=None, **headers):
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["content-type"] = "application/json"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text


def percentiles(times):
    times = sorted(times)
    return times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, times[-1] * 1e3


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--editions", type=int, default=50)
    asked.add_argument("--asks", type=int, default=2000)
    asked.add_argument("--binary", default=str(HERE / "target/release/tianyuan"))
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        node = Node(asked.binary, folder)
        try:
            have = [one["id"] for one in node.call("GET", "/api/v1/plans")[1]["items"]]
            for n in range(len(have), asked.editions):
                status, plan = node.call("POST", "/api/v1/plans/import?mode=apply", bundle(f"bench-{n}"),
                                         **{"Idempotency-Key": f"bench-{n}"})
                assert status == 201, plan
                have.append(plan["id"])
                for indicator in node.call("GET", f"/api/v1/plans/{plan['id']}/indicators")[1]["items"]:
                    status, said = node.call(
                        "POST", f"/api/v1/indicators/{indicator['id']}/values", {"at": "2024-12-31", "value": 31},
                        **{"Idempotency-Key": f"bench-{n}-{indicator['id']}"})
                    assert status in (201, 422), said
            print(f"{len(have)} editions loaded")
            connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
            for what, ids in (("the same edition", have[:1]), ("all editions in turn", have)):
                times = []
                for n in range(asked.asks + 50):
                    began = time.perf_counter()
                    status, said = node.on(connection, "GET", f"/api/v1/plans/{ids[n % len(ids)]}/overview")
                    assert status == 200, said
                    if n >= 50:
                        times.append(time.perf_counter() - began)
                print("overview of {}: median {:.2f} ms, p99 {:.2f} ms, worst {:.2f} ms".format(what, *percentiles(times)))
        finally:
            node.process.terminate()
            node.process.wait()


if __name__ == "__main__":
    main()
