"""Round trips through XLA: the logic with fake compilers, and the real one where it is installed."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time

import pytest
from conftest import ROOT

import mempl
import mempl.xla
from mempl.xla import _child, _offers
from mempl.xla._estimate import estimated_cycles, stray_outputs

needs_xla = pytest.mark.skipif(mempl.xla.missing() is not None, reason=str(mempl.xla.missing()))


# --- Offers, with a compiler that counts.


class CountingCompiler:
    """Has room for some constraints; each saves cycles, or costs some."""

    def __init__(self, sizes, savings, capacity, names_culprit=True):
        self.sizes, self.savings, self.capacity = sizes, savings, capacity
        self.names_culprit, self.calls = names_culprit, 0

    def compile(self, options):
        self.calls += 1
        used, cycles = 0, 1000
        if "xla_msa_max_cross_program_prefetches" in options:
            cycles += 50
        for name in options.get(_offers.OVERRIDES, "").split():
            used += self.sizes[name]
            if used > self.capacity:
                about = f"failed for instruction '{name}'" if self.names_culprit else "failed"
                message = f"MSA strict override {about}, defining instruction '{name}': Out of memory (x)"
                raise mempl.xla.Refused(message)
            cycles -= self.savings[name]
        return str(cycles)


def offers(names):
    return [_offers.Offer(_offers.OVERRIDES, name, name, name) for name in names]


@pytest.fixture
def make_trip(tmp_path):
    def make(compiler, seconds=None, clock=lambda: 0, **options):
        log = mempl.xla.Log(tmp_path / "log.jsonl")
        trip = _offers.RoundTrip(compiler, int, log, seconds, clock=clock, **options)
        assert trip.begin() == 1000
        return trip

    return make


def values(trip):
    return [offer.value for offer in trip.kept]


def test_switches_that_make_it_worse_are_not_kept(make_trip):
    trip = make_trip(CountingCompiler({}, {}, 0))
    assert (trip.total, trip.options()) == (1000, {})


def test_what_fits_is_kept_in_one_compilation(make_trip):
    compiler = CountingCompiler({"a": 1, "b": 1}, {"a": 10, "b": 20}, 2)
    trip = make_trip(compiler)
    trip.offer(offers("ab"))
    assert (trip.total, compiler.calls) == (970, 3)


def test_the_constraint_that_is_named_is_dropped_and_the_rest_kept(make_trip):
    trip = make_trip(CountingCompiler({"a": 1, "b": 9, "c": 1}, {"a": 10, "b": 20, "c": 5}, 2))
    trip.offer(offers("abc"))
    assert values(trip) == ["a", "c"]
    assert trip.refused == {"b": "Out of memory"}
    assert trip.total == 985


def test_without_a_name_chunks_are_halved(make_trip):
    sizes, savings = dict.fromkeys("abcd", 1), dict.fromkeys("abcd", 10)
    sizes["c"] = 9
    trip = make_trip(CountingCompiler(sizes, savings, 3, names_culprit=False))
    trip.offer(offers("abcd"))
    assert values(trip) == ["a", "b", "d"]
    assert trip.refused == {"c": "Out of memory"}


def test_constraints_that_cost_are_not_kept(make_trip):
    trip = make_trip(CountingCompiler(dict.fromkeys("abc", 0), {"a": 10, "b": -30, "c": 5}, 9))
    trip.offer(offers("abc"))
    assert values(trip) == ["a", "c"]
    assert trip.refused["b"] == "does not lower the estimate"


def test_nothing_is_kept_where_nothing_helps(make_trip):
    trip = make_trip(CountingCompiler(dict.fromkeys("ab", 0), {"a": -1, "b": -1}, 9))
    trip.offer(offers("ab"))
    assert (trip.total, trip.kept) == (1000, [])


def test_it_stops_when_the_time_is_over(make_trip):
    now = [0]

    def clock():
        now[0] += 1
        return now[0]

    compiler = CountingCompiler(dict.fromkeys("abcdefgh", 0), dict.fromkeys("abcdefgh", -1), 9)
    trip = make_trip(compiler, seconds=4, clock=clock)
    trip.offer(offers("abcdefgh"))
    assert compiler.calls < 6
    assert trip.total == 1000


class SlowCompiler(CountingCompiler):
    """Every compilation takes so many seconds of a clock of its own."""

    def __init__(self, seconds, names):
        super().__init__(dict.fromkeys(names, 0), dict.fromkeys(names, 1), 9)
        self.seconds, self.now = iter(seconds), 0.0

    def compile(self, options):
        self.now += next(self.seconds)
        return super().compile(options)


class EndableCompiler(SlowCompiler):
    """One that ends when its time is over."""

    deadline = None

    def compile(self, options):
        before = self.now
        text = super().compile(options)
        if self.deadline is not None and self.now > self.deadline:
            self.now = max(before, self.deadline)
            raise mempl.xla.OutOfTime
        return text


def test_what_would_not_end_in_time_is_not_begun(make_trip):
    compiler = SlowCompiler([12] * 99, "abcdefgh")
    trip = make_trip(compiler, seconds=40, clock=lambda: compiler.now)
    trip.offer_all(offers("abcdefgh"))
    assert (compiler.calls, compiler.now) == (3, 36)
    assert trip.is_over() and values(trip) == list("abcd")


def test_what_the_end_needs_is_set_aside(make_trip):
    compiler = SlowCompiler([12] * 99, "ab")
    trip = make_trip(compiler, seconds=40, clock=lambda: compiler.now)
    trip.reserve = 5
    trip.offer_all(offers("ab"))
    assert trip.is_over() and compiler.now == 24


def test_what_is_under_way_is_ended(make_trip):
    compiler = EndableCompiler([1, 1, 1, 500], "abcdefgh")
    trip = make_trip(compiler, seconds=40, clock=lambda: compiler.now)
    trip.offer_all(offers("abcdefgh"))
    # The one that takes long is neither kept nor refused.
    assert (compiler.now, trip.is_over()) == (40, True)
    assert (values(trip), trip.refused) == (list("abcd"), {})


def test_time_that_is_too_short_for_the_compiler_alone_is_an_error():
    class Endless:
        deadline = None

        def compile(self, options):
            assert self.deadline - time.monotonic() <= 5
            raise mempl.xla.OutOfTime

    with pytest.raises(mempl.Error, match="XLA does not compile the program within time_limit_ms=5000; give it more"):
        mempl.xla.improve(Endless(), "v5e", time_limit_ms=5000)
    with pytest.raises(mempl.Error, match="time_limit_ms: expected more than 0 milliseconds, found 0"):
        mempl.xla.improve(Endless(), "v5e", time_limit_ms=0)


@pytest.mark.parametrize("answers", [0, 1])
def test_the_process_of_the_compiler_is_ended_at_the_deadline(tmp_path, monkeypatch, answers):
    # It says that it is ready, or not even that, and then nothing for an hour.
    child = tmp_path / "child.py"
    child.write_text(f"import time\nprint('{{}}\\n' * {answers}, end='', flush=True)\ntime.sleep(3600)\n")
    monkeypatch.setattr(_child, "__file__", str(child))
    compiler = object.__new__(mempl.xla.Compiler)
    compiler.target, compiler._program = "v5e", b""
    compiler._process = compiler._folder = compiler._messages = None
    compiler.deadline = time.monotonic() + 0.5
    with pytest.raises(mempl.xla.OutOfTime):
        compiler.compile({})
    assert compiler._process is None


def test_old_names_of_limits_still_work():
    with pytest.warns(DeprecationWarning, match="seconds is now time_limit_ms"):
        result = mempl.xla.improve(SmallXla(room=2), "v5e", seconds=None, budget=200)
    assert result.ended == "nothing gains"
    with pytest.raises(mempl.Error, match="seconds: is the old name of time_limit_ms"):
        mempl.xla.improve(SmallXla(room=2), "v5e", seconds=1, time_limit_ms=1)


def test_it_stops_when_it_is_cancelled(make_trip):
    compiler = CountingCompiler(dict.fromkeys("abcd", 0), dict.fromkeys("abcd", -1), 9)
    trip = make_trip(compiler, cancelled=lambda: compiler.calls >= 3)
    trip.offer(offers("abcd"))
    assert (compiler.calls, trip.was_cancelled) == (3, True)


def test_a_second_run_asks_only_for_texts_that_it_needs(make_trip):
    sizes, savings = {"a": 1, "b": 9, "c": 1}, {"a": 10, "b": 20, "c": -5}
    first = make_trip(CountingCompiler(sizes, savings, 2))
    first.offer(offers("abc"))
    compiler = CountingCompiler(sizes, savings, 2)
    second = make_trip(compiler)
    second.offer(offers("abc"))
    assert (second.total, second.kept) == (first.total, first.kept)
    # XLA alone, and the one that was better.
    assert compiler.calls == 2


def test_logs_tell_programs_apart_and_read_what_was_cut_off(tmp_path):
    path = tmp_path / "log.jsonl"
    mempl.xla.Log(path, "p").add({"a": "1"}, cycles=5)
    with open(path, "a") as file:
        file.write('{"key": "0')
    assert mempl.xla.Log(path, "p").find({"a": "1"})["cycles"] == 5
    assert mempl.xla.Log(path, "p").find({"a": "2"}) is None
    assert mempl.xla.Log(path, "q").find({"a": "1"}) is None


def test_many_constraints_are_offered_in_chunks(make_trip):
    names = [f"n{i}" for i in range(40)]
    compiler = CountingCompiler(dict.fromkeys(names, 1), dict.fromkeys(names, 1), 1000)
    trip = make_trip(compiler)
    trip.offer_all(offers(names))
    assert (trip.total, compiler.calls) == (960, 5)


def test_a_chunk_that_is_refused_again_and_again_is_halved(make_trip):
    names = [f"n{i}" for i in range(16)]
    compiler = CountingCompiler(dict.fromkeys(names, 1), dict.fromkeys(names, 1), 4)
    trip = make_trip(compiler)
    trip.offer_all(offers(names))
    assert trip.total == 996
    assert "n0" in values(trip)


def test_wishes_and_constraints_go_into_their_options():
    constraint = _offers.Offer(_offers.OVERRIDES, "o", "i", "v")
    wish = _offers.Offer(_offers.WISHES, "w", "i", "v")
    expected = {"s": "0", _offers.WISHES: "w w", _offers.OVERRIDES: "o"}
    assert _offers.join({"s": "0"}, [wish, constraint, wish]) == expected


def test_loops_count_as_often_as_they_run():
    text = (
        '%body (p: f32[]) -> f32[] {\n  %a = f32[] add(), backend_config={"estimated_cycles":"7"}\n'
        '  %b = f32[] add(), backend_config={"estimated_cycles":"9223372036854775807"}\n}\n\n'
        'ENTRY %main (p: f32[]) -> f32[] {\n  %c = f32[] add(), backend_config={"estimated_cycles":"100"}\n'
        "  %l = f32[] while(%c), condition=%cond, body=%body\n}\n"
    )
    assert estimated_cycles(text, {"l": 12}) == 184
    assert estimated_cycles(text, {}) == 107


OUTPUTS = """HloModule jit_f, is_scheduled=true, entry_computation_layout={{(f32[8]{{0:T(8)}})->({expected}, f32[]{{:T(128)}})}}, replica_count=1

