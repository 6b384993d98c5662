#!/usr/bin/env python3
"""recompute.py REGSWEEP ROOT...

For each store: exports it as SQLite, calculates from the raw tables (tags, links, edges, aliases,
blobs) every figure of every repository and tag once more, and compares with the exported columns and
with `regsweep audit --json`. Compares the blobs with what lies on disk, the rows of NDJSON and CSV
with SQLite's, and the sums of ncdu's tree with the figures. Shares no code with the product.

The rules, as docs/export.md and docs/how-it-works.md have them:
  steps        references but subjects; from an alias to what it holds
  tagged       from tags; and, against the arrow, what has something tagged as its subject.
               In a repository with a tag whose meaning is unclear, its revisions are tags as well
  SIZE         what tags and revisions reach, referrers left out; EXCLUSIVE: no other repository does
  UNTAGGED     of it, what is not tagged by this repository's tags
  RECLAIMABLE  garbage that only this repository's layer links name
  a tag        what it reaches, referrers left out; exclusive: no other tag of the store does

Exit: 0 all equal, 1 something differs, 2 usage.
"""
import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict

PAIR = ("apparent", "allocated")
failures = 0


def expect(what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"DIFFERS: {what}: {got!r}, want {want!r}", file=sys.stderr)


class Store:
    """The raw tables as maps of ids."""

    def __init__(self, path):
        self.db = db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        db.row_factory = sqlite3.Row
        self.blobs = {row["id"]: row for row in db.execute("SELECT * FROM blobs")}
        self.steps = defaultdict(set)
        self.referrers = defaultdict(set)
        for parent, child, kind in db.execute("SELECT parent, child, kind FROM edges WHERE child NOT NULL"):
            if kind == "subject":
                self.referrers[child].add(parent)
            else:
                self.steps[parent].add(child)
        for alias, digest in db.execute("SELECT alias, digest FROM aliases"):
            self.steps[alias].add(digest)
        self.repositories = [row for row in db.execute("SELECT * FROM repositories ORDER BY id")]
        self.tags = [row for row in db.execute("SELECT * FROM tags")]
        self.links = [row for row in db.execute("SELECT * FROM links")]

    def closure(self, roots, referrers):
        seen, pending = set(), list(roots)
        while pending:
            here = pending.pop()
            if here in seen:
                continue
            seen.add(here)
            pending.extend(self.steps.get(here, ()))
            if referrers:
                pending.extend(self.referrers.get(here, ()))
        return seen

    def bytes(self, ids):
        rows = [self.blobs[i] for i in ids if self.blobs[i]["present"]]
        return {kind: sum(row[kind + "_bytes"] for row in rows) for kind in PAIR}


def check_pair(what, row, figure, want):
    for kind in PAIR:
        expect(f"{what} {figure} {kind}", row[f"{figure}_{kind}_bytes"], want[kind])


def roots_of(store):
    """By repository: roots by tag, all roots, what its layer links name."""
    tagged, every, linked = (defaultdict(set) for _ in range(3))
    unclear = set()
    for tag in store.tags:
        if tag["digest"] is not None:
            tagged[tag["repository"]].add(tag["digest"])
        elif tag["state"] in ("unreadable", "stray"):
            unclear.add(tag["repository"])
    for link in store.links:
        to = every if link["kind"] == "revision" else linked
        if link["kind"] == "layer" and link["state"] in ("absent", "stray"):
            continue
        to[link["repository"]].update(i for i in (link["digest"], link["holds"]) if i is not None)
    for repository in unclear:
        tagged[repository] |= every[repository]
    for repository, roots in tagged.items():
        every[repository] |= roots
    return tagged, every, linked


def check_figures(store):
    tagged, every, linked = roots_of(store)
    live_by_tag = store.closure(set().union(*tagged.values()), True)
    live = store.closure(set().union(*every.values()), True)
    for i, blob in store.blobs.items():
        needed = "tag" if i in live_by_tag else "revision" if i in live else None
        expect(f"{blob['digest']} needed_by", blob["needed_by"], needed)
        if blob["present"]:
            want = {"tag": "tagged", "revision": "untagged", None: "garbage"}[needed]
            expect(f"{blob['digest']} class", blob["class"], want)
    reach = {row["id"]: store.closure(every[row["id"]], False) for row in store.repositories}
    holders, linkers = defaultdict(int), defaultdict(int)
    for ids in reach.values():
        for i in ids:
            holders[i] += 1
    for ids in linked.values():
        for i in ids:
            linkers[i] += 1
    for row in store.repositories:
        name, ids = row["name"], reach[row["id"]]
        by_tag = store.closure(tagged[row["id"]], True)
        check_pair(name, row, "size", store.bytes(ids))
        check_pair(name, row, "exclusive", store.bytes(i for i in ids if holders[i] == 1))
        check_pair(name, row, "shared", store.bytes(i for i in ids if holders[i] > 1))
        check_pair(name, row, "untagged", store.bytes(ids - by_tag))
        garbage = [i for i in linked[row["id"]] if linkers[i] == 1 and i not in live]
        check_pair(name, row, "reclaimable", store.bytes(garbage))
    check_tags(store)
    whole = store.db.execute("SELECT * FROM store").fetchone()
    garbage = [i for i in store.blobs if i not in live]
    for name, test in (("one_repository", lambda n: n == 1),
                       ("several_repositories", lambda n: n > 1), ("orphan", lambda n: n == 0)):
        check_pair("store", whole, f"garbage_{name}",
                   store.bytes(i for i in garbage if test(linkers[i])))


