#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the networks of networks.py for TPUs and keeps what XLA placed.

    make.py --out=FOLDER [--networks=a,b] [--targets=v5e,v6e] [--jobs=1]

Needs no TPU: `pip install -r requirements.txt`, whose libtpu compiles ahead of
time. Per network and target, NAME.TARGET.hlo.txt.gz, the scheduled module after
memory space assignment, and NAME.TARGET.{bufferinfo,allocinfo,scheduleinfo}.csv.gz,
what the assignment saw and chose. Source locations, custom-call bodies and paths
are taken out. A file that exists is not made again, so a run that was killed goes
on where it was; each is written whole or not at all.
"""

import argparse
import concurrent.futures
import glob
import gzip
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# A part of mempl.xla that needs nothing of mempl, and so works without it.
sys.path.insert(0, os.path.join(HERE, "..", "..", "python_bindings", "mempl", "xla"))
from _child import TARGETS, environment, strip

TABLES = ("bufferinfo", "allocinfo", "scheduleinfo")


class Failed(Exception):
    pass


def compile_here(network, target, path):
    """Compiles in this process, which has the environment() of the target."""
    import jax
    from jax.experimental import topologies
    from jax.sharding import SingleDeviceSharding
    from networks import NETWORKS

    function, arguments = NETWORKS[network]()
    topology = topologies.get_topology_desc(platform="tpu", topology_name=TARGETS[target][1])
    sharding = SingleDeviceSharding(topology.devices[0])
    place = lambda t: jax.ShapeDtypeStruct(t.shape, t.dtype, sharding=sharding)
    compiled = jax.jit(function).lower(*jax.tree.map(place, arguments)).compile()
    with open(path, "w") as file:
        file.write(compiled.as_text())


def write_packed(path, text):
    """Atomically, and the same bytes for the same text."""
    part = path + ".part"
    with open(part, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
            file.write(text.encode())
    os.replace(part, path)


def largest(paths):
    """Of several modules that were compiled the one with the most to say."""
    return max(paths, key=os.path.getsize)


def run(network, target, out):
    """Makes the four files; the HLO last, as it says that the others are there."""
    base = os.path.join(out, f"{network}.{target}")
    if os.path.exists(base + ".hlo.txt.gz"):
        return "was there"
    with tempfile.TemporaryDirectory() as folder:
        hlo = os.path.join(folder, "hlo.txt")
        variables = {
            **os.environ,
            **environment(target),
            "LIBTPU_INIT_ARGS": f"--xla_jf_dump_to={folder} --xla_jf_dump_hlo_text=true"
            " --xla_jf_dump_llo_text=false",
        }
        command = [sys.executable, os.path.abspath(__file__), "--compile", network, target, hlo]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=folder)
        if done.returncode != 0 or not os.path.exists(hlo):
            raise Failed((done.stderr.strip().split("\n") or ["no message"])[-1])
        for table in TABLES:
            found = glob.glob(os.path.join(folder, "**", f"*memory-space-assignment*{table}*"), recursive=True)
            if not found:
                raise Failed(f"the compiler wrote no {table}")
            with open(largest(found)) as file:
                write_packed(f"{base}.{table}.csv.gz", file.read())
        with open(hlo) as file:
            write_packed(base + ".hlo.txt.gz", strip(file.read()))
    return "made"


def chosen(text, known, what):
    names = text.split(",") if text else list(known)
    for name in names:
        if name not in known:
            sys.exit(f"make.py: error: no {what} '{name}'; expected {', '.join(known)}")
    return names


def main():
    if sys.argv[1:2] == ["--compile"]:
        return compile_here(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--networks")
    parser.add_argument("--targets", default="v5e,v6e")
    parser.add_argument("--jobs", type=int, default=1, help="compilers at once; 4 GB each")
    args = parser.parse_args()
    try:
        from networks import NETWORKS
    except ImportError as error:
        sys.exit(f"make.py: error: {error}; pip install -r {os.path.join('benchmarks', 'corpus', 'requirements.txt')}")
    networks = chosen(args.networks, NETWORKS, "network")
    targets = chosen(args.targets, TARGETS, "target")
    os.makedirs(args.out, exist_ok=True)
    work = [(n, t) for t in targets for n in networks]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = {pool.submit(run, n, t, args.out): f"{n}.{t}" for n, t in work}
        for number, done in enumerate(concurrent.futures.as_completed(runs), 1):
            try:
                outcome = done.result()
            except Failed as error:
                failures += 1
                outcome = f"failed: {error}"
            print(f"[{number}/{len(runs)}] {runs[done]} {outcome}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
