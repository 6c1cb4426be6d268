"""Offline plans for TensorFlow Lite Micro: documented bytes, models with plans, and TFLM itself where it is installed."""

from __future__ import annotations

import random
import struct

import pytest

import mempl
from mempl import tflm

FLOAT, INT8 = 0, 9


class Table(dict):
    """Fields of a table of a flatbuffer: (format, number), bytes, text, or a list of integers or of tables."""


def write(root: Table) -> bytes:
    """A flatbuffer with the identifier of TensorFlow Lite."""
    out = bytearray(b"\0\0\0\0TFL3")
    todo = [(0, root)]

    def align(size, head=0):
        while (len(out) + head) % size:
            out.append(0)

    for at, what in todo:  # Grows while it is walked.
        if isinstance(what, Table):
            count = max(what, default=-1) + 1
            align(4)
            vtable = len(out)
            places = [4 + 4 * i if i in what else 0 for i in range(count)]
            out.extend(struct.pack(f"<HH{count}H", 4 + 2 * count, 4 + 4 * count, *places))
            align(4)
            start = len(out)
            out.extend(struct.pack("<i", start - vtable) + bytes(4 * count))
            for field, value in what.items():
                if isinstance(value, tuple):
                    struct.pack_into(value[0], out, start + 4 + 4 * field, value[1])
                else:
                    todo.append((start + 4 + 4 * field, value))
        elif isinstance(what, (bytes, str)):
            align(16, 4)
            start = len(out)
            text = what.encode() if isinstance(what, str) else what
            out.extend(struct.pack("<I", len(text)) + text + b"\0")
        else:
            align(4)
            start = len(out)
            out.extend(struct.pack("<I", len(what)) + bytes(4 * len(what)))
            for i, element in enumerate(what):
                if isinstance(element, Table):
                    todo.append((start + 4 + 4 * i, element))
                else:
                    struct.pack_into("<i", out, start + 4 + 4 * i, element)
        struct.pack_into("<I", out, at, start - at)
    align(16)
    return bytes(out)


def model(sizes, operators, inputs, outputs, *, metadata=None, constants=(), variables=(), code=0, kind=INT8):
    """A model of one subgraph: tensors of INT8, and operators as (inputs, outputs)."""
    buffers = [Table()] + [Table({0: b"\1" * sizes[i]}) for i in constants]
    tensors = [
        Table({
            0: [1, size], 1: ("<b", kind), 2: ("<I", 1 + list(constants).index(i) if i in constants else 0),
            3: f"t{i}", 5: ("<B", i in variables),
        })
        for i, size in enumerate(sizes)
    ]
    steps = [Table({0: ("<I", 0), 1: list(used), 2: list(made)}) for used, made in operators]
    root = Table({
        0: ("<I", 3), 1: [Table({0: ("<b", min(code, 127)), 2: ("<i", 1), 3: ("<i", code)})],
        2: [Table({0: tensors, 1: list(inputs), 2: list(outputs), 3: steps, 4: "main"})], 3: "a model", 4: buffers,
    })
    if metadata is not None:
        root[6] = metadata
    return write(root)


def test_the_bytes_are_those_that_tflm_documents():
    data = tflm.offline_plan([0, -1, 64], subgraphs=2)
    assert data == bytes.fromhex("01000000 02000000 03000000 00000000 ffffffff 40000000")
    assert tflm.read_offline_plan(data) == [0, -1, 64]
    assert tflm.read_offline_plan(data + bytes(20)) == [0, -1, 64]  # Some pad.
    assert tflm.read_offline_plan(tflm.offline_plan([])) == []


@pytest.mark.parametrize("offset", [-2, 8, 2**31])
def test_offsets_that_tflm_would_not_take(offset):
    with pytest.raises(mempl.Error, match=f"found {offset}"):
        tflm.offline_plan([offset])


@pytest.mark.parametrize("data", [b"", bytes(11), bytes.fromhex("01000000 01000000 02000000 00000000"), b"\xff" * 12])
def test_what_is_no_plan(data):
    with pytest.raises(mempl.Error, match="offline plan: expected"):
        tflm.read_offline_plan(data)


# in -> a -> b -> out, where only neighbours live together.
CHAIN = ([100, 300, 300, 100], [([0], [1]), ([1], [2]), ([2], [3])], [0], [3])


def test_tensors_of_a_model_share_bytes():
    plan = tflm.plan(model(*CHAIN))
    a, b = plan.offsets[1:3]
    assert (plan.height, plan.bound, plan.optimal) == (608, 608, True)
    assert abs(a - b) >= 304 and all(offset % 16 == 0 for offset in plan.offsets)


def test_weights_and_variables_have_no_place():
    sizes, operators, inputs, outputs = CHAIN
    operators = [([0, 4, -1], [1]), ([1, 5], [2]), ([2], [3])]
    plan = tflm.plan(model([*sizes, 50, 60, 70], operators, inputs, outputs, constants=[4], variables=[5]))
    assert plan.offsets[4:] == [-1, -1, -1]
    assert all(offset >= 0 for offset in plan.offsets[:4])


