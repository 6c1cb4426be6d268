"""ExecuTorch's memory planning: with specs like its own, and with itself where it is installed."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

import mempl
import mempl.executorch

ALIGNMENT = 16


@dataclass(eq=False)
class Spec:
    """What a planning algorithm sees of a TensorSpec."""

    nbytes: int
    lifetime: list[int | None]
    mem_id: int | None = None
    storage_base: Any = None
    storage_base_offset: int = 0
    allocated_memory: int = field(default=0, init=False)

    def realign(self, alignment: int) -> None:
        self.allocated_memory = -(-self.nbytes // alignment) * alignment


def plan(specs, taken=None, **options):
    graph = SimpleNamespace() if taken is None else SimpleNamespace(input_mem_buffer_sizes=taken)
    return mempl.executorch.plan(ALIGNMENT, specs, graph, None, **options)


def meet(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def check(specs, result) -> None:
    """The rules of ExecuTorch's Verifier, and that every tensor lies in its arena, aligned."""
    assert set(result.spec_dict) == set(specs)
    for spec, place in result.spec_dict.items():
        assert place.mem_offset % ALIGNMENT == 0
        assert place.mem_offset + spec.allocated_memory <= result.bufsizes[place.mem_id]
    own = [s for s in specs if s.storage_base is None and s.nbytes]
    for a, b in itertools.combinations(own, 2):
        one, two = result.spec_dict[a], result.spec_dict[b]
        bytes_of = [(p.mem_offset, p.mem_offset + s.allocated_memory - 1) for s, p in ((a, one), (b, two))]
        if one.mem_id != two.mem_id or not meet(*bytes_of):
            continue
        assert not meet(a.lifetime, b.lifetime)
        assert one.mem_obj_id == two.mem_obj_id


def greedy(specs) -> int:
    """Bytes that ExecuTorch's own algorithm needs: buckets, largest tensors first."""
    buckets: list[list[tuple[int, Spec]]] = []
    for spec in sorted(specs, key=lambda s: -s.allocated_memory):
        for bucket in buckets:
            ends = [o + s.allocated_memory for o, s in bucket if meet(s.lifetime, spec.lifetime)]
            if not ends:
                bucket.append((0, spec))
                break
        else:
            for bucket in buckets:
                top = max((o + s.allocated_memory for o, s in bucket if meet(s.lifetime, spec.lifetime)), default=0)
                if top and top + spec.allocated_memory <= bucket[0][1].allocated_memory:
                    bucket.append((top, spec))
                    break
            else:
                buckets.append([(0, spec)])
    return sum(bucket[0][1].allocated_memory for bucket in buckets)


@pytest.mark.parametrize("seed", range(40))
def test_no_arena_is_larger_than_theirs(seed):
    draw = random.Random(seed)
    specs = []
    for _ in range(draw.choice([3, 20, 80])):
        start = draw.randrange(60)
        specs.append(Spec(draw.randrange(1, 5000), [start, start + draw.choice([0, 1, 3, 20])]))
    result = plan(specs, node_limit=20_000)
    check(specs, result)
    assert result.bufsizes[0] == 0 and len(result.bufsizes) == 2
    assert result.bufsizes[1] <= greedy(specs)
    again = plan(set(specs), node_limit=20_000)
    assert again.bufsizes == result.bufsizes


def test_it_is_smaller_where_theirs_leaves_holes():
    # The large one may lie across the two others, but no bucket is larger than its first tensor.
    specs = [Spec(3072, [0, 1]), Spec(3072, [0, 1]), Spec(4096, [2, 3])]
    result = plan(specs)
    check(specs, result)
    assert result.bufsizes == [0, 6144]
    assert greedy(specs) == 7168


def test_arenas_paddings_and_what_control_flow_has_taken():
    specs = [Spec(100, [0, 3]), Spec(100, [1, 2], mem_id=3), Spec(50, [4, 5], mem_id=3)]
    result = plan(specs, taken=[0, 40], extra_padding=64)
    check(specs, result)
    assert result.bufsizes == [0, 48 + 112 + 64, 0, 112 + 64]
    assert result.spec_dict[specs[0]].mem_offset == 48
    assert plan([]).bufsizes == [0, 0]


def test_storage_of_another_spec_lives_as_long_as_all_of_it():
    base, other = Spec(256, [0, 1]), Spec(256, [2, 4])
    view = Spec(64, [2, 3], storage_base=base, storage_base_offset=128)
    part = Spec(16, [3, 3], storage_base=view, storage_base_offset=16)
    result = plan([part, view, other, base])
    first = result.spec_dict[base].mem_offset
    assert result.spec_dict[view].mem_offset == first + 128
    assert result.spec_dict[part].mem_offset == first + 144
    assert result.bufsizes == [0, 512]
    with pytest.raises(mempl.Error, match="storage_base of every spec among them"):
        plan([view])
    base.storage_base = part
    with pytest.raises(mempl.Error, match="circle"):
        plan([part, view, base])
    with pytest.raises(mempl.Error, match="a lifetime of every spec"):
        plan([Spec(1, [None, None])])


def network(torch, seed: int):
    """A network with branches of different sizes."""
    torch.manual_seed(seed)
    widths = [random.Random(seed).choice([24, 40, 64, 136]) for _ in range(4)]

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rise = torch.nn.ModuleList(torch.nn.Linear(32, width) for width in widths)
            self.fall = torch.nn.ModuleList(torch.nn.Linear(width, 32) for width in widths)

        def forward(self, x):
            kept = []
            for rise, fall in zip(self.rise, self.fall):
                kept.append(torch.softmax(rise(x), -1))
                x = x + fall(torch.relu(kept[-1]))
            return x + sum(fall(k) for fall, k in zip(self.fall, kept))

    return Network().eval(), (torch.randn(7, 32),)


@pytest.mark.parametrize("seed", range(4))
def test_with_executorch(seed):
    torch = pytest.importorskip("torch")
    planning = pytest.importorskip("executorch.exir.memory_planning")
    exir = pytest.importorskip("executorch.exir")
    from executorch.exir.passes import MemoryPlanningPass

    model, inputs = network(torch, seed)

    def lower(*algorithms):
        suite = planning.MemoryPlanningAlgorithmSuite(list(algorithms))
        config = exir.ExecutorchBackendConfig(memory_planning_pass=MemoryPlanningPass(memory_planning_algo=suite))
        return exir.to_edge(torch.export.export(model, inputs)).to_executorch(config)

    def arenas(program):
        return program.exported_program().graph_module.meta["non_const_buffer_sizes"]

    theirs, ours = lower(planning.greedy), lower(mempl.executorch.plan)
    assert sum(arenas(ours)) <= sum(arenas(theirs))
    assert sum(arenas(lower(planning.greedy, mempl.executorch.plan))) <= sum(arenas(ours))
    graph = ours.exported_program().graph_module
    assert planning.Verifier(graph, True, True, True, None).verify_storage_reuse() > 0
    runtime = pytest.importorskip("executorch.runtime")
    results = [
        runtime.Runtime.get().load_program(program.buffer).load_method("forward").execute(list(inputs))[0]
        for program in (theirs, ours)
    ]
    assert torch.equal(*results)
    print(f"ExecuTorch {arenas(theirs)}, mempl {arenas(ours)} bytes")