%body (p: f32[8]) -> (f32[8], f32[8]) {{
  ROOT %t = (f32[8]{{0:S(1)}}, f32[8]{{0}}) tuple(%p, %p)
}}

ENTRY %main (x: f32[8]) -> (f32[8], f32[]) {{
  %a = {shape} fusion(%x), kind=kLoop, calls=%f
  %b = f32[]{{:T(128)}} fusion(%x), kind=kLoop, calls=%g
  ROOT %t.1 = ({shape}, /*index=1*/f32[]{{:T(128)}}) tuple(%a, %b)
}}
"""
SLOW, FAST, HOST = "f32[8]{0:T(8)}", "f32[8]{0:T(8)S(1)}", "f32[8]{0:T(8)S(5)}"


@pytest.mark.parametrize(
    "expected, shape, stray", [(SLOW, SLOW, []), (SLOW, FAST, ["a"]), (HOST, HOST, []), (HOST, SLOW, ["a"])]
)
def test_outputs_left_where_the_caller_does_not_look_are_found(expected, shape, stray):
    assert stray_outputs(OUTPUTS.format(expected=expected, shape=shape)) == stray


def test_constraints_that_leave_an_output_in_fast_memory_are_refused(tmp_path):
    class Obeys:
        def compile(self, options):
            return OUTPUTS.format(expected=SLOW, shape=FAST if "a" in options.get(_offers.OVERRIDES, "") else SLOW)

    trip = _offers.RoundTrip(Obeys(), lambda text: 10 - text.count("S(1)"), mempl.xla.Log(tmp_path / "log"), None)
    trip.begin()
    trip.offer(offers("ab"))
    assert trip.kept == []
    assert trip.refused["a"] == "an output of the program would stay in fast memory"


# --- The whole of it, with an XLA that knows one program and obeys.

STEPS = 6


class SmallXla:
    """A chain of steps over 4 MiB arrays. It places nothing by itself, pins what it is told to, at most `room` of them."""

    def __init__(self, room):
        self.room, self.asked = room, []

    def compile(self, options):
        self.asked.append(dict(options))
        pinned = re.findall(r'"\^(\w+)\$" } pin_in', options.get(_offers.OVERRIDES, ""))
        for number, name in enumerate(pinned):
            if number >= self.room:
                raise mempl.xla.Refused(
                    f"MSA strict override failed for instruction '{name}', defining instruction '{name}': "
                    "Out of alternate memory / spatial placement conflict (size 4194304)"
                )
        if "prefetch {" in options.get(_offers.OVERRIDES, ""):
            raise mempl.xla.Refused("MSA strict override failed: no prefetches here")
        header = "HloModule jit_f, is_scheduled=true, entry_computation_layout={(f32[1048576]{0})->f32[1048576]{0}}"
        lines = [header, "", "ENTRY %main (x: f32[1048576]) -> f32[1048576] {"]
        lines.append("  %x = f32[1048576]{0} parameter(0)")
        for i in range(STEPS):
            name, source = f"s{i}", f"s{i - 1}" if i else "x"
            layout = "{0:S(1)}" if name in pinned else "{0}"
            slow = (name not in pinned) + (source not in pinned)
            estimate = '{"estimated_cycles":"%d"}' % (1000 + 7000 * slow)
            root = "ROOT " if i == STEPS - 1 else ""
            lines.append(f"  {root}%{name} = f32[1048576]{layout} negate(%{source}), backend_config={estimate}")
        return "\n".join([*lines, "}", ""])


def test_constraints_are_kept_or_refused_and_read_back(tmp_path):
    xla, seen = SmallXla(room=3), []
    result = mempl.xla.improve(xla, "v5e", time_limit_ms=None, budget=500, progress=seen.append, log=tmp_path / "log.jsonl")
    # Of 12 slow accesses, 3 pins save two each.
    assert (result.cycles_before, result.cycles_after) == (6 * 15000, 6 * 15000 - 6 * 7000)
    kept = [constraint for constraint in result.constraints if constraint.status == "kept"]
    refused = [constraint for constraint in result.constraints if constraint.status == "refused"]
    assert len(kept) == 3 and all(o.obeyed and o.action == "pin" and not o.reason for o in kept)
    assert "Out of alternate memory / spatial placement conflict" in {o.reason for o in refused}
    assert result.ended == "nothing gains"
    # What was kept is what the options say, and compiles to what was read back.
    assert result.compiler_options == {_offers.OVERRIDES: " ".join(o.proto for o in kept)}
    assert result.final_text == xla.compile(result.compiler_options)
    fast = {result.final_instance.values[r.value].name for r in result.final_plan.residencies}
    assert fast == {o.value for o in kept}
    assert result.xla_plan.residencies == []
    assert mempl.verify(result.instance, result.plan) == []
    assert mempl.simulate(result.instance, result.plan).latency < mempl.slow_latency(result.instance)
    assert result.moved == mempl.xla.Moved(6 * 4194304, 0, 0)
    assert seen[-1].compilations <= result.compilations and seen[-1].seconds_before == result.seconds_before
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == result.compilations
    text = str(result)
    assert "60.000 us before, 32.000 us after, 1.875 times as fast" in text
    assert "3 kept" in text and "refused: Out of alternate memory" in text


def test_nothing_gained_is_told_and_reported(tmp_path):
    result = mempl.xla.improve(SmallXla(room=0), "tpu-v5e", time_limit_ms=None, budget=200)
    assert result.cycles_after == result.cycles_before
    assert result.compiler_options == {}
    assert not any(constraint.status == "kept" for constraint in result.constraints)
    page = result.report(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "Nothing gained" in page
    assert json.loads(result.save(tmp_path / "o.json").read_text()) == {}


def test_the_report_has_the_plans_and_all_constraints(tmp_path):
    result = mempl.xla.improve(SmallXla(room=2), "v5e", time_limit_ms=None, budget=500)
    page = result.report(tmp_path / "x.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)[1])
    assert [plan["name"] for plan in data["plans"]] == ["XLA", "mempl", "XLA with constraints"]
    table = re.search(r'<table id="xla-constraints">.*?</table>', page, re.S)[0]
    assert table.count("<tr>") == 1 + len(result.constraints)
    assert "Out of alternate memory" in table and "seen in the final program" in table
    assert not list(tmp_path.glob("*.part"))


def test_given_options_are_in_every_compilation_and_in_the_result():
    xla = SmallXla(room=9)
    result = mempl.xla.improve(xla, "v5e", time_limit_ms=None, budget=200, compiler_options={"xla_x": 1})
    assert all(options["xla_x"] == "1" for options in xla.asked)
    assert result.compiler_options["xla_x"] == "1"
    with pytest.raises(mempl.Error, match="expected none that set constraints themselves, found xla_tpu_msa_tensor"):
        mempl.xla.improve(xla, "v5e", compiler_options={_offers.OVERRIDES: ""})


def test_without_time_there_is_a_result_all_the_same():
    result = mempl.xla.improve(SmallXla(room=9), "v5e", time_limit_ms=0.001)
    assert (result.compilations, result.ended) == (1, "time is over")
    assert result.plan.residencies and result.compiler_options == {}


def test_results_can_be_pickled():
    result = mempl.xla.improve(SmallXla(room=2), "v5e", time_limit_ms=None, budget=200)
    assert pickle.loads(pickle.dumps(result)) == result


def test_what_does_not_compile_is_one_line():
    class Broken:
        def compile(self, options):
            raise mempl.xla.Refused("RESOURCE_EXHAUSTED: out of HBM\nand a page more")

    with pytest.raises(mempl.Error, match="^XLA does not compile the program: RESOURCE_EXHAUSTED: out of HBM and a"):
        mempl.xla.improve(Broken(), "v5e")


def test_wrong_targets_are_named():
    with pytest.raises(mempl.Error, match="target: expected v4, v5e, v5p, v6e, found 'v7'"):
        mempl.xla.improve(SmallXla(0), "v7")


def test_absent_packages_are_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(mempl.Error, match=r"finds no jax and no libtpu: pip install 'mempl\[xla\]'"):
        mempl.xla.place(lambda x: x, 1.0)


# --- Constraints of a plan, without a compiler.

PLACED = """HloModule jit_f, is_scheduled=true
ENTRY %main {
  %x = f32[1048576]{0} parameter(0)
  %w = f32[1048576]{0} parameter(1)
  %a = f32[1048576]{0:S(1)} negate(%x)
  %b.1 = f32[1048576]{0} custom-call(%a, %w), custom_call_target="g"
  ROOT %c = f32[1048576]{0} negate(%b.1)
}
"""


def test_a_plan_becomes_constraints():
    instance = mempl.loads(PLACED, "hlo", target="tpu-v5e", file="x.hlo")
    index = {value.name: i for i, value in enumerate(instance.values)}
    residencies = [
        mempl.Residency(value=index["w"], offset=4194304, issue=0, ready=1, last=1),
        mempl.Residency(value=index["b.1"], offset=0, write=1, last=2),
    ]
    plan = mempl.Plan(instance.name, residencies)
    found = mempl.xla.decisions("x.hlo", plan, "tpu-v5e", text=PLACED)
    told = {(d.action, d.value, d.instruction, d.operand) for d in found}
    assert told == {("pin", "b.1", "b.1", None), ("prefetch", "w", "b.1", 1), ("keep-slow", "a", "a", None)}
    assert [d.seconds for d in found] == sorted((d.seconds for d in found), reverse=True)
    assert found[-1].action == "keep-slow" and found[-1].seconds < 0 and found[-1].first == ""
    options = mempl.xla.options("x.hlo", plan, "tpu-v5e", text=PLACED)
    assert options == {
        "xla_msa_max_cross_program_prefetches": "0",
        _offers.OVERRIDES: " ".join(d.proto for d in found if d.action != "keep-slow"),
    }


def test_outputs_are_never_pinned():
    instance = mempl.loads(PLACED, "hlo", target="tpu-v5e", file="x.hlo")
    index = {value.name: i for i, value in enumerate(instance.values)}
    residencies = [
        mempl.Residency(value=index["b.1"], offset=0, write=1, last=2),
        mempl.Residency(value=index["c"], offset=4194304, write=2, last=2, done=3),
    ]
    plan = mempl.Plan(instance.name, residencies)
    assert mempl.verify(instance, plan) == []
    found = mempl.xla.decisions("x.hlo", plan, "tpu-v5e", text=PLACED)
    assert {d.value for d in found if d.action == "pin"} == {"b.1"}


def test_constraints_of_other_plans_are_refused():
    with pytest.raises(mempl.Error, match='x.hlo: error: expected a valid plan: V9: the plan is for "y", not for "x"'):
        mempl.xla.decisions("x.hlo", mempl.Plan("y"), "tpu-v5e", text=PLACED)
    wrong = mempl.Plan("x", [mempl.Residency(value=0, offset=1, write=0, last=0)])
    with pytest.raises(mempl.Error, match="x.hlo: error: expected a valid plan: V"):
        mempl.xla.decisions("x.hlo", wrong, "tpu-v5e", text=PLACED)


# --- The real compiler.


@pytest.fixture(scope="module")
def decoding():
    """A step of decoding with a cache: function and shapes."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    sys.path.insert(0, str(ROOT / "benchmarks" / "corpus"))
    import networks

    return networks.gpt2_decode(8, layers=1)


