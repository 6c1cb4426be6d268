#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs before placement to tidy up does not make the placed program slower.

    same_latency.py --opt=mempl-opt [--targets=tiny,..] [--solver=greedy]
                    [--budget=2000] [--networks=a,b | FILE..]

Places each program as it is, after `cse`, after `canonicalize` and after both,
and prints the latencies as Markdown. The exit code is 1 if a latency after them
is more than 1 % longer than without.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "models")
FORMS = {"as it is": (), "cse": ("cse",), "canonicalize": ("canonicalize",), "both": ("canonicalize", "cse")}


def latencies(opt, path, *passes):
    """The latency of the placed function, and of the same from slow memory."""
    with tempfile.TemporaryDirectory() as work:
        trace = os.path.join(work, "trace.json")
        pipeline = ",".join(passes).replace("TRACE", trace)
        done = subprocess.run([opt, path, f"--pass-pipeline=builtin.module({pipeline})", "-o", os.devnull],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{path}: {pipeline}\n{done.stderr[:2000]}")
        with open(trace) as f:
            result = json.load(f)
    return result["latency"], result["slow"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opt", required=True)
    parser.add_argument("--targets", default="tiny")
    parser.add_argument("--solver", default="greedy")
    parser.add_argument("--budget", default="2000")
    parser.add_argument("--networks", default="", help="of test/data/models; all if nothing is named")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    files = args.files or sorted(glob.glob(f"{MODELS}/*.mlir"))
    if args.networks:
        files = [f"{MODELS}/{name}.mlir" for name in args.networks.split(",")]
    failed = 0
    for target in args.targets.split(","):
        place = f"learned-memory-placement{{target={target} solver={args.solver} budget={args.budget} tile=false trace-out=TRACE}}"
        print(f"| {target} | " + " | ".join(FORMS) + " | worst |")
        print("|" + " --- |" * (len(FORMS) + 2))
        for path in files:
            found = [latencies(args.opt, path, *passes, place)[0] for passes in FORMS.values()]
            worst = max(found) / found[0]
            failed += worst > 1.01
            name = os.path.basename(path)[:-5]
            print(f"| {name} | " + " | ".join(f"{1e6 * t:.3f}" for t in found) + f" | {worst:.4f} |", flush=True)
    print(f"Microseconds; {failed} programs more than 1 % slower.")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
