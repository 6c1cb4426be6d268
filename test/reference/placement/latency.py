# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a plan costs."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass



@dataclass
class Outcome:
    latency: float
    times: list  # Of each step, in the plan's order.
    waits: list  # Before each step, and after the last one.
    stalls: dict  # (index of a residency, "in" or "out") -> seconds of waiting.
    slow_bytes: float  # That steps and copies move to or from slow memory.
    copies: int  # Of the plan and of the plans of its loops.


@dataclass
class Copy:
    residency: int  # Index.
    trip: int  # The trip that the residency serves.
    latency: float  # Seconds left before the first byte moves.
    bytes: float  # Bytes left.


class Channels:
    """The two copy channels: each first in, first out."""

    def __init__(self, machine):
        self.machine = machine
        self.queues = {"in": deque(), "out": deque()}

    def issue(self, direction, residency, trip, size):
        self.queues[direction].append(
            Copy(residency, trip, self.machine.copy_latency, size)
        )

    def is_under_way(self, direction, copy):
        return any(other is copy for other in self.queues[direction])

    def next_event(self, spare):
        """Bytes per second of each flowing copy, and seconds until the first
        head has passed its latency or is complete."""
        heads = [queue[0] for queue in self.queues.values() if queue]
        flowing = sum(copy.latency == 0 for copy in heads)
        rate = min(self.machine.copy_bandwidth, spare / max(1, flowing))
        until = [
            copy.latency or (copy.bytes / rate if rate > 0 else math.inf)
            for copy in heads
        ]
        return rate, min(until, default=math.inf)

    def progress(self, seconds, rate):
        """Lets the heads progress for so long that none passes an event."""
        for queue in self.queues.values():
            if not queue:
                continue
            head = queue[0]
            if head.latency > 0:
                head.latency = max(0.0, head.latency - seconds)
                if head.latency < 1e-12 * self.machine.copy_latency:
                    head.latency = 0.0
                continue
            size = max(head.bytes, 1e-300)
            head.bytes -= rate * seconds
            if head.bytes <= 1e-12 * size:
                queue.popleft()

    def advance(self, seconds, spare):
        """Lets copies progress while a step runs that leaves `spare` bytes per
        second of slow memory."""
        while seconds > 0 and any(self.queues.values()):
            rate, event = self.next_event(spare)
            passed = min(event, seconds)
            self.progress(passed, rate)
            seconds -= passed

    def wait(self, direction, copies):
        """Waits until all of `copies` are complete; the seconds that it took."""
        seconds = 0.0
        while any(self.is_under_way(direction, copy) for copy in copies):
            rate, event = self.next_event(self.machine.slow_bandwidth)
            self.progress(event, rate)
            seconds += event
        return seconds


