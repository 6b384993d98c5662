#!/usr/bin/env bash
# schema.sh REGSWEEP: the program's JSON is what docs/schemas promises, and its figures add up.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
source "$source_dir/tests/cli/schemas.bash"

# Every sum that docs/json.md promises.
cat >sums.py <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
space = {row["class"]: row for row in d["space"]}
pair = lambda x: (x["apparent_bytes"], x["allocated_bytes"])
plus = lambda xs: tuple(map(sum, zip((0, 0), *map(pair, xs))))
def want(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: {got}, want {expected}")
want("total", pair(d["total"]), plus(d["space"]))
want("total objects", d["total"]["objects"], sum(row["objects"] for row in d["space"]))
want("total estimated", d["total"]["estimated"], any(row["estimated"] for row in d["space"]))
want("estimated", d["total"]["estimated"], not d["exact"])
want("garbage", pair(space["garbage"]), plus(d["garbage"].values()))
for name in ("garbage", "untagged"):
    want(f"reclaimable {name}", pair(d["reclaimable"][name]), pair(space[name]))
    want(f"reclaimable {name}", d["reclaimable"][name]["objects"], space[name]["objects"])
want("reclaimable column", plus(r["reclaimable"] for r in d["repositories"]),
     pair(d["garbage"]["one_repository"]))
want("blobs", d["store"]["blobs"],
     sum(space[name]["objects"] for name in ("tagged", "untagged", "garbage")))
want("repositories", d["store"]["repositories"], len(d["repositories"]))
for column in ("tags", "revisions", "layer_links"):
    want(column, d["store"][column], sum(r[column] for r in d["repositories"]))
for r in d["repositories"]:
    want(r["name"], pair(r["size"]), plus([r["exclusive"], r["shared"]]))
    if any(a > b for a, b in zip(pair(r["untagged"]), pair(r["size"]))):
        sys.exit(f"{r['name']}: more untagged than all")
names = [r["name"].encode() for r in d["repositories"]]
want("order of repositories", names, sorted(names))
order = ["danger", "warning", "note"]
concerns = [order.index(f["concern"]) for f in d["findings"]]
want("order of findings", concerns, sorted(concerns))
if any(f["objects"] < len(f["subjects"]) for f in d["findings"]):
    sys.exit("a finding names more than it counts")
PYTHON

# audit WHAT EXIT ARGUMENT…
audit() {
  local title=$1 code=$2
  shift 2
  run "audit $title" audit --json "$@"
  exits "$code"
  check "$what: fits the schema" valid audit
  check "$what: sums" "$python" sums.py out
}
tags() {
  local title=$1 code=$2
  shift 2
  run "tags $title" tags --json "$@"
  exits "$code"
  check "$what: fits the schema" valid tags
}

demo_store demo
demo_store --healthy healthy
mkdir -p empty/docker/registry/v2
mkdir -p hollow/docker/registry/v2/{blobs,repositories}
cp -a healthy incomplete # a symbolic link where a directory must be: root can't read it either
mv incomplete/docker/registry/v2/repositories/team elsewhere
ln -s "$work/elsewhere" incomplete/docker/registry/v2/repositories/team
rm -rf incomplete/docker/registry/v2/repositories/team/app/_manifests
cp -a healthy unreadable
mv unreadable/docker/registry/v2/repositories/library/debian/_manifests/tags elsewhere.tags
ln -s "$work/elsewhere.tags" \
  unreadable/docker/registry/v2/repositories/library/debian/_manifests/tags
cp -a healthy managed
mkdir managed/docker/registry/lockfiles
: >managed/docker/registry/lockfiles/database-in-use
cp -a healthy proxy
echo '{}' >proxy/scheduler-state.json

for exact in "" --exact; do
  audit "demo $exact" 3 $exact demo
  holds "d['complete'] and d['exact'] == ('$exact' != '')"
  cp out "demo$exact.json"
  audit "healthy $exact" 0 $exact healthy
  holds "not any(f['concern'] == 'danger' and not f['code'].startswith('collector') for f in d['findings'])"
  audit "empty $exact" 0 $exact empty
  holds "d['store']['blobs'] == 0 and d['repositories'] == []"
  cp out empty.json
  audit "without content $exact" 0 $exact hollow
  audit "symlinked namespace $exact" 0 $exact incomplete
  holds "'symlink' in codes"
  audit "unreadable tags $exact" 4 $exact unreadable
  cp out unreadable.json
  holds "not d['complete'] and 'unreadable' in codes"
  audit "database $exact" 0 $exact managed
  holds "d['store']['managed_by'] == 'gitlab-database' and 'database-managed' in codes"
  audit "proxy $exact" 0 $exact proxy
  holds "d['store']['managed_by'] == 'pull-through-cache' and 'pull-through-cache' in codes"
done
# With a list: what is in both and what is not adds up to the store.
blob=$(find healthy/docker/registry/v2/blobs -name data -printf '%P\n' | sort | sed -n '2s#.*/\([0-9a-f]*\)/data#sha256:\1#p')
printf '%s\n' "# known" "$blob 1" team/proxy:2.4 team/proxy:none "sha256:$(printf %064d 7) 9" \
  "team/proxy@sha256:$(printf %064d 8)" >known.txt
audit "with a list" 0 --known known.txt healthy
holds "sum(d['known'][k]['blobs']['objects'] for k in ('in_both', 'only_in_storage')) == d['store']['blobs']" \
  "sum(d['known'][k]['blobs']['allocated_bytes'] for k in ('in_both', 'only_in_storage')) == sum(r['allocated_bytes'] for r in d['space'][:3])" \
  "d['known']['in_both']['tags'] + d['known']['only_in_storage']['tags']['objects'] == d['store']['tags']" \
  "d['known']['only_in_list']['tags']['names'] == ['team/proxy:none']" \
  "d['known']['only_in_list']['blobs']['listed_bytes'] == 9" \
  "d['known']['only_in_list']['revisions']['objects'] == 1" \
  "[b['digest'] for b in d['known']['size_differences']['blobs']] == ['$blob']"
cp out known.json
tags demo 3 demo
cp out tags.json
holds "{t['state'] for t in d['tags']} == {'ok', 'broken', 'dangling'}"
tags healthy 0 healthy
holds "len(d['tags']) == 13 and all(t['state'] == 'ok' for t in d['tags'])"
tags "one repository" 0 healthy team/proxy
holds "[t['tag'] for t in d['tags']] == ['2.4', 'stable']"
tags empty 0 empty
tags unreadable 4 unreadable
holds "not d['complete']"

check "mutated audits do not fit" "$python" mutate.py "$schemas/audit.json" demo.json "
del d['complete']
d['complete'] = 'yes'
d['extra'] = 1
d['schema'] = 'regsweep.audit/2'
d['total']['objects'] = -1
d['total']['objects'] = 1.5
d['space'].pop()
d['space'].append(d['space'][0])
d['space'].reverse()
d['space'][0]['class'] = 'tagged '
d['space'][0]['bytes'] = 1
d['store']['managed_by'] = 'me'
del d['store']['root']
d['disk'] = 0
d['disk'] = {'size_bytes': 1}
d['repositories'][0]['name'] = ''
d['repositories'][0]['name'] = 'a\\x1bb'
del d['repositories'][0]['size']['allocated_bytes']
d['findings'][0]['code'] = 'no-such-code'
d['findings'][0]['concern'] = 'fatal'
d['findings'][0]['objects'] = 0
d['findings'][0]['subjects'] = ['x'] * 101
d['findings'][0]['subjects'] = [1]
d['reclaimable']['uploads']['older_than_seconds'] = '7d'
d['garbage']['orphan'] = 5
d['frees_most'][0]['action'] = 'pray'
del d['frees_most'][0]['frees']
d['frees_most'] = {}
"
check "mutated comparisons do not fit" "$python" mutate.py "$schemas/audit.json" known.json "
d['known'] = None
d['known']['more'] = 1
del d['known']['listed']
d['known']['in_both']['tags'] = 'all'
d['known']['only_in_storage']['blobs']['digests'] = ['sha256:abc']
del d['known']['only_in_storage']['blobs']['garbage']
d['known']['only_in_list']['tags'] = None
d['known']['size_differences']['blobs'][0]['listed_bytes'] = -1
"
check "mutated tag lists do not fit" "$python" mutate.py "$schemas/tags.json" tags.json "
d['tags'][1]['digest'] = 'sha256:abc'
d['tags'][1]['digest'] += '0'
d['tags'][1]['digest'] = d['tags'][1]['digest'].upper()
d['tags'][1]['digest'] = None
d['tags'][1]['state'] = 'fine'
d['tags'][1]['type'] = 'zip'
del d['tags'][1]['size']
d['tags'][1]['size']['allocated_bytes'] = '5'
d['tags'] = {}
d['complete'] = None
d['schema'] = 'regsweep.audit/1'
"
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$work/healthy" >explain.yml
printf 'version: 0.1\nstorage: {s3: {bucket: images}}\n' >s3.yml
for store in s3.yml healthy managed proxy explain.yml; do
  run "explain $store" explain --json "$store"
  exits 0
  check "$what: fits the schema" valid explain
done
check "mutated explains do not fit" "$python" mutate.py "$schemas/explain.json" out "
d['schema'] = 'regsweep.explain/2'
d['more'] = 1
del d['config']['delete_enabled']
d['config']['upload_purging']['age_seconds'] = '168h'
d['config']['redis_addresses'] = None
d['store']['root'] = None
d['no_store'] = ''
d['managed_by'] = 'me'
d['environment']['applied'] = [5]
d['in_use']['processes'] = 'registry'
d['disk'] = {'size_bytes': 1}
d['lines'][0]['key'] = 'other'
d['lines'][0]['concern'] = 'fatal'
d['lines'][0]['value'] = 'a\\x1bb'
d['lines'] = []
del d['next']['why']
"
for view in "" "--depth 1 --top 1" "--tags --top 2" "--by type" "--by age" "--by push" "--by blob"; do
  # shellcheck disable=SC2086 # words of the view
  run "repos $view" repos --json $view demo
  exits 0
  check "$what: fits the schema" valid repos
done
"$regsweep" repos --json --top 2 demo >repos.json
check "mutated repos do not fit" "$python" mutate.py "$schemas/repos.json" repos.json "
del d['total']
d['by'] = 'colour'
d['rows'][0]['size'] = [5]
d['rows'][0]['size']['apparent_bytes'] = -1
d['columns'][1]['unit'] = 'miles'
d['columns'] = []
d['others'] = 5
d['complete'] = 1
"
# Retention, deletions and lists with what is untagged.
run "prune" prune --json --keep-last 1 --drop '*' demo
exits 0 4 5
check "$what: fits the schema" valid prune
cp out prune.json
check "mutated retention does not fit" "$python" mutate.py "$schemas/prune.json" prune.json "
del d['complete']
d['more'] = 1
d['dropped_tags'] = -1
d['frees']['blobs'] = 'many'
d['rules'][0]['verdict'] = 'perhaps'
d['rules'][0]['frees_alone'] = 5
d['tags'][0]['goes'] = None
del d['tags'][0]['digest']
"
run "delete" delete --json --sweep healthy team/app:latest
exits 0
check "$what: fits the schema" valid plan
run "delete with roots" delete --json --roots <(echo team/proxy) healthy team/app:latest
exits 0
check "$what: fits the schema" valid plan
tags "with history" 3 demo --history
holds "any(len(t['history']) > 1 for t in d['tags'])" \
  "all(any(h['digest'] == t['digest'] for h in t['history']) for t in d['tags'] if t['digest'] and t['history'])"
tags "with what is untagged" 3 demo --all
holds "len(d['untagged']) == 5"

# Explanations: of tags and repositories of a damaged store, of members and layers.
for ref in $(json "' '.join(sorted({t['repository'] + ':' + t['tag'] for t in d['tags']} |
    {t['repository'] for t in d['tags']}))" tags.json); do
  run "why $ref" why --json demo "$ref"
  exits 0 3
  check "$what: fits the schema" valid why
