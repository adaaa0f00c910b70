#include "core/graph/model_reader.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/graph/tensor_pool.h"
#include "schema/model_generated.h"

namespace oarlock {
namespace {

std::string text(const flatbuffers::String* s) { return s ? s->str() : std::string(); }

// Builds graphs from tables that FlatBuffers has verified.
class Reader {
 public:
  Reader(const schema::Model& model, TensorPool pool, Budget& budget)
      : model_(model), pool_(std::move(pool)), budget_(budget) {}

  Result<ModelParts> read();

 private:
  Status read_metadata(ModelMetadata& to);
  Result<TypeInfo> type(const schema::Type* from);
  Result<Tensor> tensor(uint64_t index) { return pool_.at(index); }
  Result<std::vector<std::string>> texts(
      const flatbuffers::Vector<flatbuffers::Offset<schema::Text>>* from);
  Result<AttrValue> attribute(const schema::Attribute& from, int depth);
  Result<GraphPtr> shared_graph(const schema::Graph* from, int depth);
  Result<Graph> graph(const schema::Graph& from, int depth);
  Result<NamedValue> datum(const schema::Datum& from);
  Result<std::vector<NamedValue>> data(
      const flatbuffers::Vector<flatbuffers::Offset<schema::Datum>>* from);

  // A vector that may be absent, paid from the budget.
  template <class T>
  Result<std::vector<T>> scalars(const flatbuffers::Vector<T>* from) {
    if (from == nullptr) return std::vector<T>();
    OARLOCK_TRY(budget_.spend(uint64_t{from->size()} * sizeof(T)));
    return copy(*from);
  }

  const schema::Model& model_;
  TensorPool pool_;
  Budget& budget_;
};

Result<TypeInfo> Reader::type(const schema::Type* from) {
  TypeInfo to;
  if (from == nullptr) return to;
  if (from->kind() > schema::TypeKind::MAX)
    return invalid("type kind ", static_cast<int>(from->kind()), " is not known");
  to.kind = static_cast<TypeInfo::Kind>(from->kind());
  if (from->dtype() >= kDTypeCount) return invalid("element type ", from->dtype(), " is not known");
  to.dtype = static_cast<DType>(from->dtype());
  to.has_rank = from->has_rank();
  OARLOCK_ASSIGN(const std::vector<int64_t> dims, scalars(from->shape()));
  for (int64_t dim : dims)
    if (dim < Shape::kUnknown) return invalid("a dimension is ", dim);
  to.shape = Shape(dims);
  OARLOCK_TRY(check_extents(to.shape));
  OARLOCK_ASSIGN(to.dim_names, texts(from->dim_names()));
  if (!to.has_rank && !dims.empty()) return invalid("a type of unknown rank has dimensions");
  if (!to.dim_names.empty() && to.dim_names.size() != dims.size())
    return invalid(to.dim_names.size(), " names for ", dims.size(), " dimensions");
  if (from->element() != nullptr) {
    OARLOCK_ASSIGN(TypeInfo element, type(from->element()));
    to.element = std::make_shared<const TypeInfo>(std::move(element));
  }
  const bool holds = to.kind != TypeInfo::Kind::unknown && to.kind != TypeInfo::Kind::tensor;
  if (holds != (to.element != nullptr))
    return invalid(holds ? "a sequence, optional or map has no element type"
                         : "a type that holds nothing has an element type");
  if (to.kind == TypeInfo::Kind::map && !(to.element->is_concrete() && to.element->shape.empty()))
    return invalid("the values of a map have type ", *to.element, ", expected a scalar");
  return to;
}

Result<std::vector<std::string>> Reader::texts(
    const flatbuffers::Vector<flatbuffers::Offset<schema::Text>>* from) {
  std::vector<std::string> to;
  if (from == nullptr) return to;
  to.reserve(from->size());
  for (const schema::Text* t : *from) {
    OARLOCK_TRY(budget_.spend(t->value()));
    to.push_back(text(t->value()));
  }
  return to;
}

Result<GraphPtr> Reader::shared_graph(const schema::Graph* from, int depth) {
  if (from == nullptr) return invalid("a graph is missing");
  OARLOCK_ASSIGN(Graph to, graph(*from, depth + 1));
  return GraphPtr(std::make_shared<const Graph>(std::move(to)));
}

Result<AttrValue> Reader::attribute(const schema::Attribute& from, int depth) {
  using Kind = schema::AttributeKind;
  switch (from.kind()) {
    case Kind::integer:
      return AttrValue(from.integer());
    case Kind::number:
      return AttrValue(from.number());
    case Kind::text: {
      if (from.text() == nullptr) return invalid("the text is missing");
      OARLOCK_TRY(budget_.spend(from.text()->value()));
      return AttrValue(text(from.text()->value()));
    }
    case Kind::tensor: {
      OARLOCK_ASSIGN(Tensor t, tensor(from.tensor()));
      return AttrValue(std::move(t));
    }
    case Kind::graph: {
      OARLOCK_ASSIGN(GraphPtr g, shared_graph(from.graph(), depth));
      return AttrValue(std::move(g));
    }
    case Kind::type: {
      OARLOCK_ASSIGN(TypeInfo t, type(from.type()));
      return AttrValue(std::move(t));
    }
    case Kind::integers: {
      OARLOCK_ASSIGN(auto list, scalars(from.integers()));
      return AttrValue(std::move(list));
    }
    case Kind::numbers: {
      OARLOCK_ASSIGN(auto list, scalars(from.numbers()));
      return AttrValue(std::move(list));
    }
    case Kind::texts: {
      OARLOCK_ASSIGN(auto list, texts(from.texts()));
      return AttrValue(std::move(list));
    }
    case Kind::tensors: {
      OARLOCK_ASSIGN(const auto indices, scalars(from.tensors()));
      std::vector<Tensor> list;
      for (uint32_t index : indices) {
        OARLOCK_ASSIGN(Tensor t, tensor(index));
        list.push_back(std::move(t));
      }
      return AttrValue(std::move(list));
    }
    case Kind::graphs: {
      std::vector<GraphPtr> list;
      if (from.graphs() != nullptr)
        for (const schema::Graph* each : *from.graphs()) {
          OARLOCK_ASSIGN(GraphPtr g, shared_graph(each, depth));
          list.push_back(std::move(g));
        }
      return AttrValue(std::move(list));
    }
    case Kind::types: {
      std::vector<TypeInfo> list;
      if (from.types() != nullptr)
        for (const schema::Type* each : *from.types()) {
          OARLOCK_ASSIGN(TypeInfo t, type(each));
          list.push_back(std::move(t));
        }
      return AttrValue(std::move(list));
    }
  }
  return invalid("kind ", static_cast<int>(from.kind()), " is not known");
}

// Values of one graph: file index to value id, each defined exactly once and before it is used.
class ValueMap {
 public:
  explicit ValueMap(size_t count) : ids_(count, kUndefined) {}

