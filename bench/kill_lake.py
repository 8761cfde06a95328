"""The lake's room of the kill loop: kill_loop.py --room lake.

While files are sent in pieces, become versions, and somebody's rows are erased from older ones,
readers look for half versions: every row of a version says which version it is of and how many
rows that has. The node is killed at a random moment, and what follows must hold:

- what was acknowledged of a file is there, and an upload goes on where it broke off;
- every version is whole, in every number; the current one too, at every moment;
- an erasure that was acknowledged takes the person out of every version;
- at the end no object lies in the store that nothing points to, once its grace is over, and
  none is missing.

While the node is down, leases of its jobs are ended in the database, as a minute of waiting
would; for the collectors' grace of a day, files are made to look older.
"""
import http.client, json, os, pathlib, random, sqlite3, subprocess, threading, time
import urllib.parse

JSON, BYTES = "application/json", "application/octet-stream"
OFFICER = "kill-loop-officer"


class Records:
    """The node's database, looked at from outside while the node is down or at rest."""

    def __init__(self, data, url):
        self.path, self.url = pathlib.Path(data), url

    def run(self, sql):
        if self.url:
            done = subprocess.run(["psql", "-qAt", "-F", "\t", self.url, "-c", sql],
                                  capture_output=True, text=True, check=True)
            return [tuple(line.split("\t")) for line in done.stdout.splitlines()]
        file = next(p for p in self.path.iterdir() if p.suffix in (".db", ".sqlite", ".sqlite3"))
        with sqlite3.connect(file, timeout=20) as db:
            rows = db.execute(sql).fetchall()
        return [tuple(str(v) for v in row) for row in rows]

    def end_leases(self):
        self.run("UPDATE jobs SET held_until = 0 WHERE state = 'running'")
        self.run("UPDATE jobs SET run_after = 0 WHERE state = 'queued'")


class Failed(Exception):
    pass


def asked(node, token, method, path, body=None, media=JSON, expect=(200, 201, 202, 204)):
    """A request that must succeed while the node lives; OSError when it was killed."""
    if body is not None and media == JSON:
        body = json.dumps(body)
    status, text = node.call(method, path, body, token, timeout=30, media=media)
    if status not in expect:
        raise Failed(f"{method} {path}: {status} {text[:400]}")
    return json.loads(text) if text else None


def officer(node):
    """Opens an account of a data officer and signs in to it; answers its token."""
    admin = node.sign_in()
    new = {"username": "officer", "name": "某某", "roles": [{"role": "data_officer"}]}
    first = asked(node, admin, "POST", "/api/v1/people", new)["initial_password"]
    session = asked(node, None, "POST", "/api/v1/sessions", {"username": "officer", "password": first})
    change = {"current": first, "new": OFFICER}
    asked(node, session["token"], "POST", "/api/v1/me/password", change)
    unit = asked(node, admin, "POST", "/api/v1/units",
                 {"code": "kill-unit", "name": "示例单位", "kind": "department"})
    return unit["id"]


def sign_in(node):
    body = {"username": "officer", "password": OFFICER}
    return asked(node, None, "POST", "/api/v1/sessions", body)["token"]


def csv(mark, rows):
    head = "mark,want,person,filler\n"
    line = lambda n: f"{mark},{rows},p{n % 50},{'x' * 40}{n}\n"
    return (head + "".join(line(n) for n in range(rows))).encode()


class Upload:
    """A file one writer brings; it remembers what was acknowledged."""

    def __init__(self, dataset, mark, rows):
        self.dataset, self.mark, self.rows = dataset, mark, rows
        self.bytes, self.id, self.sent, self.loaded = csv(mark, rows), None, 0, False

    def go_on(self, node, token, rng):
        """Brings it to its end; raises OSError where the node was killed."""
        if not self.id:
            new = {"name": "a.csv", "size_bytes": len(self.bytes)}
            path = f"/api/v1/datasets/{self.dataset}/uploads"
            self.id = asked(node, token, "POST", path, new)["id"]
        while True:
            upload = asked(node, token, "GET", f"/api/v1/uploads/{self.id}")
            state, there = upload["state"], upload["received_bytes"]
            if there < self.sent:
                raise Failed(f"{self.mark}: {self.sent} bytes were acknowledged, {there} are there")
            if state == "receiving":
                piece = self.bytes[there:there + rng.randrange(20_000, 200_000)]
                path = f"/api/v1/uploads/{self.id}/content?offset={there}"
                got = asked(node, token, "PUT", path, piece, BYTES)
                self.sent = got["received_bytes"]
            elif state == "read":
                columns = upload["found"]["columns"]
                fields = [{"column": c["column"], "field": c["field"]} for c in columns]
                asked(node, token, "POST", f"/api/v1/uploads/{self.id}/load",
                      {"fields": fields, "publish": True})
            elif state == "loaded":
                self.loaded = True
                return upload["version_number"]
            elif state == "discarded":
                return None
            elif state in ("failed", "checked") and state == "failed":
                raise Failed(f"{self.mark}: {upload['problem']}")
            else:
                time.sleep(0.05)


