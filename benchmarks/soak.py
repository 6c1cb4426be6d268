#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tries mempl on made-up input for as long as one likes, and keeps the counts.

    soak.py WHAT.. [--count=N] [--log=soak.jsonl] [--write=docs/Reliability.md]

WHAT is one of

    readers    fuzzers, one after the other (or one of them: readers:Instance);
               needs the fuzzers of the preset asan
    passes     valid modules, changed by chance, by every pass; needs the same
    plans      random programs by every solver, checked by verifier and model
    programs   random tensor programs, placed and run
    lowered    the same with branches between blocks, lowered by mempl
    orders     the same with side effects, in orders made by chance
    tiles      random loops over slices, placed and tiled and run
    trips      loops by random plans with copies across trips
    files      damaged files, each read by a process of its own
    faults     kills at random moments; with --python also of what Python runs

Each goes on where the log says that it was left, in pieces, until the log has
--count of it; so it may be stopped at any time. What was found is printed, and
counted in the log. A crash in a pass of upstream is counted by itself, and does
not end the soak. --write puts the table of all counts into a page. Exits with 1
if something was found.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

import lab

ROOT = lab.ROOT
FUZZ = os.path.join(ROOT, "unittests", "fuzz")
BEGIN, END = "<!-- made by benchmarks/soak.py: begin -->", "<!-- made by benchmarks/soak.py: end -->"

# Fuzzers: the dictionary, and the longest input in bytes.
READERS = {
    "Instance": ("problem.dict", 4096),
    "Plan": ("problem.dict", 4096),
    "Packing": ("problem.dict", 2048),
    "Hlo": ("hlo.dict", 8192),
    "Tables": ("problem.dict", 2048),
    "Target": ("problem.dict", 4096),
    "Profile": ("problem.dict", 1024),
    "Weights": ("problem.dict", 4096),
    "Reproducer": ("problem.dict", 4096),
    "Checkpoint": ("problem.dict", 4096),
    "Mlir": ("mlir.dict", 3000),
}
PASSES = ("mlir.dict", 6000)


class Log:
    """Lines {"what": .., "first": .., "count": .., "found": .., "seconds": ..}."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                # A line may be cut off: the run was stopped.
                for line in file:
                    try:
                        self.lines.append(json.loads(line))
                    except ValueError:
                        continue

    def sum(self, what, key="count"):
        return sum(line.get(key, 0) for line in self.lines if line["what"] == what)

    def add(self, **line):
        self.lines.append(line)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def execute(command, limit=3600, **more):
    """Output and exit code."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=limit, **more)
    except subprocess.TimeoutExpired as error:
        return f"still running after {limit} s: {' '.join(map(str, error.cmd))}", 124
    return done.stdout + done.stderr, done.returncode


# -------------------------------------------------------------------- readers


def modules(folder):
    """Every module of tests and examples, that fuzzers of passes begin with."""
    for source in "test", "examples":
        for path in sorted(glob.glob(os.path.join(ROOT, source, "**", "*.mlir"), recursive=True)):
            with open(path, encoding="utf-8") as file:
                pieces = re.split(r"^// -----.*$", file.read(), flags=re.MULTILINE)
            name = os.path.relpath(path, ROOT).replace(os.sep, "-")
            for number, piece in enumerate(pieces):
                # What stands in comments is for FileCheck.
                piece = re.sub(r"^ *//.*\n", "", piece, flags=re.MULTILINE).strip()
                if 0 < len(piece.encode()) < PASSES[1]:
                    with open(os.path.join(folder, f"{name}-{number}"), "w", encoding="utf-8") as file:
                        file.write(piece + "\n")


def unpack(name, folder):
    """The inputs that are kept in the tree."""
    if name == "Passes":
        return modules(folder)
    with tarfile.open(os.path.join(FUZZ, "corpora", f"{name}.tar.gz")) as archive:
        archive.extractall(folder, filter="data")


def fuzz(args, name, first, count):
    """Inputs tried, what was found, and what was found that is upstream's."""
    dictionary, longest = READERS.get(name, PASSES)
    corpus = os.path.join(args.corpora, name)
    if not os.path.isdir(corpus):
        os.makedirs(corpus)
        unpack(name, corpus)
    command = [os.path.join(args.fuzzers, name + "Fuzzer"), f"-dict={os.path.join(FUZZ, dictionary)}",
               f"-max_len={longest}", f"-runs={count}", f"-seed={first + 1}", "-timeout=60", "-rss_limit_mb=4096",
               "-print_final_stats=1", f"-artifact_prefix={args.corpora}/{name}-{first}-", corpus]
    # Only without libFuzzer, which ignores it: inputs of the corpus are run once.
    if name == "Passes" and first > FIRST:
        command.append("-only_changed=1")
    # LLVM's own libraries have no sanitizer and don't say what they use of a pool.
    environment = {**os.environ, "ASAN_OPTIONS": "detect_container_overflow=0:allow_user_poisoning=0"}
    output, code = execute(command, limit=6 * 3600, env=environment)
    # Those that are valid, where the fuzzer says it.
    tried = re.search(r"^modules: (\d+)", output, re.MULTILINE) or re.search(
        r"number_of_executed_units: (\d+)", output)
    tried = int(tried.group(1)) if tried else 0
    if code == 0 and tried:
        return tried, 0, 0
    # A crash of a pass of upstream does not end the soak.
    is_upstream = re.search(r"^upstream: ", output, re.MULTILINE)
    print(f"{name}: {output[-300 if is_upstream else -3000:]}", flush=True)
    return tried, int(not is_upstream), int(bool(is_upstream))


# ----------------------------------------------------------------- other tasks


def model():
    sys.path.insert(0, os.path.join(ROOT, "test", "reference"))
    import placement

    return placement


