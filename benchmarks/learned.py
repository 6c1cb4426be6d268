#!/usr/bin/env python3
# learned.py - what learning is worth.
#
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What learning is worth: solvers with and without it, at equal CPU seconds.

    benchmarks/learned.py --results=learned.jsonl --write=docs/learned.md

Programs of families that the weights have not been trained with: those of the
XLA compiler in benchmarks/corpus, whose order of steps is fixed, and the MLIR
networks of test/data/models, whose order is free. The set "large" has programs of
over 5,000 values made of these: each of some of them many times, and several in
a row. A run that was killed goes on where it was, and --report makes the page of
what there is.
"""

import argparse
import concurrent.futures
import gzip
import json
import math
import os
import random
import struct
import sys

from corpus.repeat import joined, repeated
from lab import MIB, ROOT, Case, Lab, list_programs, replace_tables, table

# Families by name. The first set may be looked at while the player is made, the
# second at the end.
HELD_OUT = {"A": ("gpt2", "wavenet", "mobilenetv2", "vit", "transformer_adam"), "B": ("alphatensor", "decoder32", "dlrm", "transformer_scan")}
# The set "large": what is repeated, and what comes in a row.
REPEATED = ("gpt2_decode_b8", "mobilenetv2_b32", "transformer_adam_b4", "vit_b16_b16", "wavenet_b4", "alphatensor_b32")
IN_A_ROW = ("gpt2_xl_decode_b8", "gpt2_medium_adam_b4", "transformer_adam_b4", "wavenet_b4", "vit_b16_b16", "mobilenetv2_b32",
            "gpt2_prefill_b1", "gpt2_decode_b8", "gpt2_prefill_f32_b1")
COSTS = ("compiler", "roofline")
CAPACITIES = (112, 32, 16, 8)
# Where the MLIR networks are placed; None: all the fast memory that the target has.
TARGETS = (("tpu-v5e", 112), ("tpu-v5e", 32), ("edge-npu", None), ("h100-host", None))
# A case counts as won or lost from this relative difference on.
DIFFERENT = 1e-3
LARGE = 5000  # values
PLAIN = "search without learning"
LEARNED = "search"
SHUFFLED = "search, shuffled weights"
SOLVERS = {
    "msa:full": "msa:full",
    "greedy": "greedy",
    PLAIN: "search{learned=false}",
    "learned, without search": "learned",
    LEARNED: "search",
    SHUFFLED: "search{weights=%s}",
}
# From this on only what the verdict needs is measured.
LONG = 10  # CPU seconds
# What has no limit on its time.
UNLIMITED = ("msa:full", "greedy")


def family_of(name):
    return next((f for families in HELD_OUT.values() for f in families if name.startswith(f)), None)


def shuffle_weights(source, target):
    """The same numbers in every array, in random order."""
    generator = random.Random(1)
    with open(source, "rb") as file:
        data = file.read()
    end = data.index(b"\n") + 1
    parts = [data[:end]]
    while end < len(data):
        start, end = end, data.index(b"\n", end) + 1
        parts.append(data[start:end])
        count = math.prod(map(int, data[start:end].split()[1:]))
        numbers = list(struct.unpack_from(f"<{count}f", data, end))
        generator.shuffle(numbers)
        parts.append(struct.pack(f"<{count}f", *numbers))
        end += 4 * count
    with open(target, "wb") as file:
        file.write(b"".join(parts))


class Problem:
    """An instance in a file, of a family."""

    def __init__(self, path, name, is_free, family=""):
        self.path, self.name, self.is_free = path, name, is_free
        self.family = family or family_of(name)


class Study:
    """Measures what it has not, with several jobs."""

    def __init__(self, args):
        self.args, self.lab = args, Lab(args)
        self.pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
        self.folder = os.path.join(args.out, "instances")
        os.makedirs(self.folder, exist_ok=True)
        self.shuffled = os.path.join(args.out, "shuffled.mempl")
        if not args.report:
            shuffle_weights(args.weights, self.shuffled)

    # -------------------------------------------------------------- programs

    def problems(self, families):
        made = [self.from_hlo(p, cost, c) for p in list_programs(self.args) if p.chip == "v5e" and p.name.startswith(families)
                for cost in COSTS for c in CAPACITIES]
        models = sorted(os.listdir(self.args.models))
        made += [self.from_mlir(m, target, c) for m in models if m.startswith(families) and m.endswith(".mlir") and "_small" not in m
                 for target, c in TARGETS]
        return made

    def from_hlo(self, program, cost, capacity, name=""):
        name = name or program.name
        problem = Problem(os.path.join(self.folder, f"{name}.{cost}.{capacity}MiB.json.gz"), name, False)
        if not os.path.exists(problem.path):
            text = self.lab.call("mempl-translate", "--import-hlo=instance", *Case(program, cost, capacity).options())
            self.write(problem.path, text)
        return problem

    def from_mlir(self, model, target, capacity):
        name = model.removesuffix(".mlir")
        problem = Problem(os.path.join(self.folder, f"{name}.{target}.{capacity or 'own'}.mlir.json.gz"), name, True)
        if not os.path.exists(problem.path):
            size = f"capacity={capacity * MIB}" if capacity else ""
            plain = os.path.join(self.folder, "part.json")
            options = f"--learned-memory-placement=target={target} {size} solver=none tile=false instance-out={plain}"
            self.lab.call("mempl-opt", os.path.join(self.args.models, model), options, "-o", os.devnull)
            with open(plain) as file:
                self.write(problem.path, file.read())
            os.remove(plain)
        return problem

    def large_problems(self):
        small = {os.path.basename(p.path): p for p in self.problems(HELD_OUT["A"] + HELD_OUT["B"])}
        made = []

        def add(name, family, parts):
            problem = Problem(os.path.join(self.folder, f"large.{name}.json.gz"), name, parts[0].is_free, family)
            if not os.path.exists(problem.path):
                instances = [self.read(p.path) for p in parts]
                times = LARGE // len(instances[0]["values"]) + 1
                whole = joined(instances, name) if len(parts) > 1 else repeated(instances[0], times)
                self.write(problem.path, json.dumps(whole))
            made.append(problem)

        for name in REPEATED:
            for kind in ("roofline.32MiB", "tpu-v5e.32.mlir"):
                add(f"{name}.{kind}", family_of(name), [small[f"{name}.{kind}.json.gz"]])
        for kind in (f"{cost}.{capacity}MiB" for cost in COSTS for capacity in CAPACITIES[:3]):
            add(f"row.{kind}", "several in a row", [small[f"{name}.{kind}.json.gz"] for name in IN_A_ROW])
        return made

    @staticmethod
    def read(path):
        with gzip.open(path, "rt") as file:
            return json.load(file)

    @staticmethod
    def write(path, text):
        with gzip.open(path + ".part", "wt") as file:
            file.write(text)
        os.replace(path + ".part", path)

    # ---------------------------------------------------------- measurements

    def run(self, problem, label, seconds, seed):
        """The answer of a solver about a problem: its latency, and sizes."""
        spec = SOLVERS[label] % self.shuffled if "%" in SOLVERS[label] else SOLVERS[label]
        limit = [] if label in UNLIMITED else ["--cpu-time", "--budget=0", f"--time-limit-ms={seconds * 1000:.0f}", f"--seed={seed}"]

        def make():
            answer = self.lab.solve(problem.path, f"--solver={spec}", "--no-bound", *limit)
            return {"latency": answer["policies"][0]["latency"], "values": answer["values"], "slow": answer["slow"]}

        key = ["learned", os.path.basename(problem.path), label, seconds if limit else 0, seed if limit else 0]
        return self.lab.measure(key, make)

    def measure(self, problems, labels, seconds, seeds):
        calls = [(p, label, seconds, seed) for seed in range(seeds) for p in problems for label in labels]
        return list(self.pool.map(lambda call: self.run(*call), calls))

    def mean_log(self, problem, label, seconds, seeds):
        """Mean over seeds of the logarithm of the latency; None if one is missing."""
        runs = [self.run(problem, label, seconds, 0 if label in UNLIMITED else seed) for seed in range(seeds)]
        return None if None in runs else sum(math.log(r["latency"]) for r in runs) / seeds

    def is_open(self, problem):
        """Whether greedy's plan can be bettered by a tenth of a percent in a second."""
        greedy, best = self.run(problem, "greedy", 0, 0), self.run(problem, PLAIN, 1.0, 0)
        learned = self.run(problem, LEARNED, 1.0, 0)
        if not (greedy and best and learned):
            return False
        return greedy["latency"] > min(best["latency"], learned["latency"]) * (1 + DIFFERENT)

    def is_brief(self, problems, seconds):
        """Whether that is too short to make any plan: less than a second for large programs."""
        return bool(problems) and self.is_large(problems[0]) and seconds < 1

    def is_large(self, problem):
        answer = self.run(problem, "greedy", 0, 0)
        return bool(answer) and answer["values"] > LARGE

    # ---------------------------------------------------------------- tables

    def compare(self, problems, label, seconds, seeds):
        """Figures of a solver beside search without learning."""
        pairs = {}
        for problem in problems:
            a, b = self.mean_log(problem, label, seconds, seeds), self.mean_log(problem, PLAIN, seconds, seeds)
            if a is not None and b is not None:
                pairs[problem] = a - b
        if not pairs:
            return [label] + ["-"] * 5
        changes = list(pairs.values())
        families = {p.family for p in pairs}
        by_family = {f: sum(x for p, x in pairs.items() if p.family == f) for f in families}
        best = min(by_family, key=by_family.get)
        rest = [x for p, x in pairs.items() if p.family != best]
        average = sum(changes) / len(changes)
        error = math.sqrt(sum((x - average) ** 2 for x in changes) / max(1, len(changes) - 1) / len(changes))
        percent = lambda x: f"{100 * x:+.2f} %"
        without = f"{percent(sum(rest) / len(rest))} ({best})" if rest else "-"
        wins, losses = sum(x < -DIFFERENT for x in changes), sum(x > DIFFERENT for x in changes)
        return [label, str(wins), str(losses), percent(average), f"{100 * error:.2f} %", without]

    HEADER = ["solver", "faster", "slower", "mean change", "standard error", "without the family that gains most"]

    def tables(self):
        parts = []
        for name in self.args.sets.split(","):
            problems = self.large_problems() if name == "large" else self.problems(HELD_OUT[name])
            self.measure(problems, ["greedy"], 0, 1)
            self.measure(problems, [PLAIN, LEARNED], 1.0, 1)
            opened = [p for p in problems if self.is_open(p)]
            parts.append(
                f"## Set {name}: {', '.join(HELD_OUT.get(name, [f'more than {LARGE:,} values']))}\n\n{len(problems)} cases, of which {len(opened)} are open: a second of search betters "
                f"greedy's plan by 0.1 % or more.\nThe tables are about these.\n"
            )
            for kind, chosen in (
                ("programs of XLA, order fixed", [p for p in opened if not p.is_free and not self.is_large(p)]),
                ("MLIR networks, order free", [p for p in opened if p.is_free and not self.is_large(p)]),
                (f"more than {LARGE:,} values", [p for p in opened if self.is_large(p)]),
            ):
                for seconds in map(float, self.args.seconds.split(",")):
                    if self.is_brief(chosen, seconds):
                        continue
                    seeds = max(1, min(self.args.seeds, int(3 / seconds)))
                    labels = [s for s in SOLVERS if s not in UNLIMITED] if seconds < LONG else [PLAIN, LEARNED]
                    self.measure(chosen, labels, seconds, seeds)
                    self.measure(chosen, UNLIMITED, 0, 1)
                    if not chosen:
                        continue
                    rows = [self.compare(chosen, label, seconds, seeds) for label in [*UNLIMITED, *labels] if label != PLAIN]
                    parts.append(f"### {kind}: {seconds:g} CPU seconds, {len(chosen)} cases, {seeds} seed{'s' * (seeds > 1)}\n\n{table(self.HEADER, rows)}")
        return "\n".join(parts)


def add_folders(parser):
    """Options of a study: what it reads, and where it writes."""
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks/corpus/programs"))
    parser.add_argument("--models", default=os.path.join(ROOT, "test/data/models"))
    parser.add_argument("--weights", default=os.path.join(ROOT, "models/builtin.mempl"))
    parser.add_argument("--out", default="learned-study", help="folder for what is made on the way")
    parser.add_argument("--results", default="", help="file that measurements are kept in")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", default="", metavar="MD", help="replace the tables of this page; else they are printed")


def complete(args):
    """Adds what the tools of lab.py want and a study has no choice of."""
    args.programs, args.bound_iterations = "", 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_folders(parser)
    parser.add_argument("--sets", default="A,B")
    parser.add_argument("--seconds", default="0.01,0.03,0.1,0.3,1,3,10")
    parser.add_argument("--seeds", type=int, default=3, help="at most")
    args = parser.parse_args()
    complete(args)
    study = Study(args)
    text = study.tables()
    for failure in study.lab.failures:
        print(failure, file=sys.stderr)
    if not args.write:
        print(text)
        return
    replace_tables(args.write, text)


if __name__ == "__main__":
    main()
