// The nodes of a graph under construction.
#include <algorithm>

#include "converter/gradient.h"
#include "converter/graph_builder.h"
#include "converter/names.h"
#include "converter/unknown_fields.h"

namespace oarlock::converter {

namespace {

constexpr std::string_view kUnknownOpAdvice =
    "register it as a custom operator, express it with standard operators when exporting, or keep "
    "it with --allow-unsupported";
constexpr std::string_view kMissingOpAdvice =
    "export the model with other operators, or keep the node with --allow-unsupported";
constexpr std::string_view kAdapterAdvice =
    "export the model for a newer opset, or keep the node with --allow-unsupported";
constexpr std::string_view kGradientAdvice =
    "export the gradient as nodes of standard operators, or keep the node with --allow-unsupported";
constexpr std::string_view kTrainingDomain = "ai.onnx.preview.training";
constexpr std::string_view kNodeAdvice =
    "check the model with onnx.checker and onnx.shape_inference, or keep the node with "
    "--allow-unsupported";

int64_t version_of(const Opsets& opsets, const std::string& domain) {
  const auto found = opsets.find(domain);
  return found == opsets.end() ? 0 : found->second;
}

}  // namespace

void GraphBuilder::report(const Status& fault, std::string advice) {
  if (origin_.reported) return;
  origin_.reported = true;
  origin_.entry.fault = fault.message();
  origin_.entry.advice = std::move(advice);
  context_.report.unsupported.push_back(origin_.entry);
}

Result<std::vector<ValueId>> GraphBuilder::inputs_of(const onnx::NodeProto& node, Scope& scope) {
  std::vector<ValueId> inputs;
  inputs.reserve(node.input_size());
  for (const std::string& name : node.input()) {
    OARLOCK_ASSIGN(const ValueId value, look_up(name, scope));
    inputs.push_back(value);
  }
  return inputs;
}

Status GraphBuilder::add_node(onnx::NodeProto& node, Scope& scope) {
  OARLOCK_TRY(context_.count(node, scope.is_function));
  const std::string& domain = plain_domain(node.domain());
  const std::string overload = unknown_string(node.unknown_fields(), kNodeOverload);
  Status status;
  if (Function* function = context_.function(domain, node.op_type(), overload))
    status = inline_call(node, *function, scope);
  else if (domain.empty() && node.op_type() == "Constant")
    status = add_constant_node(node, scope);
  else
    status = add_operator(node, scope);
  return status.within(concat("node '", node_path(node, scope), "' (", node.op_type(), ")"));
}

Status GraphBuilder::add_constant_node(onnx::NodeProto& node, Scope& scope) {
  OARLOCK_ASSIGN(const Attrs attrs, read_attributes(node, scope.bindings, context_));
  if (attrs.entries().size() != 1 || node.output_size() != 1 || node.output(0).empty())
    return invalid("a Constant needs exactly one attribute and one output");
  const auto& [name, value] = attrs.entries()[0];
  std::optional<Tensor> tensor;
  if (name == "value" || name == "sparse_value") {
    if (const auto* t = std::get_if<Tensor>(&value)) tensor = *t;
  } else if (name == "value_float") {
    if (const auto* v = std::get_if<float>(&value)) tensor = Tensor::scalar(*v);
  } else if (name == "value_int") {
    if (const auto* v = std::get_if<int64_t>(&value)) tensor = Tensor::scalar(*v);
  } else if (name == "value_string") {
    if (const auto* v = std::get_if<std::string>(&value)) tensor = Tensor::strings({}, {*v});
  } else if (name == "value_floats") {
    if (const auto* v = std::get_if<std::vector<float>>(&value))
      tensor = Tensor::of(Shape{static_cast<int64_t>(v->size())}, std::span<const float>(*v));
  } else if (name == "value_ints") {
    if (const auto* v = std::get_if<std::vector<int64_t>>(&value))
      tensor = Tensor::of(Shape{static_cast<int64_t>(v->size())}, std::span<const int64_t>(*v));
  } else if (name == "value_strings") {
    if (const auto* v = std::get_if<std::vector<std::string>>(&value))
      tensor = Tensor::strings(Shape{static_cast<int64_t>(v->size())}, *v);
  }
  if (!tensor || !tensor->defined())
    return invalid("the attribute '", name, "' does not hold the value of a Constant");
  ++context_.report.constants;
  context_.report.constant_bytes += tensor->bytes();
  return define(node.output(0),
                graph_.add_constant(value_name(node.output(0), scope), *std::move(tensor)), scope);
}

Status GraphBuilder::add_operator(onnx::NodeProto& node, Scope& scope) {
  if (node.op_type().empty()) return invalid("the node names no operator");
  NodeDraft draft;
  draft.name = node_path(node, scope);
  draft.domain = plain_domain(node.domain());
  draft.op = node.op_type();
  draft.opset = version_of(*scope.opsets, draft.domain);
  if (draft.domain.empty() && draft.opset == 0)
    return invalid("the model does not import the standard operators (domain '')");
  OARLOCK_ASSIGN(draft.inputs, inputs_of(node, scope));

  origin_ = {};
  origin_.entry.node = draft.name;
  origin_.entry.domain = draft.domain;
  origin_.entry.op = draft.op;
  origin_.entry.opset = draft.opset;
  for (size_t i = 0; i < draft.inputs.size(); ++i)
    origin_.entry.inputs.push_back({node.input(static_cast<int>(i)), type(draft.inputs[i])});

  Result<Attrs> attrs = read_attributes(node, scope.bindings, context_);
  if (attrs.ok())
    draft.attrs = *std::move(attrs);
  else if (attrs.status().code() == Code::unsupported)
    report(attrs.status(), std::string(kNodeAdvice));
  else
    return attrs.status();
  const Origin origin = origin_;
  OARLOCK_TRY(add_subgraphs(node, scope, draft));
  origin_ = origin;

  std::vector<std::string> names;
  unread_.clear();
  for (const std::string& output : node.output()) {
    if (!output.empty() && scope.values.contains(output))
      return invalid("the value '", output, "' is defined twice");
    names.push_back(value_name(output, scope));
    if (!scope.reads.contains(output)) unread_.insert(names.back());
  }
  draft.outputs = names;
  bool expanded = false;
  if (draft.domain == kTrainingDomain && draft.op == "Gradient" && !origin_.reported) {
    Status status = expand_gradient(draft, scope);
    if (status.code() == Code::out_of_memory) return status;
    if (!status.ok()) report(status, std::string(kGradientAdvice));
    expanded = status.ok();
  }
  if (!expanded) OARLOCK_TRY(add(std::move(draft)).status());
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    std::optional<ValueId> value = graph_.find_value(names[i]);
    if (!value) {
      // An adapter dropped an output that nothing reads.
      if (!is_read(names[i])) continue;
      return internal_error("the output '", names[i], "' was lost");
    }
    OARLOCK_TRY(define(node.output(static_cast<int>(i)), *value, scope));
  }
  return {};
}

