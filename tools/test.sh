#!/usr/bin/env bash
# Builds pith and runs every test. With --sanitize: a Debug build with the address and undefined-behaviour
# sanitizers, without the slow tests. Other arguments go to ctest (-R NAME). CXX chooses the compiler.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/prepare.sh"

preset=release
arguments=()
for argument in "$@"; do
  if [ "$argument" = --sanitize ]; then preset=sanitize; else arguments+=("$argument"); fi
done

need_toolchain libgtest-dev libopenblas-dev openmpi-bin parallel
if [ $preset = release ]; then need_browser; fi  # its test is a slow one
cd "$root"
cmake --preset $preset -G Ninja -DPITH_BUILD_TESTS=ON $(cmake_extras) >&2
cmake --build --preset $preset --parallel "$(nproc)" >&2
exec ctest --preset $preset --parallel "$(nproc)" "${arguments[@]}"
