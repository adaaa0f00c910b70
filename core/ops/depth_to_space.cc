// ONNX DepthToSpace, SpaceToDepth (28).
#include "core/ops/support/arguments.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

struct Blocks {
  int64_t size;
  bool depth_first;  // DCR: channels are ordered block row, block column, depth; CRD: depth first
};

Result<Blocks> blocks_of(const Attrs& attrs) {
  const Blocks blocks{attrs.integer("blocksize"), attrs.string("mode") != "CRD"};
  if (blocks.size < 1 || blocks.size > (int64_t{1} << 20)) {
    return invalid("blocksize is ", blocks.size, ", expected 1 or more");
  }
  if (blocks.depth_first && attrs.string("mode") != "DCR") {
    return invalid("mode is \"", attrs.string("mode"), "\", expected \"DCR\" or \"CRD\"");
  }
  return blocks;
}

Result<int64_t> divided(int64_t extent, int64_t by, std::string_view what) {
  if (extent == Shape::kUnknown) return extent;
  if (extent % by != 0) return invalid(what, " ", extent, " does not divide by ", by);
  return extent / by;
}

Result<int64_t> multiplied(int64_t extent, int64_t by) {
  if (extent == Shape::kUnknown) return extent;
  if (__builtin_mul_overflow(extent, by, &extent)) return out_of_memory("the output is too large");
  return extent;
}

Result<Shape> unfolded(const Shape& from, int64_t size, bool to_space) {
  if (from.rank() != 4) return invalid("input 0 has the shape ", from, ", expected rank 4");
  Shape to = from;
  if (to_space) {
    OARLOCK_ASSIGN(to[1], divided(from[1], size * size, "the number of channels"));
    OARLOCK_ASSIGN(to[2], multiplied(from[2], size));
    OARLOCK_ASSIGN(to[3], multiplied(from[3], size));
  } else {
    OARLOCK_ASSIGN(to[1], multiplied(from[1], size * size));
    OARLOCK_ASSIGN(to[2], divided(from[2], size, "the height"));
    OARLOCK_ASSIGN(to[3], divided(from[3], size, "the width"));
  }
  return to;
}

template <bool kToSpace>
Status infer_unfold(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_ASSIGN(const Blocks blocks, blocks_of(c.attrs()));
  OARLOCK_ASSIGN(Shape shape, unfolded(c.shape(0), blocks.size, kToSpace));
  c.set_output(0, c.dtype(0), std::move(shape));
  return {};
}

// The order of axes by which the flat side, seen as [n, channels in three axes, h, w], becomes the
// wide side, seen as [n, depth, h, block row, w, block column].
template <bool kToSpace>
Status run_unfold(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const Blocks blocks, blocks_of(c.attrs()));
  OARLOCK_ASSIGN(const Shape shape, unfolded(x.shape(), blocks.size, kToSpace));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  const Shape &deep = kToSpace ? x.shape() : shape, &wide = kToSpace ? shape : x.shape();
  const int64_t b = blocks.size, depth = wide[1], h = deep[2], w = deep[3];
  const Shape extents{deep[0], depth, h, b, w, b};
  const int64_t plane = h * w;
  const int64_t depth_stride = blocks.depth_first ? plane : b * b * plane;
  const int64_t row_stride = blocks.depth_first ? b * depth * plane : b * plane;
  const int64_t column_stride = blocks.depth_first ? depth * plane : plane;
  const Shape deep_strides{deep[1] * plane, depth_stride, w, row_stride, 1, column_stride};
  const Shape wide_strides = row_major_strides(extents);
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for_each_run<2>(extents, {deep_strides, wide_strides},
                    [&](const auto& at, int64_t count, const auto& step) {
                      for (int64_t i = 0; i < count; ++i) {
                        const int64_t in_deep = at[0] + i * step[0];
                        const int64_t in_wide = at[1] + i * step[1];
                        to[kToSpace ? in_wide : in_deep] = from[kToSpace ? in_deep : in_wide];
                      }
                    });
  });
}

template <bool kToSpace>
OpDef unfold(std::string name) {
  OpDef def;
  def.name = std::move(name);
  def.since_version = 28;
  def.attrs = {AttrDef::must("blocksize", AttrKind::integer), {"mode", "DCR"}};
  def.inputs = 1;
  def.infer = infer_unfold<kToSpace>;
  def.reference = run_unfold<kToSpace>;
  return def;
}

}  // namespace

std::span<const OpDef> depth_to_space_ops() {
  static const OpDef defs[] = {unfold<true>("DepthToSpace"), unfold<false>("SpaceToDepth")};
  return defs;
}

}  // namespace oarlock::ops
