"""Many threads at once, with a GIL and without one: each gets what it would get alone."""

from __future__ import annotations

import pickle
import random
import threading
from collections.abc import Callable

import numpy as np
import pytest
from conftest import needs_torch, tiny_json
from test_core import HLO, MLIR
from test_pack import hard
from test_training import QUICK

import mempl

THREADS = 6


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each returns, each on a thread of its own; raises what one of them raises."""
    together = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)
    problems: list[BaseException] = []

    def run(number: int) -> None:
        together.wait()
        try:
            results[number] = works[number]()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return results


def solved(instance: mempl.Instance, solver: str, **options: object) -> tuple[str, float]:
    """With callbacks, which come from the threads of the solver."""
    latencies: list[float] = []
    solution = mempl.solve(
        instance,
        solver,
        progress=lambda progress: latencies.append(progress.latency),
        cancelled=lambda: False,
        **options,
    )
    assert all(latency >= solution.latency for latency in latencies)
    return solution.plan.to_json(), solution.latency


def packed() -> list[int]:
    return mempl.pack(*hard(60), node_limit=2000).offsets.tolist()


def played(instance: mempl.Instance, seed: int) -> tuple[float, str]:
    game, choose = mempl.Game(instance), random.Random(seed)
    while not game.is_over and game.num_applied < 12:
        game.apply(choose.choice(np.flatnonzero(game.legal_actions()).tolist()))
        seen = game.observe()
        assert seen["segment"].shape[0] == seen["node"].shape[0]
        if choose.random() < 0.2:
            game.undo()
    return game.latency, game.plan().to_json()


def refused() -> str:
    with pytest.raises(mempl.Error) as caught:
        mempl.loads("{}", "json")
    return str(caught.value)


def seen_of(instance: mempl.Instance, plan: mempl.Plan) -> tuple[object, ...]:
    """All that reads an instance and a plan that others read as well."""
    outcome = mempl.simulate(instance, plan, traffic=True)
    return (
        outcome.latency,
        outcome.times.tolist(),
        len(mempl.verify(instance, plan)),
        len(mempl.explain(instance, plan)),
        mempl.lower_bound(instance, iterations=30, cancelled=lambda: False).bound,
        instance.sizes.sum(),
        {name: column.tolist() for name, column in instance.accesses.items()},
        {name: column.tolist() for name, column in plan.columns.items()},
        pickle.loads(pickle.dumps(instance)) == instance,
        pickle.loads(pickle.dumps(plan)) == plan,
        mempl.report_page(instance, plan) != "",
        instance.with_machine(mempl.Machine(instance.machine)) == instance,
        len(mempl.transfer(plan, instance, instance).plan),
    )


def test_all_at_once_is_as_one_after_the_other(alexnet, data):
    plan = mempl.solve(alexnet, "greedy").plan
    path = data / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz"
    works = [
        lambda: solved(alexnet, "search", budget=300, threads=2),
        lambda: solved(alexnet, "portfolio", budget=300, threads=2),
        lambda: solved(alexnet, "muzero", budget=20),
        lambda: solved(alexnet, "search", budget=200, start=plan),
        packed,
        lambda: played(alexnet, 1),
        lambda: played(alexnet, 2),
        refused,
        lambda: seen_of(alexnet, plan),
        lambda: mempl.load(path).to_json(),
        lambda: mempl.loads(MLIR, "mlir", target="tpu-v5e").to_json(),
        lambda: mempl.load(HLO, target="tpu-v5e").to_json(),
        lambda: mempl.place(MLIR, target="tpu-v5e", budget=100).text,
        lambda: str(mempl.solvers()),
    ]
    alone = [work() for work in works]
    assert at_once(*works, *works) == alone + alone


def test_threads_share_a_game(alexnet):
    game = mempl.Game(alexnet)
    start = game.latency

    def play(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(60):
            try:
                match choose.randrange(6):
                    case 0 | 1:
                        game.apply(choose.choice(np.flatnonzero(game.legal_actions()).tolist()))
                    case 2:
                        game.undo()
                    case 3:
                        assert np.isfinite(game.observe()["state"]).all()
                    case 4:
                        mine = game.clone()
                        assert mempl.simulate(alexnet, mine.plan()).latency <= mine.latency * (1 + 1e-9)
                        assert start - mine.latency == pytest.approx(mine.total_reward, abs=1e-12)
                    case 5:
                        assert game.latency > 0 and game.num_applied >= 0 and game.hash >= 0
                        _ = game.is_over
            # Meanwhile another one has played.
            except (mempl.Error, IndexError):
                pass

    at_once(*(lambda seed=seed: play(seed) for seed in range(THREADS)))
    game.restart()
    assert game.latency == start and game.num_applied == 0


def test_threads_share_a_machine(tiny):
    machine = mempl.Machine(tiny.machine)
    capacities = [machine.capacity * factor for factor in (1, 2, 4)]

    def turn(capacity: int) -> None:
        for _ in range(200):
            machine.capacity = capacity
            assert machine.capacity in capacities
            assert mempl.Machine(machine).alignment == tiny.machine.alignment
            assert tiny.with_machine(machine).machine.capacity in capacities
            _ = machine == tiny.machine, repr(machine)

    at_once(*(lambda capacity=capacity: turn(capacity) for capacity in capacities))


@needs_torch
def test_training_in_threads(tiny, tmp_path):
    def train(name: str) -> tuple[int, float]:
        run = mempl.train(tiny, tmp_path / name, rounds=1, threads=2, progress=lambda status: status["round"], **QUICK)
        return run.status["round"], run.latencies["tiny"]

    alone = train("alone")
    other = mempl.loads(tiny_json(9), "json")
    results = at_once(lambda: train("a"), lambda: train("b"), lambda: solved(other, "search", budget=300)[1])
    assert results == [alone, alone, solved(other, "search", budget=300)[1]]
