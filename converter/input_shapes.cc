#include "converter/input_shapes.h"

#include <unordered_set>
#include <vector>

#include "converter/types.h"

namespace oarlock::converter {

namespace {

using Extents = std::map<std::string, int64_t>;

// The inputs that are not initializers.
std::vector<onnx::ValueInfoProto*> true_inputs(onnx::GraphProto& graph) {
  std::unordered_set<std::string> initializers;
  for (const onnx::TensorProto& tensor : graph.initializer()) initializers.insert(tensor.name());
  for (const onnx::SparseTensorProto& tensor : graph.sparse_initializer())
    initializers.insert(tensor.values().name());
  std::vector<onnx::ValueInfoProto*> inputs;
  for (onnx::ValueInfoProto& input : *graph.mutable_input())
    if (!initializers.contains(input.name())) inputs.push_back(&input);
  return inputs;
}

std::string describe(const onnx::ValueInfoProto& input) {
  const Result<TypeInfo> type = read_type(input.type());
  return concat("'", input.name(), "' ", type.ok() ? to_string(*type) : "");
}

Status fix_dimension(const std::string& name, int64_t extent, Extents& fixed) {
  const auto [entry, is_new] = fixed.emplace(name, extent);
  if (!is_new && entry->second != extent)
    return invalid("dimension '", name, "' is to be ", entry->second, " and ", extent);
  return {};
}

Status fix_input(onnx::ValueInfoProto& input, const Shape& wanted, Extents& fixed) {
  const std::string before = describe(input);
  if (!input.type().has_tensor_type())
    return invalid("input ", before, " is not a tensor, so it has no shape to be fixed");
  const bool has_rank = input.type().tensor_type().has_shape();
  auto& dims = *input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim();
  if (!has_rank)
    for (size_t d = 0; d < wanted.rank(); ++d) dims.Add();
  bool fits = static_cast<size_t>(dims.size()) == wanted.rank();
  for (int d = 0; fits && d < dims.size(); ++d) {
    const int64_t extent = wanted[static_cast<size_t>(d)];
    if (extent == Shape::kUnknown) continue;
    if (dims[d].has_dim_value() && dims[d].dim_value() >= 0) {
      fits = dims[d].dim_value() == extent;
    } else {
      if (!dims[d].dim_param().empty())
        OARLOCK_TRY(fix_dimension(dims[d].dim_param(), extent, fixed));
      dims[d].set_dim_value(extent);
    }
  }
  if (!fits)
    return invalid("the shape ", wanted, " does not fit the input ", before,
                   ", of which only named and unknown dimensions can be fixed");
  return {};
}

// Named dimensions with a fixed extent get it wherever they occur.
void set_extents(const Extents& fixed, onnx::TypeProto& type) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape()) return;
  for (auto& dim : *type.mutable_tensor_type()->mutable_shape()->mutable_dim())
    if (dim.has_dim_param())
      if (auto found = fixed.find(dim.dim_param()); found != fixed.end())
        dim.set_dim_value(found->second);
}

bool has_dimension(const onnx::ValueInfoProto& input, const std::string& name) {
  for (const auto& dim : input.type().tensor_type().shape().dim())
    if (dim.dim_param() == name) return true;
  return false;
}

}  // namespace

Status fix_input_shapes(onnx::GraphProto& graph, const std::map<std::string, Shape>& shapes) {
  if (shapes.empty()) return {};
  const std::vector<onnx::ValueInfoProto*> inputs = true_inputs(graph);
  Extents fixed;
  for (const auto& [name, shape] : shapes) {
    for (int64_t extent : shape)
      if (extent < Shape::kUnknown)
        return invalid("shape ", shape, " for '", name, "' is negative");
    onnx::ValueInfoProto* input = nullptr;
    bool is_dimension = false;
    for (onnx::ValueInfoProto* candidate : inputs) {
      if (candidate->name() == name) input = candidate;
      is_dimension = is_dimension || has_dimension(*candidate, name);
    }
    if (input != nullptr) {
      OARLOCK_TRY(fix_input(*input, shape, fixed));
    } else if (is_dimension && shape.rank() == 1) {
      OARLOCK_TRY(fix_dimension(name, shape[0], fixed));
    } else {
      std::string present;
      for (const onnx::ValueInfoProto* candidate : inputs)
        present += concat(present.empty() ? "" : ", ", describe(*candidate));
      return invalid("there is no input and no dimension of an input called '", name,
                     "'; the inputs are ", present);
    }
  }
  for (onnx::ValueInfoProto* input : inputs) set_extents(fixed, *input->mutable_type());
  for (onnx::ValueInfoProto& output : *graph.mutable_output())
    set_extents(fixed, *output.mutable_type());
  return {};
}

}  // namespace oarlock::converter
