#!/bin/sh
# Everything that is measured, one after the other. Release build first.
set -eu
cd "$(dirname "$0")/.."
cargo build --release -p tianyuan
cargo run --release -p tianyuan-ledger --example throughput
sh bench/api.sh sqlite
sh bench/api.sh postgres
ls -l target/release/tianyuan | awk '{printf "binary: %.1f MB\n", $5 / 1e6}'
python3 bench/catalogue.py
python3 bench/ingest.py
python3 bench/readers.py
if python3 -c 'import duckdb' 2>/dev/null; then python3 bench/sql.py
else echo 'SKIPPED bench/sql.py: no duckdb in this Python (its head says what it needs)'; fi
