#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places random programs and runs them: the results must be those of before.

    random_programs.py --opt=mempl-opt --runner=mlir-runner --libs=FOLDER
                       [--programs=20] [--seed=0] [--batch=10] [--log=FILE]
                       [--keep=FOLDER] [--orders] [--runtime=FILE]

A program is a function of three tensors, made of the tensor ops that upstream
can bufferize (random_ops.py), and returns a few of the tensors that it made.
Programs are placed a batch at a time, with a random solver, capacity and
passes before and after, and run as in run_placed.py: as they are, and placed,
with the copies where they start and where they are waited for. What is printed
is a hash of all bits of all results. With --orders the ops run in an order made
by chance (the solver `random-order` of mempl-opt-broken), and every other program
prints and stores numbers on its way, and has ops that mempl does not know. With
--runtime programs also branch between blocks, and are lowered by
mempl-lower-to-cpu, as they are and placed, and run on libmempl_runtime.so under
its checks, with libcount_buffers.so beside it: all buffers are freed, and none
is read after that. --log appends a line per batch and skips the batches that it
has already, so that a long run can be stopped and resumed.
"""

import argparse
import copy
import os
import random
import re
import subprocess
import sys

import run_placed
from random_ops import Generator, foreign
from run_lowered import CHECKED
from run_placed import BUFFERIZE, LOWER, unwrap, use_arena


# What upstream writes in place is not always right, in blocks and in loops.
BEFORE_WRITES = BUFFERIZE.replace("allow-return", "copy-before-write allow-return")


class Failed(Exception):
    """A tool that did not accept a program."""


def run(command, text, environment=None):
    try:
        return run_placed.run(command, text, environment)
    except SystemExit as error:
        raise Failed(str(error)) from None


def wrap(functions):
    return f"module {{\n{functions}}}\n"


def linked(module, driver):
    """The functions of a module with a driver and what they call."""
    text, called = foreign(unwrap(module))
    return text + driver + called


class Options:
    """How a batch is placed, drawn once per batch."""

    def __init__(self, seed, orders=False):
        draw = random.Random(seed)
        self.before = []
        for name, chance in (("cse", 0.3), ("canonicalize", 0.2), ("inline", 0.3), ("mempl-tile-to-fit", 0.15)):
            if draw.random() < chance:
                self.before.append(name)
        solver = draw.choice(["greedy", "greedy", "search", "msa", "none"])
        if orders:
            solver = f"random-order seed={seed}"
        capacity = draw.choice([64, 128, 256, 512, 1024, 4096])
        tile = f"{{target=tiny capacity={capacity} unroll={'true' if seed % 2 else 'false'}}}"
        self.before = [p + tile if "tile" in p else p for p in self.before]
        empties = "" if draw.random() < 0.8 else " eliminate-empty-tensors=false"
        # A program that is left as it was for a mistake of ours is a failure.
        self.place = (f"learned-memory-placement{{target=tiny solver={solver} budget=200 capacity={capacity}{empties} "
                      "fallback=error}")
        self.after = ["func.func(mempl-optimize-copies)"] if draw.random() < 0.3 else []

    def in_program_order(self):
        """The same without another order."""
        fixed = copy.copy(self)
        fixed.place = self.place.replace("fallback=", "reorder=false fallback=")
        return fixed

    def upstream(self):
        return [p for p in self.before if "mempl" not in p]

    def passes(self):
        return self.before + [self.place] + self.after


class Runner:
    def __init__(self, args):
        self.args = args
        self.lower = "func.func(scf-forall-to-for),convert-vector-to-scf," + LOWER.replace(
            "reconcile", "convert-ub-to-llvm,reconcile")
        self.buffers = BEFORE_WRITES if args.runtime else BUFFERIZE
        if args.runtime:
            # Whose frees are those that are tried is not upstream's.
            self.lower = self.lower.replace("buffer-deallocation-pipeline,", "")

    def opt(self, text, *passes):
        return run([self.args.opt, "--allow-unregistered-dialect",
                    f"--pass-pipeline=builtin.module({','.join(passes)})"], text)

    def execute(self, buffers):
        return self.start(self.opt(buffers, self.lower))

    def start(self, lowered, *libraries, environment=None):
        command = [self.args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        libraries = [f"{self.args.libs}/libmlir_c_runner_utils.so", *libraries]
        return run(command + [f"-shared-libs={library}" for library in libraries], lowered, environment)

    def on_runtime(self, module, driver):
        """What a module prints that mempl lowers."""
        counter = os.path.join(os.path.dirname(self.args.runtime), "libcount_buffers.so")
        lowered = self.opt(linked(module, driver), "mempl-lower-to-cpu")
        printed = self.start(lowered, counter, self.args.runtime, environment=CHECKED)
        printed, counts = printed.split("buffers: ")
        if not counts.endswith(" not freed: 0\n"):
            raise Failed(f"buffers: {counts}")
        return printed

    def plain(self, functions, driver, options):
        """What the programs print with upstream's passes alone."""
        return self.execute(self.bufferize(self.unplaced(functions, options), driver))

    def unplaced(self, functions, options):
        """After upstream's passes alone, whose faults are not ours."""
        return self.opt(functions, *options.upstream()) if options.upstream() else wrap(functions)

    def bufferize(self, module, driver, passes=None):
        lift = ["func.func(lift-cf-to-scf)"] if self.args.runtime else []
        return self.opt(linked(module, driver), *lift, passes or self.buffers)

    def placed(self, functions, driver, options):
        """The placed module, what it prints with early and late copies, and how
        many of its steps moved."""
        placed, remarks = self.place(functions, options)
        moved = sum(int(n) for n in re.findall(r"(\d+) steps? runs? in another place", remarks))
        if self.args.runtime:
            both = (self.unplaced(functions, options), placed)
            return placed, [self.on_runtime(module, driver) for module in both], moved
        buffers = self.bufferize(placed, driver)
        return placed, [self.execute(use_arena(buffers, at_wait)) for at_wait in (False, True)], moved

    def place(self, functions, options):
        command = [self.args.opt, "--allow-unregistered-dialect", "--remarks-filter=mempl.*",
                   f"--pass-pipeline=builtin.module({','.join(options.passes())})"]
        done = subprocess.run(command, input=functions, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}\n{done.stderr[:2000]}")
        return done.stdout, done.stderr


