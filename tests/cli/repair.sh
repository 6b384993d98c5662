#!/usr/bin/env bash
# repair.sh REGSWEEP: a store is damaged in each way that repair mends. Shown, nothing changes; with
# --apply or by a plan file it is mended, and undo brings the damage back to the byte and the
# nanosecond. Every exit status but those of a full disk, which ../sweep/ has.
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
allowed+="3 130 "

small_store healthy
v2=docker/registry/v2
cat >place.py <<'PYTHON'
"""place.py STORE REPO TAG WHAT: the path below v2 of the tag's manifest's blob, revision link, config,
first layer's blob or its link; for an index those of its first image."""
import json, pathlib, sys
store, repo, tag, what = sys.argv[1:]
v2 = pathlib.Path(store) / "docker/registry/v2"
blob = lambda d: f"blobs/sha256/{d[7:9]}/{d[7:]}/data"
digest = (v2 / f"repositories/{repo}/_manifests/tags/{tag}/current/link").read_text()
revision = lambda d: f"repositories/{repo}/_manifests/revisions/sha256/{d[7:]}/link"
if what == "manifest":
    print(blob(digest))
elif what == "revision":
    print(revision(digest))
else:
    document = json.loads((v2 / blob(digest)).read_text())
    if "manifests" in document:
        digest = document["manifests"][0]["digest"]
        document = json.loads((v2 / blob(digest)).read_text())
    layer = document["layers"][0]["digest"]
    print({"child": blob(digest), "child-revision": revision(digest),
           "config": blob(document["config"]["digest"]), "layer": blob(layer), "layer-digest": layer,
           "layer-link": f"repositories/{repo}/_layers/sha256/{layer[7:]}/link"}[what])
PYTHON
place() { python3 place.py healthy "$@"; }
tags() { # every tag of the healthy store: what is to be broken is taken from here
  "$regsweep" tags --json healthy | jq -r '.tags[] | select(.state == "ok") |
    [.repository, .tag, .type] | @tsv'
}
IFS=$'\t' read -r repo tag _ < <(tags | grep -P '\t(docker )?image$' | sed -n 1p)
IFS=$'\t' read -r index_repo index_tag _ < <(tags | grep -P '\t(index|docker list)$' | sed -n 1p)
check "the store has an image and an index" test -n "$repo" -a -n "$index_repo"
revision=$(place "$repo" "$tag" revision)
layer=$(place "$repo" "$tag" layer)
layer_link=$(place "$repo" "$tag" layer-link)
layer_digest=$(place "$repo" "$tag" layer-digest)
child_revision=$(place "$index_repo" "$index_tag" child-revision)
child=$(place "$index_repo" "$index_tag" child)

content_of() { fingerprint "$1" | grep -P '^[0-9a-f]{64}  '; }
check "contents are compared" test "$(content_of healthy | wc -l)" -gt 50

