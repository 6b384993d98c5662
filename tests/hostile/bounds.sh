#!/usr/bin/env bash
# bounds.sh REGSWEEP: little to work with - few descriptors, little memory, a read-only mount, no /proc, a
# root directory that holds the program alone, no network, closed or full standard streams. Results are
# those of a comfortable run, or an error is said with the exit status of design; never a crash. And
# no more threads than were asked for.
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
allowed+="3 " # some of these commands only look

small_store small
make_store=$build_dir/benchmarks/make_store
if [[ -x $make_store ]]; then
  "$make_store" --sparse --repos 12 --tags 4 --seed 3 store >/dev/null
else
  cp -a small store
fi
# Figures of the disk change while others write to it.
result() { sed '/"disk"/,/}/d; /"\(created\|checksum\|started\|finished\|seconds\|elapsed\).*":/d' "$1"; }

# Of each command its exit status and output of a comfortable run.
commands=("audit --json" "audit --json --exact" "tags --json" "verify --json -q" "repos --json" "gc --json")
i=0
for command in "${commands[@]}"; do
  # shellcheck disable=SC2086
  run "$command" $command store
  wanted[i]=$rc
  result out >"good.$i"
  i=$((i + 1))
done
# as_good WHAT PREFIX…: with PREFIX before the program, each command's result is that of the comfortable run
as_good() {
  local title=$1 i
  shift
  for i in "${!commands[@]}"; do
    what="${commands[i]}, $title" rc=0
    # shellcheck disable=SC2086
    timeout -k 5 120 "$@" "$regsweep" ${commands[i]} "${more[@]}" "$work/store" >out 2>err </dev/null || rc=$?
    exits "${wanted[i]}"
    check "$what: the same result" cmp <(result out) "good.$i"
  done
}
more=()

# Descriptors ------------------------------------------------------------------------------------------
limited_run() { timeout -k 5 120 bash -c 'ulimit "$1" "$2" && shift 2 && exec "$@"' _ "$@"; }
more=(--jobs 64)
for n in 256 64; do as_good "$n descriptors" bash -c 'ulimit -n "$0" && exec "$@"' "$n"; done
more=()

# Directories that nest deeper than a thread goes down before it leaves the rest to others: what waits holds no
# descriptor.
what="deep repositories"
cp -a small deep
python3 - <<'PYTHON'
import os
top = "deep/docker/registry/v2/repositories"
for i in range(700):
    os.makedirs(f"{top}/f{i}/x")
for tree in range(3):
    for i in range(300):
        os.makedirs(f"{top}/h{tree}/" + "d/" * 14 + f"r{i}/x/y/z")
PYTHON
for jobs in 1 8; do
  for exact in "" --exact; do
    what="audit --jobs $jobs $exact of deep repositories, 256 descriptors" rc=0
    # shellcheck disable=SC2086
    limited_run -n 256 "$regsweep" audit --jobs $jobs $exact deep >out 2>err </dev/null || rc=$?
    exits 0 3
  done
done
rm -rf deep

# Old kernels and filters -------------------------------------------------------------------------------
# Before Linux 5.6 there is no openat2, and filters of system calls refuse it, as EPERM.
if strace -o /dev/null true 2>/dev/null; then
  for error in ENOSYS EPERM; do
    without=(strace -f -qq -o /dev/null -e trace=openat2 -e "inject=openat2:error=$error")
    as_good "$error of openat2" "${without[@]}"
    cp -a small swept
    bash "$here/live_tags.sh" swept >walk.before
    what="gc --apply, $error of openat2" rc=0
    timeout -k 5 120 "${without[@]}" "$regsweep" gc --apply "${everything[@]}" --assume-offline swept >out 2>err </dev/null || rc=$?
    exits 0
    live "$what" walk.before swept
    rm -rf swept
  done
else
  not_checked "a kernel without openat2: strace may not trace here"
fi

# Memory -----------------------------------------------------------------------------------------------
declare -A failed=() # commands that once had too little
for kilobytes in 400000 150000 60000 45000; do
  if ! limited_run -v "$kilobytes" "$regsweep" --version >/dev/null 2>&1; then
    not_checked "$kilobytes KiB of addresses: not enough for the program and its libraries"
    continue
  fi
  for arguments in "audit --json" "audit --json --exact --jobs 64" "verify --json --jobs 64" "tags --json --jobs 8"; do
    what="$arguments in $kilobytes KiB of addresses" rc=0
    # shellcheck disable=SC2086
    limited_run -v "$kilobytes" "$regsweep" $arguments store >out 2>err </dev/null || rc=$?
    no_crash
    case $rc in
      0 | 3) ;;
      *)
        failed[${arguments%% *}]=1
        exits 4
        check "$what: something is said" test -s err
        ;;
    esac
  done
  cp -a small swept
  bash "$here/live_tags.sh" swept >walk.before
  what="gc --apply in $kilobytes KiB of addresses" rc=0
  limited_run -v "$kilobytes" "$regsweep" gc --apply "${everything[@]}" --assume-offline swept >out 2>err </dev/null || rc=$?
  no_crash
  exits 0 4 5 7
  if grep -q 'nothing was changed' err; then
    check "$what: nothing was changed" diff -r --no-dereference small/docker swept/docker >/dev/null
  fi
  live "$what" walk.before swept
  rm -rf swept
done

