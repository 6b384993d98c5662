#!/usr/bin/env bash
# refusals.sh REGSWEEP [SHIM]
#
# One check for each rule of docs/safety.md, which fails if the rule is taken out; beside each a
# control: the same sweep without the reason to refuse goes through. Where a change must come while a
# sweep runs, SHIM stops the sweep right before its first change.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin_sweep "$@"
export TMPDIR=$work

# --- a store by hand ----------------------------------------------------------------------------

s=$work/store # the store under test
use() {       # STORE: what the helpers below write to
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

# The store to begin with: a tag, and garbage that goes.
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

# --- 1. nothing without being told, nothing outside -------------------------------------------------

fresh
store_print
run "gc without --apply" gc "${all_rules[@]}" "$s"
exits 0
shows blobs
unchanged "$what" "$work/before.print" "$s"
run "plan" plan "${all_rules[@]}" -o "$work/plan.json" "$s"
exits 0
unchanged "$what" "$work/before.print" "$s"
run "garbage-collect --dry-run" garbage-collect -d -m "$s"
unchanged "$what" "$work/before.print" "$s"
check "$what: no quarantine" test ! -e "$s/.regsweep-quarantine"

outside() { (cd "$s" && find . -path ./docker/registry/v2 -prune -o -path ./.regsweep-quarantine -prune -o -type f \
  -printf '%p %s %T@ %i\n' | sort && cd "$work" && find beside -printf '%p %s %T@ %i\n' | sort); }
mkdir "$work/beside"
echo beside >"$work/beside/file"
for mode in "gc --apply" "gc --apply --no-quarantine" "gc --apply --untagged --links --temporary --empty --min-age 0s" \
  "garbage-collect"; do
  fresh
  ln -s "$work/beside" "$v2/blobs/sha256/zz"
  touch "$s/stray.tmp" "$s/docker/registry/stray.tmp"
  outside >"$work/outside.before"
  # shellcheck disable=SC2086
  run "$mode" $mode "$s"
  exits 0
  blob_gone "the garbage" "$garbage"
  blob_gone "the orphan" "$orphan"
  blob_there "a live layer" "$live_layer"
  blob_there "a live config" "$live_config"
  blob_there "a live manifest" "$live_manifest"
  outside >"$work/outside.after"
  check "$mode: what is outside v2 is untouched" cmp "$work/outside.before" "$work/outside.after"
done

fresh
gc "the words after a sweep"
tells "restart the registry"
tells "Redis"

# --- 2. age -----------------------------------------------------------------------------------------

fresh
touch "$v2/$(blob_of "$orphan")/data"
gc "a young blob"
exits 0
blob_there "the young blob" "$orphan"
blob_gone "the old one" "$garbage"
gc "a young blob and --min-age 0s" --min-age 0s
exits 0
blob_gone "the young blob" "$orphan"

fresh
touch "$repositories/app/_layers/${garbage/://}/link"
gc "a young layer link" --links
exits 0
blob_there "an old blob with a young link" "$garbage"
there "$what: the young link" "repositories/app/_layers/${garbage/://}/link"
blob_gone "the orphan" "$orphan"

fresh
image app young
young_manifest=$digest young_config=$config_digest young_layer=$layer_digest
image app ancient
ancient_manifest=$digest ancient_layer=$layer_digest
old
touch "$repositories/app/_manifests/revisions/${young_manifest/://}/link"
gc "a young untagged revision" --untagged --links
exits 0
blob_there "its manifest" "$young_manifest"
blob_there "its config" "$young_config"
blob_there "its layer" "$young_layer"
there "$what: its link" "repositories/app/_manifests/revisions/${young_manifest/://}/link"
there "$what: its layer's link" "repositories/app/_layers/${young_layer/://}/link"
blob_gone "an old one's manifest" "$ancient_manifest"
blob_gone "an old one's layer" "$ancient_layer"

fresh
for id in old young; do
  mkdir -p "$repositories/app/_uploads/$id"
  date -u -d '40 days ago' +%Y-%m-%dT%H:%M:%SZ >"$repositories/app/_uploads/$id/startedat"
  echo data >"$repositories/app/_uploads/$id/data"
  touch "$repositories/app/_layers/sha256/$id.tmp"
done
old
touch "$repositories/app/_uploads/young/data" "$repositories/app/_layers/sha256/young.tmp"
gc "young uploads and temporary files" --uploads 7d --temporary
exits 0
there "$what: an old upload that is still written to" repositories/app/_uploads/young/data
gone "$what: an old upload" repositories/app/_uploads/old
there "$what: a young temporary file" repositories/app/_layers/sha256/young.tmp
gone "$what: an old one" repositories/app/_layers/sha256/old.tmp

# --- 3. fail closed ----------------------------------------------------------------------------------

fresh
manifest app '{"schemaVersion":2,"layers":[{"digest":'
unclear=$digest
manifest app '{"schemaVersion":2,"layers":[{"digest":7'
unclear_too=$digest
old
store_print
gc "manifests that are cut off"
refused 5 "cannot be understood"
gc "two such, one ignored" --ignore-damaged "$unclear"
refused 5 "$unclear_too"
gc "two such, both ignored" --ignore-damaged "$unclear" --ignore-damaged "$unclear_too"
exits 0
blob_gone "the garbage" "$garbage"
blob_there "the ignored manifest, a revision" "$unclear"
fresh
manifest app '{"schemaVersion":2,"layers":[{"digest":'
old
# The option takes one word: it must not take the store for another and turn to the default one.
run "--ignore-damaged DIGEST STORE" gc --apply --ignore-damaged "$digest" "$s"
exits 0
blob_gone "the garbage" "$garbage"

fresh
: >"$v2/$(blob_of "$live_manifest")/data"
old
store_print
gc "a manifest that is empty"
refused 5 "$live_manifest"

fresh
ln -s app "$repositories/mirror"
store_print
gc "a repository that is a symbolic link"
refused 5 repositories/mirror
gc "the same, another ignored" --ignore-damaged repositories/mirro
refused 5 repositories/mirror
gc "the same, ignored" --ignore-damaged repositories/mirror
exits 0
blob_gone "the garbage" "$garbage"

fresh
rm -rf "$repositories"
store_print
gc "no repositories directory" --max-delete 100%
refused 5 "repositories"

# A tag that cannot be read keeps every revision of its repository, --untagged or not.
fresh
image app unreadable
mkdir -p "$repositories/app/_manifests/tags/lost/current"
: >"$repositories/app/_manifests/tags/lost/current/link"
old
gc "a tag whose link is empty" --untagged
blob_there "an untagged manifest" "$digest"
blob_there "its layer" "$layer_digest"
fresh
image app unreadable
old
gc "without it" --untagged
exits 0
blob_gone "the untagged manifest" "$digest"

# What may not be read. As another user, if we are root.
as=()
program=$regsweep
if ((EUID == 0)); then
  if command -v setpriv >/dev/null; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
    chmod 711 "$work"
    install -m 755 "$regsweep" "$work/program"
    program=$work/program
    "${as[@]}" "$program" --version >/dev/null 2>&1 || program=
  else
    program=
  fi
fi
gc_as_other() {
  what=$1 rc=0
  shift
  ((EUID != 0)) || chown -R 65534:65534 "$s"
  "${as[@]}" "$program" gc --apply "$s" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  no_crash
}
if [[ -n $program ]]; then
  fresh
  image other/closed closed
  closed_layer=$layer_digest
  tag other/closed 1 "$digest"
  image my-image mine
  tag my-image 1 "$digest"
  old
  ((EUID != 0)) || chown -R 65534:65534 "$s"
  chmod 000 "$repositories/other/closed/_manifests"
  store_print
  gc_as_other "a directory that may not be read"
  exits 4 5
  tells other/closed/_manifests
  unchanged "$what" "$work/before.print" "$s"
  gc_as_other "the same, another repository ignored" --ignore-damaged my-image
  exits 4 5
  unchanged "$what" "$work/before.print" "$s"
  gc_as_other "the same, a repository whose name begins like it ignored" --ignore-damaged other/clos
  exits 4 5
  unchanged "$what" "$work/before.print" "$s"
  gc_as_other "the same, ignored" --ignore-damaged other/closed
  exits 0
  blob_gone "the orphan" "$orphan"
  blob_gone "the garbage, which has a layer link" "$garbage"
  blob_gone "what only the ignored repository needs" "$closed_layer"
  blob_there "a live layer" "$live_layer"

  # Only exactly what is named is ignored. The manifest's name ends in what the eight characters of
  # the repository's name end in.
  fresh
  image my-image mine
  tag my-image 1 "$digest"
  for ((i = 0; ; ++i)); do
    [[ $(sha256_of "{\"schemaVersion\":2,\"layers\":[],\"try\":$i}") != *e ]] || break
  done
  manifest app "{\"schemaVersion\":2,\"layers\":[],\"try\":$i}"
  tag app closed "$digest"
  old
  ((EUID != 0)) || chown -R 65534:65534 "$s"
  chmod 000 "$v2/$(blob_of "$digest")/data"
  fingerprint "$s" >"$work/before.print"
  gc_as_other "a manifest that may not be read"
  exits 4 5
  tells "${digest#*:}"
  unchanged "$what" "$work/before.print" "$s"
  gc_as_other "the same, a repository ignored" --ignore-damaged my-image
  exits 4 5
  unchanged "$what" "$work/before.print" "$s"
  gc_as_other "the same, ignored" --ignore-damaged "$digest"
  exits 0
  blob_gone "the orphan" "$orphan"
else
  echo "$name: not checked: what may not be read: root, and no setpriv" >&2
fi

# --- 4. what is alive ----------------------------------------------------------------------------

fresh
content=$(text "named by its sha512" 2000)
blob "$content"
alias_digest=$digest
sha512=sha512:$(printf %s "$content" | sha512sum | cut -d ' ' -f 1)
link app _layers "$digest"
link app _layers "$sha512" "$digest"
manifest app "{\"schemaVersion\":2,\"layers\":[$(descriptor $layer_type "$sha512")]}"
tag app sha512 "$digest"
# An index here whose child is a revision only there, and one that is nowhere a revision.
image there child
child=$digest child_layer=$layer_digest
layer here "$(text grandchild 900)"
grandchild_layer=$digest
rm -r "$repositories/here/_layers/${digest/://}" # linked by nobody
blob "{\"schemaVersion\":2,\"layers\":[$(descriptor $layer_type "$grandchild_layer")]}"
grandchild=$digest
index_type=application/vnd.oci.image.index.v1+json
image_type=application/vnd.oci.image.manifest.v1+json
manifest here "{\"schemaVersion\":2,\"mediaType\":\"$index_type\",\"manifests\":[$(
  descriptor $image_type "$child"
),$(descriptor $image_type "$grandchild")]}"
tag here 1 "$digest"
# A referrer of a live image, a referrer of that, and one of an image that goes.
image app referrer ",\"subject\":$(descriptor $image_type "$live_manifest")"
referrer=$digest referrer_layer=$layer_digest
image app referrer-of-referrer ",\"subject\":$(descriptor $image_type "$referrer")"
second=$digest
image app untagged
untagged=$digest
image app referrer-of-untagged ",\"subject\":$(descriptor $image_type "$untagged")"
dead_referrer=$digest
# cosign's older fashion.
image app signature
signature=$digest
tag app "sha256-${live_manifest#*:}.sig" "$digest"
# References under every name, whatever the type says.
layer app "$(text 'under blobs' 300)"
under_blobs=$digest
layer app "$(text 'under fsLayers' 300)"
under_fs_layers=$digest
manifest app "{\"mediaType\":\"application/vnd.example\",\"blobs\":[$(
  descriptor x/y "$under_blobs"
)],\"fsLayers\":[{\"blobSum\":\"$under_fs_layers\"}]}"
tag app odd "$digest"
old
cp -a "$s" "$work/alive"
for options in "" "--untagged" "--untagged --links --stale-tags --empty"; do
  rm -rf "$s"
  cp -a "$work/alive" "$s"
  # shellcheck disable=SC2086
  gc "what is alive: $options" --min-age 0s $options
  exits 0
  blob_there "the blob of a sha512 name" "$alias_digest"
  there "$what: the link by its sha512" "repositories/app/_layers/${sha512/://}/link"
  blob_there "a child in another repository" "$child"
  blob_there "the layer of a child in another repository" "$child_layer"
  blob_there "a child in no repository" "$grandchild"
  blob_there "the layer of a child in no repository" "$grandchild_layer"
  blob_there "a referrer" "$referrer"
  blob_there "a referrer's layer" "$referrer_layer"
  blob_there "a referrer's referrer" "$second"
  there "$what: the referrer's link" "repositories/app/_manifests/revisions/${referrer/://}/link"
  blob_there "a signature" "$signature"
  blob_there "a reference by blobs" "$under_blobs"
  blob_there "a reference by fsLayers" "$under_fs_layers"
  blob_gone "the garbage" "$garbage"
  if [[ -n $options ]]; then
    blob_gone "an untagged image" "$untagged"
    blob_gone "its referrer" "$dead_referrer"
  else
    blob_there "an untagged image" "$untagged"
  fi
