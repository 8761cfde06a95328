"""Parquet by signed address with DuckDB and pyarrow, unmodified: HEAD, Range, footers."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import glob
import hashlib
import io

import duckdb
import pyarrow.parquet as parquet
import requests

from support import NODE, expect, finish

tables = requests.get(f"{NODE}/api/v1/sql/tables", timeout=30).json()["items"]
if not tables:
    print("SKIPPED: the node has no open table")
    sys.exit(0)
table = tables[0]
link = requests.post(f"{NODE}/api/v1/datasets/{table['dataset']}/file-links", json={}, timeout=300)
expect(link.status_code == 201, f"a link is made: {link.text}")
link = link.json()
url = NODE + link["path"]

head = requests.head(url, timeout=30)
expect(head.status_code == 200 and not head.content, "HEAD has no body")
expect(int(head.headers["content-length"]) == link["size_bytes"], "HEAD tells the size")
expect(head.headers["accept-ranges"] == "bytes", "ranges are announced")
part = requests.get(url, headers={"range": "bytes=-4"}, timeout=30)
expect(part.status_code == 206 and part.content == b"PAR1", "the last four bytes")
whole = requests.get(url, timeout=300).content
expect(hashlib.sha256(whole).hexdigest() == link["sha256"], "the digest told is the digest got")
names = [c["name"] for c in table["columns"]]
arrow = parquet.read_table(io.BytesIO(whole))
expect(arrow.column_names == names, "pyarrow sees the listed columns and no other")
expect(arrow.num_rows == (table["row_count"] or 0), "and all rows")
expect(requests.get(url.replace("/files/", "/files/x"), timeout=30).status_code == 404, "a changed address is none")

connection = duckdb.connect()
try:
    # From the package index, since DuckDB's own download may be out of reach.
    folder = os.path.join(os.path.dirname(duckdb.__file__), os.pardir, "duckdb_ext", "extensions")
    found = glob.glob(os.path.join(folder, f"v{duckdb.__version__}", "*", "httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{found[0]}'" if found else "INSTALL httpfs; LOAD httpfs")
except duckdb.Error as error:
    print(f"SKIPPED: DuckDB's httpfs cannot be had here: {str(error).splitlines()[0]}")
else:
    counted = connection.execute(f"SELECT count(*) FROM read_parquet('{url}')").fetchone()[0]
    expect(counted == arrow.num_rows, "DuckDB reads it remotely")
    column = '"' + names[0].replace('"', '""') + '"'
    distinct = connection.execute(f"SELECT count(DISTINCT {column}) FROM read_parquet('{url}')").fetchone()[0]
    expect(distinct == len(set(arrow.column(0).drop_null().to_pylist())), "and the same values as pyarrow")

# What pyarrow does remotely: a file object that fetches ranges.
class Remote(io.RawIOBase):
    def __init__(self, url, size):
        self.url, self.size, self.at, self.asked = url, size, 0, 0
    def seekable(self):
        return True
    def readable(self):
        return True
    def seek(self, offset, whence=0):
        self.at = {0: 0, 1: self.at, 2: self.size}[whence] + offset
        return self.at
    def tell(self):
        return self.at
    def read(self, n=-1):
        until = self.size if n < 0 else min(self.size, self.at + n)
        if until <= self.at:
            return b""
        got = requests.get(self.url, headers={"range": f"bytes={self.at}-{until - 1}"}, timeout=60)
        assert got.status_code == 206, got.status_code
        self.at, self.asked = until, self.asked + len(got.content)
        return got.content

remote = Remote(url, link["size_bytes"])
metadata = parquet.ParquetFile(remote).metadata
expect(metadata.num_rows == arrow.num_rows, "pyarrow reads the footer by ranges")
finish()
