"""What came out: compile options, the fate of every constraint, and the plans before and after."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .._core import AccessMode, Instance, Plan, Program, verify
from .._errors import Error
from .._report import report_page
from ._estimate import CLOCK
from ._offers import NO_CARRY
from ._parts import Attempt
from ._split import Split

Status = Literal["kept", "useless", "refused", "undecided", "not tried"]

_MEANING: dict[Status, str] = {
    "kept": "in the compile options",
    "useless": "XLA can follow, and its estimate does not get lower",
    "refused": "XLA cannot follow, for the reason given",
    "undecided": "offered together with others that were refused or useless; the time was over before it was alone",
    "not tried": "the time was over, or others of more value had not helped",
}
_SWITCHES = {option: "prefetch across programs" for option in NO_CARRY}


def write_whole(path: str | os.PathLike[str], text: str) -> Path:
    """Writes a file that is there whole or not at all."""
    target = Path(path)
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)
    return target


@dataclass(frozen=True)
class Constraint:
    """One thing that mempl's plans did otherwise than XLA, and what XLA said to it.

    Attributes:
        action: "pin" (this output is in fast memory from its definition on) or "prefetch" (this operand is copied in).
        value, instruction, operand: what it is about; the operand of a prefetch, else None.
        is_wish: a wish is for the order in which XLA looks at values, and is never refused; the others are strict.
        seconds: of slow traffic, that the plan expects to save by it.
        status: "kept", "useless", "refused", "undecided" or "not tried".
        reason: of "refused", in XLA's words; empty for "kept".
        obeyed: of kept constraints that are strict, whether the final program has the value in fast memory at that
            instruction, as read back; else None.
        option, proto: the compile option, and what it gets.
    """

    action: str
    value: str
    instruction: str
    operand: int | None
    is_wish: bool
    seconds: float
    status: Status
    reason: str
    obeyed: bool | None
    option: str
    proto: str

    def __str__(self) -> str:
        what = f"{self.action} {self.value}"
        if self.operand is not None:
            what += f" for {self.instruction}"
        kind = "wish" if self.is_wish else "constraint"
        return f"{self.status}: {kind} to {what}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class Moved:
    """Bytes of accesses that the final program serves from the other memory than XLA's own choice."""

    to_fast_constrained: int
    to_fast_others: int
    to_slow_others: int


def _shape(program: Instance | Program) -> list[tuple[object, ...]]:
    """What two instances must have in common for a plan to fit both."""
    rows: list[tuple[object, ...]] = [(value.name, value.size) for value in program.values]
    for step in program.steps:
        accesses = [(access.value, access.mode == AccessMode.READ) for access in step.accesses]
        rows.append((step.name, accesses, _shape(step.body) if step.body is not None else None))
    return rows


def fits(plan: Plan, made_for: Instance, instance: Instance) -> bool:
    """Whether a plan for one reading of a program is valid for another reading of it."""
    return _shape(made_for) == _shape(instance) and not verify(instance, plan)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms" if seconds >= 1e-4 else f"{seconds * 1e6:.3f} us"


