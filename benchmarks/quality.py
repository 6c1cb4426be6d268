#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How good the plans of the policies are on real programs, as Markdown tables.

    quality.py --seconds=2.5 --results=quality.jsonl
    quality.py --budget=20000 --capacities=112,64,32,16,8 --results=quality.jsonl
    quality.py --seconds=2.5 --never-slower=search --results=quality.jsonl
    quality.py --curve --programs=gpt2_decode_b8 --results=quality.jsonl

Each measurement is one run of mempl-solve and one line of the results file. A
measurement that the file has, made by the same binary, is not made again: a run
that was killed goes on where it was.

XLA's own plan is judged by the same simulator. XLA prefetches some weights at
the end of the run before ("cross_program" in its plans). "XLA, free" is its
plan if that cost nothing. A carried residency cannot say so, because XLA does
not leave the value behind for the next run (rule V10). So the program gets one
more step in front, without cost, that puts these values into fast memory; what
comes out is verified like any plan, and simulated.

gap = latency / bound: 1.1 is at most 10 % from optimal. Times are milliseconds.
"""

import argparse
import glob
import gzip
import hashlib
import json
import math
import os
import shlex
import subprocess
import sys
import tempfile

MIB = 1 << 20
INSTANCE = ".instance.json.gz"
PLAN = ".xla_plan.json.gz"
# Policies that look at each decision once, whatever the budget.
CONSTRUCTIVE = ("none", "greedy", "msa")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failed(Exception):
    """A run of mempl-solve without an answer."""


def load(path):
    with gzip.open(path, "rt") as file:
        return json.load(file)


# ------------------------------------------------------------------ programs


class Program:
    """One instance file and XLA's plan for it."""

    def __init__(self, path, data):
        self.path = path
        relative = os.path.relpath(path, data)
        self.name = os.path.basename(path)[: -len(INSTANCE)].removesuffix(".v5e")
        self.set = os.path.dirname(relative) or "compiler"
        self.plan = path[: -len(INSTANCE)] + PLAN
        self.key = f"{self.set}/{self.name}"


def list_programs(args):
    paths = sorted(glob.glob(os.path.join(args.data, "*" + INSTANCE)))
    paths += sorted(glob.glob(os.path.join(args.data, "*", "*" + INSTANCE)))
    programs = [Program(path, args.data) for path in paths]
    if args.sets:
        programs = [p for p in programs if p.set in args.sets.split(",")]
    if args.programs:
        wanted = args.programs.split(",")
        known = {p.name for p in programs}
        for name in wanted:
            if name not in known:
                sys.exit(f"quality.py: no program {name} in {args.data}")
        programs = [p for p in programs if p.name in wanted]
    if not programs:
        sys.exit(f"quality.py: no *{INSTANCE} in {args.data}")
    return programs


def keep_for_free(instance, plan):
    """Both with what XLA prefetches for the next run there from the start.

    Every step moves back by one. A value that is kept over becomes two: the new
    one has the accesses that its residency serves, and is written in the new
    step, by an access of no bytes.
    """
    moments = ("write", "issue", "ready", "last", "done", "back")
    names = {v["name"]: i for i, v in enumerate(instance["values"])}
    kept = {names.get(v, v) for v in plan["cross_program"]}
    first = {"name": "kept over", "compute": 0, "accesses": []}
    residencies = []
    for r in plan["residencies"]:
        r = dict(r)
        if r["value"] in kept and r.get("issue") == 0:
            old = instance["values"][r["value"]]
            new = len(instance["values"])
            for step in instance["steps"][: r["last"] + 1]:
                for access in step["accesses"]:
                    if access["value"] == r["value"]:
                        if access["mode"] != "read":
                            raise Failed("a kept-over value is written")
                        access["value"] = new
            instance["values"].append(
                {
                    "name": old["name"] + " (kept over)",
                    "size": old["size"],
                    "kind": "temporary",
                }
            )
            first["accesses"].append({"value": new, "bytes": 0, "mode": "write"})
            kept.remove(r["value"])
            r = {"value": new, "offset": r["offset"], "write": -1, "last": r["last"]}
        residencies.append(
            {k: x + 1 if k in moments else x for k, x in r.items()}
        )
    instance["steps"].insert(0, first)
    loops = {str(int(i) + 1): p for i, p in plan.get("loops", {}).items()}
    return instance, {
        "instance": plan["instance"],
        "residencies": residencies,
        "loops": loops,
    }


