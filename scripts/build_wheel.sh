#!/usr/bin/env bash
# build_wheel.sh - builds a wheel of the Python package, with the tools, that needs
# neither LLVM nor LibTorch where it is installed, and tries it in an environment
# that has nothing. Usage: build_wheel.sh [FOLDER], by default build/wheel.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail

if (($# > 1)); then
  echo "build_wheel.sh: error: expected at most one argument, the folder for the wheel" >&2
  exit 1
fi
out=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.."
out=${out:-$PWD/build/wheel}
work=$PWD/build/wheel-work
mkdir -p "$out" "$work"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps \
  --config-settings=build-dir="$work/build" --wheel-dir "$out" ./python_bindings
wheel=$(ls -t "$out"/mempl-*.whl | head -1)

# Whatever is in LD_LIBRARY_PATH or in PATH here is not there for its user.
python3 -m venv --clear "$work/try"
"$work/try/bin/pip" install --quiet --disable-pip-version-check "$wheel"
bin=$work/try/bin
lone() { env -i HOME="$work" PATH="$bin:/usr/bin:/bin" "$@"; }
package=$(lone python -c 'import os, mempl; print(os.path.dirname(mempl.__file__))')
for file in "$package"/_core*.so "$package"/bin/mempl-tools; do
  if needed=$(lone ldd "$file" | grep -E 'LLVM|MLIR|torch|Clp|not found'); then
    printf 'build_wheel.sh: error: %s needs\n%s\n' "$file" "$needed" >&2
    exit 1
  fi
done
lone mempl-solve test/data/models/mlp_small.mlir --target=edge-npu --capacity=64KiB
lone mempl-opt test/data/models/mlp_small.mlir --learned-memory-placement=target=edge-npu |
  grep -c mempl.alloc >/dev/null
lone mempl-translate --json-to-mlir test/mempl-solve/Inputs/tiny.json | grep -c mempl.instance >/dev/null
lone python -c 'import mempl; print(mempl.pack(sizes=[2, 1], lower=[0, 1], upper=[2, 3]))'
lone mempl demo --no-open --out="$work/demo.html"
echo "$wheel: $(du -h "$wheel" | cut -f1)"
