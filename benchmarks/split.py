#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lets learned-memory-placement decide what is split in real networks, and writes what it gained as Markdown.

    split.py --bin=build/release/bin --results=split.jsonl [--machines=tpu-v5e,tpu-v5e:32MiB] [--networks=a,b]
             [--seconds=900] [--jobs=1] [--write=docs/Tiles.md]

A machine is a target, with `:CAPACITY` for another size of fast memory. Each network is fused and placed once, by the
default solver; the pass says how long the whole function takes when it is placed, and what it has made of
it. `CPU` are seconds of that run. The results file gets a line for each run, so that a run that was killed goes on
where it was; lines of other tools are not used. --write puts the tables behind the line "## Figures" of a page.
"""

import argparse
import concurrent.futures
import glob
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading

from lab import durations, fail, table, write_whole

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "test", "data", "models")
MACHINES = "tpu-v5e,tpu-v5e:32MiB,edge-npu,ethos-u65"
UNITS = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def seconds_of(text, what):
    found = re.search(rf"^  {what} +([0-9.]+) (\w+)", text, re.M)
    return float(found[1]) * UNITS[found[2]] if found else None


def place(tool, network, machine, limit):
    """What the pass says about a network; None where it does not end in time."""
    target, _, capacity = machine.partition(":")
    options = f"target={target} summary" + (f" capacity={capacity}" if capacity else "")
    passes = f"builtin.module(func.func(linalg-fuse-elementwise-ops),canonicalize,learned-memory-placement{{{options}}})"
    command = [tool, os.path.join(MODELS, network + ".mlir"), f"--pass-pipeline={passes}", "-o", os.devnull]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
    ) as process:
        text = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, -signal.SIGXCPU, -signal.SIGKILL):
        fail(f"{network} on {machine}: {text[:2000]}")
    placed = seconds_of(text, "placed") if process.returncode == 0 else None
    split = re.search(r"^  tiled +(\d+) runs? of (\d+) ops", text, re.M)
    return {
        "cpu": usage.ru_utime,
        "slow": seconds_of(text, "slow memory only"),
        "placed": placed,
        "whole": seconds_of(text, "placed whole") if split else placed,
        "runs": int(split[1]) if split else 0,
        "ops": int(split[2]) if split else 0,
    }


def tables(results, machines, networks):
    for machine in machines:
        target, _, capacity = machine.partition(":")
        yield f"\n### {target}" + (f" with {capacity.replace('MiB', ' MiB')}" if capacity else "") + "\n\n"
        rows = []
        for network in networks:
            r = results.get((network, machine))
            if not r:
                continue
            if r["placed"] is None:
                rows.append([network, "-", "-", "-", "-", "-", f"over {r['cpu']:.0f}"])
                continue
            slow, whole, placed = durations([r["slow"], r["whole"], r["placed"]])
            ratio = f"{r['placed'] / r['whole']:.4f}"
            rows.append([network, slow, whole, placed, ratio, f"{r['ops']} in {r['runs']}", f"{r['cpu']:.1f}"])
        yield table(["network", "slow", "whole", "chosen", "chosen / whole", "ops split, in runs", "CPU s"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--machines", default=MACHINES)
    parser.add_argument("--networks")
    parser.add_argument("--seconds", type=int, default=900)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--write")
    args = parser.parse_args()
    tool = os.path.join(args.bin, "mempl-opt")
    with open(tool, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:16]
    known = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(MODELS, "*.mlir")))
    networks = args.networks.split(",") if args.networks else [name for name in known if not name.endswith("_small")]
    for name in networks:
        if name not in known:
            fail(f"no network {name} in test/data/models")
    machines = args.machines.split(",")
    results = {}
    if os.path.exists(args.results):
        with open(args.results) as file:
            for line in map(json.loads, file):
                if line["tool"] == digest:
                    results[line["network"], line["machine"]] = line
    lock = threading.Lock()

    def measure(case):
        result = place(tool, *case, args.seconds)
        with lock, open(args.results, "a") as file:
            results[case] = result | {"tool": digest, "network": case[0], "machine": case[1]}
            file.write(json.dumps(results[case]) + "\n")
            print(*case, result, file=sys.stderr)

    missing = [(n, m) for m in machines for n in networks if (n, m) not in results]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(measure, missing))
    text = "".join(tables(results, machines, networks))
    if not args.write:
        print(text)
        return
    command = "benchmarks/split.py --bin=build/release/bin --results=split.jsonl --write=docs/Tiles.md"
    with open(args.write) as file:
        page = file.read()
    head, mark, rest = page.partition("## Figures\n")
    if not mark:
        fail(f"{args.write}: expected a line '## Figures'")
    _, following, rest = rest.partition("\n## ")
    said = (
        f"\nMade by `{command}`,\n"
        "after fusion, by the default solver. `whole` is the latency without splitting, and `CPU s` are seconds of the pass.\n"
    )
    write_whole(args.write, head + mark + said + text + following + rest)


if __name__ == "__main__":
    main()
