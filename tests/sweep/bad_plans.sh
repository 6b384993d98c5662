#!/usr/bin/env bash
# bad_plans.sh REGSWEEP [SHIM]
#
# Plans and journals that were edited, are of the past or of another store: one check for each such
# rule of docs/safety.md,
# which fails if the rule is taken out; beside each a control: the same sweep without the reason to
# refuse goes through.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=hand_store.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/hand_store.bash"
begin_hand_store "$@"

# --- plans ----------------------------------------------------------------------------------------

# forge PYTHON: changes the plan p, as someone would who knows how to make the checksum fit.
forge() {
  python3 - "$work/plan.json" "$work/forged.json" "$1" <<'PYTHON'
import hashlib, json, os, sys
p = json.load(open(sys.argv[1]))
seal = True
exec(sys.argv[3])
if seal:
    p.pop("checksum", None)
    text = json.dumps(p, separators=(",", ":"), ensure_ascii=False)
    p["checksum"] = hashlib.sha256(text.encode()).hexdigest()
json.dump(p, open(sys.argv[2], "w"), indent=1)
PYTHON
}
# forged WHAT STATUS TEXT PYTHON
forged() {
  forge "$4"
  for mode in "" "--no-quarantine"; do
    # shellcheck disable=SC2086
    run "a plan $1 $mode" apply $mode "$work/forged.json"
    # shellcheck disable=SC2086
    exits $2
    tells "$3"
    unchanged "$what" "$work/before.print" "$s"
  done
}
fresh
run "plan" plan -o "$work/plan.json" "$s"
exits 0
store_print
forge "pass"
cp -a "$s" "$work/spare"
run "a plan sealed anew" apply "$work/forged.json"
exits 0
blob_gone "the garbage" "$garbage"
run "undo it" undo "$s"
unchanged "undo of a plan" "$work/before.print" "$s"
rm -rf "$work/spare"

forged "with an edited size" 5 "checksum" 'seal = False; p["removals"][0]["size_bytes"] += 1'
forged "with an edited path" 5 "checksum" 'seal = False; p["removals"][0]["path"] += "0"'
forged "without a checksum" 5 "checksum" 'seal = False; del p["checksum"]'
forged "with a checksum that is no text" 5 "checksum" 'seal = False; p["checksum"] = 7'
forged "of another version" 5 "version" 'p["schema"] = "regsweep.plan/2"'
forged "of something else" 5 "plan" 'p["schema"] = 7'
forged "with a kind of removal nobody knows" 5 "class" 'p["removals"][0]["class"] = "signature"'
forged "without a part" 5 "malformed" 'del p["rules"]'
forged "with a number that is text" 5 "malformed" 'p["removals"][0]["inode"] = "7"'
forged "for another inode" 6 "another store" 'p["store"]["inode"] += 1'
forged "for another device" 6 "another store" 'p["store"]["device"] += 1'
forged "with another size" "5 6" "" 'p["removals"][-1]["size_bytes"] += 1'
forged "with another time" "5 6" "" 'p["removals"][-1]["mtime_ns"] += 1'

# Removals that no plan would have: outside of the store, of what lives, of what is not of the class.
mkdir -p "$work/victim/${orphan#*:}"
echo victim >"$work/victim/${orphan#*:}/data"
for path in "../../../../victim/${orphan#*:}" "$work/victim/${orphan#*:}" "blobs/sha256/../../../../../../victim/${orphan#*:}" \
  "blobs//${orphan#*:}" "." "" "blobs" "repositories/app" "repositories/app/_manifests/tags/1" "../../../backup.log"; do
  for class in blob empty-directory temporary-file layer-link upload; do
    forge "
path, kind = '$path', '$class'
at = os.path.join('$v2', path)
st = os.lstat(at + '/data') if kind == 'blob' and os.path.exists(at + '/data') else os.lstat(at) if os.path.lexists(at) else os.lstat('/')
r = dict(p['removals'][-1], path=path, inode=st.st_ino, size_bytes=st.st_size, mtime_ns=st.st_mtime_ns)
r['class'] = kind
p['removals'] = [r]"
    run "a plan that would remove $class '$path'" apply --no-quarantine "$work/forged.json"
    exits 5 6
    unchanged "$what" "$work/before.print" "$s"
  done
