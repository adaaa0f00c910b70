#include "converter/attributes.h"

#include "converter/types.h"

namespace oarlock::converter {

namespace {

using Type = onnx::AttributeProto::AttributeType;

// Old models leave the type out.
Type kind_of(const onnx::AttributeProto& a) {
  if (a.type() != onnx::AttributeProto::UNDEFINED) return a.type();
  if (a.has_f()) return onnx::AttributeProto::FLOAT;
  if (a.has_i()) return onnx::AttributeProto::INT;
  if (a.has_s()) return onnx::AttributeProto::STRING;
  if (a.has_t()) return onnx::AttributeProto::TENSOR;
  if (a.has_g()) return onnx::AttributeProto::GRAPH;
  if (a.has_sparse_tensor()) return onnx::AttributeProto::SPARSE_TENSOR;
  if (a.has_tp()) return onnx::AttributeProto::TYPE_PROTO;
  if (a.floats_size() > 0) return onnx::AttributeProto::FLOATS;
  if (a.strings_size() > 0) return onnx::AttributeProto::STRINGS;
  if (a.tensors_size() > 0) return onnx::AttributeProto::TENSORS;
  if (a.graphs_size() > 0) return onnx::AttributeProto::GRAPHS;
  if (a.sparse_tensors_size() > 0) return onnx::AttributeProto::SPARSE_TENSORS;
  if (a.type_protos_size() > 0) return onnx::AttributeProto::TYPE_PROTOS;
  return onnx::AttributeProto::INTS;
}

bool is_graph(const onnx::AttributeProto& attribute) {
  const Type kind = kind_of(attribute);
  return kind == onnx::AttributeProto::GRAPH || kind == onnx::AttributeProto::GRAPHS;
}

Result<AttrValue> read_value(onnx::AttributeProto& a, Context& context) {
  switch (kind_of(a)) {
    case onnx::AttributeProto::FLOAT:
      return AttrValue(a.f());
    case onnx::AttributeProto::INT:
      return AttrValue(static_cast<int64_t>(a.i()));
    case onnx::AttributeProto::STRING:
      return AttrValue(a.s());
    case onnx::AttributeProto::TENSOR: {
      OARLOCK_ASSIGN(Tensor tensor, context.tensor(*a.mutable_t()));
      return AttrValue(std::move(tensor));
    }
    case onnx::AttributeProto::SPARSE_TENSOR: {
      OARLOCK_ASSIGN(Tensor tensor, context.sparse_tensor(*a.mutable_sparse_tensor()));
      return AttrValue(std::move(tensor));
    }
    case onnx::AttributeProto::TYPE_PROTO: {
      OARLOCK_ASSIGN(TypeInfo type, read_type(a.tp()));
      return AttrValue(std::move(type));
    }
    case onnx::AttributeProto::FLOATS:
      return AttrValue(std::vector<float>(a.floats().begin(), a.floats().end()));
    case onnx::AttributeProto::INTS:
      return AttrValue(std::vector<int64_t>(a.ints().begin(), a.ints().end()));
    case onnx::AttributeProto::STRINGS:
      return AttrValue(std::vector<std::string>(a.strings().begin(), a.strings().end()));
    case onnx::AttributeProto::TENSORS: {
      std::vector<Tensor> tensors;
      for (onnx::TensorProto& proto : *a.mutable_tensors()) {
        OARLOCK_ASSIGN(Tensor tensor, context.tensor(proto));
        tensors.push_back(std::move(tensor));
      }
      return AttrValue(std::move(tensors));
    }
    case onnx::AttributeProto::TYPE_PROTOS: {
      std::vector<TypeInfo> types;
      for (const onnx::TypeProto& proto : a.type_protos()) {
        OARLOCK_ASSIGN(TypeInfo type, read_type(proto));
        types.push_back(std::move(type));
      }
      return AttrValue(std::move(types));
    }
    default:
      return unsupported("attributes of kind ", static_cast<int>(kind_of(a)), " are not supported");
  }
}

}  // namespace

Result<AttrValue> read_attribute(onnx::AttributeProto& attribute, Context& context) {
  Result<AttrValue> value = read_value(attribute, context);
  if (!value.ok()) return value.status().within(concat("attribute '", attribute.name(), "'"));
  return value;
}

Result<Attrs> read_attributes(onnx::NodeProto& node, const Bindings* bindings, Context& context) {
  if (node.attribute_size() > kMaxAttributes)
    return invalid("there are ", node.attribute_size(), " attributes, more than ", kMaxAttributes);
  Attrs attrs;
  for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
    const std::string& name = attribute.name();
    if (name.empty()) return invalid("an attribute has no name");
    if (attrs.has(name)) return invalid("the attribute '", name, "' is given twice");
    if (!attribute.ref_attr_name().empty()) {
      if (bindings == nullptr)
        return invalid("attribute '", name, "' refers to '", attribute.ref_attr_name(),
                       "', but the node is not in a function");
      const auto bound = bindings->find(attribute.ref_attr_name());
      if (bound != bindings->end()) attrs.set(name, bound->second);
    } else if (!is_graph(attribute)) {
      OARLOCK_ASSIGN(AttrValue value, read_attribute(attribute, context));
      attrs.set(name, std::move(value));
    }
  }
  return attrs;
}

}  // namespace oarlock::converter
