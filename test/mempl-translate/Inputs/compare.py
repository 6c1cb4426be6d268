"""Fails unless two JSON files, plain or .gz, say the same, keys that the writer
adds (version, limits of 0) or leaves out (cross_program) aside.

Usage: compare.py FIRST SECOND
"""

import gzip
import json
import sys


def load(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        document = json.load(f)
    document.pop("version", None)
    document.pop("cross_program", None)
    if "machine" in document:
        document["machine"]["fast"].setdefault("max_carried", 0)
        document["machine"]["copy"].setdefault("max_in", 0)
        document["machine"]["copy"].setdefault("max_out", 0)
    return document


if load(sys.argv[1]) != load(sys.argv[2]):
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ")
