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
from . import _render

STOP = 0
LIMIT = 20.0  # No number of an observation is larger in magnitude.


class MallocGameEnv(gymnasium.Env[dict[str, np.ndarray], np.int64]):
    """mallocGame: the player takes one segment after the other into fast memory or out of it, and then stops.

    A segment is some neighbouring accesses of one value.

    Actions, a Discrete of the program's own size: 0 stops; the others do something with one segment. game.action() says
    what a number stands for.

    Observations, a dict of float32 arrays; all numbers are relative to program and machine:
        segment: (segment, feature), what is known of the segments from the program alone.
        program: (feature,), the same of the program.
        node: (segment, feature), how the segments stand now.
        state: (feature,), the state as a whole.
        action_mask: int8 (action,), 1 for legal actions; zeros when the game is over.
    mempl.Game.feature_table() and docs/Observation.md have names and meanings of the features.

    Rewards are latency saved, in units of what the solver `greedy` saves, or of a thousandth of the latency of slow
    memory where that is more (`game.scale`): a return of 0 is everything in slow memory, 1 is greedy. An episode ends with Stop, which alone is in the mask after `max_actions`; there is no truncation.

    Info: `action_mask` as above; `latency`, seconds, with what is not placed in slow memory; after step(), `illegal`:
    whether the action was illegal.

    Args:
        instance: an Instance, or the path of a file for mempl.load().
        target: machine for that file.
        max_actions: actions after which the player has to stop; 0: twice the number of segments.
        illegal: what an illegal action does: "ignore" changes nothing, "error" raises mempl.Error.
        render_mode: None; "ansi": a line about the state and a map of fast memory in text; "rgb_array": the map as a picture.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        instance: _core.Instance | str | os.PathLike[str],
        *,
        target: str = "",
        max_actions: int = 0,
        illegal: Literal["ignore", "error"] = "ignore",
        render_mode: str | None = None,
    ) -> None:
        if illegal not in ("ignore", "error"):
            raise Error(f"illegal: expected ignore or error, found {illegal!r}")
        if max_actions < 0:
            raise Error(f"max_actions: expected at least 0, found {max_actions}")
        self.instance = instance if isinstance(instance, _core.Instance) else load(instance, target=target)
        self.game = _core.Game(self.instance)
        self.illegal = illegal
        self.render_mode = render_mode
        seen = self.game.observe()
        self.max_actions = max_actions or max(1, 2 * len(seen["segment"]))
        self.action_space = spaces.Discrete(self.game.num_actions)
        self._mask = self._legal_actions()
        self.observation_space = spaces.Dict(
            {name: spaces.Box(-LIMIT, LIMIT, array.shape, np.float32) for name, array in seen.items()}
            | {"action_mask": spaces.Box(0, 1, self._mask.shape, np.int8)}
        )

    def _legal_actions(self) -> np.ndarray:
        if self.game.num_applied < self.max_actions or self.game.is_over:
            return self.game.legal_actions()
        mask = np.zeros(self.game.num_actions, dtype=bool)
        mask[STOP] = True
        return mask

    def action_masks(self) -> np.ndarray:
        """Whether each action is legal: bool, one number for each."""
        return self._mask.copy()

    def _seen(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        self._mask = self._legal_actions()
        mask = self._mask.astype(np.int8)
        return self.game.observe() | {"action_mask": mask}, {"action_mask": mask, "latency": self.game.latency}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The first state. The game has no chance in it, so seeds change nothing."""
        super().reset(seed=seed)
        self.game.restart()
        return self._seen()

    def step(self, action: np.int64 | int) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Plays an action. Raises mempl.Error if the episode is over."""
        if self.game.is_over:
            raise Error("expected an episode that is not over: call reset()")
        played = int(action)
        is_legal = 0 <= played < len(self._mask) and bool(self._mask[played])
        if not is_legal and self.illegal == "error":
            raise Error(f"expected a legal action, found {played}")
        reward = self.game.apply(played) / self.game.scale if is_legal else 0.0
        seen, info = self._seen()
        info["illegal"] = not is_legal
        return seen, reward, self.game.is_over, False, info

    def render(self) -> str | np.ndarray | None:
        """What is placed so far, over steps and bytes: text or RGB (uint8), as render_mode says."""
        if self.render_mode == "rgb_array":
            return _render.picture(self.instance, self.plan())
        if self.render_mode != "ansi":
            return None
        game = self.game
        where = "over" if game.is_over else "open"
        return f"{self.instance.name}: {where}, {game.num_applied} actions, latency {game.latency:.6g} s\n" + _render.text(
            self.instance, self.plan()
        )

    def plan(self) -> _core.Plan:
        """A valid plan: what is placed so far, the rest in slow memory."""
        return self.game.plan()
