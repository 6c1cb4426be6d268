#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No plan of the portfolio at its default budget is slower than XLA's own.

    never_slower_than_xla.py --solve=MEMPL_SOLVE PROGRAM.CHIP.hlo.txt.gz ..

Both are plans for the memory that XLA compiled for, under both cost models. A
plan of the portfolio is never slower than that of `greedy`, which takes less time:
so the portfolio runs only where `greedy` is slower than XLA. Prints every case
that is, and the sums.
"""

import argparse
import json
import os
import subprocess
import sys

# Sums of the same steps in another order.
ROUNDING = 1e-9


def latencies(solve, path, cost, solver):
    """Those of XLA's plan, None where the text has none, and of the solver's."""
    chip = os.path.basename(path).split(".")[1]
    command = [solve, path, f"--target=tpu-{chip}", f"--cost={cost}", f"--solver={solver}", "--xla", "--no-bound"]
    done = subprocess.run([*command, "--format=json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{path}: {solver} failed: {done.stderr.strip()}")
    rows = {row["policy"]: row["latency"] for row in json.loads(done.stdout)["policies"]}
    return rows.pop("xla", None), min(rows.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--solve", required=True)
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    compared, slower = 0, 0
    for path in args.programs:
        for cost in ("compiler", "roofline"):
            xla, ours = latencies(args.solve, path, cost, "greedy")
            if xla is None:
                continue
            compared += 1
            limit = xla * (1 + ROUNDING)
            if ours > limit:
                _, ours = latencies(args.solve, path, cost, "portfolio")
            if ours > limit:
                slower += 1
                print(f"{os.path.basename(path)}, {cost}: {ours:.9f} s, XLA's plan {xla:.9f} s")
    print(f"{compared} compared, {slower} slower than XLA's plan")
    return 1 if slower or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