offline=(--assume-offline)
fresh() { rm -rf -- "$1" && cp -a healthy "$1"; }
damage() { # HOW STORE: a copy of the healthy store, damaged
  fresh "$2"
  local at=$2/$v2
  case $1 in
    revision-empty) : >"$at/$revision" ;;
    revision-garbled) printf 'sha256:garbled' >"$at/$revision" ;;
    revision-newline) echo >>"$at/$revision" ;;
    revision-gone) rm -r -- "${at:?}/$(dirname -- "$revision")" ;;
    revision-emptied) rm -- "$at/$revision" ;;
    child-revision-gone) rm -r -- "${at:?}/$(dirname -- "$child_revision")" ;;
    revisions-gone) rm -r -- "${at:?}/$(dirname -- "$(dirname -- "$(dirname -- "$revision")")")" ;;
    layer-link-empty) : >"$at/$layer_link" ;;
    layer-link-garbled) head -c 71 /dev/urandom >"$at/$layer_link" ;;
    layer-link-gone) rm -r -- "${at:?}/$(dirname -- "$layer_link")" ;;
    layers-gone) rm -r -- "${at:?}/$(dirname -- "$(dirname -- "$(dirname -- "$layer_link")")")" ;;
    blob-empty) : >"$at/$layer" ;;
    blob-short) truncate -s -1 "$at/$layer" ;;
    blob-flipped) printf x | dd of="$at/$layer" bs=1 seek=2 conv=notrunc status=none ;;
    blob-gone) rm -r -- "${at:?}/$(dirname -- "$layer")" ;;
    manifest-flipped) printf x | dd of="$at/$child" bs=1 seek=20 conv=notrunc status=none ;;
    child-gone) rm -r -- "${at:?}/$(dirname -- "$child")" ;;
    *) fail "no such damage: $1" ;;
  esac
}
# repairs HOW STATUS OPTION…: damages, shows, applies, and takes back; the store is mended in between if
# STATUS is 0. Leaves the mended store in mended/.
repairs() {
  local how=$1 want=$2
  shift 2
  damage "$how" store
  fingerprint store >print
  run "$how: repair $* shows" repair "$@" store
  exits "$want"
  shows "nothing was changed"
  clean
  unchanged "$what" print store
  run "$how: repair $* as JSON" repair --json "$@" store
  exits "$want"
  holds "d['schema'] == 'regsweep.plan/1' and len(d['additions']) + len(d['removals']) > 0"
  cp out first
  run "$how: repair $* as JSON, one thread" repair --json --jobs 1 "$@" store
  check "$what: the same but for the time" cmp \
    <(jq 'del(.created, .checksum)' first) <(jq 'del(.created, .checksum)' out)
  unchanged "$what" print store
  run "$how: repair $* -o" repair -o plan.json "$@" store
  exits "$want"
  run "$how: repair --apply $*" repair --apply "${offline[@]}" "$@" store
  exits "$want"
  shows "regsweep undo"
  clean
  rm -rf mended
  cp -a store mended
  run "$how: nothing is left to do" repair --json "$@" mended
  exits "$want"
  holds "d['additions'] == [] and d['removals'] == []"
  run "$how: undo" undo "${offline[@]}" store
  exits 0
  unchanged "$what" print store
  run "$how: apply plan.json" apply "${offline[@]}" plan.json
  exits "$want"
  check "$what: the same as by --apply" diff <(content_of store) <(content_of mended)
  run "$how: apply plan.json again" apply "${offline[@]}" plan.json
  exits "$want"
  check "$what: changes nothing" diff <(content_of store) <(content_of mended)
  run "$how: undo the plan" undo "${offline[@]}" store
  exits 0
  unchanged "$what" print store
}
whole() { # the mended store is the healthy one again, files and all
  check "$1: as before it was damaged" diff <(content_of mended) <(content_of healthy)
}

# --- links -----------------------------------------------------------------------------------------

for how in revision-empty revision-garbled revision-newline revision-gone revision-emptied \
  child-revision-gone layer-link-empty layer-link-garbled layer-link-gone; do
  repairs "$how" 0
  whole "$how"
done
# Where nothing but tags tells what was there, untagged manifests and their layers stay away.
for how in revisions-gone layers-gone; do
  repairs "$how" 0
  run "$how: every tag is whole" tags mended
  exits 0
done

# A dangling link goes if that is asked for.
damage blob-gone store
run "dangling, not asked for" repair --json store
exits 3
holds "d['removals'] == [] and d['additions'] == []"
repairs blob-gone 3 --drop-dangling
check "the link went" test ! -e "mended/$v2/$layer_link"

# --- blobs -----------------------------------------------------------------------------------------

for how in blob-empty blob-short; do
  repairs "$how" 3
  check "$how: the blob went" test ! -e "mended/$v2/$layer"
  check "$how: its link stays" test -e "mended/$v2/$layer_link"
done
run "what stays broken is named" repair mended
exits 3
shows "STILL BROKEN"
shows "$repo:$tag"
shows "$layer_digest"
damage blob-flipped store
run "a flipped bit is not seen in metadata" repair store
exits 0
repairs blob-flipped 3 --verify
check "the blob went" test ! -e "mended/$v2/$layer"
"$regsweep" verify --json -o sick.json store >/dev/null 2>&1 || true
report() { # SCHEMA DIGEST FAULT: the report of the sick store, with these in it
  python3 - "$@" <<'PYTHON'
import json, sys
report = json.load(open("sick.json"))
report["schema"], report["damaged"][0]["digest"], report["damaged"][0]["fault"] = sys.argv[1:]
json.dump(report, sys.stdout)
PYTHON
}
check "verify names the flipped blob" grep -q "$layer_digest" sick.json
cp sick.json verify.json
repairs blob-flipped 3 --damaged verify.json
check "the blob went" test ! -e "mended/$v2/$layer"
run "a sound blob is not touched" repair --json --damaged verify.json healthy
exits 0
holds "d['removals'] == []"
report regsweep.verify/1 "$layer_digest" missing >missing.json
damage blob-flipped store
run "what the report calls missing is not looked at" repair --json --damaged missing.json store
exits 0
holds "d['removals'] == []"
report regsweep.audit/1 "$layer_digest" empty >audit.json
run "another report" repair --apply --damaged audit.json store
exits 2
says "regsweep.verify/1"
run "no report" repair --damaged none.json store
exits 2
printf '{"schema":"regsweep.verify/1","damaged":null}' >half.json
run "half a report" repair --damaged half.json store
exits 2
says "half.json: is no whole report"
run "a report that is a directory" repair --damaged . store
exits 2

