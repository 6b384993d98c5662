#!/usr/bin/env bash
# schema_apply.sh REGSWEEP: what the commands that change a store print as JSON is what docs/schemas
# promises.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
source "$source_dir/tests/cli/schemas.bash"

demo_store --healthy healthy
demo_store demo
fresh() {
  rm -rf store
  cp -a "${1:-healthy}" store
}
all="--apply --json --assume-offline --max-delete 100%"

# applied WHAT ARGUMENT…: an apply that ends well
applied() {
  run "$@"
  exits 0
  check "$what: fits the schema" valid apply
  holds "d['end'] == 'done' and d['total_objects'] > 0"
}

for options in "" "--no-quarantine" "--untagged --links --temporary --stale-tags --empty --uploads 7d --min-age 0s"; do
  fresh
  # shellcheck disable=SC2086
  applied "gc --apply $options" gc $all $options store
done
holds "d['quarantine_run'] is not None" "sum(r['objects'] for r in d['removed'].values()) == d['total_objects']" \
  "sum(r['allocated_bytes'] for r in d['removed'].values()) == d['total_bytes']['allocated_bytes']"
cp out applied.json
check "mutated applies do not fit" "$python" mutate.py "$schemas/apply.json" applied.json "
d['schema'] = 'regsweep.apply/2'
d['end'] = 'good'
d['reason'] = None
d['reason'] = 'a\\x1bb'
del d['removed']['blob']
d['removed']['image'] = d['removed']['blob']
d['removed']['blob']['objects'] = -1
d['total_bytes'] = 5
del d['promised_bytes']
d['quarantine_run'] = ''
d['disk_free_after_bytes'] = None
d['added'] = {}
d['more'] = 1
"
run "undo --list" undo --list --json store
exits 0
check "$what: fits the schema" valid quarantine-runs
holds "len(d['runs']) == 1"
check "mutated lists do not fit" "$python" mutate.py "$schemas/quarantine-runs.json" out "
d['schema'] = 'regsweep.quarantine/1'
d['runs'] = None
d['runs'][0]['run'] = ''
d['runs'][0]['started'] = 'today'
d['runs'][0]['objects'] = 1.5
d['runs'][0]['finished'] = None
del d['runs'][0]['problem']
d['more'] = 1
"
run "undo" undo --json --assume-offline store
exits 0
check "$what: fits the schema" valid quarantine
holds "d['did'] == 'brought back' and d['objects'] > 0"
check "mutated undos do not fit" "$python" mutate.py "$schemas/quarantine.json" out "
d['schema'] = 'regsweep.quarantine-runs/1'
d['did'] = 'undone'
d['objects'] = -1
del d['allocated_bytes']
d['skipped'] = ''
d['skipped'] = [1]
d['more'] = 1
"
run "purge --list of nothing" purge --list --json store
check "$what: fits the schema" valid quarantine-runs
run "purge of nothing" purge --json store
exits 0
check "$what: fits the schema" valid quarantine

fresh
# shellcheck disable=SC2086
applied "delete --apply" delete $all store team/app:1.0
run "purge" purge --json store
exits 0
check "$what: fits the schema" valid quarantine
holds "d['did'] == 'freed' and d['objects'] > 0"
fresh
# shellcheck disable=SC2086
applied "prune --apply" prune $all --keep-last 1 store
fresh
run "a plan" plan -q -o plan.json store
applied "apply of a plan" apply --json --assume-offline --max-delete 100% plan.json
fresh
run "an apply of nothing" gc --apply --json --assume-offline --min-age 2000w store
exits 0
check "$what: fits the schema" valid apply

fresh demo
run "repair --apply" repair --apply --json --assume-offline --drop-dangling --lost-found --from healthy store
exits 0 3 4
check "$what: fits the schema" valid apply
holds "'added' in d and sum(d['added'].values()) > 0" "d['total_objects'] > 0"
check "mutated repairs do not fit" "$python" mutate.py "$schemas/apply.json" out "
del d['added']
d['added']['blob-data'] = -1
d['added']['blob'] = 1
del d['repair']
d['repair']['rules'] = {}
d['repair']['damage_remains'] = None
d['promised_bytes'] = d['total_bytes']
d['more'] = 1
"
fresh demo
run "a repair's plan" repair --json -o repair.json --drop-dangling --from healthy store
run "apply of a repair's plan" apply --json --assume-offline repair.json
exits 0 3 4
check "$what: fits the schema" valid apply
holds "'repair' in d"
end
