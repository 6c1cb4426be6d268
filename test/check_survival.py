#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every pass of mempl over valid IR that few programs have.

    check_survival.py --opt=mempl-opt FILE..

A pass may take a piece or refuse it with an error of its own: it may not crash,
hang, refuse without a word, or find a mistake of itself. The passes are those
that --help of mempl-opt lists.
"""

import argparse
import re
import subprocess
import sys

# What passes need to do anything, and several ways to run one.
OPTIONS = {
    "learned-memory-placement": ["target=tiny", "target=tiny solver=greedy eliminate-empty-tensors=false",
                                 "target=tiny capacity=128 solver=search budget=100"],
    "mempl-apply-plan": ["target=tiny"],
    "mempl-check-placement": ["", "capacity=1024 alignment=16"],
    "mempl-extract-instance": ["target=tiny"],
    "mempl-test-print-program": ["target=tiny"],
    "mempl-tile-to-fit": ["target=tiny", "target=tiny capacity=64"],
}
SECONDS = 120


def nest_of_loops(depth, carries):
    """A nest, in each loop of which storage is made and released, or copied out while the next trip runs."""
    buffer = "memref<16xf32, #mempl.space<fast>>"
    storage = (f"%a{{i}} = mempl.alloc <fast> at {{at}} bytes 64 : {buffer}\n"
               f"linalg.exp ins(%w : memref<16xf32>) outs(%a{{i}} : {buffer})\n")
    head, tail = "scf.for %i{i} = %c0 to %n step %c1 {{\n" + storage, f"mempl.release %a{{i}} : {buffer}\n}}}}\n"
    if carries:
        head = ("%r{i} = scf.for %i{i} = %c0 to %n step %c1 iter_args(%t{i} = %no) -> !mempl.token {{\n"
                "mempl.copy_wait_carried %t{i}\n" + storage)
        tail = (f"%u{{i}} = mempl.copy_start_carried evict %a{{i}} to %w : {buffer} to memref<16xf32>\n"
                "scf.yield %u{i} : !mempl.token\n}}\nmempl.copy_wait_carried %r{i}\n")
    heads = "".join(head.format(i=i, at=64 * i) for i in range(depth))
    tails = "".join(tail.format(i=i) for i in reversed(range(depth)))
    return ("func.func @nest(%w: memref<16xf32>, %n: index) {\n%c0 = arith.constant 0 : index\n"
            f"%c1 = arith.constant 1 : index\n%no = mempl.no_copy\n{heads}{tails}return\n}}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opt", required=True)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()

    def run(pipeline, file):
        command = [args.opt, "-allow-unregistered-dialect", "-split-input-file",
                   f"--pass-pipeline=builtin.module({pipeline})", file, "-o", "-"]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)

    text = subprocess.run([args.opt, "--help"], capture_output=True, text=True, check=True).stdout
    names = sorted(set(re.findall(r"^ +--((?:mempl|learned-memory)-[a-z0-9-]+)", text, re.MULTILINE)))
    failed, runs, refused = 0, 0, 0
    # A pass that walked each body twice would not end before the sun burns out.
    for depth, carries in (100, False), (40, True):
        deep = subprocess.run([args.opt, "--pass-pipeline=builtin.module(func.func(mempl-check-placement))"],
                              input=nest_of_loops(depth, carries), capture_output=True, text=True, timeout=SECONDS)
        if deep.returncode:
            failed += 1
            print(f"mempl-check-placement of a deep nest: {deep.stderr[-500:]}")
    for name in names:
        for options in OPTIONS.get(name, [""]):
            for file in args.files:
                pipeline = f"{name}{{{options}}}" if options else name
                done = run(pipeline, file)
                if "unable to schedule pass" in done.stderr:
                    pipeline = f"func.func({pipeline})"
                    done = run(pipeline, file)
                runs += 1
                refused += len(re.findall(r": error: ", done.stderr))
                faults = [t for t in ("internal error", "PLEASE submit", "Assertion")
                          if t in done.stderr]
                if done.returncode not in (0, 1) or faults or (done.returncode == 1 and "error:" not in done.stderr):
                    failed += 1
                    print(f"{pipeline} over {file}: exit code {done.returncode} {' '.join(faults)}\n"
                          f"{done.stderr[-1500:]}")
    print(f"{len(names)} passes, {runs} runs, {refused} errors given, {failed} runs that did not survive")
    sys.exit(failed > 0 or len(names) < 10)


if __name__ == "__main__":
    main()
