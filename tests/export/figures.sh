#!/usr/bin/env bash
# figures.sh REGSWEEP: every figure of an export once more from its raw tables (recompute.py), on the
# demo store, on random stores, half of them with odd cases, and on what a real registry wrote.
source "$(dirname -- "${BASH_SOURCE[0]}")/../cli/lib.bash"
begin "$@"
here=$source_dir/tests/export
python3 -c 'import sqlite3' 2>/dev/null || skip "python3 has no sqlite3"

demo_store demo
demo_store --healthy healthy
check "the demo stores" python3 "$here/recompute.py" "$regsweep" demo healthy

mkdir random
if [[ -x $build_dir/regsweep_tests ]]; then
  REGSWEEP_STORES=$work/random "$build_dir/regsweep_tests" --gtest_brief=1 \
    --gtest_filter=Export.RandomStoresForScripts >log 2>&1 || fail "random stores: $(tail -n 3 log)"
  check "random stores were made" test -d random/30
  check "random stores" python3 "$here/recompute.py" "$regsweep" random/*
fi

# A figure that is off by one is noticed, in each of the three kinds of comparison.
cat >broken <<'SH'
#!/usr/bin/env bash
"$REGSWEEP" "$@" || rc=$?
for argument; do
  if [[ $argument == */sqlite ]]; then
    python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(sys.argv[2])
db.commit()' "$argument" "$CHANGE"
  fi
done
exit ${rc:-0}
SH
chmod +x broken
for change in "UPDATE repositories SET exclusive_allocated_bytes = exclusive_allocated_bytes + 1 WHERE id = 1" \
  "UPDATE tags SET exclusive_apparent_bytes = exclusive_apparent_bytes + 1 WHERE tag = (SELECT min(tag) FROM tags)" \
  "DELETE FROM edges WHERE position = 1" "DELETE FROM blobs WHERE id = 1"; do
  rc=0
  env REGSWEEP="$regsweep" CHANGE="$change" python3 "$here/recompute.py" "$work/broken" healthy \
    >log 2>&1 || rc=$?
  check "is noticed: $change" test $rc -eq 1
done

rc=0
bash "$source_dir/tests/real/make_store.sh" real >log 2>&1 || rc=$?
if ((rc == 77)); then
  echo "figures: without a real registry's store: $(tail -n 1 log)"
else
  check "a real registry writes a store: $(tail -n 3 log)" test "$rc" -eq 0
  check "a real registry's store" python3 "$here/recompute.py" "$regsweep" real
fi
end
