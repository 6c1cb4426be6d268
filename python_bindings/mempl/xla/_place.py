"""Plans what XLA scheduled, and gives the plan back to it, until nothing is gained."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from .. import _core
from .._core import Instance, Plan, XlaDecision
from .._errors import Error
from .._names import check_time_limit, milliseconds, renamed
from .._programs import Cost
from .._solve import solve
from ._compiler import Compiler, OutOfTime, Refused, target_name
from ._estimate import CLOCK, estimated_cycles, trips_of
from ._offers import BETTER, OVERRIDES, USELESS, WISHES, Log, Offer, RoundTrip
from ._parts import Form, PartsSearch
from ._placement import Constraint, Moved, Placement, Status, fits
from ._predict import predicted_seconds
from ._split import Reduce

_COSTS: tuple[Cost, ...] = ("calibrated", "compiler")
_RANK = {"kept": 0, "useless": 1, "refused": 2, "undecided": 3, "not tried": 4}


class AnyCompiler(Protocol):
    """What improve() needs: a Compiler, or one of your own, say on another machine.

    One that can be ended has an attribute `deadline`, which is set to the time.monotonic() at which compile() raises
    OutOfTime. With another one the limit on time holds as far as compilations take as long as those before.
    """

    def compile(self, options: Mapping[str, str], /) -> str:
        """The scheduled module as HLO text; raises mempl.xla.Refused with XLA's message."""


@dataclass(frozen=True)
class Progress:
    """How place() stands. Estimates are XLA's, in seconds.

    Attributes:
        doing: "compiling", "planning" or "offering"; "cutting" while numbers of parts are tried.
        round: rounds of planning that have begun.
        compilations: made so far.
        seconds_before, seconds_now: XLA's estimate of its own choice, and of the best so far; 0 before they are known.
        kept, refused: constraints and wishes.
        elapsed: seconds since the beginning.
        parts: of the batch, in what is compiled, or was last.
    """

    doing: str
    round: int
    compilations: int
    seconds_before: float
    seconds_now: float
    kept: int
    refused: int
    elapsed: float
    parts: int = 1


class _Reader:
    """Readings of HLO text of one program on one target."""

    def __init__(self, target: str) -> None:
        self._target = f"tpu-{target}"

    def instance(self, text: str, cost: Cost, carried: int) -> Instance:
        return _core.read_hlo("<HLO>", text=text, target=self._target, cost=cost, max_carried=carried)[0]

    def plan(self, text: str, cost: Cost, notes: list[str]) -> tuple[Instance, Plan]:
        """The program and XLA's own plan, of which what is not valid is left out, with a note."""

        def read(whole: bool) -> tuple[Instance, Plan]:
            instance, plan = _core.read_hlo(
                "<HLO>", text=text, target=self._target, cost=cost, max_carried=1, xla_plan=True, whole=whole
            )
            assert plan is not None
            return instance, plan

        try:
            return read(True)
        except Error as problem:
            note = f"XLA's own plan is shown in part: {problem.text}"
            if note not in notes:
                notes.append(note)
            return read(False)

    def served(self, text: str) -> dict[tuple[str, str], int]:
        """Bytes by (value, step) that XLA has in fast memory; of the text itself, since its plan may not be whole."""
        rows = _core.xla_served("<HLO>", text=text, target=self._target)
        return {(value, step): size for value, step, size in rows}

    def offers(self, text: str, cost: Cost, carried: int, plan: Plan) -> tuple[list[Offer], list[Offer]]:
        """Where a plan differs from what XLA did in this text, as constraints and as wishes."""
        _, found = _core.xla_constraints(
            "<HLO>", text=text, target=self._target, cost=cost, max_carried=carried, plan=plan
        )
        found = [decision for decision in found if decision.action != "keep-slow"]
        constraints = [_offer(decision, OVERRIDES, decision.proto) for decision in found]
        # Several constraints may be about one value, for which there is one wish: that of the most valuable one.
        wishes: dict[str, Offer] = {}
        for decision in found:
            wishes.setdefault(decision.first, _offer(decision, WISHES, decision.first))
        return constraints, list(wishes.values())


