#!/bin/sh
# Unmodified third-party clients against a fresh node with the sample district; see README.md.
#   conformance/run.sh      TIANYUAN_BIN=target/debug/tianyuan
set -eu
cd "$(dirname "$0")"
bin=${TIANYUAN_BIN:-../target/debug/tianyuan}
test -x "$bin" || { echo "no node at $bin: run cargo build -p tianyuan first" >&2; exit 2; }
environment() {
  cmp -s "$2" "$1/installed.txt" && return
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
  cp "$2" "$1/installed.txt"
}
environment .venv requirements.txt
# pycanon pins exactly what the others need newer.
environment .venv-pycanon lake/anonymity.txt
folder=$(mktemp -d)
free() { python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])'; }
port=$(free) flight=$(free)
password=$(python3 -c 'import secrets;print(secrets.token_hex(12))')
export TIANYUAN_URL="http://127.0.0.1:$port" TIANYUAN_ADMIN_PASSWORD="$password"
export TIANYUAN_FLIGHT="127.0.0.1:$flight"
TIANYUAN__LOG__FILTER=warn \
TIANYUAN__SERVER__FLIGHT_LISTEN="127.0.0.1:$flight" \
TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER=4000000000 \
TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_ADDRESS=4000000000 \
TIANYUAN__LIMITS__SIGN_INS_PER_MINUTE_ADDRESS=1000000 \
  "$bin" serve --data "$folder/data" --listen "127.0.0.1:$port" --demo >/dev/null 2>"$folder/log" &
node=$!
passed=0 failed=0
finish() {
  status=$?
  kill "$node" 2>/dev/null || true
  wait "$node" 2>/dev/null || true
  [ "$status" -eq 0 ] || tail -20 "$folder/log" >&2
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT INT TERM
for _ in $(seq 1 200); do
  curl -fsS "$TIANYUAN_URL/readyz" >/dev/null 2>&1 && break
  kill -0 "$node" || exit 1
  sleep 0.1
done
# The sample datasets come in beside serving.
for _ in $(seq 1 600); do
  curl -fsS "$TIANYUAN_URL/api/v1/datasets?q=hotline_tickets" | grep -q '"current":{' && break
  sleep 0.1
done
sign_in() {
  curl -fsS -X POST "$TIANYUAN_URL/api/v1/sessions" -H 'content-type: application/json' \
    -d "{\"username\":\"admin\",\"password\":\"$password\"}" |
    python3 -c 'import json,sys;print(json.load(sys.stdin)["token"])'
}
check() {
  name=$1; shift
  printf '== %s\n' "$name"
  if "$@" >"$folder/out" 2>&1; then
    passed=$((passed + 1)); tail -1 "$folder/out"
  else
    failed=$((failed + 1)); cat "$folder/out"
  fi
}
schemathesis() {
  SCHEMATHESIS_HOOKS=hooks PYTHONPATH=openapi .venv/bin/st --config-file openapi/schemathesis.toml \
    run "$TIANYUAN_URL/openapi.json" --no-color --continue-on-failure "$@"
}
# Both now: after a stranger's guesses the node slows sign-ins from this address, as it should.
TIANYUAN_TOKEN=$(sign_in) last_token=$(sign_in)
export TIANYUAN_TOKEN
curl -fsS "$TIANYUAN_URL/ledger/keys" >"$folder/keys"

check 'problem documents (RFC 9457)' .venv/bin/python problems/check.py
check 'metrics (prometheus_client)' .venv/bin/python metrics/check.py
check 'live updates (sseclient-py)' .venv/bin/python events/check.py
check 'papers (python-docx, openpyxl)' .venv/bin/python papers/check.py
check 'Flight SQL (adbc-driver-flightsql)' .venv/bin/python lake/flight.py
check 'Parquet by signed address (DuckDB, pyarrow)' .venv/bin/python lake/files.py
check 'k-anonymity and l-diversity (pycanon)' .venv-pycanon/bin/python lake/anonymity.py
check 'DCAT-AP 3.0.1 (pyshacl)' .venv/bin/python catalogue/dcat.py
check 'CKAN Action API (ckanapi)' .venv/bin/python catalogue/ckan.py
check 'OpenAPI as a stranger (schemathesis)' schemathesis --max-time 60
# Left out here: what ends the caller's own session or account, which would make every later
# request a stranger's (each is in the last run), and the stream that does not end (events/).
# Credentials are not left out by turns, since the stranger's run is that.
check 'OpenAPI signed in (schemathesis)' schemathesis --max-time 90 \
  --exclude-checks ignored_auth -H "authorization: Bearer $TIANYUAN_TOKEN" \
  --exclude-operation-id-regex '^(sign_out|end_session|change_password|erase_person|reset_password|change_person|events)$'
check 'ledgers (C2SP and RFC 6962, by another hand)' .venv/bin/python ledger/check.py \
  "$TIANYUAN_URL" --keys "$folder/keys" --token "$TIANYUAN_TOKEN"
check 'OpenAPI, what ends accounts (schemathesis)' schemathesis --max-time 20 \
  --exclude-checks ignored_auth -H "authorization: Bearer $last_token" \
  --include-operation-id-regex '^(sign_out|end_session|change_password|erase_person|reset_password|change_person)$'
kill -0 "$node" || { echo 'the node died' >&2; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