done

# --- 5. not beside a writer ------------------------------------------------------------------------

fresh
store_print
tail -f "$v2/$(blob_of "$live_layer")/data" >/dev/null 2>&1 &
holder=$!
at_end+=("kill $holder 2>/dev/null")
sleep 0.2
gc "a process has a file of the store open"
refused 5 "$holder"
run "the same, undo" undo "$s"
if [[ -d $s/.regsweep-quarantine ]]; then exits 5; fi
gc "the same, --assume-offline" --assume-offline
exits 0
blob_gone "the garbage" "$garbage"
run "undo beside a process that has a file open" undo "$s"
exits 5
kill "$holder"
wait "$holder" 2>/dev/null || true
run "undo without it" undo "$s"
exits 0

fresh
config=$work/config.yml
write_config() { # PORT [MORE]
  cat >"$config" <<YAML
version: 0.1
storage:
  filesystem:
    rootdirectory: $s
${2-}
http:
  addr: 127.0.0.1:$1
YAML
}
python3 - "$work/port" <<'PYTHON' &
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(16)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
import os
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(300)
PYTHON
listener=$!
at_end+=("kill $listener 2>/dev/null")
for _ in {1..50}; do
  [[ ! -e $work/port ]] || break
  sleep 0.1
done
port=$(cat "$work/port")
write_config "$port"
store_print
run "something listens at the registry's address" gc --apply "$config"
refused 5 "127.0.0.1:$port"
run "the same by plan and apply: plan" plan -o "$work/plan.json" "$config"
exits 0
run "the same by plan and apply" apply "$work/plan.json"
refused 5 "127.0.0.1:$port"
write_config "$port" "  maintenance:
    readonly:
      enabled: true"
