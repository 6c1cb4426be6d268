#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws fast memory during two trips of a loop in steady state, as SVG.

    steady_state.py INSTANCE.json PLAN.json --step=N --names=NAME,.. > FIGURE.svg

The loop is step N of the program, and NAMES are those of the values and then of
the steps of its body. From left to right the steps of an even and of an odd
trip, from bottom to top the bytes of fast memory that the body's plan uses. A
box is a residency: pale while its copy is under way, dark while it is used.
"""

import argparse
import html
import json

WIDTH, HEIGHT, LEFT, TOP = 700, 260, 70, 30
COLORS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2")
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))


def bytes_text(number):
    unit, name = next((u for u in UNITS if number >= u[0]), UNITS[-1])
    return f"{number / unit:g} {name}"


def boxes(residency, steps):
    """Triples (first, end, what) of places, counted from the trip that uses the
    residency, and what the copy that is under way between them does, if any."""
    shift = steps if residency.get("ready", 0) >= steps else 0
    begin = residency.get("write", residency.get("ready", 0)) - shift
    last = residency["last"] - shift
    if "issue" in residency and residency["issue"] - shift < begin:
        yield residency["issue"] - shift, begin, "comes in"
    yield begin, last + 1, ""
    if residency.get("done", 0) > last + 1:
        yield last + 1, residency["done"], "goes out"


def draw(body, plan, names):
    steps, capacity = len(body["steps"]), plan["capacity"]
    step_names = names[len(body["values"]) :]
    x = lambda place: LEFT + WIDTH * place / (2 * steps)
    y = lambda byte: TOP + HEIGHT * (1 - byte / capacity)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 10} {TOP + HEIGHT + 50}" '
        'font-family="sans-serif" font-size="12" fill="#222">'
    )
    yield '<rect width="100%" height="100%" fill="white"/>'
    for trip in range(2):
        yield f'<text x="{x((trip + 0.5) * steps):.0f}" y="18" text-anchor="middle">trip i{" + 1" * trip}</text>'
        for i, name in enumerate(step_names):
            at = x(trip * steps + i + 0.5)
            yield f'<text x="{at:.0f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{html.escape(name)}</text>'
    offsets = {r[key] for r in plan["residencies"] for key in ("offset", "offset2") if key in r}
    for byte in sorted({0, capacity} | offsets):
        yield f'<text x="{LEFT - 6}" y="{y(byte) + 4:.0f}" text-anchor="end">{bytes_text(byte)}</text>'
    for residency in plan["residencies"]:
        name, color = names[residency["value"]], COLORS[residency["value"] % len(COLORS)]
        size = body["values"][residency["value"]]["size"]
        for trip in range(-1, 4):
            odd = trip % 2 and "offset2" in residency
            top = y(residency["offset2" if odd else "offset"] + size)
            trip_name = {-1: "i - 1", 0: "i"}.get(trip, f"i + {trip}")
            for first, end, copy in boxes(residency, steps):
                first, end = (min(max(p + trip * steps, 0), 2 * steps) for p in (first, end))
                if first == end:
                    continue
                yield (
                    f'<rect x="{x(first):.1f}" y="{top:.1f}" width="{x(end) - x(first):.1f}" '
                    f'height="{HEIGHT * size / capacity:.1f}" fill="{color}" stroke="white" '
                    f'fill-opacity="{0.35 if copy else 0.9}"/>'
                )
                yield (
                    f'<text x="{(x(first) + x(end)) / 2:.0f}" y="{top + HEIGHT * size / capacity / 2 + 4:.0f}" '
                    f'text-anchor="middle" fill="{"#222" if copy else "white"}">'
                    f"{html.escape(name)} ({trip_name}) {copy}</text>"
                )
    yield f'<line x1="{x(steps)}" x2="{x(steps)}" y1="{TOP - 8}" y2="{TOP + HEIGHT + 24}" stroke="#222" stroke-dasharray="4"/>'
    yield f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#222"/>'
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance")
    parser.add_argument("plan")
    parser.add_argument("--step", type=int, default=0)
    parser.add_argument("--names", required=True)
    arguments = parser.parse_args()
    with open(arguments.instance) as file:
        body = json.load(file)["steps"][arguments.step]["body"]
    with open(arguments.plan) as file:
        plan = json.load(file)["loops"][str(arguments.step)]
    print("\n".join(draw(body, plan, arguments.names.split(","))))


if __name__ == "__main__":
    main()
