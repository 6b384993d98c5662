"""faulty_reads.py REGSWEEP SHIM WORK: the driver of faulty_reads.sh; prints "CHECKS FAILURES"."""
import concurrent.futures
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tiny_store
from checks import check, print_counts

regsweep, shim, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
every = os.environ.get("REGSWEEP_ALL_FAULTS") == "1"
errors = ["EIO", "EMFILE", "ENOMEM", "EACCES", "ENFILE", "ESTALE", "ENOENT"]

store = work / "store"
parts = tiny_store.write(store)
big = tiny_store.Store(store)
big.descriptor("ns/app", b"more than one unit " * 40000)  # a file that is read in several parts
# A manifest longer than one read, whose references come last.
big.manifest("other", json.dumps({"schemaVersion": 2, "mediaType": tiny_store.IMAGE, "annotations": {"a": "x" * 40000},
                                  "layers": [{"digest": parts["garbage"], "size": 400}]}).encode(), "long")
big.age()

commands = {
    "audit": ["audit", "--json", "--jobs", "1"],
    "audit --exact": ["audit", "--json", "--exact", "--jobs", "1"],
    "verify": ["verify", "--json", "--jobs", "1"],
    "tags": ["tags", "--json", "--all", "--history", "--jobs", "1"],
    "repos": ["repos", "--json", "--jobs", "1"],
    "why": ["why", "--json", "--jobs", "1"],
    "gc": ["gc", "--json", "--untagged", "--links", "--uploads", "7d", "--temporary", "--empty", "--jobs", "1"],
}
after = {"why": [parts["layer"]]}
strides = {"audit": 2, "audit --exact": 7, "verify": 2, "tags": 5, "repos": 7, "why": 5, "gc": 5}


def run(command, **fault):
    environment = dict(os.environ, LD_PRELOAD=shim, REGSWEEP_FAULT_PATH=str(store))
    for key, value in fault.items():
        environment["REGSWEEP_FAULT_" + key.upper()] = str(value)
    try:
        return subprocess.run([regsweep, *commands[command], "-q", store, *after.get(command, [])], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(late.cmd, 124, b"", b"hangs")


def steady(text):
    """Output without what differs from run to run."""
    text = re.sub(rb'"disk": \{[^}]*\}', b'"disk": {}', text)
    return re.sub(rb'"(generated|started|finished|now|created|created_at|checksum|time|seconds|taken_at|at)": ?("[^"]*"|[0-9.]+)',
                  rb'"\1": 0', text)


def without_details(text):
    """A document without what is read of configs and of links' times, and once more of manifests, for the details
    of a row: where that is not to be had it is left open."""
    def strip(value):
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in ("platform", "platforms", "linked", "history", "odd_kinds")}
        return [strip(v) for v in value] if isinstance(value, list) else value
    return strip(json.loads(text))


good = {command: run(command) for command in commands}
documents = {command: json.loads(done.stdout) for command, done in good.items()}
for command, done in good.items():
    check(done.returncode == 0, f"{command} without a fault: exit {done.returncode}: {done.stderr[-200:]!r}")
    check(steady(run(command).stdout) == steady(done.stdout), f"{command}: two good runs differ")


