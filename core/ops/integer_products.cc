// MatMulInteger, ConvInteger (ONNX 10), QLinearMatMul (ONNX 21), QLinearConv (ONNX 10): products of
// integers with zero points, summed up in 32 bits.
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/convolution.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/product_shape.h"
#include "core/ops/support/quantization.h"

namespace oarlock::ops {

namespace {

Status expect_quantized(const InferContext& c, size_t i, std::string_view name) {
  return expect_dtype(c, i, name,
                      {DType::uint8, DType::int8, DType::float8e4m3fn, DType::float8e4m3fnuz,
                       DType::float8e5m2, DType::float8e5m2fnuz});
}

// The elements less their zero points, which belong to index `axis` of the tensor or to all, as
// 32-bit integers that wrap around.
std::vector<uint32_t> shifted(const Tensor& tensor, const Tensor* zero, size_t axis) {
  const Elements<int64_t> x(tensor);
  std::vector<uint32_t> result(static_cast<size_t>(x.size()));
  Elements<int64_t> z;
  if (zero != nullptr) z = Elements<int64_t>(*zero);
  const Shape& shape = tensor.shape();
  const int64_t inner =
      z.size() > 1 ? std::max<int64_t>(extent_product(shape, axis + 1, shape.rank()), 1) : 1;
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t at = z.size() > 1 ? i / inner % z.size() : 0;
    result[i] = static_cast<uint32_t>(x[i] - (z.empty() ? 0 : z[at]));
  }
  return result;
}

const Tensor* optional_input(RunContext& c, size_t i) {
  return c.has_input(i) ? &c.input(i) : nullptr;
}

// A zero point or scale: one element, or one for each index of a row or column.
Status expect_parameter(const InferContext& c, size_t i, std::string_view name, int64_t extent) {
  const Shape& shape = c.shape(i);
  const int64_t count = extent_product(shape, 0, shape.rank());
  if (shape.rank() <= 1 && (agree(count, 1) || agree(count, extent))) return {};
  if (shape.rank() > 1 && agree(count, extent)) return {};
  return invalid("input ", name, " must have one element or ", extent, ", but its shape is ",
                 shape);
}

Status infer_matmul_integer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "A", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_dtype(c, 1, "B", {DType::uint8, DType::int8}));
  OARLOCK_ASSIGN(const ProductShape p, product_shape(c.shape(0), c.shape(1)));
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "a_zero_point", c.dtype(0)));
    OARLOCK_TRY(expect_parameter(c, 2, "a_zero_point", p.m));
  }
  if (c.has_input(3)) {
    OARLOCK_TRY(expect_same_dtype(c, 3, "b_zero_point", c.dtype(1)));
    OARLOCK_TRY(expect_parameter(c, 3, "b_zero_point", p.n));
  }
  c.set_output(0, DType::int32, p.result());
  return {};
}

// y = a * b with the zero points of rows of a and columns of b taken off.
void multiply(const ProductShape& p, const Tensor& a, const Tensor* a_zero, const Tensor& b,
              const Tensor* b_zero, uint32_t* y) {
  const size_t a_axis = a.shape().rank() < 2 ? 0 : a.shape().rank() - 2;
  const std::vector<uint32_t> left = shifted(a, a_zero, a_axis);
  const std::vector<uint32_t> right = shifted(b, b_zero, b.shape().rank() - 1);
  const std::vector<int64_t> a_indices = batch_indices(p.a_batch, p.batch);
  const std::vector<int64_t> b_indices = batch_indices(p.b_batch, p.batch);
  for (size_t i = 0; i < a_indices.size(); ++i) {
    matrix_product<uint32_t>(p.m, p.n, p.k, {left.data() + a_indices[i] * p.m * p.k, p.k, 1},
                             {right.data() + b_indices[i] * p.k * p.n, p.n, 1},
                             {y + static_cast<int64_t>(i) * p.m * p.n, p.n, 1});
  }
}

Status matmul_integer(RunContext& c) {
  OARLOCK_ASSIGN(const ProductShape p, product_shape(c.input(0).shape(), c.input(1).shape()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::int32, p.result()));
  multiply(p, c.input(0), optional_input(c, 2), c.input(1), optional_input(c, 3),
           y->mutable_as<uint32_t>().data());
  return {};
}

