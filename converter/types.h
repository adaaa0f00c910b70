#pragma once

#include <string>

#include "oarlock/status.h"
#include "oarlock/type_info.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

inline constexpr int kMaxRank = 64;

// ONNX's number of an element type. Invalid when there is none, unsupported for 6-bit floats.
Result<DType> read_dtype(int number);
// Extents of a tensor: at most kMaxRank, none negative, and their product without zeros below
// 2^48, so that arithmetic with them does not overflow.
Result<Shape> read_dims(const google::protobuf::RepeatedField<int64_t>& dims);
// Kind unknown when the proto says nothing. Maps and sparse tensors are unsupported.
Result<TypeInfo> read_type(const onnx::TypeProto& type);

// The same without extents: dtype, rank and names of dimensions stay. For types that a model
// declares but that are not binding.
TypeInfo without_extents(TypeInfo type);

}  // namespace oarlock::converter
