"""Solving."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from . import _core
from ._core import Instance, Plan, Progress, Solution
from ._names import milliseconds, renamed
from ._weights import SHIPPED, refuse_second_torch, weights_path


@renamed(time_limit=("time_limit_ms", milliseconds(1000)))
def solve(
    instance: Instance,
    policy: str = "portfolio",
    *,
    budget: int = 20000,
    time_limit_ms: float | None = None,
    seed: int = 0,
    threads: int = 1,
    weights: str | os.PathLike[str] = "",
    policies: Sequence[str] = (),
    msa_options: str = "",
    start: Plan | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """A valid plan for an instance.

    Runs without the GIL. Ctrl-C raises KeyboardInterrupt; `cancelled` ends it with the best plan found so far. The
    same arguments give the same plan, unless there is a time limit or it is cancelled.

    Args:
        instance: the problem.
        policy: a name of `mempl.policies()`.
        budget: plans that are evaluated at most; 0 is no limit (then give a time limit).
        time_limit_ms: milliseconds, wall-clock; above 0, None for no limit.
        seed: of random choices.
        threads: that the policy may use, at least 1.
        weights: a file of mempl.train() for the solvers muzero, or "generalist", the network that comes with mempl
            (their default). With this, `portfolio` runs muzero+search in place of search.
        policies: those that `portfolio` runs; empty for its own.
        msa_options: constants of the solvers msa, "key=value,..".
        start: a valid plan from which `search` begins.
        progress: called about every 50 ms if there is news, on the calling thread.
        cancelled: called about every 50 ms; true ends solving.

    Raises:
        mempl.Error: an option is wrong, or there is no valid plan that the policy can find.
    """
    if not os.fspath(weights) and policy.startswith("muzero"):
        weights = SHIPPED
    if os.fspath(weights):
        refuse_second_torch()
    return _core.solve(
        instance,
        policy,
        budget=budget,
        time_limit_ms=time_limit_ms,
        seed=seed,
        threads=threads,
        weights=weights_path(weights),
        policies=list(policies),
        msa_options=msa_options,
        start=start,
        progress=progress,
        cancelled=cancelled,
    )
