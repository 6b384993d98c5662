# shellcheck shell=bash
# What run.sh measures with. Uses its variables MEASURE, STRACE_LIMIT and work.

say() { printf '%s: %s\n' "$(date +%T)" "$*" >&2; }

# sample FILE COMMAND...: appends one line of `measure` to FILE; the command's errors go to the log.
sample() {
  local file=$1
  shift
  "$MEASURE" "$@" >>"$file" 2>>"$work/errors.log" || {  # only if it could not run the command
    tail -n 1 "$work/errors.log" >&2
    exit 1
  }
}

empty_caches() {
  sync
  echo 3 >/proc/sys/vm/drop_caches
}

# alternate NAME_A NAME_B ROUNDS BEFORE: runs the arrays a and b in turn, ABAB, into $work/NAME;
# BEFORE is a command that precedes every run.
alternate() {
  local name_a=$1 name_b=$2 count=$3 before=$4
  : >"$work/$name_a"
  : >"$work/$name_b"
  for ((round = 1; round <= count; ++round)); do
    say "  $name_a and $name_b, round $round of $count"
    $before
    sample "$work/$name_a" "${a[@]}"
    if ((${#b[@]})); then
      $before
      sample "$work/$name_b" "${b[@]}"
    fi
  done
}

# median FILE [COLUMN]: of a column of measurements; columns are wall, user, system, peak KiB, status.
median() {
  awk -v c="${2:-1}" '{ print $c }' "$1" | sort -g |
    awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# ratio A B: "median × (min … max)" of the pairwise ratios of wall times A ÷ B. If a run of A was cut,
# the ratio is a lower bound and says so.
ratio() {
  local cut=''
  if grep -q timeout "$1"; then cut='≥ '; fi
  paste -d' ' "$1" "$2" | awk '{ for (i = 5; i <= NF; ++i) if ($i ~ /^[0-9]+\.[0-9]+$/) { print $1 / $i; break } }' |
    sort -g | awk -v cut="$cut" '{ v[NR] = $1 } END {
      if (!NR) { print "not measured"; exit }
      m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
      f = m < 10 ? "%.2f" : "%.0f"
      printf "%s" f " × (" f " … " f ", n = %d)\n", cut, m, v[1], v[NR], NR }'
}

# timing FILE: "median s (user + system)", with what was odd about how the runs ended.
timing() {
  local text odd
  text="$(printf '%.3f s (user %.3f, system %.3f)' "$(median "$1")" "$(median "$1" 2)" "$(median "$1" 3)")"
  odd=$(awk '{ $1 = $2 = $3 = $4 = ""; sub(/^ +/, ""); if ($0 != "0") print }' "$1" | sort -u | paste -sd, -)
  case $odd in
    '') ;;
    timeout) text="> $text, cut" ;;
    *) text+=" **exit $odd**" ;;
  esac
  echo "$text"
}

# calls COMMAND...: how many system calls a command makes, all threads; empty if that cannot be found.
calls() {
  command -v strace >/dev/null || return 0
  local status=0
  timeout "$STRACE_LIMIT" strace -f -c -S calls -U calls,name -o "$work/strace" "$@" \
    >/dev/null 2>>"$work/errors.log" || status=$?
  ((status == 124)) || awk '$2 == "total" { print $1 }' "$work/strace"
}

row() { printf '| %s | %s | %s |\n' "$1" "$2" "$3"; }
