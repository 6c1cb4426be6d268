#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the ways to the solvers have in common is called the same everywhere.

    check_options.py --bin=FOLDER

Compares the options of tools, passes and the C API with the tables below: every
option has a row, is where the row says and nowhere else, and has the default
that the row says. Where an option is not in all of them the row says why. And
every option that a solver declares is taken by every way to it, and a wrong one
refused with the same words. The tests of the Python package do the same with
its functions.
"""

import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What an option may be called no more, as tools spell it.
OLD = {"checkpoint", "from", "initial-weights", "minutes", "seconds", "time-limit", "max-seconds", "plan"}

# The ways that run a solver: the tool, the two passes, C, and Python.
TOOL, PLACE, SOLVE, C, PY_SOLVE, PY_PLACE = "mempl-solve", "learned-memory-placement", "pass mempl-solve", "C", "mempl.solve", "mempl.place"
ALL = {TOOL, PLACE, SOLVE, C, PY_SOLVE, PY_PLACE}
ON_PROGRAMS = {TOOL, PLACE, PY_PLACE}  # The others take an instance, which has its machine.

# name, default, where it is, why not everywhere.
SOLVING = [
    ("solver", "portfolio", ALL - {C}, "memplSolve() has it as an argument"),
    ("budget", "20000", ALL, ""),
    ("time-limit-ms", "", ALL, ""),
    ("seed", "0", ALL, ""),
    ("threads", "1", ALL, ""),
    ("weights", "", {C}, "before solvers had options; elsewhere hidden"),
    ("msa-options", "", {C}, "before solvers had options; elsewhere hidden"),
    ("capacity", "", ON_PROGRAMS, "of programs; instances have a machine"),
    ("target", "", ON_PROGRAMS, "of programs; instances have a machine"),
    ("profile", "", ON_PROGRAMS, "of programs; in Python also of mempl.load()"),
    ("plan-in", "", {TOOL}, "Python and C have plans as objects, IR as ops"),
    ("check", "", {TOOL}, "plan-in as a verb: a packing file may check itself"),
    ("plan-out", "", {TOOL, PLACE}, "Python and C have plans as objects, IR as ops"),
    ("bound-iterations", "4000", {TOOL}, "Python and C compute the bound by itself"),
    ("bound-nodes", "0", {TOOL}, "Python and C compute the bound by itself"),
    ("bound-seconds", "0", {TOOL, PLACE}, "Python and C compute the bound by itself"),
    ("fallback", "slow", {PLACE, PY_PLACE}, "the others say that there is no plan"),
    ("fallback", "error", {SOLVE}, "an instance without a plan shows nobody that it has none"),
    ("reorder", "true", ON_PROGRAMS, "of programs in MLIR; instances say so themselves"),
    ("tile", "true", {PLACE, PY_PLACE}, "of programs in MLIR that are rewritten"),
    ("function", "", {TOOL, PLACE}, "the pass places all and writes files of one; mempl.load() has it"),
    ("start", "", {TOOL, PY_SOLVE}, "a plan of an instance; programs have none yet"),
    ("progress", "", {PY_SOLVE, C}, "a call back"),
    ("cancelled", "", {PY_SOLVE}, "a call back"),
    ("is-cancelled", "", {C}, "the same in C, where names of functions have a verb"),
    ("user-data", "", {C}, "of the calls back"),
    ("text", "", {PY_PLACE}, "the program"),
    ("file", "", {PY_PLACE}, "the name of the text"),
    ("instance", "", {PY_SOLVE}, "the problem"),
    ("instance-out", "", {PLACE}, "mempl-translate makes instances of programs"),
    ("trace-out", "", {PLACE}, "remarks in Python, the report of the tool"),
    ("report", "", {TOOL, PLACE}, "mempl.report() in Python"),
    ("verify", "true", {PLACE}, "the others always verify the plan"),
    ("summary", "false", {PLACE}, "what the others return or print"),
    ("eliminate-empty-tensors", "true", {PLACE}, "of the IR that the pass makes"),
    ("max-carried", "", {TOOL}, "of the machine; mempl.load() has it"),
    ("cost", "", {TOOL}, "of HLO text; mempl.load() has it"),
    ("reserve-scoped", "", {TOOL}, "of HLO text"),
    ("free-order", "", {TOOL}, "of HLO text; mempl.load() has it"),
    ("xla", "", {TOOL}, "of HLO text; mempl.load_xla() in Python"),
] + [
    (name, default, {TOOL}, "of a command line")
    for name, default in [
        ("anytime", ""), ("baseline", ""), ("cpu-time", ""), ("diff", ""), ("earlier", ""), ("format", "table"), ("list-solvers", ""), ("no-bound", ""),
        ("map-out", ""), ("reproducer", ""), ("run-reproducer", ""), ("timing", ""), ("list-targets", ""),
        ("max-regression", "0%"),
    ]
]

# Options of training that mempl-train and mempl.train() both have, and their defaults.
TRAINING = {
    "time-limit-ms": "", "rounds": "0", "weights": "", "target": "", "validation": "", "out": "", "simulations": "16",
    "candidates": "16", "heads": "4", "generations": "40", "games": "16", "steps": "50", "batch": "128", "learning-rate": "0.001", "teacher-budget": "30000", "refine-budget": "10000", "elite-share": "0.5",
    "evaluate-every": "10", "patience": "0", "seed": "0", "threads": "1",
}
# What only the tool has: of files that it reads (mempl.load() in Python), and of the plan, which Python returns.
TRAINING_OF_TOOL = {"capacity", "cost", "plan-out", "list-targets"}

# Options of mempl-translate, which runs nothing.
TRANSLATING = {
    "o", "json-to-mlir", "mlir-to-json", "plan-in", "plan-out", "import-hlo", "export-xla-overrides", "target", "cost",
    "capacity", "max-carried", "reserve-scoped", "free-order", "check-against", "list-targets",
}


def output(*command):
    """All that a command prints."""
    process = subprocess.run(command, capture_output=True, text=True)
    return process.stdout + process.stderr


def tool_options(path):
    """Options that --help shows, and their defaults as it says."""
    found = {}
    for name, text in re.findall(r"^  --?([a-z][a-z-]*)(?:\[?[= ]<[^>]*>\]?)? +- (.*)$", output(path, "--help"), re.M):
        said = re.search(r"\(default ([^ ,);]*)", text)
        found[name] = said[1].rstrip(":") if said else ""
    return {name: default for name, default in found.items() if name not in ("help", "help-list", "version")}


def pass_options(opt, name):
    """Options of a pass and their defaults, as a pipeline is printed before it runs."""
    text = output(opt, f"--{name}", os.path.join(ROOT, "test", "Inputs", "empty.mlir"), "--dump-pass-pipeline", "-o", os.devnull)
    found = re.search(re.escape(name) + r"\{([^}]*)\}", text)
    if not found:
        sys.exit(f"expected the pipeline of {name}, found: {text.strip()}")
    return dict(pair.split("=", 1) for pair in found[1].split(" "))


def c_options():
    """Fields of MemplSolveOptions, as tools would spell them; their defaults are those of the solvers."""
    with open(os.path.join(ROOT, "include", "mempl-c", "Solver.h"), encoding="utf-8") as file:
        text = re.sub(r"//.*", "", file.read())
    body = re.search(r"typedef struct MemplSolveOptions \{(.*?)\} MemplSolveOptions;", text, re.S)[1]
    names = [re.search(r"\(\*(\w+)\)", part) or re.search(r"(\w+)\s*$", part) for part in body.split(";") if part.strip()]
    return {re.sub(r"[A-Z]", lambda m: "-" + m[0].lower(), name[1]): None for name in names}


def same(given, expected):
    """Whether two defaults are the same: no limit is 0 in tools and nothing in Python, which writes True and False."""
    nothing = {"", "0", "None"}
    return given is None or given in (expected, expected.capitalize()) or expected == "" or {given, expected} <= nothing


def compare(where, options, rows):
    """What is wrong with the options of one way; `rows` has their defaults by name."""
    wrong = [f"{where}: {name} is an old name" for name in options.keys() & OLD]
    wrong += [f"{where}: {name} has no row in test/check_options.py" for name in options.keys() - rows.keys() - OLD]
    wrong += [f"{where}: expected an option {name}" for name in rows.keys() - options.keys()]
    for name in options.keys() & rows.keys():
        if not same(options[name], rows[name]):
            wrong.append(f"{where}: default of {name}: expected {rows[name]!r}, found {options[name]!r}")
    return sorted(wrong)


def given(solver):
    """The specification of a solver with all of its options, as they are by default."""
    items = []
    for option in solver["options"]:
        value = option["default"]
        if option["kind"] == "solver":
            value = "none"
        elif option["kind"] == "file":
            value = ""  # "those that come with mempl"
        elif option["kind"] == "text":
            value = f"'{value}'"
        elif option["kind"] == "integer":
            value = value.partition(",")[0]  # "1, or as many as threads .."
        if value:
            items.append(f"{option['name']}={value}" if option["name"] else value)
    return f"{solver['name']}{{{','.join(items)}}}" if items else solver["name"]


def ways(tool, solver):
    """What runs a solver on next to nothing, by the ways of the tools."""
    nothing = os.path.join(ROOT, "test", "Inputs", "empty.mlir")
    yield TOOL, [tool("mempl-solve"), os.path.join(ROOT, "test", "mempl-solve", "Inputs", "tiny.json"), f"--solver={solver}", "--budget=2"]
    yield PLACE, [tool("mempl-opt"), nothing, f"--learned-memory-placement=target=tiny solver={solver}", "-o", os.devnull]
    yield SOLVE, [tool("mempl-opt"), nothing, f"--mempl-solve=solver={solver}", "-o", os.devnull]


def check_solvers(tool):
    """What is wrong with how options of solvers arrive."""
    wrong = []
    listed = subprocess.run([tool("mempl-solve"), "--list-solvers", "--format=json"], capture_output=True, text=True, check=True)
    for solver in json.loads(listed.stdout):
        refused = f"column {len(solver['name']) + 2}: {solver['name']} has no option"
        for where, command in ways(tool, given(solver)):
            if subprocess.run(command, capture_output=True).returncode != 0:
                wrong.append(f"{where}: expected to take {given(solver)}: {output(*command).strip()}")
        for where, command in ways(tool, solver["name"] + "{nothing=1}"):
            text = output(*command)
            if refused not in text and "has no options, found 'nothing'" not in text:
                wrong.append(f"{where}: expected '{refused}', found: {text.strip()}")
    return wrong


def rows_of(where):
    return {name: default for name, default, places, _ in SOLVING if where in places}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder of the tools")
    parser.add_argument("--torch", default="ON", help="ON if mempl-train is built")
    args = parser.parse_args()
    tool = lambda name: os.path.join(args.bin, name)
    wrong = [f"{name}: no reason" for name, _, places, why in SOLVING if places != ALL and not why]
    wrong += compare(TOOL, tool_options(tool("mempl-solve")), rows_of(TOOL))
    wrong += compare(PLACE, pass_options(tool("mempl-opt"), "learned-memory-placement"), rows_of(PLACE))
    wrong += compare(SOLVE, pass_options(tool("mempl-opt"), "mempl-solve"), rows_of(SOLVE))
    wrong += compare(C, c_options(), rows_of(C))
    wrong += compare("mempl-translate", tool_options(tool("mempl-translate")), dict.fromkeys(TRANSLATING, ""))
    if args.torch == "ON":
        wrong += compare("mempl-train", tool_options(tool("mempl-train")), TRAINING | dict.fromkeys(TRAINING_OF_TOOL, ""))
    wrong += check_solvers(tool)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
