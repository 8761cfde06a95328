"""What the measuring scripts of the catalogue and the lake share: a node of its own in a folder of
its own, an account that may publish, files into datasets, and what the process used. Standard
library only; loopback only."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
JSON = "application/json"
PASSWORD = "bench-password-of-one-run"
PIECE = 16 << 20
TICKS = os.sysconf("SC_CLK_TCK")


def binary():
    """The release build, or the one that TIANYUAN_BIN names."""
    return os.environ.get("TIANYUAN_BIN", str(ROOT / "target/release/tianyuan"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Refused(Exception):
    pass


class Client:
    """One connection, kept open."""

    def __init__(self, port, token=None):
        self.port, self.token, self.connection = port, token, None

    def send(self, method, path, body=None, media=JSON, accept=JSON):
        """Status, headers and bytes."""
        headers = {"accept": accept}
        if self.token:
            headers["authorization"] = "Bearer " + self.token
        if body is not None:
            headers["content-type"] = media
            body = json.dumps(body).encode() if media == JSON else body
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1200)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except OSError:
            self.connection = None
            raise

    def call(self, method, path, body=None, media=JSON):
        """The answer as JSON; `Refused` when it is none of the good ones."""
        status, _, data = self.send(method, path, body, media)
        if status >= 300:
            raise Refused(f"{method} {path}: {status} {data[:600].decode(errors='replace')}")
        return json.loads(data) if data else None


class Node:
    """A fresh node with the sample district, ended and swept away when left."""

    def __init__(self, settings=None):
        self.folder = tempfile.mkdtemp(prefix="tianyuan-bench-", dir=os.environ.get("BENCH_FOLDER"))
        self.port, self.flight = free_port(), free_port()
        env = dict(os.environ, TIANYUAN_ADMIN_PASSWORD=PASSWORD, TIANYUAN__LOG__FILTER="warn",
                   TIANYUAN__SERVER__FLIGHT_LISTEN=f"127.0.0.1:{self.flight}",
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER="4000000000",
                   TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_ADDRESS="4000000000",
                   TIANYUAN__LIMITS__SIGN_INS_PER_MINUTE_ADDRESS="1000000", **(settings or {}))
        self.log = open(os.path.join(self.folder, "log"), "wb")
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [binary(), "serve", "--data", os.path.join(self.folder, "data"), "--listen", f"127.0.0.1:{self.port}", "--demo"],
            env=env, stdout=subprocess.DEVNULL, stderr=self.log)
        while True:
            try:
                if Client(self.port).send("GET", "/readyz")[0] == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit("the node ended: " + open(self.log.name).read()[-2000:])
            time.sleep(0.005)
        self.ready_s = time.perf_counter() - begun
        self.stranger = Client(self.port)

    def samples(self):
        """Waits until the sample datasets are in; seconds it took."""
        begun = time.perf_counter()
        while True:
            found = self.stranger.call("GET", "/api/v1/datasets?q=hotline_tickets")["items"]
            if found and found[0]["current"]:
                return time.perf_counter() - begun
            time.sleep(0.02)

    def officer(self):
        """A client that may enter, publish and see everything."""
        admin = Client(self.port, self._sign_in("admin", PASSWORD))
        body = {"username": "officer", "name": "某某", "roles": [{"role": "data_officer"}]}
        first = admin.call("POST", "/api/v1/people", body)["initial_password"]
        token = self._sign_in("officer", first)
        change = {"current": first, "new": PASSWORD}
        token = Client(self.port, token).call("POST", "/api/v1/me/password", change)["token"]
        return Client(self.port, token)

    def _sign_in(self, name, password):
        return self.stranger.call("POST", "/api/v1/sessions", {"username": name, "password": password})["token"]

    def unit(self, client):
        return client.call("GET", "/api/v1/units?limit=1")["items"][0]["id"]

    def cpu_s(self):
        """Processor seconds used so far."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def forget_peak(self):
        try:
            open(f"/proc/{self.process.pid}/clear_refs", "w").write("5")
        except OSError as error:
            print(f"the peak cannot be reset ({error}): it is that of the whole run")

    def memory_mb(self, which="VmHWM"):
        """Resident memory: the peak, or `VmRSS` for now."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(which + ":"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def profile(unit, title, **more):
    return {"title": title, "unit_id": unit, "update_cycle": "irregular", "sharing": "unconditional",
            "opening": "unconditional", "sample": True, **more}


def enter(client, unit, code, title, **more):
    """A dataset; its id."""
    body = {"code": code, "profile": profile(unit, title, **more)}
    return client.call("POST", "/api/v1/datasets", body)["id"]


def upload(client, dataset, path, name=None):
    """Sends a file in pieces; the upload's path, with what each step took in seconds."""
    size = os.path.getsize(path)
    name = name or os.path.basename(path)
    begun = time.perf_counter()
    made = client.call("POST", f"/api/v1/datasets/{dataset}/uploads", {"name": name, "size_bytes": size})
    at = f"/api/v1/uploads/{made['id']}"
    offset = 0
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            client.call("PUT", f"{at}/content?offset={offset}", piece, "application/octet-stream")
            offset += len(piece)
    return at, time.perf_counter() - begun


def waited(client, at, *wanted, every_s=0.05):
    """The upload, once it stands where it should; the seconds that took."""
    begun = time.perf_counter()
    while True:
        found = client.call("GET", at)
        if found["state"] in wanted:
            return found, time.perf_counter() - begun
        if found["state"] in ("failed", "discarded") or (found["problem"] and found["state"] == "read"):
            raise Refused(f"{at}: {found['state']} {found['problem']}")
        time.sleep(every_s)


def load(client, at, found, change=None):
    """Makes a version of an upload that was read; the upload and the seconds it took."""
    fields = [{"column": c["column"], "field": c["field"]} for c in found["found"]["columns"]]
    for field in fields:
        if change:
            change(field["field"])
    begun = time.perf_counter()
    client.call("POST", f"{at}/load", {"fields": fields, "publish": True, "accept_rejects": True})
    loaded, _ = waited(client, at, "loaded")
    return loaded, time.perf_counter() - begun


def publish(client, dataset, reason=None):
    """Brings a dataset into the catalogue, with a reason where its grades want one."""
    if reason:
        _, headers, data = client.send("GET", f"/api/v1/datasets/{dataset}")
        whole = json.loads(data)
        keys = ("title", "unit_id", "update_cycle", "sharing", "opening", "sample", "fields")
        body = {k: whole[k] for k in keys} | {"opening_terms": reason}
        etag = {k.lower(): v for k, v in headers.items()}["etag"]
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.request("PUT", f"/api/v1/datasets/{dataset}", json.dumps(body).encode(),
                           {"content-type": JSON, "if-match": etag, "authorization": "Bearer " + client.token})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Refused(f"PUT {dataset}: {answer.status} {text[:600]}")
    client.call("POST", f"/api/v1/datasets/{dataset}/publish", {})


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    return f"{os.cpu_count()} cores ({model}), load {os.getloadavg()[0]:.1f}, {binary()}"
