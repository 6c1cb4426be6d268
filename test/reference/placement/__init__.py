# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/Problem.md as a small, slow, executable model.

What an instance and a plan are (model), when an instance is valid (instances),
when a plan is (rules), and what a plan costs (latency). The C++ core has to
agree with it; test/generate_cases.py writes down the cases on which it is
compared. The model is written for reading: it shares no code with the core, and
takes time quadratic in the size of a program.

It is ahead of the core in two things. A plan may run the steps of a `free`
program in another order (`Plan.order`), and the plan of a loop's body may copy
across trips (`Value.streamed`, `Residency.offset2`).

Sizes are bytes, bandwidths bytes per second, times seconds.
"""

from .instances import check_instance
from .latency import Outcome, ideal, simulate
from .model import Access, Instance, Machine, Plan, Program, Residency, Step, Value
from .rules import Violation, verify, verify_program

__all__ = [
    "Access",
    "Instance",
    "Machine",
    "Outcome",
    "Plan",
    "Program",
    "Residency",
    "Step",
    "Value",
    "Violation",
    "check_instance",
    "ideal",
    "simulate",
    "verify",
]
