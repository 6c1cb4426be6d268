#!/usr/bin/env python3
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places small networks, lowers them, and runs them on the runtime library.

    run_lowered.py --opt=mempl-opt --runner=mlir-runner --runtime=libmempl_runtime.so
                   --libs=FOLDER [--full] [--routes=llvm,memref,async] [--shard=0/4]
                   [--solvers=greedy,search] [--tile] [--searched=5] [NAME..]

Each network runs as it is, and placed by every solver, under the checks of the
runtime and with copies that take a while. The bits of all results must be those
of the unplaced network, and its checksums those of expected.csv. Each solver
has another target, and with each network others, so that together they see
all; with --full every solver is run with every target (some ten minutes). With
--tile each network is tiled before, in loops and with trips written out; with
--searched the pass decides what is, of so many networks at least.

Routes: `llvm` is mempl-lower-to-cpu; `memref` has fast memory as a global array
and copies where they start; `async` has copies as tasks of MLIR's async
runtime. The last two know no checks.
"""

import argparse
import re
import sys

from run_placed import FUSE, MODELS, networks_with_drivers, read_expected, run, unwrap

BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map "
    "allow-return-allocs-from-loops}"
)
DEALLOCATE = "buffer-deallocation-pipeline,convert-bufferization-to-memref"
TO_LLVM = (
    "func.func(convert-linalg-to-loops),canonicalize,cse,"
    "expand-strided-metadata,lower-affine,math-expand-ops{ops=rsqrt},"
    "convert-vector-to-llvm,convert-math-to-libm,convert-scf-to-cf,"
    "convert-async-to-llvm,finalize-memref-to-llvm,convert-arith-to-llvm,"
    "convert-index-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,"
    "reconcile-unrealized-casts,mempl-verify-lowered"
)
ROUTES = {
    "llvm": ["mempl-lower-to-cpu"],
    "memref": [
        BUFFERIZE,
        "convert-mempl-to-memref{copies=sync}",
        "convert-mempl-spaces{map=*=none}",
        DEALLOCATE,
        TO_LLVM,
    ],
    "async": [
        BUFFERIZE,
        "convert-mempl-to-memref{copies=keep}",
        DEALLOCATE,
        "convert-mempl-to-async",
        "convert-mempl-spaces{map=*=none}",
        "async-to-async-runtime,async-runtime-ref-counting",
        TO_LLVM,
    ],
}
SOLVERS = ["none", "greedy", "msa", "search", "portfolio"]
# Targets with a capacity that makes placement of small networks a problem.
TARGETS = [
    ("tiny", ""),
    ("edge-npu", "24KiB"),
    ("ethos-u65", "6KiB"),
    ("tpu-v5e", ""),
    ("h100-host", "64KiB"),
    ("edge-npu", ""),
    ("tpu-v4", "32KiB"),
    ("ethos-u65", ""),
    ("tpu-v5p", "8KiB"),
    ("tpu-v6e", "128KiB"),
]
# Copies that take a while: what does not wait for them finds old bytes.
CHECKED = {"MEMPL_RUNTIME_CHECK": "1", "MEMPL_RUNTIME_COPY_LATENCY": "1e-4"}


def digest_function(name, shape):
    """A function that hashes the bits of a tensor, in the order of elements."""
    *sizes, element = shape.split("x")
    dims = ", ".join(f"d{i}" for i in range(len(sizes)))
    kinds = ", ".join('"reduction"' for _ in sizes)
    bits = "%v" if element.startswith("i") else "%b"
    width = int(element[1:])
    cast = "" if bits == "%v" else f"%b = arith.bitcast %v : {element} to i{width}\n"
    widen = f"%w = arith.extui {bits} : i{width} to i64\n" if width < 64 else f"%w = arith.addi {bits}, %zero : i64\n"
    return f"""
