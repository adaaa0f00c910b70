# What every target shares: language level, warnings, build types, output folders, ccache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, Asan or Tsan" FORCE)
endif()
set_property(CACHE CMAKE_BUILD_TYPE PROPERTY STRINGS Release Debug Asan Tsan)

# Tests, tools and drivers are compiled more often than run: oarlock_optimize names what computes.
set(_oarlock_sanitize "-O0 -g1 -fno-omit-frame-pointer -fno-optimize-sibling-calls")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_ASAN
    "${_oarlock_sanitize} -fsanitize=address,undefined -fno-sanitize-recover=all")
set(CMAKE_CXX_FLAGS_TSAN "${_oarlock_sanitize} -fsanitize=thread")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

include(GNUInstallDirs)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};$ORIGIN")

# ccache takes what a file includes, precompiled headers too, from the compiler's dependency files.
find_program(OARLOCK_CCACHE ccache)
if(OARLOCK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${OARLOCK_CCACHE}")
endif()

# oarlock_optimize(TARGET...): under the sanitizers too.
function(oarlock_optimize)
  foreach(target IN LISTS ARGN)
    target_compile_options("${target}" PRIVATE $<$<CONFIG:Asan,Tsan>:-O1>)
  endforeach()
endfunction()

# oarlock_precompile(TARGET header...): headers parsed once for all files of a target, with Clang.
# GCC compiles every file by itself: it finds that each includes what it uses, and with precompiled
# headers GCC 12 warns of strings of its own library.
function(oarlock_precompile target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_precompile_headers("${target}" PRIVATE ${ARGN})
    target_compile_options("${target}" PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()
set(OARLOCK_STANDARD_HEADERS <algorithm> <cmath> <cstring> <limits> <memory> <string> <vector>)

# oarlock::warnings: warnings as errors. Every target of the project links it PRIVATE.
option(OARLOCK_WERROR "Treat warnings as errors" ON)
add_library(oarlock_warnings INTERFACE)
add_library(oarlock::warnings ALIAS oarlock_warnings)
target_compile_options(oarlock_warnings INTERFACE
  -Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${OARLOCK_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)

# oarlock::headers: include folders of the project, for code that is compiled into or against core.
# Public headers are written <oarlock/...>, internal ones from the repository root: "core/graph/..".
add_library(oarlock_headers INTERFACE)
add_library(oarlock::headers ALIAS oarlock_headers)
target_include_directories(oarlock_headers INTERFACE
  "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/core/include"
  "${PROJECT_SOURCE_DIR}/converter/include" "${PROJECT_BINARY_DIR}/include")
target_compile_features(oarlock_headers INTERFACE cxx_std_20)

configure_file("${CMAKE_CURRENT_LIST_DIR}/version.h.in"
               "${PROJECT_BINARY_DIR}/include/oarlock/version.h" @ONLY)
