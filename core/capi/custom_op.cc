#include "oarlock/custom_op.h"

#include <algorithm>
#include <utility>

#include "core/capi/handles.h"

using oarlock::AttrDef;
using oarlock::AttrKind;
using oarlock::Attrs;
using oarlock::DType;
using oarlock::InferContext;
using oarlock::Node;
using oarlock::OpDef;
using oarlock::RunContext;
using oarlock::Shape;
using oarlock::Status;
using oarlock::Tensor;
using oarlock::Value;
using oarlock::capi::checked_dtype;
using oarlock::capi::checked_shape;
using oarlock::capi::guarded;
using oarlock::capi::null_argument;

struct oarlock_op {
  OpDef def;
};
struct oarlock_node {
  const Node& node;
};
struct oarlock_infer {
  InferContext& context;
  oarlock_node node{context.node()};
  std::vector<oarlock_value> values = std::vector<oarlock_value>(context.input_count());
};
struct oarlock_call {
  RunContext& context;
  oarlock_node node{context.node()};
  std::vector<oarlock_value> inputs = std::vector<oarlock_value>(context.input_count());
};

namespace {

template <class Handle>
Status call(oarlock_code (*function)(Handle*, void*), Handle& handle, void* context) {
  oarlock::capi::clear_error();
  return oarlock::capi::status_of(function(&handle, context));
}

Status set_counts(oarlock::Arity& arity, size_t least, size_t most) {
  constexpr auto kMost = static_cast<size_t>(oarlock::Arity::kMany);
  if (least > most || least >= kMost)
    return oarlock::invalid("from ", least, " to ", most, " is no range");
  arity = {static_cast<int>(least), static_cast<int>(std::min(most, kMost))};
  return {};
}

const oarlock::TypeInfo* tensor_type(const oarlock_infer* infer, size_t index) {
  if (infer == nullptr || index >= infer->context.input_count() ||
      !infer->context.has_input(index) || !infer->context.input(index).is_tensor())
    return nullptr;
  return &infer->context.input(index);
}

const Attrs* attributes(const oarlock_node* node, const char* name) {
  return node == nullptr || name == nullptr ? nullptr : &node->node.attrs;
}

}  // namespace

extern "C" {

oarlock_code oarlock_op_new(const char* domain, const char* name, oarlock_op** out) {
  return guarded([&]() -> Status {
    if (domain == nullptr) return null_argument("domain");
    if (name == nullptr) return null_argument("name");
    if (out == nullptr) return null_argument("out");
    *out = new oarlock_op{{.domain = domain, .name = name, .inputs = 1}};
    return {};
  });
}

void oarlock_op_free(oarlock_op* op) { delete op; }

oarlock_code oarlock_op_set_inputs(oarlock_op* op, size_t least, size_t most) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    return set_counts(op->def.inputs, least, most);
  });
}

oarlock_code oarlock_op_set_outputs(oarlock_op* op, size_t least, size_t most) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    return set_counts(op->def.outputs, least, most);
  });
}

oarlock_code oarlock_op_add_attribute(oarlock_op* op, const char* name, oarlock_attribute kind,
                                      bool required) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    if (name == nullptr) return null_argument("name");
    const auto attribute = static_cast<AttrKind>(kind);
    switch (attribute) {
      case AttrKind::integer:
      case AttrKind::number:
      case AttrKind::string:
      case AttrKind::integers:
      case AttrKind::numbers:
        break;
      default:
        return oarlock::invalid("attribute '", name, "' is of the unknown kind ",
                                static_cast<int>(kind));
    }
    op->def.attrs.push_back(required ? AttrDef::must(name, attribute) : AttrDef(name, attribute));
    return {};
  });
}

oarlock_code oarlock_op_set_impure(oarlock_op* op) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    op->def.pure = false;
    return {};
  });
}

oarlock_code oarlock_op_set_functions(oarlock_op* op, oarlock_infer_function infer,
                                      oarlock_run_function run, void* context) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    if (run == nullptr) return null_argument("run");
    op->def.infer = nullptr;
    if (infer != nullptr)
      op->def.infer = [infer, context](InferContext& c) {
        oarlock_infer handle{c};
        return call(infer, handle, context);
      };
    op->def.reference = [run, context](RunContext& c) {
      oarlock_call handle{c};
      for (size_t i = 0; i < handle.inputs.size(); ++i)
        if (c.has_input(i)) handle.inputs[i].value = c.input_value(i);
      return call(run, handle, context);
    };
    return {};
  });
}

oarlock_code oarlock_op_register(const oarlock_op* op) {
  return guarded([&]() -> Status {
    if (op == nullptr) return null_argument("op");
    return oarlock::register_op(op->def);
  });
}

oarlock_code oarlock_fail(oarlock_code code, const char* message) {
  return oarlock::capi::report(code, message == nullptr ? "" : message);
}

const char* oarlock_node_name(const oarlock_node* node) {
  return node == nullptr ? nullptr : node->node.name.c_str();
}

bool oarlock_node_has(const oarlock_node* node, const char* attribute) {
  const Attrs* attrs = attributes(node, attribute);
  return attrs != nullptr && attrs->has(attribute);
}

