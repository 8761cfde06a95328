#!/usr/bin/env python3
"""Bad requests get RFC 9457 problem documents in the caller's language, and change nothing.

The documents are checked with PyPI `jsonschema` against RFC 9457's own members (section 3.1).
"""
import json
import pathlib
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support import NODE, expect, finish, signed_in  # noqa: E402

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "minLength": 1},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
    },
}
JSON = {"content-type": "application/json"}
GOOD = {"at": "2024-06-30", "value": 231}


def requests_of(values, measure):
    """Name, method, path, headers, body, and the statuses that are right."""
    text = lambda value: json.dumps(value).encode()
    yield "malformed JSON", "POST", values, JSON, b'{"at": ', [400]
    yield "another type", "POST", values, JSON, text({**GOOD, "value": "many"}), [400, 422]
    yield "an unknown member", "POST", values, JSON, text({**GOOD, "colour": 1}), [400, 422]
    yield "a missing member", "POST", values, JSON, text({"value": 1}), [400, 422]
    yield "GBK bytes", "POST", values, JSON, '{"at":"2024-06-30","value":1,"note":"青浦"}'.encode("gbk"), [400]
    yield "U+0000", "POST", values, JSON, text({**GOOD, "note": "a\0b"}), [400, 422]
    yield "a number beyond all numbers", "POST", values, JSON, b'{"at":"2024-06-30","value":1e999}', [400, 422]
    yield "NaN", "POST", values, JSON, b'{"at":"2024-06-30","value":NaN}', [400]
    yield "no such day", "POST", values, JSON, text({**GOOD, "at": "2024-02-30"}), [400, 422]
    yield "deep JSON", "POST", values, JSON, b"[" * 100_000, [400, 413, 422]
    yield "too much JSON", "POST", values, JSON, b'"' + b"x" * 30_000_000 + b'"', [413]
    yield "another media type", "POST", values, {"content-type": "text/plain"}, text(GOOD), [415]
    yield "no media type", "POST", values, {}, text(GOOD), [415]
    yield "a key with control characters", "POST", values, {**JSON, "idempotency-key": "a\tb"}, text(GOOD), [400]
    yield "no precondition", "PATCH", measure, JSON, text({"state": "done"}), [428]
    yield "a stale precondition", "PATCH", measure, {**JSON, "if-match": '"999999"'}, text({"state": "done", "state_note": ""}), [412]
    yield "no such page", "GET", "/api/v1/nowhere", {}, None, [404]
    yield "no such record", "GET", "/api/v1/measures/measure_00000000000000000000000000", {}, None, [404]
    yield "an id of another kind", "GET", "/api/v1/measures/plan_00000000000000000000000000", {}, None, [400, 404]
    yield "a method that is not there", "DELETE", values, {}, None, [405]
    yield "a limit beyond all pages", "GET", values + "?limit=100000", {}, None, [400, 422]
    yield "a cursor nobody gave", "GET", values + "?cursor=%00", {}, None, [400, 422]
    yield "no spreadsheet", "POST", "/api/v1/plans/import?mode=import", {"content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, b"PK\x03\x04nonsense", [400, 422]


def main():
    client = signed_in()
    get = lambda path: client.get(NODE + path).json()
    plan = get("/api/v1/plans")["items"][0]["id"]
    indicator = next(i for i in get(f"/api/v1/plans/{plan}/indicators")["items"] if i["number"] == 8)
    values = f"/api/v1/indicators/{indicator['id']}/values"
    measure = "/api/v1/measures/" + get(f"/api/v1/plans/{plan}/measures?limit=1")["items"][0]["id"]
    before = (get(values), get(measure), get(f"/api/v1/plans/{plan}"))
    details = {}
    for language in ["zh-CN", "en"]:
        for name, method, path, headers, body, right in requests_of(values, measure):
            headers = {**headers, "accept-language": language}
            answer = client.request(method, NODE + path, headers=headers, data=body)
            what = f"{name}, {language}"
            if not expect(answer.status_code in right, f"{what}: {answer.status_code} is one of {right}"):
                print("     ", answer.text[:300])
                continue
            media = answer.headers.get("content-type", "")
            expect(media.startswith("application/problem+json"), f"{what}: media type {media}")
            problem = answer.json()
            faults = list(jsonschema.Draft202012Validator(PROBLEM).iter_errors(problem))
            expect(not faults, f"{what}: a problem document, {[f.message for f in faults]}")
            expect(problem.get("status") == answer.status_code, f"{what}: says its own status")
            if answer.status_code == 405:
                expect("GET" in answer.headers.get("allow", ""), f"{what}: says what is allowed")
            details.setdefault(name, {})[language] = problem.get("detail")
    for name, said in details.items():
        chinese = any("\u4e00" <= c <= "\u9fff" for c in said.get("zh-CN") or "")
        expect(chinese and said.get("zh-CN") != said.get("en"), f"{name}: told in both languages, {said}")

    key = {**JSON, "idempotency-key": "conformance-1"}
    first = client.post(NODE + values, headers=key, json={**GOOD, "note": "once"})
    again = client.post(NODE + values, headers=key, json={**GOOD, "note": "once"})
    other = client.post(NODE + values, headers=key, json={**GOOD, "note": "twice"})
    expect(first.status_code == 201 and again.json() == first.json(), "a repeated request acts once")
    expect(other.status_code == 422, f"the key with another body: {other.status_code}")
    after = (get(values), get(measure), get(f"/api/v1/plans/{plan}"))
    after[0]["items"] = [v for v in after[0]["items"] if v["id"] != first.json()["id"]]
    expect(after == before, "nothing else was changed")
    finish()


main()