Status GraphBuilder::add_subgraphs(onnx::NodeProto& node, Scope& scope, NodeDraft& draft) {
  const std::vector<onnx::GraphProto*> graphs = subgraphs(node);
  if (graphs.empty()) return {};
  if (scope.depth >= kMaxDepth)
    return invalid("subgraphs and functions are nested more than ", kMaxDepth, " deep");
  std::vector<std::vector<std::string>> wanted;
  std::vector<Captured> captured;
  std::unordered_set<std::string> seen;
  std::vector<ValueId> sources;
  for (onnx::GraphProto* graph : graphs) {
    OARLOCK_ASSIGN(std::vector<std::string> names, free_names(*graph));
    for (const std::string& name : names) {
      if (!seen.insert(name).second) continue;
      OARLOCK_ASSIGN(const ValueId value, look_up(name, scope));
      if (value == kNone) return invalid("a subgraph reads '", name, "', which is omitted");
      const Tensor* known = constant(value);
      captured.push_back({name, type(value), known ? std::optional<Tensor>(*known) : std::nullopt});
      if (known == nullptr) sources.push_back(value);
    }
    wanted.push_back(std::move(names));
  }
  for (ValueId value : sources) draft.inputs.push_back(value);
  draft.captures = static_cast<int>(sources.size());

  size_t index = 0;
  auto build = [&](const std::string& name, onnx::GraphProto& proto) -> Result<GraphPtr> {
    const std::unordered_set<std::string> own(wanted[index].begin(), wanted[index].end());
    ++index;
    std::vector<Captured> given;
    for (const Captured& value : captured)
      if (!value.constant || own.contains(value.name)) given.push_back(value);
    Scope inner;
    inner.opsets = scope.opsets;
    inner.bindings = scope.bindings;
    inner.path = concat(draft.name.substr(0, 512), "/", name, "/");
    inner.depth = scope.depth + 1;
    OARLOCK_ASSIGN(Graph graph, GraphBuilder(context_).build(proto, std::move(inner), given));
    return GraphPtr(std::make_shared<const Graph>(std::move(graph)));
  };
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    const std::string& name = attribute.name();
    std::vector<GraphPtr> list;
    std::optional<GraphPtr> single;
    if (attribute.has_g()) {
      OARLOCK_ASSIGN(single, build(name, *attribute.mutable_g()));
    }
    for (onnx::GraphProto& proto : *attribute.mutable_graphs()) {
      OARLOCK_ASSIGN(GraphPtr graph, build(name, proto));
      list.push_back(std::move(graph));
    }
    if (single)
      draft.attrs.set(name, *std::move(single));
    else if (!list.empty())
      draft.attrs.set(name, std::move(list));
  }
  return {};
}

