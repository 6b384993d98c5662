#!/usr/bin/env bash
# compare.sh REGSWEEP [ROOT]
#
# The end-to-end test on a store that a real registry wrote: ROOT, or one made by make_store.sh.
#   1. every figure of `REGSWEEP audit --json --exact` against figures.sh, and its own sums
#   2. every tag and digest of `REGSWEEP tags --json` against the links on disk
#   3. `REGSWEEP garbage-collect --dry-run [-m] --semantics registry-2.8` against the real
#      collector: exit code and standard output
#   4. the same bytes from --jobs 1 and --jobs 32
#   5. the store is as it was before: no name, size, time, inode or mode has changed
# Each disagreement is printed on standard error.
#
# Exit: 0 all agree, 1 a mismatch, 2 usage, 77 a needed program is missing.

# shellcheck disable=SC2016  # single quotes hold awk and jq programs
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: compare.sh REGSWEEP [ROOT]" >&2
    exit 2
fi
if ! regsweep=$(command -v -- "$1"); then
    echo "compare: no program $1" >&2
    exit 2
fi

registry=$(command -v docker-registry || command -v registry || true)
if [ -z "$registry" ]; then
    echo "compare: skipped: docker-registry is not installed" >&2
    exit 77
fi
for program in skopeo jq curl; do
    if ! command -v "$program" >/dev/null; then
        echo "compare: skipped: $program is not installed" >&2
        exit 77
    fi
done

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Both programs would take another root directory from these.
while IFS= read -r name; do unset "$name"; done < <(compgen -v REGISTRY_)
export OTEL_TRACES_EXPORTER=none

if [ $# -eq 2 ]; then
    root=$(cd -- "$2" && pwd -P)
else
    root=$work/store
    "$here/make_store.sh" "$root"
fi
# A relative REGSWEEP is relative to where we were called.
case $regsweep in /*) ;; *) regsweep=$PWD/$regsweep ;; esac
cd "$work"

agree=0 differ=0
good() { agree=$((agree + 1)); }
bad() {
    differ=$((differ + 1))
    printf 'MISMATCH %s\n' "$*" >&2
}
indent() { sed 's/^/    /' >&2; }

# run NAME EXPECTED_CODE COMMAND...: output in NAME.out, notes in NAME.err, code in NAME.code; a
# program that does not end in five minutes is a mismatch like any other code.
run() {
    local name=$1 want=$2 code=0
    shift 2
    timeout 300 "$@" >"$name.out" 2>"$name.err" </dev/null || code=$?
    echo "$code" >"$name.code"
    [ "$want" != any ] || return 0
    if [ "$code" = "$want" ]; then
        good
    else
        bad "exit code of ${1##*/} ${*:2}: $code, expected $want"
        tail -n 5 "$name.err" | indent
    fi
}

# same WHAT FILE FILE: ours second.
same() {
    if cmp -s -- "$2" "$3"; then
        good
    else
        bad "$1 (< expected, > regsweep)"
        diff -- "$2" "$3" | head -n 20 | indent || true
    fi
}

# table WHAT FILE FILE: two sorted files of "key<TAB>value", ours second; each key is a check.
table() {
    local key theirs ours
    while IFS=$'\t' read -r key theirs ours; do
        if [ "$theirs" = "$ours" ]; then
            good
        else
            bad "$1: $key: expected $theirs, regsweep says $ours"
        fi
    done < <(join -t $'\t' -a 1 -a 2 -e nothing -o 0,1.2,2.2 -- "$2" "$3")
}

fingerprint() { find "$root" -printf '%p %s %T@ %C@ %i %m\n' | sort | sha256sum; }

# Quoted only where it must be: most configurations are not.
rootdirectory=$root
case $root in *[!A-Za-z0-9_./@+,=-]*) rootdirectory="'${root//\'/\'\'}'" ;; esac
cat >config.yml <<YAML
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: $rootdirectory
  delete:
    enabled: true
http:
  addr: 127.0.0.1:0
YAML

# The real collector first, so that a change of the store afterwards can only be ours.
run real any "$registry" garbage-collect --dry-run config.yml
run real-m any "$registry" garbage-collect --dry-run -m config.yml
"$here/figures.sh" "$root" >figures.json
fingerprint >before

# --- 1. figures -------------------------------------------------------------------------------

run audit 0 "$regsweep" audit --json --exact "$root"
figures='
    def row($key; $value): "\($key)\t\($value)";
    def pair($key): ("apparent_bytes", "allocated_bytes") as $k | row("\($key).\($k)"; .[$k]);
    (.store | ("repositories", "tags", "revisions", "layer_links", "blobs") as $k
        | row("store.\($k)"; .[$k])),
    (.space[] | select(.class | IN("tagged", "untagged", "garbage"))
        | row("space.\(.class).objects"; .objects), pair("space.\(.class)")),
    # What counts as one object of an upload is not for us to say; its bytes are.
    (.space[] | select(.class == "uploads") | pair("space.uploads")),
    row("total.allocated_bytes"; .total.allocated_bytes),
    (.garbage | to_entries[] | .key as $k | .value | pair("garbage.\($k)")),
    (.repositories[] | .name as $name
        | (("tags", "revisions", "layer_links") as $k | row("\($name).\($k)"; .[$k])),
          (("size", "exclusive", "shared", "untagged", "reclaimable") as $k
              | .[$k] | pair("\($name).\($k)")))'
