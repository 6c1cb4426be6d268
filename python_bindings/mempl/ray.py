"""Training on Ray: one learner, N actors.

The learner trains in a folder (docs/Training.md) and puts its weights into Ray's object store whenever a round is done;
actors get them by reference. A game counts as admitted when the learner has written it to the folder; what an actor was
playing when it died was not, and nothing that was is lost, whoever dies: the learner removes a file of games only when a
checkpoint has them. An actor that died is started anew.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import ray
except ModuleNotFoundError as problem:
    raise ModuleNotFoundError("mempl.ray trains on Ray, and finds no ray: pip install 'mempl[ray]'") from problem

from ._errors import Error
from ._names import check_time_limit, milliseconds, renamed
from .training import Program, Programs, TrainingRun, native, program_rows

__all__ = ["Program", "RayTraining", "train"]


@ray.remote(max_concurrency=4)
class Learner:
    """Trains on a thread of its own, and meanwhile takes games and gives out weights."""

    def __init__(self, rows: list[tuple[str, str, bool]], folder: str, options: dict[str, Any], asked: float) -> None:
        self._rows = rows
        self._folder = Path(folder)
        # Starting this process takes some of the time, too; `asked` is of the caller's clock, as time.time().
        before = float(options.get("seconds_before", 0)) + max(0.0, time.time() - asked)
        options = {**options, "seconds_before": before}
        self._failure: str | None = None
        self._admitted = 0
        self._version = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        try:
            module = native()
            self._trainer = module.Trainer(rows, folder, options)
            self._checker = module.Actor(rows, options)
        except Error as problem:
            # status() says so: an exception here would end the process, with a long message.
            self._failure = str(problem)
            return
        self._status: dict[str, Any] = self._trainer.status
        self._weights = ray.put(self._trainer.weights())
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()

    def _train(self) -> None:
        try:
            self._trainer.run(self._on_progress, self._stop.is_set)
        except Exception as problem:
            self._failure = str(problem)
        self._status = self._trainer.status

    def _on_progress(self, status: dict[str, Any]) -> None:
        if status["round"] > self._version and status["doing"] == "playing":
            # The round before has left whole weights there; those in memory are being trained.
            self._weights = ray.put((self._folder / "network.mempl").read_bytes())
            self._version = status["round"]
        self._status = status

    def weights(self) -> tuple[int, list[Any]]:
        """Round of the weights, and a list with the reference to their bytes."""
        return self._version, [self._weights]

    def admit(self, name: str, games: bytes) -> int:
        """Takes games: checks each of them, writes them to the folder, returns how many there are."""
        with self._lock:
            count = self._checker.check(games)
            path = self._folder / "games" / f"{name}.games"
            draft = path.with_suffix(".part")
            with open(draft, "wb") as file:
                file.write(games)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
            self._admitted += count
            return self._admitted

    def status(self) -> dict[str, Any]:
        """How training stands, `admitted` games, and whether it `is_running`; raises what ended it."""
        if self._failure is not None:
            raise Error(self._failure)
        return {**self._status, "admitted": self._admitted, "is_running": self._thread.is_alive()}

    def stop(self) -> dict[str, Any]:
        """Ends training after the round's checkpoint before; returns the status."""
        self._stop.set()
        self._thread.join()
        return self.status()

    def latencies(self) -> dict[str, float | None]:
        """Seconds of the best plan known, by program that was trained on. Call it when training has ended."""
        return {name: self._trainer.best_latency(i) for i, (name, _, is_held) in enumerate(self._rows) if not is_held}


@ray.remote
class GameActor:
    """Plays games with the weights that it is given."""

    def __init__(self, rows: list[tuple[str, str, bool]], options: dict[str, Any]) -> None:
        self._actor = native().Actor(rows, options)

    def play(self, weights: bytes, seed: int, batch: int, count: int) -> bytes:
        """Games as bytes. `weights` is given as a reference, which Ray resolves without a copy through the caller."""
        return self._actor.play(weights, seed, batch, count)

    def pid(self) -> int:
        """The process it is in."""
        return os.getpid()


