"""race.py STORE SIDE SECONDS: swaps directories and files of the store, one after the other, with symbolic links to
what SIDE/canary holds in their place, thousands of times; leaves all as it was. Prints how often.
"""
import ctypes
import os
import pathlib
import signal
import sys
import time

store, side, seconds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), float(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, RENAME_EXCHANGE = -100, 2
stop = False


def ask(*_):
    global stop
    stop = True


signal.signal(signal.SIGTERM, ask)
signal.signal(signal.SIGINT, ask)


def exchange(a, b):
    return libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0


def pairs():
    """Each directory and file below v2 with a symbolic link to its double."""
    out = []
    top = store / "docker/registry/v2"
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = pathlib.Path(directory) / name
            link = side / f"link-{len(out)}"
            if link.is_symlink():  # of another run
                link.unlink()
            link.symlink_to(side / "canary" / path.relative_to(store))
            out.append((os.fsencode(path), os.fsencode(link)))
    return out


all_pairs = pairs()
print("ready", len(all_pairs), flush=True)
swaps = lost = 0
end = time.monotonic() + seconds
while not stop and time.monotonic() < end:
    for path, link in all_pairs:
        for _ in range(20):
            # What a sweep took away in this moment cannot be swapped.
            if not exchange(path, link):
                lost += 1
                break
            for _ in range(50):  # some microseconds in which the link stands there
                pass
            while not exchange(path, link):
                # The link was taken away: what was swapped out goes to where it was. If the directory
                # above went with it, not before that is back.
                if not os.path.lexists(path) and os.path.isdir(os.path.dirname(path)):
                    try:
                        os.rename(link, path)
                    except FileNotFoundError:
                        continue
                    os.symlink(side / "canary", link)
                    break
                time.sleep(0.001)
            swaps += 1
        if stop:
            break
print("swaps", swaps, "missed", lost, flush=True)