  Status check(int64_t index) const {
    if (index < 0 || index >= static_cast<int64_t>(ids_.size()))
      return invalid("value ", index, " does not exist, there are ", ids_.size());
    return {};
  }
  Status define(int64_t index, ValueId id) {
    OARLOCK_TRY(check(index));
    if (ids_[index] != kUndefined) return invalid("value ", index, " is defined twice");
    ids_[index] = id;
    return {};
  }
  Result<ValueId> at(int64_t index) const {
    OARLOCK_TRY(check(index));
    if (ids_[index] == kUndefined) return invalid("value ", index, " is used before it is defined");
    return ids_[index];
  }
  bool defined(size_t index) const { return ids_[index] != kUndefined; }

 private:
  static constexpr ValueId kUndefined = -2;
  std::vector<ValueId> ids_;
};

Status unique(std::unordered_set<std::string_view>& names, const flatbuffers::String& name,
              const char* what) {
  if (name.size() == 0) return invalid("a ", what, " has no name");
  if (!names.insert({name.data(), name.size()}).second)
    return invalid("two ", what, "s have the name ", name.str());
  return {};
}

// Every graph of a node takes its captured values.
Status check_captures(const Node& node) {
  const auto check = [&](const GraphPtr& graph) {
    return graph->inputs().size() < static_cast<size_t>(node.captures)
               ? invalid(node.captures, " captured values for a graph of ", graph->inputs().size(),
                         " inputs")
               : Status();
  };
  for (const Attrs::Entry& entry : node.attrs.entries()) {
    if (const auto* one = std::get_if<GraphPtr>(&entry.second)) OARLOCK_TRY(check(*one));
    if (const auto* many = std::get_if<std::vector<GraphPtr>>(&entry.second))
      for (const GraphPtr& each : *many) OARLOCK_TRY(check(each));
  }
  return {};
}

Result<Graph> Reader::graph(const schema::Graph& from, int depth) {
  if (depth > kMaxGraphDepth)
    return invalid("graphs are nested more than ", kMaxGraphDepth, " deep");
  Graph to;
  OARLOCK_TRY(budget_.spend(from.name()));
  to.name = text(from.name());
  const size_t value_count = from.values() ? from.values()->size() : 0;
  const auto value_at = [&](int64_t i) {
    return from.values()->Get(static_cast<flatbuffers::uoffset_t>(i));
  };
  std::vector<TypeInfo> types(value_count);
  std::unordered_set<std::string_view> names;
  for (size_t i = 0; i < value_count; ++i) {
    OARLOCK_TRY(budget_.spend(value_at(i)->name()));
    OARLOCK_TRY(unique(names, *value_at(i)->name(), "value"));
    Result<TypeInfo> known = type(value_at(i)->type());
    if (!known.ok()) return known.status().within(concat("value ", text(value_at(i)->name())));
    types[i] = std::move(known).value();
  }

  ValueMap map(value_count);
  OARLOCK_ASSIGN(const auto input_indices, scalars(from.inputs()));
  for (int32_t index : input_indices) {
    OARLOCK_TRY(map.check(index));
    OARLOCK_TRY(map.define(index, to.add_input(text(value_at(index)->name()), types[index])));
  }
  for (size_t i = 0; i < value_count; ++i) {
    const int32_t constant = value_at(i)->constant();
    if (constant == kNone) continue;
    if (constant < kNone) return invalid("value ", i, " has constant ", constant);
    OARLOCK_ASSIGN(Tensor t, tensor(constant));
    OARLOCK_TRY(map.define(i, to.add_constant(text(value_at(i)->name()), std::move(t))));
  }

  names.clear();
  const size_t node_count = from.nodes() ? from.nodes()->size() : 0;
  for (size_t i = 0; i < node_count; ++i) {
    const schema::Node& n = *from.nodes()->Get(static_cast<flatbuffers::uoffset_t>(i));
    Node node;
    for (const flatbuffers::String* s : {n.name(), n.domain(), n.op()})
      OARLOCK_TRY(budget_.spend(s));
    OARLOCK_TRY(unique(names, *n.name(), "node"));
    node.name = text(n.name());
    node.domain = text(n.domain());
    node.op = text(n.op());
    const auto within = [&](const Status& status) {
      return status.within(concat("node ", node.name, " (", node.op, ")"));
    };
    if (n.attributes() != nullptr)
      for (const schema::Attribute* a : *n.attributes()) {
        OARLOCK_TRY(budget_.spend(a->name()));
        Result<AttrValue> value = attribute(*a, depth);
        const std::string name = text(a->name());
        if (!value.ok()) return within(value.status().within(concat("attribute ", name)));
        if (node.attrs.has(name)) return within(invalid("attribute ", name, " occurs twice"));
        node.attrs.set(name, std::move(value).value());
      }
    OARLOCK_ASSIGN(const auto inputs, scalars(n.inputs()));
    for (int32_t index : inputs) {
      if (index == kNone) {
        node.inputs.push_back(kNone);
        continue;
      }
      Result<ValueId> id = map.at(index);
      if (!id.ok()) return within(id.status());
      node.inputs.push_back(id.value());
    }
    if (n.captures() > node.inputs.size())
      return within(
          invalid(n.captures(), " captured values among ", node.inputs.size(), " inputs"));
    node.captures = static_cast<int>(n.captures());
    OARLOCK_ASSIGN(const auto outputs, scalars(n.outputs()));
    std::vector<std::string> names;
    for (int32_t index : outputs) {
      if (index != kNone)
        if (Status s = map.check(index); !s.ok()) return within(s);
      names.push_back(index == kNone ? std::string() : text(value_at(index)->name()));
    }
    if (Status s = check_captures(node); !s.ok()) return within(s);
    Result<NodeId> id = to.add_node(node, std::move(names));
    if (!id.ok()) return within(id.status());
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k] == kNone) continue;
      const ValueId value = to.node(id.value()).output(k);
      if (Status s = map.define(outputs[k], value); !s.ok()) return within(s);
      to.set_type(value, types[outputs[k]]);
    }
  }
  for (size_t i = 0; i < value_count; ++i)
    if (!map.defined(i)) return invalid("value ", text(value_at(i)->name()), " is never defined");
  OARLOCK_ASSIGN(const auto output_indices, scalars(from.outputs()));
  OARLOCK_ASSIGN(const auto output_names, texts(from.output_names()));
  if (output_names.size() != output_indices.size())
    return invalid(output_names.size(), " names for ", output_indices.size(), " outputs");
  for (size_t i = 0; i < output_indices.size(); ++i) {
    OARLOCK_ASSIGN(const ValueId id, map.at(output_indices[i]));
    to.add_output(id, output_names[i]);
  }
  return to;
}

