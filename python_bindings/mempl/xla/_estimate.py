"""XLA's own estimate of a program: the sum of the cycles that it prints, loops times their trips."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._core import Instance

# Estimates above are the compiler's way to say that it does not know.
_MAX_CYCLES = 1 << 50
# Of the TPUs, in Hz.
CLOCK = {"v4": 1.05e9, "v5e": 1.5e9, "v5p": 1.75e9, "v6e": 1.75e9}


def trips_of(instance: Instance) -> dict[str, int]:
    """Trips of loops by name, at any depth."""
    found: dict[str, int] = {}
    for step in instance.steps:
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
