#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Placed programs allocate and copy no more than One-Shot Bufferize alone.

    never_worse.py --opt=mempl-opt [--targets=tiny,..] [--solvers=none,greedy]
                   [--capacities=256,4KiB] [--before=cse] [--programs=N] FILE..

Each file, and each of N random programs, after the passes `before`, is bufferized
as it is and placed whole, with the options that the README names, and tidied up,
which folds copies of a slice onto itself. Counted per function are allocations in
slow memory, and copies that are not the plan's: all of them, and those inside of
loops. A line per function that has more than without the pass; the exit code is 1
if there are any.

`count` and `worse` are for other scripts.
"""

import argparse
import re
import subprocess
import sys

from random_ops import Generator

BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map "
    "allow-return-allocs-from-loops}"
)
TIDY = "canonicalize,cse,canonicalize"
KINDS = {
    "allocations": re.compile(r"\bmemref\.alloca?\b"),
    "copies": re.compile(r"\b(memref\.copy|linalg\.copy|mempl\.transfer)\b"),
}
LOOP = re.compile(r"\bscf\.(for|forall|parallel|while)\b|\baffine\.(for|parallel)\b")


def count(buffers):
    """Allocations and copies by function, in bufferized MLIR as it is printed."""
    counts, function, loops = {}, None, []
    for line in buffers.split("\n"):
        depth = len(line) - len(line.lstrip())
        if m := re.match(r"\s*func\.func (?:private )?@(\"[^\"]*\"|[\w.$-]+)", line):
            loops = []
            function = counts.setdefault(m[1], {k + w: 0 for k in KINDS for w in ("", " in loops")})
        if function is None:
            continue
        while loops and depth <= loops[-1] and not re.match(r"\s*} do {", line):
            loops.pop()
        for kind, pattern in KINDS.items():
            if pattern.search(line):
                function[kind] += 1
                function[kind + " in loops"] += bool(loops)
        if LOOP.search(line):
            loops.append(depth)
    return counts


def worse(plain, placed):
    """Where bufferized `placed` does more than bufferized `plain`, as text."""
    before, after = count(plain), count(placed)
    return [f"@{name}: {after[name][kind]} {kind}, {found} without the pass"
            for name, kinds in before.items() for kind, found in kinds.items()
            if name in after and after[name][kind] > found]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opt", required=True)
    parser.add_argument("--targets", default="tiny")
    parser.add_argument("--solvers", default="none,greedy")
    parser.add_argument("--capacities", default="")
    parser.add_argument("--before", default="")
    parser.add_argument("--programs", type=int, default=0)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    texts = {}
    for path in args.files:
        with open(path, encoding="utf-8") as file:
            texts[path] = file.read()
    for number in range(args.programs):
        texts[f"program {number}"] = Generator(number).program(number).functions

    def opt(path, *passes, may_refuse=False):
        done = subprocess.run([args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"],
                              input=texts[path], capture_output=True, text=True)
        if done.returncode != 0 and may_refuse:
            return None
        if done.returncode != 0:
            sys.exit(f"{path}: {', '.join(passes)}\n{done.stderr[:2000]}")
        return done.stdout

    failures = programs = 0
    for path in texts:
        before = [args.before] if args.before else []
        # Upstream cannot bufferize every program that chance makes.
        plain = opt(path, *before, BUFFERIZE, TIDY, may_refuse=path.startswith("program "))
        if plain is None:
            continue
        for target in args.targets.split(","):
            for solver in args.solvers.split(","):
                for capacity in args.capacities.split(","):
                    place = f"learned-memory-placement{{target={target} solver={solver} budget=300 capacity={capacity} tile=false}}"
                    programs += 1
                    for text in worse(plain, opt(path, *before, place, BUFFERIZE, TIDY)):
                        failures += 1
                        print(f"{path}, {place}: {text}")
    print(f"{programs} placed programs, {failures} numbers worse than without the pass")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