def join(programs):
    """The functions and the driver of a module of several programs."""
    functions = "".join(p.functions for p in programs)
    calls = "".join(f"  func.call @drive{p.number}() : () -> ()\n" for p in programs)
    drivers = "".join(p.driver for p in programs)
    return functions, f"{drivers}func.func @main() {{\n{calls}  return\n}}\n"


def check(runner, programs, options):
    """Programs that differ, with what is wrong; programs that do not run as
    they are, or are refused in any order; storages and copies in fast memory;
    steps that moved."""
    functions, driver = join(programs)
    try:
        plain = runner.plain(functions, driver, options)
        placed, results, moved = runner.placed(functions, driver, options)
        if results == [plain, plain]:
            return [], 0, placed.count("mempl.alloc"), placed.count("mempl.copy_start"), moved
        wrong = "different results"
    except Failed as error:
        wrong = str(error).replace("\n", " ")[:400]
    if len(programs) > 1:  # Which of them?
        parts = [check(runner, [p], options) for p in programs]
        return [sum(column, [] if i == 0 else 0) for i, column in enumerate(zip(*parts))]
    try:
        runner.plain(functions, driver, options)
        # What upstream refuses when it writes in place. What it gets wrong mempl
        # must not.
        if runner.args.runtime:
            runner.bufferize(wrap(functions), driver, BUFFERIZE)
        if runner.args.orders and wrong != "different results":
            runner.placed(functions, driver, options.in_program_order())
    except Failed as error:
        if runner.args.verbose:
            print(f"program {programs[0].number} does not run in its order: {error}")
        return [], 1, 0, 0, 0
    return [(programs[0], wrong)], 0, 0, 0, 0


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=10, help="programs in one module")
    parser.add_argument("--log", default="", help="file with a line per batch, to resume from")
    parser.add_argument("--orders", action="store_true", help="side effects, and an order made by chance")
    parser.add_argument("--runtime", default="", help="libmempl_runtime.so, to lower and run on it")
    parser.add_argument("--keep", default="", help="folder for programs that differ")
    parser.add_argument("--verbose", action="store_true", help="say why a program does not run unplaced")
    args = parser.parse_args()
    runner = Runner(args)
    done = {}
    if args.log and os.path.exists(args.log):
        with open(args.log) as f:
            done = {int(line.split()[0]): [int(n) for n in line.split()[1:7]] for line in f}
    sums = [0] * 6
    for first in range(args.seed, args.seed + args.programs, args.batch):
        if first not in done:
            last = min(first + args.batch, args.seed + args.programs)
            programs = [Generator(seed, args.orders and seed % 2 == 0, bool(args.runtime)).program(seed)
                        for seed in range(first, last)]
            options = Options(first, args.orders)
            wrong, refused, storages, copies, moved = check(runner, programs, options)
            for program, text in wrong:
                print(f"program {program.number}: {text} ({','.join(options.passes())})", flush=True)
                if args.keep:
                    functions, driver = join([program])
                    with open(os.path.join(args.keep, f"program{program.number}.mlir"), "w") as f:
                        f.write(f"// {','.join(options.passes())}\n{functions}// driver\n{driver}")
            done[first] = [len(programs), len(wrong), refused, storages, copies, moved]
            if args.log:
                with open(args.log, "a") as f:
                    f.write(f"{first} {' '.join(map(str, done[first]))}\n")
        sums = [a + b for a, b in zip(sums, done[first])]
    print(f"{sums[0]} programs, {sums[3]} storages in fast memory, {sums[4]} copies, {sums[5]} steps moved: {sums[1]} "
          f"with different results, {sums[2]} that do not run in their order")
    # Refused programs test nothing; there must be few. Nor do orders that are none.
    sys.exit(sums[1] > 0 or sums[2] * (6 if args.runtime else 20) > sums[0] or (args.orders and sums[5] == 0))


if __name__ == "__main__":
    main()
