"""XLA's compiler for TPUs as a Python object, without a TPU."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any

from .._errors import Error
from . import _child
from ._child import TARGETS

NEEDED = ("jax", "libtpu")


class Refused(Exception):
    """XLA's answer to a program or to options with which it cannot compile; str() is its message."""


class OutOfTime(Exception):
    """A compiler's answer when it was not done at its `deadline`."""


def missing() -> str | None:
    """What to install before functions can be compiled, as one line; None if everything is there."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f"mempl.xla compiles with jax and libtpu, and finds no {' and no '.join(absent)}: pip install 'mempl[xla]'"


def target_name(target: str) -> str:
    """The name of a TPU without the prefix that it has among mempl's targets. Raises mempl.Error."""
    name = target.lower().removeprefix("tpu-")
    if name not in TARGETS:
        raise Error(f"target: expected {', '.join(TARGETS)}, found {target!r}")
    return name


def _lowered(function: Any, arguments: tuple[Any, ...]) -> Any:
    """The program for TPUs of what a user may give; tracing needs no TPU."""
    import jax

    if isinstance(function, (jax.stages.Lowered, jax.stages.Traced)) and arguments:
        raise Error(f"expected no arguments beside a {type(function).__name__}, which has its own")
    if isinstance(function, jax.stages.Lowered):
        return function
    if isinstance(function, jax.stages.Traced):
        return function.lower(lowering_platforms=("tpu",))
    if not callable(function):
        raise Error(f"expected a function, a jitted function, a Traced or a Lowered, found {type(function).__name__}")
    jitted = function if hasattr(function, "trace") else jax.jit(function)
    return jitted.trace(*arguments).lower(lowering_platforms=("tpu",))


def _bytecode(lowered: Any) -> tuple[str, bytes]:
    """Name and StableHLO of a program, with the locations that XLA names instructions after."""
    operation = lowered.compiler_ir("stablehlo").operation
    for attribute in ("mhlo.num_partitions", "mhlo.num_replicas"):
        if attribute in operation.attributes and (count := operation.attributes[attribute].value) != 1:
            raise Error(f"expected a program for one device, found {attribute.removeprefix('mhlo.')} = {count}")
    program = io.BytesIO()
    operation.write_bytecode(program)
    return operation.attributes["sym_name"].value, program.getvalue()


class Compiler:
    """Compiles one program again and again, with other options, for one target. Use it in a `with`.

    The program is traced here, so that closures, lambdas and whatever else jax can trace will do, and goes as StableHLO
    to a process that has the compiler. That process is started at the first compile(), and again when it dies.

    Args:
        function: a function, a jitted function, or a jax.stages.Traced or Lowered; a Lowered has to be for TPU
            (`.trace(..).lower(lowering_platforms=("tpu",))`). For one device, and without calls back into Python.
        arguments: of the function: arrays, ShapeDtypeStructs, or pytrees of them; for a Traced or Lowered none.
        target: "v4", "v5e", "v5p" or "v6e".

    Raises:
        mempl.Error: jax or libtpu is not installed, or an argument is wrong.
    """

    def __init__(self, function: Any, *arguments: Any, target: str = "v5e") -> None:
        self.target = target_name(target)
        if what := missing():
            raise Error(what)
        lowered = _lowered(function, arguments)
        #: Name of the program, as in XLA's dumps.
        self.name, self._program = _bytecode(lowered)
        #: Which of the arrays in the arguments are the program's parameters; jax leaves out those that are not used.
        self.parameters: list[int] = sorted(lowered._lowering.compile_args["kept_var_idx"])
        versions = [importlib.metadata.version(name) for name in NEEDED]
        #: Differs for what may be compiled otherwise: other programs, targets and compilers.
        self.identity = hashlib.sha256(self._program + " ".join([self.target, *versions]).encode()).hexdigest()
        #: When compile() gives up, as time.monotonic() counts; None for never.
        self.deadline: float | None = None
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._messages: IO[bytes] | None = None

    def compile(self, options: Mapping[str, str]) -> str:
        """The text of the scheduled module, without source locations.

        Raises:
            Refused: XLA does not compile it with these options.
            OutOfTime: it was not done at the deadline.
            mempl.Error: there is something wrong with the compiler.
        """
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._folder is not None
        path = os.path.join(self._folder.name, "hlo.txt")
        answer = self._ask(json.dumps({"options": dict(options), "path": path}))
        if answer is None:
            raise Refused(f"the compiler died: {self._last_words()}")
        if "refused" in answer:
            raise Refused(answer["refused"])
        self._check(answer)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def _start(self) -> None:
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="mempl-xla-")
        program = os.path.join(self._folder.name, "program.mlirbc")
        with open(program, "wb") as file:
            file.write(self._program)
        self._messages = open(os.path.join(self._folder.name, "messages.txt"), "w+b")
        # The same jax as here, wherever it was found.
        variables = {
            **os.environ,
            **_child.environment(self.target),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        self._process = subprocess.Popen(
            [sys.executable, _child.__file__, self.target, program],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
        )
        answer = self._ask(None)
        if answer is None:
            raise Error(f"the compiler does not start: {self._last_words()}")
        self._check(answer)

    def _ask(self, line: str | None) -> dict[str, Any] | None:
        """The answer to a request, or the first one; None from a process that has died.

        An answer is a line, so nothing of it is here already when the last one has been read.
        """
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        try:
            if line is not None:
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                # There is no other way to end a compilation.
                self.close()
                raise OutOfTime
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer.endswith("\n"):
            self._process.wait()
            return None
        found: dict[str, Any] = json.loads(answer)
        return found

    def _check(self, answer: dict[str, Any]) -> None:
        if "broken" in answer:
            versions = " and ".join(f"{name} {importlib.metadata.version(name)}" for name in NEEDED)
            raise Error(f"the compiler of {versions} does not work: {answer['broken'].splitlines()[0]}")

    def _last_words(self) -> str:
        """The last line that the process had to say before it died."""
        assert self._messages is not None and self._process is not None
        self._messages.seek(0)
        lines = [line.strip() for line in self._messages.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"exit code {self._process.returncode}, no message"

    def close(self) -> None:
        """Ends the process; compile() would start another one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._messages is not None:
            self._messages.close()
            self._messages = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["TARGETS", "Compiler", "OutOfTime", "Refused", "missing", "target_name"]
