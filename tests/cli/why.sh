#!/usr/bin/env bash
# why.sh REGSWEEP: what regsweep says of an object agrees with what removing it really frees, with what
# the dry runs of the collectors print, and is the same at any number of threads.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store demo
demo_store --healthy healthy
v2=healthy/docker/registry/v2

# ---- what it is and what keeps it -------------------------------------------------------------

run "a tag" why healthy team/proxy:2.4
exits 0
quiet
clean
shows "team/proxy:2.4  means sha256:"
shows "  -> index sha256:"
index=$(grep -oP 'means \Ksha256:[0-9a-f]+' out)
run "a member with a host in front" why --json healthy "registry.example:5000/team/proxy@$index"
exits 0
holds "d['ref'] == {'kind': 'revision', 'repository': 'team/proxy', 'tag': None, 'digest': '$index'}"
run "a short digest" why --json healthy "${index:0:19}"
exits 0
holds "d['ref']['digest'] == '$index'"
run "digits alone" why --json healthy "${index:7:12}"
exits 0
holds "d['ref']['digest'] == '$index' and d['standing'] == 'tagged'" \
  "[t['tag'] for t in d['tags']['items']] == ['2.4', 'stable']"
run "a repository" why --json healthy team/proxy
exits 0
holds "d['object'] is None and d['deletion']['tags'] == 2"

# One explanation of every blob, looked at in two ways.
mkdir whys
find "$v2/blobs/sha256" -name data -printf '%h\n' | sed 's|.*/||' | sort >blobs
while read -r hex; do
  run "blob $hex" why --json healthy "sha256:$hex"
  exits 0
  cp out "whys/$hex"
done <blobs

# Each chain begins at a tag or revision that is there, and each step is in the document.
cat >chains.py <<'PYTHON'
import json, os, sys
v2 = sys.argv[1]
def blob(digest):
    hex = digest.split(":")[1]
    with open(f"{v2}/blobs/sha256/{hex[:2]}/{hex}/data", "rb") as file:
        return file.read().decode()
def wrong(document):
    chain = document["chain"]
    if chain is None:
        return None if document["standing"] == "garbage" else "alive without a chain"
    base = f"{v2}/repositories/{chain['repository']}/_manifests/"
    steps = [step["digest"] for step in chain["steps"]]
    if chain["tag"] is not None:
        with open(f"{base}tags/{chain['tag']}/current/link") as file:
            if file.read() != steps[0]:
                return "the tag means another digest"
    elif not os.path.exists(f"{base}revisions/{steps[0].replace(':', '/')}/link"):
        return "no such revision"
    for before, step in zip(steps, chain["steps"][1:]):
        if step["by"] == "reference" and step["digest"] not in blob(before):
            return f"{before} does not name {step['digest']}"
        if step["by"] == "referrer" and before not in blob(step["digest"]):
            return f"{step['digest']} does not name {before}"
    return None if steps[-1] == document["object"]["digest"] else "the chain leads elsewhere"
bad = 0
for name in sorted(os.listdir("whys")):
    why = wrong(json.load(open(f"whys/{name}", encoding="utf-8")))
    if why:
        bad = 1
        print(f"{name}: {why}", file=sys.stderr)
sys.exit(bad)
PYTHON
check "every chain is real" python3 chains.py "$v2"

# ---- what collectors do to it -----------------------------------------------------------------

# deleted VERSION -m|"": the blobs that the explanations say this collector deletes.
cat >deleted.py <<'PYTHON'
import json, os, sys
for name in sorted(os.listdir("whys")):
    for fate in json.load(open(f"whys/{name}", encoding="utf-8"))["collectors"]:
        if fate["registry"] == sys.argv[1] and fate["delete_untagged"] == (sys.argv[2] == "-m"):
            if fate["deletes_object"]:
                print("sha256:" + name)
PYTHON
for semantics in 2.8 3; do
  for untagged in "" -m; do
    # shellcheck disable=SC2086 # no word or one
    "$regsweep" garbage-collect -d $untagged --semantics "registry-$semantics" healthy \
      2>/dev/null | sed -n 's/^blob eligible for deletion: //p' | sort >listed
    python3 deleted.py "$semantics" "$untagged" >said
    check "registry $semantics $untagged lists blobs" test -s listed
    check "registry $semantics $untagged deletes what why says" diff listed said
  done
done
run "an index that 2.8 -m breaks" why healthy team/proxy:2.4
shows "!!! registry 2.8  garbage-collect -m  DELETES "

# ---- what deleting it frees -------------------------------------------------------------------

# allocated STORE CLASSES: bytes of the audit's rows.
allocated() {
  "$regsweep" audit --json "$1" >audit.json || true
  json "sum(s['allocated_bytes'] for s in d['space'] if s['class'] in '$2'.split())" audit.json
}
# frees REF PATH…: removing these paths frees what why says of REF.
frees() {
  local ref=$1 path
  shift
  run "freed by $ref" why --json healthy "$ref"
  exits 0
  local by_gc by_untagged
  by_gc=$(json "d['deletion']['frees_by_gc']['size']['allocated_bytes']")
  by_untagged=$(json "d['deletion']['frees_by_gc_untagged']['size']['allocated_bytes']")
  rm -rf less
  cp -a healthy less
  for path; do rm -r "less/docker/registry/v2/repositories/$path"; done
  check "$ref: gc frees $by_gc" test "$by_gc" -eq \
    $(($(allocated healthy "tagged untagged") - $(allocated less "tagged untagged")))
  check "$ref: gc --untagged frees $by_untagged" test "$by_untagged" -eq \
    $(($(allocated healthy tagged) - $(allocated less tagged)))
}
frees team/app:1.0 team/app/_manifests/tags/1.0
frees team/proxy:2.4 team/proxy/_manifests/tags/2.4
frees team/signed:1.0 team/signed/_manifests/tags/1.0
frees team/proxy team/proxy/_manifests/tags/{2.4,stable} team/proxy/_manifests/revisions/sha256
frees "team/proxy@$index" team/proxy/_manifests/tags/{2.4,stable} \
  "team/proxy/_manifests/revisions/${index/://}"

# ---- what is odd ------------------------------------------------------------------------------

run "a damaged tag" why demo broken/app:1.1
exits 3
shows "!!! "
run "an unknown tag" why healthy team/app:1.O
exits 2
silent
says "did you mean team/app:1.0"
run "an unknown digest" why healthy sha256:000000000000
exits 2
silent
run "two digits" why healthy sha256:00
exits 2
says "names no object"
run "no REF" why healthy
exits 2

# ---- the same at any --jobs, and nothing is written -------------------------------------------

find demo healthy -printf '%p %s %T@ %i\n' | sort >before
for ref in team/proxy:2.4 team/app "$index"; do
  "$regsweep" why --jobs 1 --json -v healthy "$ref" >one
  "$regsweep" why --jobs 7 --json -v -o seven healthy "$ref"
  check "$ref: the same at any --jobs" cmp one seven
done
find demo healthy -printf '%p %s %T@ %i\n' | sort >after
check "nothing is written" cmp before after
run "sizes as numbers" why --bytes healthy team/app:1.0
refuse "--bytes: no units" grep -qE '[0-9] (B|KiB|MiB)\b' out
run "colour" why --color always healthy team/proxy:2.4
check "colour on request" grep -q $'\x1b\[' out
end
