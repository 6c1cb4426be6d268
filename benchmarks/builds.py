#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The search of two builds on the same programs, at equal CPU seconds.

    benchmarks/builds.py --old=OTHER/bin --results=builds.jsonl
    benchmarks/builds.py --old=OTHER/bin --results=builds.jsonl --hard --seconds=0.1,0.3,1,3,10 --seeds=3

Without --hard: every program of benchmarks/corpus, on 112, 64, 32, 16 and 8 MiB, under
both costs, one seed. With it: the 18 of these cases where plans differ most. Says for
every limit how much shorter the plans of the new build are on average (of logarithms),
and in how many cases by more than 0.1 %, either way.

Each run is one line of the results file and is not made again for the same binary, so
that a run that was killed goes on where it was. --jobs runs so many at a time: limits
are CPU seconds.
"""

import argparse
import math
import os
from concurrent.futures import ThreadPoolExecutor

from lab import EQUAL, ROOT, Case, Lab, fail, list_programs, table

CAPACITIES = (112, 64, 32, 16, 8)
COSTS = ("compiler", "roofline")
HARD = (
    ("alphatensor_b32", 64, "roofline"), ("alphatensor_b32", 112, "compiler"), ("bert_base_train_b4", 32, "roofline"),
    ("bert_base_train_b4", 64, "compiler"), ("dlrm_b2048", 32, "roofline"), ("gpt2_decode_b8", 32, "roofline"),
    ("gpt2_decode_b8", 64, "roofline"), ("gpt2_prefill_b1", 32, "roofline"), ("mixer_b16", 16, "compiler"),
    ("mobilenetv2_b32", 16, "roofline"), ("resnet50_train_b16", 112, "roofline"), ("resnet50_train_b16", 64, "compiler"),
    ("transformer_adam_b4", 16, "roofline"), ("transformer_adam_b4", 32, "roofline"), ("transformer_scan_b8", 16, "roofline"),
    ("vgg16_b8", 32, "roofline"), ("wavenet_b4", 16, "compiler"), ("wavenet_b4", 32, "roofline"),
)


def latency_by(lab, case, solver, seconds, seed):
    """Seconds of the plan of one build. The names of options are those that all
    versions know."""

    def make():
        answer = lab.solve(
            *case.options(), f"--policy={solver}", "--no-bound", "--cpu-time", "--budget=0",
            f"--time-limit-ms={seconds * 1000:.0f}", f"--seed={seed}",
        )
        return answer["policies"][0]["latency"]

    latency = lab.measure(["build", *case.key(), solver, seconds, seed], make)
    return latency if latency is not None else fail(lab.failures[-1])


def cases_of(args, programs):
    if not args.hard:
        return [Case(p, cost, capacity) for p in programs for capacity in CAPACITIES for cost in COSTS]
    by_name = {p.name: p for p in programs if p.chip == "v5e"}
    return [Case(by_name[name], cost, capacity) for name, capacity, cost in HARD if name in by_name]


def name_of(case):
    return f"{case.program.name}.{case.program.chip}, {case.capacity} MiB, {case.cost}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", required=True, help="folder of the tools of the other build")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks", "corpus", "programs"))
    parser.add_argument("--results", help="JSON lines; what is in it is not measured again")
    parser.add_argument("--programs", help="names, of all targets")
    parser.add_argument("--chips", help="such as v5e; all of them unless given")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--solver", default="search")
    parser.add_argument("--seconds", default="1", help="limits, each in CPU seconds")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    lab_of = lambda folder: Lab(argparse.Namespace(bin=folder, results=args.results, report=False))
    old, new = lab_of(args.old), lab_of(args.bin)
    chips = args.chips.split(",") if args.chips else []
    programs = [p for p in list_programs(args) if not chips or p.chip in chips]
    cases = cases_of(args, programs)
    limits = [float(text) for text in args.seconds.split(",")]

    def change(task):
        """Mean of the logarithms of new / old over the seeds."""
        case, seconds = task
        logs = [
            math.log(latency_by(new, case, args.solver, seconds, seed) / latency_by(old, case, args.solver, seconds, seed))
            for seed in range(args.seeds)
        ]
        return math.fsum(logs) / len(logs)

    tasks = [(case, seconds) for seconds in limits for case in cases]
    with ThreadPoolExecutor(args.jobs) as pool:
        changes = dict(zip([(name_of(c), s) for c, s in tasks], pool.map(change, tasks)))
    percent = lambda x: f"{100 * x:+.2f} %"
    rows = []
    for seconds in limits:
        logs = [changes[name_of(case), seconds] for case in cases]
        rows.append([
            f"{seconds:g} s", str(len(logs)), percent(math.fsum(logs) / len(logs)), str(sum(x < -EQUAL for x in logs)),
            str(sum(x > EQUAL for x in logs)), percent(min(logs)), percent(max(logs)),
        ])
    print(table(["limit", "cases", "latency, mean", "shorter", "longer", "best", "worst"], rows))
    if args.hard:
        rows = [[name_of(case), *(percent(changes[name_of(case), s]) for s in limits)] for case in cases]
        print(table(["case", *(f"{s:g} s" for s in limits)], rows))
    else:
        for seconds in limits:
            worse = [f"{name_of(case)} ({percent(changes[name_of(case), seconds])})" for case in cases if changes[name_of(case), seconds] > EQUAL]
            print(f"Longer at {seconds:g} s: {'; '.join(worse) or 'none'}.")


if __name__ == "__main__":
    main()