class Execution:
    """A program under a plan, trip after trip; copies under way stay so from
    one trip to the next. A program that is no body makes one trip."""

    def __init__(self, machine, program, plan):
        self.machine = machine
        self.program, self.plan = program.in_order_of(plan)
        self.count = len(self.program.steps)
        self.own = [r.of_own_trip(self.count) for r in self.plan.residencies]
        self.channels = Channels(machine)
        self.stalls = defaultdict(float)

    def crosses_trips(self):
        return any(
            r.is_ahead(self.count) or (r.copied_out and r.done > self.count)
            for r in self.plan.residencies
        )

    def numbered(self):
        return enumerate(self.plan.residencies)

    def issue(self, direction, k, trip):
        size = self.program.values[self.plan.residencies[k].value].size
        self.channels.issue(direction, k, trip, size)

    def wait(self, direction, awaited):
        """Waits for copies, pairs of residency and trip. The one that ends the
        wait is charged with it."""
        pending = [
            copy
            for copy in self.channels.queues[direction]
            if (copy.residency, copy.trip) in awaited
        ]
        if not pending:
            return 0.0
        seconds = self.channels.wait(direction, pending)
        self.stalls[pending[-1].residency, direction] += seconds
        return seconds

    def begin(self):
        """Before the first trip: what it needs that is copied a trip ahead."""
        for k, r in self.numbered():
            if r.is_ahead(self.count):
                self.issue("in", k, 0)

    def boundary(self, i, trip, is_last):
        """The copies of boundary i, which issues and awaits. Boundary 0 of a
        trip after the first is also the last boundary of the trip before, whose
        copies out it does not await again."""
        n = self.count
        for k, r in enumerate(self.own):
            if r.copied_out and r.copied_after + 1 == i:
                self.issue("out", k, trip)
        awaited = {
            (k, trip) for k, r in enumerate(self.own) if r.copied_out and r.done == i
        }
        if i > 0:
            awaited |= {
                (k, trip - 1)
                for k, r in enumerate(self.own)
                if r.copied_out and r.done == n + i
            }
        seconds = self.wait("out", awaited)
        if i == n:
            return seconds
        for k, r in self.numbered():
            if r.copied_in and r.issue == i and not (is_last and r.is_ahead(n)):
                self.issue("in", k, trip + r.is_ahead(n))
        awaited = {
            (k, trip)
            for k, r in self.numbered()
            if r.copied_in and r.ready in (i, i + n)
        }
        return seconds + self.wait("in", awaited)

    def finish(self):
        """After the last trip: copies out that are still under way."""
        queue = self.channels.queues["out"]
        return self.wait("out", {(copy.residency, copy.trip) for copy in queue})

    def bytes_of(self, i):
        """Bytes of the accesses of step i in slow and in fast memory."""
        slow = fast = 0
        for access in self.program.steps[i].accesses:
            if any(
                r.value == access.value and r.serves(i, self.count)
                for r in self.plan.residencies
            ):
                fast += access.bytes
            else:
                slow += access.bytes
        return slow, fast

    def step(self, i):
        """Runs step i. Its seconds, and bytes that it moves to or from slow
        memory."""
        step, m = self.program.steps[i], self.machine
        slow, fast = self.bytes_of(i)
        compute, busy = step.compute, m.busy_seconds(slow, fast)
        channels_are_free = True
        if step.body:
            inner = self.plan.of_loop(i, step.body)
            seconds, moved = loop_cost(m, step, inner)
            compute += seconds
            slow += moved
            busy = max(busy, slow / m.slow_bandwidth)
            channels_are_free = inner.num_copies() == 0
        seconds = m.overhead + max(compute, busy)
        if seconds > 0 and channels_are_free:
            self.channels.advance(seconds, max(0.0, m.slow_bandwidth - slow / seconds))
        return seconds, slow

    def trip(self, trip, is_last):
        """Times of the steps, waits around them, and bytes of slow memory."""
        if trip == 0:
            self.begin()
        times, waits, slow_bytes = [], [], 0
        for i in range(self.count):
            waits.append(self.boundary(i, trip, is_last))
            seconds, moved = self.step(i)
            times.append(seconds)
            slow_bytes += moved
        waits.append(self.boundary(self.count, trip, is_last))
        if is_last:
            waits[-1] += self.finish()
        return times, waits, slow_bytes

    def copied_bytes(self):
        """Bytes that the copies of one trip move."""
        return sum(
            self.program.values[r.value].size * (r.copied_in + r.copied_out)
            for r in self.plan.residencies
        )


def loop_cost(machine, step, plan):
    """Seconds of all trips of a loop, and bytes that they move to or from slow
    memory. Without copies across trips every trip is the first one again. With
    them, trips 0, 1, 2 and the last are run, and those between cost what trip 2
    costs."""
    execution = Execution(machine, step.body, plan)
    copied = execution.copied_bytes()
    if not execution.crosses_trips():
        times, waits, slow = execution.trip(0, True)
        seconds = math.fsum(times) + math.fsum(waits)
        return step.trips * seconds, step.trips * (slow + copied)
    total, run = 0.0, min(step.trips, 4)
    for trip in range(run):
        times, waits, slow = execution.trip(trip, trip == run - 1)
        repeats = max(1, step.trips - 3) if trip == 2 else 1
        total += repeats * (math.fsum(times) + math.fsum(waits))
    return total, step.trips * (slow + copied)


def simulate(instance, plan):
    """What a valid plan costs. It is not checked here."""
    execution = Execution(instance.machine, instance.program, plan)
    times, waits, slow = execution.trip(0, True)
    return Outcome(
        latency=math.fsum(times) + math.fsum(waits),
        times=times,
        waits=waits,
        stalls=dict(execution.stalls),
        slow_bytes=slow + execution.copied_bytes(),
        copies=plan.num_copies(),
    )


def ideal(instance):
    """The latency with every access in fast memory, but for those that have to
    be slow, without copies and without a capacity. No plan is faster."""
    return ideal_of(instance.machine, instance.program)


def ideal_of(machine, program):
    total = 0.0
    for step in program.steps:
        slow = fast = 0
        for access in step.accesses:
            if "slow" in (access.space, program.values[access.value].space):
                slow += access.bytes
            else:
                fast += access.bytes
        compute = step.compute
        if step.body:
            compute += step.trips * ideal_of(machine, step.body)
        total += machine.overhead + max(compute, machine.busy_seconds(slow, fast))
    return total
