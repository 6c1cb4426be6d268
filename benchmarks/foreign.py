#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tries programs of other projects: what is placed, what is refused, what breaks.

    foreign.py mlir FOLDER --bin=build/release/bin [--out=results.jsonl] [--limit=60] [--projects=a,b]

FOLDER has a folder for each project with its .mlir files. They are cut at
`// -----`; pieces without tensors or buffers, and those that mempl-opt does not
parse, are left out. Each piece is inlined, written in linalg as far as upstream's
passes and mempl-prepare-lowering can, and placed for a large and for a tiny fast
memory. It goes through every pass of mempl alone, through One-Shot Bufferize
after placement, and through mempl-lower-to-cpu with and without placement and,
bufferized, with its allocations packed. Functions for which arguments can be
invented run in all forms, and their results must have the same bits. What has been tried before, by the same binary or not, is
taken from --out: remove the file to start again.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import signal
import subprocess
import sys

# The first are for placed programs, and do nothing to others.
PASSES = [
    "mempl-drop-releases,mempl-solve,mempl-verify-plan,convert-mempl-to-async,convert-mempl-to-memref,"
    "convert-mempl-to-llvm,func.func(mempl-check-placement,mempl-optimize-copies),mempl-instrument-steps",
    "mempl-extract-instance{target=edge-npu},mempl-solve{solver=greedy},mempl-verify-plan,mempl-apply-plan{target=edge-npu}",
    "mempl-mark-deallocations,mempl-prepare-lowering",
    "mempl-prepare",
    "mempl-tile-to-fit{target=edge-npu}",
]
BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries allow-unknown-ops "
    "function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops}"
)
TOSA = "func.func(tosa-to-linalg-named,tosa-to-linalg,tosa-to-tensor,tosa-to-arith,tosa-to-scf)"
PLACEMENTS = {
    "place": "learned-memory-placement{target=edge-npu}",
    "place-tiny": "learned-memory-placement{target=edge-npu capacity=2KiB}",
    "place-greedy": "learned-memory-placement{target=edge-npu capacity=64KiB solver=greedy}",
}
TIMEOUT = 60
MAX_ELEMENTS = 1 << 20  # Of an argument, for a program that runs.


