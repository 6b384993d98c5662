#!/usr/bin/env bash
# diff.sh REGSWEEP: two audits of a store that is pushed to and swept in between, in every format; and
# everything that is no saved audit.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

v2=store/docker/registry/v2
put_blob() { # FILE: stores it as a blob; prints its digest
  local hex
  hex=$(sha256sum <"$1" | cut -d' ' -f1)
  mkdir -p "$v2/blobs/sha256/${hex:0:2}/$hex"
  cp "$1" "$v2/blobs/sha256/${hex:0:2}/$hex/data"
  echo "sha256:$hex"
}
link() { # PATH DIGEST
  mkdir -p "$v2/repositories/$1"
  printf %s "$2" >"$v2/repositories/$1/link"
}
push() { # REPOSITORY TAG BYTES: as a registry stores a pushed image of one layer
  local layer config manifest
  head -c "$3" /dev/zero | openssl enc -aes-128-ctr -K "$(printf %032d "$3")" -iv 0 >layer 2>/dev/null
  layer=$(put_blob layer)
  printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' "$layer" >config
  config=$(put_blob config)
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"%s","size":%d}]}' \
    "$config" "$(wc -c <config)" "$layer" "$3" >manifest
  manifest=$(put_blob manifest)
  link "$1/_layers/sha256/${layer#*:}" "$layer"
  link "$1/_layers/sha256/${config#*:}" "$config"
  link "$1/_manifests/revisions/sha256/${manifest#*:}" "$manifest"
  link "$1/_manifests/tags/$2/current" "$manifest"
  link "$1/_manifests/tags/$2/index/sha256/${manifest#*:}" "$manifest"
}
save() { # FILE [ARGUMENT…]
  local file=$1
  shift
  run "audit into $file" audit --json -o "$file" "$@" store
  exits 0
}
need openssl sha256sum

# A week of a registry -----------------------------------------------------------------------------
demo_store --healthy store
save week1.json --exact
push team/new 1.0 3000000
push team/app 9.9 1000000
push library/debian huge 40000000
rm -rf "$v2/repositories/team/proxy" # as an operator deletes a repository
save week2.json --exact
run "gc" gc --apply --untagged --min-age 0s store
exits 0
save week3.json --exact

run "diff of a week with pushes" diff week1.json week2.json
exits 0
quiet
clean
shows "team/new (new)"
shows "team/proxy (gone)"
shows "old: week1.json"
run "diff in JSON" diff --json week1.json week2.json
exits 0
holds "d['complete'] and d['notes'] == []" \
  "(d['new_repositories'], d['gone_repositories']) == (1, 1)" \
  "[r['name'] for r in d['repositories']][0] == 'library/debian'" \
  "d['repositories'][0]['exclusive']['change']['apparent_bytes'] > 40000000" \
  "d['repositories'][0]['tags']['change'] == 1" \
  "d['total']['bytes']['change']['allocated_bytes'] > 43000000" \
  "len(d['repositories']) + d['unchanged_repositories'] == d['store']['repositories']['new'] + 1"
cp out changes.json
run "diff after the sweep" diff --json week2.json week3.json
exits 0
holds "{r['class']: r for r in d['space']}['garbage']['bytes']['new']['allocated_bytes'] == 0" \
  "{r['class']: r for r in d['space']}['quarantine']['objects']['change'] > 0" \
  "all(r['tags']['change'] == 0 for r in d['repositories'])"

