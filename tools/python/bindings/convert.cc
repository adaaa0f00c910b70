#include "oarlock/convert.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "tools/python/bindings/bindings.h"

namespace oarlock::python {
namespace {

ConvertOptions options_of(const std::map<std::string, std::vector<int64_t>>& shapes,
                          bool allow_unsupported, bool simplify, int golden, uint64_t seed,
                          const std::string& weights) {
  ConvertOptions options;
  for (const auto& [name, dims] : shapes)
    options.shapes[name] = Shape(std::span<const int64_t>(dims));
  options.allow_unsupported = allow_unsupported;
  options.simplify = simplify;
  options.golden = golden;
  options.seed = seed;
  if (weights == "fp16") options.weights = DType::float16;
  if (weights == "bf16") options.weights = DType::bfloat16;
  if (weights == "int8") options.weights = DType::int8;
  options.flags = "from Python";
  return options;
}

}  // namespace
}  // namespace oarlock::python

// A module of its own, so that programs that only run models do not load the converter.
NB_MODULE(_converter, module) {
  using namespace oarlock;
  using namespace oarlock::python;
  module.def("convert_file", [](const std::string& path,
                                const std::map<std::string, std::vector<int64_t>>& shapes,
                                bool allow_unsupported, bool simplify, int golden, uint64_t seed,
                                const std::string& weights) {
    const auto options = options_of(shapes, allow_unsupported, simplify, golden, seed, weights);
    return check(unlocked([&] { return convert_onnx(path, options); }));
  });
  module.def("convert_bytes", [](nb::bytes bytes, const std::string& folder,
                                 const std::map<std::string, std::vector<int64_t>>& shapes,
                                 bool allow_unsupported, bool simplify, int golden, uint64_t seed,
                                 const std::string& weights) {
    const auto options = options_of(shapes, allow_unsupported, simplify, golden, seed, weights);
    const std::span data(reinterpret_cast<const std::byte*>(bytes.c_str()), bytes.size());
    return check(unlocked([&] { return convert_onnx(data, folder, options); }));
  });
}