# --- from elsewhere --------------------------------------------------------------------------------

for how in blob-gone blob-empty blob-short; do
  repairs "$how" 0 --from healthy
  whole "$how"
done
for how in blob-flipped manifest-flipped; do
  repairs "$how" 0 --verify --from "healthy/$v2"
  whole "$how"
done
repairs child-gone 0 --from healthy
whole child-gone
mkdir -p layout/blobs/sha256 flat
cp "healthy/$v2/$layer" "layout/blobs/sha256/${layer_digest#sha256:}"
cp "healthy/$v2/$layer" "flat/sha256-${layer_digest#sha256:}.tar.gz"
for from in layout flat; do
  repairs blob-gone 0 --from "$from"
  whole "$from"
done
mkdir wrong
echo wrong >"wrong/${layer_digest#sha256:}"
damage blob-gone store
run "a wrong file" repair --from wrong store
exits 3
shows "wrong/${layer_digest#sha256:}"
shows "not used"
run "and then a right one" repair --from wrong --from flat store
exits 0
run "no such source" repair --from nowhere store
exits 2
run "an empty name" repair --from "" store
exits 2
# The source goes after it was planned.
run "plan" repair -o plan.json --from flat store
exits 0
mv flat elsewhere
fingerprint store >print
run "apply without the source" apply "${offline[@]}" plan.json
exits 2
unchanged "$what" print store
mkdir flat
run "apply with an empty source" apply "${offline[@]}" plan.json
exits 6
unchanged "$what" print store
rm -r flat
mv elsewhere flat

# --- lost and found --------------------------------------------------------------------------------

fresh store
rm -r "store/$v2/$(dirname "$revision")" "store/$v2/repositories/$repo/_manifests/tags/$tag"
digest=$(cat "healthy/$v2/repositories/$repo/_manifests/tags/$tag/current/link")
for other in "store/$v2/repositories/$repo/_manifests/tags/"*; do
  [[ $(cat "$other/current/link") != "$digest" ]] || rm -r "$other"
done
fingerprint store >print
run "lost" repair store
exits 0
shows "LOST MANIFESTS"
shows "$digest"
shows "--lost-found"
run "lost, as JSON" repair --json --lost-found store
exits 0
holds "[l['comes_back_as'] for l in d['repair']['lost_manifests'] if l['digest'] == '$digest'] == [{'repository': '$repo', 'tag': 'lost-found-${digest:7:12}'}]"
run "found" repair --apply "${offline[@]}" --lost-found store
exits 0
run "it is a tag" tags --json store
exits 0
holds "any(t['tag'] == 'lost-found-${digest:7:12}' and t['digest'] == '$digest' and t['state'] == 'ok' for t in d['tags'])"
run "undo" undo "${offline[@]}" store
exits 0
unchanged "$what" print store

# --- what forbids it -------------------------------------------------------------------------------

damage revision-empty store
fingerprint store >print
exec 9<"store/$v2/$layer"
run "beside a process that has a file open" repair --apply store
says "is open"
exits 5
exec 9<&-
unchanged "$what" print store
mkdir -p store/docker/registry/lockfiles
: >store/docker/registry/lockfiles/database-in-use
for options in "" "--apply --assume-offline"; do
  # shellcheck disable=SC2086
  run "a database's store $options" repair $options store
  exits 5
done
damage revision-empty store
flock "store/$v2" sleep 30 &
sleeper=$!
at_end+=("kill $sleeper 2>/dev/null")
sleep 0.3
run "beside another regsweep" repair --apply "${offline[@]}" store
exits 5
kill "$sleeper"
wait "$sleeper" 2>/dev/null || true

# A plan that was changed, for another store, or overtaken.
damage revision-empty store
run "plan" repair -o plan.json store
sed 's/"its link is empty"/"its link is emptY"/' plan.json >edited.json
run "an edited plan" apply "${offline[@]}" edited.json
exits 5
run "without quarantine" apply --no-quarantine "${offline[@]}" plan.json
exits 2
says "by way of quarantine"
rm -r "store/$v2/repositories/$repo/_manifests/tags/$tag"
printf x >>"store/$v2/$revision"
run "an overtaken plan" apply "${offline[@]}" plan.json
exits 6
damage revision-empty store
run "another store of that name" apply "${offline[@]}" plan.json
exits 6

