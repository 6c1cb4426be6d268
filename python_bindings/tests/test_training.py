"""Training from Python."""

from __future__ import annotations

import math
import time

import pytest
from conftest import needs_torch

import mempl

pytestmark = needs_torch

QUICK = {
    "games": 2,
    "steps": 2,
    "batch": 8,
    "simulations": 2,
    "candidates": 2,
    "heads": 1,
    "generations": 2,
    "teacher_budget": 50,
    "refine_budget": 50,
    "evaluate_every": 2,
}


def test_training_and_going_on(tiny, tmp_path):
    seen = []
    run = mempl.train(tiny, tmp_path / "run", rounds=2, progress=seen.append, **QUICK)
    assert run.status["round"] == 2 and run.status["games"] == 4 and run.status["best_score"] > 0
    assert run.weights.exists() and run.latencies["tiny"] < mempl.slow_latency(tiny)
    assert mempl.verify(tiny, run.plans["tiny"]) == []
    assert mempl.simulate(tiny, run.plans["tiny"]).latency == run.latencies["tiny"]
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
        ({"candidates": 99}, "candidates"),
        ({"learning_rate": math.inf}, "learning_rate"),
        ({"elite_share": 2}, "elite_share"),
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
