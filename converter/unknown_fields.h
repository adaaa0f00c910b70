#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oarlock::converter {

// Fields of messages that are newer than the onnx.proto compiled in.
inline constexpr int kNodeOverload = 8;       // NodeProto.overload, string
inline constexpr int kFunctionDefaults = 11;  // FunctionProto.attribute_proto, AttributeProto
inline constexpr int kFunctionOverload = 13;  // FunctionProto.overload, string

// Contents of every length-delimited field `number` in `unknown`, a message's unknown_fields().
// They point into `unknown`.
std::vector<std::string_view> unknown_field(const std::string& unknown, int number);

// The last of them as a text, "" when there is none.
std::string unknown_string(const std::string& unknown, int number);

}  // namespace oarlock::converter
