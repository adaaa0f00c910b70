#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "converter/external_data.h"
#include "oarlock/convert.h"
#include "oarlock/tensor.h"
#include "onnx/onnx.pb.h"

namespace oarlock::converter {

// What inlining functions may add to a model: nodes, and bytes of their names and attributes.
inline constexpr size_t kMaxInlinedNodes = size_t{1} << 18;
inline constexpr uint64_t kMaxInlinedBytes = uint64_t{512} << 20;

using Opsets = std::map<std::string, int64_t>;

// A model-local function.
struct Function {
  onnx::FunctionProto* proto = nullptr;
  Opsets opsets;
  std::vector<onnx::AttributeProto> defaults;  // of its attributes
};

// What is shared by all graphs of one conversion.
class Context {
 public:
  Context(const ConvertOptions& options, ConversionReport& report, std::string folder)
      : options(options), report(report), external_(std::move(folder)) {}

  const ConvertOptions& options;
  ConversionReport& report;

  // Reads a tensor once, however often it is asked for; the proto must stay where it is.
  Result<Tensor> tensor(onnx::TensorProto& proto);
  Result<Tensor> sparse_tensor(onnx::SparseTensorProto& proto);

  Status add_functions(onnx::ModelProto& model);
  // nullptr when the model has no such function.
  Function* function(const std::string& domain, const std::string& name,
                     const std::string& overload);

  // Before a node of the model is converted: counts it and enforces the limits.
  Status count(const onnx::NodeProto& node, bool inlined);

 private:
  ExternalData external_;
  std::unordered_map<const void*, Tensor> tensors_;
  std::map<std::tuple<std::string, std::string, std::string>, Function> functions_;
  size_t inlined_nodes_ = 0;
  uint64_t inlined_bytes_ = 0;
};

// The imported opsets by domain ("" for ai.onnx). Refuses duplicates and standard opsets outside
// kOldestOpset to kNewestOpset. `where` is for messages.
Result<Opsets> read_opsets(
    const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports,
    const std::string& where);

}  // namespace oarlock::converter