done
run "why of a member" why --json healthy \
  "team/proxy@$("$regsweep" tags healthy team/proxy | grep -o 'sha256:[0-9a-f]*' | head -n 1)"
exits 0
check "$what: fits the schema" valid why
run "why of a layer" why --json healthy \
  "$("$regsweep" repos --json --by blob --top 1 healthy | grep -o 'sha256:[0-9a-f]*' | head -n 1)"
exits 0
check "$what: fits the schema" valid why
holds "d['chain']['steps'][-1]['role'] == 'layer' and d['manifests']['count'] > 1"
cp out why.json
check "mutated explanations do not fit" "$python" mutate.py "$schemas/why.json" why.json "
del d['complete']
d['schema'] = 'regsweep.why/2'
d['more'] = 1
d['ref']['kind'] = 'blob'
d['ref']['digest'] = 'sha256:abc'
d['object']['state'] = 'gone'
d['object']['size'] = 5
d['object']['last_written'] = 'today'
d['standing'] = 'alive'
d['chain']['steps'] = []
d['chain']['steps'][0]['by'] = 'luck'
d['manifests'] = []
d['manifests']['items'][0]['role'] = 'part'
d['repositories']['items'][0]['revision'] = None
d['damage']['live'] = 0
d['deletion']['frees_by_gc']['blobs'] = -1
d['collectors'].pop()
d['collectors'][0]['registry'] = '4'
del d['collectors'][0]['loss']
"
# Verifies: one of a damaged store, one of a sample.
cp -a healthy rotten
blob=$(find rotten/docker/registry/v2/blobs -name data -printf '%s %p\n' | sort -rn | sed -n '3s/.* //p')
printf 'rotten rotten' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
run "verify a demo" verify --json demo
exits 3
check "$what: fits the schema" valid verify
run "verify a part" verify --json --sample 50% --shard 1/2 --newer-than 2000-01-01T00:00:00Z --repo team/app healthy
exits 0
check "$what: fits the schema" valid verify
run "verify a rotten store" verify --json rotten
exits 3
check "$what: fits the schema" valid verify
cp out verify.json
check "mutated verifies do not fit" "$python" mutate.py "$schemas/verify.json" verify.json "
d['damaged'][0]['fault'] = 'rotten'
d['damaged'][0]['concern'] = 'danger'
d['damaged'][0]['digest'] = 'sha256:abc'
d['damaged'][0]['actual'] = ''
del d['damaged'][0]['tags']
d['damaged'][0]['tags'][0]['platforms'] = None
d['damaged'][0]['repositories'] = 'team/app'
d['broken_tags'][0]['parts'][0]['image'] = None
d['selection']['shard'] = {'number': 0, 'of': 2}
d['selection']['sample_percent'] = 0
d['content']['read_bytes'] = 1.5
d['complete'] = 1
d['more'] = 1
"

