#!/usr/bin/env bash
# crash_large.sh REGSWEEP [SEED]
#
# A store of some thousand blobs, swept and killed at random moments (SEED says which): every tag is
# whole, and the same command again comes to its end. One of the stores is then served by a real
# docker-registry, and images are pulled.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
RANDOM=${2:-1}
begin_sweep "${1:-}"
make_store=$build_dir/benchmarks/make_store
[[ -x $make_store ]] || skip "no $make_store"
rounds=16

"$make_store" --repos 30 --tags 30 --orphans 0.5 --layer-bytes 1024 --seed 7 "$work/base" >/dev/null
find "$work/base" -exec touch -h -d '40 days ago' {} +
bash "$here/live_tags.sh" "$work/base" >"$work/base.walk"
tags=$(grep -c whole "$work/base.walk")
check "the store has tags" test "$tags" -gt 100
fingerprint "$work/base" >"$work/base.print"

sweep=(gc --apply "${everything[@]}" --assume-offline)
nothing_left() { # WHAT OPTION…
  local title=$1 left=1
  shift
  for _ in 1 2 3 4; do
    left=$("$regsweep" gc --json "${all_rules[@]}" "$work/store" | jq '.totals.total.objects')
    ((left != 0)) || break
    run "$title" "${sweep[@]}" "$@" "$work/store"
    exits 0
    sleep 0.1 # a change of just now looks like somebody else's
  done
  check "$title: nothing is left to do" test "$left" -eq 0
}
fresh() { rm -rf "$work/store" && cp -a "$work/base" "$work/store"; }

# How long a whole sweep takes, in ms.
declare -A takes
for mode in quarantine no-quarantine; do
  options=()
  [[ $mode == quarantine ]] || options=(--no-quarantine)
  fresh
  begun=$(date +%s%N)
  run "a whole sweep, $mode" "${sweep[@]}" ${options[@]+"${options[@]}"} "$work/store"
  exits 0
  takes[$mode]=$((($(date +%s%N) - begun) / 1000000 + 1))
  live "$what" "$work/base.walk" "$work/store"
done

killed=0
for ((round = 0; round < rounds; ++round)); do
  mode=quarantine options=()
  ((round % 2 == 0)) || mode=no-quarantine options=(--no-quarantine)
  fresh
  # The first third of the time is reading.
  after=$((takes[$mode] / 3 + RANDOM % (takes[$mode] * 2 / 3 + 1)))
  what="$mode, killed after $after of ${takes[$mode]} ms" rc=0
  {
    timeout -s KILL "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))" \
      "$regsweep" "${sweep[@]}" ${options[@]+"${options[@]}"} "$work/store" >"$work/out" 2>"$work/err" || rc=$?
  } 2>/dev/null
  checks=$((checks + 1))
  ((rc == 0 || rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err")"
  ((rc == 0)) || killed=$((killed + 1))
  live "$what" "$work/base.walk" "$work/store"
  if [[ $mode == quarantine ]] && ((round % 4 == 0)); then
    run "$what, then undo" undo --all --assume-offline "$work/store"
    exits 0
    unchanged "$what" "$work/base.print" "$work/store"
  else
    nothing_left "$what, then again" ${options[@]+"${options[@]}"}
    live "$what, then again" "$work/base.walk" "$work/store"
  fi
done
echo "$name: $killed of $rounds were killed, $tags tags, $(find "$work/base" -name data | wc -l) blobs, $SECONDS s" >&2
check "most rounds were cut short" test "$killed" -gt $((rounds / 3))

if find_registry && command -v skopeo >/dev/null; then
  use_registry
  start "$work/store"
  while read -r tag; do
    check "$tag is pulled after a crash and a sweep" pull "$tag"
  done < <(awk '$1 == "tag" && $NF == "whole" { print $2 }' "$work/base.walk" |
    awk -v step=$((tags / 5)) 'NR % step == 0' | sed -n 1,5p)
else
  not_checked "pulls from what is left: docker-registry or skopeo is not installed"
fi
end
