"""python -m mempl.xla MODULE:FUNCTION SHAPE.. : place() from a shell."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
from typing import Any

from .. import Error
from . import TARGETS, Progress, missing, place

_SHAPE = re.compile(r"([a-z]+[0-9a-z_]*)\[((?:\d+(?:,\d+)*)?)\]")
_TYPES = {
    "bf16": "bfloat16",
    "f16": "float16",
    "f32": "float32",
    "s8": "int8",
    "u8": "uint8",
    "s32": "int32",
    "u32": "uint32",
}


def _argument(text: str) -> Any:
    jax: Any = importlib.import_module("jax")

    found = _SHAPE.fullmatch(text)
    try:
        if found:
            dims = [int(dim) for dim in found[2].split(",") if dim]
            return jax.ShapeDtypeStruct(dims, jax.numpy.dtype(_TYPES.get(found[1], found[1])))
    except TypeError:
        pass
    raise Error(f"expected an argument such as bf16[128,1024], found '{text}'")


def _function(text: str) -> Any:
    name, _, attribute = text.partition(":")
    if not name or not attribute:
        raise Error(f"expected MODULE:FUNCTION, found '{text}'")
    sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(name), attribute)
    except (ImportError, AttributeError) as problem:
        raise Error(f"expected MODULE:FUNCTION, found '{text}': {problem}") from problem


def _show(progress: Progress) -> None:
    print(
        f"{progress.elapsed:6.0f} s  {progress.doing}, round {progress.round}: {progress.compilations} compilations,"
        f" {progress.kept} kept, {progress.refused} refused, {progress.seconds_before * 1e3:.3f} ms before,"
        f" {progress.seconds_now * 1e3:.3f} ms now",
        file=sys.stderr,
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m mempl.xla",
        description="Finds compile options with which XLA places a JAX function better in the memories of a TPU.",
    )
    parser.add_argument("function", metavar="MODULE:FUNCTION")
    parser.add_argument("arguments", metavar="SHAPE", nargs="*", help="such as bf16[128,1024], or f32[] for a scalar")
    parser.add_argument(
        "--target", default="v5e", help=f"{', '.join(TARGETS)}, or the same with tpu- in front (default v5e)"
    )
    parser.add_argument(
        "--time-limit-ms",
        type=float,
        default=60000,
        metavar="MS",
        help="of everything, what is under way included (default 60000)",
    )
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)  # The old form.
    parser.add_argument(
        "--out", metavar="JSON", help="the compile options; default: standard output, after the summary"
    )
    parser.add_argument("--report", metavar="HTML", help="one page with the plans and all constraints")
    parser.add_argument("--log", metavar="JSONL", help="compilations, so that a run that was killed goes on")
    args = parser.parse_args()
    # Functions are only traced here, and jax would look for a TPU first.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        if what := missing():
            raise Error(what)
        result = place(
            _function(args.function),
            *map(_argument, args.arguments),
            target=args.target,
            time_limit_ms=args.time_limit_ms if args.seconds is None else 1000 * args.seconds,
            log=args.log,
            progress=_show,
        )
        print(result)
        if args.out:
            result.save(args.out)
        else:
            print(json.dumps(result.compiler_options, indent=1))
        if args.report:
            result.report(args.report)
    except KeyboardInterrupt:
        return 130
    except Exception as problem:
        # A function that cannot be traced says why in its first line.
        first = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        print(f"mempl.xla: error: {first}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
