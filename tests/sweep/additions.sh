#!/usr/bin/env bash
# additions.sh REGSWEEP [SHIM]
#
# What a repair does to a store, by addition_driver beside REGSWEEP, is killed right before each of its
# system calls that change something, in turn, and each kind of call fails. After each: undo brings the
# store back exactly, and so does undo after the same was done again. Nothing that is in place holds
# anything but what it should, and a link is in place only with the blob that it names. Then undo and
# purge of a whole repair are killed the same way.
#
# A copy of a placed file is another file, which undo leaves: so the stores are not copied here once
# something was placed.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin_sweep "$@"
need_shim
driver=$build_dir/addition_driver
[[ -x $driver ]] || skip "no $driver: build the target regsweep_addition_driver"
need sha512sum

copy() { rm -rf -- "$2" && cp -a -- "$1" "$2"; }
said() { cat "$work/err.$part" "$work/out.$part" | head -c 400; }

# --- a store with damage, and what repairs it ---
small_store "$work/base"
v2=docker/registry/v2
repositories=$work/base/$v2/repositories
blobs=$work/base/$v2/blobs
plan=$work/plan
: >"$plan"
add() { printf 'add\t%s\t%s\t%s\t%s\n' "$@" >>"$plan"; } # CLASS PATH DIGEST SOURCE
move() { printf 'move\t%s\t%s\n' "$@" >>"$plan"; }       # CLASS PATH

# Damaged and missing blobs, one of them in a directory that is gone, and one of sha512.
mapfile -t there < <(find "$blobs/sha256" -name data -size +2c | sort)
mkdir "$work/sources"
for i in 0 1 2; do
  hex=$(basename "$(dirname "${there[i]}")")
  cp -- "${there[i]}" "$work/sources/$hex"
  add blob-data "blobs/sha256/${hex:0:2}/$hex/data" "sha256:$hex" "$work/sources/$hex"
  case $i in
    0) truncate -s 1 "${there[i]}" && move blob "blobs/sha256/${hex:0:2}/$hex" ;;
    1) rm -- "${there[i]}" ;;
    2) rm -r -- "$blobs/sha256/${hex:0:2}" ;;
  esac
done
head -c 1500000 /dev/zero >"$work/sources/large"
hex=$(sha512sum <"$work/sources/large" | cut -d ' ' -f 1)
add blob-data "blobs/sha512/${hex:0:2}/$hex/data" "sha512:$hex" "$work/sources/large"

