#!/usr/bin/env bash
# changing.sh REGSWEEP: a store that a registry and people write to while it is read. No crash, no hang;
# what was seen to change makes the result incomplete and is said; afterwards all is well again.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store --healthy store
make_store=$build_dir/benchmarks/make_store
if [[ -x $make_store ]]; then # large enough that a scan takes a while
  "$make_store" --sparse --repos 60 --tags 15 --seed 3 large >/dev/null
  mv large/docker/registry/v2/repositories store/docker/registry/v2/repositories/large
  (cd large/docker/registry/v2/blobs/sha256 && find . -mindepth 2 -maxdepth 2 -type d) >blobs
  while read -r blob; do
    mkdir -p "store/docker/registry/v2/blobs/sha256/$(dirname "$blob")"
    mv "large/docker/registry/v2/blobs/sha256/$blob" "store/docker/registry/v2/blobs/sha256/$blob"
  done <blobs
fi
run "before" audit --json store
exits 0
cp out before

# Pushes and deletes as a registry does it, in its order, and moves whole repositories as people do.
# Ends by itself after a time, and leaves the store as it was.
cat >writer.py <<'PYTHON'
import hashlib, json, os, pathlib, random, shutil, signal, sys, time
v2 = pathlib.Path("store/docker/registry/v2").absolute()
away = pathlib.Path("away").absolute()  # on the same file system, outside of the store
away.mkdir(exist_ok=True)
stop = False
def ask(*_):
    global stop
    stop = True
signal.signal(signal.SIGTERM, ask)
end = time.monotonic() + float(sys.argv[1])
rnd = random.Random(5)
def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{rnd.getrandbits(64):x}.tmp")
    temporary.write_bytes(data)
    temporary.rename(path)
def blob(data):
    h = hashlib.sha256(data).hexdigest()
    put(v2 / "blobs/sha256" / h[:2] / h / "data", data)
    return "sha256:" + h
def link(repo, below, digest):
    put(repo / below / digest.replace(":", "/") / "link", digest.encode())
pushed = []
def push(i):
    repo = v2 / "repositories" / f"busy/n{i % 7}"
    upload = repo / "_uploads" / f"{i:032x}"
    put(upload / "startedat", b"2024-01-01T00:00:00Z")
    put(upload / "data", b"x" * 5000)
    layer = b"layer %d" % i * 500
    config = b'{"i":%d}' % i
    for data in (layer, config):
        link(repo, "_layers", blob(data))
    shutil.rmtree(upload)
    name = lambda d: "sha256:" + hashlib.sha256(d).hexdigest()
    data = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "c", "digest": name(config), "size": len(config)},
        "layers": [{"mediaType": "l", "digest": name(layer), "size": len(layer)}]}).encode()
    digest = blob(data)
    link(repo, "_manifests/revisions", digest)
    link(repo, f"_manifests/tags/t{i}/index", digest)
    put(repo / f"_manifests/tags/t{i}/current/link", digest.encode())
    pushed.append((repo, i, digest, [digest, name(layer), name(config)]))
def delete():
    repo, i, digest, blobs = pushed.pop(rnd.randrange(len(pushed)))
    shutil.rmtree(repo / f"_manifests/tags/t{i}")
    shutil.rmtree(repo / "_manifests/revisions" / digest.replace(":", "/"))
    for b in blobs[1:]:
        shutil.rmtree(repo / "_layers" / b.replace(":", "/"))
    for b in blobs:
        shutil.rmtree(v2 / "blobs" / b.split(":")[0] / b.split(":")[1][:2] / b.split(":")[1])
def flip(path):  # a whole directory away and back
    to = away / path.name
    os.rename(path, to)
    time.sleep(rnd.random() * 0.004)
    os.rename(to, path)
i = 0
movable = [v2 / "repositories" / p for p in ("team/proxy", "library", "team/signed", "team/app/worker")]
open("writing", "w").close()
while not stop and time.monotonic() < end:
    i += 1
    push(i)
    if len(pushed) > 40:
        for _ in range(20):
            delete()
    flip(rnd.choice(movable))
while pushed:
    delete()
shutil.rmtree(v2 / "repositories/busy", ignore_errors=True)
open("written", "w").write(str(i))
PYTHON

writer=
start_writer() {
  rm -f writing written
  python3 writer.py 60 &
  writer=$!
  for _ in {1..100}; do
    [[ -e writing ]] && return
    sleep 0.05
  done
  fail "the writer does not start"
}
stop_writer() {
  kill -TERM $writer 2>/dev/null || true
  wait $writer || true
  writer=
  check "the writer wrote" test "$(cat written 2>/dev/null || echo 0)" -gt 10
}
at_end+=('[[ -z $writer ]] || { kill $writer; wait $writer; }')

seen=0 steady=0 damaged=0
judge() { # what one run said fits together
  case $rc in
    4)
      seen=$((seen + 1))
      holds "d['complete'] is False" "'schema' not in d or d['schema'] != 'regsweep.audit/1' or 'store-changed' in codes"
      says incomplete
      ;;
    *)
      steady=$((steady + 1))
      ((rc != 3)) || damaged=$((damaged + 1))
      holds "d['complete'] is True" "'store-changed' not in codes"
      ;;
  esac
}
start_writer
for round in {1..5}; do
  for arguments in "audit --json" "audit --json --exact" "audit --json --jobs 1" "tags --json"; do
    # shellcheck disable=SC2086
    run "$arguments, round $round" $arguments store
    exits 0 3 4
    judge
  done
  run "garbage-collect, round $round" garbage-collect -d -m store
  exits 0 1 2 4
  run "audit in text, round $round" audit store
  exits 0 3 4
  clean
  if ((rc == 4)); then shows "the store was written to while it was read"; fi
done
stop_writer
echo "$name: of $((seen + steady)) scans beside a writer $seen saw a change, $damaged damage"
# The writer never leaves a tag without its content: damage that is found complete is a wrong claim.
check "no scan takes a change for damage" test $damaged = 0

settled() { # nothing is left of what went on
  run "audit afterwards" audit --json "$@" store
  exits 0
  quiet
  holds "d['complete'] is True" "'store-changed' not in codes" "'unreadable' not in codes"
}
settled
cp out after
check "afterwards the figures are those of before" cmp \
  <(json "[d['store'], [r for r in d['space'] if r['class'] in ('tagged', 'untagged', 'garbage')], d['repositories']]" before) \
  <(json "[d['store'], [r for r in d['space'] if r['class'] in ('tagged', 'untagged', 'garbage')], d['repositories']]" after)
settled --exact

# A slow disk makes it certain that a change is seen.
if strace -f -qq -o /dev/null true 2>/dev/null; then
  slowly=(strace -f -qq -o /dev/null -e trace=openat2,openat
    -e inject=openat2,openat:delay_enter=300)
  demo_store --healthy small
  rm -rf store away
  mv small store
  start_writer
  seen=0
  for arguments in "audit --json --jobs 1" "audit --json --exact --jobs 4" "audit --json --jobs 2"; do
    what="$arguments of a slow disk"
    rc=0
    # shellcheck disable=SC2086
    timeout -k 5 120 "${slowly[@]}" "$regsweep" $arguments store >out 2>err || rc=$?
    no_crash
    exits 0 3 4
    judge
  done
  stop_writer
  check "on a slow disk a change is seen" test $seen -gt 0
  settled
else
  echo "$name: strace does not work here: it is not certain that a change was seen"
fi
end
