// Updates of domain ai.onnx.preview.training (1): Adagrad, Adam, Momentum. Inputs: the rate R, the
// count T, then for k tensors k lists one after another: the tensors X, their gradients, their
// states; outputs: new tensors, then new states. Computed in the tensors' own type.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

using TrainedTypes = Types<float, double>;

template <class T>
struct Slot {
  T x = 0, gradient = 0;
  T state[2] = {0, 0};
};

// How many tensors the inputs hold, in groups of this many.
Result<size_t> tensor_count(size_t inputs, size_t outputs, size_t states) {
  const size_t lists = states + 2;
  if (inputs < 2 + lists || (inputs - 2) % lists != 0)
    return invalid("has ", inputs, " inputs, expected R, T and ", lists, " for each tensor");
  const size_t count = (inputs - 2) / lists;
  if (outputs != count * (states + 1))
    return invalid("has ", outputs, " outputs for ", count, " tensors, expected ",
                   count * (states + 1));
  return count;
}

Status infer_update(InferContext& c, size_t states) {
  OARLOCK_ASSIGN(const size_t count, tensor_count(c.input_count(), c.output_count(), states));
  OARLOCK_TRY(check_type<TrainedTypes>(c, 0));
  OARLOCK_TRY(check_type<Types<int64_t>>(c, 1));
  for (size_t i = 0; i < 2; ++i)
    if (const auto elements = c.shape(i).elements(); elements && *elements != 1)
      return invalid("input ", i, " has the shape ", c.shape(i), ", expected a scalar");
  for (size_t i = 2; i < c.input_count(); ++i) {
    OARLOCK_TRY(check_type<TrainedTypes>(c, i));
    const size_t first = 2 + (i - 2) % count;
    if (c.dtype(i) != c.dtype(first) || c.shape(i).rank() != c.shape(first).rank())
      return invalid("input ", i, " is ", c.input(i), ", expected ", c.input(first), " like input ",
                     first);
    for (size_t d = 0; d < c.shape(i).rank(); ++d) {
      const int64_t a = c.shape(i)[d], b = c.shape(first)[d];
      if (a != b && a != Shape::kUnknown && b != Shape::kUnknown)
        return invalid("input ", i, " has the shape ", c.shape(i), ", expected ", c.shape(first),
                       " like input ", first);
    }
  }
  for (size_t i = 0; i < c.output_count(); ++i) c.set_output(i, c.input(2 + i % count));
  return {};
}

// make(T{}) gives a function that updates a Slot<T>.
template <class Make>
Status run_update(RunContext& c, size_t states, Make make) {
  OARLOCK_ASSIGN(const size_t count, tensor_count(c.input_count(), c.output_count(), states));
  for (size_t i = 0; i < count; ++i) {
    const Tensor& x = c.input(2 + i);
    Status status;
    OARLOCK_TRY(visit<TrainedTypes>(x.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      std::vector<T*> to;
      for (size_t s = 0; s <= states; ++s) {
        auto output = c.output(i + s * count, x.dtype(), x.shape());
        if (!output.ok()) {
          status = output.status();
          return;
        }
        to.push_back((*output)->template mutable_as<T>().data());
      }
      const auto list = [&](size_t k) { return c.input(2 + i + k * count).template as<T>(); };
      const auto update = make(T{});
      for (size_t e = 0; e < static_cast<size_t>(x.elements()); ++e) {
        Slot<T> slot{list(0)[e], list(1)[e], {}};
        for (size_t s = 0; s < states; ++s) slot.state[s] = list(2 + s)[e];
        update(slot);
        to[0][e] = slot.x;
        for (size_t s = 0; s < states; ++s) to[1 + s][e] = slot.state[s];
      }
    }));
    OARLOCK_TRY(status);
  }
  return {};
}

double rate_of(const RunContext& c) { return element(c.input(0), 0); }
double steps_of(const RunContext& c) { return static_cast<double>(c.input(1).as<int64_t>()[0]); }

