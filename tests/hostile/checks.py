"""Counts checks of a driver whose threads make them, and says which failed."""
import pathlib
import sys
import threading

_lock = threading.Lock()
_driver = pathlib.Path(sys.argv[0]).stem
_most_named = 60
_checks = _failures = 0


def check(so, what):
    global _checks, _failures
    with _lock:
        _checks += 1
        if not so:
            _failures += 1
            if _failures <= _most_named:
                print(f"FAILED: {_driver}: {what}", file=sys.stderr)


def print_counts():
    print(_checks, _failures)