# An empty layer link, one that is gone, and all links of a tag in a new repository.
mapfile -t layers < <(find "$repositories" -path '*/_layers/sha256/*/link' | sort | sed -n 1,2p)
for i in 0 1; do
  path=${layers[i]#"$work/base/$v2/"}
  add layer-link "$path" "sha256:$(basename "$(dirname "$path")")" ''
done
: >"${layers[0]}"
path=$(dirname "${layers[0]#"$work/base/$v2/"}")
move layer-link "$path"
rm -r -- "$(dirname "${layers[1]}")"
hex=$(basename "$(dirname "${there[0]}")")
new=repositories/new/app
new_blob=blobs/sha256/${hex:0:2}/$hex/data
add layer-link "$new/_layers/sha256/$hex/link" "sha256:$hex" ''
add revision-link "$new/_manifests/revisions/sha256/$hex/link" "sha256:$hex" ''
add tag-index-link "$new/_manifests/tags/1.0/index/sha256/$hex/link" "sha256:$hex" ''
add tag-current-link "$new/_manifests/tags/1.0/current/link" "sha256:$hex" ''
chmod 2750 "$(dirname "$(dirname "${layers[0]}")")" "$blobs"
chmod 711 "$blobs/sha256"
((EUID != 0)) || chown 1234:2345 "$blobs/sha256" "$repositories"
# A change of just now looks like somebody else's.
find "$work/base" -exec touch -h -d '2020-02-03 04:05:06.789' {} +
total=$(grep -c ^add "$plan")

# driven STORE [again]: the driver's exit status in rc; with a fault if the environment says so
driven() {
  rc=0
  { LD_PRELOAD=${preload:-} timeout -k 5 60 "$driver" "$1" "$1/$v2" "${@:2}" <"$plan" \
    >"$work/out.$part" 2>"$work/err.$part" || rc=$?; } 2>/dev/null
}
# program WHAT WANTED-STATUS ARGUMENT…
program() {
  local what=$1 want=$2 rc=0
  shift 2
  checks=$((checks + 1))
  timeout -k 5 60 "$regsweep" "$@" >"$work/out.$part" 2>"$work/err.$part" || rc=$?
  ((rc == want)) || fail "$what: $1 exits with $rc, not $want: $(said)"
}

# whole WHAT STORE [ALL]: what is in place is whole, and so is what it refers to; with ALL, all is there
whole() {
  local what=$1 root=$2/$v2 kind class path digest source found=0
  checks=$((checks + 1))
  while IFS=$'\t' read -r kind class path digest source; do
    [[ $kind == add && -e $root/$path ]] || continue
    if [[ $class == blob-data ]]; then
      cmp -s -- "$root/$path" "$source" || cmp -s -- "$root/$path" "$work/base/$v2/$path" ||
        fail "$what: $path is neither whole nor as it was"
    else
      [[ -s $root/$path ]] || continue # as it was
      [[ $(<"$root/$path") == "$digest" && $(stat -c %s "$root/$path") == "${#digest}" ]] ||
        fail "$what: $path does not hold $digest"
      [[ $path != "$new"/* ]] || cmp -s -- "$root/$new_blob" "$work/sources/${digest#*:}" ||
        fail "$what: $path is there, its blob is not, or not whole"
    fi
    found=$((found + 1))
  done <"$plan"
  [[ -z ${3:-} ]] || ((found == total)) || fail "$what: only $found of $total are in place"
}

# The faults before anything else: each function says false if there is no Nth change.
apply_killed() {
  local at=$1 store=$work/store.$part what="killed before change $1" turn
  for turn in undo again; do
    copy "$work/base" "$store"
    preload=$shim REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_PATH=$store driven "$store"
    if ((rc == 0)); then return 1; fi
    checks=$((checks + 1))
    ((rc == 137)) || fail "$what: exit $rc: $(said)"
    whole "$what" "$store"
    if [[ $turn == again ]]; then
      again "$what" "$store"
    fi
    program "$what, $turn" 0 undo --all --assume-offline "$store"
    unchanged "$what, $turn, then undo" "$work/base.print" "$store"
    no_run "$what, $turn, then undo" "$store"
  done
}

# again WHAT STORE: after a driver that did not come to its end. What it moved is gone, what it placed
# stands there: such a driver fails, and does no harm; after an undo it comes to its end.
again() {
  driven "$2"
  checks=$((checks + 1))
  ((rc == 0 || rc == 1)) || fail "$1, again: exit $rc: $(said)"
  whole "$1, again" "$2"
  if ((rc == 1)); then
    program "$1, again, then undo" 0 undo --all --assume-offline "$2"
    unchanged "$1, again, then undo" "$work/base.print" "$2"
    driven "$2"
    checks=$((checks + 1))
    ((rc == 0)) || fail "$1, undo, again: exit $rc: $(said)"
  fi
  whole "$1, again" "$2" all
}

no_run() { # WHAT STORE
  checks=$((checks + 1))
  [[ -z $(find "$2" -path '*/.regsweep-quarantine/*') ]] || fail "$1: a run is still there"
}

fault() { # CALL ERRNO AT FROM
  local store=$work/store.$part what="$2 from $1 number $3" failed
  (($4 == 0)) || what="$what on"
  copy "$work/base" "$store"
  rm -f -- "$work/log.$part"
  preload=$shim REGSWEEP_FAULT_CALL=$1 REGSWEEP_FAULT_ERRNO=$2 REGSWEEP_FAULT_AT=$3 \
    REGSWEEP_FAULT_FROM=$4 REGSWEEP_FAULT_PATH=$store REGSWEEP_FAULT_LOG=$work/log.$part driven "$store"
  checks=$((checks + 1))
  failed=$(sed -n "s|^failed [a-z0-9]* $store/*||p" "$work/log.$part" | sed -n 1p)
  ((rc == 0 || rc == 1)) || fail "$what: exit $rc: $(said)"
  # A call that only cleans up, or that is done another way, may fail without a word.
  ((rc == 1)) || [[ $1 =~ ^(unlink|rmdir|openat2|fstatat)$ ]] || fail "$what ($failed): exit 0"
  ((rc == 0)) || grep -q ': .*: .' "$work/err.$part" || fail "$what: does not say why: $(said)"
  whole "$what" "$store"
  program "$what" 0 undo --all --assume-offline "$store"
  unchanged "$what, then undo" "$work/base.print" "$store"
  no_run "$what, then undo" "$store"
  driven "$store"
  checks=$((checks + 1))
  ((rc == 0)) || fail "$what, undo, again: exit $rc: $(said)"
  whole "$what, undo, again" "$store" all
}

# What failed once is gone on with in the same run. Nobody can go on behind a journal that could not be
# cut back, nor end a run twice.
fault_gone_on() { # CALL ERRNO AT 0
  local store=$work/store.$part what="$2 from $1 number $3, gone on"
  copy "$work/base" "$store"
  preload=$shim REGSWEEP_FAULT_CALL=$1 REGSWEEP_FAULT_ERRNO=$2 REGSWEEP_FAULT_AT=$3 \
    REGSWEEP_FAULT_PATH=$store driven "$store" again
  checks=$((checks + 1))
  if ((rc == 0)); then
    whole "$what" "$store" all
  else
    grep -q -E '^(open|identify|begin|end): ' "$work/err.$part" || fail "$what: exit $rc: $(said)"
  fi
  program "$what" 0 undo --all --assume-offline "$store"
  unchanged "$what, then undo" "$work/base.print" "$store"
  no_run "$what, then undo" "$store"
}

repaired() { # STORE: anew, as a copy's files are others
  copy "$work/base" "$1"
  driven "$1"
  ((rc == 0)) || fail "the repair: exit $rc: $(said)"
}

undo_killed() {
  local at=$1 store=$work/store.$part what="undo killed before change $1"
  repaired "$store"
  rc=0
  { REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_PATH=$store LD_PRELOAD=$shim timeout -k 5 60 "$regsweep" \
    undo --assume-offline "$store" >"$work/out.$part" 2>"$work/err.$part" || rc=$?; } 2>/dev/null
  if ((rc == 0)); then return 1; fi
  whole "$what" "$store"
  program "$what, again" 0 undo --all --assume-offline "$store"
  unchanged "$what, again" "$work/base.print" "$store"
  no_run "$what, again" "$store"
}

undo_fault() { # CALL ERRNO AT FROM
  local store=$work/store.$part what="undo: $2 from $1 number $3"
  (($4 == 0)) || what="$what on"
  repaired "$store"
  rc=0
  REGSWEEP_FAULT_CALL=$1 REGSWEEP_FAULT_ERRNO=$2 REGSWEEP_FAULT_AT=$3 REGSWEEP_FAULT_FROM=$4 \
    REGSWEEP_FAULT_PATH=$store LD_PRELOAD=$shim timeout -k 5 60 "$regsweep" undo --assume-offline "$store" \
    >"$work/out.$part" 2>"$work/err.$part" || rc=$?
  checks=$((checks + 1))
  [[ $rc =~ ^[024567]$ ]] || fail "$what: exit $rc: $(said)"
  whole "$what" "$store"
  if ((rc == 0)); then
    unchanged "$what: exit 0" "$work/base.print" "$store"
  else
    program "$what, then again without" 0 undo --all --assume-offline "$store"
    unchanged "$what, then again without" "$work/base.print" "$store"
  fi
}

# Before its first change a purge can be undone, and after it never again: what was placed stays, as what it
# took the place of is going. The same where a full disk has no room for the rename that says so.
purge_killed() { killed_purge "purge killed" "$1" none 1; }
purge_killed_when_full() { killed_purge "purge without room for a rename killed" "$1" rename 2; }
killed_purge() { # WHAT AT FAILING-CALL LAST-TO-BE-UNDONE
  local at=$2 store=$work/store.$part what="$1 before change $2" turn
  for turn in again undo; do
    repaired "$store"
    fingerprint "$store" >"$work/repaired.$part"
    rc=0
    { REGSWEEP_FAULT_KILL=$at REGSWEEP_FAULT_CALL=$3 REGSWEEP_FAULT_ERRNO=ENOSPC REGSWEEP_FAULT_AT=1 \
      REGSWEEP_FAULT_PATH=$store LD_PRELOAD=$shim timeout -k 5 60 "$regsweep" purge --all "$store" \
      >"$work/out.$part" 2>"$work/err.$part" || rc=$?; } 2>/dev/null
    if ((rc == 0)); then return 1; fi
    checks=$((checks + 1))
    ((rc == 137)) || fail "$what: exit $rc: $(said)"
    unchanged "$what" "$work/repaired.$part" "$store"
    if [[ $turn == undo ]]; then
      "$regsweep" undo --all --assume-offline "$store" >"$work/out.$part" 2>"$work/err.$part" || true
      if fingerprint "$store" | cmp -s - "$work/base.print"; then
        ((at <= $4)) || fail "$what: undone after something was deleted"
        no_run "$what, undo" "$store"
        continue
      fi
      unchanged "$what, undo" "$work/repaired.$part" "$store"
    fi
    program "$what, $turn, purge" 0 purge --all "$store"
    unchanged "$what, $turn, purge" "$work/repaired.$part" "$store"
    no_run "$what, $turn, purge" "$store"
  done
}

# halves COMMAND…: "COMMAND PART" for both halves side by side; adds up what they checked
halves() {
  local pids=() c f
  for part in 0 1; do
    (
      trap - EXIT
      checks=0 failures=0
      "$@" "$part"
      echo "$checks $failures" >"$work/part.$part"
    ) &
    pids+=($!)
  done
  for part in 0 1; do
    wait "${pids[part]}" || fail "$*: the script itself failed"
    read -r c f <"$work/part.$part"
    checks=$((checks + c)) failures=$((failures + f))
  done
  part=0
}
each() { # COMMAND PART: COMMAND N for half of the Ns, until it says that there is no Nth
  local at=$((1 + $2 * every))
  while "$1" "$at"; do at=$((at + 2 * every)); done
  echo "$name: $1: $((at - 1)) changes, $SECONDS s" >&2
  check "$1: it changes something" test "$at" -gt 10
}
faults() { # FILE PART
  local task
  while read -r -a task; do "${task[@]}"; done < <(awk -v part="$2" 'NR % 2 == part' "$1")
}

part=0
fingerprint "$work/base" >"$work/base.print"
copy "$work/base" "$work/counted"
# Without timeout: the shim would count in it as well, and last.
check "the driver comes to its end" env REGSWEEP_FAULT_PATH="$work/counted" \
  REGSWEEP_FAULT_COUNT="$work/count" LD_PRELOAD="$shim" "$driver" "$work/counted" "$work/counted/$v2" <"$plan"
whole "the driver" "$work/counted" all
check "what was made has the owner and mode of the directory above" test \
  "$(stat -c '%a %U:%G' "$work/counted/$v2/$new")" = "$(stat -c '%a %U:%G' "$work/counted/$v2/repositories")"
REGSWEEP_FAULT_PATH=$work/counted REGSWEEP_FAULT_COUNT=$work/count.undo LD_PRELOAD=$shim \
  "$regsweep" undo --assume-offline "$work/counted" >/dev/null
unchanged "undo of a repair" "$work/base.print" "$work/counted"

halves each apply_killed
halves each undo_killed
# These are few.
every=1 halves each purge_killed
every=1 halves each purge_killed_when_full

for call in write fsync fdatasync rename mkdir create fchown fchmod; do
  check "a repair makes a $call" grep -q "^$call [1-9]" "$work/count"
done
tasks() { # FUNCTION COUNTS CALL…
  local function=$1 counts=$2 call error count at
  for call in "${@:3}"; do
    count=$(awk -v call="$call" '$1 == call { print $2 }' "$counts")
    ((count != 0)) || continue
    for error in EIO ENOSPC EACCES; do
      for at in $(printf '%s\n' 1 2 3 $((count / 3)) $(((count + 1) / 2)) $((count * 3 / 4)) "$count" | sort -nu); do
        ((at >= 1 && at <= count)) || continue
        echo "$function $call $error $at 0"
        [[ $function != fault ]] || echo "fault_gone_on $call $error $at 0"
      done
      echo "$function $call $error 1 1"
      echo "$function $call $error $(((count + 1) / 2)) 1"
    done
  done
}
{
  tasks fault "$work/count" write fsync fdatasync rename mkdir create fchown fchmod openat2 fstatat
  tasks undo_fault "$work/count.undo" rename unlink rmdir mkdir fsync fchown fchmod utimens openat2 fstatat
} | sort -u >"$work/tasks"
halves faults "$work/tasks"
echo "$name: $(wc -l <"$work/tasks") faults, $SECONDS s" >&2
end
