#include "converter/context.h"

#include "converter/names.h"
#include "converter/tensors.h"
#include "converter/unknown_fields.h"

namespace oarlock::converter {

Result<Tensor> Context::tensor(onnx::TensorProto& proto) {
  if (auto found = tensors_.find(&proto); found != tensors_.end()) return found->second;
  OARLOCK_ASSIGN(Tensor tensor, read_tensor(proto, external_));
  tensors_.emplace(&proto, tensor);
  return tensor;
}

Result<Tensor> Context::sparse_tensor(onnx::SparseTensorProto& proto) {
  if (auto found = tensors_.find(&proto); found != tensors_.end()) return found->second;
  OARLOCK_ASSIGN(Tensor tensor, read_sparse_tensor(proto, external_));
  tensors_.emplace(&proto, tensor);
  return tensor;
}

Status Context::add_functions(onnx::ModelProto& model) {
  for (onnx::FunctionProto& proto : *model.mutable_functions()) {
    const std::string where = concat("function '", proto.domain(), ".", proto.name(), "'");
    if (proto.name().empty()) return invalid("a function has no name");
    Function function;
    function.proto = &proto;
    OARLOCK_ASSIGN(function.opsets, read_opsets(proto.opset_import(), where));
    for (std::string_view bytes : unknown_field(proto.unknown_fields(), kFunctionDefaults))
      if (!function.defaults.emplace_back().ParseFromArray(bytes.data(),
                                                           static_cast<int>(bytes.size())))
        return invalid(where, " has a damaged default attribute");
    auto key = std::make_tuple(plain_domain(proto.domain()), proto.name(),
                               unknown_string(proto.unknown_fields(), kFunctionOverload));
    if (!functions_.emplace(std::move(key), std::move(function)).second)
      return invalid(where, " is defined twice");
  }
  return {};
}

Function* Context::function(const std::string& domain, const std::string& name,
                            const std::string& overload) {
  const auto found = functions_.find(std::tie(domain, name, overload));
  return found == functions_.end() ? nullptr : &found->second;
}

Status Context::count(const onnx::NodeProto& node, bool inlined) {
  ++report.nodes;
  if (!inlined) return {};
  if (++inlined_nodes_ > kMaxInlinedNodes)
    return unsupported("the model's functions have more than ", kMaxInlinedNodes,
                       " nodes when inlined");
  uint64_t bytes = node.name().size();
  for (const std::string& name : node.input()) bytes += name.size() + sizeof(name);
  for (const std::string& name : node.output()) bytes += name.size() + sizeof(name);
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    bytes += attribute.name().size() + attribute.s().size() + sizeof(onnx::AttributeProto);
    bytes += sizeof(int64_t) * (static_cast<uint64_t>(attribute.ints_size()) +
                                static_cast<uint64_t>(attribute.floats_size()));
    for (const std::string& text : attribute.strings()) bytes += text.size() + sizeof(text);
  }
  inlined_bytes_ += bytes;
  if (inlined_bytes_ > kMaxInlinedBytes)
    return unsupported("the model's functions take more than ", kMaxInlinedBytes,
                       " bytes when inlined");
  return {};
}

Result<Opsets> read_opsets(
    const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports,
    const std::string& where) {
  Opsets opsets;
  for (const onnx::OperatorSetIdProto& import : imports) {
    const std::string& domain = plain_domain(import.domain());
    const auto [entry, is_new] = opsets.emplace(domain, import.version());
    if (!is_new && entry->second != import.version())
      return invalid(where, " imports domain '", domain, "' in versions ", entry->second, " and ",
                     import.version());
  }
  const auto standard = opsets.find("");
  if (standard == opsets.end()) return opsets;
  if (standard->second < kOldestOpset)
    return unsupported(where, " uses opset ", standard->second, ", older than ", kOldestOpset,
                       "; bring it to a newer one with onnx.version_converter");
  if (standard->second > kNewestOpset)
    return unsupported(where, " uses opset ", standard->second, ", newer than ", kNewestOpset,
                       "; export it for an older opset or use a newer oarlock");
  return opsets;
}

}  // namespace oarlock::converter
