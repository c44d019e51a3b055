#!/usr/bin/env bash
# Fuzzes the readers of untrusted input (tests/fuzz/*_fuzz.cpp) with clang's libFuzzer and sanitizers.
#
#   tools/fuzz.sh MINUTES [TARGET...]   runs every target (or those named: gguf, safetensors, ...) that long
#   tools/fuzz.sh merge [TARGET...]     adds what was found to tests/fuzz/corpus, reduced to inputs up to
#                                       4 KiB that reach code the corpus does not
#
# Inputs found stay in build-fuzz/found/TARGET, failures in build-fuzz/TARGET-crash-*; a failure that is
# fixed belongs into tests/fuzz/corpus/TARGET, which every test run replays.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! [[ ${1:-} =~ ^([1-9][0-9]*|merge)$ ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0"
  exit 2
fi
what=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/*_fuzz.cpp; do
    targets+=("$(basename "$source" _fuzz.cpp)")
  done
fi

cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-clang++}" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DPITH_FUZZ=ON >/dev/null
ninja -C build-fuzz "${targets[@]/#/fuzz-}"

failed=0
for target in "${targets[@]}"; do
  found=build-fuzz/found/$target
  corpus=tests/fuzz/corpus/$target
  mkdir -p "$found" "$corpus"
  if [ "$what" = merge ]; then
    build-fuzz/tests/fuzz-"$target" -merge=1 -use_counters=0 -max_len=4096 "$corpus" "$found"
    continue
  fi
  echo "== $target: $what minutes"
  # An input of at most 1 MiB may not make the program allocate 64 MiB at once, or take ten seconds.
  build-fuzz/tests/fuzz-"$target" -max_total_time=$((what * 60)) -timeout=10 -malloc_limit_mb=64 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build-fuzz/$target-" "$found" "$corpus" || failed=1
done
exit $failed
