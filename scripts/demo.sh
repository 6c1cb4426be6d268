#!/usr/bin/env bash
# demo.sh - installs what is missing, builds the tools, and places three real
# networks: what they take before and after, and a picture. Commands of README
# and of the documentation run after it.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

tools=(mempl-opt mempl-solve mempl-translate mempl-train mempl-lsp-server
  mempl_runtime MemplPlugin)
out=build/demo
summaries=$out/summaries.txt
hlo=benchmarks/corpus/programs/gpt2_decode_b8.v5e.hlo.txt.gz

if [[ ! -x build/release/bin/mempl-opt ]]; then
  echo "demo.sh: the first run installs up to 2 GB of packages and builds mempl: about"
  echo "demo.sh: ten minutes on two cores. Later runs take seconds."
fi
scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release --target "${tools[@]}"
mkdir -p "$out"
: >"$summaries"
export PATH=$PWD/build/release/bin:$PATH

# Prints a command as one would type it.
show() {
  local word
  printf '\n$'
  for word in "$@"; do
    if [[ $word == *[\(\{]* ]]; then word="${word%%=*}=\"${word#*=}\""; fi
    printf ' %s' "$word"
  done
  echo
}

# Places a network for a target, and shows what it costs.
place() {
  local name=$1 target=$2
  # Fusion first: one op per source primitive is not what a compiler places.
  local command=(mempl-opt "test/data/models/$name.mlir" -o "$out/$name.mlir"
    --pass-pipeline="builtin.module(func.func(linalg-fuse-elementwise-ops),canonicalize,learned-memory-placement{target=$target summary})")
  show "${command[@]}"
  "${command[@]}" 2>"$out/$name.log" || {
    cat "$out/$name.log"
    exit 1
  }
  # The summary alone: the remark before it quotes the whole signature.
  sed -n '/ of fast memory$/,$p' "$out/$name.log" | tee -a "$summaries"
}

# The time behind a line of a summary.
time_of() {
  sed -n "/^$1:/,/lower bound/s/^  $2  *\([0-9.]* [a-z]*\).*/\1/p" "$summaries"
}

echo
echo "== ResNet-50 on a TPU v5e with 112 MiB of fast memory"
place resnet50_b8 tpu-v5e
echo
echo "The placed program has $(grep -c 'mempl.alloc' "$out/resnet50_b8.mlir") storages at fixed offsets, and copies that start early and are awaited late:"
grep -nE 'copy_start|copy_wait' "$out/resnet50_b8.mlir" | cut -c1-110 | sed -n '1,4s/^/  /p'

echo
echo "== MobileNetV2 on an NPU with 4 MiB, where tensors do not fit and ops are cut into tiles"
place mobilenetv2_b32 edge-npu

echo
echo "== GPT-2 decoding as XLA compiled it for a TPU v5e: XLA's own plan beside mempl's"
command=(mempl-solve "$hlo" --target=tpu-v5e --xla --solver=learned,search
  --report="$out/gpt2.html")
show "${command[@]}"
"${command[@]}" | tee "$out/gpt2.txt"
latency_of() { awk -v row="$1" '$1 == row { print $2 " ms" }' "$out/gpt2.txt"; }

cat <<END

== In short, by mempl's simulator
   ResNet-50, TPU v5e      $(time_of resnet50_b8 'slow memory only') in slow memory, $(time_of resnet50_b8 placed) placed
   MobileNetV2, small NPU  $(time_of mobilenetv2_b32 'slow memory only') in slow memory, $(time_of mobilenetv2_b32 placed) placed
   GPT-2, TPU v5e          $(latency_of xla) by XLA's own plan, $(latency_of search) by mempl's
   Fast memory over time   $PWD/$out/gpt2.html, for a browser
END
cat <<'END'

== Next
   export PATH=$PWD/build/release/bin:$PATH
   benchmarks/agent.py | tail -2        # 27 networks against XLA, a quarter of a minute
   mempl-solve test/data/models/mlp_small.mlir --target=edge-npu --capacity=64KiB
   Then README.md, or docs/Tutorial.md for a model of your own.
END
