#!/usr/bin/env bash
# demo.sh - installs what is missing, builds mempl, and compiles ResNet-50 for
# a TPU v5e and for a small NPU: the placed program, and what it costs.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target mempl-opt mempl-solve

network=test/data/models/resnet50_b8.mlir
out=build/demo
mkdir -p "$out"
# Fusion first: one op per source primitive is not what a compiler places.
fuse="func.func(linalg-fuse-elementwise-ops),canonicalize"

show() {
  echo
  echo "\$ $*"
  "$@"
}

# Compiles the network for a target.
compile() {
  local target=$1 name=$2
  show build/release/bin/mempl-opt "$network" \
    --pass-pipeline="builtin.module($fuse,learned-memory-placement{target=$target summary instance-out=$out/$name.json plan-out=$out/$name.plan.json})" \
    -o "$out/$name.mlir"
  show build/release/bin/mempl-solve "$out/$name.json" \
    --solver=none,greedy,portfolio --timing
  echo
  echo "$out/$name.mlir: $(grep -c 'mempl.alloc' "$out/$name.mlir") storages in fast memory," \
    "$(grep -c 'copy_start prefetch' "$out/$name.mlir") prefetches," \
    "$(grep -c 'copy_start evict' "$out/$name.mlir") evictions. The first of them:"
  grep -nE 'mempl\.|linalg\.(fill|generic|conv|pool|matmul)' "$out/$name.mlir" |
    sed -E 's/\{indexing_maps = [^}]*\}/{..}/; s/^([0-9]+):/  \1:/' | cut -c1-140 | sed -n 1,14p
}

echo
echo "== ResNet-50, batch 8, bf16, on a TPU v5e (112 MiB of fast memory)"
compile tpu-v5e resnet50.tpu-v5e
echo
echo "== The same on an NPU with 4 MiB, where ops are split because tensors are too large"
compile edge-npu resnet50.edge-npu
