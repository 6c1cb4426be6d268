#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs the buffers of random programs and runs them: the results must be those of before.

    pack_allocs.py --opt=mempl-opt --runner=mlir-runner --libs=FOLDER
                   [--programs=20] [--seed=0] [--batch=10]
    pack_allocs.py --opt=mempl-opt FILE..

The programs are those of random_programs.py, bufferized and deallocated by upstream.
They run as they are and after mempl-pack-allocs, with and without deallocations. What
is printed is a hash of all bits of all results.

No arena may be larger than upstream's static memory planner (after MLIR 22) would
make it: that packs allocations of a function's entry block that are deallocated
there, by first fit or by best fit in the order of the program. The other buffers
that are packed count with their sizes. With files, a row is printed for each, with
the bytes of all buffers, of upstream's arena and of mempl's, and nothing runs.
"""

import argparse
import os
import re
import sys

import random_programs
from random_ops import Generator
from run_placed import BUFFERIZE, LOWER

# As early as upstream can.
DEALLOCATE = "buffer-deallocation-pipeline,convert-bufferization-to-memref,func.func(optimize-allocation-liveness)"
PACK = "func.func(mempl-pack-allocs)"
ALIGNMENT = 64
BYTES = {"f64": 8, "i64": 8, "index": 8, "f32": 4, "i32": 4, "f16": 2, "bf16": 2, "i16": 2, "i8": 1, "i4": 1, "i1": 1}


def size_of(memref):
    """Bytes of a memref of static shape without a layout, rounded up; None for another one."""
    found = re.fullmatch(r"memref<((?:\d+x)*)(\w+)>", memref)
    if not found or found[2] not in BYTES:
        return None
    elements = 1
    for extent in found[1].split("x")[:-1]:
        elements *= int(extent)
    return -(-elements * BYTES[found[2]] // ALIGNMENT) * ALIGNMENT


def functions_of(module):
    """The lines of each function, by name."""
    found, name = {}, None
    for line in module.splitlines():
        if head := re.match(r"  func\.func (?:private )?@(\w+)", line):
            name = head[1]
            found[name] = []
        elif name:
            found[name].append(line)
    return found


def allocations(lines):
    """Line, name, and number among all allocations, of each one; and its bytes, 0 if they are not known."""
    number = 0
    for line in lines:
        if found := re.match(r" +(%\w+) = memref\.alloc\(.*?: (memref<.*>)$", line):
            yield line, (found[1], number), size_of(found[2]) or 0
            number += 1
        else:
            yield line, None, 0


def place(taken, size, tightest):
    """The offset that first fit or best fit has for a buffer beside those at `taken` (offset, bytes)."""
    gaps, at = [], 0
    for offset, length in sorted(taken):
        if offset - at >= size:
            gaps.append((offset - at, at))
        at = max(at, offset + length)
    if not gaps:
        return at
    return min(gaps)[1] if tightest else gaps[0][1]


def packed_allocations(old, new, arena):
    """The allocations of the lines `old` that are views of the arena in `new`, in which nothing else has moved."""
    made = re.findall(r"(%\w+) = memref\.alloc\(", "\n".join(old))
    became = re.findall(rf" = memref\.(?:alloc\(|view {arena}\[)", "\n".join(new[1:]))
    assert len(made) == len(became)
    return {(name, index) for index, (name, line) in enumerate(zip(made, became)) if "view" in line}


def upstream(lines, packed, tightest):
    """Bytes of the arena that upstream's planner would make of those that mempl packs, and of the others of these."""
    freed = set(re.findall(r"^    memref\.dealloc (%\w+) ", "\n".join(lines), re.M))
    height, rest, live = 0, 0, {}
    for line, key, size in allocations(lines):
        if key in packed and line.startswith("    %") and key[0] in freed:
            live[key[0]] = (place(live.values(), size, tightest), size)
            height = max(height, sum(live[key[0]]))
        elif key in packed:
            rest += size
        elif gone := re.match(r"    memref\.dealloc (%\w+) ", line):
            live.pop(gone[1], None)
    return height, rest


