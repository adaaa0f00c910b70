#pragma once

#include <array>
#include <string>

#include "oarlock/plugin/numeric.h"
#include "oarlock/tensor.h"

namespace oarlock::ops {

// Memory of 16 bytes, moved as a whole: an element of complex128.
using Unit16 = std::array<uint64_t, 2>;

// A tensor for operators that move elements without looking at them: each element is one object of
// a plain type of its size, std::string for strings. Packed types (below 8 bits) are looked at
// through an unpacked copy; for any other the memory is the tensor's own.
class Units {
 public:
  static Result<Units> read(const Tensor& tensor);
  // finish() puts what was written to an unpacked copy into `target`.
  static Result<Units> write(Tensor& target);
  // As write(), for a target whose contents are set already and only partly changed.
  static Result<Units> modify(Tensor& target);

  // Of the type that visit_units() gives for the tensor's dtype.
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(tensor_.data());
  }
  template <class T>
  T* data() {
    return reinterpret_cast<T*>(tensor_.mutable_data());
  }
  void finish();

 private:
  Tensor tensor_;  // shares the memory, or holds one byte an element
  Tensor packed_target_;
};

// Calls f(TypeTag<T>{}) with the type of which Units of `dtype` consist.
template <class F>
Status visit_units(DType dtype, F&& f) {
  if (dtype == DType::string) {
    f(TypeTag<std::string>{});
    return {};
  }
  switch (bits(dtype)) {
    case 2:
    case 4:
    case 8:
      f(TypeTag<uint8_t>{});
      return {};
    case 16:
      f(TypeTag<uint16_t>{});
      return {};
    case 32:
      f(TypeTag<uint32_t>{});
      return {};
    case 64:
      f(TypeTag<uint64_t>{});
      return {};
    case 128:
      f(TypeTag<Unit16>{});
      return {};
    default:
      return unsupported("elements of type ", dtype);
  }
}

// The plain move: calls f(TypeTag<T>{}, const T* from, T* to) for elements of one tensor.
template <class F>
Status move_units(const Tensor& from, Tensor& to, F&& f) {
  OARLOCK_ASSIGN(const Units source, Units::read(from));
  OARLOCK_ASSIGN(Units target, Units::write(to));
  OARLOCK_TRY(visit_units(from.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    f(tag, source.data<T>(), target.template data<T>());
  }));
  target.finish();
  return {};
}

// Copies all elements of a tensor to another one of the same type and number of elements.
Status copy_elements(const Tensor& from, Tensor& to);

}  // namespace oarlock::ops