def numbers(value, path=""):
    """Every number of a document by its path; rows by their name, not their place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            name = at
            if isinstance(inner, dict):
                name = next((inner[k] for k in ("name", "class", "repository", "code") if k in inner), at)
            yield from numbers(inner, f"{path}/{name}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def difference(command, text):
    lines = [line for line in difflib.unified_diff(steady(good[command].stdout).decode().split("\n"),
                                                   steady(text).decode().split("\n"), n=0, lineterm="")]
    return lines[2:8]


claims = re.compile("garbage|reclaim|untagged|freed|orphan|/totals/")


def judge(what, command, error, done):
    check(0 <= done.returncode <= 5, f"{what}: exit {done.returncode}: {done.stderr[-300:]!r}")
    if not 0 <= done.returncode <= 5:
        return
    if not done.stdout:  # the store itself could not be opened
        check(done.returncode in (2, 4, 5) and done.stderr, f"{what}: exit {done.returncode}, and says nothing")
        return
    try:
        document = json.loads(done.stdout)
    except ValueError:
        check(False, f"{what}: not JSON")
        return
    complete = document.get("complete", done.returncode in (0, 3))  # a plan does not say
    if complete and done.returncode == 0 and without_details(steady(done.stdout)) == without_details(
            steady(good[command].stdout)):
        check(True, what)
        return
    if error == "ENOENT" and complete:
        return  # what is said not to be there is not there: as good a store as any
    if error == "EIO" and command == "verify" and complete:
        # What the device does not give is damage that verify is to find: of that very blob, as unreadable.
        faults = {blob["fault"] for blob in document["damaged"]}
        check(faults == {"unreadable"} and done.returncode in (0, 3), f"{what}: claims {faults}, exit {done.returncode}")
        return
    check(complete is False, f"{what}: complete is {complete}, exit {done.returncode}, "
          f"but it differs from the good run: {difference(command, done.stdout)}")
    check(done.returncode in (4, 5), f"{what}: exit {done.returncode} of a run that is not complete")
    if error == "ENOENT":
        return
    # An incomplete audit counts as garbage what it has seen no reference to, and says that it is incomplete;
    # what gc would take away it must know.
    ours = dict(numbers(documents[command]))
    for path, value in numbers(document) if command == "gc" else []:
        if claims.search(path) and "held_back" not in path and value > ours.get(path, 0):
            check(False, f"{what}: claims {path} = {value}, the good run {ours.get(path, 0)}")
    for finding in document.get("findings", []):
        if finding["code"] in ("missing-blob", "broken-tag", "zero-length-blob", "dangling-revision", "dangling-layer-link",
                               "damaged-tag-link", "damaged-revision-link", "damaged-layer-link", "wrong-size"):
            check(False, f"{what}: claims {finding['code']}: {finding['subjects'][:2]}")
    for key in ("damaged", "broken_tags"):
        check(not document.get(key), f"{what}: claims {key}: {document.get(key)}")
    for tag in document.get("tags", []) if command == "tags" else []:
        check(tag.get("state") in ("ok", "unreadable", "unknown", None), f"{what}: {tag['repository']}:{tag['tag']} is {tag['state']}")


def one(command, error, at):
    judge(f"{command}: {error} from call {at}", command, error,
          run(command, call="looking", errno=error, at=at))


def vanished(marker):
    """What was listed and is not there when its turn comes is no store without it."""
    done = run("audit", path=store / "docker/registry/v2/repositories/ns/app" / marker, call="openat2", errno="ENOENT",
               at=1, **{"from": 1})
    check(done.returncode == 4 and json.loads(done.stdout)["complete"] is False,
          f"audit: {marker} vanishes: exit {done.returncode}, {difference('audit', done.stdout)}")


def untyped(command, at):
    """Where listings tell no types, what cannot be looked at is unknown, and nothing strange."""
    judge(f"{command}: EIO from fstatat {at}, untyped", command, "EIO",
          run(command, call="fstatat", errno="EIO", at=at, untyped=1))


def same(command, what, **fault):
    done = run(command, **fault)
    check(done.returncode == 0 and steady(done.stdout) == steady(good[command].stdout),
          f"{command}: {what}: exit {done.returncode}, or not the bytes of the good run: {done.stderr[-200:]!r}")


# garbage-collect removes at once, and has no quarantine.
collect = ["garbage-collect", "--delete-untagged", "--semantics", "registry-2.8"]


def files_of(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def collected(name, **fault):
    """What a collection with this fault removed, and what else it said."""
    copy = work / f"copy-{name}-{fault.get('errno', '')}"
    shutil.copytree(store, copy)
    environment = dict(os.environ, LD_PRELOAD=shim, REGSWEEP_FAULT_PATH=str(copy))
    for key, value in fault.items():
        environment["REGSWEEP_FAULT_" + key.upper()] = str(value)
    done = subprocess.run([regsweep, *collect, "--jobs", "1", copy], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    gone = before - files_of(copy)
    shutil.rmtree(copy)
    return gone, done


def collect_with(error, at):
    gone, done = collected(at, call="looking", errno=error, at=at)
    what = f"garbage-collect: {error} from call {at}"
    check(0 <= done.returncode <= 7, f"{what}: exit {done.returncode}: {done.stderr[-300:]!r}")
    if error == "ENOENT":
        return  # a tag that has no link is none, to a registry as well
    check(gone <= wanted, f"{what}: removed {sorted(gone - wanted)[:3]}, exit {done.returncode}")
    check(gone == wanted or done.returncode != 0, f"{what}: left {sorted(wanted - gone)[:3]}, exit 0")


before = files_of(store)
wanted, done = collected("good", count=work / "collect")
check(done.returncode == 0 and any("/blobs/" in path for path in wanted), f"garbage-collect: exit {done.returncode}: {done.stderr[-200:]!r}")
collect_calls = int(re.search(r"looking (\d+)", (work / "collect").read_text())[1])

with concurrent.futures.ThreadPoolExecutor(2) as pool:
    waiting = []
    for at in range(1, collect_calls + 1, 1 if every else 7):
        for error in errors if every else [errors[at // 7 % len(errors)]]:
            waiting.append(pool.submit(collect_with, error, at))
    for number, command in enumerate(commands):
        count_file = work / "count"
        run(command, count=count_file)
        count = int(re.search(r"looking (\d+)", count_file.read_text())[1])
        check(count > 100, f"{command}: only {count} calls")
        for at in range(1, count + 1):
            if every:
                waiting += [pool.submit(one, command, error, at) for error in errors]
            elif (at + number) % strides[command] == 0:
                waiting.append(pool.submit(one, command, errors[(at // strides[command] + number) % len(errors)], at))
        for at in range(2, 4) if not every else range(2, 12):
            waiting.append(pool.submit(same, command, f"each call number {at} is interrupted",
                                       call="looking", errno="EINTR", at=at, every=1))
        for size in (1, 50, 4095) if not every else (1, 2, 7, 50, 70, 71, 72, 512, 4095, 4096, 65536):
            waiting.append(pool.submit(same, command, f"reads bring {size} bytes at most", short=size))
    waiting += [pool.submit(vanished, marker) for marker in ("_layers", "_uploads", "_manifests")]
    for command in ("audit", "gc"):
        run(command, count=work / "count", untyped=1)
        count = int(re.search(r"fstatat (\d+)", (work / "count").read_text())[1])
        waiting.append(pool.submit(same, command, "no types", untyped=1))
        waiting += [pool.submit(untyped, command, at) for at in range(1, count + 1, 1 if every else 2)]
    for done in waiting:
        done.result()
print_counts()
