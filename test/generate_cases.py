#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the cases on which simulator and verifier must equal the model.

    generate_cases.py test/data/agreement.jsonl.gz

The model is test/reference, docs/Problem.md as an executable. The same version
of Python and of the model gives the same bytes: the seed is fixed.

One case per line. `instance` and `plan` are JSON texts in a string. What the
model says: `found`, the violations, each [rule, value, step] with -1 where it
names none, and those of V11 once; `ideal`; and unless V9 or V11 is broken, what
simulate() returns. A case
with `unreadable` has a plan that does not follow the schema to the letter. The
model may say V9, or take it; ours must refuse it.

Half of the plans are valid: residencies are inserted at random, and kept if
the model's verifier is content. The others are mostly valid plans with one
thing changed, chosen so that every rule is broken often, and often alone.
"""

import argparse
import collections
import copy
import gzip
import json
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference"))
import placement as model  # noqa: E402

VALID_CASES = 2000
# Cases per set of rules that is broken alone, or together with others.
ALONE, TOGETHER = 120, 5
ROUNDS = 40000

KINDS = ("input", "input", "temporary", "temporary", "output", "inout")
MODES = ("read", "read", "write", "update")


class Generator:
    """Random instances, plans and changes to them."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, probability):
        return self.random.random() < probability

    def one_in(self, count, value, otherwise):
        return value if self.random.randrange(count) == 0 else otherwise

    # ------------------------------------------------------------ instances

    def machine(self):
        pick = self.random.choice
        unit, slow = pick([(1, 10.0), (10, 10.0), (7, 3.0), (4096, 819e9)])
        second = 2 * unit / slow
        return model.Machine(
            capacity=unit * self.random.randint(0, 12),
            alignment=unit,
            fast_bandwidth=slow * pick([1, 3, 10, 22]),
            slow_bandwidth=slow,
            copy_bandwidth=slow * pick([0.3, 1, 1, 1, 4]),
            copy_latency=second * pick([0, 0.1, 0.5, 1]),
            max_in=pick([0, 0, 1, 2]),
            max_out=pick([0, 0, 1, 2]),
            overhead=second * pick([0, 0, 0.25]),
            max_carried=pick([0, 0, 1, 2]),
        )

    def constraint(self):
        if not self.chance(0.06):
            return None
        return self.random.choice(["slow", "slow", "fast"])

    def value(self, name, unit):
        size = unit * self.random.randint(1, 5)
        if self.chance(0.3):  # Not all are multiples of the alignment.
            size -= self.random.randrange(unit)
        if self.chance(0.05):
            size = 0
        kind = self.random.choice(KINDS)
        return model.Value(name, size, kind, self.constraint())

    def access(self, values, written, inner):
        v = self.random.randrange(len(values))
        size = values[v].size
        nbytes = self.random.choice([size] * 6 + [0, size // 3, 3 * size + 1])
        mode = self.random.choice(MODES)
        if inner and values[v].kind == "input":
            mode = "read"
        elif v not in written:
            mode = "write"
        space = self.constraint()
        if space and values[v].space:
            space = values[v].space
        return model.Access(v, nbytes, mode, space)

    def program(self, machine, depth):
        unit = machine.alignment
        count = self.one_in(30, 0, self.random.randint(1, 6))
        values = [self.value(f"v{k}", unit) for k in range(count)]
        written = {
            v for v, x in enumerate(values) if x.kind in ("input", "inout")
        }
        most = 8 if depth == 0 else 4
        second = 2 * unit / machine.slow_bandwidth
        steps = []
        for i in range(self.random.randint(0 if self.chance(0.1) else 2, most)):
            compute = second * self.one_in(4, 0, 3 * self.random.random())
            step = model.Step(f"s{i}", compute)
            for _ in range(self.random.randint(0, 4) if values else 0):
                step.accesses.append(self.access(values, written, depth > 0))
            written |= {a.value for a in step.accesses if a.writes}
            if self.chance(0.1):
                step.reserved = self.random.randint(0, machine.capacity // 2)
            if depth < 2 and self.chance(0.2):
                step.trips = self.random.randint(1, 6)
                step.body = self.program(machine, depth + 1)
            if i and self.chance(0.15):
                step.after = sorted(
                    self.random.sample(range(i), self.random.randint(1, min(i, 2)))
                )
            steps.append(step)
        for v, value in enumerate(values):
            if value.kind == "output" and v not in written:
                value.kind = "temporary"
            if depth and value.kind != "temporary" and self.chance(0.7):
                value.streamed = True
        return model.Program(values, steps, "free" if self.chance(0.5) else "fixed")

    def instance(self, name):
        machine = self.machine()
        result = model.Instance(name, machine, self.program(machine, 0))
        assert not model.check_instance(result)
        return result

    # ---------------------------------------------------------------- plans

    def order_of(self, program):
        """An order of the steps that keeps all dependencies."""
        before = program.dependences()
        left, order = list(range(len(program.steps))), []
        while left:
            ready = [j for j in left if not any(i in left for i, k in before if k == j)]
            order.append(self.random.choice(ready))
            left.remove(order[-1])
        return order

    def in_order(self, instance, plan):
        """The instance as residencies of the plan speak of it."""
        program, _ = instance.program.in_order_of(plan)
        return model.Instance(instance.name, instance.machine, program)

    def use(self, instance, v):
        uses = [
            i
            for i, s in enumerate(instance.program.steps)
            if any(a.value == v for a in s.accesses)
        ]
        if not uses or self.chance(0.1):
            return self.random.randrange(len(instance.program.steps))
        return self.random.choice(uses)

    def near(self, low, high):
        return self.random.randint(
            low, min(low + 2, high) if self.chance(0.7) else high
        )

    def residency(self, instance, capacity):
        m, n = instance.machine, len(instance.program.steps)
        v = self.random.randrange(len(instance.program.values))
        first, last = sorted([self.use(instance, v), self.use(instance, v)])
        r = model.Residency(v, 0, last)
        begin = self.random.randrange(5 if m.max_carried else 4)
        if begin < 2:
            r.write = first
        elif begin < 4:
            r.ready, r.issue = first, first - self.near(0, first)
        else:
            r.carried = True
            r.last = self.one_in(3, last, n - 1)
        if self.chance(0.5):
            if self.chance(0.4):
                r.back = self.random.randint(r.first, r.last)
            r.done = self.near(r.copied_after + 1, n)
        value = instance.program.values[v]
        if value.streamed and self.chance(0.7):
            self.reach_across(r, value, n)
        room = capacity - m.round_up(value.size)
        offset = lambda: m.alignment * self.random.randint(
            0, max(0, room // m.alignment)
        )
        r.offset = offset()
        if value.streamed and self.chance(0.5):
            r.offset2 = offset()
        return r

    def reach_across(self, r, value, n):
        """Copies a slice one trip ahead, or out into the next trip."""
        if value.is_input and (not value.is_output or self.chance(0.6)):
            r.write = r.carried = r.done = r.back = None
            r.issue = self.random.randrange(n)
            r.ready = self.random.randint(n, n + r.last)
            r.last += n
            if value.is_output and self.chance(0.9):
                r.done = self.near(r.last + 1, 3 * n)
        elif r.last < n:
            r.done = self.near(n + 1, 2 * n)

    def plan(self, instance, capacity, attempts=30, is_body=False):
        """A plan that is no worse than the empty one, usually valid."""
        plan = model.Plan(instance.name)
        if instance.program.order == "free" and self.chance(0.8):
            plan.order = self.order_of(instance.program)
        elif self.chance(0.05):
            plan.order = list(range(len(instance.program.steps)))
        for i, s in enumerate(instance.program.steps):
            if s.body and self.chance(0.65):
                unit = instance.machine.alignment
                room = unit * self.random.randint(0, capacity // unit)
                if self.chance(0.1):  # Need not be a multiple of it.
                    room -= self.random.randint(0, min(room, unit - 1))
                body = model.Instance("", instance.machine, s.body)
                inner = self.plan(body, room, attempts // 2, True)
                inner.capacity = room
                self.keep_if_no_worse(
                    instance,
                    plan,
                    capacity,
                    lambda p: p.loops.update({i: inner}),
                    is_body,
                )
        if not instance.program.steps or not instance.program.values:
            return plan
        for _ in range(attempts):
            r = self.residency(self.in_order(instance, plan), capacity)
            at = self.random.randint(0, len(plan.residencies))
            self.keep_if_no_worse(
                instance,
                plan,
                capacity,
                lambda p: p.residencies.insert(at, r),
                is_body,
            )
        return plan

    def keep_if_no_worse(self, instance, plan, capacity, change, is_body):
        changed = model.Plan(
            plan.instance,
            list(plan.residencies),
            dict(plan.loops),
            order=plan.order,
        )
        change(changed)
        broken = lambda p: len(
            model.verify_program(
                instance.machine, instance.program, p, capacity, (0, 0), is_body
            )
        )
        if broken(changed) <= broken(plan):
            plan.residencies, plan.loops = changed.residencies, changed.loops

    # -------------------------------------------------------------- changes

    def change(self, instance, plan):
        """Copies of both with one thing changed; None if it cannot be."""
        instance, plan = copy.deepcopy(instance), copy.deepcopy(plan)
        # Mostly the outermost program, sometimes the body of a loop.
        program, part = instance.program, plan
        while part.loops and self.chance(0.3):
            i = self.random.choice(sorted(part.loops))
            program, part = program.steps[i].body, part.loops[i]
        if not program.values or not program.steps:
            changes = [self.change_loops]
        else:
            changes = self.changes()
        where = model.Instance(instance.name, instance.machine, program)
        self.random.choice(changes)(where, part)
        if model.check_instance(instance):
            return None
        return instance, plan

    def changes(self):
        return [self.change_field] * 8 + [
            self.drop,
            self.repeat,
            self.swap_offsets,
            self.change_constraint,
            self.change_order,
            self.change_order,
            self.change_program,
            self.change_limit,
            self.change_loops,
            self.change_streamed,
            self.add_any,
            self.carry,
        ]

    def any_residency(self, plan):
        if not plan.residencies:
            return None
        return self.random.choice(plan.residencies)

    def change_field(self, instance, plan):
        r = self.any_residency(plan)
        if not r:
            return
        names = ["offset", "last"]
        names += [
            x
            for x in ("write", "issue", "ready", "done", "back", "offset2")
            if getattr(r, x) is not None
        ]
        if self.chance(0.1):
            names = ["value", "done", "back", "write", "issue", "offset2"]
        name = self.random.choice(names)
        unit = instance.machine.alignment if name.startswith("offset") else 1
        old = getattr(r, name) or 0
        new = old + self.random.choice([-unit, unit, 1, 2 * unit])
        if self.chance(0.1):
            new = self.random.choice([0, 1, 7, 100, 2**31 - 1])
        setattr(r, name, new)

    def drop(self, instance, plan):
        if plan.residencies:
            del plan.residencies[self.random.randrange(len(plan.residencies))]

    def repeat(self, instance, plan):
        r = copy.copy(self.any_residency(plan))
        if r and self.chance(0.9):
            r.offset += instance.machine.round_up(instance.program.values[r.value].size)
            if r.offset >= instance.machine.capacity:
                r.offset = 0
        if r:
            plan.residencies.append(r)

    def swap_offsets(self, instance, plan):
        a, b = self.any_residency(plan), self.any_residency(plan)
        if a:
            a.offset, b.offset = b.offset, a.offset

    def change_constraint(self, instance, plan):
        accesses = [a for s in instance.program.steps for a in s.accesses]
        target = self.random.choice(accesses + instance.program.values)
        target.space = self.random.choice(["slow", "fast"])

    def change_order(self, instance, plan):
        steps = instance.program.steps
        n = len(steps)
        order = list(plan.order or range(n))
        i, j = self.random.randrange(n), self.random.randrange(n)
        kind = self.random.randrange(8)
        if kind < 2:
            order[i], order[j] = order[j], order[i]
        elif kind < 4:
            order.insert(j, order.pop(i))
        elif kind == 4:
            del order[i]
        elif kind == 5:
            order[i] = self.random.choice([-1, n, 2**31 - 1, order[j]])
        elif kind == 6:
            program = instance.program
            program.order = "fixed" if program.order == "free" else "free"
        elif i < j and i not in steps[j].after:
            steps[j].after.append(i)
        plan.order = order

    def change_program(self, instance, plan):
        for _ in range(2):
            if self.chance(0.5):
                self.random.choice(instance.program.values).kind = self.random.choice(KINDS)
                continue
            step = self.random.choice(instance.program.steps)
            if step.accesses:
                self.random.choice(step.accesses).mode = self.random.choice(MODES)
            if self.chance(0.2):
                step.reserved = self.random.randint(0, instance.machine.capacity)

    def change_limit(self, instance, plan):
        m = instance.machine
        name = self.random.choice(["max_in", "max_out", "max_carried", "capacity"])
        if name == "capacity":
            m.capacity = max(0, m.capacity - m.alignment)
        elif name == "max_carried":
            m.max_carried = max(0, m.max_carried - 1)
        else:
            setattr(m, name, 1)

    def change_loops(self, instance, plan):
        if self.chance(0.3):
            plan.loops[self.random.randint(0, len(instance.program.steps))] = (
                model.Plan()
            )
        elif plan.loops:
            inner = plan.loops[self.random.choice(sorted(plan.loops))]
            unit = instance.machine.alignment
            inner.capacity = max(
                0, inner.capacity + unit * self.random.choice([-1, 1, 20])
            )

    def change_streamed(self, instance, plan):
        """Of the program, which may be that of a body."""
        value = self.random.choice(instance.program.values)
        if value.kind != "temporary":
            value.streamed = None if value.streamed else True

    def add_any(self, instance, plan):
        plan.residencies.append(
            self.residency(self.in_order(instance, plan), instance.machine.capacity)
        )

    def carry(self, instance, plan):
        r = self.residency(self.in_order(instance, plan), instance.machine.capacity)
        r.write = r.issue = r.ready = r.done = r.back = None
        r.carried = True
        plan.residencies.append(r)


def violations(instance, plan):
    """Rule, value and step. The model names every pair of steps that breaks
    V11, here every step counts once."""
    found, seen = [], set()
    for x in model.verify(instance, plan):
        key = x.step, x.text.partition("runs before")[0]
        if x.rule == "V11" and key in seen:
            continue
        seen.add(key)
        found.append(
            [int(x.rule[1:])] + [-1 if y is None else y for y in (x.value, x.step)]
        )
    return sorted(found)


def case(instance, plan):
    """What the model says of one pair, or None if it has nothing to say."""
    found = violations(instance, plan)
    result = {
        "instance": json.dumps(instance.save(), separators=(",", ":")),
        "plan": json.dumps(plan.save(), separators=(",", ":")),
        "found": found,
        "ideal": model.ideal(instance),
    }
    if all(rule not in (9, 11) for rule, _, _ in found):
        out = model.simulate(instance, plan)
        result["latency"] = out.latency
        result["stall"] = math.fsum(out.waits)
        result["slow_bytes"] = out.slow_bytes
        result["copies"] = out.copies
        result["times"] = out.times
        result["waits"] = out.waits
        result["stalls"] = sorted(
            [k, direction == "out", seconds]
            for (k, direction), seconds in out.stalls.items()
        )
    return result


def is_trivial(plan):
    return not plan.residencies and all(map(is_trivial, plan.loops.values()))


def fits_reader(plan):
    """Whether the plan can be said in our JSON; verify() has to decide."""
    for r in plan.residencies:
        positions = (r.write, r.issue, r.ready, r.done, r.back)
        if any(x is not None and not 0 <= x < 2**31 for x in positions):
            return False
        if not (-(2**31) <= r.value < 2**31 and -(2**31) <= r.last < 2**31):
            return False
    return all(map(fits_reader, plan.loops.values()))


def unreadable_cases():
    """Plans with fields that are no integers, or keys that do not belong."""
    instance = model.Instance(
        "unreadable",
        model.Machine(100, 10, 100.0, 10.0, 10.0, 1.0, max_carried=1),
        model.Program(
            [model.Value("w", 50, "input")],
            [
                model.Step("s0", 8.0),
                model.Step("s1", 2.0, [model.Access(0, 50)]),
            ],
        ),
    )
    good = {"value": 0, "offset": 0, "issue": 0, "ready": 1, "last": 1}
    other = {"value": 0, "offset": 0, "last": 1, "carried": True}
    wrong = []
    for key in good:
        for bad in (0.5, 1.0, "1", True, [1], {}, 2**80, -(2**70)):
            wrong.append({**good, key: bad})
        wrong.append({k: x for k, x in good.items() if k != key})
    for key in ("issue", "ready", "write", "done", "back"):
        wrong.append({**good, key: -1})
        wrong.append({**good, key: 2**31})
    wrong += [{**other, "carried": x} for x in (False, 1, 0, "true")]
    wrong += [{**good, "hold": 1}, {**good, "Last": 1}]
    text = json.dumps(instance.save(), separators=(",", ":"))
    plans = [
        json.dumps({"instance": "unreadable", "residencies": [r]})
        for r in wrong
    ]
    good_text = json.dumps(good)
    plans += [
        plan.replace("GOOD", good_text)
        for plan in (
            '{"instance": "unreadable", "residencies": [GOOD], "extra": 1}',
            '{"instance": "unreadable", "residencies": [GOOD], '
            '"residencies": [GOOD]}',
            '{"instance": "unreadable", "residencies": [{"value": 0, '
            '"value": 0, "offset": 0, "issue": 0, "ready": 1, "last": 1}]}',
            '{"instance": "unreadable", "residencies": [GOOD], "loops": '
            '{"-1": {"capacity": 0, "residencies": []}}}',
            '{"instance": "unreadable", "residencies": [GOOD], "loops": '
            '{"0": {"capacity": 2.5, "residencies": []}}}',
            '{"instance": "unreadable", "residencies": [GOOD], "loops": '
            '{"0": {"capacity": -10, "residencies": []}}}',
            '{"instance": "unreadable", "residencies": [GOOD], "order": 1}',
            '{"instance": "unreadable", "residencies": [GOOD], "order": {}}',
            '{"instance": "unreadable", "residencies": [GOOD], "order": [0, 1.0]}',
            '{"instance": "unreadable", "residencies": [GOOD], "order": [0, "1"]}',
            '{"instance": "unreadable", "residencies": [GOOD], "order": [0, null]}',
            '{"instance": "unreadable", "residencies": [GOOD], '
            '"order": [0, 2147483648]}',
        )
    ]
    return [
        {"instance": text, "plan": plan, "unreadable": True} for plan in plans
    ]


def valid_cases(generator):
    result = []
    while len(result) < VALID_CASES:
        instance = generator.instance(f"valid{len(result)}")
        plan = generator.plan(instance, instance.machine.capacity)
        program = instance.program
        rate = 0.02 if program.steps and program.values else 0.5
        if is_trivial(plan) and not generator.chance(rate):
            continue
        if not model.verify(instance, plan):
            result.append((instance, plan))
    return result


def invalid_cases(generator, valid):
    seen = collections.Counter()
    result = []
    for _ in range(ROUNDS):
        pair = generator.change(*generator.random.choice(valid))
        if not pair or not fits_reader(pair[1]):
            continue
        rules = frozenset(x.rule for x in model.verify(*pair))
        quota = ALONE if len(rules) == 1 else TOGETHER
        if not rules or seen[rules] == quota:
            continue
        seen[rules] += 1
        pair[0].name = pair[1].instance = f"invalid{len(result)}"
        result.append(pair)
    return result


def report(cases):
    rules, alone = collections.Counter(), collections.Counter()
    for x in cases:
        broken = {rule for rule, _, _ in x.get("found", [])}
        rules.update(broken)
        if len(broken) == 1:
            alone.update(broken)
    valid = [x for x in cases if x.get("found") == []]
    ordered = sum('"order":[' in x["plan"] for x in valid)
    print(f"{len(cases)} cases, {len(valid)} valid, {ordered} of them with an order")
    for rule in sorted(rules):
        print(f"V{rule}: {rules[rule]}, alone {alone[rule]}")
    stalled = sum(bool(x.get("stall")) for x in cases)
    print(f"with stalls: {stalled}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", metavar="OUT")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    generator = Generator(args.seed)
    valid = valid_cases(generator)
    pairs = valid + invalid_cases(generator, valid)
    cases = [case(*pair) for pair in pairs]
    cases += unreadable_cases()
    lines = [json.dumps(x, separators=(",", ":")) + "\n" for x in cases]
    with open(args.out, "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write("".join(lines).encode())
    report(cases)


if __name__ == "__main__":
    main()