def _offer(decision: XlaDecision, option: str, proto: str) -> Offer:
    return Offer(
        option, proto, decision.instruction, decision.value, decision.operand, decision.action, decision.seconds
    )


class _Search:
    """One call of improve(): rounds of planning and offering."""

    def __init__(self, reader: _Reader, costs: Sequence[Cost], plan_for: Callable[[Instance], Plan]) -> None:
        self._reader, self._costs, self._plan_for = reader, costs, plan_for
        self._trips: dict[str, int] | None = None
        self.doing, self.rounds = "compiling", 0
        # All that plans did otherwise than XLA, by constraint.
        self.seen: dict[str, Offer] = {}
        self.plans: list[tuple[Instance, Plan]] = []

    def evaluate(self, text: str) -> int:
        """XLA's estimate of a text, in cycles."""
        if self._trips is None:
            self._trips = trips_of(self._reader.instance(text, self._costs[0], 0))
        return estimated_cycles(text, self._trips)

    def improve(self, trip: RoundTrip, note: Callable[[], object]) -> None:
        """Plans what XLA did last, and offers where that differs, until no cost model gives a gain."""
        stages = [(carried, cost) for cost in self._costs for carried in (0, 1)]
        idle = 0
        while idle < len(stages) and not trip.is_over():
            carried, cost = stages[self.rounds % len(stages)]
            self.rounds += 1
            earlier, text = trip.total, trip.text
            self.doing = "planning"
            note()
            problem = self._reader.instance(text, cost, carried)
            plan = self._plan_for(problem)
            self.plans.append((problem, plan))
            self.doing = "offering"
            note()
            for offers in self._reader.offers(text, cost, carried, plan):
                self.seen.update({offer.proto: offer for offer in offers})
                trip.offer_all(offers)
            idle += 1
            if trip.total < earlier * BETTER:
                idle = 0
                trip.give_second_chance()

    def best_plan(self, instance: Instance) -> Plan:
        """The fastest one of the plans, evaluated on `instance`."""
        plans = [plan for problem, plan in self.plans if fits(plan, problem, instance)]
        plans = plans or [self._plan_for(instance)]
        return min(plans, key=lambda plan: _core.simulate(instance, plan).latency)


def _constraints(seen: Mapping[str, Offer], trip: RoundTrip, final: Mapping[tuple[str, str], int]) -> list[Constraint]:
    # Kept ones in the order in which XLA gets them, for it serves the first ones first.
    kept = {offer.proto: number for number, offer in enumerate(trip.kept)}
    constraints = []
    for proto, offer in (dict(seen) | trip.offered).items():
        why, status, obeyed = "", "not tried", None
        if proto in kept:
            status = "kept"
            if not offer.is_wish:
                obeyed = (offer.value, offer.instruction) in final
        elif proto in trip.answers:
            why = trip.answers[proto]
            status = "useless" if why == USELESS else "refused"
        elif proto in trip.offered:
            status = "undecided"
        constraints.append(
            Constraint(
                offer.action,
                offer.value,
                offer.instruction,
                offer.operand,
                offer.is_wish,
                offer.seconds,
                cast(Status, status),
                why,
                obeyed,
                offer.option,
                proto,
            )
        )
    return sorted(
        constraints,
        key=lambda o: (_RANK[o.status], o.is_wish, kept.get(o.proto, 0), -o.seconds, o.instruction, o.proto),
    )


def _moved(before: Mapping[tuple[str, str], int], after: Mapping[tuple[str, str], int], trip: RoundTrip) -> Moved:
    constrained = {offer.value for offer in trip.kept}
    gained = {key: size for key, size in after.items() if key not in before}
    lost = {key: size for key, size in before.items() if key not in after}
    return Moved(
        sum(size for key, size in gained.items() if key[0] in constrained),
        sum(size for key, size in gained.items() if key[0] not in constrained),
        sum(size for key, size in lost.items() if key[0] not in constrained),
    )


@dataclass
class _Limits:
    """The time of a call: milliseconds, and since when they count."""

    milliseconds: float | None
    began: float

    def __post_init__(self) -> None:
        check_time_limit(self.milliseconds)

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def left(self) -> float | None:
        """Seconds."""
        return None if self.milliseconds is None else self.milliseconds / 1000 - self.elapsed()


