#!/usr/bin/env bash
# recover.sh REGSWEEP: what tags meant before and images without a tag are listed; a tag is made to mean
# one of them again, and undo restores the store to the byte and the nanosecond. Every exit status but
# those of a full disk.
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"

small_store healthy
v2=docker/registry/v2
offline=(--assume-offline)
fresh() { rm -rf -- store && cp -a healthy store && fingerprint store >print; }
means() { # TAG: what it means in store/
  cat "store/$v2/repositories/${1%:*}/_manifests/tags/${1##*:}/current/link"
}
digests_of() { # PYTHON: digests of the first list that it names
  json "' '.join(c['digest'] for c in $1)"
}

# --- the list --------------------------------------------------------------------------------------

fresh
run "list" recover store
exits 0
quiet
clean
shows "team/app"
shows "(no tag)"
shows "regsweep recover $work/store team/app:"
unchanged "$what" print store
run "list as JSON" recover --json store
exits 0
holds "d['complete'] and d['schema'] == 'regsweep.recover/1' and d['quarantine'] == []"
cp out first
run "list, one thread" recover --json --jobs 1 store
check "$what: the same" cmp first out
run "list to a file" recover --json -o list.json store
exits 0
silent
check "$what: the same" cmp first list.json
cp first out
repo=$(json "next(r['name'] for r in d['repositories'] if any(t['before'] for t in r['tags']))")
tag=$(json "next(t['tag'] for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['before'])")
read -r old rest < <(digests_of "next(t for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['tag'] == '$tag')['before']")
now=$(means "$repo:$tag")
untagged_repo=$(json "next(r['name'] for r in d['repositories'] if r['untagged'])")
read -r lost _ < <(digests_of "next(r for r in d['repositories'] if r['name'] == '$untagged_repo')['untagged']")
check "the store has a past" test -n "$old" -a -n "$lost" -a "$old" != "$now"
run "one repository" recover --json store "$repo"
exits 0
holds "[r['name'] for r in d['repositories']] == ['$repo']"
run "a pattern" recover --json store "${repo%%/*}/*"
exits 0
holds "'$repo' in [r['name'] for r in d['repositories']]"
run "one tag" recover --json store "$repo:$tag"
exits 0
holds "[[t['tag'] for t in r['tags']] for r in d['repositories']] == [['$tag']]" \
  "d['repositories'][0]['untagged'] == []"
run "no such repository" recover store "${repo}x"
exits 2
says "did you mean $repo?"
silent
run "an empty pattern" recover store ""
exits 2
run "no store" recover nowhere
exits 2
run "help" recover --help
exits 0
shows "Exit status"

# --- back and forth --------------------------------------------------------------------------------

# recovers TAG DIGEST MEANING: shows, applies, looks, and takes back.
recovers() {
  run "show $1@$2" recover store "$1@$2"
  exits 0
  quiet
  clean
  shows "would mean $3"
  shows "nothing was changed"
  unchanged "$what" print store
  run "apply $1@$2" recover --apply "${offline[@]}" store "$1@$2"
  exits 0
  clean
  shows "means $3"
  shows "regsweep undo $work/store"
  check "$what: the tag means it" test "$(means "$1")" = "$3"
  run "$1: is whole" tags --json store
  holds "any(t['repository'] + ':' + t['tag'] == '$1' and t['digest'] == '$3' and t['state'] == 'ok' for t in d['tags'])"
  run "$1: nothing is left to repair" repair --json store
  exits 0
  holds "d['additions'] == [] and d['removals'] == []"
  run "$1: again" recover --apply "${offline[@]}" store "$1@$2"
  exits 0
  shows "means already"
  run "$1: list" recover --json store
  exits 0
  holds "len(d['quarantine']) == 1 and d['quarantine'][0]['finished']"
  cp out listed
  run "undo $1" undo "${offline[@]}" store
  exits 0
  unchanged "$what" print store
  cp listed out
}
recovers "$repo:$tag" "$old" "$old"
holds "'$now' in [c['digest'] for r in d['repositories'] if r['name'] == '$repo' for t in r['tags'] if t['tag'] == '$tag' for c in t['before']]"
recovers "$repo:$tag" "${old:0:19}" "$old"
recovers "$repo:$tag" "${old:7:12}" "$old"
recovers "$untagged_repo:found" "$lost" "$lost"

# What a registry's DELETE leaves: of the manifest an empty directory, of its tag nothing.
for other in "store/$v2/repositories/$repo/_manifests/tags/"*; do
  [[ $(cat "$other/current/link") != "$now" ]] || rm -r "$other"
done
rm "store/$v2/repositories/$repo/_manifests/revisions/sha256/${now#sha256:}/link"
fingerprint store >print
run "list what was deleted" recover --json store "$repo"
exits 0
holds "[c['revision'] for r in d['repositories'] for c in r['untagged'] if c['digest'] == '$now'] == [False]"
recovers "$repo:$tag" "$now" "$now"

# Links that are missing come, too.
fresh
rm -r "store/$v2/repositories/$repo/_manifests/revisions/sha256/${old#sha256:}"
layer=$(jq -r '.layers[-1].digest' "store/$v2/blobs/sha256/${old:7:2}/${old#sha256:}/data")
rm -r "store/$v2/repositories/$repo/_layers/sha256/${layer#sha256:}"
fingerprint store >print
recovers "$repo:$tag" "$old" "$old"

