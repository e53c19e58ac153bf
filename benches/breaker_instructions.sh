#!/usr/bin/env bash
# Instructions a call of every row, by callgrind: (Ir of 40 000 calls - Ir of 20 000) / 20 000.
# Needs valgrind (Debian: valgrind). Rows may be given as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --release -p benches --bin breaker
binary=${CARGO_TARGET_DIR:-target}/release/breaker
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
count() { # row, calls
    valgrind --tool=callgrind --callgrind-out-file="$out/cg" "$binary" run "$1" "$2" >/dev/null 2>"$out/err" ||
        { cat "$out/err" >&2; exit 1; }
    awk '/Collected/ {print $4}' "$out/err"
}
rows=("$@")
[ ${#rows[@]} -gt 0 ] || read -ra rows <<<"$("$binary" 2>&1 | sed -n 's/^rows: //p' || true)"
for row in "${rows[@]}"; do
    few=$(count "$row" 20000)
    many=$(count "$row" 40000)
    awk -v r="$row" -v d=$((many - few)) 'BEGIN {printf "%-24s %8.1f instructions\n", r, d / 20000}'
done
