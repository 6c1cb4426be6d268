#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tiled networks: predicted and measured latency, and bytes moved beside what must move.

    tiles.py --bin=build/release/bin [--networks=a,b] [--solvers=none,greedy,search]
             [--capacity=8KiB] [--repeats=5] [--real-time] [--write=docs/runtime.md]
    tiles.py --bin=build/release/bin --layers=trace.json [--check]

The networks of runtime.py, measured as there, but with `mempl-tile-to-fit` before
placement and less fast memory, so that their tensors do not fit. Networks that are
not tiled are left out.

Then a matrix product and a convolution: the bytes that each moves to and from
slow memory when it runs, as it is and tiled, beside the fewest that any order of
its arithmetic can move with this much fast memory.

At last a stack of layers in a loop, whose weights come in by layer, on an h100-host
of which all rates are a ten-thousandth: how much of them moves while steps run.
With --layers only that, and the file is its trace; --check exits with 1 unless it
is at least half, on whatever machine, and loops carry copies.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile

from runtime import MODELS, TARGET, Network, overlap, run, spearman, throttle

HEADING = "## Tiled"
NETWORKS = "mlp_small,resnet_small,mobilenet_small,transformer_small,gpt_prefill_small,alphatensor_small"


class TiledNetwork(Network):
    """A network that is tiled for a capacity before it is prepared."""

    def __init__(self, args, work, name):
        super().__init__(args, work, name)
        whole, self.prepared = self.prepared, f"{work}/{name}.tiled.mlir"
        tile = f"mempl-tile-to-fit{{target={TARGET} capacity={args.capacity}}}"
        passes = f"builtin.module(func.func(linalg-fuse-elementwise-ops),canonicalize,{tile},canonicalize,mempl-prepare)"
        run([self.opt, f"{MODELS}/{name}.mlir", f"--pass-pipeline={passes}", "-o", self.prepared])
        self.loops = loops_in(self.prepared) - loops_in(whole)


def loops_in(path):
    with open(path, encoding="utf-8") as f:
        return f.read().count("scf.for")


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
        if network.loops <= 0:
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


# A matrix product and a convolution of 3 x 3 whose tensors are many times the
# fast memory, as they are and in tiles that leave room for the next ones.
WORDS = 4096
SIZE, TILE, DEPTH = 240, 48, 8
IMAGE, CHANNELS, FILTERS, ROWS, SOME = 32, 16, 64, 4, 2


def matrix(rows, columns):
    return f"tensor<{rows}x{columns}xf32>"


def slice_of(name, source, of, offsets, sizes, result):
    text = f"[{', '.join(offsets)}] [{', '.join(map(str, sizes))}] [{', '.join('1' for _ in sizes)}]"
    return f"%{name} = tensor.extract_slice %{source}{text} : {of} to {result}"


def filled(name, out, type):
    return f"%{name} = linalg.fill ins(%zero : f32) outs(%{out} : {type}) -> {type}"


def loop(iv, last, step, carried, type, body, result):
    """A loop that carries one tensor; `body` ends with its yield."""
    return f"""%{result} = scf.for %{iv} = %c0 to %c{last} step %c{step} iter_args(%{carried}) -> ({type}) {{
{body}
}}"""


def product(tiled):
    whole, tile = matrix(SIZE, SIZE), matrix(TILE, TILE)
    left, right = matrix(TILE, DEPTH), matrix(DEPTH, TILE)
    if not tiled:
        body = filled("z", "e", whole) + f"""
%r = linalg.matmul ins(%a, %b : {whole}, {whole}) outs(%z : {whole}) -> {whole}"""
    else:
        inner = f"""
{slice_of("sa", "a", whole, ["%i", "%k"], [TILE, DEPTH], left)}
{slice_of("sb", "b", whole, ["%k", "%j"], [DEPTH, TILE], right)}
%m = linalg.matmul ins(%sa, %sb : {left}, {right}) outs(%t : {tile}) -> {tile}
scf.yield %m : {tile}"""
        middle = f"""
{slice_of("se", "y", whole, ["%i", "%j"], [TILE, TILE], tile)}
{filled("sz", "se", tile)}
{loop("k", SIZE, DEPTH, "t = %sz", tile, inner, "p")}
%q = tensor.insert_slice %p into %y[%i, %j] [{TILE}, {TILE}] [1, 1] : {tile} into {whole}
scf.yield %q : {whole}"""
        outer = f"""
{loop("j", SIZE, TILE, "y = %x", whole, middle, "n")}
scf.yield %n : {whole}"""
        body = loop("i", SIZE, TILE, "x = %e", whole, outer, "r")
    return (whole, whole), whole, body


