#!/usr/bin/env bash
# faults.sh REGSWEEP [SHIM]
#
# Each kind of system call on the store fails, with each of several errors, the first time, half-way, the
# last time, and for good from some time on. Never is a live tag or a link of one lost; the exit status
# tells whether something was done; undo brings back what the journal says; the message names the
# object; and without the fault the same command comes to its end.
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
copy() { rm -rf -- "$2" && cp -a -- "$1" "$2"; }

# faulty STORE CALL ERRNO AT FROM ARGUMENT…: sets rc and failed, the path that the call was about
faulty() {
  local store=$1 call=$2 error=$3 at=$4 from=$5
  shift 5
  rc=0 failed=
  rm -f -- "$work/log.$part"
  REGSWEEP_FAULT_CALL=$call REGSWEEP_FAULT_ERRNO=$error REGSWEEP_FAULT_AT=$at REGSWEEP_FAULT_FROM=$from \
    REGSWEEP_FAULT_PATH=$store REGSWEEP_FAULT_LOG=$work/log.$part LD_PRELOAD=$shim \
    timeout -k 5 60 "$regsweep" "$@" >"$work/out.$part" 2>"$work/err.$part" </dev/null || rc=$?
  [[ ! -e $work/log.$part ]] || failed=$(sed -n 's/^failed [a-z0-9]* //p' "$work/log.$part" | sort -u)
}
said() { cat "$work/err.$part" "$work/out.$part" | head -c 400; }

# documented WHAT: the exit status is one of those for a sweep that did not come to its end, or 0
documented() {
  checks=$((checks + 1))
  case $rc in
    0 | 2 | 4 | 5 | 7) ;;
    *) fail "$1: exit $rc: $(said)" ;;
  esac
}

# named WHAT: the output names something that failed, by the last name on its path that says something,
# or says that the store changes (which is what an ENOENT looks like)
named() {
  local path last
  checks=$((checks + 1))
  if [[ -z $failed ]]; then
    fail "$1: no call failed"
    return
  fi
  while IFS= read -r path; do
    last=${path##*/}
    while [[ $last =~ ^(data|link|startedat|current|index|sha256|\.\.)$ ]]; do
      path=${path%/*}
      last=${path##*/}
    done
    ! grep -qF -- "$last" "$work/err.$part" "$work/out.$part" || return 0
  done <<<"$failed"
  ! grep -q -e 'was written to while it was read' -e 'cannot put it back' "$work/err.$part" || return 0
  # The root itself is "ROOT/".
  ! grep -q ' ROOT/ could not be read' "$work/err.$part" || return 0
  # What belongs to the quarantine itself is named by its run.
  ! grep -q 'regsweep-quarantine/' "$work/err.$part" "$work/out.$part" || return 0
  fail "$1: exit $rc, does not name ${failed%%$'\n'*} but says: $(said)"
}

left_over() { # STORE: removals still due, without directories that are empty only now
  "$regsweep" gc --json "${all_rules[@]}" "$1" | jq '.totals.total.objects - .totals["empty-directory"].objects'
}

# Blobs and links, but for those of tags' indexes.
things_in() { # STORE
  (cd -- "$1/docker/registry/v2" && find . \( -name data -path './blobs/*' -o -name link ! -path '*/index/*' \) | sort)
}

sweep_with() { # CALL ERRNO AT FROM OPTION…
  local call=$1 error=$2 at=$3 from=$4 store=$work/store.$part quarantine=1 what rest
  shift 4
  what="gc $*: $error from $call number $at"
  ((from == 0)) || what="$what on"
  [[ " $* " != *" --no-quarantine "* ]] || quarantine=0
  copy "$work/base" "$store"
  faulty "$store" "$call" "$error" "$at" "$from" \
    gc --apply "${everything[@]}" --assume-offline --jobs 1 "$@" "$store"
  documented "$what"
  live "$what" "$work/base.walk" "$store"
  case $rc in
    0)
      rest=$(left_over "$store")
      checks=$((checks + 1))
      # Of what is said not to be there nothing is due; but a rename's ENOENT may mean its target.
      if ((rest != 0)) && [[ $error != ENOENT || $call == rename ]]; then
        fail "$what: exit 0, but $rest removals are still due"
      fi
      ;;
    7) named "$what" ;;
    [45])
      named "$what"
      if grep -q 'no blob went' "$work/err.$part"; then
        # What refers to nothing may go even so: uploads, temporary files, empty directories.
        checks=$((checks + 1))
        cmp -s <(things_in "$work/base") <(things_in "$store") ||
          fail "$what: exit $rc, but a blob, a revision or a layer link went"
      else
        unchanged "$what: exit $rc, so nothing was done" "$work/base.print" "$store"
      fi
      ;;
    *)
      unchanged "$what: exit $rc, so nothing was done" "$work/base.print" "$store"
      named "$what"
      ;;
  esac
  if ((quarantine)); then
    copy "$store" "$store.undo"
    checks=$((checks + 1))
    "$regsweep" undo --all --assume-offline "$store.undo" >"$work/out.$part" 2>"$work/err.$part" ||
      fail "$what, then undo: exit $?: $(said)"
    unchanged "$what, then undo" "$work/base.print" "$store.undo"
  fi
  if ((rc != 0)); then
    checks=$((checks + 1))
    "$regsweep" gc --apply "${everything[@]}" --assume-offline "$@" "$store" >"$work/out.$part" \
      2>"$work/err.$part" || fail "$what, then again without: exit $?: $(said)"
    live "$what, then again without" "$work/base.walk" "$store"
  fi
}

