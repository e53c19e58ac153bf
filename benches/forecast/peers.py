"""Answers forecast tasks with statsforecast: python3 peers.py ANSWERS TASKS.jsonl…

One process, one thread, one fit a task, after one fit that is not timed. The answers are in the format
of `cf1`. The median of three is their pointwise median, of the intervals' ends as well."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import json
import sys
import time
import warnings

import numpy as np
from statsforecast.models import MSTL, AutoETS, AutoTheta, DynamicOptimizedTheta, SeasonalNaive
from statsforecast.utils import ConformalIntervals

warnings.filterwarnings("ignore")
ENDS = {"lo80": "lo-80", "hi80": "hi-80", "lo95": "lo-95", "hi95": "hi-95"}
# statsforecast's ETS has no longer seasons.
LONGEST_ETS = 24


def windows(task):
    spare = len(task["y"]) - 2 * task["m"][0] - 1
    return ConformalIntervals(h=task["h"], n_windows=max(2, min(10, spare // task["h"])))


def ets_season(task):
    return task["m"][0] if task["m"][0] <= LONGEST_ETS else 1


MODELS = {
    "SeasonalNaive": lambda task: SeasonalNaive(task["m"][0]),
    "SeasonalNaive+conformal": lambda task: SeasonalNaive(task["m"][0], prediction_intervals=windows(task)),
    "AutoTheta": lambda task: AutoTheta(season_length=task["m"][0]),
    "DOT": lambda task: DynamicOptimizedTheta(season_length=task["m"][0]),
    "AutoETS": lambda task: AutoETS(season_length=ets_season(task)),
    "MSTL": lambda task: MSTL(season_length=task["m"]),
}
MEDIAN = ("SeasonalNaive", "DOT", "MSTL")


def forecast(name, task):
    model = MODELS[name](task)
    found = model.forecast(y=np.array(task["y"]), h=task["h"], level=[80, 95])
    answer = {"point": found["mean"]}
    answer.update({ours: found[theirs] for ours, theirs in ENDS.items()})
    return {name: np.asarray(values, float) for name, values in answer.items()}


def timed(name, task):
    clock, cpu = time.perf_counter(), time.process_time()
    try:
        answer = forecast(name, task)
    except Exception as error:  # Whatever a model throws is its answer.
        answer = {"error": f"{type(error).__name__}: {error}"[:200]}
    return answer, time.perf_counter() - clock, time.process_time() - cpu


def write(out, key, method, answer, seconds, cpu_seconds):
    line = {"key": key, "method": method, "seconds": seconds, "cpu_seconds": cpu_seconds}
    for name, values in answer.items():
        plain = name == "error"
        line[name] = values if plain else [float(v) if np.isfinite(v) else None for v in values]
    out.write(json.dumps(line) + "\n")


def answer_all(out, path):
    with open(path) as lines:
        tasks = [json.loads(line) for line in lines]
    kept = {}
    for name in MODELS:
        timed(name, tasks[0])
        for task in tasks:
            answer = timed(name, task)
            write(out, task["key"], name, *answer)
            if name in MEDIAN:
                kept.setdefault(task["key"], []).append(answer)
        print(f"{path}: {name}", file=sys.stderr)
    for key, answers in kept.items():
        failed = next((answer for answer, _, _ in answers if "error" in answer), None)
        merged = failed or {
            part: np.median([answer[part] for answer, _, _ in answers], axis=0) for part in ("point", *ENDS)
        }
        times = [sum(answer[place] for answer in answers) for place in (1, 2)]
        write(out, key, "median(SN, DOT, MSTL)", merged, *times)


def main(answers, *paths):
    # Not standard output: the library prints there.
    with open(answers, "w") as out:
        for path in paths:
            answer_all(out, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
