#!/usr/bin/env bash
# Measures regsweep's audit against the floor and, if asked, against the real registry, and prints a
# markdown section for docs/benchmarks.md. It builds nothing, judges nothing as a failure, and needs
# only the programs under BUILD; strace and docker-registry are used where they exist.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'END'
Usage: benchmarks/run.sh [OPTION]...

  --shape SHAPE       a store to measure on, as make_store --preset names it: 40k, 400k, 4m, links,
                      repos, indexes, manifests; may be given several times [40k]
  --registry          also measure docker-registry garbage-collect --dry-run, without and with -m
  --cold              also measure with an empty page cache (root only)
  --slow              also measure on a file system that takes 1 ms for every operation (needs fuse3)
  --all               all shapes but 4m, and all of these
  --rounds N          rounds of the alternating measurements [7]
  --seed N            seed of the stores [1]
  --dir DIR           keep the stores in DIR, and use those that are there from earlier
  --keep              keep the temporary directory with the stores
  -h, --help          this text

Environment: BUILD [build/release], REGSWEEP [BUILD/regsweep], MAKE_STORE, FLOOR, MEASURE and
SLOW_FS [BUILD/benchmarks/...], COLLECTOR [docker-registry], THREADS of the floor [nproc],
COLLECTOR_LIMIT, seconds for one run of the registry [1800], STRACE_LIMIT [600], TMPDIR.
END
}

here=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$here/build/release}
REGSWEEP=${REGSWEEP:-$BUILD/regsweep}
MAKE_STORE=${MAKE_STORE:-$BUILD/benchmarks/make_store}
FLOOR=${FLOOR:-$BUILD/benchmarks/floor}
MEASURE=${MEASURE:-$BUILD/benchmarks/measure}
SLOW_FS=${SLOW_FS:-$BUILD/benchmarks/slow_fs}
COLLECTOR=${COLLECTOR:-docker-registry}
THREADS=${THREADS:-$(nproc)}
COLLECTOR_LIMIT=${COLLECTOR_LIMIT:-1800}
STRACE_LIMIT=${STRACE_LIMIT:-600}

shapes=() with_registry='' cold='' slow='' keep='' rounds=7 seed=1 dir=''
while (($#)); do
  case $1 in
    --registry) with_registry=1 ;;
    --cold) cold=1 ;;
    --slow) slow=1 ;;
    --all)
      shapes+=(40k 400k links repos indexes manifests)
      with_registry=1 cold=1 slow=1
      ;;
    --keep) keep=1 ;;
    -h | --help) usage; exit 0 ;;
    --shape | --rounds | --seed | --dir)
      (($# > 1)) || { echo "run.sh: $1 needs a value" >&2; exit 2; }
      case $1 in
        --shape) shapes+=("$2") ;;
        --rounds) rounds=$2 ;;
        --seed) seed=$2 ;;
        --dir) dir=$2 ;;
      esac
      shift ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
((${#shapes[@]})) || shapes=(40k)
for shape in "${shapes[@]}"; do
  [[ $shape =~ ^(40k|400k|4m|links|repos|indexes|manifests)$ ]] ||
    { echo "run.sh: no such shape: $shape" >&2; exit 2; }
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "run.sh: --rounds wants a number" >&2; exit 2; }

for program in "$MAKE_STORE" "$FLOOR" "$MEASURE"; do
  [[ -x $program ]] || { echo "run.sh: $program is not there; build first" >&2; exit 2; }
done
with_audit=1
if [[ ! -x $REGSWEEP ]]; then
  with_audit=''
  echo "run.sh: $REGSWEEP is not there: only the floor and the registry are measured" >&2
fi
if [[ $with_registry ]] && ! command -v "$COLLECTOR" >/dev/null; then
  with_registry=''
  echo "run.sh: $COLLECTOR is not there: not measured" >&2
fi
if [[ $cold && ! -w /proc/sys/vm/drop_caches ]]; then
  cold=''
  echo "run.sh: only root may empty the page cache: cold runs are not measured" >&2
fi

if [[ $slow && ! -x $SLOW_FS ]]; then
  slow=''
  echo "run.sh: $SLOW_FS is not there: no slow file system is measured" >&2
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/regsweep-bench.XXXXXX")
stores=${dir:-$work}
mkdir -p "$stores"
cleanup() {
  if mountpoint -q "$work/mounted"; then fusermount3 -u "$work/mounted"; fi
  if [[ $keep ]]; then echo "run.sh: kept $work" >&2; else rm -rf -- "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# shellcheck source=lib.bash
source "$here/benchmarks/lib.bash"

# The stores #######################################################################################

# fits SHAPE: nothing, or what there is no room for. On ext4 a blob and its share of links and directories
# take 5.4 inodes and 22 KiB.
fits() {
  local thousands inodes kib
  case $1 in
    40k) thousands=40 ;; 400k) thousands=400 ;; 4m) thousands=4000 ;;
    links) thousands=1100 ;; repos) thousands=800 ;; *) thousands=100 ;;
  esac
  inodes=$(df --output=iavail "$stores" | tail -n 1 | tr -d ' ')
  kib=$(df --output=avail "$stores" | tail -n 1 | tr -d ' ')
  if [[ $inodes =~ ^[1-9] ]] && ((inodes < thousands * 5600)); then  # btrfs says 0, having no limit
    echo "$((thousands * 5600)) inodes, and $stores has $inodes left"
  elif ((kib < thousands * 23000)); then
    echo "up to $((thousands * 23 / 1000 + 1)) GiB, and $stores has $((kib >> 20)) left"
  fi
}