# An unreadable repository is named, and the others are mended.
damage revision-empty store
mkdir -p "store/$v2/repositories/aaa/_layers"
ln -s /tmp "store/$v2/repositories/aaa/_manifests"
mkdir "store/$v2/repositories/zzz"
cp -a "store/$v2/repositories/$repo/_layers" "store/$v2/repositories/zzz/"
mkdir "store/$v2/repositories/zzz/_manifests"
ln -s /tmp "store/$v2/repositories/zzz/_manifests/revisions"
run "an unreadable repository" repair --apply "${offline[@]}" store
exits 4
says "zzz"
check "$what: the other is mended" cmp "store/$v2/$revision" "healthy/$v2/$revision"
shows "lost manifests were not looked for"

# Hostile names.
damage revision-empty store
mv "store/$v2/repositories/$repo/_manifests/tags/$tag" \
  "store/$v2/repositories/$repo/_manifests/tags/"$'evil\e[31m\n\xff'
rm -r "store/$v2/$(dirname "$layer_link")"
for options in "" -v --json; do
  # shellcheck disable=SC2086
  run "hostile names $options" repair $options store
  exits 0
  [[ $options == --json ]] || clean
done
run "a plan with hostile names" repair -o plan.json store
run "applied" apply "${offline[@]}" plan.json
exits 0
check "$what" cmp "store/$v2/$revision" "healthy/$v2/$revision"

# --- results and notes -----------------------------------------------------------------------------

damage revision-empty store
run "by its config" repair --apply "${offline[@]}" --json store
exits 0
holds "d['end'] == 'done' and d['added']['revision-link'] == 1 and d['removed']['revision']['objects'] == 1"
holds "bool(d['quarantine_run'])"
run "nothing to do" repair --apply "${offline[@]}" store
exits 0
shows "nothing to do"
run "quiet" repair -q healthy
exits 0
quiet
run "no store" repair nowhere
exits 2
run "help" repair --help
exits 0
shows "Exit status"

# Interrupted while a large blob is copied: nothing was moved yet, and the same command goes on.
damage revision-empty store
truncate -s 200M big
big=$(sha256sum big | cut -d ' ' -f 1)
mkdir -p large
mv big "large/$big"
python3 - "store/$v2" "$big" <<'PYTHON'
import hashlib, json, pathlib, sys
v2, big = pathlib.Path(sys.argv[1]), sys.argv[2]
text = json.dumps({"schemaVersion": 2, "layers": [{"digest": "sha256:" + big, "size": 200 << 20}]}).encode()
digest = hashlib.sha256(text).hexdigest()
for path, data in ((f"blobs/sha256/{digest[:2]}/{digest}/data", text),
                   (f"repositories/big/_manifests/revisions/sha256/{digest}/link", b"sha256:" + digest.encode()),
                   ("repositories/big/_manifests/tags/1/current/link", b"sha256:" + digest.encode())):
    (v2 / path).parent.mkdir(parents=True, exist_ok=True)
    (v2 / path).write_bytes(data)
PYTHON
fingerprint store >print
cat >interrupt.py <<'PYTHON'
import glob, os, signal, subprocess, sys, time
process = subprocess.Popen(sys.argv[1:], stdout=open("out", "wb"), stderr=open("err", "wb"))
for _ in range(20000):
    if glob.glob("store/.regsweep-quarantine/*/objects/*") or process.poll() is not None:
        break
    time.sleep(0.001)
process.send_signal(signal.SIGINT)
sys.exit(process.wait())
PYTHON
rc=0
what="interrupted"
python3 interrupt.py "$regsweep" repair --apply "${offline[@]}" --from large store || rc=$?
exits 130
unchanged "$what" print store
run "undo what was interrupted" undo "${offline[@]}" store
exits 0
unchanged "$what" print store
# No room for it: likewise.
run_limited() { (trap '' XFSZ; ulimit -f 1000; exec "$@"); }
rc=0
what="no room for a large file"
run_limited "$regsweep" repair --apply "${offline[@]}" --from large store >out 2>err || rc=$?
exits 7
unchanged "$what" print store
run "again, with room" repair --apply "${offline[@]}" --from large store
exits 0
check "$what: the blob came" cmp "store/$v2/blobs/sha256/${big:0:2}/$big/data" "large/$big"
end
