#!/usr/bin/env bash
# test.sh - installs what is missing, builds everything and runs all tests.
# The last line is the summary of ctest. Arguments go to ctest: for example
# `scripts/test.sh -R lit`.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release

log=build/release/ctest.log
status=0
ctest --preset release -j "$(nproc)" "$@" | tee "$log" || status=$?

# ctest hides what a passed test prints: show lit's own summary as well.
if results=$(sed -n '/^Total Discovered Tests/,/^<end of output>/{/^</!p}' \
  build/release/Testing/Temporary/LastTest.log) && [[ -n $results ]]; then
  printf '\nlit:\n%s\n' "$results"
fi
# Where the time goes. All lines are read, or sort ends by a closed pipe, and
# this script with it.
printf '\nslowest:\n'
sed -nE 's|^ *[0-9]+/[0-9]+ Test +#[0-9]+: ([^ ]+) .* ([0-9.]+) sec.*|\2 s \1|p' "$log" |
  sort -rn | sed -n 1,10p
printf '\n'
grep -E 'tests passed|No tests were found' "$log" || status=1
exit "$status"
