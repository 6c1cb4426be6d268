#!/usr/bin/env bash
# sanitize.sh - installs what is missing, builds with sanitizers, and runs the
# unit tests: `scripts/sanitize.sh asan` or `scripts/sanitize.sh tsan`. With
# asan lit runs as well, each fuzzer of readers for 20,000 inputs, and that of
# passes for 2,000 modules.
#
# `scripts/sanitize.sh tsan PYTHON` also runs the threads of the Python package
# in a CPython that was configured with --disable-gil --with-thread-sanitizer and
# has numpy, nanobind and pytest.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-asan}
python=
if (($# > 1)); then
  python=$(command -v "$2") || {
    echo "sanitize.sh: error: expected a Python, found $2" >&2
    exit 1
  }
fi
scripts/setup.sh
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
# LLVM's own libraries have no sanitizer and don't say what they use of a pool.
export ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0
if [[ $preset == tsan ]]; then
  # Nor does what LibTorch and OpenMP do within them; OpenMP starts no threads.
  export TSAN_OPTIONS="suppressions=$PWD/scripts/tsan_suppressions.txt"
  export OMP_NUM_THREADS=1
fi
ctest --test-dir "build/$preset" -L unit --output-on-failure
if [[ $preset == asan ]]; then
  ctest --test-dir "build/$preset" -R '^lit$' --output-on-failure
  soak=(benchmarks/soak.py --log="build/$preset/soak.jsonl")
  "${soak[@]}" readers --count=20000
  "${soak[@]}" passes --count=2000
fi
if [[ $preset == tsan && -n $python ]]; then
  folder=$PWD/build/tsan/python
  cmake --install build/tsan --prefix "$folder/installed" >/dev/null
  cmake -S python_bindings -B "$folder/build" -G Ninja \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_CXX_FLAGS="-O1 -g -fsanitize=thread" -DPython_EXECUTABLE="$python" \
    -DMempl_DIR="$folder/installed/lib/cmake/Mempl" -DSKBUILD_SCRIPTS_DIR=bin >/dev/null
  cmake --build "$folder/build"
  cmake --install "$folder/build" --prefix "$folder/package" >/dev/null
  cp -r python_bindings/mempl "$folder/package"
  PYTHONPATH=$folder/package "$python" -m pytest -q -p no:cacheprovider \
    python_bindings/tests/test_threads.py
fi
