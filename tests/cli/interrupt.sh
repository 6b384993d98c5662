#!/usr/bin/env bash
# interrupt.sh REGSWEEP: SIGINT and SIGTERM while a store is read end the reading, not the report: what
# was read by then is printed, says that it is a part, and leads to no removal. Progress shows meanwhile.
# Each look at the store is slowed down by strace, so that the signal comes in the middle.
# shellcheck disable=SC2154  # work, rc and what are set in lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
need strace
strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"

demo_store --healthy store
run "the whole" audit --json store
exits 0
blobs=$(json "d['store']['blobs']")

# interrupted SIGNAL PHASE COMMAND…: runs the command, and sends the signal once its progress shows that
# text; and again at once, as timeout(1) does, which signals the process and then its group.
interrupted() {
  local signal=$1 phase=$2 tracer pid
  shift 2
  what="$* interrupted by $signal"
  rc=0
  : >err
  strace -f -o trace -e trace=newfstatat,openat2 -e inject=newfstatat,openat2:delay_enter=20000 \
    "$regsweep" "$@" --jobs 1 --progress store >out 2>err &
  tracer=$!
  until grep -q "$phase" err || ! kill -0 "$tracer" 2>/dev/null; do sleep 0.05; done
  pid=$(sed -n 's/^\([0-9]*\) .*/\1/p' trace | sed -n 1p)
  kill -s "$signal" "$pid"
  sleep 0.03
  kill -s "$signal" "$pid" 2>/dev/null || true # it may have ended by then
  wait "$tracer" || rc=$?
}

for signal in INT TERM HUP; do
  interrupted "$signal" "reading blobs: [1-9]" audit --json
  exits 130
  says "1 of 4, reading blobs"
  says "interrupted: the report holds what was read by then"
  holds "d['complete'] is False" "0 < d['store']['blobs'] < $blobs" "'interrupted' in codes" \
    "d['frees_most'] == []" "'unreadable' not in codes and 'store-changed' not in codes and 'missing-blob' not in codes"
done

interrupted INT "reading repositories" audit
exits 130
shows "INCOMPLETE"
shows "the reading was interrupted"
shows "nothing that was read refers to it"
shows "no blob may go: the reading was interrupted"
refuse "no advice to sweep" grep -q "sweep the garbage" out

interrupted INT "reading repositories" repos --json
exits 130
holds "d['complete'] is False"

interrupted INT "reading blobs: [1-9]" verify --json
exits 130
holds "d['complete'] is False"

# Between two runs in quarantine, the one at work is brought to its end.
cp -a store two
for arguments in "gc --apply --assume-offline --max-delete 100% two" "delete --apply --assume-offline two team/app:1.0"; do
  # shellcheck disable=SC2086
  run "a run: $arguments" $arguments
  exits 0
done
what="purge interrupted" rc=0
: >trace
strace -f -o trace -e trace=unlinkat -e inject=unlinkat:delay_enter=100000 "$regsweep" purge --all two >out 2>err &
tracer=$!
until grep -q unlinkat trace || ! kill -0 "$tracer" 2>/dev/null; do sleep 0.05; done
kill -s TERM "$(sed -n 's/^\([0-9]*\) .*/\1/p' trace | sed -n 1p)"
wait "$tracer" || rc=$?
exits 130
shows "freed"
says "interrupted: 1 of 2 runs are in quarantine as before"
run "what is left" undo --list --json two
holds "len(d['runs']) == 1 and d['runs'][0]['objects'] > 0"

# What would write something ends at once and has written nothing.
interrupted INT "reading blobs: [1-9]" plan -o plan.json
exits 130
check "no plan is left behind" test ! -e plan.json
end
