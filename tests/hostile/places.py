"""places.py REGSWEEP WORK: the driver of places.sh; prints "CHECKS FAILURES".

REGSWEEP_PLACES_STEP=N takes each Nth pair of a place and an oddity only, REGSWEEP_ALL_PLACES=1 all.
"""
import concurrent.futures
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tiny_store
from checks import check, print_counts

regsweep, work = sys.argv[1], pathlib.Path(sys.argv[2])
every = os.environ.get("REGSWEEP_ALL_PLACES") == "1"
step = 1 if every else int(os.environ.get("REGSWEEP_PLACES_STEP", "5"))

# ---- the store, with a quarantine in it ----------------------------------------------------------------
base = work / "base"
parts = tiny_store.write(base)
subprocess.run([regsweep, "gc", "--apply", "--assume-offline", "-q", base], check=True, stdout=subprocess.DEVNULL)
again = tiny_store.Store(base)
garbage = again.descriptor("ns/app", b"other garbage " * 50)["digest"]
orphan = again.blob(b"another orphan " * 50)
again.age()
v2 = base / "docker/registry/v2"
run = next((base / ".regsweep-quarantine").iterdir())


def shown(path):
    return str(path.relative_to(base))


repository = v2 / "repositories/ns/app"
manifests, layers = repository / "_manifests", repository / "_layers"
upload = next((repository / "_uploads").iterdir())
tag = manifests / "tags/1"


def below(directory, digest):
    return directory / digest.replace(":", "/")


places = [base / "docker", base / "docker/registry", v2, v2 / "blobs", v2 / "blobs/sha256"]
for part in ("layer", "manifest", "config", "index"):
    places += [v2 / tiny_store.blob_path(parts[part]) / "data"]
for digest in (parts["layer"], parts["manifest"], orphan):
    blob = v2 / tiny_store.blob_path(digest)
    places += [blob.parent, blob]
places += [v2 / tiny_store.blob_path(garbage) / "data", v2 / "repositories", v2 / "repositories/ns", repository]
places += [manifests, manifests / "revisions", manifests / "revisions/sha256", manifests / "tags", tag]
places += [below(manifests / "revisions", parts["manifest"]), below(manifests / "revisions", parts["manifest"]) / "link"]
places += [below(manifests / "revisions", parts["child"]) / "link"]
places += [tag / "current", tag / "current/link", tag / "index", tag / "index/sha256"]
places += [below(tag / "index", parts["manifest"]), below(tag / "index", parts["manifest"]) / "link"]
places += [layers, layers / "sha256", below(layers, parts["layer"]), below(layers, parts["layer"]) / "link"]
places += [below(layers, garbage), below(layers, garbage) / "link", layers / "sha256/left.tmp"]
places += [repository / "_uploads", upload, upload / "data", upload / "startedat", upload / "hashstates",
           upload / "hashstates/sha256", upload / "hashstates/sha256/0"]
places += [run.parent, run, run / "journal", run / "objects", *sorted((run / "objects").iterdir())[:1]]
places = list(dict.fromkeys(places))


# ---- oddities ------------------------------------------------------------------------------------------
def move_out(path, canary):
    target = canary / "moved"
    path.rename(target)
    path.symlink_to(target)


def move_aside(path, canary):
    top = path
    while top.parent.name != path.anchor and not (top.parent / "base-of-store").exists():
        top = top.parent
    target = top.parent / "aside"
    path.rename(target)
    path.symlink_to(os.path.relpath(target, path.parent))


def replaced(make):
    def change(path, canary):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        make(path, canary)
    return change


def bind_socket(path, canary):
    here = os.open(path.parent, os.O_RDONLY)
    made = socket.socket(socket.AF_UNIX)
    made.bind(f"/proc/self/fd/{here}/{path.name}")  # a socket's name has at most 107 bytes
    os.close(here)
    made.close()


def device(path, canary):
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: reading it never ends


def other_type(path, canary):
    if path.is_dir():
        shutil.rmtree(path)
        path.write_bytes(b"a file\n")
    else:
        path.unlink()
        path.mkdir()
        (path / "link").write_bytes(b"x" * 71)
        (path / "data").write_bytes(b"x" * 71)


def hard_link(path, canary):
    if path.is_dir():
        path = next(p for p in sorted(path.rglob("*")) if p.is_file())
    path.rename(canary / "hard")
    os.link(canary / "hard", path)


