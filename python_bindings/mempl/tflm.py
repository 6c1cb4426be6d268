"""Offline memory plans for TensorFlow Lite Micro.

    plan = mempl.tflm.plan(Path("model.tflite").read_bytes())
    Path("planned.tflite").write_bytes(plan.model)
    print(plan.height, plan.optimal)

TFLM reads where tensors are from the metadata "OfflineMemoryAllocation" of a model, and plans the rest, such as scratch
memory of kernels, around them. docs/Packing.md has more.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ._errors import Error
from ._pack import pack

__all__ = ["ALIGNMENT", "BUDGET", "OfflinePlan", "embed", "offline_plan", "plan", "read_offline_plan"]

#: What TFLM aligns tensors to, bytes.
ALIGNMENT = 16
#: Nodes of the exact search; a limit that, unlike one of time, gives the same offsets everywhere.
BUDGET = 1_000_000

_METADATA = b"OfflineMemoryAllocation"
_VERSION = 1
_HEADER = 3  # Version, number of subgraphs, number of offsets.
# Bytes of an element by TensorType of TensorFlow Lite's schema; tensors of other types are left to TFLM.
_BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 11: 16, 12: 8, 15: 4, 16: 2, 17: 0.5}
# Fields of the schema's tables that are read here.
_MODEL_SUBGRAPHS, _MODEL_BUFFERS, _MODEL_METADATA, _MODEL_FIELDS = 2, 4, 6, 8
_SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS, _SUBGRAPH_OUTPUTS, _SUBGRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_IS_VARIABLE = 0, 1, 2, 5
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_INTERMEDIATES = 1, 2, 8
_METADATA_NAME, _METADATA_BUFFER = 0, 1


def offline_plan(offsets: Iterable[int], subgraphs: int = 1) -> bytes:
    """The contents of TFLM's metadata: 32-bit integers, little endian.

    Args:
        offsets: a number per tensor of all subgraphs, in their order: its first byte in the arena, or -1 for a place
            that TFLM finds when the model is loaded.
        subgraphs: how many.

    Raises:
        mempl.Error: an offset is below -1, not aligned, or 2^31 or more.
    """
    numbers = [operator.index(offset) for offset in offsets]
    for number in numbers:
        if number != -1 and (number < 0 or number % ALIGNMENT or number >= 2**31):
            raise Error(f"offsets: expected -1, or a multiple of {ALIGNMENT} below 2^31, found {number}")
    return struct.pack(f"<{_HEADER + len(numbers)}i", _VERSION, subgraphs, len(numbers), *numbers)


def read_offline_plan(data: bytes) -> list[int]:
    """The offsets in the contents of TFLM's metadata, one per tensor; -1 is a place that TFLM finds.

    Raises:
        mempl.Error: it is none.
    """
    if len(data) < 4 * _HEADER:
        raise Error(f"offline plan: expected at least {4 * _HEADER} bytes, found {len(data)}")
    count = struct.unpack_from("<i", data, 8)[0]
    # Some writers pad it.
    if count < 0 or len(data) < 4 * (_HEADER + count):
        raise Error(f"offline plan: expected {count} offsets, found {len(data) // 4 - _HEADER}")
    return list(struct.unpack_from(f"<{count}i", data, 4 * _HEADER))


class _Table:
    """A table of a flatbuffer."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at
        self.vtable = at - self.number("<i", at)
        self.fields = (self.number("<H", self.vtable) - 4) // 2

    def number(self, form: str, at: int) -> int:
        try:
            if at < 0:
                raise struct.error
            return int(struct.unpack_from(form, self.data, at)[0])
        except struct.error:
            raise Error("model: expected a model of TensorFlow Lite, found one that ends before its contents") from None

    def place(self, field: int) -> int | None:
        """Where a field is; None if it is left out."""
        offset = self.number("<H", self.vtable + 4 + 2 * field) if field < self.fields else 0
        return self.at + offset if offset else None

    def scalar(self, field: int, form: str) -> int:
        at = self.place(field)
        return 0 if at is None else self.number(form, at)

    def target(self, field: int) -> int | None:
        """Where the vector, string or table of a field is."""
        at = self.place(field)
        return None if at is None else at + self.number("<I", at)

    def integers(self, field: int) -> list[int]:
        at = self.target(field)
        return [] if at is None else [self.number("<i", at + 4 + 4 * i) for i in self._indices(at)]

    def tables(self, field: int) -> list[_Table]:
        at = self.target(field)
        if at is None:
            return []
        places = (at + 4 + 4 * i for i in self._indices(at))
        return [_Table(self.data, place + self.number("<I", place)) for place in places]

    def bytes(self, field: int) -> bytes:
        at = self.target(field)
        if at is None:
            return b""
        count = len(self._indices(at, 1))
        return self.data[at + 4 : at + 4 + count]

    def _indices(self, at: int, size: int = 4) -> range:
        count = self.number("<I", at)
        if count * size > len(self.data) - at - 4:
            self.number("<I", len(self.data))
        return range(count)


