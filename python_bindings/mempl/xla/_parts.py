"""Finds the number of parts of its batch in which XLA makes a function fastest.

The function is compiled whole. The simulator says which numbers of parts could gain; these are compiled, the most promising
first, and XLA's own estimate decides. Parts as trips of a loop compile as fast as the whole function; the best number
of them is then tried written out, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import Error
from ._compiler import Compiler, OutOfTime, Refused
from ._offers import BETTER, reason
from ._split import Reduce, Split, batch_of, in_axes_of

# Parts that are tried where the user names none: every divisor of the batch up to this one.
_MAX_PARTS = 16
# Parts that are written out at most, since that takes as many times as long to compile.
_MAX_WRITTEN = 4
_SLOWER = "predicted to be slower"


@dataclass(frozen=True)
class Attempt:
    """A number of parts, and what became of it.

    Attributes:
        parts: 1 for the whole function.
        is_loop: whether the parts are trips of a loop, else they are written out.
        predicted: seconds, by the simulator, when only the whole had been compiled; None where it could not tell.
        cycles: XLA's own estimate, of its own choice; None where it was not compiled.
        reason: why it was not.
    """

    parts: int
    is_loop: bool
    predicted: float | None
    cycles: int | None
    reason: str = ""


@dataclass(frozen=True)
class Form:
    """A function, whole or in parts, and what XLA makes of it by itself.

    Attributes:
        function: of the whole batch.
        parts, is_loop: as of Attempt.
        compiler: of the function.
        text: the scheduled module; None where its estimate is known from earlier.
        cycles: XLA's estimate.
    """

    function: Callable[..., Any]
    parts: int
    is_loop: bool
    compiler: Compiler
    text: str | None
    cycles: int


#: Compiles a function of the same arguments: its compiler, text and estimate. Raises Refused or OutOfTime.
Compile = Callable[[Callable[..., Any], int], tuple[Compiler, str | None, int]]
#: Seconds in numbers of parts, by the simulator, from the whole and the numbers of its parameters with a batch.
Predict = Callable[[Form, Sequence[int], Sequence[int]], dict[int, float]]


def numbers_of_parts(size: int, wanted: Sequence[int] | None) -> list[int]:
    """Numbers of parts, above 1, to try for a batch. Raises mempl.Error for one that is no divisor of it."""
    if wanted is None:
        return [number for number in range(2, min(size, _MAX_PARTS) + 1) if size % number == 0]
    for number in wanted:
        if number < 1 or size % number:
            raise Error(f"parts: expected divisors of the batch, {size}, found {number}")
    return sorted(set(wanted) - {1})


class PartsSearch:
    """One search.

    Args:
        function: to be cut, called with parts of the batch.
        arguments, in_axes, out_axes, reduce: as of place().
        compile, predict: see there.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        in_axes: Any,
        out_axes: Any,
        reduce: Reduce | None,
        compile: Compile,
        predict: Predict,
    ) -> None:
        self._function, self._arguments = function, arguments
        self._in_axes, self._out_axes, self._reduce = in_axes, out_axes, reduce
        self._compile, self._predict = compile, predict
        self._predicted: dict[int, float] = {}
        self.attempts: list[Attempt] = []
        #: Of the whole function, and the fastest one.
        self.whole: Form
        self.best: Form

    def split(self, parts: int, is_loop: bool) -> Split:
        """The function in parts. Raises mempl.Error where it cannot be cut so."""
        import jax

        split = Split(self._function, self._in_axes, self._out_axes, parts, self._reduce, is_loop)
        try:
            jax.eval_shape(split, *self._arguments)
        except Exception as problem:
            # jax adds lines to what goes through it.
            first = str(problem).strip().split("\n")[0]
            if isinstance(problem, Error):
                raise Error(first) from problem
            raise Error(f"in_axes: expected a function of batches of any size; in {parts} parts: {first}") from problem
        return split

    def run(self, wanted: Sequence[int] | None) -> None:
        """Tries the whole and these numbers of parts, or those divisors of the batch up to 16 that could gain.

        Raises:
            mempl.Error: the function cannot be cut so.
            Refused, OutOfTime: the whole is not compiled.
        """
        axes = in_axes_of(self._arguments, self._in_axes)
        numbers = numbers_of_parts(batch_of(self._arguments, self._in_axes), wanted)
        for number in numbers[:1]:
            self.split(number, is_loop=False)
        self.whole = self.best = Form(self._function, 1, False, *self._compile(self._function, 1))
        batched = [place for place, number in enumerate(self.whole.compiler.parameters) if axes[number] is not None]
        self._predicted = self._predict(self.whole, batched, [1, *numbers])
        self.attempts = [Attempt(1, False, self._predicted.get(1), self.whole.cycles)]
        self._try_loops(numbers, is_asked=wanted is not None)
        if 1 < self.best.parts <= _MAX_WRITTEN:
            self._try(self.best.parts, is_loop=False)

    def _try_loops(self, numbers: Sequence[int], is_asked: bool) -> None:
        """Compiles loops as long as the simulator expects one to be faster than the best, or all that were asked for."""
        for number in sorted(numbers, key=lambda number: (self._predicted.get(number, 0.0), number)):
            if not is_asked and self._expected(number) >= self.best.cycles * BETTER:
                self.attempts.append(Attempt(number, True, self._predicted.get(number), None, _SLOWER))
            else:
                self._try(number, is_loop=True)

    def _expected(self, number: int) -> float:
        """Cycles, if XLA's estimate changes as the simulator's latency does; 0 where that is not known."""
        whole = self._predicted.get(1, 0.0)
        return self.whole.cycles * self._predicted.get(number, 0.0) / whole if whole else 0.0

    def _try(self, parts: int, is_loop: bool) -> None:
        """Compiles a form, and keeps it if it is the fastest."""
        cycles, why = None, ""
        try:
            split = self.split(parts, is_loop)
            compiler, text, cycles = self._compile(split, parts)
            if cycles < self.best.cycles * BETTER:
                self.best = Form(split, parts, is_loop, compiler, text, cycles)
        except Refused as problem:
            why = reason(str(problem))
        except OutOfTime:
            why = "the time was over"
        self.attempts.append(Attempt(parts, is_loop, self._predicted.get(parts), cycles, why))