Result<NamedValue> Reader::datum(const schema::Datum& from) {
  NamedValue to;
  OARLOCK_TRY(budget_.spend(from.name()));
  to.name = text(from.name());
  switch (from.kind()) {
    case schema::DatumKind::none:
      return to;
    case schema::DatumKind::tensor: {
      OARLOCK_ASSIGN(Tensor t, tensor(from.tensor()));
      to.value = Value(std::move(t));
      return to;
    }
    case schema::DatumKind::sequence: {
      OARLOCK_ASSIGN(auto items, data(from.items()));
      Sequence sequence;
      for (NamedValue& item : items) sequence.push_back(std::move(item.value));
      to.value = Value(std::move(sequence));
      return to;
    }
    case schema::DatumKind::map: {
      OARLOCK_ASSIGN(auto items, data(from.items()));
      if (items.size() != 2 || !items[0].value.is_tensor() || !items[1].value.is_tensor())
        return invalid("recorded value ", to.name, " is a map without keys and values");
      OARLOCK_ASSIGN(to.value, Value::map_of(items[0].value.tensor(), items[1].value.tensor()));
      return to;
    }
  }
  return invalid("recorded value ", to.name, " has kind ", static_cast<int>(from.kind()));
}

Result<std::vector<NamedValue>> Reader::data(
    const flatbuffers::Vector<flatbuffers::Offset<schema::Datum>>* from) {
  std::vector<NamedValue> to;
  if (from == nullptr) return to;
  for (const schema::Datum* each : *from) {
    OARLOCK_ASSIGN(NamedValue value, datum(*each));
    to.push_back(std::move(value));
  }
  return to;
}

