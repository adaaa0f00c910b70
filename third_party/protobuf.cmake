# Reads ONNX files: library and the protoc compiler. Module mode, as Debian has no config package.
set(protobuf_HINT "Protobuf >= 3.21 with protoc (apt: libprotobuf-dev protobuf-compiler)")
find_package(Protobuf 3.21 QUIET)
set(protobuf_FOUND OFF)
if(Protobuf_FOUND AND TARGET protobuf::libprotobuf AND TARGET protobuf::protoc)
  set(protobuf_FOUND ON)
endif()
