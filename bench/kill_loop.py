#!/usr/bin/env python3
"""kill -9 at random moments under mixed load, again and again.

Each round starts a node on the same data, writes indicator values, units and evidence files from
several threads while another reads (each write with an idempotency key of its own), kills the node at a random moment,
starts it again, repeats every request that got no answer with the same key, and then counts:
acknowledged writes that are missing, and writes that are there twice. At the end of each round,
when every fact stands in its ledger, `tianyuan verify` checks the five ledgers against the keys
pinned before the first round and the checkpoints seen in earlier rounds. With `--room lake` it is
uploads, versions and erasures that are cut off (kill_lake.py). Needs only Python's standard
library; loopback only.
"""
import argparse, collections, http.client, json, os, pathlib, random, re, shutil, signal, socket
import subprocess, sys, tempfile, threading, time

JSON = "application/json"
import kill_lake

PASSWORD = "kill-loop-password"
ROOT = pathlib.Path(__file__).resolve().parent.parent


SERVER = os.environ.get("TIANYUAN_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")


def sql(text):
    subprocess.run(["psql", "-q", SERVER, "-c", text], check=True)


def postgres_answers():
    return shutil.which("psql") and subprocess.run(
        ["psql", "-qc", "SELECT 1", SERVER], capture_output=True).returncode == 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    def __init__(self, binary, data, database, demo=True):
        self.binary, self.data, self.database, self.demo = binary, data, database, demo
        self.port = free_port()
        self.process = None

    def start(self):
        env = dict(os.environ, TIANYUAN_ADMIN_PASSWORD=PASSWORD,
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER="100000000",
                   TIANYUAN__LIMITS__SIGN_INS_PER_MINUTE_ADDRESS="100000")
        if self.database:
            env["TIANYUAN__DATABASE__URL"] = self.database
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
             *(["--demo"] if self.demo else [])],
            env=env, stdout=subprocess.DEVNULL, stderr=open(self.data + ".log", "ab"))
        for _ in range(600):
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the node did not become ready")

    def call(self, method, path, body=None, token=None, key=None, timeout=10, media=JSON):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"content-type": media} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if key:
            headers["idempotency-key"] = key
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def sign_in(self):
        _, text = self.call("POST", "/api/v1/sessions",
                            json.dumps({"username": "admin", "password": PASSWORD}))
        return json.loads(text)["token"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def list(self, path, token):
        items, cursor = [], ""
        while True:
            status, text = self.call("GET", f"{path}?limit=200{cursor}", token=token)
            if status != 200:
                raise SystemExit(f"{path}: {status} {text[:300]}")
            page = json.loads(text)
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = "&cursor=" + page["next_cursor"]


def requests(kind, name, place):
    """What one thread asks for, one after another: path, body, content type, what marks it."""
    n = 0
    while True:
        n += 1
        mark = f"{name}-{n}"
        if kind == "value":
            yield f"/api/v1/indicators/{place['indicator']}/values", \
                json.dumps({"at": "2024-06-30", "value": n % 100, "note": mark}), JSON, mark
        elif kind == "unit":
            yield "/api/v1/units", json.dumps({"code": mark, "name": mark, "kind": "company"}), JSON, mark
        else:
            # Each file has bytes of its own, so that each is an object of its own.
            yield f"/api/v1/measures/{place['measure']}/files?name={mark}.pdf", \
                f"%PDF-1.4\n{mark}\n" + "x" * 20_000, "application/pdf", mark


def writer(node, token, asked, written):
    for path, body, media, mark in asked:
        record = {"path": path, "body": body, "media": media, "mark": mark, "acknowledged": False}
        written.append(record)
        try:
            status, text = node.call("POST", path, body, token, mark, 3, media)
        except (OSError, http.client.HTTPException):
            return
        if status != 201:
            print(f"{mark}: {status} {text[:300]}", flush=True)
            os._exit(1)
        record["acknowledged"] = True


def reader(node, token, plan, stop):
    while not stop.is_set():
        try:
            node.call("GET", f"/api/v1/plans/{plan}/overview", token=token, timeout=3)
        except (OSError, http.client.HTTPException):
            return


def one_round(node, number, rng, place, expected):
    token = node.sign_in()
    stop, written, threads = threading.Event(), [], []
    for t, kind in enumerate(["value", "value", "unit", "file"]):
        mine = []
        written.append((kind, mine))
        asked = requests(kind, f"r{number}t{t}", place)
        threads.append(threading.Thread(target=writer, args=(node, token, asked, mine)))
    threads.append(threading.Thread(target=reader, args=(node, token, place["plan"], stop)))
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0.05, 0.8))
    node.kill()
    stop.set()
    for thread in threads:
        thread.join()
    node.start()
    token = node.sign_in()
    for kind, mine in written:
        for record in mine:
            # What got no answer is asked again with its own key, as a careful client would.
            if not record["acknowledged"]:
                status, text = node.call("POST", record["path"], record["body"], token,
                                         record["mark"], media=record["media"])
                if status != 201:
                    raise SystemExit(f"{record['mark']}: {status} {text[:300]}")
            expected[kind].append(record["mark"])
    return token