Status infer_qlinear_matmul(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_quantized(c, 0, "a"));
  OARLOCK_TRY(expect_quantized(c, 3, "b"));
  OARLOCK_TRY(expect_quantized(c, 7, "y_zero_point"));
  OARLOCK_TRY(expect_same_dtype(c, 2, "a_zero_point", c.dtype(0)));
  OARLOCK_TRY(expect_same_dtype(c, 5, "b_zero_point", c.dtype(3)));
  OARLOCK_ASSIGN(const ProductShape p, product_shape(c.shape(0), c.shape(3)));
  constexpr std::string_view kNames[] = {"a",       "a_scale",      "a_zero_point", "b",
                                         "b_scale", "b_zero_point", "y_scale",      "y_zero_point"};
  for (size_t i : {1u, 4u, 6u}) OARLOCK_TRY(expect_float(c, i, kNames[i]));
  for (size_t i : {1u, 2u, 6u, 7u}) OARLOCK_TRY(expect_parameter(c, i, kNames[i], p.m));
  for (size_t i : {4u, 5u}) OARLOCK_TRY(expect_parameter(c, i, kNames[i], p.n));
  c.set_output(0, c.dtype(7), p.result());
  return {};
}

// Element `at` of a parameter that may have only one.
float parameter(const Elements<float>& values, int64_t at) {
  return values[values.size() == 1 ? 0 : at % values.size()];
}

void store_quantized(Tensor& y, int64_t i, double value, double zero) {
  if (is_quantized_integer(y.dtype())) {
    store_integer(y, i, quantize(value, static_cast<int32_t>(zero), range_of(y.dtype())));
  } else {
    y.mutable_data()[i] = static_cast<std::byte>(
        float_to_small_float(y.dtype(), static_cast<float>(value + zero), true));
  }
}

Status qlinear_matmul(RunContext& c) {
  const Tensor& a = c.input(0);
  const Tensor& b = c.input(3);
  OARLOCK_ASSIGN(const ProductShape p, product_shape(a.shape(), b.shape()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(7).dtype(), p.result()));
  const Elements<float> a_scale(c.input(1)), b_scale(c.input(4)), y_scale(c.input(6));
  const Elements<float> y_zero(c.input(7));
  if (!is_quantized_integer(a.dtype()) || !is_quantized_integer(b.dtype()))
    return unsupported("products of ", a.dtype(), " and ", b.dtype(), " are not implemented");
  std::vector<uint32_t> sums(static_cast<size_t>(y->elements()));
  multiply(p, a, &c.input(2), b, &c.input(5), sums.data());
  for (int64_t i = 0; i < y->elements(); ++i) {
    const int64_t row = i / p.n, column = i % p.n;
    const float scale =
        parameter(a_scale, row) * parameter(b_scale, column) / parameter(y_scale, row);
    store_quantized(*y, i, static_cast<double>(static_cast<int32_t>(sums[i])) * scale,
                    parameter(y_zero, row));
  }
  return {};
}

Status infer_conv_integer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "x", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_dtype(c, 1, "w", {DType::uint8, DType::int8}));
  OARLOCK_ASSIGN(const Window window, convolution_window(c, 0, 1));
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "x_zero_point", c.dtype(0)));
    OARLOCK_TRY(expect_parameter(c, 2, "x_zero_point", 1));
  }
  if (c.has_input(3)) {
    OARLOCK_TRY(expect_same_dtype(c, 3, "w_zero_point", c.dtype(1)));
    OARLOCK_TRY(expect_parameter(c, 3, "w_zero_point", c.shape(1)[0]));
  }
  c.set_output(0, DType::int32, window_output_shape(c.shape(0)[0], c.shape(1)[0], window));
  return {};
}

// The sums of a convolution of integers, [N, M, positions...]. Padding counts as the zero point.
Status sum_convolution(RunContext& c, const Window& window, const Tensor& x, const Tensor* x_zero,
                       const Tensor& w, const Tensor* w_zero, uint32_t* y) {
  const std::vector<uint32_t> left = shifted(x, x_zero, 0);
  const std::vector<uint32_t> right = shifted(w, w_zero, 0);
  const ConvolutionSizes sizes{x.shape()[0], x.shape()[1], w.shape()[0],
                               c.attrs().integer("group", 1)};
  return convolve<uint32_t>(sizes, window, left.data(), right.data(), y,
                            [&] { return c.cancelled(); });
}

Status conv_integer(RunContext& c) {
  const Tensor& x = c.input(0);
  const Tensor& w = c.input(1);
  OARLOCK_ASSIGN(const Window window,
                 window_from(c.attrs(), x.shape().dims().subspan(2), w.shape().dims().subspan(2)));
  OARLOCK_ASSIGN(
      Tensor* const y,
      c.output(0, DType::int32, window_output_shape(x.shape()[0], w.shape()[0], window)));
  return sum_convolution(c, window, x, optional_input(c, 2), w, optional_input(c, 3),
                         y->mutable_as<uint32_t>().data());
}

