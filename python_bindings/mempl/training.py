"""Training of the player of mallocGame (docs/Training.md). Loads LibTorch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._core import Instance, Plan
from ._errors import Error
from ._names import check_time_limit, milliseconds, renamed
from ._programs import load

Program = Instance | str | os.PathLike[str]
Programs = Program | Sequence[Program] | Mapping[str, Program]
Status = Mapping[str, Any]


@dataclass(frozen=True)
class TrainingRun:
    """What training has come to.

    Attributes:
        folder: of the run: network.mempl, best.mempl, metrics.jsonl, checkpoint.
        status: `round`, `steps`, `games`, `moves`, `seconds`, `mean_return`, `loss`, `score`, `best_score`,
            `first_score` (latency as a share of that of the plans of `search`; 0: not evaluated), and the same of the
            solver greedy and of slow memory alone, `greedy_score` and `slow_score`, of the best plans known,
            `plan_score`, and of greedy play by the policy, `head_score`.
        latencies: by program that was trained on, seconds of the best plan known.
        plans: the same, the plans.
    """

    folder: Path
    status: Status
    latencies: dict[str, float]
    plans: dict[str, Plan]

    @property
    def weights(self) -> Path:
        """The weights for mempl.solve(): those that were evaluated best, or the last ones."""
        best = self.folder / "best.mempl"
        return best if best.exists() else self.folder / "network.mempl"


def named_programs(programs: Programs, target: str = "") -> list[tuple[str, Instance]]:
    """Programs by distinct names; files are read by mempl.load()."""
    if isinstance(programs, (Instance, str, os.PathLike)):
        programs = [programs]
    rows = programs.items() if isinstance(programs, Mapping) else ((None, p) for p in programs)
    named: list[tuple[str, Instance]] = []
    taken: set[str] = set()
    for name, program in rows:
        instance = program if isinstance(program, Instance) else load(program, target=target)
        name = base = name or instance.name
        count = 1
        while name in taken:
            count += 1
            name = f"{base}.{count}"
        taken.add(name)
        named.append((name, instance))
    return named


def program_rows(programs: Programs, validation: Programs, target: str) -> list[tuple[str, str, bool]]:
    """What the compiled part takes: name, JSON, whether it is for evaluation only."""
    rows = [(name, instance.to_json(), False) for name, instance in named_programs(programs, target)]
    if not rows:
        raise Error("expected at least one program to train on")
    taken = {name for name, _, _ in rows}
    for name, instance in named_programs(validation, target):
        rows.append((f"{name}.validation" if name in taken else name, instance.to_json(), True))
    return rows


def native() -> Any:
    """The compiled part; loads LibTorch."""
    if "torch" in sys.modules:
        raise Error(
            "the Python package torch is loaded in this process, and LibTorch cannot be there twice: do this in a "
            "process that does not import torch"
        )
    try:
        from . import _train
    except ImportError as problem:
        raise Error(
            "training needs mempl built with LibTorch (pip install ./python_bindings "
            f"--config-settings=cmake.define.MEMPL_ENABLE_TORCH=ON): {problem}"
        ) from problem
    return _train


@renamed(
    minutes=("time_limit_ms", milliseconds(60000, zero_is_none=True)),
    initial_weights=("weights", lambda name: name),
)
def train(
    programs: Programs,
    out: str | os.PathLike[str],
    *,
    validation: Programs = (),
    target: str = "",
    weights: str | os.PathLike[str] = "",
    time_limit_ms: float | None = None,
    rounds: int = 0,
    progress: Callable[[dict[str, Any]], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **options: Any,
) -> TrainingRun:
    """Trains the player in the folder `out`, or goes on with a run that is there.

    Weights are evaluated before the first round, every few rounds, and at the end; the best ones are in the folder from the
    start. Runs without the GIL until a limit is reached. Ctrl-C raises KeyboardInterrupt; the last round's
    checkpoint stays.

    Args:
        programs: what is trained on: instances or files, one, several, or by name.
        out: folder of the run.
        validation: programs that are evaluated with and not trained on.
        target: machine of files in MLIR and HLO text.
        weights: file to begin with instead of the weights that come with mempl.
        time_limit_ms: milliseconds in all, over all sessions, the last evaluation included; above 0, None for no limit.
        rounds: in all; 0 is no limit.
        progress: called about every 50 ms with the status, as in TrainingRun, and `doing`.
        cancelled: called about every 50 ms; true ends training.
        **options: as of mempl-train: `games` and `steps` per round, `batch`, `simulations`, `candidates`, `heads`,
            `generations`, `threads`, `seed`, `learning_rate`, `teacher_budget`, `refine_budget`, `elite_share`,
            `evaluate_every` (rounds), `patience` (evaluations).

    Raises:
        mempl.Error: an option, a program or the folder is wrong, or LibTorch is missing.
    """
    began = time.monotonic()
    check_time_limit(time_limit_ms)
    module = native()
    if rounds <= 0 and time_limit_ms is None and cancelled is None and not options.get("patience"):
        raise Error("expected a limit: rounds, time_limit_ms, patience or cancelled")
    rows = program_rows(programs, validation, target)
    folder = Path(out)
    limits = {"rounds": rounds, "time_limit_ms": time_limit_ms or 0.0, "seconds_before": time.monotonic() - began}
    trainer = module.Trainer(rows, str(folder), {**options, "weights": os.fspath(weights), **limits})
    trainer.run(progress, cancelled)
    best = {name: trainer.best_plan(i) for i, (name, _, is_held) in enumerate(rows) if not is_held}
    latencies = {name: latency for name, (latency, _) in best.items()}
    plans = {name: Plan.from_json(text) for name, (_, text) in best.items()}
    return TrainingRun(folder, trainer.status, latencies, plans)
