#include "core/graph/model_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/graph/tensor_table.h"
#include "schema/model_generated.h"

namespace oarlock {
namespace {

using flatbuffers::Offset;
using Texts = flatbuffers::Vector<Offset<schema::Text>>;

// Turns graphs into tables, children before parents as FlatBuffers wants it.
class Writer {
 public:
  Result<EncodedModel> write(const Graph& graph, const ModelMetadata& metadata,
                             std::span<const GoldenCase> golden);

 private:
  // Strings that may hold anything are wrapped, so that each counts when a file is verified.
  Offset<schema::Text> text(const std::string& s) {
    return schema::CreateText(builder_, builder_.CreateString(fits(s.size()) ? s : std::string()));
  }
  // Whether this much may still be added; if not, nothing will be written.
  bool fits(uint64_t bytes) {
    too_big_ =
        too_big_ || bytes > kMaxGraphBytes - std::min<uint64_t>(kMaxGraphBytes, builder_.GetSize());
    return !too_big_;
  }
  template <class T>
  auto list(const std::vector<T>& from) {
    return builder_.CreateVector(fits(from.size() * sizeof(T)) ? from : std::vector<T>());
  }
  Offset<Texts> texts(const std::vector<std::string>& from);
  uint32_t index_of(const Tensor& tensor);
  Result<Offset<schema::Type>> type(const TypeInfo& from);
  Result<Offset<schema::Attribute>> attribute(const std::string& name, const AttrValue& value,
                                              int depth);
  Result<Offset<schema::Node>> node(const Node& from, std::span<const int32_t> file_ids, int depth);
  Result<Offset<schema::Graph>> graph(const Graph& from, int depth);
  Result<Offset<schema::Datum>> datum(const std::string& name, const Value& from);
  Result<Offset<flatbuffers::Vector<Offset<schema::Datum>>>> data(std::span<const NamedValue> from);
  Offset<schema::Metadata> metadata(const ModelMetadata& from);
  Status check_size() const {
    if (!too_big_ && builder_.GetSize() <= kMaxGraphBytes) return {};
    return unsupported("the model without its weights takes more than ", kMaxGraphBytes,
                       " bytes; it has too many nodes or strings");
  }

  flatbuffers::FlatBufferBuilder builder_;
  TensorTable tensors_{builder_};
  bool too_big_ = false;
};

Offset<Texts> Writer::texts(const std::vector<std::string>& from) {
  std::vector<Offset<schema::Text>> to;
  for (const std::string& s : from) to.push_back(text(s));
  return builder_.CreateVector(to);
}

uint32_t Writer::index_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::string) {
    uint64_t bytes = 0;
    for (const std::string& s : tensor.as<std::string>()) bytes += s.size() + 24;
    if (!fits(bytes)) return 0;
  }
  return tensors_.index_of(tensor);
}

Result<Offset<schema::Type>> Writer::type(const TypeInfo& from) {
  Offset<schema::Type> element;
  if (from.element != nullptr) {
    OARLOCK_ASSIGN(element, type(*from.element));
  }
  Offset<flatbuffers::Vector<int64_t>> shape;
  Offset<Texts> names;
  if (from.has_rank) {
    shape = builder_.CreateVector(std::vector<int64_t>(from.shape.begin(), from.shape.end()));
    if (!from.dim_names.empty()) names = texts(from.dim_names);
  }
  return schema::CreateType(builder_, static_cast<schema::TypeKind>(from.kind),
                            static_cast<uint8_t>(from.dtype), from.has_rank, shape, names, element);
}

template <class T, class F>
auto collect(const std::vector<T>& from, F&& convert)
    -> Result<std::vector<std::remove_cvref_t<decltype(convert(from[0]).value())>>> {
  std::vector<std::remove_cvref_t<decltype(convert(from[0]).value())>> to;
  for (const T& each : from) {
    OARLOCK_ASSIGN(auto converted, convert(each));
    to.push_back(converted);
  }
  return to;
}

