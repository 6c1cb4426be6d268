#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tools where something fails around them.

    check_faults.py --bin=build/release/bin [--kills=N] [--seed=N] [--python=FILE]

Outputs that cannot be written, pipes that close, too little memory: one line on
standard error, exit code 1, no half-written file and nothing left beside it.
Processes that are killed at random moments leave files that are whole, and
training goes on from them. With a Python that has mempl, IREE and JAX, so do
mempl-iree-pack and mempl.xla, and with Ray so does training in its workers.
Two runs in one folder: the second is refused.
"""

import argparse
import gzip
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TINY = os.path.join(HERE, "mempl-solve", "Inputs", "tiny.json")
PACKING = os.path.join(HERE, "mempl-solve", "Inputs", "packing.csv")
MLIR = os.path.join(HERE, "Inputs", "empty.mlir")
REAL = os.path.join(HERE, "data", "xla_tpu", "lstm_b64.v5e.instance.json.gz")
MODEL = os.path.join(HERE, "data", "models", "mlp_small.mlir")
BOUNDED = os.path.join(HERE, "data", "xla_tpu", "nerf_b65536.v5e.instance.json.gz")
SMALL = os.path.join(HERE, "data", "xla_tpu", "alexnet_b64.v5e.instance.json.gz")
SECONDS = 120

mistakes = []


def mistake(text):
    mistakes.append(text)
    print(text)


def one_error(command, done):
    """A tool that failed has said so in a line."""
    lines = done.stderr.decode(errors="replace").splitlines()
    # What mempl-opt cannot open, MLIR says in words of its own.
    says = bool(lines) and ("error: " in lines[0] or "cannot open" in lines[0])
    if done.returncode != 1 or len(lines) != 1 or not says:
        mistake(f"{' '.join(command)}: exit code {done.returncode}, {len(lines)} lines: {lines[:5]}")


def run(command, **more):
    return subprocess.run(command, stderr=subprocess.PIPE, timeout=SECONDS, **more)


# ------------------------------------------------------ what cannot be written


def limit_files():
    """Files may have no byte, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def check_outputs(tools, folder):
    """A full disk, a folder that is none, a device that is full."""
    missing = os.path.join(folder, "no", "such", "file.json")
    existing = os.path.join(folder, "before.json")
    count = 0
    for path in (missing, "/dev/full", existing):
        if path == existing:
            with open(existing, "w", encoding="utf-8") as file:
                file.write("as it was\n")
        for command in ([tools["solve"], TINY, "--no-bound", f"--plan-out={path}"],
                        [tools["solve"], PACKING, "--capacity=16", f"--plan-out={path}"],
                        [tools["solve"], TINY, "--no-bound", f"--reproducer={path}"],
                        [tools["solve"], TINY, "--no-bound", f"--anytime={path}"],
                        [tools["translate"], "--json-to-mlir", TINY, "-o", path],
                        [tools["opt"], MLIR, "-o", path]):
            # LLVM takes the signal of that limit for a crash.
            if path == existing and command[0] == tools["opt"]:
                continue
            one_error(command, run(command, stdout=subprocess.DEVNULL,
                                   preexec_fn=limit_files if path == existing else None))
            count += 1
    with open(existing, encoding="utf-8") as file:
        kept = file.read()
    if kept != "as it was\n":
        mistake(f"{existing}: is half written")
    for command in ([tools["solve"], TINY], [tools["solve"], TINY, "--format=json"], [tools["solve"], "--list-solvers"],
                    [tools["translate"], "--json-to-mlir", TINY],
                    [tools["opt"], MLIR], [tools["opt"], "--list-targets"]):
        with open("/dev/full", "wb") as full:
            one_error(command, run(command, stdout=full))
        count += 1
        # A pipe that nobody reads: ended by a signal, without a word, or an error.
        reader, writer = os.pipe()
        os.close(reader)
        done = run(command, stdout=writer)
        os.close(writer)
        if done.returncode != -signal.SIGPIPE:
            one_error(command, done)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".tmp"):
            mistake(f"{name}: a temporary file that was left")
    return count


# ---------------------------------------------------------------------- memory


