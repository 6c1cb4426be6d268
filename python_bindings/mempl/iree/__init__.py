"""IREE programs with transient buffers at exact offsets: `mempl.iree.compile("net.mlir", "net.vmfb", flags)`.

Needs IREE's compiler: pip install 'mempl[iree]'. docs/IREE.md has what happens, and how much it saves.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from .. import _core
from .._errors import Error
from .._names import check_time_limit, milliseconds, renamed
from .._pack import pack

__all__ = ["Pack", "Report", "compile", "BUDGET"]

#: Nodes of the exact search per pack; a limit that, unlike one of time, gives the same offsets everywhere.
BUDGET = 1_000_000

# Where IREE's messages say that something is wrong.
_PLACE = re.compile(r"^(.+?:\d+:\d+): ")

WORKER = Path(__file__).with_name("_worker.py")
REPORT_VERSION = 1


@dataclass(frozen=True)
class Pack:
    """One `stream.resource.pack` of a program. Sizes are bytes, rounded up as IREE does.

    Attributes:
        function: the symbol that it is in.
        memory: what IREE allocates for it: "transient", or "external" for results of the function, ..
        buffers: how many share the allocation.
        alignment: of offsets on the target.
        sum: of their sizes.
        bound: largest sum of sizes alive at one time: no packing is lower.
        iree: the total that IREE's own layout pass gives.
        mempl: the total in the compiled program.
        optimal: that this is proven to be the smallest.
        written: that the offsets in the program are mempl's; else IREE's.
        left: why the pack was left to IREE, or None; then the numbers above are None, but for `buffers`.
        rows: (lower, upper, size, IREE's offset, the offset in the program) of each buffer; lives are [lower, upper).
    """

    function: str
    memory: str
    buffers: int
    alignment: int | None = None
    sum: int | None = None
    bound: int | None = None
    iree: int | None = None
    mempl: int | None = None
    optimal: bool = False
    written: bool = False
    left: str | None = None
    rows: tuple[tuple[int, int, int, int, int], ...] = ()


@dataclass(frozen=True)
class Report:
    """What compile() did.

    Attributes:
        source: the file that was compiled.
        iree: version of IREE's compiler.
        packs: in the order of the program.
        warnings: of IREE, a line each.
        output: what IREE printed.
    """

    source: str
    iree: str
    packs: tuple[Pack, ...]
    warnings: tuple[str, ...] = ()
    output: str = ""

    @property
    def iree_total(self) -> int:
        """Bytes of all packs that are not left to IREE, with IREE's offsets."""
        return sum(p.iree for p in self.packs if p.iree is not None)

    @property
    def mempl_total(self) -> int:
        """The same in the compiled program."""
        return sum(p.mempl for p in self.packs if p.mempl is not None)

    @property
    def optimal(self) -> bool:
        """That each pack is proven to be as low as can be."""
        return all(p.optimal for p in self.packs)

    def to_json(self) -> str:
        packs = []
        for number, p in enumerate(self.packs):
            fields = {key: value for key, value in asdict(p).items() if key != "rows"}
            packs.append({"pack": number, **fields})
        total = {"iree": self.iree_total, "mempl": self.mempl_total}
        whole = {"version": REPORT_VERSION, "source": self.source, "iree": self.iree, "packs": packs, "total": total}
        return json.dumps(whole, indent=1) + "\n"

    def table(self) -> str:
        """The packs as text, one a line."""
        if not self.packs:
            return "nothing to pack: IREE puts no two buffers into one allocation\n"
        head = ["pack", "function", "memory", "buffers", "sum", "bound", "IREE", "mempl", ""]
        lines = [head]
        for number, p in enumerate(self.packs):
            start = [str(number), p.function, p.memory, str(p.buffers)]
            if p.left is not None:
                lines.append([*start, "-", "-", "-", "-", f"left to IREE: {p.left}"])
            else:
                note = "optimal" if p.optimal else "not proven"
                lines.append([*start, *(f"{n:,}" for n in (p.sum, p.bound, p.iree, p.mempl)), note])
        lines.append(["", "total", "", "", "", "", f"{self.iree_total:,}", f"{self.mempl_total:,}", ""])
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        text = ""
        for line in lines:
            cells = [
                cell.ljust(width) if 0 < column < 3 or column == 8 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths))
            ]
            text += "  ".join(cells).rstrip() + "\n"
        return text


