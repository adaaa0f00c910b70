#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <memory>

#include "oarlock/plugin/numeric.h"
#include "tools/python/bindings/bindings.h"

namespace oarlock::python {
namespace {

bool is_packed(DType dtype) { return bits(dtype) > 0 && bits(dtype) < 8; }

Shape shape_of(const std::vector<int64_t>& dims) {
  Shape shape{std::span<const int64_t>(dims)};
  for (int64_t dim : shape)
    if (dim < 0) raise(invalid("a tensor cannot have shape ", shape));
  return shape;
}

DType dtype_of(int number) {
  if (number <= 0 || number >= kDTypeCount)
    raise(invalid("element type ", number, " is not known"));
  return static_cast<DType>(number);
}

// Holds a buffer of Python; released under the interpreter's lock whoever lets go last.
struct HeldBuffer {
  Py_buffer view{};
  ~HeldBuffer() {
    if (view.obj == nullptr) return;
    nb::gil_scoped_acquire lock;
    PyBuffer_Release(&view);
  }
};

// A contiguous buffer of raw elements; packed types come one element a byte.
Tensor from_buffer(int number, const std::vector<int64_t>& dims, nb::handle buffer) {
  const DType dtype = dtype_of(number);
  const Shape shape = shape_of(dims);
  auto held = std::make_shared<HeldBuffer>();
  if (PyObject_GetBuffer(buffer.ptr(), &held->view, PyBUF_C_CONTIGUOUS) != 0) {
    held->view.obj = nullptr;
    throw nb::python_error();
  }
  auto* data = static_cast<std::byte*>(held->view.buf);
  const auto bytes = static_cast<size_t>(held->view.len);
  if (!is_packed(dtype)) return check(Tensor::view(dtype, shape, data, bytes, held));
  Tensor tensor = check(Tensor::allocate(dtype, shape));
  if (static_cast<size_t>(tensor.elements()) > bytes)
    raise(invalid(tensor, " needs ", tensor.elements(), " bytes, one an element, not ", bytes));
  std::memset(tensor.mutable_data(), 0, tensor.bytes());
  for (int64_t i = 0; i < tensor.elements(); ++i)
    store_packed(dtype, tensor.mutable_data(), i, static_cast<int8_t>(data[i]));
  return tensor;
}

Tensor from_strings(const std::vector<int64_t>& dims, nb::list list) {
  std::vector<std::string> strings;
  for (nb::handle item : list) {
    char* text = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(item.ptr(), &text, &size) != 0) throw nb::python_error();
    strings.emplace_back(text, static_cast<size_t>(size));
  }
  Tensor tensor = Tensor::strings(shape_of(dims), std::move(strings));
  if (!tensor.defined()) raise(invalid("the number of strings does not agree with the shape"));
  return tensor;
}

nb::list strings(const Tensor& tensor) {
  if (tensor.dtype() != DType::string) raise(invalid(tensor, " holds no strings"));
  nb::list list;
  for (const std::string& s : tensor.as<std::string>()) list.append(nb::bytes(s.data(), s.size()));
  return list;
}

nb::tuple shape(const Tensor& tensor) {
  nb::list list;
  for (int64_t dim : tensor.shape()) list.append(dim);
  return nb::tuple(list);
}

// Elements of a packed type, one a byte; of other types empty.
nb::bytes unpacked(const Tensor& tensor) {
  std::string bytes;
  if (is_packed(tensor.dtype()))
    for (int64_t i = 0; i < tensor.elements(); ++i)
      bytes += static_cast<char>(load_packed(tensor.dtype(), tensor.data(), i));
  return nb::bytes(bytes.data(), bytes.size());
}

// Python's buffer protocol: raw bytes, writable, kept alive by the object.
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  Tensor& tensor = *nb::inst_ptr<Tensor>(nb::handle(self));
  if (tensor.dtype() == DType::string) {
    PyErr_SetString(PyExc_BufferError, "a tensor of strings has no buffer");
    return -1;
  }
  static std::byte nothing{};
  std::byte* data = tensor.bytes() > 0 ? tensor.mutable_data() : &nothing;
  return PyBuffer_FillInfo(view, self, data, static_cast<Py_ssize_t>(tensor.bytes()), 0, flags);
}

PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)}, {0, nullptr}};

}  // namespace

Value value_from(nb::handle object) {
  if (object.is_none()) return {};
  if (nb::isinstance<Tensor>(object)) return Value(nb::cast<const Tensor&>(object));
  if (nb::isinstance<nb::tuple>(object) && nb::len(object) == 2)
    return check(
        Value::map_of(nb::cast<const Tensor&>(object[0]), nb::cast<const Tensor&>(object[1])));
  if (!nb::isinstance<nb::list>(object))
    raise(invalid("a value is None, a tensor, keys and values of a map, or a list of values"));
  Sequence sequence;
  for (nb::handle item : nb::borrow<nb::list>(object)) sequence.push_back(value_from(item));
  return Value(std::move(sequence));
}

nb::object object_from(const Value& value) {
  if (value.empty()) return nb::none();
  if (value.is_tensor()) return nb::cast(value.tensor());
  if (value.is_map()) return nb::make_tuple(value.map().keys, value.map().values);
  nb::list list;
  for (const Value& item : value.sequence()) list.append(object_from(item));
  return list;
}

nb::object describe(const NamedType& type) {
  constexpr const char* kKinds[] = {"unknown", "tensor", "sequence", "optional", "map"};
  nb::object dims = nb::none();
  if (type.type.is_tensor() && type.type.has_rank) {
    nb::list list;
    for (size_t i = 0; i < type.type.shape.rank(); ++i) {
      const bool named = i < type.type.dim_names.size() && !type.type.dim_names[i].empty();
      if (type.type.shape[i] != Shape::kUnknown)
        list.append(type.type.shape[i]);
      else if (named)
        list.append(type.type.dim_names[i]);
      else
        list.append(nb::none());
    }
    dims = nb::tuple(list);
  }
  const TypeInfo* inner = &type.type;
  while (inner->element != nullptr) inner = inner->element.get();
  return nb::make_tuple(type.name, to_string(type.type),
                        kKinds[static_cast<size_t>(type.type.kind)], static_cast<int>(inner->dtype),
                        dims);
}

void add_tensor(nb::module_& module) {
  nb::class_<Tensor>(module, "Tensor", nb::type_slots(slots))
      .def_static("from_buffer", &from_buffer)
      .def_static("from_strings", &from_strings)
      .def_prop_ro("dtype", [](const Tensor& t) { return static_cast<int>(t.dtype()); })
      .def_prop_ro("shape", &shape)
      .def("strings", &strings)
      .def("unpacked", &unpacked)
      .def("clone", [](const Tensor& t) { return check(t.clone()); });
}

}  // namespace oarlock::python