def check_memory(tools, folder):
    """Every limit of memory: an answer, or one error."""
    large = os.path.join(folder, "large.json")
    with open(TINY, encoding="utf-8") as file:
        program = json.load(file)
    program["name"] = "n" * (64 << 20)
    with open(large, "w", encoding="utf-8") as file:
        json.dump(program, file)
    # With a bound that loads Clp, and with it threads of OpenBLAS, if there is room for it.
    kinds = [[tools["solve"], large, "--no-bound", "--threads=2"], [tools["solve"], TINY],
             [tools["solve"], BOUNDED, "--capacity=8MiB", "--solver=greedy", "--bound-nodes=20"],
             [tools["opt"], MODEL, "--learned-memory-placement=target=tiny solver=greedy"]]
    refused = answered = 0
    for mebibytes in range(300, 1500, 50):
        for command in kinds:
            done = run(command, stdout=subprocess.DEVNULL,
                       preexec_fn=lambda size=mebibytes << 20: resource.setrlimit(resource.RLIMIT_AS, (size, size)))
            # The loader, and constructors of libraries, come before the tool.
            if done.returncode == 127 or b"shared libraries" in done.stderr:
                continue
            if done.returncode == 0:
                answered += 1
            else:
                refused += 1
                one_error(command + [f"({mebibytes} MiB)"], done)
    return refused, answered


# ----------------------------------------------------------------------- kills


def is_whole(path):
    try:
        if path.endswith(".gz"):
            with gzip.open(path, "rb") as file:
                json.loads(file.read())
        elif path.endswith(".json"):
            with open(path, encoding="utf-8") as file:
                json.load(file)
        elif path.endswith((".html", ".svg")):
            with open(path, encoding="utf-8") as file:
                if not file.read().rstrip().endswith("</" + path.rsplit(".", 1)[1] + ">"):
                    mistake(f"{path}: is half written")
        elif path.endswith(".jsonl"):
            # Appended to: all lines but the last are whole.
            with open(path, encoding="utf-8") as file:
                for line in file.read().split("\n")[:-1]:
                    json.loads(line)
    except (ValueError, OSError, EOFError) as error:
        mistake(f"{path}: is half written: {error}")


def wait_until(condition):
    """Whether it became true in time."""
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def kill_after(command, seconds, **more):
    """True if it was killed before it was done; what it has started ends, too."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                               **more)
    killed = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        killed = True
    if not wait_until(lambda: not lives(process.pid)):
        mistake(f"{' '.join(command)}: what it started goes on without it")
        os.killpg(process.pid, signal.SIGKILL)
    return killed


def lives(group):
    """Whether some process of the group has not ended."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if len(fields) > 2 and fields[2] == str(group) and fields[0] not in "ZX":
            return True
    return False


def kill_solve(tools, folder, rng):
    names = ("plan.json", "plan.json.gz", "trace.jsonl", "again.json", "page.html", "map.svg")
    outputs = [os.path.join(folder, name) for name in names]
    plan = rng.choice(outputs[:2])
    # Some end before, and are killed while they write.
    budget = rng.choice((1, 3000))
    killed = kill_after([tools["solve"], REAL, "--solver=search", f"--budget={budget}", "--no-bound",
                         f"--plan-out={plan}", f"--anytime={outputs[2]}", f"--reproducer={outputs[3]}",
                         f"--report={outputs[4]}", f"--map-out={outputs[5]}"], rng.uniform(0, 1.2))
    for path in outputs:
        if os.path.exists(path):
            is_whole(path)
    return killed


PACK = "import sys; from mempl.iree._command import main; sys.exit(main())"
PACKED = ("out.vmfb", "report.json", "packs/", "between/")
JAX = """
import jax.numpy as jnp


def program(x, a, b):
    return jnp.tanh(jnp.tanh(x @ a) @ b).sum()
"""


def packing(tools, folder):
    out = [os.path.join(folder, name) for name in PACKED]
    return [tools["python"], "-c", PACK, MODEL, "-o", out[0], f"--report={out[1]}", f"--emit-packs={out[2]}",
            f"--keep-intermediates={out[3]}", "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=vmvx"]


