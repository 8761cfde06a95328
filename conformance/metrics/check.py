#!/usr/bin/env python3
"""/metrics is what PyPI `prometheus_client` reads, and strangers do not get it."""
import pathlib
import sys

import requests
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as classic

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support import NODE, expect, finish, signed_in  # noqa: E402

expect(requests.get(NODE + "/metrics").status_code == 401, "strangers get no metrics")
answer = signed_in().get(NODE + "/metrics")
expect(answer.status_code == 200, f"scraped: {answer.status_code}")
read = openmetrics if "openmetrics" in answer.headers["content-type"] else classic
families = {family.name: family for family in read.text_string_to_metric_families(answer.text)}
expect(len(families) >= 5, f"{len(families)} families: {sorted(families)}")
for family in families.values():
    expect(family.documentation and family.type != "unknown", f"{family.name}: has help and a type")
expect("tianyuan_journal_waiting" in families, "the journal's backlog is there")
finish()
