#!/usr/bin/env bash
# places.sh REGSWEEP: each place of a store's layout taken by what does not belong there - symbolic links
# that leave the store, stay in it, lead in circles, to nowhere or to a device, FIFOs, sockets, devices,
# a directory for a file and a file for a directory, hard links - under every command.
#
# What lies outside of the store is neither read (by its access times) nor changed; nothing that was alive
# goes; a command that shows changes nothing; none hangs or crashes.
#
# By default one of five pairs of a place and an oddity is tried, and each meets five reading commands, one
# of four the others of them, and each one third of the changing ones; each oddity meets each command. REGSWEEP_PLACES_STEP=1 tries all pairs (about two minutes),
# REGSWEEP_ALL_PLACES=1 all pairs with all commands (some minutes).
# shellcheck source=../cli/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.bash"
begin "$@"

driver=$source_dir/tests/hostile/places.py
read -r checks failures < <(python3 "$driver" "$regsweep" "$work" || echo "1 1")
((checks > 500)) || fail "only $checks checks: oddities are missing"
if ((EUID == 0)) && command -v setpriv >/dev/null; then
  # The same as a user who owns the store and no more.
  mkdir -m 777 "$work/plain"
  chmod 755 "$work"
  install -m 755 "$regsweep" "$work/program"
  as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  python= # one that the other user can run, too
  for one in python3 /usr/bin/python3; do
    ! "${as_other[@]}" "$one" -c 'open(__import__("sys").argv[1])' "$driver" 2>/dev/null || python=$one
  done
  if [[ -n $python ]] && "${as_other[@]}" "$work/program" --version >/dev/null 2>&1; then
    read -r more wrong < <(REGSWEEP_PLACES_STEP=${REGSWEEP_PLACES_STEP:-11} "${as_other[@]}" "$python" "$driver" \
      "$work/program" "$work/plain" || echo "1 1")
    ((more > 1000)) || fail "only $more checks as a plain user: oddities are missing"
    checks=$((checks + more)) failures=$((failures + wrong))
  else
    not_checked "all of it as a plain user: user 65534 cannot run the program here"
  fi
fi
end
