#!/usr/bin/env bash
# make_store.sh ROOT
#
# Makes a registry store below ROOT by talking to a real registry: Debian's docker-registry on a
# loopback port it picks itself, skopeo for the pushes, curl for what skopeo does not do (deletes by
# digest, an upload that is never finished, manifests with a subject, content named by sha512).
# The content is seeded, so every run gives the same digests; upload ids and times differ.
# The store is healthy: it holds garbage, untagged manifests and unfinished pushes, but no damage.
#
# ROOT must be absent or empty. Prints one line saying what was made.
# Exit: 0 made, 1 failed, 2 usage, 77 a needed program is missing.

set -euo pipefail
export LC_ALL=C

say() { printf 'make_store: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

if [ $# -ne 1 ]; then
    echo "usage: make_store.sh ROOT" >&2
    exit 2
fi

registry=$(command -v docker-registry || command -v registry || true)
if [ -z "$registry" ]; then
    say "skipped: docker-registry is not installed"
    exit 77
fi
for program in skopeo jq curl tar gzip; do
    if ! command -v "$program" >/dev/null; then
        say "skipped: $program is not installed"
        exit 77
    fi
done

mkdir -p -- "$1"
root=$(cd -- "$1" && pwd -P)
[ -z "$(ls -A -- "$root")" ] || die "$root is not empty"

work=$(mktemp -d)
server=
stop_registry() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null || true
    for _ in {1..100}; do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}
cleanup() {
    stop_registry
    rm -rf -- "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing of the caller's environment may reach the registry or skopeo.
while IFS= read -r name; do unset "$name"; done < <(compgen -v REGISTRY_)
export REGISTRY_STORAGE_DELETE_ENABLED=true OTEL_TRACES_EXPORTER=none
mkdir "$work/home" "$work/layout" "$work/layers"
export HOME=$work/home XDG_RUNTIME_DIR=$work/home NO_PROXY=127.0.0.1 no_proxy=127.0.0.1

# --- the registry -----------------------------------------------------------------------------

# Port 0: the kernel picks a free port and the log says which.
cat >"$work/config.yml" <<YAML
version: 0.1
log:
  level: info
  formatter: text
storage:
  filesystem:
    rootdirectory: '${root//\'/\'\'}'
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:0
  secret: not-a-secret
YAML
: >"$work/registry.log"
"$registry" serve "$work/config.yml" >>"$work/registry.log" 2>&1 &
server=$!
address=
for _ in {1..100}; do
    address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
    [ -z "$address" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$address" ]; then
    cat "$work/registry.log" >&2
    die "the registry did not start"
fi

# --- images, as one OCI layout ----------------------------------------------------------------

layout=$work/layout
mkdir -p "$layout/blobs/sha256"
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"

oci_manifest=application/vnd.oci.image.manifest.v1+json
oci_index=application/vnd.oci.image.index.v1+json
oci_config=application/vnd.oci.image.config.v1+json
oci_layer=application/vnd.oci.image.layer.v1.tar+gzip
oci_empty=application/vnd.oci.empty.v1+json
docker_manifest=application/vnd.docker.distribution.manifest.v2+json
docker_list=application/vnd.docker.distribution.manifest.list.v2+json

declare -A layer_descriptor layer_diff image_descriptor

sha256_of() { sha256sum <"$1" | cut -d ' ' -f 1; }

# descriptor TYPE FILE: its OCI descriptor; the file becomes a blob of the layout.
descriptor() {
    local hex size
    hex=$(sha256_of "$2")
    size=$(stat -c %s "$2")
    cp -- "$2" "$layout/blobs/sha256/$hex"
    printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}' "$1" "$hex" "$size"
}

# seeded NAME KIB: that many KiB of text that depends on NAME only (Park-Miller, exact in doubles).
seeded() {
    local seed
    seed=$(printf %s "$1" | cksum | cut -d ' ' -f 1)
    awk -v seed="$seed" -v lines="$(($2 * 16))" 'BEGIN {
        x = seed % 2147483646 + 1
        for (i = 0; i < lines; ++i) {
            line = ""
            for (j = 0; j < 9; ++j) {
                x = (x * 16807) % 2147483647
                line = line sprintf("%07x", x % 268435456)
            }
            print line
        }
    }'
}

# layer NAME KIB: a real tar.gz with two files below opt/NAME.
layer() {
    local tree=$work/layers/$1
    mkdir -p "$tree/opt/$1"
    seeded "$1" "$2" >"$tree/opt/$1/data"
    echo "$1" >"$tree/opt/$1/name"
    chmod -R u=rwX,go=rX "$tree"
    tar --sort=name --format=ustar --mtime=@1704067200 --owner=0 --group=0 --numeric-owner \
        -C "$tree" -cf "$work/layers/$1.tar" opt
    gzip -n -6 -c "$work/layers/$1.tar" >"$work/layers/$1.tar.gz"
    layer_diff[$1]=sha256:$(sha256_of "$work/layers/$1.tar")
    layer_descriptor[$1]=$(descriptor "$oci_layer" "$work/layers/$1.tar.gz")
}

# image NAME ARCHITECTURE LAYER...
image() {
    local name=$1 architecture=$2 config layers='' diffs='' each
    shift 2
    for each in "$@"; do
        layers+=${layers:+,}${layer_descriptor[$each]}
        diffs+=${diffs:+,}\"${layer_diff[$each]}\"
    done
    printf '{"created":"2024-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"Cmd":["/opt/%s"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
        "$architecture" "$name" "$diffs" >"$work/config.json"
    config=$(descriptor "$oci_config" "$work/config.json")
    printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' \
        "$oci_manifest" "$config" "$layers" >"$work/manifest.json"
    image_descriptor[$name]=$(descriptor "$oci_manifest" "$work/manifest.json")
}

# index NAME ARCHITECTURE=IMAGE...
index() {
    local name=$1 entries='' each platform
    shift
    for each in "$@"; do
        platform=",\"platform\":{\"architecture\":\"${each%%=*}\",\"os\":\"linux\"}}"
        entries+=${entries:+,}${image_descriptor[${each#*=}]%\}}$platform
    done
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' \
        "$oci_index" "$entries" >"$work/index.json"
    image_descriptor[$name]=$(descriptor "$oci_index" "$work/index.json")
}

# finish_layout: names every image in the layout's index.json.
finish_layout() {
    local name entries=''
    for name in "${!image_descriptor[@]}"; do
        entries+=${entries:+,}${image_descriptor[$name]%\}}
        entries+=",\"annotations\":{\"org.opencontainers.image.ref.name\":\"$name\"}}"
    done
    printf '{"schemaVersion":2,"manifests":[%s]}' "$entries" >"$layout/index.json"
}

# --- talking to the registry ------------------------------------------------------------------

pushes=0 deletes=0 manifests_by_curl=0 unfinished=0

# push FORMAT IMAGE REPOSITORY:TAG [skopeo option...]
push() {
    local format=$1 image=$2 to=$3
    shift 3
    skopeo --insecure-policy --command-timeout 60s copy --quiet --dest-tls-verify=false \
        --dest-no-creds --retry-times 2 \
        --format "$format" "$@" "oci:$layout:$image" "docker://$address/$to" \
        >"$work/skopeo.log" 2>&1 || {
        cat "$work/skopeo.log" >&2
        die "could not push $image to $to"
    }
    pushes=$((pushes + 1))
}

# api STATUS METHOD URL [curl option...]: a request that must answer STATUS. A URL that begins
# with / is a path below /v2. The response's headers stay in $work/headers.
api() {
    local want=$1 method=$2 url=$3 got
    shift 3
    [ "${url#/}" = "$url" ] || url=http://$address/v2$url
    # HEAD needs --head: with -X curl would wait for a body.
    if [ "$method" = HEAD ]; then set -- --head "$@"; else set -- -X "$method" "$@"; fi
    got=$(curl --silent --show-error --noproxy '*' --max-time 20 -D "$work/headers" \
        -o "$work/body" -w '%{http_code}' "$@" "$url")
    if [ "$got" != "$want" ]; then
        cat "$work/body" >&2
        die "$method $url: $got, expected $want"
    fi
}
header() { tr -d '\r' <"$work/headers" | awk -v h="$1:" 'tolower($1) == h { print $2; exit }'; }

# digest_of REPOSITORY TAG. All types are named: for a client that does not accept lists the
# registry answers with the list's amd64 image instead.
digest_of() {
    api 200 HEAD "/$1/manifests/$2" -H "Accept: $oci_manifest" -H "Accept: $oci_index" \
        -H "Accept: $docker_manifest" -H "Accept: $docker_list"
    header docker-content-digest
}

delete_manifest() { # REPOSITORY DIGEST
    api 202 DELETE "/$1/manifests/$2"
    deletes=$((deletes + 1))
}

delete_layer_link() { # REPOSITORY DIGEST
    api 202 DELETE "/$1/blobs/$2"
    deletes=$((deletes + 1))
}

# upload_blob REPOSITORY FILE DIGEST
upload_blob() {
    api 202 POST "/$1/blobs/uploads/" -d ''
    local location
    location=$(header location)
    api 201 PUT "$location&digest=$3" -H 'Content-Type: application/octet-stream' \
        --data-binary "@$2"
}

# abandon_upload REPOSITORY CHUNK...: starts an upload, sends the chunks and never finishes it.
abandon_upload() {
    local repository=$1 chunk location
    shift
    api 202 POST "/$repository/blobs/uploads/" -d ''
    for chunk in "$@"; do
        location=$(header location)
        api 202 PATCH "$location" -H 'Content-Type: application/octet-stream' \
            --data-binary "@$chunk"
    done
    unfinished=$((unfinished + 1))
}

# put_manifest REPOSITORY TAG|DIGEST FILE
put_manifest() {
    api 201 PUT "/$1/manifests/$2" -H "Content-Type: $oci_manifest" --data-binary "@$3"
    manifests_by_curl=$((manifests_by_curl + 1))
}

# attach REPOSITORY SUBJECT_DESCRIPTOR NAME [TAG]: a manifest with a subject, the empty config and
# one small layer; under its digest alone unless a tag is given. Sets $attached, its descriptor.
attach() {
    local repository=$1 subject=$2 name=$3 tag=${4:-} config content file=$work/referrer.json
    printf '{}' >"$work/empty.json"
    seeded "$name" 2 >"$work/content"
    config=$(descriptor "$oci_empty" "$work/empty.json")
    content=$(descriptor "application/vnd.example.$name" "$work/content")
    upload_blob "$repository" "$work/empty.json" "sha256:$(sha256_of "$work/empty.json")"
    upload_blob "$repository" "$work/content" "sha256:$(sha256_of "$work/content")"
    printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/vnd.example.%s","config":%s,"layers":[%s],"subject":%s}' \
        "$oci_manifest" "$name" "$config" "$content" "$subject" >"$file"
    attached=$(descriptor "$oci_manifest" "$file")
    put_manifest "$repository" "${tag:-sha256:$(sha256_of "$file")}" "$file"
}

# --- what is in the store ---------------------------------------------------------------------

layer base 96
layer runtime 48
for name in web1 web2 api1 worker tools side; do layer "$name" 12; done
for name in amd64 arm64 ppc64le arm64-fixed; do layer "bin-$name" 10; done
for name in trash1 trash2 trash3 trash4; do layer "$name" 20; done

image base amd64 base
image base-runtime amd64 base runtime
image web1 amd64 base runtime web1
image web2 amd64 base runtime web2
image api amd64 base runtime api1
image worker amd64 base worker
image tools amd64 tools
image side amd64 side
image many-amd64 amd64 base bin-amd64
image many-arm64 arm64 bin-arm64
image many-arm64-fixed arm64 bin-arm64-fixed
image many-ppc64le ppc64le bin-ppc64le
index many amd64=many-amd64 arm64=many-arm64 ppc64le=many-ppc64le
index many-fixed amd64=many-amd64 arm64=many-arm64-fixed ppc64le=many-ppc64le
image trash-one amd64 base trash1
image trash-both amd64 trash2
image trash-orphan amd64 trash3
image trash-all amd64 trash4
finish_layout

# Single images, and layers shared by several repositories in both formats.
push oci base library/base:1.0
push oci base-runtime library/base:2.0
push oci base-runtime library/base:stable
push oci api app/api:1.0
push v2s2 api app/api:1.0-docker
push v2s2 worker app/worker:7

# latest moves: what it was before stays as an untagged revision.
push oci web1 app/web:latest
web1=${image_descriptor[web1]}
[ "$(digest_of app/web latest)" = "$(jq -r .digest <<<"$web1")" ] || die "app/web:latest is not web1"
push oci web2 app/web:latest
push oci web2 app/web:2
web2=${image_descriptor[web2]}

# Repositories inside repositories, and a name that sorts between them.
push oci tools team/a:1
push v2s2 tools team/a/b:1
push oci side team/a-b:1
push v2s2 worker app:1

# Many platforms: an OCI index, later replaced by one that shares two of its images; a Docker
# manifest list of the same; one platform alone.
push oci many multi/oci:1 --all
push oci many-fixed multi/oci:1 --all
push v2s2 many multi/docker:1 --all
push oci many-arm64 multi/arm64:1

# Garbage: in one repository, in two, linked by none, and a repository with nothing else.
push oci trash-one trash/one:old
push oci tools trash/one:keep
push oci trash-both trash/one:both
push v2s2 trash-both trash/two:both
push oci trash-orphan trash/two:orphan
push oci worker trash/two:keep
push v2s2 trash-all trash/empty:1
for each in one:old one:both two:both two:orphan empty:1; do
    repository=trash/${each%%:*}
    gone=$(digest_of "$repository" "${each#*:}")
    delete_manifest "$repository" "$gone"
done
delete_layer_link trash/two "$(jq -r .digest <<<"${layer_descriptor[trash3]}")"

# Pushes that never ended: two chunks, none, a repository that has nothing but that, and layers
# whose manifest never came.
seeded chunk1 24 >"$work/chunk1"
seeded chunk2 9 >"$work/chunk2"
abandon_upload app/web "$work/chunk1" "$work/chunk2"
abandon_upload app/web
abandon_upload pending/push "$work/chunk2"
upload_blob pending/layers "$work/chunk1" "sha256:$(sha256_of "$work/chunk1")"
upload_blob pending/layers "$work/layers/side.tar.gz" "sha256:$(sha256_of "$work/layers/side.tar.gz")"

# Referrers by digest: of a tagged image, of that referrer, of an untagged image, of an index from
# another repository; a tagged one; and a signature in cosign's older fashion, a tag that names it.
attached=
attach app/web "$web2" sbom
attach app/web "$attached" sbom-signature
attach app/web "$web1" sbom-of-untagged
push oci side attest/store:1
attach attest/store "${image_descriptor[many-fixed]}" attestation
attach attest/store "${image_descriptor[tools]}" tagged-attestation note
push oci side "app/web:$(jq -r '.digest | sub(":"; "-")' <<<"$web2").sig"

# A layer named by its sha512: the registry stores it as sha256 and links both names.
seeded alias 8 | gzip -n >"$work/alias.gz"
sha512=sha512:$(sha512sum <"$work/alias.gz" | cut -d ' ' -f 1)
printf '{}' >"$work/empty.json"
upload_blob alias/sha512 "$work/empty.json" "sha256:$(sha256_of "$work/empty.json")"
upload_blob alias/sha512 "$work/alias.gz" "$sha512"
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[{"mediaType":"%s","digest":"%s","size":%s}]}' \
    "$oci_manifest" "$(descriptor "$oci_empty" "$work/empty.json")" "$oci_layer" "$sha512" \
    "$(stat -c %s "$work/alias.gz")" >"$work/alias.json"
put_manifest alias/sha512 1 "$work/alias.json"

stop_registry

# Some file systems settle st_blocks only when they write; figures taken now are to stay.
sync -f "$root" || true

blobs=$(find "$root/docker/registry/v2/blobs" -type f -name data | wc -l)
printf '%s: %s pushes, %s manifests put by hand, %s deletes, %s unfinished uploads; %s blobs, %s\n' \
    "$root" "$pushes" "$manifests_by_curl" "$deletes" "$unfinished" "$blobs" \
    "$(du -sh -- "$root" | cut -f 1)"
