#!/usr/bin/env python3
# training.py - what training on one program is worth.
#
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What training on one program is worth: its best plan beside that of search.

    benchmarks/training.py --results=training.jsonl --write=docs/learned.md

mempl-train plays one program for some minutes; search then has as many CPU
seconds as that took. A run that was killed goes on where it was, and --report
makes the table of what there is, such as that of benchmarks/training.jsonl.
"""

import argparse
import math
import os
import resource
import shutil
import sys

import learned
from lab import list_programs, replace_between, table

# Of the study of learning, by the names of its instances; resnet50_train_b16 is made here.
PROGRAMS = (
    "alphatensor_b32.tpu-v5e.32.mlir",
    "gpt2_decode_b8.tpu-v5e.32.mlir",
    "transformer_adam_b4.tpu-v5e.32.mlir",
    "wavenet_b4.tpu-v5e.32.mlir",
    "resnet50_train_b16.roofline.32MiB",
    "large.gpt2_decode_b8.roofline.32MiB",
)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Training:
    def __init__(self, args):
        self.args, self.study = args, learned.Study(args)
        self.lab = self.study.lab

    def paths(self):
        problems = self.study.problems(learned.HELD_OUT["A"] + learned.HELD_OUT["B"]) + self.study.large_problems()
        program = next(p for p in list_programs(self.args) if (p.name, p.chip) == ("resnet50_train_b16", "v5e"))
        problems.append(self.study.from_hlo(program, "roofline", 32))
        found = {os.path.basename(p.path).removesuffix(".json.gz"): p.path for p in problems}
        return {name: found[name] for name in PROGRAMS}

    def train(self, name, path, seconds, seed):
        """The latency of the best plan after so many seconds, and the CPU seconds that were used."""

        def make():
            folder = os.path.join(self.args.out, "run")
            plan = os.path.join(self.args.out, "trained.json")
            shutil.rmtree(folder, ignore_errors=True)
            before = cpu_seconds()
            self.lab.call("mempl-train", path, f"--out={folder}", f"--plan-out={plan}", f"--time-limit-ms={1000 * seconds}", f"--seed={seed}")
            used = cpu_seconds() - before
            answer = self.lab.solve(path, f"--plan-in={plan}", "--no-bound")
            return {"latency": answer["policies"][0]["latency"], "seconds": used}

        return self.lab.measure(["training", name, seconds, seed], make)

    def search(self, name, path, seconds, seed, trained):
        def make():
            limit = math.ceil(1000 * trained["seconds"])
            answer = self.lab.solve(path, "--solver=search", "--no-bound", "--cpu-time", "--budget=0", f"--time-limit-ms={limit}", f"--seed={seed}")
            return {"latency": answer["policies"][0]["latency"]}

        return self.lab.measure(["search", name, seconds, seed], make)

    def row(self, name, path, seconds):
        changes, best, used = [], [], []
        for seed in range(self.args.seeds):
            trained = self.train(name, path, seconds, seed)
            searched = trained and self.search(name, path, seconds, seed, trained)
            if searched:
                changes.append(math.log(trained["latency"] / searched["latency"]))
                best.append((trained["latency"], searched["latency"]))
                used.append(trained["seconds"])
        if not changes:
            return None
        mean = sum(changes) / len(changes)
        spread = f"{100 * (max(changes) - min(changes)):.2f} %" if len(changes) > 1 else "-"
        trained, searched = (1e3 * sum(pair[k] for pair in best) / len(best) for k in (0, 1))
        return [name, f"{sum(used) / len(used):.0f}", f"{trained:.4f}", f"{searched:.4f}", f"{100 * mean:+.2f} %", spread, str(len(changes))]

    def table(self):
        paths = self.paths()
        rows = [self.row(name, path, seconds) for seconds in map(int, self.args.seconds.split(",")) for name, path in paths.items()]
        header = ["program", "CPU s", "trained, ms", "search, ms", "mean change", "between seeds", "seeds"]
        return table(header, [row for row in rows if row])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    learned.add_folders(parser)
    parser.add_argument("--seconds", default="60,600", help="of training")
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    learned.complete(args)
    training = Training(args)
    text = training.table()
    for failure in training.lab.failures:
        print(failure, file=sys.stderr)
    if args.write:
        replace_between(args.write, "<!-- training -->", "<!-- end of training -->", f"\n{text}")
    else:
        print(text)


if __name__ == "__main__":
    main()