@dataclass(frozen=True)
class Placement:
    """The outcome of place(). `print(..)` gives a summary.

    All estimates are XLA's own, of cycles that it prints, at the clock of the TPU; no TPU has run anything.

    Attributes:
        program, target: what was compiled for what.
        compiler_options: for `.compile(compiler_options=..)`; those that were given, if nothing gained.
        cycles_before, cycles_after: XLA's estimate of the program with its own choice, and with these options.
        constraints: the fate of every constraint: kept ones first, as the options have them; of the others, the most
            valuable first.
        instance: the program as XLA scheduled it on its own, what it placed undone.
        xla_plan: XLA's own plan for `instance`.
        plan: the best one of mempl's plans for `instance`.
        final_instance, final_plan: the program with `compiler_options`, and what XLA did with them, read back.
        moved: bytes that the constraints moved between memories, side effects included.
        text, final_text: the scheduled modules, HLO, of XLA's own choice and with `compiler_options`.
        compilations, rounds, elapsed: what it took; seconds.
        ended: "nothing gains" or "time is over" or "cancelled".
        notes: sentences about what is not quite so.
        function: what to compile with `compiler_options`: the one that was given, or a Split of it. None from improve(), and
            in a result that was pickled.
        parts: of the batch, one after the other, in `function`; 1 for the whole.
        is_loop: whether parts are trips of a loop, else they are written out.
        cycles_cut: XLA's estimate of `function` with its own choice; `cycles_before` is of the function that was given.
        attempts: numbers of parts, in the order in which they were tried; empty without in_axes.
    """

    program: str
    target: str
    compiler_options: dict[str, str]
    cycles_before: int
    cycles_after: int
    constraints: list[Constraint]
    instance: Instance
    xla_plan: Plan
    plan: Plan
    final_instance: Instance
    final_plan: Plan
    moved: Moved
    text: str = field(repr=False)
    final_text: str = field(repr=False)
    compilations: int
    rounds: int
    elapsed: float
    ended: str
    notes: list[str]
    function: Callable[..., Any] | None = field(default=None, repr=False, compare=False)
    parts: int = 1
    is_loop: bool = False
    cycles_cut: int = 0
    attempts: list[Attempt] = field(default_factory=list)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "function"}

    @property
    def orders(self) -> list[Constraint]:
        """An old name of `constraints`."""
        return self.constraints

    @property
    def seconds_before(self) -> float:
        """XLA's estimate of its own choice, in seconds."""
        return self.cycles_before / CLOCK[self.target]

    @property
    def seconds_after(self) -> float:
        """XLA's estimate with `compiler_options`, in seconds; never more than before."""
        return self.cycles_after / CLOCK[self.target]

    @property
    def seconds_cut(self) -> float:
        """XLA's estimate of `function` with its own choice, in seconds."""
        return self.cycles_cut / CLOCK[self.target]

    def check(self, *arguments: Any) -> float:
        """Split.check() of `function`; 0 where it is not cut.

        Raises:
            mempl.Error: results differ by more than rounding explains, or there is no function.
        """
        if self.function is None:
            raise Error("expected a result of mempl.xla.place() that was not pickled")
        return self.function.check(*arguments) if isinstance(self.function, Split) else 0.0

    @property
    def switched_off(self) -> list[str]:
        """What of XLA's assignment is switched off by `compiler_options`, in words."""
        return [words for option, words in _SWITCHES.items() if option in self.compiler_options]

    def __repr__(self) -> str:
        return f"<mempl.xla.Placement of {self.program}, {self.cycles_before} to {self.cycles_after} cycles>"

    def __str__(self) -> str:
        ratio = self.cycles_before / self.cycles_after if self.cycles_after else 1.0
        lines = [
            f"{self.program} on {self.target}, XLA's own estimate: {_milliseconds(self.seconds_before)} before,"
            f" {_milliseconds(self.seconds_after)} after, {ratio:.3f} times as fast",
            *self._parts_lines(),
        ]
        for is_wish, kind in ((False, "constraints"), (True, "wishes")):
            some = [constraint for constraint in self.constraints if constraint.is_wish == is_wish]
            counts = Counter(constraint.status for constraint in some)
            lines.append(f"{kind}: " + (", ".join(f"{counts[s]} {s}" for s in _MEANING if counts[s]) or "none"))
        for why, number in sorted(self._refusals().items(), key=lambda item: (-item[1], item[0])):
            lines.append(f"  {number} refused: {why}")
        astray = sum(constraint.obeyed is False for constraint in self.constraints)
        if astray:
            lines.append(f"  {astray} kept, but not seen in the final program")
        if self.switched_off:
            lines.append(f"switched off: {', '.join(self.switched_off)}")
        moved = self.moved
        lines.append(
            f"moved to fast memory: {moved.to_fast_constrained / 1e6:.1f} MB as constrained,"
            f" {moved.to_fast_others / 1e6:.1f} MB"
            f" of others; moved to slow: {moved.to_slow_others / 1e6:.1f} MB of others"
        )
        lines.append(
            f"{self.compilations} compilations, {self.rounds} rounds, {self.elapsed:.0f} s; ended because {self._end_words()}"
        )
        return "\n".join(lines + [f"note: {note}" for note in self.notes])

    def _parts_lines(self) -> list[str]:
        """What became of numbers of parts, a line each."""
        if not self.attempts:
            return []
        form = f"in {self.parts} parts{', a loop' if self.is_loop else ''}" if self.parts > 1 else "whole"
        lines = [f"{form}: {_milliseconds(self.seconds_cut)} without constraints; tried:"]
        for attempt in self.attempts:
            what = (
                "whole"
                if attempt.parts == 1
                else f"{attempt.parts} parts, {'a loop' if attempt.is_loop else 'written out'}"
            )
            seconds = None if attempt.cycles is None else attempt.cycles / CLOCK[self.target]
            found = attempt.reason if seconds is None else _milliseconds(seconds)
            guess = "" if attempt.predicted is None else f" (predicted {_milliseconds(attempt.predicted)})"
            lines.append(f"  {what}: {found}{guess}")
        return lines

    def _end_words(self) -> str:
        return {"nothing gains": "nothing gains any more", "cancelled": "it was cancelled"}.get(
            self.ended, "the time is over"
        )

    def _refusals(self) -> Mapping[str, int]:
        return Counter(constraint.reason for constraint in self.constraints if constraint.status == "refused")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes `compiler_options` as a JSON object."""
        return write_whole(path, json.dumps(self.compiler_options, indent=1) + "\n")

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained page: this summary, all constraints, and the plans as mempl.report() shows them.

        XLA's own plan, mempl's, and the one with the options are on it; the last one not where XLA then made other steps
        of the program, which the page says.
        """
        plans = {"XLA": self.xla_plan, "mempl": self.plan}
        remarks = []
        if self.cycles_after == self.cycles_cut:
            remarks.append("Nothing gained, so XLA's plan stays as it is.")
        elif fits(self.final_plan, self.final_instance, self.instance):
            plans["XLA with constraints"] = self.final_plan
        else:
            remarks.append(
                "With the options XLA makes other steps of the program: that plan cannot be shown beside these."
            )
        page = report_page(self.instance, plans)
        return write_whole(path, page.replace("<!-- sections of others -->", self._section(remarks), 1))

    def _section(self, remarks: list[str]) -> str:
        """The part of the page that mempl.report() has not."""
        rows = []
        for constraint in self.constraints:
            seen = {None: "", True: "seen in the final program", False: "not seen in the final program"}
            cells = [
                constraint.status,
                "wish" if constraint.is_wish else "constraint",
                constraint.action,
                constraint.value,
                constraint.instruction + ("" if constraint.operand is None else f", operand {constraint.operand}"),
                _milliseconds(constraint.seconds),
                constraint.reason or seen[constraint.obeyed],
            ]
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        head = "".join(
            f"<th>{cell}</th>" for cell in ("answer", "kind", "action", "value", "instruction", "expected", "reason")
        )
        lines = [html.escape(line) for line in [*str(self).split("\n"), *remarks]]
        return (
            '<h2>Round trip through XLA</h2>\n<p id="xla-summary">'
            + "<br>\n".join(lines)
            + "</p>\n"
            + f'<details><summary>{len(self.constraints)} constraints and wishes</summary><div class="rows"><table id="xla-constraints">'
            + f"<thead><tr>{head}</tr></thead><tbody>\n"
            + "\n".join(rows)
            + "</tbody></table></div></details>\n"
        )
