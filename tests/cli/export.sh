#!/usr/bin/env bash
# export.sh REGSWEEP: what an export promises. Every query of docs/export.md runs; the bytes do not
# depend on --jobs; nothing is written into the store, and nowhere half a file.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
need sqlite3
demo_store demo
demo_store --healthy healthy
v2=demo/docker/registry/v2

listing() { find $v2 -printf '%p %y %i %n %m %s %T@ %C@ %l\n' | sort; }
listing >before

# --- SQLite: schema, keys, queries ---------------------------------------------------------------
run "sqlite" export --format sqlite -o demo.sqlite demo
exits 0
silent
quiet
sql() { sqlite3 -bail -readonly "${database:-demo.sqlite}" "$1"; }
is() { # QUERY ANSWER
  local got
  checks=$((checks + 1))
  got=$(sql "$1") || fail "$1"
  [[ $got == "$2" ]] || fail "$1: $got, want $2"
}
is "PRAGMA integrity_check" ok
is "PRAGMA foreign_key_check" ""
is "PRAGMA user_version" 1
is "PRAGMA journal_mode" delete
is "SELECT schema, complete, exact, root FROM store" "regsweep.export/1|1|0|$work/demo"
is "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'
    AND type = 'table' AND NOT strict" 0
# No name of a table or column is a word of SQL's own: none needs quotes.
checks=$((checks + 1))
python3 - demo.sqlite <<'PYTHON' || fail "a name needs quotes"
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    db.execute(f"SELECT {', '.join(columns)} FROM {table}")
PYTHON
# Ids are ranks: the order of digests and of names, without a gap.
is "SELECT count(*) FROM (SELECT id, row_number() OVER (ORDER BY digest) - 1 AS rank FROM blobs)
    WHERE id <> rank" 0
is "SELECT count(*) FROM (SELECT id, row_number() OVER (ORDER BY name) - 1 AS rank
    FROM repositories) WHERE id <> rank" 0
is "SELECT count(*) FROM blobs WHERE mtime NOT GLOB '????-??-??T??:??:??Z'" 0
is "SELECT count(*) FROM blobs WHERE digest NOT GLOB 'sha*:[0-9a-f]*'" 0
is "SELECT sum(present) FROM blobs" "$(find $v2/blobs -name data -type f | wc -l)"
is "SELECT count(*) FROM tags WHERE digest NOT NULL" \
  "$(find $v2/repositories -path '*/current/link' -size +0 | wc -l)"
run "audit" audit --json demo
is "SELECT total_allocated_bytes FROM store" "$(json 'd["total"]["allocated_bytes"]')"
is "SELECT group_concat(code) FROM findings" "$(json '",".join(f["code"] for f in d["findings"])')"

# The queries of the documentation: each succeeds, and those whose answer is known give it. What
# looks rows up does so by an index, not by reading a table once for each row of another.
run "sqlite, healthy" export --format sqlite -o healthy.sqlite healthy
for database in demo.sqlite healthy.sqlite; do
  checks=$((checks + 1))
  python3 - "$source_dir/docs/export.md" $database >answers-$database <<'PYTHON' || fail "queries in docs/export.md on $database"
import re, sqlite3, sys
with open(sys.argv[1], encoding="utf-8") as file:
    queries = re.findall(r"```sql\n-- (.*?)\n(.*?)```", file.read(), re.S)
assert len(queries) >= 15, len(queries)
db = sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True)
answers = {}
for name, query in queries:
    answers[name] = db.execute(query).fetchall()
    print(name, len(answers[name]))
    plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + query)]
    made = [step for step in plan if "AUTOMATIC" in step]  # of what a query works out itself: fine
    assert all(re.search(r"SEARCH (above|reached|kept|going)\b", step) for step in made), (name, plan)
value = lambda query: db.execute(query).fetchall()
assert answers["it adds up"] == [(1, 1, 1)], answers["it adds up"]
assert [row[0] for row in answers["largest repositories"]][0] == value(
    "SELECT name FROM repositories ORDER BY exclusive_allocated_bytes DESC LIMIT 1")[0][0]
