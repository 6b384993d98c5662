#!/usr/bin/env bash
# unreadable.sh REGSWEEP: what a user without rights may not read. Exit 4, complete is false, the
# finding names the place and why, and everything else is still reported. What sweeps make of it is in
# ../sweep/refusals.sh.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"
((EUID == 0)) || skip "must be root to become another user"
need setpriv

nobody=65534
as_nobody() { setpriv --reuid=$nobody --regid=$nobody --clear-groups -- "$@"; }
chmod 755 "$work"
install -m 755 "$regsweep" program # a build directory is seldom open to others
as_nobody test -x "$work/program" || skip "user $nobody cannot reach $work"
as_nobody "$work/program" --version >/dev/null || skip "user $nobody cannot run the program"

run_as_nobody() { # WHAT ARGUMENT…
  what=$1
  shift
  rc=0
  as_nobody timeout -k 5 60 "$work/program" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  no_crash
  clean
}

demo_store --healthy store
v2=$work/store/docker/registry/v2
repositories=$v2/repositories
run_as_nobody "readable by all" audit --json store
exits 0
cp out all.json
all_tags=$(json "d['store']['tags']" all.json)
debian=$(cat "$repositories/library/debian/_manifests/tags/12/current/link")
hex=${debian#sha256:}
manifest=$v2/blobs/sha256/${hex:0:2}/$hex
layer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"])' \
  "$manifest/data")
layer_hex=${layer#sha256:}

# Who uses the store can be seen in part only.
cp -a store theirs
chown -R $nobody theirs
run_as_nobody "a sweep by another user" gc --apply -q --max-delete 100% --min-age 0s "$work/theirs"
exits 0
says "other users' processes could not be looked at"
run_as_nobody "undo by another user" undo "$work/theirs"
exits 0
says "other users' processes could not be looked at"
run "a sweep by root" gc --apply -q --max-delete 100% --min-age 0s theirs
exits 0
quiet

# closed WHAT PATH SUBJECT TAGS [FACT]: with PATH (below v2) closed, the finding names SUBJECT, TAGS
# tags are still reported, and FACT holds of the audit.
closed() {
  local title=$1 path=$v2/$2 subject=$3 tags=$4 fact=${5:-True} mode exact
  mode=$(stat -c %a "$path")
  chmod 000 "$path"
  for exact in "" --exact; do
    # shellcheck disable=SC2086
    run_as_nobody "audit $exact, $title" audit --json $exact "$work/store"
    exits 4
    says "incomplete"
    holds "d['complete'] is False and d['findings'][0]['concern'] == 'danger'" \
      "any('$subject' in s for s in codes['unreadable'][0]['subjects'])" \
      "any('$subject' in s and 'ermission denied' in s for s in codes['unreadable'][0]['subjects'])" \
      "'audit' in codes['unreadable'][0]['next'] and 'root' in codes['unreadable'][0]['next']" \
      "d['store']['tags'] == $tags" \
      "$fact" \
      "'store-changed' not in codes"
  done
  run_as_nobody "audit in text, $title" audit "$work/store"
  exits 4
  shows "INCOMPLETE"
  shows "$subject"
  run_as_nobody "tags, $title" tags --json "$work/store"
  exits 4
  says "incomplete"
  holds "d['complete'] is False and len([t for t in d['tags'] if t['digest']]) == $tags"
  run_as_nobody "quiet tags, $title" tags -q "$work/store"
  exits 4
  quiet
  run_as_nobody "garbage-collect, $title" garbage-collect --dry-run "$work/store"
  exits 1 4
  says "${2%/link}"
  chmod "$mode" "$path"
}

shard=blobs/sha256/${layer_hex:0:2}
# Whether that blob is there is unknown: it must not be called missing.
holds_missing="all('$layer' not in s for f in d['findings'] if f['code'] in ('missing-blob', 'broken-tag', 'dangling-layer-link') for s in f['subjects'])"
closed "blob prefix" "$shard" "$shard" "$all_tags" "d['store']['blobs'] < 61 and $holds_missing"
closed "blob directory" "blobs/sha256/${layer_hex:0:2}/$layer_hex" "$layer_hex" "$all_tags" \
  "$holds_missing"
closed "blobs" blobs blobs "$all_tags" "'missing-blob' not in codes"
closed "blobs/sha256" blobs/sha256 blobs/sha256 "$all_tags" "'missing-blob' not in codes"
closed "manifest" "blobs/sha256/${hex:0:2}/$hex/data" "$hex" "$all_tags" \
  "'not-understood' not in codes and d['store']['blobs'] == 61"
closed "repositories" repositories repositories 0 "d['store']['blobs'] == 61"
closed "namespace" repositories/team repositories/team 3 "d['store']['blobs'] == 61"
closed "repository" repositories/library/debian repositories/library/debian $((all_tags - 2))
closed "manifests of a repository" repositories/library/debian/_manifests \
  repositories/library/debian/_manifests $((all_tags - 2))
closed "revisions" repositories/library/debian/_manifests/revisions \
  repositories/library/debian/_manifests/revisions "$all_tags"
closed "revisions of an algorithm" repositories/library/debian/_manifests/revisions/sha256 \
  repositories/library/debian/_manifests/revisions/sha256 "$all_tags"
closed "tags directory" repositories/library/debian/_manifests/tags \
  repositories/library/debian/_manifests/tags $((all_tags - 2))
closed "a tag" repositories/library/debian/_manifests/tags/12 \
  repositories/library/debian/_manifests/tags/12 "$((all_tags - 1))"
closed "layers" repositories/library/debian/_layers repositories/library/debian/_layers "$all_tags"
closed "uploads" repositories/team/app/_uploads repositories/team/app/_uploads "$all_tags"

# A link of which only the content is closed. Its tag is listed still, but in no known state.
link=repositories/library/debian/_manifests/revisions/sha256/$hex/link
closed "revision link" "$link" "${link%/link}" "$all_tags" \
  "'damaged-revision-link' not in codes and d['store']['revisions'] == $(json "d['store']['revisions']" all.json)"
chmod 000 "$repositories/library/debian/_manifests/tags/12/current/link"
run_as_nobody "tag link" audit --json store
exits 4
holds "any('library/debian/_manifests/tags/12' in s for s in codes['unreadable'][0]['subjects'])"
holds "'damaged-tag-link' not in codes" # unreadable, not damaged
run_as_nobody "tag link, tags" tags --json store
exits 4
holds "[t['state'] for t in d['tags'] if t['tag'] == '12'] == ['unreadable']"
chmod 644 "$repositories/library/debian/_manifests/tags/12/current/link"

# Closed content of a layer: an audit never reads it.
chmod 000 "$v2/blobs/sha256/${layer_hex:0:2}/$layer_hex/data"
run_as_nobody "content of a layer" audit --json store
exits 0
chmod 644 "$v2/blobs/sha256/${layer_hex:0:2}/$layer_hex/data"

# Something closed beside docker/ matters to a total that is to be du's.
mkdir store/lost+found
chmod 700 store/lost+found
run_as_nobody "directory beside the store, --exact" audit --json --exact store
exits 4
holds "any('lost+found' in s for s in codes['unreadable'][0]['subjects'])"
chmod 755 store/lost+found

# A wholly closed store: a message with a hint, and no result.
wholly() { # WHAT PATH STORE
  local mode command
  mode=$(stat -c %a "$2")
  chmod 700 "$2"
  for command in audit tags; do
    run_as_nobody "$command, $1" $command "$3"
    exits 4
    silent
    says "$work/"
    says "may not read it; run as root or as the registry's user"
  done
  run_as_nobody "garbage-collect, $1" garbage-collect --dry-run "$3"
  exits 1
  silent
  says "may not read it"
  chmod "$mode" "$2"
}
wholly "closed root" store "$work/store"
wholly "closed docker" store/docker "$work/store"
wholly "closed v2" "$v2" "$work/store"
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$work/store" >config.yml
wholly "closed root of a config" store config.yml
wholly "closed config" config.yml "$work/config.yml"
mkdir around
mv store around/store
wholly "closed directory above" around "$work/around/store"

# Output where the user may not write.
mv around/store store
mkdir shut
run_as_nobody "output into a closed directory" audit -o "$work/shut/result" store
exits 2
says "$work/shut/result: cannot write: Permission denied"
check "nothing was left in the closed directory" test -z "$(ls -A shut)"

run_as_nobody "readable again" audit --json store
exits 0
cp out again.json

# What docs/security.md says of the least that an audit needs: of a store that is closed to others, the
# capability to read, or an entry in its access list.
chmod -R go= store
run_as_nobody "a store that is closed to others" audit --json store
refuse "$what: it is not read" test "$rc" = 0
as_nobody() {
  setpriv --reuid=$nobody --regid=$nobody --clear-groups --inh-caps=-all,+dac_read_search \
    --ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search -- "$@"
}
if as_nobody true 2>/dev/null; then
  run_as_nobody "a closed store, with CAP_DAC_READ_SEARCH" audit --json store
  exits 0
  check "$what: the same as anybody's" cmp <(sed '/"disk"/,/}/d' out) <(sed '/"disk"/,/}/d' again.json)
else
  not_checked "CAP_DAC_READ_SEARCH: it cannot be given here"
fi
as_nobody() { setpriv --reuid=$nobody --regid=$nobody --clear-groups -- "$@"; }
if command -v setfacl >/dev/null && setfacl -R -m "u:$nobody:rX" -m "d:u:$nobody:rX" store 2>/dev/null; then
  run_as_nobody "a closed store, with an access list" audit --json store
  exits 0
  cp -a store/docker/registry/v2/repositories/library/debian store/docker/registry/v2/repositories/library/pushed-later
  mkdir -p store/docker/registry/v2/repositories/library/new/_manifests
  run_as_nobody "what was made later, with an access list" audit --json store
  exits 0
  holds "any(r['name'] == 'library/new' for r in d['repositories'])"
else
  not_checked "an access list: no setfacl, or none on this file system"
fi
end
