#!/usr/bin/env bash
# writers.sh REGSWEEP [SHIM]
#
# Sweeps beside whoever else writes to the store: one check for each such rule of docs/safety.md,
# which fails if the rule is taken out; beside each a control: the same sweep without the reason to
# refuse goes through.
# Where a change must come while a sweep runs, SHIM stops the sweep right before its first change.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=hand_store.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/hand_store.bash"
begin_hand_store "$@"

# --- not beside a writer ------------------------------------------------------------------------

fresh
store_print
tail -f "$v2/$(blob_of "$live_layer")/data" >/dev/null 2>&1 &
holder=$!
at_end+=("kill $holder 2>/dev/null")
sleep 0.2
gc "a process has a file of the store open"
refused 5 "$holder"
run "the same, undo" undo "$s"
if [[ -d $s/.regsweep-quarantine ]]; then exits 5; fi
gc "the same, --assume-offline" --assume-offline
exits 0
blob_gone "the garbage" "$garbage"
run "undo beside a process that has a file open" undo "$s"
exits 5
kill "$holder"
wait "$holder" 2>/dev/null || true
run "undo without it" undo "$s"
exits 0

fresh
config=$work/config.yml
write_config() { # PORT [MORE]
  cat >"$config" <<YAML
version: 0.1
storage:
  filesystem:
    rootdirectory: $s
${2-}
http:
  addr: 127.0.0.1:$1
YAML
}
python3 - "$work/port" <<'PYTHON' &
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(16)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
import os
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(300)
PYTHON
listener=$!
at_end+=("kill $listener 2>/dev/null")
for _ in {1..50}; do
  [[ ! -e $work/port ]] || break
  sleep 0.1
done
port=$(cat "$work/port")
write_config "$port"
store_print
run "something listens at the registry's address" gc --apply "$config"
refused 5 "127.0.0.1:$port"
run "the same by plan and apply: plan" plan -o "$work/plan.json" "$config"
exits 0
run "the same by plan and apply" apply "$work/plan.json"
refused 5 "127.0.0.1:$port"
write_config "$port" "  maintenance:
    readonly:
      enabled: true"
run "the same, read-only" gc --apply "$config"
exits 0
blob_gone "the garbage" "$garbage"
fresh
write_config "$port"
run "the same, --assume-offline" gc --apply --assume-offline "$config"
exits 0
fresh
kill "$listener"
wait "$listener" 2>/dev/null || true
run "nothing listens there" gc --apply "$config"
exits 0
blob_gone "the garbage" "$garbage"

fresh
mkdir -p "$s/docker/registry/lockfiles"
touch "$s/docker/registry/lockfiles/database-in-use"
store_print
gc "GitLab's lock file"
refused 5 database
gc "GitLab's lock file, whatever is said" --assume-offline --max-delete 100% --min-age 0s --untagged --links
refused 5 database
run "GitLab's lock file, garbage-collect" garbage-collect --semantics registry-2.8 "$s"
exits 1
unchanged "$what" "$work/before.print" "$s"

# --- one at a time --------------------------------------------------------------------------------

if command -v flock >/dev/null; then
  fresh
  run "something to undo" gc --apply "$s"
  cp -a "$s" "$work/held" # a sweep's result, with its quarantine
  fresh
  run "a plan to apply" plan -o "$work/plan.json" "$s"
  store_print
  exec 8<"$v2"
  flock -n 8
  # Our own descriptor shows as an open file: --assume-offline leaves only the lock.
  gc "another holds the lock" --assume-offline
  refused 5 "another regsweep"
  run "another holds the lock, apply" apply --assume-offline "$work/plan.json"
  refused 5 "another regsweep"
  run "another holds the lock, garbage-collect" garbage-collect "$s"
  refused 1 "another regsweep"
  exec 8<&-
  exec 8<"$work/held/docker/registry/v2"
  flock -n 8
  run "another holds the lock, undo" undo --assume-offline "$work/held"
  exits 5
  tells "another regsweep"
  run "another holds the lock, purge" purge --all "$work/held"
  exits 5
  tells "another regsweep"
  exec 8<&-
  rm -rf "$work/held"
  gc "the lock is free"
  exits 0
fi

