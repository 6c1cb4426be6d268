"""Functions in parts of their batch: cutting them on the CPU, the search with a fake compiler, and the real one."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import time

import pytest
from conftest import ROOT

import mempl
import mempl.xla
from mempl.xla import _place
from mempl.xla._compiler import OutOfTime, Refused
from mempl.xla._parts import PartsSearch, numbers_of_parts
from mempl.xla._predict import parameters, predicted_seconds
from mempl.xla._split import Split

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")
jnp = jax.numpy

needs_xla = pytest.mark.skipif(mempl.xla.missing() is not None, reason=str(mempl.xla.missing()))
forms = pytest.mark.parametrize("is_loop", [False, True])


# --- Cutting, on the CPU.


def network(weights, x, mask):
    """Batches of 8, in front of `x` and behind in `mask`; two outputs with it in front, one with it behind."""
    y = jnp.tanh(x["a"] @ weights["w"]) + mask.T
    return {"y": y, "both": (x["b"].sum((1, 2)), y.T + weights["scale"])}


WEIGHTS = {"w": jnp.arange(16.0).reshape(4, 4) / 10, "scale": jnp.float32(3)}
INPUTS = {"a": jnp.arange(32.0).reshape(8, 4), "b": jnp.arange(48, dtype=jnp.int32).reshape(8, 3, 2)}
MASK = jnp.arange(32.0).reshape(4, 8) / 7
OUT_AXES = {"y": 0, "both": (0, 1)}


def shapes(tree):
    return jax.tree.map(lambda x: (x.shape, x.dtype), tree)


@forms
@pytest.mark.parametrize("parts", [1, 2, 8])
@pytest.mark.parametrize("in_axes", [(None, 0, 1), [None, {"a": 0, "b": -3}, -1]])
def test_parts_make_what_the_whole_makes(in_axes, parts, is_loop):
    split = Split(network, in_axes, OUT_AXES, parts, is_loop=is_loop)
    assert shapes(jax.jit(split)(WEIGHTS, INPUTS, MASK)) == shapes(network(WEIGHTS, INPUTS, MASK))
    assert split.check(WEIGHTS, INPUTS, MASK) < 1e-6


@forms
def test_every_part_is_computed_by_itself(is_loop):
    sizes = []

    def double(x):
        sizes.append(x.shape)
        return 2 * x

    text = jax.jit(Split(double, parts=4, is_loop=is_loop)).lower(jnp.ones((8, 3))).as_text()
    assert set(sizes) == {(8, 3), (2, 3)}
    assert text.count("optimization_barrier") == (0 if is_loop else 3)
    assert ("while" in text) == is_loop
    # Programs are named after the function.
    assert "module @jit_double" in text


def loss(w, x, scale):
    return jnp.mean((x @ w * scale) ** 2), x @ w


@forms
def test_a_mean_over_the_batch_is_accumulated(is_loop):
    step = jax.value_and_grad(loss, has_aux=True)
    w, x = WEIGHTS["w"].astype(jnp.bfloat16), INPUTS["a"].astype(jnp.bfloat16)
    split = Split(step, (None, 0, None), ((None, 0), None), 4, "mean", is_loop)
    assert split.check(w, x, 2.0) < 0.02
    # The sum is in f32: one in bf16 would stop growing.
    count = Split(lambda x: jnp.sum(x), 0, None, 512, "sum", is_loop)
    assert float(jax.jit(count)(jnp.ones(512, jnp.bfloat16))) == 512


@forms
def test_integers_are_summed(is_loop):
    split = Split(lambda x: x.sum(), 0, None, 4, "sum", is_loop)
    assert int(split(INPUTS["b"])) == int(INPUTS["b"].sum())


@pytest.mark.parametrize(
    "options, message",
    [
        (((None, 0, 1), 0, 3), "parts: expected a divisor of the batch, 8, found 3"),
        (((None, 0, 0), 0), r"in_axes: expected one size of batch, found 8 at argument \[1\]\['a'\] and 4 at \[2\]"),
        ((None, 0), "in_axes: expected an axis for at least one argument, found only None"),
        (((None, 0), 0), "in_axes: expected one for each of 3 arguments, found 2"),
        (((None, {"c": 0}, 1), 0), "in_axes: expected ints, Nones, or a pytree of them that fits the arguments: "),
        (((None, "0", 1), 0), r"in_axes: expected an int or None for argument \[1\]\['a'\], found '0'"),
        (((None, 2, 1), 0), r"in_axes: expected an axis of argument \[1\]\['a'\], float32\[8,4\], found 2"),
        (((None, 0, 1), 1), r"out_axes: expected an axis of output \['both'\]\[0\], int32\[8\], found 1"),
        (((None, 0, 1), {"y": 0}), "out_axes: expected ints, Nones, or a pytree of them that fits the outputs: "),
        (((None, 0, 1), 0), r"out_axes: expected parts that make up \['both'\]\[1\], float32\[4,8\], along axis 0"),
        (((None, 0, 1), None), r"out_axes: expected reduce='mean' or 'sum' with output \['both'\]\[0\]"),
        (((None, 0, 1), OUT_AXES, 2, "mean"), "reduce: expected a None in out_axes, for an output to take the mean of"),
        (((None, 0, 1), None, 2, "mean"), r"reduce: expected floats to take the mean of, found int32\[8\] at output"),
        (((None, 0, 1), None, 2, "max"), "reduce: expected 'mean', 'sum' or None, found 'max'"),
    ],
)
def test_what_cannot_be_cut_is_one_line(options, message):
    split = Split(network, *options, *(() if len(options) > 2 else (2,)))
    with pytest.raises(mempl.Error, match=f"^{message}[^\n]*$"):
        split(WEIGHTS, INPUTS, MASK)


@pytest.fixture(scope="module")
def networks():
    sys.path.insert(0, str(ROOT / "benchmarks" / "corpus"))
    return importlib.import_module("networks")


def numbers(arguments):
    """Small random numbers for shapes; integers from 0 to 2."""

    def some(number, like):
        key = jax.random.key(number)
        if jnp.issubdtype(like.dtype, jnp.integer):
            return jax.random.randint(key, like.shape, 0, 3, like.dtype)
        return (0.1 * jax.random.normal(key, like.shape)).astype(like.dtype)

    leaves, tree = jax.tree.flatten(arguments)
    return jax.tree.unflatten(tree, [some(number, like) for number, like in enumerate(leaves)])


MEAN = {"in_axes": (None, 0), "out_axes": None, "reduce": "mean"}


@forms
@pytest.mark.parametrize(
    "make, axes",
    [
        (lambda n: n.encoder(4, 16, layers=1, d=128, attend=n.attend_f32), {"in_axes": (None, 0)}),
        (lambda n: n.encoder(4, 16, layers=1, d=128, train=True), MEAN),
        (lambda n: n.speech_encoder(4, frames=16, layers=1, d=128), {"in_axes": (None, 0)}),
        (lambda n: n.gpt2_decode(4, tokens=8, layers=1, d=64), {"in_axes": (None, 0, 0, 0, None)}),
        (lambda n: n.lstm(4, steps=3, layers=1, d=32), {"in_axes": (None, 1), "out_axes": 1}),
    ],
)
def test_networks_are_the_same_in_parts(networks, make, axes, is_loop):
    function, arguments = make(networks)
    split = Split(function, parts=2, is_loop=is_loop, **axes)
    values = numbers(arguments)
    assert shapes(jax.eval_shape(split, *values)) == shapes(jax.eval_shape(function, *values))
    assert split.check(*values) < 0.054


def test_functions_that_mix_their_batch_are_found_out():
    with pytest.raises(
        mempl.Error, match="^parts: expected results of 4 parts within 7e-05 of those of the whole, found"
    ):
        Split(lambda x: x - x.mean(0), parts=4).check(INPUTS["a"])
    with pytest.raises(mempl.Error, match="expected results of 2 parts within 0 of those of the whole"):
        Split(lambda x: x.cumsum(), parts=2).check(jnp.arange(8))


# --- The search, with a compiler that has a table.


class Made:
    """In place of a compiler."""

    parameters = (0,)


def search(table, predicted, size=16, wanted=None):
    """What a search compiles, of estimates by (parts, is_loop)."""
    asked = []

    def compile(function, parts):
        form = (parts, getattr(function, "is_loop", False))
        asked.append(form)
        found = table[form]
        if isinstance(found, Exception):
            raise found
        return Made(), "text", found

    found = PartsSearch(lambda x: x + 1, (jnp.ones(size),), 0, 0, None, compile, lambda *_: predicted)
    found.run(wanted)
    return found, asked


def test_what_is_expected_to_gain_most_is_compiled_first_and_then_written_out():
    table = {(1, False): 100, (4, True): 60, (4, False): 55}
    found, asked = search(table, {1: 10, 2: 8, 4: 6, 8: 11, 16: 12})
    assert asked == [(1, False), (4, True), (4, False)]
    assert (found.best.parts, found.best.is_loop, found.best.cycles) == (4, False, 55)
    reasons = {a.parts: a.reason for a in found.attempts if a.cycles is None}
    assert reasons == dict.fromkeys((2, 8, 16), "predicted to be slower")


def test_others_are_compiled_where_the_first_one_is_slower_than_expected():
    table = {(1, False): 100, (4, True): 101, (8, True): 74, (8, False): 75}
    found, asked = search(table, {1: 10, 2: 7.5, 4: 6, 8: 7, 16: 7.4})
    # 2 parts are expected to take 75, 16 parts 74.
    assert asked == [(1, False), (4, True), (8, True)]
    assert (found.best.parts, found.best.is_loop) == (8, True)


def test_the_whole_stays_where_nothing_gains():
    found, asked = search({(1, False): 100}, {1: 10, 2: 10, 4: 10, 8: 10, 16: 11})
    assert asked == [(1, False)] and found.best is found.whole
    found, asked = search({(1, False): 100, (2, True): 101}, {1: 10, 2: 9.9, 4: 10, 8: 10, 16: 11})
    assert asked == [(1, False), (2, True)] and found.best is found.whole


def test_numbers_that_are_asked_for_are_compiled_and_many_not_written_out():
    found, asked = search({(1, False): 100, (2, True): 101, (8, True): 90}, {1: 10, 2: 20, 8: 20}, wanted=[8, 2, 1])
    assert asked == [(1, False), (2, True), (8, True)] and found.best.parts == 8


def test_what_is_refused_or_late_is_told():
    table = {(1, False): 100, (4, True): Refused("no memory"), (2, True): 90, (2, False): OutOfTime()}
    found, _ = search(table, {1: 10, 2: 6, 4: 5, 8: 11, 16: 11})
    assert {(a.parts, a.is_loop): a.reason for a in found.attempts if a.reason and a.parts < 8} == {
        (4, True): "no memory",
        (2, False): "the time was over",
    }
    with pytest.raises(Refused):
        search({(1, False): Refused("no memory")}, {})


def test_unpredicted_numbers_are_compiled():
    found, asked = search({(1, False): 100, **{(n, True): 100 + n for n in (2, 4)}}, {}, size=4)
    assert [form for form, _ in asked] == [1, 2, 4] and found.best is found.whole


def test_numbers_of_parts_are_divisors():
    assert numbers_of_parts(32, None) == [2, 4, 8, 16]
    assert numbers_of_parts(6, None) == [2, 3, 6]
    assert numbers_of_parts(1, None) == []
    assert numbers_of_parts(2048, [64, 1, 2]) == [2, 64]
    with pytest.raises(mempl.Error, match="parts: expected divisors of the batch, 32, found 3"):
        numbers_of_parts(32, [2, 3])


# --- Predictions.

# 256 MB that every step reads and writes, more than there is fast memory; 16 MB of weights.
CHAIN = """HloModule jit_f, is_scheduled=true, entry_computation_layout={(f32[4194304]{0}, f32[67108864]{0})->f32[67108864]{0}}

