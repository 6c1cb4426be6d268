# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measurements of solvers on programs of the XLA compiler, kept in a file.

What benchmarks/run and benchmarks/learned share: programs, cases, runs of tools
whose results are found again, and tables.
"""

import glob
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile

MIB = 1 << 20
HLO = ".hlo.txt.gz"
# Solvers that look at each decision once, whatever the time.
CONSTRUCTIVE = ("none", "greedy", "msa")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Equal to within what rounding and ties can do.
EQUAL = 1e-3


class Failed(Exception):
    """A run of a tool without an answer."""


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: error: {text}")


class Program:
    """One file of HLO text, with the tables of XLA's assignment beside it."""

    def __init__(self, path):
        self.path = path
        self.stem = path[: -len(HLO)]
        self.name, self.chip = os.path.basename(self.stem).rsplit(".", 1)
        self.target = "tpu-" + self.chip


def list_programs(args):
    programs = [Program(path) for path in sorted(glob.glob(os.path.join(args.data, "*" + HLO)))]
    wanted = args.programs.split(",") if args.programs else []
    for name in wanted:
        if name not in {p.name for p in programs}:
            fail(f"no program {name} in {args.data}")
    if wanted:
        programs = [p for p in programs if p.name in wanted]
    if not programs:
        fail(f"no *{HLO} in {args.data}")
    return programs


# -------------------------------------------------------------- measurements


class Lab:
    """Makes measurements, or finds them in the results file."""

    def __init__(self, args):
        self.args = args
        digest = hashlib.sha256()
        for tool in ("mempl-solve", "mempl-translate"):
            try:
                with open(self.tool(tool), "rb") as file:
                    digest.update(file.read())
            except OSError as error:
                fail(f"{error.filename}: {error.strerror}; build first, or give --bin")
        self.version = digest.hexdigest()[:12]
        self.known, self.failures = {}, []
        for record in self.read_results():
            if record["tool"] == self.version or args.report:
                self.known[json.dumps(record["key"])] = record["result"]

    def tool(self, name):
        return os.path.join(self.args.bin, name)

    def read_results(self):
        if not self.args.results or not os.path.exists(self.args.results):
            return
        with open(self.args.results) as file:
            for line in file:
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    pass  # The last line of a run that was killed.

    def measure(self, key, make):
        """The result for `key`; made if it is new; None if that fails."""
        text = json.dumps(key)
        if text in self.known or self.args.report:
            return self.known.get(text)
        print(" ".join(map(str, key)), file=sys.stderr, flush=True)
        try:
            result = make()
        except Failed as error:
            self.failures.append(f"{' '.join(map(str, key))}: {error}")
            print(self.failures[-1], file=sys.stderr)
            return None
        self.known[text] = result
        if self.args.results:
            self.append({"tool": self.version, "key": key, "result": result})
        return result

    def append(self, record):
        with open(self.args.results, "a+b") as file:
            # A killed run may have left half a line.
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")

    def call(self, tool, *options):
        process = subprocess.run([self.tool(tool), *options], capture_output=True, text=True)
        if process.returncode != 0:
            raise Failed(process.stderr.strip() or "failed without a message")
        return process.stdout

    def solve(self, *options):
        answer = json.loads(self.call("mempl-solve", "--format=json", *options))
        for row in answer["policies"]:
            if not row["verified"]:
                raise Failed("invalid plan: " + "; ".join(row["violations"][:3]))
        return answer

    def base(self, case):
        """Figures that no solver changes: slow, ideal, bound, sizes."""

        def make():
            answer = self.solve(*case.options(), "--solver=greedy", f"--bound-iterations={self.args.bound_iterations}")
            return {key: answer[key] for key in ("steps", "values", "slow", "ideal", "bound")}

        return self.measure(["base", *case.key(), self.args.bound_iterations], make)

    def xla(self, case):
        """XLA's own plan; None where the capacity is not that of XLA."""
        if case.capacity:
            return None
        make = lambda: self.solve(*case.options(), "--xla", "--no-bound")["policies"][0]
        return self.measure(["xla", *case.key()], make)

    def solver(self, case, solver, plan=None):
        limit = [] if solver in CONSTRUCTIVE else self.limit(self.args.seconds)

        def make():
            answer = self.solve(*case.options(), f"--solver={solver}", "--no-bound", "--timing", *limit)
            return answer["policies"][0]

        return self.measure(["solver", *case.key(), solver, *limit], make)

    def limit(self, seconds):
        return ["--cpu-time", "--budget=0", f"--time-limit-ms={seconds * 1000:.0f}", f"--seed={self.args.seed}"]

    def curve(self, case, solver, seconds):
        """Improvements [seconds, latency] of one long run."""

        def make():
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "curve.jsonl")
                self.solve(*case.options(), f"--solver={solver}", "--no-bound", f"--anytime={path}", *self.limit(seconds))
                with open(path) as file:
                    points = [json.loads(line) for line in file]
            return [[point["seconds"], point["latency"]] for point in points]

        return self.measure(["curve", *case.key(), solver, seconds, self.args.seed], make)

    def common(self, case, solver):
        """Share of XLA's fast bytes x steps that a solver's plan holds, too."""

        def make():
            options = case.options()
            with tempfile.TemporaryDirectory() as folder:
                ours = os.path.join(folder, "p.json")
                self.solve(*options, f"--solver={solver}", "--no-bound", f"--plan-out={ours}")
                with open(ours) as file:
                    plan = json.load(file)
            xla = json.loads(self.call("mempl-translate", "--import-hlo=xla-plan", *options))
            instance = json.loads(self.call("mempl-translate", "--import-hlo=instance", *options))
            held = [fast_steps(instance, p) for p in (xla, plan)]
            size = lambda key: sizes_of(instance)[key[0], key[1]]
            both = sum(size(key) for key in held[0] & held[1])
            return [both, sum(map(size, held[0])), sum(map(size, held[1]))]

        return self.measure(["common", *case.key(), solver], make)

    def table_check(self, program, cost):
        """What mempl-translate says of the program beside XLA's table."""

        def make():
            return self.call(
                "mempl-translate", "--import-hlo", program.path, f"--target={program.target}", f"--cost={cost}",
                f"--check-against={program.stem}.bufferinfo.csv.gz",
            )

        return self.measure(["table", program.name, program.chip, cost], make)


