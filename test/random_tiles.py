#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places random loops over slices and runs them: the results must be those of before.

    random_tiles.py --opt=mempl-opt --runner=mlir-runner --runtime=libmempl_runtime.so
                    --libs=FOLDER [--programs=200] [--seed=0] [--batch=10] [--keep=FOLDER]
                    [--verbose]

A program is what tiling leaves, and what people write by hand: nests of scf.for
and scf.forall over slices of matrices, with matrix products (also by blocks of
the reduction), elementwise ops, stencils, sums, slices that are read, updated
and written, stacks of weights, and loops that read what they wrote. Sizes are
odd, tiles do not always divide them.

Programs run on the runtime library under its checks, with copies that take a
while: as they are, placed, and tiled to fit and placed, for three targets. What
is printed is a hash of all bits of all results.
"""

import argparse
import os
import random
import sys

import run_placed
from random_ops import Generator, Program, Tensor
from run_lowered import CHECKED
from run_placed import unwrap

TARGETS = ["tiny", "edge-npu", "tpu-v5e"]


class Failed(Exception):
    """A tool that did not accept a program, or a run that a check ended."""


def run(command, text, environment=None):
    try:
        return run_placed.run(command, text, environment)
    except SystemExit as error:
        raise Failed(str(error)) from None


class Tiles(Generator):
    """Functions made of loops over slices."""

    def matrix(self, rows, columns, element="f32"):
        return self.new((rows, columns), element)

    def argument(self, dims):
        """A tensor that the function takes."""
        tensor = Tensor(f"%a{len(self.arguments)}", tuple(dims))
        self.arguments.append(tensor)
        return tensor

    def some(self, dims):
        """A tensor of this shape: an old one, or an argument."""
        old = self.pick(self.pool, lambda t: t.dims == tuple(dims)) if self.chance(0.6) else None
        return old or self.argument(dims)

    # Pieces of loops.

    def apply(self, text, *values):
        """An index that an affine map makes of others."""
        name = self.fresh("i")
        dims = ", ".join(f"d{i}" for i in range(len(values)))
        self.emit(f"{name} = affine.apply affine_map<({dims}) -> ({text})>({', '.join(values)})")
        return name

    def least(self, tile, total, iv):
        """The size of the tile at `iv`: a number if all are the same."""
        if total % tile == 0:
            return tile
        name = self.fresh("i")
        self.emit(f"{name} = affine.min affine_map<(d0) -> ({tile}, -d0 + {total})>({iv})")
        return name

    def sliced(self, tensor, offsets, sizes, keep=None):
        """A slice; `keep` are the dimensions that its type has, all by default."""
        keep = range(len(sizes)) if keep is None else keep
        dims = tuple(sizes[i] if isinstance(sizes[i], int) else self.bound[sizes[i]] for i in keep)
        dynamic = frozenset(n for n, i in enumerate(keep) if not isinstance(sizes[i], int))
        result = self.new(dims, tensor.element, dynamic)
        self.emit(f"{result.name} = tensor.extract_slice {tensor.name}{self.place(offsets, sizes)} : "
                  f"{tensor.type} to {result.type}")
        self.size[result.name] = [sizes[i] for i in keep]
        return result

    def place(self, offsets, sizes):
        return (f"[{', '.join(map(str, offsets))}] [{', '.join(map(str, sizes))}] "
                f"[{', '.join('1' for _ in sizes)}]")

    def put(self, tile, tensor, offsets, sizes):
        result = self.like(tensor)
        self.emit(f"{result.name} = tensor.insert_slice {tile.name} into {tensor.name}"
                  f"{self.place(offsets, sizes)} : {tile.type} into {tensor.type}")
        return result

    def fresh_like(self, tile):
        """A tensor without contents of the shape of a slice."""
        out = self.like(tile)
        sizes = self.size.get(tile.name, [])
        dynamic = ", ".join(sizes[i] for i in sorted(tile.dynamic))
        self.emit(f"{out.name} = tensor.empty({dynamic}) : {out.type}")
        self.size[out.name] = sizes
        return out

    def zero(self, out):
        value, result = self.constant("0.0", "f32"), self.like(out)
        self.emit(f"{result.name} = linalg.fill ins({value} : f32) outs({out.name} : {out.type}) -> {out.type}")
        self.size[result.name] = self.size.get(out.name, [])
        return result

    def multiply(self, a, b, out):
        result = self.like(out)
        self.emit(f"{result.name} = linalg.matmul ins({a.name}, {b.name} : {a.type}, {b.type}) "
                  f"outs({out.name} : {out.type}) -> {out.type}")
        self.size[result.name] = self.size.get(out.name, [])
        return result

    def pointwise(self, ins, out, reads):
        """A function of tiles of one shape, into `out`, whose old elements count if it `reads` them."""
        rank = len(out.dims)
        identity = f"affine_map<({', '.join(f'd{i}' for i in range(rank))}) -> ({', '.join(f'd{i}' for i in range(rank))})>"

        def body(scalars):
            values = scalars if reads else scalars[:-1]
            return [self.mix(list(values), "f32")]

        result = self.generic(ins, [out], [identity] * (len(ins) + 1), ["parallel"] * rank, body)[0]
        self.size[result.name] = self.size.get(out.name, [])
        return result

    def loops(self, ranges, outs, body, forall=False):
        """A nest over (first, last, step); `body` makes (tile, number of the out, offsets, sizes) of the
        indices and the outs as they are in the trip. Returns what the outs became."""
        if forall:
            return self.forall_loops(ranges, outs, body)

        def level(n, indices, outs):
            if n == len(ranges):
                news = list(outs)
                for tile, number, offsets, sizes in body(indices, outs):
                    news[number] = self.put(tile, news[number], offsets, sizes)
                return news
            return self.repeated(ranges[n], outs, lambda iv, inner: level(n + 1, indices + [iv], inner))

        return level(0, [], outs)

    def repeated(self, bounds, values, body):
        """One scf.for with iter_args; `body` gives what they are after the trip."""
        first, last, step = (self.constant(n) for n in bounds)
        iv, results, inner = self.fresh("i"), [self.like(v) for v in values], [self.like(v) for v in values]
        for new, old in zip(results + inner, values + values):
            self.size[new.name] = self.size.get(old.name, [])
        many = f"{results[0].name}:{len(values)}" if len(values) > 1 else results[0].name
        arguments = ", ".join(f"{i.name} = {v.name}" for i, v in zip(inner, values))
        types = ", ".join(v.type for v in values)
        self.emit(f"{many} = scf.for {iv} = {first} to {last} step {step} iter_args({arguments}) -> ({types}) {{")
        self.depth += 1
        given = body(iv, inner)
        self.emit(f"scf.yield {', '.join(g.name for g in given)} : {types}")
        self.depth -= 1
        self.emit("}")
        if len(values) > 1:
            results = [Tensor(f"{results[0].name}#{i}", r.dims, r.element, r.dynamic) for i, r in enumerate(results)]
        return results

    def forall_loops(self, ranges, outs, body):
        ivs, results, inner = [self.fresh("i") for _ in ranges], [self.like(o) for o in outs], [self.like(o) for o in outs]
        many = f"{results[0].name}:{len(outs)}" if len(outs) > 1 else results[0].name
        shared = ", ".join(f"{i.name} = {o.name}" for i, o in zip(inner, outs))
        bounds = (", ".join(str(r[k]) for r in ranges) for k in range(3))
        self.emit(f"{many} = scf.forall ({', '.join(ivs)}) = ({next(bounds)}) to ({next(bounds)}) step ({next(bounds)}) "
                  f"shared_outs({shared}) -> ({', '.join(o.type for o in outs)}) {{")
        self.depth += 1
        given = body(ivs, inner)
        self.emit("scf.forall.in_parallel {")
        for tile, number, offsets, sizes in given:
            out = inner[number]
            self.emit(f"  tensor.parallel_insert_slice {tile.name} into {out.name}{self.place(offsets, sizes)} : "
                      f"{tile.type} into {out.type}")
        self.emit("}")
        self.depth -= 1
        self.emit("}")
        if len(outs) > 1:
            results = [Tensor(f"{results[0].name}#{i}", r.dims, r.element) for i, r in enumerate(results)]
        return results

    # Loops.

    def sizes(self):
        """A size, and a tile of it."""
        total = self.random.choice([4, 6, 8, 9, 10, 12, 15, 16, 24, 33])
        tiles = [t for t in range(1, total + 1) if total % t == 0 or self.ragged]
        return total, self.random.choice(tiles[-6:] if self.chance(0.7) else tiles)

    def product(self):
        """A matrix product by tiles, perhaps with the reduction in blocks."""
        (m, tm), (n, tn), (k, tk) = self.sizes(), self.sizes(), self.sizes()
        a, b, c = self.some((m, k)), self.some((k, n)), self.some((m, n))
        blocks = self.chance(0.5)

        def body(indices, outs):
            i, j = indices
            rows, columns = self.tile(tm, m, i), self.tile(tn, n, j)
            out = self.sliced(outs[0], [i, j], [rows, columns])
            if self.from_zero:
                out = self.zero(out if self.chance(0.5) else self.fresh_like(out))
            if not blocks:
                left = self.sliced(a, [i, 0], [rows, k])
                right = self.sliced(b, [0, j], [k, columns])
                return [(self.multiply(left, right, out), 0, [i, j], [rows, columns])]

            def block(at, inner):
                depth = self.tile(tk, k, at)
                left = self.sliced(a, [i, at], [rows, depth])
                right = self.sliced(b, [at, j], [depth, columns])
                return [self.multiply(left, right, inner[0])]

            result = self.repeated((0, k, tk), [out], block)[0]
            return [(result, 0, [i, j], [rows, columns])]

        self.from_zero = self.chance(0.5)
        forall = self.chance(0.3)
        return self.loops([(0, m, tm), (0, n, tn)], [c], body, forall)

    def tile(self, tile, total, iv):
        size = self.least(tile, total, iv)
        if not isinstance(size, int):
            self.bound[size] = tile
        return size

    def elementwise(self):
        """Rows or columns of matrices, into one or two others, whose old elements may count."""
        (m, tm), (n, tn) = self.sizes(), self.sizes()
        ins = [self.some((m, n)) for _ in range(self.random.randint(1, 2))]
        outs = [self.some((m, n)) for _ in range(self.random.randint(1, 2))]
        which = self.random.choice(["rows", "columns", "both"])
        reads = [self.chance(0.4) for _ in outs]
        same = self.chance(0.2)  # One of the tiles is the same in all trips.
        ranges = {"rows": [(0, m, tm)], "columns": [(0, n, tn)], "both": [(0, m, tm), (0, n, tn)]}[which]
        backwards = which != "both" and (m if which == "rows" else n) % (tm if which == "rows" else tn) == 0 and self.chance(0.2)

        def body(indices, inner):
            offsets, sizes = [0, 0], [m, n]
            at = list(indices)
            if which in ("rows", "both"):
                offsets[0] = self.apply(f"-d0 + {m - tm}", at[0]) if backwards else at[0]
                sizes[0] = self.tile(tm, m, at[0])
            if which in ("columns", "both"):
                offsets[1] = self.apply(f"-d0 + {n - tn}", at[-1]) if backwards else at[-1]
                sizes[1] = self.tile(tn, n, at[-1])
            tiles = [self.sliced(t, offsets, sizes) for t in ins]
            if same and all(isinstance(s, int) for s in sizes):
                tiles.append(self.sliced(ins[0], [0, 0], sizes))
            given = []
            for number, out in enumerate(inner):
                into = self.sliced(out, offsets, sizes)
                if not reads[number] and self.chance(0.4):
                    into = self.fresh_like(into)
                given.append((self.pointwise(tiles, into, reads[number]), number, offsets, sizes))
                tiles = tiles[-1:] + [given[-1][0]]
            return given

        return self.loops(ranges, outs, body, self.chance(0.25))

    def stencil(self):
        """Each element of the sum of neighbours: slices that overlap those of the next trip."""
        (m, tm), n = self.sizes(), self.random.choice([5, 8, 12])
        source, out = self.argument((m + 2, n)), self.some((m, n))
        if m % tm:
            tm = 1

        def body(indices, inner):
            (i,) = indices
            parts = [self.sliced(source, [self.apply(f"d0 + {k}", i) if k else i, 0], [tm, n]) for k in range(3)]
            into = self.sliced(inner[0], [i, 0], [tm, n])
            return [(self.pointwise(parts, into, False), 0, [i, 0], [tm, n])]

        return self.loops([(0, m, tm)], [out], body, self.chance(0.25))

    def total(self):
        """A sum of rows in a tensor that the loop carries."""
        (m, tm), n = self.sizes(), self.random.choice([4, 7, 16])
        source, start = self.some((m, n)), self.some((n,))

        def trip(i, inner):
            rows = self.sliced(source, [i, 0], [self.tile(tm, m, i), n])
            result = self.generic([rows], [inner[0]], ["affine_map<(d0, d1) -> (d0, d1)>", "affine_map<(d0, d1) -> (d1)>"],
                                  ["reduction", "parallel"], lambda s: [self.sum(s)])
            return result

        return self.repeated((0, m, tm), [start], trip)

    def sum(self, scalars):
        name = self.fresh("s")
        self.emit(f"{name} = arith.addf {scalars[0]}, {scalars[1]} : f32")
        return name

    def layers(self):
        """A stack of weights, a layer in each trip, and what they make of a vector of rows."""
        count, width, rows = self.random.randint(1, 7), self.random.choice([4, 6, 8, 12]), self.random.choice([2, 5, 8])
        weights, biases, x = self.argument((count, width, width)), self.argument((count, rows, width)), self.some((rows, width))
        keeps = self.chance(0.4)  # The activations of all layers as well.
        outs = [x] + ([self.argument((count, rows, width))] if keeps else [])

        def trip(layer, inner):
            w = self.sliced(weights, [layer, 0, 0], [1, width, width], keep=[1, 2])
            b = self.sliced(biases, [layer, 0, 0], [1, rows, width], keep=[1, 2])
            y = self.multiply(inner[0], w, self.zero(self.fresh_like(b)))
            y = self.pointwise([y, b], y if self.chance(0.5) else self.fresh_like(b), False)
            given = [y]
            if keeps:
                given.append(self.put(y, inner[1], [layer, 0, 0], [1, rows, width]))
            return given

        return self.repeated((0, count, 1), outs, trip)

    def recurrence(self):
        """Rows that depend on those of the trip before, in one tensor: not to be fetched ahead."""
        (m, tm), n = self.sizes(), self.random.choice([4, 8, 11])
        if m % tm or m == tm:
            tm = 1
        out, other = self.some((m, n)), self.some((m, n))

        def body(indices, inner):
            (i,) = indices
            before = self.sliced(inner[0], [self.apply(f"d0 - {tm}", i), 0], [tm, n])
            fresh = self.sliced(other, [i, 0], [tm, n])
            into = self.sliced(inner[0], [i, 0], [tm, n])
            return [(self.pointwise([before, fresh], into, self.chance(0.5)), 0, [i, 0], [tm, n])]

        return self.loops([(tm, m, tm)], [out], body)

    def chain(self):
        """Two ops on a tile with a tensor between them that no one else sees."""
        (m, tm), n, k = self.sizes(), self.random.choice([4, 8, 12]), self.random.choice([4, 8, 9])
        a, b, c, out = self.some((m, k)), self.some((k, n)), self.some((m, n)), self.some((m, n))

        def body(indices, inner):
            (i,) = indices
            rows = self.tile(tm, m, i)
            into = self.sliced(inner[0], [i, 0], [rows, n])
            left, third = self.sliced(a, [i, 0], [rows, k]), self.sliced(c, [i, 0], [rows, n])
            middle = self.multiply(left, b, self.zero(self.fresh_like(into)))
            return [(self.pointwise([middle, third], into, False), 0, [i, 0], [rows, n])]

        return self.loops([(0, m, tm)], [out], body, self.chance(0.3))

    def program(self, number):
        self.arguments, self.pool, self.bound, self.size = [], [], {}, {}
        self.ragged = self.chance(0.3)
        for _ in range(self.random.randint(1, 4)):
            kind = self.random.choice([self.product, self.product, self.elementwise, self.elementwise, self.stencil,
                                       self.total, self.layers, self.layers, self.recurrence, self.chain])
            self.pool += kind()
            if self.chance(0.3):
                last = self.pool[-1]
                self.pool.append(self.pointwise([last, last], self.fresh_like(last), False))
        results = self.pool[-self.random.randint(1, 3):]
        types = ", ".join(t.type for t in results)
        arguments = ", ".join([f"{t.name}: {t.type}" for t in self.arguments] + ["%flag: i1"])
        text = (f"func.func @{self.prefix}({arguments}) -> ({types}) {{\n" + "\n".join(self.lines) +
                f"\n  return {', '.join(t.name for t in results)} : {types}\n}}\n")
        return Program(number, text, self.drive(number, self.arguments, results))


def join(programs):
    """The functions and the driver of a module of several programs."""
    calls = "".join(f"  func.call @drive{p.number}() : () -> ()\n" for p in programs)
    drivers = "".join(p.driver for p in programs)
    return "".join(p.functions for p in programs), f"{drivers}func.func @main() {{\n{calls}  return\n}}\n"


class Runner:
    def __init__(self, args):
        self.args = args

    def execute(self, functions, driver):
        lowered = run([self.args.opt, "--mempl-lower-to-cpu"], functions + driver)
        command = [self.args.runner, "-O0", "-e", "main", "-entry-point-result=void",
                   f"-shared-libs={self.args.libs}/libmlir_c_runner_utils.so", f"-shared-libs={self.args.runtime}"]
        return run(command, lowered, CHECKED)

    def place(self, functions, passes):
        return unwrap(run([self.args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"], functions))


def ways_of(seed):
    """How a batch is placed: the name of each way, and its passes."""
    draw = random.Random(seed)
    for target in TARGETS:
        capacity = draw.choice([256, 512, 1024, 2048, 4096])
        solver = draw.choice(["greedy", "greedy", "search", "msa", "portfolio"])
        machine = f"target={target} capacity={capacity}"
        place = f"learned-memory-placement{{{machine} solver={solver} budget=200 fallback=error tile=%s}}"
        yield f"placed, {machine}, {solver}", [place % "false"]
        if draw.random() < 0.5:
            yield f"tiled and placed, {machine}, {solver}", [f"mempl-tile-to-fit{{{machine}}}", place % "false"]
        else:
            yield f"tiled where it is faster, {machine}, {solver}", [place % "true"]


def check(runner, programs, seed):
    """(program, way, what is wrong) for each that differs; placed programs that ran; copies and copies that
    loops carry."""
    functions, driver = join(programs)
    plain = runner.execute(functions, driver)
    wrong, runs, copies, carried = [], 0, 0, 0
    for way, passes in ways_of(seed):
        mistake = "different results"
        try:
            placed = runner.place(functions, passes)
            if runner.execute(placed, driver) == plain:
                runs += len(programs)
                copies += placed.count("mempl.copy_start")
                carried += placed.count("mempl.copy_start_carried")
                continue
        except Failed as error:
            mistake = " ".join(str(error).split("\n")[1:3])[:300]
        if len(programs) == 1:
            wrong.append((programs[0], way, mistake))
            continue
        for program in programs:  # Which of them?
            alone, driver_alone = join([program])
            try:
                same = runner.execute(runner.place(alone, passes), driver_alone) == runner.execute(alone, driver_alone)
                mistake = "different results"
            except Failed as error:
                same, mistake = False, " ".join(str(error).split("\n")[1:3])[:300]
            if not same:
                wrong.append((program, way, mistake))
            runs += same
    return wrong, runs, copies, carried


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "runner", "runtime", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=10, help="programs in one module")
    parser.add_argument("--keep", default="", help="folder for programs that differ")
    parser.add_argument("--carried", type=int, default=0, help="least number of copies that loops carry")
    args = parser.parse_args()
    runner = Runner(args)
    failed, sums = 0, [0, 0, 0]
    for first in range(args.seed, args.seed + args.programs, args.batch):
        last = min(first + args.batch, args.seed + args.programs)
        programs = [Tiles(seed).program(seed) for seed in range(first, last)]
        wrong, *numbers = check(runner, programs, first)
        sums = [a + b for a, b in zip(sums, numbers)]
        for program, way, mistake in wrong:
            print(f"program {program.number} ({way}): {mistake}", flush=True)
            if args.keep:
                functions, driver = join([program])
                with open(os.path.join(args.keep, f"tiles{program.number}.mlir"), "w", encoding="utf-8") as f:
                    f.write(f"// {way}: {mistake}\n{functions}// driver\n{driver}")
        failed += len(wrong)
    print(f"{args.programs} programs, {sums[0]} placed ones run as before, with {sums[1]} copies, "
          f"{sums[2]} of them carried by loops; {failed} do not")
    sys.exit(failed > 0 or sums[2] < args.carried)


if __name__ == "__main__":
    main()
