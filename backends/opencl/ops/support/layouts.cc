#include "backends/opencl/ops/support/layouts.h"

#include "oarlock/plugin/numeric.h"

namespace oarlock::opencl {

namespace {

// `wanted`: undefined allows all.
Status check_types(const NodeView& node, DType wanted) {
  const auto check = [&](const TypeInfo& type, const char* what, size_t i) -> Status {
    if (!type.is_concrete())
      return unsupported(what, " ", i, " is ", to_string(type), ", not a tensor of known shape");
    if (wanted != DType::undefined && type.dtype != wanted)
      return unsupported(what, " ", i, " is ", to_string(type), ", not a ", wanted, " tensor");
    const int64_t elements = element_count(type.shape);
    if (elements < 1 || elements > kMostElements)
      return unsupported(what, " ", i, " has ", elements, " elements");
    return {};
  };
  for (size_t i = 0; i < node.input_count(); ++i)
    if (node.has_input(i)) OARLOCK_TRY(check(node.input(i), "input", i));
  for (size_t i = 0; i < node.output_count(); ++i)
    if (node.has_output(i)) OARLOCK_TRY(check(node.output(i), "output", i));
  return {};
}

}  // namespace

Status expect_tensors(const NodeView& node) { return check_types(node, DType::undefined); }

Result<DType> expect_floats(const NodeView& node) {
  const bool half = node.input_count() > 0 && node.has_input(0) && node.input(0).is_tensor() &&
                    node.input(0).dtype == DType::float16;
  const DType type = half ? DType::float16 : DType::float32;
  OARLOCK_TRY(check_types(node, type));
  return type;
}

float number_at(const Tensor& tensor, size_t i) {
  return tensor.dtype() == DType::float16 ? static_cast<float>(tensor.as<Float16>()[i])
                                          : tensor.as<float>()[i];
}

Status expect_element(DType dtype, const Device& device) {
  if (!has_element(dtype)) return unsupported("elements of type ", dtype);
  if (dtype == DType::float64 && !cl_device(device).traits().fp64)
    return unsupported("the device has no float64");
  return {};
}

std::vector<int64_t> memory_extents(const Shape& shape, int64_t block) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  if (block > 1) {
    extents[1] = ceil_div(extents[1], block);
    extents.push_back(block);
  }
  return extents;
}

std::vector<KernelOption> plain_and_blocked(const NodeView& node, const Device& device,
                                            bool blocked, const std::vector<bool>& follows) {
  std::vector<KernelOption> options(blocked ? 2 : 1);
  for (size_t o = 0; o < options.size(); ++o) {
    const Layout layout = o == 1 ? blocked_layout(device) : Layout::row_major();
    for (size_t i = 0; i < node.input_count(); ++i)
      options[o].inputs.push_back(i < follows.size() && follows[i] ? layout : Layout::row_major());
    options[o].outputs.assign(node.output_count(), layout);
    options[o].variant = static_cast<int>(o);
  }
  return options;
}

}  // namespace oarlock::opencl
