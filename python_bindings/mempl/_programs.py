"""Programs out of files and text, and the pass from MLIR to MLIR."""

from __future__ import annotations

import math
import os
from typing import Literal

from . import _core
from ._core import Instance, Machine, Placed, Plan
from ._errors import Error
from ._names import check_time_limit, milliseconds, renamed
from ._solve import ready, takes_old_options

Cost = Literal["compiler", "roofline", "calibrated"]


def _bytes(size: int | str | None) -> int | None:
    return _core.parse_size(size) if isinstance(size, str) else size


def _expect_text(text: object, function: str) -> None:
    """Refuses a path where the text of a program is expected."""
    is_path = isinstance(text, os.PathLike)
    if isinstance(text, str) and "\n" not in text:
        is_path = text.removesuffix(".gz").endswith((".mlir", ".json", ".hlo", ".txt")) or os.path.isfile(text)
    if is_path:
        path = os.fspath(text)  # type: ignore[call-overload]
        raise Error(f"expected the text of a program, found the path {path!r}; try {function}(open({path!r}).read(), ..)")
    if not isinstance(text, str):
        raise Error(f"expected the text of a program, found {type(text).__name__}")


def _kind(name: str) -> str:
    if not isinstance(name, str):
        raise Error(f"expected a path, found {type(name).__name__}")
    if "\n" in name:
        raise Error("expected a path, found text; mempl.loads() takes text")
    plain = name.removesuffix(".gz")
    if plain.endswith(".json"):
        return "json"
    if plain.endswith((".mlir", ".mlirbc")):
        return "mlir"
    if _core.is_hlo_name(name):
        return "hlo"
    raise Error(f"{name}: error: expected a name that ends in .json, .mlir or .hlo.txt, or one of them with .gz")


def _on_machine(instance: Instance, machine: Machine | None, capacity: int | None, max_carried: int | None) -> Instance:
    if machine is None and capacity is None and max_carried is None:
        return instance
    changed = machine or instance.machine
    if capacity is not None:
        changed.capacity = capacity
    if max_carried is not None:
        changed.max_carried = max_carried
    return instance.with_machine(changed)


def load(
    path: str | os.PathLike[str],
    *,
    target: str = "",
    capacity: int | str | None = None,
    max_carried: int | None = None,
    function: str = "",
    profile: str | os.PathLike[str] = "",
    cost: Cost = "compiler",
    free_order: bool = False,
    reorder: bool = True,
) -> Instance:
    """Reads an instance (.json), a program in MLIR (.mlir) or XLA's HLO text (.hlo.txt), plain or with .gz.

    Args:
        path: the file.
        target: machine instead of the file's: a preset (`mempl.targets()`) or a JSON file. HLO text needs one, and MLIR
            unless the module names one.
        capacity: bytes of fast memory instead of the machine's, or a text such as "32MiB"; a multiple of its alignment.
        max_carried: most values that a run may leave in fast memory for the next one.
        function: of MLIR with several functions, the name of one.
        profile: of MLIR, a JSON file with measured seconds of ops.
        cost: of HLO text, where compute seconds come from.
        free_order: of HLO text, lets plans run the steps in another order than XLA's, as far as the text allows it.
        reorder: of MLIR, lets plans run the ops in another order, where nobody can tell but by the time.

    Raises:
        mempl.Error: the file is wrong; with its name and, where there is one, the line.
    """
    name, kind, size = os.fspath(path), _kind(os.fspath(path)), _bytes(capacity)
    if kind == "hlo":
        return _core.read_hlo(
            name, target=target, cost=cost, capacity=size, max_carried=max_carried, free_order=free_order
        )[0]
    if kind == "mlir":
        instance = _core.read_mlir(
            name, target=target, function=function, profile=os.fspath(profile), reorder=reorder
        )
        return _on_machine(instance, None, size, max_carried)
    machine = _core.target_machine(target) if target else None
    return _on_machine(Instance.read(name), machine, size, max_carried)