# -------------------------------------------------------------- measurements


class Lab:
    """Makes measurements, or finds them in the results file."""

    def __init__(self, args):
        self.args = args
        with open(args.solve, "rb") as file:
            self.tool = hashlib.sha256(file.read()).hexdigest()[:12]
        self.known = {}
        self.failures = []
        self.tables = []
        for record in self.read_results():
            if record["tool"] == self.tool:
                self.known[json.dumps(record["key"])] = record["result"]

    def read_results(self):
        if not self.args.results or not os.path.exists(self.args.results):
            return
        with open(self.args.results) as file:
            for line in file:
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    pass  # The last line of a run that was killed.

    def machine(self, capacity):
        options = [f"--capacity={capacity}MiB"]
        if self.args.max_carried:
            options.append(f"--max-carried={self.args.max_carried}")
        return options

    def measure(self, key, make):
        """The result for `key`; made if it is new; None if that fails."""
        if self.args.max_carried and not key[0].startswith("xla"):
            key = key + [f"carried {self.args.max_carried}"]
        text = json.dumps(key)
        if text in self.known:
            return self.known[text]
        if self.args.report:
            return None
        print(" ".join(map(str, key)), file=sys.stderr, flush=True)
        try:
            result = make()
        except Failed as error:
            self.failures.append(f"{' '.join(map(str, key))}: {error}")
            print(f"quality.py: {self.failures[-1]}", file=sys.stderr)
            return None
        self.known[text] = result
        if self.args.results:
            self.append({"tool": self.tool, "key": key, "result": result})
        return result

    def append(self, record):
        with open(self.args.results, "a+b") as file:
            # A killed run may have left half a line.
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")

    def solve(self, path, *options):
        command = [self.args.solve, path, "--format=json", *options]
        process = subprocess.run(command, capture_output=True, text=True)
        if process.returncode != 0:
            raise Failed(process.stderr.strip() or "failed without a message")
        answer = json.loads(process.stdout)
        for row in answer["policies"]:
            if not row["verified"]:
                raise Failed("invalid plan: " + "; ".join(row["violations"][:3]))
        return answer

    def base(self, program, capacity):
        """Figures that no policy changes: slow, ideal, bound, sizes."""

        def make():
            answer = self.solve(
                program.path,
                *self.machine(capacity),
                "--policy=greedy",
                f"--bound-iterations={self.args.bound_iterations}",
            )
            keys = ("steps", "values", "slow", "ideal", "bound")
            return {key: answer[key] for key in keys}

        key = ["base", program.key, capacity, self.args.bound_iterations]
        return self.measure(key, make)

    def xla(self, program, capacity):
        """XLA's plan, which is for one capacity."""

        def make():
            answer = self.solve(
                program.path, f"--check={program.plan}", "--no-bound"
            )
            if answer["capacity"] != capacity * MIB:
                return {"latency": None}
            return answer["policies"][0]

        return self.measure(["xla", program.key, capacity], make)

    def xla_free(self, program, capacity):
        """XLA's plan if what it keeps over cost nothing."""

        def make():
            instance, plan = load(program.path), load(program.plan)
            overhead = instance["machine"]["step"]["overhead"]
            if instance["machine"]["fast"]["capacity"] != capacity * MIB:
                return {"latency": None}
            instance, plan = keep_for_free(instance, plan)
            with tempfile.TemporaryDirectory() as folder:
                paths = [os.path.join(folder, x) for x in ("i.json", "p.json")]
                for path, data in zip(paths, (instance, plan)):
                    with open(path, "w") as file:
                        json.dump(data, file)
                answer = self.solve(
                    paths[0], f"--check={paths[1]}", "--no-bound"
                )
            row = answer["policies"][0]
            row["latency"] -= overhead  # Of the step that was put in front.
            return row

        return self.measure(["xla free", program.key, capacity], make)

    def policy(self, program, capacity, policy, limit):
        kind, amount = limit
        key = ["policy", program.key, capacity, policy, kind, amount]
        key += [self.args.seed, self.args.threads]

        def make():
            answer = self.solve(
                program.path,
                *self.machine(capacity),
                f"--policy={policy}",
                "--no-bound",
                "--timing",
                *self.limits(limit),
            )
            return answer["policies"][0]

        return self.measure(key, make)

    def curve(self, program, capacity, policy, seconds):
        """Improvements [seconds, evaluated, latency] of one long run."""
        key = ["curve", program.key, capacity, policy, seconds]
        key += [self.args.seed, self.args.threads]

        def make():
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "curve.jsonl")
                self.solve(
                    program.path,
                    *self.machine(capacity),
                    f"--policy={policy}",
                    "--no-bound",
                    f"--anytime={path}",
                    *self.limits(("seconds", seconds)),
                )
                with open(path) as file:
                    points = [json.loads(line) for line in file]
            names = ("seconds", "evaluated", "latency")
            return [[point[name] for name in names] for point in points]

        return self.measure(key, make)

    def limits(self, limit):
        kind, amount = limit
        options = [f"--seed={self.args.seed}", f"--threads={self.args.threads}"]
        if kind == "seconds":
            return options + ["--budget=0", f"--time-limit-ms={amount * 1000:.0f}"]
        if kind == "moves":
            return options + [f"--budget={amount}"]
        return options