def convolution(tiled):
    image, filters = f"tensor<1x{IMAGE + 2}x{IMAGE + 2}x{CHANNELS}xf32>", f"tensor<3x3x{CHANNELS}x{FILTERS}xf32>"
    whole = f"tensor<1x{IMAGE}x{IMAGE}x{FILTERS}xf32>"

    def convolve(image, filters, out, into, types):
        return (
            "%" + into + " = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : "
            f"tensor<2xi64>}} ins(%{image}, %{filters} : {types[0]}, {types[1]}) outs(%{out} : {types[2]}) -> {types[2]}"
        )

    if not tiled:
        body = filled("z", "e", whole) + "\n" + convolve("a", "b", "z", "r", (image, filters, whole))
        return (image, filters), whole, body
    rows = f"tensor<1x{ROWS + 2}x{IMAGE + 2}x{CHANNELS}xf32>"
    some, tile = f"tensor<3x3x{CHANNELS}x{SOME}xf32>", f"tensor<1x{ROWS}x{IMAGE}x{SOME}xf32>"
    at, sizes = ["0", "%i", "0", "%j"], [1, ROWS, IMAGE, SOME]
    inner = f"""
{slice_of("sb", "b", filters, ["0", "0", "0", "%j"], [3, 3, CHANNELS, SOME], some)}
{slice_of("se", "y", whole, at, sizes, tile)}
{filled("sz", "se", tile)}
{convolve("sa", "sb", "sz", "m", (rows, some, tile))}
%q = tensor.insert_slice %m into %y[{", ".join(at)}] [{", ".join(map(str, sizes))}] [1, 1, 1, 1] : {tile} into {whole}
scf.yield %q : {whole}"""
    outer = f"""
{slice_of("sa", "a", image, ["0", "%i", "0", "0"], [1, ROWS + 2, IMAGE + 2, CHANNELS], rows)}
{loop("j", FILTERS, SOME, "y = %x", whole, inner, "n")}
scf.yield %n : {whole}"""
    return (image, filters), whole, loop("i", IMAGE, ROWS, "x = %e", whole, outer, "r")


def function(arguments, result, body):
    numbers = sorted({0, SIZE, TILE, DEPTH, IMAGE, FILTERS, ROWS, SOME})
    constants = "\n".join(f"%c{n} = arith.constant {n} : index" for n in numbers)
    return f"""func.func @op(%a: {arguments[0]}, %b: {arguments[1]}) -> {result} {{
{constants}
%zero = arith.constant 0.0 : f32
%e = tensor.empty() : {result}
{body}
return %r : {result}
}}
"""


OPS = {
    f"matrix product, {SIZE} x {SIZE} x {SIZE}": product,
    f"convolution, {IMAGE} x {IMAGE}, 3 x 3, {CHANNELS} to {FILTERS} channels": convolution,
}


def least_bytes(op):
    """Bytes of the op's tensors, and the fewest that it moves with WORDS floats of fast memory: at least each
    tensor once. The product: 2 m n k / sqrt(S) - 2 S words (Smith, Lowery, Langou, van de Geijn 2019). The
    convolution: 2 G / sqrt(w h S) - 2 S words for G products and filters of w x h (Chen, Demmel, Dinh, Haberle,
    Holtz 2022), of which the other is the case of 1 x 1."""
    if op is product:
        tensors, products, window = 3 * SIZE**2, SIZE**3, 1
    else:
        tensors = (IMAGE + 2) ** 2 * CHANNELS + 9 * CHANNELS * FILTERS + IMAGE**2 * FILTERS
        products, window = IMAGE**2 * FILTERS * 9 * CHANNELS, 9
    return 4 * tensors, 4 * max(tensors, 2 * products / math.sqrt(window * WORDS) - 2 * WORDS)


