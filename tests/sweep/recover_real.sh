#!/usr/bin/env bash
# recover_real.sh REGSWEEP
#
# `recover` on what a real docker-registry wrote and deleted: an image is pushed, another one under the
# same tag, and the first or the second is deleted by digest through the API. regsweep lists what can
# come back and brings it back; the registry, started anew, serves the tag with the old digest and all
# its layers. Then undo, after which the registry answers as before.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
begin_sweep "$@"
begin_registry

image_layout

accept=(-H "Accept: application/vnd.oci.image.manifest.v1+json" -H "Accept: application/vnd.oci.image.index.v1+json")
digest_of() { # REPOSITORY:TAG as the registry answers; empty if it does not
  curl -sS -f "${accept[@]}" -o /dev/null -D - --max-time 20 "http://$address/v2/${1%:*}/manifests/${1##*:}" 2>/dev/null |
    tr -d '\r' | sed -n 's/^Docker-Content-Digest: //Ip'
}
delete_digest() { # REPOSITORY DIGEST: prints the status
  curl -sS -o /dev/null -w '%{http_code}' --max-time 20 -X DELETE "http://$address/v2/$1/manifests/$2"
}

root=$work/store
mkdir "$root"
start "$root"
check "push one" push one team/app:1.0
one=$(digest_of team/app:1.0)
check "push two over it" push two team/app:1.0
two=$(digest_of team/app:1.0)
check "push an index" push many team/many:1.0
many=$(digest_of team/many:1.0)
check "three digests" test -n "$one" -a -n "$two" -a -n "$many" -a "$one" != "$two"
stop
cp -a "$root" "$work/pushed"

# brings_back TITLE TAG DIGEST: stopped; list, apply, serve, undo.
brings_back() {
  local title=$1 tag=$2 digest=$3
  fingerprint "$root" >"$work/print"
  run "$title: list" recover --json "$root" "${tag%:*}"
  exits 0
  holds "any(c['digest'] == '$digest' and c['whole'] for r in d['repositories'] for c in r['untagged'] + [b for t in r['tags'] for b in t['before']])"
  unchanged "$title: the list changes nothing" "$work/print" "$root"
  run "$title: recover" recover --apply "$work/config.yml" "$tag@$digest"
  exits 0
  start "$root"
  check "$title: the registry serves the old digest by tag" test "$(digest_of "$tag")" = "$digest"
  check "$title: and all of it" pull "$tag"
  stop
  run "$title: undo" undo "$root"
  exits 0
  unchanged "$title: undo" "$work/print" "$root"
}

brings_back "overwritten" team/app:1.0 "$one"

# The old one deleted by digest: the tag stays, its revision goes.
start "$root"
check "the API deletes the old one" test "$(delete_digest team/app "$one")" = 202
refuse "it is gone" pull "team/app@$one"
run "beside the registry" recover --apply "$work/config.yml" "team/app:1.0@$one"
exits 5
stop
brings_back "old one deleted" team/app:1.0 "$one"
run "under another tag" recover --apply "$root" "team/app:back@${one:0:19}"
exits 0
start "$root"
check "the other tag is served" test "$(digest_of team/app:back)" = "$one"
check "the tag means what it meant" test "$(digest_of team/app:1.0)" = "$two"
check "both are whole" pull team/app:back
check "both are whole" pull team/app:1.0
stop

# The new one deleted by digest: its tag goes with it.
rm -rf "$root"
cp -a "$work/pushed" "$root"
start "$root"
check "the API deletes the new one" test "$(delete_digest team/app "$two")" = 202
check "and the index" test "$(delete_digest team/many "$many")" = 202
refuse "its tag is gone" pull team/app:1.0
stop
brings_back "its tag deleted, the one before" team/app:1.0 "$one"
brings_back "its tag deleted, itself" team/app:1.0 "$two"
brings_back "an index deleted" team/many:1.0 "$many"

# After the registry's own collection only the sound is offered.
registry_config "$root" 127.0.0.1:1 >"$work/collect.yml"
"$registry" garbage-collect "$work/collect.yml" >"$work/collected" 2>&1
run "what was collected" recover --json "$root"
exits 0
holds "all(c['digest'] != '$two' for r in d['repositories'] for c in r['untagged'])"
run "it does not come back" recover --apply "$root" "team/app:1.0@$two"
exits 2 5
brings_back "what the collection left" team/app:1.0 "$one"
end
