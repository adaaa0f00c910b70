#!/bin/sh
# Installs what is missing, builds, and runs every test: the release build with GCC, the asan build
# with Clang (both with warnings as errors), ctest in both, pytest, random cases and wrong input of
# the operators once more in the asan build, and the lint.
#   tools/test.sh [--quick]     --quick leaves out the asan build and the lint
# Ends with one line "N passed, N failed, N skipped"; the exit code is not 0 if anything failed.
set -u
cd "$(dirname "$0")/.."
quick=
[ "${1:-}" = --quick ] && quick=yes
jobs=$(nproc)
results=build/test-results
start=$(date +%s)

elapsed() {
  seconds=$(($(date +%s) - start))
  printf '%d:%02d' $((seconds / 60)) $((seconds % 60))
}

# stage NAME command...: counts as one passed or failed test.
stage() {
  name=$1
  shift
  printf '\n== [%s] %s\n' "$(elapsed)" "$name"
  if "$@"; then
    verdict=passed
  else
    verdict=failed
    echo "FAILED: $name"
  fi
  echo "$verdict $name" >>$results/stages.txt
  [ $verdict = passed ]
}

configure() { cmake --preset "$@" >build/"$1".log 2>&1 || { cat build/"$1".log; return 1; }; }
build() {
  preset=$1
  configure "$@" && grep -- '--   [A-Z]*:' build/"$preset".log
  cmake --build --preset "$preset" -j "$jobs"
}
run_ctest() {
  rm -rf build/"$1"/test-results
  ctest --preset "$1" -j "$jobs" --progress --output-junit "$PWD/$results/ctest-$1.xml"
}
run_pytest() {
  OARLOCK_BUILD_DIR="$PWD/build/release" build/venv/bin/python -m pytest tests -n "$jobs" \
    --junitxml=$results/pytest.xml
}
run_sanitized_pytest() {
  # Python itself is not instrumented: the runtime is loaded before it, and what it leaks is its own.
  LD_PRELOAD=$(clang++-14 -print-file-name="libclang_rt.asan-$(uname -m).so") \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 OARLOCK_BUILD_DIR="$PWD/build/asan" \
    build/venv/bin/python -m pytest tests/conformance/test_random.py \
    tests/conformance/test_bad_input.py tests/conformance/test_maps.py \
    tests/conformance/test_gradient.py -n "$jobs" --junitxml=$results/pytest-asan.xml
}

mkdir -p build
rm -rf $results
mkdir -p $results
if stage "packages" tools/packages.sh test; then
  if stage "build release (GCC)" build release -DPython_EXECUTABLE="$PWD/build/venv/bin/python"; then
    stage "ctest release" run_ctest release
    stage "pytest" run_pytest
    stage "wheel" tests/python/check_wheel.sh
  fi
  if [ -z "$quick" ]; then
    if stage "build asan (Clang)" build asan -DPython_EXECUTABLE="$PWD/build/venv/bin/python"; then
      stage "ctest asan" run_ctest asan
      stage "pytest asan" run_sanitized_pytest
      stage "lint" tools/lint.sh build/asan
    fi
  fi
fi
printf '\n== [%s] done\n' "$(elapsed)"
python3 tools/test_summary.py $results build/*/test-results