def check_tags(store):
    tags = [(tag, store.closure([tag["digest"]], False)) for tag in store.tags
            if tag["digest"] is not None]
    holders = defaultdict(int)
    for _, ids in tags:
        for i in ids:
            holders[i] += 1
    for tag, ids in tags:
        what = f"{store.repositories[tag['repository']]['name']}:{tag['tag']}"
        check_pair(what, tag, "size", store.bytes(ids))
        check_pair(what, tag, "exclusive", store.bytes(i for i in ids if holders[i] == 1))


def check_audit(store, audit):
    for row, figures in zip(store.repositories, audit["repositories"], strict=True):
        expect("name", row["name"], figures["name"])
        for count in ("tags", "revisions", "layer_links"):
            expect(f"{row['name']} {count}", row[count], figures[count])
        for figure in ("size", "exclusive", "shared", "untagged", "reclaimable"):
            check_pair(row["name"], row, figure,
                       {kind: figures[figure][kind + "_bytes"] for kind in PAIR})
    space = {row["class"]: row for row in store.db.execute("SELECT * FROM space")}
    for want in audit["space"]:
        for key in ("objects", "apparent_bytes", "allocated_bytes", "estimated"):
            expect(f"space {want['class']} {key}", space[want["class"]][key], want[key])
    whole = store.db.execute("SELECT * FROM store").fetchone()
    for key in ("root", "repositories", "tags", "revisions", "layer_links", "blobs", "managed_by"):
        expect(f"store {key}", whole[key], audit["store"][key])
    expect("complete", whole["complete"], audit["complete"])
    expect("total", whole["total_allocated_bytes"], audit["total"]["allocated_bytes"])
    findings = store.db.execute("SELECT code, concern, objects, message FROM findings").fetchall()
    expect("findings", [tuple(row) for row in findings],
           [tuple(f[key] for key in ("code", "concern", "objects", "message"))
            for f in audit["findings"]])


