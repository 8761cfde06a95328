"""Papers opened by programs that know nothing of ours: python-docx, openpyxl, and LibreOffice where it is."""
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time

import docx
import openpyxl
import requests

URL, HEADERS = os.environ["TIANYUAN_URL"], {"authorization": f"Bearer {os.environ['TIANYUAN_TOKEN']}"}


def call(method, path, **more):
    answer = requests.request(method, f"{URL}/api/v1{path}", headers=HEADERS, timeout=30, **more)
    answer.raise_for_status()
    return answer


def made(plan, kind, lang):
    body = {"kind": kind, "lang": lang, "cadence": "quarter", "day": "2024-12-31", "issuer": "规划办公室"}
    paper = call("POST", f"/plans/{plan}/papers", json=body).json()
    for _ in range(300):
        detail = call("GET", f"/papers/{paper['id']}").json()["paper"]
        if detail["state"] != "making":
            break
        time.sleep(0.1)
    assert detail["state"] == "ready", detail
    return call("GET", f"/papers/{paper['id']}/file").content


def read_word(bytes_):
    document = docx.Document(io.BytesIO(bytes_))
    said = "\n".join(p.text for p in document.paragraphs)
    said += "\n".join(c.text for t in document.tables for row in t.rows for c in row.cells)
    assert "{{" not in said, said
    assert document.tables and len(document.paragraphs) > 20
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    charts = [p for p in document.part.package.iter_parts() if "drawingml.chart" in p.content_type]
    assert charts, "no native chart"
    # Saved again by another hand it is still a document.
    document.save(io.BytesIO())
    return said


def read_excel(bytes_):
    book = openpyxl.load_workbook(io.BytesIO(bytes_))
    charts = sum(len(sheet._charts) for sheet in book.worksheets)
    assert charts >= 10, f"{charts} charts"
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title}!{cell.coordinate} is a formula"
    return charts


def convert(bytes_, extension):
    office = shutil.which("soffice")
    if not office:
        return "without LibreOffice"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"paper.{extension}")
        with open(path, "wb") as file:
            file.write(bytes_)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        subprocess.run([office, profile, "--headless", "--convert-to", "pdf", "--outdir", folder, path],
                       check=True, capture_output=True, timeout=180)
        with open(os.path.join(folder, "paper.pdf"), "rb") as file:
            assert file.read(5) == b"%PDF-"
    return "converted by LibreOffice"


plan = call("GET", "/plans").json()["items"][0]["id"]
kinds = sys.argv[1:] or ["bulletin"]
opened = 0
for kind in kinds:
    for lang in ("zh", "en"):
        paper = made(plan, kind, lang)
        assert made(plan, kind, lang) != b"", kind
        read_word(paper)
        opened += 1
template = call("GET", "/paper-templates/bulletin/zh").content
assert docx.Document(io.BytesIO(template)).paragraphs
figures = made(plan, "figures", "zh")
charts = read_excel(figures)
how = {convert(paper, "docx"), convert(figures, "xlsx")}
print(f"{opened + 2} files opened by python-docx and openpyxl, {charts} charts in the workbook, {', '.join(how)}")
