# shellcheck shell=bash
# What the scripts here share. Each sources this file with its own arguments: begin "$@".
#
# A failed check is printed and counted, and the script goes on; end exits with 1 then. The exit
# status of a script is 0 all right, 1 a check failed, 2 usage, 77 skipped: something is missing here.

set -euo pipefail
export LC_ALL=C
umask 022

checks=0 failures=0 unchecked=0 rc=0
allowed=" 0 1 2 3 4 5 6 7 " # exit statuses that a command may have
name=$(basename -- "$0" .sh)

skip() { # unless a check failed before
  ((failures == 0)) || end
  echo "$name: skipped: $*" >&2
  exit 77
}

not_checked() { # says which part is left out, as something is missing here; the script goes on
  unchecked=$((unchecked + 1))
  echo "$name: not checked: $*" >&2
}

need() { # every program named must be there
  local program
  for program; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
}

at_end=() # commands to run before the temporary directory is removed
clean_up() {
  local command
  trap - EXIT
  for command in ${at_end[@]+"${at_end[@]}"}; do eval "$command" || true; done
  chmod -R u+rwX -- "$work" 2>/dev/null || true
  rm -rf --one-file-system -- "$work"
}

begin() { # the script's arguments; sets regsweep, source_dir and work
  if (($# != 1)) || [[ ! -x $1 ]]; then
    echo "usage: $name.sh REGSWEEP" >&2
    exit 2
  fi
  regsweep=$(realpath -- "$1")
  source_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
  build_dir=$(dirname -- "$regsweep")
  need python3 timeout
  work=$(mktemp -d)
  work=$(realpath -- "$work")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # What would change the program's choice of a store or its output.
  local variable
  while IFS= read -r variable; do unset "$variable"; done < <(compgen -v REGISTRY_ || true)
  unset NO_COLOR
  cd -- "$work"
}

end() {
  if ((failures != 0)); then
    echo "$name: $failures of $checks checks failed" >&2
    exit 1
  fi
  if ((checks == 0)); then
    echo "$name: nothing was checked" >&2
    exit 1
  fi
  echo "ok $checks checks$( ((unchecked == 0)) || echo ", $unchecked parts not checked: see above")"
}

fail() {
  failures=$((failures + 1))
  echo "FAILED: $name: $*" >&2
}

# check WHAT COMMAND…: the command must succeed.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" || fail "$what"
}

# refuse WHAT COMMAND…: the command must not succeed.
refuse() {
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then fail "$what"; fi
}

# run WHAT REGSWEEP-ARGUMENT…: sets rc, fills $work/out and $work/err. A run that hangs has rc 124.
run() {
  what=$1
  shift
  rc=0
  timeout -k 5 "${limit:-60}" "$regsweep" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  no_crash
}

no_crash() {
  checks=$((checks + 1))
  if [[ $allowed == *" $rc "* ]]; then return; fi
  if ((rc == 124 || rc == 137)); then
    fail "$what: hangs"
  else
    fail "$what: exit $rc: $(head -c 500 "$work/err")"
  fi
}

# exits N…: the last run ended with one of these.
exits() {
  local one
  checks=$((checks + 1))
  for one; do if ((rc == one)); then return; fi; done
  fail "$what: exit $rc, want $*; it said: $(head -c 400 "$work/err")"
}

says() { # the last run's standard error holds this text
  checks=$((checks + 1))
  grep -qF -- "$1" "$work/err" ||
    fail "$what: standard error lacks '$1'; it is: $(head -c 400 "$work/err")"
}

shows() { # the last run's standard output holds this text
  checks=$((checks + 1))
  grep -qF -- "$1" "$work/out" || fail "$what: standard output lacks '$1'"
}

silent() { # the last run printed no result
  checks=$((checks + 1))
  [[ ! -s $work/out ]] || fail "$what: standard output is not empty: $(head -c 200 "$work/out")"
}

quiet() { # the last run had nothing to remark
  checks=$((checks + 1))
  [[ ! -s $work/err ]] || fail "$what: standard error is not empty: $(head -c 400 "$work/err")"
}

# json EXPRESSION [FILE]: prints a Python expression over the document d; codes maps a finding's code
# to the findings that have it.
json() {
  python3 - "$1" "${2:-$work/out}" <<'PYTHON'
import json, sys
with open(sys.argv[2], "rb") as file:
    d = json.loads(file.read().decode("utf-8"))
codes = {}
for finding in d.get("findings", []):
    codes.setdefault(finding["code"], []).append(finding)
print(eval(sys.argv[1]))
PYTHON
}

# holds EXPRESSION…: the last run's JSON makes each of them true.
holds() {
  local wrong
  checks=$((checks + $#))
  if wrong=$(python3 - "$work/out" "$@" 2>&1 <<'PYTHON'
import json, sys
with open(sys.argv[1], "rb") as file:
    d = json.loads(file.read().decode("utf-8"))
codes = {}
for finding in d.get("findings", []):
    codes.setdefault(finding["code"], []).append(finding)
wrong = 0
for expression in sys.argv[2:]:
    why = ""
    try:
        so = eval(expression) is True
    except Exception as error:
        so, why = False, f" ({error!r})"
    if not so:
        wrong = 1
        print("not so: " + expression + why)
sys.exit(wrong)
PYTHON
  ); then return; fi
  while IFS= read -r line; do fail "$what: $line"; done < <(grep '^not so' <<<"$wrong" || tail -n 1 <<<"$wrong")
}

# The last run's output holds no byte that a terminal would act on, and is UTF-8.
clean() {
  checks=$((checks + 1))
  if grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$work/out" "$work/err"; then
    fail "$what: a control character in the output: $(
      grep -aPh '[\x00-\x08\x0b-\x1f\x7f]' "$work/out" "$work/err" | head -n 1 | cat -v)"
  fi
  iconv -f UTF-8 -t UTF-8 <"$work/out" >/dev/null 2>&1 || fail "$what: output is not UTF-8"
  iconv -f UTF-8 -t UTF-8 <"$work/err" >/dev/null 2>&1 || fail "$what: messages are not UTF-8"
}

demo_store() { python3 -- "$source_dir/tools/make_demo_store" "$@"; }

# python_that STATEMENTS: prints a Python that can run them; fails if none can. One from elsewhere may
# stand before the system's, which is the one that Debian's packages are for.
python_that() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c "$1" 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}