int64_t oarlock_node_integer(const oarlock_node* node, const char* attribute, int64_t fallback) {
  const Attrs* attrs = attributes(node, attribute);
  return attrs == nullptr ? fallback : attrs->integer(attribute, fallback);
}

float oarlock_node_number(const oarlock_node* node, const char* attribute, float fallback) {
  const Attrs* attrs = attributes(node, attribute);
  return attrs == nullptr ? fallback : attrs->number(attribute, fallback);
}

const char* oarlock_node_text(const oarlock_node* node, const char* attribute) {
  const Attrs* attrs = attributes(node, attribute);
  return attrs == nullptr || !attrs->has(attribute) ? nullptr : attrs->string(attribute).c_str();
}

size_t oarlock_node_integers(const oarlock_node* node, const char* attribute, const int64_t** out) {
  const Attrs* attrs = attributes(node, attribute);
  if (attrs == nullptr) return 0;
  const std::vector<int64_t>& list = attrs->integers(attribute);
  if (out != nullptr) *out = list.data();
  return list.size();
}

size_t oarlock_node_numbers(const oarlock_node* node, const char* attribute, const float** out) {
  const Attrs* attrs = attributes(node, attribute);
  if (attrs == nullptr) return 0;
  const std::vector<float>& list = attrs->numbers(attribute);
  if (out != nullptr) *out = list.data();
  return list.size();
}

const oarlock_node* oarlock_infer_node(const oarlock_infer* infer) {
  return infer == nullptr ? nullptr : &infer->node;
}

size_t oarlock_infer_input_count(const oarlock_infer* infer) {
  return infer == nullptr ? 0 : infer->context.input_count();
}

oarlock_dtype oarlock_infer_input_dtype(const oarlock_infer* infer, size_t index) {
  const oarlock::TypeInfo* type = tensor_type(infer, index);
  return type == nullptr ? OARLOCK_UNDEFINED : static_cast<oarlock_dtype>(type->dtype);
}

size_t oarlock_infer_input_rank(const oarlock_infer* infer, size_t index) {
  const oarlock::TypeInfo* type = tensor_type(infer, index);
  return type == nullptr ? 0 : type->shape.rank();
}

const int64_t* oarlock_infer_input_shape(const oarlock_infer* infer, size_t index) {
  const oarlock::TypeInfo* type = tensor_type(infer, index);
  return type == nullptr ? nullptr : type->shape.data();
}

const oarlock_value* oarlock_infer_input_value(oarlock_infer* infer, size_t index) {
  if (tensor_type(infer, index) == nullptr) return nullptr;
  const Tensor* constant = infer->context.constant(index);
  if (constant == nullptr) return nullptr;
  infer->values[index].value = *constant;
  return &infer->values[index];
}

size_t oarlock_infer_output_count(const oarlock_infer* infer) {
  return infer == nullptr ? 0 : infer->context.output_count();
}

oarlock_code oarlock_infer_set_output(oarlock_infer* infer, size_t index, oarlock_dtype dtype,
                                      const int64_t* shape, size_t rank) {
  return guarded([&]() -> Status {
    if (infer == nullptr) return null_argument("infer");
    OARLOCK_ASSIGN(const DType type, checked_dtype(dtype));
    OARLOCK_ASSIGN(Shape dims, checked_shape(shape, rank, true));
    infer->context.set_output(index, type, std::move(dims));
    return {};
  });
}

const oarlock_node* oarlock_call_node(const oarlock_call* call) {
  return call == nullptr ? nullptr : &call->node;
}

size_t oarlock_call_input_count(const oarlock_call* call) {
  return call == nullptr ? 0 : call->inputs.size();
}

const oarlock_value* oarlock_call_input(const oarlock_call* call, size_t index) {
  if (call == nullptr || index >= call->inputs.size() || !call->context.has_input(index))
    return nullptr;
  return &call->inputs[index];
}

size_t oarlock_call_output_count(const oarlock_call* call) {
  return call == nullptr ? 0 : call->context.output_count();
}

oarlock_code oarlock_call_output(oarlock_call* call, size_t index, oarlock_dtype dtype,
                                 const int64_t* shape, size_t rank, void** data) {
  return guarded([&]() -> Status {
    if (call == nullptr) return null_argument("call");
    if (data == nullptr) return null_argument("data");
    OARLOCK_ASSIGN(const DType type, checked_dtype(dtype));
    if (type == DType::string) return oarlock::invalid("use oarlock_call_set_output for strings");
    OARLOCK_ASSIGN(const Shape dims, checked_shape(shape, rank));
    if (index >= call->context.output_count())
      return oarlock::invalid("output ", index, " of ", call->context.output_count());
    OARLOCK_ASSIGN(Tensor* const tensor, call->context.output(index, type, dims));
    *data = tensor->mutable_data();
    return {};
  });
}

oarlock_code oarlock_call_set_output(oarlock_call* call, size_t index, const oarlock_value* value) {
  return guarded([&]() -> Status {
    if (call == nullptr) return null_argument("call");
    if (value == nullptr) return null_argument("value");
    if (index >= call->context.output_count())
      return oarlock::invalid("output ", index, " of ", call->context.output_count());
    return call->context.set_output(index, value->value);
  });
}

bool oarlock_call_cancelled(const oarlock_call* call) {
  return call != nullptr && call->context.cancelled();
}

}  // extern "C"
