#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs loops by random plans, copies across trips among them: the results must be those without a plan.

    random_trip_plans.py --opt=mempl-opt --runner=mlir-runner --runtime=libmempl_runtime.so
                         --libs=FOLDER [--plans=200] [--seed=0]

Solvers make sensible plans only. These are made by chance, and those that the verifier refuses are left out. The others
have to be applied, pass the check on tensors and on buffers, leave bufferization nothing to copy, and run on the
runtime library under its checks. What is compared is a hash of all bits of all results.
"""

import argparse
import os
import random
import re
import subprocess
import sys

from run_lowered import CHECKED, digest_function
from run_placed import run

# A loop with a slice that is read, one that is updated and one that is made anew; one with any number of trips, at
# places that are computed; and one whose last trip has less to do. By name: the function, the numbers that it takes in
# each run, its tensors, how many of these it returns (the last ones), the steps of the body, and the streamed values as
# the extraction names them.
PROGRAMS = {
    "three": ("""
func.func @three(%w: tensor<64x16xf32>, %o: tensor<64x16xf32>, %p: tensor<64x16xf32>)
    -> (tensor<64x16xf32>, tensor<64x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %r:2 = scf.for %i = %c0 to %c64 step %c1 iter_args(%x = %o, %y = %p) -> (tensor<64x16xf32>, tensor<64x16xf32>) {
    %s = tensor.extract_slice %w[%i, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %sx = tensor.extract_slice %x[%i, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %e = linalg.add ins(%s, %sx : tensor<1x16xf32>, tensor<1x16xf32>) outs(%sx : tensor<1x16xf32>) -> tensor<1x16xf32>
    %x1 = tensor.insert_slice %e into %x[%i, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    %sy = tensor.extract_slice %y[%i, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %f = linalg.exp ins(%s : tensor<1x16xf32>) outs(%sy : tensor<1x16xf32>) -> tensor<1x16xf32>
    %g = linalg.exp ins(%f : tensor<1x16xf32>) outs(%f : tensor<1x16xf32>) -> tensor<1x16xf32>
    %y1 = tensor.insert_slice %g into %y[%i, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<64x16xf32>
    scf.yield %x1, %y1 : tensor<64x16xf32>, tensor<64x16xf32>
  }
  return %r#0, %r#1 : tensor<64x16xf32>, tensor<64x16xf32>
}
""", [[]], ["64x16xf32"] * 3, 2, 3, [("v0", "input", 64), ("v1", "inout", 64), ("v2", "output", 64)]),
    "any": ("""
func.func @any(%n: index, %k: index, %w: tensor<128x16xf32>, %o: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %c2 = arith.constant 2 : index
  %r = scf.for %i = %k to %n step %c2 iter_args(%x = %o) -> tensor<64x16xf32> {
    %j = affine.apply affine_map<(d0) -> (d0 * 2 + 1)>(%i)
    %s = tensor.extract_slice %w[%j, 0] [2, 16] [1, 1] : tensor<128x16xf32> to tensor<2x16xf32>
    %sx = tensor.extract_slice %x[%i, 0] [2, 16] [1, 1] : tensor<64x16xf32> to tensor<2x16xf32>
    %e = linalg.exp ins(%s : tensor<2x16xf32>) outs(%sx : tensor<2x16xf32>) -> tensor<2x16xf32>
    %f = linalg.add ins(%e, %s : tensor<2x16xf32>, tensor<2x16xf32>) outs(%e : tensor<2x16xf32>) -> tensor<2x16xf32>
    %x1 = tensor.insert_slice %f into %x[%i, 0] [2, 16] [1, 1] : tensor<2x16xf32> into tensor<64x16xf32>
    scf.yield %x1 : tensor<64x16xf32>
  }
  return %r : tensor<64x16xf32>
}
""", [[0, 0], [5, 4], [4, 1], [11, 6], [63, 0]], ["128x16xf32", "64x16xf32"], 1, 2,
            [("v0", "input", 128), ("v1", "output", 128)]),
    "ragged": ("""
func.func @ragged(%w: tensor<61x16xf32>, %o: tensor<61x16xf32>) -> tensor<61x16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c61 = arith.constant 61 : index
  %r = scf.for %i = %c0 to %c61 step %c2 iter_args(%x = %o) -> tensor<61x16xf32> {
    %n = affine.min affine_map<(d0) -> (2, -d0 + 61)>(%i)
    %s = tensor.extract_slice %w[%i, 0] [%n, 16] [1, 1] : tensor<61x16xf32> to tensor<?x16xf32>
    %sx = tensor.extract_slice %x[%i, 0] [%n, 16] [1, 1] : tensor<61x16xf32> to tensor<?x16xf32>
    %e = linalg.add ins(%s, %sx : tensor<?x16xf32>, tensor<?x16xf32>) outs(%sx : tensor<?x16xf32>) -> tensor<?x16xf32>
    %f = linalg.exp ins(%e : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
    %x1 = tensor.insert_slice %f into %x[%i, 0] [%n, 16] [1, 1] : tensor<?x16xf32> into tensor<61x16xf32>
    scf.yield %x1 : tensor<61x16xf32>
  }
  return %r : tensor<61x16xf32>
}
""", [[]], ["61x16xf32"] * 2, 1, 2, [("v0", "input", 128), ("v1", "inout", 128)]),
}
CAPACITY = 1024
ATTACH = f"mempl-attach-target{{target=tiny capacity={CAPACITY}}}"
CHECK = ("one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
         "canonicalize,cse,canonicalize,func.func(mempl-check-placement)")
SPLIT = "\n// -----\n"


def residency(rng, name, kind, size, steps, at):
    """A residency of a streamed value from offset `at` on, valid or not, and the first offset behind it."""
    text = f"mempl.residency @{name} at {at}"
    at += size
    if rng.random() < 0.75:
        text += f" odd {at}"
        at += size
    # A copy that is a trip ahead counts from the trip before.
    ahead = steps if kind != "output" and rng.random() < 0.6 else 0
    first = rng.randrange(steps)
    if kind == "output":
        text += f" write {first}"
    else:
        issue = rng.randrange(steps) if ahead else rng.randrange(first + 1)
        text += f" issue {issue} ready {first + ahead}"
    last = rng.randrange(first, steps)
    text += f" last {last + ahead}"
    if kind != "input":
        back = last
        if rng.random() < 0.2:
            back = rng.randrange(first, last + 1)
            text += f" back {back + ahead}"
        text += f" done {back + 1 + rng.randrange(steps) + ahead}"
    return text, at


def random_plan(rng, function, steps, values):
    """A plan for the body of the function's loop."""
    lines, at = [], 0
    for name, kind, size in values:
        for _ in range(rng.choice([0, 1, 1, 1, 2]) if kind != "output" else rng.choice([0, 1, 1])):
            line, end = residency(rng, name, kind, size, steps, at)
            if end <= CAPACITY:
                lines.append(line)
                at = end
    rng.shuffle(lines)
    body = "\n".join(lines)
    return f"mempl.plan @p for @{function}_instance {{\nmempl.loop_plan 0 capacity {CAPACITY} {{\n{body}\n}}\n}}\n"


def refused(opt, chunks):
    """The numbers of the modules whose plan the verifier refuses. Every other error is a failure."""
    done = subprocess.run([opt, "--mempl-apply-plan", "-split-input-file", "-", "-o", os.devnull],
                          input=SPLIT.join(chunks), capture_output=True, text=True)
    ends, line = [], 0
    for chunk in chunks:
        line += chunk.count("\n") + SPLIT.count("\n")
        ends.append(line)
    found = set()
    for match in re.finditer(r"^.*?:(\d+):\d+: error: (.*)$", done.stderr, re.MULTILINE):
        if not re.match(r"V\d+: ", match[2]):
            sys.exit(done.stderr[match.start() : match.start() + 2000])
        found.add(next(i for i, end in enumerate(ends) if int(match[1]) <= end))
    if done.returncode not in (0, 1):
        sys.exit(f"mempl-apply-plan ended with {done.returncode}\n{done.stderr[-2000:]}")
    return found


def crosses(plan, steps):
    """Whether a copy of the plan goes from one trip into the next."""
    return any(int(ready) >= steps for ready in re.findall(r"ready (\d+)", plan)) or any(
        int(done) > steps for done in re.findall(r"done (\d+)", plan))


def body_of(module):
    """The functions of a module, without maps of its own and without the module around them."""
    maps = dict(re.findall(r"^(#\w+) = (.*)$", module, re.MULTILINE))
    text = module[module.index("  func.func") : module.rindex("}")]
    return re.sub(r"#map\w*", lambda m: maps[m[0]], text)


def filled(name, shape):
    """A function that makes a tensor of two dimensions with numbers in it that depend on `%seed`."""
    return f"""
func.func private @{name}(%seed: index) -> tensor<{shape}> {{
  %e = bufferization.alloc_tensor() : tensor<{shape}>
  %r = linalg.generic {{indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}}
      outs(%e : tensor<{shape}>) {{
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %n = affine.apply affine_map<(d0, d1)[s0] -> ((d0 * 31 + d1 + s0) mod 97)>(%i, %j)[%seed]
    %m = arith.index_cast %n : index to i32
    %f = arith.sitofp %m : i32 to f32
    %c = arith.constant 0.01 : f32
    %v = arith.mulf %f, %c : f32
    linalg.yield %v : f32
  }} -> tensor<{shape}>
  return %r : tensor<{shape}>
}}
"""


def main_function(functions, program):
    """Calls the functions with all numbers that the program takes, and prints hashes of what they return."""
    _, runs, shapes, returned, _, _ = program
    lines = []
    for k, (numbers, function) in enumerate((numbers, function) for numbers in runs for function in functions):
        arguments = []
        for i, number in enumerate(numbers):
            lines.append(f"%n{k}_{i} = arith.constant {number} : index")
            arguments.append((f"%n{k}_{i}", "index"))
        for i, shape in enumerate(shapes):
            lines.append(f"%s{k}_{i} = arith.constant {13 * i + 1} : index")
            lines.append(f"%t{k}_{i} = call @fill_{shape}(%s{k}_{i}) : (index) -> tensor<{shape}>")
            arguments.append((f"%t{k}_{i}", f"tensor<{shape}>"))
        values, types = (", ".join(part) for part in zip(*arguments))
        results = ", ".join(f"tensor<{shape}>" for shape in shapes[-returned:])
        lines.append(f"%r{k}:{returned} = call @{function}({values}) : ({types}) -> ({results})")
        for i, shape in enumerate(shapes[-returned:]):
            lines.append(f"%d{k}_{i} = call @digest_{shape}(%r{k}#{i}) : (tensor<{shape}>) -> i64")
            lines.append(f"vector.print %d{k}_{i} : i64")
    return "func.func @main() {\n" + "\n".join(lines) + "\nreturn\n}\n"


def execute(args, functions, program):
    """What the functions print, one list per function, in all runs of the program."""
    _, runs, shapes, returned, _, _ = program
    text = "".join(functions.values()) + main_function(functions, program)
    for shape in sorted(set(shapes)):
        text += filled(f"fill_{shape}", shape) + digest_function(f"digest_{shape}", shape)
    lowered = run([args.opt, "--mempl-lower-to-cpu"], text)
    command = [args.runner, "-O0", "-e", "main", "-entry-point-result=void",
               f"-shared-libs={args.libs}/libmlir_c_runner_utils.so", f"-shared-libs={args.runtime}"]
    lines = run(command, lowered, CHECKED).split()
    assert len(lines) == len(runs) * len(functions) * returned
    per_run = len(functions) * returned
    return [[lines[r * per_run + k * returned : r * per_run + (k + 1) * returned] for r in range(len(runs))]
            for k in range(len(functions))]


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "runtime", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    failed, ran, carried = 0, 0, 0
    for name, program in PROGRAMS.items():
        rng = random.Random(f"{args.seed} {name}")
        function, _, _, _, steps, values = program
        passes = f"--pass-pipeline=builtin.module({ATTACH},mempl-prepare,mempl-extract-instance{{reorder=false}})"
        module = run([args.opt, passes], function)
        plans = [random_plan(rng, name, steps, values) for _ in range(args.plans)]
        chunks = [module[: module.rindex("}")] + plan + "}\n" for plan in plans]
        bad = refused(args.opt, chunks)
        good = [i for i in range(len(plans)) if i not in bad]
        ran += len(good)
        carried += sum(crosses(plans[i], steps) for i in good)
        text = SPLIT.join(chunks[i] for i in good)
        placed = run([args.opt, "--mempl-apply-plan", "-split-input-file"], text).split("// -----")
        buffers = run([args.opt, f"--pass-pipeline=builtin.module({CHECK})", "-split-input-file"], SPLIT.join(placed))
        if "memref.copy" in buffers or "memref.alloc" in buffers:
            sys.exit(f"@{name}: bufferization copies or allocates")
        functions = {name: function}
        for i, part in zip(good, placed, strict=True):
            functions[f"{name}_{i}"] = body_of(part).replace(f"@{name}(", f"@{name}_{i}(")
        expected, *printed = execute(args, functions, program)
        for i, hashes in zip(good, printed):
            if hashes != expected:
                failed += 1
                print(f"@{name} does something else by this plan:\n{plans[i]}")
    print(f"{ran} plans, {carried} of them with copies across trips, run as without one; {failed} do not")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
