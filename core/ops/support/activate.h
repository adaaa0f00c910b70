#pragma once

#include <algorithm>
#include <cstdint>

#include "core/ops/support/elements.h"
#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// The fused activation over n elements of float or double.
template <class C>
void activate(const Activation& activation, C* data, int64_t n) {
  switch (activation.kind) {
    case Activation::Kind::none:
      return;
    case Activation::Kind::relu:
      for (int64_t i = 0; i < n; ++i) data[i] = data[i] < C{0} ? C{0} : data[i];
      return;
    case Activation::Kind::clip:
      for (int64_t i = 0; i < n; ++i)
        data[i] = std::min<C>(std::max<C>(data[i], activation.alpha), activation.beta);
      return;
    default:
      for (int64_t i = 0; i < n; ++i)
        data[i] = static_cast<C>(apply(activation, static_cast<float>(data[i])));
  }
}

inline Result<Activation> checked_activation(const Attrs& attrs) {
  if (auto found = activation_from(attrs)) return *found;
  return invalid("attribute activation names an unknown function: ", attrs.string("activation"));
}

// Ends a product or convolution: adds the residual in input `residual`, if there is one, and
// applies the activation.
template <class C>
Status finish_product(const RunContext& c, size_t residual, Results<C>& out) {
  OARLOCK_ASSIGN(const Activation activation, checked_activation(c.attrs()));
  if (c.has_input(residual)) {
    const Elements<C> add(c.input(residual));
    for (int64_t i = 0; i < out.size(); ++i) out[i] += add[i];
  }
  activate(activation, out.data(), out.size());
  out.store();
  return {};
}

// activation, activation_alpha, activation_beta.
inline void add_activation_attrs(std::vector<AttrDef>& attrs) {
  attrs.emplace_back("activation", "");
  attrs.emplace_back("activation_alpha", 0.0f);
  attrs.emplace_back("activation_beta", 0.0f);
}

}  // namespace oarlock::ops
