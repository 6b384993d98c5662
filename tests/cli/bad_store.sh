#!/usr/bin/env bash
# bad_store.sh REGSWEEP: what is no store, or is named oddly. Every error names its object, says
# nothing on standard output, and has the exit code that is its contract.
# shellcheck disable=SC2154  # work, rc and what are set in lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store --healthy good
good=$work/good

# bad WHAT STORE TEXT…: every command refuses STORE with exit 2 (garbage-collect with 1, as the
# registry does) and says each TEXT.
bad() {
  local title=$1 store=$2 text command
  shift 2
  for command in audit "audit --json --exact" tags "tags --json"; do
    # shellcheck disable=SC2086
    run "$command: $title" $command -- "$store"
    exits 2
    silent
    clean
    says "regsweep: "
    for text; do says "$text"; done
  done
  run "garbage-collect: $title" garbage-collect --dry-run -- "$store"
  exits 1
  silent
  for text; do says "$text"; done
}
# same WHAT STORE [ROOT]: the audit of STORE is that of ROOT.
same() {
  local title=$1 store=$2
  run "audit $title" audit --json -- "$store"
  exits 0
  quiet
  holds "d['store']['root'] == '''${3:-$good}''' and d['store']['tags'] == 13"
  run "tags $title" tags --json -- "$store"
  exits 0
  holds "len(d['tags']) == 13"
}

# No store ---------------------------------------------------------------------------------------
bad "missing root" "$work/nowhere" "$work/nowhere: does not exist"
bad "missing relative root" no/where "no/where: does not exist"
mkdir -p none/docker/other nothing deep/a/b
bad "no docker/registry/v2" "$work/none" "$work/none: is no store" docker/registry/v2
bad "empty directory" "$work/nothing" "$work/nothing: is no store" docker/registry/v2
bad "empty relative directory" nothing "$work/nothing: is no store"
mkdir -p filev2/docker/registry
: >filev2/docker/registry/v2
bad "a file where v2 should be" "$work/filev2" "$work/filev2: is no store"
bad "directory above a store" "$work" "$work: is no store" "found a store in" "$good"
bad "directory inside of a store" "$good/docker/registry/v2/blobs/sha256" \
  "$good/docker/registry/v2/blobs/sha256: " "part of the store $good"
ln -s nowhere-at-all dangling
ln -s loop loop
bad "dangling symbolic link" "$work/dangling" "$work/dangling: does not exist"
run "audit symbolic link to itself" audit "$work/loop"
exits 2
silent
says "$work/loop: too many symbolic links"
mkfifo pipe
bad "FIFO" "$work/pipe" "$work/pipe: is neither"
bad "device" /dev/null "/dev/null: is neither"
bad "a name that is not UTF-8" "$work/no"$'\xff\x1b[31m\n'"such" "does not exist" '\xff\x1b'
long=$work/$(printf 'x%.0s' {1..300})
run "audit of too long a name" audit "$long"
exits 2 4
silent
says "File name too long"

# Files ------------------------------------------------------------------------------------------
echo "hello" >text
head -c 5000 /dev/zero | tr '\0' '\377' >binary
: >zero
tar -cf archive.tar -C good docker/registry/v2/repositories/team/tools
for file in text binary zero archive.tar; do
  bad "file $file" "$work/$file" "$work/$file: " "no registry config"
done

