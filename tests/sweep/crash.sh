#!/usr/bin/env bash
# crash.sh REGSWEEP [SHIM]
#
# A sweep is killed right before each of its system calls that change something, in turn. After each:
# every tag that was whole is whole (live_tags.sh), undo brings the store back exactly, and the same
# command again comes to its end. Then the same for undo and for purge.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin_sweep "$@"
need_shim

small_store "$work/base"
fingerprint "$work/base" >"$work/base.print"
bash "$here/live_tags.sh" "$work/base" >"$work/base.walk"
check "the store to begin with has tags" grep -q whole "$work/base.walk"
refuse "no tag of it is broken" grep broken "$work/base.walk"

# killed N STORE ARGUMENT…: rc is 137 if it was killed before its Nth change.
killed() {
  local at=$1 store=$2
  shift 2
  rc=0
  {
    REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_PATH=$store REGSWEEP_FAULT_COUNT=$work/count.$part \
      LD_PRELOAD=$shim timeout -k 5 60 "$regsweep" "$@" >"$work/out.$part" 2>"$work/err.$part" || rc=$?
  } 2>/dev/null
}

# done_by WHAT WANTED-STATUS ARGUMENT…: a run without a fault.
done_by() {
  local what=$1 want=$2 rc=0
  shift 2
  checks=$((checks + 1))
  timeout -k 5 60 "$regsweep" "$@" >"$work/out.$part" 2>"$work/err.$part" || rc=$?
  ((rc == want)) ||
    fail "$what: $1 exits with $rc, not $want: $(cat "$work/err.$part" "$work/out.$part" | head -c 300)"
}

copy() { rm -rf -- "$2" && cp -a -- "$1" "$2"; }

# Emptied directories show only once they are empty, so a few sweeps are needed; then nothing is left.
nothing_left() { # WHAT STORE OPTION…
  local what=$1 store=$2 left=
  shift 2
  checks=$((checks + 1))
  for _ in 1 2 3 4; do
    "$regsweep" gc --json "${all_rules[@]}" "$store" >"$work/plan.$part"
    left=$(jq '.totals.total.objects' "$work/plan.$part")
    ((left != 0)) || return 0
    left=$(jq '.totals.total.objects - .totals["empty-directory"].objects' "$work/plan.$part")
    ((left == 0)) || break
    done_by "$what" 0 gc --apply "${everything[@]}" --assume-offline "$@" "$store"
  done
  fail "$what: $left removals are still due"
}

