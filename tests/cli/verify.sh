#!/usr/bin/env bash
# verify.sh REGSWEEP: damage of every kind is found and blamed on the right tags; parts of a run add
# up; results are kept; signals and time limits end a run cleanly.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
export XDG_CACHE_HOME=$work/cache HOME=$work/home

demo_store --healthy healthy >/dev/null
blobs=docker/registry/v2/blobs/sha256

run "a healthy store" verify healthy
exits 0
shows "none"
clean
run "a healthy store, quietly" verify -q healthy
exits 0
quiet
run "a healthy store as JSON" verify --json healthy
exits 0
holds "d['complete'] and not d['live_damage'] and d['damaged'] == [] and d['broken_tags'] == []" \
  "d['content']['read_blobs'] == d['store']['blobs'] == $(find healthy/$blobs -name data -type f | wc -l)" \
  "d['content']['read_bytes'] == $(find healthy/$blobs -name data -type f -printf '%s\n' | awk '{ s += $1 } END { print s }')"

# The tags that need a digest, worked out by other means: each tag's manifest, its children, theirs.
cat >needs.py <<'PYTHON'
import hashlib, json, os, sys
v2, wanted = sys.argv[1] + "/docker/registry/v2", sys.argv[2]
def blob(digest):
    return f"{v2}/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
with open(blob(wanted), "rb") as content:  # a manifest may name it by this
    wanted_too = "sha512:" + hashlib.sha512(content.read()).hexdigest()
def reaches(digest):
    if digest in (wanted, wanted_too):
        return True
    try:
        document = json.load(open(blob(digest), "rb"))
    except (OSError, ValueError):
        return False
    parts = document.get("layers", []) + [document[k] for k in ("config",) if k in document]
    return any(p["digest"] in (wanted, wanted_too) for p in parts) or any(
        reaches(m["digest"]) for m in document.get("manifests", []))
found = []
for top, names, files in os.walk(v2 + "/repositories"):
    if top.endswith("/current") and "link" in files:
        repository, tag = top[len(v2 + "/repositories/"):].split("/_manifests/tags/")
        if reaches(open(top + "/link").read()):
            found.append(repository + ":" + tag[:-len("/current")])
print("\n".join(sorted(found)))
PYTHON
tags_in_report() { json "'\n'.join(sorted(t['repository'] + ':' + t['tag'] for x in d['damaged'] if x['digest'] == '$1' for t in x['tags']))"; }

# damaged WHAT DIGEST FAULT: the store `sick` has this damage and no other.
damaged() {
  run "$1" verify --json sick
  holds "d['complete']" "[x['digest'] for x in d['damaged']] == ['$2']" "d['damaged'][0]['fault'] == '$3'"
  python3 needs.py healthy "$2" >expected
  check "$what: the right tags are named" diff expected <(tags_in_report "$2")
  if [[ -s expected ]]; then
    exits 3
    holds "d['live_damage'] and d['damaged'][0]['concern'] == 'tagged'" \
      "sorted(t['repository'] + ':' + t['tag'] for t in d['broken_tags']) == open('expected').read().split()"
  fi
}
flip() { # FILE BYTE
  python3 - "$1" "$2" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 4]))
PYTHON
}
reset() { rm -rf sick && cp -a healthy sick; }

# Each blob of the store in turn, by a bit in it.
while read -r size path; do
  digest=sha256:$(basename "$(dirname "$path")")
  ((size > 0)) || continue
  reset
  flip "sick/$path" $((RANDOM % size))
  run "a bit of ${digest:0:19}" verify --json sick
  holds "[x['digest'] for x in d['damaged'] if x['fault'] in ('wrong-content', 'garbled')] == ['$digest']"
  python3 needs.py healthy "$digest" >expected
  check "$what: the right tags are named" diff expected <(tags_in_report "$digest")
done < <(cd healthy && find $blobs -name data -type f -printf '%s %p\n' | sort -k 2)

