#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs small networks as they are and placed, and compares what they print.

    run_placed.py --opt=mempl-opt --runner=mlir-runner --libs=FOLDER
                  --target=tiny [--capacity=64KiB] [--solver=portfolio] [NAME..]

Fast memory becomes one array full of NaN patterns, every storage in it a view
at its planned offset, so a wrong offset or a missing copy shows in the results.
Copies are done once where they start and once where they are waited for: a
correct program cannot tell. The printed numbers must be the same, digit by
digit, in all three runs, and agree with expected.csv.
"""

import argparse
import csv
import os
import re
import subprocess
import sys

FUSE = "func.func(linalg-fuse-elementwise-ops),canonicalize"
BUFFERIZE = (
    "eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map "
    "allow-return-allocs-from-loops},mempl-complete-carried-copies"
)
LOWER = (
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,"
    "func.func(convert-linalg-to-loops),canonicalize,cse,memref-expand,"
    "expand-strided-metadata,lower-affine,math-expand-ops{ops=rsqrt},"
    "convert-vector-to-llvm,convert-math-to-libm,convert-scf-to-cf,"
    "finalize-memref-to-llvm,convert-arith-to-llvm,convert-index-to-llvm,"
    "convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts"
)


MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "models")


def run(command, text, environment=None):
    """What a command prints, with variables added to the environment."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, env={**os.environ, **(environment or {})}
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr[:2000]}")
    return done.stdout


def unwrap(module):
    """The functions of a module without its `module {` and `}`."""
    head, body = module.split("module {\n", 1)
    return head + body.rstrip()[:-1]


def networks_with_drivers():
    return sorted(n[:-5] for n in os.listdir(os.path.join(MODELS, "harness")))


def read_expected():
    """The rows of expected.csv by network."""
    with open(os.path.join(MODELS, "expected.csv")) as f:
        return {row["model"]: row for row in csv.DictReader(f)}


def use_arena(text, at_wait):
    """Fast memory as one array, copies as memref.copy."""
    size = 64
    for m in re.finditer(r"mempl\.alloc <\w+> at (\d+)(?: or (\d+) if \S+)? bytes (\d+)", text):
        size = max(size, max(int(m[1]), int(m[2] or 0)) + int(m[3]))
    arena = f"memref<{size}xi8>"
    lines = []
    for n, line in enumerate(text.split("\n")):
        line = re.sub(r", #mempl\.space<\w+>", "", line)
        if m := re.match(
            r"(\s*)(%\S+) = mempl\.alloc <\w+> at (\d+)(?: or (\d+) if (\S+))? bytes \d+(?:\((.*)\))? : (.*)", line
        ):
            lines += [
                f"{m[1]}%arena_{n} = memref.get_global @mempl_arena : {arena}",
                f"{m[1]}%even_{n} = arith.constant {m[3]} : index",
                f"{m[1]}%odd_{n} = arith.constant {m[4] or m[3]} : index",
                f"{m[1]}%parity_{n} = arith.constant false" if not m[5] else "",
                f"{m[1]}%offset_{n} = arith.select {m[5] or f'%parity_{n}'}, %odd_{n}, %even_{n} : index",
                f"{m[1]}{m[2]} = memref.view %arena_{n}[%offset_{n}][{m[6] or ''}] : {arena} to {m[7]}",
            ]
        elif m := re.match(r"(\s*)%\S+ = mempl\.copy_start (?:prefetch |evict )?(\S+) to (\S+) : (.*)", line):
            if not at_wait:
                lines.append(f"{m[1]}memref.copy {m[2]}, {m[3]} : {m[4]}")
        elif m := re.match(r"(\s*)mempl\.copy_wait \S+, (\S+) to (\S+) : (.*)", line):
            if at_wait:
                lines.append(f"{m[1]}memref.copy {m[2]}, {m[3]} : {m[4]}")
        elif m := re.match(r"(\s*)mempl\.transfer (\S+) to (\S+) : (.*)", line):
            lines.append(f"{m[1]}memref.copy {m[2]}, {m[3]} : {m[4]}")
        elif not re.match(r"\s*mempl\.release", line):
            lines.append(line)
    declared = f'memref.global "private" @mempl_arena : {arena} = dense<-1>'
    return "\n".join(lines).replace("module {\n", f"module {{\n{declared}\n", 1)


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "libs", "target"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--capacity", default="")
    parser.add_argument("--solver", default="portfolio")
    parser.add_argument("--budget", default="2000")
    parser.add_argument("networks", nargs="*", help="all that have a driver if none")
    args = parser.parse_args()
    networks = args.networks or networks_with_drivers()
    expected = read_expected()

    def opt(text, *passes):
        return run([args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"], text)

    def execute(buffers):
        llvm = opt(buffers, LOWER)
        runner = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        return run(runner + [f"-shared-libs={args.libs}/libmlir_c_runner_utils.so"], llvm)

    failed = False
    for name in networks:
        with open(f"{MODELS}/{name}.mlir") as f:
            network = f.read()
        with open(f"{MODELS}/harness/{name}.mlir") as f:
            driver = f.read()
        place = (
            f"learned-memory-placement{{target={args.target} solver={args.solver} "
            f"budget={args.budget} capacity={args.capacity}}}"
        )
        placed = opt(network, FUSE, place)
        buffers = opt(unwrap(placed) + driver, BUFFERIZE)
        plain = execute(opt(unwrap(opt(network, FUSE)) + driver, BUFFERIZE))
        early = execute(use_arena(buffers, at_wait=False))
        late = execute(use_arena(buffers, at_wait=True))
        checksum, abssum = [float(line) for line in plain.split()[:2]]
        row = expected[name]
        near = abs(checksum - float(row["checksum"])) <= 1e-3 * float(row["abssum"])
        same = plain == early == late
        copies = placed.count("mempl.copy_start")
        fast = placed.count("mempl.alloc")
        print(
            f"{name}: {fast} storages in fast memory, {copies} copies: "
            f"{'same results' if same else 'DIFFERENT RESULTS'}"
            f"{'' if near else ', NOT AS EXPECTED'}"
        )
        if not same or not near:
            print(f"  plain {plain.split()}\n  early {early.split()}\n  late  {late.split()}")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
