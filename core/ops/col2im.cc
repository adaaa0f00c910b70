// Col2Im (ONNX 18): sums blocks back into an image.
#include <algorithm>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/window.h"

namespace oarlock::ops {

namespace {

Result<Window> window_of(const Attrs& attrs, const IntegerList& image, const IntegerList& block,
                         const Shape& x) {
  if (image.empty() || image.size() != block.size())
    return invalid("inputs image_shape and block_shape have ", image.size(), " and ", block.size(),
                   " elements; they must have as many, and at least one");
  for (int64_t extent : image) {
    if (extent < 0) return invalid("input image_shape has the entry ", extent);
  }
  OARLOCK_ASSIGN(Window window, window_from(attrs, image.dims(), block.dims()));
  const int64_t blocks = extent_product(window.output, 0, window.rank());
  if (!agree(x[2], blocks))
    return invalid("X has shape ", x, ", but an image of shape ", image, " has ", blocks,
                   " blocks of shape ", block);
  if (x[1] != Shape::kUnknown && x[1] % window.kernel_elements() != 0)
    return invalid("X has shape ", x, "; its second extent must be a multiple of the ",
                   window.kernel_elements(), " elements of a block");
  return window;
}

Shape result_shape(const Shape& x, const Window& window) {
  Shape y(window.rank() + 2);
  y[0] = x[0];
  y[1] = x[1] == Shape::kUnknown ? Shape::kUnknown : x[1] / window.kernel_elements();
  std::copy(window.input.begin(), window.input.end(), y.begin() + 2);
  return y;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_number(c, 0, "input"));
  OARLOCK_TRY(expect_rank(c, 0, "input", 3));
  OARLOCK_TRY(expect_rank(c, 1, "image_shape", 1));
  OARLOCK_TRY(expect_rank(c, 2, "block_shape", 1));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_integers(c, 2, true));
  OARLOCK_ASSIGN(const auto image, known_integers(c, 1));
  OARLOCK_ASSIGN(const auto block, known_integers(c, 2));
  if (image && block) {
    OARLOCK_ASSIGN(const Window window, window_of(c.attrs(), *image, *block, c.shape(0)));
    c.set_output(0, c.dtype(0), result_shape(c.shape(0), window));
  } else if (const auto length = known_length(c, 1)) {
    c.set_output(0, c.dtype(0), Shape(static_cast<size_t>(*length) + 2, Shape::kUnknown));
  } else {
    c.set_output(0, TypeInfo::tensor(c.dtype(0)));
  }
  return {};
}

template <class C>
Status run(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const IntegerList image, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const IntegerList block, read_integers(c.input(2)));
  OARLOCK_ASSIGN(const Window window, window_of(c.attrs(), image, block, shape));
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), result_shape(shape, window)));
  const Elements<C> x(c.input(0));
  Results<C> y(*output);
  std::fill_n(y.data(), y.size(), C{});
  const int64_t kernel = window.kernel_elements();
  const int64_t plane = extent_product(window.input, 0, window.rank());
  const int64_t blocks = shape[2];
  const int64_t tile = window_tile(window);
  std::vector<int64_t> offsets(static_cast<size_t>(kernel * tile));
  for (int64_t first = 0; first < blocks; first += tile) {
    const int64_t count = std::min(tile, blocks - first);
    window_offsets(window, first, count, offsets.data());
    for (int64_t nc = 0; nc < shape[0] * shape[1] / kernel; ++nc) {
      for (int64_t e = 0; e < kernel; ++e) {
        const C* from = x.data() + (nc * kernel + e) * blocks + first;
        for (int64_t p = 0; p < count; ++p) {
          const int64_t offset = offsets[e * count + p];
          if (offset >= 0) y[nc * plane + offset] += from[p];
        }
      }
    }
  }
  y.store();
  return {};
}

Status col2im(RunContext& c) {
  if (is_integer(c.input(0).dtype())) return run<int64_t>(c);
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> col2im_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Col2Im",
       .since_version = 18,
       .attrs = {{"dilations", AttrKind::integers},
                 {"pads", AttrKind::integers},
                 {"strides", AttrKind::integers}},
       .inputs = 3,
       .infer = infer,
       .reference = col2im},
  };
  return defs;
}

}  // namespace oarlock::ops
