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

model=()
fallback=$root/../shared/data/weights/stories260K/stories260Ktok512-llamacpp.gguf
if ! compgen -G "$root/models/*.gguf" >/dev/null; then
  if [ ! -f "$fallback" ]; then
    echo "no model is bundled yet, and there is none at $fallback; pith run -m FILE takes any" >&2
    exit 1
  fi
  echo "no model is bundled yet: using $fallback" >&2
  model=(-m "$fallback")
fi
exec "$root/build/pith" run "${model[@]}" "$@"
