#!/usr/bin/env bash
# refusals.sh REGSWEEP [SHIM]
#
# What a sweep leaves alone and when it refuses: one check for each such rule of docs/safety.md,
# which fails if the rule is taken out; beside each a control: the same sweep without the reason to
# refuse goes through.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=hand_store.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/hand_store.bash"
begin_hand_store "$@"

# --- nothing without being told, nothing outside -------------------------------------------------

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

# --- age -----------------------------------------------------------------------------------------

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

# --- fail closed ----------------------------------------------------------------------------------

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
  not_checked "what may not be read: root, and no setpriv"
fi

# --- what is alive ----------------------------------------------------------------------------

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

# --- guards ---------------------------------------------------------------------------------------

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
end
