#include "oarlock/custom_op.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "tools/python/bindings/bindings.h"

namespace oarlock::python {
namespace {

// Kept by the definition, which lives until the process ends, but let go when the interpreter does.
struct Functions {
  nb::object infer, run;
};
std::vector<std::shared_ptr<Functions>>& all_functions() {
  static auto& all = *new std::vector<std::shared_ptr<Functions>>;
  return all;
}

nb::object still_there(const nb::object& function) {
  if (!function.is_valid()) raise(unavailable("the interpreter has ended"));
  return function;
}

nb::str text_of(const std::string& text) {
  return nb::steal<nb::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape"));
}

template <class List, class F>
nb::list list_of(const List& values, F convert) {
  nb::list list;
  for (const auto& value : values) list.append(convert(value));
  return list;
}

nb::object copy_of(const Tensor& tensor) { return nb::cast(check(tensor.clone())); }

nb::dict attributes_of(const Attrs& attrs) {
  nb::dict dict;
  const auto same = [](const auto& value) { return value; };
  for (const auto& [name, value] : attrs.entries()) {
    nb::object item = nb::none();
    if (const auto* v = std::get_if<int64_t>(&value)) item = nb::int_(*v);
    if (const auto* v = std::get_if<float>(&value)) item = nb::float_(*v);
    if (const auto* v = std::get_if<std::string>(&value)) item = text_of(*v);
    if (const auto* v = std::get_if<Tensor>(&value)) item = copy_of(*v);
    if (const auto* v = std::get_if<std::vector<int64_t>>(&value)) item = list_of(*v, same);
    if (const auto* v = std::get_if<std::vector<float>>(&value)) item = list_of(*v, same);
    if (const auto* v = std::get_if<std::vector<std::string>>(&value)) item = list_of(*v, text_of);
    dict[text_of(name)] = item;
  }
  return dict;
}

// The value of an attribute of this kind from Python.
AttrValue attribute_from(AttrKind kind, nb::handle value) {
  switch (kind) {
    case AttrKind::integer:
      return nb::cast<int64_t>(value);
    case AttrKind::number:
      return nb::cast<float>(value);
    case AttrKind::string:
      return nb::cast<std::string>(value);
    case AttrKind::tensor:
      return nb::cast<Tensor>(value);
    case AttrKind::integers:
      return nb::cast<std::vector<int64_t>>(value);
    case AttrKind::numbers:
      return nb::cast<std::vector<float>>(value);
    case AttrKind::strings:
      return nb::cast<std::vector<std::string>>(value);
    default:
      raise(invalid("attributes of this kind are not for operators in Python"));
  }
}

// Runs a body that calls into Python; what is raised there becomes a Status.
template <class F>
Status guarded(F body) {
  nb::gil_scoped_acquire lock;
  try {
    body();
    return {};
  } catch (nb::python_error& error) {
    const std::string name = nb::cast<std::string>(error.type().attr("__name__"));
    const std::string text = concat(name, ": ", nb::cast<std::string>(nb::str(error.value())));
    return error.matches(PyExc_MemoryError) ? out_of_memory(text) : invalid(text);
  } catch (const nb::cast_error&) {
    return invalid("the operator's function returned something that is no list of its results");
  }
}

// (dtype, shape or None for every extent) for each input, and the tensor of a constant one.
Status infer_outputs(InferContext& c, const Functions& functions) {
  return guarded([&] {
    nb::list types;
    for (size_t i = 0; i < c.input_count(); ++i) {
      if (!c.has_input(i) || !c.input(i).is_tensor()) {
        types.append(nb::none());
        continue;
      }
      const nb::list shape = list_of(c.shape(i), [](int64_t extent) -> nb::object {
        if (extent == Shape::kUnknown) return nb::none();
        return nb::int_(extent);
      });
      nb::object value = nb::none();
      if (const Tensor* constant = c.constant(i)) value = copy_of(*constant);
      types.append(nb::make_tuple(static_cast<int>(c.dtype(i)), shape, value));
    }
    const nb::object results = still_there(functions.infer)(types, attributes_of(c.attrs()));
    size_t index = 0;
    for (nb::handle result : results) {
      Shape shape;
      for (nb::handle extent : result[1])
        shape.push_back(extent.is_none() ? Shape::kUnknown : nb::cast<int64_t>(extent));
      c.set_output(index++, static_cast<DType>(nb::cast<int>(result[0])), std::move(shape));
    }
  });
}

Status run(RunContext& c, const Functions& functions) {
  std::vector<Value> outputs;
  OARLOCK_TRY(guarded([&] {
    nb::list inputs;
    for (size_t i = 0; i < c.input_count(); ++i) {
      if (!c.has_input(i) || !c.input_value(i).is_tensor())
        inputs.append(c.has_input(i) ? object_from(c.input_value(i)) : nb::none());
      else
        inputs.append(copy_of(c.input(i)));
    }
    const nb::object results = still_there(functions.run)(inputs, attributes_of(c.attrs()));
    for (nb::handle result : results) outputs.push_back(value_from(result));
  }));
  if (outputs.size() != c.output_count())
    return invalid("the operator's function returned ", outputs.size(), " results, the node has ",
                   c.output_count());
  for (size_t i = 0; i < outputs.size(); ++i) OARLOCK_TRY(c.set_output(i, std::move(outputs[i])));
  return {};
}

Arity arity_of(nb::tuple range) {
  const int least = nb::cast<int>(range[0]);
  return {least, range[1].is_none() ? Arity::kMany : nb::cast<int>(range[1])};
}

// attributes: (name, kind, default or None, whether it is required).
void register_python_op(const std::string& domain, const std::string& name, nb::tuple inputs,
                        nb::tuple outputs, nb::list attributes, nb::object infer, nb::object run_it,
                        bool pure) {
  OpDef def;
  def.domain = domain;
  def.name = name;
  def.inputs = arity_of(inputs);
  def.outputs = arity_of(outputs);
  def.pure = pure;
  for (nb::handle attribute : attributes) {
    const auto attr_name = nb::cast<std::string>(attribute[0]);
    const auto kind = static_cast<AttrKind>(nb::cast<int>(attribute[1]));
    if (!attribute[2].is_none())
      def.attrs.emplace_back(attr_name, attribute_from(kind, attribute[2]));
    else if (nb::cast<bool>(attribute[3]))
      def.attrs.push_back(AttrDef::must(attr_name, kind));
    else
      def.attrs.emplace_back(attr_name, kind);
  }
  const auto functions = std::make_shared<Functions>(Functions{infer, run_it});
  if (!infer.is_none())
    def.infer = [functions](InferContext& c) { return infer_outputs(c, *functions); };
  def.reference = [functions](RunContext& c) { return run(c, *functions); };
  check(register_op(std::move(def)));
  all_functions().push_back(functions);
}

void release_ops() {
  for (const std::shared_ptr<Functions>& functions : all_functions()) *functions = {};
  all_functions().clear();
}

}  // namespace

void add_custom_op(nb::module_& module) {
  module.def("register_op", &register_python_op, nb::arg("domain"), nb::arg("name"),
             nb::arg("inputs"), nb::arg("outputs"), nb::arg("attributes"), nb::arg("infer").none(),
             nb::arg("run"), nb::arg("pure"));
  module.def("release_ops", &release_ops);
}

}  // namespace oarlock::python
