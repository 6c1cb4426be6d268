"""What HLO text says by itself: XLA's own estimate of the program, and where it leaves its outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._core import Instance, Program

# Estimates above are the compiler's way to say that it does not know.
_MAX_CYCLES = 1 << 50
# Of the TPUs, in Hz.
CLOCK = {"v4": 1.05e9, "v5e": 1.5e9, "v5p": 1.75e9, "v6e": 1.75e9}


def trips_of(program: Instance | Program) -> dict[str, int]:
    """Trips of loops by name, at any depth."""
    found: dict[str, int] = {}
    for step in program.steps:
        if step.body is not None:
            found[step.name] = step.trips
            found.update(trips_of(step.body))
    return found


def estimated_cycles(text: str, trips: Mapping[str, int]) -> int:
    """The estimate of a scheduled module; a loop without known trips counts once."""
    own: dict[str, int] = {}
    loops: dict[str, list[tuple[str, str]]] = {}
    name = entry = None
    for line in text.split("\n"):
        head = re.match(r"(ENTRY )?%([^ ]+) .*\{$", line)
        if head:
            name = head[2]
            entry = name if head[1] else entry
            own[name], loops[name] = 0, []
        elif name is not None:
            estimate = re.search(r'"estimated_cycles":"(\d+)"', line)
            if estimate and int(estimate[1]) < _MAX_CYCLES:
                own[name] += int(estimate[1])
            loop = re.match(r"\s+(?:ROOT )?%([^ ]+) = .* while\(.*body=%([^ ,]+)", line)
            if loop:
                loops[name].append((loop[1], loop[2]))

    def whole(name: str) -> int:
        return own[name] + sum(trips.get(loop, 1) * whole(body) for loop, body in loops[name])

    return whole(entry) if entry is not None else 0


def _shape_at(text: str) -> str:
    """The shape at the beginning of a text: an array's, or a tuple's with its parentheses."""
    depth = 0
    for end, letter in enumerate(text):
        depth += (letter in "({[") - (letter in ")}]")
        if depth < 0 or (depth == 0 and letter == " "):
            return text[:end]
    return text


def _memories(shape: str) -> list[str]:
    """The memory of each array of a shape, in order; empty for the slow one."""
    plain = re.sub(r"/\*.*?\*/", "", shape)
    return [
        (re.search(r"S\(\d+\)", layout) or [""])[0] for layout in re.findall(r"\w+\[[^\]]*\]((?:\{[^}]*\})?)", plain)
    ]


def stray_outputs(text: str) -> list[str]:
    """Instructions whose results are outputs of the program and are not where the caller looks for them.

    XLA follows a constraint to pin an output, and then does not copy it back. The estimate gets lower, for what the program
    is there for is no longer written.
    """
    result = re.search(r"entry_computation_layout=\{\(.*?\)->", text)
    entry = re.search(r"^ENTRY .*?^\s+ROOT %([^ ]+) = (.*?)$", text, re.S | re.M)
    if not result or not entry:
        return []
    shape = _shape_at(entry[2])
    expected, found = _memories(_shape_at(text[result.end() :])), _memories(shape)
    if len(expected) != len(found):
        return []
    operands = re.findall(r"%([\w.-]+)", re.sub(r"/\*.*?\*/", "", entry[2][len(shape) :]).split(")")[0])
    names = operands if len(operands) == len(found) and shape.startswith("(") else [entry[1]] * len(found)
    return [name for name, a, b in zip(names, expected, found) if a != b]
