#!/usr/bin/env bash
# odd_links.sh REGSWEEP: links, manifests and names of every wrong kind, each in a store of its own.
# Nothing crashes or hangs, nothing that a terminal acts on is printed, JSON is valid, the oddity is a
# finding that names the place, and the healthy image beside it stays whole.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

# Writes the stores below cases/ and what is expected of each into cases.json.
cat >make.py <<'PYTHON'
import hashlib, json, os, pathlib, stat, sys

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
expected = {}

class Store:
    def __init__(self, case):
        self.v2 = pathlib.Path("cases") / case / "docker/registry/v2"
        self.image("good", "app", b"good layer" * 100)
    def write(self, path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path
    def blob(self, data, name=None):
        name = name or digest(data)
        alg, hexa = name.split(":")
        self.write(self.v2 / "blobs" / alg / hexa[:2] / hexa / "data", data)
        return name
    def directory(self, repo, below, name):
        return self.v2 / "repositories" / repo / below / name.replace(":", "/")
    def link(self, repo, below, name, content=None):
        return self.write(self.directory(repo, below, name) / "link", (content or name).encode())
    def tag(self, repo, tag, name):
        self.link(repo, f"_manifests/tags/{tag}/index", name)
        return self.write(self.v2 / "repositories" / repo / "_manifests/tags" / tag / "current/link",
                          name.encode())
    def manifest(self, tag, repo, data):
        name = self.blob(data)
        return name, self.link(repo, "_manifests/revisions", name), self.tag(repo, tag, name)
    def image(self, tag, repo, layer):
        config = b'{"architecture":"amd64","os":"linux","tag":"%s"}' % tag.encode()
        for data in (config, layer):
            self.blob(data)
        config_link = self.link(repo, "_layers", digest(config))
        layer_link = self.link(repo, "_layers", digest(layer))
        document = {"schemaVersion": 2, "mediaType": IMAGE,
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                               "digest": digest(config), "size": len(config)},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                                "digest": digest(layer), "size": len(layer)}]}
        data = json.dumps(document).encode()
        name, revision, tag_link = self.manifest(tag, repo, data)
        return {"manifest": name, "revision": revision, "tag": tag_link, "layer": layer_link,
                "config": config_link, "layer_digest": digest(layer), "document": document}

def expect(case, code, finding, **more):
    """`finding`: any of these codes must be there; `code`: allowed exit codes of audit."""
    expected[case] = {"exit": code, "finding": finding, **more}

# Links --------------------------------------------------------------------------------------------
def replace(path, data):
    path.unlink()
    path.write_bytes(data)
def as_directory(path):
    path.unlink(); path.mkdir()
def as_full_directory(path):
    as_directory(path); (path / "link").write_bytes(b"x" * 71)
def as_symlink(path):
    path.rename(path.with_name("real")); path.symlink_to("real")
def as_dangling(path):
    path.unlink(); path.symlink_to("/nowhere")
def as_loop(path):
    path.unlink(); path.symlink_to("link")
def as_fifo(path):
    path.unlink(); os.mkfifo(path)
def as_device(path):
    path.unlink(); os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero never ends
def as_socket(path):
    import socket
    path.unlink()
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name has at most 107 bytes
    socket.socket(socket.AF_UNIX).bind("link")
    os.chdir(here)
def text(change):
    return lambda path: replace(path, change(path.read_bytes()))

