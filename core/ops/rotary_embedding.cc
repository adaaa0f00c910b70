// RotaryEmbedding (ONNX 23): rotates pairs of elements of each head by position-dependent angles.
#include <algorithm>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

struct Sizes {
  int64_t batch = 0, heads = 0, tokens = 0, width = 0, rotated = 0;
  bool packed = false;  // X is [batch, tokens, heads * width], else [batch, heads, tokens, width]
};

Result<Sizes> sizes_of(const Attrs& attrs, const Shape& x) {
  Sizes s;
  s.packed = x.rank() == 3;
  s.batch = x[0];
  if (s.packed) {
    s.heads = attrs.integer("num_heads");
    s.tokens = x[1];
    if (s.heads < 1 || (x[2] != Shape::kUnknown && x[2] % s.heads != 0))
      return invalid("X has shape ", x, "; attribute num_heads, which is ", s.heads,
                     ", must divide its last dimension");
    s.width = x[2] == Shape::kUnknown ? Shape::kUnknown : x[2] / s.heads;
  } else {
    s.heads = x[1];
    s.tokens = x[2];
    s.width = x[3];
  }
  const int64_t part = attrs.integer("rotary_embedding_dim");
  s.rotated = part == 0 ? s.width : part;
  if (s.rotated != Shape::kUnknown &&
      (s.rotated < 0 || s.rotated % 2 != 0 || (s.width != Shape::kUnknown && s.rotated > s.width)))
    return invalid("of heads of ", s.width, " elements, ", s.rotated,
                   " cannot be rotated; it must be an even number of them");
  return s;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_rank_between(c, 0, "X", 3, 4));
  OARLOCK_ASSIGN(const Sizes s, sizes_of(c.attrs(), c.shape(0)));
  const int64_t half = s.rotated == Shape::kUnknown ? Shape::kUnknown : s.rotated / 2;
  const bool indexed = c.has_input(3);
  for (size_t i = 1; i <= 2; ++i) {
    const std::string_view name = i == 1 ? "cos_cache" : "sin_cache";
    OARLOCK_TRY(expect_same_dtype(c, i, name, c.dtype(0)));
    OARLOCK_TRY(expect_shape(
        c, i, name, indexed ? Shape{Shape::kUnknown, half} : Shape{s.batch, s.tokens, half}));
  }
  if (!agree(c.shape(1), c.shape(2)))
    return invalid("cos_cache has shape ", c.shape(1), ", but sin_cache has ", c.shape(2));
  if (indexed) {
    OARLOCK_TRY(expect_dtype(c, 3, "position_ids", {DType::int64}));
    OARLOCK_TRY(expect_shape(c, 3, "position_ids", {s.batch, s.tokens}));
  }
  return same_type_as_input(c);
}

Status rotary_embedding(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const Sizes s, sizes_of(c.attrs(), shape));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const bool interleaved = c.attrs().integer("interleaved") != 0;
  const int64_t half = s.rotated / 2;
  const auto positions = c.has_input(3) ? c.input(3).as<int64_t>() : std::span<const int64_t>();
  const int64_t rows = c.input(1).shape()[0];
  for (int64_t position : positions) {
    if (position < 0 || position >= rows)
      return invalid("input position_ids has the position ", position, "; cos_cache has ", rows,
                     " rows");
  }
  return with_compute_type(c.input(0).dtype(), [&](auto tag) -> Status {
    using C = typename decltype(tag)::Type;
    const Elements<C> x(c.input(0)), cosines(c.input(1)), sines(c.input(2));
    Results<C> y(*output);
    std::copy_n(x.data(), x.size(), y.data());
    for (int64_t bt = 0; bt < s.batch * s.tokens; ++bt) {
      const int64_t angle = (positions.empty() ? bt : positions[bt]) * half;
      const int64_t b = bt / s.tokens, t = bt % s.tokens;
      for (int64_t h = 0; h < s.heads; ++h) {
        const int64_t start =
            (s.packed ? bt * s.heads + h : (b * s.heads + h) * s.tokens + t) * s.width;
        for (int64_t i = 0; i < half; ++i) {
          const int64_t first = start + (interleaved ? 2 * i : i);
          const int64_t second = start + (interleaved ? 2 * i + 1 : i + half);
          const C cosine = cosines[angle + i], sine = sines[angle + i];
          y[first] = cosine * x[first] - sine * x[second];
          y[second] = sine * x[first] + cosine * x[second];
        }
      }
    }
    y.store();
    return {};
  });
}

}  // namespace

std::span<const OpDef> rotary_embedding_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "RotaryEmbedding",
       .since_version = 23,
       .attrs = {{"interleaved", 0}, {"num_heads", AttrKind::integer}, {"rotary_embedding_dim", 0}},
       .inputs = {3, 4},
       .infer = infer,
       .reference = rotary_embedding,
       .flops =
           [](const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
             return 3 * static_cast<double>(inputs[0].shape.elements().value_or(0));
           }},
  };
  return defs;
}

}  // namespace oarlock::ops
