"""Arrow Flight SQL with the unmodified ADBC driver; TIANYUAN_FLIGHT names the port's address."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import adbc_driver_flightsql.dbapi as flight
import requests

from support import NODE, expect, finish

address = os.environ.get("TIANYUAN_FLIGHT")
if not address:
    print("SKIPPED: TIANYUAN_FLIGHT is not set")
    sys.exit(0)

tables = requests.get(f"{NODE}/api/v1/sql/tables", timeout=30).json()["items"]
if not tables:
    print("SKIPPED: the node has no open table")
    sys.exit(0)
table = tables[0]
quoted = '"' + table["name"].replace('"', '""') + '"'

with flight.connect(f"grpc://{address}") as connection:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {quoted} LIMIT 5")
        rows = cursor.fetch_arrow_table()
        expect(rows.num_rows == min(5, table["row_count"] or 5), "rows of a prepared statement")
        expect(rows.column_names == [c["name"] for c in table["columns"]], "columns as listed over HTTP")
        cursor.execute(f"SELECT count(*) AS n FROM {quoted}")
        expect(cursor.fetchone()[0] == (table["row_count"] or 0), "a count")
        for wrong in ("DROP TABLE x", "SELECT * FROM never_was", "SELEC 1", "COPY x TO '/tmp/x'"):
            try:
                cursor.execute(wrong)
                cursor.fetchall()
                expect(False, f"refused: {wrong}")
            except Exception as error:
                expect("sql_" in str(error) or "table_unknown" in str(error), f"refused with its code: {wrong}: {error}")
    objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    names = [t["table_name"] for c in objects for s in c["catalog_db_schemas"] or [] for t in s["db_schema_tables"] or []]
    expect(table["name"] in names, f"tables are listed: {names}")
    expect(connection.adbc_get_info().get("vendor_name") == "Tianyuan", "the server tells its name")
    expect(connection.adbc_get_table_schema(table["name"]).names == rows.column_names, "a table's schema")

try:
    options = {"adbc.flight.sql.authorization_header": "Bearer tt_nobody"}
    with flight.connect(f"grpc://{address}", db_kwargs=options) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchall()
    expect(False, "a wrong token is refused")
except Exception as error:
    expect("token_invalid" in str(error) or "Unauthenticated" in str(error), f"a wrong token is refused: {error}")

finish()
