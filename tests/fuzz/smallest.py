#!/usr/bin/env python3
"""Chooses a small corpus from libFuzzer's -merge_control_file; prints the files, a line each.

Always takes next what covers most that is new for its size, until all is covered or the limits are
reached: a corpus in the tree is replayed by every run of the tests.

usage: smallest.py CONTROL_FILE
"""
import os
import sys

MOST_FILES = 150
MOST_BYTES = 290_000
PRICE_OF_A_FILE = 2000  # in bytes: a small file is hardly cheaper than a large one


def read_control(path):
    """Returns the features of each file that the merge has run."""
    with open(path, encoding="utf-8") as lines:
        count = int(next(lines))
        next(lines)  # how many of them were in the first corpus
        files = [next(lines).rstrip("\n") for _ in range(count)]
        features = {}
        for line in lines:
            words = line.split()
            if words and words[0] == "FT":
                features[files[int(words[1])]] = set(words[2:])
    return features


def choose(features):
    """Yields files, the best first; of equal ones the first by name."""
    size = {file: os.path.getsize(file) for file in features}
    room = MOST_BYTES
    for _ in range(MOST_FILES):
        fitting = [file for file in sorted(features) if size[file] <= room]
        best = max(fitting, key=lambda file: len(features[file]) / (size[file] + PRICE_OF_A_FILE),
                   default=None)
        if best is None or not features[best]:
            return
        yield best
        room -= size[best]
        covered = features[best]
        features = {file: rest - covered for file, rest in features.items()}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for file in choose(read_control(sys.argv[1])):
        print(file)


main()
