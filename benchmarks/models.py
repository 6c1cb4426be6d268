#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places real networks for every target and checks what comes out, as Markdown.

    models.py --bin=build/release/bin [--targets=a,b] [--networks=x,y]
              [--budget=20000] [--tile] [--check] [--times] [--write=docs/Models.md]

Each network is placed once after `linalg-fuse-elementwise-ops,canonicalize` and
once as it is ("raw"), and bufferized. The buffers must be those of the plan:
one memref.alloc per storage in slow memory, one memref.copy per insert_slice
step of the instance (those of a slice into its own place fold away), and the
same number of mempl.copy_start. With --check the tables are left out and only
the differences are printed; the exit code is 1 if there are any. With --tile the
pass may split them; without, networks are placed whole.

With --times: seconds of the pass without solving beside those of parsing and
bufferizing the same file, and of a network repeated 20 times.
"""

import argparse
import glob
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time

from lab import durations, write_whole

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
FUSE = "func.func(linalg-fuse-elementwise-ops),canonicalize"
BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map "
    "allow-return-allocs-from-loops}"
)
TIDY = "canonicalize,cse,canonicalize"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr[:2000]}")
    return done


def insertions(program):
    """Steps of an instance that are an insert_slice, those of loops included."""
    count = 0
    for step in program["steps"]:
        count += step["name"] == "tensor.insert_slice"
        if "body" in step:
            count += insertions(step["body"])
    return count


def in_program_order(program):
    """The same program, or instance, whose steps stay where they are."""
    kept = {key: value for key, value in program.items() if key != "order"}
    kept["steps"] = [
        {**step, "body": in_program_order(step["body"])} if "body" in step else step for step in program["steps"]
    ]
    return kept


class Case:
    """One network on one target: placed, bufferized, solved."""

    def __init__(self, args, work, network, target, raw=False, solves=True):
        opt = os.path.join(args.bin, "mempl-opt")
        instance, placed = f"{work}/instance.json", f"{work}/placed.mlir"
        place = (
            f"learned-memory-placement{{target={target} budget={args.budget} "
            f"tile={str(args.tile).lower()} instance-out={instance}}}"
        )
        pipeline = place if raw else f"{FUSE},{place}"
        run(opt, f"{MODELS}/{network}.mlir", f"--pass-pipeline=builtin.module({pipeline})", "-o", placed)
        with open(placed) as f:
            self.placed = f.read()
        buffers = run(opt, placed, f"--pass-pipeline=builtin.module({BUFFERIZE},{TIDY})").stdout
        with open(instance) as f:
            self.instance = json.load(f)
        self.problems = []
        if "mempl.alloc" in self.placed:  # Else the network is as it was.
            self.check_buffers(buffers)
        if solves:
            solve = os.path.join(args.bin, "mempl-solve")
            fixed = f"{work}/fixed.json"
            with open(fixed, "w") as f:
                json.dump(in_program_order(self.instance), f)
            options = [f"--budget={args.budget}", "--format=json"]
            out = run(solve, fixed, "--solver=greedy,portfolio", *options)
            self.solved = json.loads(out.stdout)
            out = run(solve, instance, "--solver=portfolio", "--no-bound", *options)
            self.free = json.loads(out.stdout)["policies"][0]

    def check_buffers(self, buffers):
        self.compare("memref.alloc", len(re.findall(r"memref\.alloc\b", buffers)),
                     len(re.findall(r"alloc_tensor|tensor\.empty", self.placed)))
        self.compare("memref.copy", buffers.count("memref.copy"), insertions(self.instance))
        self.compare("mempl.copy_start", buffers.count("mempl.copy_start"),
                     self.placed.count("mempl.copy_start"))

    def compare(self, what, found, planned):
        if found != planned:
            self.problems.append(f"{found} {what}, {planned} planned")

    def fitting(self):
        """Share of the bytes of all values that could fit into fast memory."""
        capacity = self.instance["machine"]["fast"]["capacity"]
        sizes = [v["size"] for v in self.instance["values"]]
        fits = sum(s for s in sizes if s <= capacity)
        return fits / max(sum(sizes), 1)

    def row(self, network):
        greedy, best = (p["latency"] for p in self.solved["policies"])
        bound = self.solved["bound"]
        return [
            network, str(self.solved["steps"]), str(self.solved["values"]), f"{self.fitting():.2f}",
            *durations([self.solved["slow"], greedy, best, bound, self.free["latency"]]),
            f"{best / bound:.4f}",
            str(self.free["copies_in"]), str(self.free["copies_back"]),
            "; ".join(self.problems) or "all planned",
        ]


HEADER = ["network", "steps", "values", "fits", "slow", "greedy", "portfolio", "bound", "any order", "gap", "in", "out", "buffers"]


def table(rows):
    lines = ["| " + " | ".join(HEADER) + " |", "|" + " --- |" * len(HEADER)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    lines.append("")
    for kind, small in (("full-size", False), ("small", True)):
        gaps = [float(row[9]) for row in rows if row[0].endswith("_small") == small]
        if gaps:
            mean = math.exp(sum(map(math.log, gaps)) / len(gaps))
            lines.append(f"Gap of the {kind} networks: geometric mean {mean:.4f}, worst {max(gaps):.4f}.")
    return "\n".join(lines)


def repeated(path, times):
    """The network `times` times in one function, as calls to be inlined."""
    with open(path) as f:
        text = f.read()
    head = re.search(r"func\.func @(\w+)\((.*?)\) -> (\(.*?\)|\S+) \{", text, re.S)
    name = head[1]
    arguments = re.findall(r"(%\w+): (tensor<[^>]*>)", head[2])
    results = re.findall(r"tensor<[^>]*>", head[3])
    text = text.replace(f"func.func @{name}", f"func.func private @{name}", 1)
    types = ", ".join(t for _, t in arguments)
    lines, returned = [], []
    for i in range(times):
        many = f":{len(results)}" if len(results) > 1 else ""
        lines.append(f"  %r{i}{many} = func.call @{name}({', '.join(a for a, _ in arguments)}) : "
                     f"({types}) -> ({', '.join(results)})")
        returned += [f"%r{i}#{j}" if many else f"%r{i}" for j in range(len(results))]
    everything = ", ".join(results * times)
    signature = ", ".join(f"{a}: {t}" for a, t in arguments)
    body = "\n".join(lines)
    return f"{text}\nfunc.func @main({signature}) -> ({everything}) {{\n{body}\n  return {', '.join(returned)} : {everything}\n}}\n"


def seconds(opt, path, *passes):
    """The least of three runs."""
    best = math.inf
    for _ in range(3):
        start = time.monotonic()
        run(opt, path, f"--pass-pipeline=builtin.module({','.join(passes)})", "-o", os.devnull)
        best = min(best, time.monotonic() - start)
    return best


def times(args, work, networks):
    opt = os.path.join(args.bin, "mempl-opt")
    place = "learned-memory-placement{target=tpu-v5e solver=none}"
    print("| network | parse | parse, bufferize | parse, place | pass / (parse, bufferize) |")
    print("| --- | --- | --- | --- | --- |")

    def line(name, path):
        parse, bufferize, placing = (seconds(opt, path, *p) for p in ([], [BUFFERIZE], [place]))
        print(f"| {name} | {parse:.2f} | {bufferize:.2f} | {placing:.2f} | {(placing - parse) / bufferize:.2f} |", flush=True)

    for network in networks:
        line(network, f"{MODELS}/{network}.mlir")
        many = f"{work}/many.mlir"
        with open(many, "w") as f:
            f.write(repeated(f"{MODELS}/{network}.mlir", 20))
        run(opt, many, "--inline", "--symbol-dce", "-o", f"{work}/inlined.mlir")
        line(f"{network}, 20 times", f"{work}/inlined.mlir")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--targets", default="tpu-v5e,h100-host,edge-npu,ethos-u65,tiny")
    parser.add_argument("--networks", default="")
    parser.add_argument("--budget", default="20000")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tile", action="store_true")
    parser.add_argument("--times", action="store_true")
    parser.add_argument("--write", default="")
    args = parser.parse_args()
    networks = args.networks.split(",") if args.networks else sorted(
        os.path.basename(p)[:-5] for p in glob.glob(f"{MODELS}/*.mlir"))
    with tempfile.TemporaryDirectory() as work:
        if args.times:
            return times(args, work, networks)
        pages, failures, done = [], 0, 0
        for target in args.targets.split(","):
            for raw in (False, True):
                rows = []
                for network in networks:
                    case = Case(args, work, network, target, raw, not args.check)
                    done += 1
                    failures += bool(case.problems)
                    if case.problems:
                        print(f"{network} on {target}{' (raw)' if raw else ''}: {'; '.join(case.problems)}")
                    if not args.check:
                        rows.append(case.row(network))
                        print(f"{target} {network} done", file=sys.stderr)
                if rows:
                    form = "as it is" if raw else "after fusion"
                    pages.append(f"## {target}, {form}\n\n{table(rows)}\n")
        print(f"{done} placed programs bufferized, {failures} with buffers or copies outside of the plan")
        text = "\n".join(pages)
        if args.write:
            write_whole(args.write, INTRODUCTION + text)
        elif text:
            print(text)
    return sys.exit(failures > 0)


INTRODUCTION = """# Real networks on every target

*What does placement gain on real networks, on which machine?*

Made by `benchmarks/models.py --bin=build/release/bin --write=docs/Models.md`. The networks are those of `test/data/models`,
and are placed whole, with `tile=false`; [Tiles.md](Tiles.md#figures) has what splitting gains. `fits` is the share of
the bytes of all values that are no larger than fast memory. `greedy`, `portfolio`, `bound` and `gap`, the latency of the
portfolio's plan over the proven lower bound, are of the steps in program order. `any order` is the portfolio's plan
where it may change that, as the pass lets it do, and `in` and `out` are its copies. `buffers` says whether the
bufferized program has exactly the allocations and copies of that plan.

"""

if __name__ == "__main__":
    main()