def _pack_one(
    described: dict[str, Any], rewrite: str, budget: int, time_limit_ms: float | None
) -> tuple[Pack, dict[str, Any] | None]:
    """The row of a pack, and the offsets to write or None to leave it to IREE."""
    where, sizes = (described["function"], described["memory"]), described["sizes"]
    if described["left"] is not None:
        return Pack(*where, len(sizes), left=described["left"]), None
    granule = described["granule"]
    rounded = [-(-size // granule) * granule for size in sizes]
    lower = [first for first, _ in described["lives"]]
    upper = [last + 1 for _, last in described["lives"]]
    packing = pack(
        rounded, lower, upper, alignment=described["alignment"], node_limit=budget, time_limit_ms=time_limit_ms
    )
    own, theirs = packing.height, described["iree_total"]
    is_better = own < theirs or (own == theirs and rewrite == "all")
    is_written = packing.status == "packed" and rewrite != "none" and is_better
    offsets = packing.offsets.tolist() if is_written else described["iree_offsets"]
    total = own if is_written else theirs
    row = Pack(
        *where,
        buffers=len(sizes),
        alignment=described["alignment"],
        sum=sum(rounded),
        bound=packing.bound,
        iree=theirs,
        mempl=total,
        # IREE's own total is as low as can be where it is not above a height that is.
        optimal=total == packing.bound or (packing.optimal and total == own),
        written=is_written,
        rows=tuple(zip(lower, upper, rounded, described["iree_offsets"], offsets)),
    )
    return row, {"total": total, "offsets": offsets} if is_written else None


def _pack_all(
    described: Sequence[dict[str, Any]], rewrite: str, budget: int, time_limit_ms: float | None
) -> list[tuple[Pack, dict[str, Any] | None]]:
    """All packs; the later ones have what those before have left of their shares of the time."""
    began = time.monotonic()
    chosen = []
    for number, one in enumerate(described):
        share = time_limit_ms
        if time_limit_ms is not None:
            left = time_limit_ms - 1000 * (time.monotonic() - began)
            share = max(1.0, left / (len(described) - number))
        chosen.append(_pack_one(one, rewrite, budget, share))
    return chosen


class _Worker:
    """IREE in its process: messages, and the reason if it fails."""

    def __init__(self, source: str, request: dict[str, Any], printed: IO[str]) -> None:
        self.source, self.printed = source, printed
        self.process: subprocess.Popen[bytes] | None = None
        for_worker, to_worker = os.pipe()
        from_worker, of_worker = os.pipe()
        self.outgoing, self.incoming = os.fdopen(to_worker, "w"), os.fdopen(from_worker, "r")
        try:
            command = [sys.executable, str(WORKER), str(for_worker), str(of_worker)]
            self.process = subprocess.Popen(
                command, pass_fds=(for_worker, of_worker), stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
            )
        finally:
            os.close(for_worker)
            os.close(of_worker)
        self.send(request)

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.incoming.close()
        try:
            self.outgoing.close()
        except BrokenPipeError:
            pass
        if self.process:
            self.process.kill()
            self.process.wait()

    def send(self, message: dict[str, Any]) -> None:
        try:
            self.outgoing.write(json.dumps(message) + "\n")
            self.outgoing.flush()
        except BrokenPipeError:
            pass  # receive() says why the process is gone.

    def receive(self) -> dict[str, Any]:
        line = self.incoming.readline()
        if not line:
            raise self.ended()
        message: dict[str, Any] = json.loads(line)
        if message.get("done") is False:
            raise self.failed(message)
        return message

    def text(self) -> str:
        self.printed.flush()
        return Path(self.printed.name).read_text(encoding="utf-8", errors="replace")

    def failed(self, message: dict[str, Any]) -> Error:
        """The first error that IREE told, which has file and line where there are some."""
        for diagnostic in message["diagnostics"]:
            if diagnostic["severity"] == "error":
                return Error(_PLACE.sub(r"\1: error: ", _one_line(diagnostic["text"]), count=1))
        return Error(f"{self.source}: error: {_one_line(message['error']) or 'IREE failed without saying why'}")

    def ended(self) -> Error:
        assert self.process
        code, lines = self.process.wait(), [line for line in self.text().splitlines() if line.strip()]
        if code < 0:
            name = signal.Signals(-code).name
            hint = f", having said: {_one_line(lines[0])}" if lines else ""
            return Error(f"{self.source}: error: IREE's compiler was ended by {name}{hint}")
        if lines and lines[0].startswith("Traceback"):
            # An IREE without what the worker uses of it, which is known for 3.13.
            return Error(f"{self.source}: error: IREE's Python package does not work as expected: {lines[-1]}")
        if code == 1 and lines:
            # LLVM's parser of flags: "PROGRAM: Unknown command line argument .. Try: .."
            return Error(lines[0].removeprefix("mempl-iree-pack: ").split("  Try: ")[0])
        return Error(f"{self.source}: error: IREE's compiler ended with exit code {code}")


def _one_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0] if lines else ""


def _warning(text: str) -> str:
    """The first paragraph: IREE's warnings can be a page."""
    return _PLACE.sub(r"\1: warning: ", " ".join(text.split("\n\n")[0].split()), count=1)


def _write_packs(folder: Path, packs: Sequence[Pack]) -> None:
    """Each pack as a problem that mempl-solve reads, and the offsets beside it."""
    for number, one in enumerate(packs):
        if one.left is not None:
            continue
        problem = [("id", "lower", "upper", "size", "alignment")]
        offsets = [("id", "iree", "mempl")]
        for i, (lower, upper, size, theirs, own) in enumerate(one.rows):
            problem.append((str(i), str(lower), str(upper), str(size), str(one.alignment)))
            offsets.append((str(i), str(theirs), str(own)))
        for name, rows in ((f"pack{number}.csv", problem), (f"pack{number}.offsets.csv", offsets)):
            part = folder / f"{name}.{threading.get_native_id()}.part"
            with open(part, "w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
            os.replace(part, folder / name)


def _folder(path: str | os.PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Error(f"{folder}: error: expected a folder: {problem.strerror}") from None
    return folder


def _check_output(target: Path) -> None:
    if not target.parent.is_dir():
        raise Error(f"{target}: error: expected an existing folder to write to")
    if target.is_dir():
        raise Error(f"{target}: error: expected a file to write, found a folder")


def _check(source: str, flags: Sequence[str], rewrite: str, budget: int, time_limit_ms: float | None) -> None:
    if importlib.util.find_spec("iree") is None or importlib.util.find_spec("iree.compiler") is None:
        raise Error("expected IREE's compiler: pip install 'mempl[iree]'")
    if not os.path.exists(source):
        raise Error(f"{source}: error: expected a program for IREE: no such file")
    if os.path.isdir(source):
        raise Error(f"{source}: error: expected a program for IREE, found a folder")
    if budget < 0:
        raise Error(f"budget: expected at least 0 nodes, found {budget}")
    check_time_limit(time_limit_ms)
    if rewrite not in ("smaller", "all", "none"):
        raise Error(f"rewrite: expected smaller, all or none, found {rewrite!r}")
    for flag in flags:
        if not flag.startswith("-") or flag == "-":
            raise Error(f"expected a flag of iree-compile such as --iree-hal-target-device=local, found {flag!r}")


@renamed(time_limit=("time_limit_ms", milliseconds(1000)))
def compile(  # noqa: A001 - what IREE calls it
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    flags: Sequence[str] = (),
    *,
    rewrite: Literal["smaller", "all", "none"] = "smaller",
    budget: int = BUDGET,
    time_limit_ms: float | None = None,
    packs: str | os.PathLike[str] | None = None,
    intermediates: str | os.PathLike[str] | None = None,
) -> Report:
    """Compiles a program with IREE, with the offsets of its buffers from mempl's exact packer.

        report = mempl.iree.compile("net.mlir", "net.vmfb", ["--iree-hal-target-device=local",
                                                              "--iree-hal-local-target-device-backends=llvm-cpu"])
        print(report.table())

    All is done by IREE's passes in their order, but for the layout of stream.resource.pack ops whose sizes are
    constants. IREE runs in a process of its own.

    Args:
        source: what iree-compile takes: MLIR as text or bytecode.
        output: the .vmfb to write. None ends after packing, before IREE generates code: for the report alone.
        flags: of iree-compile, --name=value.
        rewrite: "smaller" takes mempl's offsets where their total is below IREE's, and leaves IREE's elsewhere; "all"
            takes them, too, where the totals are equal; "none" leaves IREE's everywhere, and the output is that of
            iree-compile, byte for byte.
        budget: nodes of the exact search per pack; 0 is no limit.
        time_limit_ms: milliseconds of the search for all packs together, above 0; None for no limit. IREE's own time is not
            limited.
        packs: folder for the packs as CSV for mempl-solve, and their offsets.
        intermediates: folder for the program before (scheduled.mlir) and after (packed.mlir).

    Raises:
        mempl.Error: IREE is not installed, says no to the program or a flag, or something cannot be written.
    """
    name, target = os.fspath(source), None if output is None else Path(output)
    _check(name, flags, rewrite, budget, time_limit_ms)
    if target:
        _check_output(target)
    packs_folder, keep = _folder(packs), _folder(intermediates)
    # Beside the target, so that what is made can be renamed to it.
    prefix, place = (f".{target.name}.", target.parent) if target else (None, None)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place) as folder:
        made = os.path.join(folder, "module.vmfb")
        request = {"source": name, "output": made if target else None, "flags": list(flags)}
        with open(os.path.join(folder, "printed"), "w", encoding="utf-8") as printed:
            with _Worker(name, {**request, "keep": str(keep) if keep else None}, printed) as worker:
                found = worker.receive()
                chosen = _pack_all(found["packs"], rewrite, budget, time_limit_ms)
                worker.send({"choices": [choice for _, choice in chosen]})
                last = worker.receive()
                text = worker.text()
        rows = tuple(row for row, _ in chosen)
        if packs_folder:
            _write_packs(packs_folder, rows)
        if target:
            os.replace(made, target)
    warnings = tuple(_warning(d["text"]) for d in last["diagnostics"] if d["severity"] == "warning")
    return Report(name, str(found["iree"]), rows, warnings, text)
