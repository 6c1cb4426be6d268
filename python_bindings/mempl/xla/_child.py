"""The process with the compiler: a script that knows jax and libtpu and nothing of mempl.

    python _child.py TARGET PROGRAM

with the variables of environment() and the StableHLO of a program as bytecode. A process of its own, because libtpu reads
its variables when it is loaded, allows one target per process, and may die of a program. Options come in on standard
input, one JSON object a line; the text of the scheduled module goes to a file, and one JSON object a line to what was
standard output, which libtpu cannot write to.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

# Names that libtpu knows: an accelerator, and the smallest topology that compiles for it.
TARGETS = {
    "v4": ("v4-8", "v4:2x2x1"),
    "v5e": ("v5litepod-4", "v5e:2x2"),
    "v5p": ("v5p-8", "v5p:2x2x1"),
    "v6e": ("v6e-4", "v6e:2x2"),
}


def environment(target: str) -> dict[str, str]:
    """What makes libtpu compile for a TPU that is not there."""
    return {
        "JAX_PLATFORMS": "cpu",
        "TPU_SKIP_MDS_QUERY": "1",
        "TPU_ACCELERATOR_TYPE": TARGETS[target][0],
        "TPU_WORKER_HOSTNAMES": "localhost",
        "TPU_WORKER_ID": "0",
        "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
    }


def strip(text: str) -> str:
    """HLO without what says where it came from or has no part in placement."""
    text = re.sub(r', metadata=\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}', "", text)
    text = re.sub(r'"body":"[^"]*"', '"body":""', text)
    lines = text.split("\n")
    # Tables of file names and stack frames stand between the first line and the computations.
    first = next(i for i, line in enumerate(lines) if i > 0 and re.match(r"(ENTRY )?%", line))
    return "\n".join([lines[0], ""] + lines[first:])


def compiler_of(target: str, program: bytes) -> Callable[[dict[str, str]], str]:
    """What compiles this program with options.

    jax has no public way from StableHLO to a TPU that is not there, and a function that calls the program would give
    instructions other names than the user's own call of jit; so this does what Lowered.compile() does.
    """
    from jax._src import compiler
    from jax.experimental import topologies
    from jax.interpreters import mlir
    from jaxlib import _jax

    device: Any = topologies.get_topology_desc(platform="tpu", topology_name=TARGETS[target][1]).devices[0]

    def run(options: dict[str, str]) -> str:
        with mlir.make_ir_context():
            # Anew each time, since compiling may change the module.
            module = mlir.ir.Module.parse(program)
            wanted = compiler.get_compile_options(1, 1, [[device.id]], env_options_overrides=options)
            compiled = device.client.compile(
                module, executable_devices=_jax.DeviceList((device,)), compile_options=wanted
            )
        return "\n\n".join(m.to_string() for m in compiled.hlo_modules())

    return run


def end_with(parent: int) -> None:
    """Ends this process, in the midst of a compilation, when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    # This folder has modules of mempl, which are not for others to find.
    sys.path.pop(0)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**what: Any) -> None:
        print(json.dumps(what), file=answers, flush=True)

    try:
        import jax

        with open(sys.argv[2], "rb") as file:
            run = compiler_of(sys.argv[1], file.read())
    except Exception as error:
        answer(broken=f"{type(error).__name__}: {error}")
        return
    answer(ready=jax.__version__)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            text = strip(run(request["options"]))
            with open(request["path"], "w", encoding="utf-8") as result:
                result.write(text)
            answer()
        except jax.errors.JaxRuntimeError as error:
            answer(refused=str(error))
        except Exception as error:
            answer(broken=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