def loads(
    text: str,
    kind: Literal["json", "mlir", "hlo"],
    *,
    file: str | None = None,
    target: str = "",
    capacity: int | str | None = None,
    max_carried: int | None = None,
    function: str = "",
    profile: str | os.PathLike[str] = "",
    cost: Cost = "compiler",
    free_order: bool = False,
    reorder: bool = True,
) -> Instance:
    """The same as load() for text. `file` is its name in errors; for HLO text, also that of the program.

    Raises:
        mempl.Error: the text is wrong.
    """
    _expect_text(text, "mempl.loads")
    name, size = file or f"<{kind}>", _bytes(capacity)
    if kind == "hlo":
        return _core.read_hlo(
            name, text=text, target=target, cost=cost, capacity=size, max_carried=max_carried, free_order=free_order
        )[0]
    if kind == "mlir":
        instance = _core.parse_mlir(
            text, file=name, target=target, function=function, profile=os.fspath(profile), reorder=reorder
        )
        return _on_machine(instance, None, size, max_carried)
    if kind != "json":
        raise Error(f"kind: expected json, mlir or hlo, found {kind!r}")
    machine = _core.target_machine(target) if target else None
    return _on_machine(Instance.from_json(text, name), machine, size, max_carried)


def load_xla(
    path: str | os.PathLike[str],
    target: str,
    *,
    capacity: int | str | None = None,
    max_carried: int | None = None,
    cost: Cost = "compiler",
    free_order: bool = False,
) -> tuple[Instance, Plan]:
    """A program in HLO text that XLA has placed, and XLA's own plan for it. Arguments as of load().

    Raises:
        mempl.Error: the file is wrong, has no plan of XLA (it is not scheduled, or no array is in fast memory), or the
            plan is not valid on the machine.
    """
    instance, plan = _core.read_hlo(
        os.fspath(path),
        target=target,
        cost=cost,
        capacity=_bytes(capacity),
        max_carried=max_carried,
        xla_plan=True,
        free_order=free_order,
    )
    assert plan is not None
    return instance, plan


@takes_old_options
@renamed(time_limit=("time_limit_ms", milliseconds(1000, zero_is_none=True)))
def place(
    text: str,
    *,
    target: str = "",
    solver: str = "portfolio",
    capacity: int | str = "",
    budget: int = 20000,
    time_limit_ms: float | None = None,
    seed: int = 0,
    threads: int = 1,
    fallback: Literal["slow", "error"] = "slow",
    reorder: bool = True,
    tile: bool = True,
    profile: str | os.PathLike[str] = "",
    file: str = "<mlir>",
) -> Placed:
    """The pass learned-memory-placement: MLIR text on tensors in, placed MLIR text and remarks out.

    Args:
        text: a module, before bufferization and after fusion.
        target: a preset or a JSON file; empty for what the module says.
        solver: as of `mempl.solve()`.
        capacity: bytes of fast memory instead of the target's, or a text such as "512KiB".
        budget: plans that are evaluated at most, per function; 0 is no limit.
        time_limit_ms: milliseconds that solving may take, per function; above 0, None for no limit.
        seed: of random choices.
        threads: that solvers may use.
        fallback: what happens where the solver finds no plan.
        reorder: whether ops may run in another order, where nobody can tell but by the time.
        tile: whether runs of ops may be split into loops over parts of their tensors, where that is faster.
        profile: JSON file with measured seconds of ops.
        file: name of the text in errors and remarks.

    Returns:
        `text` and `remarks`: one Remark per value with the reason of the decision, and notes.

    Raises:
        mempl.Error: the module or an option is wrong.
    """
    _expect_text(text, "mempl.place")
    check_time_limit(time_limit_ms)
    return _core.place(
        text,
        file=file,
        target=target,
        solver=ready(solver),
        capacity=str(capacity),
        budget=budget,
        time_limit_ms=0 if time_limit_ms in (None, math.inf) else min(max(1, round(time_limit_ms)), 1 << 62),
        seed=seed,
        threads=threads,
        fallback=fallback,
        reorder=reorder,
        tile=tile,
        profile=os.fspath(profile),
    )