malformed = {
    "empty": text(lambda t: b""), "garbled": text(lambda t: b"\xff\x00\x1b[31m" * 9),
    "newline": text(lambda t: t + b"\n"), "crlf": text(lambda t: t + b"\r\n"),
    "blank": text(lambda t: b" " + t), "long": text(lambda t: t + b"0" * 9),
    "verylong": text(lambda t: t * 100000), "short": text(lambda t: t[:-1]),
    "nul": text(lambda t: t[:-1] + b"\0"), "upper": text(lambda t: t[:7] + t[7:].upper()[:-1] + b"A"),
    "nohex": text(lambda t: t[:-1] + b"g"), "noalgorithm": text(lambda t: t[7:]),
    "md5": text(lambda t: b"md5:" + t[7:39]), "unknown": text(lambda t: b"blake9:" + t[7:]),
    "sha512short": text(lambda t: b"sha512:" + t[7:]), "json": text(lambda t: b'"' + t + b'"'),
    "zeros": text(lambda t: b"\0" * 71), "equals": text(lambda t: t.replace(b":", b"=")),
}
no_file = {"directory": as_directory, "fulldirectory": as_full_directory, "symlink": as_symlink,
           "dangling": as_dangling, "loop": as_loop, "fifo": as_fifo, "socket": as_socket}
