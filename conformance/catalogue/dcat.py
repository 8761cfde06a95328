"""The catalogue as Turtle and JSON-LD through pyshacl, with the shapes of DCAT-AP 3.0.1."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import requests
from pyshacl import validate
from rdflib import DCAT, DCTERMS, RDF, Graph
from rdflib.compare import isomorphic

from support import NODE, expect, finish

SHAPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dcat-ap-SHACL.ttl")
shapes = Graph().parse(SHAPES, format="turtle")
expect(len(shapes) > 1_000, "the shapes were read")

listed = requests.get(f"{NODE}/api/v1/datasets?limit=200", timeout=30).json()["items"]
graphs = []
for path, form in (("/catalog.ttl", "turtle"), ("/catalog.jsonld", "json-ld")):
    answer = requests.get(NODE + path, timeout=60)
    expect(answer.status_code == 200, f"{path} is there for everybody")
    graph = Graph().parse(data=answer.text, format=form)
    graphs.append(graph)
    conforms, _, report = validate(graph, shacl_graph=shapes, advanced=True)
    expect(conforms, f"{path} has no violation: {report[:4000]}")
    datasets = set(graph.subjects(RDF.type, DCAT.Dataset))
    expect(len(datasets) == len(listed), f"{path} holds what anybody may see: {len(datasets)}, {len(listed)}")
    titles = {str(t) for d in datasets for t in graph.objects(d, DCTERMS.title)}
    expect({d["title"] for d in listed} <= titles, f"{path} names them as the list does")
expect(isomorphic(*graphs), "Turtle and JSON-LD say the same")

# Every distribution can be had as it says.
turtle = graphs[0]
downloads = sorted(str(o) for o in turtle.objects(None, DCAT.downloadURL))
expect(bool(downloads) or not listed, "open datasets have distributions")
for url in downloads:
    media = {str(m).removeprefix("https://www.iana.org/assignments/media-types/")
             for s in turtle.subjects(DCAT.downloadURL) if str(turtle.value(s, DCAT.downloadURL)) == url
             for m in turtle.objects(s, DCAT.mediaType)}
    got = requests.get(url, timeout=60)
    told = got.headers.get("content-type", "").split(";")[0]
    expect(got.status_code == 200 and told in media, f"{url}: {got.status_code} {told}, not {media}")

# The shapes can fail: a dataset without a title is told.
broken = Graph().parse(data=requests.get(f"{NODE}/catalog.ttl", timeout=60).text, format="turtle")
victim = next(iter(broken.subjects(RDF.type, DCAT.Dataset)), None)
if expect(victim is not None, "the sample district has open datasets"):
    broken.remove((victim, DCTERMS.title, None))
    conforms, _, _ = validate(broken, shacl_graph=shapes, advanced=True)
    expect(not conforms, "a dataset without a title is a violation")
finish()