run "the same, read-only" gc --apply "$config"
exits 0
blob_gone "the garbage" "$garbage"
fresh
write_config "$port"
run "the same, --assume-offline" gc --apply --assume-offline "$config"
exits 0
fresh
kill "$listener"
wait "$listener" 2>/dev/null || true
run "nothing listens there" gc --apply "$config"
exits 0
blob_gone "the garbage" "$garbage"

fresh
mkdir -p "$s/docker/registry/lockfiles"
touch "$s/docker/registry/lockfiles/database-in-use"
store_print
gc "GitLab's lock file"
refused 5 database
gc "GitLab's lock file, whatever is said" --assume-offline --max-delete 100% --min-age 0s --untagged --links
refused 5 database
run "GitLab's lock file, garbage-collect" garbage-collect --semantics registry-2.8 "$s"
exits 1
unchanged "$what" "$work/before.print" "$s"

# --- 6. one at a time --------------------------------------------------------------------------------

if command -v flock >/dev/null; then
  fresh
  run "something to undo" gc --apply "$s"
  cp -a "$s" "$work/held" # a sweep's result, with its quarantine
  fresh
  run "a plan to apply" plan -o "$work/plan.json" "$s"
  store_print
  exec 8<"$v2"
  flock -n 8
  # Our own descriptor shows as an open file: --assume-offline leaves only the lock.
  gc "another holds the lock" --assume-offline
  refused 5 "another regsweep"
  run "another holds the lock, apply" apply --assume-offline "$work/plan.json"
  refused 5 "another regsweep"
  run "another holds the lock, garbage-collect" garbage-collect "$s"
  refused 1 "another regsweep"
  exec 8<&-
  exec 8<"$work/held/docker/registry/v2"
  flock -n 8
  run "another holds the lock, undo" undo --assume-offline "$work/held"
  exits 5
  tells "another regsweep"
  run "another holds the lock, purge" purge --all "$work/held"
  exits 5
  tells "another regsweep"
  exec 8<&-
  rm -rf "$work/held"
  gc "the lock is free"
  exits 0
