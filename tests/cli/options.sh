#!/usr/bin/env bash
# options.sh REGSWEEP: what goes with what: options that would do nothing are refused, files are written
# beside the store and never into it, and advice is given where there is something to do.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store --healthy healthy
v2=healthy/docker/registry/v2
files() { (cd "$1/docker" && find . -printf '%p %s %T@\n' | sort); }
files healthy >before
same() { check "$what: the store is as it was" diff before <(files healthy); }

# ---- runs in quarantine --------------------------------------------------------------------------
cp -a healthy store
run "an apply" gc --apply --assume-offline --max-delete 100% store
exits 0
run "the run" undo --list --json store
id=$(json "d['runs'][0]['run']")
still() {
  check "$what: the run is there" grep -qF "$id" <("$regsweep" undo --list store)
}
for command in undo purge; do
  run "$command a run and --all" "$command" --all store "$id"
  exits 2
  says "--all"
  still
  run "$command of an empty name" "$command" store ""
  exits 2
  says "RUN is empty"
  still
done
run "purge a run by name and by age" purge --older-than 7d store "$id"
exits 2
says "--older-than"
still
run "purge of none that old" purge --older-than 7d store
exits 0
shows "no run in quarantine is that old"
shows "regsweep purge --list $work/store"
refuse "$what: the quarantine is not called empty" grep -q "nothing is in quarantine" out
still
run "purge of none that old, as JSON" purge --older-than 7d --json store
exits 0
holds "d['objects'] == 0"
still
run "a list of none that old" purge --list --older-than 7d store
exits 0
shows "no run in quarantine is that old"
run "the same as JSON" purge --list --older-than 7d --json store
holds "d['runs'] == []"
run "a list of those that old" purge --list --older-than 0s --json store
holds "len(d['runs']) == 1"
run "a list of one" purge --list store "$id"
exits 0
shows "$id"
run "a list of an unknown one" purge --list store nonsense
exits 2
run "purge of those that old" purge --older-than 0s store
exits 0
run "purge of nothing" purge --older-than 0s store
shows "nothing is in quarantine"

# ---- gc --semantics ------------------------------------------------------------------------------
for option in --json "-o x" --links "--uploads 7d" --temporary --stale-tags --empty "--min-age 1h" "--free 1G" \
  "--ignore-damaged a" "--max-delete 5%" --no-quarantine --assume-offline "--color never" --bytes --apparent -v \
  "--roots x"; do
  # shellcheck disable=SC2086
  run "gc --semantics with $option" gc --semantics registry-3 $option healthy
  exits 2
  silent
  says "goes without --semantics"
done
run "gc --semantics" gc --semantics registry-3 --untagged --jobs 2 -q healthy
exits 0
run "gc --help" gc --help
shows "the registry's own"
same

# ---- what was refused before is no reason to stop --------------------------------------------------
cp -a healthy refused
ln -s elsewhere refused/docker/registry/v2/repositories/mirror
mkdir refused/docker/registry/v2/blobs/sha256/00
for round in first second; do
  run "the $round sweep of clutter beside a symbolic link" gc --apply --assume-offline --empty refused
  exits 5
done
rm -rf refused
cp -a healthy young
rm -r young/docker/registry/v2/repositories/team/app
run "a sweep of what is young" gc --apply --assume-offline --json --max-delete 100% --min-age 20000d young
exits 0
holds "d['removed']['blob']['objects'] == 0 and d['held_back']['objects'] > 0"
run "the same in text" gc --apply --assume-offline --max-delete 100% --min-age 20000d young
exits 0
shows "held back: "
rm -rf young

# ---- garbage-collect -m --------------------------------------------------------------------------
cp -a healthy untagged
find untagged -path '*/tags/*' -delete
run "-m of a store without tags" garbage-collect -m untagged
exits 1
says "no repository has a tag"
check "$what: the blobs are there" diff <(cd healthy && find . -name data | sort) <(cd untagged && find . -name data | sort)
cat >harbor.yml <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/healthy}}
auth: {htpasswd: {realm: harbor-registry-basic-realm, path: /etc/registry/passwd}}
END
run "-m of Harbor's storage" garbage-collect -m harbor.yml
exits 1
says "Harbor keeps tags in a database"
same
rm -rf untagged

# ---- files in the store --------------------------------------------------------------------------
ln -s "$v2" linked
mkdir healthy/.regsweep-quarantine
files healthy >before
for place in "$v2/x" "$v2/repositories/x" linked/x healthy/../healthy/docker/registry/v2/none/x \
  healthy/.regsweep-quarantine/x; do
  for command in "audit" "audit --json" "tags" "repos" "why" "verify" "plan" "gc" "repair" "delete" "prune --keep-last 1" \
    "recover" "explain"; do
    ref=()
    [[ $command != why && $command != delete ]] || ref=(team/app:1.0)
    # shellcheck disable=SC2086
    run "$command -o $place" $command -o "$place" healthy "${ref[@]}"
    exits 5
    silent
    says "$place lies in the store: nothing is written there; name another place with -o"
  done
  run "a page at $place" audit --html "$place" healthy
  exits 5
  silent
  says "name another place with --html"
