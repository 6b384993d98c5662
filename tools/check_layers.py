#!/usr/bin/env python3
"""Confirms from the includes that the layers are kept.

storage <- analyzer <- reports <- cli: a file includes its own layer and those below, never one
above; tests, benchmarks and tools may see everything. TBB and simdjson stay out of headers, so that
who includes us does not compile them.

usage: check_layers.py [ROOT]     prints each offender as FILE:LINE: why; exit status 1 if any
       check_layers.py --self-test
"""
import pathlib
import re
import sys
import tempfile

LAYERS = ["storage", "analyzer", "reports", "cli"]  # each may include itself and those before it
KEPT_OUT_OF_HEADERS = re.compile(r"(tbb|oneapi/tbb|simdjson)(/|\.h$)")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SUFFIXES = {".h", ".hpp", ".cpp"}


def offences(root):
    """Yields (file relative to root, line number, why) in order of file and line."""
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file():
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for number, line in enumerate(text.splitlines(), 1):
                match = INCLUDE.match(line)
                if match:
                    for why in judge(root, layer, path, match[1] == '"', match[2]):
                        yield path.relative_to(root), number, why


def judge(root, layer, path, quoted, target):
    """Yields why the file `path` of `layer` may not include `target`."""
    if KEPT_OUT_OF_HEADERS.match(target) and path.suffix != ".cpp":
        yield f"{target} may not be included by a header"
    top = target.split("/")[0]
    if top in LAYERS:
        if LAYERS.index(top) > LAYERS.index(layer):
            yield f"{layer} may not include {target}: {top} lies above it"
        elif not quoted:
            yield f"write \"{target}\", not <{target}>"
        elif not (root / target).is_file():
            yield f"{target} does not exist"
    elif top in ("tests", "benchmarks", "tools") and quoted:
        yield f"{layer} may not include {target}: only tests may"
    elif quoted:
        yield f"write {target} from the root, \"{layer}/...\", or as a system header"


def self_test():
    """Checks the rules on files made for it."""
    files = {
        "storage/ok.h": '#include <string>\n#include "storage/ok.h"\n',
        "storage/up.cpp": '#include "storage/ok.h"\n#include "analyzer/graph.h"\n',
        "analyzer/graph.h": '#include "storage/ok.h"\n#include <tbb/task.h>\n',
        "analyzer/fast.h": "  #  include <simdjson.h>\n",
        "analyzer/one.h": "#include <oneapi/tbb/task.h>\n",
        "analyzer/graph.cpp": '#include <tbb/task.h>\n#include <simdjson.h>\n#include "graph.h"\n',
        "reports/json.cpp": '#include "analyzer/graph.h"\n#include "cli/io.h"\n',
        "reports/angle.cpp": "#include <storage/ok.h>\n",
        "cli/io.h": '#include "reports/none.h"\n// #include "tests/x.h"\n',
        "cli/main.cpp": '#include "tests/x.h"\n#include "storage/ok.h"\n',
        "cli/notes.txt": '#include "tests/x.h"\n',
        "tests/x.h": '#include "cli/io.h"\n#include <tbb/task.h>\n',
    }
    want = {
        ("storage/up.cpp", 2), ("analyzer/graph.h", 2), ("analyzer/fast.h", 1),
        ("analyzer/one.h", 1), ("analyzer/graph.cpp", 3), ("reports/json.cpp", 2),
        ("reports/angle.cpp", 1), ("cli/io.h", 1), ("cli/main.cpp", 1),
    }
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        found = [(str(path), line) for path, line, _ in offences(root)]
    if sorted(found) != sorted(want):
        print(f"missed: {sorted(want - set(found))}, too many: {sorted(set(found) - want)}")
        return 1
    print(f"{len(found)} offences of {len(want)} found")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print(__doc__, file=sys.stderr)
        return 2
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(arguments[0]) if arguments else here
    if not (root / LAYERS[0]).is_dir():
        print(f"check_layers.py: {root} has no {LAYERS[0]}/", file=sys.stderr)
        return 2
    found = list(offences(root))
    for path, line, why in found:
        print(f"{path}:{line}: {why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