class Op(Network):
    """A function of tensors, in place of a network."""

    def __init__(self, args, work, arguments, result, text):
        self.args, self.work, self.name = args, work, "op"
        self.profile = f"{work}/op.profile.json"
        self.opt = os.path.join(args.bin, "mempl-opt")
        self.libraries = [
            os.path.join(args.libs, "libmlir_c_runner_utils.so"),
            os.path.join(args.bin, "..", "lib", "libmempl_runtime.so"),
        ]
        self.arguments, self.result = arguments, result
        self.prepared = f"{work}/op.mlir"
        with open(self.prepared, "w", encoding="utf-8") as f:
            f.write(text)

    def driver(self, repeats):
        names = [f"%a{i}" for i in range(len(self.arguments))]
        constants = "\n".join(f"{n} = arith.constant dense<0.0> : {t}" for n, t in zip(names, self.arguments))
        call = f"func.call @op({', '.join(names)}) : ({', '.join(self.arguments)}) -> {self.result}\n"
        calls = "".join(f"%r{i} = {call}" for i in range(repeats))
        return f"func.func @main() {{\n{constants}\n{calls}return\n}}\n"


def rooflines(args, work):
    lines = [
        "| op | its tensors | must move | whole | in tiles | in tiles / must move |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, op in OPS.items():
        moved = []
        for tiled in (False, True):
            arguments, result, body = op(tiled)
            program = Op(args, work, arguments, result, function(arguments, result, body))
            program.place(args.solvers.split(",")[-1], profile=False, more=f"capacity={4 * WORDS}")
            moved.append(traffic(program.execute(1, {}, f"{work}/op.trace")))
        tensors, least = least_bytes(op)
        kib = [f"{value / 1024:.0f}" for value in (tensors, least, *moved)]
        lines.append(f"| {name} | {' | '.join(kib)} | {moved[1] / least:.2f} |")
        print(lines[-1], flush=True)
    return lines


# A stack of layers: a product with weights of their own, of 16 KiB, and two with
# weights that they share.
LAYERS, WIDTH, BATCH = 24, 64, 128
SCALE = 1e-4


def scaled_host(work):
    """An h100-host with 192 KiB of fast memory, all rates SCALE times as high."""
    path = os.path.join(work, "slow-host.json")
    with open(os.path.join(os.path.dirname(TARGET), "h100-host.json"), encoding="utf-8") as f:
        target = json.load(f)
    target["name"] = "slow-host"
    machine = target["machine"]
    machine["fast"]["capacity"] = 192 << 10
    for memory in ("fast", "slow", "copy"):
        machine[memory]["bandwidth"] *= SCALE
    with open(path, "w", encoding="utf-8") as f:
        json.dump(target, f)
    return path


def stack():
    weights, x, w = f"tensor<{LAYERS}x{WIDTH}x{WIDTH}xf32>", matrix(BATCH, WIDTH), matrix(WIDTH, WIDTH)
    products = ""
    for number, (left, right) in enumerate((("y", "s"), ("m0", "u"), ("m1", "u"))):
        products += f"""
%e{number} = tensor.empty() : {x}
{filled(f"z{number}", f"e{number}", x)}
%m{number} = linalg.matmul ins(%{left}, %{right} : {x}, {w}) outs(%z{number} : {x}) -> {x}"""
    text = f"""func.func @op(%a: {weights}, %u: {w}, %b: {x}) -> {x} {{
%c0 = arith.constant 0 : index
%c1 = arith.constant 1 : index
%last = arith.constant {LAYERS} : index
%zero = arith.constant 0.0 : f32
%r = scf.for %i = %c0 to %last step %c1 iter_args(%y = %b) -> {x} {{
{slice_of("s", "a", weights, ["%i", "0", "0"], [1, WIDTH, WIDTH], w)}
{products}
scf.yield %m2 : {x}
}}
return %r : {x}
}}
"""
    return (weights, w, x), x, text


def layers(args, work):
    """Runs the stack; returns lines about it, the share of the weights that is hidden, and the copies that loops
    carry."""
    program = Op(args, work, *stack())
    program.target = scaled_host(work)
    program.measure_profile()
    predicted = program.place(args.solvers.split(",")[-1])
    carried = program.placed.count("copy_start_carried ")
    trace = args.layers or f"{work}/layers.trace"
    events = program.execute(args.repeats + 1, throttle(program.target), trace)
    measured = statistics.median(e["dur"] * 1e-6 for e in events if e["cat"] == "function")
    # Not what comes in before the loop.
    share, _ = overlap([e for e in events if e["cat"] != "copy" or e["args"]["carried"]])
    line = f"{predicted * 1e3:.1f} ms predicted, {measured * 1e3:.1f} measured; {share:.1%} of the weights move while steps run"
    print(f"{LAYERS} layers: {line}; {carried} copies are carried by the loop", flush=True)
    return line, share, carried


PREFACE = """{heading}

The same with `mempl-tile-to-fit` before placement, and {capacity} of fast memory, so that tensors do not fit: loops over
slices, with copies of slices, and copies that loops carry from one trip into the next. Made by

<!-- not run: the machine has to be idle -->
```sh
{command}
```

"""

BOUNDS = """
Steps are shorter here than above, and many more run: the time between them, which nobody predicts, is a larger part, and
larger still where the machine does other things as well.

Bytes that a matrix product and a convolution move to and from slow memory when they run, in KiB: placed whole and in
tiles that are written by hand, by {solver}. Beside them what any order of the arithmetic has to move with this much
fast memory, 16 KiB. An op that reads slow memory counts each of its operands once, as the runtime and the simulator
have it: placed whole, an op may seem to move less than it must, for no machine has such an order. Tiles in fast memory
are real: for the product 2 m n k / sqrt(S) - 2 S words, where S is the number of words in fast memory (Hong and Kung
1981 for the form, [Smith, Lowery, Langou, van de Geijn 2019](https://arxiv.org/abs/1702.02017) for the constant); for
the convolution 2 G / sqrt(w h S) - 2 S, where G is the number of products and the filter is w x h ([Chen, Demmel, Dinh,
Haberle, Holtz 2022](https://arxiv.org/abs/2204.08279)); for both at least every tensor once.

"""

LAYERS_TEXT = """
Weights by layer: a loop over {layers} layers, whose weights are slices of one tensor in slow memory, on an h100-host of
which all rates are a ten-thousandth. The weights of the next layer come in during this one:
{line}.
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib", help="the folder of MLIR's runner libraries")
    parser.add_argument("--networks", default=NETWORKS)
    parser.add_argument("--solvers", default="none,greedy,search")
    parser.add_argument("--capacity", default="8KiB")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", default="2000")
    parser.add_argument("--real-time", action="store_true")
    parser.add_argument("--layers", default="", help="file for a trace of a stack of layers; nothing else is run")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", default="", help="a page: what it has under this heading is replaced")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if args.layers:
            _, share, carried = layers(args, work)
            sys.exit(args.check and (share < 0.5 or carried == 0))
        tables = latencies(args, work), rooflines(args, work), layers(args, work)
    command = " ".join(["benchmarks/tiles.py", *sys.argv[1:]])
    text = PREFACE.format(heading=HEADING, capacity=args.capacity.replace("KiB", " KiB"), command=command)
    text += "\n".join(tables[0]) + "\n" + BOUNDS.format(solver=args.solvers.split(",")[-1]) + "\n".join(tables[1]) + "\n"
    text += LAYERS_TEXT.format(layers=LAYERS, line=tables[2][0])
    if args.write:
        with open(args.write, encoding="utf-8") as f:
            before = f.read().split(f"\n{HEADING}\n")[0].rstrip("\n")
        with open(args.write, "w", encoding="utf-8") as f:
            f.write(f"{before}\n\n{text}")
    else:
        print(text)


if __name__ == "__main__":
    main()