fi

# stopped OPTION…: a sweep of $s in the background, that stopped itself before its first change.
stopped() {
  local _
  REGSWEEP_FAULT_STOP=1 REGSWEEP_FAULT_PATH=$s LD_PRELOAD=$shim \
    "$regsweep" "$@" >"$work/out" 2>"$work/err" </dev/null &
  sweeper=$!
  at_end+=("kill -9 $sweeper 2>/dev/null")
  for _ in {1..100}; do
    [[ $(awk '/^State/ { print $2 }' "/proc/$sweeper/status" 2>/dev/null) != T ]] || return 0
    sleep 0.05
  done
  fail "$*: did not stop before its first change"
}
resumed() { # WHAT: sets rc
  what=$1 rc=0
  kill -CONT "$sweeper"
  wait "$sweeper" || rc=$?
  no_crash
}
# What changed in the instant between the last look at a blob and its removal is gone, if that is not a
# rename. It stopped there for the first of the two.
second_there() {
  local first second
  read -r first second < <(printf '%s\n' "$garbage" "$orphan" | sort | paste -sd ' ')
  blob_there "the second" "$second"
  [[ -n $mode ]] || blob_there "the first" "$first"
}
if [[ -e $shim ]] && ! grep -q 'lib[at]san' <(ldd "$regsweep" 2>/dev/null); then
  for mode in "" "--no-quarantine"; do
    fresh
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    run "a second apply beside the first" gc --apply --assume-offline "$s"
    exits 5
    tells "another regsweep"
    resumed "the first one $mode"
    exits 0
    blob_gone "the garbage" "$garbage"

    # What was judged is another thing by now.
    fresh
    rm -r "$repositories/app/_layers/${garbage/://}" # no link, or the store would be read again
    old
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    touch "$v2/$(blob_of "$orphan")/data" "$v2/$(blob_of "$garbage")/data"
    resumed "blobs were written after they were judged $mode"
    exits 7
    second_there

    fresh
    rm -r "$repositories/app/_layers/${garbage/://}"
    old
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    touch -r "$v2/$(blob_of "$orphan")/data" "$work/time"
    cp "$v2/$(blob_of "$orphan")/data" "$work/copy"
    cp "$v2/$(blob_of "$garbage")/data" "$work/copy2"
    for each in "$orphan" "$garbage"; do
      mv "$v2/$(blob_of "$each")/data" "$work/kept.${each#*:}"
      cp "$work/kept.${each#*:}" "$v2/$(blob_of "$each")/data"
      touch -r "$work/time" "$v2/$(blob_of "$each")/data"
    done
    resumed "blobs were replaced, same size and time $mode"
    exits 7
    second_there

    # A push came to its end: a manifest needs what was garbage. Its links are elsewhere.
    for links in with without; do
      # Links of repositories are looked at between batches of blobs; these two are one.
      [[ $links$mode != without--no-quarantine ]] || continue
      fresh
      if [[ $links == without ]]; then
        rm -r "$repositories/app/_layers/${garbage/://}"
        old
      fi
      # shellcheck disable=SC2086
      stopped gc --apply --assume-offline $mode "$s"
      manifest pushed/new "{\"schemaVersion\":2,\"layers\":[$(
        descriptor $layer_type "$garbage"
      ),$(descriptor $layer_type "$orphan")]}"
      tag pushed/new 1 "$digest"
      resumed "a push came between, $links layer links to remove $mode"
      exits 7
      blob_there "a layer of the push" "$garbage"
      blob_there "another" "$orphan"
    done
  done
  # An upload that goes on.
  fresh
  mkdir -p "$repositories/app/_uploads/id"
  date -u -d '40 days ago' +%Y-%m-%dT%H:%M:%SZ >"$repositories/app/_uploads/id/startedat"
  echo data >"$repositories/app/_uploads/id/data"
  old
  stopped gc --apply --assume-offline --uploads 7d "$s"
  mkdir "$repositories/app/_uploads/id/hashstates"
  resumed "an upload goes on after it was judged"
  exits 7
  there "$what" repositories/app/_uploads/id/data
  # An empty directory that is not empty any more.
  fresh
  mkdir "$repositories/app/empty"
  old
  stopped gc --apply --assume-offline --empty "$s"
  touch "$repositories/app/empty/file"
  resumed "a directory is not empty any more"
  there "$what" repositories/app/empty/file
  # A symbolic link instead of a directory on the way.
  for mode in "" "--no-quarantine"; do
    fresh
    rm -rf "$work/elsewhere"
    # shellcheck disable=SC2086
    stopped gc --apply --assume-offline $mode "$s"
    mv "$v2/blobs/sha256" "$work/elsewhere"
    ln -s "$work/elsewhere" "$v2/blobs/sha256"
    resumed "the blobs' directory is a symbolic link by now $mode"
    exits 7
    check "$what: behind it all is there" test -e "$work/elsewhere/${garbage:7:2}/${garbage#*:}/data"
    check "$what: behind it all is there" test -e "$work/elsewhere/${orphan:7:2}/${orphan#*:}/data"
  done
