#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs lowered networks without a GPU, and compares their results.

    run_gpu.py --bin=FOLDER --fake=libfake_cuda.so --runner=mlir-runner
               --libs=FOLDER --llvm-bin=FOLDER --cc=COMPILER
               [--solvers=..] [--capacity=..] [NETWORK ..]

The program is the one of benchmarks/gpu.py: host code, runtime and PTX. The
driver is a fake one that runs streams lazily, at once, and in random orders,
with kernels that were compiled for this machine from the same IR as the PTX. A
wait too few, or the host accessing the device's memory, shows.
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "benchmarks"))
import gpu  # noqa: E402

REGISTERS = [f"{name}_{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"]
TYPES = {"!llvm.ptr": "p", "i64": "l", "i32": "i", "f32": "f", "f64": "d", "i1": "b", "i8": "b", "i16": "s"}
ORDERS = ("lazy", "eager", "early-copies", "late-copies", "1")
C_TYPES = {"p": "void *", "l": "long", "i": "int", "f": "float", "d": "double", "b": "char", "s": "short"}


def kernels_for_host(module):
    """The gpu.module of a lowered program as a module of functions, and C code
    that calls each kernel for every thread."""
    body = re.search(r"^  gpu\.module .*?\{\n(.*?)^  \}\n", module, re.MULTILINE | re.DOTALL)[1]
    body = re.sub(
        r"nvvm\.read\.ptx\.sreg\.(\w+)\.([xyz])(?: range <[^>]*>)? : i32",
        r"llvm.call @sreg_\1_\2() : () -> i32",
        body,
    )
    stubs = ["typedef unsigned u;"]
    stubs += [f"static __thread int value_{r}; int sreg_{r}(void) {{ return value_{r}; }}" for r in REGISTERS]
    loops = "".join(
        f"for (value_{v}_{a} = 0; value_{v}_{a} < (int){count}[{n}]; ++value_{v}_{a}) "
        for v, count in (("ctaid", "grid"), ("tid", "block"))
        for n, a in enumerate("xyz")
    )
    sizes = " ".join(
        f"value_{v}_{a} = {count}[{n}];"
        for v, count in (("nctaid", "grid"), ("ntid", "block"))
        for n, a in enumerate("xyz")
    )
    run = "static void run(void (*kernel)(void **), void **p, const u *grid, const u *block)"
    stubs.append(f"{run} {{ {sizes} {loops} kernel(p); }}")
    for name, parameters in re.findall(r"llvm\.func @(\w+)\((.*?)\) attributes \{gpu\.kernel", body):
        types = [re.match(r"%\w+: (\S+)", p)[1] for p in parameters.split(", ")] if parameters else []
        codes = [TYPES[t] for t in types]
        prototype = ", ".join(C_TYPES[c] for c in codes) or "void"
        values = ", ".join(f"*({C_TYPES[c]} *)p[{i}]" for i, c in enumerate(codes))
        stubs += [
            f"void {name}({prototype});",
            f'const char *mempl_kernel_{name}_types = "{"".join(codes)}";',
            f"static void call_{name}(void **p) {{ {name}({values}); }}",
            f"void mempl_kernel_{name}(void **p, const u *grid, const u *block) {{ run(call_{name}, p, grid, block); }}",
        ]
    body = re.sub(r" attributes \{gpu\.kernel.*\} \{", " {", body)
    declared = "".join(f"  llvm.func @sreg_{r}() -> i32\n" for r in REGISTERS)
    return f"module {{\n{declared}{body}}}\n", "\n".join(stubs) + "\n"


class HostKernels:
    """Compiles the kernels of programs for the fake driver."""

    def __init__(self, args):
        self.args = args

    def library(self, tools, name, source, functions=None):
        program = tools.passes(source, gpu.lowering(tools.args, functions or name, "llvm"))
        module, stubs = kernels_for_host(program)
        base = os.path.join(tools.folder, name)
        with open(f"{base}.stubs.c", "w", encoding="utf-8") as f:
            f.write(stubs)
        llvm = self.args.llvm_bin
        ir = tools.run([f"{llvm}/mlir-translate", "--mlir-to-llvmir"], module)
        tools.run([f"{llvm}/llc", "-O1", "-relocation-model=pic", "-filetype=obj", "-o", f"{base}.kernels.o"], ir)
        library = f"{base}.kernels.so"
        flags = ["-O1", "-w", "-shared", "-fPIC", "-o", library]
        tools.run([self.args.cc, *flags, f"{base}.stubs.c", f"{base}.kernels.o", "-lm"])
        return library