done
check "what is beside the store is there" test -e "$work/victim/${orphan#*:}/data"
forged "that would remove a live blob" 6 "not to be removed" "
path = '$(blob_of "$live_layer")'
st = os.lstat('$v2/' + path + '/data')
p['removals'].append(dict(p['removals'][-1], path=path, inode=st.st_ino, size_bytes=st.st_size, mtime_ns=st.st_mtime_ns))"
for content in "" "{" "[]" "7" "null" '{"schema":"regsweep.plan/1"}' "$(head -c 200 "$work/plan.json")" \
  "$(head -c -100 "$work/plan.json")"; do
  printf %s "$content" >"$work/forged.json"
  run "a plan that is '${content:0:20}'" apply "$work/forged.json"
  refused 5 "refused"
done
head -c 3000 /dev/urandom >"$work/forged.json"
run "a plan that is noise" apply "$work/forged.json"
refused 5 "refused"
run "a plan that is not there" apply "$work/no-such-plan.json"
exits 2
run "a plan that is a directory" apply "$work"
exits 2 5

# --- a plan of the past -----------------------------------------------------------------------------

outdated() { # WHAT COMMAND…: after the command the plan of before must not be carried out
  local title=$1 mode
  shift
  for mode in "" "--no-quarantine"; do
    fresh
    # shellcheck disable=SC2154
    run "plan" plan ${plan_options[@]+"${plan_options[@]}"} -o "$work/plan.json" "$s"
    "$@"
    store_print
    # shellcheck disable=SC2086
    run "plan, then $title $mode" apply $mode "$work/plan.json"
    exits 6
    unchanged "$what" "$work/before.print" "$s"
  done
}
plan_options=()
rewrite() { touch "$v2/$(blob_of "$orphan")/data"; }
outdated "a blob was written" rewrite
replace() {
  cp -a "$v2/$(blob_of "$orphan")/data" "$v2/data.new"
  mv "$v2/data.new" "$v2/$(blob_of "$orphan")/data"
}
outdated "a blob was replaced" replace
grow() {
  touch -r "$v2/$(blob_of "$orphan")/data" "$work/time"
  echo more >>"$v2/$(blob_of "$orphan")/data"
  touch -r "$work/time" "$v2/$(blob_of "$orphan")/data"
}
outdated "a blob grew, its time the same" grow
push() {
  manifest pushed "{\"schemaVersion\":2,\"layers\":[$(descriptor $layer_type "$orphan")]}"
  tag pushed 1 "$digest"
  find "$v2" -exec touch -h -d '40 days ago' {} +
}
outdated "a tag was pushed that needs a blob" push
relink() { touch "$repositories/app/_layers/${garbage/://}/link"; }
outdated "a layer was linked anew" relink
puzzle() {
  manifest app '{"schemaVersion":2,"layers":['
  old
}
outdated "a manifest came that is not understood" puzzle
copied() {
  cp -a "$v2" "$v2.new"
  rm -rf "$v2"
  mv "$v2.new" "$v2"
}
outdated "the store was copied" copied
retag() { tag app new "$untagged_here"; }
plan_options=(--untagged)
use "$work/base"
image app untagged-here
untagged_here=$digest untagged_layer=$layer_digest
old
outdated "an untagged manifest was tagged" retag
fresh
run "plan" plan --untagged -o "$work/plan.json" "$s"
run "apply it" apply "$work/plan.json"
exits 0
blob_gone "the untagged manifest" "$untagged_here"
blob_gone "its layer" "$untagged_layer"
plan_options=()
fresh
run "plan" plan -o "$work/plan.json" "$s"
rm -r "${v2:?}/$(blob_of "$orphan")"
run "plan, then one thing went" apply "$work/plan.json"
exits 0
blob_gone "the other" "$garbage"