# prepare SHAPE: makes the store, unless DIR has it, and sets the variables blobs, references, links...
prepare() {
  local shape=$1
  store=$stores/store-$shape-$seed
  if [[ ! -e $store.counts ]]; then
    rm -rf -- "$store"
    say "making the store $shape in $store"
    "$MAKE_STORE" "$store" --preset "$shape" --seed "$seed" >"$store.counts.part"
    mv "$store.counts.part" "$store.counts"  # tells that the store is whole
    sync
  fi
  blobs=0 manifests=0 references=0 tags=0 revision_links=0 layer_links=0 links=0
  local name value
  while IFS='=' read -r name value; do
    printf -v "$name" '%s' "$value"
  done <"$store.counts"
  config=$work/config.yml
  cat >"$config" <<END
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: $store
END
}

# check_answers: a fast program with a wrong answer is not fast. Warms the cache, too.
check_answers() {
  local floor_says audit_says want
  want="blobs $blobs revisions $revision_links tags $tags layer links $layer_links"
  floor_says=$("$FLOOR" "$store" "$THREADS" | sed 's/ ([^)]*)//; s/ manifest bytes.*//')
  [[ $floor_says == "$want" ]] || echo "**The floor saw $floor_says, not $want.**"
  [[ $with_audit ]] || return 0
  "$REGSWEEP" audit --json "$store" >"$work/audit.json" 2>>"$work/errors.log" || true
  for field in "blobs $blobs" "revisions $revision_links" "tags $tags" "layer_links $layer_links"; do
    audit_says=$(grep -oE "\"${field% *}\": *[0-9]+" "$work/audit.json" | head -n 1 | grep -oE '[0-9]+$' || true)
    [[ $audit_says == "${field#* }" ]] ||
      echo "**The audit saw ${audit_says:-no} ${field% *}, not ${field#* }.**"
  done
}

# Sections #########################################################################################

floor_and_audit() {
  a=("$FLOOR" "$store" "$THREADS") b=()
  if [[ $with_audit ]]; then b=("$REGSWEEP" audit "$store"); fi
  alternate floor audit "$rounds" :
  row "floor, $THREADS threads, warm" "$(timing "$work/floor")" ''
  [[ $with_audit ]] || return 0
  row 'audit, warm' "$(timing "$work/audit")" ''
  row 'audit ÷ floor, warm' "$(ratio "$work/audit" "$work/floor")" '≤ 1.5 ×'

  local allowed
  allowed=$(awk -v b="$blobs" -v e=$((references + links)) 'BEGIN { print (64 * b + 16 * e) / 1024 + 32 * 1024 }')
  row 'peak memory of the audit' \
    "$(median "$work/audit" 4 | awk -v b="$blobs" '{ printf "%.1f MiB (%.0f B a blob)", $1 / 1024, $1 * 1024 / b }')" \
    "$(awk -v a="$allowed" 'BEGIN { printf "≤ %.1f MiB", a / 1024 }')"
}

system_calls() {
  local objects=$((blobs + links)) made
  [[ $shape != 4m ]] || return 0
  say '  counting system calls'
  for what in floor audit; do
    if [[ $what == floor ]]; then
      made=$(calls "$FLOOR" "$store" "$THREADS")
    else
      [[ $with_audit ]] || continue
      made=$(calls "$REGSWEEP" audit "$store")
    fi
    [[ -n $made ]] || continue
    row "system calls of the $what" \
      "$(awk -v m="$made" -v o="$objects" 'BEGIN { printf "%d, %.2f an object", m, m / o }')" ''
  done
}

cold_floor_and_audit() {
  a=("$FLOOR" "$store" "$THREADS") b=()
  if [[ $with_audit ]]; then b=("$REGSWEEP" audit "$store"); fi
  alternate floor-cold audit-cold 3 empty_caches
  row "floor, $THREADS threads, cold" "$(timing "$work/floor-cold")" ''
  [[ $with_audit ]] || return 0
  row 'audit, cold' "$(timing "$work/audit-cold")" ''
  row 'audit ÷ floor, cold' "$(ratio "$work/audit-cold" "$work/floor-cold")" '≤ 1.3 × with as many threads'
}

# jobs_ratio LABEL FEW MANY ROUNDS BEFORE GOAL STORE: how much faster the audit is with MANY threads.
jobs_ratio() {
  local label=$1 few=$2 many=$3 count=$4 before=$5 goal=$6
  a=("$REGSWEEP" audit --jobs "$few" "$7") b=("$REGSWEEP" audit --jobs "$many" "$7")
  alternate "jobs-$few" "jobs-$many" "$count" "$before"
  row "$label" "$(timing "$work/jobs-$few"), $(timing "$work/jobs-$many"): \
$(ratio "$work/jobs-$few" "$work/jobs-$many")" "$goal"
}

