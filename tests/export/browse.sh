#!/usr/bin/env bash
# browse.sh REGSWEEP: ncdu and gdu, as they are installed, open the tree and show its figures.
source "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.bash"
begin "$@"
need tmux ncdu gdu
export HOME=$work TERM=screen # no one's configuration
demo_store demo
run "export" export --format ncdu --exact -o tree demo
exits 0
run "audit" audit --json --exact demo
total=$(json 'd["total"]["allocated_bytes"]')
size=$(json 'next(r for r in d["repositories"] if r["name"] == "team/tools")["size"]["allocated_bytes"]')
untagged=$(json 'next(r for r in d["repositories"] if r["name"] == "team/app")["untagged"]["allocated_bytes"]')
human() { python3 -c 'import sys; n = int(sys.argv[1]); print("%.1f MiB" % (n / 2**20) if n >= 2**20 else "%.1f KiB" % (n / 2**10))' "$1"; }

# screen NAME COMMAND KEY…: what a terminal shows once each key has had its effect.
tmux() { command tmux -S "$work/socket" -f /dev/null "$@"; }
at_end+=("command tmux -S '$work/socket' kill-server 2>/dev/null")
screen() {
  local session=$1 command=$2 wait key
  shift 2
  tmux new-session -d -x 130 -y 40 -s "$session" "$command; sleep 60"
  for key in "" "$@"; do
    [[ -z $key ]] || tmux send-keys -t "$session" "$key"
    for wait in {1..50}; do # until it has drawn and stands still
      sleep 0.1
      tmux capture-pane -p -t "$session" >now
      if [[ -s before && $wait -gt 2 ]] && grep -q '[^ ]' now && cmp -s before now; then break; fi
      cp now before
    done
    rm -f before
  done
  cp now "$session"
  tmux kill-session -t "$session"
}
on_screen() { # NAME TEXT…: on one line
  local screen=$1 lines
  checks=$((checks + 1))
  lines=$(cat "$screen")
  shift
  for text; do lines=$(grep -F -- "$text" <<<"$lines" || true); done
  [[ -n $lines ]] || fail "$screen lacks: $*; it is: $(grep '[^ ]' "$screen")"
}

# --- ncdu: the figures are the audit's -----------------------------------------------------------
screen ncdu "ncdu -f tree"
on_screen ncdu "Total disk usage" "$(human "$total")"
on_screen ncdu /team
on_screen ncdu "/(garbage no repository links)"
screen ncdu-team "ncdu -f tree" Enter # the largest comes first: team
on_screen ncdu-team "/tools" "$(human "$size")"
screen ncdu-app "ncdu -f tree" Enter Down Enter # and in it team/app; first stands ".."
on_screen ncdu-app "/(untagged)" "$(human "$untagged")"
on_screen ncdu-app "/:1.0"

# What ncdu writes out again has all items: it understood each.
ncdu -f tree -o again </dev/null >log 2>&1
python3 - tree again <<'PYTHON' || fail "ncdu lost something"
import json, sys
def names(node):
    return [node["name"]] if isinstance(node, dict) else [n for child in node for n in names(child)]
one, two = (json.load(open(path, encoding="utf-8"))[3] for path in sys.argv[1:])
sys.exit(names(one) != names(two))
PYTHON
run "export into a pipe" export --format ncdu --exact demo
check "by the pipe, the same" cmp out tree

# --- gdu: each hard link once, and 4096 bytes a directory ------------------------------------------
directories=$(python3 -c 'import json
def count(node): return sum(1 + count(child) for child in node if isinstance(child, list))
print(1 + count(json.load(open("tree"))[3]))')
check "gdu's total" test "$(gdu -n -p -s -c --no-prefix -f tree | awk '{ print $1 }')" = \
  "$((total + 4096 * directories))"
screen gdu "gdu -c -f tree"
on_screen gdu "Total disk usage" "$(human $((total + 4096 * directories)))"
on_screen gdu /team
end