assert sum(row[2] for row in answers["by team"]) == value(
    "SELECT sum(exclusive_allocated_bytes) FROM repositories")[0][0]
assert sum(row[2] for row in answers["contents of a tag"]) == value(
    "SELECT t.size_allocated_bytes FROM tags t JOIN repositories r ON r.id = t.repository"
    " WHERE r.name = 'team/app' AND t.tag = '1.0'")[0][0] > 0
assert answers["tags that need a blob"]
assert sum(row[3] for row in answers["media types"]) == sum(row[2] for row in answers["growth by month"])
assert answers["tags of one digest"] and answers["referrers"] and answers["untagged revisions"]
if sys.argv[2] == "demo.sqlite":
    assert all(answers[name] for name in ("missing blobs", "orphans", "old uploads", "findings")), answers
else:
    assert not answers["missing blobs"], answers["missing blobs"]
# What old tags free together is what goes if a limit beyond all pushes makes every tag old.
query = dict(queries)["all old tags together"].replace("2025-01-01", "9999-01-01")
blobs, size = db.execute(query).fetchone()
assert blobs > 0 and size <= value("SELECT sum(allocated_bytes) FROM blobs WHERE class = 'tagged'")[0][0]
assert db.execute(query.replace("9999", "1971")).fetchone() == (0, 0)
PYTHON
done
database=demo.sqlite

# --- NDJSON and CSV: the same rows, a file a table -------------------------------------------------
mkdir tables
echo mine >tables/other.txt
echo old >tables/blobs.csv
chmod 640 tables/blobs.csv
for format in csv ndjson; do
  run "$format" export --format $format -o tables demo
  exits 0
  check "$what: a file a table" test "$(find tables -name "*.$format" | wc -l)" -eq \
    "$(sql "SELECT count(*) FROM sqlite_schema WHERE type = 'table'")"
  for table in store tags blobs edges links; do
    lines=$(wc -l <tables/$table.$format)
    [[ $format == ndjson ]] || lines=$((lines - 1))
    check "$what: the rows of $table" test "$lines" -eq "$(sql "SELECT count(*) FROM $table")"
    run "$format, $table alone" export --format $format --table $table demo
    exits 0
    clean
    check "$what: as in the directory" cmp out tables/$table.$format
  done
done
check "files beside them stay" test "$(cat tables/other.txt)" = mine
check "a file keeps its mode" test "$(stat -c %a tables/blobs.csv)" = 640
run "one table into a file" export --format ndjson --table tags -o tags.json demo
check "$what" cmp tags.json tables/tags.ndjson
run "a directory that is made" export --format csv -o new/below demo
check "$what" cmp new/below/edges.csv tables/edges.csv

# --- the same bytes --------------------------------------------------------------------------------
for jobs in 1 2 16; do
  for format in sqlite ncdu csv ndjson; do
    run "$format --jobs $jobs" export --format $format --exact --jobs $jobs -o jobs-$jobs-$format demo
    exits 0
    check "$what: the same bytes" diff -r jobs-1-$format jobs-$jobs-$format
  done
done

# --- refusals ----------------------------------------------------------------------------------------
ln -s "$PWD/$v2" door
mkdir outside
if mount --bind $v2 outside 2>/dev/null; then at_end+=("umount -l '$work/outside'"); fi
for place in $v2 $v2/x $v2/blobs/x $v2/repositories/new/x door/x demo/../$v2/x; do
  for format in sqlite csv ncdu; do
    run "$format into the store: $place" export --format $format -o $place demo
    exits 5
    says "lies in the store"
  done
done
if mountpoint -q outside; then
  run "through a mount" export --format csv -o outside/x demo
  exits 5
