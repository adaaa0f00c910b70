# ONNX's own onnx.proto; only the file is used, not the library.
# ONNX_PROTO_DIR is the folder in which onnx/onnx.proto lies.
set(onnx_proto_HINT "onnx/onnx.proto (apt: libonnx-dev, or -DONNX_PROTO_DIR=folder above onnx/)")
find_path(ONNX_PROTO_DIR onnx/onnx.proto)
set(onnx_proto_FOUND OFF)
if(ONNX_PROTO_DIR)
  set(onnx_proto_FOUND ON)
endif()
