"""Takes seeds from a running demo node: python3 seeds.py http://127.0.0.1:8361 PASSWORD

What the node answers is kept as it is, small pieces of it only. The keys in keys.txt are the
public halves of that node's; receipts, notes and checkpoints were signed with them.
"""

import base64
import json
import pathlib
import sys
import urllib.request

NODE, PASSWORD = sys.argv[1], sys.argv[2]
HERE = pathlib.Path(__file__).parent
SESSION = {}


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | SESSION
    request = urllib.request.Request(NODE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def keep(target, name, content):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


token = json.loads(ask("POST", "/api/v1/sessions", {"username": "admin", "password": PASSWORD}))
SESSION["Authorization"] = "Bearer " + token["token"]
(HERE / "keys.txt").write_bytes(ask("GET", "/ledger/keys"))
for log in ("directory", "identity", "material"):
    note = ask("GET", f"/ledger/{log}/checkpoint")
    keep("note", log, note)
    keep("checkpoint", log, note.split(b"\n\n")[0] + b"\n")
logs = {log["name"]: log for log in json.loads(ask("GET", "/api/v1/ledgers"))["items"]}
size = logs["material"]["checkpoint_size"]
for path in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
    keep("tile", path.replace("/", "_"), b"\1" + ask("GET", f"/ledger/material/{path}"))
    keep("tile", "path_" + path.replace("/", "_"), b"\0" + path.encode())
keep("tile", "path_deep", b"\0tile/1/x001/x234/067.p/8")

facts = json.loads(ask("GET", "/api/v1/audit?limit=50"))
chosen = {}
for fact in facts["items"]:
    chosen.setdefault(fact["kind"], fact["id"])
for kind, fact in list(chosen.items())[:6]:
    receipt = ask("GET", f"/api/v1/facts/{fact}/receipt")
    if len(receipt) > 4_000:
        continue
    keep("receipt", f"{kind}.json", receipt)
    proof = json.loads(receipt)["proof"].encode()
    keep("note", f"proof_{kind}", proof)
for page in ("audit", "units", "ledgers"):
    cursor = json.loads(ask("GET", f"/api/v1/{page}?limit=2"))["next_cursor"]
    keep("list", page, f"limit=2&cursor={cursor}".encode())
    keep("list", f"decoded_{page}", b"!" + base64.urlsafe_b64decode(cursor + "=="))
keep("id", "fact", next(iter(chosen.values())).encode())
keep("json", "fact.json", json.dumps(facts["items"][0]).encode())
plan = json.loads(ask("GET", "/api/v1/plans"))["items"][0]["id"]
keep("xlsx", "template.xlsx", ask("GET", "/api/v1/plans/template.xlsx"))
keep("xlsx", "plan.xlsx", ask("GET", f"/api/v1/plans/{plan}/workbook.xlsx"))
