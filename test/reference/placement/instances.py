# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""When an instance is valid."""

import math

from .latency import simulate
from .model import Plan

KINDS = ("input", "temporary", "output", "inout")
MODES = ("read", "write", "update")
SPACES = (None, "slow", "fast")


def is_size(x):
    return type(x) is int and 0 <= x < 2**63


def is_amount(x):
    return type(x) in (int, float) and math.isfinite(x) and x >= 0


def check_instance(instance):
    """All that is wrong with an instance, as text. Nothing else in this model
    is meaningful unless the list is empty."""
    faults = list(machine_faults(instance.machine))
    if not faults:
        faults += program_faults(instance.machine, instance.program, "", False)
    if not faults and not takes_finite_time(instance):
        faults.append("the latency of slow memory alone is finite")
    return faults


def takes_finite_time(instance):
    """Whether a number can say the latency with everything in slow memory."""
    try:
        return math.isfinite(simulate(instance, Plan(instance.name, [])).latency)
    except OverflowError:  # Of a sum.
        return False


def machine_faults(m):
    if not (is_size(m.capacity) and is_size(m.alignment) and m.alignment >= 1):
        yield "machine: the alignment is at least 1, the capacity at least 0"
    elif m.capacity % m.alignment:
        yield "machine: the capacity is a multiple of the alignment"
    bandwidths = (m.slow_bandwidth, m.fast_bandwidth, m.copy_bandwidth)
    if not all(is_amount(b) and b > 0 for b in bandwidths):
        yield "machine: bandwidths are positive"
    elif m.fast_bandwidth < m.slow_bandwidth:
        yield "machine: fast memory is not slower than slow memory"
    if not (is_amount(m.copy_latency) and is_amount(m.overhead)):
        yield "machine: latency and overhead are not negative"
    if not all(map(is_size, (m.max_in, m.max_out, m.max_carried))):
        yield "machine: limits are not negative"


def program_faults(machine, program, where, is_body):
    """Faults of a program; `where` names the loop that it is the body of."""
    if program.order not in ("fixed", "free"):
        yield f"{where}order: fixed or free"
    for v, value in enumerate(program.values):
        for fault in value_faults(value, is_body):
            yield f"{where}value {v}: {fault}"
    written = {v for v, value in enumerate(program.values) if value.is_input}
    for i, step in enumerate(program.steps):
        for fault in step_faults(machine, program, i, written, is_body):
            yield f"{where}step {i}: {fault}"
        written |= {a.value for a in step.accesses if a.writes}
        if step.body:
            inside = f"{where}loop {i}: "
            yield from program_faults(machine, step.body, inside, True)
    for v, value in enumerate(program.values):
        if value.kind == "output" and v not in written:
            yield f"{where}value {v}: an output that nothing writes"


def value_faults(value, is_body):
    if not is_size(value.size):
        yield "its size is not below 2^63"
    if value.kind not in KINDS:
        yield f"unknown kind {value.kind}"
    if value.space not in SPACES:
        yield f"unknown space {value.space}"
    if value.streamed not in (None, True):
        yield "is streamed or not"
    if value.streamed and (not is_body or value.kind == "temporary"):
        yield "only inputs, outputs and inouts of a loop's body are streamed"


def step_faults(machine, program, i, written, is_body):
    step = program.steps[i]
    if not is_amount(step.compute):
        yield "compute is not negative"
    if not is_size(step.reserved) or machine.round_up(step.reserved) > machine.capacity:
        yield "reserved bytes fit into fast memory"
    if type(step.trips) is not int or step.trips < 1:
        yield "trips are at least 1"
    if any(type(j) is not int or not 0 <= j < i for j in step.after):
        yield "`after` names earlier steps"
    for access in step.accesses:
        if type(access.value) is not int or not 0 <= access.value < len(program.values):
            yield f"no value {access.value}"
            continue
        value = program.values[access.value]
        if not is_size(access.bytes) or access.mode not in MODES:
            yield f"bytes or mode of the access to value {access.value}"
        if access.space not in SPACES:
            yield f"unknown space {access.space}"
        elif access.space and value.space and access.space != value.space:
            yield f"spaces of value {access.value} and of its access differ"
        if access.reads and access.value not in written:
            yield f"reads value {access.value}, which nothing has written"
        if access.writes and is_body and value.kind == "input":
            yield f"writes value {access.value}, an input of a loop's body"
