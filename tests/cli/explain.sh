#!/usr/bin/env bash
# explain.sh REGSWEEP: what explain says of configs, stores, variables and bad input, and of a real registry
# that runs: what it answers is what explain said.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
# shellcheck source=../sweep/registry.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/registry.bash"
begin "$@"
demo_store --healthy store

config() { # more lines below `storage:`
  printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$work/store"
  printf '%s\n' "$@"
}
line() { json "next(l for l in d['lines'] if l['key'] == '$1')['$2']"; } # KEY FIELD

# --- text ----------------------------------------------------------------------------------------

config "  cache: {blobdescriptor: redis}" "redis: {addr: 'localhost:6379'}" >config.yml
run "explain a config" explain config.yml
exits 0
quiet
clean
shows "405 UNSUPPORTED"
shows "regsweep works all the same"
shows "redis localhost:6379"
shows "true, age 168h, interval 24h"
shows "  regsweep audit config.yml"
check "$what: one screen" test "$(wc -l <out)" -le 50
run "explain in colour" explain --color always config.yml
check "$what: it has some" grep -qF $'\x1b[' out
run "explain in bytes" explain --bytes --color never config.yml
check "$what: plain numbers" grep -qE 'disk +[0-9]+ available of [0-9]+$' out
run "explain into a file" explain -o explained config.yml
silent
check "$what: it is there" grep -q 'NEXT' explained

# --- what each setting leads to ------------------------------------------------------------------

config "  delete: {enabled: true}" "  maintenance: {readonly: {enabled: true}, uploadpurging: {enabled: false}}" \
  "proxy: {remoteurl: 'https://me:secret@mirror.example'}" >other.yml
run "explain another config" explain --json other.yml
exits 0
holds "d['config']['delete_enabled'] and d['config']['read_only']" \
  "not d['config']['upload_purging']['enabled']" \
  "d['config']['proxy_remote_url'] == 'https://mirror.example'" \
  "d['managed_by'] == 'pull-through-cache'" "d['config']['named']" "d['store']['root'] == '$work/store'"
refuse "$what: no password" grep -q secret out

run "explain a directory" explain --json store
exits 0
holds "d['config'] is None or not d['config']['named']" "d['managed_by'] is None" "d['disk']['size_bytes'] > 0"

config "auth: {htpasswd: {realm: harbor-registry-basic-realm, path: /x}}" >harbor.yml
run "explain Harbor" explain --json harbor.yml
holds "d['managed_by'] == 'harbor'" "d['next']['command'].startswith('regsweep audit ')"
mkdir -p locked/docker/registry/v2 locked/docker/registry/lockfiles
: >locked/docker/registry/lockfiles/database-in-use
run "explain GitLab" explain --json locked
holds "d['managed_by'] == 'gitlab-database'"

export REGISTRY_STORAGE_DELETE_ENABLED=true REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED=true REGISTRY_LOG_LEVEL=debug
run "explain with variables" explain --json config.yml
unset REGISTRY_STORAGE_DELETE_ENABLED REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED REGISTRY_LOG_LEVEL
holds "d['environment'] == {'applied': ['REGISTRY_STORAGE_DELETE_ENABLED'], 'without_effect': ['REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED']}" \
  "d['config']['delete_enabled']" "not d['config']['read_only']"

printf 'version: 0.1\nstorage: {s3: {bucket: images, region: eu}}\n' >s3.yml
run "explain s3" explain s3.yml
exits 0 # that it cannot be read is an answer
quiet
shows "s3 (bucket images)"
shows "regsweep explain DIRECTORY"

# --- bad input -----------------------------------------------------------------------------------

says_no() { # WHAT ARGUMENT MESSAGE: exit 2, names the argument, says why and what to run
  run "$1" explain "$2"
  exits 2
  silent
  says "$2: "
  says "$3"
  says "regsweep explain "
}
says_no "no such config" nowhere.yml "does not exist"
printf 'version: 0.1\nstorage: [\n' >broken.yml
says_no "broken YAML" broken.yml "not valid YAML: line "
printf 'version: 0.2\nstorage: filesystem\n' >version.yml
says_no "odd version" version.yml 'unsupported version: "0.2"'
mkdir hollow
says_no "no store" "$work/hollow" "is no store"
: >text.txt
says_no "no config" text.txt "no registry config"
printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s/hollow}}\n' "$work" >hollow.yml
run "a config of no store" explain hollow.yml
exits 2
says "$work/hollow: is no store"
shows "no store is there"
run "an empty name" explain ""
exits 2
says "STORE is empty"

# --- a real registry -----------------------------------------------------------------------------

has_registry() {
  local program
  for program in skopeo jq curl; do command -v "$program" >/dev/null || return 1; done
  command -v docker-registry >/dev/null || command -v registry >/dev/null
}
if has_registry; then
  begin_registry
  start "$work/store"
  run "beside a registry" explain --json config.yml
  exits 0
  holds "d['in_use']['answering_address'] == '$address'" "d['config']['delete_enabled']"
  check "$what: the address is a warning" test "$(line address concern)" = warning
  sed '/delete:/,+1d' config.yml >off.yml # as the registry's default
  stop
  sed "s/addr: .*/addr: 127.0.0.1:0/" off.yml >serve.yml
  serve serve.yml
  run "a registry that deletes nothing" explain off.yml
  shows "405 UNSUPPORTED"
  digest=$(basename "$(find store/docker/registry/v2/repositories/team/app/_manifests/revisions/sha256 -mindepth 1 -maxdepth 1 -print -quit)")
  answer=$(curl -sS --max-time 20 -w '%{http_code}' -X DELETE "http://$address/v2/team/app/manifests/sha256:$digest")
  check "$what: and so it answers: $answer" grep -q 'UNSUPPORTED.*405$' <<<"$(tr -d '\n' <<<"$answer")"
  stop
  # What explain says of the variable: a registry does not start with it.
  if REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED=true timeout 5 "$registry" serve serve.yml >panic.log 2>&1; then :; fi
  check "the variable without effect: the registry panics" grep -q 'readonly config key must contain additional keys' panic.log
else
  not_checked "a real registry: no docker-registry, curl, jq or skopeo"
fi
end
