#include "backends/xrt/ops/support/quantization.h"

#include <algorithm>

namespace oarlock::xrt {

Result<std::vector<float>> constant_floats(const NodeView& node, size_t i) {
  const Tensor* const value = node.constant(i);
  if (value == nullptr || value->dtype() != DType::float32 || value->elements() < 1)
    return unsupported("input ", i, " is no constant float32");
  const auto numbers = value->as<float>();
  return std::vector<float>(numbers.begin(), numbers.end());
}

Result<std::vector<int>> constant_integers(const NodeView& node, size_t i) {
  if (i >= node.input_count() || !node.has_input(i)) return std::vector<int>();
  const Tensor* const value = node.constant(i);
  if (value == nullptr || !is_byte(value->dtype()))
    return unsupported("input ", i, " is no constant of 8-bit integers");
  std::vector<int> list;
  if (value->dtype() == DType::int8)
    for (const int8_t v : value->as<int8_t>()) list.push_back(v);
  else
    for (const uint8_t v : value->as<uint8_t>()) list.push_back(v);
  return list;
}

Result<int> one_integer(const NodeView& node, size_t i) {
  OARLOCK_ASSIGN(const std::vector<int> list, constant_integers(node, i));
  if (list.empty()) return 0;
  if (std::any_of(list.begin(), list.end(), [&](int v) { return v != list[0]; }))
    return unsupported("zero points that differ between channels");
  return list[0];
}

}  // namespace oarlock::xrt
