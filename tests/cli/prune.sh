#!/usr/bin/env bash
# prune.sh REGSWEEP: retention by options and by a policy file: what goes, what stays and why, what it
# frees, what is refused; --apply and undo. The rules themselves are in ../retention_test.cpp.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

# tag NAME AGE-IN-DAYS CONTENT: an image of one layer of its own and one that all share.
store=store/docker/registry/v2
put() { # BYTES: a blob; prints its digest
  local hex
  hex=$(printf '%s' "$1" | sha256sum | cut -d ' ' -f 1)
  mkdir -p "$store/blobs/sha256/${hex:0:2}/$hex"
  printf '%s' "$1" >"$store/blobs/sha256/${hex:0:2}/$hex/data"
  echo "sha256:$hex"
}
link() { # PATH DIGEST
  mkdir -p "$store/repositories/$1"
  printf '%s' "$2" >"$store/repositories/$1/link"
}
tag() { # REPOSITORY TAG AGE-IN-DAYS CREATED
  local config own shared manifest digest
  config=$(put "{\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":\"$4\",\"of\":\"$1:$2\"}")
  own=$(put "layer of $1:$2 $(printf 'x%.0s' {1..500})")
  shared=$(put "layer of all $(printf 'y%.0s' {1..3000})")
  manifest="{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"$config\",\"size\":1},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$own\",\"size\":1},{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$shared\",\"size\":1}]}"
  digest=$(put "$manifest")
  for one in "$config" "$own" "$shared"; do link "$1/_layers/sha256/${one#*:}" "$one"; done
  link "$1/_manifests/revisions/sha256/${digest#*:}" "$digest"
  link "$1/_manifests/tags/$2/index/sha256/${digest#*:}" "$digest"
  link "$1/_manifests/tags/$2/current" "$digest"
  touch -d "$3 days ago" "$store/repositories/$1/_manifests/tags/$2/current/link"
}
make() {
  rm -rf store
  tag team/app v1 90 2024-01-01T00:00:00Z
  tag team/app v2 60 2024-03-01T00:00:00Z
  tag team/app pr-1 50 2024-02-01T00:00:00Z
  tag team/app pr-2 40 2024-05-01T00:00:00Z
  tag team/app pr-3 3 2024-04-01T00:00:00Z
  tag team/app latest 100 2023-01-01T00:00:00Z
  tag other/tool 1 90 2024-01-01T00:00:00Z
  tag other/tool 2 80 2024-01-01T00:00:00Z
  find store -name data -exec touch -d '200 days ago' {} +
}
files() { (cd store && find . -path ./.regsweep-quarantine -prune -o -type f -print0 | sort -z | xargs -0 sha256sum); }
tags() { (cd "$store/repositories" && find . -path '*/tags/*/current/link' -printf '%P\n' | sed 's,/_manifests/tags/,:,; s,/current/link,,' | sort | tr '\n' ' '); }
go() { jq -r '[.tags[] | select(.goes) | .repository + ":" + .tag] | join(" ")' out; }
goes() { check "$what: goes $1, not $(go)" test "$(go)" = "$1"; }
need jq sha256sum
make
files >before
same() { check "$what: nothing was changed" diff before <(files); }

run "keep-last" prune --json --keep-last 2 store
exits 0
goes "team/app:pr-1 team/app:v1 team/app:v2"
same
run "keep-last of one repository" prune --json --keep-last 1 --repo 'other/*' store
goes "other/tool:1"
run "keep-last, patterns and age" prune --json --keep-last 1 --keep 'v*' --keep-newer 45d store
goes "other/tool:1 team/app:pr-1"
run "drop" prune --json --drop 're:^pr-\d+$' store
goes "team/app:pr-1 team/app:pr-2 team/app:pr-3"
run "drop but the newest" prune --json --drop 'pr-*' --keep-last 1 store
goes "team/app:pr-1 team/app:pr-2"
run "by creation" prune --json --drop 'pr-*' --keep-last 1 --newest-by created store
goes "team/app:pr-1 team/app:pr-3"
run "latest may go" prune --json --keep-last 4 --drop-latest --repo team/app store
goes "team/app:latest team/app:v1"
run "a repository keeps one" prune --json --keep-last 0 --repo other/tool store
goes "other/tool:1"
run "a repository may be emptied" prune --json --keep-last 0 --repo other/tool --may-empty store
goes "other/tool:1 other/tool:2"
echo "team/app:v1" >roots
run "what is in use" prune --json --keep-last 2 --roots roots store
goes "team/app:pr-1 team/app:v2"

