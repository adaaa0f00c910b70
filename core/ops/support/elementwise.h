#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {

// How much one element costs, for OpDef::flops.
inline double flops_per_output(const Attrs&, std::span<const TypeInfo>,
                               std::span<const TypeInfo> outputs) {
  return static_cast<double>(outputs[0].shape.elements().value_or(0));
}

// y[i] = f(x[i]) with f = make(attributes): In is the list of types of x; `make` returns a function
// of one Compute<T>, whose result is converted to the type of y: that of x, or Out.
template <class In, class Out = void, class Make>
OpDef unary_with(std::string name, int version, std::vector<AttrDef> attrs, Make make) {
  constexpr bool kSameType = std::is_void_v<Out>;
  OpDef def;
  def.name = std::move(name);
  def.since_version = version;
  def.attrs = std::move(attrs);
  def.inputs = 1;
  def.infer = [](InferContext& c) -> Status {
    OARLOCK_TRY(check_type<In>(c, 0));
    if constexpr (kSameType) {
      return same_type_as_input(c);
    } else {
      c.set_output(0, kDTypeOf<Out>, c.shape(0));
      return {};
    }
  };
  def.reference = [make](RunContext& c) -> Status {
    const Tensor& x = c.input(0);
    OARLOCK_ASSIGN(Tensor* const y, c.output(0, kSameType ? x.dtype() : kDTypeOf<Out>, x.shape()));
    const auto f = make(c.attrs());
    return visit<In>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      using Y = std::conditional_t<kSameType, T, Out>;
      const T* from = x.as<T>().data();
      Y* to = y->template mutable_as<Y>().data();
      for (int64_t i = 0; i < x.elements(); ++i) {
        to[i] = static_cast<Y>(f(static_cast<Compute<T>>(from[i])));
      }
    });
  };
  def.flops = flops_per_output;
  return def;
}

template <class In, class Out = void, class F>
OpDef unary(std::string name, int version, F f) {
  return unary_with<In, Out>(std::move(name), version, {}, [f](const Attrs&) { return f; });
}

// y = f(a, b), where a and b have one type of In and broadcast, f = make(attributes).
template <class In, class Out = void, class Make>
OpDef binary_with(std::string name, int version, std::vector<AttrDef> attrs, Make make) {
  constexpr bool kSameType = std::is_void_v<Out>;
  OpDef def;
  def.name = std::move(name);
  def.since_version = version;
  def.attrs = std::move(attrs);
  def.inputs = 2;
  def.infer = [](InferContext& c) -> Status {
    OARLOCK_TRY(check_type<In>(c, 0));
    OARLOCK_TRY(check_same_types(c));
    const auto shape = broadcast(c.shape(0), c.shape(1));
    if (!shape) return invalid("shapes ", c.shape(0), " and ", c.shape(1), " do not broadcast");
    c.set_output(0, kSameType ? c.dtype(0) : kDTypeOf<Out>, *shape);
    return {};
  };
  def.reference = [make](RunContext& c) -> Status {
    const Tensor &a = c.input(0), &b = c.input(1);
    const auto shape = broadcast(a.shape(), b.shape());
    if (!shape) return invalid("shapes ", a.shape(), " and ", b.shape(), " do not broadcast");
    OARLOCK_ASSIGN(Tensor* const y, c.output(0, kSameType ? a.dtype() : kDTypeOf<Out>, *shape));
    const auto f = make(c.attrs());
    return visit<In>(a.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      using Y = std::conditional_t<kSameType, T, Out>;
      using C = std::conditional_t<std::is_same_v<T, std::string>, const T&, Compute<T>>;
      const T *x0 = a.as<T>().data(), *x1 = b.as<T>().data();
      Y* to = y->template mutable_as<Y>().data();
      for_each_broadcast<2>(*shape, {&a.shape(), &b.shape()}, [&](int64_t i, const auto& at) {
        to[i] = static_cast<Y>(f(static_cast<C>(x0[at[0]]), static_cast<C>(x1[at[1]])));
      });
    });
  };
  def.flops = flops_per_output;
  return def;
}

template <class In, class Out = void, class F>
OpDef binary(std::string name, int version, F f) {
  return binary_with<In, Out>(std::move(name), version, {}, [f](const Attrs&) { return f; });
}

}  // namespace oarlock::ops
