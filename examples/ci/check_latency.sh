#!/bin/sh
# Part of the mempl project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Fails when the predicted latency of a program has grown:
#
#     check_latency.sh BASELINES OPTION.. PROGRAM..      compares with BASELINES/NAME.json
#     check_latency.sh --update BASELINES OPTION.. PROGRAM..      writes those files
#
# OPTIONs begin with -- and go to mempl-solve, which has to be in PATH: without a
# time limit, so that a program has the same latency on every machine.
set -u

allowed=${MAX_REGRESSION:-1%}
update=false
if [ "$1" = --update ]; then
  update=true
  shift
fi
baselines=$1
shift

options=
while [ $# -gt 0 ]; do
  case $1 in
    --*) options="$options $1"; shift ;;
    *) break ;;
  esac
done

failed=0
for program; do
  name=$(basename "$program")
  baseline=$baselines/${name%%.*}.json
  if $update; then
    # A run that fails leaves the old file.
    # shellcheck disable=SC2086
    if mempl-solve "$program" $options --no-bound --format=json > "$baseline.new"; then
      mv "$baseline.new" "$baseline"
    else
      rm -f "$baseline.new"
      failed=1
    fi
  else
    # shellcheck disable=SC2086
    mempl-solve "$program" $options --no-bound \
      --baseline="$baseline" --max-regression="$allowed" || failed=1
  fi
done
exit $failed