oddities = {
    "a symbolic link to outside": move_out,
    "a symbolic link within the store": move_aside,
    "a symbolic link to itself": replaced(lambda path, canary: path.symlink_to(path.name)),
    "a symbolic link to its parent": replaced(lambda path, canary: path.symlink_to("..")),
    "a symbolic link to nowhere": replaced(lambda path, canary: path.symlink_to(canary / "nowhere/at/all")),
    "a symbolic link to /dev/zero": replaced(lambda path, canary: path.symlink_to("/dev/zero")),
    "a symbolic link to a file outside": replaced(lambda path, canary: path.symlink_to(canary / "secret")),
    "a FIFO": replaced(lambda path, canary: os.mkfifo(path)),
    "a socket": replaced(bind_socket),
    "a device": replaced(device),
    "something of the other type": other_type,
    "a hard link to outside": hard_link,
}
content_stays = ("a symbolic link to outside", "a symbolic link within the store", "a hard link to outside")
try:
    os.mknod(work / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
except OSError:
    del oddities["a device"]
    print("places: no devices can be made here: not checked", file=sys.stderr)

# ---- commands ------------------------------------------------------------------------------------------
all_rules = ["--min-age", "0s", "--untagged", "--links", "--uploads", "7d", "--temporary", "--stale-tags", "--empty",
             "--max-delete", "90%", "--assume-offline"]
reading = {
    "audit": ["audit", "--json", "STORE"], "audit --exact": ["audit", "--exact", "STORE"],
    "tags": ["tags", "--all", "--history", "STORE"], "verify": ["verify", "--json", "STORE"],
    "why": ["why", "STORE", parts["layer"]],
}
reading_too = {
    "repos": ["repos", "--json", "STORE"], "export": ["export", "--format", "csv", "--table", "edges", "STORE"],
    "plan": ["plan", *all_rules[:-3], "-o", "OUT", "STORE"], "recover": ["recover", "STORE"],
    "repair": ["repair", "--verify", "--drop-dangling", "--lost-found", "STORE"],
    "delete": ["delete", "--sweep", "STORE", "ns/app:1"], "prune": ["prune", "--keep-last", "1", "--sweep", "STORE"],
    "garbage-collect -d": ["garbage-collect", "-d", "-m", "STORE"], "explain": ["explain", "STORE"],
}
changing = {
    "gc": ["gc", "--apply", *all_rules, "STORE"],
    "repair --apply": ["repair", "--apply", "--verify", "--drop-dangling", "--lost-found", "--assume-offline", "STORE"],
    "undo": ["undo", "--all", "--assume-offline", "STORE"],
    "gc --no-quarantine": ["gc", "--apply", "--no-quarantine", *all_rules, "STORE"],
    "purge": ["purge", "--all", "STORE"],
    "garbage-collect": ["garbage-collect", "STORE"],
    "recover --apply": ["recover", "--apply", "--assume-offline", "STORE"],
    "delete --apply": ["delete", "--apply", "--sweep", "--min-age", "0s", "--assume-offline", "STORE", "other:latest"],
    "prune --apply": ["prune", "--apply", "--sweep", "--keep-last", "2", "--min-age", "0s", "--assume-offline", "STORE"],
}
changing_order = list(changing)


def listing(root):
    """Every name with type, mode, size, times and inode; not access times."""
    out = []
    for directory, names, files in os.walk(root):
        for name in sorted(names + files):
            path = os.path.join(directory, name)
            facts = os.lstat(path)
            out.append((path, facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino))
    return sorted(out)


def forget_reads(root):
    """Access times that any read would change."""
    for directory, names, files in os.walk(root):
        for name in ["", *names, *files]:
            path = os.path.join(directory, name)
            facts = os.lstat(path)
            os.utime(path, ns=(1, max(2, facts.st_mtime_ns)), follow_symlinks=False)


def was_read(root):  # files only: this very walk lists the directories
    out = []
    for directory, names, files in os.walk(root):
        for name in files:
            path = os.path.join(directory, name)
            if not os.path.islink(path) and os.lstat(path).st_atime_ns != 1:
                out.append(path)
    return out


def contents(root):
    """Bytes of each regular file that can be reached without a symbolic link."""
    out = {}
    for directory, names, files in os.walk(root):
        for name in files:
            path = os.path.join(directory, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    out[path] = file.read()
    return out


live = {parts[key] for key in ("manifest", "config", "layer", "child", "index")}


def live_files(root):
    """What stands where the live things of ns/app:1 and ns/app:many belong."""
    top = root / "docker/registry/v2"
    wanted = [top / tiny_store.blob_path(digest) / "data" for digest in live]
    out = {}
    for path in wanted:
        at, whole = root, True
        for name in path.relative_to(root).parts:
            at = at / name
            whole = whole and not at.is_symlink() and at.exists()
        if whole and path.is_file():
            out[path] = path.read_bytes()
    return out


met = set()  # of commands and oddities


def one_run(what, kind, arguments, store, canary):
    out = canary.parent / "out"
    arguments = [str(store) if a == "STORE" else str(out) if a == "OUT" else a for a in arguments]
    try:
        done = subprocess.run([regsweep, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=30)
    except subprocess.TimeoutExpired:
        check(False, what + ": hangs")
        return None
    check(0 <= done.returncode <= 7, f"{what}: exit {done.returncode}: {done.stderr[-300:]!r}")
    check(b"\x1b" not in done.stdout + done.stderr, what + ": an escape sequence in the output")
    met.add((what.partition(": ")[0], kind))
    return done


def one_case(turn, place, kind):
    """`turn` counts the cases of this kind: by it each kind meets each command."""
    name = f"{shown(place)} is {kind}"
    home = work / f"case-{places.index(place)}-{list(oddities).index(kind)}"
    store, canary = home / "store", home / "outside\x1b[31m"  # what links point to may be shown
    canary.mkdir(parents=True)
    (canary / "secret").write_bytes(b"sha256:" + b"5" * 64)
    shutil.copytree(base, store, symlinks=True)
    (store / "base-of-store").write_bytes(b"")
    for directory, names, files in os.walk(base):
        for entry in ["", *names, *files]:
            facts = os.lstat(os.path.join(directory, entry))
            target = store / os.path.relpath(os.path.join(directory, entry), base)
            os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns), follow_symlinks=False)
    try:
        oddities[kind](store / shown(place), canary)
    except StopIteration:
        shutil.rmtree(home)
        return
    hard = kind == "a hard link to outside"  # is in the store as well: may be read
    outside = contents(canary)
    forget_reads(canary)
    stamps = listing(canary)
    seen = listing(store)
    for title, arguments in {**reading, **(reading_too if every or turn % 4 == 0 else {})}.items():
        one_run(f"{title}: {name}", kind, arguments, store, canary)
        check(listing(store) == seen, f"{title}: {name}: the store changed")
    check(hard or not was_read(canary), f"reading commands: {name}: read outside: {was_read(canary)}")
    # Of what is still somewhere; what was taken away for good keeps nothing alive any more.
    alive = live_files(store) if kind in content_stays else {}
    picked = changing_order if every else [c for i, c in enumerate(changing_order) if (i + turn) % 3 == 0]
    for title in picked:
        one_run(f"{title}: {name}", kind, changing[title], store, canary)
        after = live_files(store)
        # What repair takes away for another's bytes is damaged, and lies in quarantine.
        lost = [shown(base / p.relative_to(store)) for p, data in alive.items() if after.get(p) != data]
        check(not lost, f"{title}: {name}: LOST {lost}")
    check(hard or not was_read(canary), f"changing commands: {name}: read outside: {was_read(canary)}")
    check(hard or listing(canary) == stamps, f"changing commands: {name}: names or times outside were changed")
    check(contents(canary) == outside, f"changing commands: {name}: what lies outside was changed")
    shutil.rmtree(home)


# The check of reads can fail: else it says nothing.
probe = work / "probe"
probe.mkdir()
(probe / "file").write_bytes(b"x")
forget_reads(probe)
(probe / "file").read_bytes()
if not was_read(probe):
    print("places: no access times here: reads outside are not checked", file=sys.stderr)

with concurrent.futures.ThreadPoolExecutor(2) as pool:
    waiting = []
    for row, kind in enumerate(oddities):
        # Each place meets some oddities, each oddity some places.
        chosen = [place for column, place in enumerate(places) if (row + column) % step == 0]
        waiting += [pool.submit(one_case, turn, place, kind) for turn, place in enumerate(chosen)]
    for one in waiting:
        one.result()
for title in (*reading, *reading_too, *changing):
    for kind in oddities:
        check((title, kind) in met, f"{title} never met {kind}")
print_counts()
