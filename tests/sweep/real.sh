#!/usr/bin/env bash
# real.sh REGSWEEP
#
# With Debian's docker-registry on a store it wrote itself (../real/make_store.sh): no sweep while it
# runs; after one, stopped, it serves every live tag, and takes a push of what was swept. And
# `garbage-collect --semantics registry-2.8` removes what the registry's own command removes.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
begin_sweep "$@"
begin_registry

# Every tag comes, as far as an image is what skopeo can take: a list of digests, for the rest.
serves() { # WHAT ROOT WALK
  local tag digest
  while read -r tag digest; do
    if [[ $tag == alias/sha512:* || $tag == attest/* || $tag == *.sig ]]; then
      # Manifests by curl: their config is no image's.
      check "$1: $tag is served" curl -sSf --max-time 20 -o /dev/null -H 'Accept: */*' \
        -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$address/v2/${tag%:*}/manifests/${tag##*:}"
    else
      check "$1: $tag is pulled" pull "$tag"
    fi
  done < <(awk '$1 == "tag" && $NF == "whole" { print $2, $3 }' "$3")
}

root=$work/store
bash "$here/../real/make_store.sh" "$root" >"$work/made"
cp -a "$root" "$work/original"
bash "$here/live_tags.sh" "$root" >"$work/walk"
tags=$(grep -c whole "$work/walk")
check "the store has tags" test "$tags" -gt 10

# --- beside the registry -------------------------------------------------------------------------

fingerprint "$root" >"$work/print"
start "$root"
run "beside the registry, by its config" gc --apply --min-age 0s "$work/config.yml"
exits 5
tells "$address"
unchanged "$what" "$work/print" "$root"
run "plan beside the registry" plan -o plan.json --min-age 0s "$work/config.yml"
exits 0
run "apply beside the registry" apply plan.json
exits 5
unchanged "$what" "$work/print" "$root"

# A push under way keeps a file of its upload open while data comes.
dd if=/dev/zero bs=1M count=3 status=none | tr '\0' x >"$work/blob"
location=$(curl -sS -D - -o /dev/null -X POST "http://$address/v2/slow/push/blobs/uploads/" |
  tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
curl -sS --limit-rate 300k -X PATCH -H 'Content-Type: application/octet-stream' \
  --data-binary "@$work/blob" "$location" >/dev/null 2>&1 &
pusher=$!
at_end+=("kill $pusher 2>/dev/null")
sleep 1.5
run "beside the registry, which has an upload open" gc --apply --min-age 0s "$root"
exits 5
tells "$server"
wait "$pusher" || true
stop
rm -rf "$root"
cp -a "$work/original" "$root"

# --- sweep, serve, push again ----------------------------------------------------------------------

for options in "" "--no-quarantine" "--untagged --links --stale-tags --empty --uploads 0s --temporary" \
  "--untagged --links --stale-tags --empty --uploads 0s --temporary --no-quarantine"; do
  rm -rf "$root"
  cp -a "$work/original" "$root"
  # shellcheck disable=SC2086
  run "gc --apply $options" gc --apply --min-age 0s $options "$root"
  exits 0
  live "$what" "$work/walk" "$root"
  blobs=$(find "$root/docker" -name data -path '*/blobs/*' | wc -l)
  check "$what: something went" test "$blobs" -lt "$(find "$work/original/docker" -name data -path '*/blobs/*' | wc -l)"
  start "$root"
  serves "after $what" "$root" "$work/walk"
  stop
done

# An image whose layers were swept, pushed from a copy that the registry of before served.
rm -rf "$root"
cp -a "$work/original" "$root"
start "$root"
check "an image to lose" pull app/web:2
cp -a "$work/pulled" "$work/lost"
for tag in 2 latest; do
  digest=$(curl -sS -I -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://$address/v2/app/web/manifests/$tag" | tr -d '\r' |
    awk 'tolower($1) == "docker-content-digest:" { print $2 }')
  [[ -z $digest ]] || curl -sS -X DELETE "http://$address/v2/app/web/manifests/$digest"
done
stop
layer=$(jq -r '.layers[-1].digest' "$work/lost/manifest.json")
place=$root/docker/registry/v2/blobs/sha256/${layer:7:2}/${layer:7}
check "its layer is there before the sweep" test -e "$place/data"
run "sweep it" gc --apply --min-age 0s --links "$root"
exits 0
check "its layer went" test ! -e "$place/data"
start "$root"
check "push it again" skopeo --insecure-policy --command-timeout 60s copy --quiet \
  --dest-tls-verify=false --dest-no-creds "dir:$work/lost" "docker://$address/app/web:again"
check "and pull it" pull app/web:again
check "its layer came" cmp "$work/pulled/${layer:7}" "$work/lost/${layer:7}"
stop
# What came is not in the way of an undo of the rest, and stays.
run "undo the sweep" undo "$root"
exits 0 7
start "$root"
check "and pull it again" pull app/web:again
stop

# Undo brings back the very same store.
rm -rf "$root"
cp -a "$work/original" "$root"
run "sweep" gc --apply "${everything[@]}" "$root"
exits 0
run "undo" undo "$root"
exits 0
fingerprint "$work/original" >"$work/print"
unchanged "$what" "$work/print" "$root"

# --- the registry's own collector --------------------------------------------------------------------

for options in "" "-m"; do
  for side in real ours; do
    rm -rf "${work:?}/$side"
    cp -a "$work/original" "$work/$side"
  done
  # The root's path is in the output of neither; both must run under the same name all the same.
  # shellcheck disable=SC2086
  {
    mv "$work/real" "$work/collected"
    registry_config "$work/collected" 127.0.0.1:0 >"$work/collect.yml"
    theirs=0
    "$registry" garbage-collect $options "$work/collect.yml" >"$work/real.out" 2>"$work/real.err" || theirs=$?
    mv "$work/collected" "$work/real"
    mv "$work/ours" "$work/collected"
    run "garbage-collect $options" garbage-collect --semantics registry-2.8 $options "$work/collect.yml"
    mv "$work/collected" "$work/ours"
  }
  exits "$theirs"
  check "$what: the same lines but for the order of eligible ones" \
    cmp <(sort "$work/real.out") <(sort "$work/out")
  check "$what: all other lines in the same order" \
    cmp <(grep -v 'eligible for deletion: sha' "$work/real.out") <(grep -v 'eligible for deletion: sha' "$work/out")
  for side in real ours; do (cd "$work/$side" && find . | sort) >"$work/$side.files"; done
  check "$what: something was removed" test "$(wc -l <"$work/real.files")" -lt "$(find "$work/original" | wc -l)"
  check "$what: the same files are left" cmp "$work/real.files" "$work/ours.files"
  diff "$work/real.files" "$work/ours.files" | head -n 5 >&2 || true
done
end
