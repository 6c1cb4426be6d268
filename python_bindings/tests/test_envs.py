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
    env = make(alexnet, max_actions=30)
    random = np.random.default_rng(3)
    _, info = env.reset(seed=1)
    total, is_over, count = 0.0, False, 0
    while not is_over:
        legal = np.flatnonzero(info["action_mask"])
        action = random.choice(legal[1:] if len(legal) > 1 else legal)
        seen, reward, is_over, is_cut, info = env.step(action)
        assert env.observation_space.contains(seen)
        assert (seen["action_mask"] == info["action_mask"]).all() and not info["illegal"] and not is_cut
        total += reward
        count += 1
    # After 30 actions nothing is left but to stop.
    assert count == 31
    game = env.unwrapped.game
    plan = env.unwrapped.plan()
    assert mempl.verify(alexnet, plan) == []
    latency = mempl.simulate(alexnet, plan).latency
    assert info["latency"] == pytest.approx(latency)
    assert total * game.scale == pytest.approx(game.slow_latency - latency)
    assert not info["action_mask"].any()
    with pytest.raises(mempl.Error, match="reset"):
        env.unwrapped.step(0)


def test_shapes_follow_from_the_features(alexnet):
    env = make(alexnet).unwrapped
    table = mempl.Game.feature_table()
    seen, _ = env.reset()
    shapes = {name: space.shape for name, space in env.observation_space.items()}
    assert shapes == {name: array.shape for name, array in seen.items()}
    segments = shapes["segment"][0]
    assert env.action_space.n == env.game.num_actions == 1 + 4 * segments
    for name in ("segment", "node"):
        assert shapes[name] == (segments, len(table[name]))
    for name in ("program", "state"):
        assert shapes[name] == (len(table[name]),)
    # Numbers can be asked for by name.
    names = [feature.name for feature in table["node"]]
    assert len(set(names)) == len(names)
    place = int(np.flatnonzero(env.action_masks())[1])
    kind, segment, value, first, last = env.game.action(place)
    assert kind == "Place" and 0 <= value < len(alexnet.values) and first <= last
    assert seen["node"][segment, names.index("served")] == 0
    seen = env.step(place)[0]
    assert seen["node"][segment, names.index("served")] == 1
    share = next(feature for feature in table["segment"] if feature.name == "share")
    assert "fast memory" in share.description


def test_game_plays_by_itself(alexnet):
    game = mempl.Game(alexnet)
    first = game.hash
    assert game.action(0) == ("Stop", -1, -1, -1, -1)
    for action in np.flatnonzero(game.legal_actions())[1:]:
        if game.is_legal(action) and game.apply(action) <= 0:
            game.undo()
    assert game.latency < game.slow_latency
    assert game.total_reward == pytest.approx(game.slow_latency - game.latency)
    played = game.num_applied
    other = game.clone()
    assert mempl.verify(alexnet, game.plan()) == [] and game.num_applied == played and not game.is_over
    game.apply(0)
    assert game.is_over and mempl.simulate(alexnet, game.plan()).latency == pytest.approx(game.latency)
    with pytest.raises(mempl.Error, match="expected a legal action, found 1"):
        game.apply(1)
    with pytest.raises(mempl.Error, match="expected an action from 0 to"):
        game.apply(game.num_actions)
    game.restart()
    assert game.hash == first and game.num_applied == 0 and other.num_applied == played
    with pytest.raises(mempl.Error, match="nothing to undo"):
        game.undo()


def test_order_of_steps(tiny):
    with pytest.raises(mempl.Error, match="order of steps"):
        mempl.Game(tiny, order=[0, 0])


def test_illegal_actions(tiny):
    env = make(tiny)
    _, info = env.reset()
    illegal = int(np.flatnonzero(info["action_mask"] == 0)[0])
    before = env.unwrapped.game.hash
    _, reward, is_over, _, info = env.step(illegal)
    assert info["illegal"] and reward == 0 and not is_over and env.unwrapped.game.hash == before
    strict = make(tiny, illegal="error")
    strict.reset()
    with pytest.raises(mempl.Error, match="expected a legal action"):
        strict.step(illegal)
    with pytest.raises(mempl.Error, match="illegal"):
        make(tiny, illegal="never")
    with pytest.raises(mempl.Error, match="max_actions"):
        make(tiny, max_actions=-1)


@pytest.mark.parametrize("kind", ["SyncVectorEnv", "AsyncVectorEnv"])
def test_environments_side_by_side(alexnet, data, kind):
    # Other processes get the instance by its file.
    file = str(data / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz")
    several = getattr(gymnasium.vector, kind)([lambda: make(file, max_actions=4)] * 2)
    alone = [make(file, max_actions=4) for _ in range(2)]
    try:
        _, infos = several.reset(seed=0)
        for env in alone:
            env.reset(seed=0)
        random = np.random.default_rng(0)
        for _ in range(4):
            actions = [random.choice(np.flatnonzero(mask)[1:]) for mask in infos["action_mask"]]
            seen, rewards, _, _, infos = several.step(np.array(actions))
            expected = [env.step(action) for env, action in zip(alone, actions)]
            assert rewards == pytest.approx([step[1] for step in expected])
            for i, step in enumerate(expected):
                assert all((seen[name][i] == array).all() for name, array in step[0].items())
                assert infos["latency"][i] == step[4]["latency"]
    finally:
        several.close()


def test_files_and_text(data):
    env = make(str(data / "xla_tpu" / "alexnet_b64.v5e.instance.json.gz"), render_mode="ansi")
    env.reset()
    env.reset()
    assert "alexnet" in env.render()


def test_the_map_shows_what_is_placed(alexnet):
    env = make(alexnet, render_mode="rgb_array")
    text = make(alexnet, render_mode="ansi")
    env.reset(), text.reset()
    empty = env.render()
    assert empty.dtype == np.uint8 and empty.shape == (320, 640, 3) and (empty == 255).all()
    assert "#" not in text.render()
    action = int(np.flatnonzero(env.unwrapped.action_masks()[1:])[0]) + 1
    env.step(action), text.step(action)
    assert "#" in text.render()
    drawn = (env.render() != 255).any(axis=2)
    # The share of bytes times steps, but for rounding to whole cells.
    plan = env.unwrapped.plan()
    area = sum(
        int(alexnet.sizes[r.value]) * (max(r.last + 1, r.done) - (r.issue if r.issue >= 0 else r.write))
        for r in plan.residencies
    )
    assert drawn.mean() == pytest.approx(area / (alexnet.machine.capacity * alexnet.num_steps), abs=0.02)
    # Offset 0 is at the bottom.
    assert drawn[-1].any() or all(r.offset > 0 for r in plan.residencies)
