#!/usr/bin/env bash
# extremes.sh REGSWEEP: too deep, too large, too many, too long - JSON and YAML nested 100,000 deep wherever a file
# is parsed, gigabytes where kilobytes belong, sizes that overflow, paths longer than PATH_MAX, huge
# directories, mounts inside of the store, blobs that grow and shrink while they are read. Each is a
# finding or an error, in bounded memory and time; the store stays as it was.
#
# REGSWEEP_LARGE=1: files that a user names have a gigabyte instead of 64 MiB, and such blobs are hashed too.
# REGSWEEP_HUGE=N (default 200000): entries of a huge directory. 10000000 needs about 10 GB in memory.
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
begin_sweep "$@"
allowed+="3 " # some of these commands only look
large=${REGSWEEP_LARGE:-0}
huge=${REGSWEEP_HUGE:-200000}
tiny() { python3 "$source_dir/tests/hostile/tiny_store.py" "$1"; }

# Runs a command and notes its peak memory: sets rss, in KiB.
cat >peak.py <<'PYTHON'
import os, resource, subprocess, sys
done = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL)
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
PYTHON
bounded() { # MIB SECONDS ARGUMENT…
  local most=$1 seconds=$2
  shift 2
  what="$*" rc=0
  timeout -k 5 "$seconds" python3 peak.py rss "$regsweep" "$@" >out 2>err </dev/null || rc=$?
  no_crash
  rss=$(cat rss 2>/dev/null || echo 0)
  check "$what: $((rss / 1024)) MiB, want $most at most" test "$rss" -le $((most * 1024))
}

# Depth --------------------------------------------------------------------------------------------------
python3 - <<'PYTHON'
n = 100_000
open("deep.json", "w").write('{"schema":"regsweep.audit/1","a":' + '[' * n + ']' * n + "}")
open("objects.json", "w").write('{"a":' * n + "1" + "}" * n)
open("open.json", "w").write("[" * n)
for schema in ("plan", "audit", "verify"):
    open(f"{schema}.json", "w").write('{"schema":"regsweep.%s/1","x":' % schema + "[" * n + "]" * n + "}")
open("flow.yml", "w").write("version: 0.1\nstorage: " + "[" * n + "]" * n + "\n")
open("block.yml", "w").write("version: 0.1\nstorage:\n" + "".join(" " * i + "a:\n" for i in range(1, 3000)))
open("dashes.yml", "w").write("- " * n + "x\n")
PYTHON
tiny store >parts
fingerprint store >store.print
for file in deep objects open plan audit verify; do
  bounded 300 20 apply "$file.json" && exits 2 4 5 6
  bounded 300 20 diff "$file.json" "$file.json" && exits 2
  bounded 300 20 verify --merge "$file.json" && exits 2
  bounded 300 20 repair --damaged "$file.json" store && exits 2
  bounded 300 20 audit -q --known "$file.json" store && exits 0 2
  bounded 300 20 gc --roots "$file.json" store && exits 0 2
done
for file in flow block dashes; do
  bounded 400 60 audit "$file.yml" && exits 2
  bounded 400 60 prune --policy "$file.yml" store && exits 2
done
unchanged "deep files" store.print store

