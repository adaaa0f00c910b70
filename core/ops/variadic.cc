// Functions of any number of tensors that broadcast together: ONNX Max, Min, Mean, Sum (13).
#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

template <class List>
Status infer_variadic(InferContext& c) {
  OARLOCK_TRY(check_type<List>(c, 0));
  OARLOCK_TRY(check_same_types(c));
  return broadcast_inputs(c);
}

// Folds the inputs from first to last with combine(y, x), then applies finish(y, count).
template <class List, class Combine, class Finish>
Status run_variadic(RunContext& c, Combine combine, Finish finish) {
  Shape shape = c.input(0).shape();
  for (size_t n = 1; n < c.input_count(); ++n) {
    const auto wider = broadcast(shape, c.input(n).shape());
    if (!wider) return invalid("shapes ", shape, " and ", c.input(n).shape(), " do not broadcast");
    shape = *wider;
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(), shape));
  return visit<List>(c.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = Compute<T>;
    T* to = y->template mutable_as<T>().data();
    for (size_t n = 0; n < c.input_count(); ++n) {
      const T* from = c.input(n).as<T>().data();
      for_each_broadcast<1>(shape, {&c.input(n).shape()}, [&](int64_t i, const auto& at) {
        const auto x = static_cast<C>(from[at[0]]);
        to[i] = static_cast<T>(n == 0 ? x : combine(static_cast<C>(to[i]), x));
      });
    }
    for (int64_t i = 0; i < y->elements(); ++i) {
      to[i] = static_cast<T>(finish(static_cast<C>(to[i]), c.input_count()));
    }
  });
}

template <class List, class Combine, class Finish>
OpDef variadic(std::string name, Combine combine, Finish finish) {
  OpDef def;
  def.name = std::move(name);
  def.since_version = 13;
  def.inputs = Arity(1, Arity::kMany);
  def.infer = infer_variadic<List>;
  def.reference = [=](RunContext& c) { return run_variadic<List>(c, combine, finish); };
  def.flops = [](const Attrs&, std::span<const TypeInfo> inputs,
                 std::span<const TypeInfo> outputs) {
    return static_cast<double>(inputs.size()) *
           static_cast<double>(outputs[0].shape.elements().value_or(0));
  };
  return def;
}

}  // namespace

std::span<const OpDef> variadic_ops() {
  const auto plain = [](auto y, size_t) { return y; };
  const auto add = [](auto y, auto x) { return y + x; };
  static const OpDef defs[] = {
      variadic<Numbers>(
          "Max", [](auto y, auto x) { return y > x || y != y ? y : x; }, plain),
      variadic<Numbers>(
          "Min", [](auto y, auto x) { return y < x || y != y ? y : x; }, plain),
      variadic<Floats>("Sum", add, plain),
      variadic<Floats>("Mean", add,
                       [](auto y, size_t count) { return y / static_cast<decltype(y)>(count); }),
  };
  return defs;
}

}  // namespace oarlock::ops
