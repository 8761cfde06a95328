"""k-anonymity and l-diversity before opening, held against pycanon: the same numbers from the same
rows, and the proposed forms really give the k they promise."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import random
import time

import pandas
from pycanon import anonymity

from support import NODE, expect, finish, signed_in

officer = signed_in()


def call(method, path, **more):
    answer = officer.request(method, f"{NODE}/api/v1{path}", timeout=120, **more)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def bring_in(title, frame):
    """A table becomes a dataset's first version; answers the dataset."""
    unit = call("GET", "/units?limit=1")["items"][0]["id"]
    profile = {"title": title, "unit_id": unit, "update_cycle": "yearly", "sharing": "none", "opening": "none"}
    dataset = call("POST", "/datasets", json={"profile": profile})
    content = frame.to_csv(index=False).encode()
    upload = call("POST", f"/datasets/{dataset['id']}/uploads", json={"name": "a.csv", "size_bytes": len(content)})
    path = f"/uploads/{upload['id']}"
    call("PUT", f"{path}/content?offset=0", data=content, headers={"content-type": "application/octet-stream"})
    upload = until(path, ("read",))
    fields = [{"column": one["column"], "field": dict(one["field"], grade=1, grade_reason="made up")} for one in upload["found"]["columns"]]
    call("POST", f"{path}/load", json={"fields": fields, "publish": True})
    until(path, ("loaded",))
    return call("GET", f"/datasets/{dataset['id']}")


def until(path, states):
    for _ in range(600):
        found = call("GET", path)
        if found["state"] in states or found["state"] == "failed":
            expect(found["state"] in states, f"{path} is {states[0]}: {found['problem']}")
            return found
        time.sleep(0.1)
    expect(False, f"{path} never is {states[0]}")
    finish()


def banded(values, treatment):
    """A form as the document describes it, by pandas."""
    kind = treatment["kind"]
    if kind == "show":
        return values
    if kind == "remove":
        return pandas.Series("", index=values.index)
    if kind == "band":
        return (values // treatment["width"]) * treatment["width"]
    if kind == "mask":
        keep = treatment["keep_first"]
        return values.map(lambda one: one[:keep] + "*" * (len(one) - keep))
    if kind in ("month", "year"):
        return values.str.slice(0, 7 if kind == "month" else 4)
    raise AssertionError(f"unknown form {kind}")


chance = random.Random(20240630)
towns = ["310118101", "310118102", "310118103", "310118111"]
ills = ["alpha", "beta", "gamma", "delta"]


def people(rows):
    day = lambda: f"20{chance.randint(20, 23)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return pandas.DataFrame(
        [(chance.randint(18, 90), chance.choice(towns), chance.choice(["f", "m"]), day(), chance.choices(ills, [9, 5, 2, 1])[0]) for _ in range(rows)],
        columns=["age", "town", "sex", "seen", "ill"],
    )


for rows, identifying in [(400, ["age", "town", "sex"]), (3_000, ["age", "town", "sex"]), (3_000, ["town", "sex"]), (3_000, ["age", "seen", "town"])]:
    frame = people(rows)
    dataset = bring_in(f"anonymity {rows} {' '.join(identifying)}", frame)
    named = {one["title"]: one["name"] for one in dataset["fields"]}
    asked = {"identifying": ",".join(named[one] for one in identifying), "sensitive": named["ill"], "k": 5, "l": 2, "propose": "true"}
    found = call("GET", f"/datasets/{dataset['id']}/disclosure", params=asked)
    k = anonymity.k_anonymity(frame, identifying)
    diversity = anonymity.l_diversity(frame, identifying, ["ill"])
    case = f"{rows} rows by {', '.join(identifying)}"
    expect(found["k"] == k, f"{case}: k is {k}, told {found['k']}")
    expect(found["l"][named["ill"]] == diversity, f"{case}: l is {diversity}, told {found['l']}")
    expect(found["holds"] == (k >= 5 and diversity >= 2), f"{case}: holds as pycanon's numbers say")
    sizes = frame.groupby(identifying).size()
    expect(found["groups"] == len(sizes), f"{case}: {len(sizes)} groups")
    expect(found["rows_below"] == int(sizes[sizes < 5].sum()), f"{case}: rows in small groups")
    proposal = found["proposal"]
    if found["holds"]:
        expect(proposal is None, f"{case}: nothing to propose")
        continue
    if not expect(proposal is not None, f"{case}: something is proposed"):
        continue
    coarser = frame.copy()
    for one in identifying:
        coarser[one] = banded(coarser[one], proposal["treatments"][named[one]])
    then = anonymity.k_anonymity(coarser, identifying)
    expect(then == proposal["k"] and then >= 5, f"{case}: as proposed k is {then}, promised {proposal['k']}")
    expect(anonymity.l_diversity(coarser, identifying, ["ill"]) >= 2, f"{case}: as proposed l holds")
finish()
