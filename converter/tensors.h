#pragma once

#include "converter/external_data.h"
#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// The elements of a TensorProto of any data type: raw, typed fields, or external data. Sizes are
// checked before memory is taken. External data is not copied when it is aligned. Raw data is
// released from the proto once copied, so each proto can be read only once.
Result<Tensor> read_tensor(onnx::TensorProto& tensor, ExternalData& external);

// The dense tensor of a SparseTensorProto. The size is limited: kMaxDenseBytes, or
// kMaxDenseFactor times the size of the stored elements, whichever is more.
inline constexpr uint64_t kMaxDenseBytes = uint64_t{64} << 20;
inline constexpr uint64_t kMaxDenseFactor = 4096;
Result<Tensor> read_sparse_tensor(onnx::SparseTensorProto& tensor, ExternalData& external);

}  // namespace oarlock::converter
