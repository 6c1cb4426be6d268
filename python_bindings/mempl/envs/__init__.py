"""mallocGame for Gymnasium: `gymnasium.make("mempl/MallocGame-v0", instance=...)` after `import mempl.envs`."""

from __future__ import annotations

try:
    import gymnasium
except ModuleNotFoundError as problem:
    raise ModuleNotFoundError("mempl.envs needs gymnasium, and finds none: pip install 'mempl[envs]'") from problem

from .malloc_game import MallocGameEnv

ENV_ID = "mempl/MallocGame-v0"

if ENV_ID not in gymnasium.registry:
    gymnasium.register(id=ENV_ID, entry_point="mempl.envs.malloc_game:MallocGameEnv")

__all__ = ["ENV_ID", "MallocGameEnv"]
