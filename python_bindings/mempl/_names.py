"""Old names of arguments, which still work, and what new ones have in common."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from ._errors import Error

_P = ParamSpec("_P")
_R = TypeVar("_R")

Conversion = Callable[[Any], Any]


def milliseconds(unit: float, zero_is_none: bool = False) -> Conversion:
    """A time in a unit of so many milliseconds as `time_limit_ms`; None is no limit, and so was 0 where that is said."""

    def convert(value: Any) -> Any:
        if value is None or (zero_is_none and value == 0):
            return None
        return unit * value

    return convert


def check_time_limit(time_limit_ms: float | None) -> None:
    """Raises mempl.Error for what is no limit on time."""
    if time_limit_ms is not None and not time_limit_ms > 0:
        raise Error(f"time_limit_ms: expected more than 0 milliseconds, found {time_limit_ms:g}")


def renamed(**old: tuple[str, Conversion]) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A decorator: arguments of old names go on under new ones, with a DeprecationWarning."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> _R:
            for name in old.keys() & kwargs.keys():
                new, convert = old[name]
                if new in kwargs:
                    raise Error(f"{name}: is the old name of {new}; give one of them")
                warnings.warn(f"{name} is now {new}", DeprecationWarning, stacklevel=2)
                kwargs[new] = convert(kwargs.pop(name))
            return function(*args, **kwargs)

        return call

    return decorate
