#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs placed networks on a GPU: predicted beside measured, as Markdown.

    gpu.py --bin=build/release/bin [--solvers=none,greedy,search]
           [--capacity=64MiB] [--target=h100-host] [--chip=sm_90] [--runs=20]
           [--no-profile] [--keep=FOLDER] [NETWORK ..]

Fast memory is that of the device, slow memory pinned memory of the host, which
kernels read over the bus. First the kernels of every network are timed with
everything fast; these times are the compute times of its steps, for all
solvers. Then each solver places the network, which runs once to warm up and
--runs times; the median is what the table says. Every result is compared with
test/data/models/expected.csv.

Exit code: 0; 1 if a result is wrong or a tool fails; 69 if there is no CUDA
driver or device, and then nothing was run.
"""

import argparse
import collections
import csv
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
FUSE = "func.func(linalg-fuse-elementwise-ops),canonicalize"
NO_DEVICE = 69

Row = collections.namedtuple("Row", "network solver predicted measured right")


class ToolError(Exception):
    pass


class Tools:
    """The programs and libraries, and one network at a time in a folder."""

    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.opt = os.path.join(args.bin, "mempl-opt")
        self.solve = os.path.join(args.bin, "mempl-solve")
        self.runtime = args.runtime or os.path.join(args.bin, "..", "lib", "libmempl_gpu_runtime.so")
        self.environment = dict(os.environ)
        if args.cuda_driver:
            self.environment["MEMPL_CUDA_DRIVER"] = args.cuda_driver

    def run(self, command, text=None, environment=None):
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment or self.environment,
        )
        if done.returncode != 0:
            raise ToolError(f"{os.path.basename(command[0])}: exit code {done.returncode}: {done.stderr[:1500]}")
        return done.stdout

    def passes(self, source, *passes, text=None, flags=()):
        command = [self.opt, source, f"--pass-pipeline=builtin.module({','.join(passes)})", *flags]
        return self.run(command, text)

    def device_problem(self):
        """Why nothing can run here; empty if it can. A process of its own, since
        the runtime ends the one that it is in."""
        probe = f"import ctypes; ctypes.CDLL({self.runtime!r}).mgpuStreamCreate()"
        done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, env=self.environment)
        if done.returncode == 0:
            return ""
        if done.returncode != NO_DEVICE:
            raise ToolError(done.stderr.strip())
        return done.stderr.strip().removeprefix("mempl: error: ")


def unwrap(module):
    """The functions of a module without its `module {` and `}`."""
    head, body = module.split("module {\n", 1)
    return head + body.rstrip()[:-1]


def timed_driver(name, runs):
    """The driver of a network, which also calls it `runs` + 1 times and prints
    the seconds of each call, before the two sums."""
    with open(f"{MODELS}/harness/{name}.mlir", encoding="utf-8") as f:
        text = f.read()
    call = re.search(rf"^ *%r(:\d+)? = (call @{name}\(.*)$", text, re.MULTILINE)
    results = call[1] or ""
    loop = f"""
  %gpu_first = arith.constant 0 : index
  %gpu_step = arith.constant 1 : index
  %gpu_runs = arith.constant {runs + 1} : index
  scf.for %gpu_run = %gpu_first to %gpu_runs step %gpu_step {{
    %gpu_begin = func.call @rtclock() : () -> f64
    %gpu_result{results} = func.{call[2]}
    %gpu_end = func.call @rtclock() : () -> f64
    %gpu_seconds = arith.subf %gpu_end, %gpu_begin : f64
    vector.print %gpu_seconds : f64
  }}
