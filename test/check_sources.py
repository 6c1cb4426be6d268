"""Checks that C++ sources are formatted and name their licence.

Usage: check_sources.py ROOT CLANG_FORMAT
"""

import os
import subprocess
import sys

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
SUFFIXES = (".h", ".cpp")


def sources(root):
    """Paths of all C++ files that git knows or would add; without git, of all
    that are not in a build folder."""
    git = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(git, capture_output=True, text=True)
    if listing.returncode == 0:
        names = listing.stdout.split("\0")
    else:
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if f != "build" and not f.startswith("."))
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    paths = [os.path.join(root, n) for n in names if n.endswith(SUFFIXES)]
    return sorted(p for p in set(paths) if os.path.exists(p))


def main():
    root, clang_format = sys.argv[1:]
    paths = sources(root)
    if not paths:
        sys.exit(f"{root}: error: no sources found")
    failed = False
    for path in paths:
        with open(path, encoding="utf-8") as f:
            head = f.read(1000)
        if SPDX not in head:
            print(f"{path}:1: error: expected the line '// {SPDX}' at the top")
            failed = True
    check = subprocess.run([clang_format, "--dry-run", "-Werror", *paths])
    failed |= check.returncode != 0
    print(f"{len(paths)} files checked")
    sys.exit(failed)


if __name__ == "__main__":
    main()
