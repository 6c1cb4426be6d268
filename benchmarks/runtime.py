#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicted and measured latency of placed networks, side by side, as Markdown.

    runtime.py --bin=build/release/bin [--networks=a,b] [--solvers=none,greedy]
               [--repeats=9] [--real-time] [--write=docs/runtime.md]
    runtime.py --bin=build/release/bin --trace=trace.json [--networks=resnet_small]
               [--solvers=search] [--check]
    runtime.py --bin=build/release/bin --bytes [--networks=a,b]

The machine is targets/throttled-cpu.json: a CPU whose runtime library makes
memory slow. The compute time of each step is measured once per network, before
placement, and never fitted. Then each solver places the network with these
times, the simulator says how long it will take, and it runs.

A machine that does other things as well wakes a sleeping program late, which
adds to each step. With --real-time, as root, programs run with a priority over
everything else (chrt), and most of that is gone.

With --trace the file is a trace of one run, for chrome://tracing or Perfetto;
--check exits with 1 unless most bytes that are prefetched move while steps run.

With --bytes nothing is measured: the steps of each network that has no loops
must be those of its placement problem, and move the same bytes.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
TARGET = os.path.join(HERE, "..", "targets", "throttled-cpu.json")
NETWORKS = "mlp_small,vgg_small,resnet_small,mobilenet_small,transformer_small,mixer_small,wavenet_small"
SOLVERS = "none,greedy,msa,search"
PREPARE = "func.func(linalg-fuse-elementwise-ops),canonicalize,mempl-prepare"


def run(command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr[:2000]}")
    return done.stdout


def tool(name):
    """A tool of LLVM, with or without the version in its name."""
    for candidate in (f"{name}-22", name, f"/usr/lib/llvm-22/bin/{name}"):
        if shutil.which(candidate):
            return candidate
    sys.exit(f"{name} is not installed")


def throttle(target):
    """What the runtime has to know to be the target."""
    with open(target) as f:
        machine = json.load(f)["machine"]
    return {
        "MEMPL_RUNTIME_SLOWDOWN": "1",
        "MEMPL_RUNTIME_FAST_CAPACITY": str(machine["fast"]["capacity"]),
        "MEMPL_RUNTIME_FAST_BANDWIDTH": str(machine["fast"]["bandwidth"]),
        "MEMPL_RUNTIME_SLOW_BANDWIDTH": str(machine["slow"]["bandwidth"]),
        "MEMPL_RUNTIME_COPY_BANDWIDTH": str(machine["copy"]["bandwidth"]),
        "MEMPL_RUNTIME_COPY_LATENCY": str(machine["copy"]["latency"]),
        "MEMPL_RUNTIME_STEP_OVERHEAD": str(machine["step"]["overhead"]),
    }


def driver(name, repeats):
    """The driver of a network, which does everything `repeats` times."""
    with open(f"{MODELS}/harness/{name}.mlir") as f:
        text = f.read()
    text = text.replace("func.func @main()", "func.func @once()")
    calls = "  call @once() : () -> ()\n" * repeats
    return f"{text}\nfunc.func @main() {{\n{calls}  return\n}}\n"