"""
    if runs == 0:
        return text
    text = text[: call.start()] + loop + text[call.start() :]
    return text + "\nfunc.func private @rtclock() -> f64\n"


def lowering(args, name, form="isa"):
    return f"mempl-lower-to-gpu{{functions={name} chip={args.chip} format={form}}}"


def placement(args, solver, extra=""):
    capacity = f" capacity={args.capacity}" if args.capacity else ""
    return (
        f"learned-memory-placement{{target={args.target} solver={solver}"
        f"{capacity} budget={args.budget} {extra}}}"
    )


def lower(tools, name, placed, runs):
    """Placed network and driver to a module that mlir-runner takes."""
    source = os.path.join(tools.folder, f"{name}.run.mlir")
    with open(source, "w", encoding="utf-8") as f:
        f.write(unwrap(placed) + timed_driver(name, runs))
    return tools.passes(source, lowering(tools.args, name))


def execute(tools, module, environment=None):
    """The numbers that the program prints."""
    args = tools.args
    command = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
    command += [f"-shared-libs={args.libs}/libmlir_c_runner_utils.so", f"-shared-libs={tools.runtime}"]
    return [float(line) for line in tools.run(command, module, environment).split()]


def is_right(numbers, row):
    checksum, abssum = numbers
    size = float(row["abssum"])
    return abs(checksum - float(row["checksum"])) <= 1e-3 * size and abs(abssum - size) <= 1e-3 * size


def kernel_locations(tools, name, solver):
    """Per kernel, the op that it was made of, as a key of a profile."""
    text = tools.passes(
        f"{name}.mlir",
        placement(tools.args, solver),
        lowering(tools.args, name, "llvm"),
        flags=["--mlir-print-debuginfo"],
    )
    files = dict(re.findall(r'^(#loc\d*) = loc\(.*?"([^"]+":\d+:\d+)', text, re.MULTILINE))
    kernels = re.findall(r"gpu\.launch_func .*?::@(\w+) .* loc\((#loc\d*)\)", text)
    return {kernel: files[loc].replace('"', "") for kernel, loc in kernels if loc in files}


def profile_of(tools, name, environment):
    """Times the kernels of a network with all that fits in fast memory; returns
    the file with the seconds of its ops."""
    trace = os.path.join(tools.folder, f"{name}.trace.json")
    with open(f"{tools.folder}/{name}.mlir", encoding="utf-8") as f:
        network = f.read()
    placed = tools.passes("-", placement(tools.args, "greedy"), text=network)
    module = lower(tools, name, placed, tools.args.runs)
    execute(tools, module, {**environment(module), "MEMPL_GPU_TRACE": trace})
    with open(trace, encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    times = collections.defaultdict(list)
    for event in events:
        if event["cat"] == "kernel":
            times[event["name"]].append(event["dur"] * 1e-6)
    seconds = collections.defaultdict(float)
    for kernel, key in kernel_locations(tools, name, "greedy").items():
        seconds[key] += statistics.median(times[kernel])
    path = f"{tools.folder}/{name}.profile.json"
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"version": 1, "seconds": seconds}, f, indent=1)
    return path


def measure(tools, name, expected, environment):
    """The rows of one network. `environment(module)` is that of a run."""
    args = tools.args
    network = tools.passes(os.path.join(MODELS, f"{name}.mlir"), FUSE)
    with open(f"{tools.folder}/{name}.mlir", "w", encoding="utf-8") as f:
        f.write(network)
    profile = ""
    if not args.no_profile:
        profile = f"profile={profile_of(tools, name, environment)}"
    rows = []
    for solver in args.solvers.split(","):
        files = f"instance-out={name}.instance.json plan-out={name}.plan.json"
        placed = tools.passes(f"{name}.mlir", placement(args, solver, f"{profile} {files}"))
        command = [tools.solve, f"{name}.instance.json", f"--plan-in={name}.plan.json", "--format=json"]
        predicted = json.loads(tools.run(command))["policies"][0]["latency"]
        module = lower(tools, name, placed, args.runs)
        numbers = execute(tools, module, environment(module))
        seconds = numbers[1:-2] or [float("nan")]
        rows.append(Row(name, solver, predicted, statistics.median(seconds), is_right(numbers[-2:], expected[name])))
    return rows


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    return [order.index(i) + 1 for i in range(len(values))]


def spearman(first, second):
    if len(first) < 2:
        return float("nan")
    a, b = ranks(first), ranks(second)
    n = len(a)
    return 1 - 6 * sum((x - y) ** 2 for x, y in zip(a, b)) / (n * (n * n - 1))


def print_network(rows):
    predicted = ranks([row.predicted for row in rows])
    measured = ranks([row.measured for row in rows])
    for row, p, m in zip(rows, predicted, measured):
        result = "as expected" if row.right else "WRONG"
        print(f"| {row.network} | {row.solver} | {row.predicted * 1e3:.3f} | {row.measured * 1e3:.3f} | {p} / {m} | {result} |")


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(HERE, "..", "build", "release", "bin"))
    parser.add_argument("--runner", default="mlir-runner-22")
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib", help="folder of libmlir_c_runner_utils.so")
    parser.add_argument("--runtime", default="", help="libmempl_gpu_runtime.so, if not in lib beside --bin")
    parser.add_argument("--cuda-driver", default="", help="library to open instead of libcuda.so.1")
    parser.add_argument("--solvers", default="none,greedy,search")
    parser.add_argument("--target", default="h100-host")
    parser.add_argument("--capacity", default="64MiB", help="bytes of fast memory; the target's if empty")
    parser.add_argument("--chip", default="sm_90")
    parser.add_argument("--budget", default="20000")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--no-profile", action="store_true", help="compute times from the target's rates")
    parser.add_argument("--keep", default="", help="folder for the files in between")
    parser.add_argument("networks", nargs="*", help="all that have a driver if none")
    args = parser.parse_args(arguments)
    args.bin = os.path.abspath(args.bin)
    return args


def run_all(args, environment_of=None):
    """Prints the table; returns the exit code. `environment_of(tools, name,
    module)` gives the environment of a run, for tests."""
    networks = args.networks or sorted(n[:-5] for n in os.listdir(os.path.join(MODELS, "harness")))
    with open(os.path.join(MODELS, "expected.csv"), encoding="utf-8") as f:
        expected = {row["model"]: row for row in csv.DictReader(f)}
    unknown = [name for name in networks if name not in expected]
    if unknown:
        raise ToolError(f"no network {', '.join(unknown)}; there are {', '.join(sorted(expected))}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.path.abspath(args.keep) if args.keep else temporary
        os.makedirs(folder, exist_ok=True)
        tools = Tools(args, folder)
        problem = tools.device_problem()
        if problem:
            print(f"gpu.py: nothing was run: {problem}", file=sys.stderr)
            return NO_DEVICE
        print("| network | solver | predicted ms | measured ms | rank: predicted / measured | result |")
        print("|---|---|---|---|---|---|")
        correlations, all_rows = [], []
        for name in networks:
            environment = lambda module: environment_of(tools, name, module) if environment_of else tools.environment
            rows = measure(tools, name, expected, environment)
            print_network(rows)
            all_rows += rows
            correlations.append(spearman([r.predicted for r in rows], [r.measured for r in rows]))
        print(f"\nSpearman correlation, mean over networks: {statistics.mean(correlations):.2f}")
        return 0 if all(row.right for row in all_rows) else 1


def main():
    try:
        sys.exit(run_all(parse_arguments()))
    except (ToolError, OSError) as error:
        sys.exit(f"gpu.py: error: {error}")


if __name__ == "__main__":
    main()
