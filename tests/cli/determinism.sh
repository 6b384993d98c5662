#!/usr/bin/env bash
# determinism.sh REGSWEEP: the same store gives the same bytes whatever --jobs says; with --exact the
# total is du's to the byte; --output is written whole or not at all.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store demo
demo_store --healthy healthy
stores=(demo healthy)
make_store=$build_dir/benchmarks/make_store
if [[ -x $make_store ]]; then
  "$make_store" --sparse --repos 60 --tags 12 --seed 7 large >/dev/null
  stores+=(large)
else
  not_checked "a large store: no benchmarks/make_store in this build"
fi

# Without the figures of the disk, which others use too.
without_disk() { sed -e '/^disk:/d' -e '/^ "disk": {/,/^ },\{0,1\}$/d' "$1"; }

for store in "${stores[@]}"; do
  [[ $store == demo ]] && code=3 || code=0
  for arguments in audit "audit --exact" "audit -v" "audit --json" "audit --json --exact" tags \
    "tags --json" "garbage-collect -d -m" "garbage-collect -d --semantics registry-2.8"; do
    for jobs in 1 2 32 32 5; do
      # shellcheck disable=SC2086
      run "$arguments --jobs $jobs $store" $arguments --jobs $jobs "$store"
      if [[ $arguments == garbage* ]]; then exits 0 1; else exits "$code"; fi
      without_disk out >now
      if [[ $jobs == 1 ]]; then
        cp now first
        continue
      fi
      check "$what: as with one job" cmp first now
    done
  done
done

