# The model file's format: library headers and the flatc compiler.
set(flatbuffers_HINT "FlatBuffers >= 2.0 with flatc (apt: libflatbuffers-dev flatbuffers-compiler)")
find_package(FlatBuffers 2.0 QUIET CONFIG)
find_program(OARLOCK_FLATC flatc)
set(flatbuffers_FOUND OFF)
if(FlatBuffers_FOUND AND TARGET flatbuffers::flatbuffers AND OARLOCK_FLATC)
  set(flatbuffers_FOUND ON)
endif()
