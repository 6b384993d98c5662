#!/usr/bin/env bash
# layout.sh REGSWEEP: what text output looks like: columns, numbers, colours, progress, quiet.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
demo_store demo
demo_store --healthy healthy
esc=$'\x1b'

no_trailing_blanks() { ! grep -nP '[ \t]$' "$work/out"; }
plain() { ! grep -qF "$esc" "$work/out" "$work/err"; }
coloured() { grep -qF "${esc}[" "$work/out"; }

for store in demo healthy; do
  [[ $store == demo ]] && code=3 || code=0
  for options in "" --exact --bytes --apparent "--top 3" "--top 0" -v "--color never" -q; do
    # shellcheck disable=SC2086
    run "audit $options $store" audit $options "$store"
    exits "$code"
    quiet # results only: nothing to say on standard error
    clean
    check "$what: no line ends in a blank" no_trailing_blanks
    check "$what: no colours into a file" plain
    check "$what: ends with a line feed" test "$(tail -c 1 out | od -An -c | tr -d ' ')" = '\n'
    for title in "WHERE THE SPACE IS" "YOU CAN GET BACK" REPOSITORY FINDINGS; do shows "$title"; done
  done
  for options in "" --bytes --apparent; do
    # shellcheck disable=SC2086
    run "tags $options $store" tags $options "$store"
    exits "$code"
    clean
    check "$what: no line ends in a blank" no_trailing_blanks
  done
done

# Columns: every row of a table is as wide as its head, and numbers end where their head ends.
cat >columns.py <<'PYTHON'
import re, sys
lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
def table(first, columns, end):
    at = next(i for i, line in enumerate(lines) if line.startswith(first) and columns[0] in line)
    ends = [lines[at].index(column) + len(column) for column in columns]
    rows = 0
    for line in lines[at + 1:]:
        if end(line):
            break
        if "more: --top" in line:
            continue
        rows += 1
        padded = line.ljust(max(ends))
        for e in ends:
            if padded[e:e + 1] not in ("", " "):
                sys.exit(f"a cell crosses the end of its column at {e}: {line!r}")
    return rows
if table(" ", ["OBJECTS", "SIZE", "SHARE"], lambda l: l.startswith("total")) != 7:
    sys.exit("not seven rows of space")
if table("REPOSITORY", ["SIZE", "EXCLUSIVE", "SHARED", "UNTAGGED", "RECLAIMABLE"],
         lambda l: l == "") < 3:
    sys.exit("too few repositories")
PYTHON
for options in "" --bytes --exact --apparent "--top 3"; do
  # shellcheck disable=SC2086
  run "audit $options" audit $options demo
  check "$what: columns stand below their heads" python3 columns.py out
done

# Sizes --------------------------------------------------------------------------------------------
run "audit --bytes --exact" audit --bytes --exact demo
check "$what: no unit in the tables" bash -c '! sed -n "/WHERE THE SPACE/,/^disk/p;/^REPOSITORY/,/^$/p" out | grep -v "^disk" | grep -qE "[KMGT]iB|[0-9] B( |$)"'
check "$what: no negative and no broken number" bash -c '! grep -qE "(^| )-[0-9]|1844674407|\b(nan|inf)\b" out'
numbers=$work/numbers
awk '/^total/ {print $2}' out >numbers
run "audit --json --exact" audit --json --exact demo
check "audit --bytes: total is the JSON's" test "$(cat numbers)" = "$(json "d['total']['allocated_bytes']")"
run "audit --bytes --apparent --exact" audit --bytes --apparent --exact demo
awk '/^total/ {print $2}' out >"$numbers"
run "audit --json --exact" audit --json --exact demo
check "audit --bytes --apparent: total is the JSON's" \
  test "$(cat numbers)" = "$(json "d['total']['apparent_bytes']")"
# Text and JSON agree on every row.
cp out audit.json
run "audit --bytes --exact --top 99" audit --bytes --exact --top 99 demo
cat >rows.py <<'PYTHON'
import json, re, sys
d = json.load(open("audit.json", encoding="utf-8"))
text = open("out", encoding="utf-8").read()
labels = {"tagged": "reached by a tag", "untagged": "untagged manifests and what only they use",
          "garbage": "garbage: nothing refers to it", "uploads": r"unfinished uploads \(2 older than 7 days\)",
          "quarantine": "quarantine", "other": "other files", "structure": "links and directories"}
for row in d["space"]:
    want = "– +–" if row["objects"] == 0 else f"{row['objects']:,} +{row['allocated_bytes']}"
    if not re.search(f"^{labels[row['class']]} +{want}( |$)", text, re.M):
        sys.exit(f"row {row} is not in the text")
for r in d["repositories"]:
    cells = " +".join(str(r[c]["allocated_bytes"])
                      for c in ("size", "exclusive", "shared", "untagged", "reclaimable"))
    if not re.search(f"^{re.escape(r['name'])} +{cells}$", text, re.M):
        sys.exit(f"repository {r} is not in the text")
for f in d["findings"]:
    if f["message"] not in text or f["meaning"] not in text:
        sys.exit(f"finding {f['code']} is not in the text")
PYTHON
check "text and JSON agree" python3 rows.py

# Repositories -------------------------------------------------------------------------------------
rows() { sed -n '/^REPOSITORY/,/^$/p' out | grep -c '^[a-z][a-z/]* *[0-9]' || true; }
run "audit --top 3" audit --top 3 healthy
check "$what: lists three repositories" test "$(rows)" = 3
shows "5 more"
run "audit --top 8" audit --top 8 healthy
check "$what: lists all eight" test "$(rows)" = 8
check "$what: says no more" bash -c '! grep -q "more: --top" out'
run "audit --top 0" audit --top 0 healthy
check "$what: lists none" test "$(rows)" = 0
shows "8 more"
run "audit -v" audit -v demo
check "$what: names every subject" bash -c '! grep -q "(-v)" out'