Status Reader::read_metadata(ModelMetadata& to) {
  const schema::Metadata* from = model_.metadata();
  if (from == nullptr) return {};
  for (const flatbuffers::String* s :
       {from->producer(), from->converter_flags(), from->source_name(), from->source_hash()})
    OARLOCK_TRY(budget_.spend(s));
  to.producer = text(from->producer());
  to.converter_flags = text(from->converter_flags());
  to.source_name = text(from->source_name());
  to.source_hash = text(from->source_hash());
  if (from->properties() != nullptr)
    for (const schema::Property* p : *from->properties()) {
      OARLOCK_TRY(budget_.spend(p->key()));
      OARLOCK_TRY(budget_.spend(p->value()));
      to.properties[text(p->key())] = text(p->value());
    }
  return {};
}

Result<ModelParts> Reader::read() {
  ModelParts parts;
  OARLOCK_TRY(read_metadata(parts.metadata));
  OARLOCK_ASSIGN(parts.graph, graph(*model_.graph(), 0));
  if (model_.golden() != nullptr)
    for (const schema::GoldenCase* each : *model_.golden()) {
      GoldenCase golden;
      OARLOCK_ASSIGN(golden.inputs, data(each->inputs()));
      OARLOCK_ASSIGN(golden.outputs, data(each->outputs()));
      parts.golden.push_back(std::move(golden));
    }
  const auto* hash = model_.weights_hash();
  if (hash == nullptr || hash->size() != parts.weights_hash.size())
    return invalid("the hash of the weights is missing");
  std::copy(hash->begin(), hash->end(), parts.weights_hash.begin());
  return parts;
}

}  // namespace

Result<ModelParts> read_model(const FileParts& file, std::shared_ptr<const void> owner) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.graph.data());
  // A table and the offset to it take at least eight bytes, so a file in which none is shared
  // stays within the limit, and one that shares tables to multiply work does not.
  const auto max_tables = static_cast<flatbuffers::uoffset_t>(file.graph.size() / 8 + 16);
  constexpr flatbuffers::uoffset_t kMaxDepth = 4 * kMaxGraphDepth + 32;
  flatbuffers::Verifier verifier(bytes, file.graph.size(), kMaxDepth, max_tables);
  if (file.graph.size() < 8 || !schema::VerifyModelBuffer(verifier))
    return invalid("the graph is not a valid FlatBuffer: the file is damaged");
  const schema::Model& model = *schema::GetModel(bytes);
  Budget budget(file.graph.size());
  OARLOCK_ASSIGN(TensorPool pool,
                 TensorPool::make(model.tensors(), file.weights, std::move(owner), budget));
  return Reader(model, std::move(pool), budget).read();
}

}  // namespace oarlock
