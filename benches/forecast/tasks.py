"""Forecast tasks from recorded series: python3 tasks.py FOLDER OUT

Reads FOLDER/*.json, writes OUT/TRACK.jsonl: one line for every series, horizon and moment to forecast
from. A line has what a method may see (`m` seasons in steps, `raw` the history, `y` the same with gaps
filled, `limits` the history's 90 and 99 % quantiles) and what came then (`actual`). No dependency."""

import json
import math
import sys
from pathlib import Path

# Horizon, moments a series, steps from one to the next, longest and shortest history; by step in seconds.
HOURLY = [(24, 3, 24, 672, 168), (168, 2, 168, 672, 504)]
PLANS = {3600: HOURLY, 300: [(12, 3, 288, 2016, 2016)], 86400: [(28, 2, 28, 730, 35)]}


def plans(series):
    """A series with a test part of its own is forecast once, from where that begins."""
    held_out = series.get("test_length")
    if held_out:
        return [(held_out, 1, held_out, math.inf, 1)]
    return PLANS[series["step_seconds"]]


def fill(raw, season):
    """Up to three missing values lie on a line, more are those of a season before."""
    values, missing = list(raw), 0
    first = next(index for index, value in enumerate(raw) if value is not None)
    values[:first] = [raw[first]] * first
    for index in range(first, len(raw) + 1):
        if index < len(raw) and raw[index] is None:
            missing += 1
            continue
        gap = range(index - missing, index)
        for place in gap:
            if missing <= 3 and index < len(raw):
                before = values[gap.start - 1]
                share = (place - gap.start + 1) / (missing + 1)
                values[place] = before + (raw[index] - before) * share
            else:
                values[place] = values[place - (season if place >= season else 1)]
        missing = 0
    return values


def quantile(values, q):
    """Between the two order statistics around it, in proportion."""
    ordered = sorted(value for value in values if value is not None)
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def observed(values):
    return sum(value is not None for value in values)


def tasks(track, series):
    values = series["values"]
    for horizon, moments, stride, longest, shortest in plans(series):
        for number in range(moments):
            origin = len(values) - horizon - stride * (moments - 1 - number)
            if origin < shortest:
                continue
            raw = values[max(0, origin - min(longest, origin)) : origin]
            actual = values[origin : origin + horizon]
            if observed(actual) < 0.5 * horizon or observed(raw) < 0.7 * len(raw):
                continue
            seasons = [m for m in series["season_lengths"] if len(raw) > 2 * m] or [1]
            name = f"{track}-{horizon}"
            yield {
                "key": f"{name}|{series['id']}|{number}",
                "track": name,
                "series": series["id"],
                "h": horizon,
                "m": seasons,
                "y": [float(f"{value:.9g}") for value in fill(raw, seasons[0])],
                "raw": raw,
                "actual": actual,
                "limits": [quantile(raw, 0.9), quantile(raw, 0.99)],
            }


def main(folder, out):
    files = {}
    for path in sorted(Path(folder).glob("*.json")):
        content = json.loads(path.read_text())
        # Synthetic histories with a known truth are another test.
        if not any("season_lengths" in s and "id" in s and "true_p" not in s for s in content.get("series", [])):
            continue
        for series in content["series"]:
            for task in tasks(content["track"], series):
                files.setdefault(task["track"], []).append(json.dumps(task))
    for name, lines in files.items():
        Path(out, f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        print(f"{name}: {len(lines)} tasks", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
