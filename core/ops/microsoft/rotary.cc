// RotaryEmbedding of com.microsoft (1): ONNX's, with other defaults and inputs in another order.
#include <numeric>

#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

enum Input : size_t { kX, kPositions, kCosines, kSines };

// Elements of a head that are rotated, and heads in a 3-D input; kUnknown where not known yet.
struct Sizes {
  int64_t rotated, heads;
};

Result<Sizes> sizes_of(const Attrs& attrs, const Shape& x, const Shape& cosines) {
  Sizes s{attrs.integer("rotary_embedding_dim"), attrs.integer("num_heads")};
  const int64_t width = extent_product({2, cosines[1]}, 0, 2);
  if (s.rotated < 0 || s.heads < 0)
    return invalid("attributes rotary_embedding_dim and num_heads must not be negative");
  if (s.rotated > 0 && s.heads == 0 && x.rank() == 3)
    return invalid("attribute rotary_embedding_dim needs num_heads");
  if (s.rotated == 0) s.rotated = width;
  if (!agree(s.rotated, width))
    return invalid("cos_cache has shape ", cosines, ", but ", s.rotated,
                   " elements of a head are rotated");
  if (x.rank() == 3 && s.heads == 0) {
    if (x[2] == Shape::kUnknown || width == Shape::kUnknown) {
      s.heads = Shape::kUnknown;
    } else if (width < 1 || x[2] % width != 0) {
      return invalid("input of shape ", x, " is not made of heads of ", width, " elements");
    } else {
      s.heads = x[2] / width;
    }
  }
  return s;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_float(c, kX, "input"));
  OARLOCK_TRY(expect_rank_between(c, kX, "input", 3, 4));
  OARLOCK_TRY(expect_dtype(c, kPositions, "position_ids", {DType::int64}));
  const Shape& x = c.shape(kX);
  const int64_t tokens = x[x.rank() - 2];
  if (c.shape(kPositions).rank() == 1)
    OARLOCK_TRY(expect_shape(c, kPositions, "position_ids", {1}));
  else
    OARLOCK_TRY(expect_shape(c, kPositions, "position_ids", {x[0], tokens}));
  for (size_t i : {kCosines, kSines}) {
    const std::string_view name = i == kCosines ? "cos_cache" : "sin_cache";
    OARLOCK_TRY(expect_same_dtype(c, i, name, c.dtype(kX)));
    OARLOCK_TRY(expect_rank(c, i, name, 2));
  }
  if (c.attrs().integer("is_packed_batching") != 0)
    return unsupported("attribute is_packed_batching is not implemented");
  if (c.attrs().number("scale") != 1)
    return unsupported("attribute scale is ", c.attrs().number("scale"), "; 1 is implemented");
  OARLOCK_TRY(sizes_of(c.attrs(), x, c.shape(kCosines)).status());
  return same_type_as_input(c);
}

Result<bool> rotate(Decomposition& d) {
  const Shape& x = d.shape(kX);
  OARLOCK_ASSIGN(const Sizes s, sizes_of(d.attrs(), x, d.shape(kCosines)));
  if (s.rotated == Shape::kUnknown || s.heads == Shape::kUnknown) return false;
  ValueId positions = d.input(kPositions);
  if (d.shape(kPositions).rank() == 1) {
    // The position of the first token of every sequence.
    const int64_t batch = x[0], tokens = x[x.rank() - 2];
    constexpr int64_t kMostTokens = int64_t{1} << 24;
    if (batch == Shape::kUnknown || tokens == Shape::kUnknown || tokens > kMostTokens) return false;
    std::vector<int64_t> steps(static_cast<size_t>(tokens));
    std::iota(steps.begin(), steps.end(), int64_t{0});
    positions = d.add("Add", {d.unsqueeze(positions, {1}), d.integers(steps)});
    positions = d.add("Expand", {positions, d.integers({batch, tokens})});
  }
  Attrs attrs{{"interleaved", d.attrs().integer("interleaved")},
              {"rotary_embedding_dim", s.rotated}};
  if (x.rank() == 3) attrs.set("num_heads", s.heads);
  d.replace(0,
            d.add("RotaryEmbedding", {d.input(kX), d.input(kCosines), d.input(kSines), positions},
                  std::move(attrs)));
  return true;
}

}  // namespace

std::span<const OpDef> rotary_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "RotaryEmbedding",
                   .attrs = {{"interleaved", 0},
                             {"is_packed_batching", 0},
                             {"num_heads", 0},
                             {"rotary_embedding_dim", 0},
                             {"scale", 1.0f}},
                   .inputs = 4},
                  nullptr, rotate, infer),
  };
  return defs;
}

}  // namespace oarlock::ops
