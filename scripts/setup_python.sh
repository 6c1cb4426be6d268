#!/usr/bin/env bash
# setup_python.sh - a virtual environment with what the Python package is built
# and tested with. Usage: setup_python.sh FOLDER. Quick when it is up to date.
# Of Debian it wants python3-dev and python3-venv.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# != 1)); then
  echo "setup_python.sh: error: expected one argument, the folder of the environment" >&2
  exit 1
fi
folder=$1
requirements=python_bindings/requirements-test.txt
stamp=$folder/requirements-test.txt
if [[ -x $folder/bin/python ]] && cmp -s "$requirements" "$stamp"; then
  exit 0
fi
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$stamp"
