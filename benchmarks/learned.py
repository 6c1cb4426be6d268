#!/usr/bin/env python3
# learned.py - what learning is worth.
#
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What learning is worth: solvers with and without a network.

    benchmarks/learned.py --results=learned.jsonl --write=docs/learned.md --plots=docs/plots

Compares solvers at equal CPU seconds on the programs that the shipped weights
were not trained on (HELD_OUT of generalist.py), trains networks on single
programs and shows how their plans get better, and takes the player apart. A
run that was killed goes on where it was: measurements and training runs are
kept in the file and the folder that --results and --runs name.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import shlex
import struct
import subprocess
import sys
import random

from generalist import COSTS, is_held_out
from lab import ROOT, Case, Failed, Lab, fail, gap_of, list_programs, mean, summary, table, write_whole

# A case counts as won or lost from this relative difference on.
DIFFERENT = 2e-4
# What `search` brings within this of the bound in a second is settled, and not
# run at all, or not for long.
SETTLED, NEARLY_SETTLED = 1.0005, 1.002
SHUFFLED = ("muzero, shuffled", "muzero+search, shuffled")
SOLVERS = ("search", "tree-search", "window-search", "muzero", SHUFFLED[0], "muzero+search", SHUFFLED[1])
TRAINED = "muzero+search, trained"
ABLATIONS = {
    "as it is": "",
    "size m": "--size=m",
    "mode exact": "--mode=exact",
    "mode latent": "--mode=latent",
    "an action decides about a value": "--moves=value",
    "order by value density": "--order=density",
    "both": "--moves=value --order=density",
    "4 simulations": "--simulations=4",
    "64 simulations": "--simulations=64",
    "no teachers, no refine": "--teacher-budget=0 --refine-budget=0",
    "nor elites": "--teacher-budget=0 --refine-budget=0 --elite-share=0",
}


def shuffle_weights(source, target):
    """The same numbers in every tensor, in random order."""
    generator = random.Random(1)
    with open(source, "rb") as file:
        data = file.read()
    end = data.index(b"\n") + 1
    parts = [data[:end]]
    while end < len(data):
        start, end = end, data.index(b"\n", end) + 1
        parts.append(data[start:end])
        count = int(data[start:end].split()[-1])
        numbers = list(struct.unpack_from(f"<{count}f", data, end))
        generator.shuffle(numbers)
        parts.append(struct.pack(f"<{count}f", *numbers))
        end += 4 * count
    with open(target, "wb") as file:
        file.write(b"".join(parts))


