// Calls of model-local functions are replaced by the nodes of their bodies.
#include "converter/graph_builder.h"
#include "converter/names.h"

namespace oarlock::converter {

namespace {

// What the function's attributes are in this call: given, or defaults.
Result<Bindings> bind_attributes(onnx::NodeProto& node, Function& function, const Scope& scope,
                                 Context& context) {
  Bindings bindings;
  for (onnx::AttributeProto& attribute : function.defaults) {
    OARLOCK_ASSIGN(AttrValue value, read_attribute(attribute, context));
    bindings.insert_or_assign(attribute.name(), std::move(value));
  }
  if (!subgraphs(node).empty())
    return unsupported("a graph as an attribute of a function is not supported");
  OARLOCK_ASSIGN(const Attrs given, read_attributes(node, scope.bindings, context));
  for (const Attrs::Entry& entry : given.entries())
    bindings.insert_or_assign(entry.first, entry.second);
  return bindings;
}

}  // namespace

Status GraphBuilder::inline_call(onnx::NodeProto& node, Function& function, Scope& scope) {
  onnx::FunctionProto& proto = *function.proto;
  if (scope.depth >= kMaxDepth)
    return invalid("subgraphs and functions are nested more than ", kMaxDepth,
                   " deep; does the function call itself?");
  if (node.input_size() > proto.input_size() || node.output_size() > proto.output_size())
    return invalid("the call has ", node.input_size(), " inputs and ", node.output_size(),
                   " outputs, the function ", proto.input_size(), " and ", proto.output_size());
  OARLOCK_ASSIGN(const Bindings bindings, bind_attributes(node, function, scope, context_));
  OARLOCK_ASSIGN(const std::vector<ValueId> inputs, inputs_of(node, scope));
  Scope body;
  body.opsets = &function.opsets;
  body.bindings = &bindings;
  body.path = node_path(node, scope) + "/";
  body.depth = scope.depth + 1;
  body.is_function = true;
  for (int i = 0; i < proto.input_size(); ++i) {
    const auto given = static_cast<size_t>(i);
    const ValueId value = given < inputs.size() ? inputs[given] : kNone;
    if (!body.values.emplace(proto.input(i), value).second)
      return invalid("the function has two inputs '", proto.input(i), "'");
  }
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      body.given_names.emplace(proto.output(i), value_name(node.output(i), scope));
  OARLOCK_TRY(note_reads(*proto.mutable_node(), body));
  body.reads.insert(proto.output().begin(), proto.output().end());
  OARLOCK_TRY(add_nodes(*proto.mutable_node(), body));
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    OARLOCK_ASSIGN(const ValueId value, look_up(proto.output(i), body));
    if (value == kNone)
      return invalid("the function's output '", proto.output(i), "' is an omitted input");
    OARLOCK_TRY(define(node.output(i), value, scope));
  }
  ++context_.report.inlined;
  return {};
}

}  // namespace oarlock::converter
