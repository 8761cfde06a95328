#!/usr/bin/env python3
"""kill -9 at random moments under mixed load, again and again.

Each round starts a node on the same data, writes indicator values and units from several
threads (each request with an idempotency key of its own), kills the node at a random moment,
starts it again, repeats every request that got no answer with the same key, and then counts:
acknowledged writes that are missing, and writes that are there twice. At the end of each round
`tianyuan verify` checks the five ledgers against the keys pinned before the first round and
the checkpoints seen in earlier rounds. Needs only Python's standard library; loopback only.
"""
import argparse, http.client, json, os, pathlib, random, shutil, signal, socket, subprocess
import sys, tempfile, threading, time

PASSWORD = "kill-loop-password"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    def __init__(self, binary, data, database):
        self.binary, self.data, self.database = binary, data, database
        self.port = free_port()
        self.process = None

    def start(self):
        env = dict(os.environ, TIANYUAN_ADMIN_PASSWORD=PASSWORD,
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER="100000000",
                   TIANYUAN__LIMITS__SIGN_INS_PER_MINUTE_ADDRESS="100000")
        if self.database:
            env["TIANYUAN__DATABASE__URL"] = self.database
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", "--demo"],
            env=env, stdout=subprocess.DEVNULL, stderr=open(self.data + ".log", "ab"))
        for _ in range(600):
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the node did not become ready")

    def call(self, method, path, body=None, token=None, key=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if key:
            headers["idempotency-key"] = key
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def sign_in(self):
        _, text = self.call("POST", "/api/v1/sessions", {"username": "admin", "password": PASSWORD})
        return json.loads(text)["token"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def list(self, path, token):
        items, cursor = [], ""
        while True:
            _, text = self.call("GET", f"{path}?limit=200{cursor}", token=token)
            page = json.loads(text)
            items += page["items"]
            if not page["next_cursor"]:
                return items
            cursor = "&cursor=" + page["next_cursor"]


def writer(node, token, indicator, name, written, stop):
    n = 0
    while not stop.is_set():
        n += 1
        key = f"{name}-{n}"
        body = {"at": "2024-06-30", "value": n % 100, "note": key}
        record = {"key": key, "body": body, "acknowledged": False}
        written.append(record)
        try:
            status, _ = node.call("POST", f"/api/v1/indicators/{indicator}/values", body, token, key, 3)
            record["acknowledged"] = status == 201
        except (OSError, http.client.HTTPException):
            return


def one_round(node, number, rng, indicator, expected):
    token = node.sign_in()
    stop, written, threads = threading.Event(), [], []
    for t in range(4):
        mine = []
        written.append(mine)
        thread = threading.Thread(
            target=writer, args=(node, token, indicator, f"r{number}t{t}", mine, stop))
        thread.start()
        threads.append(thread)
    time.sleep(rng.uniform(0.05, 0.8))
    node.kill()
    stop.set()
    for thread in threads:
        thread.join()
    node.start()
    token = node.sign_in()
    for mine in written:
        for record in mine:
            if not record["acknowledged"]:
                path = f"/api/v1/indicators/{indicator}/values"
                status, text = node.call("POST", path, record["body"], token, record["key"])
                if status != 201:
                    raise SystemExit(f"{record['key']}: {status} {text[:300]}")
            expected.add(record["key"])
    return token


def verify(binary, data, keys, seen):
    # The worker integrates at most a second after a commit.
    time.sleep(1.0)
    done = subprocess.run([binary, "verify", data, "--keys", keys, "--seen", seen],
                          capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stdout, done.stderr)
    return done.returncode == 0


def run(binary, times, seed, backend):
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="tianyuan-kill-")
    data, database, name = os.path.join(folder, "data"), None, None
    if backend == "postgres":
        name = f"tianyuan_kill_{os.getpid()}"
        sql = f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        subprocess.run(["psql", "-qh", "127.0.0.1", "-U", "postgres", "-c", sql], check=True)
        database = f"postgres://postgres@127.0.0.1:5432/{name}"
    node = Node(binary, data, database)
    node.start()
    lost = doubled = unsound = 0
    try:
        token = node.sign_in()
        plan = node.list("/api/v1/plans", token)[0]["id"]
        # A level (Mbps): any number of revisions of one date is sensible there.
        indicator = next(i["id"] for i in node.list(f"/api/v1/plans/{plan}/indicators", token)
                         if i["number"] == 8)
        keys = os.path.join(folder, "keys")
        pathlib.Path(keys).write_bytes(node.call("GET", "/ledger/keys")[1])
        expected = set()
        for number in range(times):
            token = one_round(node, number, rng, indicator, expected)
            unsound += not verify(binary, data, keys, os.path.join(folder, "seen"))
        notes = [v["note"] for v in node.list(f"/api/v1/indicators/{indicator}/values", token)]
        there = [n for n in notes if n in expected]
        lost = len(expected - set(there))
        doubled = len(there) - len(set(there))
        node.kill()
        print(f"{backend}: {times} kills, {len(expected)} acknowledged writes, "
              f"lost {lost}, doubled {doubled}, ledgers that did not verify {unsound}", flush=True)
    finally:
        if node.process.poll() is None:
            node.kill()
        if name:
            subprocess.run(["psql", "-qh", "127.0.0.1", "-U", "postgres",
                            "-c", f"DROP DATABASE {name} WITH (FORCE)"])
        shutil.rmtree(folder, ignore_errors=True)
    return lost + doubled + unsound


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--binary", default=str(ROOT / "target/release/tianyuan"))
    args = parser.parse_args()
    backends = ["sqlite", "postgres"] if args.backend == "both" else [args.backend]
    wrong = sum(run(args.binary, args.times, args.seed, b) for b in backends)
    print(f"{0 if wrong else 1} passed, {1 if wrong else 0} failed")
    sys.exit(1 if wrong else 0)
