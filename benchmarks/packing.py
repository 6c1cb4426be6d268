#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times the exact packer on packing problems, beside google/minimalloc.

    packing.py --solve=build/release/bin/mempl-solve CASES... [--minimalloc=BINARY]

CASES are CSV files, or folders of them. The capacity is --capacity, or the
number in a name like A.1048576.csv, or else the largest load. Each tool runs
--repeat times per case, the two in turns so that a busy machine hurts both;
the table has the median of the wall times of the whole process. Every packing
is checked here, by code that neither tool shares. Exits with 1 if a packing is
wrong or mempl-solve does not pack a case.
"""

import argparse
import csv
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time


def read_buffers(path):
    """Rows (id, lower, upper, size, offset or None)."""
    with open(path, newline="") as file:
        return [
            (
                row["id"],
                int(row["lower"]),
                int(row["upper"]),
                int(row["size"]),
                int(row["offset"]) if row.get("offset") else None,
            )
            for row in csv.DictReader(file)
        ]


def max_load(buffers):
    """Largest sum of sizes alive at one time."""
    changes = []
    for _, lower, upper, size, _ in buffers:
        if lower < upper:
            changes += [(lower, size), (upper, -size)]
    load = most = 0
    for _, change in sorted(changes):
        load += change
        most = max(most, load)
    return most


def capacity_of(path, buffers):
    match = re.search(r"\.(\d+)\.csv$", os.path.basename(path))
    return int(match.group(1)) if match else max_load(buffers)


def check_file(buffers, path, capacity):
    """What is wrong with the packing written to `path`, or None."""
    if not os.path.exists(path):
        return "no offsets were written"
    return check_packing(buffers, read_buffers(path), capacity)


def check_packing(buffers, packed, capacity):
    """What is wrong with the offsets in `packed`, or None."""
    if [row[:4] for row in packed] != [row[:4] for row in buffers]:
        return "the buffers are not those of the problem"
    for name, _, _, size, offset in packed:
        if offset is None or offset < 0:
            return f"buffer {name} has no offset"
        if offset + size > capacity:
            return f"buffer {name} ends above the capacity"
    rows = [row for row in packed if row[1] < row[2] and row[3] > 0]
    rows.sort(key=lambda row: row[1])
    alive = []
    for row in rows:
        alive = [other for other in alive if other[2] > row[1]]
        for other in alive:
            if row[4] < other[4] + other[3] and other[4] < row[4] + row[3]:
                return f"buffers {other[0]} and {row[0]} overlap"
        alive.append(row)
    return None


def run_timed(command, limit):
    """(seconds, process), or (None, None) past the limit."""
    start = time.perf_counter()
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return None, None
    return time.perf_counter() - start, process


def run_solve(args, path, capacity, output):
    """(seconds or None, what went wrong or None)."""
    command = [args.solve, path, f"--capacity={capacity}", "--format=json"]
    if args.offsets_option:
        command.append(f"--{args.offsets_option}={output}")
    seconds, process = run_timed(command, args.limit)
    if seconds is None:
        return None, f"no answer in {args.limit} s"
    if process.returncode != 0:
        return None, process.stderr.strip() or "failed without a message"
    result = json.loads(process.stdout)
    if not result["packed"] or result["height"] > capacity:
        return None, "not packed"
    return seconds, None


def run_minimalloc(args, path, capacity, output):
    """(seconds or None, what went wrong or None)."""
    command = [
        args.minimalloc,
        f"--capacity={capacity}",
        f"--input={path}",
        f"--output={output}",
    ]
    seconds, process = run_timed(command, args.limit)
    if seconds is None:
        return None, f"no answer in {args.limit} s"
    if process.returncode != 0:
        return None, process.stderr.strip() or "failed without a message"
    return seconds, None


def measure(args, path, folder):
    """A row of the table: name, buffers, capacity, {tool: seconds}."""
    buffers = read_buffers(path)
    capacity = args.capacity or capacity_of(path, buffers)
    tools = {"mempl": run_solve}
    if args.minimalloc:
        tools["minimalloc"] = run_minimalloc
    times = {tool: [] for tool in tools}
    wrong = {}
    for _ in range(args.repeat):
        for tool, run in tools.items():
            if tool in wrong:
                continue
            output = os.path.join(folder, f"{tool}.csv")
            if os.path.exists(output):
                os.remove(output)
            seconds, problem = run(args, path, capacity, output)
            if problem is None and (tool != "mempl" or args.offsets_option):
                problem = check_file(buffers, output, capacity)
            if problem is None:
                times[tool].append(seconds)
            else:
                wrong[tool] = problem
                print(f"{path}: {tool}: {problem}", file=sys.stderr)
    medians = {
        tool: None if tool in wrong else statistics.median(times[tool])
        for tool in tools
    }
    name = os.path.basename(path).removesuffix(".csv")
    return name, len(buffers), capacity, medians


def print_table(rows, with_minimalloc):
    header = ["case", "buffers", "capacity", "mempl s"]
    if with_minimalloc:
        header += ["minimalloc s", "ratio"]
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    sums = {"mempl": 0.0, "minimalloc": 0.0}
    for name, count, capacity, times in rows:
        ours, theirs = times["mempl"], times.get("minimalloc")
        cells = [name, str(count), str(capacity), f"{ours:.3f}" if ours else "-"]
        if with_minimalloc:
            cells.append(f"{theirs:.3f}" if theirs else "-")
            cells.append(f"{theirs / ours:.1f}" if ours and theirs else "-")
        print("| " + " | ".join(cells) + " |")
        if not with_minimalloc or (ours and theirs):
            sums["mempl"] += ours or 0.0
            sums["minimalloc"] += theirs or 0.0
    total = f"sum: mempl {sums['mempl']:.2f} s"
    if with_minimalloc and sums["mempl"] > 0:
        total += (
            f", minimalloc {sums['minimalloc']:.2f} s, ratio "
            f"{sums['minimalloc'] / sums['mempl']:.1f} "
            "(cases that both packed)"
        )
    print("\n" + total)


def list_cases(paths):
    cases = []
    for path in paths:
        if os.path.isdir(path):
            names = sorted(os.listdir(path))
            cases += [
                os.path.join(path, name)
                for name in names
                if name.endswith(".csv") and not name.endswith(".offsets.csv")
            ]
        else:
            cases.append(path)
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="+", help="CSV files or folders")
    parser.add_argument("--solve", required=True, help="the mempl-solve binary")
    parser.add_argument("--minimalloc", help="the google/minimalloc binary")
    parser.add_argument("--capacity", type=int, help="bytes, for all cases")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, help="s per run")
    parser.add_argument(
        "--offsets-option",
        default="plan",
        help="the option of mempl-solve that names the CSV of offsets to write; "
        "empty: do not check them",
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(args, path, folder) for path in list_cases(args.cases)]
    print_table(rows, bool(args.minimalloc))
    return 0 if all(row[3]["mempl"] is not None for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