# Plans: one with something of every class, one that says why no blob may go.
run "plan" plan --json --min-age 0s --untagged --links --temporary --stale-tags --empty --uploads 7d healthy
exits 0
check "$what: fits the schema" valid plan
cp out plan.json
check "mutated plans do not fit" "$python" mutate.py "$schemas/plan.json" plan.json "
d['removals'][0]['class'] = 'image'
d['removals'][0]['inode'] = -1
del d['removals'][0]['mtime_ns']
d['store']['fingerprint'] = 'abc'
d['totals']['blob']['objects'] = '1'
d['checksum'] = None
d['created'] = 'today'
d['more'] = 1
"
run "plan of a store that is not understood" plan --json demo
exits 5
check "$what: fits the schema" valid plan
holds "d['refusals'] and not any(r['class'] == 'blob' for r in d['removals'])"

# Repairs are plans with more in them.
run "repair" repair --json --drop-dangling --lost-found --from healthy demo
exits 0 3 4
check "$what: fits the schema" valid plan
holds "bool(d['additions']) and bool(d['removals'])"
cp out repair.json
check "mutated repairs do not fit" "$python" mutate.py "$schemas/plan.json" repair.json "
del d['additions']
del d['repair']
d['additions'][0]['class'] = 'blob'
d['additions'][0]['digest'] = 'sha256:abc'
del d['additions'][0]['source']
d['repair']['rules']['from'] = 'healthy'
del d['repair']['rules']['verify']
d['repair']['left'] = [{'path': 'x'}]
d['repair']['damage_remains'] = None
d['repair']['more'] = 1
"
cp -a healthy lost
for place in lost/docker/registry/v2/repositories/*/*/_manifests; do rm -rf "$place/revisions" "$place/tags"; done
run "repair with lost manifests" repair --json --lost-found lost
exits 0 3
check "$what: fits the schema" valid plan
holds "len(d['repair']['lost_manifests']) > 3" \
  "any(l['comes_back_as'] for l in d['repair']['lost_manifests'])"
