#!/bin/sh
# Measures oarlock beside other engines and writes docs/performance.md and docs/performance.svg:
#   tools/bench/run.sh [--short] [PAGE.md]      --short: fewer and shorter rounds
# Installs what is missing, builds, exports the networks into build/bench, measures (half an hour;
# leave the machine alone meanwhile), and keeps the figures in build/bench/*.json.
set -eu
cd "$(dirname "$0")/../.."
short=
page=docs/performance.md
for argument; do
  case $argument in
    --short) short="--rounds 3 --slice 0.08 --starts 1" ;;
    *.md) page=$argument ;;
    *)
      echo "usage: tools/bench/run.sh [--short] [PAGE.md]" >&2
      exit 2
      ;;
  esac
done
out=build/bench

step() { printf '\n== %s\n' "$*"; }
# measure NAME EFFORT option...: one table. Many short turns are steadier than few long ones: the
# speed of a shared machine changes by the second.
measure() {
  name=$1
  effort=${short:-$2}
  shift 2
  step "$name"
  # shellcheck disable=SC2086
  PYTHONPATH=build/bench-release/python build/bench-venv/bin/python tools/bench/measure.py \
    $out/networks $effort --json "$out/$name.json" "$@" || failed=yes
}
failed=

step packages
tools/packages.sh bench
step build
mkdir -p $out
cmake --preset release -B build/bench-release -DOARLOCK_TESTS=OFF \
  -DPython_EXECUTABLE="$PWD/build/bench-venv/bin/python" >$out/configure.log 2>&1 || {
  cat $out/configure.log >&2
  exit 1
}
cmake --build build/bench-release
step networks
/usr/bin/python3 tools/bench/networks.py $out/networks --batches 8,32 --lengths 16,64,256,512

networks=densenet121,efficientnet_b0,minilm_l6_s128,mobilenet_v1,mobilenet_v2,mobilenet_v3_large
networks=$networks,regnet_y_400mf,resnet18,resnet50,shufflenet_v2_x1_0,squeezenet1_1,vgg16,vit_b_32
larger=resnet50_b8,resnet50_b32,mobilenet_v2_b8,mobilenet_v2_b32
larger=$larger,minilm_l6_s16,minilm_l6_s64,minilm_l6_s256,minilm_l6_s512
measure two_threads "--rounds 20 --slice 0.08 --starts 3" --models $networks --threads 2
measure one_thread "--rounds 14 --slice 0.08 --starts 3" --models $networks --threads 1
few="--rounds 5 --slice 0.2 --starts 1"
measure neighbour "$few" --models $networks --threads 2 --neighbour
measure sizes "$few" --models $larger --threads 2
OARLOCK_CPU=avx2 ONEDNN_MAX_CPU_ISA=AVX2 \
  measure avx2 "$few" --models $networks --threads 2 --engines oarlock,openvino,onnxruntime

step report
build/bench-venv/bin/python tools/bench/report.py $out "$page"
[ -z "$failed" ]