# A config that nests as deep, of an image; and one of a gigabyte.
python3 - "$source_dir/tests/hostile" <<'PYTHON'
import json, os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import tiny_store
store = tiny_store.Store("configs")
def image(tag, config):
    digest = store.blob(config) if isinstance(config, bytes) else config
    layer = store.descriptor("app", b"layer of " + tag.encode())
    store.manifest("app", json.dumps({"schemaVersion": 2, "mediaType": tiny_store.IMAGE, "config": {
        "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 10}, "layers": [layer]}).encode(), tag)
    return digest
image("deep", b'{"architecture":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
image("objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
big = image("big", "sha256:" + "b" * 64)
with open(store.write(tiny_store.blob_path(big) + "/data", b'{"architecture":"'), "r+b") as file:
    file.truncate(1 << 30)
# Manifests of a gigabyte: zeros, and blanks that could end in references.
for digit, head in (("d", b""), ("e", b'{"schemaVersion":2,"layers":[')):
    name = "sha256:" + digit * 64
    with open(store.write(tiny_store.blob_path(name) + "/data", head), "r+b") as file:
        file.truncate(1 << 30)
    store.link("app", "_manifests/revisions", name)
    store.tag("app", "big" + digit, name)
# Documents that hold as many values as there is room for: the smallest that a registry makes something of,
# and beyond what it accepts.
import hashlib
for tag, text in (("values", b'{"schemaVersion":2,"manifests":[' + b"{}," * 1_390_000 + b"{}]}"),
                  ("fields", b'{"schemaVersion":2,"manifests":[' + b'{"platform":{}},' * 260_000 + b"{}]}"),
                  ("numbers", b'{"schemaVersion":2,"annotations":[' + b"0," * 30_000_000 + b"0]}")):
    name = "sha256:" + hashlib.sha256(text).hexdigest()
    store.write(tiny_store.blob_path(name) + "/data", text)
    store.link("app", "_manifests/revisions", name)
    store.tag("app", tag, name)
# Links and the like of a gigabyte.
for path in ("repositories/app/_manifests/tags/large/current/link", f"repositories/app/_layers/sha256/{'1' * 64}/link",
             f"repositories/app/_manifests/revisions/sha256/{'2' * 64}/link", "repositories/app/_uploads/u/startedat",
             "repositories/app/_uploads/u/hashstates/sha256/0"):
    with open(store.write(path, b""), "r+b") as file:
        file.truncate(1 << 30)
PYTHON
fingerprint_quick() { find "$1" -printf '%p %y %i %s %m %T@ %C@\n' | sort; }
fingerprint_quick configs >configs.print
for arguments in "audit --json" "audit --exact" "tags --all --history" "repos" "why configs app:deep" "gc" \
  "export --format csv --table edges" "garbage-collect -d" "prune --keep-last 1 --newest-by created" recover explain; do
  read -r -a words <<<"$arguments"
  [[ $arguments == *configs* ]] || words+=(configs)
  bounded 550 60 "${words[@]}"
done
bounded 550 60 gc --apply "${everything[@]}" --assume-offline configs
exits 4 5
if ((large)); then
  bounded 550 120 verify --json configs
  exits 3 4
fi
fingerprint_quick configs >configs.after
check "nothing of it was changed" cmp configs.print configs.after
rm -rf configs

# Large files that a user names, and a journal of one line of a gigabyte.
truncate -s "$( ((large)) && echo 1G || echo 64M)" large
for arguments in "apply large" "diff large large" "verify --merge large" "repair --damaged large store" \
  "audit -q --known large store" "gc --roots large store" "prune --policy large store" "audit large"; do
  # What a user names is read as a whole, be it what it is.
  # shellcheck disable=SC2086
  bounded 3000 60 $arguments
  exits 0 2 5
done
cp -a store journaled
"$regsweep" gc --apply --assume-offline -q journaled >/dev/null
journal=$(echo journaled/.regsweep-quarantine/*/journal)
cp -a journaled good
truncate -s 1G "$journal"
for command in "undo --list" "undo --all --assume-offline" "undo --assume-offline"; do
  # shellcheck disable=SC2086
  bounded 100 60 $command journaled
done
bounded 100 60 audit journaled
bounded 100 60 purge --all journaled
exits 0
journal=$(echo good/.regsweep-quarantine/*/journal)
python3 -c 'import sys; open(sys.argv[1], "ab").write(b"[" * 100000 + b"\t" * 100000 + b"\n" + b"\xff" * 100000)' "$journal"
bounded 100 60 undo --all --assume-offline good
exits 5
rm -rf journaled good large

# Sizes ----------------------------------------------------------------------------------------------------
tiny vast >/dev/null
python3 - <<'PYTHON' >vast.bytes
import glob, os, sys
best = 0
for bits in (63, 62, 60, 50, 44):
    try:
        with open("probe", "wb") as file:
            file.truncate((1 << bits) - 1)
        best = (1 << bits) - 1
        break
    except OSError:
        continue
os.remove("probe")
count = 0
for path in sorted(glob.glob("vast/docker/registry/v2/blobs/sha256/*/*/data")):
    if b"schemaVersion" not in open(path, "rb").read(200):
        os.truncate(path, best)
        count += 1
for path in glob.glob("vast/docker/registry/v2/repositories/ns/app/_uploads/*/data"):
    os.truncate(path, best)
print(count * best)
PYTHON
# Do the sizes add up to more than 64 bits hold?
vast=$(python3 -c 'print(int(int(open("vast.bytes").read()) >= 2 ** 64))')
((vast)) || not_checked "sizes that overflow: files cannot be large enough here"
for arguments in "audit --json" "audit --json --exact" "repos --json" "tags --json" "gc --json"; do
  # shellcheck disable=SC2086
  bounded 100 30 $arguments vast
  # JSON's own parser accepts it, and nothing is negative or wrapped.
  if ((vast)) && [[ $arguments == audit* ]]; then holds "d['total']['apparent_bytes'] == 2 ** 64 - 1"; fi
  holds "(lambda f: f(f, d))(lambda f, x: all(f(f, v) for v in (x.values() if isinstance(x, dict) else x)) if isinstance(x, (dict, list)) else not isinstance(x, (int, float)) or isinstance(x, bool) or 0 <= x < 2 ** 64)"
done
for arguments in audit "audit --exact --apparent" "repos --apparent" "tags --apparent" gc "export --format ncdu" "audit --format prometheus"; do
  # shellcheck disable=SC2086
  bounded 100 30 $arguments vast
done
what="verify of vast blobs, asked to stop" rc=0
timeout -k 10 -s TERM 2 "$regsweep" verify --json vast >out 2>err </dev/null || rc=$?
checks=$((checks + 1))
((rc == 124)) && holds "d['complete'] is False" || fail "$what: exit $rc"
bounded 150 30 audit -q --html page.html vast
rm -rf vast page.html cache

# Paths ------------------------------------------------------------------------------------------------------
tiny long >/dev/null
python3 - <<'PYTHON'
import os
def dig(start, depth, name, last=None):
    back = os.open(".", os.O_RDONLY)
    os.makedirs(start, exist_ok=True)
    os.chdir(start)
    for _ in range(depth):
        os.mkdir(name)
        os.chdir(name)
    if last:
        last()
    os.fchdir(back)
    os.close(back)
def repository():
    os.makedirs("_manifests/tags/t/current")
    open("_manifests/tags/t/current/link", "w").write("sha256:" + "0" * 64)
    os.makedirs("_layers/sha256")
v2 = "long/docker/registry/v2/"
dig(v2 + "repositories", 300, "d" * 200, repository)
dig(v2 + "repositories/ns", 2000, "n")
dig(v2 + "blobs/sha256/00", 300, "b" * 200)
dig("long/beside", 300, "o" * 200)
dig("long/.regsweep-quarantine/20200101T000000Z-1/objects/1", 300, "q" * 200)
PYTHON
for arguments in "audit --json" "audit --exact --json" "audit --exact -v" "tags" "verify -q" "repos --depth 255" gc \
  "gc --apply --empty --links --min-age 0s --assume-offline" "undo --all --assume-offline" "undo --list" \
  "purge --all" "export --format csv --table repositories" "export --format ncdu --exact" "repair --drop-dangling" \
  "garbage-collect -d" "explain"; do
  # shellcheck disable=SC2086
  bounded 300 60 $arguments long
done
run "audit of long paths" audit --json long
holds "d['store']['repositories'] == 3 and any(len(r['name']) > 60000 for r in d['repositories'])"
rm -rf long

# Nested without end beside so many others that work is not put off any more: it must not pile up on the stack.
mkdir -p nested/docker/registry/v2/{blobs,repositories}
python3 - <<'PYTHON'
import os
os.chdir("nested/docker/registry/v2/repositories")
back = os.open(".", os.O_RDONLY)
for _ in range(20_000):
    os.mkdir("n")
    os.chdir("n")
os.fchdir(back)
for i in range(3_000):
    os.makedirs(f"r{i}/_manifests")
PYTHON
for jobs in 1 2; do
  bounded 300 60 audit --json --jobs "$jobs" nested
  holds "d['store']['repositories'] == 3000 and d['complete']"
done
rm -rf nested

# Names on a terminal ----------------------------------------------------------------------------------------
if command -v script >/dev/null; then
  python3 - "$source_dir/tests/hostile" <<'PYTHON'
import os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import tiny_store
store = tiny_store.Store("names")
bad = ["\x1b]0;owned\x07", "\x1b[31mred", "new\nline", "\u009b31mred", "back\x08\x08", os.fsdecode(b"\xff\xfe"), "\u202eoverride", "n" * 255,
       "c\rarriage", "del\x7f"]
for number, name in enumerate(bad):
    store.image(name, f"of {number}", "1", size=500)
    store.image("app", f"tag {number}", name, size=500)
    store.image(f"ns/{name}/x", f"in {number}", "latest", size=500)
    store.upload("app", name[:200])
    store.write(f"repositories/app/_layers/sha256/{name[:200]}.tmp", b"x")
    store.write(f"blobs/sha256/{name[:200]}", b"x")
    store.write(f"repositories/app/_manifests/tags/damaged{name[:200]}/current/link", (name + "x").encode("utf-8", "surrogateescape"))
    os.symlink(name[:200], store.root / f"link{number}")
manifest, *_ = store.image("app", "plain", "plain")
store.manifest("app", b'{"schemaVersion":2,"mediaType":"\\u001b[31m\\u0007","config":{"mediaType":"\\u001b]0;owned\\u0007","digest":"\x1b[31m"}}', "typed")
PYTHON
  cat >plain.py <<'PYTHON'
"""plain.py FILE: exit 1 if it holds a byte that a terminal acts on, but for colours and this program's own lines; or one of
the bad names as it is, of which a terminal makes "\r\n" of a newline."""
import re, sys
data = open(sys.argv[1], "rb").read()
for name in (b"\x1b[31mred", b"new\nline", b"new\r\nline", b"c\rarriage", b"back\x08", b"\x1b]0;owned", b"\xff\xfe"):
    if name in data:
        sys.exit(f"the name {name!r} as it is")
data = re.sub(rb"^Script started.*?\n|\nScript done.*$", b"", data, flags=re.S)
data = re.sub(rb"\x1b\[[0-9;]*m|\x1b\[K|\r(?=\n)|\r(?=\x1b\[K)|\r(?=\d+ of \d+, |regsweep|reading|[a-z ]*:)", b"", data)
found = re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae\xa8\xa9]|\xe2\x81[\xa6-\xa9]|\xff|\xfe", data)
if found:
    sys.exit(f"{data[max(0, found.start() - 40):found.end() + 20]!r}")
PYTHON
  while read -r arguments; do
    what="$arguments on a terminal" rc=0
    timeout 60 script -qec "$(printf '%q' "$regsweep") $arguments" typescript >/dev/null </dev/null || rc=$?
    no_crash
    check "$what: nothing of a name acts on the terminal" python3 plain.py typescript
  done <<'END'
audit -v names
audit --exact -v --color always names
audit --json names
audit --format prometheus names
tags --all --history names
tags --json names
tags --format csv names
repos names
repos --by tag names
repos --depth 1 --format csv names
repos --format ndjson names
repos --format prometheus names
why names app:plain
verify -v names
verify --json names
gc -v --untagged --links --uploads 7d --temporary --empty names
gc --json names
prune -v --keep-last 1 names
delete -v --repository names app
recover -v names
repair -v --drop-dangling --lost-found names
explain names
export --format csv --table tags names
export --format ndjson --table links names
export --format ncdu --exact names
garbage-collect -d -q names
gc --apply -v --untagged --links --uploads 7d --temporary --empty --min-age 0s --max-delete 100% --assume-offline names
undo --all --assume-offline names
END
  run "a page of such names" audit -q --html names.html names
  check "$what: nothing acts" python3 plain.py names.html
  rm -rf names
else
  not_checked "names on a terminal: script is not installed"
fi

# Many --------------------------------------------------------------------------------------------------------
tiny many >/dev/null
python3 - "$huge" <<'PYTHON' || skip "no room for $huge entries"
import os, sys
n = int(sys.argv[1])
v2 = "many/docker/registry/v2/"
open("one", "wb").close()
def fill(directory, names):
    os.makedirs(directory, exist_ok=True)
    at = os.open(directory, os.O_RDONLY)
    source = "one"
    for name in names:
        try:
            os.link(source, name, dst_dir_fd=at)  # takes less room than a file of its own
        except OSError:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
fill(v2 + "repositories/ns/app/_manifests/tags", (f"stray{i}" for i in range(n)))
if n <= 1_000_000:
    fill(v2 + "blobs/sha256/00", (f"stray{i}" for i in range(n // 4)))
    fill(v2 + "repositories/ns/app/_layers/sha256", (f"{i:064x}" for i in range(n // 4)))
    at = v2 + "repositories/empty"
    os.mkdir(at)
    fd = os.open(at, os.O_RDONLY)
    for i in range(n // 8):
        os.mkdir(f"d{i}", dir_fd=fd)
    uploads = os.open(v2 + "repositories/ns/app/_uploads", os.O_RDONLY)
    for i in range(n // 8):
        os.mkdir(f"{i}", dir_fd=uploads)
PYTHON
most=$((40 + huge / 2500)) # 0.4 kB an entry: an empty directory is noted by its path, a link by its digest
for arguments in "audit --json -o big.json" "audit --exact" "tags -o big.txt" gc; do
  started=$SECONDS
  # shellcheck disable=SC2086
  bounded "$most" 900 $arguments many
  exits 0 3 4
  ((huge <= 200000)) || echo "$name: $arguments: $((SECONDS - started)) s, $((rss / 1024)) MiB for $huge entries"
done
rm -rf many big.json big.txt

# Names of files that have several, and directories, of which there is nothing to say: 40 bytes a name, and
# no more directories waiting than there is use for.
tiny many >/dev/null
python3 - <<'PYTHON'
import os
os.mkdir("many/names")
os.mkdir("many/directories")
names = os.open("many/names", os.O_RDONLY)
for i in range(300_000):
    if i % 1000 == 0:
        first = f"f{i}"
        os.close(os.open(first, os.O_CREAT | os.O_WRONLY, dir_fd=names))
    else:
        os.link(first, f"f{i}", src_dir_fd=names, dst_dir_fd=names)
directories = os.open("many/directories", os.O_RDONLY)
for i in range(200_000):
    os.mkdir(f"d{i}", dir_fd=directories)
PYTHON
bounded 50 600 audit --exact --jobs 2 many
exits 0
rm -rf many

# Files that no registry writes are counted, and a hundred of them named: they take no memory each.
tiny many >/dev/null
python3 - "$huge" <<'PYTHON'
import os, sys
n = int(sys.argv[1])
v2 = "many/docker/registry/v2/"
for where in ("blobs/sha256/00", "repositories/ns/app/_layers/sha256", "repositories/empty"):
    os.makedirs(v2 + where, exist_ok=True)
    at = os.open(v2 + where, os.O_RDONLY)
    for i in range(n):
        if i % 1000 == 0:
            first = f"stray{i}"
            os.close(os.open(first, os.O_CREAT | os.O_WRONLY, dir_fd=at))
        else:
            os.link(first, f"stray{i}", src_dir_fd=at, dst_dir_fd=at)
PYTHON
for exact in "" --exact; do
  names=$((${#exact} > 0 ? 3 * huge * 40 / 1024 / 1024 : 0)) # --exact notes names of files that have several
  # shellcheck disable=SC2086
  bounded $((30 + names)) 600 audit --json --jobs 2 $exact many
  exits 0
  holds "[f['objects'] for f in d['findings'] if f['code'] == 'stray-file'] == [3 * $huge]" \
    "all(len(f['subjects']) <= 100 for f in d['findings'])"
done
rm -rf many

# Mounts inside ------------------------------------------------------------------------------------------------
if ((EUID == 0)) && unshare -m true 2>/dev/null; then
  # What is mounted below v2 is of the store, as it is to a registry; what is mounted elsewhere is not.
  tiny mounted >/dev/null
  tiny bound >/dev/null
  tiny beside >/dev/null
  fingerprint_quick bound >bound.print
  fingerprint_quick beside >beside.print
  cat >mounts.sh <<'END'
set -e
v2=$PWD/mounted/docker/registry/v2
layer=$(ls -d "$v2"/blobs/sha256/* | sed -n 1p)
cp -a "$layer" kept
mount -t tmpfs none "$layer"
cp -a kept/. "$layer"/
mkdir "$v2/repositories/bound" "$v2/repositories/ns/app/_layers/bound" mounted/.regsweep-quarantine mounted/beside
mount --bind bound/docker/registry/v2/repositories/ns/app "$v2/repositories/bound"
mount --bind beside mounted/beside
[[ -z $quarantine_elsewhere ]] || mount -t tmpfs none mounted/.regsweep-quarantine
"$@"
END
  export quarantine_elsewhere=1
  what="audit of a store with mounts inside" rc=0
  unshare -m bash mounts.sh bash -c 'du -s --block-size=1 mounted | cut -f 1 >du; "$0" audit --json --exact mounted' \
    "$regsweep" >out 2>err || rc=$?
  no_crash
  holds "d['total']['allocated_bytes'] == int(open('du').read())" "d['store']['tags'] == 5"
  sweep="gc --apply --min-age 0s --empty --max-delete 90% --assume-offline"
  for arguments in "$sweep" "gc --apply ${everything[*]} --assume-offline" "" "$sweep" "$sweep --no-quarantine" \
    "repair --apply --verify --drop-dangling --assume-offline" "undo --all --assume-offline" "purge --all"; do
    if [[ -z $arguments ]]; then # from here on without a file system of its own for the quarantine
      quarantine_elsewhere=
      continue
    fi
    rm -rf mounted kept
    tiny mounted >/dev/null
    what="$arguments of a store with mounts inside" rc=0
    # shellcheck disable=SC2086
    unshare -m bash mounts.sh bash -c '"$@"; rc=$?; bash "$0" mounted >walk; exit $rc' "$here/live_tags.sh" "$regsweep" \
      $arguments mounted >out 2>err || rc=$?
    no_crash
    check "$what: live tags are whole" bash -c '! grep -q broken walk && (($(grep -c whole walk) >= 3))'
  done
  check "what is mounted beside v2 is as it was" cmp beside.print <(fingerprint_quick beside)
  check "blobs where a repository is mounted from are as they were" \
    cmp <(grep '/blobs/' bound.print) <(fingerprint_quick bound | grep '/blobs/')
  rm -rf mounted kept bound beside
else
  not_checked "mounts inside of a store: none can be made here"
fi

# Growing and shrinking ------------------------------------------------------------------------------------------
tiny busy >busy.parts
cat >writer.py <<'PYTHON'
import glob, os, random, time
rnd = random.Random(3)
import sys
v2 = "busy/docker/registry/v2/"
parts = dict(line.split() for line in open(sys.argv[1]))
swept = [parts[name].partition(":")[2] for name in ("garbage", "orphan")]  # would go under its hands
paths = [path for path in glob.glob(v2 + "blobs/sha256/*/*/data") + glob.glob(v2 + "repositories/ns/app/_*/**/link", recursive=True)
         if not any(digest in path for digest in swept)]
end = time.monotonic() + 3
open("writing", "w").close()
while time.monotonic() < end:
    path = rnd.choice(paths)
    whole = open(path, "rb").read()
    act = rnd.randrange(4)
    if act == 0:
        with open(path, "ab") as file:
            file.write(os.urandom(rnd.choice((1, 5000, 3_000_000))))
        os.truncate(path, len(whole))
    elif act == 1:
        os.truncate(path, len(whole) // 2)
        open(path, "r+b").write(whole)
    elif act == 2:
        os.rename(path, path + ".away")
        os.rename(path + ".away", path)
    else:
        os.remove(path)
        open(path, "wb").write(whole)
PYTHON
bash "$here/live_tags.sh" busy >walk.before
python3 writer.py busy.parts &
writer=$!
for _ in {1..100}; do
  [[ ! -e writing ]] || break
  sleep 0.05
done
check "the writer writes" test -e writing
while kill -0 $writer 2>/dev/null; do
  for arguments in "verify --json" "audit --json --exact" "tags --all" "gc --apply --min-age 0s --uploads 7d"; do
    # shellcheck disable=SC2086
    limit=30 run "$arguments beside a writer" $arguments busy
    exits 0 3 4 5 7
  done
done
wait $writer || fail "the writer failed"
run "undo" undo --all --assume-offline busy
live "sweeps beside a writer" walk.before busy
end
