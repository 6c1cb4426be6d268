#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executable model on cases with answers worked out by hand, and on random
loops, which have to mean the same as their trips written out.

Slow memory moves 10 bytes per second, fast memory 100, copies 10 after a
latency of 1 s, unless a case says otherwise.
"""

import json
import random
import unittest

from placement import (
    Access,
    Instance,
    Machine,
    Plan,
    Program,
    Residency,
    Step,
    Value,
    check_instance,
    ideal,
    simulate,
    verify,
)


def machine(**changes):
    figures = {
        "capacity": 100,
        "alignment": 10,
        "fast_bandwidth": 100.0,
        "slow_bandwidth": 10.0,
        "copy_bandwidth": 10.0,
        "copy_latency": 1.0,
    }
    return Machine(**{**figures, **changes})


def program(values, steps, order="fixed"):
    """Values by name, size, kind; steps by seconds and accesses."""
    made = [
        Step(f"s{i}", seconds, [Access(*access) for access in accesses])
        for i, (seconds, accesses) in enumerate(steps)
    ]
    return Program([Value(*value) for value in values], made, order)


def loop_of(body, trips, **changes):
    outer = Program([], [Step("loop", 0, trips=trips, body=body)])
    return Instance("loop", machine(**changes), outer)


def body_plan(*residencies, capacity=100):
    return Plan("loop", [], {0: Plan("", list(residencies), capacity=capacity)})


class Case(unittest.TestCase):
    def latency(self, instance, plan, seconds):
        self.assertEqual(check_instance(instance), [])
        self.assertEqual([str(x) for x in verify(instance, plan)], [])
        self.assertAlmostEqual(simulate(instance, plan).latency, seconds, 9)

    def broken(self, instance, plan, *rules):
        found = {x.rule for x in verify(instance, plan)}
        self.assertEqual(sorted(found), sorted(rules))


class Instances(Case):
    def test_times_that_no_double_holds(self):
        long, body = (1e308, []), program([], [(1e300, [])])
        for instance in (Instance("p", machine(), program([], [long, long])), loop_of(body, 2**62)):
            self.assertEqual(check_instance(instance), ["the latency of slow memory alone is finite"])
        self.assertEqual(check_instance(Instance("p", machine(), program([], [long]))), [])


class Copies(Case):
    def setUp(self):
        steps = [(8, []), (2, [(0, 50)])]
        self.weights = Instance("w", machine(), program([("w", 50, "input")], steps))

    def test_slow_memory(self):
        self.latency(self.weights, Plan("w"), 8 + 50 / 10)
        self.assertEqual(ideal(self.weights), 8 + 2)

    def test_a_copy_is_hidden_behind_a_step(self):
        plan = Plan("w", [Residency(0, 0, 1, issue=0, ready=1)])
        self.latency(self.weights, plan, 8 + 2)

    def test_a_late_copy_is_waited_for(self):
        plan = Plan("w", [Residency(0, 0, 1, issue=1, ready=1)])
        self.latency(self.weights, plan, 8 + (1 + 5) + 2)
        self.assertEqual(simulate(self.weights, plan).stalls, {(0, "in"): 6.0})

    def test_a_copy_gets_what_the_step_leaves(self):
        # After 1 s of latency 3 s at 10 - 20 / 4 bytes per second; 35 are left.
        values = [("w", 50, "input"), ("x", 20, "input")]
        steps = [(4, [(1, 20)]), (2, [(0, 50)])]
        shared = Instance("s", machine(), program(values, steps))
        plan = Plan("s", [Residency(0, 0, 1, issue=0, ready=1)])
        self.latency(shared, plan, 4 + 3.5 + 2)

    def test_channels_share_slow_memory(self):
        # Both flow from the second second on, at 5 bytes per second each.
        values = [("a", 20, "output"), ("w", 20, "input")]
        steps = [(1, [(0, 20, "write")]), (4, []), (1, [(1, 20)])]
        both = Instance("b", machine(), program(values, steps))
        out = Residency(0, 0, 0, write=0, done=3)
        coming = Residency(1, 20, 2, issue=1, ready=2)
        self.latency(both, Plan("b", [out, coming]), 1 + (4 + 1) + 1)

    def test_copies_of_a_channel_take_turns(self):
        values = [("a", 20, "input"), ("b", 20, "input")]
        steps = [(0, [(0, 20), (1, 20)])]
        two = Instance("t", machine(), program(values, steps))
        a = Residency(0, 0, 0, issue=0, ready=0)
        b = Residency(1, 20, 0, issue=0, ready=0)
        self.latency(two, Plan("t", [a, b]), 2 * (1 + 2) + 40 / 100)

    def test_an_early_copy_out(self):
        steps = [(1, [(0, 20, "write")]), (5, []), (1, [(0, 20)])]
        early = Instance("e", machine(), program([("a", 20, "output")], steps))
        late_back = Residency(0, 0, 2, write=0, done=3)
        self.latency(early, Plan("e", [late_back]), 1 + 5 + 1 + 3)
        early_back = Residency(0, 0, 2, write=0, done=3, back=0)
        self.latency(early, Plan("e", [early_back]), 1 + 5 + 1)

    def test_kept_from_run_to_run(self):
        steps = [(2, [(0, 50)]), (8, [])]
        kept = Instance(
            "k", machine(max_carried=1), program([("w", 50, "input")], steps)
        )
        self.latency(kept, Plan("k", [Residency(0, 0, 1, carried=True)]), 10)
        self.broken(kept, Plan("k", [Residency(0, 0, 0, carried=True)]), "V10")


class Rules(Case):
    def setUp(self):
        values = [("t", 30, "temporary"), ("o", 30, "output"), ("w", 60, "input")]
        steps = [
            (1, [(0, 30, "write")]),
            (1, [(0, 30), (1, 30, "write")]),
            (1, [(2, 60), (1, 30, "update")]),
        ]
        self.instance = Instance("r", machine(), program(values, steps))

    def rules(self, residencies, *rules):
        self.broken(self.instance, Plan("r", residencies), *rules)

    def test_each_rule(self):
        t = Residency(0, 0, 1, write=0)
        self.rules([], *[])
        self.rules([t], *[])
        self.rules([t, Residency(2, 20, 2, issue=1, ready=2)], "V1")
        self.rules([Residency(0, 80, 1, write=0)], "V2")
        self.rules([Residency(0, 5, 1, write=0)], "V2")
        self.rules([Residency(0, 0, 0, write=0)], "V3")
        self.rules([Residency(0, 0, 1, issue=0, ready=0)], "V3")
        self.rules([Residency(1, 0, 2, write=2, done=3)], "V4")
        self.rules([Residency(1, 0, 2, write=1, done=3, back=1)], "V4")
        self.rules([Residency(1, 0, 2, write=1)], "V5")
        twice = [Residency(2, x, 2, issue=x // 60, ready=2) for x in (0, 60)]
        self.rules(twice, "V2", "V8")
        self.rules([Residency(2, 0, 3, issue=0, ready=2)], "V9")
        self.rules([Residency(7, 0, 2, write=0)], "V9")
        self.rules([Residency(2, 0, 2, issue=0.5, ready=2)], "V9")

    def test_pins(self):
        self.instance.program.values[0].space = "slow"
        self.instance.program.steps[2].accesses[0].space = "fast"
        self.rules([], "V6")
        self.rules([Residency(2, 0, 2, issue=0, ready=2)], *[])

    def test_copies_in_flight(self):
        self.instance.machine.max_in = 1
        self.rules([Residency(2, 0, 2, issue=0, ready=2)], *[])
        values = [("a", 20, "input"), ("b", 20, "input")]
        steps = [(0, []), (0, [(0, 20), (1, 20)])]
        two = Instance("t", machine(max_in=1), program(values, steps))
        a = Residency(0, 0, 1, issue=0, ready=1)
        b = Residency(1, 20, 1, issue=1, ready=1)
        self.broken(two, Plan("t", [a, b]), "V7")

    def test_reserved_bytes(self):
        self.instance.program.steps[1].reserved = 35
        self.rules([Residency(0, 30, 1, write=0)], "V1")
        self.rules([Residency(0, 40, 1, write=0)], *[])

    def test_a_residency_that_meets_another_is_reported_once(self):
        residencies = [Residency(2, 0, 2, issue=k, ready=2) for k in (0, 1, 2)]
        found = verify(self.instance, Plan("r", residencies))
        self.assertEqual(sum(x.rule == "V8" for x in found), 2)


class Orders(Case):
    def setUp(self):
        values = [("w", 50, "input"), ("t", 10, "temporary")]
        steps = [(2, [(0, 50), (1, 10, "write")]), (8, []), (1, [(1, 10)])]
        self.free = Instance("f", machine(), program(values, steps, "free"))

    def test_a_step_that_hides_a_copy_runs_first(self):
        copy = Residency(0, 0, 1, issue=0, ready=1)
        t = Residency(1, 50, 2, write=1)
        plan = Plan("f", [copy, t], order=[1, 0, 2])
        self.latency(self.free, plan, 8 + 2 + 1)
        again = Plan.load(json.loads(json.dumps(plan.save())))
        self.assertEqual(again, plan)

    def test_dependences_and_permutations(self):
        for order in ([1, 2, 0], [1, 0], [0, 0, 1], [0, 1, "2"]):
            self.broken(self.free, Plan("f", order=order), "V11")
        self.free.program.steps[1].after = [0]
        self.broken(self.free, Plan("f", order=[1, 0, 2]), "V11")
        self.free.program.order = "fixed"
        self.broken(self.free, Plan("f", order=[0, 2, 1]), "V11")


class Loops(Case):
    def test_one_slow_memory_for_body_and_loop(self):
        values, steps = [("x", 20)], [(1, [(0, 20, "write")]), (1, [(0, 20)])]
        loop = loop_of(program(values, steps), 3)
        loop.program.values = [Value("w", 20, "input")]
        loop.program.steps[0].accesses = [Access(0, 40)]
        self.latency(loop, Plan("loop"), (40 + 3 * 40) / 10)
        plan = body_plan(Residency(0, 0, 1, write=0), capacity=20)
        self.latency(loop, plan, 3 * 2)
        again = Instance.load(json.loads(json.dumps(loop.save())))
        self.assertEqual(again, loop)

    def test_the_next_slice_comes_in_during_this_one(self):
        body = program([("x", 40, "input", None, True)], [(2, [(0, 40)])])
        ahead = Residency(0, 0, 1, issue=0, ready=1, offset2=40)
        # The first copy is waited for, 1 + 4 s; later ones for 3 s each.
        for trips, seconds in ((1, 7), (2, 12), (3, 17), (10, 52)):
            loop = loop_of(body, trips)
            self.latency(loop, body_plan(ahead, capacity=80), seconds)
        one = Residency(0, 0, 1, issue=0, ready=1)
        self.broken(loop, body_plan(one), "V8")
        near = Residency(0, 0, 1, issue=0, ready=1, offset2=30)
        self.broken(loop, body_plan(near), "V8")
        body.values[0].streamed = None
        self.broken(loop, body_plan(ahead), "V9")

    def test_one_place_is_enough_where_it_is_free(self):
        values = [("x", 40, "input", None, True), ("t", 40)]
        steps = [(2, [(0, 40), (1, 40, "write")]), (6, [(1, 40)])]
        loop = loop_of(program(values, steps), 3)
        x = Residency(0, 0, 2, issue=1, ready=2)
        t = Residency(1, 40, 1, write=0)
        self.latency(loop, body_plan(x, t, capacity=80), 5 + 3 * 8)
        t.offset = 0
        self.broken(loop, body_plan(x, t), "V1")

    def test_copies_out_into_the_next_trip(self):
        steps = [(5, [(0, 20, "write")])]
        body = program([("y", 20, "output", None, True)], steps)
        loop = loop_of(body, 3)
        y = Residency(0, 0, 0, write=0, done=2, offset2=20)
        self.latency(loop, body_plan(y, capacity=40), 3 * 5 + 3)
        y.done = 1
        self.latency(loop, body_plan(y, capacity=40), 3 * (5 + 3))
        y.done = 3
        self.broken(loop, body_plan(y), "V9")
        y.done, loop.machine.max_out = 2, 1
        self.broken(loop, body_plan(y), "V7")


class RandomLoop:
    """A loop with copies across trips, and its trips written out."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pick = self.random.choice
        self.count = self.random.randint(1, 4)
        self.machine = machine(
            copy_bandwidth=pick([5.0, 10.0, 20.0]),
            copy_latency=pick([0, 0.5, 1.0]),
            max_in=pick([0, 0, 1, 2]),
            max_out=pick([0, 0, 1, 2]),
        )
        self.body = Program([], [])
        for i in range(self.count):
            self.body.steps.append(Step(f"s{i}", pick([0, 1, 2, 5])))
        kinds = [("input", 3), ("output", 2), ("inout", 2), ("temporary", 1)]
        for kind, most in kinds if seed % 3 else [("inout", 1)]:
            for _ in range(self.random.randint(kind == "input", most)):
                self.add_value(kind)
        self.residencies = []
        for v in range(len(self.body.values)):
            if self.random.random() < 0.75:
                self.residencies.append(self.residency(v))
        self.random.shuffle(self.residencies)

    def add_value(self, kind):
        v = len(self.body.values)
        streamed = None if kind == "temporary" else True
        size = self.random.choice([10, 20, 30])
        self.body.values.append(Value(f"{kind}{v}", size, kind, None, streamed))
        steps = sorted(
            self.random.sample(range(self.count), self.random.randint(1, self.count))
        )
        for k, i in enumerate(steps):
            mode = "write" if kind != "input" and k == 0 else "read"
            if kind == "inout":
                mode = self.random.choice(["read", "write", "update"])
            self.body.steps[i].accesses.append(Access(v, size, mode))

    def residency(self, v):
        value, n = self.body.values[v], self.count
        r = Residency(v, 10 * self.random.randrange(8), 0)
        if self.random.random() < 0.6:
            r.offset2 = 10 * self.random.randrange(8)
        if value.is_input:
            ahead = self.random.random() < 0.7
            r.issue = self.random.randrange(n)
            first = n if ahead else r.issue
            r.ready = self.random.randint(first, (2 if ahead else 1) * n - 1)
            r.last = self.random.randint(r.ready, (2 if ahead else 1) * n - 1)
            if value.is_output and self.random.random() < 0.8:
                r.back = self.random.randint(r.ready, r.last)
                r.done = self.random.randint(r.back + 1, (3 if ahead else 2) * n)
            return r
        r.write = next(
            i
            for i, step in enumerate(self.body.steps)
            if any(a.value == v and a.writes for a in step.accesses)
        )
        r.last = self.random.randint(r.write, n - 1)
        if value.kind == "output":
            r.back = self.random.randint(r.write, r.last)
            r.done = self.random.randint(r.back + 1, 2 * n)
        return r

    def loop(self, trips):
        step = Step("loop", 0, trips=trips, body=self.body)
        return Instance("loop", self.machine, Program([], [step]))

    def plan(self):
        return body_plan(*self.residencies)

    def written_out(self, trips):
        """The trips as one program, with the plan of all of them. Every trip has
        its own values; copies that one boundary issues keep the plan's order."""
        n, size = self.count, len(self.body.values)
        whole = Program([], [])
        for t in range(trips):
            for value in self.body.values:
                name = f"{value.name}.{t}"
                whole.values.append(Value(name, value.size, value.kind))
            for step in self.body.steps:
                accesses = [
                    Access(t * size + a.value, a.bytes, a.mode) for a in step.accesses
                ]
                whole.steps.append(Step(f"{step.name}.{t}", step.compute, accesses))
        plan = Plan("loop")
        for r in self.residencies:
            if r.copied_in and r.ready >= n:
                first = Residency(r.value, r.offset, r.last - n, issue=0)
                first.ready = r.ready - n
                if r.copied_out:
                    first.done = min(trips * n, r.done - n)
                    first.back = r.copied_after - n
                plan.residencies.append(first)
        for t in range(trips):
            plan.residencies += self.of_trip(t, trips)
        return Instance("loop", self.machine, whole), plan

    def of_trip(self, t, trips):
        n, size = self.count, len(self.body.values)
        for r in self.residencies:
            ahead = r.copied_in and r.ready >= n
            served = t + ahead  # The trip whose contents it holds.
            if served == trips:
                continue
            made = Residency(
                served * size + r.value,
                r.offsets[served % len(r.offsets)],
                t * n + r.last,
            )
            for name in ("write", "issue", "ready", "back"):
                if getattr(r, name) is not None:
                    setattr(made, name, t * n + getattr(r, name))
            if r.copied_out:
                made.done = min(trips * n, t * n + r.done)
            yield made


class WrittenOut(Case):
    """Loops are valid where their trips written out are, and cost the same."""

    def test_random_loops(self):
        valid = through = 0
        for seed in range(3000):
            made = RandomLoop(seed)
            loop, plan = made.loop(1), made.plan()
            self.assertEqual(check_instance(loop), [])
            five = verify(*made.written_out(5))
            if verify(loop, plan):
                self.assertNotEqual(five, [], f"seed {seed}")
                continue
            valid += 1
            through += any(r.is_ahead(made.count) and r.done for r in made.residencies)
            self.assertEqual(five, [], f"seed {seed}")
            for trips in (1, 2, 3, 4, 7):
                loop = made.loop(trips)
                outcome = simulate(loop, plan)
                expected = simulate(*made.written_out(trips))
                self.assertEqual(outcome.slow_bytes, expected.slow_bytes)
                if trips <= 4:
                    self.assertAlmostEqual(outcome.latency, expected.latency, 9)
        self.assertGreater(valid, 200)
        self.assertGreater(through, 15)  # Copied in ahead, and out again.


if __name__ == "__main__":
    unittest.main()