Status adagrad(RunContext& c) {
  const double rate = rate_of(c) / (1 + steps_of(c) * c.attrs().number("decay_factor"));
  return run_update(c, 1, [&](auto zero) {
    using T = decltype(zero);
    const T norm = c.attrs().number("norm_coefficient"), epsilon = c.attrs().number("epsilon");
    return [=, r = static_cast<T>(rate)](Slot<T>& s) {
      const T gradient = norm * s.x + s.gradient;
      s.state[0] += gradient * gradient;
      s.x -= r * gradient / (std::sqrt(s.state[0]) + epsilon);
    };
  });
}

Status adam(RunContext& c) {
  const double steps = steps_of(c);
  double rate = rate_of(c);
  if (steps > 0)
    rate *= std::sqrt(1 - std::pow(double{c.attrs().number("beta")}, steps)) /
            (1 - std::pow(double{c.attrs().number("alpha")}, steps));
  return run_update(c, 2, [&](auto zero) {
    using T = decltype(zero);
    const Attrs& a = c.attrs();
    const T norm = a.number("norm_coefficient"), post = a.number("norm_coefficient_post");
    const T alpha = a.number("alpha"), beta = a.number("beta"), epsilon = a.number("epsilon");
    return [=, r = static_cast<T>(rate)](Slot<T>& s) {
      const T gradient = norm * s.x + s.gradient;
      s.state[0] = alpha * s.state[0] + (1 - alpha) * gradient;
      s.state[1] = beta * s.state[1] + (1 - beta) * gradient * gradient;
      s.x = (1 - post) * (s.x - r * s.state[0] / (std::sqrt(s.state[1]) + epsilon));
    };
  });
}

Status infer_momentum(InferContext& c) {
  const std::string& mode = c.attrs().string("mode");
  if (mode != "standard" && mode != "nesterov")
    return invalid("attribute mode is '", mode, "', expected standard or nesterov");
  return infer_update(c, 1);
}

Status momentum(RunContext& c) {
  const bool nesterov = c.attrs().string("mode") == "nesterov";
  const float factor = steps_of(c) > 0 ? c.attrs().number("beta") : 1.0F;
  return run_update(c, 1, [&](auto zero) {
    using T = decltype(zero);
    const T norm = c.attrs().number("norm_coefficient"), alpha = c.attrs().number("alpha");
    return [=, r = static_cast<T>(rate_of(c)), beta = T{factor}](Slot<T>& s) {
      const T gradient = norm * s.x + s.gradient;
      s.state[0] = alpha * s.state[0] + beta * gradient;
      s.x -= r * (nesterov ? gradient + alpha * s.state[0] : s.state[0]);
    };
  });
}

OpDef make(std::string name, std::vector<AttrDef> attrs, std::function<Status(InferContext&)> infer,
           std::function<Status(RunContext&)> reference) {
  return {.domain = "ai.onnx.preview.training",
          .name = std::move(name),
          .since_version = 1,
          .attrs = std::move(attrs),
          .inputs = {3, Arity::kMany},
          .outputs = {1, Arity::kMany},
          .infer = std::move(infer),
          .reference = std::move(reference)};
}

}  // namespace

std::span<const OpDef> training_ops() {
  const auto number = [](const char* name) { return AttrDef::must(name, AttrKind::number); };
  static const OpDef defs[] = {
      make(
          "Adagrad", {{"decay_factor", 0.0f}, {"epsilon", 1e-6f}, {"norm_coefficient", 0.0f}},
          [](InferContext& c) { return infer_update(c, 1); }, adagrad),
      make(
          "Adam",
          {{"alpha", 0.9f},
           {"beta", 0.999f},
           {"epsilon", 1e-6f},
           {"norm_coefficient", 0.0f},
           {"norm_coefficient_post", 0.0f}},
          [](InferContext& c) { return infer_update(c, 2); }, adam),
      make("Momentum",
           {number("alpha"), number("beta"), AttrDef::must("mode", AttrKind::string),
            number("norm_coefficient")},
           infer_momentum, momentum),
  };
  return defs;
}

}  // namespace oarlock::ops