class Room:
    def __init__(self, node, data, url, seed):
        self.node, self.rng = node, random.Random(seed)
        self.records, self.data = Records(data, url), pathlib.Path(data)
        self.unit = officer(node)
        self.token = sign_in(node)
        self.datasets = [self.dataset(f"house_{n}") for n in range(2)]
        self.roster = self.dataset("roster")
        self.unfinished, self.counts = [], dict(versions=0, reads=0, lost_jobs=0)
        self.erased, self.lock, self.wrong = [], threading.Lock(), []
        self.known = {}

    def dataset(self, code):
        profile = {"title": code, "unit_id": self.unit, "update_cycle": "irregular",
                   "sharing": "unconditional", "opening": "unconditional"}
        made = asked(self.node, self.token, "POST", "/api/v1/datasets",
                     {"code": code, "profile": profile})
        return made["code"]

    def count(self, name, n=1):
        with self.lock:
            self.counts[name] += n

    # What runs while the node lives. Each ends when the node does.
    def bring(self, dataset, name, seed):
        rng, n = random.Random(seed), 0
        while True:
            n += 1
            upload = Upload(dataset, f"{name}-{n}", rng.randrange(50, 12_000))
            self.unfinished.append(upload)
            if upload.go_on(self.node, self.token, rng):
                self.count("versions")
            self.unfinished.remove(upload)

    def erase(self, seed):
        """Brings a version of the roster and takes people out of all its versions."""
        rng, n = random.Random(seed), 0
        while True:
            n += 1
            upload = Upload(self.roster, f"roster-{seed}-{n}", rng.randrange(50, 3_000))
            self.unfinished.append(upload)
            upload.go_on(self.node, self.token, rng)
            self.unfinished.remove(upload)
            person = f"p{rng.randrange(50)}"
            body = {"field": "person", "values": [person], "reason": "试验"}
            path = f"/api/v1/datasets/{self.roster}/erasures"
            one = asked(self.node, self.token, "POST", path, body)
            self.erased.append((one["id"], person))
            while not asked(self.node, self.token, "GET", f"/api/v1/erasures/{one['id']}")["finished_at"]:
                time.sleep(0.05)

    def read(self, seed):
        rng = random.Random(seed)
        while True:
            time.sleep(0.05)
            dataset = rng.choice(self.datasets)
            sql = (f"SELECT count(*) AS n, min(want) AS low, max(want) AS high, "
                   f"count(DISTINCT mark) AS marks FROM {dataset}")
            answer = asked(self.node, self.token, "POST", "/api/v1/sql", {"sql": sql},
                           expect=(200, 422))
            if answer.get("code") == "table_unknown":
                continue
            self.whole(answer["rows"][0], dataset)
            self.count("reads")

    def whole(self, row, what):
        if not (row["n"] == row["low"] == row["high"] and row["marks"] == 1):
            raise Failed(f"half a version of {what}: {row}")

    def guarded(self, work, *args):
        try:
            work(*args)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass  # The node was killed.
        except Failed as failed:
            if self.node.process.poll() is None:
                self.wrong.append(str(failed))

    def round(self, number):
        seed = self.rng.randrange(1 << 30)
        works = [(self.bring, self.datasets[0], f"a{number}", seed),
                 (self.bring, self.datasets[1], f"b{number}", seed + 1),
                 (self.erase, seed + 2), (self.read, seed + 3)]
        threads = [threading.Thread(target=self.guarded, args=work) for work in works]
        for thread in threads:
            thread.start()
        time.sleep(self.rng.uniform(0.2, 2.5))
        self.node.kill()
        for thread in threads:
            thread.join()
        self.records.end_leases()
        self.node.start()
        self.token = sign_in(self.node)
        self.recover()
        for dataset in self.datasets:
            self.every_version(dataset)
        self.nobody_left()

    def recover(self):
        """What broke off goes on; what was asked for comes to its end."""
        for upload in list(self.unfinished):
            self.bounded(lambda: upload.go_on(self.node, self.token, self.rng), upload)
            self.unfinished.remove(upload)
        for one, _ in self.erased:
            self.until(lambda: asked(self.node, self.token, "GET", f"/api/v1/erasures/{one}")["finished_at"],
                       f"erasure {one}")

    def bounded(self, work, upload):
        """A job that was killed three times is given up by the node; then so is its upload."""
        result, failed = [], []

        def run():
            try:
                result.append(work())
            except Exception as error:
                failed.append(error)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        begun = time.monotonic()
        while thread.is_alive():
            thread.join(0.2)
            if time.monotonic() - begun > 60:
                raise SystemExit(f"{upload.mark} does not come to an end")
            if time.monotonic() - begun > 3 and upload.id and self.lost(upload):
                asked(self.node, self.token, "DELETE", f"/api/v1/uploads/{upload.id}")
                self.count("lost_jobs")
        if failed:
            raise SystemExit(f"{upload.mark}: {failed[0]}")
        if result[0]:
            self.count("versions")

    def lost(self, upload):
        rows = self.records.run("SELECT payload FROM jobs WHERE state = 'failed'")
        return any(upload.id in row[0] for row in rows)

    def until(self, done, what, seconds=60):
        begun = time.monotonic()
        while not done():
            if time.monotonic() - begun > seconds:
                raise SystemExit(f"after {seconds} s: {what}")
            time.sleep(0.1)

    def every_version(self, dataset):
        for version in self.node.list(f"/api/v1/datasets/{dataset}/versions", self.token):
            key = (dataset, version["number"])
            if self.known.get(key) == version["sha256"]:
                continue  # Its files are content-addressed; they were read before.
            path = f"/api/v1/datasets/{dataset}/rows?version={version['number']}&count=true&limit=5000"
            page = asked(self.node, self.token, "GET", path)
            marks = {row["mark"] for row in page["items"]}
            wants = {row["want"] for row in page["items"]}
            if page["total"] != version["rows"] or wants != {version["rows"]} or len(marks) != 1:
                raise SystemExit(f"version {key}: {page['total']} rows, {wants}, {marks}")
            self.known[key] = version["sha256"]

    def nobody_left(self):
        gone = {person for _, person in self.erased}
        latest = {}
        for one, person in self.erased:
            latest[person] = one
        for version in self.node.list(f"/api/v1/datasets/{self.roster}/versions", self.token):
            for person in gone:
                # A version that came after the erasure may bring the person back.
                erasure = asked(self.node, self.token, "GET", f"/api/v1/erasures/{latest[person]}")
                if version["created_at"] > erasure["finished_at"]:
                    continue
                query = urllib.parse.urlencode({"version": version["number"], "count": "true",
                                                "limit": 1, "filter": f"person:eq:{person}"})
                page = asked(self.node, self.token, "GET", f"/api/v1/datasets/{self.roster}/rows?{query}")
                if page["total"]:
                    raise SystemExit(f"{person} is still in version {version['number']}")

    # At the end: the store and the records say the same.
    def orphans(self):
        """Lets a day pass for the collectors; answers objects nothing points to, and missing ones."""
        self.node.kill()
        files = self.data / "files"
        old = time.time() - 26 * 3600
        before = 0
        for folder in ("lake", "incoming", "uploads"):
            for path in (files / folder).rglob("*"):
                if path.is_file():
                    os.utime(path, (old, old))
                    before += 1
        self.records.end_leases()
        self.records.run("UPDATE job_schedules SET next_at = 0")
        since = int(time.time() * 1_000_000)
        self.node.start()
        collectors = ("lake.collect", "kernel.collect_files", "chain.collect_uploads")
        kinds = "', '".join(collectors)
        ran = lambda: int(self.records.run(
            f"SELECT count(DISTINCT kind) FROM jobs WHERE kind IN ('{kinds}') AND state = 'done' "
            f"AND finished_at > {since}")[0][0]) == len(collectors)
        self.until(ran, "the collectors did not run")
        idle = lambda: int(self.records.run(
            "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")[0][0]) == 0
        self.until(idle, "jobs are still waiting")
        pointed = {row[0] for row in self.records.run(
            "SELECT object_key FROM lake_files UNION SELECT object_key FROM lake_released "
            "UNION SELECT object_key FROM chain_upload_pieces "
            "UNION SELECT rejects_key FROM chain_uploads WHERE rejects_key IS NOT NULL")}
        there = {str(path.relative_to(files)) for folder in ("lake", "incoming", "uploads")
                 for path in (files / folder).rglob("*") if path.is_file()}
        spilled = [p for p in (self.data / "spill").glob("*") if p.is_dir()]
        orphans = sorted(there - pointed) + [str(p) for p in spilled[1:]]
        return before, orphans, sorted(pointed - there)


def run(node, data, url, times, seed):
    """Answers how much was wrong."""
    room = Room(node, data, url, seed)
    for number in range(times):
        room.round(number)
        if room.wrong:
            raise SystemExit("\n".join(room.wrong))
    before, orphans, missing = room.orphans()
    c = room.counts
    print(f"{'postgres' if url else 'sqlite'}: lake, {times} kills, {c['versions']} versions, "
          f"{len(room.erased)} erasures, {c['reads']} reads; half versions 0, objects before collecting "
          f"{before}, orphans {len(orphans)}, missing {len(missing)}, uploads given up "
          f"{c['lost_jobs']}", flush=True)
    for key in (orphans + missing)[:10]:
        print("  " + key, flush=True)
    return len(orphans) + len(missing)
