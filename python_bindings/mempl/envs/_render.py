"""A plan as a picture: steps from left to right, bytes of fast memory from bottom to top."""

from __future__ import annotations

import numpy as np

from .. import _core

WIDTH, HEIGHT = 640, 320  # Of the picture, at most one column per step and row per byte.
COLUMNS, ROWS = 72, 12  # Of the text.
BACKGROUND, COPYING = (255, 255, 255), (176, 190, 197)
# Neighbouring values differ.
COLOURS = np.array(
    [(31, 119, 180), (255, 127, 14), (44, 160, 44), (148, 103, 189), (140, 86, 75), (227, 119, 194), (23, 190, 207)],
    dtype=np.uint8,
)


def rectangles(instance: _core.Instance, plan: _core.Plan) -> list[tuple[int, int, int, int, int, int]]:
    """Value, first and last byte (exclusive), step of arrival, step of first use, and step after the end, by residency."""
    sizes = instance.sizes
    rows = []
    for r in plan.residencies:
        size = int(sizes[r.value])
        arrival = r.issue if r.issue >= 0 else max(r.write, 0)
        first = r.ready if r.ready >= 0 else arrival
        end = max(r.last + 1, r.done)
        rows.append((r.value, r.offset, r.offset + size, arrival, first, end))
    return rows


def _cells(instance: _core.Instance, plan: _core.Plan, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The value in each cell, -1 for none, the first row the lowest bytes; and whether its copy is under way."""
    steps, capacity = max(1, instance.num_steps), max(1, instance.machine.capacity)
    value = np.full((height, width), -1, dtype=np.int64)
    copying = np.zeros((height, width), dtype=bool)
    for number, low, high, arrival, first, end in rectangles(instance, plan):
        rows = slice(low * height // capacity, max(low * height // capacity + 1, high * height // capacity))
        start = arrival * width // steps
        value[rows, start : max(start + 1, end * width // steps)] = number
        copying[rows, start : max(start, first * width // steps)] = True
    return value, copying


def picture(instance: _core.Instance, plan: _core.Plan) -> np.ndarray:
    """RGB, uint8, shape (HEIGHT, WIDTH, 3)."""
    value, copying = _cells(instance, plan, WIDTH, HEIGHT)
    image = COLOURS[value % len(COLOURS)]
    image[copying] = COPYING
    image[value < 0] = BACKGROUND
    return image[::-1].copy()


def text(instance: _core.Instance, plan: _core.Plan) -> str:
    """The same with `#` for a value and `.` for one whose copy is under way."""
    value, copying = _cells(instance, plan, min(COLUMNS, max(1, instance.num_steps)), ROWS)
    marks = np.where(value < 0, " ", np.where(copying, ".", "#"))
    return "\n".join("|" + "".join(row) + "|" for row in marks[::-1])