undo_with() { # CALL ERRNO AT FROM
  local store=$work/store.$part what="undo: $2 from $1 number $3"
  (($4 == 0)) || what="$what on"
  copy "$work/applied" "$store"
  faulty "$store" "$@" undo --all --assume-offline "$store"
  documented "$what"
  live "$what" "$work/base.walk" "$store"
  if ((rc == 0)); then
    unchanged "$what: exit 0" "$work/base.print" "$store"
  else
    named "$what"
    checks=$((checks + 1))
    "$regsweep" undo --all --assume-offline "$store" >"$work/out.$part" 2>"$work/err.$part" ||
      fail "$what, then again without: exit $?: $(said)"
    unchanged "$what, then again without" "$work/base.print" "$store"
  fi
}

purge_with() { # CALL ERRNO AT FROM
  local store=$work/store.$part what="purge: $2 from $1 number $3"
  (($4 == 0)) || what="$what on"
  copy "$work/applied" "$store"
  faulty "$store" "$@" purge --all "$store"
  documented "$what"
  unchanged "$what" "$work/applied.print" "$store"
  checks=$((checks + 1))
  # A full disk is why one purges.
  [[ $2 != ENOSPC || ! $1 =~ ^(rename|fsync)$ || $rc == 0 ]] || fail "$what: exit $rc: $(said)"
  if ((rc == 0)); then
    [[ -z $(find "$store" -path '*/.regsweep-quarantine/*') ]] || fail "$what: exit 0, but something is left"
  else
    named "$what"
    # Nothing is deleted before the run is marked: what could not be marked can be undone.
    if [[ $1 =~ ^(rename|fsync)$ && $3 == 1 && $4 == 0 ]]; then
      copy "$store" "$work/undone.$part"
      "$regsweep" undo --all "$work/undone.$part" >"$work/out.$part" 2>"$work/err.$part" ||
        fail "$what, then undo: exit $?: $(said)"
      unchanged "$what, then undo" "$work/base.print" "$work/undone.$part"
    fi
    "$regsweep" purge --all "$store" >"$work/out.$part" 2>"$work/err.$part" ||
      fail "$what, then again without: exit $?: $(said)"
  fi
}

errors=(EIO ENOSPC EACCES EROFS ENOENT)
calls=(rename unlink rmdir mkdir create write fdatasync fsync fchmod fchown utimens openat2 fstatat getdents read)

# tasks FUNCTION STORE COMMAND…: a line for each call, error and time, after counting with no fault
tasks() {
  local function=$1 store=$2 call error count at
  shift 2
  copy "$store" "$work/counted"
  REGSWEEP_FAULT_PATH=$work/counted REGSWEEP_FAULT_COUNT=$work/count LD_PRELOAD=$shim \
    "$regsweep" "$@" "$work/counted" >"$work/out" 2>"$work/err"
  for call in "${calls[@]}"; do
    count=$(awk -v call="$call" '$1 == call { print $2 }' "$work/count")
    ((count != 0)) || continue
    for error in "${errors[@]}"; do
      # Reading needs no space, nor leave to write.
      [[ ! $call =~ ^(openat2|fstatat|getdents|read)$ || ! $error =~ ^(ENOSPC|EROFS)$ ]] || continue
      for at in $(printf '%s\n' 1 2 $((count / 3)) $(((count + 1) / 2)) $((count * 3 / 4)) "$count" | sort -nu); do
        ((at > 0)) || continue
        echo "$function $call $error $at 0 ${options[*]}"
      done
      echo "$function $call $error 1 1 ${options[*]}"
      echo "$function $call $error $(((count + 1) / 2)) 1 ${options[*]}"
    done
  done
}
{
  options=()
  tasks sweep_with "$work/base" gc --apply "${everything[@]}" --assume-offline --jobs 1
  options=(--no-quarantine)
  tasks sweep_with "$work/base" gc --apply "${everything[@]}" --assume-offline --jobs 1 --no-quarantine
  copy "$work/base" "$work/applied"
  for _ in 1 2; do # so that undo has directories to make
    "$regsweep" gc --apply "${everything[@]}" --assume-offline "$work/applied" >/dev/null
    sleep 0.1 # a change of just now looks like somebody else's
  done
  fingerprint "$work/applied" >"$work/applied.print"
  options=()
  errors=(EIO ENOSPC EACCES)
  tasks undo_with "$work/applied" undo --all --assume-offline
  tasks purge_with "$work/applied" purge --all
} | sort -u >"$work/tasks"

pids=()
for part in 0 1; do
  (
    trap - EXIT
    checks=0 failures=0
    while read -r -a task; do "${task[@]}"; done < <(awk -v part="$part" 'NR % 2 == part' "$work/tasks")
    echo "$checks $failures" >"$work/part.$part"
  ) &
  pids+=($!)
done
for part in 0 1; do
  wait "${pids[part]}" || fail "the driver itself failed"
  read -r c f <"$work/part.$part"
  checks=$((checks + c)) failures=$((failures + f))
done
echo "$name: $(wc -l <"$work/tasks") faults, $SECONDS s" >&2
end
