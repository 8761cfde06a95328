#!/usr/bin/env python3
"""Checks a live node's ledgers without a line of our code.

    check.py NODE [--keys FILE] [--token TOKEN]

Reads the C2SP specifications only: signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, RFC 6962
and RFC 8785. Needs PyPI `cryptography`. With --keys only those keys are believed; without, the
node's own are used and said to be unpinned. With a token, one receipt of each ledger is fetched and
checked offline. Ends 0 when everything holds; each fault is a line.
"""
import argparse
import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LEDGERS = ["directory", "identity", "material", "signing", "supervision"]
PASSED, FAULTS = [], []


def expect(holds, words):
    (PASSED if holds else FAULTS).append(words)
    if not holds:
        print("FAULT", words)
    return holds


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(entry):
    return sha256(b"\x00", entry)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def root_of(hashes):
    """RFC 6962, section 2.1, by a stack of complete subtrees."""
    stack = []
    for n, value in enumerate(hashes):
        while n & 1:
            value, n = node_hash(stack.pop(), value), n >> 1
        stack.append(value)
    if not stack:
        return sha256(b"")
    value = stack.pop()
    while stack:
        value = node_hash(stack.pop(), value)
    return value


def root_from_proof(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    if index >= size:
        return None
    fn, sn, value = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            value = node_hash(sibling, value)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node_hash(value, sibling)
        fn, sn = fn >> 1, sn >> 1
    return value if sn == 0 else None


class Key:
    """A verifier key: name+id+base64(type || key)."""

    def __init__(self, text):
        self.name, id_, data = text.split("+", 2)
        data = base64.b64decode(data, validate=True)
        self.id = sha256(self.name.encode() + b"\n", data)[:4]
        assert self.id.hex() == id_, "the id does not belong to name and key"
        self.ed25519 = Ed25519PublicKey.from_public_bytes(data[1:]) if data[0] == 1 else None

    def signed(self, text, lines):
        for name, blob in lines:
            if self.ed25519 and name == self.name and blob[:4] == self.id:
                try:
                    self.ed25519.verify(blob[4:], text)
                    return True
                except InvalidSignature:
                    return False
        return False


def read_note(note):
    text, _, tail = note.rpartition("\n\n")
    lines = []
    for line in tail.splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\u2014", line
        lines.append((name, base64.b64decode(blob, validate=True)))
    return (text + "\n").encode(), lines


def read_checkpoint(text):
    origin, size, root = text.decode().split("\n")[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def tile_path(row, index, width):
    name = f"{index % 1000:03}"
    while index := index // 1000:
        name = f"x{index % 1000:03}/{name}"
    return f"tile/{row}/{name}" + (f".p/{width}" if width < 256 else "")


class Node:
    def __init__(self, base):
        self.base, self.headers = base.rstrip("/"), {}

    def get(self, path):
        request = urllib.request.Request(self.base + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def tile(self, ledger, row, index, width):
        try:
            return self.get(f"/ledger/{ledger}/" + tile_path(row, index, width))
        except urllib.error.HTTPError as error:
            if error.code != 404 or width == 256:
                raise
            return self.get(f"/ledger/{ledger}/" + tile_path(row, index, 256))


def entries_of(bundle):
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entry = bundle[at + 2 : at + 2 + length]
        assert len(entry) == length, "an entry bundle is cut short"
        yield entry
        at += 2 + length


def check_ledger(node, name, keys):
    text, lines = read_note(node.get(f"/ledger/{name}/checkpoint").decode())
    origin, size, root = read_checkpoint(text)
    mine = [key for key in keys if key.name == origin]
    expect(f"/{name}" in origin, f"{name}: the origin is its own: {origin}")
    expect(any(key.signed(text, lines) for key in mine), f"{name}: signed by a pinned key")
    leaves = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        entries = list(entries_of(node.tile(name, "entries", index, width)))[:width]
        leaves += [leaf_hash(entry) for entry in entries]
        for entry in entries:
            leaf = json.loads(entry)
            canonical = json.dumps(leaf, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            sealed = name in ("identity", "signing", "supervision") and "succeeds" not in leaf
            if canonical.encode() != entry and not any(c in entry for c in b".\\"):
                expect(False, f"{name}: leaf {len(leaves)} is not canonical: {entry!r}")
            if sealed and set(leaf) != {"actor", "fact", "v"}:
                expect(False, f"{name}: a sealed leaf says more than commitments: {entry!r}")
    expect(len(leaves) == size, f"{name}: {size} entries are there")
    expect(root_of(leaves) == root, f"{name}: the root follows from the entries")
    row, level = leaves, 0
    while row:
        for index in range((len(row) + 255) // 256):
            wanted = row[index * 256 : index * 256 + 256]
            tile = node.tile(name, level, index, len(wanted))
            if tile[: 32 * len(wanted)] != b"".join(wanted):
                expect(False, f"{name}: tile {level}/{index} differs from its entries")
        row = [root_of(row[n : n + 256]) for n in range(0, len(row) - 255, 256)]
        level += 1
    expect(True, f"{name}: every tile follows from the entries")
    return size


def commitment(salt, text):
    digest = sha256(b"tianyuan/commitment/v1\n", base64.b64decode(salt), text.encode())
    return base64.b64encode(digest).decode()


def check_receipt(receipt, keys):
    name, leaf = receipt["log"], base64.b64decode(receipt["leaf"], validate=True)
    entry = json.loads(leaf)
    if not receipt["erased"]:
        same = entry["fact"] == commitment(receipt["body_salt"], receipt["fact"])
        expect(same, f"{name}: the receipt's fact opens its commitment")
        same = entry["actor"] == commitment(receipt["actor_salt"], receipt["actor"])
        expect(same, f"{name}: the receipt's actor opens its commitment")
        fact = json.loads(receipt["fact"])
        clear = all(entry.get(f, fact[f]) == fact[f] for f in ("id", "kind", "at", "subject"))
        expect(clear, f"{name}: what the leaf says in clear is the fact's")
    head, _, note = receipt["proof"].partition("\n\n")
    head = head.split("\n")
    expect(head[0] == "c2sp.org/tlog-proof@v1", f"{name}: the proof is a tlog-proof")
    if head[1].startswith("extra "):
        head.pop(1)
    index = int(head[1].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in head[2:]]
    text, lines = read_note(note)
    origin, size, root = read_checkpoint(text)
    expect(index == receipt["index"] and origin == receipt["origin"], f"{name}: one place")
    signed = any(key.name == origin and key.signed(text, lines) for key in keys)
    expect(signed, f"{name}: the receipt's checkpoint is signed by a pinned key")
    found = root_from_proof(leaf_hash(leaf), index, size, path)
    expect(found == root, f"{name}: the receipt's leaf is entry {index} of {size}")
    other = root_from_proof(leaf_hash(leaf + b" "), index, size, path)
    expect(other != root, f"{name}: another leaf is not")


def check_receipts(node, keys, token):
    node.headers = {"Authorization": f"Bearer {token}"}
    wanted = set(LEDGERS)
    cursor = ""
    while wanted:
        page = json.loads(node.get(f"/api/v1/audit?limit=200{cursor}"))
        for row in page["items"]:
            if row["log"] in wanted:
                try:
                    receipt = json.loads(node.get(row["receipt_url"]))
                except urllib.error.HTTPError as error:
                    if error.code == 409:
                        continue
                    raise
                wanted.discard(row["log"])
                check_receipt(receipt, keys)
        if not page["next_cursor"]:
            break
        cursor = "&cursor=" + page["next_cursor"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("node")
    parser.add_argument("--keys")
    parser.add_argument("--token")
    args = parser.parse_args()
    node = Node(args.node)
    if args.keys:
        with open(args.keys, encoding="utf-8") as file:
            lines = file.read().split()
    else:
        lines = node.get("/ledger/keys").decode().split()
        print("keys taken from the node itself: nothing is pinned")
    keys = [Key(line) for line in lines]
    for name in LEDGERS:
        size = check_ledger(node, name, keys)
        print(f"{name}: {size} entries")
    if args.token:
        check_receipts(node, keys, args.token)
    print(f"{len(PASSED)} passed, {len(FAULTS)} failed")
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