def check_disk(store, root):
    """Blobs of a plain layout, each with its size. Hard links count once, wherever that is."""
    top = os.path.join(root, "docker/registry/v2/blobs/sha256")
    sizes, once = {}, {}
    for prefix in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        if os.path.islink(os.path.join(top, prefix)) or not os.path.isdir(os.path.join(top, prefix)):
            continue
        for name in os.listdir(os.path.join(top, prefix)):
            path = os.path.join(top, prefix, name, "data")
            if name[:2] != prefix or len(name) != 64 or set(name) - set("0123456789abcdef"):
                continue
            if os.path.islink(os.path.join(top, prefix, name)) or os.path.islink(path):
                continue
            if os.path.isfile(path):
                facts = os.stat(path)
                sizes["sha256:" + name] = facts.st_size
                once[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    got = {row["digest"]: row["apparent_bytes"] for row in store.blobs.values()
           if row["present"] and not row["counted_elsewhere"] and row["digest"].startswith("sha256:")}
    expect("blobs on disk", got.items() <= sizes.items(), True)
    present = {row["digest"] for row in store.blobs.values() if row["present"]}
    expect("digests on disk", {d for d in present if d.startswith("sha256:")}, set(sizes))
    if all(d.startswith("sha256:") for d in present):
        expect("allocated on disk", sum(row["allocated_bytes"] for row in store.blobs.values()),
               sum(once.values()))


def as_text(store, table, types):
    """SQLite's rows as the other formats have them."""
    digest = {i: row["digest"] for i, row in store.blobs.items()}
    name = {row["id"]: row["name"] for row in store.repositories}
    for row in store.db.execute(f"SELECT * FROM {table}"):
        out = {}
        for key in row.keys():
            value, kind = row[key], types[table, key]
            if kind == "id":
                continue
            if value is not None and kind == "digest":
                value = digest[value]
            elif value is not None and kind == "repository":
                value = name[value]
            elif value is not None and kind == "boolean":
                value = bool(value)
            out[key] = value
        yield out


def column_types(store):
    """What the schema says: `id`, `digest`, `repository` or None; a boolean by its values' names."""
    booleans = {"complete", "exact", "total_estimated", "estimated", "present", "counted_elsewhere",
                "is_manifest", "understood", "has_urls", "followed_by_registry_2_8",
                "followed_by_registry_3"}
    types = {}
    for (table,) in store.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        refers = {row["from"]: row["table"] for row in
                  store.db.execute(f"PRAGMA foreign_key_list({table})")}
        for row in store.db.execute(f"PRAGMA table_info({table})"):
            key = row["name"]
            types[table, key] = ("id" if key == "id" else
                                 {"blobs": "digest", "repositories": "repository"}.get(refers.get(key))
                                 or ("boolean" if key in booleans else None))
    return types


def csv_text(value):
    return {True: "true", False: "false", None: ""}[value] if value is None or value is True or \
        value is False else str(value)


def check_formats(store, folder):
    types = column_types(store)
    for table in sorted({table for table, _ in types}):
        # SQLite keeps rows by their key, the others as they are handed out.
        want = sorted(as_text(store, table, types), key=repr)
        with open(f"{folder}/{table}.ndjson", encoding="utf-8", newline="\n") as file:
            rows = sorted((json.loads(line) for line in file), key=repr)
        expect(f"{table}.ndjson", rows == want, True)
        with open(f"{folder}/{table}.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        expect(f"{table}.csv header", rows[0],
               [key for (t, key), kind in types.items() if t == table and kind != "id"])
        expect(f"{table}.csv", sorted(rows[1:]) == sorted([csv_text(v) for v in row.values()] for row in want), True)


class Tree:
    """A directory of ncdu's tree. Inodes count once in each directory, as ncdu does it."""

    def __init__(self, node):
        self.name = node[0]["name"]
        self.files = [f for f in node[1:] if isinstance(f, dict)]
        self.children = {child.name: child for child in map(Tree, (c for c in node[1:] if isinstance(c, list)))}

    def add(self, inodes, wanted):
        total = [0, 0]
        for f in self.files:
            if "ino" in f:
                inodes[f["ino"]] = (f["asize"], f["dsize"])
            else:
                total[0] += f["asize"]
                total[1] += f["dsize"]
        for child in self.children.values():
            if wanted(child.name):
                below = child.add(inodes, lambda name: True)
                total = [a + b for a, b in zip(total, below)]
        return total

    def bytes(self, wanted=lambda name: True):
        inodes = {}
        plain = self.add(inodes, wanted)
        sums = [sum(column) for column in zip(plain, *inodes.values())]
        return dict(zip(PAIR, sums))


def check_tree(store, path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    expect("ncdu version", document[0], 1)
    tree = Tree(document[3])
    whole = store.db.execute("SELECT * FROM store").fetchone()
    expect("tree", tree.bytes(), {kind: whole[f"total_{kind}_bytes"] for kind in PAIR})
    for row in store.repositories:
        node = tree
        for part in row["name"].split("/"):
            node = node.children[part]
        alive = node.bytes(lambda name: name[0] == ":" or name in ("(untagged)", "(referrers)"))
        check_pair("tree of " + row["name"], row, "size", alive)
        for name, figure in (("(untagged)", "untagged"), ("(garbage)", "reclaimable")):
            got = node.children[name].bytes() if name in node.children else dict.fromkeys(PAIR, 0)
            check_pair("tree of " + row["name"], row, figure, got)


def check(regsweep, root, options):
    def run(*arguments):
        done = subprocess.run([regsweep, *arguments, *options, root], stdout=subprocess.PIPE, timeout=60)
        if done.returncode not in (0, 3, 4):
            sys.exit(f"{arguments}: exit {done.returncode}")
        return done.stdout

    with tempfile.TemporaryDirectory() as folder:
        run("export", "--format", "sqlite", "-o", f"{folder}/sqlite")
        run("export", "--format", "ndjson", "-o", folder)
        run("export", "--format", "csv", "-o", folder)
        run("export", "--format", "ncdu", "-o", f"{folder}/ncdu")
        audit = json.loads(run("audit", "--json"))
        store = Store(f"{folder}/sqlite")
        expect("foreign keys", store.db.execute("PRAGMA foreign_key_check").fetchall(), [])
        check_figures(store)
        check_audit(store, audit)
        check_disk(store, root)
        check_formats(store, folder)
        check_tree(store, f"{folder}/ncdu")
        store.db.close()


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: recompute.py REGSWEEP ROOT...")
    for root in sys.argv[2:]:
        for options in ([], ["--exact"]):
            before = failures
            check(sys.argv[1], os.path.abspath(root), options)
            if failures != before:
                print(f"in {root} {' '.join(options)}", file=sys.stderr)
    print(f"ok {len(sys.argv) - 2} stores" if failures == 0 else f"{failures} figures differ")
    sys.exit(0 if failures == 0 else 1)


main()
