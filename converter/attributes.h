#pragma once

#include <map>
#include <string>

#include "converter/context.h"
#include "oarlock/plugin/attrs.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

inline constexpr int kMaxAttributes = 1024;

// Attributes of a function's call, by name.
using Bindings = std::map<std::string, AttrValue>;

// The attributes of a node, without graphs, which need the scope around them. References to
// attributes of a function are looked up in `bindings`, null outside of functions.
Result<Attrs> read_attributes(onnx::NodeProto& node, const Bindings* bindings, Context& context);

// One attribute that is neither a graph nor a reference.
Result<AttrValue> read_attribute(onnx::AttributeProto& attribute, Context& context);

}  // namespace oarlock::converter
