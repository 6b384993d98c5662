#!/usr/bin/env bash
# recover_crash.sh REGSWEEP [SHIM]
#
# A recovery of two tags, one that means something else and one that is new, is killed right before each
# of its system calls that change something, in turn. After each: undo brings the store back exactly; the
# same command again either comes to its end, or is refused because the tag is in quarantine, and comes to
# it after undo; then undo of all brings the store back. All other tags stay whole throughout.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin_sweep "$@"
need_shim

base=$work/base
small_store "$base"
"$regsweep" recover --json "$base" >out
repo=$(json "next(r['name'] for r in d['repositories'] if any(t['before'] for t in r['tags']))")
tag=$(json "next(t['tag'] for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['before'])")
old=$(json "next(t['before'][0]['digest'] for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['before'])")
entries=$(json "next(len(t['before']) for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['before'])")
layer=$(jq -r '.layers[-1].digest' "$base/docker/registry/v2/blobs/sha256/${old:7:2}/${old:7}/data")
# Links are missing, too.
rm -r "$base/docker/registry/v2/repositories/$repo/_layers/sha256/${layer:7}"
rm "$base/docker/registry/v2/repositories/$repo/_manifests/revisions/sha256/${old:7}/link"
find "$base" -exec touch -h -d '2020-02-03 04:05:06.789' {} +
fingerprint "$base" >"$work/base.print"
part=0
bash "$here/live_tags.sh" "$base" | grep -vF "tag $repo:$tag " >"$work/base.walk"
refs=("$repo:$tag@$old" "$repo:recovered@$old")

program() { # WHAT WANTED-STATUS ARGUMENT…: a run without a fault
  local title=$1 want=$2 status=0
  shift 2
  checks=$((checks + 1))
  timeout -k 5 60 "$regsweep" "$@" >"$work/out.0" 2>"$work/err.0" || status=$?
  ((status == want)) || fail "$title: $1 exits with $status, not $want: $(
    cat "$work/err.0" "$work/out.0" | head -c 400)"
}
recovered() { # WHAT STORE
  local tags=$2/docker/registry/v2/repositories/$repo/_manifests/tags one
  for one in "$tag" recovered; do
    check "$1: $one means it" test "$(cat "$tags/$one/current/link")" = "$old"
  done
  check "$1: all that the tag meant is there" test \
    "$(find "$tags/$tag/index" -name link | wc -l)" = $((entries + 1))
  program "$1" 0 repair --json "$2"
  check "$1: nothing is left to mend" jq -e '[.removals, .additions | length] == [0, 0]' "$work/out.0" >/dev/null
}

store=$work/store
refusals=0
killed_at() { # N: false if there is no Nth change
  local at=$1 turn what
  for turn in undo again; do
    what="killed before change $at, then $turn"
    rm -rf -- "$store" && cp -a "$base" "$store"
    rc=0
    {
      REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_PATH=$store LD_PRELOAD=$shim timeout -k 5 60 \
        "$regsweep" recover --apply --assume-offline "$store" "${refs[@]}" >"$work/out.0" 2>"$work/err.0" || rc=$?
    } 2>/dev/null
    if ((rc == 0)); then return 1; fi
    checks=$((checks + 1))
    ((rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err.0")"
    live "$what" "$work/base.walk" "$store"
    if [[ $turn == again ]]; then
      rc=0
      "$regsweep" recover --apply --assume-offline "$store" "${refs[@]}" >"$work/out.0" 2>"$work/err.0" || rc=$?
      checks=$((checks + 1))
      if ((rc == 5)) && grep -q 'a run moved aside that was cut off; first regsweep undo' "$work/err.0"; then
        refusals=$((refusals + 1))
        program "$what" 0 undo --all --assume-offline "$store"
        unchanged "$what, refused, undo" "$work/base.print" "$store"
        program "$what" 0 recover --apply --assume-offline "$store" "${refs[@]}"
      elif ((rc != 0)); then
        fail "$what: exit $rc: $(head -c 300 "$work/err.0")"
      fi
      recovered "$what" "$store"
    fi
    program "$what, undo" 0 undo --all --assume-offline "$store"
    unchanged "$what, undo" "$work/base.print" "$store"
  done
}

cp -a "$base" "$store"
program "without a fault" 0 recover --apply --assume-offline "$store" "${refs[@]}"
recovered "without a fault" "$store"
live "without a fault" "$work/base.walk" "$store"
program "without a fault" 0 undo --assume-offline "$store"
unchanged "without a fault, undo" "$work/base.print" "$store"
at=1
while killed_at "$at"; do at=$((at + every)); done
check "it was killed often" test "$at" -gt 30
check "it was refused where the tag was in quarantine" test "$refusals" -gt 0
check "and only there" test "$refusals" -lt $((at / 2 + 5))
end
