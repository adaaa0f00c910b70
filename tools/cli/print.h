#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/status.h"

namespace oarlock::cli {

// "float32[1, 10]  min 0.01  max 0.9  mean 0.1  0.01, 0.9, ..."
std::string summary(const Value& value);
// The largest elements along the last axis of the tensor's first row, one a line: value and label.
Result<std::string> top_text(const Tensor& tensor, size_t count,
                             const std::vector<std::string>& labels);
Result<std::vector<std::string>> read_lines(const std::string& path);

nlohmann::json to_json(const std::vector<NamedType>& types);
void print_json(const nlohmann::json& json);

}  // namespace oarlock::cli
