# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE in a process of its own: `_worker.py IN OUT`, two file descriptors with one JSON object a line.

IREE ends the process on a wrong flag, takes its global flags once per process and has an MLIR of another version than
mempl. So this file is run as a program, imports nothing of mempl, and talks to __init__.py: a request in, the packs out,
offsets in, done out. IREE's own output on stdout and stderr stays free.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from iree.compiler import ir, passmanager, version
from iree.compiler.api import ctypes_dl
from iree.compiler.dialects import arith

# IREE's Stream pipeline is a sum of named ones; the pack ops live between the first pass of the one for commands and
# its end. Names alone, as printed below, tell whether a release of IREE still has it so.
BEFORE = ["iree-util-verify-initialization-order", "iree-stream-tensor-transformation-pipeline{options}"]
BEFORE += ["iree-stream-async-transformation-pipeline{options}"]
SCHEDULE = "iree-stream-schedule-allocation"
COMMANDS = "iree-stream-cmd-transformation-pipeline{options}"
AFTER = ["iree-stream-optimization-pipeline{options}", "iree-stream-cleanup-pipeline{options}", "symbol-dce"]
WHOLE = "iree-stream-transformation-pipeline{options}"
LAYOUT = "builtin.module(util.func(iree-stream-layout-slices,canonicalize))"
PACK = "stream.resource.pack"

# Flags of a session that are options of the Stream pipelines, by their name there.
PIPELINE_FLAGS = {
    "--iree-scheduling-initialization-mode": "initialization-mode",
    "--iree-scheduling-optimize-bindings": "optimize-bindings",
    "--iree-parameter-encoder-mode": "parameter-encoder-mode",
    "--iree-parameter-encoder-output-file": "parameter-encoder-output-file",
    "--iree-parameter-encoder-output-scope": "parameter-encoder-output-scope",
}

SEVERITIES = ["note", "warning", "error", "remark"]
DIAGNOSTIC = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t, ctypes.c_void_p)


class Failed(Exception):
    """IREE said no; its diagnostics say why."""


class Compiler:
    """A session of IREE's compiler with the phases and diagnostics that its Python package does not have."""

    def __init__(self, flags: list[str]) -> None:
        self.diagnostics: list[dict[str, str]] = []
        # Ends the process where a flag is wrong, with a line on stderr.
        ctypes_dl._initializeGlobalCL("mempl-iree-pack", *flags)
        self.session = ctypes_dl.Session()
        # Asking for it makes the context outlive invocations.
        self.context = self.session.context
        self.dylib = ctypes_dl._dylib
        for name in ("ireeCompilerInvocationSetCompileFromPhase", "ireeCompilerInvocationSetCompileToPhase"):
            function = getattr(self.dylib, name)
            function.restype, function.argtypes = None, [ctypes.c_void_p, ctypes.c_char_p]
        callbacks = self.dylib.ireeCompilerInvocationEnableCallbackDiagnostics
        callbacks.restype = None
        callbacks.argtypes = [ctypes.c_void_p, ctypes.c_int, DIAGNOSTIC, ctypes.c_void_p]
        self.callback = DIAGNOSTIC(self.told)

    def told(self, severity: int, text: Any, size: int, _: Any) -> None:
        message = ctypes.string_at(text, size).decode("utf-8", "replace")
        self.diagnostics.append({"severity": SEVERITIES[severity], "text": message})

    def invocation(self) -> Any:
        invocation = self.session.invocation()
        self.dylib.ireeCompilerInvocationEnableCallbackDiagnostics(invocation._inv_p, 0, self.callback, None)
        return invocation

    def phases(self, invocation: Any, first: str | None, last: str | None) -> None:
        if first:
            self.dylib.ireeCompilerInvocationSetCompileFromPhase(invocation._inv_p, first.encode())
        if last:
            self.dylib.ireeCompilerInvocationSetCompileToPhase(invocation._inv_p, last.encode())
        if not invocation.execute():
            raise Failed

    def passes(self, invocation: Any, pipeline: list[str]) -> None:
        if not invocation.execute_text_pass_pipeline(",".join(pipeline)):
            raise Failed

    def flag(self, name: str) -> str:
        for flag in self.session.get_flags():
            key, _, value = flag.partition("=")
            if key == name:
                return str(value)
        raise Failed(f"IREE {version.VERSION} has no flag {name}")

    def options(self) -> str:
        """What the Stream pipelines are told of the flags, as iree-compile does."""
        values = {option: self.flag(flag) for flag, option in PIPELINE_FLAGS.items()}
        return "{" + " ".join(f"{option}={value}" for option, value in values.items() if value) + "}"

    def statistics(self) -> list[str]:
        kind = self.flag("--iree-scheduling-dump-statistics-format")
        if kind in ("", "none", "<unknown>"):
            return []
        file = self.flag("--iree-scheduling-dump-statistics-file")
        return ["iree-stream-dump-statistics{" + f"output-file={file} output-format={kind}" + "}"]

    def stream_passes(self) -> tuple[list[str], list[str]]:
        """The passes of IREE's Stream pipeline up to the pack ops, and those from there.

        Raises Failed if together they are not iree-stream-transformation-pipeline.
        """
        options, statistics = self.options(), self.statistics()
        before, after, commands, whole = (
            [name.replace("{options}", options) for name in names] for names in (BEFORE, AFTER, [COMMANDS], [WHOLE])
        )
        with self.context:

            def names(pipeline: list[str]) -> str:
                return str(passmanager.PassManager.parse(f"builtin.module({','.join(pipeline)})"))

            is_known = names(before + commands + after) == names(whole)
            is_known &= names(commands).startswith(f"builtin.module({SCHEDULE},")
        if not is_known:
            raise Failed(f"IREE {version.VERSION} has another Stream pipeline than those that mempl knows (3.13)")
        return before + [SCHEDULE], commands + statistics + after


