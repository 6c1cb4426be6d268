#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of the lower bound: how far plans can be from optimal at most.

    bound.py --solve=build/release/bin/mempl-solve INSTANCES...
        [--capacity=64MiB] [--solver=search] [--budget=N] [--iterations=N]
        [--reference=README.md]

INSTANCES are .instance.json(.gz) files, or folders of them. One row per
program: ideal and slow latency, the bound, how much of the way from ideal to
slow it proves, and the wall time of the whole process with the bound less that
without it. With --solver also the best latency of these solvers and its
distance to the bound. With --reference (a page with a Markdown table that has
the columns `program` and `bound`, in milliseconds, for each folder in turn)
also the bound given there. Exits with 1 if a bound is above a latency or more
than half of the last digit below the reference.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time


def find_instances(paths):
    """(folder, name, file) of every instance, in order."""
    found = []
    for path in paths:
        files = (
            [os.path.join(path, name) for name in sorted(os.listdir(path))]
            if os.path.isdir(path)
            else [path]
        )
        for file in files:
            name = os.path.basename(file)
            if ".instance.json" in name:
                folder = os.path.dirname(file)
                found.append((folder, name.split(".")[0], file))
    return found


def read_reference(path):
    """One dictionary from program to (bound, digits) per table of the page."""
    tables, columns = [], None
    with open(path, encoding="utf-8") as page:
        for line in page:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if "program" in cells and "bound" in cells:
                columns = cells.index("program"), cells.index("bound")
                tables.append({})
            elif not line.startswith("|"):
                columns = None
            elif columns and len(cells) > max(columns):
                program, bound = cells[columns[0]], cells[columns[1]]
                try:
                    digits = len(bound.partition(".")[2])
                    tables[-1][program] = float(bound), digits
                except ValueError:
                    pass  # The line below the head, or a line of means.
    return tables


def run(command):
    """(seconds, result)."""
    start = time.perf_counter()
    process = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(process.stderr.strip() or f"failed: {' '.join(command)}")
    return seconds, json.loads(process.stdout)


def measure(args, file):
    """What mempl-solve says about one instance, and the seconds of its bound."""
    command = [args.solve, file, "--format=json"]
    if args.capacity:
        command.append(f"--capacity={args.capacity}")
    plain = command + ["--solver=none"]
    base = min(run(plain + ["--no-bound"])[0] for _ in range(args.repeat))
    bounded = plain + [f"--bound-iterations={args.iterations}"]
    times = []
    for _ in range(args.repeat):
        seconds, result = run(bounded)
        times.append(seconds)
    latency = result["slow"]
    if args.solver:
        solved = [f"--solver={args.solver}", "--no-bound"]
        if args.budget is not None:
            solved.append(f"--budget={args.budget}")
        _, planned = run(command + solved)
        latency = min(
            [latency]
            + [row["latency"] for row in planned["policies"] if row["verified"]]
        )
    return result, latency, max(0.0, min(times) - base)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("instances", nargs="+")
    parser.add_argument("--solve", required=True, help="the mempl-solve binary")
    parser.add_argument("--capacity", help="instead of the instances' own")
    parser.add_argument("--solver", help="solvers whose plans to compare with")
    parser.add_argument("--budget", type=int, help="plans that a solver may try")
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--reference", help="page with tables of bounds")
    args = parser.parse_args()

    references = read_reference(args.reference) if args.reference else []
    head = ["program", "steps", "values", "ideal ms", "slow ms", "bound ms"]
    head += ["proven", "seconds"]
    head += ["reference ms"] if references else []
    head += ["best plan ms", "plan / bound"] if args.solver else []
    print("| " + " | ".join(head) + " |")
    print("|" + "--|" * len(head))
    folders, gaps, wrong = [], [], []
    for folder, name, file in find_instances(args.instances):
        if folder not in folders:
            folders.append(folder)
        result, latency, seconds = measure(args, file)
        ideal, slow, bound = result["ideal"], result["slow"], result["bound"]
        if bound > min(slow, latency) * (1 + 1e-9):
            wrong.append(f"{file}: the bound is above the latency of a plan")
        proven = (bound - ideal) / (slow - ideal) if slow > ideal else 1.0
        row = [name, str(result["steps"]), str(result["values"])]
        row += [f"{x * 1e3:.4f}" for x in (ideal, slow, bound)]
        row += [f"{proven:.3f}", f"{seconds:.2f}"]
        if references:
            tables = references[folders.index(folder) :][:1]
            given, digits = tables[0].get(name, (None, 0)) if tables else (None, 0)
            row.append("-" if given is None else f"{given:.{digits}f}")
            if given is not None and bound * 1e3 < given - 0.5 * 10**-digits:
                wrong.append(f"{file}: bound {bound * 1e3:.6f} ms below {given}")
        if args.solver:
            row += [f"{latency * 1e3:.4f}", f"{latency / bound:.4f}"]
            gaps.append(latency / bound)
        print("| " + " | ".join(row) + " |", flush=True)
    if gaps:
        mean = math.exp(sum(map(math.log, gaps)) / len(gaps))
        print(f"\nplan / bound: geometric mean {mean:.4f}, worst {max(gaps):.4f}")
    for text in wrong:
        print(text, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