try:
    os.mknod("device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    open("device", "rb").read(1)
    no_file["device"] = as_device
except OSError:
    print("no devices here: links that are devices are not checked")
for place in ("revision", "layer", "tag"):
    for kind, change in {**malformed, **no_file}.items():
        case = f"{place}-link-{kind}"
        odd = Store(case).image("odd", "app", b"odd layer" * 100)
        change(odd[place])
        finding = [f"damaged-{place}-link"]
        if kind in no_file:
            finding += ["symlink", "special-file", "stray-directory"]
        name = {"revision": odd["manifest"], "layer": odd["layer_digest"], "tag": "app:odd"}[place]
        # Damage in live content: pulls of the tag, the manifest or the layer fail. Without --exact a
        # layer link of the right size is not read. A socket may count as a place that can't be read.
        unseen = place == "layer" and kind in malformed and odd[place].stat().st_size == 71
        expect(case, [3, 4] if kind == "socket" else [0, 3] if unseen else [3], finding, subject=name,
               state="unreadable" if place == "tag" else None, garbage=0, exact_only=unseen)
        if unseen:
            expected[case]["exit_exact"] = [3]
    # Another digest than the path's: well-formed, so it counts.
    for kind, other in {"other": "sha256:" + "ab" * 32, "sha384": "sha384:" + "ab" * 48,
                        "sha512": "sha512:" + "ab" * 64}.items():
        case = f"{place}-link-{kind}"
        odd = Store(case).image("odd", "app", b"odd layer" * 100)
        replace(odd[place], other.encode())
        finding = {"revision": ["crossed-revision-link"], "layer": ["crossed-layer-link"],
                   "tag": ["broken-tag"]}[place]
        # not exact, a layer link of the right size is not read
        expect(case, [3] if place == "tag" else [0, 3], finding,
               exact_only=place == "layer" and kind == "other",
               state="dangling" if place == "tag" else None, garbage=0)
    case = f"{place}-link-missing"
    odd = Store(case).image("odd", "app", b"odd layer" * 100)
    odd[place].unlink()
    expect(case, [0, 3], {"revision": ["tag-without-revision"], "layer": ["empty-directory"],
                          "tag": ["tag-without-current"]}[place],
           state="dangling" if place == "tag" else None, garbage=0)

# Odd things beside them.
store = Store("strays-in-tags")
for name, make in {"file": lambda p: p.write_bytes(b"x"), "fifo": os.mkfifo,
                   "link": lambda p: p.symlink_to("good"), "empty": os.mkdir}.items():
    make(store.v2 / "repositories/app/_manifests/tags" / name)
expect("strays-in-tags", [0, 3], ["stray-in-tags"])
for kind, change in no_file.items():
    if kind == "fulldirectory":
        continue
    for what in ("layer", "manifest"):
        case = f"data-of-{what}-{kind}"
        store = Store(case)
        odd = store.image("odd", "app", b"odd layer" * 100)
        hexa = odd["layer_digest" if what == "layer" else "manifest"].split(":")[1]
        data = store.v2 / "blobs/sha256" / hexa[:2] / hexa / "data"
        link = data.with_name("link")
        data.rename(link)
        change(link)
        if kind == "loop":  # it points to the name "link"
            data.symlink_to("data")
            link.unlink()
        else:
            link.rename(data)
        # its content is not there for us: the tag is not whole, whatever a registry would follow
        expect(case, [3, 4], ["symlink", "special-file", "stray-directory", "missing-blob",
                              "zero-length-blob", "not-understood", "broken-tag", "unreadable"],
               not_ok=True)
case = "data-of-layer-empty"
odd = Store(case).image("odd", "app", b"odd layer" * 100)
hexa = odd["layer_digest"].split(":")[1]
pathlib.Path("cases", case, "docker/registry/v2/blobs/sha256", hexa[:2], hexa, "data").write_bytes(b"")
expect(case, [3], ["zero-length-blob"], not_ok=True, subject=odd["layer_digest"])

# Manifests ----------------------------------------------------------------------------------------
# "hidden": nothing in it can be understood, so references may hide: a danger, and exit 3, as the tag
# cannot be pulled. "odd": its references are understood.
base = Store("none").image("odd", "app", b"odd layer" * 100)
layer, config = base["document"]["layers"][0], base["document"]["config"]
def document(**changes):
    out = dict(base["document"])
    for key, value in changes.items():
        if value is ...:
            del out[key]
        else:
            out[key] = value
    return json.dumps(out).encode()
plain = document()
hidden = {
    "not-json": b"this is no manifest", "binary": bytes(range(256)) * 20, "truncated": plain[:-20],
    "truncated-string": plain[:60], "array": b"[" + plain + b"]", "string": b'"sha256:00"',
    "number": b"12", "null": b"null", "blanks": b" " * 5_000_000, "nuls": b"\0" * 4096,
    "deep-arrays": b"[" * 100_000 + b"]" * 100_000, "deep-objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep-open": b"[" * 100_000, "utf16": plain.decode().encode("utf-16"),
    "deep-in-place": plain[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "gzip": b"\x1f\x8b\x08\0" + b"\xaa" * 500, "html": b"<html>\x1b[31m502 Bad Gateway</html>",
}
odd_but_known = {
    "wrong-types": document(layers="none"), "layers-object": document(layers={"digest": "x"}),
    "layer-is-number": document(layers=[1, layer]), "config-null": document(config=None),
    "unknown-type": document(mediaType="application/x-nothing"),
    "type-with-escapes": document(mediaType="\x1b[31m\x07\n\u202e"),
    "type-is-number": document(mediaType=7), "version-0": document(schemaVersion=0),
    "version-3": document(schemaVersion=3), "version-text": document(schemaVersion="2"),
    "version-huge": plain.replace(b'"schemaVersion": 2', b'"schemaVersion": 2' + b"0" * 400),
    "no-version": document(schemaVersion=...), "no-type": document(mediaType=...),
    "size-huge": document(layers=[dict(layer, size=10**400)]),
    "size-max": document(layers=[dict(layer, size=2**64)]),
    "size-negative": document(layers=[dict(layer, size=-1)]),
    "size-float": plain.replace(b'"size": 900', b'"size": 9e2'),
    "size-1e999": plain.replace(b'"size": 900', b'"size": 1e999'),
    "invalid-utf8": document(annotations={"a": "XX"}).replace(b"XX", b"\xff\xfe\xc0\x80"),
    "lone-surrogate": document(annotations={"a": "XX"}).replace(b"XX", b"\\ud800"),
    "bom": b"\xef\xbb\xbf" + plain, "trailing": plain + b" garbage", "two": plain + plain,
    "leading-blanks": b"\n\t " * 1000 + plain, "key-twice": plain[:-1] + b',"layers":[]}',
    "key-case": plain.replace(b'"layers"', b'"LAYERS"'),
    "digest-bad": document(layers=[dict(layer, digest="sha256:zz"), layer]),
    "digest-escapes": document(layers=[dict(layer, digest="\x1b]0;owned\x07\n"), layer]),
    "digest-long": document(layers=[dict(layer, digest="sha256:" + "a" * 100_000), layer]),
    "digest-null": document(layers=[dict(layer, digest=None), layer]),
    "digest-sha512": document(layers=[dict(layer, digest="sha512:" + "0" * 128), layer]),
    "many-layers": document(layers=[layer] * 20_000),
    "empty-object": b"{}", "no-references": b'{"schemaVersion":2,"mediaType":"%s"}' % IMAGE.encode(),
    "schema-1": json.dumps({"schemaVersion": 1, "name": "\x1b[31m", "tag": "x", "fsLayers":
                            [{"blobSum": layer["digest"]}], "history": [{"v1Compatibility": "{}"}]}).encode(),
    "itself-as-subject": document(subject={"mediaType": IMAGE, "digest": "sha256:" + "1" * 64, "size": 5}),
    "control-in-text": document(annotations={"a": "XX"}).replace(b"XX", b"\x01\x1b[31m"),
    "long-string": document(annotations={"a": "x" * 3_000_000}),
    "huge-but-fine": document(annotations={"a": "x" * 6_000_000}),
    "many-keys": document(annotations={f"key {i}": "x" for i in range(50_000)}),
}
for kind, data in hidden.items():
    case = "manifest-" + kind
    name, *_ = Store(case).manifest("odd", "app", data)
    expect(case, [3], ["not-understood"], subject=name, danger=True, state="broken", gc_abort=True)
for kind, data in odd_but_known.items():
    case = "manifest-" + kind
    store = Store(case)
    store.image("odd", "app", b"odd layer" * 100)
    name, *_ = store.manifest("odd", "app", data)
    expect(case, [0, 3], [], garbage=0)
case = "manifest-empty"
store = Store(case)
name = digest(plain)
store.blob(b"", name); store.link("app", "_manifests/revisions", name); store.tag("app", "odd", name)
expect(case, [3], ["zero-length-blob"], subject=name, state="broken", gc_abort=True)

# An index that names itself cannot be made with true digests, but a store may lie.
store = Store("index-loop")
one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
for me, other in ((one, two), (two, one)):
    store.blob(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": INDEX, "digest": other, "size": 10}, {"mediaType": INDEX, "digest": me, "size": 10}]}).encode(), me)
    store.link("app", "_manifests/revisions", me)
store.tag("app", "odd", one)
expect("index-loop", [0, 3], [])
store = Store("index-chain")  # deeper than any stack
before = digest(plain)
store.image("base", "app", b"odd layer" * 100)
for i in range(20_000):
    data = b'{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"%s","size":%d}]}' % (
        INDEX.encode(), (INDEX if i else IMAGE).encode(), before.encode(), len(data) if i else len(plain))
    before = store.blob(data)
store.link("app", "_manifests/revisions", before); store.tag("app", "odd", before)
expect("index-chain", [0, 3], [])

# Names --------------------------------------------------------------------------------------------
names = {"utf8": b"\xff\xfe", "overlong": b"\xc0\xaf", "newline": b"new\nline", "escape": b"\x1b[31mred\x1b[0m",
         "osc": b"\x1b]0;owned\x07", "c1": "\u009b31m".encode(), "override": "\u202etxt.exe".encode(),
         "backslash": rb"\x1b[31m", "tab": b"a\tb", "blank": b" a  b ", "quote": b"'\"$(x)`", "del": b"\x7f",
         "brace": b"{store}{n}{}", "long": b"n" * 255, "umlaut": "ä\u0308€😀".encode(), "dash": b"-rf",
         "colon": b"a:b@c", "star": b"*", "percent": b"%s%n%d", "bidi": "\u2066x\u2069".encode(), "ls": "\u2028".encode()}
for kind, name in names.items():
    name = os.fsdecode(name)
    case = f"name-repository-{kind}"
    Store(case).image("odd", name, b"odd layer" * 100)
    # 255 characters are a registry's longest name
    expect(case, [0, 3], [] if kind == "long" else ["bad-repository-name"], garbage=0, tags=2)
    case = f"name-namespace-{kind}"
    Store(case).image("odd", f"{name}/app", b"odd layer" * 100)
    expect(case, [0, 3], ["bad-repository-name"], garbage=0, tags=2)
    case = f"name-tag-{kind}"
    store = Store(case)
    odd = store.image("odd", "app", b"odd layer" * 100)
    tags = store.v2 / "repositories/app/_manifests/tags"
    (tags / "odd").rename(tags / name)
    (tags / name / "current/link").write_bytes(b"")
    store.write(tags / (name[:250] + ".file"), b"x")
    expect(case, [3], ["damaged-tag-link"], garbage=0)
    case = f"name-stray-{kind}"
    store = Store(case)
    repository = store.v2 / "repositories/app"
    for path in (store.v2, store.v2 / "blobs", store.v2 / "blobs/sha256", repository,
                 next((store.v2 / "blobs/sha256").iterdir()), repository / "_layers",
                 repository / "_layers/sha256", repository / "_manifests/revisions/sha256",
                 store.v2 / "repositories", repository / "_manifests", store.v2.parent.parent.parent):
        store.write(path / (name[:250] + ".x"), b"x")
        if path.name != "repositories" and path != repository:
            (path / (name[:250] + ".d")).mkdir()
    upload = repository / "_uploads" / name
    store.write(upload / "data", b"x" * 100)
    store.write(upload / "startedat", b"2001-01-01T00:00:00Z")
    store.write(upload / (name[:250] + ".y"), b"x")
    for one in (*upload.iterdir(), upload):  # nobody has written to it since
        os.utime(one, (978307200, 978307200))
    expect(case, [0, 3], ["stray-file"], uploads=1)
json.dump(expected, open("cases.json", "w"))
PYTHON
python3 make.py

# Checks the outputs of one case: cases/CASE.*.
cat >check.py <<'PYTHON'
import json, re, sys
expected = json.load(open("cases.json"))
results = {}
for line in open("results", encoding="utf-8"):
    case, command, code = line.split()
    results[case, command] = int(code)
failures = 0
count = 0
def check(case, command, so, what):
    global failures, count
    count += 1
    if not so:
        failures += 1
        print(f"FAILED: odd_links: {case}: {command}: {what}", file=sys.stderr)
control = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae\xa8\xa9\x8e\x8f]|\xe2\x81[\xa6-\xa9]")
for (case, command), code in results.items():
    want = expected[case]
    out = open(f"output/{case}.{command}.out", "rb").read()
    err = open(f"output/{case}.{command}.err", "rb").read()
    check(case, command, code not in (124, 137), "hangs")
    check(case, command, code in (0, 1, 2, 3, 4) and code < 128, f"exit {code}: {err[-200:]!r}")
    gc = command.startswith("gc")
    for name, data in (("output", b"" if gc else out), ("messages", err)):
        found = control.search(data)
        check(case, command, not found,
              f"raw control character in {name}: {data[max(0, found.start() - 30):found.end() + 20]!r}" if found else "")
        try:
            data.decode()
        except UnicodeDecodeError as error:
            check(case, command, False, f"{name} is not UTF-8: {error}")
    if gc:
        # what a registry's own crash is repeated as is its exit code 2
        if want.get("gc_abort") and command != "gc-m":
            check(case, command, code in (1, 2), f"exit {code}, although a registry aborts")
        continue
    if command.startswith("audit"):
        codes = want.get("exit_exact", want["exit"]) if command == "audit-exact" else want["exit"]
        check(case, command, code in codes, f"exit {code}, want {codes}")
    if command.startswith("text"):
        continue
    try:
        d = json.loads(out)
    except ValueError as error:
        check(case, command, False, f"not JSON: {error}")
        continue
    check(case, command, d["complete"] == (code != 4), f"complete is {d['complete']}, exit {code}")
    if command == "tags":
        states = {(t["repository"], t["tag"]): t["state"] for t in d["tags"]}
        check(case, command, states.get(("app", "good")) == "ok", f"app:good is {states.get(('app', 'good'))}")
        if want.get("state"):
            check(case, command, states.get(("app", "odd")) == want["state"],
                  f"app:odd is {states.get(('app', 'odd'))}, want {want['state']}")
        if want.get("not_ok"):
            check(case, command, states.get(("app", "odd")) != "ok", "app:odd is ok, but it is not whole")
        check(case, command, code in ((0,) if all(s == "ok" for s in states.values()) else (3,)) + ((4,) if 4 in want["exit"] else ()),
              f"exit {code} with {sorted(set(states.values()))}")
        continue
    found = {f["code"]: f for f in d["findings"]}
    if want["finding"] and not (want.get("exact_only") and command == "audit"):
        check(case, command, set(want["finding"]) & set(found), f"none of {want['finding']} in {list(found)}")
        if want.get("subject"):
            check(case, command, any(want["subject"] in s for code in want["finding"] if code in found
                                     for s in found[code]["subjects"]), f"no finding names {want['subject']}")
    if want.get("danger"):
        check(case, command, any(found[c]["concern"] == "danger" for c in want["finding"] if c in found),
              "it is no danger")
    if "garbage" in want:
        garbage = d["reclaimable"]["garbage"]["objects"]
        check(case, command, garbage == want["garbage"], f"{garbage} blobs are called garbage")
    if "tags" in want:
        check(case, command, d["store"]["tags"] == want["tags"], f"{d['store']['tags']} tags")
    if "uploads" in want:
        check(case, command, d["reclaimable"]["uploads"]["objects"] == want["uploads"], "the old upload is not counted")
    total = {k: sum(r[k] for r in d["space"]) for k in ("objects", "apparent_bytes", "allocated_bytes")}
    check(case, command, all(d["total"][k] == v for k, v in total.items()), "rows do not add up")
    check(case, command, all(0 <= v < 1 << 60 for v in total.values()), f"absurd sizes {total}")
print(count, failures)
PYTHON

mkdir output
: >results
for directory in cases/*/; do
  case=$(basename "$directory")
  [[ $case != none ]] || continue
  while read -r command arguments; do
    case $command,$case in
      # those that differ only in what surrounds the oddity are left out, to be quick
      gc,name-stray-* | gc-m,name-stray-* | gc-m,data-* | gc,layer-* | gc-m,layer-*) continue ;;
      gc28,layer-* | gc28m,layer-* | gc28*,data-* | gc28,name-* | gc28*,name-stray-*) continue ;;
      text-tags,layer-* | text-tags,revision-* | text-tags,name-stray-*) continue ;;
    esac
    rc=0
    # shellcheck disable=SC2086
    timeout -k 5 20 "$regsweep" $arguments "cases/$case" \
      >"output/$case.$command.out" 2>"output/$case.$command.err" </dev/null || rc=$?
    echo "$case $command $rc" >>results
  done <<END
audit audit --json
audit-exact audit --json --exact
text-audit audit -v
text-tags tags
tags tags --json
gc garbage-collect -d
gc-m garbage-collect -d -m
gc28 garbage-collect -d --semantics registry-2.8
gc28m garbage-collect -d -m --semantics registry-2.8
END
done
read -r checks failures < <(python3 check.py)
((checks > 5000)) || fail "only $checks checks: stores are missing"

# The exact total is du's, whatever stands in the store.
for case in name-stray-newline name-stray-utf8 revision-link-fulldirectory data-of-layer-fifo strays-in-tags; do
  run "audit --exact of $case" audit --json --exact "cases/$case"
  holds "d['total']['allocated_bytes'] == $(du -s --block-size=1 "cases/$case" | cut -f 1)"
done
# A FIFO that somebody writes to must not make the program wait.
mkfifo_case=cases/layer-link-fifo
fifo=$(find "$mkfifo_case" -type p)
exec 9<>"$fifo"
printf 'sha256:%064d' 0 >&9
for arguments in "audit --json" "audit --json --exact" "tags --json"; do
  # shellcheck disable=SC2086
  limit=20 run "$arguments with a FIFO in use" $arguments "$mkfifo_case"
  exits 0 3 4
done
exec 9<&-
end