# apply_killed N OPTION…: false if the sweep has no Nth change.
apply_killed() {
  local at=$1 store=$work/store.$part what="gc ${*:2} killed before change $1" quarantine=1
  shift
  [[ " $* " != *" --no-quarantine "* ]] || quarantine=0
  copy "$work/base" "$store"
  killed "$at" "$store" gc --apply "${everything[@]}" --assume-offline "$@" "$store"
  if ((rc == 0)); then return 1; fi
  checks=$((checks + 1))
  ((rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err.$part")"
  live "$what" "$work/base.walk" "$store"
  if ((quarantine)); then
    copy "$store" "$store.undo"
    done_by "$what" 0 undo --assume-offline "$store.undo"
    unchanged "$what, then undo" "$work/base.print" "$store.undo"
  fi
  done_by "$what, again" 0 gc --apply "${everything[@]}" --assume-offline "$@" "$store"
  live "$what, again" "$work/base.walk" "$store"
  if ((at % 6 < 2)); then  # of both halves
    copy "$store" "$store.rest"
    nothing_left "$what, again" "$store.rest" "$@"
  fi
  if ((quarantine)); then
    done_by "$what, again, then undo" 0 undo --all --assume-offline "$store"
    unchanged "$what, again, then undo --all" "$work/base.print" "$store"
  fi
}

undo_killed() {
  local at=$1 store=$work/store.$part what="undo killed before change $1"
  copy "$work/applied" "$store"
  killed "$at" "$store" undo --assume-offline "$store"
  if ((rc == 0)); then return 1; fi
  checks=$((checks + 1))
  ((rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err.$part")"
  live "$what" "$work/base.walk" "$store"
  done_by "$what" 0 undo --assume-offline "$store"
  unchanged "$what, again" "$work/base.print" "$store"
}

purge_killed() {
  local at=$1 store=$work/store.$part what="purge killed before change $1" run
  copy "$work/applied" "$store"
  run=$(ls "$store/.regsweep-quarantine")
  killed "$at" "$store" purge "$store" "$run"
  if ((rc == 0)); then return 1; fi
  checks=$((checks + 1))
  ((rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err.$part")"
  unchanged "$what" "$work/applied.print" "$store"
  if [[ -e $store/.regsweep-quarantine/$run ]]; then
    copy "$store" "$store.undo"
    rc=0
    "$regsweep" undo --assume-offline "$store.undo" >"$work/out.$part" 2>"$work/err.$part" || rc=$?
    checks=$((checks + 1))
    if ((rc == 0)); then
      [[ -n $(find "$store/.regsweep-quarantine/$run" -name objects) ]] &&
        unchanged "$what, then undo" "$work/base.print" "$store.undo"
    else
      ((rc == 5)) || fail "$what, then undo: exit $rc"
      unchanged "$what, then undo refused" "$work/applied.print" "$store.undo"
    fi
  fi
  done_by "$what" 0 purge --all "$store"
  unchanged "$what, again" "$work/applied.print" "$store"
  check "$what, again: the quarantine is empty" \
    test -z "$(find "$store" -maxdepth 2 -path '*/.regsweep-quarantine/*')"
}

# each STEP COMMAND…: COMMAND N for N = 1, 1 + STEP, … until it says that there is no Nth; half of
# them beside the other half.
part=0
each() {
  local step=$1 pids=() half
  shift
  for half in 0 1; do
    (
      part=$half checks=0 failures=0
      trap - EXIT
      at=$((1 + half * step))
      while "$1" "$at" "${@:2}"; do at=$((at + 2 * step)); done
      echo "$checks $failures $at" >"$work/part.$half"
    ) &
    pids+=($!)
  done
  local done_at=0 c f a
  for half in 0 1; do
    wait "${pids[half]}" || fail "$*: the driver itself failed"
    read -r c f a <"$work/part.$half"
    rm -f -- "$work/part.$half"
    checks=$((checks + c)) failures=$((failures + f))
    ((a < done_at || done_at == 0)) && done_at=$a
  done
  echo "$name: $*: $((done_at - 1)) changes, $SECONDS s" >&2
  check "$*: it changes something" test "$done_at" -gt 10
}

each "$every" apply_killed
each "$every" apply_killed --no-quarantine --jobs 1
each $((3 * every)) apply_killed --no-quarantine --jobs 4

part=0
copy "$work/base" "$work/applied"
done_by "a whole sweep" 0 gc --apply "${everything[@]}" --assume-offline "$work/applied"
fingerprint "$work/applied" >"$work/applied.print"
each "$every" undo_killed
each "$every" purge_killed

# With the directories gone that became empty: undo makes them anew.
for _ in 1 2 3; do
  done_by "a further sweep" 0 gc --apply "${everything[@]}" --assume-offline "$work/applied"
done
run=$(find "$work/applied/.regsweep-quarantine" -mindepth 1 -maxdepth 1 | wc -l)
undo_all_killed() {
  local at=$1 store=$work/store.$part what="undo --all killed before change $1"
  copy "$work/applied" "$store"
  killed "$at" "$store" undo --all --assume-offline "$store"
  if ((rc == 0)); then return 1; fi
  live "$what" "$work/base.walk" "$store"
  done_by "$what" 0 undo --all --assume-offline "$store"
  unchanged "$what, again" "$work/base.print" "$store"
}
check "several runs lie in quarantine" test "$run" -gt 1
each "$every" undo_all_killed
end
