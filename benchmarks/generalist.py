#!/usr/bin/env python3
# generalist.py - trains the weights that come with mempl.
#
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the weights that come with mempl.

    benchmarks/generalist.py --out=generalist --time-limit-ms=1800000

turns the programs of benchmarks/corpus into instances, with both cost models
and several sizes of fast memory, all but the longest, and trains one network on them with
mempl-train. Programs of the families in HELD_OUT are validated with and never
trained on. A run that was killed goes on when it is started again. What is
left in the folder is described in docs/Training.md; the weights are
best.mempl.
"""

import argparse
import os
import subprocess
import sys

from lab import ROOT, Case, Failed, Lab, fail, list_programs, write_whole

HELD_OUT = ("gpt2", "wavenet", "mobilenetv2", "vit")
# Games of a thousand moves and more; made when the weights that ship were trained already.
TOO_LONG = ("bert_large", "decoder32", "gpt2_medium_adam", "gpt2_xl", "resnet152")
COSTS = ("compiler", "roofline")
# Capacities in MiB, by chip. Validation: a part of those of the tables.
TRAINING = {"v5e": (112, 32, 8), "v6e": (64, 16)}
VALIDATION = {"v5e": (112, 32, 16)}


def is_held_out(program):
    return program.name.startswith(HELD_OUT)


def make_instances(lab, folder, programs, capacities):
    """Writes instances of programs, and returns the folder."""
    os.makedirs(folder, exist_ok=True)
    for program in programs:
        for cost in COSTS:
            for capacity in capacities.get(program.chip, ()):
                name = f"{program.name}.{program.chip}.{cost}.{capacity}MiB"
                path = os.path.join(folder, name + ".instance.json")
                if not os.path.exists(path):
                    case = Case(program, cost, capacity)
                    write_whole(path, lab.call("mempl-translate", "--import-hlo=instance", *case.options()))
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder of the run")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks/corpus/programs"))
    parser.add_argument(
        "--time-limit-ms", type=float, default=1800000, metavar="MS", help="of training, over all sessions (default 1800000)"
    )
    parser.add_argument("--minutes", type=float, help=argparse.SUPPRESS)  # The old form.
    parser.add_argument("--threads", type=int, default=1, help="threads that play, beside the learner (default 1)")
    parser.add_argument("--options", default="", help="more options for mempl-train, separated by blanks")
    args = parser.parse_args()
    args.programs, args.results, args.report = "", "", False
    lab = Lab(args)
    programs = [p for p in list_programs(args) if not p.name.startswith(TOO_LONG)]
    try:
        training = make_instances(
            lab, os.path.join(args.out, "training"), [p for p in programs if not is_held_out(p)], TRAINING
        )
        validation = make_instances(
            lab, os.path.join(args.out, "validation"), [p for p in programs if is_held_out(p)], VALIDATION
        )
    except Failed as error:
        fail(str(error))
    command = [
        lab.tool("mempl-train"), training, f"--out={args.out}", f"--validation={validation}",
        f"--time-limit-ms={round(args.time_limit_ms if args.minutes is None else 60000 * args.minutes)}", f"--threads={args.threads}",
        "--moves=value", "--games=16", "--steps=150", "--evaluate-every=10", *args.options.split(),
    ]
    sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    main()
