#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bytes of IREE's allocations with its own offsets and with mempl's, as Markdown.

    iree_pack.py [--networks=a,b] [--time-limit-ms=120000] [--results=FILE] [--write=docs/IREE.md]

Needs the Python package mempl and IREE:
    pip install './python_bindings[iree]' 'iree-base-runtime>=3.13,<3.14'

Each network of test/data/models is compiled three times with the same flags: by
iree-compile, by mempl.iree with IREE's offsets (which must give the same bytes
as iree-compile), and by mempl.iree with its own offsets in every pack. The
first and the last run on the same random inputs, and their results are compared
byte by byte. The peak of memory is what IREE's runtime counts, arguments and
results included. A network that runs for longer than --time-limit-ms is compiled
only, and its row says so.

With --results rows are kept in that file, a JSON object a line, as soon as they
are made, and those of networks that are in it are taken from it: a run that was
ended goes on where it was. With --write the table in that file, between two
comments, is made anew. The exit code is 1 if results or modules differ, or a
pack is not proven optimal.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy
from iree.compiler import ir

import mempl
import mempl.iree
from lab import replace_between

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
FLAGS = [
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=generic",
]
BEGIN, END = "<!-- made by benchmarks/iree_pack.py: begin -->", "<!-- made by benchmarks/iree_pack.py: end -->"
HEADER = ["network", "packs", "buffers", "sum", "bound", "IREE", "mempl", "less", "proven", "peak IREE", "peak mempl"]
HEADER += ["results"]


