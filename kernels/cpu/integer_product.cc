#include "kernels/cpu/integer_product.h"

#include "kernels/cpu/byte_dots.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/integer_product.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>

#include "kernels/cpu/integer_finish-inl.h"
#include "kernels/cpu/integer_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

template <class DOTS>
IntegerPacking packing_of() {
  return {DOTS::kWidth, DOTS::kRows, DOTS::kLeftBytes};
}
IntegerPacking packing() {
  if (has_byte_dots(HWY_TARGET)) return packing_of<ByteDots>();
  return packing_of<WideDots>();
}

// PLAIN: what is_plain() says, and the scales are finite.
template <int64_t WIDTH, bool PLAIN>
HWY_INLINE void finish_either(const IntegerFinish& f, const int32_t* dots, int64_t i,
                              int64_t column, void* c) {
  if (!PLAIN)
    finish_row<WIDTH>(f, dots, i, column, c);
  else if (f.kind == IntegerFinish::Kind::uint8)
    finish_plain<WIDTH>(f, dots, i, static_cast<uint8_t*>(c));
  else
    finish_plain<WIDTH>(f, dots, i, static_cast<int8_t*>(c));
}

template <class DOTS, bool PLAIN>
void product_tile(const IntegerProduct& p, int64_t row, int64_t rows, int64_t panel) {
  constexpr int64_t kWidth = DOTS::kWidth;
  HWY_ALIGN int32_t dots[static_cast<size_t>(DOTS::kRows * kWidth)];
  const int64_t depth = integer_depth(p.k);
  const int64_t left_stride = depth * DOTS::kLeftBytes;
  integer_tile<DOTS>(rows)(
      {p.left + row * left_stride, left_stride, p.right + panel * kWidth * depth, depth / 4, dots});
  const int64_t column = panel * kWidth;
  const int64_t columns = std::min(kWidth, p.n - column);
  const bool wide =
      p.finish.kind == IntegerFinish::Kind::int32 || p.finish.kind == IntegerFinish::Kind::float32;
  const int64_t bytes = wide ? 4 : 1;
  for (int64_t i = 0; i < rows; ++i) {
    char* c = static_cast<char*>(p.c) + ((row + i) * p.c_row_stride + column) * bytes;
    if (columns == kWidth) {
      finish_either<kWidth, PLAIN>(p.finish, dots + i * kWidth, row + i, column, c);
    } else {
      HWY_ALIGN char last[static_cast<size_t>(4 * kWidth)];
      finish_either<kWidth, PLAIN>(p.finish, dots + i * kWidth, row + i, column, last);
      std::memcpy(c, last, static_cast<size_t>(columns * bytes));
    }
  }
}

template <class DOTS, bool PLAIN>
void tiles_of(const IntegerProduct& p, int64_t row_begin, int64_t row_end, int64_t panel_begin,
              int64_t panel_end) {
  const int64_t rows = row_end - row_begin;
  const int64_t tiles = (rows + DOTS::kRows - 1) / DOTS::kRows;
  const auto run = [&](int64_t tile, int64_t panel) {
    const int64_t row = row_begin + rows * tile / tiles;
    product_tile<DOTS, PLAIN>(p, row, row_begin + rows * (tile + 1) / tiles - row, panel);
  };
  // What is passed over again and again should stay in the second-level cache.
  constexpr int64_t kCached = 512 * 1024;
  if ((panel_end - panel_begin) * DOTS::kWidth * p.k <= kCached) {
    for (int64_t tile = 0; tile < tiles; ++tile)
      for (int64_t panel = panel_begin; panel < panel_end; ++panel) run(tile, panel);
    return;
  }
  const int64_t block =
      std::max<int64_t>(1, kCached / (DOTS::kRows * DOTS::kLeftBytes * integer_depth(p.k)));
  for (int64_t first = 0; first < tiles; first += block)
    for (int64_t panel = panel_begin; panel < panel_end; ++panel)
      for (int64_t tile = first; tile < std::min(tiles, first + block); ++tile) run(tile, panel);
}

template <class DOTS>
void product_of(const IntegerProduct& p, int64_t row_begin, int64_t row_end, int64_t panel_begin,
                int64_t panel_end) {
  bool plain = is_plain(p.finish);
  for (int64_t i = row_begin; plain && i < row_end; ++i)
    plain = std::isfinite(p.finish.row_scale[i]);
  if (plain)
    tiles_of<DOTS, true>(p, row_begin, row_end, panel_begin, panel_end);
  else
    tiles_of<DOTS, false>(p, row_begin, row_end, panel_begin, panel_end);
}

void product(const IntegerProduct& p, int64_t row_begin, int64_t row_end, int64_t panel_begin,
             int64_t panel_end) {
  if (row_begin >= row_end) return;
  if (has_byte_dots(HWY_TARGET))
    product_of<ByteDots>(p, row_begin, row_end, panel_begin, panel_end);
  else
    product_of<WideDots>(p, row_begin, row_end, panel_begin, panel_end);
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(packing);
OARLOCK_EXPORT(product);

IntegerPacking integer_packing() { return OARLOCK_DISPATCH(packing)(); }

void integer_product(const IntegerProduct& args, int64_t row_begin, int64_t row_end,
                     int64_t panel_begin, int64_t panel_end) {
  OARLOCK_DISPATCH(product)(args, row_begin, row_end, panel_begin, panel_end);
}
}  // namespace oarlock::kernels::cpu
#endif
