"""Checks that C++ sources are formatted and name their licence, and that
scripts can be run as pages say.

Usage: check_sources.py ROOT CLANG_FORMAT
"""

import os
import subprocess
import sys

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
SOURCES = (".h", ".cpp")
SCRIPTS = (".py", ".sh")


def list_files(root):
    """Paths of all files that git knows or would add; without git, of all that
    are not in a build folder."""
    git = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(git, capture_output=True, text=True)
    if listing.returncode == 0:
        names = listing.stdout.split("\0")
    else:
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if f != "build" and not f.startswith("."))
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    paths = {os.path.join(root, n) for n in names}
    return sorted(p for p in paths if os.path.isfile(p))


def script_problem(path):
    """What is wrong with the mode of a script; empty if nothing is."""
    with open(path, "rb") as f:
        is_program = f.read(2) == b"#!"
    if is_program == os.access(path, os.X_OK):
        return ""
    return "starts with #! but cannot be executed" if is_program else "can be executed but does not start with #!"


def main():
    root, clang_format = sys.argv[1:]
    files = list_files(root)
    paths = [f for f in files if f.endswith(SOURCES)]
    if not paths:
        sys.exit(f"{root}: error: no sources found")
    failed = False
    for path in paths:
        with open(path, encoding="utf-8") as f:
            head = f.read(1000)
        if SPDX not in head:
            print(f"{path}:1: error: expected the line '// {SPDX}' at the top")
            failed = True
    for path in files:
        if path.endswith(SCRIPTS) and (problem := script_problem(path)):
            print(f"{path}:1: error: {problem}")
            failed = True
    check = subprocess.run([clang_format, "--dry-run", "-Werror", *paths])
    failed |= check.returncode != 0
    print(f"{len(paths)} sources checked")
    sys.exit(failed)


if __name__ == "__main__":
    main()
