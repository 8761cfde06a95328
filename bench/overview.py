"""Opening the overview with many editions loaded: median and 99th percentile.

    python bench/overview.py http://127.0.0.1:8361 admin PASSWORD [editions] [requests]

The node was started with --demo. Editions of the sample's size are loaded beside it until there are
so many, by the same JSON a script would send; then the overview of the edition in force
is asked for, signed in, over one connection, and each answer is timed whole. Needs nothing but
Python.
"""

import http.client
import json
import sys
import time
from urllib.parse import urlsplit

base, user, password = sys.argv[1:4]
editions = int(sys.argv[4]) if len(sys.argv) > 4 else 50
requests = int(sys.argv[5]) if len(sys.argv) > 5 else 1000
link = http.client.HTTPConnection(urlsplit(base).netloc)
headers = {"content-type": "application/json", "x-tianyuan-browser": "1"}


def ask(method, path, body=None):
    link.request(method, "/api/v1" + path, json.dumps(body) if body is not None else None, headers)
    answer = link.getresponse()
    data = answer.read()
    if answer.status >= 400:
        sys.exit(f"{method} {path}: {answer.status} {data[:300]!r}")
    return answer, data


answer, _ = ask("POST", "/sessions", {"username": user, "password": password})
headers["cookie"] = answer.getheader("set-cookie").split(";")[0]
headers["x-csrf-token"] = json.loads(ask("GET", "/me")[1])["csrf_token"]
plans = json.loads(ask("GET", "/plans?limit=200")[1])["items"]
first = next(p for p in plans if p["state"] == "in_force")


def small(n):
    """An edition of the sample's size: 13 programmes, 48 measures, 10 indicators."""
    text = lambda zh: {"zh": zh, "en": "words"}
    units = [{"code": f"bench_unit_{u}", "name": f"试验单位{u}", "name_en": f"Unit {u}", "kind": "department"} for u in range(40)]
    return {
        "plan": {"code": f"bench-{n}", "title": f"试验方案{n}", "title_en": f"Bench {n}", "edition": str(n), "state": "draft",
                 "period_from": "2024-01-01", "period_to": "2025-12-31", "summary": text("概要")},
        "units": units,
        "layers": [{"code": f"layer{i}", "title": f"层{i}", "title_en": f"Layer {i}", "summary": text("层")} for i in range(3)],
        "programmes": [{"number": i + 1, "title": f"计划{i + 1}", "title_en": f"Programme {i + 1}", "layer": f"layer{i % 3}",
                        "focus": text("重点"), "objective": text("目标")} for i in range(13)],
        "measures": [{"number": i + 1, "title": f"举措{i + 1}", "title_en": f"Measure {i + 1}", "programme": i % 13 + 1,
                      "units": [units[(i + u) % 40]["name"] for u in range(3)], "summary": text("内容")} for i in range(48)],
        "indicators": [{"number": i + 1, "name": f"指标{i + 1}", "name_en": f"Indicator {i + 1}", "unit": "个", "nature": "stock",
                        "direction": "up", "decimals": 0, "units": [units[i]["name"]], "baseline": {"year": 2023, "value": 100},
                        "targets": [{"year": 2024, "value": 120}, {"year": 2025, "value": 150}]} for i in range(10)],
    }


for n in range(len(plans), editions):
    ask("POST", "/plans/import?mode=apply", small(n))
path = f"/plans/{first['id']}/overview"
for _ in range(20):
    ask("GET", path)
times = []
for _ in range(requests):
    begun = time.perf_counter()
    _, data = ask("GET", path)
    times.append((time.perf_counter() - begun) * 1e3)
times.sort()
at = lambda share: times[min(len(times) - 1, int(share * len(times)))]
print(f"{editions} editions, {requests} times: median {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, "
      f"worst {times[-1]:.1f} ms, {len(data) / 1024:.0f} KB")