def check_network(tools, kernels, name, solver, expected):
    """Runs one network in several orders; returns what is wrong."""
    network = tools.passes(os.path.join(gpu.MODELS, f"{name}.mlir"), gpu.FUSE)
    placed = tools.passes("-", gpu.placement(tools.args, solver), text=network)
    module = gpu.lower(tools, name, placed, tools.args.runs)
    library = kernels.library(tools, name, os.path.join(tools.folder, f"{name}.run.mlir"))
    outputs = {}
    for order in ORDERS:
        log = os.path.join(tools.folder, f"{name}.log")
        environment = {
            **tools.environment,
            "FAKE_CUDA_ORDER": order,
            "FAKE_CUDA_KERNELS": library,
            "FAKE_CUDA_LOG": log,
        }
        outputs[order] = gpu.execute(tools, module, environment)[-2:]
    with open(log, encoding="utf-8") as f:
        calls = f.read().split("\n")
    count = lambda word: sum(line.startswith(word) for line in calls)
    copies = placed.count("mempl.copy_start")
    problems = []
    if len({tuple(numbers) for numbers in outputs.values()}) != 1:
        problems.append(f"results depend on the order: {outputs}")
    if not gpu.is_right(outputs["lazy"], expected[name]):
        problems.append(f"expected {expected[name]}, got {outputs['lazy']}")
    summary = (
        f"{count('launch')} launches, {count('copy')} copies ({copies} planned, "
        f"{tools.args.runs + 1 if tools.args.runs else 0} + 1 runs), {count('synchronize')} waits of the host"
    )
    print(f"{name}, {solver}: {'; '.join(problems) or 'as expected'}: {summary}", flush=True)
    return problems


def run_in_orders(tools, kernels, names, text):
    """What a program prints in each order, its functions `names` on the device."""
    source = os.path.join(tools.folder, "loops.run.mlir")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    module = tools.passes(source, gpu.lowering(tools.args, names))
    library = kernels.library(tools, "loops", source, names)
    return {
        order: gpu.execute(
            tools, module, {**tools.environment, "FAKE_CUDA_ORDER": order, "FAKE_CUDA_KERNELS": library}
        )
        for order in ORDERS
    }


def check_carried(tools, kernels):
    """Loops whose copies go from trip to trip, placed by hand and by plans, give
    what they give without, in all orders."""
    inputs = os.path.join(HERE, "Runtime", "Inputs")
    with open(os.path.join(inputs, "rotating.mlir"), encoding="utf-8") as f:
        runs = run_in_orders(tools, kernels, "placed,plain", f.read())
    # How many elements are written, and how many of them differ.
    problems = [f"by hand, {order}: {out}" for order, out in runs.items() if out != [0, 0, 32, 0, 64, 0, 160, 0, 192, 0]]
    planned = os.path.join(HERE, "Transforms", "apply-plan-trips.mlir")
    placed = gpu.unwrap(tools.passes(planned, "mempl-apply-plan{target=tiny}"))
    with open(planned, encoding="utf-8") as f:
        plain = re.sub(r"^mempl\.(instance|plan) .*?^\}\n", "", f.read(), flags=re.MULTILINE | re.DOTALL)
    with open(os.path.join(inputs, "trips_main.mlir"), encoding="utf-8") as f:
        driver = f.read()
    names = ",".join(re.findall(r"^func\.func @(\w+)", plain, re.MULTILINE))
    expected = run_in_orders(tools, kernels, names, plain + driver)["lazy"]
    for order, out in run_in_orders(tools, kernels, names, placed + driver).items():
        if out != expected:
            problems.append(f"by plans, {order}: expected {expected}, got {out}")
    print("\n".join(problems) or "copies that loops carry: as expected", flush=True)
    return problems


def check_table(args, kernels, name):
    """The table of benchmarks/gpu.py itself, times aside."""

    def environment(tools, network, module):
        library = kernels.library(tools, network, os.path.join(tools.folder, f"{network}.run.mlir"))
        return {**tools.environment, "FAKE_CUDA_KERNELS": library}

    args.networks = [name]
    return gpu.run_all(args, environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("bin", "fake", "runner", "libs", "llvm-bin", "cc"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--solvers", default="greedy")
    parser.add_argument("--capacity", default="64MiB")
    parser.add_argument("--runs", default="0")
    parser.add_argument("networks", nargs="*")
    args = parser.parse_args()
    gpu_args = gpu.parse_arguments(
        [
            f"--bin={args.bin}",
            f"--cuda-driver={args.fake}",
            f"--runner={args.runner}",
            f"--libs={args.libs}",
            f"--capacity={args.capacity}",
            f"--runs={args.runs}",
            "--budget=500",
            f"--solvers={args.solvers}",
        ]
    )
    networks = args.networks or sorted(n[:-5] for n in os.listdir(os.path.join(gpu.MODELS, "harness")))
    with open(os.path.join(gpu.MODELS, "expected.csv"), encoding="utf-8") as f:
        expected = {row["model"]: row for row in csv.DictReader(f)}
    kernels = HostKernels(args)
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        tools = gpu.Tools(gpu_args, folder)
        problems += check_carried(tools, kernels)
        for name in networks:
            for solver in args.solvers.split(","):
                problems += check_network(tools, kernels, name, solver, expected)
    gpu_args.runs = 2
    if check_table(gpu_args, kernels, networks[0]) != 0:
        problems.append("the table")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
