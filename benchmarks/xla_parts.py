#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cuts networks along their batch and asks the real XLA compiler what it makes of them, with our constraints and without.

    xla_parts.py --out=FOLDER [--networks=a,b] [--target=v5e] [--time-limit-ms=600000] [--no-constraints]

One call of mempl.xla.place(.., in_axes=..) for each network of corpus/networks.py that has a batch, and what it did as
a table: XLA alone, constraints alone, parts alone, both. Wants the Python package with its extra, `pip install
'./python_bindings[xla]'`, and no TPU. Constraints alone are what xla_roundtrip.py wrote into the same folder; where it
wrote nothing, that column has gaps, and both columns have them after a run with --no-constraints, which only looks for
parts. A second run without it goes on from there.

--programs=FOLDER has whole programs that make.py compiled, such as corpus/programs; they are not compiled again. They
have to come from the same version of libtpu.

FOLDER/NAME.TARGET.parts.jsonl has every compilation, so a run that was killed goes on where it was; a network that is
finished is not done again. The table goes to standard output.
"""

import argparse
import gzip
import json
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "corpus"))
import make  # Its chosen().
from lab import write_whole
from xla_roundtrip import read_networks

# The batch of networks that do not have it in front of every argument but the first.
AXES = {
    "alphatensor_b8": {"in_axes": (None, 0, 0)},
    "alphatensor_b32": {"in_axes": (None, 0, 0)},
    "alphatensor_f32_b32": {"in_axes": (None, 0, 0)},
    "alphatensor5_f32_b16": {"in_axes": (None, 0, 0)},
    "dlrm_b2048": {"in_axes": (None, 0, 0)},
    "gpt2_decode_b8": {"in_axes": (None, 0, 0, 0, None)},
    "gpt2_xl_decode_b8": {"in_axes": (None, 0, 0, 0, None)},
    "lstm_b64": {"in_axes": (None, 1), "out_axes": 1},
    # The step is linear in the gradients, so the mean of new weights is the step by the mean of gradients.
    "bert_base_train_b4": {"out_axes": None, "reduce": "mean"},
    "bert_large_train_b4": {"out_axes": None, "reduce": "mean"},
    "resnet50_train_b16": {"out_axes": None, "reduce": "mean"},
    "resnet152_train_b16": {"out_axes": None, "reduce": "mean"},
}
# One element; or moments that square the gradient of the whole batch, which no sum over parts gives.
NO_BATCH = ("decoder32_b1", "gpt2_prefill_b1", "gpt2_prefill_f32_b1", "gpt2_medium_adam_b4", "transformer_adam_b4")


def take_whole_from(path, function):
    """Lets place() have the whole program from a file, where there is one."""
    from mempl.xla import _place, Compiler

    class Saved(Compiler):
        def __init__(self, what, *arguments, target):
            super().__init__(what, *arguments, target=target)
            self.is_whole = what is function

        def compile(self, options):
            if options or not self.is_whole:
                return super().compile(options)
            with gzip.open(path, "rt") as file:
                return file.read()

    _place.Compiler = Saved if os.path.exists(path) else Compiler


def run_network(args, network, function, arguments):
    """One row of the table."""
    import mempl.xla

    base = os.path.join(args.out, f"{network}.{args.target}")
    if args.programs:
        take_whole_from(os.path.join(args.programs, f"{network}.{args.target}.hlo.txt.gz"), function)

    def note(p):
        now = f"{p.seconds_before * 1e3:.3f} ms before, {p.seconds_now * 1e3:.3f} ms now"
        print(f"{network}: {p.doing}, {p.parts} parts: {now}, {p.compilations} compilations", file=sys.stderr, flush=True)

    result = mempl.xla.place(
        function,
        *arguments,
        target=args.target,
        time_limit_ms=args.time_limit_ms,
        constraints=not args.no_constraints,
        log=base + ".parts.jsonl",
        progress=note,
        **{"in_axes": (None, 0), **AXES.get(network, {})},
    )
    row = {
        "network": network,
        "target": args.target,
        "before": result.cycles_before,
        "cut": min(a.cycles for a in result.attempts if a.cycles),
        "after": None if args.no_constraints else result.cycles_after,
        "parts": result.parts,
        "is_loop": result.is_loop,
        "attempts": [[a.parts, a.is_loop, a.predicted, a.cycles, a.reason] for a in result.attempts],
        "compilations": result.compilations,
        "ended": result.ended,
    }
    if not args.no_constraints:
        result.save(base + ".parts.options.json")
    write_whole(base + ".parts.json", json.dumps(row, indent=1) + "\n")
    return row


def best_attempt(row):
    """The fastest form without constraints, in words."""
    parts, is_loop, *_ = min((a for a in row["attempts"] if a[3]), key=lambda a: a[3])
    return "1" if parts == 1 else f"{parts}, a loop" if is_loop else str(parts)


def table(rows, folder):
    """Markdown, with the geometric means over all rows."""
    import mempl.xla

    header = [
        "program", "XLA alone, ms", "constraints alone", "parts alone", "both", "times, parts alone", "times, best of all",
        "parts", "predicted to gain", "compiled",
    ]
    lines = ["| " + " | ".join(header) + " |", "|" + " -- |" * len(header)]
    cut, best = [], []
    for r in rows:
        clock = mempl.xla.CLOCK[r["target"]]
        ms = lambda cycles: f"{cycles / clock * 1e3:.3f}" if cycles else "-"
        alone = os.path.join(folder, f"{r['network']}.{r['target']}.result.json")
        constrained = None
        if os.path.exists(alone):
            with open(alone) as file:
                constrained = json.load(file)["after"]
        # Whole, there is nothing but constraints.
        both = r["after"] or (constrained if min(r["attempts"], key=lambda a: a[3] or math.inf)[0] == 1 else None)
        whole = next((a[2] for a in r["attempts"] if a[0] == 1), None)
        gains = sorted({a[0] for a in r["attempts"] if a[0] > 1 and a[2] and whole and a[2] < whole})
        cut.append(r["before"] / r["cut"])
        best.append(r["before"] / min(x for x in (r["before"], r["cut"], constrained, both) if x))
        lines.append("| " + " | ".join([
            f"{r['network']}, {r['target']}", ms(r["before"]), ms(constrained), ms(r["cut"]), ms(both), f"{cut[-1]:.3f}",
            f"{best[-1]:.3f}", best_attempt(r), ", ".join(map(str, gains)) or "none",
            str(sum(1 for a in r["attempts"] if a[3])),
        ]) + " |")
    mean = lambda ratios: math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 1.0
    lines += ["", f"Geometric means of {len(rows)}: parts alone {mean(cut):.3f} times, best of all {mean(best):.3f} times."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--networks", help="default: all of corpus/networks.py that have a batch")
    parser.add_argument("--target", default="v5e", choices=list(make.TARGETS))
    parser.add_argument("--time-limit-ms", type=float, default=600000, metavar="MS", help="for each network (default 600000)")
    parser.add_argument("--no-constraints", action="store_true", help="parts only")
    parser.add_argument("--programs", help="a folder with whole programs that are compiled already")
    parser.add_argument("--report", action="store_true", help="the table of what is there, no runs")
    args = parser.parse_args()
    networks = read_networks()
    import mempl

    names = make.chosen(args.networks, [name for name in networks if name not in NO_BATCH], "network")
    os.makedirs(args.out, exist_ok=True)
    rows, failures = [], 0
    for network in names:
        done = os.path.join(args.out, f"{network}.{args.target}.parts.json")
        row = None
        if os.path.exists(done):
            with open(done) as file:
                row = json.load(file)
        if row and (row["after"] or args.no_constraints or args.report):
            rows.append(row)
        elif not args.report:
            try:
                rows.append(run_network(args, network, *networks[network]()))
            except mempl.Error as error:
                failures += 1
                print(f"{network}: failed: {error}", file=sys.stderr, flush=True)
    print(table(rows, args.out))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
