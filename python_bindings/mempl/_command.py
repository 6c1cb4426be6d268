"""The program mempl: a demonstration, and what goes with the tools."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from . import _core
from ._errors import Error
from ._programs import load_xla
from ._report import report
from ._solve import solve
from ._tensorboard import write_events

DATA = Path(__file__).parent / "data"
DEMO = DATA / "gpt2_decode_b8.v5e.hlo.txt.gz"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:8.4f} ms"


def demo(arguments: argparse.Namespace) -> None:
    """XLA's plan for GPT-2 beside mempl's, as a page."""
    instance, xla = load_xla(DEMO, "tpu-v5e")
    print(f"GPT-2 decoding a token, as XLA compiled it for a TPU v5e: {instance.num_steps} steps, {instance.num_values} values")
    ours = solve(instance, "search")
    bound = _core.lower_bound(instance, known_latency=ours.latency).bound
    rows = {
        "everything in slow memory": _core.slow_latency(instance),
        "XLA's own plan": _core.simulate(instance, xla).latency,
        "mempl's plan": ours.latency,
        "no plan is faster than": bound,
    }
    for name, seconds in rows.items():
        print(f"  {name:<26} {_milliseconds(seconds)}")
    print("by mempl's simulator, with the compiler's costs of steps")
    page = report(instance, {"mempl": ours, "XLA": xla}, arguments.out, bound=bound).resolve()
    print(f"Fast memory over time, and why each tensor is where it is: {page}")
    if not arguments.no_open:
        webbrowser.open(page.as_uri())


def tensorboard(arguments: argparse.Namespace) -> None:
    """A training run for TensorBoard."""
    for run in arguments.runs:
        print(f"tensorboard --logdir={write_events(run)}")


def completion(arguments: argparse.Namespace) -> None:
    """The script for a shell."""
    sys.stdout.write((DATA / f"completion.{arguments.shell}").read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mempl",
        description="Learned memory placement. The tools are programs of their own: mempl-opt, mempl-solve, mempl-translate.",
        epilog="Example: mempl demo --out=gpt2.html",
    )
    parser.add_argument("--version", action="version", version=f"mempl {importlib.metadata.version('mempl')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("demo", help="place GPT-2 for a TPU, compare with XLA, and show the plans in a browser")
    command.add_argument("--out", default="mempl-demo.html", metavar="FILE", help="the page (default mempl-demo.html)")
    command.add_argument("--no-open", action="store_true", help="do not open a browser")
    command.set_defaults(run=demo)
    command = commands.add_parser("tensorboard", help="write the metrics of training runs for TensorBoard")
    command.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run of mempl-train")
    command.set_defaults(run=tensorboard)
    command = commands.add_parser("completion", help='print completion for a shell: eval "$(mempl completion bash)"')
    command.add_argument("shell", nargs="?", choices=("bash", "zsh", "fish"), default="bash", help="default bash")
    command.set_defaults(run=completion)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except Error as problem:
        print(f"mempl: error: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"mempl: error: {problem.filename}: {problem.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
