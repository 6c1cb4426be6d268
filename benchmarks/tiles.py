#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tiled networks: predicted and measured latency, and bytes moved beside what must move.

    tiles.py --bin=build/release/bin [--networks=a,b] [--solvers=none,greedy,search]
             [--capacity=16KiB] [--repeats=5] [--real-time] [--write=docs/runtime.md]

The networks of runtime.py, measured as there, but with `mempl-tile-to-fit` before
placement and less fast memory, so that their tensors do not fit. Networks that are
not tiled are left out.

Then a matrix product and a convolution: the bytes that each moves to and from
slow memory when it runs, as it is and tiled, beside the fewest that any order of
its arithmetic can move with this much fast memory.
"""

import argparse
import math
import os
import re
import sys
import tempfile

from runtime import NETWORKS, TARGET, Network, run, spearman

HEADING = "## Tiled"


def bytes_of(size):
    number, unit = re.fullmatch(r"(\d+)(KiB|MiB|)", size).groups()
    return int(number) << {"": 0, "KiB": 10, "MiB": 20}[unit]


class TiledNetwork(Network):
    """A network that is tiled for a capacity before it is placed."""

    def __init__(self, args, work, name):
        super().__init__(args, work, name)
        tile = f"mempl-tile-to-fit{{target={TARGET} capacity={args.capacity}}}"
        whole = self.prepared
        self.prepared = f"{work}/{name}.tiled.mlir"
        passes = f"builtin.module({tile},canonicalize,mempl-prepare)"
        run([self.opt, whole, f"--pass-pipeline={passes}", "-o", self.prepared])
        with open(self.prepared, encoding="utf-8") as f:
            self.loops = f.read().count("scf.for")


def traffic(events):
    """Bytes to and from slow memory, by steps and by copies."""
    steps = sum(e["args"]["slow bytes"] for e in events if e["cat"] == "step")
    return steps + sum(e["args"]["bytes"] for e in events if e["cat"] == "copy")


def latencies(args, work):
    lines = [
        "| network | loops | solver | copies, carried | predicted | measured | measured / predicted |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    relative, networks = ([], []), 0
    for name in args.networks.split(","):
        network = TiledNetwork(args, work, name)
        if network.loops == 0:
            print(f"{name}: not tiled")
            continue
        network.measure_profile()
        networks += 1
        predicted, measured, known = [], [], {}
        for solver in args.solvers.split(","):
            predicted.append(network.place(solver, more=f"capacity={args.capacity}"))
            if network.placed not in known:
                known[network.placed] = network.measure()
            measured.append(known[network.placed])
            copies, carried = (network.placed.count(f"copy_start{kind} ") for kind in ("", "_carried"))
            lines.append(
                f"| {name} | {network.loops} | {solver} | {copies + carried}, {carried} | {predicted[-1] * 1e3:.2f} | "
                f"{measured[-1] * 1e3:.2f} | {measured[-1] / predicted[-1]:.3f} |"
            )
            print(lines[-1], flush=True)
        for values, into in ((predicted, relative[0]), (measured, relative[1])):
            into += [value / values[0] for value in values]
    lines += [
        "",
        f"Spearman correlation of the {len(relative[0])} latencies of {networks} networks, each relative to the first",
        f"solver of its network: {spearman(*relative):.3f}.",
    ]
    return lines


# A matrix product and a convolution of 3 x 3, whose tensors are many times the
# fast memory.
SIZE = 256
IMAGE, CHANNELS, FILTERS = 32, 32, 64
OPS = {
    f"matrix product, {SIZE} x {SIZE} x {SIZE}": f"""
func.func @op(%a: tensor<{SIZE}x{SIZE}xf32>, %b: tensor<{SIZE}x{SIZE}xf32>) -> tensor<{SIZE}x{SIZE}xf32> {{
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<{SIZE}x{SIZE}xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<{SIZE}x{SIZE}xf32>) -> tensor<{SIZE}x{SIZE}xf32>
  %r = linalg.matmul ins(%a, %b : tensor<{SIZE}x{SIZE}xf32>, tensor<{SIZE}x{SIZE}xf32>)
      outs(%z : tensor<{SIZE}x{SIZE}xf32>) -> tensor<{SIZE}x{SIZE}xf32>
  return %r : tensor<{SIZE}x{SIZE}xf32>
}}
""",
    f"convolution, {IMAGE} x {IMAGE}, 3 x 3, {CHANNELS} to {FILTERS} channels": f"""