# Exact is du ----------------------------------------------------------------------------------------
as_du() { # WHAT STORE
  local du apparent objects
  run "audit --exact, $1" audit --json --exact "$2"
  exits 0 3
  du=$(du -s --block-size=1 -- "$2" | cut -f 1)
  apparent=$(du -s --apparent-size --block-size=1 -- "$2" | cut -f 1)
  holds "d['total']['allocated_bytes'] == $du" "d['complete']" "not d['total']['estimated']" \
    "d['total']['allocated_bytes'] == sum(r['allocated_bytes'] for r in d['space'])"
  # du leaves the sizes of directories out of its apparent size since coreutils 9.2; we do not.
  objects=$(find "$2" -type d -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
  holds "d['total']['apparent_bytes'] in ($apparent, $apparent + $objects)"
  [[ $3 == hard-links ]] ||
    holds "d['total']['objects'] == $(find "$2" -printf x | wc -c)"
  # In text as well.
  run "audit --exact --bytes, $1" audit --exact --bytes "$2"
  shows "every inode was visited"
  check "$what: the same total" grep -qE "^total +$du\$" out
}
for store in "${stores[@]}"; do as_du "$store" "$store" plain; done

blob() { # the file of the Nth largest blob
  find "$1/docker/registry/v2/blobs" -name data -printf '%s %p\n' | sort -rn | sed -n "$2{s/^[0-9]* //p}"
}
cp -a healthy odd
v2=odd/docker/registry/v2
truncate -s 50M "$(blob odd 3)" # sparse
as_du "sparse blob" odd plain
mkdir -p odd/.regsweep-quarantine/run/blobs "odd/lost+found" odd/docker/more odd/docker/registry/else
head -c 70000 /dev/zero >odd/.regsweep-quarantine/run/blobs/data
as_du "quarantine" odd plain
run "audit, quarantine" audit --json odd
holds "[r for r in d['space'] if r['class'] == 'quarantine'][0]['apparent_bytes'] == 70000" \
  "[r for r in d['space'] if r['class'] == 'quarantine'][0]['objects'] == 1"
head -c 5000 /dev/zero >odd/docker/more/file
: >odd/docker/registry/else/empty
ln -s /etc/passwd odd/docker/more/link
ln -s "$(printf '/long%.0s' {1..200})" odd/lost+found/long # takes a block of its own
mkfifo odd/docker/more/pipe
head -c 9000 /dev/zero >"$v2/stray"
mkdir -p "$v2/_x/y" "$v2/blobs/md5/ab" "$v2/blobs/sha256/zz" "$v2/repositories/_gone/deep"
head -c 5000 /dev/zero | tee "$v2/_x/y/data" "$v2/blobs/md5/ab/data" "$v2/blobs/sha256/zz/data" \
  "$v2/repositories/_gone/deep/link" "$v2/repositories/stray" >/dev/null
ln -s team "$v2/repositories/alias"
ln -s ../../.. "$v2/blobs/sha256/zz/up"
as_du "strays, pipes and symbolic links" odd plain
run "audit, not exact, of the same" audit --json odd
exits 0 3
holds "d['exact'] is False"
if mknod odd/docker/more/device c 1 3 2>/dev/null; then as_du "device" odd plain; fi
printf '%s' odd >"$v2/repositories/"$'new\nline'
as_du "a name with a line feed" odd plain

cp -a healthy twice
ln "$(blob twice 1)" twice/beside # a blob's other name beside the store
as_du "blob linked beside the store" twice hard-links
ln "$(blob twice 2)" "twice/docker/registry/v2/stray"
ln "$(blob twice 3)" "$(dirname "$(blob twice 4)")/data.x"
mkdir -p twice/.regsweep-quarantine
ln "$(blob twice 5)" twice/.regsweep-quarantine/data
as_du "blobs linked to strays and quarantine" twice hard-links
one=$(blob twice 6) two=$(blob twice 7)
ln -f "$one" "$two" # two blobs are one file, as a deduplicating copy makes them
as_du "two blobs in one file" twice hard-links
upload=$(find twice/docker/registry/v2/repositories -path '*/_uploads/*/data' | sed -n 1p)
ln "$upload" "$(dirname "$upload")/again"
as_du "upload with two names" twice hard-links
find twice -name link -size -1k | sort | awk 'NR % 2' >odd-links
while read -r link; do ln "$link" "twice/$(md5sum <<<"$link" | cut -c 1-20)"; done <odd-links
as_du "links with two names" twice hard-links
for jobs in 1 2 32; do
  run "audit --exact of hard links --jobs $jobs" audit --json --exact --jobs "$jobs" twice
  without_disk out >now
  [[ $jobs != 1 ]] || cp now first
  check "$what: as with one job" cmp first now
done
run "audit of hard links" audit --json twice
holds "sum(r['allocated_bytes'] for r in d['space'] if r['class'] in ('tagged', 'untagged', 'garbage')) == $(find twice/docker/registry/v2/blobs -name data -printf '%i %b\n' | sort -u | awk '{ sum += $2 * 512 } END { print sum }')"

# The store found as a bare tree, or through v2: the same, and du of what was named as root.
as_du "v2 in place of the root" healthy plain
cp -a healthy/docker/registry/v2 bare
as_du "a bare tree" bare plain

# Output --------------------------------------------------------------------------------------------
only_result() { [[ $(ls -A results) == "$1" ]]; }
mkdir results
run "audit -o" audit --json -o results/audit.json healthy
exits 0
silent
quiet
check "$what: leaves its result and nothing else" only_result audit.json
run "audit to standard output" audit --json healthy
check "audit -o: is what standard output would show" cmp <(without_disk out) <(without_disk results/audit.json)
check "audit -o: mode as umask wants it" test "$(stat -c %a results/audit.json)" = 644
cp results/audit.json old
inode=$(stat -c %i results/audit.json)
exec 7<results/audit.json # who reads the old one goes on reading it
run "audit -o over an old result" audit --json -o results/audit.json demo
exits 3
check "$what: by rename" test "$(stat -c %i results/audit.json)" != "$inode"
check "$what: a reader of the old one sees it whole" cmp old /dev/fd/7
exec 7<&-
check "$what: leaves nothing else" only_result audit.json
run "tags --output" tags --output results/tags healthy
exits 0
silent
check "$what: written" grep -q '^team/proxy' results/tags
rm results/tags
run "audit -o -" audit -o - healthy
exits 0
shows "WHERE THE SPACE IS"
check "$what: is no file" test ! -e ./-

# A failed run leaves the old result as it was.
cp results/audit.json old
run "audit -o of a missing store" audit -o results/audit.json nowhere
exits 2
check "$what: the old result is left" cmp old results/audit.json
mkdir results/directory
run "audit -o onto a directory" audit -o results/directory healthy
exits 2
silent
says "results/directory: cannot write"
rmdir results/directory
check "$what: leaves nothing" only_result audit.json
run "audit -o into a missing directory" audit -o results/no/audit healthy
exits 2
says "results/no/audit: cannot write: No such file or directory"

# A full disk, if one may be mounted. First a store is read from elsewhere, as in an emergency.
mkdir full
if mount -t tmpfs -o size=16k tmpfs full 2>/dev/null; then
  at_end+=("umount -l '$work/full' 2>/dev/null")
  echo old >full/audit.json
  dd if=/dev/zero of=full/ballast bs=1k 2>/dev/null || true
  run "audit -o onto a full disk" audit --json -o full/audit.json demo
  exits 2 4
  says "full/audit.json: cannot write: No space left on device"
  check "$what: the old result is left" test "$(cat full/audit.json)" = old
  check "$what: no temporary file is left" test "$(ls -A full | sort | tr '\n' ' ')" = "audit.json ballast "
  umount full
else
  not_checked "a full disk: no mount here"
fi

if [[ -w /dev/full ]]; then
  for arguments in audit "audit --json" "audit --exact" tags "tags --json" "garbage-collect -d"; do
    what="$arguments to a full device"
    rc=0
    # shellcheck disable=SC2086
    timeout 60 "$regsweep" $arguments healthy >/dev/full 2>err || rc=$?
    refuse "$what: does not succeed" test $rc = 0
    no_crash
    says "standard output"
  done
  what="audit to a closed standard output"
  rc=0
  timeout 60 "$regsweep" audit healthy >&- 2>err || rc=$?
  refuse "$what: does not succeed" test $rc = 0
  no_crash
fi
# A reader that goes away early is no crash.
for arguments in "audit -v" "garbage-collect -d"; do
  what="$arguments to a reader that goes away"
  # shellcheck disable=SC2086
  { rc=0; timeout 60 "$regsweep" $arguments demo 2>err || rc=$?; echo $rc >code; } | true
  rc=$(cat code)
  no_crash
done

# Output onto what is no regular file: it must never be replaced by one. (-o /dev/null is common.)
if mknod null c 1 3 2>/dev/null && mknod full-device c 1 7; then
  chmod 666 null full-device
  run "audit -o onto a null device" audit -o null healthy
  check "$what: the device is still one" test -c null
  exits 0
  run "audit -o onto a full device" audit -o full-device healthy
  check "$what: the device is still one" test -c full-device
  exits 2
  says full-device
fi
mkfifo pipe
cat pipe >from-pipe &
reader=$!
run "audit -o onto a pipe" audit -o pipe healthy
check "$what: the pipe is still one" test -p pipe
{ sleep 0.2; kill $reader; } 2>/dev/null || true
wait $reader 2>/dev/null || true
echo before >target
ln -s target result-link
run "audit -o onto a symbolic link" audit -o result-link healthy
check "$what: the link is still one" test -L result-link
check "$what: its target is written" grep -q "WHERE THE SPACE IS" target
# A temporary file's name that somebody else put a symbolic link at, as in /tmp, is not followed.
echo precious >precious
ln -s precious new-result.regsweep-tmp
run "audit -o beside a planted symbolic link" audit -o new-result healthy
check "$what: nothing is written through it" test "$(cat precious)" = precious
end
