// AveragePool (ONNX 22) and LpPool (ONNX 22).
#include <cmath>

#include "core/ops/support/pool.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  if (c.attrs().integer("p", 2) < 1)
    return invalid("attribute p must be 1 or more, but is ", c.attrs().integer("p"));
  return infer_pool(c);
}

// For each output position: how many kernel elements lie in the input or its padding.
std::vector<int64_t> padded_counts(const Window& w) {
  std::vector<int64_t> counts = {1};
  for (size_t d = 0; d < w.rank(); ++d) {
    std::vector<int64_t> next;
    for (int64_t outer : counts) {
      for (int64_t o = 0; o < w.output[d]; ++o) {
        const int64_t room = w.input[d] + w.pads_end[d] - (o * w.strides[d] - w.pads_begin[d]);
        const int64_t inside = (room + w.dilations[d] - 1) / w.dilations[d];
        next.push_back(outer * std::min(w.kernel[d], inside));
      }
    }
    counts = std::move(next);
  }
  return counts;
}

// Calls reduce(window) once; what it returns maps a plane, an output position and the offsets of
// its window (see for_each_window) to the output.
template <class C, class F>
Status pool(RunContext& c, F&& reduce) {
  const Tensor& input = c.input(0);
  OARLOCK_ASSIGN(const Window window, window_from(c.attrs(), input.shape().dims().subspan(2), {},
                                                  c.attrs().integer("ceil_mode") != 0));
  const Shape shape = window_output_shape(input.shape()[0], input.shape()[1], window);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, input.dtype(), shape));
  const int64_t in_plane = extent_product(window.input, 0, window.rank());
  const int64_t out_plane = extent_product(window.output, 0, window.rank());
  const Elements<C> x(input);
  Results<C> out(*y);
  const auto body = reduce(window);
  OARLOCK_TRY(
      for_each_window(c, shape[0] * shape[1], window,
                      [&](int64_t plane, int64_t position, const int64_t* offsets, int64_t stride) {
                        out[plane * out_plane + position] =
                            body(x.data() + plane * in_plane, position, offsets, stride);
                      }));
  out.store();
  return {};
}

template <class C>
Status run_average(RunContext& c) {
  const bool include_pad = c.attrs().integer("count_include_pad") != 0;
  return pool<C>(c, [&](const Window& window) {
    return [counts = include_pad ? padded_counts(window) : std::vector<int64_t>(),
            kernel = window.kernel_elements()](const C* from, int64_t position,
                                               const int64_t* offsets, int64_t stride) {
      C sum = 0;
      int64_t count = 0;
      for (int64_t e = 0; e < kernel; ++e) {
        const int64_t offset = offsets[e * stride];
        if (offset < 0) continue;
        sum += from[offset];
        ++count;
      }
      if (!counts.empty()) count = counts[position];
      return count == 0 ? C{0} : sum / static_cast<C>(count);
    };
  });
}

template <class C>
Status run_lp(RunContext& c) {
  const C p = static_cast<C>(c.attrs().integer("p", 2));
  return pool<C>(c, [&](const Window& window) {
    return [p, kernel = window.kernel_elements()](const C* from, int64_t, const int64_t* offsets,
                                                  int64_t stride) {
      C sum = 0;
      for (int64_t e = 0; e < kernel; ++e) {
        const int64_t offset = offsets[e * stride];
        if (offset < 0) continue;
        const C value = std::abs(from[offset]);
        sum += p == 1 ? value : p == 2 ? value * value : std::pow(value, p);
      }
      return p == 1 ? sum : p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p);
    };
  });
}

Status average_pool(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run_average<typename decltype(tag)::Type>(c); });
}

Status lp_pool(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run_lp<typename decltype(tag)::Type>(c); });
}

OpDef make(std::string name, AttrDef own, std::function<Status(RunContext&)> reference) {
  OpDef def{.name = std::move(name),
            .since_version = 22,
            .attrs = window_attrs(),
            .inputs = 1,
            .infer = infer,
            .reference = std::move(reference),
            .flops = pool_flops};
  def.attrs.emplace_back("ceil_mode", 0);
  def.attrs.push_back(std::move(own));
  return def;
}

}  // namespace

std::span<const OpDef> average_pool_ops() {
  static const std::vector<OpDef> defs = {
      make("AveragePool", {"count_include_pad", 0}, average_pool),
      make("LpPool", {"p", 2}, lp_pool),
  };
  return defs;
}

}  // namespace oarlock::ops
