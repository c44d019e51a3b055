# Sourced by try.sh and test.sh: the packages that pith needs, and a configured build folder.

# need_packages PACKAGE...: installs with apt-get what dpkg does not list as installed.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  echo "installing: ${missing[*]}" >&2
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >&2
}

# need_browser: chromium, for the test that looks at the trace page. Debian packages it, Ubuntu does not: there
# the test is skipped unless another one of that name is installed.
need_browser() {
  if command -v chromium >/dev/null; then return; fi
  if [[ $(LC_ALL=C apt-cache policy chromium 2>/dev/null) == *"Candidate: "[0-9]* ]]; then
    need_packages chromium
  fi
}

# need_toolchain: what the engine and its command line are built with.
need_toolchain() {
  if ! command -v dpkg-query >/dev/null; then
    echo "this is not Debian or Ubuntu: CMake names what is missing" >&2
    return
  fi
  local packages=(cmake ninja-build libcli11-dev libfmt-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev
    libnlopt-dev libedit-dev)
  if ! command -v "${CXX:-c++}" >/dev/null; then packages+=(g++); fi
  need_packages "${packages[@]}" "$@"
}

# cmake_extras: ccache and mold where they are installed. ccache does not see into precompiled headers.
cmake_extras() {
  if command -v ccache >/dev/null; then
    echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
  fi
  if command -v mold >/dev/null; then echo -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold; fi
}
