#!/usr/bin/env bash
# repos.sh REGSWEEP: capacity reports on the demo store: every view in every format, what adds up,
# what Prometheus accepts, a narrow terminal, bad input.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
demo_store demo
"$regsweep" audit --json demo >audit.json || true

# What adds up in a CSV, without a header that a spreadsheet does not need.
cat >sums.py <<'PYTHON'
import csv, json, sys
audit = json.load(open("audit.json", encoding="utf-8"))
space = {row["class"]: row for row in audit["space"]}
def want(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: {got}, want {expected}")
rows = list(csv.DictReader(open("out", encoding="utf-8", newline="")))
total = lambda name: sum(int(row[name]) for row in rows if row[name])
for size in ("apparent_bytes", "allocated_bytes"):
    kept = space["tagged"][size] + space["untagged"][size]
    if f"reclaimable_{size}" in rows[0]:
        want("exclusive", total(f"exclusive_{size}"), kept)
        want("reclaimable", total(f"reclaimable_{size}"), space["garbage"][size])
        want("tags", total("tags"), audit["store"]["tags"])
    elif "exclusive_" + size in rows[0]:
        want("exclusive of tags", total(f"exclusive_{size}"), space["tagged"][size])
    elif "garbage_" + size in rows[0] or "digest" in rows[0]:
        want("blobs", total(f"size_{size}"), kept + space["garbage"][size])
    else:
        want("tagged", total(f"size_{size}"), space["tagged"][size])
PYTHON

views=("" "--depth 1" "--depth 2 --top 1" "--group team=^(team) --top 0" "--tags" "--tags --top 3"
  "--by type --top 2" "--by age" "--by push" "--by blob --top 4")
for view in "${views[@]}"; do
  # shellcheck disable=SC2086 # words of the view
  {
    run "repos $view" repos $view --format csv demo
    exits 0
    check "$what: adds up to the audit's figures" python3 sums.py
    for format in text json csv ndjson prometheus; do
      "$regsweep" repos $view --format $format --jobs 1 demo >one
      "$regsweep" repos $view --format $format --jobs 16 demo >sixteen
      check "repos $view --format $format: the same for 1 and 16 threads" cmp one sixteen
      check "repos $view --format $format: something" test -s one
    done
  }
done
run "a namespace and its surroundings" repos --format csv demo team
exits 0
check "$what: adds up to the audit's figures" python3 sums.py
check "$what: all others are one row" grep -q '^rest,(outside team),' out
check "$what: nothing else of them" bash -c '! grep -q library out'
run "--apparent is the files' sizes" repos --apparent --bytes demo team/tools
check "$what" grep -q "$("$regsweep" repos --format csv demo | awk -F, '$2 == "team/tools" { print $4 }')" out

if command -v promtool >/dev/null; then
  "$regsweep" repos --format prometheus demo >metrics
  check "promtool accepts repos" promtool check metrics <metrics
  "$regsweep" audit --format prometheus --top 2 demo >metrics || true
  check "promtool accepts audit" promtool check metrics <metrics
  check "the series are bounded" test "$(grep -c '^regsweep_repository_size_bytes' metrics)" = 2
else
  echo "repos: promtool is not installed: what Prometheus accepts was not checked" >&2
fi
run "audit for Prometheus" audit --format prometheus -o audit.prom demo
exits 3
check "it is complete" grep -q '^regsweep_store_complete 1$' audit.prom
ls >names
check "no temporary file is left" bash -c '! grep -q "audit.prom\." names'

# On a terminal names are cut to fit, and only there.
cat >narrow.py <<'PYTHON'
import os, pty, subprocess, sys, fcntl, struct, termios
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
child = subprocess.Popen([sys.argv[1], "repos", "demo"], stdout=slave, stderr=subprocess.DEVNULL)
os.close(slave)
text = b""
while True:
    try:
        part = os.read(master, 4096)
    except OSError:
        break
    if not part:
        break
    text += part
child.wait()
lines = text.decode().replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "").splitlines()
table = [line for line in lines if "must not be added" not in line]
sys.exit(0 if b"\x1b[1m" in text and len(table) > 5 and max(map(len, table)) <= 100 else 1)
PYTHON
check "a terminal of 100 columns" python3 narrow.py "$regsweep"
run "a file has no colour" repos demo
check "$what" bash -c '! grep -q "$(printf "\033")" out'

refused() { # WHAT EXPECTED-WORDS ARGUMENT…
  local title=$1 words=$2
  shift 2
  run "$title" "$@"
  exits 2
  says "$words"
  check "$what: prints nothing" test ! -s out
}
refused "an unknown column" "there is no such column" repos --sort colour demo
refused "an unknown namespace" "no repository is nobody or below it" repos demo nobody
refused "half a name" "no repository is tea or below it" repos demo tea
refused "a bad pattern" "cannot be understood" repos --group 'team=(' demo
refused "a group without a name" "want NAME=PATTERN" repos --group '=x' demo
refused "two ways to group" "exclude each other" repos --depth 1 --group 'a=b' demo
refused "groups of tags" "are for repositories" repos --tags --depth 1 demo
refused "a prefix of types" "PREFIX is for" repos --by type demo team
refused "an unknown format" "prometheu" repos --format prometheu demo
refused "depth 0" "" repos --depth 0 demo
refused "a negative top" "" repos --top -1 demo
mkdir -p hollow/docker/registry/v2/{blobs,repositories}
run "a store without repositories" repos hollow
exits 0
check "$what: a total" grep -q '^total' out
cp -a demo unreadable
mv unreadable/docker/registry/v2/repositories/library/debian/_manifests/tags elsewhere.tags
ln -s "$work/elsewhere.tags" unreadable/docker/registry/v2/repositories/library/debian/_manifests/tags
run "a store that cannot be read in full" repos --json unreadable
exits 4
says incomplete
holds "not d['complete']"
# --sort is looked at before the store is: an audit may take long.
for view in repository tag type age push blob; do
  run "--by $view, sorted by no column" repos --by $view --sort nosuch nowhere
  exits 2
  silent
  says "--sort nosuch: there is no such column; name, "
  run "--by $view, sorted by name" repos --by $view --sort name demo
  exits 0
done
run "a namespace, sorted by no column" repos --depth 1 --sort nosuch nowhere
says "there is no such column"
run "a namespace, sorted by its repositories" repos --depth 1 --sort repositories demo
exits 0
end
