#!/usr/bin/env bash
# delete_real.sh REGSWEEP
#
# `delete` beside the API: on copies of a store that a real docker-registry wrote, each tag's manifest
# is deleted once by the registry's DELETE by digest and once by regsweep, and the files that are left
# must be the same, with the same content. (The registry leaves an empty directory where the revision's
# link was; regsweep takes it along.) Then: a tag alone, undo, and the sweep of what a deletion frees.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
begin_sweep "$@"
begin_registry

files() { # ROOT: every file with its content; uploads of no push are no matter
  (cd -- "$1/docker" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
}

original=$work/original
bash "$here/../real/make_store.sh" "$original" >"$work/made"
v2=docker/registry/v2
mapfile -t tags < <(cd "$original/$v2/repositories" &&
  find . -path '*/_manifests/tags/*/current/link' -printf '%P\n' | sed 's,/_manifests/tags/,:,; s,/current/link$,,' | sort)
check "the store has tags" test "${#tags[@]}" -gt 10

digest_of() { # ROOT REPOSITORY:TAG
  cat -- "$1/$v2/repositories/${2%:*}/_manifests/tags/${2##*:}/current/link"
}

theirs=$work/theirs ours=$work/ours
for tag in "${tags[@]}"; do
  repository=${tag%:*}
  digest=$(digest_of "$original" "$tag")
  rm -rf "$theirs" "$ours"
  cp -a "$original" "$theirs"
  cp -a "$original" "$ours"
  start "$theirs"
  code=$(curl -sS -o "$work/answer" -w '%{http_code}' --max-time 20 -X DELETE \
    "http://$address/v2/$repository/manifests/$digest")
  stop
  check "$tag: the API deletes it (it says $code)" test "$code" = 202
  run "delete $repository@$digest" delete --apply --no-quarantine "$ours" "$repository@$digest"
  exits 0
  check "$tag: the same files as after the API's DELETE" diff <(files "$theirs") <(files "$ours")
done

# --- a tag alone; undo -----------------------------------------------------------------------------

rm -rf "$ours"
cp -a "$original" "$ours"
fingerprint "$ours" >"$work/print"
for tag in "${tags[@]}"; do
  # The API of registry 2.8 cannot do this; that of 3.x removes the same directory.
  run "delete $tag" delete --apply "$ours" "$tag"
  exits 0
  check "$tag: its directory is gone" test ! -e "$ours/$v2/repositories/${tag%:*}/_manifests/tags/${tag##*:}"
  check "$tag: and nothing else" diff \
    <(files "$original" | grep -vF "/repositories/${tag%:*}/_manifests/tags/${tag##*:}/") <(files "$ours")
  run "undo" undo "$ours"
  exits 0
  unchanged "$tag: undo" "$work/print" "$ours"
done

# --- with --sweep: just what only it needed goes ------------------------------------------------------

bash "$here/live_tags.sh" "$original" >"$work/walk"
blobs() { find "$1/$v2/blobs" -name data -printf '%P %s\n' | sort; }
for tag in "${tags[@]}"; do
  rm -rf "$ours"
  cp -a "$original" "$ours"
  run "delete $tag, what it would free" delete --sweep --min-age 0s --json "$ours" "$tag"
  exits 0
  promised=$(jq '.totals.blob.apparent_bytes' "$work/out")
  run "delete --sweep $tag" delete --apply --sweep --no-quarantine --min-age 0s "$ours" "$tag"
  exits 0 5
  [[ $rc == 0 ]] || continue # every blob of a tiny store: refused
  freed=$(comm -23 <(blobs "$original") <(blobs "$ours") | awk '{ sum += $2 } END { print sum + 0 }')
  check "$tag: frees $freed, promised $promised" test "$freed" = "$promised"
  rm -rf "$theirs"
  cp -a "$original" "$theirs"
  rm -r "$theirs/$v2/repositories/${tag%:*}/_manifests/tags/${tag##*:}"
  bash "$here/live_tags.sh" "$theirs" >"$work/walk.others" # what others need
  live "delete --sweep $tag" "$work/walk.others" "$ours"
done

start "$ours"
for tag in "${tags[@]}"; do
  [[ -e $ours/$v2/repositories/${tag%:*}/_manifests/tags/${tag##*:} ]] || continue
  grep -q "^tag $tag .*whole" "$work/walk" || continue
  case $tag in alias/sha512:* | attest/* | *.sig) continue ;; esac
  check "after the last: $tag is pulled" pull "$tag"
done
stop
end
