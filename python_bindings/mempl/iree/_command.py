"""The program mempl-iree-pack: iree-compile with exact offsets."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .._errors import Error
from . import BUDGET, compile

PROGRAM = "mempl-iree-pack"

# Of the program iree-compile, not of IREE's compiler: there is one way from source to .vmfb here.
NOT_HERE = ("--compile-from", "--compile-to", "--compile-mode", "--output-format", "--split-input-file")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Error(message)


def _parser() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        usage=f"{PROGRAM} IN [-o OUT.vmfb] [options] [flags of iree-compile]",
        description="Compiles a program with IREE, the buffers of each allocation at offsets of the smallest total.",
        epilog="Other flags, written --name=value, are handed to IREE's compiler; iree-compile --help lists them.",
    )
    parser.add_argument("source", metavar="IN", help="what iree-compile takes: MLIR as text or bytecode")
    parser.add_argument(
        "-o", dest="output", metavar="OUT.vmfb", help="the module to write; without it, the table is all that is made"
    )
    parser.add_argument("--report", metavar="FILE", help="the table as JSON")
    parser.add_argument(
        "--rewrite",
        choices=("smaller", "all", "none"),
        default="smaller",
        help="take mempl's offsets where they need less than IREE's (default), or also where they need the same, or nowhere",
    )
    parser.add_argument(
        "--budget", type=int, default=BUDGET, help=f"nodes of the exact search per pack, 0: no limit ({BUDGET:,})"
    )
    parser.add_argument("--time-limit-ms", type=float, metavar="MS", help="of the search, for all packs together (no limit)")
    parser.add_argument("--time-limit", type=float, help=argparse.SUPPRESS)  # The old form, in seconds.
    parser.add_argument("--emit-packs", metavar="DIR", help="write the packs as CSV for mempl-solve, and offsets")
    parser.add_argument(
        "--keep-intermediates", metavar="DIR", help="write the module before (scheduled.mlir) and after (packed.mlir)"
    )
    return parser


def _run(arguments: Sequence[str]) -> None:
    options, flags = _parser().parse_known_args(arguments)
    for flag in flags:
        if not flag.startswith("-"):
            raise Error(f"expected one program, found {flag!r} too; write flags of iree-compile as --name=value")
        name = "--" + flag.lstrip("-").partition("=")[0]
        if name in NOT_HERE:
            raise Error(f"{name} is not for {PROGRAM}, which goes from a program to a .vmfb; use iree-compile")
    report = compile(
        options.source,
        options.output,
        flags,
        rewrite=options.rewrite,
        budget=options.budget,
        time_limit_ms=options.time_limit_ms if options.time_limit is None else 1000 * options.time_limit,
        packs=options.emit_packs,
        intermediates=options.keep_intermediates,
    )
    for warning in report.warnings:
        print(warning, file=sys.stderr)
    sys.stderr.write(report.output)
    if options.report:
        part = Path(f"{options.report}.part")
        part.write_text(report.to_json(), encoding="utf-8")
        os.replace(part, options.report)
    sys.stdout.write(report.table())


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        _run(sys.argv[1:] if arguments is None else arguments)
    except Error as problem:
        # With a file, the message is that of a compiler: file:line:column: error: ..
        print(problem if problem.file else f"{PROGRAM}: error: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{PROGRAM}: error: {problem.filename or ''}: {problem.strerror or problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
