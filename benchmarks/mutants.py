#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Changes mempl's own checks in small ways, and counts how many the tests notice.

    mutants.py [--count=N] [--jobs=N] [--log=mutants.jsonl] [--write=docs/Reliability.md]
    mutants.py --again --checks=program ..
    mutants.py --list

Every file of AREAS is written anew with all its mutants in it, of which the
variable MEMPL_MUTANT chooses one when a program runs, so that each file is
compiled once. Tests and tools are linked with these files. One run of all checks
notes which mutants each of them reaches; then each mutant is tried by those that
reach it, until the first one fails.

Goes on where the log says that it was left, as long as the files are the same;
--again looks anew at what the checks reach and tries survivors again, after
tests were added. Survivors that mutants_explained.jsonl has a reason for are
equivalent, or make no difference that a test should see. Needs the Python
package `clang`, libclang, and a release build with its tests.
"""

import argparse
import concurrent.futures
import glob
import hashlib
import inspect
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import lab

ROOT = lab.ROOT
EXPLAINED = os.path.join(ROOT, "benchmarks", "mutants_explained.jsonl")
BEGIN, END = "<!-- made by benchmarks/mutants.py: begin -->", "<!-- made by benchmarks/mutants.py: end -->"

AREAS = {
    "simulator": ["Problem/Simulator", "Problem/Timeline", "Problem/Coverage", "Problem/TripSequence"],
    "verifier": ["Problem/Verifier", "Problem/ContentsCheck", "Problem/StepOrder"],
    "applying a plan": ["Transforms/ApplyPlan", "Transforms/PlanApplication", "Transforms/TripTokens",
                        "Transforms/ConcretePlaces", "Transforms/ReorderSteps"],
    "checking a placement": ["Transforms/CheckPlacement", "Transforms/CheckPlacementTrips",
                             "Transforms/CompareContents"],
    "runtime": ["Runtime/ChannelModel", "Runtime/Copies", "Runtime/CopyShape", "Runtime/Memory", "Runtime/Region",
                "Runtime/Runtime"],
}
# What is linked anew, libraries before the programs that use them.
TARGETS = ["mempl_runtime", "mempl-opt", "mempl-opt-broken", "mempl-solve", "MemplProblemTests", "MemplAnalysisTests",
           "MemplRuntimeTests"]
# Checks, the quick ones first.
UNIT_TESTS = ["MemplProblemTests", "MemplAnalysisTests", "MemplRuntimeTests"]
LIT_FOLDERS = ["mempl-solve", "Transforms", "Runtime", "mempl-opt", "Conversion"]
PROGRAMS = ["random-trip-plans", "random-tiles", "random-orders", "random-programs-0", "run-functions",
            "run-placed-ethos-u65", "runtime-bytes"]
# Beyond what a check took without a mutant, in seconds of the processor.
PATIENCE = 10
MEMORY = 12 << 30

# ------------------------------------------------------------------- mutants

RELATIONAL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/"}
NAMES = {"std::min": "std::max", "std::max": "std::min", "failure()": "success()", "success()": "failure()"}


class Site:
    """A piece of a file, and what stands there instead in mutants."""

    def __init__(self, start, end, operator, change):
        self.start, self.end, self.operator = start, end, operator
        # From the text of the mutant, or of the piece as it is, to a new piece.
        self.change = change
        self.id = 0


def switch(text):
    """A mutant that has another text."""
    return lambda number, inner: f"(MUT({number}) ? /*[{number}*/({text})/*{number}]*/ : ({inner}))"


def negate(number, inner):
    return f"/*[{number}*/(MUT({number}) != static_cast<bool>({inner}))/*{number}]*/"


def leave_out(number, inner):
    return f"/*[{number}*/(MUT({number}) ? (void)0 : (void)({inner}))/*{number}]*/"


class Finder:
    """Places in one file that can be changed, from its syntax tree."""

    def __init__(self, path, arguments, clang):
        with open(path, "rb") as file:
            self.text = file.read()
        self.path, self.kinds, self.sites = path, clang.CursorKind, []
        unit = clang.Index.create().parse(path, args=arguments)
        errors = [str(d) for d in unit.diagnostics if d.severity >= clang.Diagnostic.Error]
        if errors:
            lab.fail(f"{path}: {errors[0]}")
        for cursor in unit.cursor.get_children():
            if cursor.location.file and cursor.location.file.name == path:
                self.visit(cursor, False)

    def piece(self, cursor):
        return self.text[cursor.extent.start.offset:cursor.extent.end.offset].decode()

    def add(self, cursor, operator, change):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        if start < end:
            self.sites.append(Site(start, end, operator, change))

    def visit(self, cursor, inside):
        kinds = self.kinds
        if cursor.kind in (kinds.STATIC_ASSERT, kinds.PARM_DECL, kinds.ENUM_DECL):
            return
        inside = inside or cursor.kind == kinds.COMPOUND_STMT
        children = list(cursor.get_children())
        if inside:
            self.statements(cursor, children)
            self.expression(cursor, children)
        for child in children:
            self.visit(child, inside)

    def statements(self, cursor, children):
        kinds = self.kinds
        bodies = []
        if cursor.kind == kinds.COMPOUND_STMT:
            bodies = children
        elif cursor.kind == kinds.IF_STMT:
            bodies = children[1:]
            if children[0].kind.is_expression():
                self.add(children[0], "condition", negate)
        elif cursor.kind in (kinds.FOR_STMT, kinds.CXX_FOR_RANGE_STMT, kinds.WHILE_STMT):
            bodies = children[-1:]
        for body in bodies:
            if body.kind.is_expression():
                self.add(body, "statement", leave_out)

    def expression(self, cursor, children):
        kinds, name = self.kinds, cursor.spelling
        if cursor.kind == kinds.BINARY_OPERATOR and len(children) == 2:
            left, right = (f"({self.piece(child)})" for child in children)
            for table, operator in ((RELATIONAL, "relation"), (ARITHMETIC, "arithmetic")):
                if name in table:
                    self.add(cursor, operator, switch(f"{left} {table[name]} {right}"))
            if name in ("&&", "||"):
                self.add(cursor, "conjunction", switch(f"static_cast<bool>{left}"))
                self.add(cursor, "conjunction", switch(f"static_cast<bool>{right}"))
        elif cursor.kind == kinds.UNARY_OPERATOR and self.piece(cursor)[:1] in ("!", "-") and children:
            # What is negated may be an optional, into which a bool would turn.
            cast = "static_cast<bool>" if self.piece(cursor)[0] == "!" else ""
            if not self.piece(cursor).startswith("--"):
                self.add(cursor, "sign", switch(f"{cast}({self.piece(children[0])})"))
        elif cursor.kind == kinds.INTEGER_LITERAL:
            # Arguments of templates have to be constants.
            if self.text[cursor.extent.start.offset - 1:cursor.extent.start.offset] == b"<":
                return
            self.add(cursor, "constant", switch(f"{self.piece(cursor)} + 1"))
        elif cursor.kind == kinds.CXX_BOOL_LITERAL_EXPR:
            self.add(cursor, "constant", switch("false" if self.piece(cursor) == "true" else "true"))
        elif cursor.kind == kinds.CALL_EXPR and name in ("operator==", "operator!="):
            self.add(cursor, "relation", negate)
        elif cursor.kind == kinds.CALL_EXPR:
            text = self.piece(cursor)
            for old, new in NAMES.items():
                if text.startswith(old) and (text == old or text[len(old)] in "(<"):
                    self.add(cursor, "function", switch(new + text[len(old):]))


PRELUDE = """
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
namespace {
const int mutantChosen = [] {
  const char *text = std::getenv("MEMPL_MUTANT");
  return text ? std::atoi(text) : 0;
}();
const int mutantTrace = [] {
  const char *text = std::getenv("MEMPL_MUTANT_TRACE");
  return text ? open(text, O_WRONLY | O_APPEND | O_CREAT, 0666) : -1;
}();
// Said at once, because some programs end without their destructors.
unsigned char mutantReached[%(last)d + 1];
[[maybe_unused]] inline bool mutantIs(int number) {
  if (mutantTrace >= 0 && !mutantReached[number]) {
    mutantReached[number] = 1;
    char line[16];
    int size = std::snprintf(line, sizeof(line), "%%d\\n", number);
    [[maybe_unused]] auto written = write(mutantTrace, line, size);
  }
  return number == mutantChosen;
}
} // namespace
#define MUT(number) mutantIs(number)
#line 1
"""


def render(text, sites, last):
    """The file with every mutant in it."""

    def inside(start, end, among):
        """Sites are nested or apart; of those of the same piece, the first is outside."""
        result, position = [], start
        while among:
            site, among = among[0], among[1:]
            within = [other for other in among if other.start < site.end]
            among = among[len(within):]
            result += [text[position:site.start].decode(),
                       site.change(site.id, inside(site.start, site.end, within))]
            position = site.end
        result.append(text[position:end].decode())
        return "".join(result)

    return PRELUDE % {"last": last} + inside(0, len(text), sites)


def arguments_of(entry):
    """The options of a compile command, without launcher, input and output."""
    words = shlex.split(entry["command"])
    words = words[[i for i, word in enumerate(words) if "clang" in os.path.basename(word) or
                   os.path.basename(word) in ("c++", "g++")][0]:]
    kept, skip = [], 0
    for word in words[1:]:
        if skip or word in ("-o", "-c"):
            skip = 0 if skip else int(word == "-o")
        elif word != entry["file"]:
            kept.append(word)
    return words[0], kept


class Maker:
    """Files with mutants, and programs that have them."""

    def __init__(self, args):
        self.args = args
        self.build, self.out = os.path.abspath(args.build), os.path.abspath(args.out)
        for folder in ("bin", "lib", "src", "test"):
            os.makedirs(os.path.join(self.out, folder), exist_ok=True)
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
            self.entries = json.load(file)
        self.mutants = []

    def entry(self, path):
        return next(entry for entry in self.entries if entry["file"] == path)

    def compile(self, path, source, more):
        compiler, options = arguments_of(self.entry(path))
        command = [compiler, *options, "-w", "-ferror-limit=0", "-iquote", os.path.dirname(path), *more, source]
        done = subprocess.run(command, cwd=self.build, capture_output=True, text=True)
        return done.returncode, done.stderr

    def make_file(self, path, area, clang, next_id):
        source = os.path.join(self.out, "src", os.path.basename(path))
        digest = digest_of(path)
        if os.path.exists(source + ".json"):
            with open(source + ".json", encoding="utf-8") as file:
                kept = json.load(file)
            if kept["digest"] == digest and kept["first"] == next_id:
                return kept["mutants"]
        options = arguments_of(self.entry(path))[1]
        finder = Finder(path, options, clang)
        sites = sorted(finder.sites, key=lambda site: (site.start, -site.end))
        for i, site in enumerate(sites):
            site.id = next_id + i
        last = next_id + len(sites)
        while True:
            text = render(finder.text, sites, last)
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            code, errors = self.compile(path, source, ["-fsyntax-only"])
            if code == 0:
                break
            wrong = blame(text, errors, source)
            if not wrong & {site.id for site in sites}:
                lab.fail(f"{source}: {errors[:1500]}")
            sites = [site for site in sites if site.id not in wrong]
        code, errors = self.compile(path, source, ["-c", "-o", source + ".o"])
        if code:
            lab.fail(f"{source}: {errors[:500]}")
        mutants = []
        for site in sites:
            lines = finder.text[:site.start].decode().split("\n")
            before = finder.text[site.start:site.end].decode()
            after = re.search(rf"/\*\[{site.id}\*/(.*?)/\*{site.id}\]\*/", site.change(site.id, before), re.S).group(1)
            if site.operator in ("condition", "relation") and "static_cast<bool>" in after:
                after = f"!({before})"
            if site.operator == "statement":
                after = ""
            mutants.append({
                "id": site.id, "area": area, "file": os.path.relpath(path, ROOT), "line": len(lines),
                "column": len(lines[-1]) + 1, "operator": site.operator, "before": squeeze(before),
                "after": squeeze(after), "where": squeeze(finder.text.decode().split("\n")[len(lines) - 1]),
                "digest": digest})
        print(f"{os.path.relpath(path, ROOT)}: {len(sites)} mutants of {len(finder.sites)} places", file=sys.stderr, flush=True)
        with open(source + ".json", "w", encoding="utf-8") as file:
            json.dump({"digest": digest, "first": next_id, "mutants": mutants}, file)
        return mutants

    def link(self):
        objects = {}
        for mutant in self.mutants:
            path = os.path.join(ROOT, mutant["file"])
            objects[path] = os.path.join(self.out, "src", os.path.basename(path)) + ".o"
        for folder in ("bin", "lib"):
            for path in glob.glob(os.path.join(self.build, folder, "*")):
                link = os.path.join(self.out, folder, os.path.basename(path))
                if not os.path.lexists(link):
                    os.symlink(path, link)
        for target in TARGETS:
            listed = subprocess.run(["ninja", "-t", "commands", target], cwd=self.build, capture_output=True, text=True)
            command = listed.stdout.strip().split("\n")[-1]
            more = []
            for path, new in objects.items():
                name = os.path.join("lib", os.path.relpath(path, os.path.join(ROOT, "lib")))
                old = re.compile(r"\S*/" + re.escape(os.path.basename(path)) + r"\.o\b")
                listed_here = [word for word in old.findall(command) if os.path.basename(os.path.dirname(name)) in word]
                for word in listed_here:
                    command = command.replace(word, new)
                library = re.search(r"lib/libMempl" + os.path.basename(os.path.dirname(name)) + r"\.a", command)
                if library and not listed_here:
                    more.append(new)
            output = re.search(r"-o ((bin|lib)/\S+)", command).group(1)
            made = os.path.join(self.out, output)
            if os.path.lexists(made):
                os.remove(made)
            command = command.replace(f"-o {output}", " ".join(["-o", made, *more]))
            command = command.replace(" lib/libmempl_runtime.so", f" {self.out}/lib/libmempl_runtime.so")
            command = command.replace(f"{self.build}/lib", f"{self.out}/lib")
            done = subprocess.run(command, shell=True, cwd=self.build, capture_output=True, text=True)
            if done.returncode:
                lab.fail(f"{target}: {done.stderr[:1000]}")
        # The site configuration of lit, with these programs.
        with open(os.path.join(self.build, "test", "lit.site.cfg.py"), encoding="utf-8") as file:
            site = file.read()
        for folder in ("bin", "lib", "test"):
            site = site.replace(f'"{self.build}/{folder}"', f'"{self.out}/{folder}"')
        site += ('\nimport os\nfor name in ("MEMPL_MUTANT", "MEMPL_MUTANT_TRACE"):\n'
                 "    if name in os.environ:\n        config.environment[name] = os.environ[name]\n"
                 'config.test_exec_root = os.environ.get("MEMPL_MUTANT_FOLDER", config.test_exec_root)\n')
        with open(os.path.join(self.out, "test", "lit.site.cfg.py"), "w", encoding="utf-8") as file:
            file.write(site)

    def make(self):
        """All of it; files that are as they were are not made again."""
        import clang.cindex as clang

        clang.Config.set_library_file(self.args.libclang)
        with concurrent.futures.ThreadPoolExecutor(self.args.jobs) as pool:
            for made in pool.map(lambda i, one: self.make_file(one[1], one[0], clang, i * 1000 + 1),
                                 *zip(*enumerate(sources()))):
                self.mutants += made
        return self.mutants


def digest_of(path):
    """Changes with the file, and with what makes mutants."""
    digest = hashlib.sha256()
    for part in (Finder, switch, negate, leave_out, render, blame):
        digest.update(inspect.getsource(part).encode())
    with open(path, "rb") as file:
        digest.update(PRELUDE.encode() + file.read())
    return digest.hexdigest()[:12]


def sources():
    return [(area, os.path.join(ROOT, "lib", name + ".cpp")) for area, names in AREAS.items() for name in names]


def squeeze(text):
    return " ".join(text.split())


def blame(text, errors, source):
    """Mutants that do not compile."""
    # Lines are counted from the #line in front of the text.
    lines = text.split("\n#line 1\n", 1)
    start = len(lines[0]) + len("\n#line 1\n")
    starts = [start]
    for line in lines[1].split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    regions = []
    for opening in re.finditer(r"/\*\[(\d+)\*/", text):
        closing = text.index(f"/*{opening.group(1)}]*/", opening.end())
        regions.append((opening.start(), closing, int(opening.group(1))))
    wrong = set()
    for line, column in re.findall(rf"{re.escape(source)}:(\d+):(\d+): error", errors):
        at = starts[int(line) - 1] + int(column) - 1
        around = [region for region in regions if region[0] <= at < region[1]]
        if around:
            wrong.add(max(around)[2])
            continue
        # Two sides that do not fit, or something that has to be a constant.
        end = starts[min(int(line), len(starts) - 1)]
        wrong |= {region[2] for region in regions if starts[int(line) - 1] <= region[0] < end}
    return wrong


# -------------------------------------------------------------------- checks


class Check:
    """A command that fails where something is wrong; one process."""

    def __init__(self, kind, name, command):
        self.kind, self.name, self.command = kind, name, command


def run(command, environment, seconds):
    """Exit code, and seconds of the processor."""

    def limits():
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    # Tests that run at once may write files of the same name.
    folder = os.path.join(tempfile.gettempdir(), f"mempl-mutants-{os.getpid()}-{threading.get_ident()}")
    os.makedirs(folder, exist_ok=True)
    environment = {**environment, "MEMPL_MUTANT_FOLDER": folder}
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limits,
                               start_new_session=True, env={**os.environ, **environment})
    try:
        # Something may wait for ever without working.
        code = process.wait(60 * seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        code = process.wait()
    return code, time.monotonic() - start


def list_checks(args, out, build):
    checks = []
    for binary in UNIT_TESTS:
        path = os.path.join(out, "bin", binary)
        listed = subprocess.run([path, "--gtest_list_tests"], capture_output=True, text=True).stdout
        suite = ""
        for line in listed.split("\n"):
            name = line.split("#")[0].rstrip()
            if name and not name.startswith(" ") and name.endswith("."):
                suite = name
            elif name.strip() and name.startswith(" "):
                checks.append(Check("unit", f"{binary}:{suite}{name.strip()}",
                                    [path, f"--gtest_filter={suite}{name.strip()}"]))
    for folder in LIT_FOLDERS:
        for path in sorted(glob.glob(os.path.join(ROOT, "test", folder, "*.*"))):
            if os.path.splitext(path)[1] in (".mlir", ".test"):
                name = f"{folder}/{os.path.basename(path)}"
                checks.append(Check("lit", name, [args.lit, "-q", os.path.join(out, "test", name)]))
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1", "-R",
                            "^(" + "|".join(PROGRAMS) + ")$"], capture_output=True, text=True)
    for test in json.loads(shown.stdout)["tests"]:
        command = [word.replace(f"{build}/bin", f"{out}/bin").replace(f"{build}/lib", f"{out}/lib")
                   for word in test["command"]]
        checks.append(Check("program", test["name"], command))
    return checks


def coverage(args, checks, out):
    """What each check reaches, its seconds, and whether it passes without a mutant."""
    path = os.path.join(out, "coverage.jsonl")
    if args.again and os.path.exists(path):
        os.remove(path)
    known = {line["name"]: line for line in read_lines(path)}

    def look(check):
        if check.name in known:
            return known[check.name]
        trace = os.path.join(out, "trace-" + hashlib.sha256(check.name.encode()).hexdigest()[:12])
        code, seconds = run(check.command, {"MEMPL_MUTANT_TRACE": trace}, 600)
        reached = set()
        if os.path.exists(trace):
            with open(trace, encoding="utf-8") as file:
                reached = {int(line) for line in file if line.strip()}
            os.remove(trace)
        if code:
            print(f"{check.name}: fails without a mutant, and is left out", flush=True)
        line = {"name": check.name, "passes": code == 0, "seconds": round(seconds, 2), "reached": sorted(reached)}
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return line

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        lines = list(pool.map(look, checks))
    return {line["name"]: {**line, "reached": set(line["reached"])} for line in lines}


def groups(args, checks, covered, mutant):
    """Commands that try one mutant, quick ones first, with the seconds that each process may take."""
    reaching = [check for check in checks
                if covered[check.name]["passes"] and mutant["id"] in covered[check.name]["reached"]]
    reaching.sort(key=lambda check: covered[check.name]["seconds"])
    seconds = lambda some: [covered[check.name]["seconds"] for check in some]
    slow = lambda check: covered[check.name]["seconds"] > 1
    for binary, is_slow in [(binary, False) for binary in UNIT_TESTS] + [(binary, True) for binary in UNIT_TESTS]:
        some = [check for check in reaching if check.name.startswith(binary + ":") and slow(check) == is_slow]
        if some:
            names = ":".join(check.name.split(":", 1)[1] for check in some)
            yield binary, [some[0].command[0], f"--gtest_filter={names}", "--gtest_fail_fast"], sum(seconds(some))
    some = [check for check in reaching if check.kind == "lit"]
    for few in (some[:3], some[3:15], some[15:]):
        if few:
            names = [check.command[-1] for check in few]
            yield "lit", [args.lit, "-q", "-j1", "--max-failures=1", *names], max(seconds(few))
    for check in reaching:
        if check.kind == "program":
            yield check.name, check.command, covered[check.name]["seconds"]


def attempt(args, checks, covered, mutant):
    """By whom the mutant was noticed, or none."""
    tried = 0
    for name, command, seconds in groups(args, checks, covered, mutant):
        tried += 1
        code, _ = run(command, {"MEMPL_MUTANT": str(mutant["id"])}, 3 * seconds + PATIENCE)
        if code:
            return name, tried
    return None, tried


# ----------------------------------------------------------------------- log


def key(mutant):
    return (mutant["digest"], mutant["line"], mutant["column"], mutant["operator"], mutant["after"])


def is_explained(reasons, mutant):
    """By file, line and change: explanations outlive other changes of the file."""
    return any(all(reason[name] == mutant[name] for name in ("file", "where", "before", "after")) for reason in reasons)


def read_lines(path):
    if not os.path.exists(path):
        return []
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue  # Cut off: the run was stopped.
    return lines


def choose(mutants, count):
    """As many of each area, by chance."""
    rng = random.Random(0)
    chosen = []
    for area in AREAS:
        of_area = [mutant for mutant in mutants if mutant["area"] == area]
        rng.shuffle(of_area)
        chosen.append(of_area[: -(-count // len(AREAS))])
    # In turns, so that a run that is stopped has some of each.
    return [some[i] for i in range(max(map(len, chosen))) for some in chosen if i < len(some)]


def table(mutants, results, reasons):
    """Markdown, and the survivors without a reason."""
    lines = ["| what | mutants | tried | killed | alive, explained | alive |", "|---|--:|--:|--:|--:|--:|"]
    survivors, sums = [], [0] * 5
    for area in AREAS:
        of_area = [mutant for mutant in mutants if mutant["area"] == area]
        tried = [mutant for mutant in of_area if key(mutant) in results]
        alive = [mutant for mutant in tried if not results[key(mutant)]]
        unknown = [mutant for mutant in alive if not is_explained(reasons, mutant)]
        row = [len(of_area), len(tried), len(tried) - len(alive), len(alive) - len(unknown), len(unknown)]
        sums = [a + b for a, b in zip(sums, row)]
        lines.append(f"| {area} | " + " | ".join(f"{number:,}" for number in row) + " |")
        survivors += unknown
    lines.append("| all | " + " | ".join(f"{number:,}" for number in sums) + " |")
    return "\n".join(lines), survivors


def shown(mutant):
    return (f"{mutant['id']}: {mutant['file']}:{mutant['line']}:{mutant['column']}: {mutant['operator']}: "
            f"`{mutant['before'][:90]}` -> `{mutant['after'][:90]}`")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=200, help="mutants that are tried, in all (default 200)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "mutants"), help="folder for what is made")
    parser.add_argument("--log", default="mutants.jsonl")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="try survivors of the log again")
    parser.add_argument("--checks", default="unit,lit,program", help="kinds of checks (default unit,lit,program)")
    parser.add_argument("--list", action="store_true", help="mutants, and no run")
    parser.add_argument("--lit", default="lit-22")
    parser.add_argument("--libclang", default="/usr/lib/llvm-22/lib/libclang-22.so.1")
    parser.add_argument("--write", default="", help="page that gets the table")
    args = parser.parse_args()
    maker = Maker(args)
    reasons, mutants = read_lines(EXPLAINED), maker.make()
    chosen = choose(mutants, args.count)
    if args.list:
        print("\n".join(map(shown, mutants)))
        return
    results = {tuple(line["key"]): line["killer"] for line in read_lines(args.log)}
    todo = [mutant for mutant in chosen if key(mutant) not in results or
            args.again and not results[key(mutant)] and not is_explained(reasons, mutant)]
    if todo:
        maker.link()
        kinds = args.checks.split(",")
        checks = [check for check in list_checks(args, maker.out, maker.build) if check.kind in kinds]
        covered = coverage(args, checks, maker.out)

        def one(mutant):
            killer, tried = attempt(args, checks, covered, mutant)
            with open(args.log, "a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key(mutant), "id": mutant["id"], "killer": killer, "tried": tried}) + "\n")
            print(f"{shown(mutant)}: {killer or f'survives {tried} commands'}", flush=True)
            return key(mutant), killer

        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            results.update(pool.map(one, todo))
    text, survivors = table(mutants, results, reasons)
    print(text)
    for mutant in survivors:
        print(f"not explained: {shown(mutant)}")
    if args.write:
        lab.replace_between(args.write, BEGIN, END, f"\n{text}\n")


if __name__ == "__main__":
    main()