# -------------------------------------------------------------------- tables


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " -- |" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def milliseconds(latency):
    return "-" if latency is None else f"{latency * 1e3:.3f}"


def gap_text(gap):
    return "-" if gap is None else f"{gap:.3f}"


def gap_of(result, base):
    if not result or result["latency"] is None or not base:
        return None
    return result["latency"] / base["bound"] if base["bound"] else None


def summary(gaps):
    """Geometric mean and worst, and of how many if some are missing."""
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return "-"
    mean = math.exp(math.fsum(map(math.log, known)) / len(known))
    text = f"{mean:.4f} ({max(known):.3f})"
    return text if len(known) == len(gaps) else f"{text} of {len(known)}"


def contestants(args):
    """(policy, limit) in the order of the columns."""
    limits = [("seconds", float(x)) for x in split(args.seconds)]
    limits += [("moves", int(x)) for x in split(args.budget)]
    result = []
    for policy in args.policies.split(","):
        if policy in CONSTRUCTIVE:
            result.append((policy, ("once", 0)))
        else:
            result += [(policy, limit) for limit in limits]
    return result


def split(text):
    return text.split(",") if text else []


def label(contestant):
    policy, (kind, amount) = contestant
    if kind == "once":
        return policy
    return f"{policy} {amount:g} s" if kind == "seconds" else f"{policy} {amount} moves"


def quality_table(lab, programs, capacity, columns):
    """Markdown for one set of programs, and the gaps per column."""
    header = ["program", "steps", "values", "slow", "bound", "XLA", "XLA, free"]
    header += [label(c) for c in columns]
    header += ["gap XLA", "gap XLA, free"]
    header += ["gap " + label(c) for c in columns]
    searches = [c for c in columns if c[1][0] != "once"]
    header += ["moves of " + label(c) for c in searches]
    rows, gaps = [], {name: [] for name in ["XLA", "XLA, free", *columns]}
    for program in programs:
        base = lab.base(program, capacity)
        results = {
            "XLA": lab.xla(program, capacity),
            "XLA, free": lab.xla_free(program, capacity),
        }
        for policy, limit in columns:
            results[policy, limit] = lab.policy(program, capacity, policy, limit)
        for name, result in results.items():
            gaps[name].append(gap_of(result, base))
        known = base or dict.fromkeys(("steps", "values", "slow", "bound"))
        row = [program.name]
        row += ["-" if known[x] is None else str(known[x]) for x in ("steps", "values")]
        row += [milliseconds(known[x]) for x in ("slow", "bound")]
        row += [milliseconds(r and r["latency"]) for r in results.values()]
        row += [gap_text(gaps[name][-1]) for name in results]
        row += [str(results[c]["evaluated"]) if results[c] else "-" for c in searches]
        rows.append(row)
    last = ["**geometric mean (worst)**"] + [""] * (4 + len(gaps))
    last += [summary(gaps[name]) for name in gaps] + [""] * len(searches)
    return table(header, rows + [last]), gaps


def by_set(programs):
    result = {}
    for program in programs:
        result.setdefault(program.set, []).append(program)
    return result


def report_quality(lab, programs):
    """All tables: one per set and capacity, then one over the capacities."""
    columns = contestants(lab.args)
    capacities = [int(x) for x in lab.args.capacities.split(",")]
    rows = {}
    for name, members in by_set(programs).items():
        for capacity in capacities:
            text, gaps = quality_table(lab, members, capacity, columns)
            print(f"**Costs: {name}, {capacity} MiB** (milliseconds)\n\n{text}")
            for column in columns:
                row = rows.setdefault((name, column), [name, label(column)])
                row.append(summary(gaps[column]))
    if len(capacities) > 1:
        header = ["costs", "policy"] + [f"{c} MiB" for c in capacities]
        print("**Gap over capacities: geometric mean (worst)**\n")
        print(table(header, rows.values()))