# Configs ----------------------------------------------------------------------------------------
config() { # FILE ROOT
  printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\nhttp:\n  addr: :5000\n' \
    "$2" >"$1"
}
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: [\n' >malformed.yml
bad "malformed YAML" malformed.yml "malformed.yml: not valid YAML: line 5"
printf 'version: 0.1\n\tstorage: x\n' >tab.yml
bad "YAML with a tab" tab.yml "tab.yml: not valid YAML: line 2"
printf 'version: 0.2\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$good" >version.yml
bad "wrong version" version.yml 'version.yml: unsupported version: "0.2"' "version: 0.1"
: >void.yml
bad "empty config" void.yml "void.yml: "
printf 'version: 0.1\n' >nostorage.yml
bad "no storage" nostorage.yml "nostorage.yml: no storage configuration"
printf 'version: 0.1\nstorage:\n  s3:\n    bucket: images\n    region: eu-west-1\n' >s3.yml
bad "S3" s3.yml "s3.yml: stores in s3 (bucket images)" "filesystem storage only" "nothing was read"
printf 'version: 0.1\nstorage: inmemory\n' >memory.yml
bad "in memory" memory.yml "memory.yml: " "memory"
printf 'version: 0.1\nstorage:\n  filesystem:\n  s3:\n    bucket: b\n' >two.yml
bad "two drivers" two.yml "two.yml: " "filesystem" "s3"
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ""\n' >noroot.yml
bad "empty rootdirectory" noroot.yml "noroot.yml: storage.filesystem.rootdirectory is empty"
config missing.yml "$work/nowhere"
bad "config of a missing root" missing.yml "$work/nowhere: does not exist" "missing.yml"
config file.yml "$work/text"
bad "config of a file" file.yml "$work/text: is not a directory" "file.yml"
config unused.yml "$work/nothing"
bad "config of an empty root" unused.yml "$work/nothing: is no store" "unused.yml" mounted
# A config's root is taken at its word: nothing is guessed.
config inner.yml "$good/docker/registry/v2"
bad "config of v2" inner.yml "$good/docker/registry/v2: is no store" "inner.yml"

config good.yml "$good"
same "a config" good.yml
same "a config by its absolute path" "$work/good.yml"
cp good.yml "a config"
same "a config without a yaml name" "a config"
config quoted.yml "\"$good/\" # the store"
same "a config with quotes and a comment" quoted.yml
ln -s good.yml link.yml
same "a config behind a symbolic link" link.yml
printf 'version: 0.1\r\nstorage:\r\n  filesystem:\r\n    rootdirectory: %s\r\n' "$good" >dos.yml
same "a config with DOS line ends" dos.yml
config relative.yml good
same "a config with a relative root" relative.yml

# The environment overrides a config, never a directory that was named.
export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=$good
same "override of a missing root" missing.yml
same "override of an empty root" unused.yml
bad "override of S3" s3.yml "s3.yml: " filesystem s3
export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=$work/elsewhere
bad "override by a missing root" good.yml "$work/elsewhere: does not exist"
same "a directory beside an override" "$good"
export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=
bad "empty override" good.yml "good.yml: " "rootdirectory is empty"
unset REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY

# Names of a store -------------------------------------------------------------------------------
same "its root" "$good"
same "a trailing slash" "$good/"
same "a relative path" good
same "a roundabout path" ./nothing/..//good/.
same "docker" "$good/docker"
same "docker/registry" "$good/docker/registry/"
same "docker/registry/v2" "$good/docker/registry/v2"
same "docker/registry/v2/" "$good/docker/registry/v2/"
ln -s good symlink
same "a symbolic link to the root" symlink
same "a symbolic link with a slash" symlink/
ln -s good/docker/registry/v2 v2link
same "a symbolic link to v2" v2link
(cd good/docker/registry && exec bash -c '"$0" audit -q . && "$0" audit v2 && "$0" audit ../..' \
  "$regsweep") >out 2>err || rc=$?
what="audit from inside" && exits 0
quiet
cp -a good/docker/registry/v2 bare
same "blobs and repositories alone" bare "$work/bare"
odd="o'dd \"name\" \$HOME;\` ä"
cp -a good "$odd"
same "a name with blanks, quotes and more" "$odd" "$work/$odd"
same "the same with a slash" "$odd/" "$work/$odd"
config odd.yml "\"$work/${odd//\"/\\\"}\""
same "the same in a config" odd.yml "$work/$odd"
cp -a good -- -dash
same "a name that begins with a dash" ./-dash "$work/-dash"
same "a name that begins with a dash, after --" -dash "$work/-dash"

# A disk is often mounted elsewhere and linked into place.
mkdir -p linked-1 linked-2/docker l-3/docker/registry
ln -s ../good/docker linked-1/docker
ln -s ../../good/docker/registry linked-2/docker/registry
ln -s ../../../good/docker/registry/v2 l-3/docker/registry/v2
for outer in linked-1 linked-2 l-3; do
  run "audit of a root whose v2 is behind a symbolic link ($outer)" audit --json "$outer"
  if ((rc == 0)); then
    holds "d['store']['tags'] == 13"
  else # a refusal must say why
    silent
    exits 2 4
    says "symbolic link"
  fi
done

# Commands that a finding proposes can be pasted into a shell.
demo_store damaged
mv damaged "$work/my store"
run "audit of a damaged store with a blank in its name" audit "$work/my store"
exits 3
proposed() {
  local command
  command=$(grep -oP 'regsweep tags .*$' out | sed -n 1p)
  [[ -n $command ]] || return 1
  eval "set -- ${command#regsweep tags }"
  (($# == 1)) && [[ $1 == "$work/my store" ]]
}
check "the proposed command holds the store's name, quoted" proposed

# Little in a store ------------------------------------------------------------------------------
mkdir -p empty/docker/registry/v2
run "audit of an empty store" audit empty
exits 0
quiet
shows "0 repositories · 0 tags · 0 blobs"
run "tags of an empty store" tags --json empty
exits 0
holds "d['complete'] and d['tags'] == []"
run "garbage-collect of an empty store" garbage-collect --dry-run empty
exits 1
silent
says "failed to garbage collect: failed to mark: filesystem: Path not found: /docker/registry/v2/repositories"

mkdir -p onlyblobs/docker/registry/v2 onlyrepositories/docker/registry/v2
cp -a good/docker/registry/v2/blobs onlyblobs/docker/registry/v2
cp -a good/docker/registry/v2/repositories onlyrepositories/docker/registry/v2
run "audit without repositories" audit --json onlyblobs
exits 0
holds "'no-repositories' in codes and d['store']['blobs'] == 61 and d['reclaimable']['garbage']['objects'] == 61"
holds "sum(r['allocated_bytes'] for r in d['space'] if r['class'] == 'structure') >= 61 * 512 * __import__('os').stat('onlyblobs/docker').st_blocks" # an estimate, but of the right order
run "audit without repositories, in text" audit onlyblobs
no_advice() { ! grep -qE 'gc --apply [^-]|garbage-collect CONFIG' out; } # clutter may go all the same
check "$what: no sweep is proposed where the finding says to delete nothing" no_advice
run "audit without blobs" audit --json onlyrepositories
exits 3
holds "d['store']['blobs'] == 0 and d['store']['tags'] == 13"
holds "codes['broken-tag'][0]['objects'] == 13"
holds "any('blobs' in f['message'] and 'directory' in f['message'] for f in d['findings'])" # says that the directory is missing
run "tags without blobs" tags --json onlyrepositories
exits 3
holds "all(t['state'] == 'dangling' for t in d['tags']) and len(d['tags']) == 13"
holds "all(t['type'] is None for t in d['tags'])" # nobody has read them

# Arguments --------------------------------------------------------------------------------------
run "no command" && exits 2 && silent
run "unknown command" frobnicate && exits 2 && silent
says frobnicate
run "unknown option" audit --frobnicate good && exits 2 && silent
says --frobnicate
run "a second store" audit good symlink && exits 2 && silent
says symlink
run "unknown repository" tags good team/app no/such && exits 2 && silent
says "no repository no/such"
run "unknown repository, not UTF-8" tags good $'no\xff\x1b' && exits 2 && silent
clean
for wrong in "--top -1" "--top x" "--jobs 0" "--jobs -1" "--jobs 1x" "--color sometimes" \
  "--max-garbage x" "--max-garbage -1" "--max-garbage 1x" "--max-garbage %" "--max-garbage 50G%"; do
  # shellcheck disable=SC2086
  run "audit $wrong" audit $wrong good
  exits 2
  silent
  says "${wrong%% *}"
done
run "garbage-collect without a config" garbage-collect --dry-run && exits 2 && silent
end
