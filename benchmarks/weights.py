#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a policy from nothing, as those weights were that come with mempl.

    benchmarks/weights.py --out=weights

Programs are all of benchmarks/corpus and test/data/models of whose family
benchmarks/learned.py holds none out: as XLA made them for each chip, with the
costs of its compiler and of a roofline, and as MLIR for several machines, at
several sizes of fast memory; and some of them several times in a row, or one
after the other. Those instances that search betters are trained on. The result
is OUT/run/best.mempl; a run that was killed goes on where it was.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys

import learned
from corpus.repeat import joined, repeated
from lab import list_programs

# Of MLIR; None: all the fast memory that the target has.
TARGETS = learned.TARGETS + (("tpu-v4", None), ("ethos-u65", None))
# Values of a program that others are made of, at most: evolution plays each thousands of times.
SMALL = 1500
MADE = 48  # of such
# A program teaches something if greedy's plan is so much longer than that of search.
OPEN = 1e-3


class Weights:
    def __init__(self, args):
        self.args, self.study = args, learned.Study(args)
        self.chosen = os.path.join(args.out, "training")

    def problems(self):
        """Every program of a family that is not held out, on every machine."""
        study = self.study
        made = [study.from_hlo(p, cost, capacity, name=f"{p.name}.{p.chip}") for p in list_programs(self.args) if not learned.family_of(p.name)
                for cost in learned.COSTS for capacity in learned.CAPACITIES]
        made += [study.from_mlir(m, target, capacity) for m in sorted(os.listdir(self.args.models)) if m.endswith(".mlir") and not self.is_held_out(m)
                 for target, capacity in TARGETS]
        return made + self.combined(made)

    @staticmethod
    def is_held_out(model):
        # Small networks of these are called so, without the number of the family.
        return model.startswith(("gpt", "transformer", "mobilenet")) or learned.family_of(model)

    def combined(self, problems):
        """Programs several times in a row, and two one after the other, by chance."""
        generator, made = random.Random(1), []
        while len(made) < MADE:
            first = generator.choice(problems)
            alike = [p for p in problems if self.machine(p) == self.machine(first) and p.is_free == first.is_free]
            times = generator.randint(1, 4)
            parts = [first] if times > 1 else [first, generator.choice(alike)]
            instances = [self.study.read(p.path) for p in parts]
            values = sum(len(instance["values"]) for instance in instances)
            if not 50 < values <= SMALL:
                continue
            name = "+".join(p.name for p in parts)
            problem = learned.Problem(os.path.join(self.study.folder, f"made.{len(made)}.{name}.json.gz"), name, first.is_free, parts[0].name)
            if not os.path.exists(problem.path):
                whole = joined(instances, name) if len(parts) > 1 else repeated(instances[0], times)
                self.study.write(problem.path, json.dumps(whole))
            made.append(problem)
        return made

    @staticmethod
    def machine(problem):
        """Target, costs and capacity, which stand behind the name in that of the file."""
        return os.path.basename(problem.path).removeprefix(problem.name)

    def is_open(self, problem):
        greedy = self.study.run(problem, "greedy", 0, 0)
        if not greedy or greedy["values"] > SMALL:
            return False
        best = self.study.run(problem, learned.PLAIN, 0.5, 0)
        return bool(best) and greedy["latency"] > best["latency"] * (1 + OPEN)

    def choose(self):
        """The instances to train on, in a folder of their own; how many programs they are of."""
        chosen = [p for p in self.problems() if self.is_open(p)]
        shutil.rmtree(self.chosen, ignore_errors=True)
        os.makedirs(self.chosen)
        for problem in chosen:
            name = os.path.basename(problem.path).replace(".json", ".instance.json")
            shutil.copy(problem.path, os.path.join(self.chosen, name))
        print(f"{len(chosen)} instances of {len({p.name for p in chosen})} programs", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    learned.add_folders(parser)
    parser.add_argument("--rounds", type=int, default=60, help="of mempl-train")
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--generations", type=int, default=40, help="of the evolution of a head")
    parser.add_argument("--choose", action="store_true", help="make the instances, and do not train")
    args = parser.parse_args()
    learned.complete(args)
    args.results = args.results or os.path.join(args.out, "results.jsonl")
    weights = Weights(args)
    weights.choose()
    if args.choose:
        return
    sys.exit(subprocess.run([
        os.path.join(args.bin, "mempl-train"), weights.chosen, f"--out={os.path.join(args.out, 'run')}", "--weights=none",
        f"--heads={args.heads}", f"--generations={args.generations}", f"--rounds={args.rounds}", f"--threads={args.jobs}",
    ], check=False).returncode)


if __name__ == "__main__":
    main()
