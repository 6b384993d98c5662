# shellcheck shell=bash
# A real registry for the scripts here, beyond lib.bash. One that needs it begins with begin_registry.

find_registry() { registry=$(command -v docker-registry || command -v registry); }

# Skips the script where the registry or its client are missing.
begin_registry() {
  need skopeo jq curl
  find_registry || skip "docker-registry is not installed"
  use_registry
}

use_registry() { # after find_registry
  export OTEL_TRACES_EXPORTER=none NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 TMPDIR=$work
  mkdir "$work/home"
  export HOME=$work/home XDG_RUNTIME_DIR=$work/home
  at_end+=(stop)
}

registry_config() { # ROOT ADDRESS
  cat <<YAML
version: 0.1
log:
  level: info
  formatter: text
storage:
  filesystem:
    rootdirectory: $1
  delete:
    enabled: true
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: $2
  secret: not-a-secret
YAML
}

server=
stop() {
  [[ -n $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

serve() { # CONFIG, with port 0: sets server and address
  : >"$work/registry.log" # not the address of before
  "$registry" serve "$1" >>"$work/registry.log" 2>&1 &
  server=$!
  address=
  for _ in {1..100}; do
    address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
    [[ -z $address ]] || break
    sleep 0.1
  done
  [[ -n $address ]] || { cat "$work/registry.log" >&2; exit 1; }
}

start() { # ROOT: serves it, and writes config.yml with the address
  registry_config "$1" 127.0.0.1:0 >"$work/serve.yml"
  serve "$work/serve.yml"
  registry_config "$1" "$address" >"$work/config.yml"
}

copy_image() { skopeo --insecure-policy --command-timeout 60s copy --quiet "$@" >"$work/skopeo.log" 2>&1; }

pull() { # REPOSITORY:TAG or REPOSITORY@DIGEST; an index only comes if each of its images does
  rm -rf "$work/pulled"
  copy_image --all --src-tls-verify=false --src-no-creds "docker://$address/$1" "dir:$work/pulled"
}

# Images as an OCI layout in $work/layout: "one" and "two" of two layers, of which they share one, and
# "many", an index of two platforms.
image_layout() {
  python3 - "$work/layout" <<'PYTHON'
import gzip, hashlib, io, json, pathlib, random, sys, tarfile
out = pathlib.Path(sys.argv[1])
(out / "blobs/sha256").mkdir(parents=True)
(out / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
def blob(data, media):
    digest = hashlib.sha256(data).hexdigest()
    (out / "blobs/sha256" / digest).write_bytes(data)
    return {"mediaType": "application/vnd.oci.image." + media, "size": len(data), "digest": "sha256:" + digest}
def layer(name):
    noise = random.Random(name).randbytes(30000)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(noise)
        archive.addfile(info, io.BytesIO(noise))
    return gzip.compress(tar.getvalue(), mtime=0), hashlib.sha256(tar.getvalue()).hexdigest()
def image(names, architecture="amd64"):
    layers = [layer(name) for name in names]
    config = {"architecture": architecture, "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff for _, diff in layers]}}
    return blob(json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "config.v1+json"),
        "layers": [blob(data, "layer.v1.tar+gzip") for data, _ in layers]}).encode(), "manifest.v1+json")
def tagged(descriptor, tag):
    return {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}
platforms = [{**image([arch + "-layer"], arch), "platform": {"os": "linux", "architecture": arch}} for arch in ("amd64", "arm64")]
index = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                         "manifests": platforms}).encode(), "index.v1+json")
(out / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
    tagged(image(["base", "one"]), "one"), tagged(image(["base", "two"]), "two"), tagged(index, "many")]}))
PYTHON
}

push() { # NAME-IN-LAYOUT REPOSITORY:TAG
  copy_image --all --dest-tls-verify=false --dest-no-creds "oci:$work/layout:$1" "docker://$address/$2"
}
