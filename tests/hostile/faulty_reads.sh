#!/usr/bin/env bash
# faulty_reads.sh REGSWEEP [SHIM]: each system call with which a command looks at a store fails in turn, with
# EIO, EMFILE, ENFILE, ENOMEM, EACCES, ESTALE, ENOENT; and calls are interrupted, and reads are short.
#
# What could not be read is said (exit 4, "complete": false) and never guessed: no report claims damage that
# the good run does not, gc claims no more to be garbage, and garbage-collect, which removes at once, removes
# nothing else. (An incomplete audit counts as garbage what it saw no reference to; and what is said not to be
# there, ENOENT, is not there: as good a store as any.) Interrupted calls and short reads change not a byte.
# A call that fails where only advice or a figure of the disk was asked for may be as good as none: then the
# output is the good run's.
#
# By default every second call fails in audit and verify and every fifth or so in the other commands, with one
# of the errors in turn; REGSWEEP_ALL_FAULTS=1 has each call fail with each error in each command (some
# minutes).
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
need_shim

read -r checks failures < <(python3 "$source_dir/tests/hostile/faulty_reads.py" "$regsweep" "$shim" "$work" ||
  echo "1 1")
((checks > 1000)) || fail "only $checks checks: calls are missing"
end
