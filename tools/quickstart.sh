#!/bin/sh
# From a fresh Debian 12 machine to an answer: installs what is missing, builds, converts the
# sample model and classifies an image on every device.
#   tools/quickstart.sh [image]      default: tests/models/digits/2.png
set -eu
image=${1:-}
[ -z "$image" ] || image=$(realpath "$image")
cd "$(dirname "$0")/.."
models=tests/models
image=${image:-$models/digits/2.png}
oarlock=build/release/bin/oarlock
model=build/digits.oar

step() { printf '\n== %s\n' "$*"; }

step "1/4 packages"
tools/packages.sh build
step "2/4 build"
mkdir -p build
cmake --preset release >build/release.log 2>&1 || { cat build/release.log >&2; exit 1; }
grep -- '--   [A-Z]*:' build/release.log || true
cmake --build --preset release --target oarlock_command
step "3/4 convert $models/digits.onnx"
$oarlock convert $models/digits.onnx -o $model
step "4/4 classify $image"
devices=$($oarlock devices --names)
for device in $devices; do
  echo "-- on $device"
  $oarlock run $model "$image" --device "$device" --top 3 --labels $models/digits.txt
done
for device in $devices; do
  [ "$device" = reference ] && continue
  echo "-- agreement"
  $oarlock compare $model --device "$device" --against reference --input "$image" --rows 3
done
