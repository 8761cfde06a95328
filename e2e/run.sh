#!/bin/sh
# The journeys of the outcome in headless Chromium, against a fresh node with the sample district.
#   e2e/run.sh [test files]      TIANYUAN_BIN=target/debug/tianyuan   CHROMIUM=/usr/bin/chromium
set -eu
cd "$(dirname "$0")"
bin=${TIANYUAN_BIN:-../target/debug/tianyuan}
export TIANYUAN_BIN="$bin"
test -x "$bin" || { echo "no node at $bin: run cargo build -p tianyuan first" >&2; exit 2; }
[ -d node_modules ] || npm ci
data=$(mktemp -d)
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
export TIANYUAN_ADMIN_PASSWORD=${TIANYUAN_ADMIN_PASSWORD:-$(node -e 'console.log(require("crypto").randomBytes(12).toString("hex"))')}
export TIANYUAN_URL="http://127.0.0.1:$port"
"$bin" serve --data "$data" --listen "127.0.0.1:$port" --demo >"$data/node.log" 2>&1 &
node_pid=$!
finish() {
  status=$?
  kill "$node_pid" 2>/dev/null || true
  wait "$node_pid" 2>/dev/null || true
  # What went well is left out: the failing journeys, printed just before, stay in sight.
  [ "$status" -eq 0 ] || grep -v '"level":"INFO"' "$data/node.log" | tail -20 >&2 || true
  rm -rf "$data"
  exit "$status"
}
trap finish EXIT INT TERM
for _ in $(seq 1 100); do
  curl -fsS "$TIANYUAN_URL/readyz" >/dev/null 2>&1 && break
  kill -0 "$node_pid" || exit 1
  sleep 0.1
done
node --test --test-concurrency=1 --test-reporter=spec "${@:-.}"