cp -a healthy broken
for blob in $(find broken/docker -name data -size +1k | sort | sed -n 1,3p); do : >"$blob"; done
run "repair of what stays broken" repair --json broken
exits 3
check "$what: fits the schema" valid plan
holds "d['repair']['still_broken'] != []"

# What can come back: of a damaged store, of one with a past and a quarantine; and bringing it back.
for store in demo healthy; do
  run "recover $store" recover --json $store
  exits 0 4
  check "$what: fits the schema" valid recover
done
cp -a healthy deleted
run "a deletion" delete --apply --assume-offline deleted team/proxy:2.4
run "recover after a deletion" recover --json deleted
exits 0
check "$what: fits the schema" valid recover
holds "len(d['quarantine']) == 1" "any(r['tags'] for r in d['repositories'])" \
  "any(r['untagged'] for r in d['repositories'])"
cp out past.json
check "mutated pasts do not fit" "$python" mutate.py "$schemas/recover.json" past.json "
d['schema'] = 'regsweep.recover/2'
del d['complete']
d['more'] = 1
d['repositories'][0]['name'] = ''
next(r for r in d['repositories'] if r['tags'])['tags'][0]['state'] = 'gone'
next(r for r in d['repositories'] if r['tags'])['tags'][0]['before'] = None
next(r for r in d['repositories'] if r['untagged'])['untagged'][0]['digest'] = 'sha256:abc'
next(r for r in d['repositories'] if r['untagged'])['untagged'][0]['type'] = 'layer'
next(r for r in d['repositories'] if r['untagged'])['untagged'][0]['since'] = 'today'
next(r for r in d['repositories'] if r['untagged'])['untagged'][0]['size'] = 5
d['quarantine'][0]['objects'] = -1
d['quarantine'][0]['finished'] = 1
d['tags'] = []
"
target=$(json "next(r['name'] + ':' + t['tag'] + '@' + t['before'][0]['digest'] for r in d['repositories'] for t in r['tags'] if t['before'])" past.json)
for apply in "" "--apply --assume-offline"; do
  # shellcheck disable=SC2086
  run "recover a tag $apply" recover --json $apply deleted "$target"
  exits 0
  check "$what: fits the schema" valid recover
  [[ -n $apply ]] || cp out shown.json
