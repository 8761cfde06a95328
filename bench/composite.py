"""Composite index with Monte-Carlo draws: this node's rules beside a loop over numpy and pymcdm.

    pip install numpy==2.4.6 pymcdm==1.4.0
    cargo build --release -p tianyuan-plan --example composite
    python bench/composite.py [entities variables draws]

Both take the same matrix. The loop draws a weighting (equal, entropy, CRITIC) with noise of a
quarter, a normalisation (min-max, z-score, rank) and an aggregation (arithmetic, geometric,
TOPSIS) each time, ranks, and takes percentiles at the end; what does not change between draws is
calculated once, as a careful author would. The node's run does more: outliers treated or not,
the variance split among the steps, every alternative alone, and the words of the result.
"""

import json
import subprocess
import sys
import time

import numpy as np
from pymcdm import normalizations, weights
from scipy import stats

rows, columns, draws = (int(a) for a in (sys.argv[1:4] or ["60", "40", "10000"]))
program = "target/release/examples/composite"
size = [str(rows), str(columns), str(draws)]
ours = json.loads(subprocess.check_output([program, *size]))
cells = json.loads(subprocess.check_output([program, *size, "--matrix"]))
matrix = np.array(cells).reshape(columns, rows).T

begun = time.perf_counter()
rng = np.random.default_rng(1)
ranged = np.column_stack([normalizations.minmax_normalization(c) for c in matrix.T])
tables = [ranged, stats.zscore(matrix, ddof=1), (stats.rankdata(matrix, axis=0) - 1) / (rows - 1)]
positive = [0.01 + 0.99 * tables[0], np.maximum(0.5 + tables[1] / 6, 0.01), 0.01 + 0.99 * tables[2]]
logs = [np.log(p) for p in positive]
bases = [np.full(columns, 1 / columns), weights.entropy_weights(matrix), weights.critic_weights(matrix)]
ranks = np.empty((draws, rows), dtype=np.int32)
for draw in range(draws):
    w = bases[rng.integers(3)] * (1 + 0.25 * (2 * rng.random(columns) - 1))
    w = w / w.sum()
    which, how = rng.integers(3), rng.integers(3)
    if how == 0:
        scores = tables[which] @ w
    elif how == 1:
        scores = np.exp(logs[which] @ w)
    else:
        weighted = tables[which] * w
        best, worst = weighted.max(axis=0), weighted.min(axis=0)
        far = np.sqrt(((weighted - worst) ** 2).sum(axis=1))
        scores = far / (far + np.sqrt(((weighted - best) ** 2).sum(axis=1)))
    ranks[draw] = stats.rankdata(-scores, method="min")
np.percentile(ranks, [5, 50, 95], axis=0)
theirs = (time.perf_counter() - begun) * 1e3
best = min(ours["ms"])
print(f"{rows} x {columns}, {draws} draws: node {best:.0f} ms (of {[round(m) for m in ours['ms']]}), "
      f"numpy loop {theirs:.0f} ms, ratio {theirs / best:.1f}")