Result<Offset<schema::Attribute>> Writer::attribute(const std::string& name, const AttrValue& value,
                                                    int depth) {
  const auto kind = static_cast<AttrKind>(value.index());
  const auto shared = [&](const GraphPtr& g) { return graph(*g, depth + 1); };
  const auto index = [&](const Tensor& t) { return index_of(t); };
  Offset<schema::Text> one_text;
  Offset<schema::Graph> one_graph;
  Offset<schema::Type> one_type;
  Offset<flatbuffers::Vector<int64_t>> integers;
  Offset<flatbuffers::Vector<float>> numbers;
  Offset<Texts> many_texts;
  Offset<flatbuffers::Vector<uint32_t>> many_tensors;
  Offset<flatbuffers::Vector<Offset<schema::Graph>>> many_graphs;
  Offset<flatbuffers::Vector<Offset<schema::Type>>> many_types;
  uint32_t one_tensor = 0;
  switch (kind) {
    case AttrKind::integer:
    case AttrKind::number:
      break;
    case AttrKind::string:
      one_text = text(std::get<std::string>(value));
      break;
    case AttrKind::tensor:
      one_tensor = index(std::get<Tensor>(value));
      break;
    case AttrKind::graph: {
      OARLOCK_ASSIGN(one_graph, shared(std::get<GraphPtr>(value)));
      break;
    }
    case AttrKind::type: {
      OARLOCK_ASSIGN(one_type, type(std::get<TypeInfo>(value)));
      break;
    }
    case AttrKind::integers:
      integers = list(std::get<std::vector<int64_t>>(value));
      break;
    case AttrKind::numbers:
      numbers = list(std::get<std::vector<float>>(value));
      break;
    case AttrKind::strings:
      many_texts = texts(std::get<std::vector<std::string>>(value));
      break;
    case AttrKind::tensors: {
      std::vector<uint32_t> list;
      for (const Tensor& t : std::get<std::vector<Tensor>>(value)) list.push_back(index(t));
      many_tensors = builder_.CreateVector(list);
      break;
    }
    case AttrKind::graphs: {
      OARLOCK_ASSIGN(const auto list, collect(std::get<std::vector<GraphPtr>>(value), shared));
      many_graphs = builder_.CreateVector(list);
      break;
    }
    case AttrKind::types: {
      OARLOCK_ASSIGN(const auto list, collect(std::get<std::vector<TypeInfo>>(value),
                                              [&](const TypeInfo& each) { return type(each); }));
      many_types = builder_.CreateVector(list);
      break;
    }
  }
  const auto name_offset = builder_.CreateString(name);
  schema::AttributeBuilder to(builder_);
  to.add_name(name_offset);
  to.add_kind(static_cast<schema::AttributeKind>(kind));
  if (kind == AttrKind::integer) to.add_integer(std::get<int64_t>(value));
  if (kind == AttrKind::number) to.add_number(std::get<float>(value));
  to.add_tensor(one_tensor);
  to.add_text(one_text);
  to.add_graph(one_graph);
  to.add_type(one_type);
  to.add_integers(integers);
  to.add_numbers(numbers);
  to.add_texts(many_texts);
  to.add_tensors(many_tensors);
  to.add_graphs(many_graphs);
  to.add_types(many_types);
  return to.Finish();
}

Result<Offset<schema::Node>> Writer::node(const Node& from, std::span<const int32_t> file_ids,
                                          int depth) {
  std::vector<Offset<schema::Attribute>> attributes;
  for (const Attrs::Entry& entry : from.attrs.entries()) {
    OARLOCK_ASSIGN(auto each, attribute(entry.first, entry.second, depth));
    attributes.push_back(each);
  }
  OARLOCK_TRY(check_size());
  const auto ids = [&](const std::vector<ValueId>& values) {
    std::vector<int32_t> list;
    for (ValueId id : values) list.push_back(id == kNone ? kNone : file_ids[id]);
    return builder_.CreateVector(list);
  };
  const auto name = builder_.CreateString(from.name);
  const auto domain =
      from.domain.empty() ? Offset<flatbuffers::String>() : builder_.CreateString(from.domain);
  const auto op = builder_.CreateString(from.op);
  const auto attribute_vector = builder_.CreateVector(attributes);
  const auto inputs = ids(from.inputs);
  const auto outputs = ids(from.outputs);
  return schema::CreateNode(builder_, name, domain, op, attribute_vector, inputs, outputs,
                            static_cast<uint32_t>(from.captures));
}

Result<Offset<schema::Graph>> Writer::graph(const Graph& from, int depth) {
  if (depth > kMaxGraphDepth)
    return unsupported("graphs are nested more than ", kMaxGraphDepth, " deep");
  OARLOCK_ASSIGN(const std::vector<NodeId> order, from.order());

  // File ids: inputs, then what living nodes write, then constants that are read.
  std::vector<int32_t> file_ids(from.value_count(), kNone);
  std::vector<ValueId> written;
  const auto number = [&](ValueId id) {
    if (id == kNone || file_ids[id] != kNone) return;
    file_ids[id] = static_cast<int32_t>(written.size());
    written.push_back(id);
  };
  for (ValueId id : from.inputs()) number(id);
  for (NodeId id : order)
    for (ValueId output : from.node(id).outputs) number(output);
  for (NodeId id : order)
    for (ValueId input : from.node(id).inputs) number(input);
  for (ValueId id : from.outputs()) number(id);

  std::vector<Offset<schema::Value>> values;
  for (ValueId id : written) {
    const ValueInfo& value = from.value(id);
    OARLOCK_ASSIGN(const auto value_type, type(value.type));
    const bool constant = value.constant && !value.is_input;
    const int32_t index = constant ? static_cast<int32_t>(index_of(*value.constant)) : -1;
    const auto name = builder_.CreateString(value.name);
    values.push_back(schema::CreateValue(builder_, name, value_type, index));
    OARLOCK_TRY(check_size());
  }
  std::vector<Offset<schema::Node>> nodes;
  for (NodeId id : order) {
    OARLOCK_ASSIGN(const auto each, node(from.node(id), file_ids, depth));
    nodes.push_back(each);
  }
  const auto ids = [&](const std::vector<ValueId>& list) {
    std::vector<int32_t> to;
    for (ValueId id : list) to.push_back(file_ids[id]);
    return builder_.CreateVector(to);
  };
  std::vector<std::string> names;
  for (size_t i = 0; i < from.outputs().size(); ++i) names.push_back(from.output_name(i));
  const auto name = builder_.CreateString(from.name);
  const auto value_vector = builder_.CreateVector(values);
  const auto node_vector = builder_.CreateVector(nodes);
  const auto inputs = ids(from.inputs());
  const auto outputs = ids(from.outputs());
  const auto output_names = texts(names);
  return schema::CreateGraph(builder_, name, value_vector, node_vector, inputs, outputs,
                             output_names);
}

