#!/usr/bin/env bash
# Measures what each capacity report costs beside the audit that it begins with, and prints a markdown
# table for docs/benchmarks.md. Judges nothing as a failure.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'END'
Usage: benchmarks/reports.sh [OPTION]...

  --repos N    repositories of the store [10000]
  --tags N     pushes into each [25]: 25 give about 100 blobs a repository
  --rounds N   rounds of the alternating measurements [3]
  --dir DIR    keep the store in DIR, and use the one that is there from earlier
  -h, --help   this text

Environment: BUILD [build/release], TMPDIR.
END
}

here=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$here/build/release}
repos=10000 tags=25 rounds=3 dir=''
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --repos | --tags | --rounds | --dir)
      (($# > 1)) || { echo "reports.sh: $1 needs a value" >&2; exit 2; }
      case $1 in
        --repos) repos=$2 ;;
        --tags) tags=$2 ;;
        --rounds) rounds=$2 ;;
        --dir) dir=$2 ;;
      esac
      shift ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
store=${dir:-$work}/store
made=(--sparse --repos "$repos" --tags "$tags") # stands beside the store once it is whole
if [[ -e $store && $(cat -- "$store.made" 2>/dev/null) != "${made[*]}" ]]; then
  echo "reports.sh: $store is half made or was made with other options: remove it, or name another --dir" >&2
  exit 2
fi
if [[ ! -e $store ]]; then
  rm -f -- "$store.made"
  "$BUILD/benchmarks/make_store" "${made[@]}" "$store" >/dev/null
  echo "${made[*]}" >"$store.made"
fi

exec python3 - "$BUILD/regsweep" "$store" "$work" "$rounds" <<'PYTHON'
import os, statistics, sys, time

program, store, work, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
runs = {
    "`audit`": ["audit", store],
    "`audit --json`": ["audit", "--json", store],
    "`audit --format prometheus`": ["audit", "--format", "prometheus", store],
    "`audit --html`": ["audit", "--html", f"{work}/page.html", store],
    "`repos`": ["repos", store],
    "`repos --depth 1`": ["repos", "--depth", "1", store],
    "`repos --json`": ["repos", "--json", store],
    "`repos --format csv`": ["repos", "--format", "csv", store],
    "`repos --tags --format ndjson`": ["repos", "--tags", "--format", "ndjson", store],
    "`repos --by type`": ["repos", "--by", "type", store],
    "`repos --by push`": ["repos", "--by", "push", store],
    "`repos --by blob`": ["repos", "--by", "blob", store],
    "`export --format csv`": ["export", "--format", "csv", "-o", f"{work}/csv", store],
    "`export --format ndjson`": ["export", "--format", "ndjson", "-o", f"{work}/ndjson", store],
    "`export --format ncdu`": ["export", "--format", "ncdu", "-o", f"{work}/tree.json", store],
    "`export --format sqlite`": ["export", "--format", "sqlite", "-o", f"{work}/store.sqlite", store],
}

def once(arguments):
    """Wall seconds and peak resident MiB."""
    out = os.open(f"{work}/out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os.dup2(out, 1)
        os.execv(program, [program, *arguments])
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - begin
    os.close(out)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{arguments}: exit {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024

once(runs["`audit`"])  # fills the caches
figures = {name: [] for name in runs}
for _ in range(rounds):
    for name, arguments in runs.items():
        figures[name].append(once(arguments))
base = statistics.median(seconds for seconds, _ in figures["`audit`"])
print("| report | seconds | ÷ audit | peak MiB |\n| --- | ---: | ---: | ---: |")
for name, results in figures.items():
    seconds = statistics.median(s for s, _ in results)
    print(f"| {name} | {seconds:.2f} | {seconds / base:.2f} | {max(m for _, m in results):.0f} |")
PYTHON
