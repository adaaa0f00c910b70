#!/bin/sh
# Installs what building or testing needs; only what is missing, so the second time is quick.
#   tools/packages.sh build   Debian packages for building and running the command
#   tools/packages.sh test    these, the compilers and checkers of tools/test.sh, and a Python
#                             environment in build/venv with tools/requirements.txt
#   tools/packages.sh bench   what tools/bench/run.sh needs: PyTorch, and the engines to compare
#                             with in build/bench-venv, from tools/bench/requirements.txt
# Debian packages need root or sudo. Nothing outside build/ is touched otherwise.
set -eu
cd "$(dirname "$0")/.."

build_packages="
  ca-certificates ccache cmake flatbuffers-compiler g++ git libbenchmark-dev libcli11-dev
  libflatbuffers-dev libgmock-dev libgtest-dev libhwy-dev libjpeg-dev libonnx-dev libopenjp2-7-dev
  libprotobuf-dev libstb-dev libtbb-dev libtiff-dev libwebp-dev libzip-dev ninja-build
  libxrt-dev nlohmann-json3-dev ocl-icd-opencl-dev opencl-clhpp-headers pkg-config pocl-opencl-icd
  protobuf-compiler python3 uuid-dev"
test_packages="
  clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev libclblast-dev oclgrind python3-dev
  python3-venv"

bench_packages="python3-dev python3-torch python3-torchvision python3-venv"

case "${1:-}" in
  build) packages=$build_packages ;;
  bench) packages="$build_packages $bench_packages" ;;
  test) packages="$build_packages $test_packages" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
  case "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done

if [ -n "$missing" ]; then
  echo "installing Debian packages:$missing"
  if [ "$(id -u)" = 0 ]; then
    root="env"
  elif command -v sudo >/dev/null; then
    root="sudo env"
  else
    echo "error: these Debian packages are missing and neither root nor sudo is at hand." >&2
    echo "As root: apt-get install$missing" >&2
    exit 1
  fi
  $root DEBIAN_FRONTEND=noninteractive apt-get -qq update
  # shellcheck disable=SC2086
  $root DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 install $missing
fi

# python_packages FOLDER REQUIREMENTS: an environment in FOLDER with what the file lists.
python_packages() {
  cmp -s "$2" "$1/requirements.installed" && return
  echo "installing Python packages into $1"
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  mkdir -p build
  [ -x "$1/bin/python" ] || "$python" -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
  cp "$2" "$1/requirements.installed"
}

case "$1" in
  test) python_packages build/venv tools/requirements.txt ;;
  bench)
    python_packages build/bench-venv tools/bench/requirements.txt
    # Only its program is used, not the PyTorch that the package asks for.
    build/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
      pnnx==20261020
    ;;
esac