def _model(data: bytes) -> _Table:
    if data[4:8] != b"TFL3":
        raise Error("model: expected a model of TensorFlow Lite, whose bytes 4 to 7 are TFL3")
    return _Table(data, struct.unpack_from("<I", data)[0])


@dataclass
class _Tensor:
    size: int | None  # Bytes; None where TFLM has to place it, if it does.
    first: int | None = None  # Operator that makes it, from 1; 0 is before the first one.
    last: int = 0

    def use(self, time: int) -> None:
        self.first = time if self.first is None else min(self.first, time)
        self.last = max(self.last, time)


def _tensors(subgraph: _Table, buffers: list[_Table]) -> Iterator[_Tensor]:
    """Size and life of each tensor of a subgraph."""
    tensors = []
    for table in subgraph.tables(_SUBGRAPH_TENSORS):
        element = _BYTES.get(table.scalar(_TENSOR_TYPE, "<b"))
        shape = table.integers(_TENSOR_SHAPE)
        index = table.scalar(_TENSOR_BUFFER, "<I")
        if index >= len(buffers):
            raise Error(f"model: expected the buffer of a tensor among {len(buffers)}, found {index}")
        is_constant = bool(buffers[index].bytes(0))
        known = element is not None and min(shape, default=0) >= 0
        skipped = is_constant or bool(table.scalar(_TENSOR_IS_VARIABLE, "<B"))
        tensors.append(_Tensor(math.ceil(element * math.prod(shape)) if element and known and not skipped else None))
    operators = subgraph.tables(_SUBGRAPH_OPERATORS)

    def use(indices: list[int], time: int) -> None:
        for index in indices:
            if index >= len(tensors):
                raise Error(f"model: expected a tensor below {len(tensors)}, found {index}")
            if index >= 0:  # -1 is an operand that is left out.
                tensors[index].use(time)

    use(subgraph.integers(_SUBGRAPH_INPUTS), 0)
    for time, table in enumerate(operators, 1):
        for field in (_OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_INTERMEDIATES):
            use(table.integers(field), time)
    use(subgraph.integers(_SUBGRAPH_OUTPUTS), len(operators) + 1)
    yield from tensors


