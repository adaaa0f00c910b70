# Reads images: target oarlock::stb gives <stb_image.h>; one source file defines
# STB_IMAGE_IMPLEMENTATION. A system include folder, so that its warnings do not count.
set(stb_HINT "stb_image.h (apt: libstb-dev)")
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb)
set(stb_FOUND OFF)
if(STB_INCLUDE_DIR)
  set(stb_FOUND ON)
  if(NOT TARGET oarlock::stb)
    add_library(oarlock_stb INTERFACE)
    target_include_directories(oarlock_stb SYSTEM INTERFACE "${STB_INCLUDE_DIR}")
    add_library(oarlock::stb ALIAS oarlock_stb)
  endif()
endif()
