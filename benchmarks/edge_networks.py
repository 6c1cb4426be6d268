#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks as edge devices run them, as linalg on tensors.

    edge_networks.py resnet50|mobilenetv2 [--type=i8|bf16] [--batch=1] [--size=224] > net.mlir

With i8, images and weights are int8, convolutions and matrix products sum in
i32, and what they give is scaled back by multipliers of 32 bits, as in
"Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference" (Jacob et al., 2018). Weights, biases and
multipliers are arguments. With bf16 it is the network of test/data/models with
another batch, and images have 224 x 224 points.
"""

import argparse
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")


def spell(shape, element):
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def identity(rank, *results):
    dims = ", ".join(f"d{i}" for i in range(rank))
    return f"affine_map<({dims}) -> ({', '.join(results) if results else dims})>"


class Builder:
    """The text of a function; a value is its name and its shape."""

    def __init__(self):
        self.lines, self.arguments, self.count = [], [], 0

    def new(self, text):
        self.count += 1
        self.lines.append(f"  %{self.count} = {text}")
        return f"%{self.count}"

    def argument(self, shape, element):
        name = f"%arg{len(self.arguments)}"
        self.arguments.append(f"{name}: {spell(shape, element)}")
        return name

    def filled(self, shape, element, constant):
        type = spell(shape, element)
        empty = self.new(f"tensor.empty() : {type}")
        return self.new(f"linalg.fill ins({constant} : {element}) outs({empty} : {type}) -> {type}")

    def generic(self, inputs, shape, body, element="i8"):
        """An op on every element; `inputs` are names, types and maps."""
        out = spell(shape, element)
        empty = self.new(f"tensor.empty() : {out}")
        maps = ", ".join([m for _, _, m in inputs] + [identity(len(shape))])
        kinds = ", ".join(['"parallel"'] * len(shape))
        names = [f"%in{i}" for i in range(len(inputs))]
        elements = [re.search(r"(\w+)>$", t)[1].split("x")[-1] for _, t, _ in inputs]
        block = ", ".join([f"{n}: {e}" for n, e in zip(names, elements)] + [f"%out: {element}"])
        return self.new(
            f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
            f"ins({', '.join(n for n, _, _ in inputs)} : {', '.join(t for _, t, _ in inputs)}) outs({empty} : {out}) {{\n"
            f"  ^bb0({block}):\n{body}    linalg.yield %y : {element}\n  }} -> {out}"
        )

    def padded(self, x, shape, low, high, constant):
        n, h, w, c = shape
        if low == high == 0:
            return x, shape
        result = (n, h + low + high, w + low + high, c)
        pad = self.new(
            f"tensor.pad {x} low[0, {low}, {low}, 0] high[0, {high}, {high}, 0] {{\n"
            f"  ^bb0(%i: index, %j: index, %k: index, %l: index):\n    tensor.yield {constant} : i8\n"
            f"  }} : {spell(shape, 'i8')} to {spell(result, 'i8')}"
        )
        return pad, result

    def scaled(self, sums, shape, relu):
        """Sums of 32 bits as bytes, with a bias and a multiplier by channel."""
        channel = identity(len(shape), f"d{len(shape) - 1}")
        column = spell(shape[-1:], "i32")
        bias, multiplier = self.argument(shape[-1:], "i32"), self.argument(shape[-1:], "i32")
        body = (
            "    %a = arith.addi %in0, %in1 : i32\n    %b = arith.extsi %a : i32 to i64\n"
            "    %c = arith.extsi %in2 : i32 to i64\n    %d = arith.muli %b, %c : i64\n"
            "    %e = arith.shrsi %d, %shift : i64\n    %f = arith.trunci %e : i64 to i32\n"
            f"    %g = arith.maxsi %f, {'%zero' if relu else '%least'} : i32\n"
            "    %h = arith.minsi %g, %most : i32\n    %y = arith.trunci %h : i32 to i8\n"
        )
        return self.generic(
            [(sums, spell(shape, "i32"), identity(len(shape))), (bias, column, channel), (multiplier, column, channel)],
            shape, body)

    def window(self, rows, kernel, stride):
        """Rows of the result, and of padding on both sides."""
        result = -(-rows // stride)
        total = max(0, (result - 1) * stride + kernel - rows)
        return result, total // 2, total - total // 2

    def conv(self, x, shape, channels, kernel=1, stride=1, relu=True, depthwise=False):
        out, low, high = self.window(shape[1], kernel, stride)
        x, padded = self.padded(x, shape, low, high, "%zero8")
        result = (shape[0], out, out, channels)
        sums = self.filled(result, "i32", "%zero")
        weights = (kernel, kernel, channels) if depthwise else (kernel, kernel, shape[3], channels)
        w = self.argument(weights, "i8")
        op = "depthwise_conv_2d_nhwc_hwc" if depthwise else "conv_2d_nhwc_hwcf"
        sums = self.new(
            f"linalg.{op} {{dilations = dense<1> : tensor<2xi64>, strides = dense<{stride}> : tensor<2xi64>}} "
            f"ins({x}, {w} : {spell(padded, 'i8')}, {spell(weights, 'i8')}) "
            f"outs({sums} : {spell(result, 'i32')}) -> {spell(result, 'i32')}"
        )
        return self.scaled(sums, result, relu), result

    def add(self, x, y, shape, relu):
        body = (
            "    %a = arith.extsi %in0 : i8 to i32\n    %b = arith.extsi %in1 : i8 to i32\n"
            "    %c = arith.addi %a, %b : i32\n"
            f"    %d = arith.maxsi %c, {'%zero' if relu else '%least'} : i32\n"
            "    %e = arith.minsi %d, %most : i32\n    %y = arith.trunci %e : i32 to i8\n"
        )
        operands = [(v, spell(shape, "i8"), identity(4)) for v in (x, y)]
        return self.generic(operands, shape, body)

    def largest(self, x, shape, kernel=3, stride=2):
        out, low, high = self.window(shape[1], kernel, stride)
        x, padded = self.padded(x, shape, low, high, "%least8")
        result = (shape[0], out, out, shape[3])
        init = self.filled(result, "i8", "%least8")
        window = self.new(f"tensor.empty() : {spell((kernel, kernel), 'i8')}")
        return self.new(
            f"linalg.pooling_nhwc_max {{dilations = dense<1> : tensor<2xi64>, strides = dense<{stride}> : tensor<2xi64>}} "
            f"ins({x}, {window} : {spell(padded, 'i8')}, {spell((kernel, kernel), 'i8')}) "
            f"outs({init} : {spell(result, 'i8')}) -> {spell(result, 'i8')}"
        ), result

    def classes(self, x, shape, number=1000):
        """The mean of every channel, and a matrix product."""
        means = (shape[0], shape[3])
        sums = self.filled(means, "i32", "%zero")
        maps = f"{identity(4)}, {identity(4, 'd0', 'd3')}"
        sums = self.new(
            f"linalg.generic {{indexing_maps = [{maps}], "
            'iterator_types = ["parallel", "reduction", "reduction", "parallel"]} '
            f"ins({x} : {spell(shape, 'i8')}) outs({sums} : {spell(means, 'i32')}) {{\n"
            "  ^bb0(%in: i8, %out: i32):\n    %a = arith.extsi %in : i8 to i32\n"
            "    %b = arith.addi %a, %out : i32\n    linalg.yield %b : i32\n"
            f"  }} -> {spell(means, 'i32')}"
        )
        x = self.scaled(sums, means, relu=False)
        result = (shape[0], number)
        w = self.argument((shape[3], number), "i8")
        return self.new(
            f"linalg.matmul ins({x}, {w} : {spell(means, 'i8')}, {spell((shape[3], number), 'i8')}) "
            f"outs({self.filled(result, 'i32', '%zero')} : {spell(result, 'i32')}) -> {spell(result, 'i32')}"
        ), result

    def function(self, name, result, shape):
        constants = [("zero", "i32", 0), ("least", "i32", -128), ("most", "i32", 127), ("shift", "i64", 16),
                     ("zero8", "i8", 0), ("least8", "i8", -128)]
        head = "".join(f"  %{n} = arith.constant {v} : {t}\n" for n, t, v in constants)
        type = spell(shape, "i32")
        body = "\n".join(self.lines)
        return f"func.func @{name}({', '.join(self.arguments)}) -> {type} {{\n{head}{body}\n  return {result} : {type}\n}}\n"


def resnet50(batch, size):
    b = Builder()
    shape = (batch, size, size, 3)
    x, shape = b.conv(b.argument(shape, "i8"), shape, 64, kernel=7, stride=2)
    x, shape = b.largest(x, shape)
    for stage, blocks in enumerate([3, 4, 6, 3]):
        for block in range(blocks):
            channels, stride = 64 << stage, 2 if stage and not block else 1
            y, inner = b.conv(x, shape, channels)
            y, inner = b.conv(y, inner, channels, kernel=3, stride=stride)
            y, inner = b.conv(y, inner, 4 * channels, relu=False)
            if not block:
                x, shape = b.conv(x, shape, 4 * channels, stride=stride, relu=False)
            x = b.add(x, y, shape, relu=True)
    return b, *b.classes(x, shape)


def mobilenetv2(batch, size):
    b = Builder()
    shape = (batch, size, size, 3)
    x, shape = b.conv(b.argument(shape, "i8"), shape, 32, kernel=3, stride=2)
    for expand, channels, blocks, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                             (6, 160, 3, 2), (6, 320, 1, 1)]:
        for block in range(blocks):
            y, inner, hidden = x, shape, expand * shape[3]
            if expand > 1:
                y, inner = b.conv(y, inner, hidden)
            y, inner = b.conv(y, inner, hidden, kernel=3, stride=1 if block else stride, depthwise=True)
            y, inner = b.conv(y, inner, channels, relu=False)
            x, shape = (b.add(x, y, shape, relu=False) if inner == shape else y), inner
    return b, *b.classes(*b.conv(x, shape, 1280))


def int8(name, batch, size):
    """The text of the network in int8."""
    builder, result, shape = {"resnet50": resnet50, "mobilenetv2": mobilenetv2}[name](batch, size)
    return builder.function(f"{name}_i8_b{batch}", result, shape)


def with_batch(name, batch):
    """The text of a network of test/data/models, with another batch."""
    path = sorted(glob.glob(f"{MODELS}/{name}_b*.mlir"))[0]
    before = re.search(r"_b(\d+)\.mlir$", path)[1]
    with open(path) as f:
        # A dimension of its own is a number of channels.
        text = re.sub(rf"tensor<{before}x(?=\d)", f"tensor<{batch}x", f.read())
    return text.replace(f"@{name}_b{before}", f"@{name}_b{batch}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("network", choices=["resnet50", "mobilenetv2"])
    parser.add_argument("--type", choices=["i8", "bf16"], default="i8")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, default=224, help="rows and columns of an image, with i8")
    args = parser.parse_args()
    if args.type == "bf16":
        print(with_batch(args.network, args.batch), end="")
    else:
        print(int8(args.network, args.batch, args.size), end="")


if __name__ == "__main__":
    main()
