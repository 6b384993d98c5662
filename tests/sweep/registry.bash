# shellcheck shell=bash
# A real registry for the scripts here that need one, beyond lib.bash. Each begins with begin_registry.

# Skips the script where the registry or its client are missing.
begin_registry() {
  need skopeo jq curl
  registry=$(command -v docker-registry || command -v registry) || skip "docker-registry is not installed"
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

start() { # ROOT: sets address, and writes config.yml with it
  registry_config "$1" 127.0.0.1:0 >"$work/serve.yml"
  : >"$work/registry.log" # not the address of before
  "$registry" serve "$work/serve.yml" >>"$work/registry.log" 2>&1 &
  server=$!
  address=
  for _ in {1..100}; do
    address=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/registry.log")
    [[ -z $address ]] || break
    sleep 0.1
  done
  [[ -n $address ]] || { cat "$work/registry.log" >&2; exit 1; }
  registry_config "$1" "$address" >"$work/config.yml"
}

copy_image() { skopeo --insecure-policy --command-timeout 60s copy --quiet "$@" >"$work/skopeo.log" 2>&1; }

pull() { # REPOSITORY:TAG or REPOSITORY@DIGEST; an index only comes if each of its images does
  rm -rf "$work/pulled"
  copy_image --all --src-tls-verify=false --src-no-creds "docker://$address/$1" "dir:$work/pulled"
}
