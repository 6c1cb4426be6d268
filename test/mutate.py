"""Damages small input files in many ways and runs mempl-solve on each.

Whatever a file contains, the tool ends with exit code 0 or 1, prints exactly
one line on standard error for 1, and none for 0. The damage is the same in
every run.

Usage: mutate.py MEMPL_SOLVE [--count N] [--seed N]
"""

import argparse
import concurrent.futures
import gzip
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INPUTS = os.path.join(HERE, "mempl-solve", "Inputs")
REAL = os.path.join(HERE, "data", "xla_tpu")
TINY = os.path.join(INPUTS, "tiny.json")
LSTM = os.path.join(REAL, "lstm_b64.v5e.instance.json.gz")
HLO = os.path.join(os.path.dirname(HERE), "benchmarks", "corpus", "programs", "lstm_b64.v5e.hlo.txt.gz")

# What is damaged, the name that the damaged file gets, and the arguments that
# it is used with ({} is the file).
SUBJECTS = [
    (TINY, "f.json", ["{}", "--solver=none", "--no-bound"]),
    (LSTM, "f.json", ["{}", "--solver=none", "--no-bound"]),
    (os.path.join(INPUTS, "loop.json"), "f.json", ["{}", "--solver=none", "--no-bound"]),
    (os.path.join(INPUTS, "loop.plan.json"), "f.json",
     [os.path.join(INPUTS, "loop.json"), "--plan-in={}", "--no-bound"]),
    (os.path.join(INPUTS, "order.plan.json"), "f.json",
     [os.path.join(INPUTS, "order.json"), "--plan-in={}", "--no-bound"]),
    (os.path.join(INPUTS, "order.json"), "f.json", ["{}", "--solver=search", "--budget=20", "--no-bound"]),
    (os.path.join(REAL, "lstm_b64.v5e.xla_plan.json.gz"), "f.json", [LSTM, "--plan-in={}", "--no-bound"]),
    (HLO, "f.hlo.txt", ["{}", "--target=tpu-v5e", "--free-order", "--solver=none", "--no-bound"]),
    (HLO, "f.hlo.txt", ["{}", "--target=tpu-v5e", "--xla", "--solver=none", "--no-bound"]),
    (os.path.join(INPUTS, "packing.csv"), "f.csv", ["{}", "--capacity=16", "--budget=1000"]),
]

WORDS = [
    "-1", "0", "1", "2", "9.0", "1e3", "1e999", "-0", "2147483647", "2147483648", "4294967296",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "NaN", "null", "true", "false",
    '""', '"fast"', '"slow"', "{}", "[]", "[[", '"\\ud800"', '"\\u0000"', "\\", "\n", "\0", "\xff", ",", "}", "]",
]


def tokens(text):
    """Numbers, strings, words and punctuation, as pieces that join to the text."""
    return re.findall(r'"[^"]*"|[-\w.+]+|\s+|.', text, re.DOTALL)


def damage_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:at + rng.choice([1, 3, 20])]
        elif kind == 2:
            data[at:at] = data[at:at + rng.choice([1, 5, 50])]
        else:
            data[at:at] = bytes([rng.randrange(256)])
    return bytes(data)


def damage_tokens(data, rng):
    pieces = tokens(data.decode("latin-1"))
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(len(pieces))
        kind = rng.randrange(5)
        if kind == 0:
            other = rng.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind == 1:
            del pieces[at]
            pieces = pieces or [""]
        elif kind == 2:
            pieces[at:at] = pieces[at:at + rng.choice([2, 6, 20])]
        else:
            # Mostly numbers: they decide what happens after parsing.
            numbers = [i for i, p in enumerate(pieces) if p[:1].isdigit()]
            where = rng.choice(numbers) if numbers and rng.random() < 0.7 else at
            pieces[where] = rng.choice(WORDS)
    return "".join(pieces).encode("latin-1")


def damage_numbers(data, rng):
    """Changes integers a little: mostly still an instance, a plan or a CSV."""
    pieces = tokens(data.decode("latin-1"))
    numbers = [i for i, p in enumerate(pieces) if p.isdigit()]
    for i in rng.sample(numbers, min(len(numbers), rng.choice([1, 1, 2, 8]))):
        number = int(pieces[i])
        pieces[i] = str(max(0, rng.choice([number - 1, number + 1, number * 2, number // 2, 0, 1, 10])))
    return "".join(pieces).encode("latin-1")


def damaged(data, name, rng):
    """A damaged copy, and the name of its file."""
    kind = rng.randrange(10)
    if kind == 0:
        return data[:rng.randrange(len(data))], name
    if kind == 1:
        return damage_bytes(gzip.compress(data, mtime=0), rng), name + ".gz"
    if kind < 4:
        return damage_bytes(data, rng), name
    if kind < 7:
        return damage_numbers(data, rng), name
    return damage_tokens(data, rng), name


def run(tool, number, seed, folder):
    """Runs one case. What was wrong with the run, or nothing; the exit code."""
    rng = random.Random(f"{seed}:{number}")
    source, name, arguments = SUBJECTS[number % len(SUBJECTS)]
    with (gzip.open if source.endswith(".gz") else open)(source, "rb") as f:
        data, name = damaged(f.read(), name, rng)
    path = os.path.join(folder, f"{number}.{name}")
    with open(path, "wb") as f:
        f.write(data)
    command = [tool] + [a.replace("{}", path) for a in arguments]
    try:
        result = subprocess.run(command, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return f"{path}: still running after 60 s: {' '.join(command)}", None
    lines = result.stderr.count(b"\n")
    if result.returncode not in (0, 1) or lines != result.returncode or (
            result.returncode == 1 and b"error: " not in result.stderr):
        return (f"{path}: exit code {result.returncode}, {lines} lines on standard error: {' '.join(command)}\n"
                + result.stderr.decode(errors="replace")), result.returncode
    os.remove(path)
    return None, result.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tool")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="mempl-mutate-")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda i: run(options.tool, i, options.seed, folder), range(options.count)))
    problems = [problem for problem, _ in results if problem]
    codes = [code for _, code in results]
    print(f"{len(results)} files: {codes.count(0)} accepted, {codes.count(1)} refused, {len(problems)} problems")
    if problems:
        print("\n".join(problems))
        sys.exit(1)
    os.rmdir(folder)
    # Damage that is always or never noticed would test nothing.
    if not codes.count(0) or not codes.count(1):
        sys.exit("error: expected some files to be accepted and some to be refused")


if __name__ == "__main__":
    main()
