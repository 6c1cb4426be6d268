"""Solvers and solving."""

from __future__ import annotations

import functools
import json
import os
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from . import _core
from ._core import Instance, Plan, Progress, Solution
from ._errors import Error
from ._names import milliseconds, renamed

_P = ParamSpec("_P")
_R = TypeVar("_R")


def solvers() -> dict[str, dict[str, Any]]:
    """All solvers by name: "description", and "options", a list with "name", "kind", "expected", "default" and "description".

    An option with an empty name is what stands between the braces without a key.
    """
    return {solver.pop("name"): solver for solver in json.loads(_core.solvers())}


def policies() -> dict[str, str]:
    """The old name of solvers(); a line about each."""
    warnings.warn("policies() is now solvers()", DeprecationWarning, stacklevel=2)
    return {name: solver["description"] for name, solver in solvers().items()}


def solver(name: str, *members: str, **options: object) -> str:
    """The specification of a solver, as a text.

    For example, `mempl.solver("search", start=mempl.solver("muzero", weights=run.weights))` is
    "search{start=muzero{weights=run/best.mempl}}".

    Args:
        name: a name of solvers().
        members: what stands between the braces without a key, such as the solvers of a portfolio.
        options: of the solver; solvers among the values are specifications themselves.

    Raises:
        mempl.Error: a text has both kinds of quotes.
    """
    items = list(members) + [f"{key.replace('_', '-')}={_quoted(value)}" for key, value in options.items()]
    return f"{name}{{{','.join(items)}}}" if items else name


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    try:
        _core.resolve_solver(text)
    except Error:
        pass
    else:
        return text
    if "'" in text and '"' in text:
        raise Error(f"expected a text with one kind of quotes at most, found {text}")
    quote = '"' if "'" in text else "'"
    return quote + text + quote


def ready(text: str) -> str:
    """The specification that `text` is."""
    return _core.resolve_solver(text)[0]


def takes_old_options(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """A decorator: `policy`, `weights`, `policies` and `msa_options` go on in `solver`, with a DeprecationWarning."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> _R:
        old = {name: kwargs.pop(name) for name in ("weights", "policies", "msa_options") if name in kwargs}
        if "policy" in kwargs:
            if "solver" in kwargs:
                raise Error("policy: is the old name of solver; give one of them")
            warnings.warn("policy is now solver", DeprecationWarning, stacklevel=2)
            kwargs["solver"] = kwargs.pop("policy")
        if old:
            warnings.warn(f"{', '.join(old)}: options of a solver are now in its specification", DeprecationWarning, stacklevel=2)
            given, *rest = args or (None,)
            name = rest[0] if rest else kwargs.pop("solver", "portfolio")
            spec, _ = _core.resolve_solver(
                name,
                weights=os.fspath(old.get("weights", "")),
                portfolio=list(old.get("policies", ())),
                msa_options=old.get("msa_options", ""),
            )
            args = (given, spec, *rest[1:]) if rest else args
            kwargs |= {} if rest else {"solver": spec}
        return function(*args, **kwargs)

    return call


@takes_old_options
@renamed(time_limit=("time_limit_ms", milliseconds(1000)))
def solve(
    instance: Instance,
    solver: str = "portfolio",
    *,
    budget: int = 20000,
    time_limit_ms: float | None = None,
    seed: int = 0,
    threads: int = 1,
    start: Plan | None = None,
    progress: Callable[[Progress], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """A valid plan for an instance.

    Runs without the GIL. Ctrl-C raises KeyboardInterrupt; `cancelled` ends it with the best plan found so far. The
    same arguments give the same plan, unless there is a time limit or it is cancelled.

    Args:
        instance: the problem.
        solver: a name of `mempl.solvers()`, with its options in braces, as in "msa{preset=full,max-retries=3}";
            `mempl.solver()` makes such texts.
        budget: plans that are evaluated at most; 0 is no limit (then give a time limit).
        time_limit_ms: milliseconds, wall-clock; above 0, None for no limit.
        seed: of random choices.
        threads: that the solver may use, at least 1.
        start: a valid plan from which `search` begins.
        progress: called about every 50 ms if there is news, on the calling thread.
        cancelled: called about every 50 ms; true ends solving.

    Raises:
        mempl.Error: an option is wrong, or there is no valid plan that the solver can find.
    """
    return _core.solve(
        instance,
        ready(solver),
        budget=budget,
        time_limit_ms=time_limit_ms,
        seed=seed,
        threads=threads,
        start=start,
        progress=progress,
        cancelled=cancelled,
    )
