// MatMul (ONNX 13) and oarlock.MatMul: Y = activation(alpha * op(A) @ op(B) + bias + R), where op
// swaps the last two axes if trans_a, trans_b say so.
#include <vector>

#include "core/ops/support/activate.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"
#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

namespace {

Result<ProductShape> shapes_of(const Attrs& attrs, const Shape& a, const Shape& b) {
  return product_shape(a, b, attrs.integer("trans_a") != 0, attrs.integer("trans_b") != 0);
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  const bool integers = c.node().domain != kOarlockDomain;
  if (integers) {
    OARLOCK_TRY(expect_dtype(c, 0, "A",
                             {DType::float32, DType::float64, DType::float16, DType::bfloat16,
                              DType::int32, DType::uint32, DType::int64, DType::uint64}));
  } else {
    OARLOCK_TRY(expect_float(c, 0, "A"));
  }
  OARLOCK_TRY(expect_same_dtype(c, 1, "B", c.dtype(0)));
  OARLOCK_ASSIGN(const ProductShape p, shapes_of(c.attrs(), c.shape(0), c.shape(1)));
  const Shape y = p.result();
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "bias", c.dtype(0)));
    if (!broadcasts_to(c.shape(2), y))
      return invalid("input bias of shape ", c.shape(2), " does not broadcast to ", y);
  }
  OARLOCK_TRY(expect_optional(c, 3, "R", c.dtype(0), y));
  OARLOCK_TRY(checked_activation(c.attrs()).status());
  c.set_output(0, c.dtype(0), y);
  return {};
}

template <class T>
Status multiply(RunContext& c, const ProductShape& p, const T* a, const T* b, T* y) {
  const bool trans_a = c.attrs().integer("trans_a") != 0 && !p.a_vector;
  const bool trans_b = c.attrs().integer("trans_b") != 0 && !p.b_vector;
  if (p.b_batch.empty() && !trans_a && !p.a_vector) {
    const int64_t rows = extent_product(p.batch, 0, p.batch.rank()) * p.m;
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    matrix_product<T>(rows, p.n, p.k, {a, p.k, 1}, {b, trans_b ? 1 : p.n, trans_b ? p.k : 1},
                      {y, p.n, 1});
    return {};
  }
  const std::vector<int64_t> a_indices = batch_indices(p.a_batch, p.batch);
  const std::vector<int64_t> b_indices = batch_indices(p.b_batch, p.batch);
  for (size_t i = 0; i < a_indices.size(); ++i) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    matrix_product<T>(p.m, p.n, p.k,
                      {a + a_indices[i] * p.m * p.k, trans_a ? 1 : p.k, trans_a ? p.m : 1},
                      {b + b_indices[i] * p.k * p.n, trans_b ? 1 : p.n, trans_b ? p.k : 1},
                      {y + static_cast<int64_t>(i) * p.m * p.n, p.n, 1});
  }
  return {};
}

template <class C>
Status run_floats(RunContext& c, const ProductShape& p, Tensor& y) {
  const Elements<C> a(c.input(0)), b(c.input(1));
  Results<C> out(y);
  OARLOCK_TRY(multiply<C>(c, p, a.data(), b.data(), out.data()));
  const C alpha = static_cast<C>(c.attrs().number("alpha", 1));
  if (alpha != 1) {
    for (int64_t i = 0; i < out.size(); ++i) out[i] *= alpha;
  }
  if (c.has_input(2)) {
    const Elements<C> bias(c.input(2));
    if (c.input(2).shape().rank() == 1 && bias.size() == p.n && !p.b_vector) {
      for (int64_t i = 0; i < out.size(); ++i) out[i] += bias[i % p.n];
    } else {
      const std::vector<int64_t> indices = batch_indices(c.input(2).shape(), y.shape());
      for (int64_t i = 0; i < out.size(); ++i) out[i] += bias[indices[i]];
    }
  }
  return finish_product(c, 3, out);
}

Status matmul(RunContext& c) {
  OARLOCK_ASSIGN(const ProductShape p,
                 shapes_of(c.attrs(), c.input(0).shape(), c.input(1).shape()));
  const DType dtype = c.input(0).dtype();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype, p.result()));
  if (dtype == DType::int32 || dtype == DType::uint32) {
    return multiply(c, p, c.input(0).as<uint32_t>().data(), c.input(1).as<uint32_t>().data(),
                    y->mutable_as<uint32_t>().data());
  }
  if (dtype == DType::int64 || dtype == DType::uint64) {
    return multiply(c, p, c.input(0).as<uint64_t>().data(), c.input(1).as<uint64_t>().data(),
                    y->mutable_as<uint64_t>().data());
  }
  return with_compute_type(
      dtype, [&](auto tag) { return run_floats<typename decltype(tag)::Type>(c, p, *y); });
}

double flops(const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  const auto p = shapes_of(attrs, inputs[0].shape, inputs[1].shape);
  return p.ok() ? product_flops(*p) : 0;
}

OpDef make_oarlock_matmul() {
  OpDef def{.domain = std::string(kOarlockDomain),
            .name = "MatMul",
            .attrs = {{"trans_a", 0}, {"trans_b", 0}, {"alpha", 1.0f}},
            .inputs = {2, 4},
            .infer = infer,
            .reference = matmul,
            .flops = flops};
  add_activation_attrs(def.attrs);
  return def;
}

}  // namespace

std::span<const OpDef> matmul_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "MatMul",
       .since_version = 13,
       .inputs = 2,
       .infer = infer,
       .reference = matmul,
       .flops = flops},
      make_oarlock_matmul(),
  };
  return defs;
}

}  // namespace oarlock::ops
