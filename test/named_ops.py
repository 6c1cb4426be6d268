#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places a program for every op of linalg, lowers it, and runs it.

    named_ops.py --opt=mempl-opt --runner=mlir-runner --runtime=libmempl_runtime.so
                 --libs=FOLDER --include=FOLDER [--keep=FILE] [NAME..]

The ops are those that the TableGen files of MLIR under --include define: one
that has no program here is an error. Operands are computed by a step before,
and the result is read by one after it, so that all three are placed in fast
memory; the bits of the results must be those of the program without placement.
Programs are placed as they are, and tiled before.
Ops that do not bufferize are placed after mempl-prepare-lowering only.
"""

import argparse
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "benchmarks"))
from foreign import driver_for, with_driver  # noqa: E402
from run_placed import run  # noqa: E402

PLACE = "--learned-memory-placement=target=edge-npu"

# No programs by themselves.
PARTS = {"index", "yield"}

UNARY = "abs ceil erf exp floor log negf reciprocal round rsqrt sqrt square tanh"
BINARY = "add div max min mul powf sub"

# Operands and result: sizes, and the element type if it is not f32. An operand
# written as a bare type is a scalar.
SHAPES = {
    "batch_matmul": "2x4x5 2x5x3 -> 2x4x3",
    "batch_matvec": "2x4x5 2x5 -> 2x4",
    "batch_mmt4d": "2x2x3x4x5 2x2x3x6x5 -> 2x2x2x4x6",
    "batch_reduce_matmul": "2x4x5 2x5x3 -> 4x3",
    "batch_vecmat": "2x5 2x5x3 -> 2x3",
    "conv_1d": "10 3 -> 8",
    "conv_1d_ncw_fcw": "2x3x10 4x3x3 -> 2x4x8",
    "conv_1d_nwc_wcf": "2x10x3 3x3x4 -> 2x8x4",
    "conv_2d": "8x9 3x3 -> 6x7",
    "conv_2d_nchw_fchw": "2x3x6x7 4x3x3x3 -> 2x4x4x5",
    "conv_2d_nchw_fchw_q": "2x3x6x7xi8 4x3x3x3xi8 i32 i32 -> 2x4x4x5xi32",
    "conv_2d_ngchw_fgchw": "2x2x3x6x7 4x2x3x3x3 -> 2x2x4x4x5",
    "conv_2d_ngchw_gfchw": "2x2x3x6x7 2x4x3x3x3 -> 2x2x4x4x5",
    "conv_2d_ngchw_gfchw_q": "2x2x3x6x7xi8 2x4x3x3x3xi8 i32 i32 -> 2x2x4x4x5xi32",
    "conv_2d_nhwc_fhwc": "2x6x7x3 4x3x3x3 -> 2x4x5x4",
    "conv_2d_nhwc_fhwc_q": "2x6x7x3xi8 4x3x3x3xi8 i32 i32 -> 2x4x5x4xi32",
    "conv_2d_nhwc_hwcf": "2x6x7x3 3x3x3x4 -> 2x4x5x4",
    "conv_2d_nhwc_hwcf_q": "2x6x7x3xi8 3x3x3x4xi8 i32 i32 -> 2x4x5x4xi32",
    "conv_2d_nhwgc_gfhwc": "2x6x7x2x3 2x4x3x3x3 -> 2x4x5x2x4",
    "conv_2d_nhwgc_gfhwc_q": "2x6x7x2x3xi8 2x4x3x3x3xi8 i32 i32 -> 2x4x5x2x4xi32",
    "conv_3d": "5x6x7 3x3x3 -> 3x4x5",
    "conv_3d_ncdhw_fcdhw": "1x2x4x5x6 3x2x3x3x3 -> 1x3x2x3x4",
    "conv_3d_ndhwc_dhwcf": "1x4x5x6x2 3x3x3x2x3 -> 1x2x3x4x3",
    "conv_3d_ndhwc_dhwcf_q": "1x4x5x6x2xi8 3x3x3x2x3xi8 i32 i32 -> 1x2x3x4x3xi32",
    "copy": "4x6 -> 4x6",
    "depthwise_conv_1d_ncw_cw": "2x3x10 3x3 -> 2x3x8",
    "depthwise_conv_1d_nwc_wc": "2x10x3 3x3 -> 2x8x3",
    "depthwise_conv_1d_nwc_wcm": "2x10x3 3x3x2 -> 2x8x3x2",
    "depthwise_conv_2d_nchw_chw": "2x3x6x7 3x3x3 -> 2x3x4x5",
    "depthwise_conv_2d_nhwc_hwc": "2x6x7x3 3x3x3 -> 2x4x5x3",
    "depthwise_conv_2d_nhwc_hwc_q": "2x6x7x3xi8 3x3x3xi8 i32 i32 -> 2x4x5x3xi32",
    "depthwise_conv_2d_nhwc_hwcm": "2x6x7x3 3x3x3x2 -> 2x4x5x3x2",
    "depthwise_conv_2d_nhwc_hwcm_q": "2x6x7x3xi8 3x3x3x2xi8 i32 i32 -> 2x4x5x3x2xi32",
    "depthwise_conv_3d_ncdhw_cdhw": "1x2x4x5x6 2x3x3x3 -> 1x2x2x3x4",
    "depthwise_conv_3d_ndhwc_dhwc": "1x4x5x6x2 3x3x3x2 -> 1x2x3x4x2",
    "depthwise_conv_3d_ndhwc_dhwcm": "1x4x5x6x2 3x3x3x2x2 -> 1x2x3x4x2x2",
    "div_unsigned": "4x6xi32 4x6xi32 -> 4x6xi32",
    "dot": "24 24 -> f32",
    "fill": "f32 -> 4x6",
    "fill_rng_2d": "f64 f64 i32 -> 4x6",
    "matmul": "4x5 5x3 -> 4x3",
    "matvec": "4x5 5 -> 4",
    "mmt4d": "2x3x4x5 2x3x6x5 -> 2x2x4x6",
    "quantized_batch_matmul": "2x4x5xi8 2x5x3xi8 i32 i32 -> 2x4x3xi32",
    "quantized_matmul": "4x5xi8 5x3xi8 i32 i32 -> 4x3xi32",
    "select": "4x6xi1 4x6 4x6 -> 4x6",
    "vecmat": "5 5x3 -> 3",
}
for kind, sizes in {
    "nchw": "1x2x6x7 3x3 -> 1x2x4x5",
    "ncw": "1x2x8 3 -> 1x2x6",
    "ndhwc": "1x4x5x6x2 3x3x3 -> 1x2x3x4x2",
    "nhwc": "1x6x7x2 3x3 -> 1x4x5x2",
    "nwc": "1x8x2 3 -> 1x6x2",
}.items():
    for what in ("max", "min", "sum"):
        SHAPES[f"pooling_{kind}_{what}"] = sizes
    for what in ("max", "min"):
        integers = re.sub(r"(\dx[\dx]*\d|\b3\b)", r"\1xi32", sizes)
        SHAPES[f"pooling_{kind}_{what}_unsigned"] = integers
SHAPES.update({name: "4x6 -> 4x6" for name in UNARY.split()})
SHAPES.update({name: "4x6 4x6 -> 4x6" for name in BINARY.split()})

# Ops with a form of their own: operands and result as above, and the op.
SPECIAL = {
    "broadcast": ("6 -> 4x6", "linalg.broadcast ins(%x0 : {0}) outs(%f : {r}) dimensions = [0]"),
    "contract": (
        "4x5 5x3 -> 4x3",
        "linalg.contract indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, "
        "affine_map<(m, n, k) -> (m, n)>] ins(%x0, %x1 : {0}, {1}) outs(%f : {r}) -> {r}",
    ),
    "elementwise": (
        "4x6 4x6 -> 4x6",
        "linalg.elementwise kind=#linalg.elementwise_kind<sub> ins(%x0, %x1 : {0}, {1}) outs(%f : {r}) -> {r}",
    ),
    "generic": (
        "4x6 6 -> 4x6",
        "linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, "
        'affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}} ins(%x0, %x1 : {0}, {1}) '
        "outs(%f : {r}) {{\n  ^bb0(%a: f32, %b: f32, %c: f32):\n    %m = arith.mulf %a, %b : f32\n"
        "    linalg.yield %m : f32\n  }} -> {r}",
    ),
    "map": (
        "4x6 4x6 -> 4x6",
        "linalg.map {{ arith.mulf }} ins(%x0, %x1 : {0}, {1}) outs(%f : {r})",
    ),
    "pack": (
        "7x12 -> 2x3x4x4",
        "linalg.pack %x0 padding_value(%zero : f32) inner_dims_pos = [0, 1] inner_tiles = [4, 4] "
        "into %f : {0} -> {r}",
    ),
    "reduce": (
        "4x6 -> 4",
        "linalg.reduce {{ arith.addf }} ins(%x0 : {0}) outs(%f : {r}) dimensions = [1]",
    ),
    "softmax": ("4x6 -> 4x6", "linalg.softmax dimension(1) ins(%x0 : {0}) outs(%f : {r}) -> {r}"),
    "transpose": ("4x6 -> 6x4", "linalg.transpose ins(%x0 : {0}) outs(%f : {r}) permutation = [1, 0]"),
    "unpack": (
        "2x3x4x4 -> 7x12",
        "linalg.unpack %x0 inner_dims_pos = [0, 1] inner_tiles = [4, 4] into %f : {0} -> {r}",
    ),
    "winograd_filter_transform": (
        "2x3x3x5 -> 6x6x5x2",
        "linalg.winograd_filter_transform fmr(F_4_3) ins(%x0 : {0}) outs(%f : {r}) -> {r}",
    ),
    "winograd_input_transform": (
        "2x10x10x5 -> 6x6x2x2x2x5",
        "linalg.winograd_input_transform fmr(F_4_3) ins(%x0 : {0}) outs(%f : {r}) -> {r}",
    ),
    "winograd_output_transform": (
        "6x6x2x2x2x3 -> 2x8x8x3",
        "linalg.winograd_output_transform fmr(F_4_3) ins(%x0 : {0}) outs(%f : {r}) -> {r}",
    ),
}


def ops_of_linalg(include):
    """Mnemonics of all ops that MLIR's TableGen files define."""
    names = set()
    files = glob.glob(os.path.join(include, "mlir", "Dialect", "Linalg", "IR", "*.td"))
    for file in files:
        with open(file) as f:
            names |= set(re.findall(r'^def \w+\s*:\s*Linalg\w*Op<"(\w+)"', f.read(), re.MULTILINE))
    if len(names) < 90:
        sys.exit(f"{include}: expected the TableGen files of MLIR's linalg")
    return sorted(names - PARTS)


