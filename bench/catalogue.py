#!/usr/bin/env python3
"""The catalogue at 3,000 datasets: pages, entries and searches, p50 and p99.

    python3 bench/catalogue.py [--datasets 3000] [--rounds 2000]

Starts a node of its own (TIANYUAN_BIN, or target/release/tianyuan), enters and publishes made-up
datasets with fields, tags and themes, and asks one question after another over one kept-open
connection, as a stranger; each answer is read to its end and looked at. What is told includes the
client, which is Python's standard library; the first line tells what an answer of nothing costs.
"""
import argparse
import json
import random
import statistics
import time
from urllib.parse import quote

from node import Client, Node, enter, machine, quantile

SUBJECTS = ["公交", "停车", "水质", "空气质量", "企业登记", "医院", "学校", "农产品价格", "养老服务", "文化场馆", "道路施工",
            "用电量", "人才补贴", "图书馆", "河道", "充电设施", "环境监测", "热线工单", "农业补贴", "中国农业发展银行网点"]
KINDS = ["名录", "统计月报", "监测记录", "登记信息", "目录", "明细", "分布", "评价结果"]
TOWNS = ["夏阳街道", "盈浦街道", "香花桥街道", "赵巷镇", "徐泾镇", "华新镇", "重固镇", "白鹤镇", "朱家角镇", "练塘镇", "金泽镇"]
THEMES = ["economy", "city", "traffic", "education", "services", "environment", "culture", "health", "farming"]
WORDS = ["农业", "公交 站点", "kongqizhiliang", "nyyh", "水质监测", "青浦", "停车", "library", "养老 夏阳街道", "2024"]


def fill(node, officer, count):
    chance = random.Random(3000)
    unit = node.unit(officer)
    units = [u["id"] for u in officer.call("GET", "/api/v1/units?limit=40")["items"]]
    begun = time.perf_counter()
    for n in range(count):
        subject, kind, town = chance.choice(SUBJECTS), chance.choice(KINDS), chance.choice(TOWNS)
        fields = [{"name": f"field_{i}", "title": chance.choice(["名称", "地址", "日期", "数量", "金额", "经度", "备注"]) + str(i),
                   "type": chance.choice(["text", "integer", "number", "date"])} for i in range(8)]
        made = enter(officer, units[n % len(units)] or unit, f"bench_{n}", f"{town}{subject}{kind}（{2015 + n % 11}年，第{n}号）",
                     summary=f"青浦区{town}{subject}{kind}，示例说明第{n}条，供检索测量之用。", title_en=f"{kind} library of sample {n}",
                     tags=[subject, town, "示例"], themes=[chance.choice(THEMES)], fields=fields)
        officer.call("POST", f"/api/v1/datasets/{made}/publish", {})
    return time.perf_counter() - begun


def timed(client, paths, rounds, check):
    times, sizes = [], []
    for n in range(rounds):
        path = paths[n % len(paths)]
        begun = time.perf_counter()
        status, _, data = client.send("GET", path)
        times.append((time.perf_counter() - begun) * 1e3)
        sizes.append(len(data))
        if status != 200 or not check(data):
            raise SystemExit(f"{path}: {status} {data[:300]}")
    return times, sizes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--datasets", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=2000)
    options = parser.parse_args()
    print(machine())
    with Node() as node:
        node.samples()
        officer = node.officer()
        seconds = fill(node, officer, options.datasets)
        print(f"{options.datasets} datasets entered and published in {seconds:.1f} s, one after the other")
        client = Client(node.port)
        begun = time.perf_counter()
        client.call("GET", "/api/v1/search/datasets?q=" + quote("农业"))
        print(f"first search, which builds the index: {(time.perf_counter() - begun) * 1e3:.0f} ms")
        cursors, cursor = [], ""
        while len(cursors) < 50:
            page = client.call("GET", f"/api/v1/datasets?limit=20{cursor}")
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
            cursors.append(f"/api/v1/datasets?limit=20{cursor}")
        items = lambda data: b'"items":[{' in data or b'"items":[' in data
        ckan = lambda data: b'"success":true' in data
        measures = [
            ("an answer of nothing (/healthz)", ["/healthz"], lambda _: True),
            ("first page of the catalogue, 20 entries", ["/api/v1/datasets?limit=20"], items),
            ("a page further on, 20 entries", cursors or ["/api/v1/datasets?limit=20"], items),
            ("an entry by code", [f"/api/v1/datasets/bench_{n}" for n in range(0, options.datasets, 7)], lambda d: b'"code"' in d),
            ("search by words, pinyin, initials; 20 results with facets", [f"/api/v1/search/datasets?limit=20&q={quote(w)}" for w in WORDS], items),
            ("CKAN package_list, all names", ["/api/3/action/package_list"], ckan),
            ("CKAN package_search, 10 packages", [f"/api/3/action/package_search?rows=10&q={quote(w)}" for w in WORDS], ckan),
        ]
        print("\n| | p50 ms | p99 ms | worst ms | KB an answer |\n|---|---|---|---|---|")
        for words, paths, check in measures:
            timed(client, paths, min(100, options.rounds), check)
            times, sizes = timed(client, paths, options.rounds, check)
            print(f"| {words} | {statistics.median(times):.2f} | {quantile(times, 0.99):.2f} | {max(times):.2f} | "
                  f"{statistics.mean(sizes) / 1e3:.1f} |", flush=True)
        print(f"\nmemory now {node.memory_mb('VmRSS'):.0f} MB, peak {node.memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