Status infer_qlinear_conv(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "x", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_dtype(c, 3, "w", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_dtype(c, 7, "y_zero_point", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_same_dtype(c, 2, "x_zero_point", c.dtype(0)));
  OARLOCK_TRY(expect_same_dtype(c, 5, "w_zero_point", c.dtype(3)));
  OARLOCK_ASSIGN(const Window window, convolution_window(c, 0, 3));
  const int64_t filters = c.shape(3)[0];
  constexpr std::string_view kNames[] = {"x",       "x_scale",      "x_zero_point", "w",
                                         "w_scale", "w_zero_point", "y_scale",      "y_zero_point"};
  for (size_t i : {1u, 4u, 6u}) OARLOCK_TRY(expect_dtype(c, i, kNames[i], {DType::float32}));
  for (size_t i : {1u, 2u, 6u, 7u}) OARLOCK_TRY(expect_parameter(c, i, kNames[i], 1));
  for (size_t i : {4u, 5u}) OARLOCK_TRY(expect_parameter(c, i, kNames[i], filters));
  if (c.has_input(8)) {
    OARLOCK_TRY(expect_dtype(c, 8, "B", {DType::int32}));
    OARLOCK_TRY(expect_shape(c, 8, "B", {filters}));
  }
  c.set_output(0, c.dtype(7), window_output_shape(c.shape(0)[0], filters, window));
  return {};
}

Status qlinear_conv(RunContext& c) {
  const Tensor& x = c.input(0);
  const Tensor& w = c.input(3);
  OARLOCK_ASSIGN(const Window window,
                 window_from(c.attrs(), x.shape().dims().subspan(2), w.shape().dims().subspan(2)));
  OARLOCK_ASSIGN(
      Tensor* const y,
      c.output(0, c.input(7).dtype(), window_output_shape(x.shape()[0], w.shape()[0], window)));
  std::vector<uint32_t> sums(static_cast<size_t>(y->elements()));
  OARLOCK_TRY(sum_convolution(c, window, x, &c.input(2), w, &c.input(5), sums.data()));
  const Elements<float> x_scale(c.input(1)), w_scale(c.input(4)), y_scale(c.input(6));
  const Elements<float> y_zero(c.input(7));
  const auto bias = c.has_input(8) ? c.input(8).as<uint32_t>() : std::span<const uint32_t>();
  const int64_t filters = w.shape()[0];
  const int64_t plane = extent_product(window.output, 0, window.rank());
  for (int64_t i = 0; i < y->elements(); ++i) {
    const int64_t filter = i / plane % filters;
    const uint32_t sum = sums[i] + (bias.empty() ? 0 : bias[filter]);
    const float scale = x_scale[0] * parameter(w_scale, filter) / y_scale[0];
    store_quantized(*y, i, static_cast<double>(static_cast<int32_t>(sum)) * scale, y_zero[0]);
  }
  return {};
}

double product_flops_of(std::span<const TypeInfo> inputs, size_t b) {
  const auto p = product_shape(inputs[0].shape, inputs[b].shape);
  return p.ok() ? product_flops(*p) : 0;
}

std::vector<AttrDef> conv_attrs() {
  std::vector<AttrDef> attrs = window_attrs();
  attrs.emplace_back("group", 1);
  return attrs;
}

}  // namespace

std::span<const OpDef> integer_products_ops() {
  using Types = std::span<const TypeInfo>;
  static const std::vector<OpDef> defs = {
      {.name = "MatMulInteger",
       .since_version = 10,
       .inputs = {2, 4},
       .infer = infer_matmul_integer,
       .reference = matmul_integer,
       .flops = [](const Attrs&, Types in, Types) { return product_flops_of(in, 1); }},
      {.name = "QLinearMatMul",
       .since_version = 21,
       .inputs = 8,
       .infer = infer_qlinear_matmul,
       .reference = qlinear_matmul,
       .flops = [](const Attrs&, Types in, Types) { return product_flops_of(in, 3); }},
      {.name = "ConvInteger",
       .since_version = 10,
       .attrs = conv_attrs(),
       .inputs = {2, 4},
       .infer = infer_conv_integer,
       .reference = conv_integer,
       .flops = [](const Attrs&, Types in, Types out) { return convolution_flops(in, out); }},
      {.name = "QLinearConv",
       .since_version = 10,
       .attrs = conv_attrs(),
       .inputs = {8, 9},
       .infer = infer_qlinear_conv,
       .reference = qlinear_conv,
       .flops =
           [](const Attrs&, Types in, Types out) {
             const TypeInfo two[] = {in[0], in[3]};
             return convolution_flops(two, out);
           }},
  };
  return defs;
}

}  // namespace oarlock::ops
