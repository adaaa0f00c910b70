#!/bin/sh
# Builds core and the CPU backend for 64-bit Arm on another machine and runs their unit tests under
# qemu, which shows whether results are right, not how fast they come.
#   tools/aarch64.sh [ctest-option...]        tools/aarch64.sh -R unit_kernels_cpu
# Needs apt: g++-aarch64-linux-gnu qemu-user, beside what tools/packages.sh build installs. The Arm
# libraries are unpacked into build/aarch64-root; nothing else of the system is touched.
set -eu
cd "$(dirname "$0")/.."
root=$PWD/build/aarch64-root
libraries="libflatbuffers-dev libflatbuffers2 libgmock-dev libgtest-dev libhwy-dev libhwy1
  libtbb-dev libtbb12 libtbbbind-2-5 libtbbmalloc2"

for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" >/dev/null || {
    echo "error: $tool is missing; apt-get install g++-aarch64-linux-gnu qemu-user" >&2
    exit 1
  }
done

arm_apt() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
    -o Dir::State::lists="$packages/lists" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$packages/cache" "$@"
}

if [ ! -f "$root/complete" ]; then
  echo "fetching Arm libraries into $root"
  packages=$root/packages
  rm -rf "$root"
  mkdir -p "$packages/lists/partial" "$packages/cache/partial"
  arm_apt update
  # shellcheck disable=SC2086
  (cd "$packages" && arm_apt download $libraries)
  for package in "$packages"/*.deb; do
    dpkg -x "$package" "$root"
  done
  rm -rf "$packages"
  touch "$root/complete"
fi

cmake --preset aarch64
cmake --build --preset aarch64
ctest --preset aarch64 "$@"
