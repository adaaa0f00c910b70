#pragma once

#include <string>

#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// The element types an operator takes.
template <class... Ts>
struct Types {
  static bool contains(DType dtype) { return ((dtype == kDTypeOf<Ts>) || ...); }
  // Calls f(TypeTag<T>{}); false when `dtype` is not among the types.
  template <class F>
  static bool visit(DType dtype, F&& f) {
    return visit_types<Ts...>(dtype, f);
  }
  static std::string names() {
    std::string out;
    ((out += out.empty() ? "" : ", ", out += to_string(kDTypeOf<Ts>)), ...);
    return out;
  }
};

template <class A, class B>
struct JoinTypes;
template <class... As, class... Bs>
struct JoinTypes<Types<As...>, Types<Bs...>> {
  using Joined = Types<As..., Bs...>;
};
template <class A, class B>
using Join = typename JoinTypes<A, B>::Joined;

using Floats = Types<float, double, Float16, BFloat16>;
using Integers = Types<int64_t, int32_t, int8_t, uint8_t, int16_t, uint16_t, uint32_t, uint64_t>;
using Indices = Types<int64_t, int32_t>;
using Bools = Types<bool>;
using Strings = Types<std::string>;
using Numbers = Join<Floats, Integers>;
using NumbersAndBool = Join<Numbers, Bools>;

// That input i is a tensor.
Status check_tensor(const InferContext& c, size_t i);
// That input i has a type described by `expected`.
Status wrong_type(const InferContext& c, size_t i, std::string_view expected);

template <class List>
Status check_type(const InferContext& c, size_t i, List = {}) {
  OARLOCK_TRY(check_tensor(c, i));
  if (!List::contains(c.dtype(i))) return wrong_type(c, i, List::names());
  return {};
}

// That inputs `first` and all later ones have the element type of input 0.
Status check_same_types(const InferContext& c, size_t first = 1);

// Visits the type of `dtype` in List; an operator whose infer function has checked it never fails.
template <class List, class F>
Status visit(DType dtype, F&& f) {
  if (!List::visit(dtype, f)) return unsupported("elements of type ", dtype);
  return {};
}

}  // namespace oarlock::ops
