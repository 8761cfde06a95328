"""The CKAN Action API with unmodified ckanapi: reading as a stranger, writing with a token."""
import io
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import requests
from ckanapi import CKANAPIError, NotAuthorized, NotFound, RemoteCKAN, ValidationError

from support import NODE, expect, finish, signed_in


def officer():
    """An API token of somebody who may publish data: the operator of the node may not."""
    admin = signed_in()
    body = {"username": "ckan-officer", "name": "某某", "roles": [{"role": "data_officer"}]}
    made = admin.post(f"{NODE}/api/v1/people", json=body, timeout=30).json()
    first = made["initial_password"]
    session = requests.post(f"{NODE}/api/v1/sessions", timeout=30,
                            json={"username": "ckan-officer", "password": first}).json()
    headers = {"authorization": "Bearer " + session["token"]}
    changed = requests.post(f"{NODE}/api/v1/me/password", headers=headers, timeout=30,
                            json={"current": first, "new": "stone-and-river-" + first})
    headers = {"authorization": "Bearer " + changed.json()["token"]}
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    token = {"name": "ckanapi", "scopes": ["read", "write"], "expires_at": ends}
    return requests.post(f"{NODE}/api/v1/tokens", headers=headers, json=token, timeout=30).json()["token"]


def refused(error, call, **given):
    try:
        call(**given)
    except error as told:
        return told
    except Exception as other:
        print("another error:", repr(other))
    return None


def waited(condition):
    for _ in range(300):
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    return None


public = RemoteCKAN(NODE, get_only=True)
ask = public.action

# Reading.
names = ask.package_list()
expect("air_quality_daily" in names, f"packages are listed: {names}")
expect(ask.package_list(limit=2, offset=1) == names[1:3], "a part of the list")
package = ask.package_show(id="air_quality_daily")
expect(package["state"] == "active" and package["name"] == "air_quality_daily", "a package by name")
expect(ask.package_show(id=package["id"])["name"] == package["name"], "and by id")
expect(not package["private"] and package["isopen"], "it is open")
expect(refused(NotFound, ask.package_show, id="never_was") is not None, "what is not there is NotFound")
expect(refused(NotFound, ask.package_show, id="talent_allowances") is not None, "what is not open is as absent")
found = ask.package_search(q="空气质量", rows=5)
expect(found["count"] >= 1 and found["results"][0]["name"] == "air_quality_daily", "search by Chinese words")
expect(ask.package_search(q="kongqizhiliang")["count"] >= 1, "and by pinyin")
expect(ask.package_search(q="*:*", rows=0)["count"] == len(names), "everything")
expect(ask.package_search(q="没有这样的数据集")["count"] == 0, "nothing")
faceted = RemoteCKAN(NODE).action.package_search(**{"facet.field": ["organization", "groups", "tags"], "rows": 1})
expect(faceted["facets"]["groups"].get("environment", 0) >= 1, f"facets: {faceted['facets']}")
title = [i["display_name"] for i in faceted["search_facets"]["organization"]["items"] if i["name"] == "shengtai-huanjing-ju"]
expect(title == ["生态环境局"], f"a facet's words: {title}")
pages = [p["name"] for start in range(0, len(names), 3) for p in ask.package_search(rows=3, start=start)["results"]]
expect(sorted(pages) == sorted(names), "page by page, each once")

# Organisations, groups, tags.
organizations = ask.organization_list()
expect("shengtai-huanjing-ju" in organizations, f"organisations by name: {organizations}")
whole = ask.organization_list(all_fields=True)
expect({o["name"] for o in whole} == set(organizations) and all(o["package_count"] for o in whole), "and whole")
unit = ask.organization_show(id="shengtai-huanjing-ju", include_datasets=True)
expect(unit["title"] == "生态环境局" and unit["id"] == package["owner_org"], "an organisation by name")
expect({p["name"] for p in unit["packages"]} == {"air_quality_daily", "river_water"}, "with its packages")
expect(ask.organization_show(id=unit["id"])["name"] == "shengtai-huanjing-ju", "and by id")
mine = ask.package_search(fq="organization:shengtai-huanjing-ju")
expect({p["name"] for p in mine["results"]} == {"air_quality_daily", "river_water"}, "packages of an organisation")
expect("environment" in ask.group_list(), "groups")
group = ask.group_show(id="environment")
expect(any(p["name"] == "air_quality_daily" for p in group["packages"]), "a group with its packages")
expect(any(p["name"] == "car_parks" for p in ask.package_search(fq='groups:"traffic" AND tags:停车场')["results"]), "by group and tag")
expect("停车场" in ask.tag_list() and ask.tag_list(query="停车") == ["停车场"], "tags")
expect(ask.tag_show(id="停车场", include_datasets=True)["packages"][0]["name"] == "car_parks", "a tag with its packages")