def compare(before, after):
    """Arenas that are larger than upstream's would be; bytes of arenas, of upstream's, and of all buffers in them."""
    larger, sums = [], [0, 0, 0]
    old, new = functions_of(before), functions_of(after)
    for name, lines in old.items():
        arena = re.match(r" +(%\w+) = memref\.alloc\(\) .*: memref<(\d+)xi8>", new[name][0])
        if not arena or f"memref.view {arena[1]}[" not in "\n".join(new[name]):
            continue
        packed = packed_allocations(lines, new[name], arena[1])
        every = sum(size for _, key, size in allocations(lines) if key in packed)
        bound = min(sum(upstream(lines, packed, tightest)) for tightest in (False, True))
        ours = int(arena[2])
        sums = [sums[0] + ours, sums[1] + bound, sums[2] + every]
        if ours > bound:
            larger.append(f"@{name}: an arena of {ours} bytes, upstream's has {bound}")
    return larger, sums


class Runner(random_programs.Runner):
    def __init__(self, args):
        super().__init__(args)
        assert self.lower.count("buffer-deallocation-pipeline") == 1
        self.lower = self.lower.replace("buffer-deallocation-pipeline,", "")

    def runs(self, module, expected):
        """Whether a module prints that; some do not run unless upstream deallocates."""
        try:
            return self.execute(module) == expected
        except random_programs.Failed:
            return False

    def check(self, programs):
        """What is wrong, the sums of compare(), and how many programs upstream does not run."""
        functions, driver = random_programs.join(programs)
        try:
            buffers = self.bufferize(f"module {{\n{functions}}}\n", driver)
            deallocated = self.opt(buffers, DEALLOCATE)
            expected = self.execute(deallocated)
        except random_programs.Failed:
            if len(programs) == 1:
                return [], [0, 0, 0], 1
            wrong, sums, refused = zip(*(self.check([program]) for program in programs))
            return sum(wrong, []), [sum(column) for column in zip(*sums)], sum(refused)
        packed = self.opt(deallocated, PACK)
        wrong, sums = compare(deallocated, packed)
        if self.execute(packed) != expected:
            wrong.append("different results")
        leaky = self.opt(buffers, "convert-bufferization-to-memref")
        if self.runs(leaky, expected) and not self.runs(self.opt(leaky, PACK), expected):
            wrong.append("different results without deallocations")
        return wrong, sums, 0


def print_rows(runner, files):
    """A row of a table per file; how many arenas are larger than upstream's."""
    print("| program | buffers | upstream's planner | mempl |\n|---|--:|--:|--:|")
    mistakes = 0
    for file in files:
        with open(file, encoding="utf-8") as f:
            before = runner.opt(f.read(), BUFFERIZE, DEALLOCATE)
        larger, sums = compare(before, runner.opt(before, PACK))
        mistakes += len(larger)
        print(f"| {os.path.basename(file).split('.')[0]} | {sums[2]:,} | {sums[1]:,} | {sums[0]:,} |", flush=True)
    return mistakes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opt", required=True)
    parser.add_argument("--runner", default="mlir-runner")
    parser.add_argument("--libs", default="")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=10, help="programs in one module")
    parser.set_defaults(runtime="")
    args = parser.parse_args()
    runner = Runner(args)
    if args.files:
        sys.exit(print_rows(runner, args.files) > 0)
    wrong, refused, sums = 0, 0, [0, 0, 0]
    for first in range(args.seed, args.seed + args.programs, args.batch):
        last = min(first + args.batch, args.seed + args.programs)
        try:
            found, more, left = runner.check([Generator(seed).program(seed) for seed in range(first, last)])
        except random_programs.Failed as error:
            found, more, left = [str(error)], [0, 0, 0], 0
        for text in found:
            print(f"programs {first} to {last - 1}: {text}", flush=True)
        wrong += len(found)
        refused += left
        sums = [a + b for a, b in zip(sums, more)]
    print(f"{args.programs} programs: {sums[2]} bytes of buffers in arenas of {sums[0]} bytes; upstream's planner "
          f"would need {sums[1]}; {wrong} mistakes, {refused} that upstream does not run")
    # What packs nothing tests nothing, nor do programs that do not run.
    sys.exit(wrong > 0 or refused * 10 > args.programs or not 0 < sums[0] < sums[2])


if __name__ == "__main__":
    main()