def embed(model: bytes, offsets: Iterable[int]) -> bytes:
    """The model with an offline plan, in place of one that it has.

    What was in the model stays as it was, byte for byte, behind a new root: offsets in a flatbuffer point forward.

    Args:
        model: a model of TensorFlow Lite.
        offsets: as those of `offline_plan`, one per tensor of all subgraphs.

    Raises:
        mempl.Error: the model or an offset is wrong, or the model keeps buffers behind its flatbuffer.
    """
    root = _model(model)
    subgraphs = root.tables(_MODEL_SUBGRAPHS)
    numbers = list(offsets)
    count = sum(len(subgraph.tables(_SUBGRAPH_TENSORS)) for subgraph in subgraphs)
    if len(numbers) != count:
        raise Error(f"offsets: expected {count}, one per tensor of the model, found {len(numbers)}")
    data = offline_plan(numbers, len(subgraphs))
    buffers = root.tables(_MODEL_BUFFERS)
    if any(buffer.scalar(1, "<Q") > 1 for buffer in buffers):
        raise Error("model: expected buffers within the flatbuffer, found some behind it")
    kept = [table for table in root.tables(_MODEL_METADATA) if table.bytes(_METADATA_NAME) != _METADATA]
    fields = max(root.fields, _MODEL_FIELDS - 1)
    # Vtable and root; then the vectors of buffers and of metadata; then the new buffer and the new metadata.
    table = 8 + -(-(4 + 2 * fields) // 4) * 4
    vectors = (table + 4 + 4 * fields, table + 4 + 4 * fields + 4 * (len(buffers) + 2))
    after = vectors[1] + 4 * (len(kept) + 2)
    # A vtable has 4 bytes and 2 per field, a table a signed offset to it.
    buffer, metadata = after + 8, after + 8 + 8 + 8
    name = metadata + 12
    plan_at = -(-(name + 4 + len(_METADATA) + 1 + 4) // ALIGNMENT) * ALIGNMENT - 4
    length = -(-(plan_at + 4 + len(data)) // ALIGNMENT) * ALIGNMENT
    front = bytearray(length)

    def put(form: str, at: int, *values: int) -> None:
        struct.pack_into(form, front, at, *values)

    put("<I4s", 0, table, b"TFL3")
    put("<HH", 8, 4 + 2 * fields, 4 + 4 * fields)
    put("<i", table, table - 8)
    for field in range(fields):
        at = table + 4 + 4 * field
        place = root.target(field) if field else root.place(field)
        if field == _MODEL_BUFFERS:
            put("<I", at, vectors[0] - at)
        elif field == _MODEL_METADATA:
            put("<I", at, vectors[1] - at)
        elif place is None:
            continue
        else:
            put("<I", at, root.number("<I", place) if field == 0 else length + place - at)
        put("<H", 8 + 4 + 2 * field, 4 + 4 * field)
    for start, tables, last in ((vectors[0], buffers, buffer), (vectors[1], kept, metadata)):
        put("<I", start, len(tables) + 1)
        places = [length + one.at for one in tables] + [last]
        for index, place in enumerate(places):
            put("<I", start + 4 + 4 * index, place - (start + 4 + 4 * index))
    put("<HHH", after, 6, 8, 4)
    put("<iI", buffer, buffer - after, plan_at - (buffer + 4))
    put("<HHHH", buffer + 8, 8, 12, 4, 8)
    put("<iII", metadata, metadata - (buffer + 8), name - (metadata + 4), len(buffers))
    put(f"<I{len(_METADATA)}s", name, len(_METADATA), _METADATA)
    put("<I", plan_at, len(data))
    front[plan_at + 4 : plan_at + 4 + len(data)] = data
    return bytes(front) + model


@dataclass(frozen=True)
class OfflinePlan:
    """Where the tensors of a model are.

    Attributes:
        model: the model with the plan.
        offsets: of all tensors, in the order of subgraphs; -1 for those that have no place in the arena, such as
            weights, or that TFLM places.
        height: bytes of the arena that the tensors take; scratch memory of kernels comes on top where it does not fit.
        bound: no packing is lower.
        optimal: that the height is proven to be the smallest.
    """

    model: bytes
    offsets: list[int]
    height: int
    bound: int
    optimal: bool


def plan(model: bytes, *, node_limit: int = BUDGET) -> OfflinePlan:
    """Packs the tensors of a model for TFLM.

    Only the first subgraph is planned. The tensors of others, which control flow runs, are left to TFLM, which knows
    when they live.

    Args:
        model: a model of TensorFlow Lite.
        node_limit: nodes of the search; 0 is no limit.

    Raises:
        mempl.Error: it is no model, or one without subgraphs.
    """
    root = _model(model)
    subgraphs = root.tables(_MODEL_SUBGRAPHS)
    if not subgraphs:
        raise Error("model: expected a subgraph, found none")
    tensors = list(_tensors(subgraphs[0], root.tables(_MODEL_BUFFERS)))
    planned = [i for i, tensor in enumerate(tensors) if tensor.size and tensor.first is not None]
    packing = pack(
        [-(-(tensors[i].size or 0) // ALIGNMENT) * ALIGNMENT for i in planned],
        [tensors[i].first or 0 for i in planned],
        [tensors[i].last + 1 for i in planned],
        alignment=ALIGNMENT,
        node_limit=node_limit,
    )
    offsets = [-1] * sum(len(subgraph.tables(_SUBGRAPH_TENSORS)) for subgraph in subgraphs)
    for index, offset in zip(planned, packing.offsets.tolist()):
        offsets[index] = offset
    return OfflinePlan(embed(model, offsets), offsets, packing.height, packing.bound, packing.optimal)
