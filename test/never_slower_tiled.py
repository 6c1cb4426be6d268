#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of which the pass decides what is tiled are never slower than whole.

    never_slower_tiled.py --opt=mempl-opt [--settings=tiny:,edge-npu:24KiB]
                          [--solver=greedy] [--budget=2000] [--tiled=10] FILE..

Places each file after fusion, with `tile` and without, for each target with its
bytes of fast memory, and prints the latencies as Markdown. The exit code is 1
if a program is slower with it, or fewer than --tiled are faster.
"""

import argparse
import os
import sys

from run_placed import FUSE
from same_latency import latencies


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opt", required=True)
    parser.add_argument("--settings", default="tiny:")
    parser.add_argument("--solver", default="greedy")
    parser.add_argument("--budget", default="2000")
    parser.add_argument("--tiled", type=int, default=0, help="programs that have to be faster, at least")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    slower = faster = 0
    print("| network | target | capacity | whole | chosen | share |\n|" + " --- |" * 6)
    for path in args.files:
        for setting in args.settings.split(","):
            target, capacity = setting.split(":")
            place = (f"learned-memory-placement{{target={target} capacity={capacity} solver={args.solver} "
                     f"budget={args.budget} trace-out=TRACE tile=")
            whole, chosen = (latencies(args.opt, path, FUSE, place + tile + "}")[0] for tile in ("false", "true"))
            slower += chosen > whole
            faster += chosen < whole
            name = os.path.basename(path)[:-5]
            print(f"| {name} | {target} | {capacity} | {1e6 * whole:.3f} | {1e6 * chosen:.3f} | {chosen / whole:.4f} |",
                  flush=True)
    print(f"Microseconds; {faster} programs faster, {slower} slower.")
    sys.exit(slower > 0 or faster < args.tiled)


if __name__ == "__main__":
    main()