class Network:
    """A network, prepared for placement: every op has a line of its own."""

    target = TARGET

    def __init__(self, args, work, name):
        self.opt = os.path.join(args.bin, "mempl-opt")
        self.libraries = [
            os.path.join(args.libs, "libmlir_c_runner_utils.so"),
            os.path.join(args.bin, "..", "lib", "libmempl_runtime.so"),
        ]
        self.args, self.work, self.name = args, work, name
        self.prepared = f"{work}/{name}.mlir"
        run([self.opt, f"{MODELS}/{name}.mlir", f"--pass-pipeline=builtin.module({PREPARE})", "-o", self.prepared])
        self.profile = f"{work}/{name}.profile.json"

    def driver(self, repeats):
        return driver(self.name, repeats)

    def place(self, solver, profile=True, more=""):
        """Places the network; returns the seconds that the simulator expects."""
        decisions = f"{self.work}/decisions.json"
        options = f"target={self.target} solver={solver} budget={self.args.budget} tile=false trace-out={decisions} {more}"
        if profile:
            options += f" profile={self.profile}"
        passes = f"builtin.module(learned-memory-placement{{{options}}})"
        self.placed = run(
            [self.opt, self.prepared, f"--pass-pipeline={passes}", "--mlir-print-debuginfo", "--mlir-print-local-scope"]
        )
        with open(decisions) as f:
            return json.load(f)["latency"]

    def execute(self, repeats, environment, trace):
        """Runs the network after it was placed; returns the events of its trace."""
        body = self.placed.split("module {\n", 1)[1].rstrip()
        whole, lowered = f"{self.work}/whole.mlir", f"{self.work}/lowered.mlir"
        with open(whole, "w") as f:
            f.write(body[: body.rindex("}")] + self.driver(repeats))
        passes = f"builtin.module(mempl-lower-to-cpu{{functions={self.name}}})"
        run([self.opt, whole, f"--pass-pipeline={passes}", "-o", lowered])
        command = [tool("mlir-runner"), "-O0", "-e", "main", "-entry-point-result=void", lowered]
        command += [f"-shared-libs={library}" for library in self.libraries]
        if self.args.real_time:
            command = ["chrt", "--fifo", "10", *command]
        run(command, {**environment, "MEMPL_RUNTIME_TRACE": trace})
        with open(trace) as f:
            return [event for event in json.load(f)["traceEvents"] if event["ph"] == "X"]

    def measure_profile(self):
        """Compute seconds of each step, the median of some runs without throttle."""
        self.place("none", profile=False)
        times = {}
        for event in self.execute(self.args.repeats, {}, f"{self.work}/profile.trace"):
            if event["cat"] == "step":
                times.setdefault(event["args"]["location"], []).append(event["args"]["compute"] * 1e-6)
        seconds = {location: statistics.median(values) for location, values in times.items()}
        with open(self.profile, "w") as f:
            json.dump({"version": 1, "seconds": seconds}, f)
        return sum(seconds.values())

    def measure(self):
        """Median seconds of the network; the first run tells the runtime how
        long the steps compute."""
        events = self.execute(self.args.repeats + 1, throttle(self.target), f"{self.work}/run.trace")
        return statistics.median(e["dur"] * 1e-6 for e in events if e["cat"] == "function" and e["name"] == self.name)


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0.0] * len(values)
    i = 0
    while i < len(order):
        j = i
        while j < len(order) and values[order[j]] == values[order[i]]:
            j += 1
        for k in order[i:j]:
            result[k] = (i + j - 1) / 2
        i = j
    return result


def spearman(a, b):
    """Correlation of the ranks."""
    a, b = ranks(a), ranks(b)
    return statistics.correlation(a, b) if len(set(a)) > 1 and len(set(b)) > 1 else 1.0


def overlap(events):
    """Of the bytes copied in: the share that moves while steps run."""
    steps = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["cat"] == "step"]
    moved = beside = 0.0
    for event in events:
        if event["cat"] != "copy" or event["tid"] != 2:
            continue
        begin, end = event["ts"], event["ts"] + event["dur"]
        inside = sum(max(0.0, min(end, e) - max(begin, b)) for b, e in steps)
        moved += event["args"]["bytes"]
        beside += event["args"]["bytes"] * min(1.0, inside / max(end - begin, 1e-9))
    return (beside / moved if moved else 0.0), moved


def compare_bytes(args, work):
    every = sorted(name[:-5] for name in os.listdir(f"{MODELS}/harness"))
    failed = False
    for name in args.networks.split(",") if args.networks else every:
        network = Network(args, work, name)
        instance = f"{work}/instance.json"
        network.place("none", profile=False, more=f"instance-out={instance}")
        with open(instance) as f:
            steps = json.load(f)["steps"]
        if any("body" in step for step in steps):
            print(f"{name}: has a loop")
            continue
        events = network.execute(1, {}, f"{work}/bytes.trace")
        # A step that moves and computes nothing is there for its name only.
        planned = [sum(access["bytes"] for access in step["accesses"]) for step in steps if step["accesses"]]
        moved = [event["args"]["slow bytes"] for event in events if event["cat"] == "step"]
        failed |= planned != moved
        print(f"{name}: {len(moved)} steps, {sum(moved)} bytes: {'as planned' if planned == moved else 'NOT AS PLANNED'}")
    sys.exit(failed)


def write_trace(args, work):
    name = args.networks.split(",")[0] if args.networks else "resnet_small"
    solver = args.solvers.split(",")[0] if args.solvers else "search"
    network = Network(args, work, name)
    network.measure_profile()
    network.place(solver)
    events = network.execute(1, throttle(TARGET), args.trace)
    share, moved = overlap(events)
    copies = sum(e["cat"] == "copy" and e["tid"] == 2 for e in events)
    print(f"{name}, {solver}: {copies} prefetches of {moved:.0f} bytes, {share:.0%} of them while steps run")
    if args.check and (copies == 0 or share < 0.5):
        sys.exit("expected at least half of the bytes to move while steps run")


