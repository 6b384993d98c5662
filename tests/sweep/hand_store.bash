# shellcheck shell=bash
# A store made by hand, and what refusals.sh, writers.sh and bad_plans.sh do to it. Each begins with:
# begin_hand_store "$@".

# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"

use() { # STORE: what the helpers below write to
  s=$1
  v2=$s/docker/registry/v2
  repositories=$v2/repositories
}
sha256_of() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
blob_of() { # DIGEST: its directory below v2
  local hex=${1#*:}
  echo "blobs/${1%%:*}/${hex:0:2}/$hex"
}
blob() { # CONTENT: sets $digest
  digest=sha256:$(sha256_of "$1")
  mkdir -p "$v2/$(blob_of "$digest")"
  printf %s "$1" >"$v2/$(blob_of "$digest")/data"
}
link() { # REPOSITORY BELOW DIGEST [CONTENT]
  local place=$repositories/$1/$2/${3/://}
  mkdir -p "$place"
  printf %s "${4-$3}" >"$place/link"
}
layer() { # REPOSITORY CONTENT: sets $digest
  blob "$2"
  link "$1" _layers "$digest"
}
tag() { # REPOSITORY TAG DIGEST
  mkdir -p "$repositories/$1/_manifests/tags/$2/current"
  printf %s "$3" >"$repositories/$1/_manifests/tags/$2/current/link"
  link "$1" "_manifests/tags/$2/index" "$3"
}
manifest() { # REPOSITORY JSON: sets $digest
  blob "$2"
  link "$1" _manifests/revisions "$digest"
}
text() { # NAME BYTES: content that depends on the name
  printf '%s ' "$1"
  head -c "$2" /dev/zero | tr '\0' x
}
descriptor() { printf '{"mediaType":"%s","digest":"%s","size":1}' "$1" "$2"; }
layer_type=application/vnd.oci.image.layer.v1.tar
# image REPOSITORY NAME [EXTRA-JSON]: config and one layer; sets $digest, $config_digest, $layer_digest
image() {
  layer "$1" "{\"config of\":\"$2\"}"
  config_digest=$digest
  layer "$1" "$(text "layer of $2" 3000)"
  layer_digest=$digest
  manifest "$1" "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":$(
    descriptor application/vnd.oci.image.config.v1+json "$config_digest"
  ),\"layers\":[$(descriptor $layer_type "$layer_digest")]${3:-}}"
}
old() { find "$s" -exec touch -h -d '40 days ago' {} +; }

there() { check "$1: it stays" test -e "$v2/$2"; }
gone() { refuse "$1: it goes" test -e "$v2/$2"; }
blob_there() { there "$what: $1" "$(blob_of "$2")/data"; }
blob_gone() { gone "$what: $1" "$(blob_of "$2")/data"; }

# begin_hand_store REGSWEEP [SHIM]: makes the store that each check begins with: a tag, and garbage
# that goes.
begin_hand_store() {
  begin_sweep "$@"
  export TMPDIR=$work
  use "$work/base"
  image app app
  live_manifest=$digest live_layer=$layer_digest live_config=$config_digest
  tag app 1 "$digest"
  blob "$(text big 20000)" # live through a second tag: keeps the garbage below --max-delete
  link app _layers "$digest"
  manifest app "{\"schemaVersion\":2,\"layers\":[$(descriptor $layer_type "$digest")]}"
  tag app big "$digest"
  layer app "$(text garbage 500)"
  garbage=$digest
  blob "$(text orphan 400)"
  orphan=$digest
  echo outside >"$s/backup.log"
  mkdir -p "$s/docker/registry/other"
  echo outside >"$s/docker/registry/other/file"
  old
}

fresh() { # starts anew from the base
  chmod -R u+rwX "$work/store" 2>/dev/null || true
  rm -rf "$work/store"
  cp -a "$work/base" "$work/store"
  use "$work/store"
}
store_print() { fingerprint "$s" >"$work/before.print"; }
# refused STATUS TEXT: the last run ended so, said so, and has not touched the store since store_print
refused() {
  exits "$1"
  tells "$2"
  unchanged "$what" "$work/before.print" "$s"
}
gc() { # WHAT OPTION…: applied, the garbage that is 40 days old with the minimum age as it is
  local title=$1
  shift
  run "$title" gc --apply "$s" "$@"
}
