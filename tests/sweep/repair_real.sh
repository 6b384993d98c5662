#!/usr/bin/env bash
# repair_real.sh REGSWEEP
#
# With Debian's docker-registry and skopeo: images are pushed, links and blobs damaged, pulls fail; after
# a repair they work. A layer whose blob is damaged is "there already" for a push until it is in
# quarantine. What was deleted through the API comes back only when asked for. Another store heals.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/registry.bash"
begin_sweep "$@"
begin_registry
allowed+="3 130 "

image_layout

root=$work/store
mkdir "$root"
start "$root"
check "push one" push one team/app:1
check "push two" push two team/app:2
check "push many" push many team/many:1
stop
cp -a "$root" "$work/whole"
v2=$root/docker/registry/v2
blob() { echo "$v2/blobs/sha256/${1:7:2}/${1:7}"; }
digest_of() { cat "$work/whole/docker/registry/v2/repositories/$1/_manifests/tags/$2/current/link"; }
one=$(digest_of team/app 1)
two=$(digest_of team/app 2)
many=$(digest_of team/many 1)
layer=$(jq -r '.layers[-1].digest' "$(blob "$one")/data")
config=$(jq -r '.config.digest' "$(blob "$one")/data")
child=$(jq -r '.manifests[-1].digest' "$(blob "$many")/data")
fresh() { rm -rf "$root" && cp -a "$work/whole" "$root"; }
serves() { # REPOSITORY:TAG…
  local tag
  start "$root"
  for tag; do check "$what: $tag can be pulled" pull "$tag"; done
  stop
}
fails() { # REPOSITORY:TAG
  start "$root"
  refuse "$what: $1 cannot be pulled" pull "$1"
  stop
}
all=(team/app:1 team/app:2 team/many:1)
what="to begin with"
serves "${all[@]}"

# --- links -----------------------------------------------------------------------------------------

repositories=$v2/repositories
mend() { # WHAT TAG: the damage is there already
  what=$1
  fails "$2"
  run "$1" repair --apply "$root"
  exits 0
  serves "${all[@]}"
}
fresh
: >"$repositories/team/app/_manifests/revisions/sha256/${one:7}/link"
mend "an empty revision link" team/app:1
fresh
rm -r "$repositories/team/app/_manifests/revisions/sha256/${one:7}"
mend "a missing revision link" team/app:1
fresh
rm -r "$repositories/team/many/_manifests/revisions/sha256/${child:7}"
mend "a missing revision link of a child" team/many:1
fresh
printf garbage >"$repositories/team/app/_layers/sha256/${layer:7}/link"
mend "a garbled layer link" team/app:1
fresh
rm -r "$repositories/team/app/_layers/sha256/${layer:7}"
mend "a missing layer link" team/app:1
fresh
rm -r "$repositories/team/app/_layers/sha256/${config:7}"
mend "a missing link to a config" team/app:1
fresh
rm -r "$repositories/team/many/_layers" "$repositories/team/many/_manifests/revisions"
mend "no link but the tags'" team/many:1

# Beside the registry nothing is done.
fresh
: >"$repositories/team/app/_manifests/revisions/sha256/${one:7}/link"
fingerprint "$root" >"$work/print"
start "$root"
sed "s/127.0.0.1:0/$address/" "$work/serve.yml" >"$work/config.yml"
run "beside the registry" repair --apply "$work/config.yml"
exits 5
tells "$address"
unchanged "$what" "$work/print" "$root"
stop

# --- blobs: a push heals only once the damaged one is away --------------------------------------------

for how in empty short flipped; do
  fresh
  case $how in
    empty) : >"$(blob "$layer")/data" ;;
    short) truncate -s 1000 "$(blob "$layer")/data" ;;
    flipped) printf x | dd of="$(blob "$layer")/data" bs=1 seek=999 conv=notrunc status=none ;;
  esac
  what="a layer that is $how"
  start "$root"
  refuse "$what: it cannot be pulled" pull team/app:1
  push one team/app:1 || true # "layer already exists"
  refuse "$what: not even after a push" pull team/app:1
  stop
  options=()
  [[ $how != flipped ]] || options=(--verify)
  run "$what" repair --apply "${options[@]}" "$root"
  exits 3
  shows "team/app:1"
  check "$what: the blob is away" test ! -e "$(blob "$layer")"
  check "$what: its link is not" test -e "$repositories/team/app/_layers/sha256/${layer:7}/link"
  start "$root"
  check "$what: it is pushed" push one team/app:1
  stop
  serves "${all[@]}"
  run "$what, then" repair "$root"
  exits 0
done

# --- from another store, and from an image layout -------------------------------------------------------

for from in whole layout; do
  fresh
  rm -r "$(blob "$one")" "$(blob "$child")"
  : >"$(blob "$layer")/data"
  what="lost blobs, --from $from"
  fails team/app:1
  fingerprint "$root" >"$work/print"
  run "$what" repair --apply --from "$work/$from" "$root"
  exits 0
  serves "${all[@]}"
  run "$what, undo" undo "$root"
  exits 0
  unchanged "$what" "$work/print" "$root"
done

# --- what was deleted -------------------------------------------------------------------------------

fresh
start "$root"
check "delete by the API" curl -sSf -X DELETE "http://$address/v2/team/app/manifests/$two"
stop
fingerprint "$root" >"$work/print"
run "what was deleted stays deleted" repair --apply "$root"
exits 0
shows "nothing to do"
shows "$two"
unchanged "$what" "$work/print" "$root"
fails team/app:2
run "until it is asked for" repair --apply --lost-found "$root"
exits 0
serves team/app:1 "team/app:lost-found-${two:7:12}"
check "$what: it is the image" test "$(sha256sum <"$work/pulled/manifest.json")" = "${two:7}  -"
run "undo" undo "$root"
exits 0
unchanged "$what" "$work/print" "$root"
end
