# Installed: libraries, public headers, the CMake package oarlock, oarlock.pc. Relocatable.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/oarlock")

set(targets oarlock_core)
if(TARGET oarlock_converter)
  list(APPEND targets oarlock_converter)
  install(DIRECTORY converter/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
install(TARGETS ${targets} EXPORT oarlock LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY core/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES "${PROJECT_BINARY_DIR}/include/oarlock/version.h"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/oarlock")
install(EXPORT oarlock NAMESPACE oarlock:: DESTINATION "${package_dir}"
        FILE oarlockTargets.cmake)

configure_package_config_file(
  tools/cmake/oarlockConfig.cmake.in "${PROJECT_BINARY_DIR}/package/oarlockConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/package/oarlockConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/package/oarlockConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/oarlockConfigVersion.cmake"
  DESTINATION "${package_dir}")

# The prefix is found from where the file lies: as many steps up as the folder is deep.
string(REGEX REPLACE "[^/]+" ".." OARLOCK_PC_PREFIX "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(OARLOCK_PC_LIBS "-loarlock_core")
if(TARGET oarlock_converter)
  set(OARLOCK_PC_LIBS "-loarlock_converter ${OARLOCK_PC_LIBS}")
endif()
configure_file(tools/cmake/oarlock.pc.in "${PROJECT_BINARY_DIR}/package/oarlock.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/oarlock.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