def call(command, text, environment=None):
    """Exit code (None if it took too long), stdout and stderr."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(text.encode(), timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, "", ""
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def outcome(code, err):
    """What became of a run of mempl-opt, in a word."""
    if code is None:
        return "hang"
    if code not in (0, 1):
        return "crash"
    if "internal error" in err:
        return "internal error"
    if code == 0:
        return "ok"
    return "error" if "error:" in err else "silent failure"


def pieces_of(folder, projects, limit):
    """(name, text) of the pieces of each project, no text twice."""
    seen = set()
    for project in sorted(os.listdir(folder)):
        if projects and project not in projects:
            continue
        files = []
        for place, _, names in os.walk(os.path.join(folder, project)):
            files += [os.path.join(place, name) for name in names if name.endswith(".mlir")]
        # In an order of no meaning, so that a limit takes some of everything.
        files.sort(key=lambda f: hashlib.sha1(os.path.relpath(f, folder).encode()).hexdigest())
        found = 0
        for file in files:
            with open(file, errors="replace") as f:
                text = f.read()
            for number, piece in enumerate(re.split(r"^// -----.*$", text, flags=re.MULTILINE)):
                if not re.search(r"\btensor<|\bmemref<", piece) or "func" not in piece:
                    continue
                key = re.sub(r"//.*", "", piece)
                if key in seen:
                    continue
                seen.add(key)
                yield project, f"{os.path.relpath(file, folder)}:{number}", piece
                found += 1
            if limit and found >= limit:
                break


# Programs that run.


def parse_type(text):
    """(shape or None for a scalar, element) of a type for which one can be invented."""
    text = text.strip()
    match = re.fullmatch(r"tensor<((?:(?:\d+|\?)x)*)([a-z]\w*)>", text)
    shape = None
    element = text
    if match:
        shape = [4 if n == "?" else int(n) for n in match[1].split("x") if n]
        element = match[2]
    if not re.fullmatch(r"f16|bf16|f32|f64|i1|i8|i16|i32|i64|index", element):
        return None
    elements = 1
    for n in shape or []:
        elements *= n
    return (shape, element) if 0 < elements <= MAX_ELEMENTS else None


def split_types(text):
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += letter in "<({["
        depth -= letter in ">)}]"
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [p.strip() for p in parts + [part] if p.strip()]


def functions_of(module):
    """Functions with bodies: name, types of arguments, types of results."""
    for match in re.finditer(r"^  func\.func (?:public |private )?@([\w.$-]+)\(", module, re.MULTILINE):
        line = module[match.end() : module.find("\n", match.end())]
        if not line.endswith("{"):
            continue
        depth, end = 1, 0
        while depth and end < len(line):
            depth += line[end] in "(<{["
            depth -= line[end] in ")]}" or (line[end] == ">" and line[end - 1] != "-")
            end += 1
        arguments, rest = line[: end - 1], line[end:]
        arguments = [re.sub(r"^%\w+: ", "", a) for a in split_types(arguments)]
        arguments = [re.sub(r"\s*\{.*", "", re.sub(r"\s*loc\(.*", "", a)) for a in arguments]
        rest = re.sub(r"\s*attributes \{.*", "", rest[:-1]).strip()
        results = rest[2:].strip() if rest.startswith("->") else ""
        if results.startswith("("):
            results = results[1:-1]
        yield match[1], arguments, [re.sub(r"\s*\{.*", "", r) for r in split_types(results)]


def make_scalar(element, source, indent):
    """A small value of the element type, as %v, of an index."""
    lines = [f"%h0 = arith.index_cast {source} : index to i32", "%ka = arith.constant 1103515245 : i32"]
    lines += ["%kb = arith.constant 12345 : i32", "%h1 = arith.muli %h0, %ka : i32", "%h2 = arith.addi %h1, %kb : i32"]
    lines += ["%ks = arith.constant 16 : i32", "%h3 = arith.shrui %h2, %ks : i32"]
    if element[0] in "fb":
        lines += ["%km = arith.constant 63 : i32", "%h4 = arith.remui %h3, %km : i32"]
        lines += ["%kc = arith.constant 31 : i32", "%h5 = arith.subi %h4, %kc : i32"]
        lines += ["%f = arith.sitofp %h5 : i32 to f32", "%kf = arith.constant 0.125 : f32"]
        lines += ["%g = arith.mulf %f, %kf : f32"]
        lines += {
            "f32": ["%zf = arith.constant 0.0 : f32", "%v = arith.addf %g, %zf : f32"],
            "f64": ["%v = arith.extf %g : f32 to f64"],
        }.get(element, [f"%v = arith.truncf %g : f32 to {element}"])
    else:
        lines += ["%km = arith.constant 3 : i32", "%h4 = arith.remui %h3, %km : i32"]
        lines += {
            "index": ["%v = arith.index_cast %h4 : i32 to index"],
            "i32": ["%zi = arith.constant 0 : i32", "%v = arith.addi %h4, %zi : i32"],
            "i64": ["%v = arith.extui %h4 : i32 to i64"],
        }.get(element, [f"%v = arith.trunci %h4 : i32 to {element}"])
    return "".join(f"{indent}{line}\n" for line in lines)


def index_of_point(shape, indent):
    """The number of the point of a linalg.generic, as %n, from a salt %salt."""
    text = f"{indent}%n0 = arith.constant 0 : index\n"
    for i, extent in enumerate(shape):
        text += f"{indent}%i{i} = linalg.index {i} : index\n{indent}%e{i} = arith.constant {extent} : index\n"
        text += f"{indent}%m{i} = arith.muli %n{i}, %e{i} : index\n{indent}%n{i + 1} = arith.addi %m{i}, %i{i} : index\n"
    return text + f"{indent}%n = arith.addi %n{len(shape)}, %salt : index\n"


def maker(name, shape, element):
    spelled = f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"
    dims = ", ".join(f"d{i}" for i in range(len(shape)))
    kinds = ", ".join(['"parallel"'] * len(shape))
    return (
        f"func.func private @{name}(%salt: index) -> {spelled} {{\n"
        f"  %empty = tensor.empty() : {spelled}\n"
        f"  %r = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>], iterator_types = [{kinds}]}}\n"
        f"      outs(%empty : {spelled}) {{\n  ^bb0(%o: {element}):\n"
        f"{index_of_point(shape, '    ')}{make_scalar(element, '%n', '    ')}"
        f"    linalg.yield %v : {element}\n  }} -> {spelled}\n  return %r : {spelled}\n}}\n"
    )


def widen(element, value):
    """%w, an i64 with the bits of a value."""
    if element == "index":
        return f"    %w = arith.index_cast {value} : index to i64\n"
    width = 16 if element == "bf16" else int(element[1:])
    text, bits = "", value
    if element[0] in "fb":
        text, bits = f"    %b = arith.bitcast {value} : {element} to i{width}\n", "%b"
    if width == 64:
        return text + f"    %kz = arith.constant 0 : i64\n    %w = arith.addi {bits}, %kz : i64\n"
    return text + f"    %w = arith.extui {bits} : i{width} to i64\n"


def digester(name, rank, element):
    """A hash of all elements, of any shape of the rank."""
    spelled = f"tensor<{'?x' * rank}{element}>"
    dims = ", ".join(f"d{i}" for i in range(rank))
    kinds = ", ".join(['"reduction"'] * rank)
    return (
        f"func.func private @{name}(%x: {spelled}) {{\n"
        "  %zero = arith.constant 0 : i64\n  %factor = arith.constant 6364136223846793005 : i64\n"
        "  %init = tensor.from_elements %zero : tensor<i64>\n"
        f"  %r = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ()>],\n"
        f"      iterator_types = [{kinds}]}} ins(%x : {spelled}) outs(%init : tensor<i64>) {{\n"
        f"  ^bb0(%v: {element}, %sum: i64):\n{widen(element, '%v')}"
        "    %m = arith.muli %sum, %factor : i64\n    %s = arith.addi %m, %w : i64\n    linalg.yield %s : i64\n"
        "  } -> tensor<i64>\n  %d = tensor.extract %r[] : tensor<i64>\n  vector.print %d : i64\n  return\n}\n"
    )


def scalar_maker(element):
    return (
        f"func.func private @mempl_make_{element}(%salt: index) -> {element} {{\n"
        f"{make_scalar(element, '%salt', '  ')}  return %v : {element}\n}}\n"
    )


def scalar_digester(element):
    return (
        f"func.func private @mempl_digest_{element}(%x: {element}) {{\n"
        f"{widen(element, '%x')}  vector.print %w : i64\n  return\n}}\n"
    )


def driver_for(module):
    """A @main that runs what can be run, with its helpers; None if nothing can."""
    body, helpers, count = "", {}, 0
    if "@rtclock" in module:
        return None  # Its output is another one each time.
    for name, arguments, results in functions_of(module):
        if name == "main":
            return None if arguments or results else ""
        made = [parse_type(t) for t in arguments]
        if None in made or None in [parse_type(t) for t in results] or not results:
            continue
        values = []
        for text, (shape, element) in zip(arguments, made):
            count += 1
            body += f"  %salt{count} = arith.constant {count * 7} : index\n"
            kind = element if shape is None else "_".join(map(str, shape)) + "_" + element
            helper = f"mempl_make_{kind}"
            helpers[helper] = scalar_maker(element) if shape is None else maker(helper, shape, element)
            static = text if shape is None else f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"
            body += f"  %a{count} = func.call @{helper}(%salt{count}) : (index) -> {static}\n"
            if static != text:
                body += f"  %c{count} = tensor.cast %a{count} : {static} to {text}\n"
            values.append(f"%c{count}" if static != text else f"%a{count}")
        count += 1
        body += (
            f"  %r{count}:{len(results)} = func.call @{name}({', '.join(values)}) : "
            f"({', '.join(arguments)}) -> ({', '.join(results)})\n"
        )
        for i, text in enumerate(results):
            shape, element = parse_type(text)
            if shape is None:
                helpers[f"mempl_digest_{element}"] = scalar_digester(element)
                body += f"  func.call @mempl_digest_{element}(%r{count}#{i}) : ({element}) -> ()\n"
                continue
            digest = f"mempl_digest_{len(shape)}_{element}"
            helpers[digest] = digester(digest, len(shape), element)
            opened = f"tensor<{'?x' * len(shape)}{element}>"
            value = f"%r{count}#{i}"
            if opened != text:
                body += f"  %o{count}_{i} = tensor.cast {value} : {text} to {opened}\n"
                value = f"%o{count}_{i}"
            body += f"  func.call @{digest}({value}) : ({opened}) -> ()\n"
    return f"func.func @main() {{\n{body}  return\n}}\n{''.join(helpers.values())}" if body else None


def with_driver(module, driver):
    """The driver inside of the braces of the module."""
    # Behind them there may be a section of resources.
    end = module.find("\n{-#")
    end = module.rfind("}", 0, end if end >= 0 else len(module))
    rest = module[end + 1 :]
    return module[:end] + driver + "}" + rest


class Tester:
    def __init__(self, args):
        self.opt_binary = os.path.join(args.bin, "mempl-opt")
        runtime = os.path.join(args.bin, "..", "lib", "libmempl_runtime.so")
        self.runner = [args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        for library in ("c_runner_utils", "runner_utils", "float16_utils"):
            self.runner.append(f"-shared-libs={os.path.join(args.libs, f'libmlir_{library}.so')}")
        self.runner.append(f"-shared-libs={runtime}")

    def opt(self, text, *options):
        return call([self.opt_binary, "--allow-unregistered-dialect", *options], text)

    def passes(self, text, passes):
        return self.opt(text, f"--pass-pipeline=builtin.module({passes})")

    def execute(self, lowered, fill):
        """What a lowered program prints; (word, text)."""
        check = {"MEMPL_RUNTIME_CHECK": "1", "MEMPL_RUNTIME_COPY_LATENCY": "1e-4", "MALLOC_PERTURB_": fill}
        code, out, err = call(self.runner, lowered, check)
        # Programs that print memrefs print where they are.
        out = re.sub(r"0x[0-9a-f]+", "0x..", out)
        return ("ok", out) if code == 0 else (f"run: {code}", err)

    def compare(self, plain, placed):
        """Whether lowered placed programs print what the one that is not prints."""
        word, printed = self.execute(plain, "85")
        if word != "ok":
            return f"plain {word}", printed
        # With other bytes in new buffers: what is read there has no meaning.
        if self.execute(plain, "170")[1] != printed:
            return "undefined", ""
        for name, lowered in placed.items():
            word, out = self.execute(lowered, "170")
            if word != "ok":
                return f"{name} {word}", out
            if out != printed:
                return f"{name}: WRONG RESULT", f"{printed}\n{out}"
        return "same", ""

    def test(self, text):
        """A record of all that happens to a piece; none if it does not parse."""
        code, module, err = self.opt(text)
        if outcome(code, err) != "ok":
            return {"parse": outcome(code, err)}
        record, placed, notes = {"parse": "ok"}, {}, {}

        def note(key, code, err):
            record[key] = outcome(code, err)
            if record[key] != "ok":
                errors = [line for line in err.split("\n") if "error:" in line]
                notes[key] = (errors[0] if errors and record[key] == "error" else err[:2000])[:2000]
            return record[key] == "ok"

        # As much as can be placed; if that does not work, the program as it is.
        base = module
        for passes in ("inline", TOSA, "mempl-prepare-lowering"):
            code, out, _ = self.passes(base, passes)
            base = out if code == 0 else base
        for key, place in PLACEMENTS.items():
            code, out, err = self.passes(base, place)
            if key == "place":
                record["remarks"] = re.findall(r"(?:remark|warning): (.*)", err)
            if not note(key, code, err):
                continue
            if "mempl.alloc" in out:
                record[key] = "placed"
                placed[key] = out
            elif out.strip() == base.strip():
                continue
            else:
                record[key] = "changed"
            note(f"bufferize-{key}", *self.passes(out, BUFFERIZE)[::2])
            note(f"check-{key}", *self.passes(out, "func.func(mempl-check-placement)")[::2])
        # What bufferization refuses without placement, too, is no fault of it.
        note("bufferize-plain", *self.passes(base, BUFFERIZE)[::2])
        for passes in PASSES:
            note(f"pass {passes}", *self.passes(module, passes)[::2])
        driver = driver_for(base)
        lowered = {}
        for key, text in {"plain": base, **placed}.items():
            code, out, err = self.opt(with_driver(text, driver) if driver else text, "--mempl-lower-to-cpu")
            if note(f"lower-{key}", code, err):
                lowered[key] = out
        if record["bufferize-plain"] == "ok":
            packing = f"{BUFFERIZE},func.func(mempl-pack-allocs)"
            code, out, err = self.passes(with_driver(base, driver) if driver else base, packing)
            if note("pack", code, err) and "memref.view" in out:
                record["pack"] = "packed"
                code, out, err = self.opt(out, "--mempl-lower-to-cpu")
                if note("lower-pack", code, err):
                    lowered["pack"] = out
        record["run"] = "not executable"
        if driver is not None and "plain" in lowered:
            record["run"], notes["run"] = self.compare(lowered.pop("plain"), lowered)
            notes["run"] = notes["run"][:2000]
        record["notes"] = {k: v for k, v in notes.items() if v}
        return record


def is_fault(key, word):
    if key in ("remarks", "notes", "parse"):
        return False
    bad = ("crash", "hang", "internal error", "silent failure", "WRONG RESULT")
    if key == "run":
        return bool(re.search(r"^(place\S*|pack) run|WRONG", word))
    return word in bad


def kind_of(remark):
    """A remark without the names and numbers in it."""
    remark = re.sub(r"'[^']*'", "'..'", remark)
    remark = re.sub(r"('..' \(\d+ \w+\)(, )?)+", "'..'", remark)
    return re.sub(r"\d[\d.]*", "N", remark)


def report(records):
    by_project = collections.defaultdict(list)
    for record in records:
        by_project[record["project"]].append(record)
    columns = ["parsed", "placed", "untouched", "changed", "error", "fault", "lowered", "run", "same", "undefined"]
    print("| project | " + " | ".join(columns) + " |\n|---" * 1 + "|" + "--:|" * len(columns))
    totals = collections.Counter()
    for project, rows in sorted(by_project.items()):
        count = collections.Counter()
        for row in rows:
            if row["parse"] != "ok":
                continue
            count["parsed"] += 1
            words = [row.get(k) for k in PLACEMENTS]
            kinds = {"placed": "placed", "changed": "changed", "ok": "untouched", "error": "error"}
            for word in kinds:
                if word in words:
                    count[kinds[word]] += 1
                    break
            count["fault"] += any(is_fault(k, v) for k, v in row.items() if isinstance(v, str))
            count["lowered"] += row.get("lower-plain") == "ok"
            count["run"] += row["run"] in ("same", "undefined") or "WRONG" in row["run"]
            count["same"] += row["run"] == "same"
            count["undefined"] += row["run"] == "undefined"
        totals.update(count)
        print(f"| {project} | " + " | ".join(str(count[c]) for c in columns) + " |")
    print("| all | " + " | ".join(str(totals[c]) for c in columns) + " |\n")
    print("Faults:\n")
    for record in records:
        for key, word in record.items():
            if isinstance(word, str) and is_fault(key, word):
                print(f"- {record['name']}: {key}: {word}")
    reasons = collections.Counter(kind_of(r) for record in records for r in record.get("remarks", []))
    print("\nRemarks by frequency:\n")
    for reason, number in reasons.most_common(40):
        print(f"- {number}: {reason}")
    for key in ("lower-plain", "place"):
        errors = collections.Counter()
        for record in records:
            text = record.get("notes", {}).get(key)
            if text:
                errors[kind_of(re.sub(r".*?error: ", "", text.split("\n")[0]))] += 1
        print(f"\nErrors of {key} by frequency:\n")
        for reason, number in errors.most_common(40):
            print(f"- {number}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("kind", choices=["mlir"])
    parser.add_argument("folder")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--runner", default="mlir-runner-22")
    parser.add_argument("--libs", default="/usr/lib/llvm-22/lib")
    parser.add_argument("--out", default="foreign.jsonl")
    parser.add_argument("--limit", type=int, default=0, help="pieces per project at most, about; 0 is all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--report", action="store_true", help="only print what is known")
    parser.add_argument("--projects", default="", help="folders, separated by commas; all if empty")
    args = parser.parse_args()
    records = {}
    if os.path.exists(args.out):
        with open(args.out) as f:
            records = {r["name"]: r for r in map(json.loads, f)}
    if not args.report:
        tester = Tester(args)
        todo = [p for p in pieces_of(args.folder, args.projects.split(',') if args.projects else [], args.limit) if p[1] not in records]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, open(args.out, "a") as out:
            futures = {pool.submit(tester.test, piece[2]): piece for piece in todo}
            for number, future in enumerate(concurrent.futures.as_completed(futures)):
                project, name, _ = futures[future]
                records[name] = {"project": project, "name": name, **future.result()}
                out.write(json.dumps(records[name]) + "\n")
                out.flush()
                if sys.stderr.isatty():
                    print(f"\r{number + 1} of {len(todo)}", end="", file=sys.stderr)
    report(sorted(records.values(), key=lambda r: r["name"]))


if __name__ == "__main__":
    main()
