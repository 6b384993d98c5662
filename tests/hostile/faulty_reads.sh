#!/usr/bin/env bash
# faulty_reads.sh REGSWEEP [SHIM]: each system call with which a command looks at a store fails in turn, with
# EIO, EMFILE, ENFILE, ENOMEM, EACCES, ESTALE, ENOENT; and calls are interrupted, and reads are short.
#
# What could not be read is said (exit 4, "complete": false) and never guessed: a faulty run claims nothing
# to be garbage or reclaimable, and no damage, that the good run does not. Interrupted calls and short reads
# change not a byte. A call that fails where only advice or a figure of the disk was asked for may be as
# good as none: then the output is the good run's.
#
# By default every second call fails in audit and verify and every fifth or so in the other commands, with one
# error each;
# REGSWEEP_ALL_FAULTS=1 has each call fail with each error in each command (some minutes).
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
need_shim

read -r checks failures < <(python3 "$source_dir/tests/hostile/faulty_reads.py" "$regsweep" "$shim" "$work" ||
  echo "1 1")
((checks > 1000)) || fail "only $checks checks: calls are missing"
end
