"""The environment: one episode places the values of one program."""

from __future__ import annotations

import os
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from .. import _core
from .._errors import Error
from .._programs import load

ACTIONS = _core.Game.action_names
DROP = ACTIONS.index("Drop")


def _space(array: np.ndarray, features: list[_core.Feature], axis: int) -> spaces.Box:
    """What arrays like this one can be, whose features go along an axis."""

    def limits(numbers: list[float]) -> np.ndarray:
        along = [1] * array.ndim
        along[axis] = -1
        return np.broadcast_to(np.array(numbers, array.dtype).reshape(along), array.shape).copy()

    return spaces.Box(limits([f.low for f in features]), limits([f.high for f in features]), dtype=array.dtype.type)


class MallocGameEnv(gymnasium.Env[dict[str, np.ndarray], np.int64]):
    """mallocGame: the player is asked about the accesses of a program in turn, and answers where each is served.

    Actions, a Discrete: NoCopy, in fast memory without a copy; Copy, in fast memory by a new copy in; Drop, in slow
    memory. ACTIONS has their names by number. Drop is always legal.

    Observations, a dict; all floats are relative to program and machine:
        profile: float32 (feature, bin), memory and channels over time.
        near: float32 (value, feature), the values nearest to now.
        near_features: float32 (value, feature), what is known of them from the program alone; zeros where there is none.
        scalars: float32 (feature,), the question and the state as a whole.
        action_mask: int8 (action,), 1 for legal actions; zeros when the game is over.
    mempl.Game.feature_table() and docs/Observation.md have names, ranges and meanings of the features. Env.features has
    all rows of the program.

    Rewards are latency saved, in units of what the solver `greedy` saves: a return of 0 is everything in slow memory, 1
    is greedy. An episode ends when nothing is left to decide; there is no truncation.

    Info: `action_mask` as above; `latency`, seconds, with what is undecided in slow memory; `decision`, the row of
    `features`, the value and the step that are asked about, or None; after step(), `illegal`: whether the action was
    illegal.

    Args:
        instance: an Instance, or the path of a file for mempl.load().
        target: machine for that file.
        order: "program" asks by time, "density" value by value, the most valuable first.
        moves: "use": an action decides about one access; "value": about all accesses of a value, which makes shorter games.
        repacks: whether residencies may move to other offsets.
        illegal: what an illegal action does: "drop" plays Drop in its place, "error" raises mempl.Error.
        render_mode: None or "ansi": a line about the state.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(
        self,
        instance: _core.Instance | str | os.PathLike[str],
        *,
        target: str = "",
        order: Literal["program", "density"] = "program",
        moves: Literal["use", "value"] = "use",
        repacks: bool = True,
        illegal: Literal["drop", "error"] = "drop",
        render_mode: str | None = None,
    ) -> None:
        if illegal not in ("drop", "error"):
            raise Error(f"illegal: expected drop or error, found {illegal!r}")
        self.instance = instance if isinstance(instance, _core.Instance) else load(instance, target=target)
        self.game = _core.Game(self.instance, order=order, moves=moves, repacks=repacks)
        self.illegal = illegal
        self.render_mode = render_mode
        self.features: np.ndarray = self.game.features
        self.action_space = spaces.Discrete(len(ACTIONS))
        seen = self._observation()
        table = self.game.feature_table()
        self.observation_space = spaces.Dict(
            {
                "profile": _space(seen["profile"], table["profile"], axis=0),
                "near": _space(seen["near"], table["near"], axis=1),
                "near_features": _space(seen["near_features"], table["program"], axis=1),
                "scalars": _space(seen["scalars"], table["scalars"], axis=0),
                "action_mask": spaces.Box(0, 1, seen["action_mask"].shape, np.int8),
            }
        )

    def action_masks(self) -> np.ndarray:
        """Whether each action is legal: bool, one number for each."""
        return np.array(self.game.legal_actions, dtype=bool)

    def _observation(self) -> dict[str, np.ndarray]:
        seen = self.game.observe()
        nodes = seen["near_nodes"]
        rows = np.zeros((len(nodes), self.features.shape[1]), np.float32)
        rows[nodes >= 0] = self.features[nodes[nodes >= 0]]
        return {
            "profile": seen["profile"].copy(),
            "near": seen["near"].copy(),
            "near_features": rows,
            "scalars": seen["scalars"].copy(),
            "action_mask": self.action_masks().astype(np.int8),
        }

    def _info(self) -> dict[str, Any]:
        return {
            "action_mask": self.action_masks().astype(np.int8),
            "latency": self.game.latency,
            "decision": self.game.decision,
        }

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The first state. The game has no chance in it, so seeds change nothing."""
        super().reset(seed=seed)
        self.game.restart()
        return self._observation(), self._info()

    def step(self, action: np.int64 | int) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Plays an action. Raises mempl.Error if the episode is over."""
        legal = self.game.legal_actions
        played = int(action)
        if not any(legal):
            raise Error("expected an episode that is not over: call reset()")
        is_illegal = not (0 <= played < len(legal) and legal[played])
        if is_illegal and self.illegal == "drop":
            played = DROP
        reward = self.game.apply(played) / self.game.scale
        info = self._info()
        info["illegal"] = is_illegal
        return self._observation(), float(reward), self.game.is_over, False, info

    def render(self) -> str | None:
        """A line about the state, with render_mode "ansi"."""
        if self.render_mode != "ansi":
            return None
        game, asked = self.game, self.game.decision
        where = "over" if asked is None else f"step {asked[2]}, value {asked[1]}"
        return f"{self.instance.name}: {where}, {game.num_applied} actions, latency {game.latency:.6g} s"

    def plan(self) -> _core.Plan:
        """A valid plan: what has been decided, and Drop for the rest."""
        return self.game.plan()