def files_below(folder):
    """Bytes by name, without those of runs that were killed in the middle."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if not name.endswith(".part"):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = file.read()
    return found


def kill_pack(tools, folder, rng):
    """Files are not there, or as they are without a kill."""
    whole = os.path.join(folder, "packed")
    if not os.path.isdir(whole):
        os.mkdir(whole)
        start = time.monotonic()
        done = run(packing(tools, whole), stdout=subprocess.DEVNULL)
        if done.returncode:
            mistake(f"mempl-iree-pack: {done.stderr.decode()}")
        tools["seconds of packing"] = time.monotonic() - start
    with tempfile.TemporaryDirectory(dir=folder) as where:
        killed = kill_after(packing(tools, where), rng.uniform(0, 1.1 * tools["seconds of packing"]))
        right = files_below(whole)
        for name, content in files_below(where).items():
            # Temporary files of IREE have names of their own.
            if name in right and name != "report.json" and content != right[name]:
                mistake(f"{name}: is half written")
            if name == "report.json":
                is_whole(os.path.join(where, name))
    return killed


def kill_xla(tools, folder, rng):
    """The log goes on from one to the next."""
    with open(os.path.join(folder, "jax_program.py"), "w", encoding="utf-8") as file:
        file.write(JAX)
    outputs = [os.path.join(folder, "xla." + name) for name in ("json", "html", "jsonl")]
    shapes = ["bf16[512,512]"] * 3
    command = [tools["python"], "-m", "mempl.xla", "jax_program:program", *shapes, f"--out={outputs[0]}",
               f"--report={outputs[1]}", f"--log={outputs[2]}", "--time-limit-ms=60000"]
    killed = kill_after(command, rng.uniform(1, 12), cwd=folder, env={**os.environ, "JAX_PLATFORMS": "cpu"})
    for path in outputs:
        if os.path.exists(path):
            is_whole(path)
    if not killed and not os.path.exists(outputs[0]):
        mistake(f"{' '.join(command)}: no options")
    return killed


QUICK = {"games": 2, "steps": 2, "batch": 16, "simulations": 2, "heads": 1, "generations": 4, "teacher_budget": 50,
         "refine_budget": 50, "evaluate_every": 2}


def training(tools, folder, rounds):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in QUICK.items()]
    return [tools["train"], SMALL, f"--out={folder}", *options, f"--rounds={rounds}"]


def check_run(tools, folder):
    """What is in the folder of a run is whole."""
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        is_whole(os.path.join(folder, name))
    for name in ("best.mempl", "network.mempl"):
        weights = os.path.join(folder, name)
        if os.path.exists(weights):
            command = [tools["solve"], TINY, "--no-bound", f"--solver=learned{{weights={weights}}}"]
            done = run(command, stdout=subprocess.DEVNULL)
            if done.returncode:
                mistake(f"{' '.join(command)}: {done.stderr.decode()}")


def kill_train(tools, folder, rng):
    """What is there when it is killed is whole: it goes on."""
    killed = kill_after(training(tools, folder, 0), rng.uniform(0.2, 4))
    check_run(tools, folder)
    return killed


RAY = """
import json, os, sys
import ray

program, folder, mark, rounds, options = sys.argv[1:]
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")


@ray.remote(max_retries=3)
def train():
    import mempl
    with open(mark, "w", encoding="utf-8") as file:
        file.write(f"{os.getpid()} ")
    mempl.train(program, folder, rounds=int(rounds), **json.loads(options))


