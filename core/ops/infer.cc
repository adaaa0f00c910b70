// The engine around the operators' infer functions.
#include "oarlock/plugin/op.h"

namespace oarlock {

std::optional<std::vector<int64_t>> InferContext::constant_integers(size_t i) const {
  const Tensor* tensor = constant(i);
  if (tensor == nullptr) return std::nullopt;
  if (tensor->dtype() == DType::int64) {
    const auto values = tensor->as<int64_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  if (tensor->dtype() == DType::int32) {
    const auto values = tensor->as<int32_t>();
    return std::vector<int64_t>(values.begin(), values.end());
  }
  return std::nullopt;
}

Status same_type_as_input(InferContext& c) {
  c.set_output(0, c.input(0));
  return {};
}

Status broadcast_inputs(InferContext& c) {
  Shape shape = c.shape(0);
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (c.dtype(i) != c.dtype(0))
      return invalid("input ", i, " is ", c.dtype(i), ", expected ", c.dtype(0), " like input 0");
    std::optional<Shape> both = broadcast(shape, c.shape(i));
    if (!both) return invalid("shapes ", shape, " and ", c.shape(i), " do not broadcast");
    shape = *both;
  }
  c.set_output(0, c.dtype(0), shape);
  return {};
}

namespace {

class GraphInferContext final : public InferContext {
 public:
  GraphInferContext(const Graph& graph, const Node& node)
      : graph_(graph), node_(node), types_(node.outputs.size()) {}

  const Node& node() const override { return node_; }
  size_t input_count() const override { return node_.formal_inputs().size(); }
  bool has_input(size_t i) const override { return node_.input(i) != kNone; }
  const TypeInfo& input(size_t i) const override {
    static const TypeInfo omitted;
    return has_input(i) ? graph_.value(node_.input(i)).type : omitted;
  }
  const Tensor* constant(size_t i) const override { return graph_.constant(node_.input(i)); }
  size_t output_count() const override { return node_.outputs.size(); }
  void set_output(size_t i, TypeInfo type) override {
    if (i < types_.size()) types_[i] = std::move(type);
  }

  Result<std::vector<TypeInfo>> infer_graph(std::string_view name,
                                            std::span<const TypeInfo> inputs) override {
    const GraphPtr body = attrs().graph(name);
    if (body == nullptr) return invalid("the graph attribute '", name, "' is missing");
    const size_t captures = node_.captures;
    if (body->inputs().size() != inputs.size() + captures)
      return invalid("the graph '", name, "' takes ", body->inputs().size() - captures,
                     " inputs, given are ", inputs.size());
    Graph copy = *body;
    for (size_t i = 0; i < inputs.size(); ++i) copy.set_type(copy.inputs()[i], inputs[i]);
    for (size_t i = 0; i < captures; ++i)
      copy.set_type(copy.inputs()[inputs.size() + i],
                    graph_.value(node_.inputs[node_.inputs.size() - captures + i]).type);
    if (Status status = infer_types(copy); !status.ok())
      return status.within(concat("in graph '", name, "'"));
    std::vector<TypeInfo> types;
    for (ValueId output : copy.outputs()) types.push_back(copy.value(output).type);
    return types;
  }

  std::vector<TypeInfo>& types() { return types_; }

 private:
  const Graph& graph_;
  const Node& node_;
  std::vector<TypeInfo> types_;
};

// What inference found, completed by what the model declared.
Result<TypeInfo> merge(TypeInfo inferred, const TypeInfo& declared) {
  if (inferred.kind == TypeInfo::Kind::unknown) return declared;
  if (!inferred.is_tensor() || !declared.is_tensor()) return inferred;
  if (inferred.dtype == DType::undefined) inferred.dtype = declared.dtype;
  if (declared.dtype != DType::undefined && declared.dtype != inferred.dtype)
    return invalid("is declared as ", to_string(declared), " but is ", to_string(inferred));
  if (!inferred.has_rank) return declared;
  if (!declared.has_rank || declared.shape.rank() != inferred.shape.rank()) return inferred;
  for (size_t d = 0; d < inferred.shape.rank(); ++d)
    if (inferred.shape[d] == Shape::kUnknown) inferred.shape[d] = declared.shape[d];
  if (inferred.dim_names.empty()) inferred.dim_names = declared.dim_names;
  return inferred;
}

}  // namespace

Status infer_node(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.def == nullptr || !node.def->infer) return {};
  for (ValueId input : node.formal_inputs()) {
    if (input == kNone) continue;
    const TypeInfo& type = graph.value(input).type;
    if (type.kind == TypeInfo::Kind::unknown) return {};
    if (type.is_tensor() && (!type.has_rank || type.dtype == DType::undefined)) return {};
  }
  GraphInferContext context(graph, node);
  if (Status status = node.def->infer(context); !status.ok()) return status.within(describe(node));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId output = node.outputs[i];
    if (output == kNone) continue;
    Result<TypeInfo> type = merge(std::move(context.types()[i]), graph.value(output).type);
    if (!type.ok())
      return type.status().within(
          concat(describe(node), ": output '", graph.value(output).name, "'"));
    if (type->is_tensor() && type->has_rank)
      for (int64_t extent : type->shape)
        if (extent < Shape::kUnknown)
          return invalid(describe(node), ": output '", graph.value(output).name,
                         "' would have the shape ", type->shape);
    graph.set_type(output, *std::move(type));
  }
  return {};
}

Status infer_types(Graph& graph) {
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  for (NodeId id : order) OARLOCK_TRY(infer_node(graph, id));
  return {};
}

}  // namespace oarlock
