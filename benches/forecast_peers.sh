#!/usr/bin/env bash
# Accuracy and CPU time of capacity-forecast, augurs and statsforecast on the same series, in one run.
#
#     benches/forecast_peers.sh [FOLDER]
#
# FOLDER: files of series in the format of benches/data, which is the default. Tasks, answers and the
# virtual environment stay in target/forecast-peers (or under CARGO_TARGET_DIR); PEERS=no leaves
# statsforecast and its installation out. Needs Python 3.10 or newer with venv, and PyPI for the first run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "${1:-$here/data}" && pwd)
cd "$here/.."

work=${CARGO_TARGET_DIR:-target}/forecast-peers
mkdir -p "$work"
python=python3
if [ "${PEERS:-yes}" = yes ]; then
    python=$work/venv/bin/python
    if ! "$python" -c 'import statsforecast' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$work/venv/bin/pip" install --quiet 'statsforecast==2.1.1'
    fi
fi

run=$work/run
rm -rf "$run"
mkdir "$run"
"$python" benches/forecast/tasks.py "$folder" "$run"
tasks=("$run"/*.jsonl)
cargo run --quiet --release -p benches --bin cf1 -- all "${tasks[@]}" >"$run/rust.answers"
answers=$run/rust.answers
if [ "${PEERS:-yes}" = yes ]; then
    "$python" benches/forecast/peers.py "$run/python.answers" "${tasks[@]}"
    answers=$answers,$run/python.answers
fi
"$python" benches/forecast/score.py "$(IFS=,; echo "${tasks[*]}")" "$answers"
