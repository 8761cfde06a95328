#!/usr/bin/env python3
"""Live updates are read by PyPI `sseclient-py`, and resumed by Last-Event-ID without loss or doubling."""
import pathlib
import sys

import sseclient

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support import NODE, expect, finish, signed_in  # noqa: E402

client = signed_in()


def write(code):
    body = {"code": code, "name": code, "kind": "company"}
    return client.post(NODE + "/api/v1/units", json=body).json()["id"]


def follow(last=None):
    headers = {"accept": "text/event-stream"}
    if last is not None:
        headers["last-event-id"] = last
    answer = client.get(NODE + "/api/v1/events", headers=headers, stream=True, timeout=20)
    expect(answer.headers["content-type"].startswith("text/event-stream"), "an event stream")
    return answer, sseclient.SSEClient(answer).events()


def until(events, subject):
    """Events up to the one about this subject."""
    seen = []
    for event in events:
        seen.append(event)
        if subject in event.data:
            return seen
    return seen


answer, events = follow()
first = write("sse-first")
seen = until(events, first)
last = seen[-1].id
answer.close()
missed = [write(f"sse-missed-{n}") for n in range(3)]
answer, events = follow(last)
later = until(events, missed[-1])
answer.close()
numbers = [int(event.id) for event in seen + later]
expect(all(any(unit in event.data for event in later) for unit in missed), "what was missed comes")
expect(numbers == sorted(set(numbers)), f"in order and once: {numbers}")
expect(not any(first in event.data for event in later), "what was seen does not come again")
bad = client.get(NODE + "/api/v1/events", headers={"last-event-id": "yesterday"})
expect(bad.status_code == 400, f"a number is wanted: {bad.status_code}")
finish()