done
# A directory may lead into the store by its files.
mkdir tables
victim=$(find "$PWD/$v2/blobs" -name data | sort | sed -n 1p)
for format in csv ndjson; do
  ln -sf "$victim" "tables/tags.$format"
  run "export of a table into the store" export --format "$format" -o tables healthy
  exits 5
  says "tables/tags.$format lies in the store"
  check "$what: nothing is written" test "$(ls tables | wc -l)" -eq "$([[ $format = csv ]] && echo 1 || echo 2)"
done
same
rmdir healthy/.regsweep-quarantine
for command in audit "gc --apply --assume-offline" "export --format csv"; do
  # shellcheck disable=SC2086
  run "$command -o of what would be the quarantine" $command -o healthy/.regsweep-quarantine healthy
  exits 5
  check "$what: nothing is there" test ! -e healthy/.regsweep-quarantine
done
mkdir healthy/.regsweep-quarantine
files healthy >before
# A store is not changed for results that cannot be written: -o may even have taken STORE for its value.
for output in none/out . healthy; do
  for command in gc delete repair; do
    ref=()
    [[ $command != delete ]] || ref=(team/app:1.0)
    run "$command --apply -o $output" $command --apply --assume-offline -o $output healthy "${ref[@]}"
    exits 2
    silent
    says "$output: cannot write"
    says "nothing was done"
  done
done
run "a value behind -o=" gc --apply --assume-offline -o=x healthy
exits 2
says "-o=x: a short option's value stands behind it"
check "$what: no such file" test ! -e "=x"
run "a format that is none" audit --format csv healthy
exits 2
says "--format: is none of json, prometheus, text"
run "a view that is none" repos --by x healthy
says "--by: is none of age, blob, push, repository, tag, type"
same
run "beside docker/registry/v2" audit --json -o healthy/audit.json healthy
exits 0
mv healthy/audit.json beside.json

# ---- files that are read are not written -----------------------------------------------------------
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$PWD/healthy" >config.yml
run "a report" verify --json -o one.json healthy
run "another" audit --json -o audit.json healthy
echo team/app:1.0 >names
echo 'policies: [{keep-last: 1}]' >policy.yml
mkdir kept
cp config.yml one.json audit.json names policy.yml kept
while read -r file option command; do
  for output in "$file" ./kept/../"$file" link; do
    ln -sf "$file" link
    run "$command -o $output" $command -o "$output"
    exits 2
    silent
    says "$output is read as $option: name another file to write to with -o"
    check "$what: $file is as it was" cmp "$file" "kept/$file"
  done
done <<'END'
config.yml STORE audit --json config.yml
config.yml STORE plan config.yml
config.yml STORE explain config.yml
names --roots plan --roots names healthy
names --roots audit --roots names healthy
names --from delete --from names healthy
names --known audit --known names healthy
one.json --damaged repair --damaged one.json healthy
one.json --merge verify --merge one.json
policy.yml --policy prune --policy policy.yml healthy
audit.json OLD diff audit.json kept/audit.json
audit.json NEW diff kept/audit.json audit.json
END
run "a page over an audit that is read" diff --html audit.json kept/audit.json audit.json
exits 2
says "with --html"
ln -sf config.yml link
run "a page over the config" audit --html link config.yml
exits 2
check "$what: it is as it was" cmp config.yml kept/config.yml
run "a terminal, or nothing, may be read and written" audit --known /dev/null -o /dev/null healthy
exits 0 2
refuse "$what: it is no file" grep -q "is read as" err

# ---- formats -------------------------------------------------------------------------------------
for command in "audit healthy" "tags healthy" "repos healthy" "diff audit.json audit.json"; do
  # shellcheck disable=SC2086
  run "$command --json --format text" $command --json --format text
  exits 2
  silent
  says "--format"
done
for option in --all --history; do
  run "tags --format csv $option" tags --format csv "$option" healthy
  exits 2
  silent
  says "$option"
  says "--json"
done

# ---- sizes ---------------------------------------------------------------------------------------
run "audit --bytes" audit --bytes healthy
refuse "$what: no size is rounded" grep -qE '[0-9] [KMGT]iB' out
cp -a healthy swept
run "gc --apply --bytes" gc --apply --assume-offline --max-delete 100% --bytes swept
exits 0
refuse "$what: no size is rounded" grep -qE '[0-9] [KMGT]iB' out
shows "promised "
run "gc, younger than 90 minutes" gc --min-age 90m healthy
shows "younger than 90 min"