else
  echo "$name: not checked: changes while a sweep runs: no shim" >&2
fi

# --- 7. guards ---------------------------------------------------------------------------------------

fresh
rm -rf "$repositories/app/_manifests"
store_print
gc "every blob" --max-delete 100%
refused 5 "every blob"
gc "every blob, no limit named"
refused 5 "every blob"

fresh
blob "$(text 'a lot of garbage' 100000)"
lot=$digest
old
store_print
gc "more than half of the bytes"
refused 5 "--max-delete"
gc "more than half of the bytes, 60 % allowed" --max-delete 60%
refused 1 "--max-delete"
gc "more than half of the bytes, allowed" --max-delete 90%
exits 0
blob_gone "it" "$lot"
fresh
store_print
gc "a tenth of a per cent" --max-delete 0.1%
exits 1
unchanged "$what" "$work/before.print" "$s"
gc "one per cent" --max-delete 1%
refused 1 "--max-delete"
gc "ten per cent" --max-delete 10%
exits 0

fresh
rm -rf "$repositories/app/_manifests/tags"
store_print
gc "no tags, and tags decide" --untagged --max-delete 100%
exits 5
unchanged "$what" "$work/before.print" "$s"
gc "no tags, and revisions decide"
exits 0
blob_gone "the garbage" "$garbage"
# Some blob stays, so that it is not the guard for every blob that speaks.
fresh
image young young
old
rm -rf "$repositories/app/_manifests/tags"
touch "$repositories/young/_manifests/revisions/${digest/://}/link"
store_print
gc "no tags, and something stays all the same" --untagged --max-delete 100%
refused 5 "tag"

