// QLinearAveragePool and QLinearGlobalAveragePool of com.microsoft (1).
#include <algorithm>
#include <numeric>

#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

Status check(InferContext& c) {
  OARLOCK_TRY(expect_quantized(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 3));
  return expect_output_scale(c, 3, c.dtype(0));
}

Result<bool> pool(Decomposition& d) {
  const auto rank = static_cast<int64_t>(d.shape(0).rank());
  const bool channels_last = d.attrs().integer("channels_last") != 0;
  std::vector<int64_t> first(static_cast<size_t>(rank)), last;
  std::iota(first.begin(), first.end(), int64_t{0});
  last = first;
  std::rotate(first.begin() + 1, first.end() - 1, first.end());
  std::rotate(last.begin() + 1, last.begin() + 2, last.end());
  ValueId x = dequantized(d, 0);
  if (channels_last) x = d.add("Transpose", {x}, {{"perm", first}});
  Attrs attrs = d.attrs();
  attrs.erase("channels_last");
  const bool global = d.op() == "QLinearGlobalAveragePool";
  ValueId y = d.add(global ? "GlobalAveragePool" : "AveragePool", {x}, std::move(attrs));
  if (channels_last) y = d.add("Transpose", {y}, {{"perm", last}});
  replace_quantized(d, y, 3, d.dtype(0));
  return true;
}

}  // namespace

std::span<const OpDef> qlinear_pool_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "QLinearAveragePool",
                   .attrs = {{"auto_pad", "NOTSET"},
                             {"ceil_mode", 0},
                             {"channels_last", 0},
                             {"count_include_pad", 0},
                             AttrDef::must("kernel_shape", AttrKind::integers),
                             {"pads", AttrKind::integers},
                             {"strides", AttrKind::integers}},
                   .inputs = {1, 5}},
                  check, pool),
      function_op({.domain = kMicrosoft,
                   .name = "QLinearGlobalAveragePool",
                   .attrs = {{"channels_last", 0}},
                   .inputs = {1, 5}},
                  check, pool),
  };
  return defs;
}

}  // namespace oarlock::ops
