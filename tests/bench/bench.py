#!/usr/bin/env python3
"""make bench: runs every bench_*.py beside it and prints one table.

usage: bench.py [PART...]    only these parts: tls store ...
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADS = ["id", "figure", "ours", "yardstick", "ratio", "must reach", "reached"]


def parts(wanted):
    for path in sorted(glob.glob(os.path.join(HERE, "bench_*.py"))):
        name = os.path.basename(path)[len("bench_"):-len(".py")]
        if not wanted or name in wanted:
            yield name, path


def gather(path):
    """Rows as they come, so that a long run shows that it lives."""
    with subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            words = line.rstrip("\n").split("\t")
            if words[0] == "row":
                print(f"  {words[1]:<4} {words[2]}: {words[3]}", file=sys.stderr, flush=True)
                yield words[1:]
    if child.returncode:
        raise SystemExit(f"bench: {os.path.basename(path)} failed: the table would have gaps")


def table(rows):
    rows = [HEADS] + rows
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    for n, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if n == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    rows = []
    for name, path in parts(sys.argv[1:]):
        print(f"bench: {name}", file=sys.stderr, flush=True)
        rows += gather(path)
    if not rows:
        raise SystemExit("bench: no such part")
    table(rows)


main()