large=$(cd healthy && find $blobs -name data -type f -printf '%s %p\n' | sort -rn | sed -n '3s/.* //p')
digest=sha256:$(basename "$(dirname "$large")")
size=$(stat -c %s "healthy/$large")
for at in 0 $((size / 2)) $((size - 1)); do
  reset
  flip "sick/$large" "$at"
  damaged "a bit at $at of a large blob" "$digest" wrong-content
done
for to in 1 $((size - 1)) $((size + 1)) $((2 * size)); do
  reset
  truncate -s "$to" "sick/$large"
  damaged "a large blob of $to bytes" "$digest" wrong-content
  holds "d['damaged'][0]['size_bytes'] == $to and d['damaged'][0]['declared_bytes'] == $size"
done
reset
: >"sick/$large"
damaged "an empty blob" "$digest" empty
reset
rm "sick/$large"
damaged "a missing blob" "$digest" missing
reset
rm "sick/$large" && mkdir "sick/$large"
damaged "a directory in its place" "$digest" not-a-file
reset
other=$(cd healthy && find $blobs -name data -type f -printf '%s %p\n' | sort -rn | sed -n '4s/.* //p')
cp "healthy/$other" "sick/$large"
damaged "another blob's content" "$digest" wrong-content
holds "d['damaged'][0]['actual_is_here'] and d['damaged'][0]['actual'] == 'sha256:$(basename "$(dirname "$other")")'"
run "as text" verify sick
exits 3
shows "it holds the content of another blob"
shows "regsweep repair --damaged verify.json"
clean

# The device gives errors for one blob: no other is blamed, and the rest is read.
shim=$build_dir/libregsweep_fault_shim.so
if [[ -e $shim ]] && ! grep -q 'lib[at]san' <(ldd "$regsweep" 2>/dev/null); then
  reset
  export REGSWEEP_FAULT_CALL=read REGSWEEP_FAULT_ERRNO=EIO REGSWEEP_FAULT_AT=1 REGSWEEP_FAULT_FROM=1 \
    REGSWEEP_FAULT_PATH=$work/sick/$large
  LD_PRELOAD=$shim damaged "an unreadable sector" "$digest" unreadable
  holds "'Input/output error' in d['damaged'][0]['detail']" \
    "d['content']['read_blobs'] == d['store']['blobs'] - 1"
  unset REGSWEEP_FAULT_CALL REGSWEEP_FAULT_ERRNO REGSWEEP_FAULT_AT REGSWEEP_FAULT_FROM REGSWEEP_FAULT_PATH
else
  echo "verify: the device's errors are not tested: no $shim, or a sanitizer" >&2
fi

# --- parts ----------------------------------------------------------------------------------------

reset
flip "sick/$large" 9
flip "sick/$other" 9
run "the whole" verify --json sick
cp out whole.json
for n in 1 2 5; do
  files=()
  for ((i = 1; i <= n; ++i)); do
    run "shard $i of $n" verify --json -o "shard$i.json" --shard "$i/$n" sick
    exits 0 3
    files+=("shard$i.json")
  done
  run "merged shards of $n" verify --json --merge "${files[@]}"
  exits 3
  check "$what: the same bytes as of the whole run" cmp out whole.json
  run "merged shards of $n as text" verify --merge "${files[@]}"
  cp out merged.txt
  run "the whole as text" verify sick
  check "$what: the same text" cmp out merged.txt
done
run "a shard by an age" verify --shard 1/2 --newer-than 7d sick
exits 0 3
says "give each of them the same time, as --newer-than 2"
for i in 1 2; do
  run "shard $i by a time" verify --json -o "newer$i.json" --shard "$i/2" --newer-than 2000-01-01T00:00:00Z sick
  exits 3 0
done
run "shards by a time" verify --merge newer1.json newer2.json
exits 3
run "a shard missing" verify --merge shard1.json shard2.json
exits 2
says "missing"
run "a shard twice" verify --merge shard1.json shard1.json
exits 2
run "no report" verify --merge "$source_dir/README.md"
exits 2
for bad in 0/2 3/2 a/b 2 1/0 -1/2; do
  run "shard $bad" verify "--shard=$bad" healthy
  exits 2
  silent
