#!/usr/bin/env bash
# delete.sh REGSWEEP: deletions by name: what is shown, refused and done; the way of docs/prune.md, step by
# step; lists; --roots; plans. What the real registry's API does is in ../sweep/delete_real.sh.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store --healthy healthy
fresh() {
  rm -rf store
  cp -a healthy store
}
v2=store/docker/registry/v2
tags=$v2/repositories/team/app/_manifests/tags
files() { (cd "$1/docker" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
same() { check "$what: nothing was changed" diff <(files healthy) <(files store); }
link() { cat "$tags/$1/current/link"; }

# ---- the way of the documentation ------------------------------------------------------------------
fresh
run "tags" tags store team/app
exits 0
shows latest
run "why" why store team/app:1.0
exits 0
run "delete, shown" delete store team/app:1.0
exits 0
shows "team/app:1.0 → sha256:"
shows "nothing was changed"
same
run "delete --apply --sweep" delete --apply --sweep --min-age 0s store team/app:1.0
exits 0
shows "done"
check "$what: the tag is gone" test ! -e "$tags/1.0"
check "$what: the others are not" test -e "$tags/latest/current/link"
run "tags afterwards" tags store
exits 0
run "audit afterwards" audit --json store
exits 0
run "undo --list --json" undo --list --json store
exits 0
check "$what" jq -e '.schema == "regsweep.quarantine-runs/1" and (.runs | length == 1) and .runs[0].finished' out
run "purge" purge store
exits 0
run "undo --json with nothing in quarantine" undo --json store
exits 0
check "$what" jq -e '.objects == 0' out
run "undo --list --json with nothing in quarantine" undo --list --json store
check "$what" jq -e '.runs == []' out
check "$what: the quarantine is empty" test -z "$(find store/.regsweep-quarantine -name data 2>/dev/null)"

# ---- names ---------------------------------------------------------------------------------------
fresh
for case in "team/app:no:unknown tag" "team/ap:1.0:unknown repository" "nowhere@sha256:abcdef12:unknown" \
  "sha256:0000000000000000000000000000000000000000000000000000000000000000:unknown digest" "x y:bad name"; do
  run "delete ${case%:*}" delete --apply store "${case%:*}"
  exits 2
  says "${case%:*}"
  says "nothing was changed"
  same
done
run "a suggestion" delete store team/ap:1.0
says "team/app"
run "one of two is unknown" delete --apply store team/app:latest team/app:none
exits 2
same
run "a whole repository by mistake" delete --apply store team/app
exits 2
says "--repository"
same
run "a digest of no repository" delete --apply store "$(link 1.0)"
exits 2
says "REPOSITORY@DIGEST"
same
layer=$(find "$v2/repositories/team/app/_layers/sha256" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | sed -n 1p)
run "a layer" delete --apply store "team/app@sha256:$layer"
exits 2
says "is a layer or config"
same
run "nothing" delete --apply store
exits 2
says "nothing to delete was named"
run "no store" delete
exits 2
: >empty
run "an empty list" delete --apply --from empty store
exits 2
same
run "a list that is not there" delete --apply --from none store
exits 2
says "none: cannot read"

# ---- a digest takes its tags along; siblings of a tag stay ---------------------------------------------
siblings=$(grep -lF "$(link latest)" "$tags"/*/current/link | wc -l)
check "the store has a tag with a sibling" test "$siblings" -gt 1
run "a tag with a sibling" delete --apply --sweep store team/app:latest
exits 0
check "$what: just its directory is gone" diff \
  <(files healthy | grep -vF /team/app/_manifests/tags/latest/) <(files store)
run "undo" undo store
exits 0
same
digest=$(link latest)
run "a digest, short" delete --apply store "team/app@${digest:0:19}"
exits 0
check "$what: its tags are gone" test ! -e "$tags/latest"
check "$what: its revision is gone" test ! -e "$v2/repositories/team/app/_manifests/revisions/sha256/${digest:7}"
run "undo" undo store
exits 0
same

# ---- lists and plans ---------------------------------------------------------------------------------
printf '# what is to go\n\nteam/app:latest   # with a comment\r\n  team/app:1.0\n' >list
run "from a list" delete --from list store
exits 0
shows "tags         2"
run "from standard input" delete store
what="from standard input"
rc=0
"$regsweep" delete --apply --from - store <list >out 2>err || rc=$?
exits 0
check "$what: both are gone" test ! -e "$tags/latest" -a ! -e "$tags/1.0"
run "undo" undo store
same
run "a plan" delete -o plan.json --sweep --min-age 0s store team/app:1.0
exits 0
shows "regsweep apply plan.json"
same
run "apply it" apply plan.json
exits 0
check "$what: the tag is gone" test ! -e "$tags/1.0"
run "apply it again" apply plan.json
exits 0 6
run "undo" undo store
exits 0
same
run "a plan for what changes meanwhile" delete -o plan.json store team/app:1.0
cp "$tags/latest/current/link" "$tags/1.0/current/link"
run "apply it" apply plan.json
exits 6
check "$what: the tag stays" test -e "$tags/1.0/current/link"
fresh
digest=$(link 1.0)
run "a plan for a digest that a new tag means" delete -o plan.json store "team/app@$digest"
exits 0
cp -a "$tags/1.0" "$tags/new"
run "apply it" apply plan.json
exits 6
check "$what: the revision stays" test -e \
  "$v2/repositories/team/app/_manifests/revisions/sha256/${digest#sha256:}/link"

# ---- whole repositories ------------------------------------------------------------------------------
fresh
run "a repository" delete --apply --repository --sweep --min-age 0s store team/app
exits 0
check "$what: it is gone" test ! -e "$v2/repositories/team/app/_manifests"
check "$what: the one below it is not" test -e "$v2/repositories/team/app/worker/_manifests"
run "audit afterwards" audit store
exits 0
run "undo" undo store
exits 0
same
mapfile -t all < <(cd "$v2/repositories" && find . -type d -name _manifests -printf '%P\n' | sed 's,/_manifests,,' | sort)
run "every repository" delete --apply --repository store "${all[@]}"
exits 5
says "every tag of the store"
same

# ---- --roots ---------------------------------------------------------------------------------------
echo "registry.example:5000/team/app:1.0" >roots
run "what is in use" delete --apply --roots roots store team/app:1.0
exits 2
says "in use"
same
run "a repository in use" delete --apply --repository --roots roots store team/app
exits 2
same
printf 'elsewhere/image:1\n%s\n' "$(link latest)" >roots
run "roots of elsewhere" delete --roots roots store team/app:1.0
exits 0
says "1 of 2 roots are not in this store"
echo elsewhere/image:1 >roots
run "only roots of elsewhere" delete --apply --roots roots store team/app:1.0
exits 2
says "none of these roots is in this store"
same
: >roots
run "no roots" delete --apply --roots roots store team/app:1.0
exits 2
says "names nothing"
same
echo ' ' >roots
run "blank roots" gc --apply --roots roots store
exits 2
run "roots and the registry's own way" gc --apply --roots roots --semantics registry-2.8 store
exits 2
says "--roots goes without --semantics"
same
echo 'sha256:zz' >roots
run "bad roots" gc --apply --roots roots store
exits 2
says "line 1"
same
# A line that is no image's name keeps nothing, and is a mistake of whoever made the list.
one=$(link 1.0) latest=$(link latest)
for line in https://registry.example/team/app:1.0 "team/app:1.0 team/app:latest" team/app:1.0,team/app:latest \
  $'\xef\xbb\xbfteam/app:1.0' "registry.example/team/app@sha256:0123" nobody/app@sha256:zz team//app:2 /team/app \
  containerd://team/app:1.0 nobody/app: "nobody/app:1.0@" '<none>:<none>'; do
  printf 'team/app:latest\n%s\n' "$line" >roots
  run "a root that is no image: $line" delete --apply --roots roots store team/app:1.0
  exits 2
  says "roots: line 2: "
  says "nothing was changed"
  same
done
# As a pod's imageID prints it; and a digest counts under whatever name.
for line in "docker-pullable://registry.example/team/app@$one" "docker://registry.example:5000/team/app:1.0" \
  "myregistry/team/app@$one" "other/tool:2@$one" "[::1]:5000/team/app:1.0"; do
  printf '%s\nregistry.example:5000/elsewhere/Image_1:x\n[fe80::1]:5000/elsewhere/image@%s\n' "$line" "${latest:0:60}0123456789a" >roots
  run "a root that is an image: $line" delete -q --apply --roots roots store team/app:1.0
  exits 2
  says "in use"
  says "2 of 3 roots are not in this store"
  same
done
# Garbage that is in use stays.
awk 1 "$tags"/*/current/link >tagged # awk ends each line
untagged=$(find "$v2/repositories/team/app/_manifests/revisions/sha256" -mindepth 1 -maxdepth 1 -printf 'sha256:%f\n' |
  sort | grep -vFf tagged | sed -n 1p)
check "the store has an untagged revision" test -n "$untagged"
if [[ -n $untagged ]]; then
  run "gc --untagged takes it" gc --apply --untagged --min-age 0s store
  exits 0
  check "$what: the revision is gone" test ! -e "$v2/repositories/team/app/_manifests/revisions/sha256/${untagged:7}"
  run "undo" undo store
  same
  echo "team/app@$untagged" >roots
  run "gc --untagged --roots" gc --apply --untagged --min-age 0s --roots roots store
  exits 0
  check "$what: the revision stays" test -e "$v2/repositories/team/app/_manifests/revisions/sha256/${untagged:7}/link"
  run "undo" undo store
  run "plan --untagged --roots" plan --untagged --min-age 0s --roots roots -o plan.json store
  exits 0
  run "apply it" apply plan.json
  exits 0
  check "$what: the revision stays" test -e "$v2/repositories/team/app/_manifests/revisions/sha256/${untagged:7}/link"
fi
# ---- where results go ------------------------------------------------------------------------------
fresh
for command in "plan store" "delete store team/app:1.0" "repair store"; do
  # shellcheck disable=SC2086
  run "$command -o -" $command -o -
  check "$what: JSON and nothing else" jq -e -s 'length == 1' out
done
run "plan to a name with a space" plan -o 'a plan.json' store
shows "regsweep apply 'a plan.json'"
run "gc --apply --json -o FILE" gc --apply --json -o result.json store
exits 0
check "$what: nothing on the screen" test ! -s out
check "$what: the results" jq -e '.schema == "regsweep.apply/1" and .end == "done"' result.json
end
