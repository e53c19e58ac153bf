"""Scores forecasts: python3 score.py TASKS[,TASKS…] ANSWERS[,ANSWERS…]  (JSON lines)

A table a track. Every figure is the mean over the windows of a series, then over the series (med: the
median of the series):
MASE    mean |actual - point| / scale; scale = mean |y[t] - y[t-m]| of the history's observed pairs
gmR     geometric mean over the series of MASE / MASE of the seasonal naive forecast
WIS     2 x mean pinball loss at 2.5, 10, 50, 90, 97.5 % / scale
80, 95  share of actual values within the intervals
MSIS    of the 95 % intervals / scale
Brier   (p - reached)^2 for the limits at the history's 90 and 99 % quantiles. p is the method's own
        (`reached`), otherwise the largest over the steps of 1 - Phi((limit - point) / sd), with the sd of
        the 95 % interval taken as a normal one; without intervals 1 if the point reaches it, else 0
B(norm) the same with the normal p for every method
OWA     M4 hourly only: (sMAPE / 18.383 + MASE / 2.395) / 2, over the published Naive2
fail    windows with an error or a value that is not finite, for which the seasonal naive forecast stands
s/fit   mean and median CPU seconds of a forecast
Windows whose scale is below 1e-9 of the largest value are left out for all. No dependency."""

import json
import math
import sys
from statistics import NormalDist, mean, median

LEVELS = ("lo80", "hi80", "lo95", "hi95")
COLUMNS = ("MASE", "med MASE", "gmR", "WIS", "med WIS", "80", "95", "MSIS", "Brier", "B(norm)", "OWA", "fail", "s/fit", "median s")
NAIVE2 = (18.383, 2.395)
NORMAL = NormalDist()


class Window:
    def __init__(self, task):
        self.task = task
        raw, season = task["raw"], task["m"][0]
        pairs = zip(raw[season:], raw)
        changes = [abs(b - a) for b, a in pairs if a is not None and b is not None]
        self.scale = mean(changes) if changes else 0.0
        largest = max(abs(value) for value in raw if value is not None)
        self.counts = self.scale > 1e-9 * max(largest, 1e-300)
        filled = task["y"]
        last = filled[-season:] if len(filled) >= season else filled[-1:]
        self.naive = [last[step % len(last)] for step in range(task["h"])]
        self.seen = [(step, value) for step, value in enumerate(task["actual"]) if value is not None]

    def errors(self, point):
        return [abs(value - point[step]) for step, value in self.seen]

    def score(self, answer):
        horizon = self.task["h"]
        point = answer.get("point") or []
        failed = len(point) != horizon or not all(map(finite, point))
        if failed:
            answer, point = {}, self.naive
        errors = self.errors(point)
        scores = {"MASE": mean(errors) / self.scale, "fail": failed}
        sizes = [abs(value) + abs(point[step]) for step, value in self.seen]
        scores["sMAPE"] = mean(200 * e / size if size else 0.0 for e, size in zip(errors, sizes))
        ends = [answer.get(level) or [] for level in LEVELS]
        bounded = all(len(end) == horizon and all(map(finite, end)) for end in ends)
        if bounded:
            scores.update(self.interval_scores(point, *ends))
        own = answer.get("reached") or []
        normal, said = [], []
        for place, limit in enumerate(self.task["limits"]):
            reached = any(value >= limit for _, value in self.seen)
            if bounded:
                p = max(exceeds(limit, *step) for step in zip(point, ends[2], ends[3]))
            else:
                p = float(any(value >= limit for value in point))
            normal.append((p - reached) ** 2)
            said.append(((own[place] if own else p) - reached) ** 2)
        scores["Brier"], scores["B(norm)"] = mean(said), mean(normal)
        return scores

    def interval_scores(self, point, lo80, hi80, lo95, hi95):
        quantiles = ((0.025, lo95), (0.1, lo80), (0.5, point), (0.9, hi80), (0.975, hi95))
        losses = [pinball(q, value - of[step]) for q, of in quantiles for step, value in self.seen]
        outside = [
            hi95[step] - lo95[step] + 40 * (max(lo95[step] - value, 0) + max(value - hi95[step], 0))
            for step, value in self.seen
        ]
        return {
            "WIS": 2 * mean(losses) / self.scale,
            "80": mean(lo80[step] <= value <= hi80[step] for step, value in self.seen),
            "95": mean(lo95[step] <= value <= hi95[step] for step, value in self.seen),
            "MSIS": mean(outside) / self.scale,
        }


def finite(value):
    return value is not None and math.isfinite(value)


def pinball(q, above):
    return q * above if above >= 0 else (q - 1) * above


def exceeds(limit, point, low, high):
    sd = max((high - low) / 3.92, 1e-12)
    return 1 - NORMAL.cdf((limit - point) / sd)


def read(paths):
    for path in paths.split(","):
        with open(path) as lines:
            yield from map(json.loads, lines)


def row(track, windows, answers):
    """Means over each series' windows, then over the series."""
    by_series = {}
    for key, window in windows.items():
        if key in answers:
            scores = window.score(answers[key])
            naive = window.score({"point": window.naive})["MASE"]
            by_series.setdefault(window.task["series"], []).append((scores, naive))
    if not by_series:
        return None

    def over(name, middle=mean):
        found = [[s[name] for s, _ in windows if name in s] for windows in by_series.values()]
        found = [mean(values) for values in found if values]
        return middle(found) if found else None

    ratios = []
    for scored in by_series.values():
        own, naive = mean(s["MASE"] for s, _ in scored), mean(n for _, n in scored)
        ratios.append(math.log(max(own, 1e-3) / max(naive, 1e-3)))
    times = [answers[key]["cpu_seconds"] for key in windows if key in answers]
    out = {name: over(name) for name in ("MASE", "WIS", "80", "95", "MSIS", "Brier", "B(norm)")}
    out.update({f"med {name}": over(name, median) for name in ("MASE", "WIS")})
    out["gmR"] = math.exp(mean(ratios))
    out["OWA"] = (over("sMAPE") / NAIVE2[0] + out["MASE"] / NAIVE2[1]) / 2 if track == "m4-hourly-48" else None
    out["fail"] = sum(s["fail"] for windows in by_series.values() for s, _ in windows)
    out["s/fit"], out["median s"] = mean(times), median(times)
    return out


def text(value):
    if value is None:
        return "–"
    if isinstance(value, int):
        return str(value)
    if value == 0 or 0.1 <= abs(value) < 1000:
        return f"{value:.3f}"
    return f"{value:.3g}"


def main(tasks, answers):
    windows, given = {}, {}
    for task in read(tasks):
        windows.setdefault(task["track"], {})[task["key"]] = Window(task)
    for answer in read(answers):
        given.setdefault(answer["method"], {})[answer["key"]] = answer
    for track, all_windows in sorted(windows.items()):
        counted = {key: window for key, window in all_windows.items() if window.counts}
        series = {window.task["series"] for window in counted.values()}
        rows = {method: row(track, counted, own) for method, own in given.items()}
        rows = sorted(((r["gmR"], m, r) for m, r in rows.items() if r), key=lambda r: r[:2])
        print(f"\n### {track}: {len(counted)} windows of {len(series)} series\n")
        print("| method | " + " | ".join(COLUMNS) + " |")
        print("|---" * (len(COLUMNS) + 1) + "|")
        for _, method, scores in rows:
            print(f"| {method} | " + " | ".join(text(scores[name]) for name in COLUMNS) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
