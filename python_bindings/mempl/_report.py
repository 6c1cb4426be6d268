"""Plans as one HTML page: `mempl.report(instance, plans, "out.html")`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from . import _core
from ._core import Instance, Plan, Solution
from ._errors import Error


def report_page(
    instance: Instance,
    plans: Plan | Solution | Mapping[str, Plan | Solution],
    *,
    bound: float | None | bool = True,
    target: str = "",
    path: str | os.PathLike[str] = "",
) -> str:
    """The text of the page: arguments as of report(). Without a path it has no links to the program's files."""
    named = plans if isinstance(plans, Mapping) else {"plan": plans}
    rows = [(name, p.plan if isinstance(p, Solution) else p) for name, p in named.items()]
    if not rows:
        raise Error("expected at least one plan to report")
    if bound is True:
        best = min(_core.simulate(instance, plan).latency for _, plan in rows)
        bound = _core.lower_bound(instance, known_latency=best).bound
    data = _core.report_data(instance, rows, None if bound is False else bound, target, os.fspath(path))
    return _core.report_page(data)


def report(
    instance: Instance,
    plans: Plan | Solution | Mapping[str, Plan | Solution],
    path: str | os.PathLike[str],
    *,
    bound: float | None | bool = True,
    target: str = "",
) -> Path:
    """Writes one self-contained page for a browser.

    It has fast memory over time, copies and stalls, latencies beside those of all in slow and all in fast memory and the
    bound, and tables of values, with the reason of each decision, and of steps.

    Args:
        instance: the problem.
        plans: a valid plan, or several by name; the fastest one is shown at first.
        path: the file to write.
        bound: seconds that no plan is below; True computes it, False leaves it out.
        target: what the page calls the machine, whose figures the instance has; it may be left out.

    Raises:
        mempl.Error: a plan is not valid.
    """
    page = Path(path)
    page.write_text(report_page(instance, plans, bound=bound, target=target, path=path), encoding="utf-8")
    return page
