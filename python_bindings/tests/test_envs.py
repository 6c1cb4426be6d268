"""mallocGame in Gymnasium."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import mempl
import mempl.envs


def make(instance, **arguments):
    return gymnasium.make(mempl.envs.ENV_ID, instance=instance, **arguments)


def test_gymnasium_checks_it(alexnet):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(alexnet).unwrapped)


def test_rewards_add_up_to_what_the_plan_saves(alexnet):
    env = make(alexnet)
    random = np.random.default_rng(3)
    _, info = env.reset(seed=1)
    total, is_over = 0.0, False
    while not is_over:
        action = random.choice(np.flatnonzero(info["action_mask"]))
        seen, reward, is_over, is_cut, info = env.step(action)
        assert env.observation_space.contains(seen)
        assert (seen["action_mask"] == info["action_mask"]).all() and not info["illegal"] and not is_cut
        total += reward
    game = env.unwrapped.game
    plan = env.unwrapped.plan()
    assert mempl.verify(alexnet, plan) == []
    latency = mempl.simulate(alexnet, plan).latency
    assert info["latency"] == pytest.approx(latency)
    assert total * game.scale == pytest.approx(game.slow_latency - latency)
    assert info["decision"] is None and not info["action_mask"].any()
    with pytest.raises(mempl.Error, match="reset"):
        env.unwrapped.step(2)


def test_shapes_and_ranges_follow_from_the_features(alexnet):
    env = make(alexnet).unwrapped
    table = mempl.Game.feature_table()
    assert mempl.Game.action_names == ("NoCopy", "Copy", "Drop") and env.action_space.n == 3
    seen, _ = env.reset()
    shapes = {name: space.shape for name, space in env.observation_space.items()}
    assert shapes == {name: array.shape for name, array in seen.items()}
    assert shapes["profile"][0] == len(table["profile"]) and shapes["scalars"] == (len(table["scalars"]),)
    assert shapes["near"] == (shapes["near_features"][0], len(table["near"]))
    names = [feature.name for feature in table["scalars"]]
    assert len(set(names)) == len(names) and names[names.index("may_no_copy") + 1] == "may_copy"
    # Numbers can be asked for by name.
    mask = env.action_masks()
    assert seen["scalars"][names.index("may_no_copy")] == mask[0]
    assert seen["scalars"][names.index("may_copy")] == mask[1]
    share = next(feature for feature in table["program"] if feature.name == "size_share")
    assert (share.low, share.high) == (0, 1) and "capacity" in share.description
    column = table["program"].index(share)
    assert (env.observation_space["near_features"].high[:, column] == 1).all()


def test_greedy_play_is_not_worse_than_slow(alexnet):
    game = mempl.Game(alexnet)
    assert game.features.shape == (game.num_decisions, len(game.feature_table()["program"]))
    while (action := game.greedy_action()) is not None:
        game.apply(action)
    assert game.is_over and game.latency < game.slow_latency
    best = game.latency
    game.undo()
    other = game.clone()
    other.restart()
    assert other.num_applied == 0 and game.num_applied > 0
    game.apply(game.greedy_action())
    assert game.latency == best


def test_illegal_actions(tiny):
    def first_illegal(env):
        env.reset()
        while True:
            mask = env.unwrapped.action_masks()
            if not mask.all():
                return int(np.flatnonzero(~mask)[0])
            env.step(2)

    env = make(tiny)
    assert env.step(first_illegal(env))[4]["illegal"]
    strict = make(tiny, illegal="error")
    with pytest.raises(mempl.Error, match="expected a legal action"):
        strict.step(first_illegal(strict))
    with pytest.raises(mempl.Error, match="illegal"):
        make(tiny, illegal="never")


def test_files_orders_and_text(data):
    path = data / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz"
    env = make(str(path), order="density", moves="value", render_mode="ansi")
    env.reset()
    assert "alexnet" in env.render()
    lengths = []
    for moves in ("use", "value"):
        game = make(str(path), moves=moves).unwrapped.game
        lengths.append(0)
        while not game.is_over:
            game.apply(2)
            lengths[-1] += 1
    assert 0 < lengths[1] < lengths[0]
    with pytest.raises(mempl.Error, match="order"):
        make(str(path), order="random")
    with pytest.raises(mempl.Error, match="moves"):
        make(str(path), moves="large")
