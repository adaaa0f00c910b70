# CLBlast: matrix products for OpenCL devices. Only its header is needed here; the library is loaded
# when a session first asks for it.
set(clblast_HINT "CLBlast >= 1.5 with clblast_c.h (apt: libclblast-dev)")
find_package(CLBlast CONFIG QUIET)
find_path(OARLOCK_CLBLAST_INCLUDE clblast_c.h)
set(clblast_FOUND OFF)
if(TARGET clblast AND OARLOCK_CLBLAST_INCLUDE)
  file(STRINGS "${OARLOCK_CLBLAST_INCLUDE}/clblast_c.h" _batched REGEX "CLBlastSgemmStridedBatched")
  if(_batched)
    set(clblast_FOUND ON)
  endif()
endif()
