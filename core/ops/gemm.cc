// Gemm (ONNX 13): Y = alpha * op(A) * op(B) + beta * C.
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"
#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

namespace {

Result<ProductShape> shapes_of(const Attrs& attrs, const Shape& a, const Shape& b) {
  return product_shape(a, b, attrs.integer("transA") != 0, attrs.integer("transB") != 0);
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "A",
                           {DType::float32, DType::float64, DType::float16, DType::bfloat16,
                            DType::int32, DType::uint32, DType::int64, DType::uint64}));
  OARLOCK_TRY(expect_same_dtype(c, 1, "B", c.dtype(0)));
  OARLOCK_TRY(expect_rank(c, 0, "A", 2));
  OARLOCK_TRY(expect_rank(c, 1, "B", 2));
  OARLOCK_ASSIGN(const ProductShape p, shapes_of(c.attrs(), c.shape(0), c.shape(1)));
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "C", c.dtype(0)));
    if (!broadcasts_to(c.shape(2), p.result()))
      return invalid("input C of shape ", c.shape(2), " does not broadcast to ", p.result());
  }
  c.set_output(0, c.dtype(0), p.result());
  return {};
}

template <class C>
void product(const Attrs& attrs, const ProductShape& p, const C* a, const C* b, C* y) {
  const bool trans_a = attrs.integer("transA") != 0;
  const bool trans_b = attrs.integer("transB") != 0;
  matrix_product<C>(p.m, p.n, p.k, {a, trans_a ? 1 : p.k, trans_a ? p.m : 1},
                    {b, trans_b ? 1 : p.n, trans_b ? p.k : 1}, {y, p.n, 1});
}

template <class C>
Status run_floats(RunContext& c, const ProductShape& p, Tensor& y) {
  const Elements<C> a(c.input(0)), b(c.input(1));
  Results<C> out(y);
  product<C>(c.attrs(), p, a.data(), b.data(), out.data());
  const C alpha = static_cast<C>(c.attrs().number("alpha", 1));
  const C beta = static_cast<C>(c.attrs().number("beta", 1));
  for (int64_t i = 0; i < out.size(); ++i) out[i] *= alpha;
  if (c.has_input(2) && beta != 0) {
    const Elements<C> addend(c.input(2));
    const std::vector<int64_t> indices = batch_indices(c.input(2).shape(), y.shape());
    for (int64_t i = 0; i < out.size(); ++i) out[i] += beta * addend[indices[i]];
  }
  out.store();
  return {};
}

// Integers: alpha and beta scale in double and round toward zero.
template <class T, class U>
Status run_integers(RunContext& c, const ProductShape& p, Tensor& y) {
  U* out = y.mutable_as<U>().data();
  product<U>(c.attrs(), p, c.input(0).as<U>().data(), c.input(1).as<U>().data(), out);
  const double alpha = c.attrs().number("alpha", 1);
  const double beta = c.attrs().number("beta", 1);
  const auto scaled = [](double factor, U value) {
    if (factor == 1) return value;
    const double result = factor * static_cast<double>(static_cast<T>(value));
    return result > -9.2e18 && result < 9.2e18 ? static_cast<U>(static_cast<int64_t>(result))
                                               : U{0};
  };
  for (int64_t i = 0; i < y.elements(); ++i) out[i] = scaled(alpha, out[i]);
  if (c.has_input(2)) {
    const std::vector<int64_t> indices = batch_indices(c.input(2).shape(), y.shape());
    const auto addend = c.input(2).as<U>();
    for (int64_t i = 0; i < y.elements(); ++i) out[i] += scaled(beta, addend[indices[i]]);
  }
  return {};
}

Status gemm(RunContext& c) {
  OARLOCK_ASSIGN(const ProductShape p,
                 shapes_of(c.attrs(), c.input(0).shape(), c.input(1).shape()));
  const DType dtype = c.input(0).dtype();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype, p.result()));
  switch (dtype) {
    case DType::int32:
      return run_integers<int32_t, uint32_t>(c, p, *y);
    case DType::uint32:
      return run_integers<uint32_t, uint32_t>(c, p, *y);
    case DType::int64:
      return run_integers<int64_t, uint64_t>(c, p, *y);
    case DType::uint64:
      return run_integers<uint64_t, uint64_t>(c, p, *y);
    case DType::float64:
      return run_floats<double>(c, p, *y);
    default:
      return run_floats<float>(c, p, *y);
  }
}

double flops(const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  const auto p = shapes_of(attrs, inputs[0].shape, inputs[1].shape);
  return p.ok() ? product_flops(*p) : 0;
}

}  // namespace

std::span<const OpDef> gemm_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Gemm",
       .since_version = 13,
       .attrs = {{"alpha", 1.0f}, {"beta", 1.0f}, {"transA", 0}, {"transB", 0}},
       .inputs = {2, 3},
       .infer = infer,
       .reference = gemm,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