# ---- advice only where there is something to do --------------------------------------------------
mkdir -p empty/docker/registry/v2/{blobs,repositories}
for command in gc plan "plan -o none.json" repair; do
  # shellcheck disable=SC2086
  run "$command of an empty store" $command empty
  refuse "$what: nothing is to be carried out" grep -qE 'carry it out|--apply|regsweep apply' out
done
run "delete of a tag" delete healthy team/app:1.0
shows "add --apply"
run "prune of nothing" prune --keep-last 1000 healthy
shows "nothing was changed"
refuse "$what: nothing is to be carried out" grep -q 'add --apply' out
run "a plan that is not written" plan healthy
shows "add -o plan.json, and then: regsweep apply plan.json"
for command in tags repos; do
  run "$command of an unknown repository" $command healthy nowhere
  exits 2
  says "regsweep $command $work/healthy"
done

# ---- verify --------------------------------------------------------------------------------------
run "a report" verify --json -o one.json healthy
exits 0
for option in healthy "--repo team/app" "--sample 5%" "--seed 1" "--shard 1/2" "--newer-than 7d" "--max-age 7d" \
  "--max-duration 1h" "--rate-limit 1M" "--cache x"; do
  # shellcheck disable=SC2086
  run "verify $option --merge" verify $option --merge one.json
  exits 2
  silent
done
python3 -c 'import json; d = json.load(open("one.json")); del d["store"]; json.dump(d, open("less.json", "w"))'
for json in "" --json; do
  # shellcheck disable=SC2086
  run "verify --merge $json of half a report" verify $json --merge less.json
  exits 2
  silent
  says "less.json"
  says "store is missing"
done
run "unknown repositories" verify --repo nowhere --repo team/app --repo elsewhere healthy
exits 2
says "no repository nowhere"
says "no repository elsewhere"
says "regsweep repos $work/healthy"

cp -a healthy partly # a symbolic link where a directory must be: root can't read it either
mv partly/docker/registry/v2/repositories/library/debian/_manifests/tags elsewhere
ln -s "$work/elsewhere" partly/docker/registry/v2/repositories/library/debian/_manifests/tags
run "an unknown repository, it may be unread" verify --repo nowhere partly
exits 4
says "no repository nowhere in what of the store could be read"
shows "INCOMPLETE"

# ---- files that are read -------------------------------------------------------------------------
for command in "apply" "verify --merge" "repair healthy --damaged" "diff audit.json" "audit healthy --known"; do
  for file in "partly is a directory" "nowhere.json does not exist"; do
    # shellcheck disable=SC2086
    run "$command $file" $command "${file%% *}"
    exits 2
    silent
    says "${file%% *}: ${file#* }"
  done
done
: >nothing
run "an empty plan" apply nothing
exits 5
says "nothing: refused"
run "an empty report" verify --merge nothing
exits 2
says "nothing: is no report"

# ---- exit statuses in the help -------------------------------------------------------------------
for wanted in "gc:1 more than --max-delete" "apply:1 more than --max-delete" "apply:4 something could not be read" \
  "tags:130 interrupted" "delete:130 interrupted" "prune:130 interrupted" "plan:130 interrupted" "undo:130 interrupted" \
  "purge:130 interrupted" "plan:the output would lie in the store" "gc:4 something could not be read." \
  "repos:Of no effect"; do
  run "${wanted%%:*} --help" "${wanted%%:*}" --help
  shows "${wanted#*:}"
done

for command in delete recover undo purge garbage-collect; do
  run "$command --help" $command --help
  shows "The registry's root directory"
  refuse "$what: there is no default" grep -q "(default: /etc" out
done
run "audit --help" audit --help
shows "(default: /etc"

# ---- results that cannot be written: after a change nobody is to take the store for untouched ----------
if [[ -w /dev/full ]]; then
  full() { # WANTED SAYS ARGUMENT…
    what="${*:3} >/dev/full" rc=0
    timeout 60 "$regsweep" "${@:3}" >/dev/full 2>err </dev/null || rc=$?
    exits "$1"
    says "$2"
  }
  cp -a healthy changed
  full 2 "the results are cut off" gc changed
  full 7 "the store was changed" gc --apply --assume-offline --max-delete 100% --min-age 0s changed
  run "what went" undo --list --json changed
  holds "len(d['runs']) == 1"
  full 2 "cannot write" undo --list changed
  full 7 "the store was changed" undo --assume-offline changed
  what=undone
  check "$what: the store is as it was" diff before <(files changed)
  full 7 "the store was changed" delete --apply --assume-offline --json changed team/app:1.0
  full 1 "cannot write" garbage-collect changed
fi

# ---- what is typed reaches no terminal -----------------------------------------------------------
for argument in $'--\e[31m' $'\e[31m' $'--jobs=\e[31m'; do
  run "odd arguments" audit "$argument" "$argument"
  exits 2
  clean
done
end
