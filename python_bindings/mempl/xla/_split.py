"""A function cut along its batch: the same function of one part after the other.

Knows jax, which is imported where it is needed, and nothing of compilers. Parts are written out, with an optimization
barrier from each to the next, so that XLA neither merges nor interleaves them; or they are the trips of a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .._errors import Error

Reduce = Literal["mean", "sum"]
#: What runs the function on a part, given the slices of all arguments with a batch; leaves of outputs.
_Run = Callable[[Sequence[Any]], list[Any]]


def _text(x: Any) -> str:
    """A shape as HLO has it."""
    return f"{x.dtype.name}[{','.join(map(str, x.shape))}]"


def _shapes(tree: Any) -> Any:
    """A pytree with a shape and a type at every leaf, whatever the leaves are."""
    import jax

    return jax.eval_shape(lambda x: x, tree)


def _axes(option: str, what: str, axes: Any, tree: Any) -> list[int | None]:
    """An axis, not negative, or None for each leaf of a pytree of shapes, of axes that may be a prefix of it."""
    import jax

    try:
        broad = jax.tree.broadcast(axes, tree, is_leaf=lambda x: x is None)
    except ValueError as problem:
        message = " ".join(str(problem).split("\n")[0].split())
        raise Error(
            f"{option}: expected ints, Nones, or a pytree of them that fits the {what}s: {message}"
        ) from problem
    found: list[int | None] = []
    leaves = jax.tree.leaves(broad, is_leaf=lambda x: x is None)
    for (path, leaf), axis in zip(jax.tree_util.tree_leaves_with_path(tree), leaves):
        where = f"{what} {jax.tree_util.keystr(path)}" if path else f"the {what}"
        if axis is None:
            found.append(None)
            continue
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise Error(f"{option}: expected an int or None for {where}, found {axis!r}")
        if not -len(leaf.shape) <= axis < len(leaf.shape):
            raise Error(f"{option}: expected an axis of {where}, {_text(leaf)}, found {axis}")
        found.append(axis % len(leaf.shape))
    return found


def in_axes_of(arguments: tuple[Any, ...], in_axes: Any) -> list[int | None]:
    """The axis of the batch in each leaf of the arguments, None where there is none. Raises mempl.Error."""
    if isinstance(in_axes, (list, tuple)):
        in_axes = tuple(in_axes)
        if len(in_axes) != len(arguments):
            raise Error(f"in_axes: expected one for each of {len(arguments)} arguments, found {len(in_axes)}")
    return _axes("in_axes", "argument", in_axes, _shapes(arguments))


def batch_of(arguments: tuple[Any, ...], in_axes: Any) -> int:
    """The size of the batch. Raises mempl.Error where sizes differ, or where there is no batch."""
    import jax

    first: tuple[int, str] | None = None
    leaves = jax.tree_util.tree_leaves_with_path(_shapes(arguments))
    for (path, leaf), axis in zip(leaves, in_axes_of(arguments, in_axes)):
        if axis is None:
            continue
        size, where = leaf.shape[axis], jax.tree_util.keystr(path)
        first = first or (size, where)
        if size != first[0]:
            raise Error(
                f"in_axes: expected one size of batch, found {first[0]} at argument {first[1]} and {size} at {where}"
            )
    if first is None:
        raise Error("in_axes: expected an axis for at least one argument, found only None")
    return first[0]


@dataclass(frozen=True, eq=False)
class Split:
    """`function` of `parts` parts of its batch, one after the other, as a function of the whole batch.

    Attributes:
        function: takes and gives batches of any size.
        in_axes: of the batch in each argument, as of jax.vmap: an int, None for what every part gets whole, or for
            several arguments a tuple of ints, Nones and pytrees of them.
        out_axes: of the batch in each output: an int, None for an output without batch, or a pytree of them.
        parts: how many; a divisor of the batch.
        reduce: what an output without batch is of those of the parts: their "mean" or "sum", taken in f32 at least. For
            a loss that is a mean over the batch, and its gradients, "mean" is gradient accumulation.
        is_loop: whether parts are the trips of a loop, else they are written out.

    Raises:
        mempl.Error: when called, what axes and arguments do not have in common.
    """

    function: Callable[..., Any]
    in_axes: Any = 0
    out_axes: Any = 0
    parts: int = 1
    reduce: Reduce | None = None
    is_loop: bool = False

    @property
    def __name__(self) -> str:
        """Of the function: jax names programs so."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def __call__(self, *arguments: Any) -> Any:
        import jax

        axes, size = in_axes_of(arguments, self.in_axes), batch_of(arguments, self.in_axes)
        if self.parts < 1 or size % self.parts:
            raise Error(f"parts: expected a divisor of the batch, {size}, found {self.parts}")
        leaves, tree = jax.tree.flatten(arguments)
        moving = [number for number, axis in enumerate(axes) if axis is not None]

        def run(slices: Sequence[Any]) -> list[Any]:
            mine = list(leaves)
            for number, x in zip(moving, slices):
                mine[number] = x
            return list(jax.tree.leaves(self.function(*jax.tree.unflatten(tree, mine))))

        whole = jax.eval_shape(self.function, *arguments)
        kinds = self._kinds(whole)
        if self.parts == 1:
            return self.function(*arguments)
        sources = [(leaves[number], axes[number] or 0) for number in moving]
        found = (self._loop if self.is_loop else self._unrolled)(run, sources, size // self.parts, kinds)
        results = []
        paths = jax.tree_util.tree_leaves_with_path(whole)
        for x, (path, like), axis in zip(found, paths, kinds):
            if axis is None:
                x = (x / self.parts if self.reduce == "mean" else x).astype(like.dtype)
            if x.shape != like.shape or x.dtype != like.dtype:
                where = jax.tree_util.keystr(path) or "the output"
                raise Error(
                    f"out_axes: expected parts that make up {where}, {_text(like)}, along axis {axis}, found {_text(x)}"
                )
            results.append(x)
        return jax.tree.unflatten(jax.tree.structure(whole), results)

    def check(self, *arguments: Any) -> float:
        """Runs the function whole and in parts on the CPU; returns by how much the results differ.

        The difference is relative to the largest number of an output. Up to e ** 0.6 is taken for rounding, where e is the
        coarsest epsilon of the types of arguments and outputs: 0.054 for bf16, 7e-5 for f32. Integers have to be equal.

        Args:
            arguments: of the function, arrays.

        Raises:
            mempl.Error: they differ by more. Then the function mixes elements of its batch, or `reduce` is not what it does.
        """
        import jax

        with jax.default_device(jax.devices("cpu")[0]):
            expected, found = jax.jit(self.function)(*arguments), jax.jit(self)(*arguments)
            types = [x.dtype for x in jax.tree.leaves((_shapes(arguments), expected))]
            info: Any = jax.numpy.finfo
            floats = [float(info(t).eps) for t in types if jax.numpy.issubdtype(t, jax.numpy.inexact)]
            worst = 0.0
            for (path, a), b in zip(jax.tree_util.tree_leaves_with_path(expected), jax.tree.leaves(found)):
                allowed = max(floats) ** 0.6 if jax.numpy.issubdtype(a.dtype, jax.numpy.inexact) else 0.0
                difference = _difference(a, b)
                worst = max(worst, difference)
                if not difference <= allowed:
                    where = jax.tree_util.keystr(path) or "the output"
                    raise Error(
                        f"parts: expected results of {self.parts} parts within {allowed:.2g} of those of the whole, found a"
                        f" difference of {difference:.2g} in {where}"
                    )
        return worst

    def _kinds(self, whole: Any) -> list[int | None]:
        """The axis of the batch in each output, None where it is reduced. Raises mempl.Error."""
        import jax

        if self.reduce not in (None, "mean", "sum"):
            raise Error(f"reduce: expected 'mean', 'sum' or None, found {self.reduce!r}")
        kinds = _axes("out_axes", "output", self.out_axes, whole)
        if self.reduce is not None and None not in kinds:
            raise Error(f"reduce: expected a None in out_axes, for an output to take the {self.reduce} of")
        for (path, output), axis in zip(jax.tree_util.tree_leaves_with_path(whole), kinds):
            where = f"output {jax.tree_util.keystr(path)}" if path else "the output"
            if axis is None and self.reduce is None:
                raise Error(f"out_axes: expected reduce='mean' or 'sum' with {where}, which has no axis of the batch")
            if axis is None and self.reduce == "mean" and not jax.numpy.issubdtype(output.dtype, jax.numpy.inexact):
                raise Error(f"reduce: expected floats to take the mean of, found {_text(output)} at {where}")
        return kinds

    def _unrolled(
        self, run: _Run, sources: Sequence[tuple[Any, int]], size: int, kinds: Sequence[int | None]
    ) -> list[Any]:
        import jax

        barrier: Any = jax.lax.optimization_barrier
        pieces: list[list[Any]] = [[] for _ in kinds]
        for number in range(self.parts):
            slices = [jax.lax.slice_in_dim(x, number * size, (number + 1) * size, axis=axis) for x, axis in sources]
            if number:
                # A part begins when the one before has given all its outputs.
                last = [some[-1] for some in pieces]
                slices, last = barrier((slices, last))
                for some, x in zip(pieces, last):
                    some[-1] = x
            for some, x, axis in zip(pieces, run(slices), kinds):
                if axis is None:
                    some[:] = [some[0] + _wide(x)] if some else [_wide(x)]
                else:
                    some.append(x)
        return [some[0] if axis is None else jax.numpy.concatenate(some, axis) for some, axis in zip(pieces, kinds)]

    def _loop(self, run: _Run, sources: Sequence[tuple[Any, int]], size: int, kinds: Sequence[int | None]) -> list[Any]:
        import jax

        def part(number: Any) -> list[Any]:
            return run([jax.lax.dynamic_slice_in_dim(x, number * size, size, axis) for x, axis in sources])

        def trip(sums: list[Any], number: Any) -> tuple[list[Any], list[Any]]:
            outputs = list(zip(part(number), kinds))
            added = [a + _wide(x) for a, x in zip(sums, [x for x, axis in outputs if axis is None])]
            return added, [x for x, axis in outputs if axis is not None]

        like = jax.eval_shape(part, jax.numpy.int32(0))
        zeros = [_wide(jax.numpy.zeros(x.shape, x.dtype)) for x, axis in zip(like, kinds) if axis is None]
        sums, stacks = jax.lax.scan(trip, zeros, jax.numpy.arange(self.parts, dtype=jax.numpy.int32))
        reduced, rest = iter(sums), iter(stacks)
        return [next(reduced) if axis is None else _flat(next(rest), axis) for axis in kinds]


def _wide(x: Any) -> Any:
    """Floats in f32 at least, to add many of them."""
    import jax

    if not jax.numpy.issubdtype(x.dtype, jax.numpy.inexact):
        return x
    return x.astype(jax.numpy.promote_types(x.dtype, jax.numpy.float32))


def _flat(stack: Any, axis: int) -> Any:
    """Parts that are stacked in front, one behind the other along an axis."""
    import jax

    shape = stack.shape[1:]
    moved = jax.numpy.moveaxis(stack, 0, axis)
    return moved.reshape(*shape[:axis], stack.shape[0] * shape[axis], *shape[axis + 1 :])


def _difference(a: Any, b: Any) -> float:
    """The largest difference of two arrays, relative to the largest number in the first."""
    import numpy as np

    if not a.size:
        return 0.0
    wide = np.complex128 if np.iscomplexobj(a) else np.float64
    left, right = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
    return float(np.max(np.abs(left - right)) / max(float(np.max(np.abs(left))), np.finfo(np.float64).tiny))
