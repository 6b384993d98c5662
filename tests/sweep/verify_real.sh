#!/usr/bin/env bash
# verify_real.sh REGSWEEP
#
# On a store that a real registry wrote (../real/make_store.sh): verify finds nothing wrong. Then blobs are
# damaged one by one, and the tags it calls broken are those that skopeo cannot pull from the real registry.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
begin_sweep "$@"
begin_registry
allowed=" 0 3 "

root=$work/store
bash "$here/../real/make_store.sh" "$root" >"$work/made"
blobs=$root/docker/registry/v2/blobs/sha256

run "a store that a registry wrote" verify --json "$root"
exits 0
holds "d['complete'] and not d['live_damage']" "d['damaged'] == [] and d['broken_tags'] == []" \
  "d['unsteady'] == [] and d['unknown'] == []" \
  "d['content']['read_blobs'] == $(find "$root/docker/registry/v2/blobs" -name data | wc -l)"

start "$root"
# By digest: by a tag, skopeo takes whatever manifest comes.
can_be_pulled() {
  local tag digest
  while read -r tag digest; do ! pull "${tag%:*}@$digest" || echo "$tag"; done <"$work/tags"
}
(cd "$root/docker/registry/v2/repositories" && find . -path '*/current/link') |
  sed -n 's|^\./\(.*\)/_manifests/tags/\([^/]*\)/current/link$|\1:\2|p' | sort |
  while IFS= read -r tag; do
    echo "$tag $(cat "$root/docker/registry/v2/repositories/${tag%:*}/_manifests/tags/${tag##*:}/current/link")"
  done >"$work/tags"
can_be_pulled >"$work/whole"
check "most tags can be pulled" test "$(wc -l <"$work/whole")" -gt 10

# The blobs of a layer that several tags share, a config, a manifest, an index' child, and some more.
find "$blobs" -name data -size +0 -printf '%s %p\n' | sort -n >"$work/by-size"
count=$(wc -l <"$work/by-size")
for nth in 1 $((count / 5)) $((count / 3)) $((count / 2)) $((2 * count / 3)) $((5 * count / 6)) "$count"; do
  read -r size path < <(sed -n "${nth}p" "$work/by-size")
  cp -a "$path" "$work/kept"
  at=$((size / 2))
  byte=$(od -An -tu1 -j "$at" -N 1 "$path" | tr -d ' ')
  printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$path" bs=1 seek="$at" conv=notrunc status=none
  run "a bit of blob number $nth of $count" verify --json "$root"
  holds "'sha256:$(basename "$(dirname "$path")")' in [x['digest'] for x in d['damaged']]"
  json "'\n'.join(t['repository'] + ':' + t['tag'] for t in d['broken_tags'])" | sort |
    comm -12 - "$work/whole" >"$work/said"
  can_be_pulled | comm -13 - "$work/whole" >"$work/lost"
  check "$what: broken are the tags that cannot be pulled" diff "$work/lost" "$work/said"
  cp -a "$work/kept" "$path"
done
run "all as it was" verify "$root"
exits 0
end
