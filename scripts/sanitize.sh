#!/usr/bin/env bash
# sanitize.sh - installs what is missing, builds with sanitizers, and runs the
# unit tests: `scripts/sanitize.sh asan` or `scripts/sanitize.sh tsan`. With
# asan each fuzzer of readers runs for 20,000 inputs as well.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-asan}
scripts/setup.sh
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
# LLVM's own libraries have no sanitizer and don't say what they use of a pool.
export ASAN_OPTIONS=allow_user_poisoning=0
ctest --test-dir "build/$preset" -L unit --output-on-failure
if [[ $preset == asan ]]; then
  benchmarks/soak.py readers --count=20000 --log="build/$preset/soak.jsonl"
fi