def _get(reference: Any) -> Any:
    """ray.get(), with errors of mempl as themselves."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as problem:
        if isinstance(problem.cause, Error):
            raise Error(str(problem.cause)) from None
        raise


class RayTraining:
    """A run on Ray that is driven from here. Use train() unless you want to look at it, or disturb it, meanwhile.

    Args:
        programs, out, validation, target, options: as of mempl.train(); `games` is 0 unless it is given, so that the
            learner only learns.
        actors: number of actors, at least 1.
        games_per_batch: games that an actor plays at a time.
    """

    def __init__(
        self,
        programs: Programs,
        out: str | os.PathLike[str],
        *,
        validation: Programs = (),
        target: str = "",
        actors: int = 2,
        games_per_batch: int = 8,
        **options: Any,
    ) -> None:
        if actors < 1 or games_per_batch < 1:
            raise Error("expected at least 1 actor and 1 game per batch")
        if not ray.is_initialized():
            ray.init()
        self.folder = Path(out).absolute()
        self.restarts = 0
        self.admitted = 0
        self._count = games_per_batch
        self._options = {"games": 0, **options, "weights": os.fspath(options.get("weights", ""))}
        rows = program_rows(programs, validation, target)
        # The programs go to every actor by reference, too.
        self._rows = ray.put(rows)
        self.learner = Learner.remote(self._rows, str(self.folder), self._options, time.time())
        _get(self.learner.status.remote())
        self.actors = [self._start() for _ in range(actors)]
        self._name = uuid.uuid4().hex[:12]
        self._batch = 0
        self._playing: dict[Any, tuple[int, int]] = {}  # By task: actor and batch.

    def _start(self) -> Any:
        return GameActor.remote(self._rows, self._options)

    def _ask(self, actor: int) -> None:
        _, [weights] = _get(self.learner.weights.remote())
        self._batch += 1
        seed = int(self._options.get("seed", 0))
        task = self.actors[actor].play.remote(weights, seed, self._batch, self._count)
        self._playing[task] = actor, self._batch

    def step(self, timeout: float = 1.0) -> dict[str, Any]:
        """Waits up to `timeout` seconds for games, admits them, starts actors that died; returns the learner's status."""
        for actor in set(range(len(self.actors))) - {actor for actor, _ in self._playing.values()}:
            self._ask(actor)
        done, _ = ray.wait(list(self._playing), timeout=timeout)
        for task in done:
            actor, batch = self._playing.pop(task)
            try:
                games = _get(task)
            except ray.exceptions.RayActorError:
                self.restarts += 1
                self.actors[actor] = self._start()
                continue
            self.admitted = _get(self.learner.admit.remote(f"{self._name}-{batch}", games))
        return _get(self.learner.status.remote())

    def finish(self) -> TrainingRun:
        """Ends the run and its actors; what has been admitted is in the checkpoint or in the folder `games`."""
        status = _get(self.learner.stop.remote())
        latencies = _get(self.learner.latencies.remote())
        for process in [*self.actors, self.learner]:
            ray.kill(process)
        status["restarts"] = self.restarts
        return TrainingRun(self.folder, status, latencies)


@renamed(
    minutes=("time_limit_ms", milliseconds(60000, zero_is_none=True)),
    initial_weights=("weights", lambda name: name),
)
def train(
    programs: Programs,
    out: str | os.PathLike[str],
    *,
    actors: int = 2,
    games_per_batch: int = 8,
    time_limit_ms: float | None = None,
    rounds: int = 0,
    progress: Callable[[dict[str, Any]], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **arguments: Any,
) -> TrainingRun:
    """mempl.train() with actors on Ray; uses the cluster of ray.init(), or starts a local one.

    The folder must be one that the learner's machine can write; actors need no disk. The status has besides `admitted`,
    games that actors brought, and `restarts`, actors that were started anew.

    Raises:
        mempl.Error: as of mempl.train().
    """
    began = time.monotonic()
    check_time_limit(time_limit_ms)
    if rounds <= 0 and time_limit_ms is None and cancelled is None and not arguments.get("patience"):
        raise Error("expected a limit: rounds, time_limit_ms, patience or cancelled")
    if not ray.is_initialized():
        ray.init()
    limits: dict[str, Any] = {"rounds": rounds, "time_limit_ms": time_limit_ms or 0.0}
    limits["seconds_before"] = time.monotonic() - began
    run = RayTraining(programs, out, actors=actors, games_per_batch=games_per_batch, **arguments, **limits)
    last = time.monotonic()
    while True:
        status = run.step()
        if progress is not None and time.monotonic() - last > 0.05:
            last = time.monotonic()
            progress(status)
        if not status["is_running"] or (cancelled is not None and cancelled()):
            return run.finish()
