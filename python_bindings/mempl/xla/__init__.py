"""Better memory placement for JAX functions on TPUs, through XLA's own compile options; needs no TPU.

    import mempl.xla

    result = mempl.xla.place(step, params, batch, target="v5e", time_limit_ms=60000)
    print(result)
    result.report("out.html")
    compiled = jax.jit(step).lower(params, batch).compile(compiler_options=result.compiler_options)

place() wants jax and libtpu: pip install 'mempl[xla]'. The rest of this module does not. docs/Xla.md has more.
"""

from __future__ import annotations

from .._core import XlaDecision
from ._compiler import TARGETS, Compiler, OutOfTime, Refused, missing
from ._estimate import CLOCK
from ._offers import Log
from ._parts import Attempt
from ._place import AnyCompiler, Progress, decisions, improve, options, place
from ._placement import Constraint, Moved, Placement
from ._split import Split

__all__ = [
    "CLOCK",
    "TARGETS",
    "AnyCompiler",
    "Attempt",
    "Compiler",
    "Constraint",
    "Log",
    "Moved",
    "OutOfTime",
    "Placement",
    "Progress",
    "Refused",
    "Split",
    "XlaDecision",
    "decisions",
    "improve",
    "missing",
    "options",
    "place",
]
