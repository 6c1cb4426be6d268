#!/usr/bin/env python3
# agent.py - does the agent beat XLA's default solver?
#
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does the agent beat XLA's default solver? Takes about a minute.

    benchmarks/agent.py

For every program of benchmarks/corpus on a TPU v5e: the plan that XLA's memory
space assignment made, that of the learned policy alone, and that of search
which begins with it, by the compiler's own costs of steps.
"""

import argparse
import concurrent.futures
import os
import sys

from lab import ROOT, Case, Lab, durations, list_programs, mean, replace_tables, table

EQUAL = 1e-4
SOLVERS = ("learned", "search")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks/corpus/programs"))
    parser.add_argument("--programs", default="", help="some of them, by name")
    parser.add_argument("--budget", type=int, default=20000, help="of the solvers, moves")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", default="", metavar="MD", help="replace the tables of this page; else they are printed")
    args = parser.parse_args()
    args.results, args.report, args.bound_iterations = "", False, 0
    return args


def verdict(ours, xla):
    better, worse = (sum(a < b * (1 - EQUAL) for a, b in zip(ours, xla)), sum(a > b * (1 + EQUAL) for a, b in zip(ours, xla)))
    return f"{better} faster, {len(ours) - better - worse} equal, {worse} slower"


def main():
    args = parse_arguments()
    lab = Lab(args)
    programs = [p for p in list_programs(args) if p.chip == "v5e"]

    def measure(program):
        case = Case(program, "compiler")
        options = [*case.options(), "--no-bound", f"--budget={args.budget}"]
        answer = lab.solve(*options, "--xla", f"--solver={','.join(SOLVERS)}")
        return [answer["slow"]] + [row["latency"] for row in answer["policies"]]

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(measure, programs))
    rows, columns = [], list(zip(*results))
    for program, (slow, xla, *ours) in zip(programs, results):
        rows.append([program.name, *durations([slow, xla, *ours]), *(f"{xla / x:.3f}" for x in ours)])
    ratios = [mean([xla / x for xla, x in zip(columns[1], column)]) for column in columns[2:]]
    rows.append(["geometric mean", "", "", "", "", *(f"{x:.3f}" for x in ratios)])
    rows.append(["against XLA", "", "", *(verdict(column, columns[1]) for column in columns[2:]), "", ""])
    header = ["program", "all slow", "XLA", *SOLVERS, *(f"{s}, times as fast" for s in SOLVERS)]
    text = table(header, rows)
    if args.write:
        replace_tables(args.write, text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