@pytest.fixture(scope="module")
def placed(decoding):
    function, arguments = decoding
    return mempl.xla.place(function, *arguments, target="v5e", time_limit_ms=None)


# What a user does, without mempl; ahead of time, as there is no TPU.
USER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import jax, networks
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

function, arguments = networks.gpt2_decode(8, layers=1)
device = topologies.get_topology_desc(platform="tpu", topology_name="v5e:2x2").devices[0]
place = lambda t: jax.ShapeDtypeStruct(t.shape, t.dtype, sharding=SingleDeviceSharding(device))
lowered = jax.jit(function).lower(*jax.tree.map(place, arguments))
compiled = lowered.compile(compiler_options=json.load(open(sys.argv[2])))
open(sys.argv[3], "w").write(compiled.as_text())
"""


@needs_xla
def test_xla_keeps_constraints_that_lower_its_estimate(placed):
    kept = [constraint for constraint in placed.constraints if constraint.status == "kept"]
    assert any(not constraint.is_wish for constraint in kept)
    assert all(constraint.obeyed for constraint in kept if not constraint.is_wish)
    assert placed.cycles_after < placed.cycles_before
    assert stray_outputs(placed.final_text) == []
    for instance, plan in (
        (placed.instance, placed.xla_plan),
        (placed.instance, placed.plan),
        (placed.final_instance, placed.final_plan),
    ):
        assert mempl.verify(instance, plan) == []


@needs_xla
def test_a_user_gets_with_the_options_what_the_result_says(placed, tmp_path):
    options, text = placed.save(tmp_path / "options.json"), tmp_path / "own.hlo.txt"
    subprocess.run(
        [sys.executable, "-c", USER, str(ROOT / "benchmarks" / "corpus"), str(options), str(text)],
        env={**os.environ, **_child.environment("v5e")},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    text.write_text(_child.strip(text.read_text()))
    assert estimated_cycles(text.read_text(), {}) == placed.cycles_after
    instance, plan = mempl.load_xla(text, "tpu-v5e", max_carried=1)
    number = {step.name: i for i, step in enumerate(instance.steps)}
    for constraint in placed.constraints:
        if constraint.status != "kept" or constraint.is_wish:
            continue
        at = number[constraint.instruction]
        spans = [
            (r.write if r.write >= 0 else r.ready, r.last)
            for r in plan.residencies
            if instance.values[r.value].name == constraint.value
        ]
        assert any(first <= at <= last for first, last in spans), constraint


@needs_xla
def test_the_report_of_the_real_compiler(placed, tmp_path):
    page = placed.report(tmp_path / "x.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)[1])
    assert [plan["name"] for plan in data["plans"]] == ["XLA", "mempl", "XLA with constraints"]


@needs_xla
def test_the_compiler_takes_what_jax_can_trace(decoding):
    import jax
    import jax.numpy as jnp

    shape, many = jax.ShapeDtypeStruct((128, 128), jnp.float32), jnp.ones((128, 128))

    def double(x, times):
        return jnp.tanh(x @ many) * times

    def identity(*what):
        return mempl.xla.Compiler(*what).identity

    traced = jax.jit(double, static_argnums=1).trace(shape, 2)
    same = {
        identity(jax.jit(double, static_argnums=1), shape, 2),
        identity(traced),
        identity(traced.lower(lowering_platforms=("tpu",))),
    }
    assert len(same) == 1
    assert identity(jax.jit(double, static_argnums=1), shape, 3) not in same
    sharding = jax.sharding.NamedSharding(jax.sharding.AbstractMesh((4,), ("d",)), jax.sharding.PartitionSpec("d"))
    for what, message in (
        ((traced, shape), "expected no arguments beside a Traced, which has its own"),
        ((3,), "expected a function, a jitted function, a Traced or a Lowered, found int"),
        (
            (jax.jit(jnp.tanh, in_shardings=sharding), shape),
            "expected a program for one device, found num_partitions = 4",
        ),
    ):
        with pytest.raises(mempl.Error, match=message):
            mempl.xla.Compiler(*what)


@needs_xla
def test_the_compiler_starts_again_after_it_has_died(decoding):
    import jax.numpy as jnp

    with mempl.xla.Compiler(lambda x: x + 1, jnp.ones(1024)) as compiler:
        text = compiler.compile({})
        with pytest.raises(mempl.xla.Refused, match="No such compile option: 'xla_nonsense'"):
            compiler.compile({"xla_nonsense": "1"})
        compiler._process.kill()
        compiler._process.wait()
        assert compiler.compile({}) == text


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@needs_xla
def test_the_compiler_ends_with_its_user():
    user = (
        "import jax.numpy as jnp, mempl.xla, os, signal\n"
        "compiler = mempl.xla.Compiler(lambda x: x + 1, jnp.ones(1024))\n"
        "compiler._start()\n"
        "print(compiler._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", user], capture_output=True, text=True)
    process, until = int(done.stdout), time.monotonic() + 20
    while is_running(process) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_running(process)


@needs_xla
def test_the_command_says_what_is_wrong(tmp_path):
    for arguments, message in (
        (["nowhere:f"], "expected MODULE:FUNCTION, found 'nowhere:f': No module named 'nowhere'"),
        (["math:sqrt", "f32[3"], "expected an argument such as bf16[128,1024], found 'f32[3'"),
    ):
        command = [sys.executable, "-m", "mempl.xla", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (1, f"mempl.xla: error: {message}\n")