ENTRY %main (w: f32[4194304], x: f32[67108864]) -> f32[67108864] {
  %w = f32[4194304]{0} parameter(0)
  %x = f32[67108864]{0} parameter(1)
  %a = f32[67108864]{0} custom-call(%x, %w), custom_call_target="f", backend_config={"estimated_cycles":"1200000"}
  %b = f32[67108864]{0} custom-call(%a, %w), custom_call_target="f", backend_config={"estimated_cycles":"1200000"}
  ROOT %c = f32[67108864]{0} custom-call(%b, %w), custom_call_target="f", backend_config={"estimated_cycles":"1200000"}
}
"""


def test_parts_that_fit_are_predicted_to_be_faster():
    assert parameters(CHAIN) == {0: "w", 1: "x"}
    found = predicted_seconds(CHAIN, "v5e", [1], [1, 2, 8])
    assert list(found) == [1, 2, 8]
    # Two of three arrays go to slow memory and back where they do not fit.
    assert found[8] < 0.6 * found[1]
    # What has no batch is not cut: eight parts read it eight times.
    assert predicted_seconds(CHAIN, "v5e", [], [1, 8])[8] > 7 * found[1]


def test_gradients_are_not_cut():
    step = CHAIN.replace("%c = f32[67108864]", "%c = f32[4194304]").replace("->f32[67108864]", "->f32[4194304]")
    cut, whole = (predicted_seconds(step, "v5e", [1], [1, 8], is_reduced) for is_reduced in (False, True))
    assert cut[1] == whole[1] and cut[8] < whole[8]


LOOP = """HloModule jit_f, is_scheduled=true