done
run "a sample" verify --json --sample 30% --seed 3 healthy
exits 0
holds "0 < d['content']['read_blobs'] < d['store']['blobs']" "d['complete']"
cp out sample.json
run "the same sample" verify --json --sample 30% --seed 3 --jobs 1 healthy
check "$what: the same bytes" cmp out sample.json
run "one repository" verify --json --repo library/debian healthy
exits 0
holds "0 < d['content']['read_blobs'] < d['store']['blobs']"
run "an unknown repository" verify --repo nowhere healthy
exits 2
says "nowhere"
run "nothing is newer" verify --json --newer-than 2200-01-01T00:00:00Z healthy
exits 0
holds "d['content']['chosen_blobs'] == 0"

# --- kept results ---------------------------------------------------------------------------------

run "first" verify --json --max-age 30d healthy
exits 0
holds "d['content']['known_blobs'] == 0"
run "second" verify --json --max-age 30d healthy
exits 0
holds "d['content']['read_blobs'] == 0 and d['content']['known_blobs'] == d['store']['blobs']"
check "the results are of the user alone" test "$(stat -c %a cache/regsweep/*.sqlite)" = 600
flip "healthy/$large" 3
run "after a change" verify --json --max-age 30d healthy
exits 3
holds "[x['digest'] for x in d['damaged']] == ['$digest'] and d['content']['read_blobs'] == 1"
flip "healthy/$large" 3
run "read anew" verify --json --max-age 0s healthy
exits 0
run "without limits everything is read" verify --json healthy
holds "d['content']['known_blobs'] == 0"
for cache in healthy/docker/registry/v2/cache healthy/.regsweep-quarantine; do
  run "a cache in the store" verify --cache $cache healthy
  exits 5
  says "$cache lies in the store: nothing is written there; name another place with --cache"
  check "$what: nothing was made" test ! -e $cache
done
run "a cache that is none" verify --cache "$source_dir/README.md" healthy
exits 2
check "$what: it was left alone" grep -q regsweep "$source_dir/README.md"
run "a cache of another store" verify --cache "$(echo cache/regsweep/*.sqlite)" sick
exits 2
says "another store"

# Slowed down: a second is not enough; the runs after it go on until all is read.
rounds=0
read_in_all=0
rate=$(($(find healthy/$blobs -name data -type f -printf '%s\n' | awk '{ s += $1 } END { print s }') / 2))
while ((rounds < 12)); do
  rounds=$((rounds + 1))
  run "round $rounds of a limited run" verify --json --max-duration 1s --rate-limit "$rate" \
    --jobs 1 --cache limited.sqlite healthy
  exits 0
  read_in_all=$((read_in_all + $(json "d['content']['read_blobs']")))
  if [[ $(json "d['complete']") == True ]]; then break; fi
done
check "it took several rounds" test "$rounds" -gt 1
check "and each blob was read once" test "$read_in_all" = "$(find healthy/$blobs -name data -type f | wc -l)"
run "the next round begins anew" verify --json --max-duration 1m --cache limited.sqlite healthy
exits 0
holds "d['content']['known_blobs'] == 0 and d['complete']"

# Signalled once one blob is read and another open, however long it takes to get there.
blob_read_by() { # PID: the blob it has open, if any
  local fd file
  for fd in /proc/"$1"/fd/*; do
    file=$(readlink -- "$fd" 2>/dev/null || true)
    if [[ $file == */blobs/*/data ]]; then echo "$file"; fi
  done
}
read_in_part() { # SIGNAL: sets rc
  local pid first='' now
  "$regsweep" verify --json --rate-limit $((rate / 4)) --jobs 1 healthy >out 2>err &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    now=$(blob_read_by "$pid")
    if [[ -n $first && -n $now && $now != "$first" ]]; then break; fi
    first=${first:-$now}
  done
  kill -s "$1" "$pid"
  rc=0
  wait "$pid" || rc=$?
}
for signal in INT TERM; do
  what="interrupted by $signal"
  read_in_part "$signal"
  exits 130
  holds "not d['complete'] and d['content']['stopped']" \
    "0 < d['content']['read_blobs'] < d['store']['blobs']"
  says "interrupted"
done
end
