#include "converter/graph_builder.h"

#include "converter/names.h"
#include "converter/types.h"

namespace oarlock::converter {

namespace {

constexpr size_t kMaxPath = 512;

// A name within a message.
std::string in_graph(const onnx::GraphProto& proto) { return concat("graph '", proto.name(), "'"); }

}  // namespace

std::string node_path(const onnx::NodeProto& node, const Scope& scope) {
  std::string name = node.name();
  for (int i = 0; name.empty() && i < node.output_size(); ++i) name = node.output(i);
  if (name.empty()) name = node.op_type();
  if (scope.path.size() > kMaxPath) return concat(scope.path.substr(0, kMaxPath), ".../", name);
  return scope.path + name;
}

Result<Graph> GraphBuilder::build(onnx::GraphProto& proto, Scope scope,
                                  std::span<const Captured> captured) {
  graph_.name = proto.name();
  for (const onnx::NodeProto& node : proto.node())
    reserved_.insert(node.output().begin(), node.output().end());
  for (const onnx::ValueInfoProto& input : proto.input()) reserved_.insert(input.name());
  for (const Captured& value : captured) reserved_.insert(value.name);

  OARLOCK_TRY(note_reads(*proto.mutable_node(), scope));
  for (const onnx::ValueInfoProto& output : proto.output()) scope.reads.insert(output.name());
  OARLOCK_TRY(add_initializers(proto).within(in_graph(proto)));
  OARLOCK_TRY(add_inputs(proto, scope).within(in_graph(proto)));
  OARLOCK_TRY(add_captured(captured, scope));
  OARLOCK_TRY(read_declared_types(proto, scope));
  OARLOCK_TRY(add_nodes(*proto.mutable_node(), scope));
  OARLOCK_TRY(add_outputs(proto, scope).within(in_graph(proto)));
  return std::move(graph_);
}

Status GraphBuilder::add_initializers(onnx::GraphProto& proto) {
  auto add = [&](const std::string& name, Initializer initializer) -> Status {
    if (name.empty()) return invalid("an initializer has no name");
    if (!initializers_.emplace(name, initializer).second)
      return invalid("there are two initializers '", name, "'");
    reserved_.insert(name);
    return {};
  };
  for (onnx::TensorProto& tensor : *proto.mutable_initializer())
    OARLOCK_TRY(add(tensor.name(), {&tensor, nullptr}));
  for (onnx::SparseTensorProto& tensor : *proto.mutable_sparse_initializer())
    OARLOCK_TRY(add(tensor.values().name(), {nullptr, &tensor}));
  return {};
}

Status GraphBuilder::add_inputs(onnx::GraphProto& proto, Scope& scope) {
  const bool is_main = scope.depth == 0;
  for (const onnx::ValueInfoProto& input : proto.input()) {
    const std::string& name = input.name();
    if (name.empty()) return invalid("an input has no name");
    if (initializers_.contains(name)) {
      if (is_main) continue;
      initializers_.erase(name);
    }
    Result<TypeInfo> type = read_type(input.type());
    if (!type.ok()) return type.status().within(concat("input '", name, "'"));
    if (is_main && type->kind == TypeInfo::Kind::unknown)
      return invalid("input '", name, "' has no type");
    OARLOCK_TRY(define(name, graph_.add_input(name, *std::move(type)), scope));
  }
  return {};
}

Status GraphBuilder::add_captured(std::span<const Captured> captured, Scope& scope) {
  for (const Captured& value : captured) {
    const ValueId id = value.constant ? graph_.add_constant(value.name, *value.constant)
                                      : graph_.add_input(value.name, value.type);
    scope.values.emplace(value.name, id);
  }
  return {};
}

Status GraphBuilder::read_declared_types(const onnx::GraphProto& proto, const Scope& scope) {
  auto add = [&](const onnx::ValueInfoProto& value) {
    if (scope.values.contains(value.name())) return;
    // A type that cannot be read is as good as none: inference has its own say.
    Result<TypeInfo> type = read_type(value.type());
    if (type.ok() && type->kind != TypeInfo::Kind::unknown)
      declared_.emplace(value.name(), without_extents(*std::move(type)));
  };
  for (const onnx::ValueInfoProto& output : proto.output()) add(output);
  for (const onnx::ValueInfoProto& value : proto.value_info()) add(value);
  return {};
}

Status GraphBuilder::note_reads(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                                Scope& scope) {
  for (onnx::NodeProto& node : nodes) {
    OARLOCK_ASSIGN(const std::vector<std::string> names, names_read(node));
    scope.reads.insert(names.begin(), names.end());
  }
  return {};
}

Status GraphBuilder::add_nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
                               Scope& scope) {
  OARLOCK_ASSIGN(const std::vector<onnx::NodeProto*> sorted, sorted_nodes(nodes));
  const bool is_main = scope.depth == 0;
  size_t done = 0;
  for (onnx::NodeProto* node : sorted) {
    if (is_main && context_.options.progress && done % 64 == 0)
      context_.options.progress({ConvertProgress::Step::nodes, done, sorted.size()});
    ++done;
    OARLOCK_TRY(add_node(*node, scope));
  }
  if (is_main && context_.options.progress)
    context_.options.progress({ConvertProgress::Step::nodes, done, done});
  return {};
}

