#!/usr/bin/env bash
# demo.sh - installs what is missing, builds mempl, and plans the memory of a
# real program: a GPT-2 decoding step as XLA compiled it for a TPU v5e.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target mempl-solve

program=test/data/xla_tpu/gpt2_decode_b8.v5e
show() {
  echo
  echo "\$ $*"
  "$@"
}
show build/release/bin/mempl-solve $program.instance.json.gz \
  --policy=none,greedy,search,portfolio \
  --plan=build/gpt2_decode_b8.plan.json --timing
# The plan just made beside the one that XLA made for the same program.
show build/release/bin/mempl-solve $program.instance.json.gz \
  --check=build/gpt2_decode_b8.plan.json --check=$program.xla_plan.json.gz
