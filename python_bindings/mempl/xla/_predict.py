"""What a program would take in parts of its batch, by the simulator, from the program as XLA scheduled it whole.

Nothing is compiled: one part is the program with every value that depends on the batch, and every access of one, cut by
the number of parts, and placed by the solver that follows XLA. What parts cost in practice beyond that, such as
matrix units that are less full, it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from .. import _core
from .._core import Instance
from .._errors import Error
from .._solve import solve


def parameters(text: str) -> dict[int, str]:
    """Names of the program's parameters by their numbers."""
    entry = re.search(r"^ENTRY .*?^}", text, re.S | re.M)
    found = re.findall(r"^\s+(?:ROOT )?%([^ ]+) = .* parameter\((\d+)\)", entry[0] if entry else "", re.M)
    return {int(number): name for name, number in found}


def _spread(steps: Iterable[dict[str, Any]], depends: list[bool]) -> None:
    """Marks what is made of what is marked."""
    for step in steps:
        accesses = step["accesses"]
        if any(depends[access["value"]] and access["mode"] != "write" for access in accesses):
            for access in accesses:
                depends[access["value"]] |= access["mode"] != "read"


def _cut(program: dict[str, Any], depends: list[bool], parts: int) -> None:
    """Cuts what is marked, and the work on it."""
    values = program["values"]
    sizes = [value["size"] for value in values]
    for value, marked in zip(values, depends):
        if marked:
            value["size"] = max(1, value["size"] // parts)
    for step in program["steps"]:
        accesses = step["accesses"]
        if not any(depends[access["value"]] for access in accesses):
            continue
        step["compute"] /= parts
        if (body := step.get("body")) is not None:
            # A body does not say what it has from outside; without a batch it is the whole of it or the slice of a trip.
            others = {sizes[access["value"]] for access in accesses if not depends[access["value"]]}
            others |= {size // step["trips"] for size in others}
            _cut(body, [value["size"] not in others for value in body["values"]], parts)
        for access in accesses:
            if depends[access["value"]]:
                access["bytes"] //= parts


def predicted_seconds(
    text: str, target: str, batched: Collection[int], numbers: Iterable[int], is_reduced: bool = False
) -> dict[int, float]:
    """Seconds of the program in each number of parts, 1 for whole, as the simulator sees them.

    Args:
        text: the scheduled module.
        target: "v5e" or another of TARGETS.
        batched: numbers of parameters that have a batch.
        numbers: of parts.
        is_reduced: whether outputs have no batch, as gradients have none: what is as large as a parameter without batch,
            in its type or in one twice as wide, is then as large in every part.
    """
    names = {name for number, name in parameters(text).items() if number in batched}
    found: dict[int, float] = {}
    # A weight may stay in fast memory from one part to the next, as it may from run to run.
    whole = _core.read_hlo("<HLO>", text=text, target=f"tpu-{target}", cost="calibrated", max_carried=1)[0].to_json()
    for parts in numbers:
        program = json.loads(whole)
        depends = [value["name"].split("{")[0] in names for value in program["values"]]
        _spread(program["steps"], depends)
        if is_reduced:
            weights = {
                v["size"] for v, marked in zip(program["values"], depends) if v["kind"] == "input" and not marked
            }
            weights |= {2 * size for size in weights}
            depends = [marked and v["size"] not in weights for v, marked in zip(program["values"], depends)]
        _cut(program, depends, parts)
        try:
            found[parts] = parts * solve(Instance.from_json(json.dumps(program), "<part>"), "msa").latency
        except Error:
            continue  # Sizes that no longer fit each other; nothing is known of this number.
    return found
