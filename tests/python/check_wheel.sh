#!/bin/sh
# Builds the wheel from the objects of build/release, installs it into a folder of its own, moves
# that away from the build, and runs the tests of the Python package on it.
set -eu
cd "$(dirname "$0")/../.."
python="$PWD/build/venv/bin/python"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$python" -m pip wheel ./tools/python --quiet --no-deps --no-build-isolation \
  --wheel-dir "$folder/wheel" --config-settings=build-dir="$PWD/build/release" \
  --config-settings=cmake.define.OARLOCK_TESTS=AUTO \
  --config-settings=cmake.define.OARLOCK_TOOLS=AUTO
"$python" -m pip install --quiet --no-deps --no-index --target "$folder/site" "$folder"/wheel/*.whl
absolute=$(readelf -d "$folder"/site/oarlock/*.so* | grep -c "$PWD" || true)
if [ "$absolute" != 0 ]; then
  echo "the libraries of the wheel look for others in $PWD"
  exit 1
fi
ls -l "$folder"/wheel
OARLOCK_TEST_PACKAGE="$folder/site" "$python" -m pytest tests/python
