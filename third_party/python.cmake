# An interpreter for script tests and the Python package: OARLOCK_PYTHON3 is -DPython_EXECUTABLE=...
# if given, else the project's own environment in build/venv (tools/packages.sh makes it), else the
# system's.
set(python_HINT "Python >= 3.9 (apt: python3, python3-venv)")
if(Python_EXECUTABLE)
  set(OARLOCK_PYTHON3 "${Python_EXECUTABLE}")
else()
  unset(OARLOCK_PYTHON3)
  find_program(OARLOCK_PYTHON3 python3 NO_CACHE
    PATHS "${PROJECT_SOURCE_DIR}/build/venv/bin" /usr/bin NO_DEFAULT_PATH)
  find_program(OARLOCK_PYTHON3 python3 NO_CACHE)
endif()
set(python_FOUND OFF)
if(OARLOCK_PYTHON3)
  set(python_FOUND ON)
endif()
