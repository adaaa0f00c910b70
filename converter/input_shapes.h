#pragma once

#include <map>
#include <string>

#include "oarlock/shape.h"
#include "oarlock/status.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// Fixes dimensions of the graph's inputs as ConvertOptions::shapes says. A named dimension that is
// fixed at one input is fixed at all.
Status fix_input_shapes(onnx::GraphProto& graph, const std::map<std::string, Shape>& shapes);

}  // namespace oarlock::converter
