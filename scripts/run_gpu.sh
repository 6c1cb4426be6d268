#!/usr/bin/env bash
# run_gpu.sh - installs what is missing, builds, and runs the small networks on
# the GPU of this machine: predicted beside measured. Arguments go to
# benchmarks/gpu.py. Exit code 69: there is no GPU.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target mempl-opt mempl-solve mempl_gpu_runtime >&2
exec python3 benchmarks/gpu.py --bin=build/release/bin "$@"