def integrated(node, token):
    """Waits until every fact stands in a signed ledger, exactly once, so that the next kill may
    hit the ledgers' worker as well as the writers. A killed node's lease must end first."""
    for _ in range(300):
        _, text = node.call("GET", "/metrics", token=token)
        waiting, facts = (int(re.search(rb"^tianyuan_journal_%s (\d+)" % name, text, re.M)[1])
                          for name in (b"waiting", b"head"))
        entries = sum(ledger["checkpoint_size"] for ledger in node.list("/api/v1/ledgers", token))
        if waiting == 0 and entries == facts:
            return
        time.sleep(0.1)
    raise SystemExit(f"after 30 s: {facts} facts, {waiting} without number, {entries} entries")


def verify(binary, data, keys, seen):
    done = subprocess.run([binary, "verify", data, "--keys", keys, "--seen", seen],
                          capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stdout, done.stderr, flush=True)
    return done.returncode == 0


def run(binary, times, seed, backend, rooms):
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="tianyuan-kill-")
    data, database, name = os.path.join(folder, "data"), None, None
    if backend == "postgres":
        name = f"tianyuan_kill_{os.getpid()}"
        sql(f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
        database = SERVER.rsplit("/", 1)[0] + "/" + name
    lost = doubled = unsound = wrong = 0
    node = Node(binary, data, database, demo="plan" in rooms)
    node.start()
    try:
        if "lake" in rooms:
            wrong = kill_lake.run(node, data, database, times, seed)
        if "plan" not in rooms:
            node.kill()
            return wrong
        token = node.sign_in()
        plan = node.list("/api/v1/plans", token)[0]["id"]
        # A level (Mbps): any number of revisions of one date is sensible there.
        indicators = node.list(f"/api/v1/plans/{plan}/indicators", token)
        place = {"plan": plan, "indicator": next(i["id"] for i in indicators if i["number"] == 8),
                 "measure": node.list(f"/api/v1/plans/{plan}/measures", token)[0]["id"]}
        keys = os.path.join(folder, "keys")
        pathlib.Path(keys).write_bytes(node.call("GET", "/ledger/keys")[1])
        expected = {"value": [], "unit": [], "file": []}
        for number in range(times):
            token = one_round(node, number, rng, place, expected)
            integrated(node, token)
            unsound += not verify(binary, data, keys, os.path.join(folder, "seen"))
        there = {
            "value": [v["note"] for v in
                      node.list(f"/api/v1/indicators/{place['indicator']}/values", token)],
            "unit": [u["code"] for u in node.list("/api/v1/units", token)],
            "file": [f["name"].removesuffix(".pdf") for f in
                     node.list(f"/api/v1/measures/{place['measure']}/files", token)],
        }
        for kind, marks in expected.items():
            counted = collections.Counter(there[kind])
            lost += sum(counted[mark] == 0 for mark in marks)
            doubled += sum(counted[mark] > 1 for mark in marks)
        counts = ", ".join(f"{len(marks)} {kind}s" for kind, marks in expected.items())
        print(f"{backend}: {times} kills, acknowledged {counts}; lost {lost}, doubled {doubled}, "
              f"ledgers that did not verify {unsound}", flush=True)
        node.kill()
    finally:
        if node.process.poll() is None:
            node.kill()
        if name:
            sql(f"DROP DATABASE {name} WITH (FORCE)")
        if lost or doubled or unsound or wrong or sys.exc_info()[0]:
            print(f"{backend}: the node's folder and log are kept in {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return lost + doubled + unsound + wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--room", choices=["plan", "lake"], default="plan")
    parser.add_argument("--binary", default=str(ROOT / "target/release/tianyuan"))
    args = parser.parse_args()
    backends = ["sqlite", "postgres"] if args.backend == "both" else [args.backend]
    if "postgres" in backends and not postgres_answers():
        if os.environ.get("CI") or args.backend == "postgres":
            raise SystemExit(f"PostgreSQL does not answer at {SERVER}")
        print(f"SKIPPED ON POSTGRESQL: none at {SERVER}", flush=True)
        backends.remove("postgres")
    wrong = sum(run(args.binary, args.times, args.seed, b, [args.room]) for b in backends)
    print(f"{0 if wrong else 1} passed, {1 if wrong else 0} failed")
    sys.exit(1 if wrong else 0)
