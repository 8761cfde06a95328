#!/bin/sh
# Builds the targets and runs each for some seconds: run.sh SECONDS [TARGET...]
# LEDGER=1 leaves out what needs the kernel, whose cold build takes minutes.
# Needs a Rust toolchain (stable) and a C++ compiler (for libFuzzer, which libfuzzer-sys brings).
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -gt 0 ] && shift

# What cargo-fuzz passes without a sanitizer. All of it is stable; rustc's own LLVM instruments.
flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=16"
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -Cllvm-args=-sanitizer-coverage-$flag"
done
# With a target named, build scripts and macros stay as they are.
host=$(rustc -vV | sed -n 's/^host: //p')
features=${LEDGER:+--no-default-features}
# shellcheck disable=SC2086
RUSTFLAGS="$flags" cargo build --locked --target "$host" $features

built=${CARGO_TARGET_DIR:-target}/$host/debug
ledger="note checkpoint tile proof cosignature"
node="receipt xlsx xlsx_part csv cell id list json upload value"
[ $# -gt 0 ] || set -- $ledger $([ -n "${LEDGER:-}" ] || echo $node)
failed=
for target in "$@"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    echo "== $target, $seconds s"
    # A single allocation above 512 MiB, 2 GiB in all or 20 s for one input are findings too.
    "$built/$target" "corpus/$target" "seeds/$target" -max_total_time="$seconds" \
        -artifact_prefix="artifacts/$target/" -max_len="${MAX_LEN:-65536}" -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=512 -print_final_stats=1 \
        >"artifacts/$target.log" 2>&1 || failed="$failed $target"
    grep -E 'stat::number_of_executed|DONE|ERROR|SUMMARY|panicked' "artifacts/$target.log" || true
    grep -oE 'cov: [0-9]+ ft: [0-9]+' "artifacts/$target.log" | tail -1
done
[ -z "$failed" ] || { echo "findings:$failed, see fuzz/artifacts"; exit 1; }