# Bytes: exact, not the sum of sizes.
blobs() { find "$store/blobs" -name data -printf '%s\n' | awk '{ sum += $1 } END { print sum }'; }
run "what it frees" prune --json --drop 'pr-*' store
frees=$(jq .frees.apparent_bytes out)
alone=$(jq '[.rules[] | select(.verdict == "dropped") | .frees_alone.apparent_bytes] | add' out)
check "one rule frees what all free" test "$frees" = "$alone"
run "in text" prune --drop 'pr-*' --apparent --bytes store
shows "goes: drop pr-*"
shows "$frees"
before=$(blobs)
run "apply" prune --apply --sweep --min-age 0s --no-quarantine --drop 'pr-*' store
exits 0
check "$what: frees what it said" test $((before - $(blobs))) = "$frees"
check "$what: and the tags are gone" test "$(tags)" = "other/tool:1 other/tool:2 team/app:latest team/app:v1 team/app:v2 "
make
files >before
run "apply by way of quarantine" prune --apply --sweep --keep-last 1 store
exits 0
check "$what: the tags" test "$(tags)" = "other/tool:2 team/app:latest team/app:pr-3 "
run "undo" undo store
exits 0
same
run "a plan" prune -o plan.json --sweep --keep-last 1 store
exits 0
run "apply it" apply plan.json
exits 0
check "$what: the tags" test "$(tags)" = "other/tool:2 team/app:latest team/app:pr-3 "
run "undo" undo store
same
run "verbose" prune -v --keep-last 1 store
shows "stays: among the last 1"
shows "stays: keep latest"

# ---- a policy file -----------------------------------------------------------------------------------
cat >policy.yml <<'YAML'
policies:
  - name: pull requests
    repositories: ['team/*']
    drop: ['re:^pr-\d+']
    keep-last: 1
  - name: tools
    repositories: other/tool
    keep-newer: 85d
YAML
run "policy" prune --json --policy policy.yml store
exits 0
goes "other/tool:1 team/app:pr-1 team/app:pr-2"
bad() { # WHAT TEXT SAYS
  printf '%s\n' "$2" >bad.yml
  run "policy: $1" prune --apply --policy bad.yml store
  exits 2
  says bad.yml
  says "$3"
  same
}
bad "everything" $'policies:\n  - name: all' "would drop everything"
bad "unknown key" $'policies:\n  - keep_last: 3' "line 2"
bad "no policies" 'policies: []' "at least one"
bad "no YAML" 'policies: [' bad.yml
bad "another root" $'rules: []' "policies"
bad "a bad pattern" $'policies:\n  - drop: "re:("' "line 2"
bad "a bad age" $'policies:\n  - keep-newer: soon' "soon"
bad "a bad number" $'policies:\n  - keep-last: -1' "-1"
# What would lose a rule that protects, or be about more than is written.
bad "a key twice" $'policies:\n  - keep-last: 3\n    keep: v*\n    keep: w*' "line 4: keep is there twice"
bad "two lists" $'policies:\n  - keep-last: 3\npolicies:\n  - keep-last: 4' "line 3: policies is there twice"
bad "no repository" $'policies:\n  - keep-last: 3\n    repositories: []' "line 3: want at least one pattern"
bad "nothing to drop" $'policies:\n  - drop: []' "line 2: want at least one pattern"
bad "a comma behind the document" '{policies: [{keep-last: 1}]},' "several documents"
bad "a comma alone" , "want"
bad "two documents" $'policies:\n  - keep-last: 3\n---\npolicies:\n  - keep-last: 4' "several documents"
bad "nothing at all" "" "policies"
bad "a pattern with a backslash" $'policies:\n  - drop: \'re:^pr-\\d+(\'' 're:^pr-\d+(: '
run "no such file" prune --policy none.yml store
exits 2
says "none.yml"
run "both" prune --policy policy.yml --keep-last 3 store
exits 2

# ---- refused -----------------------------------------------------------------------------------------
for options in "" "--keep v*" "--repo team/*" "--newest-by created"; do
  # shellcheck disable=SC2086
  run "prune $options" prune --apply $options store
  exits 2
  says "every tag would go"
  same
done
run "every tag" prune --apply --keep-last 0 --drop-latest --may-empty store
exits 5
says "every tag of the store"
same
for options in "--drop re:(" "--keep=" "--keep-newer yesterday" "--keep-last x" "--newest-by size"; do
  # shellcheck disable=SC2086
  run "prune $options" prune --apply --keep-last 1 $options store
  exits 2
  same
done
cp -a store unread # a symbolic link where tags are: nobody can read it
mv unread/docker/registry/v2/repositories/other/tool/_manifests/tags elsewhere
ln -s "$work/elsewhere" unread/docker/registry/v2/repositories/other/tool/_manifests/tags
run "what cannot be read" prune --apply --keep-last 1 unread
exits 4
says "nothing was changed"
run "what cannot be read, shown" prune --keep-last 1 unread
exits 4 5
run "too much" prune --apply --sweep --min-age 0s --keep-last 1 --max-delete 1% store
exits 1 5
same
end