def walk(operation: Any) -> Iterator[Any]:
    for region in operation.regions:
        for block in region:
            for view in block.operations:
                yield view.operation
                yield from walk(view.operation)


def constant(value: Any) -> int | None:
    """The number that an SSA value is, if it is a constant."""
    owner = value.owner
    if not isinstance(owner, ir.Block) and owner.name == "arith.constant":
        return int(ir.IntegerAttr(owner.attributes["value"]).value)
    return None


def function_of(operation: Any) -> str:
    """The symbol around it; initializers have none."""
    parent = operation.parent
    while parent is not None:
        if "sym_name" in parent.attributes:
            return str(ir.StringAttr(parent.attributes["sym_name"]).value)
        if parent.name == "util.initializer":
            return "(initializer)"
        parent = parent.parent
    return "(module)"


def memory_of(operation: Any) -> str:
    """What is allocated with the total: transient, external (results of the function), constant, .."""
    kinds = set()
    for use in operation.results[0].uses:
        user = use.owner.operation
        if user.name in ("stream.resource.alloca", "stream.resource.alloc"):
            kind = str(user.results[0].type)
            kinds.add(kind.removeprefix("!stream.resource<").removesuffix(">"))
    return "+".join(sorted(kinds)) or "other"


class Pack:
    """A pack op: its slices, and what IREE makes of them."""

    def __init__(self, operation: Any) -> None:
        self.operation = operation
        self.function = function_of(operation)
        self.memory = memory_of(operation)
        segments = [int(n) for n in operation.attributes["operandSegmentSizes"]]
        operands = list(operation.operands)
        self.has_base = segments[0] > 0
        self.sizes = [constant(value) for value in operands[segments[0] :]]
        numbers = [int(ir.IntegerAttr(a).value) for a in ir.ArrayAttr(operation.attributes["lifetime_intervals"])]
        self.lives = list(zip(numbers[::2], numbers[1::2]))
        self.alignment = self.granule = self.total = 0
        self.offsets: list[int] = []

    def why_left(self) -> str | None:
        if self.has_base:
            return "it has a base offset"
        if None in self.sizes:
            return f"{self.sizes.count(None)} of {len(self.sizes)} sizes are known at run time only"
        return None

    def described(self) -> dict[str, Any]:
        return {
            "function": self.function,
            "memory": self.memory,
            "sizes": self.sizes,
            "lives": self.lives,
            "left": self.why_left(),
            "alignment": self.alignment,
            "granule": self.granule,
            "iree_total": self.total,
            "iree_offsets": self.offsets,
        }

    def replace(self, total: int, offsets: list[int]) -> None:
        with ir.InsertionPoint(self.operation), self.operation.location:
            for result, number in zip(list(self.operation.results), [total, *offsets]):
                value = arith.ConstantOp(ir.IndexType.get(), number).result
                result.replace_all_uses_with(value)
        self.operation.erase()