jq -r "$figures" figures.json | sort >expected.figures
jq -r "$figures" audit.out 2>jq.err | sort >audit.figures || {
    bad "audit --json --exact: not the JSON of docs/json.md"
    indent <jq.err
}
table "audit" expected.figures audit.figures

# statement JQ-CONDITION FILE: must be true.
statement() {
    if jq -e "$1" "$2" >/dev/null 2>&1; then good; else bad "not true of ${2%.out}: $1"; fi
}
statement '.schema == "regsweep.audit/1" and .complete and .exact' audit.out
statement '[.space[], .total | .estimated] | any | not' audit.out
for sum in objects apparent_bytes allocated_bytes; do
    statement "([.space[].$sum] | add) == .total.$sum" audit.out
done
for sum in apparent_bytes allocated_bytes; do
    statement "([.repositories[].reclaimable.$sum] | add) == .garbage.one_repository.$sum" audit.out
    statement "([.garbage[].$sum] | add) == (.space[] | select(.class == \"garbage\") | .$sum)" audit.out
done
statement '.damaged == 0' figures.json

# --- 2. tags ----------------------------------------------------------------------------------

run tags 0 "$regsweep" tags "$root" --json
find "$root/docker/registry/v2/repositories" -path '*/_manifests/tags/*/current/link' -print0 |
    xargs -0 -r awk -v OFS='\t' -v prefix="$root/docker/registry/v2/repositories/" 'FNR == 1 {
        path = substr(FILENAME, length(prefix) + 1)
        sub(/\/current\/link$/, "", path)
        sub(/\/_manifests\/tags\//, ":", path)
        print path, "ok " $0
    }' | sort >expected.tags
jq -r '.tags[] | "\(.repository):\(.tag)\t\(.state) \(.digest)"' tags.out 2>jq.err | sort >tags.tags || {
    bad "tags --json: not the JSON of docs/json.md"
    indent <jq.err
}
table "tags" expected.tags tags.tags

# --- 3. garbage-collect -----------------------------------------------------------------------

# The registry lists the blobs it would delete in the order of a Go map: as a set, the rest in order.
for option in '' -m; do
    real=real$option
    ours=ours$option
    what="garbage-collect --dry-run${option:+ $option}"
    # shellcheck disable=SC2086  # no option is no argument
    run "$ours" "$(cat "$real.code")" \
        "$regsweep" garbage-collect --dry-run $option --semantics registry-2.8 config.yml
    for each in "$real" "$ours"; do
        grep -v '^blob eligible for deletion: ' "$each.out" >"$each.order" || true
        grep '^blob eligible for deletion: ' "$each.out" | sort >"$each.set" || true
        # Where the set begins among the other lines.
        grep -n -m 1 '^blob eligible for deletion: ' "$each.out" | cut -d : -f 1 >"$each.first" || true
    done
    same "$what: lines in order" "$real.order" "$ours.order"
    same "$what: blobs eligible for deletion" "$real.set" "$ours.set"
    same "$what: line where the eligible blobs begin" "$real.first" "$ours.first"
done
if [ "$(cat real.code)" != 0 ] || [ "$(cat real-m.code)" != 0 ]; then
    echo "compare: note: the real collector aborts on this store" >&2
fi

# --- 4. the same bytes whatever the number of threads -----------------------------------------

# Two things depend on the moment and not on the store: how full the disk is and how long the run
# took. They are blanked; the rest must agree to the byte.
steady() {
    sed -z -E -e 's/("disk": *)(\{[^}]*\})/\1{}/' \
        -e 's/(read in )[0-9][0-9.,]* *[a-z]*/\1…/' -e 's/(^|\n)disk: [^\n]*/\1disk:/' "$1"
}
jobs_agree() { # NAME regsweep-argument...
    local name=$1 jobs
    shift
    for jobs in 1 32; do
        run "$name-$jobs" 0 "$regsweep" "$@" --jobs "$jobs"
        steady "$name-$jobs.out" >"$name-$jobs.steady"
    done
    if [ ! -s "$name-1.out" ]; then bad "$*: prints nothing"; fi
    same "$*: --jobs 1 and --jobs 32" "$name-1.steady" "$name-32.steady"
}
jobs_agree audit-json audit "$root" --json
jobs_agree audit-exact audit "$root" --json --exact
jobs_agree audit-text audit "$root"
jobs_agree tags-json tags "$root" --json

# --- 5. nothing was written -------------------------------------------------------------------

fingerprint >after
same "the store before and after" before after

if [ "$differ" -gt 0 ]; then
    echo "real store: $differ of $((agree + differ)) checks DISAGREE"
    exit 1
fi
echo "real store: $agree checks agree"
