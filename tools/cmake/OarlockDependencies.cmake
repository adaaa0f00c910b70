# oarlock_find(NAME...)
#   Includes third_party/NAME.cmake for each name. Such a file finds one dependency, sets
#   NAME_FOUND, and on failure NAME_HINT: what is missing, in which version, and how to get it.
#   A macro, so that the results are visible to the caller; imported targets are global.
#
# oarlock_need(NAME...)
#   The same, and an error if one of them is missing.
#
# oarlock_feature(NAME needs...)
#   Reads the cache variable OARLOCK_NAME (AUTO, ON, OFF) and finds what the feature needs.
#   Sets OARLOCK_NAME_ENABLED. AUTO and missing: a status line. ON and missing: an error.
#   The caller does: if(NOT OARLOCK_NAME_ENABLED) return() endif()

macro(oarlock_find)
  foreach(_dependency IN ITEMS ${ARGN})
    include("${PROJECT_SOURCE_DIR}/third_party/${_dependency}.cmake")
  endforeach()
endmacro()

macro(oarlock_need)
  oarlock_find(${ARGN})
  foreach(_dependency IN ITEMS ${ARGN})
    if(NOT ${_dependency}_FOUND)
      message(FATAL_ERROR "oarlock needs ${${_dependency}_HINT}")
    endif()
  endforeach()
endmacro()

macro(oarlock_feature _feature)
  if(NOT DEFINED OARLOCK_${_feature})
    set(OARLOCK_${_feature} AUTO CACHE STRING "AUTO, ON or OFF")
  endif()
  set(OARLOCK_${_feature}_ENABLED OFF)
  set(_missing "")
  if(OARLOCK_${_feature} STREQUAL "AUTO" OR OARLOCK_${_feature})
    oarlock_find(${ARGN})
    foreach(_dependency IN ITEMS ${ARGN})
      if(NOT ${_dependency}_FOUND)
        list(APPEND _missing "${${_dependency}_HINT}")
      endif()
    endforeach()
    list(JOIN _missing "; " _missing)
    if(_missing STREQUAL "")
      set(OARLOCK_${_feature}_ENABLED ON)
      set_property(GLOBAL APPEND PROPERTY OARLOCK_FEATURES "${_feature}: yes")
    elseif(OARLOCK_${_feature} STREQUAL "AUTO")
      message(STATUS "oarlock: ${_feature} left out, it needs ${_missing}")
      set_property(GLOBAL APPEND PROPERTY OARLOCK_FEATURES "${_feature}: no (missing: ${_missing})")
    else()
      message(FATAL_ERROR "OARLOCK_${_feature}=${OARLOCK_${_feature}}, but it needs ${_missing}")
    endif()
  else()
    set_property(GLOBAL APPEND PROPERTY OARLOCK_FEATURES "${_feature}: off")
  endif()
endmacro()

function(oarlock_print_features)
  get_property(features GLOBAL PROPERTY OARLOCK_FEATURES)
  message(STATUS "oarlock ${PROJECT_VERSION}, ${CMAKE_BUILD_TYPE}, "
                 "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  foreach(feature IN LISTS features)
    message(STATUS "  ${feature}")
  endforeach()
endfunction()
