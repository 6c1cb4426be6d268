# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When a plan is valid: rules V1 to V11.

Each rule is a function that yields what breaks it. In the plan of a loop's
body, places from n on, the number of steps, mean later trips.
"""

from dataclasses import dataclass, replace
from typing import Optional


@dataclass(frozen=True)
class Violation:
    rule: str
    value: Optional[int]
    step: Optional[int]
    text: str

    def __str__(self):
        return f"{self.rule}: value {self.value}, step {self.step}: {self.text}"


@dataclass
class Context:
    """A program in the order of a plan, as the rules look at it."""

    machine: object
    program: object
    plan: object
    capacity: int  # Bytes that the plan may use.
    under_way: tuple  # Copies in and out of outer programs that go on over it.
    is_body: bool

    def __post_init__(self):
        self.count = len(self.program.steps)
        self.residencies = self.plan.residencies

    def value_of(self, residency):
        return self.program.values[residency.value]

    def size_of(self, residency):
        return self.machine.round_up(self.value_of(residency).size)

    def of_value(self, v):
        """By time, as the trip counts that they serve."""
        own = (r.of_own_trip(self.count) for r in self.residencies if r.value == v)
        return sorted(own, key=lambda r: (r.start, r.end))

    def accesses_of(self, v):
        return [
            (i, access)
            for i, step in enumerate(self.program.steps)
            for access in step.accesses
            if access.value == v
        ]


def verify(instance, plan, capacity=None):
    """All violations of a plan; none if it is valid. A residency that breaks V9
    is reported for V9 only, a plan that breaks V11 for V11 only."""
    if capacity is None:
        capacity = instance.machine.capacity
    return verify_program(
        instance.machine, instance.program, plan, capacity, (0, 0), False
    )


def verify_program(machine, program, plan, capacity, under_way, is_body):
    broken = list(check_order(program, plan))
    if broken:
        return broken
    for i in plan.loops:
        if not 0 <= i < len(program.steps) or not program.steps[i].body:
            broken.append(Violation("V9", None, i, "a plan for no loop"))
    program, plan = program.in_order_of(plan)
    context = Context(machine, program, plan, capacity, under_way, is_body)
    in_range = []
    for residency in plan.residencies:
        faults = list(check_fields(context, residency))
        broken += faults
        if not faults:
            in_range.append(residency)
    context = replace(context, plan=replace(plan, residencies=in_range))
    for rule in (
        check_bounds,
        check_overlaps,
        check_reserved,
        check_times,
        check_contents,
        check_flights,
        check_carried,
        check_loops,
    ):
        broken += rule(context)
    return broken


def check_order(program, plan):
    """V11."""
    if not plan.order:
        return
    steps = list(range(len(program.steps)))
    if any(type(i) is not int for i in plan.order) or sorted(plan.order) != steps:
        yield Violation("V11", None, None, "the order is no permutation of the steps")
    elif program.order != "free" and plan.order != steps:
        yield Violation("V11", None, None, "the order of this program is fixed")
    else:
        place = {step: k for k, step in enumerate(plan.order)}
        for i, j in sorted(program.dependences()):
            if place[i] > place[j]:
                yield Violation("V11", None, j, f"runs before step {i}")


def check_fields(context, r):
    """V9. Reports one thing, the first that is wrong."""
    n = context.count
    needed = (r.value, r.offset, r.last)
    optional = (r.write, r.issue, r.ready, r.done, r.back, r.offset2)
    is_whole = all(type(x) is int for x in needed) and all(
        x is None or type(x) is int for x in optional
    )
    if not is_whole or r.carried not in (None, True):
        value = r.value if type(r.value) is int else None
        yield Violation("V9", value, None, "a field is not an integer")
        return
    if not 0 <= r.value < len(context.program.values):
        yield Violation("V9", r.value, r.last, "no such value")
        return
    beginnings = (r.write is not None) + (r.issue is not None) + bool(r.carried)
    if beginnings != 1 or (r.issue is None) != (r.ready is None):
        yield Violation("V9", r.value, r.last, "begins in no way, or in several")
        return
    value = context.value_of(r)
    streamed = value.kind if context.is_body and value.streamed else None
    ahead = streamed in ("input", "inout") and r.is_ahead(n)
    latest = 2 * n if ahead else n
    if not (0 <= r.start < n and r.start <= r.first <= r.last < latest):
        text = f"needs 0 <= {r.start} <= {r.first} <= {r.last} < {latest}"
        yield Violation("V9", r.value, r.start, text)
    elif r.offset2 is not None and not context.is_body:
        yield Violation("V9", r.value, r.start, "a second offset outside of a body")
    elif r.back is not None and not r.copied_out:
        yield Violation("V9", r.value, r.back, "`back` without `done`")
    elif r.copied_out:
        if streamed in ("output", "inout"):
            latest += n
        if (ahead and streamed == "input") or not (
            r.first <= r.copied_after <= r.last and r.copied_after < r.done <= latest
        ):
            text = f"needs {r.first} <= {r.copied_after} <= {r.last}, back < done"
            yield Violation("V9", r.value, r.last, text)


def has_room(context, r):
    """Whether a residency occupies bytes, and within the capacity."""
    m, size = context.machine, context.size_of(r)
    return size > 0 and all(
        0 <= offset <= context.capacity - size and offset % m.alignment == 0
        for offset in r.offsets
    )


def check_bounds(context):
    """V2 of residencies."""
    m = context.machine
    for r in context.residencies:
        for offset in r.offsets:
            end = offset + context.size_of(r)
            if offset < 0 or offset % m.alignment or end > context.capacity:
                text = f"[{offset}, {end}) is misaligned or outside of the capacity"
                yield Violation("V2", r.value, r.start, text)


def check_overlaps(context):
    """V1 between residencies, and V8 of one that meets itself."""
    n = context.count
    inside = [r for r in context.residencies if has_room(context, r)]
    inside.sort(key=lambda r: r.start)
    for k, later in enumerate(inside):
        if meets_itself(context, later):
            yield Violation("V8", later.value, later.start, "meets itself")
        for earlier in inside[:k]:
            if collide(context, earlier, later):
                text = f"overlaps the residency of value {earlier.value}"
                yield Violation("V1", later.value, later.start, text)


def meets_itself(context, r):
    """Whether it shares bytes with itself in the next trip, or the one after."""
    trips = (r.end - r.start) // context.count
    return trips > 1 or (
        trips == 1 and share_bytes(context, r, r.offset, r, r.offsets[-1])
    )


def share_bytes(context, a, a_offset, b, b_offset):
    return (
        a_offset < b_offset + context.size_of(b)
        and b_offset < a_offset + context.size_of(a)
    )


def occupations(context, r):
    """Where and when a residency occupies memory during two trips, which follow
    each other for ever: offset, and places of a circle of twice the steps."""
    n = context.count
    for trip in (0, 1):
        # A copy ahead is for the trip that reads it.
        parity = (trip + (r.first >= n)) % 2
        places = {p % (2 * n) for p in range(r.start + trip * n, r.end + trip * n + 1)}
        yield r.offsets[parity % len(r.offsets)], places


def collide(context, a, b):
    if not context.is_body:
        in_time = a.start <= b.end and b.start <= a.end
        return in_time and share_bytes(context, a, a.offset, b, b.offset)
    return any(
        a_places & b_places and share_bytes(context, a, a_offset, b, b_offset)
        for a_offset, a_places in occupations(context, a)
        for b_offset, b_places in occupations(context, b)
    )


def check_reserved(context):
    """V1 and V2 of the bytes that steps reserve."""
    for i, step in enumerate(context.program.steps):
        reserved = step.reserved
        if step.body:
            inner = context.plan.of_loop(i, step.body)
            reserved = max(reserved, inner.capacity)
        if reserved > context.capacity:
            yield Violation("V2", None, i, f"reserves {reserved} bytes")
        rounded = context.machine.round_up(reserved)
        for r in context.residencies:
            if (
                has_room(context, r)
                and r.holds(i, context.count)
                and min(r.offsets) < rounded
            ):
                text = f"overlaps the {reserved} bytes that the step reserves"
                yield Violation("V1", r.value, i, text)


def check_times(context):
    """V8 between residencies of one value."""
    n = context.count
    for v, value in enumerate(context.program.values):
        residencies = context.of_value(v)
        only_read = value.streamed and value.kind == "input"
        for k, later in enumerate(residencies):
            # Contents that slow memory has all along may be there twice: only
            # what serves counts.
            if only_read and any(
                earlier.serves(i, n) and later.serves(i, n)
                for earlier in residencies[:k]
                for i in range(n)
            ):
                text = "serves a step that another one serves"
                yield Violation("V8", v, later.first, text)
            elif not only_read and any(
                later.start <= earlier.end for earlier in residencies[:k]
            ):
                text = "begins while another one holds memory"
                yield Violation("V8", v, later.start % n, text)


class Contents:
    """The contents of one value in both memories, step by step."""

    def __init__(self, context, v):
        self.v, self.value = v, context.program.values[v]
        self.count = context.count
        self.residencies = context.of_value(v)
        self.accesses = context.accesses_of(v)
        # A streamed input has other contents in every trip, all in slow memory.
        self.always = bool(self.value.streamed) and self.value.kind == "input"
        self.slow = self.value.is_input
        self.fast = self.always

    def broken(self, rule, step, text):
        return Violation(rule, self.v, step, text)

    def home(self, step):
        """The residency that serves the accesses of a step; None: slow memory."""
        for r in self.residencies:
            if r.serves(step, self.count):
                return r
        return None

    def follow(self):
        for r in self.residencies:
            if r.write is not None and not any(
                i == r.write and access.writes for i, access in self.accesses
            ):
                yield self.broken("V4", r.write, "begins at a step that does not write")
        # What is copied in a trip ahead begins before the first step.
        for i in range(-self.count, self.count + 1):
            yield from self.at_boundary(i)
            if 0 <= i < self.count:
                yield from self.at_step(i)
        # Copies out into the next trip.
        if any(r.copied_out and r.done > self.count for r in self.residencies):
            self.slow = True
        if self.value.is_output and not self.slow:
            yield self.broken("V5", self.count, "an output that slow memory lacks")

    def at_boundary(self, i):
        if self.always:
            return
        if any(r.copied_out and r.done == i for r in self.residencies):
            self.slow = True
        for r in self.residencies:
            if r.write is None and r.start == i:
                if not self.slow and not r.carried:
                    yield self.broken("V3", i, "copied in without valid contents")
                self.fast = True

    def at_step(self, i):
        accesses = [access for j, access in self.accesses if j == i]
        for access in accesses:
            if access.reads:
                yield from self.read(i, access)
        for access in accesses:
            if access.writes:
                yield from self.write(i, access)
        if self.always:
            return
        for r in self.residencies:
            if r.copied_out and r.copied_after == i and not self.fast:
                yield self.broken("V4", i, "copied out without valid contents")
        if any(r.last == i for r in self.residencies):
            self.fast = False

    def constraints(self, i, access):
        """V6."""
        place = "fast" if self.home(i) else "slow"
        for space in {access.space, self.value.space} - {None, place}:
            yield self.broken("V6", i, f"has to be in {space} memory")

    def read(self, i, access):
        yield from self.constraints(i, access)
        if self.home(i) and not self.fast:
            yield self.broken("V4", i, "read before it is written in fast memory")
        elif not self.home(i) and not self.slow:
            yield self.broken("V3", i, "read from slow memory, which is not valid")

    def write(self, i, access):
        yield from self.constraints(i, access)
        home = self.home(i)
        if home:
            self.fast, self.slow = True, False
            if home.copied_out and i > home.copied_after:
                yield self.broken("V4", i, "written after its copy out was issued")
            return
        if any(r.copied_in and r.issue <= i < r.ready for r in self.residencies):
            yield self.broken("V3", i, "written while it is copied in")
        if any(r.copied_out and r.last < i < r.done for r in self.residencies):
            yield self.broken("V3", i, "written while it is copied out")
        self.slow = True


def check_contents(context):
    """V3, V4, V5, V6."""
    for v in range(len(context.program.values)):
        yield from Contents(context, v).follow()


def flights(context):
    """Boundaries at which copies in and out are in flight, with residencies."""
    return (
        [(r.issue, r.ready, r) for r in context.residencies if r.copied_in],
        [
            (r.copied_after + 1, r.done, r)
            for r in context.residencies
            if r.copied_out
        ],
    )


def check_flights(context):
    """V7."""
    n, m = context.count, context.machine
    for limit, already, spans in zip(
        (m.max_in, m.max_out), context.under_way, flights(context)
    ):
        if not limit:
            continue
        for first, _, r in spans:
            here = first - n if first > n else first
            number = already + sum(
                a <= here + k * n <= b for a, b, _ in spans for k in range(4)
            )
            if number > limit:
                text = f"{number} copies in flight, of {limit}"
                yield Violation("V7", r.value, first, text)


def check_carried(context):
    """V10."""
    n = context.count
    carried = [r for r in context.residencies if r.carried]
    for k, r in enumerate(carried):
        if k >= context.machine.max_carried:
            yield Violation("V10", r.value, 0, "more carried values than allowed")
        is_left = any(
            q.value == r.value
            and q.offset == r.offset
            and q.last == n - 1
            and not q.copied_out
            for q in context.residencies
        )
        if not is_left:
            yield Violation("V10", r.value, n - 1, "not left for the next run")
    for v in sorted({r.value for r in carried}):
        value = context.program.values[v]
        is_written = any(access.writes for _, access in context.accesses_of(v))
        if value.kind != "input" or value.streamed or is_written:
            yield Violation("V10", v, 0, "carried, but no input that stays as it is")


def check_loops(context):
    """The plans of bodies, by all rules."""
    n = context.count
    for i, step in enumerate(context.program.steps):
        if not step.body:
            continue
        if i in context.plan.loops:
            inner = context.plan.loops[i]
            over = tuple(
                already + sum(a <= i + k * n < b for a, b, _ in spans for k in range(3))
                for already, spans in zip(context.under_way, flights(context))
            )
        else:
            inner, over = context.plan.of_loop(i, step.body), (0, 0)
        for x in verify_program(
            context.machine, step.body, inner, inner.capacity, over, True
        ):
            yield replace(x, text=f"in the loop at step {i}: {x.text}")