func.func @op(%a: tensor<1x{IMAGE + 2}x{IMAGE + 2}x{CHANNELS}xf32>, %b: tensor<3x3x{CHANNELS}x{FILTERS}xf32>)
    -> tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32> {{
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>)
      -> tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>
  %r = linalg.conv_2d_nhwc_hwcf {{dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}}
      ins(%a, %b : tensor<1x{IMAGE + 2}x{IMAGE + 2}x{CHANNELS}xf32>, tensor<3x3x{CHANNELS}x{FILTERS}xf32>)
      outs(%z : tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>) -> tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>
  return %r : tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>
}}
""",
}


def least_bytes(product, words):
    """The fewest bytes that the op moves with `words` floats of fast memory, and those of its tensors: at least
    each tensor once. The product: 2 m n k / sqrt(S) - 2 S words (Smith, Lowery, Langou, van de Geijn 2019). The
    convolution: 2 G / sqrt(w h S) - 2 S words for G products and filters of w x h (Chen, Demmel, Dinh, Haberle,
    Holtz 2022), of which the other is the case of 1 x 1."""
    if product:
        tensors, products, window = 3 * SIZE**2, SIZE**3, 1
    else:
        tensors = (IMAGE + 2) ** 2 * CHANNELS + 9 * CHANNELS * FILTERS + IMAGE**2 * FILTERS
        products, window = IMAGE**2 * FILTERS * 9 * CHANNELS, 9
    bound = 2 * products / math.sqrt(window * words) - 2 * words
    return 4 * max(tensors, bound), 4 * tensors


def call_of(text):
    """A main that calls @op with tensors of zeros."""
    shapes = re.findall(r"%[ab]: (tensor<[^>]*>)", text)
    result = re.search(r"-> (tensor<[^>]*>) \{", text)[1]
    lines = [f"  %{n} = arith.constant dense<0.0> : {shape}" for n, shape in zip("ab", shapes)]
    return "\n".join(
        ["func.func @main() {", *lines, f"  %r = call @op(%a, %b) : ({', '.join(shapes)}) -> {result}", "  return\n}\n"]
    )


class Op(Network):
    """One of OPS, in place of a network."""

    def __init__(self, args, work, text, tiled):
        self.args, self.work, self.name, self.text = args, work, "op", text
        self.opt = os.path.join(args.bin, "mempl-opt")
        self.libraries = [
            os.path.join(args.libs, "libmlir_c_runner_utils.so"),
            os.path.join(args.bin, "..", "lib", "libmempl_runtime.so"),
        ]
        self.prepared = f"{work}/op.mlir"
        with open(self.prepared, "w", encoding="utf-8") as f:
            f.write(text)
        if tiled:
            tile = f"mempl-tile-to-fit{{target={TARGET} capacity={args.capacity}}}"
            run([self.opt, self.prepared, f"--pass-pipeline=builtin.module({tile})", "-o", self.prepared])

    def driver(self, repeats):
        return call_of(self.text)


def rooflines(args, work):
    words = bytes_of(args.capacity) // 4
    lines = [
        "| op | its tensors | must move | whole | tiled | tiled / must move |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, (name, text) in enumerate(OPS.items()):
        moved = []
        for tiled in (False, True):
            op = Op(args, work, text, tiled)
            op.place(args.solvers.split(",")[-1], profile=False, more=f"capacity={args.capacity}")
            moved.append(traffic(op.execute(1, {}, f"{work}/op.trace")))
        least, tensors = least_bytes(number == 0, words)
        kib = [f"{value / 1024:.0f}" for value in (tensors, least, *moved)]
        lines.append(f"| {name} | {' | '.join(kib)} | {moved[1] / least:.2f} |")
        print(lines[-1], flush=True)
    return lines


PREFACE = """{heading}

The same with `mempl-tile-to-fit` before placement, and {capacity} of fast memory, so that tensors do not fit: loops over
slices, with copies of slices, and copies that loops carry from one trip into the next. Made by

<!-- not run: the machine has to be idle -->
```sh
{command}
```

"""

BOUNDS = """
Bytes that a matrix product and a convolution move to and from slow memory when they run, in KiB: placed whole, and tiled
to fit and placed by {solver}. Beside them what any order of the arithmetic has to move with this much fast memory: for
the product 2 m n k / sqrt(S) - 2 S words, where S is the number of words in fast memory (Hong and Kung 1981 for the form,
[Smith, Lowery, Langou, van de Geijn 2019](https://arxiv.org/abs/1702.02017) for the constant); for the convolution 2 G /
sqrt(w h S) - 2 S, where G is the number of products and the filter is w x h ([Chen, Demmel, Dinh, Haberle, Holtz
2022](https://arxiv.org/abs/2204.08279)); for both at least every tensor once.

"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib", help="the folder of MLIR's runner libraries")
    parser.add_argument("--networks", default=NETWORKS)
    parser.add_argument("--solvers", default="none,greedy,search")
    parser.add_argument("--capacity", default="16KiB")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", default="2000")
    parser.add_argument("--real-time", action="store_true")
    parser.add_argument("--write", default="", help="a page: what it has under this heading is replaced")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        tables = latencies(args, work), rooflines(args, work)
    command = " ".join(["benchmarks/tiles.py", *sys.argv[1:]])
    text = PREFACE.format(heading=HEADING, capacity=args.capacity.replace("KiB", " KiB"), command=command)
    text += "\n".join(tables[0]) + "\n" + BOUNDS.format(solver=args.solvers.split(",")[-1]) + "\n".join(tables[1]) + "\n"
    if args.write:
        with open(args.write, encoding="utf-8") as f:
            before = f.read().split(f"\n{HEADING}\n")[0].rstrip("\n")
        with open(args.write, "w", encoding="utf-8") as f:
            f.write(f"{before}\n\n{text}")
    else:
        print(text)


if __name__ == "__main__":
    main()
