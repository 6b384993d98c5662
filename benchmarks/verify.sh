#!/usr/bin/env bash
# verify.sh REGSWEEP [DIR]
#
# How fast `verify` reads and hashes, side by side in one run with: `openssl speed -evp sha256` on all
# cores (no file at all: what the processor can), `xargs -P openssl dgst -sha256`, `xargs -P sha256sum`,
# and for files that are not cached `dd` (what the device can). The kinds of stores: a few large blobs,
# cached; the same, not cached (root only); many small blobs, cached. Each in turn for ROUNDS rounds.
# Prints markdown tables of medians; with strace, system calls a small blob; and how much of the page
# cache a run over uncached files leaves behind.
#
# Stores go below DIR (default TMPDIR), which should be on the disk that is meant. Environment: ROUNDS
# [5], LARGE [16] blobs of LARGE_MIB [256] MiB, SMALL [1000000] blobs of SMALL_BYTES [2048] bytes, the
# small ones below SMALL_DIR [/dev/shm].
#
# Exit: 0 measured, 1 something failed, 2 usage, 77 something needed is missing.
set -euo pipefail
export LC_ALL=C

if (($# < 1 || $# > 2)) || [[ ! -x $1 ]]; then
  echo "usage: verify.sh REGSWEEP [DIR]" >&2
  exit 2
fi
regsweep=$(realpath -- "$1")
make_blobs=$(dirname -- "$regsweep")/benchmarks/make_blobs
for program in openssl sha256sum xargs find "$make_blobs"; do
  command -v "$program" >/dev/null || { echo "verify.sh: skipped: no $program" >&2; exit 77; }
done
rounds=${ROUNDS:-5} cores=$(nproc)
work=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/verify-bench.XXXXXX")
small_work=$(mktemp -d "${SMALL_DIR:-/dev/shm}/verify-bench.XXXXXX")
trap 'rm -rf -- "$work" "$small_work"' EXIT

timed() { # COMMAND…: prints seconds
  local begun
  begun=$(date +%s%N)
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.3f\n", ns / 1e9 }'
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
speed() { # what the processor can, in bytes a second
  openssl speed -evp sha256 -seconds 2 -bytes 65536 -multi "$cores" 2>/dev/null |
    awk '/^sha256/ { print int($NF * 1000) }'
}
ours() { "$regsweep" verify -q "$1"; }
dgst() { find "$1" -name data -print0 | xargs -0 -P "$cores" -n "$2" openssl dgst -sha256; }
sums() { find "$1" -name data -print0 | xargs -0 -P "$cores" -n "$2" sha256sum; }
can_drop=''
[[ ! -w /proc/sys/vm/drop_caches ]] || can_drop=1
drop() { sync && echo 3 >/proc/sys/vm/drop_caches; }
cached_kib() { awk '$1 == "Cached:" { print $2 }' /proc/meminfo; }

# table TITLE BYTES BASE WHO…: medians, rate, and the rate as a share of BASE's
table() {
  local title=$1 bytes=$2 base=$3 who
  shift 3
  printf '\n%s\n\n| | seconds | MB/s | of %s |\n| --- | ---: | ---: | ---: |\n' "$title" "$base"
  local whole
  whole=$(median "$work/$base.times")
  for who; do
    awk -v who="$who" -v s="$(median "$work/$who.times")" -v bytes="$bytes" -v whole="$whole" \
      'BEGIN { printf "| %s | %.2f | %.0f | %.1f %% |\n", who, s, bytes / s / 1e6, 100 * whole / s }'
  done
}
speed_time() { awk -v bytes="$1" -v rate="$(speed)" 'BEGIN { printf "%.3f\n", bytes / rate }'; }

large=${LARGE:-16} large_mib=${LARGE_MIB:-256}
"$make_blobs" "$work/large" "$large" $((large_mib << 20))
bytes=$((large * (large_mib << 20)))
find "$work/large" -name data -exec cat {} + >/dev/null
for ((round = 0; round < rounds; ++round)); do
  speed_time "$bytes" >>"$work/openssl-speed.times"
  timed ours "$work/large" >>"$work/regsweep.times"
  timed dgst "$work/large" 1 >>"$work/xargs-openssl-dgst.times"
  timed sums "$work/large" 1 >>"$work/xargs-sha256sum.times"
done
table "$large blobs of $large_mib MiB, cached, $cores cores" "$bytes" openssl-speed \
  openssl-speed regsweep xargs-openssl-dgst xargs-sha256sum
rm -f "$work"/*.times

if [[ -n $can_drop ]]; then
  mapfile -t files < <(find "$work/large" -name data)
  read_by_dd() { for file in "${files[@]}"; do dd if="$file" of=/dev/null bs=1M status=none; done; }
  left=0
  for ((round = 0; round < rounds; ++round)); do
    drop
    timed read_by_dd >>"$work/dd.times"
    drop
    before=$(cached_kib)
    timed ours "$work/large" >>"$work/regsweep.times"
    left=$(($(cached_kib) - before))
    drop
    timed sums "$work/large" 1 >>"$work/xargs-sha256sum.times"
  done
  table "$large blobs of $large_mib MiB, not cached" "$bytes" dd dd regsweep xargs-sha256sum
  printf '\nThe page cache grew by %d MiB in a run over %d MiB that were not cached.\n' \
    $((left / 1024)) $((bytes >> 20))
  rm -f "$work"/*.times
else
  printf '\nNot cached: not measured, only root may empty the page cache.\n'
fi
rm -rf "$work/large"

small=${SMALL:-1000000} small_bytes=${SMALL_BYTES:-2048}
"$make_blobs" "$small_work" "$small" "$small_bytes"
for ((round = 0; round < rounds; ++round)); do
  timed ours "$small_work" >>"$work/regsweep.times"
  timed "$regsweep" audit -q "$small_work" >>"$work/audit-alone.times"
  timed sums "$small_work" 2000 >>"$work/xargs-sha256sum.times"
  timed dgst "$small_work" 2000 >>"$work/xargs-openssl-dgst.times"
done
table "$small blobs of $small_bytes bytes, cached" $((small * small_bytes)) xargs-sha256sum \
  xargs-sha256sum xargs-openssl-dgst regsweep audit-alone
if command -v strace >/dev/null; then
  rm -rf "$small_work"/*
  "$make_blobs" "$small_work" 20000 "$small_bytes"
  strace -f -c -U calls,name -o "$work/calls" "$regsweep" verify -q "$small_work" >/dev/null
  printf '\nSystem calls a small blob, the walk among them: %.2f\n' \
    "$(awk '$1 ~ /^[0-9]+$/ && $2 != "total" { s += $1 } END { print s / 20000 }' "$work/calls")"
fi