def test_the_model_stays_as_it_was_behind_its_new_root():
    kept = Table({0: "min_runtime_version", 1: ("<I", 0)})
    before = model(*CHAIN, metadata=[kept])
    plan = tflm.plan(before)
    assert plan.model.endswith(before) and (len(plan.model) - len(before)) % 16 == 0
    names = [b"min_runtime_version"]
    for data, more in ((before, []), (plan.model, [b"OfflineMemoryAllocation"])):
        names = names + more
        root = tflm._model(data)
        assert root.scalar(0, "<I") == 3 and root.bytes(3) == b"a model"
        assert [t.bytes(0) for t in root.tables(6)] == names
        assert [t.bytes(3) for t in root.tables(2)[0].tables(0)] == [b"t0", b"t1", b"t2", b"t3"]
    buffer = root.tables(4)[root.tables(6)[1].scalar(1, "<I")]
    assert tflm.read_offline_plan(buffer.bytes(0)) == plan.offsets
    assert (buffer.target(0) + 4) % 16 == 0
    # A plan takes the place of one that is there.
    again = tflm.plan(plan.model)
    assert again.offsets == plan.offsets
    assert [t.bytes(0) for t in tflm._model(again.model).tables(6)] == names


def greedy(buffers) -> int:
    """Bytes that TFLM's own planner needs: the largest first, each in the first gap that is large enough."""
    placed = []
    for size, first, last in sorted(buffers, key=lambda b: -b[0]):
        at = 0
        for offset, length, start, end in sorted(placed):
            if first <= end and start <= last:
                if offset - at >= size:
                    break
                at = max(at, offset + length)
        placed.append((at, size, first, last))
    return max(offset + length for offset, length, _, _ in placed)


@pytest.mark.parametrize("seed", range(30))
def test_no_arena_is_larger_than_theirs(seed):
    draw = random.Random(seed)
    sizes, operators, last = [draw.randrange(1, 4000)], [], {0: 0}
    for time in range(1, draw.choice([5, 15, 40])):
        used = sorted({draw.randrange(len(sizes)) for _ in range(draw.choice([1, 1, 2, 3]))})
        operators.append((used, [len(sizes)]))
        last.update({tensor: time for tensor in [*used, len(sizes)]})
        sizes.append(draw.randrange(1, 4000))
    outputs = [len(sizes) - 1]
    last[outputs[0]] = len(operators) + 1
    plan = tflm.plan(model(sizes, operators, [0], outputs), node_limit=20_000)
    rows = [(-(-size // 16) * 16, i, last[i]) for i, size in enumerate(sizes)]
    for i, (size, first, end) in enumerate(rows):
        for j, (other, start, stop) in enumerate(rows[:i]):
            if first <= stop and start <= end:
                assert plan.offsets[i] + size <= plan.offsets[j] or plan.offsets[j] + other <= plan.offsets[i]
    assert plan.bound <= plan.height <= greedy(rows)


@pytest.mark.parametrize("end", [0, 8, 40, 100, 300])
def test_files_that_are_cut_short(end):
    with pytest.raises(mempl.Error, match="model: expected"):
        tflm.plan(model(*CHAIN)[:end])


def test_models_with_wrong_contents():
    with pytest.raises(mempl.Error, match="expected 4, one per tensor of the model, found 1"):
        tflm.embed(model(*CHAIN), [0])
    with pytest.raises(mempl.Error, match="expected a tensor below 4, found 9"):
        tflm.plan(model(CHAIN[0], [([9], [1])], [0], [3]))
    good, draw = model(*CHAIN), random.Random(0)
    for _ in range(2000):  # Never anything but a plan or an error.
        broken = bytearray(good)
        for _ in range(draw.choice([1, 2, 8])):
            broken[draw.randrange(8, len(broken))] = draw.randrange(256)
        try:
            tflm.plan(bytes(broken), node_limit=1000)
        except mempl.Error:
            pass


def chains(seed):
    """A model of several chains of RELUs (operator 19) on floats, whose steps take turns."""
    draw = random.Random(seed)
    sizes = [draw.randrange(20, 900) for _ in range(6)]
    ends, operators = list(range(6)), []
    for _ in range(30):
        chain = draw.randrange(6)
        operators.append(([ends[chain]], [len(sizes)]))
        sizes.append(sizes[chain])
        ends[chain] = len(sizes) - 1
    return sizes[:6], model(sizes, operators, range(6), ends, code=19, kind=FLOAT)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_tflm(seed, capfd):
    runtime = pytest.importorskip("tflite_micro").runtime
    numpy = pytest.importorskip("numpy")
    sizes, data = chains(seed)
    given = [numpy.random.default_rng(seed).normal(size=(1, size)).astype(numpy.float32) for size in sizes]

    def run(one):
        """What a model returns, and the bytes that TFLM has for its tensors."""
        interpreter = runtime.Interpreter.from_bytes(one)
        capfd.readouterr()
        interpreter.print_allocations()
        head = int("".join(capfd.readouterr()).split("Arena allocation head ")[1].split()[0])
        for index, tensor in enumerate(given):
            interpreter.set_input(tensor, index)
        interpreter.invoke()
        return [interpreter.get_output(i) for i in range(len(given))], head

    plan = tflm.plan(data)
    (theirs, before), (ours, after) = run(data), run(plan.model)
    assert all(numpy.array_equal(a, b) for a, b in zip(theirs, ours))
    assert after == plan.height <= before
    with capfd.disabled():
        print(f" TFLM {before}, mempl {after} bytes ", end="")
    # It reads the plan: one for fewer tensors is refused.
    shorter = tflm.offline_plan(plan.offsets[:3]) + bytes(4 * len(plan.offsets) - 12)
    wrong = plan.model.replace(tflm.offline_plan(plan.offsets), shorter)
    with pytest.raises(Exception):
        run(wrong)
