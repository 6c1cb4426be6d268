# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instances and plans, and their JSON.

The JSON is that of docs/Problem.md, and five keys more: `streamed` of a value,
`after` of a step, `order` of a program and of a plan, `offset2` of a residency.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Optional


def present(record):
    """The fields of a record that are set, as a dictionary."""
    return {
        f.name: getattr(record, f.name)
        for f in fields(record)
        if getattr(record, f.name) is not None
    }


@dataclass
class Machine:
    capacity: int
    alignment: int
    fast_bandwidth: float
    slow_bandwidth: float
    copy_bandwidth: float
    copy_latency: float = 0.0
    max_in: int = 0
    max_out: int = 0
    overhead: float = 0.0
    max_carried: int = 0

    # Where each field stands in the JSON.
    PLACES = {
        "capacity": ("fast", "capacity"),
        "alignment": ("fast", "alignment"),
        "fast_bandwidth": ("fast", "bandwidth"),
        "max_carried": ("fast", "max_carried"),
        "slow_bandwidth": ("slow", "bandwidth"),
        "copy_bandwidth": ("copy", "bandwidth"),
        "copy_latency": ("copy", "latency"),
        "max_in": ("copy", "max_in"),
        "max_out": ("copy", "max_out"),
        "overhead": ("step", "overhead"),
    }

    @staticmethod
    def load(data):
        return Machine(
            **{
                name: data[group][key]
                for name, (group, key) in Machine.PLACES.items()
                if key in data[group]
            }
        )

    def save(self):
        data = {}
        for name, (group, key) in Machine.PLACES.items():
            data.setdefault(group, {})[key] = getattr(self, name)
        return data

    def round_up(self, size):
        return -(-size // self.alignment) * self.alignment

    def busy_seconds(self, slow_bytes, fast_bytes):
        """How long a step takes to move its bytes."""
        return slow_bytes / self.slow_bandwidth + fast_bytes / self.fast_bandwidth


@dataclass
class Value:
    name: str
    size: int
    kind: str = "temporary"
    space: Optional[str] = None
    streamed: Optional[bool] = None

    @property
    def is_input(self):
        return self.kind in ("input", "inout")

    @property
    def is_output(self):
        return self.kind in ("output", "inout")


@dataclass
class Access:
    value: int
    bytes: int
    mode: str = "read"
    space: Optional[str] = None

    @property
    def reads(self):
        return self.mode != "write"

    @property
    def writes(self):
        return self.mode != "read"


@dataclass
class Step:
    name: str
    compute: float
    accesses: list = field(default_factory=list)
    reserved: int = 0
    trips: int = 1
    body: Optional["Program"] = None
    after: list = field(default_factory=list)

    @staticmethod
    def load(data):
        data = dict(data)
        data["accesses"] = [Access(**access) for access in data["accesses"]]
        if data.get("body"):
            data["body"] = Program.load(data["body"])
        return Step(**data)

    def save(self):
        data = {
            "name": self.name,
            "compute": self.compute,
            "accesses": [present(access) for access in self.accesses],
        }
        if self.reserved:
            data["reserved"] = self.reserved
        if self.after:
            data["after"] = self.after
        if self.body:
            data["trips"] = self.trips
            data["body"] = self.body.save()
        return data


@dataclass
class Program:
    """Values and the steps that access them: of an instance, or of a loop."""

    values: list
    steps: list
    order: str = "fixed"

    @staticmethod
    def load(data):
        return Program(
            [Value(**value) for value in data["values"]],
            [Step.load(step) for step in data["steps"]],
            data.get("order", "fixed"),
        )

    def save(self):
        data = {
            "values": [present(value) for value in self.values],
            "steps": [step.save() for step in self.steps],
        }
        if self.order != "fixed":
            data["order"] = self.order
        return data

    def dependences(self):
        """Pairs (i, j), i < j, of steps that keep their order in every plan."""
        pairs = set()
        for j, later in enumerate(self.steps):
            pairs.update((i, j) for i in later.after)
            for i, earlier in enumerate(self.steps[:j]):
                if any(
                    a.value == b.value and (a.writes or b.writes)
                    for a in earlier.accesses
                    for b in later.accesses
                ):
                    pairs.add((i, j))
        return pairs

    def in_order_of(self, plan):
        """The program with its steps as the plan runs them, and the plan with
        its loops by place: what residencies speak of."""
        if not plan.order:
            return self, plan
        place = {step: k for k, step in enumerate(plan.order)}
        loops = {place[i]: inner for i, inner in plan.loops.items() if i in place}
        program = Program(
            self.values, [self.steps[i] for i in plan.order], self.order
        )
        return program, Plan(plan.instance, plan.residencies, loops, plan.capacity)


@dataclass
class Instance:
    name: str
    machine: Machine
    program: Program

    @staticmethod
    def load(data):
        return Instance(
            data.get("name", ""),
            Machine.load(data["machine"]),
            Program.load(data),
        )

    def save(self):
        return {
            "name": self.name,
            "machine": self.machine.save(),
            **self.program.save(),
        }


@dataclass
class Residency:
    value: int
    offset: int
    last: int
    write: Optional[int] = None
    issue: Optional[int] = None
    ready: Optional[int] = None
    done: Optional[int] = None
    back: Optional[int] = None
    carried: Optional[bool] = None
    offset2: Optional[int] = None

    @property
    def copied_in(self):
        return self.issue is not None

    @property
    def copied_out(self):
        return self.done is not None

    @property
    def copied_after(self):
        """The step at whose end the copy out is issued."""
        return self.last if self.back is None else self.back

    @property
    def start(self):
        """The first step at which it occupies memory."""
        if self.carried:
            return 0
        return self.issue if self.copied_in else self.write

    @property
    def first(self):
        """The first step whose accesses it serves."""
        return self.ready if self.copied_in else self.start

    @property
    def end(self):
        """The last step at which it occupies memory."""
        return max(self.last, self.done - 1) if self.copied_out else self.last

    @property
    def offsets(self):
        return [self.offset] if self.offset2 is None else [self.offset, self.offset2]

    def serves(self, step, count):
        """Whether it serves a step of a program with `count` of them, in this
        trip or in the next one."""
        return any(self.first <= s <= self.last for s in (step, step + count))

    def holds(self, step, count):
        """Whether it occupies memory at a step, in this trip or a later one."""
        return any(self.start <= step + k * count <= self.end for k in range(3))

    def is_ahead(self, count):
        """Whether it is copied in one trip before the one that it serves."""
        return self.copied_in and self.ready >= count

    def of_own_trip(self, count):
        """With the numbers that count from the trip which it serves."""
        if not self.is_ahead(count):
            return self
        moved = {
            name: getattr(self, name) - count
            for name in ("issue", "ready", "last", "back", "done")
            if getattr(self, name) is not None
        }
        return replace(self, **moved)


@dataclass
class Plan:
    instance: str = ""
    residencies: list = field(default_factory=list)
    loops: dict = field(default_factory=dict)  # From steps to plans of bodies.
    capacity: int = 0  # That the plan of a body uses.
    order: list = field(default_factory=list)  # Empty: as in the program.

    @staticmethod
    def load(data):
        return Plan(
            data.get("instance", ""),
            [Residency(**residency) for residency in data["residencies"]],
            {int(i): Plan.load(inner) for i, inner in data.get("loops", {}).items()},
            data.get("capacity", 0),
            data.get("order", []),
        )

    def save(self):
        data = {
            "instance": self.instance,
            "residencies": [present(r) for r in self.residencies],
        }
        if self.order:
            data["order"] = self.order
        if self.loops:
            data["loops"] = {
                str(i): {"capacity": inner.capacity, **inner.save()}
                for i, inner in self.loops.items()
            }
        return data

    def of_loop(self, step, body):
        """The plan of the body at a step. Without one, nothing is in fast
        memory but what steps reserve."""
        return self.loops.get(step) or Plan(capacity=least_capacity(body))

    def num_copies(self):
        return sum(r.copied_in + r.copied_out for r in self.residencies) + sum(
            inner.num_copies() for inner in self.loops.values()
        )


def least_capacity(program):
    """Bytes of fast memory that a program needs for its steps alone."""
    needs = [0]
    for step in program.steps:
        needs.append(step.reserved)
        if step.body:
            needs.append(least_capacity(step.body))
    return max(needs)