Result<Offset<schema::Datum>> Writer::datum(const std::string& name, const Value& from) {
  const auto name_offset = builder_.CreateString(name);
  if (from.empty()) return schema::CreateDatum(builder_, name_offset);
  if (from.is_tensor())
    return schema::CreateDatum(builder_, name_offset, schema::DatumKind::tensor,
                               index_of(from.tensor()));
  std::vector<NamedValue> items;
  if (from.is_map()) {
    items = {{"", from.map().keys}, {"", from.map().values}};
  } else {
    for (const Value& item : from.sequence()) items.push_back({"", item});
  }
  OARLOCK_ASSIGN(const auto offsets, data(items));
  const auto kind = from.is_map() ? schema::DatumKind::map : schema::DatumKind::sequence;
  return schema::CreateDatum(builder_, name_offset, kind, 0, offsets);
}

Result<Offset<flatbuffers::Vector<Offset<schema::Datum>>>> Writer::data(
    std::span<const NamedValue> from) {
  std::vector<Offset<schema::Datum>> list;
  for (const NamedValue& each : from) {
    OARLOCK_ASSIGN(const auto offset, datum(each.name, each.value));
    list.push_back(offset);
    OARLOCK_TRY(check_size());
  }
  return builder_.CreateVector(list);
}

Offset<schema::Metadata> Writer::metadata(const ModelMetadata& from) {
  std::vector<Offset<schema::Property>> properties;
  for (const auto& [key, value] : from.properties) {
    const auto k = builder_.CreateString(key);
    properties.push_back(schema::CreateProperty(builder_, k, builder_.CreateString(value)));
  }
  const auto producer = builder_.CreateString(from.producer);
  const auto flags = builder_.CreateString(from.converter_flags);
  const auto name = builder_.CreateString(from.source_name);
  const auto hash = builder_.CreateString(from.source_hash);
  return schema::CreateMetadata(builder_, producer, flags, name, hash,
                                builder_.CreateVector(properties));
}

Result<EncodedModel> Writer::write(const Graph& from, const ModelMetadata& about,
                                   std::span<const GoldenCase> golden) {
  OARLOCK_ASSIGN(const auto graph_offset, graph(from, 0));
  std::vector<Offset<schema::GoldenCase>> cases;
  for (const GoldenCase& each : golden) {
    OARLOCK_ASSIGN(const auto inputs, data(each.inputs));
    OARLOCK_ASSIGN(const auto outputs, data(each.outputs));
    cases.push_back(schema::CreateGoldenCase(builder_, inputs, outputs));
  }
  const auto metadata_offset = metadata(about);
  const auto tensors = tensors_.finish();
  const auto case_vector = builder_.CreateVector(cases);
  const Sha256Digest weights_hash = tensors_.hash_weights();
  const auto hash = builder_.CreateVector(weights_hash.data(), weights_hash.size());
  schema::FinishModelBuffer(builder_, schema::CreateModel(builder_, metadata_offset, tensors,
                                                          graph_offset, case_vector, hash));
  OARLOCK_TRY(check_size());

  EncodedModel to;
  const auto* bytes = reinterpret_cast<const std::byte*>(builder_.GetBufferPointer());
  to.graph.assign(bytes, bytes + builder_.GetSize());
  to.weights = tensors_.weights();
  to.header.graph_bytes = to.graph.size();
  to.header.weight_bytes = tensors_.weight_bytes();
  to.header.graph_hash = Sha256::of(to.graph);
  return to;
}

}  // namespace

Result<EncodedModel> encode_model(const Graph& graph, const ModelMetadata& metadata,
                                  std::span<const GoldenCase> golden) {
  return Writer().write(graph, metadata, golden);
}

}  // namespace oarlock