ray.get(train.remote())
"""


def rounds_of(folder):
    """Of a run, so far."""
    path = os.path.join(folder, "metrics.jsonl")
    if not os.path.exists(path):
        return 0
    with open(path, encoding="utf-8") as file:
        rounds = [json.loads(line)["round"] for line in file.read().split("\n")[:-1]]
    return rounds[-1] if rounds else 0


def kill_ray(tools, folder, rng):
    """A worker that dies is replaced, and goes on; with the driver its worker ends, too."""
    where, mark = os.path.join(folder, "ray"), os.path.join(folder, "worker")
    if os.path.exists(mark):
        os.remove(mark)
    rounds = rounds_of(where) + 4
    command = [tools["python"], "-c", RAY, SMALL, where, mark, str(rounds), json.dumps(QUICK)]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def begun():
        return driver.poll() is not None or os.path.exists(mark) and os.path.getsize(mark) > 0

    if not wait_until(begun) or driver.poll() is not None:
        driver.kill()
        mistake(f"Ray does not train: {driver.communicate()[1].decode()[-1000:]}")
        return False
    with open(mark, encoding="utf-8") as file:
        worker = int(file.read())
    time.sleep(rng.uniform(0, 1.5))
    is_driver = rng.random() < 0.5
    killed = driver.poll() is None
    try:
        os.kill(driver.pid if is_driver else worker, signal.SIGKILL)
    except ProcessLookupError:
        killed = False
    try:
        problem = driver.communicate(timeout=SECONDS)[1].decode()
        if not is_driver and (driver.returncode or rounds_of(where) < rounds):
            mistake(f"Ray does not go on after round {rounds_of(where)} of {rounds}: {problem[-1000:]}")
    except subprocess.TimeoutExpired:
        driver.kill()
        mistake("Ray does not end")
    if not wait_until(lambda: not os.path.exists(f"/proc/{worker}")):
        mistake("a worker of Ray goes on without its driver")
    check_run(tools, where)
    return killed


def has_ray(tools):
    command = [tools["python"], "-c", "import mempl._train, ray"]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


def check_kills(tools, folder, count, rng):
    run_folder = os.path.join(folder, "run")
    kinds = [("mempl-solve", lambda: kill_solve(tools, folder, rng))]
    if "train" in tools:
        kinds.append(("mempl-train", lambda: kill_train(tools, run_folder, rng)))
    if "python" in tools:
        kinds += [("mempl-iree-pack", lambda: kill_pack(tools, folder, rng)),
                  ("mempl.xla", lambda: kill_xla(tools, folder, rng))]
        if has_ray(tools):
            kinds.append(("Ray", lambda: kill_ray(tools, folder, rng)))
    killed = dict.fromkeys((name for name, _ in kinds), 0)
    for i in range(count):
        name, kill = kinds[i % len(kinds)]
        killed[name] += kill()
    if "train" not in tools or count < 2:
        return killed
    # After all that it still goes on, and ends.
    metrics = os.path.join(run_folder, "metrics.jsonl")
    done = run(training(tools, run_folder, 1), stdout=subprocess.DEVNULL)
    if done.returncode or not os.path.exists(metrics):
        mistake(f"training does not go on: {done.stderr.decode()}")
    return killed


# ------------------------------------------------------------------ two at once


def check_two(tools, folder):
    """The second run in a folder is refused while the first one lasts."""
    where = os.path.join(folder, "two")
    first = subprocess.Popen(training(tools, where, 0), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(os.path.join(where, "best.mempl")))
        second = training(tools, where, 1)
        done = run(second, stdout=subprocess.DEVNULL)
        one_error(second, done)
        if b"another run trains" not in done.stderr:
            mistake(f"two runs in one folder: {done.stderr.decode()}")
    finally:
        first.kill()
        first.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", help="that has mempl, IREE and JAX for TPUs")
    parser.add_argument("--only-kills", action="store_true")
    args = parser.parse_args()
    tools = {name: os.path.join(args.bin, f"mempl-{name}") for name in ("solve", "opt", "translate", "train")}
    tools = {name: path for name, path in tools.items() if os.path.exists(path)}
    if args.python:
        tools["python"] = args.python
    with tempfile.TemporaryDirectory(prefix="mempl-faults-") as folder:
        if not args.only_kills:
            outputs = check_outputs(tools, folder)
            refused, answered = check_memory(tools, folder)
            if "train" in tools:
                check_two(tools, folder)
            print(f"{outputs} outputs that fail; of limits of memory {refused} were too small and {answered} enough")
            if outputs < 20 or not answered or not refused:
                mistake("too little was tried")
        killed = check_kills(tools, folder, args.kills, random.Random(args.seed))
    print(f"{sum(killed.values())} of {args.kills} processes killed "
          f"({', '.join(f'{count} {name}' for name, count in killed.items())}); {len(mistakes)} mistakes")
    sys.exit(bool(mistakes))


if __name__ == "__main__":
    main()
