# oarlock_add_test(NAME file.cc...)
#   A GoogleTest executable NAME, run by ctest as one test, its cases reported in
#   <build>/test-results/NAME.xml. Without files nothing is made. Link what it tests with
#   target_link_libraries(NAME PRIVATE ...); GoogleTest's main and core are linked already.
#
# oarlock_add_script_test(NAME command...)
#   Any command; exit code 77 means skipped.

function(oarlock_add_test name)
  if(NOT ARGN)
    return()
  endif()
  add_executable("${name}" ${ARGN})
  target_link_libraries("${name}" PRIVATE
    oarlock_core oarlock::headers oarlock::warnings GTest::gtest GTest::gmock GTest::gtest_main)
  # Tests are compiled more often than run.
  target_compile_options("${name}" PRIVATE $<$<CONFIG:Release>:-O1>)
  list(LENGTH ARGN files)
  if(files GREATER 4)
    oarlock_precompile("${name}"
      ${OARLOCK_STANDARD_HEADERS} <gtest/gtest.h> <gmock/gmock.h> <oarlock/plugin/graph.h>)
  endif()
  add_test(NAME "${name}"
    COMMAND "${name}" "--gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml"
                      --gtest_brief=1
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  oarlock_test_environment("${name}")
endfunction()

function(oarlock_add_script_test name)
  add_test(NAME "${name}" COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${name}" PROPERTIES SKIP_RETURN_CODE 77)
  oarlock_test_environment("${name}")
endfunction()

# OARLOCK_BUILD_DIR lets a test find the command, the plugins and the generated files. Under
# AddressSanitizer an allocation that is too large fails as it does elsewhere. No binaries of OpenCL
# programs are kept: of many small programs that would take long; what was tuned changes no test.
function(oarlock_test_environment name)
  set_tests_properties("${name}" PROPERTIES ENVIRONMENT
    "OARLOCK_BUILD_DIR=${PROJECT_BINARY_DIR};OARLOCK_SOURCE_DIR=${PROJECT_SOURCE_DIR};ASAN_OPTIONS=allocator_may_return_null=1;OARLOCK_OPENCL_CACHE=off;OARLOCK_CPU_CACHE=off")
endfunction()