class Probe:
    """Has IREE's layout pass answer for slices: functions in a copy of the module that return what it made."""

    def __init__(self, module: Any) -> None:
        self.copy = module.clone()
        self.returns: list[Any] = []

    def ask(self, pack: Any, sizes: list[int], lives: list[tuple[int, int]]) -> int:
        """The number of the answer. Attributes are those of `pack`, so that IREE takes its alignments."""
        index = ir.IndexType.get()
        count = len(sizes) + 1
        kind = ir.TypeAttr.get(ir.FunctionType.get([], [index] * count))
        name = ir.StringAttr.get(f"mempl_probe_{len(self.returns)}")
        with ir.InsertionPoint(self.copy.regions[0].blocks[0]):
            function = ir.Operation.create("util.func", attributes={"sym_name": name, "function_type": kind}, regions=1)
        with ir.InsertionPoint(function.regions[0].blocks.append()):
            operands = [arith.ConstantOp(index, size).result for size in sizes]
            attributes = {named.name: named.attr for named in attributes_of(pack)}
            attributes["lifetime_intervals"] = ir.ArrayAttr.get(
                [ir.IntegerAttr.get(index, moment) for life in lives for moment in life]
            )
            attributes["operandSegmentSizes"] = ir.DenseI32ArrayAttr.get([0, len(sizes)])
            asked = ir.Operation.create(PACK, results=[index] * count, operands=operands, attributes=attributes)
            self.returns.append(ir.Operation.create("util.return", operands=list(asked.results)))
        return len(self.returns) - 1

    def answers(self) -> list[list[int]]:
        passmanager.PassManager.parse(LAYOUT).run(self.copy)
        found = [[constant(value) for value in operation.operands] for operation in self.returns]
        if any(number is None for row in found for number in row):
            raise Failed("IREE's layout of slices is not constant; expected constants for constant sizes")
        return [[int(number) for number in row if number is not None] for row in found]


def attributes_of(operation: Any) -> list[Any]:
    attributes = operation.attributes
    return [attributes[i] for i in range(len(attributes))]


def lay_out(module: Any, packs: list[Pack]) -> None:
    """Fills in what IREE's own layout pass makes of each pack, and its alignments.

    Two slices of one byte that live together tell them: the second offset is a multiple of the alignment of offsets
    and of that of sizes, and the total is that offset and a size, rounded up.
    """
    probe = Probe(module)
    asked = []
    for pack in packs:
        if pack.why_left() is None:
            sizes = [size for size in pack.sizes if size is not None]
            asked.append((pack, probe.ask(pack.operation, sizes, pack.lives)))
            asked.append((pack, probe.ask(pack.operation, [1, 1], [(0, 0), (0, 0)])))
    found = probe.answers() if asked else []
    for (pack, whole), (_, tiny) in zip(asked[::2], asked[1::2]):
        pack.total, *pack.offsets = found[whole]
        total, _, second = found[tiny]
        pack.alignment, pack.granule = second, total - second


def keep(folder: str | None, name: str, module: Any) -> None:
    if folder:
        path = os.path.join(folder, name)
        part = f"{path}.{os.getpid()}.part"
        with open(part, "w", encoding="utf-8") as file:
            file.write(str(module))
        os.replace(part, path)


def run(request: dict[str, Any], compiler: Compiler, receive: Any, send: Any) -> None:
    before, after = compiler.stream_passes()
    if compiler.flag("--iree-execution-model") == "host-only":
        raise Failed("expected an --iree-execution-model with tensors: host-only has nothing to pack")
    invocation = compiler.invocation()
    source = ctypes_dl.Source.open_file(compiler.session, request["source"])
    if not invocation.parse_source(source):
        raise Failed
    compiler.phases(invocation, None, "flow")
    compiler.passes(invocation, before)
    module = invocation.export_module()
    with compiler.context, ir.Location.unknown():
        keep(request["keep"], "scheduled.mlir", module)
        packs = [Pack(operation) for operation in walk(module) if operation.name == PACK]
        lay_out(module, packs)
        send({"iree": version.VERSION, "packs": [pack.described() for pack in packs]})
        if request["output"] is None:
            return
        for pack, choice in zip(packs, receive()["choices"]):
            if choice is not None:
                pack.replace(choice["total"], choice["offsets"])
        keep(request["keep"], "packed.mlir", module)
    # The module came out of the first invocation, which has the phases up to flow.
    rest = compiler.invocation()
    rest.import_module(module)
    compiler.passes(rest, after)
    compiler.phases(rest, "stream", "end")
    with ctypes_dl.Output.open_file(request["output"]) as output:
        rest.output_vm_bytecode(output)
        output.keep()


def main() -> int:
    incoming, outgoing = os.fdopen(int(sys.argv[1]), "r"), os.fdopen(int(sys.argv[2]), "w")

    def receive() -> Any:
        line = incoming.readline()
        if not line:
            # Whoever started this process is gone.
            os._exit(1)
        return json.loads(line)

    def send(message: dict[str, Any]) -> None:
        outgoing.write(json.dumps(message) + "\n")
        outgoing.flush()

    request = receive()
    compiler = Compiler(request["flags"])
    answer: dict[str, Any] = {"done": True}
    try:
        run(request, compiler, receive, send)
    except (Failed, ValueError, RuntimeError, KeyError, ir.MLIRError) as problem:
        answer = {"done": False, "error": str(problem)}
    sys.stdout.flush()
    send({**answer, "diagnostics": compiler.diagnostics})
    # IREE's objects have an order in which they must go; the process goes as a whole.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
