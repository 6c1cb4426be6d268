#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tries HLO of other projects: what is read and solved, what is refused and why.

    foreign_hlo.py FOLDER --bin=build/release/bin [--target=tpu-v5e] [PROJECT..]

FOLDER has a folder for each project with files in which there is HLO text: dumps,
pages, and sources whose strings hold modules. Each module that is found goes
through mempl-translate --import-hlo=instance and through mempl-solve with greedy;
no text is tried twice. A table counts them, errors follow by frequency, and every
crash, hang, and error that is not one line with a place is listed. The exit code
is 1 if there is any. --keep=DIR writes the modules to files there.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import tempfile

TIMEOUT = 60
RAW_STRING = re.compile(r'R"([^()\s\\]{0,16})\((.*?)\)\1"', re.DOTALL)
HEADER = re.compile(r"^[ \t]*HloModule[ \t]+[^\s,]+", re.MULTILINE)


def modules_in(path, text):
    """Texts of the modules in a file."""
    pieces = [text]
    if path.endswith((".cc", ".cpp", ".h", ".c")):
        pieces = [match[2] for match in RAW_STRING.finditer(text)]
    elif path.endswith((".md", ".rst", ".js", ".ts", ".py", ".ipynb")):
        pieces = re.split(r'```|`|"""|\'\'\'', text)
    for piece in pieces:
        starts = [match.start() for match in HEADER.finditer(piece)]
        for start, end in zip(starts, starts[1:] + [len(piece)]):
            # A name in prose is no module.
            if "ENTRY" in piece[start:end] or re.search(r"= \S+ parameter\(", piece[start:end]):
                yield piece[start:end].strip() + "\n"


def find_modules(folder, projects):
    """(project, name, text), no text twice."""
    seen = set()
    for project in sorted(os.listdir(folder)):
        if projects and project not in projects:
            continue
        for place, folders, names in os.walk(os.path.join(folder, project)):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(place, name)
                with open(path, errors="replace") as file:
                    text = file.read()
                for number, module in enumerate(modules_in(path, text)):
                    if module not in seen:
                        seen.add(module)
                        yield project, f"{os.path.relpath(path, folder)}#{number}", module


def run(command):
    """A word for how it ended, and the first line of its errors."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return "hang", ""
    lines = [
        line
        for line in done.stderr.decode(errors="replace").splitlines()
        if ": warning: " not in line
    ]
    if done.returncode == 0:
        return "ok", ""
    if done.returncode == 1 and len(lines) == 1 and re.search(r"(:\d+)?: error: ", lines[0]):
        return "error", lines[0]
    return ("crash" if done.returncode != 1 else "unclear error"), "\n".join(lines)[:2000]


def kind_of(error):
    """An error without what differs between files."""
    error = re.sub(r"^.*?: error: ", "", error)
    error = re.sub(r"got .*", "got ..", error)
    return re.sub(r"'[^']*'", "'..'", re.sub(r"\d+", "N", error))


def test(module, arguments, folder):
    project, name, text = module
    path = os.path.join(folder, hashlib.sha1(text.encode()).hexdigest()[:16] + ".hlo.txt")
    with open(path, "w") as file:
        file.write(text)
    translate = os.path.join(arguments.bin, "mempl-translate")
    target = f"--target={arguments.target}"
    word, error = run([translate, "--import-hlo=instance", target, path, "-o", os.devnull])
    solved, why = "", ""
    if word == "ok":
        solve = os.path.join(arguments.bin, "mempl-solve")
        solved, why = run([solve, path, target, "--solver=greedy", "--no-bound"])
    return {
        "project": project,
        "name": name,
        "path": path,
        "read": word,
        "solved": solved,
        "error": error or why,
    }


def report(records):
    columns = ["modules", "read", "solved", "refused", "crash", "hang", "unclear error"]
    print(f"| project | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    counts = collections.defaultdict(collections.Counter)
    for record in records:
        for project in (record["project"], "all"):
            count = counts[project]
            count["modules"] += 1
            count["read"] += record["read"] == "ok"
            count["solved"] += record["solved"] == "ok"
            count["refused"] += "error" in (record["read"], record["solved"])
            for word in columns[4:]:
                count[word] += word in (record["read"], record["solved"])
    for project in sorted(counts, key=lambda name: (name == "all", name)):
        print(f"| {project} | {' | '.join(str(counts[project][c]) for c in columns)} |")
    kinds = collections.defaultdict(list)
    for record in records:
        if record["error"]:
            kinds[kind_of(record["error"])].append(record)
    print("\nErrors by frequency, each with an example:\n")
    for kind, found in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"- {len(found)}: {kind}\n  - {found[0]['name']}: {found[0]['error'][:300]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--target", default="tpu-v5e")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", help="a folder for the modules")
    parser.add_argument("projects", nargs="*")
    arguments = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.keep or made
        os.makedirs(folder, exist_ok=True)
        modules = list(find_modules(arguments.folder, arguments.projects))
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            records = list(pool.map(lambda m: test(m, arguments, folder), modules))
    report(records)
    faults = [r for r in records if {r["read"], r["solved"]} - {"ok", "error", ""}]
    for record in faults:
        print(f"fault: {record['name']} ({record['path']}): {record['error']}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