# What reading a program at the end may take, beside what it took at the beginning.
_RESERVE = 1.25


def _switches(compiler_options: Mapping[str, str] | None, costs: Sequence[Cost]) -> dict[str, str]:
    """Options of every compilation. Raises mempl.Error for those, and for costs, that cannot be."""
    if not costs:
        raise Error("costs: expected at least one of calibrated, compiler and roofline")
    switches = {name: str(value) for name, value in (compiler_options or {}).items()}
    for option in {OVERRIDES, WISHES} & switches.keys():
        raise Error(f"compiler_options: expected none that set constraints themselves, found {option}")
    return switches


def _no_program(problem: Exception, limits: _Limits) -> Error:
    """Why there is no result at all."""
    if isinstance(problem, Refused):
        return Error(f"XLA does not compile the program: {' '.join(str(problem).split())[:300]}")
    assert limits.milliseconds is not None
    return Error(f"XLA does not compile the program within time_limit_ms={limits.milliseconds:g}; give it more time")


def _improve(
    compiler: AnyCompiler,
    target: str,
    limits: _Limits,
    *,
    compiler_options: Mapping[str, str] | None,
    solver: str,
    budget: int,
    seed: int,
    costs: Sequence[Cost],
    log: Log | str | os.PathLike[str] | None,
    progress: Callable[[Progress], object] | None,
    cancelled: Callable[[], bool] | None,
    parts: int = 1,
    constraints: bool = True,
) -> Placement:
    target = target_name(target)
    switches = _switches(compiler_options, costs)
    if not isinstance(log, Log):
        log = Log(log, getattr(compiler, "identity", ""))
    reader = _Reader(target)
    search = _Search(
        reader, costs, lambda problem: solve(problem, solver, budget=budget, seed=seed, cancelled=trip.is_over).plan
    )

    def note() -> None:
        if progress is None:
            return
        clock = CLOCK[target]
        progress(
            Progress(
                search.doing,
                search.rounds,
                trip.compilations,
                trip.before / clock,
                trip.total / clock,
                len(trip.kept),
                len(trip.refused),
                limits.elapsed(),
                parts,
            )
        )

    trip = RoundTrip(compiler, search.evaluate, log, limits.left(), switches, cancelled=cancelled, tried=note)
    note()
    try:
        trip.begin(constraints)
    except (Refused, OutOfTime) as problem:
        raise _no_program(problem, limits) from problem
    notes: list[str] = []

    def read_back(text: str) -> tuple[Instance, Plan, dict[tuple[str, str], int]]:
        return *reader.plan(text, costs[0], notes), reader.served(text)

    began = time.monotonic()
    instance, xla_plan, before = read_back(trip.first_text)
    trip.reserve = _RESERVE * (time.monotonic() - began)
    if constraints:
        search.improve(trip, note)
    ended = "cancelled" if trip.was_cancelled else "time is over" if trip.is_over() else "nothing gains"
    is_own = trip.text == trip.first_text
    final_instance, final_plan, after = (instance, xla_plan, before) if is_own else read_back(trip.text)
    return Placement(
        program=instance.name,
        target=target,
        compiler_options=trip.options(),
        cycles_before=trip.before,
        cycles_after=trip.total,
        constraints=_constraints(search.seen, trip, after),
        instance=instance,
        xla_plan=xla_plan,
        plan=search.best_plan(instance) if constraints else xla_plan,
        final_instance=final_instance,
        final_plan=final_plan,
        moved=_moved(before, after, trip),
        text=trip.first_text,
        final_text=trip.text,
        compilations=trip.compilations,
        rounds=search.rounds,
        elapsed=limits.elapsed(),
        ended=ended,
        notes=notes,
        parts=parts,
        cycles_cut=trip.before,
    )