# registry LABEL ROUNDS BEFORE GOAL ARGUMENT...: the real collector, in turn with the audit.
registry() {
  local label=$1 count=$2 before=$3 goal=$4 name=registry${2}${5:-}
  shift 4
  a=(-t "$COLLECTOR_LIMIT" "$COLLECTOR" garbage-collect --dry-run "$@" "$config") b=()
  if [[ $with_audit ]]; then b=("$REGSWEEP" audit "$store"); fi
  alternate "$name" "$name-audit" "$count" "$before"
  row "$label" "$(timing "$work/$name")" ''
  [[ $with_audit ]] || return 0
  row "$label ÷ audit" "$(ratio "$work/$name" "$work/$name-audit")" "$goal"
}

measure_shape() {
  shape=$1
  local wrong goal_m='' missing=''
  [[ -e $stores/store-$shape-$seed.counts ]] || missing=$(fits "$shape")
  if [[ $missing ]]; then
    printf '\n### %s: not measured\n\nThe store needs %s.\n' "$shape" "$missing"
    return 0
  fi
  prepare "$shape"
  say "measuring $shape"
  wrong=$(check_answers)
  cat <<END

### $shape: $blobs blobs, $manifests of them manifests, with $references references; $links links

END
  [[ -z $wrong ]] || printf '%s\n\n' "$wrong"
  row figure measured goal
  row --- --- ---
  floor_and_audit
  system_calls
  [[ ! $with_audit ]] || jobs_ratio 'audit, warm, 1 thread ÷ 2 threads' 1 2 3 : '' "$store"
  if [[ $with_registry ]]; then
    if [[ $shape == 400k ]]; then goal_m='≥ 100 ×'; fi
    registry 'registry dry run, warm' 2 : '≥ 30 ×'
    registry 'registry dry run -m, warm' 1 : "$goal_m" -m
  fi
  if [[ $cold ]]; then
    cold_floor_and_audit
    [[ ! $with_audit ]] || jobs_ratio 'audit, cold, 1 thread ÷ 64 threads' 1 64 1 empty_caches '' "$store"
    if [[ $with_registry ]]; then
      registry 'registry dry run, cold' 1 empty_caches '≥ 5 ×'
    fi
  fi
}

# far_away: a store of its own, as 1 ms an operation is hours for the others.
far_away() {
  local far=$work/far mounted=$work/mounted
  "$MAKE_STORE" "$far" --sparse --repos 60 --tags 15 --seed "$seed" >"$far.counts"
  mkdir "$mounted"
  "$SLOW_FS" 1000 "$far" "$mounted" &
  local slow_fs=$!
  until mountpoint -q "$mounted"; do
    kill -0 "$slow_fs" 2>/dev/null || {
      echo "run.sh: $SLOW_FS ended before $mounted was mounted" >&2
      exit 1
    }
    sleep 0.1
  done
  printf '\n### 1 ms an operation: %s blobs, %s links\n\n' \
    "$(sed -n 's/^blobs=//p' "$far.counts")" "$(sed -n 's/^links=//p' "$far.counts")"
  row figure measured goal
  row --- --- ---
  a=("$FLOOR" "$mounted" 1) b=("$REGSWEEP" audit --jobs 1 "$mounted")
  alternate floor-far audit-far 1 :
  row 'audit ÷ floor, 1 thread' "$(ratio "$work/audit-far" "$work/floor-far")" ''
  a=("$FLOOR" "$mounted" 64) b=("$REGSWEEP" audit --jobs 64 "$mounted")
  alternate floor-far audit-far 3 :
  row 'audit ÷ floor, 64 threads' "$(ratio "$work/audit-far" "$work/floor-far")" ''
  jobs_ratio 'audit, 1 thread ÷ 64 threads' 1 64 1 : '≥ 30 ×' "$mounted"
  fusermount3 -u "$mounted"
  wait
}

machine() {
  local model memory
  model=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
  memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)
  cat <<END
Measured $(date -u +%F) on $(nproc) × ${model:-unknown CPU}, $memory, Linux $(uname -r), \
$(df --output=fstype "$stores" | tail -n 1), load $(cut -d' ' -f1 /proc/loadavg) at the start; \
$rounds rounds, seed $seed.$([[ -z $with_registry ]] || echo " The registry is $("$COLLECTOR" --version | awk '{ print $3 }').")
Times are medians; ratios are medians of pairs that ran one after the other, with the extremes.
END
}

machine
for shape in "${shapes[@]}"; do
  measure_shape "$shape"
  if [[ ! $dir && ! $keep ]]; then rm -rf -- "$stores/store-$shape-$seed"{,.counts}; fi
done
[[ ! $slow || ! $with_audit ]] || far_away
if [[ -s $work/errors.log ]]; then
  echo "run.sh: the programs wrote to standard error, first lines:" >&2
  head -n 5 "$work/errors.log" >&2
fi