check "some runs had too little memory: of ${!failed[*]}" test ${#failed[@]} -ge 2

# Threads ------------------------------------------------------------------------------------------------
if strace -f -qq -o /dev/null true 2>/dev/null; then
  for arguments in "audit --exact" "verify -q" "tags"; do
    for jobs in 1 64 ""; do # by default 32 at most
      # shellcheck disable=SC2086
      strace -f -q -o trace -e trace=clone,clone3 -e signal=none "$regsweep" $arguments ${jobs:+--jobs $jobs} small >out 2>err || true
      # At one time: those for the trial of how many there may be end before the others begin.
      threads=$(awk '/clone3?\(/ { n++ } /exited with/ { n-- } n > most { most = n } END { print most + 0 }' trace)
      check "$arguments --jobs ${jobs:-by default}: $threads threads" test "$threads" -le $((${jobs:-32} + $(nproc) + 4)) -a \
        "$threads" -ge $((jobs == 64 ? 1 : 0))
    done
  done
else
  not_checked "the number of threads: strace does not work here"
fi

# Standard streams -----------------------------------------------------------------------------------------
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$work/small" >config.yml
"$regsweep" audit --json -o saved.json small || true
"$regsweep" plan -o plan.json --min-age 0s small >/dev/null
digest=$("$regsweep" tags --json small | jq -r '.tags[0].digest')
writers=("audit small" "audit --json small" "audit --format prometheus small" "tags small" "tags --format csv small"
  "repos small" "repos --format ndjson small" "verify -q small" "why small $digest" "explain small" "gc small" "diff saved.json saved.json"
  "prune --keep-last 1 small" "delete small team/app:latest" "recover small" "repair small" "garbage-collect -d config.yml"
  "export --format csv --table tags small" "export --format ncdu small" "apply --help" "--help" "--version")
if [[ -w /dev/full ]]; then
  for arguments in "${writers[@]}"; do
    what="$arguments >/dev/full" rc=0
    # shellcheck disable=SC2086
    timeout 60 "$regsweep" $arguments >/dev/full 2>err </dev/null || rc=$?
    no_crash
    refuse "$what: it does not end well" test $rc = 0
    says "cannot write"
  done
fi
fingerprint small >small.print
for arguments in "${writers[@]}"; do
  what="$arguments with all streams closed" rc=0
  # shellcheck disable=SC2086
  timeout 60 "$regsweep" $arguments <&- >&- 2>&- || rc=$?
  : >err
  no_crash
  refuse "$what: it does not end well" test $rc = 0
  what="$arguments without standard input and error" rc=0
  # shellcheck disable=SC2086
  timeout 60 "$regsweep" $arguments <&- 2>&- >out || rc=$?
  no_crash
  exits 0 3 1
  check "$what: it prints" test -s out
done
unchanged "closed streams" small.print small
# What is printed must not get into a file that took a closed stream's number.
for streams in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
  rm -rf swept again
  cp -a small swept
  cp -a small again
  eval "timeout 60 \"\$regsweep\" gc --apply -v --progress \"\${everything[@]}\" --assume-offline swept $streams" >/dev/null 2>&1 || true
  run "undo of a sweep with $streams" undo --all --assume-offline swept
  exits 0
  unchanged "undo of a sweep with $streams" small.print swept
  rc=0
  eval "timeout 60 \"\$regsweep\" audit --json --progress -v -o result.json again $streams" || rc=$?
  check "audit -o with $streams: a whole document" jq -e .complete result.json >/dev/null
done

# Elsewhere -------------------------------------------------------------------------------------------------
if unshare -m true 2>/dev/null; then
  as_good "no /proc" unshare -m bash -c 'mount -t tmpfs none /proc && exec "$@"' _
  as_good "a read-only mount" unshare -m bash -c 'mount --bind store store && mount -o remount,ro,bind store && exec "$@"' _
  rm -rf swept
  cp -a small swept
  what="gc --apply without /proc" rc=0
  unshare -m bash -c 'mount -t tmpfs none /proc && exec "$@"' _ "$regsweep" gc --apply "${everything[@]}" swept >out 2>err || rc=$?
  no_crash
  exits 0 5
else
  not_checked "no /proc, a read-only mount: no mount namespaces here"
fi
if unshare -n true 2>/dev/null; then
  as_good "no network" unshare -n
  rm -rf swept
  cp -a small swept
  printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: 192.0.2.1:5000\n' "$work/swept" >config.yml
  what="gc --apply without a network" rc=0
  timeout 60 unshare -n "$regsweep" gc --apply "${everything[@]}" config.yml >out 2>err || rc=$?
  no_crash
  exits 0
else
  not_checked "no network: no network namespaces here"
fi
if ((EUID == 0)) && chroot / true 2>/dev/null; then
  mkdir -p bare/bin
  cp "$regsweep" bare/bin/regsweep
  ldd "$regsweep" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "bare$(dirname "$library")"
    cp -L "$library" "bare$library"
  done
  mv store bare/store
  i=0
  for command in "${commands[@]}"; do
    what="$command in a bare root directory" rc=0
    # shellcheck disable=SC2086
    env -i PATH="$PATH" timeout 60 chroot bare /bin/regsweep $command /store >out 2>err </dev/null || rc=$?
    exits "${wanted[i]}"
    check "$what: the same result" cmp <(result out) <(sed "s|$work/store|/store|g" "good.$i")
    i=$((i + 1))
  done
  cp -a small bare/small
  what="gc --apply in a bare root directory" rc=0
  env -i PATH="$PATH" timeout 60 chroot bare /bin/regsweep gc --apply "${everything[@]}" --assume-offline /small >out 2>err || rc=$?
  exits 0
  what="undo in a bare root directory" rc=0
  env -i PATH="$PATH" timeout 60 chroot bare /bin/regsweep undo --all --assume-offline /small >out 2>err || rc=$?
  exits 0
  unchanged "$what" small.print bare/small
else
  not_checked "a bare root directory: no chroot here"
fi
end
