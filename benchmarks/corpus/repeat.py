#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A large program out of a small one: the same steps several times, with values of their own.

    repeat.py instance.json[.gz] TIMES out.json[.gz]

Programs of many equal layers look so, when their loops are unrolled. Everything but the names is as in the instance.
"""

import argparse
import copy
import gzip
import json


def open_any(path, mode):
    return gzip.open(path, mode + "t", encoding="utf-8") if path.endswith(".gz") else open(path, mode, encoding="utf-8")


def joined(instances, name):
    """One program after the other, on the machine of the first."""
    values, steps = [], []
    for number, instance in enumerate(instances):
        first = len(values)
        values += [{**value, "name": f"{value['name']}.{number}"} for value in instance["values"]]
        for step in copy.deepcopy(instance["steps"]):
            step["name"] = f"{step.get('name', '')}.{number}"
            for access in step.get("accesses", []):
                access["value"] += first
            steps.append(step)
    return {**instances[0], "name": name, "values": values, "steps": steps}


def repeated(instance, times):
    """The instance with its steps `times` times."""
    return joined([instance] * times, f"{instance.get('name', '')} x{times}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance")
    parser.add_argument("times", type=int)
    parser.add_argument("out")
    args = parser.parse_args()
    with open_any(args.instance, "r") as file:
        instance = json.load(file)
    with open_any(args.out, "w") as file:
        json.dump(repeated(instance, args.times), file)


if __name__ == "__main__":
    main()
