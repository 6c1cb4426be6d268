"""Memory planning for ExecuTorch: arenas at offsets of the exact packer.

    from executorch.exir import ExecutorchBackendConfig
    from executorch.exir.memory_planning import MemoryPlanningAlgorithmSuite, greedy
    from executorch.exir.passes import MemoryPlanningPass
    import mempl.executorch

    suite = MemoryPlanningAlgorithmSuite([greedy, mempl.executorch.plan])
    config = ExecutorchBackendConfig(memory_planning_pass=MemoryPlanningPass(memory_planning_algo=suite))

ExecuTorch takes the better one of the two. This module itself does not load ExecuTorch. docs/Packing.md has more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ._errors import Error
from ._pack import pack

__all__ = ["plan", "MemoryAlgoResult", "SpecAllocResult", "BUDGET"]

#: Nodes of the exact search per arena; a limit that, unlike one of time, gives the same offsets everywhere.
BUDGET = 1_000_000


@dataclass
class SpecAllocResult:
    """Where a tensor is: the arena, a number that tensors which share bytes have in common, and the first byte."""

    mem_id: int
    mem_obj_id: int
    mem_offset: int


@dataclass
class MemoryAlgoResult:
    """What ExecuTorch expects of an algorithm: a place per spec, and the bytes of each arena; arena 0 is for constants."""

    spec_dict: dict[Any, SpecAllocResult] = field(default_factory=dict)
    bufsizes: list[int] = field(default_factory=list)


def _base_of(spec: Any) -> tuple[Any, int]:
    """The spec whose bytes this one uses, itself if it has its own, and the first of those bytes."""
    offset, seen = 0, {id(spec)}
    while getattr(spec, "storage_base", None) is not None:
        offset += spec.storage_base_offset
        spec = spec.storage_base
        if id(spec) in seen:
            raise Error("specs: expected a storage_base that ends somewhere, found a circle")
        seen.add(id(spec))
    return spec, offset


def _objects(offsets: list[int], sizes: list[int]) -> list[int]:
    """A number per buffer, the same for those that share bytes, directly or by way of others."""
    numbers, number, top = [0] * len(offsets), -1, 0
    for index in sorted(range(len(offsets)), key=lambda i: (offsets[i], i)):
        if number < 0 or offsets[index] >= top:
            number += 1
        top = max(top, offsets[index] + sizes[index])
        numbers[index] = number
    return numbers


def plan(
    alignment: int,
    specs: Iterable[Any],
    graph_module: Any,
    graph_signature: Any,
    extra_padding: int = 0,
    *,
    node_limit: int = BUDGET,
) -> MemoryAlgoResult:
    """A memory planning algorithm of ExecuTorch, with the signature of its `greedy`.

    Tensors keep the arena that their `mem_id` names, 1 unless it is set, and lie behind what control flow has taken
    there (`input_mem_buffer_sizes`). Arenas are as small as an exact search finds within `node_limit` nodes per arena.

    Args:
        alignment: of offsets and sizes, bytes.
        specs: the tensors, with lifetimes.
        graph_module: the graph.
        graph_signature: not used.
        extra_padding: bytes added to each arena.
        node_limit: nodes of the search per arena; 0 is no limit.

    Raises:
        mempl.Error: a spec has no lifetime, or its storage is not that of a spec of the list.
    """
    result = MemoryAlgoResult()
    own: dict[Any, list[int]] = {}  # Specs with bytes of their own, and their lives.
    shared: list[tuple[Any, Any, int]] = []
    listed = list(specs)
    for spec in listed:
        spec.realign(alignment)
        if any(time is None for time in spec.lifetime):
            raise Error("specs: expected a lifetime of every spec")
        base, offset = _base_of(spec)
        if base is spec:
            own[spec] = list(spec.lifetime)
        else:
            shared.append((spec, base, offset))
    for spec, base, _ in shared:
        if base not in own:
            raise Error("specs: expected the storage_base of every spec among them")
        own[base] = [min(own[base][0], spec.lifetime[0]), max(own[base][1], spec.lifetime[1])]
    arenas: dict[int, list[Any]] = defaultdict(list)
    # A set has another order in every run.
    for spec in sorted(own, key=lambda s: (*own[s], -s.allocated_memory)):
        arenas[1 if spec.mem_id is None else spec.mem_id].append(spec)
    taken = getattr(graph_module, "input_mem_buffer_sizes", None) or []
    result.bufsizes = [0] * (max(arenas, default=1) + 1)
    for mem_id, members in arenas.items():
        sizes = [spec.allocated_memory for spec in members]
        packing = pack(
            sizes,
            [own[spec][0] for spec in members],
            [own[spec][1] + 1 for spec in members],
            alignment=alignment,
            node_limit=node_limit,
        )
        first = -(-taken[mem_id] // alignment) * alignment if mem_id < len(taken) else 0
        offsets = packing.offsets.tolist()
        for spec, offset, number in zip(members, offsets, _objects(offsets, sizes)):
            result.spec_dict[spec] = SpecAllocResult(mem_id, number, first + offset)
        result.bufsizes[mem_id] = first + packing.height + extra_padding
    for spec, base, offset in shared:
        place = result.spec_dict[base]
        result.spec_dict[spec] = SpecAllocResult(place.mem_id, place.mem_obj_id, place.mem_offset + offset)
    return result
