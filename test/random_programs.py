#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places random programs and runs them: the results must be those of before.

    random_programs.py --opt=mempl-opt --runner=mlir-runner --libs=FOLDER
                       [--programs=20] [--seed=0] [--keep=FOLDER]

A program is a function of three tensors that mixes elementwise ops (some in
place of an operand that others read later), slices, insertions, reshapes,
padding, gathers, loops that update or hand on tensors, and conditionals, and
returns what is left. Each is placed for a random capacity by a random policy,
and run like the networks of run_placed.py.
"""

import argparse
import os
import random
import sys

from run_placed import BUFFERIZE, LOWER, run, unwrap, use_arena

SHAPES = [(8, 8), (4, 16), (64,), (4, 8), (16,)]


def spell(shape):
    return f"tensor<{'x'.join(map(str, shape))}xf32>"


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.count, self.indent = [], 0, "  "

    def fresh(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, line):
        self.lines.append(self.indent + line)

    def pick(self, pool, shape=None):
        options = [v for v in pool if shape is None or v[1] == shape]
        return self.random.choice(options) if options else None

    def empty(self, shape):
        name = self.fresh()
        self.emit(f"{name} = tensor.empty() : {spell(shape)}")
        return name, shape

    def combine(self, pool):
        """The mean of two tensors, into a new one or over one of them."""
        a = self.pick(pool)
        b = self.pick(pool, a[1])
        out = self.random.choice([a, b, None, None]) or self.empty(a[1])
        name = self.fresh()
        maps = ", ".join([f"#id{len(a[1])}"] * 3)
        kinds = ", ".join(['"parallel"'] * len(a[1]))
        t = spell(a[1])
        self.emit(f"{name} = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
                  f"ins({a[0]}, {b[0]} : {t}, {t}) outs({out[0]} : {t}) {{")
        self.emit("^bb0(%x: f32, %y: f32, %o: f32):")
        self.emit("  %s = arith.addf %x, %y : f32")
        self.emit("  %m = arith.mulf %s, %half : f32")
        self.emit("  linalg.yield %m : f32")
        self.emit(f"}} -> {t}")
        pool.append((name, a[1]))

    def slice(self, pool):
        a = self.pick(pool)
        sizes = tuple(self.random.choice([n, max(1, n // 2)]) for n in a[1])
        offsets = tuple(self.random.randint(0, n - s) for n, s in zip(a[1], sizes))
        name = self.fresh()
        self.emit(f"{name} = tensor.extract_slice {a[0]}{list(offsets)} {list(sizes)} {[1] * len(sizes)} : "
                  f"{spell(a[1])} to {spell(sizes)}")
        if self.random.random() < 0.5:
            return pool.append((name, sizes))
        # Changed and put back, into the same tensor or into a copy of its past.
        inner = [(name, sizes)]
        self.combine(inner)
        target = self.pick(pool, a[1]) if self.random.random() < 0.3 else a
        back = self.fresh()
        self.emit(f"{back} = tensor.insert_slice {inner[-1][0]} into {target[0]}{list(offsets)} {list(sizes)} "
                  f"{[1] * len(sizes)} : {spell(sizes)} into {spell(a[1])}")
        pool.append((back, a[1]))

    def reshape(self, pool):
        a = self.pick(pool)
        name = self.fresh()
        if len(a[1]) == 2:
            to = (a[1][0] * a[1][1],)
            self.emit(f"{name} = tensor.collapse_shape {a[0]} [[0, 1]] : {spell(a[1])} into {spell(to)}")
        else:
            rows = self.random.choice([d for d in (1, 2, 4) if a[1][0] % d == 0])
            to = (rows, a[1][0] // rows)
            self.emit(f"{name} = tensor.expand_shape {a[0]} [[0, 1]] output_shape {list(to)} : "
                      f"{spell(a[1])} into {spell(to)}")
        pool.append((name, to))

    def pad(self, pool):
        a = self.pick(pool)
        if len(a[1]) != 2 or a[1][0] > 16:
            return
        to = (a[1][0] + 1, a[1][1])
        name = self.fresh()
        self.emit(f"{name} = tensor.pad {a[0]} low[0, 0] high[1, 0] {{")
        self.emit("^bb0(%i: index, %j: index):")
        self.emit("  tensor.yield %half : f32")
        self.emit(f"}} : {spell(a[1])} to {spell(to)}")
        pool.append((name, to))

    def gather(self, pool):
        table = self.pick([v for v in pool if len(v[1]) == 1])
        if not table:
            return
        out = self.empty((16,))
        name = self.fresh()
        self.emit(f"{name} = linalg.generic {{indexing_maps = [#id1], iterator_types = [\"parallel\"]}} "
                  f"outs({out[0]} : {spell((16,))}) {{")
        self.emit("^bb0(%o: f32):")
        self.emit("  %i = linalg.index 0 : index")
        self.emit(f"  %n = arith.constant {table[1][0]} : index")
        self.emit("  %j = arith.remui %i, %n : index")
        self.emit(f"  %e = tensor.extract {table[0]}[%j] : {spell(table[1])}")
        self.emit("  linalg.yield %e : f32")
        self.emit(f"}} -> {spell((16,))}")
        pool.append((name, (16,)))

    def loop(self, pool):
        a = self.pick(pool)
        name, carried = self.fresh(), self.fresh()
        t = spell(a[1])
        self.emit(f"{name} = scf.for %trip{self.count} = %c0 to %c{self.random.choice([1, 3])} step %c1 iter_args({carried} = {a[0]}) -> ({t}) {{")
        inner = list(pool) + [(carried, a[1])]
        self.body(inner, self.random.randint(1, 4))
        result = self.pick(inner[len(pool):], a[1])
        self.emit(f"  scf.yield {result[0]} : {t}")
        self.emit("}")
        pool.append((name, a[1]))

    def branch(self, pool):
        a = self.pick(pool)
        t = spell(a[1])
        name = self.fresh()
        self.emit(f"{name} = scf.if %flag -> ({t}) {{")
        for last in (False, True):
            inner = list(pool)
            self.body(inner, self.random.randint(0, 2))
            result = self.pick(inner, a[1])
            self.emit(f"  scf.yield {result[0]} : {t}")
            self.emit("}" if last else "} else {")
        pool.append((name, a[1]))

    def body(self, pool, length):
        old, self.indent = self.indent, self.indent + "  "
        nested = len(old) >= 8
        for _ in range(length):
            kinds = [self.combine] * 5 + [self.slice] * 3 + [self.reshape, self.pad, self.gather]
            if not nested:
                kinds += [self.loop, self.branch]
            self.random.choice(kinds)(pool)
        self.indent = old

    def program(self):
        arguments = [(f"%a{i}", self.random.choice(SHAPES)) for i in range(3)]
        pool = list(arguments)
        self.indent = ""
        self.body(pool, self.random.randint(4, 18))
        self.indent = "  "
        results = self.random.sample(pool[3:], min(2, len(pool) - 3)) or pool[:1]
        types = ", ".join(spell(s) for _, s in results)
        constants = "\n".join(f"  %c{i} = arith.constant {i} : index" for i in (0, 1, 3))
        function = (
            "#id1 = affine_map<(d0) -> (d0)>\n#id2 = affine_map<(d0, d1) -> (d0, d1)>\n"
            f"func.func @program({', '.join(f'{n}: {spell(s)}' for n, s in arguments)}, %flag: i1) -> ({types}) {{\n"
            f"{constants}\n  %half = arith.constant 0.5 : f32\n" + "\n".join(self.lines)
            + f"\n  return {', '.join(n for n, _ in results)} : {types}\n}}\n")
        return function, self.driver(arguments, results, types)

    def driver(self, arguments, results, types):
        lines = ["func.func @main() {", f"  %flag = arith.constant {self.random.choice(['true', 'false'])}"]
        for k, (name, shape) in enumerate(arguments):
            dims = ", ".join(f"d{i}" for i in range(len(shape)))
            kinds = ", ".join(['"parallel"'] * len(shape))
            lines += [
                f"  %e{k} = tensor.empty() : {spell(shape)}",
                f"  {name} = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>], "
                f"iterator_types = [{kinds}]}} outs(%e{k} : {spell(shape)}) {{",
                "  ^bb0(%o: f32):",
                *[f"    %i{d} = linalg.index {d} : index" for d in range(len(shape))],
                f"    %n = arith.constant {shape[-1]} : index",
                "    %r = arith.muli %i0, %n : index" if len(shape) == 2 else "    %r = arith.constant 0 : index",
                f"    %s = arith.addi %r, %i{len(shape) - 1} : index",
                "    %q = arith.index_cast %s : index to i32",
                "    %f = arith.sitofp %q : i32 to f32",
                f"    %g = arith.constant {k + 1}.5 : f32",
                "    %h = arith.addf %f, %g : f32",
                "    linalg.yield %h : f32",
                f"  }} -> {spell(shape)}",
            ]
        call = ", ".join(n for n, _ in arguments)
        inputs = ", ".join(spell(s) for _, s in arguments)
        many = f":{len(results)}" if len(results) > 1 else ""
        lines.append(f"  %r{many} = func.call @program({call}, %flag) : ({inputs}, i1) -> ({types})")
        for k, (_, shape) in enumerate(results):
            value = f"%r#{k}" if many else "%r"
            vector = f"vector<{'x'.join(map(str, shape))}xf32>"
            zeros = ", ".join(["%z"] * len(shape))
            lines += ["  %z = arith.constant 0 : index", "  %p = arith.constant 0.0 : f32"] if k == 0 else []
            lines += [f"  %w{k} = vector.transfer_read {value}[{zeros}], %p {{in_bounds = {[True] * len(shape)}}} : "
                      f"{spell(shape)}, {vector}".replace("True", "true"),
                      f"  vector.print %w{k} : {vector}"]
        return "\n".join(lines + ["  return", "}", ""])


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default="", help="folder for programs that differ")
    args = parser.parse_args()
    lower = "convert-vector-to-scf," + LOWER.replace("reconcile", "convert-ub-to-llvm,reconcile")

    def opt(text, *passes):
        return run([args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"], text)

    def execute(buffers):
        runner = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        return run(runner + [f"-shared-libs={args.libs}/libmlir_c_runner_utils.so"], opt(buffers, lower))

    failed, storages, copies = 0, 0, 0
    for seed in range(args.seed, args.seed + args.programs):
        function, driver = Generator(seed).program()
        choice = random.Random(seed)
        place = (f"learned-memory-placement{{target=tiny policy={choice.choice(['greedy', 'search'])} budget=300 "
                 f"capacity={choice.choice([64, 128, 256, 512, 1024, 4096])}}}")
        placed = opt(function, place)
        buffers = opt(unwrap(placed) + driver, BUFFERIZE)
        plain = execute(opt(function + driver, BUFFERIZE))
        runs = [execute(use_arena(buffers, at_wait)) for at_wait in (False, True)]
        storages += placed.count("mempl.alloc")
        copies += placed.count("mempl.copy_start")
        if runs != [plain, plain]:
            failed += 1
            print(f"program {seed}: different results ({place})")
            if args.keep:
                with open(os.path.join(args.keep, f"program{seed}.mlir"), "w") as f:
                    f.write(function + driver)
    print(f"{args.programs} programs, {storages} storages in fast memory, {copies} copies: "
          f"{failed} with different results")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
