#!/usr/bin/env bash
# full_disk.sh REGSWEEP
#
# A file system without a free byte and without a free inode: --no-quarantine frees, the quarantine refuses
# and touches nothing. A read-only mount, and a quarantine that would lie on another file system: refused.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"

# Mounts are our own: in a mount namespace that ends with us.
if [[ ${REGSWEEP_FULL_DISK_INSIDE:-} != yes ]]; then
  command -v unshare >/dev/null || skip "no unshare"
  ((EUID == 0)) || skip "must be root to mount"
  unshare --mount --propagation private true 2>/dev/null || skip "may not make a mount namespace"
  REGSWEEP_FULL_DISK_INSIDE=yes exec unshare --mount --propagation private bash "$0" "$@"
fi
begin_sweep "$@"
mkdir "$work/mount"
mount -t tmpfs -o size=8m,nr_inodes=3000 none "$work/mount" 2>/dev/null || skip "may not mount a tmpfs"
at_end+=("umount -R '$work/mount' 2>/dev/null")

small_store "$work/base"
bash "$here/live_tags.sh" "$work/base" >"$work/base.walk"
s=$work/mount/store

# fill: not one free inode, then not one free byte
fill() {
  mkdir -p "$work/mount/fill"
  local n
  n=$(df --output=iavail "$work/mount" | tail -n 1)
  if ((n > 0)); then
    (cd "$work/mount/fill" && seq -f 'file%g' "$((n - 1))" | xargs touch)
    : >"$work/mount/fill/last" 2>/dev/null || true
  fi
  dd if=/dev/zero of="$work/mount/fill/file1" bs=4k status=none 2>/dev/null || true
  checks=$((checks + 2))
  [[ $(df --output=iavail "$work/mount" | tail -n 1) -eq 0 ]] || fail "an inode is free"
  [[ $(df --output=avail -B 1 "$work/mount" | tail -n 1) -eq 0 ]] || fail "a byte is free"
}
only_bytes() {
  mkdir -p "$work/mount/fill"
  dd if=/dev/zero of="$work/mount/fill/file1" bs=4k status=none 2>/dev/null || true
  checks=$((checks + 1))
  [[ $(df --output=avail -B 1 "$work/mount" | tail -n 1) -eq 0 ]] || fail "a byte is free"
}
fresh() {
  rm -rf "$work/mount/fill" "$s"
  cp -a "$work/base" "$s"
}

for how in fill only_bytes; do
  fresh
  "$how"
  fingerprint "$s" >"$work/print"
  before=$(df --output=used -B 1 "$work/mount" | tail -n 1)
  run "quarantine, $how" gc --apply "${everything[@]}" --assume-offline "$s"
  # Directories of a tmpfs take no byte: the journal is the first that needs one.
  exits 5 7
  tells "--no-quarantine"
  if ((rc == 5)); then
    unchanged "$what" "$work/print" "$s"
    check "$what: no quarantine is left behind" test ! -e "$s/.regsweep-quarantine"
  fi
  live "$what" "$work/base.walk" "$s"
  run "plan on a full disk, $how" plan --min-age 0s "$s"
  exits 0
  run "no quarantine, $how" gc --apply --no-quarantine "${everything[@]}" --assume-offline "$s"
  exits 0
  live "$what" "$work/base.walk" "$s"
  after=$(df --output=used -B 1 "$work/mount" | tail -n 1)
  check "$what: it frees bytes" test "$after" -lt "$before"
  check "$what: it frees inodes" test "$(df --output=iavail "$work/mount" | tail -n 1)" -gt 0
  check "$what: nothing is left but what became empty" test "$("$regsweep" gc --json "${all_rules[@]}" "$s" |
    jq '.totals.total.objects - .totals["empty-directory"].objects')" -eq 0
done

# The disk becomes full after the sweep: what is in quarantine can be purged, and brought back.
for command in purge undo; do
  fresh
  fingerprint "$s" >"$work/print"
  run "sweep" gc --apply "${everything[@]}" --assume-offline "$s"
  exits 0
  fill
  if [[ $command == purge ]]; then
    before=$(df --output=used -B 1 "$work/mount" | tail -n 1)
    run "purge on a full disk" purge --all "$s"
    exits 0
    check "$what: it frees" test "$(df --output=used -B 1 "$work/mount" | tail -n 1)" -lt "$before"
    live "$what" "$work/base.walk" "$s"
  else
    run "undo on a full disk" undo --assume-offline "$s"
    exits 0 7 # directories must be made anew, which needs inodes
    live "$what" "$work/base.walk" "$s"
    rm -rf "$work/mount/fill"
    if ((rc == 7)); then
      run "undo, once there is room" undo --assume-offline "$s"
      exits 0
    fi
    unchanged "$what" "$work/print" "$s"
  fi
done

# Read-only.
fresh
fingerprint "$s" >"$work/print"
mkdir "$work/read-only"
if mount --bind "$s" "$work/read-only" && mount -o remount,bind,ro "$work/read-only"; then
  at_end+=("umount '$work/read-only' 2>/dev/null")
  for mode in "" "--no-quarantine"; do
    # shellcheck disable=SC2086
    run "read-only $mode" gc --apply $mode "${everything[@]}" --assume-offline "$work/read-only"
    exits 5
    tells "read-only"
    unchanged "$what" "$work/print" "$s"
  done
  run "undo, read-only" undo --assume-offline "$work/read-only"
  exits 5
  run "garbage-collect, read-only" garbage-collect "$work/read-only"
  exits 1
  unchanged "$what" "$work/print" "$s"
fi

# The v2 directory is a mount of its own: of another file system, then a bind mount of the same.
small_store "$work/outer"
v2=$work/outer/docker/registry/v2
cp -a "$v2" "$work/inner"
for kind in tmpfs bind; do
  if [[ $kind == tmpfs ]]; then
    mount -t tmpfs -o size=8m none "$v2"
    cp -a "$work/inner/." "$v2"
  else
    mount --bind "$work/inner" "$v2"
  fi
  at_end+=("umount '$v2' 2>/dev/null")
  fingerprint "$work/outer" >"$work/print"
  run "v2 is a mount of its own ($kind)" gc --apply "${everything[@]}" --assume-offline "$work/outer"
  exits 5
  tells "another file system"
  tells "--no-quarantine"
  unchanged "$what" "$work/print" "$work/outer"
  check "$what: no quarantine is left behind" test ! -e "$work/outer/.regsweep-quarantine"
  run "the same without quarantine ($kind)" gc --apply --no-quarantine "${everything[@]}" --assume-offline "$work/outer"
  exits 0
  live "$what" "$work/base.walk" "$work/outer"
  umount "$v2"
done

# Deeper: one shard of the blobs is another file system. It cannot be moved from there, only that.
small_store "$work/outer"
shard=
for each in "$v2"/blobs/sha256/*; do
  hex=$(find "$each" -name data -printf '%h\n' | sed -n 1p)
  [[ -n $hex ]] || continue
  grep -q "${hex##*/}" "$work/base.walk" || shard=$each
done
cp -a "$shard" "$work/shard"
mount -t tmpfs -o size=8m none "$shard"
at_end+=("umount '$shard' 2>/dev/null")
cp -a "$work/shard/." "$shard"
fingerprint "$work/outer" >"$work/print"
run "a shard is another file system" gc --apply "${everything[@]}" --assume-offline "$work/outer"
exits 0 5 7
live "$what" "$work/base.walk" "$work/outer"
if ((rc == 7)); then tells "another file system"; fi
run "undo of it" undo --all --assume-offline "$work/outer"
exits 0
unchanged "$what" "$work/print" "$work/outer"
end