def fast_steps(instance, plan, path=""):
    """(program, value, step) for all that a plan holds in fast memory."""
    held = set()
    for r in plan["residencies"]:
        first = 0 if r.get("carried") else r.get("write", r.get("ready", 0))
        held |= {(path, r["value"], step) for step in range(first, r["last"] + 1)}
    for step, inner in plan.get("loops", {}).items():
        held |= fast_steps(instance["steps"][int(step)]["body"], inner, f"{path}/{step}")
    return held


def sizes_of(instance, path=""):
    sizes = {(path, i): v["size"] for i, v in enumerate(instance["values"])}
    for number, step in enumerate(instance["steps"]):
        if step.get("body"):
            sizes |= sizes_of(step["body"], f"{path}/{number}")
    return sizes


class Case:
    """A program under a cost model, on its machine or a smaller one."""

    def __init__(self, program, cost, capacity=None, carried=0, scoped=False):
        self.program, self.cost, self.capacity = program, cost, capacity
        self.carried, self.scoped = carried, scoped

    def key(self):
        p = self.program
        return [p.name, p.chip, self.cost, self.capacity, self.carried, self.scoped]

    def options(self):
        options = [self.program.path, f"--target={self.program.target}", f"--cost={self.cost}"]
        if self.scoped:
            options += ["--reserve-scoped", "--capacity=128MiB"]
        if self.capacity:
            options.append(f"--capacity={self.capacity}MiB")
        if self.carried:
            options.append(f"--max-carried={self.carried}")
        return options


# -------------------------------------------------------------------- tables


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " -- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def durations(seconds):
    """Texts for the times in one row of a table, which None are missing of: all
    in the unit that fits the smallest, with four digits of that."""
    known = [x for x in seconds if x]
    if not known:
        return ["-" if x is None else "0" for x in seconds]
    scale, unit = next(((s, u) for s, u in UNITS if min(known) >= s), UNITS[-1])
    digits = max(0, 3 - math.floor(math.log10(min(known) / scale)))
    return ["-" if x is None else f"{x / scale:.{digits}f} {unit}" for x in seconds]


def latency_of(result):
    return result["latency"] if result else None


def gap_of(latency, base):
    return latency / base["bound"] if latency is not None and base and base["bound"] else None


def mean(values):
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else None


def summary(gaps):
    """Geometric mean and worst, and of how many if some are missing."""
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return "-"
    text = f"{mean(known):.4f} ({max(known):.3f})"
    return text if len(known) == len(gaps) else f"{text} of {len(known)}"


def write_whole(path, text):
    part = path + ".part"
    with open(part, "w") as file:
        file.write(text)
    os.replace(part, path)


def replace_tables(path, text):
    """Puts the tables of a page in the place of those that it has."""
    replace_between(path, "<!-- tables -->", "<!-- end of tables -->", f"\n{text}")


def replace_between(path, begin, end, text):
    """Replaces what is between two comments of a file."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    if begin not in page or end not in page:
        fail(f"{path}: expected the lines {begin} and {end}")
    write_whole(path, f"{page[:page.index(begin) + len(begin)]}\n{text}\n{page[page.index(end):]}")