def spell(shape):
    """A type of MLIR; a scalar stands for itself."""
    if not shape[0].isdigit():
        return shape
    return f"tensor<{shape}>" if re.search(r"[fi]\d+$", shape) else f"tensor<{shape}xf32>"


def prelude(number, type):
    """A step that makes operand `number`: positive, if it is a float."""
    element = re.search(r"([fi]\d+)>$", type)[1]
    lines = f"  %e{number} = tensor.empty() : {type}\n"
    body = {
        "f32": "%s = arith.mulf %v, %v : f32\n    %y = arith.addf %s, %half : f32",
        "i1": "%y = arith.xori %v, %true : i1",
    }.get(element, f"%one = arith.constant 1 : {element}\n    %y = arith.addi %v, %one : {element}")
    lines += f"  %x{number} = linalg.map ins(%a{number} : {type}) outs(%e{number} : {type}) (%v: {element}, %o: {element}) {{\n"
    return lines + f"    {body}\n    linalg.yield %y : {element}\n  }}\n"


def program(name):
    """A function that computes the operands, runs the op, and reads its result."""
    shapes, form = SPECIAL.get(name, (SHAPES.get(name), None))
    inputs, result = shapes.split(" -> ")
    inputs = [spell(s) for s in inputs.split()]
    result = "tensor<f32>" if result == "f32" else spell(result)
    element = re.search(r"[fi]\d+>$", result)[0][:-1]
    text = f"func.func @op_{name}({', '.join(f'%a{i}: {t}' for i, t in enumerate(inputs))}) -> {result} {{\n"
    text += f"  %zero = arith.constant {'0.0' if element[0] == 'f' else '0'} : {element}\n"
    text += "  %half = arith.constant 0.5 : f32\n  %true = arith.constant true\n"
    operands = []
    for i, type in enumerate(inputs):
        tensor = type.startswith("tensor")
        text += prelude(i, type) if tensor else ""
        operands.append(f"%x{i}" if tensor else f"%a{i}")
    text += f"  %e = tensor.empty() : {result}\n"
    text += f"  %f = linalg.fill ins(%zero : {element}) outs(%e : {result}) -> {result}\n"
    form = form or "linalg.{name} ins({operands} : {types}) outs(%f : {r}) -> {r}"
    op = form.format(*inputs, name=name, operands=", ".join(operands), types=", ".join(inputs), r=result)
    twice = "arith.addf" if element[0] == "f" else "arith.addi"
    text += f"  %r = {op}\n  %g = tensor.empty() : {result}\n"
    return text + f"  %t = linalg.map {{ {twice} }} ins(%r, %r : {result}, {result}) outs(%g : {result})\n  return %t : {result}\n}}\n"


