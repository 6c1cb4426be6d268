# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests the logic of benchmarks/xla_roundtrip.py with a compiler made up here."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "benchmarks"))
import xla_roundtrip as roundtrip


class FakeCompiler:
    """Has room for some orders; each saves cycles, or costs some."""

    def __init__(self, sizes, savings, capacity, names_culprit=True):
        self.sizes, self.savings, self.capacity = sizes, savings, capacity
        self.names_culprit, self.calls = names_culprit, 0

    def compile(self, options):
        self.calls += 1
        used, cycles = 0, 1000
        if "xla_msa_max_cross_program_prefetches" in options:
            cycles += 50
        for name in options.get(roundtrip.OVERRIDES, "").split():
            used += self.sizes[name]
            if used > self.capacity:
                about = f"failed for instruction '{name}'" if self.names_culprit else "failed"
                raise roundtrip.Refused(f"MSA strict override {about}, defining instruction '{name}': Out of memory (x)")
            cycles -= self.savings[name]
        return str(cycles)


def decisions(names):
    return [{"proto": n, "instruction": n, "value": n, "option": roundtrip.OVERRIDES} for n in names]


class RoundTripTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def make(self, compiler, seconds=1e9, clock=lambda: 0):
        log = roundtrip.Log(os.path.join(self.folder.name, "log.jsonl"))
        trip = roundtrip.RoundTrip(compiler, int, log, seconds, clock)
        self.assertEqual(trip.begin(), 1000)
        return trip

    def test_switches_that_make_it_worse_are_not_kept(self):
        trip = self.make(FakeCompiler({}, {}, 0))
        self.assertEqual((trip.total, trip.options), (1000, {}))

    def test_what_fits_is_kept_in_one_compilation(self):
        compiler = FakeCompiler({"a": 1, "b": 1}, {"a": 10, "b": 20}, 2)
        trip = self.make(compiler)
        trip.offer(decisions("ab"))
        self.assertEqual(trip.total, 970)
        self.assertEqual(compiler.calls, 3)

    def test_the_order_that_is_named_is_dropped_and_the_rest_kept(self):
        trip = self.make(FakeCompiler({"a": 1, "b": 9, "c": 1}, {"a": 10, "b": 20, "c": 5}, 2))
        trip.offer(decisions("abc"))
        self.assertEqual([d["value"] for d in trip.kept], ["a", "c"])
        self.assertEqual(trip.refused, {"b": "Out of memory"})
        self.assertEqual(trip.total, 985)

    def test_without_a_name_chunks_are_halved(self):
        sizes, savings = dict.fromkeys("abcd", 1), dict.fromkeys("abcd", 10)
        sizes["c"] = 9
        trip = self.make(FakeCompiler(sizes, savings, 3, names_culprit=False))
        trip.offer(decisions("abcd"))
        self.assertEqual([d["value"] for d in trip.kept], ["a", "b", "d"])

    def test_orders_that_cost_are_not_kept(self):
        trip = self.make(FakeCompiler(dict.fromkeys("abc", 0), {"a": 10, "b": -30, "c": 5}, 9))
        trip.offer(decisions("abc"))
        self.assertEqual([d["value"] for d in trip.kept], ["a", "c"])
        self.assertEqual(trip.refused["b"], "does not lower the estimate")

    def test_nothing_is_kept_where_nothing_helps(self):
        trip = self.make(FakeCompiler(dict.fromkeys("ab", 0), {"a": -1, "b": -1}, 9))
        trip.offer(decisions("ab"))
        self.assertEqual((trip.total, trip.kept), (1000, []))

    def test_it_stops_when_the_time_is_over(self):
        now = [0]

        def clock():
            now[0] += 1
            return now[0]

        compiler = FakeCompiler(dict.fromkeys("abcdefgh", 0), dict.fromkeys("abcdefgh", -1), 9)
        trip = self.make(compiler, seconds=4, clock=clock)
        trip.offer(decisions("abcdefgh"))
        self.assertLess(compiler.calls, 6)
        self.assertEqual(trip.total, 1000)

    def test_a_second_run_asks_only_for_texts_that_it_needs(self):
        sizes, savings = {"a": 1, "b": 9, "c": 1}, {"a": 10, "b": 20, "c": -5}
        first = self.make(FakeCompiler(sizes, savings, 2))
        first.offer(decisions("abc"))
        compiler = FakeCompiler(sizes, savings, 2)
        second = self.make(compiler)
        second.offer(decisions("abc"))
        self.assertEqual((second.total, second.kept), (first.total, first.kept))
        # XLA alone, and the one that was better.
        self.assertEqual(compiler.calls, 2)

    def test_many_orders_are_offered_in_chunks(self):
        names = [f"n{i}" for i in range(40)]
        compiler = FakeCompiler(dict.fromkeys(names, 1), dict.fromkeys(names, 1), 1000)
        trip = self.make(compiler)
        trip.offer_all(decisions(names))
        self.assertEqual((trip.total, compiler.calls), (960, 5))

    def test_a_chunk_that_is_refused_again_and_again_is_halved(self):
        names = [f"n{i}" for i in range(16)]
        compiler = FakeCompiler(dict.fromkeys(names, 1), dict.fromkeys(names, 1), 4)
        trip = self.make(compiler)
        trip.offer_all(decisions(names))
        self.assertEqual(trip.total, 996)
        self.assertIn("n0", [d["value"] for d in trip.kept])

    def test_wishes_and_orders_go_into_their_options(self):
        kept = [{"option": roundtrip.WISHES, "proto": "w"}, {"option": roundtrip.OVERRIDES, "proto": "o"}]
        self.assertEqual(
            roundtrip.join({"s": "0"}, kept + kept[:1]), {"s": "0", roundtrip.WISHES: "w w", roundtrip.OVERRIDES: "o"}
        )

    def test_loops_count_as_often_as_they_run(self):
        text = (
            '%body (p: f32[]) -> f32[] {\n  %a = f32[] add(), backend_config={"estimated_cycles":"7"}\n'
            '  %b = f32[] add(), backend_config={"estimated_cycles":"9223372036854775807"}\n}\n\n'
            'ENTRY %main (p: f32[]) -> f32[] {\n  %c = f32[] add(), backend_config={"estimated_cycles":"100"}\n'
            "  %l = f32[] while(%c), condition=%cond, body=%body\n}\n"
        )
        self.assertEqual(roundtrip.judge(text, {"l": 12}), 184)
        self.assertEqual(roundtrip.judge(text, {}), 107)


if __name__ == "__main__":
    unittest.main()
