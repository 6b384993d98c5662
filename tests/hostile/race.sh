#!/usr/bin/env bash
# race.sh REGSWEEP: while every command runs again and again, each directory and file of the store is swapped
# with a symbolic link to a double of it outside, thousands of times a second. Then the same as on a kernel
# without openat2.
#
# The double is never read (access times), never changed, and nothing of it is reported: its sizes and
# digests are its own. No crash, no hang. Afterwards whatever was alive is whole.
#
# REGSWEEP_RACE_SECONDS (default 6): how long, each time.
# shellcheck source=../cli/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.bash"
begin "$@"
need jq
here=$source_dir/tests/hostile
seconds=${REGSWEEP_RACE_SECONDS:-6}

python3 - "$here" store side <<'PYTHON'
import os, pathlib, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import tiny_store
root, canary = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]) / "canary"
tiny_store.write(root)
# The double: the same names, other content. Every size and digest tells where it is from.
marker = "sha256:" + "c" * 64
for directory, names, files in os.walk(root):
    double = canary / os.path.relpath(directory, root)
    double.mkdir(parents=True)
    for name in files:
        if name == "link":
            (double / name).write_text(marker)
        else:
            with open(double / name, "wb") as file:
                file.write(b'{"schemaVersion":2,"layers":[{"digest":"%s","size":1}]}' % marker.encode())
                file.truncate(1 << 41)  # 2 TiB, all of it a hole
for directory, names, files in os.walk(canary):
    for name in files:
        os.utime(os.path.join(directory, name), ns=(1, 10**18))
PYTHON
canary_print() { (cd side/canary && find . -printf '%p %y %i %m %s %T@ %C@\n' | sort); }
was_read() { find side/canary -type f ! -newerat '1970-01-02' -printf . | wc -c; }
unread=$(was_read)
echo x >probe
touch -a -d @1 probe
cat probe >/dev/null
((unread > 10)) && [[ $(stat -c %X probe) != 1 ]] || skip "access times do not work here"
canary_print >canary.before
bash "$source_dir/tests/sweep/live_tags.sh" store >walk.before
check "the tags to begin with are whole" grep -q whole walk.before

layer=$("$regsweep" tags --json store | jq -r '.tags[0].digest')
swapper=
at_end+=('[[ -z $swapper ]] || { kill $swapper; wait $swapper; }')
rules=(--min-age 0s --untagged --links --uploads 7d --temporary --empty --max-delete 90% --assume-offline)
of_double='c{64}|(^|[^0-9a-f])[0-9]{13,15}([^0-9a-f]|$)|[TP]iB'
attack() { # ARGUMENT…
  limit=20 run "$*" "$@"
  runs=$((runs + 1))
  statuses[$rc]=$((${statuses[$rc]:-0} + 1))
  checks=$((checks + 1))
  # What only the double holds: its digest, and its sizes in any unit. The disk's own are others.
  sed '/"disk": {/,/}/d; /^disk: /d' out >of_store
  if grep -qE "$of_double" of_store; then
    fail "$what: reports what lies outside: $(grep -oE ".{0,60}($of_double)" of_store | sed -n 1p)"
  fi
}
race() { # HOW
  python3 "$here/race.py" "$work/store" "$work/side" "$seconds" >swapper &
  swapper=$!
  for _ in {1..100}; do
    grep -qs ready swapper && break
    sleep 0.05
  done
  local runs=0 summary
  local -A statuses=()
  while kill -0 $swapper 2>/dev/null; do
    attack audit --json store
    attack audit --exact --json --jobs 2 store
    attack verify --json store
    attack tags --all --history store
    attack why store "$layer"
    attack repos store
    attack export --format csv --table blobs store
    attack gc --apply "${rules[@]}" store
    attack undo --all --assume-offline store
    attack repair --apply --verify --drop-dangling --lost-found --assume-offline store
    attack undo --all --assume-offline store
    attack delete --apply --sweep --min-age 0s --assume-offline --max-delete 90% store other:latest
    attack undo --all --assume-offline store
    attack prune --apply --sweep --keep-last 1 --min-age 0s --assume-offline --max-delete 90% store
    attack undo --all --assume-offline store
    attack garbage-collect --dry-run store
  done
  wait $swapper || fail "the swapper failed"
  swapper=
  summary=$(for status in "${!statuses[@]}"; do echo "$status: ${statuses[$status]}"; done | sort | paste -sd ' ')
  echo "$name: $1: $(tail -n 1 swapper), $runs runs, exit statuses $summary"
  check "$1: there were thousands of swaps" test "$(awk '/^swaps/ { print $2 }' swapper)" -gt 1000
  # What was taken away comes back; what was alive is whole, and was all along.
  run "$1: undo of the rest" undo --all --assume-offline store
  bash "$source_dir/tests/sweep/live_tags.sh" store >walk.after
  check "$1: every live tag is whole" cmp walk.before walk.after
}
race "as the kernel is"
if strace -f -o /dev/null true 2>/dev/null; then
  cat >without_openat2 <<END
#!/usr/bin/env bash
exec strace -f -qq -o /dev/null -e trace=openat2 -e inject=openat2:error=ENOSYS "$regsweep" "\$@"
END
  chmod +x without_openat2
  regsweep=$work/without_openat2
  race "without openat2"
else
  not_checked "a kernel without openat2: strace may not trace here"
fi
canary_print >canary.after
check "what lies outside is as it was" cmp canary.before canary.after
check "nothing outside was read" test "$(was_read)" = "$unread"
end
