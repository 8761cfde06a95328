#!/bin/sh
# Everything that is measured, one after the other. Release build first.
set -eu
cd "$(dirname "$0")/.."
cargo build --release -p tianyuan
cargo run --release -p tianyuan-ledger --example throughput
sh bench/api.sh sqlite
sh bench/api.sh postgres
ls -l target/release/tianyuan | awk '{printf "binary: %.1f MB\n", $5 / 1e6}'
