// FusedConv, FusedGemm, FusedMatMul and NhwcConv of com.microsoft (1).
#include <algorithm>
#include <numeric>

#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

std::vector<AttrDef> conv_attrs() {
  return {{"auto_pad", "NOTSET"},
          {"dilations", AttrKind::integers},
          {"group", 1},
          {"kernel_shape", AttrKind::integers},
          {"pads", AttrKind::integers},
          {"strides", AttrKind::integers}};
}

Attrs conv_attrs_of(const Attrs& from) {
  Attrs attrs;
  for (const AttrDef& def : conv_attrs())
    if (const AttrValue* value = from.find(def.name)) attrs.set(def.name, *value);
  return attrs;
}

ActivationAttrs conv_activation(const Attrs& attrs) {
  const std::vector<float>& params = attrs.numbers("activation_params");
  const auto at = [&](size_t i) {
    return i < params.size() ? std::optional(params[i]) : std::nullopt;
  };
  return {attrs.string("activation"), at(0), at(1), std::nullopt};
}

Status check_conv(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 3));
  if (c.has_input(3)) OARLOCK_TRY(expect_same_dtype(c, 3, "Z", c.dtype(0)));
  return check_activation(conv_activation(c.attrs()));
}

Result<bool> fused_conv(Decomposition& d) {
  ValueId y = d.add("Conv", {d.input(0), d.input(1), d.input(2)}, conv_attrs_of(d.attrs()));
  if (d.has_input(3)) y = d.add("Add", {y, d.input(3)});
  d.replace(0, add_activation(d, y, d.dtype(0), conv_activation(d.attrs())));
  return true;
}

// X and Y have their channels last; W is as for Conv.
Result<bool> nhwc_conv(Decomposition& d) {
  std::vector<int64_t> first(d.shape(0).rank()), last;
  std::iota(first.begin(), first.end(), int64_t{0});
  last = first;
  std::rotate(first.begin() + 1, first.end() - 1, first.end());
  std::rotate(last.begin() + 1, last.begin() + 2, last.end());
  const ValueId x = d.add("Transpose", {d.input(0)}, {{"perm", std::move(first)}});
  const ValueId y = d.add("Conv", {x, d.input(1), d.input(2)}, d.attrs());
  d.replace(0, d.add("Transpose", {y}, {{"perm", std::move(last)}}));
  return true;
}

ActivationAttrs gemm_activation(const Attrs& attrs) {
  const auto at = [&](std::string_view name) {
    return attrs.has(name) ? std::optional(attrs.number(name)) : std::nullopt;
  };
  return {attrs.string("activation"), at("activation_alpha"), at("activation_beta"),
          at("activation_gamma")};
}

Status check_gemm(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "A"));
  return check_activation(gemm_activation(c.attrs()));
}

Result<bool> fused_gemm(Decomposition& d) {
  Attrs attrs;
  for (const char* name : {"alpha", "beta", "transA", "transB"})
    attrs.set(name, *d.attrs().find(name));
  const ValueId y = d.add("Gemm", {d.input(0), d.input(1), d.input(2)}, std::move(attrs));
  d.replace(0, add_activation(d, y, d.dtype(0), gemm_activation(d.attrs())));
  return true;
}

Status check_matmul(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "A"));
  OARLOCK_TRY(expect_same_dtype(c, 1, "B", c.dtype(0)));
  OARLOCK_TRY(expect_min_rank(c, 0, "A", 1));
  return expect_min_rank(c, 1, "B", 1);
}

// `batch`: the first axis is that of the rows, and the batch stands between rows and columns.
ValueId operand(Decomposition& d, size_t i, bool turn, bool batch) {
  std::vector<int64_t> perm(d.shape(i).rank());
  if (perm.size() < 2) return d.input(i);
  std::iota(perm.begin(), perm.end(), int64_t{0});
  if (batch) std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (turn) std::swap(perm.end()[-1], perm.end()[-2]);
  if (std::is_sorted(perm.begin(), perm.end())) return d.input(i);
  return d.add("Transpose", {d.input(i)}, {{"perm", std::move(perm)}});
}

Result<bool> fused_matmul(Decomposition& d) {
  const auto is_set = [&](std::string_view name) { return d.attrs().integer(name) != 0; };
  ValueId y = d.add("MatMul", {operand(d, 0, is_set("transA"), is_set("transBatchA")),
                               operand(d, 1, is_set("transB"), is_set("transBatchB"))});
  if (const float alpha = d.attrs().number("alpha"); alpha != 1)
    y = d.add("Mul", {y, d.number(alpha, d.dtype(0))});
  d.replace(0, y);
  return true;
}

}  // namespace

std::span<const OpDef> fused_products_ops() {
  static const std::vector<OpDef> defs = [] {
    std::vector<AttrDef> fused = conv_attrs();
    fused.emplace_back("activation", "");
    fused.emplace_back("activation_params", AttrKind::numbers);
    return std::vector<OpDef>{
        function_op({.domain = kMicrosoft, .name = "FusedConv", .attrs = fused, .inputs = {2, 4}},
                    check_conv, fused_conv),
        function_op({.domain = kMicrosoft,
                     .name = "FusedGemm",
                     .attrs = {{"activation", ""},
                               {"activation_alpha", AttrKind::number},
                               {"activation_beta", AttrKind::number},
                               {"activation_gamma", AttrKind::number},
                               {"alpha", 1.0f},
                               {"beta", 1.0f},
                               {"transA", 0},
                               {"transB", 0}},
                     .inputs = {2, 3}},
                    check_gemm, fused_gemm),
        function_op({.domain = kMicrosoft,
                     .name = "FusedMatMul",
                     .attrs = {{"alpha", 1.0f},
                               {"transA", 0},
                               {"transB", 0},
                               {"transBatchA", 0},
                               {"transBatchB", 0}},
                     .inputs = 2},
                    check_matmul, fused_matmul),
        function_op(
            {.domain = kMicrosoft, .name = "NhwcConv", .attrs = conv_attrs(), .inputs = {2, 3}},
            check_conv, nhwc_conv),
    };
  }();
  return defs;
}

}  // namespace oarlock::ops