def storages_of(name):
    """How many tensors of the program should be in fast memory, at least."""
    # fill and fill_rng_2d have no operand that is a tensor; a copy is removed.
    return 1 if name in ("fill", "fill_rng_2d", "copy") else 2


class Runner:
    def __init__(self, args):
        self.args = args

    def opt(self, text, *options):
        return run([self.args.opt, *options], text)

    def execute(self, text):
        command = [self.args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        command += [f"-shared-libs={self.args.libs}/libmlir_c_runner_utils.so", f"-shared-libs={self.args.runtime}"]
        checked = {"MEMPL_RUNTIME_CHECK": "1", "MEMPL_RUNTIME_COPY_LATENCY": "1e-4"}
        return run(command, self.opt(text, "--mempl-lower-to-cpu"), checked).split()


def without(args, names):
    """Those of the programs that do not lower by themselves, with the message."""
    for name in names:
        command = [args.opt, "--mempl-lower-to-cpu"]
        done = subprocess.run(command, input=program(name), capture_output=True, text=True)
        if done.returncode:
            print(f"linalg.{name}: NOT LOWERED: {done.stderr.splitlines()[:1]}")
            yield name


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("opt", "runner", "runtime", "libs", "include"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--keep", help="file for the programs")
    parser.add_argument("names", nargs="*", help="all if none")
    args = parser.parse_args()
    known = ops_of_linalg(args.include)
    missing = [name for name in known if name not in SHAPES and name not in SPECIAL]
    if missing:
        sys.exit(f"no program for linalg.{', linalg.'.join(missing)}")
    names = args.names or known
    bad = set(without(args, names))
    names = [name for name in names if name not in bad]

    runner = Runner(args)
    module = runner.opt("".join(program(name) for name in names))
    if args.keep:
        with open(args.keep, "w") as f:
            f.write(module)
    driver = driver_for(module)
    plain = runner.execute(with_driver(module, driver))
    everywhere = ["--mempl-prepare-lowering", PLACE]
    tiled = [[f"--mempl-tile-to-fit=target=tiny capacity={options}", PLACE] for options in ("128", "256 unroll=true")]
    for passes in [PLACE], everywhere, *tiled:
        placed = runner.opt(module, *passes)
        fast = runner.execute(with_driver(placed, driver))
        if len(plain) != len(names) or len(fast) != len(names):
            sys.exit(f"expected {len(names)} results, got {len(plain)} and {len(fast)}")
        functions = re.split(r"^  func\.func @", placed, flags=re.MULTILINE)[1:]
        for name, function, a, b in zip(names, functions, plain, fast):
            if a != b:
                print(f"linalg.{name}: DIFFERENT RESULTS: {a} {b}")
                bad.add(name)
            if function.count("mempl.alloc") < storages_of(name) and passes == everywhere:
                print(f"linalg.{name}: NOT PLACED")
                bad.add(name)
    print(f"{len(names) - len(bad & set(names))} ops of linalg placed, lowered and run")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