done
holds "d['outcome']['end'] == 'done' and d['outcome']['quarantine_run'] is not None"
check "mutated recoveries do not fit" "$python" mutate.py "$schemas/recover.json" out "
d['outcome'] = 'done'
d['outcome']['end'] = 'good'
d['outcome']['added'] = None
d['tags'][0]['whole'] = None
d['tags'][0]['lacks'] = [{'digest': 'sha256:abc'}]
d['tags'][0]['new'] = 'no'
d['steps'][0]['class'] = 'blob'
d['steps'][0]['do'] = 'delete'
del d['steps'][0]['path']
d['repositories'] = []
"

# Diffs of audits made above: with something of every kind, of the same, and of an incomplete one.
run "diff" diff --json --top 1 empty.json demo--exact.json
exits 0
check "$what: fits the schema" valid diff
holds "d['notes'] != [] and d['findings'] != [] and d['other_repositories'] is not None"
cp out diff.json
run "diff of the same" diff --json demo.json demo.json
exits 0
check "$what: fits the schema" valid diff
run "diff with an incomplete audit" diff --json demo.json unreadable.json
exits 4
check "$what: fits the schema" valid diff
holds "not d['complete']"
check "mutated diffs do not fit" "$python" mutate.py "$schemas/diff.json" diff.json "
d['schema'] = 'regsweep.diff/2'
d['more'] = 1
del d['complete']
d['old']['exact'] = 1
d['notes'][0]['code'] = 'other'
d['space'].pop()
d['space'].reverse()
d['space'][0]['bytes']['old']['apparent_bytes'] = -1
d['total']['objects']['change'] = 1.5
d['repositories'][0]['state'] = 'same'
d['repositories'][0]['name'] = 'a\\x1bb'
del d['repositories'][0]['size']['change']
d['repositories'][0]['tags'] = 5
d['other_repositories']['size'] = d['repositories'][0]['size']
d['other_repositories']['repositories'] = 0
d['findings'][0]['concern'] = 'fatal'
del d['all_repositories']['not_exclusive']
"

same_codes() { # the enum of codes is the table of words
  diff <(tr '\n' ' ' <"$source_dir/reports/finding_text.cpp" |
    grep -oP 'Words\{\s*FindingCode::k\w+,\s*"\K[^"]+' | sort) \
    <(json "'\n'.join(d['\$defs']['finding']['properties']['code']['enum'])" "$schemas/audit.json" | sort)
}
check "codes in docs/schemas/audit.json are those of reports/finding_text.cpp" same_codes
end