def tool(name):
    """A program of IREE's packages: beside this Python, or in PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), name)
    found = beside if os.path.exists(beside) else shutil.which(name)
    if not found:
        sys.exit(f"{name}: error: expected it to be installed: pip install iree-base-compiler iree-base-runtime")
    return found


def signature_of(path):
    """Shape and element type of each argument of the function, and the number of results."""
    with ir.Context(), open(path, encoding="utf-8") as f:
        module = ir.Module.parse(f.read())
        kind = ir.FunctionType(ir.TypeAttr(module.body.operations[0].attributes["function_type"]).value)
        shaped = [ir.RankedTensorType(argument) for argument in kind.inputs]
        return [(list(argument.shape), str(argument.element_type)) for argument in shaped], len(kind.results)


def write_inputs(path, arguments, work):
    """Random arguments in files, as flags of iree-run-module.

    Integers are indices, small enough for every table. Floats are not below 0: Adam takes a root of its second moments.
    """
    random, flags = numpy.random.default_rng(0), []
    for i, (shape, kind) in enumerate(arguments):
        if kind == "i32":
            data = random.integers(0, 8, shape, dtype=numpy.int32)
        else:
            data = random.random(shape, dtype=numpy.float32) * numpy.float32(0.1)
            if kind == "bf16":
                data = (data.view(numpy.uint32) >> 16).astype(numpy.uint16)
            elif kind != "f32":
                sys.exit(f"{path}: error: expected arguments of f32, bf16 or i32, found {kind}")
        file = os.path.join(work, f"argument{i}.bin")
        data.tofile(file)
        flags.append(f"--input={'x'.join(map(str, [*shape, kind]))}=@{file}")
    return flags


def run_module(module, inputs, out, count, seconds):
    """The bytes of all results and the peak of memory, or None if it takes too long."""
    command = [tool("iree-run-module"), f"--module={module}", "--device=local-sync", "--print_statistics"]
    command += [*inputs, *[f"--output=+{out}"] * count]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        sys.exit(f"{module}: error: iree-run-module: {done.stderr.strip()[:500]}")
    peak = re.search(r"DEVICE_LOCAL:\s*(\d+)B peak", done.stderr)
    with open(out, "rb") as f:
        return f.read(), int(peak[1]) if peak else None


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Case:
    """One network: compiled and run by both."""

    def __init__(self, path, work, seconds):
        plain, same, packed = (os.path.join(work, f"{name}.vmfb") for name in ("plain", "same", "packed"))
        done = subprocess.run([tool("iree-compile"), *FLAGS, path, "-o", plain], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{path}: error: iree-compile: {done.stderr.strip()[:500]}")
        self.problems = []
        mempl.iree.compile(path, same, FLAGS, rewrite="none")
        if read(plain) != read(same):
            self.problems.append("another module than iree-compile's with its offsets")
        self.report = mempl.iree.compile(path, packed, FLAGS, rewrite="all")
        if not self.report.optimal:
            self.problems.append("a pack is not proven optimal")
        arguments, count = signature_of(path)
        inputs = write_inputs(path, arguments, work)
        outs = [os.path.join(work, f"{name}.bin") for name in ("plain", "packed")]
        results = [run_module(plain, inputs, outs[0], count, seconds)]
        if results[0] is not None:
            results.append(run_module(packed, inputs, outs[1], count, seconds))
        self.peaks = ["", ""]
        if None in results:
            self.results = f"not run: above {seconds} s"
        else:
            self.peaks = [f"{peak:,}" for _, peak in results]
            self.results = "equal"
            if results[0][0] != results[1][0]:
                self.problems.append("results differ")
                self.results = "DIFFER"

    def record(self, network):
        """What the tables need of it."""
        return {
            "network": network,
            "iree": self.report.iree,
            "row": self.row(network),
            "lower": self.report.mempl_total < self.report.iree_total,
            "equal": self.results == "equal",
            "problems": self.problems,
        }

    def row(self, network):
        packs = self.report.packs
        total = lambda what: f"{sum(getattr(p, what) for p in packs):,}"
        less = 100 * (1 - self.report.mempl_total / max(self.report.iree_total, 1))
        proven = f"{sum(p.optimal for p in packs)} of {len(packs)}"
        return [
            network,
            str(len(packs)),
            total("buffers"),
            total("sum"),
            total("bound"),
            total("iree"),
            total("mempl"),
            f"{less:.1f} %",
            proven,
            *self.peaks,
            self.results,
        ]


def table(records):
    lines = ["| " + " | ".join(HEADER) + " |", "|" + " --- |" * len(HEADER)]
    lines += ["| " + " | ".join(record["row"]) + " |" for record in records]
    lower, equal = (sum(record[what] for record in records) for what in ("lower", "equal"))
    versions = ", ".join(sorted({record["iree"] for record in records}))
    lines += [
        "",
        f"IREE {versions}. {lower} of {len(records)} networks need less than with IREE's offsets; {equal} ran with both, "
        "with equal results.",
    ]
    return "\n".join(lines)


def known(path):
    """Records by network, of earlier runs."""
    if not path or not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        return {record["network"]: record for record in map(json.loads, f)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default="", help="names, separated by commas; all by default")
    parser.add_argument("--time-limit-ms", type=int, default=120000, metavar="MS", help="that a network may run for (default 120000)")
    parser.add_argument("--results", default="", help="file of rows that are made, and need not be made again")
    parser.add_argument("--write", default="", help="file with the table")
    args = parser.parse_args()
    everything = [os.path.basename(path)[:-5] for path in sorted(glob.glob(os.path.join(MODELS, "*.mlir")))]
    everything.sort(key=lambda name: (not name.endswith("_small"), name))
    networks = [name for name in args.networks.split(",") if name] or everything
    for name in networks:
        if name not in everything:
            parser.error(f"no network {name}; there are {', '.join(everything)}")
    found = known(args.results)
    for name in networks:
        if name not in found:
            with tempfile.TemporaryDirectory() as work:
                found[name] = Case(os.path.join(MODELS, f"{name}.mlir"), work, args.time_limit_ms // 1000).record(name)
            if args.results:
                with open(args.results, "a", encoding="utf-8") as f:
                    f.write(json.dumps(found[name]) + "\n")
        print(" ".join(found[name]["row"]), *found[name]["problems"], sep="; ", file=sys.stderr, flush=True)
    text = table([found[name] for name in networks])
    print(text)
    if args.write:
        replace_between(args.write, BEGIN, END, text)
    sys.exit(any(found[name]["problems"] for name in networks))


if __name__ == "__main__":
    main()