# stopped OPTION…: a sweep of $s in the background, that stopped itself before its first change.
stopped() {
  local _
  REGSWEEP_FAULT_STOP=1 REGSWEEP_FAULT_PATH=$s LD_PRELOAD=$shim \
    "$regsweep" "$@" >"$work/out" 2>"$work/err" </dev/null &
  sweeper=$!
  at_end+=("kill -9 $sweeper 2>/dev/null")
  for _ in {1..100}; do
    [[ $(awk '/^State/ { print $2 }' "/proc/$sweeper/status" 2>/dev/null) != T ]] || return 0
    sleep 0.05
  done
  fail "$*: did not stop before its first change"
}
resumed() { # WHAT: sets rc
  what=$1 rc=0
  kill -CONT "$sweeper"
  wait "$sweeper" || rc=$?
  no_crash
}
# What changed in the instant between the last look at a blob and its removal is gone, if that is not a
# rename. It stopped there for the first of the two.
second_there() {
  local first second
  read -r first second < <(printf '%s\n' "$garbage" "$orphan" | sort | paste -sd ' ')
  blob_there "the second" "$second"
  [[ -n $mode ]] || blob_there "the first" "$first"
}
if [[ -e $shim ]] && ! grep -q 'lib[at]san' <(ldd "$regsweep" 2>/dev/null); then
  for mode in "" "--no-quarantine"; do
    fresh
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    run "a second apply beside the first" gc --apply --assume-offline "$s"
    exits 5
    tells "another regsweep"
    resumed "the first one $mode"
    exits 0
    blob_gone "the garbage" "$garbage"

    # What was judged is another thing by now.
    fresh
    rm -r "$repositories/app/_layers/${garbage/://}" # no link, or the store would be read again
    old
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    touch "$v2/$(blob_of "$orphan")/data" "$v2/$(blob_of "$garbage")/data"
    resumed "blobs were written after they were judged $mode"
    exits 7
    second_there

    fresh
    rm -r "$repositories/app/_layers/${garbage/://}"
    old
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    touch -r "$v2/$(blob_of "$orphan")/data" "$work/time"
    cp "$v2/$(blob_of "$orphan")/data" "$work/copy"
    cp "$v2/$(blob_of "$garbage")/data" "$work/copy2"
    for each in "$orphan" "$garbage"; do
      mv "$v2/$(blob_of "$each")/data" "$work/kept.${each#*:}"
      cp "$work/kept.${each#*:}" "$v2/$(blob_of "$each")/data"
      touch -r "$work/time" "$v2/$(blob_of "$each")/data"
    done
    resumed "blobs were replaced, same size and time $mode"
    exits 7
    second_there

    # A push came to its end: a manifest needs what was garbage. Its links are elsewhere.
    for links in with without; do
      # Links of repositories are looked at between batches of blobs; these two are one.
      [[ $links$mode != without--no-quarantine ]] || continue
      fresh
      if [[ $links == without ]]; then
        rm -r "$repositories/app/_layers/${garbage/://}"
        old
      fi
      # shellcheck disable=SC2086
      stopped gc --apply --assume-offline $mode "$s"
      manifest pushed/new "{\"schemaVersion\":2,\"layers\":[$(
        descriptor $layer_type "$garbage"
      ),$(descriptor $layer_type "$orphan")]}"
      tag pushed/new 1 "$digest"
      resumed "a push came between, $links layer links to remove $mode"
      exits 7
      blob_there "a layer of the push" "$garbage"
      blob_there "another" "$orphan"
    done
  done
  # An upload that goes on.
  fresh
  mkdir -p "$repositories/app/_uploads/id"
  date -u -d '40 days ago' +%Y-%m-%dT%H:%M:%SZ >"$repositories/app/_uploads/id/startedat"
  echo data >"$repositories/app/_uploads/id/data"
  old
  stopped gc --apply --assume-offline --uploads 7d "$s"
  mkdir "$repositories/app/_uploads/id/hashstates"
  resumed "an upload goes on after it was judged"
  exits 7
  there "$what" repositories/app/_uploads/id/data
  # An empty directory that is not empty any more.
  fresh
  mkdir "$repositories/app/empty"
  old
  stopped gc --apply --assume-offline --empty "$s"
  touch "$repositories/app/empty/file"
  resumed "a directory is not empty any more"
  there "$what" repositories/app/empty/file
  # A symbolic link instead of a directory on the way.
  for mode in "" "--no-quarantine"; do
    fresh
    rm -rf "$work/elsewhere"
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    mv "$v2/blobs/sha256" "$work/elsewhere"
    ln -s "$work/elsewhere" "$v2/blobs/sha256"
    resumed "the blobs' directory is a symbolic link by now $mode"
    exits 7
    check "$what: behind it all is there" test -e "$work/elsewhere/${garbage:7:2}/${garbage#*:}/data"
    check "$what: behind it all is there" test -e "$work/elsewhere/${orphan:7:2}/${orphan#*:}/data"
  done
else
  not_checked "changes while a sweep runs: no shim"
fi
end
