#!/usr/bin/env bash
# setup.sh - installs the Debian packages that mempl is built with, those that
# are missing. Quick when none is.
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -euo pipefail

packages=(
  cmake ninja-build ccache git python3 python3-dev python3-venv chromium
  clang-22 lld-22 clang-format-22 libclang-rt-22-dev
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  zlib1g-dev libzstd-dev rapidjson-dev coinor-libclp-dev libgtest-dev libgmock-dev libbenchmark-dev
  libtorch-dev libopenblas0-pthread
)

fail() {
  echo "setup.sh: error: $*" >&2
  exit 1
}

command -v dpkg-query >/dev/null ||
  fail "this is not Debian; install what these packages hold: ${packages[*]}"

declare -A installed=()
while read -r status name; do
  if [[ $status == installed ]]; then
    installed[$name]=1
  fi
done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
  "${packages[@]}" 2>/dev/null || true)

missing=()
for package in "${packages[@]}"; do
  if [[ -z ${installed[$package]:-} ]]; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "needs root or sudo to install: ${missing[*]}"
  as_root=(sudo)
fi

echo "setup.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
nowhere=()
for package in "${missing[@]}"; do
  candidate=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
  if [[ -z $candidate || $candidate == "(none)" ]]; then
    nowhere+=("$package")
  fi
done
if ((${#nowhere[@]} > 0)); then
  fail "no package source of this machine has: ${nowhere[*]}"
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
