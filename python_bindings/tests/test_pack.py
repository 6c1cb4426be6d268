"""The exact packer."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

import mempl


def overlaps(packing, sizes, lower, upper) -> bool:
    rows = list(zip(packing.offsets.tolist(), sizes, lower, upper))
    return any(
        a[2] < b[3] and b[2] < a[3] and a[0] < b[0] + b[1] and b[0] < a[0] + a[1]
        for a, b in itertools.combinations(rows, 2)
    )


def test_buffers_that_do_not_meet_share_bytes():
    packing = mempl.pack([512, 256, 512], [0, 1, 2], [2, 3, 4], alignment=64)
    assert (packing.status, packing.height, packing.bound, packing.optimal) == ("packed", 768, 768, True)
    assert packing.offsets.dtype == np.int64 and not packing.offsets.flags.writeable
    assert not overlaps(packing, [512, 256, 512], [0, 1, 2], [2, 3, 4])


def test_optimum_is_proven_above_the_bound():
    # Never more than 4 bytes live, but the first two leave the third no room of 2 bytes below 5.
    sizes, lower, upper, fixed = [2, 2, 2], [0, 1, 0], [1, 2, 2], [0, 3, -1]
    packing = mempl.pack(sizes, lower, upper, fixed=fixed)
    assert (packing.bound, packing.height, packing.optimal) == (4, 7, True)
    assert not overlaps(packing, sizes, lower, upper)
    assert mempl.pack(sizes, lower, upper, fixed=fixed, capacity=6).status == "infeasible"
    assert mempl.pack(sizes, lower, upper, fixed=fixed, capacity=7).status == "packed"


def test_offsets_are_aligned_and_fixed_ones_kept():
    packing = mempl.pack([10, 10, 10], [0, 0, 0], [1, 1, 1], alignment=[1, 16, 64], fixed=[-1, 32, -1])
    assert packing.offsets[1] == 32 and packing.offsets[2] % 64 == 0
    assert packing.optimal and packing.height == 42


def test_nothing_is_packed_into_nothing():
    packing = mempl.pack([], [], [])
    assert (packing.height, packing.optimal, len(packing.offsets)) == (0, True, 0)


def test_views_outlive_the_packing():
    assert list(mempl.pack([3, 4], [0, 1], [1, 2]).offsets) == [0, 0]


def test_infeasible_is_told_and_has_no_offsets():
    packing = mempl.pack([10, 10], [0, 0], [1, 1], capacity=19)
    assert packing.status == "infeasible" and len(packing.offsets) == 0 and not packing.optimal


def test_infeasible_says_why():
    most = 2**63 - 1
    packing = mempl.pack([most, most], [0, 0], [4, 4])
    assert packing.status == "infeasible"
    assert packing.reason == "2 buffers at time 0 need 2^63 bytes or more together"
    assert repr(packing) == f"<mempl.Packing: infeasible: {packing.reason}>"
    packing = mempl.pack([4], [0], [4], alignment=4, fixed=3)
    assert packing.reason == "buffer '0': offset 3 is not a multiple of the alignment 4"
    packing = mempl.pack([4, 4], [0, 0], [3, 9], fixed=[0, 2])
    assert packing.reason == "buffer '1' collides with buffer '0' in bytes [2, 4) at times [0, 3)"
    assert mempl.pack([4], [0], [4]).reason == ""


def test_gaps_are_room_for_others():
    sizes, lower, upper = [6, 4], [0, 3], [10, 5]
    assert mempl.pack(sizes, lower, upper).height == 10
    packing = mempl.pack(sizes, lower, upper, gaps=[[(3, 5)], []])
    assert (packing.height, packing.bound, packing.optimal) == (6, 6, True)
    packing = mempl.pack(sizes, lower, upper, gaps=[[(7, 8), (3, 5, 0, 2)], []])
    assert (packing.height, list(packing.offsets)) == (6, [0, 2])
    for gaps, text in [
        ([[]], "gaps: expected 2 lists, one per buffer, found 1"),
        ([[(3, 11)], []], "buffer '0' has a gap outside of its life"),
        ([[(3,)], []], r"buffer 0: expected gaps of integers, \(lower, upper\) or \(lower, upper, begin, end\)"),
        ([["x"], []], r"buffer 0: expected gaps of integers, \(lower, upper\) or \(lower, upper, begin, end\)"),
    ]:
        with pytest.raises(mempl.Error, match=text):
            mempl.pack(sizes, lower, upper, gaps=gaps)


def test_capacity_may_have_a_unit():
    assert mempl.pack([1024, 1024], [0, 0], [1, 1], capacity="2K").status == "packed"
    assert mempl.pack([1024, 1024], [0, 0], [1, 1], capacity="1.5 KiB").status == "infeasible"


def hard(count: int = 400) -> tuple[list[int], list[int], list[int]]:
    random = np.random.default_rng(3)
    lower = random.integers(0, 200, count)
    return random.integers(1, 1000, count).tolist(), lower.tolist(), (lower + random.integers(1, 80, count)).tolist()


def test_limits_end_the_search_with_valid_offsets():
    columns = hard()
    packing = mempl.pack(*columns, node_limit=1)
    assert packing.status == "packed" and not packing.optimal and packing.height > packing.bound
    assert not overlaps(packing, *columns)
    again = mempl.pack(*columns, node_limit=1)
    assert list(again.offsets) == list(packing.offsets)


def test_cancelled_ends_the_search_and_others_run_meanwhile():
    columns, ticks, over = hard(), [], threading.Event()

    def tick():
        while not over.wait(0.005):
            ticks.append(time.monotonic())

    other = threading.Thread(target=tick)
    other.start()
    start = time.monotonic()
    packing = mempl.pack(*columns, cancelled=lambda: time.monotonic() > start + 0.3)
    over.set()
    other.join()
    assert not packing.optimal and time.monotonic() - start < 20
    assert len(ticks) > 5


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (([1, 2], [0], [1]), {}, "lower: expected 2 numbers, one per buffer, found shape (1,)"),
        (([1.5], [0], [1]), {}, "sizes: expected integers below 2^63, found float64"),
        (([2**63], [0], [1]), {}, "sizes: expected integers below 2^63, found 9223372036854775808"),
        (([[1]], [0], [1]), {}, "sizes: expected one number per buffer, found shape (1, 1)"),
        (([1, -1], [0, 0], [1, 1]), {}, "buffer 1: expected a size of at least 0 bytes, found -1"),
        (([1], [2], [1]), {}, "buffer 0: expected lower <= upper, found lower 2 and upper 1"),
        (([1], [0], [1]), {"alignment": 0}, "buffer 0: expected an alignment of at least 1 byte, found 0"),
        (
            ([1], [0], [1]),
            {"fixed": -2},
            "buffer 0: expected a fixed offset of at least 0, or -1 for anywhere, found -2",
        ),
        (([1], [0], [1]), {"capacity": -1}, "expected a capacity of at least 0 bytes, found -1"),
        (([1], [0], [1]), {"time_limit_ms": 0}, "expected a node_limit of at least 0 and a time_limit_ms above 0"),
    ],
)
def test_errors_say_what_was_expected(arguments, options, text):
    with pytest.raises(mempl.Error) as problem:
        mempl.pack(*arguments, **options)
    assert str(problem.value) == text