fi
ln -s "$PWD/$v2/repositories/link-target" inner
run "over a link that leads nowhere" export --format ncdu -o inner demo
exits 0
check "$what: the file is where the link was" test -f inner -a ! -L inner
run "beside the store's v2" export --format ncdu -o demo/docker/tree demo
exits 0
rm demo/docker/tree
usage() { # WHAT SAYS ARGUMENT…
  local want=$2
  what=$1
  shift 2
  run "$what" export "$@"
  exits 2
  silent
  says "$want"
}
usage "no format" "--format" -o x demo
usage "an unknown format" "sqlite" --format parquet -o x demo
usage "an unknown table" "repositories, blobs, tags" --format csv --table tagz demo
usage "a table of sqlite" "csv and ndjson" --format sqlite --table tags -o x demo
usage "sqlite without a file" "-o FILE" --format sqlite demo
usage "sqlite to standard output" "-o FILE" --format sqlite -o - demo
usage "csv without a directory" "-o DIRECTORY" --format csv demo
usage "sqlite over a directory" "no regular file" --format sqlite -o tables demo
usage "csv over a file" "cannot make the directory" --format csv -o tags.json demo
usage "no store" "nowhere" --format csv -o x nowhere
check "nothing was made" test ! -e x

# --- what cannot be written leaves what was there -----------------------------------------------------
usage "a directory that is not there" "cannot write" --format sqlite -o not/there.sqlite demo
usage "a full device" "cannot write" --format ncdu -o /dev/full demo
usage "a device for sqlite" "no regular file" --format sqlite -o /dev/full demo
rc=0
"$regsweep" export --format csv --table edges demo >/dev/full 2>err || rc=$?
check "standard output that is full" test $rc -eq 2
mkdir small
if mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
  at_end+=("umount -l '$work/small'")
  mkdir small/csv small/ndjson
  for file in sqlite ncdu csv/tags.csv ndjson/blobs.ndjson; do echo before >small/$file; done
  head -c 100k /dev/zero >small/filling 2>/dev/null || true
  for format in sqlite csv ndjson ncdu; do
    usage "$format onto a full disk" "cannot write" --format $format -o small/$format demo
  done
  check "what was there is there" test "$(cat small/sqlite small/ncdu small/csv/tags.csv \
    small/ndjson/blobs.ndjson | sort -u)" = before
  check "and nothing else" test "$(find small -type f | wc -l)" -eq 5
fi

# --- progress: one line at a time, and nothing glued to it ----------------------------------------------
mkfifo slow
(sleep 1.5 && cat slow >/dev/null) & # who writes to a pipe waits for its reader
run "slowly" export --format ncdu --progress -o slow demo
exits 0
says "rows, "
refuse "$what: one line of progress" grep -q "writing slow" err
wait
rm slow

# --- a store that cannot be read whole -----------------------------------------------------------------
listing >after
check "the store is as it was" cmp before after
cp -a demo damaged
: >damaged/docker/registry/v2/repositories/team/tools/_manifests/tags/5/current/link
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  chmod 700 damaged/docker/registry/v2/repositories/team/proxy
  chmod 755 "$work"
  mkdir -m 777 theirs
  what="as a user who may not read all" rc=0
  setpriv --reuid 65534 --regid 65534 --clear-groups "$regsweep" export --format sqlite \
    -o theirs/incomplete.sqlite damaged >out 2>err || rc=$?
  exits 4
  says incomplete
  database=theirs/incomplete.sqlite
  is "SELECT complete FROM store" 0
  is "SELECT count(*) > 0 FROM finding_subjects JOIN findings USING (finding)
      WHERE code LIKE '%unread%' AND subject LIKE '%team/proxy%'" 1
  is "SELECT count(*) FROM tags WHERE digest IS NULL AND state = 'unreadable'" 1
  database=demo.sqlite
fi

# --- names that no one would choose ----------------------------------------------------------------------
tags=demo/docker/registry/v2/repositories/team/app/_manifests/tags
for odd in $'red\e[31m' 'a"b,c' $'line\nbreak' $'\xff\xfe' 'back\slash'; do cp -a $tags/1.0 "$tags/$odd"; done
for format in csv ndjson; do
  run "odd names as $format" export --format $format --table tags demo
  clean
  shows '\x1b[31m'
done
run "odd names in the tree" export --format ncdu demo
clean
run "odd names as sqlite" export --format sqlite -o odd.sqlite demo
database=odd.sqlite
is "SELECT count(*) FROM tags WHERE tag IN ('red\\x1b[31m', 'a\"b,c', 'line\\x0abreak', '\\xff\\xfe',
    'back\\x5cslash')" 5
end