def plans(args, first, count):
    """Random programs by every solver, and the best plans by the model."""
    placement = model()
    output, code = execute([os.path.join(args.bin, "mempl-random-plans"), str(first), str(count)])
    found = int(code != 0)
    for text in output.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            print(text)
            continue
        if "mistake" in line:
            print(text)
            continue
        instance = placement.Instance.load(line["instance"])
        plan = placement.Plan.load(line["plan"])
        violations = placement.verify(instance, plan)
        latency = placement.simulate(instance, plan).latency
        if violations or abs(latency - line["latency"]) > 1e-9 * latency:
            found += 1
            print(f"program {line['number']}: the model has {latency} and {violations}")
    return count, found


def script(name, *options):
    """A task that a script of test/ does, from a seed on."""

    def task(args, first, count):
        command = [sys.executable, "-B", os.path.join(ROOT, "test", name)]
        command += [option.format(args=args, first=first, count=count) for option in options]
        output, code = execute(command)
        if code:
            print(output[-3000:])
        return count, int(code != 0)

    return task


RUN = ("--opt={args.bin}/mempl-opt", "--runner={args.runner}", "--libs={args.libs}")
ON_RUNTIME = RUN + ("--runtime={args.bin}/../lib/libmempl_runtime.so",)
# What is done in one piece, and how.
TASKS = {
    "passes": (5000, lambda args, first, count: fuzz(args, "Passes", first, count)),
    "plans": (200, plans),
    "programs": (50, script("random_programs.py", *RUN, "--programs={count}", "--seed={first}")),
    "lowered": (50, script("random_programs.py", *ON_RUNTIME, "--programs={count}", "--seed={first}")),
    "orders": (50, script("random_programs.py", "--opt={args.bin}/mempl-opt-broken", *RUN[1:], "--orders",
                          "--programs={count}", "--seed={first}")),
    "tiles": (20, script("random_tiles.py", *ON_RUNTIME, "--programs={count}", "--seed={first}")),
    "trips": (100, script("random_trip_plans.py", *ON_RUNTIME, "--plans={count}", "--seed={first}")),
    "files": (1000, script("mutate.py", "{args.bin}/mempl-solve", "--count={count}", "--seed={first}")),
    "faults": (20, script("check_faults.py", "--bin={args.bin}", "--kills={count}", "--seed={first}",
                          "--only-kills", "--python={args.python}")),
}
# Seeds that tests do not have.
FIRST = 1000000


def soak(args, log, what):
    """Goes on with one task; whether something was found."""
    fuzzer = what.partition(":")[2]
    piece, task = (100000, lambda *rest: fuzz(rest[0], fuzzer, *rest[1:])) if fuzzer else TASKS[what]
    while log.sum(what) < args.count:
        done = log.sum(what)
        count = min(args.piece or piece, args.count - done)
        # Where nothing was tried before a crash of upstream, from another seed.
        first = FIRST + done + log.sum(what, "upstream")
        start = time.monotonic()
        tried, found, *upstream = task(args, first, count)
        seconds = round(time.monotonic() - start, 1)
        log.add(what=what, first=first, count=tried, found=found, upstream=sum(upstream), seconds=seconds)
        if found:
            return True
    print(f"{what}: {log.sum(what)} tried, {log.sum(what, 'found')} found")
    return False


# ----------------------------------------------------------------------- table

TEXTS = {
    "passes": "modules changed by chance, by every pass",
    "plans": "random programs by every solver",
    "programs": "random tensor programs, placed and run",
    "lowered": "the same with branches, lowered by mempl",
    "orders": "the same in orders made by chance",
    "tiles": "random loops over slices",
    "trips": "random plans with copies across trips",
    "files": "damaged files",
    "faults": "processes killed",
}


def table(log):
    lines = ["| what | tried | open faults | crashes of upstream | seconds |", "|---|--:|--:|--:|--:|"]
    for what in [f"readers:{name}" for name in READERS] + list(TEXTS):
        if log.sum(what):
            last = [line for line in log.lines if line["what"] == what][-1]
            text = f"reader `{what[8:]}`" if what.startswith("readers:") else TEXTS[what]
            upstream, seconds = log.sum(what, "upstream"), log.sum(what, "seconds")
            lines.append(f"| {text} (`{what}`) | {log.sum(what):,} | {last['found']} | {upstream:,} | {seconds:,.0f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", nargs="*")
    parser.add_argument("--count", type=int, default=1000, help="of each, in all (default 1000)")
    parser.add_argument("--piece", type=int, default=0, help="done between two lines of the log")
    parser.add_argument("--log", default="soak.jsonl")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--fuzzers", default=os.path.join(ROOT, "build", "asan", "bin"), help="folder of the fuzzers")
    parser.add_argument("--corpora", default="", help="folder that inputs of fuzzers gather in (default: none stays)")
    parser.add_argument("--runner", default="mlir-runner-22")
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib")
    parser.add_argument("--python", default="", help="that has mempl, IREE and JAX, for faults")
    parser.add_argument("--write", default="", help="page that gets the table")
    args = parser.parse_args()
    wanted = []
    for what in args.what:
        wanted += [f"readers:{name}" for name in READERS] if what == "readers" else [what]
    for what in wanted:
        if what not in TASKS and what.removeprefix("readers:") not in READERS:
            lab.fail(f"{what}: expected readers or one of {', '.join(TASKS)}")
    log = Log(args.log)
    with tempfile.TemporaryDirectory() as folder:
        args.corpora = os.path.abspath(args.corpora or folder)
        found = [what for what in wanted if soak(args, log, what)]
    if args.write:
        lab.replace_between(args.write, BEGIN, END, f"\n{table(log)}\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
