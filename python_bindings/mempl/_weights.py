"""Where the parts of the package lie that are not Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ._errors import Error

_FOLDER = Path(__file__).parent


def refuse_second_torch() -> None:
    """Raises mempl.Error where LibTorch would be loaded beside that of the Python package torch, which ends in a crash."""
    if "torch" in sys.modules:
        raise Error(
            "the Python package torch is loaded in this process, and LibTorch cannot be there twice: do this in a "
            "process that does not import torch"
        )


def use_own_module() -> None:
    """Lets the solvers muzero find LibTorch's part of mempl beside this file, unless the environment names another."""
    module = _FOLDER / "mempl_muzero.so"
    if module.exists():
        os.environ.setdefault("MEMPL_MUZERO_MODULE", str(module))
