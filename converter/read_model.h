#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "oarlock/status.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// Deepest nesting of protobuf messages that is read; a subgraph takes three levels.
inline constexpr int kMaxMessageDepth = 250;

// Parses an ONNX file. `name` is for messages. Refuses what is not ONNX, is damaged, or is larger
// than protobuf messages can be (2 GiB; weights of larger models lie in external files).
Result<std::unique_ptr<onnx::ModelProto>> read_model(std::span<const std::byte> bytes,
                                                     const std::string& name);

}  // namespace oarlock::converter