# A symbolic link to the same files, in place of a directory on the way.
for swapped in "blobs" "blobs/sha256" "blobs/sha256/${orphan:7:2}" "$(blob_of "$orphan")" repositories/app \
  repositories/app/_layers; do
  for mode in "" "--no-quarantine"; do
    fresh
    rm -rf "$work/elsewhere"
    run "plan" plan -o "$work/plan.json" "$s"
    mv "$v2/$swapped" "$work/elsewhere"
    ln -s "$work/elsewhere" "$v2/$swapped"
    store_print
    (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.before"
    # shellcheck disable=SC2086
    run "plan, then $swapped is a symbolic link $mode" apply $mode "$work/plan.json"
    exits 4 5 6 7
    (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.after"
    check "$what: nothing behind it was touched" cmp "$work/elsewhere.before" "$work/elsewhere.after"
    unchanged "$what" "$work/before.print" "$s"
  done
done
fresh
mkdir "$work/not-here"
ln -s "$work/not-here" "$s/.regsweep-quarantine"
store_print
gc "the quarantine is a symbolic link"
exits 5
check "$what: nothing was put there" test -z "$(ls -A "$work/not-here")"
unchanged "$what" "$work/before.print" "$s"

# --- the journal, and what is in the way -----------------------------------------------------------

fresh
store_print
gc "a sweep to undo"
exits 0
cp -a "$s" "$work/swept"
swept() {
  rm -rf "$s"
  cp -a "$work/swept" "$s"
  journal=$(echo "$s"/.regsweep-quarantine/*/journal)
  objects=${journal%journal}objects
}
everything_of() { (cd "$s" && find . -type f -printf '%p %s %T@\n' -exec sha256sum {} + | sort); }
# journal_refused WHAT COMMAND…: after the command undo refuses and touches nothing
journal_refused() {
  local title=$1
  shift
  swept
  "$@"
  everything_of >"$work/all.before"
  run "undo, $title" undo "$s"
  exits 5
  everything_of >"$work/all.after"
  check "$what: nothing was touched" cmp "$work/all.before" "$work/all.after"
}
swept
run "undo" undo "$s"
exits 0
unchanged "$what" "$work/before.print" "$s"
cut_lines() { head -n "$1" "$journal" >"$work/j" && cat "$work/j" >"$journal"; }
total=$(wc -l <"$work/swept/.regsweep-quarantine/"*/journal)
for ((keep = 0; keep < total - 2; ++keep)); do
  # Without the end record alone it is as after a crash. With the last `move` missing it is not.
  swept
  ((keep == 0)) || grep -q -P '\tmove\t' <(tail -n +$((keep + 1)) "$journal") || continue
  journal_refused "its journal cut to $keep of $total lines" cut_lines "$keep"
done
without_line() { sed -i "$1d" "$journal"; }
journal_refused "a line of its journal is missing" without_line 3
flip() { sed -i "$1s/sha256/sha257/" "$journal"; }
journal_refused "a line of its journal was edited" flip "$(grep -n -m 1 -P '\tmove\t' "$work/swept/.regsweep-quarantine/"*/journal | cut -d : -f 1)"
swap() { sed -i "$1{h;d};$(($1 + 1)){G}" "$journal"; }
journal_refused "two lines of its journal are swapped" swap 3
no_journal() { rm "$journal"; }
journal_refused "its journal is gone" no_journal
stranger() { mkdir "$objects/9999"; }
journal_refused "an object lies there that its journal does not name" stranger
garbage_at_end() { head -c 100 /dev/urandom | tr -d '\n' >>"$journal" && echo >>"$journal" && echo >>"$journal"; }
journal_refused "noise behind its journal" garbage_at_end
swept
tail -c +1 "$journal" | head -c -20 >"$work/j"
cat "$work/j" >"$journal"
run "undo, the last line of its journal torn off" undo "$s"
exits 0
unchanged "$what" "$work/before.print" "$s"

swept
mkdir -p "$v2/$(blob_of "$orphan")"
echo newer >"$v2/$(blob_of "$orphan")/data"
run "undo, a place is taken" undo "$s"
exits 7
tells "$(blob_of "$orphan")"
check "$what: the newer stays" test "$(cat "$v2/$(blob_of "$orphan")/data")" = newer
blob_there "the other came back" "$garbage"
check "$what: the older stays in quarantine" grep -rqs "^orphan" "$objects"
rm -r "${v2:?}/$(blob_of "$orphan")"
run "undo, its place is free again" undo "$s"
exits 0
blob_there "it" "$orphan"
check "$what: the quarantine is gone" test ! -e "$s/.regsweep-quarantine"

for swapped in blobs/sha256 repositories/app/_layers; do
  swept
  rm -rf "$work/elsewhere"
  mv "$v2/$swapped" "$work/elsewhere"
  ln -s "$work/elsewhere" "$v2/$swapped"
  (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.before"
  run "undo, $swapped is a symbolic link" undo "$s"
  exits 5 7
  (cd "$work/elsewhere" && find . -printf '%p %s %T@ %i\n' | sort) >"$work/elsewhere.after"
  check "$what: nothing was put behind it" cmp "$work/elsewhere.before" "$work/elsewhere.after"
done
end
