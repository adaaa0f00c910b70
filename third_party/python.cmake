# An interpreter for the script tests: PYTHON3, the project's own environment in build/venv if it
# exists (tools/packages.sh makes it), else the system's.
set(python_HINT "Python >= 3.9 (apt: python3, python3-venv)")
find_program(OARLOCK_PYTHON3 python3
  PATHS "${PROJECT_SOURCE_DIR}/build/venv/bin" /usr/bin NO_DEFAULT_PATH)
find_program(OARLOCK_PYTHON3 python3)
set(python_FOUND OFF)
if(OARLOCK_PYTHON3)
  set(python_FOUND ON)
endif()