// Adds the nodes that compute what a Gradient asks for, under the names of its outputs.
Status GraphBuilder::expand_gradient(const NodeDraft& draft, Scope& scope) {
  const std::vector<std::string>&xs = draft.attrs.strings("xs"), &zs = draft.attrs.strings("zs");
  if (xs.empty() || xs.size() + zs.size() != draft.inputs.size() ||
      draft.outputs.size() > xs.size())
    return invalid("the attributes xs and zs name ", xs.size(), " and ", zs.size(), " values for ",
                   draft.inputs.size(), " inputs and ", draft.outputs.size(),
                   " outputs, expected one name an input, and an output at most for each of xs");
  GradientRequest request;
  request.name = draft.name;
  request.at = draft.inputs;
  request.wanted = draft.outputs.size();
  for (const std::vector<std::string>* names : {&xs, &zs})
    for (const std::string& name : *names) {
      OARLOCK_ASSIGN(const ValueId variable, look_up(name, scope));
      request.variables.push_back(variable);
    }
  OARLOCK_ASSIGN(request.of, look_up(draft.attrs.string("y"), scope));
  for (const std::vector<ValueId>* list : {&request.variables, &request.at})
    if (request.of == kNone || std::ranges::find(*list, kNone) != list->end())
      return invalid("an input or one of the attributes xs, zs and y names nothing");
  OARLOCK_ASSIGN(const std::vector<ValueId> derivatives, add_gradient(graph_, *this, request));
  for (size_t i = 0; i < derivatives.size(); ++i) {
    if (draft.outputs[i].empty()) continue;
    NodeDraft copy;
    copy.name = concat(draft.name, "/", i);
    copy.op = "Identity";
    copy.inputs = {derivatives[i]};
    copy.outputs = {draft.outputs[i]};
    copy.opset = kNewestOpset;
    OARLOCK_TRY(add(std::move(copy)).status());
  }
  return {};
}

Result<ValueId> GraphBuilder::add(std::string_view name, std::string_view op,
                                  std::vector<ValueId> inputs, Attrs attrs) {
  NodeDraft draft;
  draft.name = name;
  draft.op = op;
  draft.attrs = std::move(attrs);
  draft.inputs = std::move(inputs);
  draft.outputs = {unique_name(name)};
  draft.opset = kNewestOpset;
  OARLOCK_ASSIGN(const std::vector<ValueId> outputs, add(std::move(draft)));
  return outputs[0];
}

Result<std::vector<ValueId>> GraphBuilder::add(NodeDraft draft) {
  const NodeDraft original = draft;
  bool adapted = false;
  while (draft.domain.empty() && !origin_.reported) {
    const Adapter* adapter = next_adapter(draft.op, draft.opset);
    if (adapter == nullptr) break;
    draft.opset = adapter->to;
    if (Status status = adapter->adapt(draft, *this); !status.ok()) {
      if (status.code() != Code::unsupported && status.code() != Code::invalid) return status;
      report(status, std::string(kAdapterAdvice));
      draft = original;
      break;
    }
    adapted = true;
  }
  context_.report.adapted += adapted;
  std::vector<ValueId> outputs;
  OARLOCK_TRY(place(std::move(draft), outputs));
  return outputs;
}

// Adds the draft as it is, resolves it and infers its types.
Status GraphBuilder::place(NodeDraft draft, std::vector<ValueId>& outputs) {
  Node node;
  node.name = std::move(draft.name);
  node.domain = std::move(draft.domain);
  node.op = std::move(draft.op);
  node.attrs = std::move(draft.attrs);
  node.inputs = std::move(draft.inputs);
  node.captures = draft.captures;
  const bool known = ops().find(node.domain, node.op) != nullptr;
  OARLOCK_ASSIGN(const NodeId id, graph_.add_node(std::move(node), std::move(draft.outputs)));
  outputs = graph_.node(id).outputs;
  for (ValueId output : outputs) {
    if (output == kNone) continue;
    if (auto found = declared_.find(graph_.value(output).name); found != declared_.end())
      graph_.set_type(output, found->second);
  }
  if (origin_.reported) return {};
  if (!known) {
    const bool standard = graph_.node(id).domain.empty();
    report(unsupported("there is no operator ", graph_.node(id).op, " in ",
                       standard ? std::string("the standard domain of this version")
                                : concat("domain '", graph_.node(id).domain, "'")),
           std::string(standard ? kMissingOpAdvice : kUnknownOpAdvice));
    return {};
  }
  Status status = resolve_node(graph_, id, ops());
  if (status.ok()) status = infer_node(graph_, id);
  if (status.code() == Code::out_of_memory) return status;
  if (!status.ok()) report(status, std::string(kNodeAdvice));
  return {};
}

}  // namespace oarlock::converter