# A half deleted tag.
fresh
rm "store/$v2/repositories/$repo/_manifests/tags/$tag/current/link"
fingerprint store >print
run "list a half deleted tag" recover store
exits 0
shows "half deleted"
recovers "$repo:$tag" "$old" "$old"

# Several at once, as JSON.
fresh
run "several" recover --apply --json "${offline[@]}" store "$repo:$tag@$old" "$untagged_repo:x@$lost" "$untagged_repo:y@$lost"
exits 0
holds "d['outcome']['end'] == 'done' and len(d['tags']) == 3" "[t['new'] for t in d['tags']] == [False, True, True]" \
  "d['outcome']['added'] == len([s for s in d['steps'] if s['do'] == 'add'])"
check "$what: both are there" test "$(means "$untagged_repo:x")$(means "$untagged_repo:y")" = "$lost$lost"
run "undo several" undo "${offline[@]}" store
exits 0
unchanged "$what" print store

# A deletion by regsweep is named with its undo.
run "delete" delete --apply "${offline[@]}" store "$repo:$tag"
exits 0
run "list with a quarantine" recover store
exits 0
shows "IN QUARANTINE"
shows "regsweep undo $work/store 2"
run "undo" undo "${offline[@]}" store
exits 0

# --- what forbids it -------------------------------------------------------------------------------

# refused TAG@DIGEST STATUS TEXT
refused() {
  fingerprint store >print
  for options in "" "--apply --assume-offline"; do
    # shellcheck disable=SC2086
    run "$4 $options" recover $options store "$1"
    exits "$2"
    says "$3"
    unchanged "$what" print store
    clean
  done
}
fresh
rm -r "store/$v2/blobs/sha256/${layer:7:2}/${layer#sha256:}"
refused "$repo:$tag@$old" 5 "would not be whole: layer $layer is not there" "a missing layer"
run "and listed so" recover store "$repo"
exits 0
shows "incomplete: layer $layer is not there"
fresh
printf x | dd of="store/$v2/blobs/sha256/${layer:7:2}/${layer#sha256:}/data" bs=1 seek=3 conv=notrunc status=none
refused "$repo:$tag@$old" 5 "would not be whole: blob $layer" "a flipped byte"
fresh
refused "$repo:$tag@$layer" 5 "is no manifest" "a layer"
refused "$repo:$tag@sha256:$(printf %064d 0)" 2 "nothing in the store has or names such a digest" "an unknown digest"
refused "${repo}x:$tag@$old" 2 "did you mean $repo?" "an unknown repository"
refused "$repo@$old" 2 "want REPOSITORY:TAG@DIGEST" "no tag"
refused "$repo:-x@$old" 2 "no registry accepts a tag of this name" "a bad tag"
refused "$repo:$tag@sha256:ab" 2 "with at least 4 digits" "too few digits"
for i in 1 2; do
  entry=store/$v2/repositories/$repo/_manifests/tags/$tag/index/sha256/abcdef$(printf %058d $i)
  mkdir "$entry"
  printf 'sha256:%s' "${entry##*/}" >"$entry/link"
done
refused "$repo:$tag@abcdef" 2 "2 digests begin so" "an ambiguous digest"
refused "$repo:$tag@abcdef$(printf %058d 1)" 5 "is not there" "a manifest that is gone"
fresh
run "two meanings" recover store "$repo:$tag@$old" "$repo:$tag@$now"
exits 2
says "another digest, too"
run "--apply without a name" recover --apply store
exits 2
says "REPOSITORY:TAG@DIGEST"
run "--apply with a repository" recover --apply store "$repo"
exits 2
run "lists and recovers" recover store "$repo" "$repo:$tag@$old"
exits 2
unchanged "refusals" print store

exec 9<"store/$v2/blobs/sha256/${layer:7:2}/${layer#sha256:}/data"
run "beside a process that has a file open" recover --apply store "$repo:$tag@$old"
says "is open"
exits 5
exec 9<&-
unchanged "$what" print store
exec 9<"store/$v2"
flock 9
run "beside another regsweep" recover --apply "${offline[@]}" store "$repo:$tag@$old"
exits 5
run "list beside another regsweep" recover store
exits 0
says "what is in quarantine is not shown"
exec 9<&-
unchanged "$what" print store
mkdir -p store/docker/registry/lockfiles
: >store/docker/registry/lockfiles/database-in-use
refused "$repo:$tag@$old" 5 "a database owns this store" "a database's store"
fresh
mv "store/$v2/repositories/$repo/_layers" away
ln -s /tmp "store/$v2/repositories/$repo/_layers"
refused "$repo:$tag@$old" 4 "could not be read whole" "an unreadable repository"

# Hostile names are shown so that no terminal acts on them.
fresh
mv "store/$v2/repositories/$repo/_manifests/tags/$tag" \
  "store/$v2/repositories/$repo/_manifests/tags/"$'evil\e[31m\n\xff'
for options in "" -v --json; do
  # shellcheck disable=SC2086
  run "hostile names $options" recover $options store
  exits 0
  [[ $options == --json ]] || clean
done
end