fresh
blob "$(text 'freed first' 9000)"
first=$digest
old
gc "--free" --free 8K
exits 0
blob_gone "the largest" "$first"
blob_there "what need not go any more" "$orphan"
blob_there "what need not go any more" "$garbage"

# --- 8. plans ----------------------------------------------------------------------------------------

# forge PYTHON: changes the plan p, as someone would who knows how to make the checksum fit.
forge() {
  python3 - "$work/plan.json" "$work/forged.json" "$1" <<'PYTHON'
import hashlib, json, os, sys
p = json.load(open(sys.argv[1]))
seal = True
exec(sys.argv[3])
if seal:
    p.pop("checksum", None)
    text = json.dumps(p, separators=(",", ":"), ensure_ascii=False)
    p["checksum"] = hashlib.sha256(text.encode()).hexdigest()
json.dump(p, open(sys.argv[2], "w"), indent=1)
PYTHON
}
# forged WHAT STATUS TEXT PYTHON
forged() {
  forge "$4"
  for mode in "" "--no-quarantine"; do
    # shellcheck disable=SC2086
    run "a plan $1 $mode" apply $mode "$work/forged.json"
    # shellcheck disable=SC2086
    exits $2
    tells "$3"
    unchanged "$what" "$work/before.print" "$s"
  done
}
fresh
run "plan" plan -o "$work/plan.json" "$s"
exits 0
store_print
forge "pass"
cp -a "$s" "$work/spare"
run "a plan sealed anew" apply "$work/forged.json"
exits 0
blob_gone "the garbage" "$garbage"
run "undo it" undo "$s"
unchanged "undo of a plan" "$work/before.print" "$s"
rm -rf "$work/spare"

forged "with an edited size" 5 "checksum" 'seal = False; p["removals"][0]["size_bytes"] += 1'
forged "with an edited path" 5 "checksum" 'seal = False; p["removals"][0]["path"] += "0"'
forged "without a checksum" 5 "checksum" 'seal = False; del p["checksum"]'
forged "with a checksum that is no text" 5 "checksum" 'seal = False; p["checksum"] = 7'
forged "of another version" 5 "version" 'p["schema"] = "regsweep.plan/2"'
forged "of something else" 5 "plan" 'p["schema"] = 7'
forged "with a kind of removal nobody knows" 5 "class" 'p["removals"][0]["class"] = "signature"'
forged "without a part" 5 "malformed" 'del p["rules"]'
forged "with a number that is text" 5 "malformed" 'p["removals"][0]["inode"] = "7"'
forged "for another inode" 6 "another store" 'p["store"]["inode"] += 1'
forged "for another device" 6 "another store" 'p["store"]["device"] += 1'
forged "with another size" "5 6" "" 'p["removals"][-1]["size_bytes"] += 1'
forged "with another time" "5 6" "" 'p["removals"][-1]["mtime_ns"] += 1'

# Removals that no plan would have: outside of the store, of what lives, of what is not of the class.
mkdir -p "$work/victim/${orphan#*:}"
echo victim >"$work/victim/${orphan#*:}/data"
for path in "../../../../victim/${orphan#*:}" "$work/victim/${orphan#*:}" "blobs/sha256/../../../../../../victim/${orphan#*:}" \
  "blobs//${orphan#*:}" "." "" "blobs" "repositories/app" "repositories/app/_manifests/tags/1" "../../../backup.log"; do
  for class in blob empty-directory temporary-file layer-link upload; do
    forge "
