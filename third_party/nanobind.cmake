# Python bindings: nanobind_add_module(), from the PyPI package of the chosen interpreter.
# -DPython_EXECUTABLE=... chooses it; default: build/venv, else the one of third_party/python.cmake.
set(nanobind_HINT
    "Python >= 3.9 with its headers (apt: python3-dev) and the PyPI package nanobind >= 2.0")
oarlock_find(python)
if(NOT Python_EXECUTABLE AND OARLOCK_PYTHON3)
  set(Python_EXECUTABLE "${OARLOCK_PYTHON3}")
endif()
find_package(Python 3.9 QUIET COMPONENTS Interpreter Development.Module)
set(nanobind_FOUND OFF)
if(Python_FOUND)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m nanobind --cmake_dir
    OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  # Asked for without a version: its package calls newer major versions incompatible.
  find_package(nanobind CONFIG QUIET)
  if(nanobind_FOUND AND nanobind_VERSION VERSION_LESS 2.0)
    set(nanobind_FOUND OFF)
  endif()
endif()