PREFACE = """# Predicted and measured

Small networks, placed for [throttled-cpu](../targets/throttled-cpu.json), in milliseconds: what the simulator predicts,
and what the lowered program takes on the runtime library ([Lowering.md](Lowering.md)), which makes slow memory slow.
Made by

<!-- not run: the machine has to be idle -->
```sh
{command}
```

The compute time of each step is the median of {repeats} runs before placement, without the throttle; nothing is
fitted after that. Measured is the median of {repeats} runs. Solvers whose plans give the same program share a measurement.

"""

NOTES = """
The difference between measured and predicted is the time between steps, a few dozen microseconds for each, in which the
program tells the runtime what the next step accesses, allocates slow memory, and wakes up after a wait. It is larger
where steps are many and short (wavenet_small). Most of the time is that of memory: compute is a small part of all
latencies. The runtime takes bandwidths and latency from the same rules as the simulator; what can differ, and would
show here, is everything else: which bytes the ops of the lowered program access and its copies carry, when they are
issued and awaited, how long steps compute, and what the program does that the plan does not know of.
"""


def winner(solvers, predicted, measured):
    """The fastest solver, as measured, and whether it was predicted to be."""
    found = min(range(len(solvers)), key=lambda i: measured[i])
    lead = predicted[found] / min(predicted) - 1
    if lead < 1e-6:
        return solvers[found], True
    expected = solvers[predicted.index(min(predicted))]
    return f"{solvers[found]}; predicted {expected}, by {lead:.2%}", False


def table(args, work):
    lines = [
        "| network | solver | copies in, out | predicted | measured | measured / predicted |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    notes, relative, agreed = [], ([], []), 0
    networks = (args.networks or NETWORKS).split(",")
    solvers = (args.solvers or SOLVERS).split(",")
    for name in networks:
        network = Network(args, work, name)
        compute = network.measure_profile()
        predicted, measured, known = [], [], {}
        for solver in solvers:
            predicted.append(network.place(solver))
            if network.placed not in known:
                known[network.placed] = network.measure()
            measured.append(known[network.placed])
            copies = [network.placed.count(f"copy_start {kind}") for kind in ("prefetch", "evict")]
            lines.append(
                f"| {name} | {solver} | {copies[0]}, {copies[1]} | {predicted[-1] * 1e3:.2f} | "
                f"{measured[-1] * 1e3:.2f} | {measured[-1] / predicted[-1]:.3f} |"
            )
            print(lines[-1], flush=True)
        best, as_predicted = winner(solvers, predicted, measured)
        agreed += as_predicted
        notes.append(f"| {name} | {compute * 1e3:.2f} | {spearman(predicted, measured):.2f} | {best} |")
        for values, into in ((predicted, relative[0]), (measured, relative[1])):
            into += [value / values[0] for value in values]
    summary = [
        "",
        "| network | compute of all steps | Spearman | fastest as measured |",
        "| --- | --- | --- | --- |",
        *notes,
        "",
        f"Spearman correlation of all {len(relative[0])} latencies, each relative to the first solver of its",
        f"network: {spearman(*relative):.3f}. The fastest was predicted for {agreed} of {len(networks)} networks.",
    ]
    print("\n".join(summary))
    return "\n".join(lines + summary) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib", help="the folder of MLIR's runner libraries")
    parser.add_argument("--networks", default="")
    parser.add_argument("--solvers", default="")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--budget", default="2000")
    parser.add_argument("--real-time", action="store_true")
    parser.add_argument("--trace", default="")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--bytes", action="store_true")
    parser.add_argument("--write", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if args.bytes:
            return compare_bytes(args, work)
        if args.trace:
            return write_trace(args, work)
        text = table(args, work)
    if args.write:
        command = " ".join(["benchmarks/runtime.py", *sys.argv[1:]])
        rest = ""
        if os.path.exists(args.write):
            with open(args.write) as f:  # What tiles.py writes stays.
                rest = "".join(f.read().partition("\n## Tiled\n")[1:])
        with open(args.write, "w") as f:
            f.write(PREFACE.format(command=command, repeats=args.repeats) + text + NOTES + rest)


if __name__ == "__main__":
    main()