# Resources and the datastore.
resource = next(r for r in package["resources"] if r["format"] == "CSV")
expect(ask.resource_show(id=resource["id"])["url"] == resource["url"], "a resource")
csv = requests.get(resource["url"], timeout=60)
expect(csv.status_code == 200 and "站点" in csv.content.decode("utf-8-sig").splitlines()[0], "and its file")
rows = ask.datastore_search(resource_id=resource["id"], limit=5)
expect(rows["total"] == len(csv.content.decode("utf-8-sig").splitlines()) - 1, "rows are counted")
expect(len(rows["records"]) == 5 and set(rows["records"][0]) == {f["id"] for f in rows["fields"]}, "rows and their fields")
next_rows = ask.datastore_search(resource_id=resource["id"], limit=5, offset=5)
expect(next_rows["records"] != rows["records"], "the next rows")
post = RemoteCKAN(NODE).action
some = post.datastore_search(resource_id=resource["id"], filters={"station": "淀山湖站"}, sort="pm25 desc", limit=3)
values = [r["pm25"] for r in some["records"]]
expect(all(r["station"] == "淀山湖站" for r in some["records"]) and values == sorted(values, reverse=True), f"filtered, sorted: {values}")
sql = 'SELECT "station", count(*) AS n FROM "air_quality_daily" GROUP BY "station" ORDER BY "station"'
answer = post.datastore_search_sql(sql=sql)
expect(len(answer["records"]) == 4 and sum(r["n"] for r in answer["records"]) == rows["total"], "SQL")
expect(refused(Exception, post.datastore_search_sql, sql="DROP TABLE x") is not None, "SQL that changes is refused")
tickets = post.datastore_search(resource_id="hotline_tickets.csv", limit=20)
expect(all("******" in r["caller"] for r in tickets["records"]), "what is protected leaves masked")
expect(refused(Exception, post.datastore_search, resource_id=resource["id"], filters={"nowhere": 1}) is not None, "an unknown field is refused")

# Writing.
expect(refused(NotAuthorized, RemoteCKAN(NODE).action.package_create, name="by-nobody", owner_org=unit["id"]) is not None, "a stranger may not write")
told = refused(CKANAPIError, RemoteCKAN(NODE, apikey="tt_nobody").action.package_list)
expect("token_invalid" in str(told), f"a wrong key is refused: {told}")
write = RemoteCKAN(NODE, apikey=officer()).action
given = {"title": "经由 ckanapi 的示例", "notes": "示例。", "tags": [{"name": "示例"}], "groups": [{"name": "traffic"}],
         "license_id": "cc-by", "extras": [{"key": "update_cycle", "value": "monthly"}]}
made = write.package_create(name="by-ckanapi", owner_org="jianguan-wei", **given)
expect(made["organization"]["title"] == "建管委" and made["private"], f"a package, private at first: {made['name']}")
expect([g["name"] for g in made["groups"]] == ["traffic"] and made["tags"][0]["name"] == "示例", "with groups and tags")
told = refused(ValidationError, write.package_create, name="by-ckanapi", owner_org="jianguan-wei")
expect(told is not None and "name" in told.error_dict, f"the same name again is a ValidationError: {told}")
told = refused(ValidationError, write.package_create, name="by-ckanapi-2", owner_org="nowhere")
expect(told is not None and "owner_org" in told.error_dict, f"an unknown organisation is told by field: {told}")
expect(refused(NotFound, ask.package_show, id=made["name"]) is not None, "a private package is nobody's business")

file = io.BytesIO("路段,长度（米）\n甲路,１２０\n乙路,80\n".encode("gb18030"))
file.name = "roads.csv"
sent = write.resource_create(package_id=made["id"], upload=file, name="roads.csv")
expect(sent["package_id"] == made["id"], "a file is taken")
loaded = waited(lambda: write.package_show(id=made["id"])["resources"])
expect(bool(loaded), "and becomes rows")
changed = write.package_update(id=made["id"], name=made["name"], private=False, **{**given, "title": "改名的示例"})
expect(changed["title"] == "改名的示例" and not changed["private"], "updated and published")
expect(ask.package_show(id=made["name"])["title"] == "改名的示例", "and there for everybody")
rows = ask.datastore_search(resource_id=made["name"] + ".csv")
expect([r["luduan"] for r in rows["records"]] == ["甲路", "乙路"], f"its rows: {rows['records']}")
file = io.BytesIO("路段,长度（米）\n丙路,5\n".encode())
file.name = "roads.csv"
write.resource_update(id=made["name"] + ".csv", upload=file)
expect(bool(waited(lambda: ask.datastore_search(resource_id=made["name"] + ".csv")["total"] == 1)), "a second file is the next version")
patched = write.package_patch(id=made["id"], owner_org=unit["id"], notes="改过的说明")
expect(patched["owner_org"] == unit["id"] and patched["notes"] == "改过的说明", "patched, the owner by id")
write.package_delete(id=made["id"])
expect(refused(NotFound, ask.package_show, id=made["id"]) is not None, "deleted")
finish()
