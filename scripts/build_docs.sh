#!/usr/bin/env bash
# build_docs.sh - builds the documentation as a site, in build/site or in the
# folder that is given. A broken link is an error. Its generator is installed into
# build/docs-venv when it is missing; of Debian it wants python3-venv.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail

if (($# > 1)); then
  echo "build_docs.sh: error: expected at most one argument, the folder for the site" >&2
  exit 1
fi
out=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.."
out=${out:-$PWD/build/site}
venv=build/docs-venv
if ! cmp -s docs/requirements.txt "$venv/requirements.txt"; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r docs/requirements.txt
  cp docs/requirements.txt "$venv/requirements.txt"
fi

# Built beside its place and then moved there: a site is whole or not there.
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/site-XXXXXX")
trap 'rm -rf "$work"' EXIT
# Not --quiet: MkDocs would not count its warnings then. The variable leaves out
# the notice that a later MkDocs will be another program.
if ! NO_MKDOCS_2_WARNING=1 "$venv/bin/mkdocs" build --strict --site-dir "$work/site" \
  >"$work/log" 2>&1; then
  grep -v "^INFO" "$work/log" >&2 || true
  exit 1
fi
rm -rf "$out"
mv "$work/site" "$out"
echo "$out/index.html"
