#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far plans can be from optimal at most: tables of the lower bound.

    bound.py --bin=build/release/bin [--networks=GLOB] [--targets=a,b]
        [INSTANCES.. --capacities=112MiB,32MiB] [--seconds=10] [--free]
        [--old=OTHER/mempl-solve] [--budget=N] [--all] [--reference=README.md]

Cases are networks (names of test/data/models, with * and ?) on targets, and
INSTANCES, .instance.json(.gz) files or folders of them, with each of the
capacities. For each one the portfolio's plan is taken, and its latency over

    before       the bound of the mempl-solve of --old
    bound        the bound as it comes
    with S s     the bound with --bound-seconds=S, of processor time
    free order   the bound of all orders of the steps, over the portfolio's plan
                 in the best order found (with --free; networks only)

and the processor time of the second one. Cases in which all of them are below
1.0005 are only counted, without --all. With --reference (a page with a Markdown
table that has the columns `program` and `bound`, in milliseconds, for each
folder in turn) bounds are held against those. Exits with 1 if a bound is above
a latency, or more than half of the last digit below the reference.
"""

import argparse
import fnmatch
import itertools
import json
import math
import os
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
FUSE = "func.func(linalg-fuse-elementwise-ops),canonicalize"


def run(*command):
    """What a command prints, and the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        sys.exit(process.stderr.strip() or f"failed: {' '.join(command)}")
    return process.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def find_instances(paths):
    """(folder, file) of every instance, in order."""
    found = []
    for path in paths:
        files = [os.path.join(path, name) for name in sorted(os.listdir(path))] if os.path.isdir(path) else [path]
        found += [(os.path.dirname(file), file) for file in files if ".instance.json" in os.path.basename(file)]
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
                    tables[-1][program] = float(bound), len(bound.partition(".")[2])
                except ValueError:
                    pass  # The line below the head, or a line of means.
    return tables


class Case:
    """A program with one memory, and what is measured of it."""

    def __init__(self, name, file, options=(), free=None, reference=None):
        self.name, self.file, self.options, self.free = name, file, list(options), free
        self.reference = reference
        self.gaps = {}

    def solve(self, binary, file, *options):
        out, seconds = run(binary, file, "--format=json", *self.options, *options)
        return json.loads(out), seconds

    def measure(self, args, work):
        solve, plan = os.path.join(args.bin, "mempl-solve"), os.path.join(work, "plan.json")
        budget = f"--budget={args.budget}"
        self.solve(solve, self.file, budget, "--no-bound", f"--plan-out={plan}")
        wrong = []

        def gap(column, binary, *options):
            result, seconds = self.solve(binary, self.file, f"--plan-in={plan}", *options)
            latency, bound = result["policies"][0]["latency"], result["bound"]
            self.gaps[column] = latency / bound
            if bound > latency * (1 + 1e-9):
                wrong.append(f"{self.name}: the bound is above the latency of a plan")
            return result, seconds

        if args.old:
            gap("before", args.old)
        result, self.seconds = gap("bound", solve)
        self.steps, self.values = result["steps"], result["values"]
        if args.seconds:
            gap(f"with {args.seconds} s", solve, f"--bound-seconds={args.seconds}", "--cpu-time")
        if self.free:
            result, _ = self.solve(solve, self.free, budget)
            self.gaps["free order"] = result["policies"][0]["gap"]
        if self.reference:
            given, digits = self.reference
            if result["bound"] * 1e3 < given - 0.5 * 10**-digits:
                wrong.append(f"{self.name}: bound {result['bound'] * 1e3:.6f} ms below {given}")
        return wrong


def network_cases(args, work):
    opt = os.path.join(args.bin, "mempl-opt")
    names = sorted(name[:-5] for name in os.listdir(MODELS) if name.endswith(".mlir"))
    for name in fnmatch.filter(names, args.networks):
        for target in args.targets.split(","):
            files = []
            for reorder in ("false", "true") if args.free else ("false",):
                files.append(os.path.join(work, f"{reorder}.json"))
                place = f"learned-memory-placement{{target={target} solver=none reorder={reorder} instance-out={files[-1]}}}"
                run(opt, os.path.join(MODELS, f"{name}.mlir"), f"--pass-pipeline=builtin.module({FUSE},{place})",
                    "-o", os.devnull)
            yield Case(f"{name}, {target}", files[0], free=files[1] if args.free else None)


def instance_cases(args):
    references = read_reference(args.reference) if args.reference else []
    folders = []
    for folder, file in find_instances(args.instances):
        if folder not in folders:
            folders.append(folder)
        name = os.path.basename(file).split(".")[0]
        if os.path.basename(folder) == "roofline":
            name += " (roofline)"
        table = references[folders.index(folder)] if folders.index(folder) < len(references) else {}
        for capacity in args.capacities.split(",") if args.capacities else [None]:
            if capacity:
                yield Case(f"{name}, {capacity.replace('MiB', ' MiB')}", file, [f"--capacity={capacity}"])
            else:
                yield Case(name, file, reference=table.get(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*")
    parser.add_argument("--bin", required=True, help="folder of mempl-solve and mempl-opt")
    parser.add_argument("--networks", default="", help="names of networks, with * and ?")
    parser.add_argument("--targets", default="tpu-v5e,edge-npu,ethos-u65,h100-host")
    parser.add_argument("--capacities", help="instead of the instances' own")
    parser.add_argument("--seconds", type=float, default=0, help="for branch and bound")
    parser.add_argument("--free", action="store_true", help="also the bound of all orders")
    parser.add_argument("--old", help="another mempl-solve")
    parser.add_argument("--budget", type=int, default=20000, help="plans that the portfolio may try")
    parser.add_argument("--all", action="store_true", help="a row for every case")
    parser.add_argument("--reference", help="page with tables of bounds")
    args = parser.parse_args()
    args.seconds = f"{args.seconds:g}" if args.seconds else None

    columns = ["before"] * bool(args.old) + ["bound"]
    columns += [f"with {args.seconds} s"] * bool(args.seconds) + ["free order"] * args.free
    head = ["program", "steps", "values"] + columns + ["seconds"]
    print("| " + " | ".join(head) + " |")
    print("|" + "--|" * len(head))
    cases, wrong = [], []
    with tempfile.TemporaryDirectory() as work:
        for case in itertools.chain(network_cases(args, work), instance_cases(args)):
            wrong += case.measure(args, work)
            cases.append(case)
            if args.all or max(case.gaps.values()) >= 1.0005:
                row = [case.name, str(case.steps), str(case.values)]
                row += [f"{case.gaps[c]:.4f}" if c in case.gaps else "-" for c in columns]
                print("| " + " | ".join(row + [f"{case.seconds:.2f}"]) + " |", flush=True)
    for title, value in (
        ("geometric mean", lambda gaps: f"{math.exp(sum(map(math.log, gaps)) / len(gaps)):.4f}"),
        ("worst", lambda gaps: f"{max(gaps):.4f}"),
        ("proven optimal", lambda gaps: f"{sum(gap <= 1 + 1e-6 for gap in gaps)} of {len(gaps)}"),
    ):
        lists = [[case.gaps[c] for case in cases if c in case.gaps] for c in columns]
        print(f"| **{title}** | | | " + " | ".join(value(gaps) if gaps else "-" for gaps in lists) + " | |")
    for text in wrong:
        print(text, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
