"""Training from Python, here and on Ray."""

from __future__ import annotations

import os
import signal
import time

import pytest
from conftest import needs_torch, tiny_json

import mempl

pytestmark = needs_torch

QUICK = {
    "games": 2,
    "steps": 2,
    "batch": 8,
    "simulations": 2,
    "slots": 2,
    "teacher_budget": 50,
    "refine_budget": 50,
    "evaluate_every": 2,
}


def test_training_and_going_on(tiny, tmp_path):
    seen = []
    run = mempl.train(tiny, tmp_path / "run", rounds=2, progress=seen.append, **QUICK)
    assert run.status["round"] == 2 and run.status["games"] == 4 and run.status["best_score"] > 0
    assert run.weights.exists() and run.latencies["tiny"] < mempl.slow_latency(tiny)
    assert all({"round", "doing", "loss"} <= set(status) for status in seen)
    again = mempl.train(tiny, tmp_path / "run", rounds=3, **QUICK)
    assert again.status["round"] == 3
    solution = mempl.solve(tiny, mempl.solver("muzero", weights=run.weights), budget=20)
    assert mempl.verify(tiny, solution.plan) == []


def test_training_says_what_is_wrong(tiny, tmp_path):
    for arguments, expected in [
        ({"rounds": 0}, "limit"),
        ({"speed": 3}, "speed"),
        ({"batch": 0}, "batch"),
        ({"batch": "many"}, "batch"),
        ({"size": "xl"}, "size"),
        ({"weights": "/nowhere/x.mempl"}, "x.mempl"),
    ]:
        with pytest.raises(mempl.Error, match=expected):
            mempl.train(tiny, tmp_path / "run", **{"rounds": 1, **QUICK, **arguments})
    with pytest.raises(mempl.Error, match="at least one program"):
        mempl.train([], tmp_path / "run", rounds=1)


def test_training_can_be_cancelled(tiny, tmp_path):
    begin = time.monotonic()
    run = mempl.train(tiny, tmp_path / "run", cancelled=lambda: time.monotonic() - begin > 1, **QUICK)
    assert time.monotonic() - begin < 60 and run.status["round"] >= 0


@pytest.fixture(scope="module")
def cluster():
    ray = pytest.importorskip("ray")
    # Workers of Ray are nicer than everything else, which takes forever on a machine that does other things.
    os.environ["RAY_worker_niceness"] = "0"
    ray.init(num_cpus=4, include_dashboard=False, object_store_memory=80 * 2**20, log_to_driver=False)
    yield ray
    ray.shutdown()


def games_in(folder) -> int:
    """Games of the checkpoint and those that wait in the folder: what a run that goes on has."""
    from mempl.training import native, program_rows

    rows = program_rows(mempl.loads(tiny_json(), "json"), (), "")
    trainer = native().Trainer(rows, str(folder), QUICK)
    checker = native().Actor(rows, QUICK)
    return trainer.status["games"] + sum(checker.check(path.read_bytes()) for path in (folder / "games").glob("*.games"))


def test_ray_loses_no_admitted_game_when_an_actor_is_killed(cluster, tiny, tmp_path):
    import mempl.ray

    options = {**QUICK, "games": 0}
    run = mempl.ray.RayTraining(tiny, tmp_path / "run", actors=2, games_per_batch=3, **options)
    deadline = time.monotonic() + 240
    while run.admitted < 12 and time.monotonic() < deadline:
        run.step()
    before = run.admitted
    os.kill(cluster.get(run.actors[0].pid.remote()), signal.SIGKILL)
    while (run.restarts < 1 or run.admitted < before + 12) and time.monotonic() < deadline:
        status = run.step()
    assert run.restarts == 1 and run.admitted >= before + 12
    assert status["is_running"]
    result = run.finish()
    assert result.status["round"] >= 1 and result.status["admitted"] == run.admitted
    assert games_in(result.folder) == run.admitted


def test_ray_trains_to_a_limit(cluster, tiny, tmp_path):
    import mempl.ray

    run = mempl.ray.train(tiny, tmp_path / "run", actors=2, games_per_batch=2, rounds=3, **{**QUICK, "games": 0})
    assert run.status["round"] == 3 and run.weights.exists()
    with pytest.raises(mempl.Error, match="speed"):
        mempl.ray.train(tiny, tmp_path / "other", rounds=1, speed=1)