cat >sums.py <<'PYTHON'
"""Every sum that docs/schemas/diff.json promises, in both measures and for old, new and change."""
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
def want(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: {got}, want {expected}")
def flat(change):  # both measures of old, new and change
    return [change[w][m] for w in ("old", "new", "change") for m in ("apparent_bytes", "allocated_bytes")]
def plus(rows):
    return [sum(column) for column in zip([0] * 6, *map(flat, rows))]
space = {row["class"]: row["bytes"] for row in d["space"]}
total = d["all_repositories"]
want("total", flat(d["total"]["bytes"]), plus(space.values()))
want("exclusive", plus([total["exclusive"], total["not_exclusive"]]), plus([space["tagged"], space["untagged"]]))
want("reclaimable", plus([total["reclaimable"], total["garbage_of_several"], total["garbage_of_none"]]), flat(space["garbage"]))
rows = d["repositories"] + ([d["other_repositories"]] if d["other_repositories"] else [])
for column in ("tags", "revisions", "layer_links"):
    want(column, sum(r[column]["change"] for r in rows), total[column]["change"])
want("tags", total["tags"], d["store"]["tags"])
for column in ("exclusive", "reclaimable"):
    want(column, plus([r[column] for r in rows])[4:], flat(total[column])[4:])
for row in d["repositories"]:
    want(row["name"], plus([row["exclusive"], row["shared"]]), flat(row["size"]))
def each(node):
    if isinstance(node, dict):
        if set(node) == {"old", "new", "change"} and isinstance(node["old"], int):
            want(str(node), node["change"], node["new"] - node["old"])
        for value in node.values():
            each(value)
    if isinstance(node, list):
        for value in node:
            each(value)
each(d)
PYTHON
for pair in "week1.json week2.json" "week2.json week3.json" "week3.json week1.json"; do
  for top in "" "--top 0" "--top 1" "--top 2"; do
    # shellcheck disable=SC2086
    run "diff $pair $top" diff --json $top $pair
    exits 0
    check "$what: sums" python3 sums.py out
  done
done

# The same audit, and a pipe
run "diff of one audit with itself" diff --json week2.json week2.json
exits 0
holds "d['repositories'] == [] and d['findings'] == []" \
  "all(r['bytes']['change'] == {'apparent_bytes': 0, 'allocated_bytes': 0} for r in d['space'])"
check "an audit from standard input" \
  bash -c '"$1" diff --json - week2.json <week1.json >piped.json' - "$regsweep"
check "from standard input: the same" cmp \
  <(json "[d['repositories'], d['space']]" piped.json) <(json "[d['repositories'], d['space']]" changes.json)
holds_file() { [[ $(json "$1" "$2") == True ]]; }
check "from standard input: it is named so" holds_file "d['old']['file'] == 'standard input'" piped.json
check "an audit from a pipe" bash -c '"$1" diff <(cat week1.json) <(cat week2.json) >piped' - "$regsweep"

# Formats ------------------------------------------------------------------------------------------
run "diff in CSV" diff --format csv week1.json week2.json
exits 0
cp out changes.csv
cat >csv_is_json.py <<'PYTHON'
import csv, json, sys
rows = list(csv.DictReader(open("changes.csv", newline="", encoding="utf-8")))
lines = [json.loads(line) for line in open("changes.ndjson", encoding="utf-8")]
document = json.load(open("changes.json", encoding="utf-8"))["repositories"]
assert lines == document
assert [r["repository"] for r in rows] == [r["name"] for r in document]
for row, expected in zip(rows, document):
    assert row["state"] == expected["state"]
    for which in ("old", "new", "change"):
        assert int(row[f"tags_{which}"]) == expected["tags"][which]
        for column in ("size", "exclusive", "shared", "untagged", "reclaimable"):
            for measure in ("apparent_bytes", "allocated_bytes"):
                assert int(row[f"{column}_{measure}_{which}"]) == expected[column][which][measure]
PYTHON
run "diff in NDJSON" diff --format ndjson week1.json week2.json
exits 0
cp out changes.ndjson
check "CSV, NDJSON and JSON say the same" python3 csv_is_json.py
run "diff in CSV, one row and the others" diff --format csv --top 1 week1.json week2.json
check "$what" test "$(wc -l <out)" = 3
check "$what: the last row" grep -q '^([0-9]* others),others,.*,,,,,,$' out
run "diff --format json" diff --format json week1.json week2.json
check "$what: as --json" cmp out changes.json
run "diff --bytes" diff --bytes week1.json week2.json
check "$what: no units" bash -c '! grep -q MiB out'
shows "$(json "d['total']['bytes']['change']['allocated_bytes']" changes.json)"
run "diff --bytes --apparent" diff --bytes --apparent week1.json week2.json
shows "$(json "d['total']['bytes']['change']['apparent_bytes']" changes.json)"
run "diff, two rows" diff --top 2 --sort name week1.json week2.json
exits 0
shows "others: --top N)"
check "diff is never coloured in a file" bash -c '! grep -q $'"'\\x1b'"' out'
run "diff in colour" diff --color always week1.json week2.json
check "$what" grep -q $'\x1b\[1m' out
run "diff -o" diff --json -o there.json week1.json week2.json
exits 0
silent
check "$what: as on standard output" cmp there.json changes.json
for sort in size exclusive reclaimable tags name; do
  run "diff --sort $sort" diff --json --sort $sort week1.json week2.json
  exits 0
done
holds "[r['name'] for r in d['repositories']] == sorted(r['name'] for r in d['repositories'])"

# Limits -------------------------------------------------------------------------------------------
run "grown by more" diff --max-growth 10M week1.json week2.json
exits 1
says "more than --max-growth 10M"
run "grown by more per cent" diff --max-growth 5% week1.json week2.json
exits 1
run "grown by more, quiet" diff -q --max-growth 5% week1.json week2.json
exits 1
quiet
for most in 1G 1000%; do
  run "grown by less than $most" diff --max-growth $most week1.json week2.json
  exits 0
  quiet
done
run "shrunk" diff --max-growth 0 week2.json week1.json
exits 0

# What cannot be compared in full --------------------------------------------------------------------
change() { # EXPRESSION OUT: week2.json with a change
  python3 -c 'import json, sys
d = json.load(open("week2.json", encoding="utf-8"))
exec(sys.argv[1])
json.dump(d, open(sys.argv[2], "w", encoding="utf-8"))' "$1" "$2"
}
save fast.json
run "only one exact" diff --json fast.json week3.json
exits 0
holds "[n['code'] for n in d['notes']] == ['exact-differs']" "d['total']['estimated']"
run "neither exact" diff fast.json fast.json
exits 0
shows "~ links and directories were counted"
change 'd["store"]["root"] = "/srv/other"' moved.json
run "another store" diff week1.json moved.json
exits 0
shows "note: these are two stores"
change 'd["complete"] = False' unread.json
for pair in "week1.json unread.json" "unread.json week1.json" "unread.json unread.json"; do
  # shellcheck disable=SC2086
  run "incomplete: $pair" diff --max-growth 1K $pair
  exits 4
  shows "INCOMPLETE"
  says "incomplete: the figures are of what could be read"
done

# What is no saved audit -----------------------------------------------------------------------------
head -c 2000 week1.json >cut.json
: >empty.json
echo '{}' >object.json
run "tags" tags --json -o tags.json store
change 'd["schema"] = "regsweep.audit/2"' future.json
change 'd["repositories"][1]["size"]["apparent_bytes"] = -4' negative.json
change 'd["repositories"][1]["size"]["apparent_bytes"] = 2**64' overflow.json
change 'd["total"]["objects"] = 2**63' large.json
change 'del d["total"]' missing.json
change 'd["repositories"][1] = d["repositories"][0]' twice.json
change 'd["repositories"].pop()' short.json
change 'd["store"]["root"] = "a\x1b[31mb"; d["complete"] = "\x1b"' escape.json
gzip -k week1.json
python3 -c 'print("[" * 200000)' >deep.json
mkdir directory
wrong() { # FILE MESSAGE
  local order
  for order in "$1 week2.json" "week2.json $1"; do
    # shellcheck disable=SC2086
    run "no audit: $order" diff $order
    exits 2
    silent
    clean
    says "$1: "
    says "$2"
    says "regsweep audit --json -o FILE STORE makes one"
    check "$what: one line" test "$(wc -l <err)" = 1
  done
  run "no audit: $1, with -o" diff --json -o never.json week2.json "$1"
  exits 2
  check "$what: writes nothing" test ! -e never.json
}
wrong cut.json "cut off"
wrong empty.json "empty or not JSON"
wrong week1.json.gz "empty or not JSON"
wrong object.json "schema is missing"
wrong deep.json "nested too deeply"
wrong tags.json "its schema is regsweep.tags/1"
wrong future.json "of format regsweep.audit/2"
wrong negative.json "repositories[1].size.apparent_bytes is negative"
wrong overflow.json "repositories[1].size.apparent_bytes is too large"
wrong large.json "total.objects is too large"
wrong missing.json "total is missing"
wrong twice.json "repositories holds one twice"
wrong short.json "does not list as many"
wrong escape.json "neither true nor false"
wrong directory "is a directory"
wrong store "is a directory"
wrong nowhere.json "does not exist"
wrong directory/nowhere.json "does not exist"
wrong week1.json/x "does not exist"
run "nothing on standard input" diff - week1.json
exits 2
says "standard input: is not a saved audit"
run "standard input twice" diff - -
exits 2
silent
says "only one of OLD and NEW"
for arguments in "" "week1.json" "week1.json week2.json week3.json" "--sort x week1.json week2.json" \
  "--top -1 week1.json week2.json" "--max-growth lots week1.json week2.json" \
  "--format xml week1.json week2.json"; do
  # shellcheck disable=SC2086
  run "diff $arguments" diff $arguments
  exits 2
  silent
done
cp week1.json kept.json
run "results in the place of an audit" diff --json -o kept.json kept.json week2.json
exits 2
check "$what: it is kept" cmp kept.json week1.json
run "results that cannot be written" diff -o nowhere/x week1.json week2.json
exits 2
silent

# A page, beside the text ------------------------------------------------------------------------------
run "a page" diff --html page.html week1.json week2.json
exits 0
shows "WHAT GREW"
check "$what: whole" grep -qF "</html>" page.html
cp page.html first.html
run "the page once more" diff --html page.html week1.json week2.json
check "$what: the same bytes" cmp first.html page.html
run "a page in the place of an audit" diff --html week1.json week1.json week2.json
exits 2
says "is read as OLD: name another file to write to with --html"
check "$what: it is still an audit" grep -q regsweep.audit/1 week1.json
run "a page that cannot be written" diff --html nowhere/page.html week1.json week2.json
exits 2
says "cannot write"

# Many repositories --------------------------------------------------------------------------------
python3 - <<'PYTHON'
import json
d = json.load(open("week2.json", encoding="utf-8"))
row = d["repositories"][0]
zero = {"apparent_bytes": 0, "allocated_bytes": 0}
for i in range(20000):
    d["repositories"].append({**row, "name": f"many/repository-{i}", "tags": 0, "size": row["shared"],
                              "exclusive": zero, "reclaimable": zero, "untagged": zero})
d["store"]["repositories"] = len(d["repositories"])
json.dump(d, open("many.json", "w", encoding="utf-8"), indent=1)
PYTHON
run_limited() { (ulimit -v 400000 && "$regsweep" diff --json week2.json many.json >out 2>err); }
check "20,000 new repositories in bounded memory" run_limited
holds "d['new_repositories'] == 20000 and len(d['repositories']) == 20000"
end
