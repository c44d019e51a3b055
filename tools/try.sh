#!/usr/bin/env bash
# Builds pith and runs a prompt: bash tools/try.sh "Once upon a time"
# What comes after the script's name goes to pith run; the build's output goes to stderr.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/prepare.sh"

need_toolchain
if [ ! -f "$root/build/build.ninja" ] && [ ! -f "$root/build/Makefile" ]; then
  cmake -S "$root" -B "$root/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPITH_BUILD_TESTS=OFF \
    $(cmake_extras) >&2
fi
cmake --build "$root/build" --target pith-cli --parallel "$(nproc)" >&2
exec "$root/build/pith" run "$@"
