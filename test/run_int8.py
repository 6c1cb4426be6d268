#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tiles networks in int8, places them, and runs them.

    run_int8.py --opt=mempl-opt --runner=mlir-runner --runtime=libmempl_runtime.so --libs=FOLDER

The networks are those of benchmarks/edge_networks.py for small images. The bits
of the result must be those of the network that is neither tiled nor placed.
"""

import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "benchmarks"))
from edge_networks import int8  # noqa: E402
from foreign import digester, index_of_point, with_driver  # noqa: E402
from run_placed import run  # noqa: E402

# The network, rows of its images, the capacity and whether trips are written out.
RUNS = [
    ("mobilenetv2", 32, "8KiB", "false"),
    ("mobilenetv2", 48, "32KiB", "true"),
    ("resnet50", 32, "64KiB", "false"),
]


def maker(shape, element):
    """A function that makes a tensor: any bytes, or multipliers of 9 bits."""
    type = f"tensor<{'x'.join(shape)}x{element}>"
    dims = ", ".join(f"d{i}" for i in range(len(shape)))
    kinds = ", ".join(['"parallel"'] * len(shape))
    last = "%v = arith.trunci %h : i32 to i8" if element == "i8" else "%v = arith.remui %h, %range : i32"
    return (
        f"func.func private @make_{'_'.join(shape)}_{element}(%salt: index) -> {type} {{\n"
        "  %a = arith.constant 1103515245 : i32\n  %b = arith.constant 12345 : i32\n"
        f"  %c = arith.constant 16 : i32\n  %range = arith.constant 512 : i32\n  %empty = tensor.empty() : {type}\n"
        f"  %r = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>], iterator_types = [{kinds}]}}\n"
        f"      outs(%empty : {type}) {{\n  ^bb0(%o: {element}):\n{index_of_point([int(n) for n in shape], '    ')}"
        "    %x = arith.index_cast %n : index to i32\n    %y = arith.muli %x, %a : i32\n"
        "    %z = arith.addi %y, %b : i32\n    %s = arith.shrui %z, %c : i32\n"
        f"    %w = arith.muli %s, %a : i32\n    %h = arith.shrui %w, %c : i32\n    {last}\n"
        f"    linalg.yield %v : {element}\n  }} -> {type}\n  return %r : {type}\n}}\n"
    )


def driver_for(text):
    """A @main that runs the network and prints a hash of its result."""
    name, arguments, result = re.search(r"func\.func @(\w+)\((.*?)\) -> (\S+)", text).groups()
    types = re.findall(r"tensor<[^>]*>", arguments)
    body, makers = "", {}
    for i, type in enumerate(types):
        *shape, element = type[7:-1].split("x")
        makers[type] = maker(shape, element)
        body += f"  %s{i} = arith.constant {101 * i} : index\n"
        body += f"  %a{i} = call @make_{'_'.join(shape)}_{element}(%s{i}) : (index) -> {type}\n"
    values = ", ".join(f"%a{i}" for i in range(len(types)))
    body += f"  %r = call @{name}({values}) : ({', '.join(types)}) -> {result}\n"
    body += f"  %o = tensor.cast %r : {result} to tensor<?x?xi32>\n  call @digest(%o) : (tensor<?x?xi32>) -> ()\n"
    return f"func.func @main() {{\n{body}  return\n}}\n{''.join(makers.values())}{digester('digest', 2, 'i32')}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("opt", "runner", "runtime", "libs"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()

    def execute(module, driver):
        command = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        command += [f"-shared-libs={args.libs}/libmlir_c_runner_utils.so", f"-shared-libs={args.runtime}"]
        lowered = run([args.opt, "--mempl-lower-to-cpu"], with_driver(module, driver))
        return run(command, lowered, {"MEMPL_RUNTIME_CHECK": "1"})

    failed = False
    for name, size, capacity, unroll in RUNS:
        text = int8(name, 1, size)
        module, driver = run([args.opt], text), driver_for(text)
        tile = f"mempl-tile-to-fit{{target=ethos-u65 capacity={capacity} unroll={unroll}}}"
        place = f"learned-memory-placement{{target=ethos-u65 capacity={capacity} solver=greedy tile=false}}"
        tiled = run([args.opt, f"--pass-pipeline=builtin.module({tile})"], module)
        placed = run([args.opt, f"--pass-pipeline=builtin.module({place})"], tiled)
        if tiled == module or "mempl.alloc" not in placed:
            print(f"{name} of {size} rows: NOT TILED AND PLACED")
            failed = True
        plain, fast = execute(module, driver), execute(placed, driver)
        if plain.split() == ["0"]:
            print(f"{name} of {size} rows: nothing is left of the image")
            failed = True
        if plain != fast:
            print(f"{name} of {size} rows: DIFFERENT RESULTS: {plain.split()} {fast.split()}")
            failed = True
    print(f"{len(RUNS)} networks run")
    sys.exit(failed)


if __name__ == "__main__":
    main()