path, kind = '$path', '$class'
at = os.path.join('$v2', path)
st = os.lstat(at + '/data') if kind == 'blob' and os.path.exists(at + '/data') else os.lstat(at) if os.path.lexists(at) else os.lstat('/')
r = dict(p['removals'][-1], path=path, inode=st.st_ino, size_bytes=st.st_size, mtime_ns=st.st_mtime_ns)
r['class'] = kind
p['removals'] = [r]"
    run "a plan that would remove $class '$path'" apply --no-quarantine "$work/forged.json"
    exits 5 6
    unchanged "$what" "$work/before.print" "$s"
  done
done
check "what is beside the store is there" test -e "$work/victim/${orphan#*:}/data"
forged "that would remove a live blob" 6 "not to be removed" "
path = '$(blob_of "$live_layer")'
st = os.lstat('$v2/' + path + '/data')
p['removals'].append(dict(p['removals'][-1], path=path, inode=st.st_ino, size_bytes=st.st_size, mtime_ns=st.st_mtime_ns))"
for content in "" "{" "[]" "7" "null" '{"schema":"regsweep.plan/1"}' "$(head -c 200 "$work/plan.json")" \
  "$(head -c -100 "$work/plan.json")"; do
  printf %s "$content" >"$work/forged.json"
  run "a plan that is '${content:0:20}'" apply "$work/forged.json"
  refused 5 "refused"
done
head -c 3000 /dev/urandom >"$work/forged.json"
run "a plan that is noise" apply "$work/forged.json"
refused 5 "refused"
run "a plan that is not there" apply "$work/no-such-plan.json"
exits 2
run "a plan that is a directory" apply "$work"
exits 2 5

# --- 9. a plan of the past -----------------------------------------------------------------------------

outdated() { # WHAT COMMAND…: after the command the plan of before must not be carried out
  local title=$1 mode
  shift
  for mode in "" "--no-quarantine"; do
    fresh
    # shellcheck disable=SC2154
    run "plan" plan ${plan_options[@]+"${plan_options[@]}"} -o "$work/plan.json" "$s"
    "$@"
    store_print
    # shellcheck disable=SC2086
    run "plan, then $title $mode" apply $mode "$work/plan.json"
    exits 6
    unchanged "$what" "$work/before.print" "$s"
  done
}
plan_options=()
rewrite() { touch "$v2/$(blob_of "$orphan")/data"; }
outdated "a blob was written" rewrite
replace() {
  cp -a "$v2/$(blob_of "$orphan")/data" "$v2/data.new"
  mv "$v2/data.new" "$v2/$(blob_of "$orphan")/data"
}
outdated "a blob was replaced" replace
grow() {
  touch -r "$v2/$(blob_of "$orphan")/data" "$work/time"
  echo more >>"$v2/$(blob_of "$orphan")/data"
  touch -r "$work/time" "$v2/$(blob_of "$orphan")/data"
}
outdated "a blob grew, its time the same" grow
push() {
  manifest pushed "{\"schemaVersion\":2,\"layers\":[$(descriptor $layer_type "$orphan")]}"
  tag pushed 1 "$digest"
  find "$v2" -exec touch -h -d '40 days ago' {} +
}
outdated "a tag was pushed that needs a blob" push
relink() { touch "$repositories/app/_layers/${garbage/://}/link"; }
outdated "a layer was linked anew" relink
puzzle() {
  manifest app '{"schemaVersion":2,"layers":['
  old
}
outdated "a manifest came that is not understood" puzzle
copied() {
  cp -a "$v2" "$v2.new"
  rm -rf "$v2"
  mv "$v2.new" "$v2"
}
outdated "the store was copied" copied
retag() { tag app new "$untagged_here"; }
plan_options=(--untagged)
use "$work/base"
image app untagged-here
untagged_here=$digest untagged_layer=$layer_digest
old
outdated "an untagged manifest was tagged" retag
fresh
run "plan" plan --untagged -o "$work/plan.json" "$s"
run "apply it" apply "$work/plan.json"
exits 0
blob_gone "the untagged manifest" "$untagged_here"
blob_gone "its layer" "$untagged_layer"
plan_options=()
fresh
run "plan" plan -o "$work/plan.json" "$s"
rm -r "${v2:?}/$(blob_of "$orphan")"
run "plan, then one thing went" apply "$work/plan.json"
exits 0
blob_gone "the other" "$garbage"