Status GraphBuilder::add_outputs(const onnx::GraphProto& proto, Scope& scope) {
  std::unordered_set<std::string> names;
  for (const onnx::ValueInfoProto& output : proto.output()) {
    const std::string& name = output.name();
    if (name.empty()) return invalid("an output has no name");
    if (scope.depth == 0 && !names.insert(name).second)
      return invalid("there are two outputs '", name, "'");
    OARLOCK_ASSIGN(const ValueId value, look_up(name, scope));
    if (value == kNone) return invalid("the output '", name, "' does not exist");
    graph_.add_output(value, name);
  }
  return {};
}

Result<ValueId> GraphBuilder::look_up(const std::string& name, Scope& scope) {
  if (name.empty()) return kNone;
  if (auto found = scope.values.find(name); found != scope.values.end()) return found->second;
  if (!scope.is_function) {
    if (auto found = initializers_.find(name); found != initializers_.end()) {
      const Initializer initializer = found->second;
      Result<Tensor> tensor = initializer.dense != nullptr
                                  ? context_.tensor(*initializer.dense)
                                  : context_.sparse_tensor(*initializer.sparse);
      if (!tensor.ok()) return tensor.status();
      initializers_.erase(name);
      ++context_.report.constants;
      context_.report.constant_bytes += tensor->bytes();
      const ValueId id = graph_.add_constant(name, *std::move(tensor));
      scope.values.emplace(name, id);
      return id;
    }
  }
  return invalid("'", name, "' is read, but no input, initializer or node provides it");
}

Status GraphBuilder::define(const std::string& name, ValueId value, Scope& scope) {
  if (initializers_.contains(name) && !scope.is_function)
    return invalid("the value '", name, "' is defined by a node and by an initializer");
  if (!scope.values.emplace(name, value).second)
    return invalid("the value '", name, "' is defined twice");
  return {};
}

std::string GraphBuilder::unique_name(std::string_view hint) const {
  std::string name(hint);
  for (size_t n = graph_.value_count(); reserved_.contains(name) || graph_.find_value(name); ++n)
    name = concat(hint, "_", n);
  return name;
}

std::string GraphBuilder::value_name(const std::string& name, const Scope& scope) const {
  if (name.empty() || !scope.is_function) return name;
  if (auto given = scope.given_names.find(name); given != scope.given_names.end())
    return given->second;
  return unique_name(scope.path.size() > kMaxPath ? name : scope.path + name);
}

const TypeInfo& GraphBuilder::type(ValueId value) const {
  static const TypeInfo unknown;
  return value == kNone ? unknown : graph_.value(value).type;
}

ValueId GraphBuilder::add_constant(std::string_view name, Tensor tensor) {
  return graph_.add_constant(unique_name(name), std::move(tensor));
}

}  // namespace oarlock::converter