func.func private @{name}(%x: tensor<{shape}>) -> i64 {{
  %zero = arith.constant 0 : i64
  %factor = arith.constant 6364136223846793005 : i64
  %init = tensor.from_elements %zero : tensor<i64>
  %r = linalg.generic {{indexing_maps = [affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ()>],
      iterator_types = [{kinds}]}} ins(%x : tensor<{shape}>) outs(%init : tensor<i64>) {{
  ^bb0(%v: {element}, %sum: i64):
    {cast}    {widen}    %m = arith.muli %sum, %factor : i64
    %s = arith.addi %m, %w : i64
    linalg.yield %s : i64
  }} -> tensor<i64>
  %d = tensor.extract %r[] : tensor<i64>
  return %d : i64
}}
"""


def with_digests(driver, network):
    """The driver, which prints a hash of each result of the network as well."""
    call = re.search(rf"^  (%\w+)(?::\d+)? = call @{network}\(.*-> (.*)$", driver, re.MULTILINE)
    shapes = re.findall(r"tensor<([^>]*)>", call[2])
    lines, functions = "", {}
    for i, shape in enumerate(shapes):
        name = "digest_" + shape.replace("x", "_")
        functions[name] = digest_function(name, shape)
        result = call[1] if len(shapes) == 1 else f"{call[1]}#{i}"
        lines += f"\n  %digest{i} = call @{name}({result}) : (tensor<{shape}>) -> i64"
        lines += f"\n  vector.print %digest{i} : i64"
    driver = driver[: call.end()] + lines + driver[call.end() :]
    return driver + "".join(functions.values())


class Runner:
    def __init__(self, args):
        self.args = args

    def opt(self, text, *passes):
        return run([self.args.opt, f"--pass-pipeline=builtin.module({','.join(passes)})"], text)

    def execute(self, functions, driver, route):
        text = functions + driver
        if route == "llvm":
            lowered = run([self.args.opt, "--mempl-lower-to-cpu"], text)
        else:
            lowered = self.opt(text, *ROUTES[route])
        libraries = [f"{self.args.libs}/libmlir_c_runner_utils.so"]
        if route == "llvm":
            libraries.append(self.args.runtime)
        if route == "async":
            libraries.append(f"{self.args.libs}/libmlir_async_runtime.so")
        command = [self.args.runner, "-O0", "-e", "main", "-entry-point-result=void"]
        command += [f"-shared-libs={library}" for library in libraries]
        return run(command, lowered, CHECKED if route == "llvm" else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("opt", "runner", "runtime", "libs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--tile", action="store_true")
    parser.add_argument("--searched", type=int, default=0)
    parser.add_argument("--routes", default="llvm")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--budget", default="500")
    parser.add_argument("--solvers", default=",".join(SOLVERS))
    parser.add_argument("networks", nargs="*", help="all that have a driver if none")
    args = parser.parse_args()
    everything = networks_with_drivers()
    shard, shards = (int(part) for part in args.shard.split("/"))
    expected = read_expected()
    runner = Runner(args)
    failed = False
    searched = set()
    for index, name in enumerate(everything):
        if index % shards != shard or (args.networks and name not in args.networks):
            continue
        with open(f"{MODELS}/{name}.mlir") as f:
            network = runner.opt(f.read(), FUSE)
        with open(f"{MODELS}/harness/{name}.mlir") as f:
            driver = with_digests(f.read(), name)
        plain = runner.execute(unwrap(network), driver, "llvm")
        checksum, abssum = [float(line) for line in plain.split()[-2:]]
        row = expected[name]
        if abs(checksum - float(row["checksum"])) > 1e-3 * float(row["abssum"]):
            print(f"{name}: NOT AS EXPECTED: {checksum}, {abssum}")
            failed = True
        known = {}
        runs = 0
        tiled = 0
        for number, solver in enumerate(args.solvers.split(",")):
            chosen = TARGETS if args.full else [TARGETS[(2 * index + number) % len(TARGETS)]]
            for target, capacity in chosen:
                place = (
                    f"learned-memory-placement{{target={target} solver={solver} "
                    f"budget={args.budget} capacity={capacity} tile=false}}"
                )
                passes = [place]
                if args.searched:
                    passes = [place.replace("tile=false", "tile=true")]
                    if runner.opt(network, *passes) != runner.opt(network, place):
                        searched.add(name)
                if args.tile:
                    unroll = ["false", "true"][number % 2]
                    tile = f"mempl-tile-to-fit{{target={target} capacity={capacity or '32KiB'} unroll={unroll}}}"
                    tiled += runner.opt(network, tile) != network
                    passes = [tile, place]
                placed = unwrap(runner.opt(network, *passes))
                for route in args.routes.split(","):
                    key = (route, placed)
                    if key not in known:
                        known[key] = runner.execute(placed, driver, route)
                        runs += 1
                    if known[key] != plain:
                        print(
                            f"{name}, {solver} on {target} {capacity}, {route}: DIFFERENT RESULTS\n"
                            f"  {plain.split()}\n  {known[key].split()}"
                        )
                        failed = True
        of_them = f" ({tiled} of them tiled)" if args.tile else ""
        print(f"{name}: {runs} placed programs run{of_them}, {len(plain.split()) - 2} results compared", flush=True)
    if len(searched) < args.searched:
        print(f"{len(searched)} networks are tiled ({', '.join(sorted(searched))}), expected {args.searched}")
        failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