# A symbolic link to the same files, in place of a directory on the way.
for swapped in "blobs" "blobs/sha256" "blobs/sha256/${orphan:7:2}" "$(blob_of "$orphan")" repositories/app \
  repositories/app/_layers; do
  for mode in "" "--no-quarantine"; do
    fresh
    rm -rf "$work/elsewhere"
    run "plan" plan -o "$work/plan.json" "$s"
    mv "$v2/$swapped" "$work/elsewhere"
    ln -s "$work/elsewhere" "$v2/$swapped"
    store_print
    (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.before"
    # shellcheck disable=SC2086
    run "plan, then $swapped is a symbolic link $mode" apply $mode "$work/plan.json"
    exits 4 5 6 7
    (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.after"
    check "$what: nothing behind it was touched" cmp "$work/elsewhere.before" "$work/elsewhere.after"
    unchanged "$what" "$work/before.print" "$s"
  done
done
fresh
mkdir "$work/not-here"
ln -s "$work/not-here" "$s/.regsweep-quarantine"
store_print
gc "the quarantine is a symbolic link"
exits 5
check "$what: nothing was put there" test -z "$(ls -A "$work/not-here")"
unchanged "$what" "$work/before.print" "$s"

# --- 10. the journal, and what is in the way -----------------------------------------------------------

fresh
store_print
gc "a sweep to undo"
exits 0
cp -a "$s" "$work/swept"
swept() {
  rm -rf "$s"
  cp -a "$work/swept" "$s"
  journal=$(echo "$s"/.regsweep-quarantine/*/journal)
  objects=${journal%journal}objects
}
everything_of() { (cd "$s" && find . -type f -printf '%p %s %T@\n' -exec sha256sum {} + | sort); }
# journal_refused WHAT COMMAND…: after the command undo refuses and touches nothing
journal_refused() {
  local title=$1
  shift
  swept
  "$@"
  everything_of >"$work/all.before"
  run "undo, $title" undo "$s"
  exits 5
  everything_of >"$work/all.after"
  check "$what: nothing was touched" cmp "$work/all.before" "$work/all.after"
}
swept
run "undo" undo "$s"
exits 0
unchanged "$what" "$work/before.print" "$s"
cut_lines() { head -n "$1" "$journal" >"$work/j" && cat "$work/j" >"$journal"; }
total=$(wc -l <"$work/swept/.regsweep-quarantine/"*/journal)
for ((keep = 0; keep < total - 2; ++keep)); do
  # Without the end record alone it is as after a crash. With the last `move` missing it is not.
  swept
  ((keep == 0)) || grep -q -P '\tmove\t' <(tail -n +$((keep + 1)) "$journal") || continue
  journal_refused "its journal cut to $keep of $total lines" cut_lines "$keep"
done
without_line() { sed -i "$1d" "$journal"; }
journal_refused "a line of its journal is missing" without_line 3
flip() { sed -i "$1s/sha256/sha257/" "$journal"; }
journal_refused "a line of its journal was edited" flip "$(grep -n -m 1 -P '\tmove\t' "$work/swept/.regsweep-quarantine/"*/journal | cut -d : -f 1)"
swap() { sed -i "$1{h;d};$(($1 + 1)){G}" "$journal"; }
journal_refused "two lines of its journal are swapped" swap 3
no_journal() { rm "$journal"; }
journal_refused "its journal is gone" no_journal
stranger() { mkdir "$objects/9999"; }
journal_refused "an object lies there that its journal does not name" stranger
garbage_at_end() { head -c 100 /dev/urandom | tr -d '\n' >>"$journal" && echo >>"$journal" && echo >>"$journal"; }
journal_refused "noise behind its journal" garbage_at_end
swept
tail -c +1 "$journal" | head -c -20 >"$work/j"
cat "$work/j" >"$journal"
run "undo, the last line of its journal torn off" undo "$s"
exits 0
unchanged "$what" "$work/before.print" "$s"

swept
mkdir -p "$v2/$(blob_of "$orphan")"
echo newer >"$v2/$(blob_of "$orphan")/data"
run "undo, a place is taken" undo "$s"
exits 7
tells "$(blob_of "$orphan")"
check "$what: the newer stays" test "$(cat "$v2/$(blob_of "$orphan")/data")" = newer
blob_there "the other came back" "$garbage"
check "$what: the older stays in quarantine" grep -rqs "^orphan" "$objects"
rm -r "${v2:?}/$(blob_of "$orphan")"
run "undo, its place is free again" undo "$s"
exits 0
blob_there "it" "$orphan"
check "$what: the quarantine is gone" test ! -e "$s/.regsweep-quarantine"

for swapped in blobs/sha256 repositories/app/_layers; do
  swept
  rm -rf "$work/elsewhere"
  mv "$v2/$swapped" "$work/elsewhere"
  ln -s "$work/elsewhere" "$v2/$swapped"
  (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.before"
  run "undo, $swapped is a symbolic link" undo "$s"
  exits 5 7
  (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.after"
  check "$what: nothing was put behind it" cmp "$work/elsewhere.before" "$work/elsewhere.after"
done
end
