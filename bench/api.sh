#!/bin/sh
# Authorised indicator reads under wrk, and acknowledged durable writes, on one node.
# usage: bench/api.sh [sqlite|postgres]   (release build; needs wrk; loopback only)
set -eu
cd "$(dirname "$0")/.."
backend=${1:-sqlite}
command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk"; exit 2; }
folder=$(mktemp -d)
port=$(python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])')
export TIANYUAN_ADMIN_PASSWORD=bench-password
export TIANYUAN__LIMITS__REQUESTS_PER_MINUTE_CALLER=4000000000
export TIANYUAN__LOG__FILTER=warn
if [ "$backend" = postgres ]; then
  name=tianyuan_bench_$$
  psql -qh 127.0.0.1 -U postgres -c "CREATE DATABASE $name TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
  export TIANYUAN__DATABASE__URL=postgres://postgres@127.0.0.1:5432/$name
fi
began=$(date +%s%N)
${TIANYUAN_BIN:-target/release/tianyuan} serve --data "$folder/data" --listen 127.0.0.1:$port --demo >/dev/null 2>"$folder/log" &
node=$!
trap 'kill $node 2>/dev/null; wait $node 2>/dev/null || true; [ "$backend" = postgres ] && psql -qh 127.0.0.1 -U postgres -c "DROP DATABASE $name WITH (FORCE)"; rm -rf "$folder"' EXIT
until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null; do sleep 0.01; done
echo "first start with the sample district, to ready: $(( ($(date +%s%N) - began) / 1000000 )) ms"
sleep 3
echo "idle memory: $(awk '/VmRSS/ {print int($2/1024)}' /proc/$node/status) MB"
base=http://127.0.0.1:$port/api/v1
token=$(curl -s -XPOST "$base/sessions" -H 'content-type: application/json' -d '{"username":"admin","password":"bench-password"}' | python3 -c 'import json,sys;print(json.load(sys.stdin)["token"])')
plan=$(curl -s "$base/plans" -H "authorization: Bearer $token" | python3 -c 'import json,sys;print(json.load(sys.stdin)["items"][0]["id"])')
indicators=$(curl -s "$base/plans/$plan/indicators" -H "authorization: Bearer $token" | python3 -c 'import json,sys;print(" ".join(i["id"] for i in json.load(sys.stdin)["items"]))')
indicator=${indicators%% *}
echo "== authorised reads of one indicator ($backend), 32 connections, 10 s"
wrk -t1 -c32 -d10 --latency -H "authorization: Bearer $token" "$base/indicators/$indicator" | grep -E 'Requests/sec|50%|99%|Non-2xx'
# Spread over the ten indicators, as units report; each write waits for its own commit on disk.
echo "== acknowledged durable writes ($backend), 64 connections, 10 s"
cat > "$folder/post.lua" <<L
local n, ids = 0, {}
for id in ("$indicators"):gmatch("%S+") do ids[#ids + 1] = id end
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer $token"
request = function()
  n = n + 1
  wrk.headers["idempotency-key"] = "b-" .. tostring({}):sub(8) .. "-" .. n
  return wrk.format(nil, "/api/v1/indicators/" .. ids[n % #ids + 1] .. "/values", nil, '{"at":"2024-06-30","value":31,"note":"bench"}')
end
L
wrk -t1 -c64 -d10 --latency -s "$folder/post.lua" "http://127.0.0.1:$port" | grep -E 'Requests/sec|50%|99%|Non-2xx'
began=$(date +%s%N)
while :; do
  waiting=$(curl -s "http://127.0.0.1:$port/metrics" -H "authorization: Bearer $token" | awk '$1 == "tianyuan_journal_waiting" {print $2}')
  [ "${waiting:-0}" = 0 ] && break
  sleep 0.05
done
curl -s "http://127.0.0.1:$port/ledger/keys" > "$folder/keys"
sleep 2
${TIANYUAN_BIN:-target/release/tianyuan} verify "$folder/data" --keys "$folder/keys" | grep material
kill $node; wait $node 2>/dev/null || true
began=$(date +%s%N)
${TIANYUAN_BIN:-target/release/tianyuan} serve --data "$folder/data" --listen 127.0.0.1:$port >/dev/null 2>>"$folder/log" &
node=$!
until curl -sf "http://127.0.0.1:$port/readyz" >/dev/null; do sleep 0.005; done
echo "start of an existing node, to ready: $(( ($(date +%s%N) - began) / 1000000 )) ms"
