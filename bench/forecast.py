"""Forecasts and their accuracy, side by side with statsforecast, on the same series, in turn.

python3 -m venv v && v/bin/pip install statsforecast==2.1.1 statsmodels==0.15.0
cargo build --release -p tianyuan-plan --example forecast
v/bin/python bench/forecast.py [series, 2000 by default] [the program]

Series: yearly-like ones made by a fixed seed (random walks, with drift, with a fading trend,
around a level, exponential growth; 12 to 40 years), and the real yearly ones that statsmodels
carries, cut into windows of 20 years. The last six years of each are kept back. Ours chooses a
method by backtest for every series; statsforecast runs AutoETS, and the plain methods beside it.
sMAPE in %, MSIS and the share of values inside the interval at 95 %. Speed is series per
CPU-second, so that other work on the machine does not count; two cores do twice as many.
"""

import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, Naive, RandomWalkWithDrift

HORIZON = 6
RUNS = 3
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
PROGRAM = sys.argv[2] if len(sys.argv) > 2 else "target/release/examples/forecast"


def cpu_seconds():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def made(count):
    rng = np.random.default_rng(2025)
    out = []
    for i in range(count):
        n = int(rng.integers(12, 41)) + HORIZON
        base, sd = 10 ** rng.uniform(1, 4), rng.uniform(0.01, 0.08)
        noise = rng.normal(0, sd, n)
        drift = rng.normal(0.03, 0.03)
        kind = i % 5
        if kind == 0:
            path = np.cumsum(noise)
        elif kind == 1:
            path = np.cumsum(noise + drift)
        elif kind == 2:
            path = np.cumsum(2 * drift * 0.9 ** np.arange(n)) + np.cumsum(noise * 0.5) + noise * 0.5
        elif kind == 3:
            path = noise + drift
        else:
            path = np.expm1(np.cumsum(np.abs(drift) + noise * 0.5))
        out.append(np.maximum(base * (1 + path), base * 0.02))
    return out


def real():
    data = sm.datasets
    macro = data.macrodata.load_pandas().data
    columns = [macro[c].to_numpy(float)[3::4] for c in ("realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "pop")]
    columns += [data.nile.load_pandas().data["volume"].to_numpy(float)]
    columns += [data.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(float)[-120:] + 1]
    copper = data.copper.load_pandas().data
    columns += [copper[c].to_numpy(float) for c in copper.columns if c.upper() not in ("TIME", "YEAR")]
    grunfeld = data.grunfeld.load_pandas().data
    columns += [part[c].to_numpy(float) for _, part in grunfeld.groupby("firm") for c in ("invest", "value", "capital")]
    longley = data.longley.load_pandas().data
    columns += [longley[c].to_numpy(float) for c in longley.columns if c.upper() != "YEAR"]
    out = []
    for y in columns:
        if len(y) <= 20 + HORIZON:
            out.append(y)
        else:
            out += [y[i : i + 20 + HORIZON] for i in range(0, len(y) - 20 - HORIZON + 1, 5)]
    return [y for y in out if len(y) >= 10 + HORIZON and np.all(np.isfinite(y)) and np.ptp(y) > 0]


def ours(train):
    text = "\n".join(",".join(map(repr, map(float, y))) for y in train)
    begun = cpu_seconds()
    done = subprocess.run([PROGRAM, str(HORIZON)], input=text, capture_output=True, text=True, check=True)
    took = cpu_seconds() - begun
    rows = np.array([list(map(float, line.split(","))) for line in done.stdout.splitlines()])
    rows = rows.reshape(len(train), HORIZON, 3)
    return {"tianyuan": (rows[:, :, 0], rows[:, :, 1], rows[:, :, 2])}, took


def theirs(train, models):
    frame = pd.concat(
        [pd.DataFrame({"unique_id": f"{i:06d}", "ds": np.arange(len(y)), "y": y}) for i, y in enumerate(train)]
    )
    begun = cpu_seconds()
    found = StatsForecast(models=models, freq=1, n_jobs=1).forecast(df=frame, h=HORIZON, level=[95])
    took = cpu_seconds() - begun
    out = {}
    for model in models:
        name = repr(model)
        cut = lambda c: found[c].to_numpy().reshape(len(train), HORIZON)
        out[name] = (cut(name), cut(f"{name}-lo-95"), cut(f"{name}-hi-95"))
    return out, took


def accuracy(train, test, forecast):
    mean, low, high = forecast
    test = np.array(test)
    smape = np.mean(200 * np.abs(mean - test) / (np.abs(mean) + np.abs(test)))
    scale = np.array([np.mean(np.abs(np.diff(y))) for y in train])[:, None]
    miss = np.where(test < low, 2 / 0.05 * (low - test), 0) + np.where(test > high, 2 / 0.05 * (test - high), 0)
    msis = np.mean((high - low + miss) / scale)
    return smape, msis, np.mean((test >= low) & (test <= high))


def run(name, series):
    train, test = [y[:-HORIZON] for y in series], [y[-HORIZON:] for y in series]
    theirs(train[:50], [AutoETS(season_length=1)])  # compiles before the clock runs
    print(f"\n{name}: {len(series)} series")
    times = {"tianyuan": [], "AutoETS": []}
    for _ in range(RUNS):  # A B A B A B
        mine, took = ours(train)
        times["tianyuan"].append(took)
        auto, took = theirs(train, [AutoETS(season_length=1)])
        times["AutoETS"].append(took)
    plain, _ = theirs(train, [Naive(), RandomWalkWithDrift()])
    for key, forecast in (mine | auto | plain).items():
        smape, msis, inside = accuracy(train, test, forecast)
        speed = f"{len(series) / np.median(times[key]):10,.0f}/CPU s" if key in times else ""
        print(f"{key:24} sMAPE {smape:6.2f}  MSIS {msis:6.2f}  inside {inside:6.1%}  {speed}")
    print(f"ratio {np.median(times['AutoETS']) / np.median(times['tianyuan']):.1f}")


run("made", made(COUNT))
run("real", real())
