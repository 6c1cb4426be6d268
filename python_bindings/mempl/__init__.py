"""mempl: which values of a program are in fast memory when, at which offsets, with which copies.

    instance = mempl.load("prog.json.gz")
    solution = mempl.solve(instance, "search")
    mempl.report(instance, {"search": solution}, "out.html")

Sizes are bytes, times seconds, steps and boundaries numbers from 0. docs/Problem.md has the problem, docs/Python.md more
examples. `mempl.envs` has the game for Gymnasium, `mempl.iree` packs the buffers of IREE's programs, `mempl.executorch` and
`mempl.tflm` plan the memory of models for ExecuTorch and TensorFlow Lite Micro, `mempl.training` trains the player of the
game, `mempl.xla` places JAX functions; they are imported when used, and only training loads LibTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._core import (
    Access,
    AccessMode,
    BodyPlan,
    CORE_VERSION as __version__,
    Decision,
    Feature,
    Game,
    Instance,
    LowerBound,
    Machine,
    Outcome,
    Packing,
    Placed,
    Plan,
    Program,
    Progress,
    Remark,
    Residency,
    Solution,
    SpaceConstraint,
    Step,
    StepOrder,
    TransferredPlan,
    Uncovered,
    UncoveredGroup,
    Value,
    ValueKind,
    Violation,
    explain,
    ideal_latency,
    lower_bound,
    simulate,
    slow_latency,
    target_machine,
    targets,
    transfer,
    uncovered,
    verify,
)
from ._errors import Error
from ._pack import pack
from ._programs import load, load_xla, loads, place
from ._solve import policies, solve, solver, solvers
from ._report import report, report_page

if TYPE_CHECKING:
    from .training import TrainingRun, train

__all__ = [
    "Access",
    "AccessMode",
    "BodyPlan",
    "Decision",
    "Error",
    "Feature",
    "Game",
    "Instance",
    "LowerBound",
    "Machine",
    "Outcome",
    "Packing",
    "Placed",
    "Plan",
    "Program",
    "Progress",
    "Remark",
    "Residency",
    "Solution",
    "SpaceConstraint",
    "Step",
    "StepOrder",
    "TrainingRun",
    "TransferredPlan",
    "Uncovered",
    "UncoveredGroup",
    "Value",
    "ValueKind",
    "Violation",
    "explain",
    "ideal_latency",
    "load",
    "load_xla",
    "loads",
    "lower_bound",
    "pack",
    "place",
    "policies",
    "report",
    "report_page",
    "simulate",
    "slow_latency",
    "solve",
    "solver",
    "solvers",
    "target_machine",
    "targets",
    "train",
    "transfer",
    "uncovered",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in ("train", "TrainingRun"):
        return getattr(importlib.import_module(".training", __name__), name)
    if name in ("envs", "executorch", "iree", "tflm", "training", "xla"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'mempl' has no attribute {name!r}")