def report_curve(lab, programs):
    """Gap after so many seconds of one run."""
    times = [float(x) for x in lab.args.curve.split(",")]
    capacities = [int(x) for x in lab.args.capacities.split(",")]
    policies = [p for p in lab.args.policies.split(",") if p not in CONSTRUCTIVE]
    header = ["costs", "program", "MiB", "policy", "bound"]
    header += [f"gap at {t:g} s" for t in times] + ["moves"]
    rows = []
    for program in programs:
        for capacity in capacities:
            base = lab.base(program, capacity)
            for policy in policies:
                points = lab.curve(program, capacity, policy, max(times)) or []
                row = [program.set, program.name, str(capacity), policy]
                row.append(milliseconds(base and base["bound"]))
                for t in times:
                    past = [p[2] for p in points if p[0] <= t]
                    best = {"latency": min(past)} if past else None
                    row.append(gap_text(gap_of(best, base)))
                row.append(str(points[-1][1]) if points else "-")
                rows.append(row)
    print("**Anytime curves** (one run each; moves up to the last improvement)\n")
    print(table(header, rows))


def count_slower(lab, programs):
    """Prints where the policy is slower than XLA's plan; how often."""
    policy = lab.args.never_slower
    wanted = [c for c in contestants(lab.args) if c[0] == policy]
    if not wanted:
        sys.exit(f"quality.py: --never-slower: {policy} is not in --policies")
    slower = compared = 0
    for program in programs:
        for capacity in (int(x) for x in lab.args.capacities.split(",")):
            xla = lab.xla(program, capacity)
            if not xla or xla["latency"] is None:
                continue
            for contestant in wanted:
                ours = lab.policy(program, capacity, *contestant)
                compared += 1
                if not ours or ours["latency"] > xla["latency"] * (1 + 1e-9):
                    slower += 1
                    print(
                        f"slower than XLA's plan: {program.key}: "
                        f"{label(contestant)} "
                        f"{milliseconds(ours and ours['latency'])}, "
                        f"XLA {milliseconds(xla['latency'])}"
                    )
    print(f"{policy}: slower than XLA's plan in {slower} of {compared} cases")
    return slower if compared else 1


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--solve", default=os.path.join(ROOT, "build/release/bin/mempl-solve"))
    add("--data", default=os.path.join(ROOT, "test/data/xla_tpu"))
    add("--results", help="JSON lines, read first and appended to")
    add("--sets", help="compiler,roofline (default: both)")
    add("--programs", help="names, separated by commas (default: all)")
    add("--capacities", default="112", help="MiB, separated by commas")
    add("--policies", default="greedy,search")
    add(
        "--max-carried",
        type=int,
        default=0,
        metavar="N",
        help="values that a run may leave in fast memory for the next",
    )
    add("--seconds", help="per run; several separated by commas")
    add("--budget", help="moves per run; several separated by commas")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=1)
    add("--bound-iterations", type=int, default=2000)
    add("--report", action="store_true", help="measure nothing, show what is known")
    add("--never-slower", metavar="POLICY", help="exit 1 if XLA's plan beats it")
    add(
        "--curve",
        nargs="?",
        const="0.1,1,10,100",
        metavar="SECONDS",
        help="gap after 0.1, 1, 10, 100 s (or these) of one run each",
    )
    args = parser.parse_args()
    if not os.path.exists(args.solve):
        parser.error(f"no {args.solve}: build it, or name it with --solve")
    if not args.curve and not args.seconds and not args.budget:
        parser.error("give --seconds or --budget (or --curve)")
    return args


def main():
    args = parse_arguments()
    programs = list_programs(args)
    lab = Lab(args)
    print(f"`quality.py {shlex.join(sys.argv[1:])}`\n")
    if args.curve:
        report_curve(lab, programs)
    elif not args.never_slower:
        report_quality(lab, programs)
    slower = args.never_slower and count_slower(lab, programs)
    for failure in lab.failures:
        print(f"failed: {failure}")
    return 1 if lab.failures or slower else 0


if __name__ == "__main__":
    sys.exit(main())
