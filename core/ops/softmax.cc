// Softmax, LogSoftmax, Hardmax (ONNX 13): along one axis.
#include <algorithm>
#include <cmath>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_min_rank(c, 0, "input", 1));
  OARLOCK_TRY(checked_axis(c.attrs().integer("axis", -1), c.shape(0).rank()).status());
  return same_type_as_input(c);
}

// A sequence of n elements `stride` apart.
template <class C>
struct Line {
  const C* x;
  C* y;
  int64_t n, stride;
};

template <class C>
C maximum(const Line<C>& line) {
  C most = line.x[0];
  for (int64_t i = 1; i < line.n; ++i) most = std::max(most, line.x[i * line.stride]);
  return most;
}

template <class C>
void softmax(const Line<C>& line) {
  const C most = maximum(line);
  C sum = 0;
  for (int64_t i = 0; i < line.n; ++i) {
    const C e = std::exp(line.x[i * line.stride] - most);
    line.y[i * line.stride] = e;
    sum += e;
  }
  for (int64_t i = 0; i < line.n; ++i) line.y[i * line.stride] /= sum;
}

template <class C>
void log_softmax(const Line<C>& line) {
  const C most = maximum(line);
  double sum = 0;
  for (int64_t i = 0; i < line.n; ++i) sum += std::exp(line.x[i * line.stride] - most);
  const C log_sum = static_cast<C>(std::log(sum));
  for (int64_t i = 0; i < line.n; ++i)
    line.y[i * line.stride] = line.x[i * line.stride] - most - log_sum;
}

template <class C>
void hardmax(const Line<C>& line) {
  int64_t best = 0;
  for (int64_t i = 1; i < line.n; ++i) {
    if (line.x[i * line.stride] > line.x[best * line.stride]) best = i;
  }
  for (int64_t i = 0; i < line.n; ++i) line.y[i * line.stride] = i == best ? C{1} : C{0};
}

// work(Line<C>) for every line along the axis.
template <class F>
Status along_axis(RunContext& c, F&& work) {
  const Tensor& input = c.input(0);
  const Shape& shape = input.shape();
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -1), shape.rank()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, input.dtype(), shape));
  if (input.elements() == 0) return {};
  const int64_t outer = extent_product(shape, 0, axis);
  const int64_t inner = extent_product(shape, axis + 1, shape.rank());
  return with_compute_type(input.dtype(), [&](auto tag) -> Status {
    using C = typename decltype(tag)::Type;
    const Elements<C> x(input);
    Results<C> y(*output);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        const int64_t start = o * shape[axis] * inner + i;
        work(Line<C>{x.data() + start, y.data() + start, shape[axis], inner});
      }
    }
    y.store();
    return {};
  });
}

OpDef make(std::string name, std::function<Status(RunContext&)> reference, double cost) {
  return {
      .name = std::move(name),
      .since_version = 13,
      .attrs = {{"axis", -1}},
      .inputs = 1,
      .infer = infer,
      .reference = std::move(reference),
      .flops = [cost](const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
        return cost * static_cast<double>(inputs[0].shape.elements().value_or(0));
      }};
}

}  // namespace

std::span<const OpDef> softmax_ops() {
  static const std::vector<OpDef> defs = {
      make(
          "Softmax",
          [](RunContext& c) { return along_axis(c, [](const auto& line) { softmax(line); }); }, 5),
      make(
          "LogSoftmax",
          [](RunContext& c) { return along_axis(c, [](const auto& line) { log_softmax(line); }); },
          5),
      make(
          "Hardmax",
          [](RunContext& c) { return along_axis(c, [](const auto& line) { hardmax(line); }); }, 1),
  };
  return defs;
}

}  // namespace oarlock::ops
