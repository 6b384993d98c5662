#!/usr/bin/env bash
# apply.sh REGSWEEP [make_store option…]
#
# How fast `apply --no-quarantine` removes, against `xargs -P 2 -n 200 rm -r` on the same list. A store by
# make_store (sparse; half of its blobs are garbage), copied anew for each of ROUNDS (default 5) rounds,
# in turn for the one and the other. Prints a markdown table: medians of the wall time, their ratio, and
# the ratio of the removal alone, which is apply less what `plan` takes to read the same store.
# Files go below TMPDIR. Without options the store has about 100,000 blobs.
#
# Exit: 0 measured, 1 something failed, 2 usage, 77 something needed is missing.
set -euo pipefail
export LC_ALL=C

if (($# < 1)) || [[ ! -x $1 ]]; then
  echo "usage: apply.sh REGSWEEP [make_store option…]" >&2
  exit 2
fi
regsweep=$(realpath -- "$1")
shift
make_store=$(dirname -- "$regsweep")/benchmarks/make_store
for program in jq xargs "$make_store"; do
  command -v "$program" >/dev/null || { echo "apply.sh: skipped: no $program" >&2; exit 77; }
done
(($# > 0)) || set -- --repos 280 --tags 50
rounds=${ROUNDS:-5}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

"$make_store" --sparse --orphans 1.0 --seed 3 "$@" "$work/base" >&2
find "$work/base" -exec touch -h -d '40 days ago' {} +

# timed COMMAND…: sets ms
timed() {
  local begun
  sync -f "$work"
  begun=$(date +%s%N)
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  ms=$((($(date +%s%N) - begun) / 1000000))
}
remove_list() { xargs -0 -P 2 -n 200 rm -r <"$work/list"; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

objects=0
for ((round = 0; round < rounds; ++round)); do
  order=(apply rm)
  ((round % 2 == 0)) || order=(rm apply)
  for who in "${order[@]}"; do
    rm -rf "$work/store"
    cp -a --sparse=always "$work/base" "$work/store"
    timed "$regsweep" plan --min-age 0s -o "$work/plan.json" "$work/store"
    echo "$ms" >>"$work/plan.times"
    if [[ $who == apply ]]; then
      timed "$regsweep" apply --no-quarantine --assume-offline --max-delete 100% "$work/plan.json"
    else
      objects=$(jq '.removals | length' "$work/plan.json")
      jq -j '.store.v2 as $v2 | .removals[] | "\($v2)/\(.path)\u0000"' "$work/plan.json" >"$work/list"
      timed remove_list
    fi
    echo "$ms" >>"$work/$who.times"
    if [[ -n $(find "$work/store" -name "$(jq -r '.removals[-1].path | split("/")[-1]' "$work/plan.json")") ]]; then
      echo "apply.sh: $who has not removed all" >&2
      exit 1
    fi
  done
  echo "round $((round + 1)): apply $(tail -n 1 "$work/apply.times") ms, rm $(tail -n 1 "$work/rm.times") ms" >&2
done
apply=$(median "$work/apply.times") rm=$(median "$work/rm.times") plan=$(median "$work/plan.times")
blobs=$(find "$work/base" -name data -path '*/blobs/*' | wc -l)
awk -v blobs="$blobs" -v objects="$objects" -v apply="$apply" -v rm="$rm" -v plan="$plan" -v rounds="$rounds" \
  -v fs="$(stat -f -c %T "$work")" 'BEGIN {
  printf "%d blobs, %d removals, %s, median of %d rounds\n\n", blobs, objects, fs, rounds
  print "| command | wall time | × rm |"
  print "|---|---:|---:|"
  printf "| `xargs -P 2 -n 200 rm -r` | %d ms | 1.00 |\n", rm
  printf "| `regsweep apply --no-quarantine` | %d ms | %.2f |\n", apply, apply / rm
  printf "| of that, reading and checking (as `regsweep plan`) | %d ms | %.2f |\n", plan, plan / rm
  printf "| of that, removal | %d ms | %.2f |\n", apply - plan, (apply - plan) / rm
}'
