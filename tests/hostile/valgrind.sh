#!/usr/bin/env bash
# valgrind.sh REGSWEEP: the commands on the demo store under Valgrind: no look at what is not the program's,
# nothing used before it is set, nothing lost.
# shellcheck source=../sweep/lib.bash
# shellcheck disable=SC2154  # work, rc and what are set in lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
need valgrind
# A build with sanitizers brings memory of its own.
valgrind -q "$regsweep" --version >out 2>&1 || skip "this build does not run under valgrind"

watched() { # ARGUMENT…
  what="valgrind: $*" rc=0
  checks=$((checks + 1))
  timeout -k 5 300 valgrind -q --fair-sched=yes --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite --error-exitcode=99 --log-file=found "$regsweep" "$@" >out 2>err </dev/null || rc=$?
  # What Valgrind does not know it says, and that the call failed: an old kernel, to the program.
  sed -i '/unhandled .* syscall/d; /^--[0-9]*-- \(You may be able\|Read the file\|Nevertheless\|it at http\)/d' found
  if ((rc == 99)) || [[ -s found ]]; then fail "$what: $(head -c 2000 found)"; fi
}

demo_store store
demo_store --healthy healthy
for arguments in "audit" "audit --exact --json -v" "tags --all --history" "repos --json" "verify --json" \
  "gc --untagged --links" "export --format ndjson --table edges" "audit -q --html page.html" \
  "garbage-collect -d" recover "repair --drop-dangling"; do
  # shellcheck disable=SC2086
  watched $arguments store
  exits 0 1 3 4 5 # 5: damage that keeps all blobs
done
watched explain store
exits 0
watched plan -o plan.json --untagged --links --min-age 0s healthy
exits 0
watched apply --assume-offline --max-delete 90% plan.json
exits 0
watched undo --all --assume-offline healthy
exits 0
watched gc --apply --no-quarantine --min-age 0s --max-delete 90% --assume-offline healthy
exits 0
end
