#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every function of a file as it is and placed: the results must be equal.

    run_functions.py --opt=mempl-opt --runner=mlir-runner --libs=FOLDER
                     [--solvers=greedy] [--capacities=256,..] [--placed=N] FILE..

Functions take tensors of f32 of known shapes, i1, index and f32, and return such
tensors. Each is run with both values of its flags, like the networks of
run_placed.py, for copies that are done where they start and where they are
waited for. With --placed, at least so many storages have to be in fast memory.
"""

import argparse
import re
import sys

from run_placed import BUFFERIZE, LOWER, run, unwrap, use_arena

# Here loops may hand over allocations of their own.
LOWER = "convert-vector-to-scf," + LOWER.replace("reconcile", "convert-ub-to-llvm,reconcile")


def functions(text):
    """Name, types of arguments and types of results of public functions."""
    for m in re.finditer(r"func\.func @(\w+)\((.*?)\)\s*->\s*(\(.*?\)|\S+) \{", text, re.S):
        arguments = re.findall(r"%\w+: ([^,]+?(?:<[^>]*>)?)(?:,|$)", m[2])
        yield m[1], arguments, re.findall(r"tensor<[^>]*>", m[3])


def driver(name, arguments, results, flag):
    """A main that calls the function and prints what it returns."""
    lines = ["func.func @main() {"]
    for k, t in enumerate(arguments):
        if t == "i1":
            lines.append(f"  %a{k} = arith.constant {'true' if flag else 'false'}")
        elif t == "index":
            lines.append(f"  %a{k} = arith.constant {int(flag)} : index")
        elif t == "f32":
            lines.append(f"  %a{k} = arith.constant 0.75 : f32")
        else:
            rank = t.count("x")
            dims = ", ".join(f"d{i}" for i in range(rank))
            kinds = ", ".join(['"parallel"'] * rank)
            lines += [
                f"  %e{k} = tensor.empty() : {t}",
                f"  %a{k} = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>], "
                f"iterator_types = [{kinds}]}} outs(%e{k} : {t}) {{",
                "  ^bb0(%o: f32):",
                *[f"    %i{d} = linalg.index {d} : index" for d in range(rank)],
                f"    %s0 = arith.constant {k + 1} : index",
                *[f"    %p{d} = arith.constant {(7, 5, 11)[d]} : index\n    %q{d} = arith.muli %i{d}, %p{d} : index\n"
                  f"    %s{d + 1} = arith.addi %s{d}, %q{d} : index" for d in range(rank)],
                "    %n = arith.constant 17 : index",
                f"    %r = arith.remui %s{rank}, %n : index",
                "    %j = arith.index_cast %r : index to i32",
                "    %f = arith.sitofp %j : i32 to f32",
                "    %d = arith.constant 0.015625 : f32",
                "    %v = arith.mulf %f, %d : f32",
                "    linalg.yield %v : f32",
                f"  }} -> {t}",
            ]
    many = f":{len(results)}" if len(results) > 1 else ""
    call = ", ".join(f"%a{k}" for k in range(len(arguments)))
    lines.append(f"  %r{many} = func.call @{name}({call}) : ({', '.join(arguments)}) -> ({', '.join(results)})")
    lines += ["  %z = arith.constant 0 : index", "  %p = arith.constant 0.0 : f32"]
    for k, t in enumerate(results):
        vector = t.replace("tensor", "vector")
        zeros = ", ".join(["%z"] * t.count("x"))
        bounds = ", ".join(["true"] * t.count("x"))
        lines += [f"  %w{k} = vector.transfer_read %r{f'#{k}' if many else ''}[{zeros}], %p {{in_bounds = [{bounds}]}} : {t}, {vector}",
                  f"  vector.print %w{k} : {vector}"]
    return "\n".join(lines + ["  return", "}", ""])


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--solvers", default="greedy")
    parser.add_argument("--capacities", default="256,1KiB,4KiB")
    parser.add_argument("--placed", type=int, default=0)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()

    def opt(text, *passes):
        return run([args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"], text)

    def execute(buffers):
        runner = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        return run(runner + [f"-shared-libs={args.libs}/libmlir_c_runner_utils.so"], opt(buffers, LOWER))

    failed = runs = storages = 0
    for path in args.files:
        with open(path) as f:
            text = f.read()
        placed = {}
        for solver in args.solvers.split(","):
            for capacity in args.capacities.split(","):
                place = f"learned-memory-placement{{target=tiny solver={solver} budget=300 capacity={capacity}}}"
                placed[place] = unwrap(opt(text, place))
                storages += placed[place].count("mempl.alloc")
        for name, arguments, results in functions(text):
            for flag in (False, True):
                main = driver(name, arguments, results, flag)
                plain = execute(opt(unwrap(opt(text)) + main, BUFFERIZE))
                for place, module in placed.items():
                    buffers = opt(module + main, BUFFERIZE)
                    runs += 1
                    if any(execute(use_arena(buffers, at_wait)) != plain for at_wait in (False, True)):
                        failed += 1
                        print(f"{path}: @{name} ({place}): different results")
    print(f"{runs} runs, {storages} storages in fast memory: {failed} with different results")
    sys.exit(failed > 0 or storages < args.placed)


if __name__ == "__main__":
    main()
