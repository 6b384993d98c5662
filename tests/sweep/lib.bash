# shellcheck shell=bash
# What the scripts here share, beyond ../cli/lib.bash. Each begins with: begin_sweep "$@".
#
# Arguments of each script: REGSWEEP, and for those that inject faults SHIM (fault_shim.cpp, built), by
# default the one beside REGSWEEP.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# A store in memory, where there is room: thousands of small files are made.
if [[ -z ${TMPDIR:-} && -w /dev/shm ]] && (($(df --output=avail -k /dev/shm | tail -n 1) > 500000)); then
  export TMPDIR=/dev/shm
fi
# shellcheck source=../cli/lib.bash
source "$here/../cli/lib.bash"

# The rules that remove something of every class.
all_rules=(--min-age 0s --untagged --links --uploads 7d --temporary --stale-tags --empty)
# shellcheck disable=SC2034  # for the scripts
everything=("${all_rules[@]}" --max-delete 100%)

# Scripts that kill a run right before each of its changes in turn take every Nth of them; all of them
# (1) take more than an hour on two cores. Odd, as runs go in two halves side by side.
# shellcheck disable=SC2034  # for the scripts
every=${REGSWEEP_KILL_EVERY:-3}

begin_sweep() { # REGSWEEP [SHIM]
  if (($# < 1 || $# > 2)); then
    echo "usage: $name.sh REGSWEEP [SHIM]" >&2
    exit 2
  fi
  shim=${2:-$(dirname -- "$1")/libregsweep_fault_shim.so}
  [[ ! -e $shim ]] || shim=$(realpath -- "$shim")
  begin "$1"
  need jq sha256sum awk find
}

need_shim() {
  [[ -e $shim ]] || skip "no $shim: build the target regsweep_fault_shim"
  if grep -q 'lib[at]san' <(ldd "$regsweep" 2>/dev/null); then
    skip "a sanitizer's runtime must be loaded first"
  fi
}

# Exit statuses that a changing command documents.
# shellcheck disable=SC2034  # for ../cli/lib.bash
allowed=" 0 1 2 4 5 6 7 "

# tells TEXT: the last run's standard output or error holds it.
tells() {
  checks=$((checks + 1))
  grep -qF -- "$1" "$work/err" "$work/out" ||
    fail "$what: it does not say '$1' but: $(cat "$work/err" "$work/out" | head -c 400)"
}

# The demo store with every size divided: many kinds of things, few bytes.
small_store() { # OUT
  python3 - "$source_dir/tools/make_demo_store" "$1" <<'PYTHON'
import importlib.machinery, importlib.util, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("make_demo_store", sys.argv[1])
spec = importlib.util.spec_from_loader("make_demo_store", loader)
demo = importlib.util.module_from_spec(spec)
loader.exec_module(demo)
demo.KIB = 1
sys.argv = ["make_demo_store", "--healthy", sys.argv[2]]
demo.main()
PYTHON
}

# Everything of a store but its quarantine and the times of its top: names, types, sizes, modes, owners,
# times, where links point, and content.
fingerprint() { # ROOT
  (
    cd -- "$1"
    find . -mindepth 1 -path ./.regsweep-quarantine -prune -o \
      \( -type d -printf '%p %y %m %U:%G %T@\n' -o -printf '%p %y %s %m %U:%G %T@ %l\n' \)
    find . -path ./.regsweep-quarantine -prune -o -type f -print0 | xargs -0 -r sha256sum
  ) | sort
}

# unchanged WHAT FINGERPRINT-FILE ROOT
unchanged() {
  checks=$((checks + 1))
  fingerprint "$3" >"$work/fingerprint.${part:-0}"
  if ! cmp -s -- "$2" "$work/fingerprint.${part:-0}"; then
    fail "$1: not as it was (< before, > now)"
    diff -- "$2" "$work/fingerprint.${part:-0}" | head -n "${lines:-6}" >&2 || true
  fi
}

# live WHAT WALK-FILE ROOT: whatever was whole and linked before still is.
live() {
  checks=$((checks + 1))
  bash "$here/live_tags.sh" "$3" >"$work/walk.${part:-0}"
  local lost
  lost=$(grep -v broken "$2" | comm -23 - "$work/walk.${part:-0}")
  if [[ -n $lost ]]; then
    fail "$1: LOST: $(head -n 3 <<<"$lost")"
    grep broken "$work/walk.${part:-0}" | head -n 3 >&2 || true
  fi
}