# Colours ------------------------------------------------------------------------------------------
run "audit --color always" audit --color always demo
check "$what: has colours" coloured
check "$what: no line ends in a blank" bash -c 'sed "s/\x1b\[[0-9;]*m//g" out | { ! grep -nP "[ \t]$"; }'
sed 's/\x1b\[[0-9;]*m//g' out | grep -v '^disk:' >stripped
run "audit --color never" audit --color never demo
grep -v '^disk:' out >never
check "colours change nothing but colour" cmp stripped never
NO_COLOR=1 run "audit --color always with NO_COLOR" audit --color always demo
check "$what: the option wins" coloured
# --json has no colours, whatever is asked for.
run "audit --json --color always" audit --json --color always demo
check "$what: none in JSON" plain
if command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1; then
  on_terminal() { # ENVIRONMENT ARGUMENT…: output of a run that believes in a terminal
    script -qec "env $1 '$regsweep' ${*:2}" /dev/null </dev/null >terminal 2>&1 || true
  }
  on_terminal TERM=xterm audit demo
  check "audit on a terminal has colours" grep -qF "${esc}[1mFINDINGS" terminal
  on_terminal "TERM=xterm NO_COLOR=1" audit demo
  check "audit on a terminal with NO_COLOR has none" bash -c '! grep -qF "$1[1m" terminal' _ "$esc"
  on_terminal TERM=xterm audit --color never demo
  check "audit --color never on a terminal has none" bash -c '! grep -qF "$1[1m" terminal' _ "$esc"
  on_terminal TERM=xterm audit --json demo
  check "audit --json on a terminal has none" bash -c '! grep -qF "$1[1m" terminal' _ "$esc"
  on_terminal TERM=xterm audit -o result demo
  check "audit -o on a terminal: none in the file" bash -c '! grep -qF "$1" result' _ "$esc"
  # The registry's bytes go into files, and not to a terminal, which a name could drive.
  cp -a demo odd
  mv odd/docker/registry/v2/repositories/library "odd/docker/registry/v2/repositories/${esc}[31mred"
  on_terminal TERM=xterm garbage-collect -d odd
  check "garbage-collect on a terminal names it" grep -qF '\x1b[31mred' terminal
  check "garbage-collect on a terminal has no escape" bash -c '! grep -qF "$1" terminal' _ "$esc"
  run "garbage-collect to a file" garbage-collect -d odd
  shows "${esc}[31mred"
else
  not_checked "what is shown on a terminal: no program script"
fi

# Progress and notes -------------------------------------------------------------------------------
run "audit without --progress" audit healthy
quiet
grep -v '^disk:' out >plain
run "audit --progress" audit --progress healthy
grep -v '^disk:' out >with
check "$what: results are the same" cmp plain with
check "$what: standard error holds nothing but progress" bash -c '! grep -v "^[1-4] of 4, " err'
if strace -f -qq -o /dev/null true 2>/dev/null; then # slow enough for a line each second
  slowly=(strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:delay_enter=15000)
  what="audit --progress of a slow disk"
  rc=0
  "${slowly[@]}" "$regsweep" audit --progress --jobs 1 healthy >out 2>err || rc=$?
  exits 0
  check "$what: shows progress" grep -qP '^1 of 4, reading blobs: [\d,]+, [\d,]+/s, \d+ % of this step, about \d+ s left$' err
  check "$what: in the order of the steps" sort -c <(cut -c 1 err)
  check "$what: nothing else" bash -c '! grep -v "^[1-4] of 4, " err'
  check "$what: no terminal's control characters" plain
  grep -v '^disk:' out >with
  check "$what: results are the same" cmp plain with
  # The first line is there while the first directory has not yet answered, which it does after 2 s.
  what="audit --progress of a disk that does not answer"
  strace -f -qq -o trace -e trace=getdents64,write -e inject=getdents64:delay_enter=2000000:when=1 \
    "$regsweep" audit --progress healthy >out 2>err || true
  check "$what: shows progress at once" awk '
    /write\(2, "1 of 4, reading blobs/ { shown = 1 }
    /getdents64.* = [0-9]/ { exit }
    END { exit !shown }' trace
  what="audit of a slow disk"
  "${slowly[@]}" "$regsweep" audit --jobs 1 healthy >out 2>err || rc=$?
  exits 0
  quiet
else
  not_checked "progress of a slow disk: strace does not work here"
fi
run "audit --progress -q" audit --progress -q healthy
quiet
run "audit -q --max-garbage 1%" audit -q --max-garbage 1% healthy
exits 1
quiet
run "audit --max-garbage 1%" audit --max-garbage 1% healthy
exits 1
says "--max-garbage 1%"
run "garbage-collect -q" garbage-collect -q --dry-run healthy
exits 0
silent
quiet
mkdir -p broken/docker/registry/v2
ln -s /nowhere broken/docker/registry/v2/repositories
for command in audit tags; do
  run "$command -q, incomplete" $command -q broken
  exits 4
  quiet
done

# Help ---------------------------------------------------------------------------------------------
for command in "" audit tags garbage-collect; do
  # shellcheck disable=SC2086
  run "$command --help" $command --help
  exits 0
  quiet
  clean
  check "$what: no line ends in a blank" no_trailing_blanks
  [[ -z $command ]] || check "$what: two examples" test "$(grep -c "^  regsweep $command " out)" -ge 2
done
run "--version" --version
exits 0
check "$what" grep -qxE 'regsweep [0-9]+\.[0-9]+\.[0-9]+' out
end
