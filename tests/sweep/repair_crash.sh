#!/usr/bin/env bash
# repair_crash.sh REGSWEEP [SHIM]
#
# A repair is killed right before each of its system calls that change something, in turn. After each:
# every tag that was whole is whole; undo brings the store back exactly; the same command again, and the
# plan file again, come to their end with every tag whole, and undo of both runs brings it back.
#
# A copy of a placed file is another file, which undo leaves: so each of these begins from the start.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin_sweep "$@"
need_shim

small_store "$work/whole"
cp -a "$work/whole" "$work/base"
v2=$work/base/docker/registry/v2
# A revision's link is empty, a layer's is gone, one's blob is empty and another's missing, and a tag with
# its revision is lost.
mapfile -t tags < <("$regsweep" tags --json "$work/whole" |
  jq -r '.tags[] | select(.state == "ok" and (.type == "image" or .type == "docker image")) |
    [.repository, .tag, .digest] | @tsv' | sort -u -k 3 | while IFS= read -r row; do
    digest=${row##*$'\t'}
    grep -q sha512 "$v2/blobs/sha256/${digest:7:2}/${digest:7}/data" || echo "$row"
  done | sed -n 1,3p)
check "three images to damage" test "${#tags[@]}" = 3
manifest_of() { # ROW of tags: sets repo, tag, digest, layer and its hex
  IFS=$'\t' read -r repo tag digest <<<"$1"
  layer=$(jq -r '.layers[-1].digest' "$v2/blobs/sha256/${digest:7:2}/${digest:7}/data")
  hex=${layer#sha256:}
}
manifest_of "${tags[0]}"
: >"$v2/repositories/$repo/_manifests/revisions/sha256/${digest:7}/link"
: >"$v2/blobs/sha256/${hex:0:2}/$hex/data"
manifest_of "${tags[1]}"
rm -r -- "$v2/repositories/$repo/_layers/sha256/$hex"
config=$(jq -r '.config.digest' "$v2/blobs/sha256/${digest:7:2}/${digest:7}/data")
rm -r -- "$v2/blobs/sha256/${config:7:2}/${config:7}"
manifest_of "${tags[2]}"
rm -r -- "$v2/repositories/$repo/_manifests/revisions/sha256/${digest:7}"
while IFS=$'\t' read -r repo tag; do
  rm -r -- "$v2/repositories/$repo/_manifests/tags/$tag"
done < <("$regsweep" tags --json "$work/whole" |
  jq -r ".tags[] | select(.digest == \"$digest\") | [.repository, .tag] | @tsv")
find "$work/base" -exec touch -h -d '2020-02-03 04:05:06.789' {} +
fingerprint "$work/base" >"$work/base.print"
bash "$here/live_tags.sh" "$work/base" >"$work/base.walk"
options=(--assume-offline --lost-found --from "$work/whole")

# program WHAT WANTED-STATUS ARGUMENT…: a run without a fault
program() {
  local title=$1 want=$2 status=0
  shift 2
  checks=$((checks + 1))
  timeout -k 5 60 "$regsweep" "$@" >"$work/out.$part" 2>"$work/err.$part" || status=$?
  ((status == want)) || fail "$title: $1 exits with $status, not $want: $(
    cat "$work/err.$part" "$work/out.$part" | head -c 400)"
}
sound() { # WHAT STORE: every tag is whole, and nothing is left to do
  program "$1" 0 tags "$2"
  program "$1" 0 repair --json --from "$work/whole" "$2"
  checks=$((checks + 1))
  [[ $(jq '[.removals, .additions | length] | add' "$work/out.$part") == 0 ]] ||
    fail "$1: something is left to do: $(jq -c '[.removals[], .additions[] | .path]' "$work/out.$part")"
}

# killed_at N: false if there is no Nth change
killed_at() {
  local at=$1 turn what store=$work/store.$part
  for turn in undo again plan; do
    what="killed before change $at, then $turn"
    rm -rf -- "$store" && cp -a "$work/base" "$store"
    [[ $turn != plan ]] || program "$what" 0 repair --lost-found --from "$work/whole" -o "$work/plan.$part" "$store"
    rc=0
    {
      REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_PATH=$store LD_PRELOAD=$shim timeout -k 5 60 \
        "$regsweep" repair --apply "${options[@]}" "$store" >"$work/out.$part" 2>"$work/err.$part" || rc=$?
    } 2>/dev/null
    if ((rc == 0)); then return 1; fi
    checks=$((checks + 1))
    ((rc == 137)) || fail "$what: exit $rc: $(head -c 300 "$work/err.$part")"
    live "$what" "$work/base.walk" "$store"
    case $turn in
      again) program "$what" 0 repair --apply "${options[@]}" "$store" ;;
      plan) program "$what" 0 apply --assume-offline "$work/plan.$part" ;;
    esac
    [[ $turn == undo ]] || sound "$what" "$store"
    program "$what, undo" 0 undo --all --assume-offline "$store"
    unchanged "$what, undo" "$work/base.print" "$store"
  done
}

part=0
rm -rf "$work/store.0"
cp -a "$work/base" "$work/store.0"
program "without a fault" 0 repair --apply "${options[@]}" "$work/store.0"
sound "without a fault" "$work/store.0"
program "without a fault" 0 undo --assume-offline "$work/store.0"
unchanged "without a fault, undo" "$work/base.print" "$work/store.0"

pids=()
for half in 0 1; do
  (
    part=$half checks=0 failures=0
    trap - EXIT
    at=$((1 + half * every))
    while killed_at "$at"; do at=$((at + 2 * every)); done
    echo "$checks $failures $at" >"$work/part.$half"
  ) &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "a half of the runs ended early"; done
for half in 0 1; do
  read -r more bad last <"$work/part.$half"
  checks=$((checks + more)) failures=$((failures + bad))
done
check "it was killed often" test "$last" -gt 30
end