%body (t: (s32[], f32[33554432])) -> (s32[], f32[33554432]) {
  %t = (s32[], f32[33554432]{0}) parameter(0)
  %i = s32[] get-tuple-element(%t), index=0
  %y = f32[33554432]{0} get-tuple-element(%t), index=1
  %one = s32[] constant(1)
  %next = s32[] add(%i, %one)
  %u = f32[33554432]{0} custom-call(%y), custom_call_target="f", backend_config={"estimated_cycles":"600000"}
  %v = f32[33554432]{0} custom-call(%u), custom_call_target="f", backend_config={"estimated_cycles":"600000"}
  ROOT %r = (s32[], f32[33554432]{0}) tuple(%next, %v)
}

%cond (t: (s32[], f32[33554432])) -> pred[] {
  %t = (s32[], f32[33554432]{0}) parameter(0)
  %i = s32[] get-tuple-element(%t), index=0
  %n = s32[] constant(12)
  ROOT %p = pred[] compare(%i, %n), direction=LT
}

ENTRY %main (x: f32[33554432]) -> f32[33554432] {
  %x = f32[33554432]{0} parameter(0)
  %zero = s32[] constant(0)
  %x.copy = f32[33554432]{0} copy(%x)
  %s = (s32[], f32[33554432]{0}) tuple(%zero, %x.copy)
  %l = (s32[], f32[33554432]{0}) while(%s), condition=%cond, body=%body
  ROOT %o = f32[33554432]{0} get-tuple-element(%l), index=1
}
"""


def test_bodies_of_loops_are_cut_too():
    found = predicted_seconds(LOOP, "v5e", [0], [1, 4])
    assert found[4] < 0.8 * found[1]


# --- place(), with a compiler that knows how long each form takes.


@pytest.fixture
def fake(monkeypatch):
    """place() with a compiler whose estimates are by the form of the function."""

    class Fake:
        made: list[Fake] = []
        cycles = {(1, False): 3600000, (4, True): 2000000, (4, False): 1800000}

        def __init__(self, function, *arguments, target):
            self.form = (getattr(function, "parts", 1), getattr(function, "is_loop", False))
            self.identity, self.parameters, self.asked = str(self.form), [0, 1], 0
            Fake.made.append(self)

        def compile(self, options):
            self.asked += 1
            if self.form not in self.cycles:
                raise Refused("too large")
            return CHAIN.replace("1200000", str(self.cycles[self.form] // 3))

        def close(self):
            pass

    monkeypatch.setattr(_place, "Compiler", Fake)
    return Fake


def chained(w, x):
    return x + w.sum()


SHAPES = (jax.ShapeDtypeStruct((4194304,), jnp.float32), jax.ShapeDtypeStruct((8, 8388608), jnp.float32))


def place(time_limit_ms=None, **options):
    return mempl.xla.place(chained, *SHAPES, in_axes=(None, 0), time_limit_ms=time_limit_ms, budget=100, **options)


def test_the_fastest_form_is_placed(fake, tmp_path):
    seen = []
    result = place(log=tmp_path / "log.jsonl", progress=seen.append)
    assert (result.parts, result.is_loop) == (4, False)
    assert isinstance(result.function, Split) and result.function.function is chained
    assert (result.cycles_before, result.cycles_cut) == (3600000, 1800000)
    assert result.cycles_after <= result.cycles_cut
    assert {a.parts for a in result.attempts} == {1, 2, 4, 8}
    assert result.compilations == sum(compiler.asked for compiler in fake.made)
    assert [p.parts for p in seen if p.doing == "cutting"][:1] == [1] and seen[-1].doing != "cutting"
    text = str(result)
    assert "2.400 ms before, 1.200 ms after, 2.000 times as fast" in text
    assert "in 4 parts: 1.200 ms without constraints; tried:" in text
    assert "  4 parts, a loop: 1.333 ms (predicted" in text
    # Functions are not pickled.
    again = pickle.loads(pickle.dumps(result))
    assert again == result and again.function is None
    with pytest.raises(mempl.Error, match="expected a result of mempl.xla.place"):
        again.check()
    # A second run compiles the whole, for the prediction, and what it places.
    fake.made.clear()
    again = place(log=tmp_path / "log.jsonl")
    assert (again.parts, again.cycles_after) == (result.parts, result.cycles_after)
    assert {c.form for c in fake.made if c.asked} == {(1, False), (4, False)}


def test_parts_alone_need_no_more_compilations(fake):
    result = place(constraints=False)
    assert (result.parts, result.cycles_after, result.compiler_options) == (4, 1800000, {})
    assert result.compilations == sum(compiler.asked for compiler in fake.made)


def test_predictions_know_that_outputs_are_reduced(fake, monkeypatch):
    asked = []
    monkeypatch.setattr(_place, "predicted_seconds", lambda *arguments: asked.append(arguments[2:]) or {})
    mempl.xla.place(
        lambda w, x: w + x.sum(), *SHAPES, in_axes=(None, 0), out_axes=None, reduce="sum", parts=[4], constraints=False
    )
    place(parts=[4], constraints=False)
    assert asked == [([1], [1, 4], True), ([1], [1, 4], False)]


def test_the_whole_is_placed_where_parts_are_slower(fake):
    fake.cycles = {(1, False): 3600000, **{(n, True): 3600001 for n in (2, 4, 8)}}
    result = place()
    assert (result.parts, result.function, result.check()) == (1, chained, 0.0)
    assert result.cycles_after <= result.cycles_before == result.cycles_cut == 3600000
    assert "whole: 2.400 ms without constraints; tried:" in str(result)


def test_parts_are_not_tried_when_it_is_cancelled_or_the_time_is_over(fake):
    result = place(cancelled=lambda: True)
    assert (result.parts, result.ended, result.compilations) == (1, "cancelled", 1)
    assert "the time was over" in {attempt.reason for attempt in result.attempts}
    assert place(time_limit_ms=600_000).parts == 4
    # One that takes longer than what is left of the share of parts is not begun.
    slow = fake.compile
    fake.compile = lambda self, options: (time.sleep(0.3), slow(self, options))[1]
    result = place(time_limit_ms=700)
    assert (result.parts, result.cycles_after) == (1, result.cycles_before)
    assert "the time was over" in {attempt.reason for attempt in result.attempts}


@pytest.mark.parametrize("promise, share", [(1e-6, 0.5), (1.0, 1.0)])
def test_the_whole_takes_half_the_time_where_it_may_win(fake, monkeypatch, promise, share):
    monkeypatch.setattr(_place._InParts, "_promise", lambda self, whole: promise)
    began = time.monotonic()
    assert place(time_limit_ms=600_000).parts == 4
    # The last deadlines of compilers that were asked to place something.
    ends = {c.form: (c.deadline - began) / 600 for c in fake.made if c.asked and c.deadline is not None}
    assert ends[4, False] == pytest.approx(share, abs=0.1)
    placed = [c.form for c in fake.made if c.asked > 1]
    assert ((1, False) in placed) == (share < 1)


def test_parts_are_not_tried_without_in_axes(fake):
    with pytest.raises(mempl.Error, match="in_axes: expected where the batch is, with parts or reduce"):
        mempl.xla.place(chained, *SHAPES, parts=[2])


def test_functions_that_know_the_size_of_their_batch_are_told(fake):
    with pytest.raises(mempl.Error, match="^in_axes: expected a function of batches of any size; in 2 parts: [^\n]*$"):
        mempl.xla.place(lambda x: x.reshape(8, 2), jnp.ones((8, 2)), in_axes=0)
    with pytest.raises(mempl.Error, match="^in_axes: expected one size of batch, found 4194304 at [^\n]*$"):
        mempl.xla.place(chained, *SHAPES, in_axes=0)
    with pytest.raises(mempl.Error, match="^out_axes: expected an axis of the output, float32.4194304., found 1$"):
        mempl.xla.place(lambda w, x: w, *SHAPES, in_axes=(None, 0), out_axes=1)
    with pytest.raises(mempl.Error, match="in_axes: expected a function, found a Traced"):
        mempl.xla.place(jax.jit(chained).trace(*SHAPES), in_axes=0)


# --- The real compiler.


@needs_xla
def test_attention_that_does_not_fit_is_cut(networks):
    def twice(w, x):
        y = networks.attend_f32(x @ w, x, x, 64)
        return networks.attend_f32(y @ w, y, y, 64)

    arguments = networks.shape(256, 256), networks.shape(16, 1024, 256)
    result = mempl.xla.place(
        twice, *arguments, in_axes=(None, 0), parts=[4], time_limit_ms=None, budget=200, costs=("calibrated",)
    )
    assert result.parts == 4 and result.cycles_after <= result.cycles_cut < result.cycles_before
    # What the user compiles is what was placed.
    with mempl.xla.Compiler(result.function, *arguments) as compiler:
        assert compiler.compile(result.compiler_options) == result.final_text
    values = numbers((networks.shape(256, 256), networks.shape(8, 16, 256)))
    assert result.check(*values) < 0.054