@renamed(seconds=("time_limit_ms", milliseconds(1000)), policy=("solver", str))
def improve(
    compiler: AnyCompiler,
    target: str,
    *,
    time_limit_ms: float | None = 60000,
    compiler_options: Mapping[str, str] | None = None,
    solver: str = "search",
    budget: int = 20000,
    seed: int = 0,
    costs: Sequence[Cost] = _COSTS,
    log: Log | str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Placement:
    """place() with a compiler that is there already. Arguments, result and errors as of place().

    Args:
        compiler: a Compiler, or anything with a method compile(options) that returns the text of the scheduled module
            or raises mempl.xla.Refused; with an attribute `deadline` if it can be ended (see AnyCompiler).
        target: what it compiles for.
        log: a Log, or the file of one.
    """
    return _improve(
        compiler,
        target,
        _Limits(time_limit_ms, time.monotonic()),
        compiler_options=compiler_options,
        solver=solver,
        budget=budget,
        seed=seed,
        costs=costs,
        log=log,
        progress=progress,
        cancelled=cancelled,
    )


class _Known:
    """A compiler of one program, of which a text is there already."""

    def __init__(self, compiler: Compiler, options: Mapping[str, str], text: str) -> None:
        self._compiler, self._options, self._text = compiler, dict(options), text
        self.deadline: float | None = None

    def compile(self, options: Mapping[str, str], /) -> str:
        if dict(options) == self._options:
            return self._text
        self._compiler.deadline = self.deadline
        return self._compiler.compile(options)


# The share of the time in which numbers of parts are tried; the rest is for constraints.
_SHARE_OF_PARTS = 0.6


class _InParts:
    """One call of place() for a function that may be cut: finds the number of parts, and places what is fastest."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        target: str,
        limits: _Limits,
        settings: Mapping[str, Any],
    ) -> None:
        self._function, self._arguments = function, arguments
        self._target, self._limits, self._settings = target_name(target), limits, settings
        self._switches = _switches(settings["compiler_options"], settings["costs"])
        self._reader = _Reader(self._target)
        self._compiled = self._longest = 0.0
        self._before = self._now = 0
        self._reduce: Reduce | None = None

    def run(self, in_axes: Any, out_axes: Any, reduce: Reduce | None, parts: Sequence[int] | None) -> Placement:
        self._reduce = reduce
        search = PartsSearch(self._function, self._arguments, in_axes, out_axes, reduce, self._compile, self._predict)
        try:
            search.run(parts)
        except (Refused, OutOfTime) as problem:
            raise _no_program(problem, self._limits) from problem
        whole, best = search.whole, search.best
        # The whole function gets its half of the time only where it may win.
        promise = math.inf if best is whole else self._promise(whole)
        placed = self._place(best, search, 0.5 if promise < best.cycles / CLOCK[self._target] else 1.0)
        if promise < placed.seconds_after and self._has_time():
            of_whole = self._place(whole, search, 1.0)
            faster = min(placed, of_whole, key=lambda one: one.cycles_after)
            placed = replace(faster, rounds=placed.rounds + of_whole.rounds, elapsed=self._limits.elapsed())
        return replace(placed, compilations=int(self._compiled))

    def _compile(self, function: Callable[..., Any], parts: int) -> tuple[Compiler, str | None, int]:
        """A compiler for a function, the scheduled module and its estimate; of parts the log will do."""
        compiler = Compiler(function, *self._arguments, target=self._target)
        log = Log(self._settings["log"], compiler.identity)
        if parts > 1 and (found := log.find(self._switches)):
            if "cycles" not in found:
                raise Refused(found["error"])
            self._note(parts, found["cycles"])
            return compiler, None, found["cycles"]
        left = self._limits.left()
        if left is not None:
            spent = self._limits.elapsed()
            is_all = parts == 1 or not self._settings["constraints"]
            share = left if is_all else _SHARE_OF_PARTS * (left + spent) - spent
            if parts > 1 and share <= self._longest:
                raise OutOfTime
            compiler.deadline = time.monotonic() + share
        cancelled = self._settings["cancelled"]
        if parts > 1 and cancelled is not None and cancelled():
            raise OutOfTime
        began = time.monotonic()
        self._compiled += 1
        try:
            text = compiler.compile(self._switches)
        except Refused as error:
            log.add(self._switches, error=str(error)[:2000])
            raise
        finally:
            compiler.close()  # Two at once would need the memory of two.
        self._longest = max(self._longest, time.monotonic() - began)
        cycles = estimated_cycles(text, trips_of(self._reader.instance(text, self._settings["costs"][0], 0)))
        log.add(self._switches, cycles=cycles)
        self._note(parts, cycles)
        return compiler, text, cycles

    def _note(self, parts: int, cycles: int) -> None:
        self._before = self._before or cycles
        self._now = min(self._now or cycles, cycles)
        if self._settings["progress"] is not None:
            clock, done = CLOCK[self._target], int(self._compiled)
            before, now = self._before / clock, self._now / clock
            self._settings["progress"](Progress("cutting", 0, done, before, now, 0, 0, self._limits.elapsed(), parts))

    def _predict(self, whole: Form, batched: Sequence[int], numbers: Sequence[int]) -> dict[int, float]:
        assert whole.text is not None
        return predicted_seconds(whole.text, self._target, batched, numbers, self._reduce is not None)

    def _has_time(self) -> bool:
        """Whether the longest of the compilations would still end in time."""
        left = self._limits.left()
        return left is None or left > self._longest

    def _promise(self, whole: Form) -> float:
        """Seconds of the whole function with constraints, as the simulator sees it; infinite where there will be none."""
        if not self._settings["constraints"] or not self._has_time():
            return math.inf
        assert whole.text is not None
        problem = self._reader.instance(whole.text, "calibrated", 1)
        settings = self._settings
        found = solve(problem, settings["solver"], budget=settings["budget"], seed=settings["seed"])
        return float(found.latency)

    def _place(self, form: Form, search: PartsSearch, share: float) -> Placement:
        """Constraints on a form of the function, in a share of the time that is left."""
        left, limits = self._limits.left(), self._limits
        if left is not None:
            milliseconds = 1000 * (limits.elapsed() + max(share * left, 1e-3))
            limits = _Limits(milliseconds, limits.began)
        compiler: AnyCompiler = form.compiler
        if form.text is not None:
            compiler = _Known(form.compiler, self._switches, form.text)
        settings = {**self._settings, "log": Log(self._settings["log"], form.compiler.identity)}
        try:
            placed = _improve(compiler, self._target, limits, parts=form.parts, **settings)
        finally:
            form.compiler.close()
        self._compiled += placed.compilations - (form.text is not None)
        return replace(
            placed,
            function=form.function,
            parts=form.parts,
            is_loop=form.is_loop,
            cycles_before=search.whole.cycles,
            cycles_cut=form.cycles,
            attempts=list(search.attempts),
        )


@renamed(seconds=("time_limit_ms", milliseconds(1000)), policy=("solver", str))
def place(
    function: Any,
    *arguments: Any,
    target: str = "v5e",
    time_limit_ms: float | None = 60000,
    compiler_options: Mapping[str, str] | None = None,
    solver: str = "search",
    budget: int = 20000,
    seed: int = 0,
    costs: Sequence[Cost] = _COSTS,
    log: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    in_axes: Any = None,
    out_axes: Any = 0,
    reduce: Reduce | None = None,
    parts: Sequence[int] | None = None,
    constraints: bool = True,
) -> Placement:
    """Finds compile options with which XLA places a JAX function better in the memories of a TPU; needs no TPU.

    XLA compiles the function ahead of time; mempl plans what XLA scheduled, and offers XLA, in constraints, where its plan
    differs; XLA compiles again. What XLA accepts and what lowers its own estimate of the program is kept, and planned
    again, until nothing is gained or the time is over. The result is never worse than XLA's own choice, by that
    estimate; no TPU has run anything.

        result = mempl.xla.place(step, params, batch, target="v5e")
        print(result)
        compiled = jax.jit(step).lower(params, batch).compile(compiler_options=result.compiler_options)

    With `in_axes` the function may also be cut along its batch: XLA then keeps in fast memory what is too large for it in
    one piece. Numbers of parts that the simulator expects to gain are compiled, the fastest is placed, and
    `result.function` is what to compile with the options. It may be the function as it was.

        result = mempl.xla.place(encode, params, batch, in_axes=(None, 0))
        compiled = jax.jit(result.function).lower(params, batch).compile(compiler_options=result.compiler_options)

    Args:
        function: a function, a jitted function, or a jax.stages.Traced or Lowered, which has its own arguments and,
            say, static ones. A Lowered has to be for TPU: `.trace(..).lower(lowering_platforms=("tpu",))`. For one
            device, and without calls back into Python.
        arguments: of the function, by position: arrays, ShapeDtypeStructs, or pytrees of them. Only shapes count.
        target: "v4", "v5e", "v5p" or "v6e".
        time_limit_ms: milliseconds of the whole call, tracing and what is under way included; above 0, None for no limit. A
            compilation that has not ended by then is ended, and nothing is offered that would not end in time. XLA's own
            choice has to compile within it. The same arguments without a limit give the same result.
        compiler_options: given in every compilation, and part of the result.
        solver, budget, seed: of mempl.solve(), for every round.
        costs: cost models of mempl.load(), which rounds take in turn.
        log: file with a line per compilation. None that it has is made again unless its text is needed, so that a run
            that was killed goes on.
        progress: called with a Progress after every compilation and when a round begins.
        cancelled: asked often; true ends with what has been found so far. Ctrl-C raises KeyboardInterrupt.
        in_axes: where the batch is in the arguments, as of jax.vmap: an int, None, or for several arguments a tuple of ints,
            Nones and pytrees of them. Unlike that of jax.vmap, the function takes batches, of any size, and what it makes of
            one element must not depend on the others (see Split.check). None, the default, is not to cut it.
        out_axes: where the batch is in the outputs: an int, None, or a pytree of them.
        reduce: what to do with outputs for which `out_axes` is None: take the "mean" or the "sum" of those of the parts. For
            gradients of a mean over the batch, "mean" is gradient accumulation.
        parts: numbers of parts to compile, divisors of the batch; None for those divisors up to 16 that could gain.
        constraints: whether to look for any; else the number of parts is all that is found, and `result.plan` is XLA's.

    Raises:
        mempl.Error: jax or libtpu is not installed, an argument is wrong, or XLA does not compile the function, or not in time.
    """
    limits = _Limits(time_limit_ms, time.monotonic())
    settings: dict[str, Any] = {
        "compiler_options": compiler_options,
        "solver": solver,
        "budget": budget,
        "seed": seed,
        "costs": costs,
        "log": log,
        "progress": progress,
        "cancelled": cancelled,
        "constraints": constraints,
    }
    if in_axes is not None:
        if not callable(function) or hasattr(function, "lower") and not hasattr(function, "trace"):
            raise Error(f"in_axes: expected a function, found a {type(function).__name__}")
        return _InParts(function, arguments, target, limits, settings).run(in_axes, out_axes, reduce, parts)
    if parts is not None or reduce is not None:
        raise Error("in_axes: expected where the batch is, with parts or reduce")
    with Compiler(function, *arguments, target=target) as compiler:
        placed = _improve(compiler, target, limits, **settings)
    return replace(placed, function=function)


def decisions(
    path: str | os.PathLike[str],
    plan: Plan,
    target: str,
    *,
    text: str | None = None,
    cost: Cost = "compiler",
    capacity: int | None = None,
    max_carried: int | None = None,
) -> list[XlaDecision]:
    """Where a plan for a program that XLA has placed differs from XLA's own, in constraints, the most valuable first.

    Args:
        path: HLO text; with `text`, a name for messages.
        plan: for the instance that mempl.load() makes of it with the same arguments.
        target, cost, capacity, max_carried: as of mempl.load().

    Raises:
        mempl.Error: the file is wrong, or the plan is not a valid one for it.
    """
    return _core.xla_constraints(
        os.fspath(path), text=text, target=target, cost=cost, capacity=capacity, max_carried=max_carried, plan=plan
    )[1]


def options(
    path: str | os.PathLike[str],
    plan: Plan,
    target: str,
    *,
    text: str | None = None,
    cost: Cost = "compiler",
    capacity: int | None = None,
    max_carried: int | None = None,
) -> dict[str, str]:
    """All constraints of decisions() but those that keep values slow, as compile options: what mempl-translate writes.

    They are strict, and XLA may refuse them; place() finds those that it does not. Arguments and errors as of
    decisions().
    """
    text_of_options, _ = _core.xla_constraints(
        os.fspath(path), text=text, target=target, cost=cost, capacity=capacity, max_carried=max_carried, plan=plan
    )
    found: dict[str, str] = json.loads(text_of_options)
    return found
