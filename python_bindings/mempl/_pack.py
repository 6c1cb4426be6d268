"""Offsets for buffers with lifetimes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from . import _core
from ._core import Packing
from ._errors import Error
from ._names import milliseconds, renamed


def _column(name: str, numbers: npt.ArrayLike, count: int | None = None) -> npt.NDArray[np.int64]:
    try:
        given = np.asarray(numbers)
    except (ValueError, OverflowError) as problem:
        raise Error(f"{name}: expected a sequence of integers: {problem}") from None
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise Error(f"{name}: expected integers below 2^63, found {given.dtype}")
    if given.size and given.dtype == np.uint64 and given.max() > np.iinfo(np.int64).max:
        raise Error(f"{name}: expected integers below 2^63, found {given.max()}")
    if count is not None and given.ndim == 0:
        given = np.full(count, given)
    if given.ndim != 1 or (count is not None and len(given) != count):
        expected = "one number per buffer" if count is None else f"{count} numbers, one per buffer"
        raise Error(f"{name}: expected {expected}, found shape {given.shape}")
    return np.ascontiguousarray(given, dtype=np.int64)


@renamed(time_limit=("time_limit_ms", milliseconds(1000)))
def pack(
    sizes: npt.ArrayLike,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    *,
    alignment: npt.ArrayLike = 1,
    fixed: npt.ArrayLike = -1,
    gaps: Sequence[Sequence[tuple[int, ...]]] | None = None,
    capacity: int | str | None = None,
    node_limit: int = 0,
    time_limit_ms: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Packing:
    """Gives each buffer an offset so that no two that live at the same time share a byte.

        packing = mempl.pack(sizes=[512, 256, 512], lower=[0, 1, 2], upper=[2, 3, 4], alignment=64)
        print(packing.height, packing.offsets, packing.optimal)

    Without a capacity the height is made as small as possible, by an exact search; with one, any offsets within it
    will do. Runs without the GIL; Ctrl-C raises KeyboardInterrupt. The same arguments give the same offsets, unless
    there is a time limit or it is cancelled.

    Args:
        sizes: bytes, one per buffer.
        lower: first time of each life.
        upper: first time after it; a buffer with lower == upper is in nobody's way.
        alignment: of offsets, bytes; one number for all, or one per buffer.
        fixed: offset that a buffer has to have, -1 for anywhere; one number for all, or one per buffer.
        gaps: per buffer, the parts of its life in which others may have its bytes: `(lower, upper)`, or
            `(lower, upper, begin, end)` if it keeps those from begin to before end, counted from its own. With such
            windows `optimal` and "infeasible" are claimed only where they are proven.
        capacity: bytes that no buffer may end above; a text may have a unit, as "64KiB".
        node_limit: nodes of the search; 0 is no limit.
        time_limit_ms: milliseconds, above 0; None for no limit.
        cancelled: called about every 50 ms; true ends the search with the best offsets so far.

    Raises:
        mempl.Error: a column or an option is wrong.
    """
    bytes_of = _column("sizes", sizes)
    count = len(bytes_of)
    rest = [
        _column(name, column, count)
        for name, column in (("lower", lower), ("upper", upper), ("alignment", alignment), ("fixed", fixed))
    ]
    if gaps is not None and len(gaps) != count:
        raise Error(f"gaps: expected {count} lists, one per buffer, found {len(gaps)}")
    if isinstance(capacity, str):
        capacity = _core.parse_size(capacity)
    return _core.pack(
        bytes_of,
        *rest,
        [] if gaps is None else [list(of_buffer) for of_buffer in gaps],
        capacity=None if capacity is None else operator.index(capacity),
        node_limit=node_limit,
        time_limit_ms=time_limit_ms,
        cancelled=cancelled,
    )
