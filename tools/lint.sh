#!/bin/sh
# Checks the format of all C++ files with clang-format-14 and runs clang-tidy-14.
#   tools/lint.sh [--fix] [--all] [build-folder]      default: build/asan
# --fix formats in place. --all runs clang-tidy on tests/ too. clang-tidy needs the folder's compile_commands.json and generated
# headers; a file is checked again only if it, a header it includes, its compile command or
# .clang-tidy has changed since it was found clean.
set -eu
cd "$(dirname "$0")/.."
fix=
all=
build=build/asan
for argument in "$@"; do
  case "$argument" in
    --fix) fix=yes ;;
    --all) all=--all ;;
    *) build=$argument ;;
  esac
done

cpp_files() { git ls-files '*.h' '*.cc' '*.cpp' '*.c' | while read -r f; do [ -f "$f" ] && echo "$f"; done; }

if [ -n "$fix" ]; then
  cpp_files | xargs clang-format-14 -i
else
  cpp_files | xargs clang-format-14 --dry-run --Werror
  echo "format: $(cpp_files | wc -l) files are clean"
fi

if [ ! -f "$build/compile_commands.json" ]; then
  echo "error: $build/compile_commands.json is missing; run: cmake --preset asan" >&2
  exit 1
fi
python3 tools/tidy.py $all "$build"