class Study:
    """Measures what it has not, with several jobs, and collects Markdown."""

    def __init__(self, args):
        self.args, self.lab = args, Lab(args)
        self.pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
        self.parts = []
        os.makedirs(args.runs, exist_ok=True)
        self.shuffled = os.path.join(args.runs, "shuffled.mempl")
        if not os.path.exists(self.shuffled) and not args.report:
            shuffle_weights(args.weights, self.shuffled)
        v5e = [p for p in list_programs(args) if p.chip == "v5e"]
        self.held_out = [p for p in v5e if is_held_out(p)]
        self.all = {p.name: p for p in v5e}

    def say(self, text):
        self.parts.append(text.rstrip("\n") + "\n")

    def base(self, case):
        return self.lab.base(case)

    def latency(self, case, solver, seconds, seed=0, weights=None):
        """Seconds that the plan of a solver takes."""
        name, *options = solver.split(", ")
        limit = [] if name in ("greedy", "msa:full") else self.lab.limit(seconds)
        if weights or options == ["shuffled"]:
            limit.append(f"--weights={weights or self.shuffled}")
        key = ["latency", *case.key(), solver, seconds if limit else 0, seed if limit else 0]
        limit = [f"--seed={seed}" if o.startswith("--seed=") else o for o in limit]

        def make():
            return self.lab.solve(*case.options(), f"--solver={name}", "--no-bound", *limit)["policies"][0]["latency"]

        return self.lab.measure(key, make)

    def in_parallel(self, calls):
        """Makes all calls (a function and its arguments), several at once."""
        return list(self.pool.map(lambda call: call[0](*call[1:]), calls))

    # ---------------------------------------------------------------- training

    def train(self, case, minutes, options="", tag=""):
        """A network for one case alone: its folder and its metrics."""
        name = "-".join(str(k) for k in (*case.key()[:4], tag) if k not in (None, ""))
        folder = os.path.join(self.args.runs, name.replace(" ", "_"))
        key = ["training", *case.key(), minutes, options]

        def make():
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, "program.instance.json")
            write_whole(path, self.lab.call("mempl-translate", "--import-hlo=instance", *case.options()))
            self.lab.call("mempl-train", path, f"--out={folder}", f"--time-limit-ms={round(60000 * minutes)}", "--evaluate-every=2",
                          f"--games={self.args.games}", f"--steps={self.args.steps}", *options.split())
            with open(os.path.join(folder, "metrics.jsonl")) as file:
                lines = [json.loads(line) for line in file]
            points = []
            for line in lines:
                for row in line.get("evaluation", {}).values():
                    points.append([line["cpu_seconds"], row["best_of_samples"], row.get("archive", row["best_of_samples"])])
            rounds = [line for line in lines if "simulations" in line]
            return {"points": points, "games": rounds[-1]["games"], "simulations": rounds[-1]["simulations"], "steps": rounds[-1]["steps"]}

        return folder, self.lab.measure(key, make)

    # ------------------------------------------------------------------ tables

    def cases(self):
        capacities = [int(c) for c in self.args.capacities.split(",")]
        return [Case(p, cost, c) for cost, c, p in itertools.product(COSTS, capacities, self.held_out)]

    def gaps(self, cases, solver, seconds, seeds, weights=None):
        return [
            [gap_of(self.latency(case, solver, seconds, seed, weights), self.base(case)) for seed in range(seeds)]
            for case in cases
        ]

    def row(self, solver, gaps, reference):
        flat = [g for each in gaps for g in each]
        pairs = [(a, b) for x, y in zip(gaps, reference) for a, b in zip(x, y) if a and b]
        wins = sum(a < b * (1 - DIFFERENT) for a, b in pairs)
        losses = sum(a > b * (1 + DIFFERENT) for a, b in pairs)
        known = [g - 1 for g in flat if g is not None]
        excess = f"{100 * sum(known) / len(known):.3f} %" if known else "-"
        return [solver, summary(flat), excess, f"{wins}", f"{losses}"]

    HEADER = ["solver", "gap, mean (worst)", "mean of gap - 1", "better than search", "worse"]

    def held_out_table(self):
        cases = self.cases()
        times = [float(t) for t in self.args.seconds.split(",")]
        seeds = {t: max(1, min(self.args.seeds, int(3 / t))) for t in times}
        first = sorted(times)[0]
        self.in_parallel([(self.base, c) for c in cases])
        self.in_parallel([(self.latency, c, "search", 1.0, 0) for c in cases])
        open_cases = [c for c in cases if (gap_of(self.latency(c, "search", 1.0, 0), self.base(c)) or 1) > SETTLED]
        self.say(
            f"## Programs that were not trained on\n\n{len(self.held_out)} programs ({', '.join(p.name for p in self.held_out)}), two cost models,\n"
            f"{len(self.args.capacities.split(','))} sizes of fast memory: {len(cases)} cases. `search` brings {len(cases) - len(open_cases)} of them within 0.05 % of the bound in a\n"
            f"second; the tables are about the other {len(open_cases)}, from 10 s on about those that it leaves 0.2 % or more above. Several seeds where the\n"
            f"time is short ({', '.join(f'{n} at {t:g} s' for t, n in seeds.items())}).\n"
        )
        for seconds in times:
            if seconds >= 10:
                open_cases = [c for c in open_cases if (gap_of(self.latency(c, "search", 1.0, 0), self.base(c)) or 1) > NEARLY_SETTLED]
            calls = [(self.latency, c, p, seconds, s) for s in range(seeds[seconds]) for c in open_cases for p in SOLVERS]
            self.in_parallel(calls + [(self.latency, c, p, 0) for c in open_cases for p in ("greedy", "msa:full")])
            reference = self.gaps(open_cases, "search", seconds, seeds[seconds])
            rows = []
            for solver in ("msa:full", "greedy", *SOLVERS):
                count = seeds[seconds]
                rows.append(self.row(solver, self.gaps(open_cases, solver, seconds, count), reference))
            self.say(f"### {seconds:g} CPU seconds, {len(open_cases)} cases\n\n{table(self.HEADER, rows)}")
            self.winners(open_cases, seconds)
        self.by_case(open_cases, max(times))

    def winners(self, cases, seconds):
        """How often each solver has the best plan of all."""
        wins = dict.fromkeys(["greedy", *(p for p in SOLVERS if p not in SHUFFLED)], 0)
        for case in cases:
            found = {p: self.latency(case, p, seconds if p != "greedy" else 0) for p in wins}
            best = min(x for x in found.values() if x)
            # Ties go to the simplest.
            wins[next(p for p, x in found.items() if x and x <= best * (1 + DIFFERENT))] += 1
        self.say("Best of all, ties to the simplest: " + ", ".join(f"{p} {n}" for p, n in wins.items()) + ".\n")

    def by_case(self, cases, seconds):
        rows = []
        for case in cases:
            gaps = [gap_of(self.latency(case, p, seconds), self.base(case)) for p in SOLVERS]
            rows.append([self.title(case)] + [f"{g:.4f}" if g else "-" for g in gaps])
        self.say(f"### Case by case, {seconds:g} CPU seconds\n\n{table(['case', *SOLVERS], rows)}")

    def hardest(self):
        """At 112 and 32 MiB the case with the largest gap of each program; of these the five largest, and that of an AlphaTensor network."""
        by_program = {}
        cases = [Case(p, cost, c) for p in self.all.values() for cost in COSTS for c in (112, 32)]
        self.in_parallel([(self.base, c) for c in cases] + [(self.latency, c, "search", 1.0, 0) for c in cases])
        for case in cases:
            gap = gap_of(self.latency(case, "search", 1.0, 0), self.base(case)) or 0
            by_program[case.program.name] = max(by_program.get(case.program.name, (0, None)), (gap, case), key=lambda x: x[0])
        ranked = [case for _, case in sorted(by_program.values(), key=lambda x: -x[0])]
        alphatensor = next((c for c in ranked if c.program.name.startswith("alphatensor")), None)
        return ranked[:6] if alphatensor in ranked[:6] else [*ranked[:5], *([alphatensor] if alphatensor else [])]

    def title(self, case):
        return f"{case.program.name}, {case.capacity} MiB, {case.cost}"

    def long_table(self):
        hard = self.hardest()
        times = [float(t) for t in self.args.seconds.split(",")] + [self.args.long]
        runs = self.in_parallel([(self.train, c, self.args.minutes) for c in hard])
        weights = [os.path.join(folder, "best.mempl") for folder, _ in runs]
        names = ["search", "muzero", "muzero+search"]
        self.in_parallel([(self.latency, c, p, t) for t in reversed(times) for c in hard for p in names])
        self.in_parallel([(self.latency, c, TRAINED, t, 0, w) for t in reversed(times) for c, w in zip(hard, weights)])
        rows = []
        for case, w in zip(hard, weights):
            gap = lambda p, t, weights=None: gap_of(self.latency(case, p, t, 0, weights), self.base(case)) or 0
            seen = "" if is_held_out(case.program) else " (trained on)"
            for p in names:
                learned = seen if p != "search" else ""
                rows.append([self.title(case), p + learned, *[f"{gap(p, t):.4f}" for t in times]])
            rows.append([self.title(case), TRAINED, *[f"{gap(TRAINED, t, w):.4f}" for t in times]])
        self.say(f"## The hardest programs, up to {self.args.long:g} CPU seconds\n\nOf each program the case at 112 or 32 MiB that search leaves furthest from the bound after a second; the five hardest, and AlphaTensor's.\n"
                 f"\"Trained\" has weights that were trained on the case alone for {self.args.minutes:g} minutes, which no column counts.\n\n"
                 f"{table(['case', 'solver', *[f'{t:g} s' for t in times]], rows)}")

    def curves(self):
        cases = self.hardest()
        runs = self.in_parallel([(self.train, c, self.args.minutes) for c in cases])
        seconds = [10.0, self.args.long]
        self.in_parallel([(self.latency, c, "search", t) for t in seconds for c in cases])
        self.in_parallel([(self.latency, c, p, 0) for c in cases for p in ("greedy", "msa:full")])
        rows, self.lines = [], []
        for case, (_, run) in zip(cases, runs):
            base = self.base(case)
            if not run:
                continue
            gap = lambda p, t=0: gap_of(self.latency(case, p, t), base)
            points = run["points"]
            title = self.title(case)
            flat = {"greedy": gap("greedy"), "msa:full": gap("msa:full"), "search, 10 s": gap("search", 10.0), f"search, {self.args.long:g} s": gap("search", self.args.long)}
            self.lines.append((title, base, flat, points))
            best = min(p[1] for p in points)
            rows.append([title, *[f"{g:.4f}" for g in flat.values()], f"{gap_of(points[0][1], base):.4f}", f"{gap_of(best, base):.4f}",
                         f"{gap_of(points[-1][2], base):.4f}", f"{points[-1][0]:.0f}", str(run["games"])])
        header = ["case", "greedy", "msa:full", "search, 10 s", f"search, {self.args.long:g} s", "first evaluation", "best evaluation", "best plan seen", "CPU seconds", "games"]
        self.say("## Learning curves\n\nGaps of networks trained on one case alone, from random weights; an evaluation is the best of 17 plays by the policy.\n\n" + table(header, rows))

    def ablations(self):
        cases = [Case(self.all[n], cost, int(c)) for n, cost, c in (t.split(":") for t in self.args.ablated.split(","))]
        minutes = self.args.ablation_minutes
        runs = self.in_parallel([(self.train, c, minutes, o, f"ablation {n}") for n, o in ABLATIONS.items() for c in cases])
        rows = []
        for i, name in enumerate(ABLATIONS):
            row = [name]
            for j, case in enumerate(cases):
                run = runs[i * len(cases) + j][1]
                row += [f"{gap_of(min(p[1] for p in run['points']), self.base(case)):.4f}", str(run["games"])] if run and run["points"] else ["-", "-"]
            rows.append(row)
        header = ["setting"] + [t for c in cases for t in (self.title(c), "games")]
        self.say(f"## The player taken apart\n\nGap of the best evaluation after {minutes:g} min (wall-clock) of training on one case, size s unless said; games\ntell how far each got.\n\n{table(header, rows)}")

    def plot(self, folder):
        try:
            import matplotlib
        except ImportError:
            fail("--plots: needs matplotlib; pip install -r benchmarks/requirements.txt")
        matplotlib.use("svg")
        matplotlib.rcParams["svg.hashsalt"] = "mempl"
        from matplotlib import pyplot

        count = len(self.lines)
        figure, grid = pyplot.subplots((count + 2) // 3, 3, figsize=(13, 3.4 * ((count + 2) // 3)), squeeze=False)
        for axes, (title, base, flat, points) in zip(grid.flat, self.lines):
            # Returns: 0 is everything in slow memory, 1 the heuristic.
            unit = base["slow"] / base["bound"] - flat["greedy"]
            scaled = lambda gap: (base["slow"] / base["bound"] - gap) / unit
            axes.plot([p[0] for p in points], [scaled(p[1] / base["bound"]) for p in points], marker=".", label="best of 17 plays")
            axes.plot([p[0] for p in points], [scaled(p[2] / base["bound"]) for p in points], label="best plan seen")
            for style, (name, gap) in zip((":", "-.", "--", "--"), flat.items()):
                axes.axhline(scaled(gap), linestyle=style, color="gray", linewidth=1)
                axes.annotate(name, (axes.get_xlim()[1], scaled(gap)), fontsize=7, ha="right")
            axes.axhline(scaled(1), color="black", linewidth=1)
            axes.annotate("bound", (axes.get_xlim()[1], scaled(1)), fontsize=7, ha="right")
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("CPU seconds of training")
            axes.set_ylabel("return")
        grid.flat[0].legend(fontsize=7)
        for axes in list(grid.flat)[count:]:
            axes.axis("off")
        os.makedirs(folder, exist_ok=True)
        figure.tight_layout()
        figure.savefig(os.path.join(folder, "learning-curves.svg"), metadata={"Date": None})
        base = os.path.dirname(os.path.abspath(self.args.write)) if self.args.write else os.getcwd()
        self.say(f"![Learning curves]({os.path.relpath(folder, base)}/learning-curves.svg)\n\nReturn: 0 is everything in slow memory, 1 the solver greedy.\n")


PREFACE = """# What learning is worth

These are mempl's solvers at equal CPU seconds, under the same simulator. gap = latency / bound, so 1 is proven optimal.
`tree-search` is the search of `muzero` with a uniform prior and greedy playouts instead of a network. `window-search` is
its samples and windows with greedy play. "Shuffled" has the shipped weights with the numbers of every tensor in random
order. LibTorch's start, 0.4 s once per process, is not counted. Made by

<!-- not run: takes hours -->
```sh
{command}
```
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks/corpus/programs"))
    parser.add_argument("--results", default="learned.jsonl", help="JSON lines; what is in it is not measured again")
    parser.add_argument("--runs", default="learned", help="folder for training runs")
    parser.add_argument("--write", help="Markdown file instead of standard output")
    parser.add_argument("--plots", help="folder for plots as SVG; needs matplotlib")
    parser.add_argument("--weights", default=os.path.join(ROOT, "models/generalist.mempl"))
    parser.add_argument("--parts", default="table,long,curves,ablations")
    parser.add_argument("--capacities", default="112,64,32,16,8", help="MiB")
    parser.add_argument("--seconds", default="0.1,1,10", help="CPU seconds of the tables")
    parser.add_argument("--long", type=float, default=100, help="CPU seconds of the longest runs (default 100)")
    parser.add_argument("--seeds", type=int, default=3, help="at most, where the time is short (default 3)")
    parser.add_argument("--minutes", type=float, default=5, help="of training for one case (default 5)")
    parser.add_argument("--games", type=int, default=16, help="games per round of training on one case")
    parser.add_argument("--steps", type=int, default=40, help="steps of the learner per round of it")
    parser.add_argument("--ablated", default="transformer_adam_b4:roofline:32", help="cases of the ablations, as name:cost:MiB,...")
    parser.add_argument("--ablation-minutes", type=float, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="measurements at once (default 2)")
    parser.add_argument("--bound-iterations", type=int, default=1500)
    parser.add_argument("--report", action="store_true", help="no measurements")
    args = parser.parse_args()
    args.programs, args.seed = "", 0
    shown = [a for a in sys.argv[1:] if not a.startswith(("--bin", "--data", "--report", "--results", "--runs"))]
    study = Study(args)
    study.say(PREFACE.format(command="benchmarks/learned.py " + shlex.join(shown)))
    makers = {"table": study.held_out_table, "long": study.long_table, "curves": study.curves, "ablations": study.ablations}
    for part in args.parts.split(","):
        if part not in makers:
            fail(f"--parts: expected some of {', '.join(makers)}, found '{part}'")
        makers[part]()
        if part == "curves" and args.plots:
            study.plot(args.plots)
    text = "\n".join(study.parts)
    if args.write:
        write_whole(args.write, text)
    else:
        print(text)
    for failure in study.lab.failures:
        print(f"learned.py: failed: {failure}", file=sys.stderr)
    return 1 if study.lab.failures else 0


if __name__ == "__main__":
    sys.exit(main())
