// Packing of bytes for integer_product().
#include "kernels/cpu/integer_conv.h"
#include "kernels/cpu/integer_product.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/integer_pack.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

constexpr uint8_t kFlip = 0x80;

template <class T>
void pack_left(const ByteMatrix& a, int64_t k, int64_t row_begin, int64_t row_end, T* packed,
               int32_t* sums) {
  const uint8_t flip = a.is_signed ? 0 : kFlip;
  const int64_t depth = integer_depth(k);
  for (int64_t i = row_begin; i < row_end; ++i) {
    const uint8_t* from = a.data + i * a.row_stride;
    T* to = packed + i * depth;
    int32_t sum = 0;
    if (a.col_stride == 1) {
      for (int64_t j = 0; j < k; ++j) {
        to[j] = static_cast<int8_t>(from[j] ^ flip);
        sum += to[j];
      }
    } else {
      for (int64_t j = 0; j < k; ++j) {
        to[j] = static_cast<int8_t>(from[j * a.col_stride] ^ flip);
        sum += to[j];
      }
    }
    std::fill(to + k, to + depth, T(0));
    sums[i] = sum;
  }
}

template <class T>
void pack_filters(const uint8_t* weights, bool is_signed, int64_t channels, int64_t taps,
                  int64_t row_begin, int64_t row_end, T* packed, int32_t* sums) {
  const uint8_t flip = is_signed ? 0 : kFlip;
  const int64_t depth = integer_depth(channels) * taps;
  for (int64_t i = row_begin; i < row_end; ++i) {
    const uint8_t* from = weights + i * channels * taps;
    T* to = packed + i * depth;
    std::fill(to, to + depth, T(0));
    int32_t sum = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t t = 0; t < taps; ++t) {
        const auto w = static_cast<int8_t>(from[c * taps + t] ^ flip);
        to[(c / 4 * taps + t) * 4 + c % 4] = w;
        sum += w;
      }
    sums[i] = sum;
  }
}

void pack_filters_any(const uint8_t* weights, bool is_signed, int64_t channels, int64_t taps,
                      int64_t row_begin, int64_t row_end, uint8_t* packed, int32_t* sums) {
  if (integer_packing().left_bytes == 1)
    pack_filters(weights, is_signed, channels, taps, row_begin, row_end,
                 reinterpret_cast<int8_t*>(packed), sums);
  else
    pack_filters(weights, is_signed, channels, taps, row_begin, row_end,
                 reinterpret_cast<int16_t*>(packed), sums);
}

void pack_left_any(const ByteMatrix& a, int64_t k, int64_t row_begin, int64_t row_end,
                   uint8_t* packed, int32_t* sums) {
  if (integer_packing().left_bytes == 1)
    pack_left(a, k, row_begin, row_end, reinterpret_cast<int8_t*>(packed), sums);
  else
    pack_left(a, k, row_begin, row_end, reinterpret_cast<int16_t*>(packed), sums);
}

using Rows = std::array<const uint8_t*, 4>;

// 16 columns of four rows: 64 bytes, a column after the other, in four stores.
template <class Store>
HWY_INLINE void interleave(const Rows& rows, uint8_t flip, const Store& store) {
  const hn::FixedTag<uint8_t, 16> d;
  const hn::FixedTag<uint16_t, 8> d16;
  const auto f = hn::Set(d, flip);
  const auto r0 = hn::Xor(hn::LoadU(d, rows[0]), f);
  const auto r1 = hn::Xor(hn::LoadU(d, rows[1]), f);
  const auto r2 = hn::Xor(hn::LoadU(d, rows[2]), f);
  const auto r3 = hn::Xor(hn::LoadU(d, rows[3]), f);
  const auto low01 = hn::BitCast(d16, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(d16, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(d16, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(d16, hn::InterleaveUpper(d, r2, r3));
  store(0, hn::BitCast(d, hn::InterleaveLower(d16, low01, low23)));
  store(4, hn::BitCast(d, hn::InterleaveUpper(d16, low01, low23)));
  store(8, hn::BitCast(d, hn::InterleaveLower(d16, high01, high23)));
  store(12, hn::BitCast(d, hn::InterleaveUpper(d16, high01, high23)));
}

// `columns` columns of four rows into consecutive panels of `width` columns, panel_bytes apart.
void pack_quad(const Rows& rows, int64_t columns, uint8_t flip, int64_t width, int64_t panel_bytes,
               uint8_t* to) {
  const hn::FixedTag<uint8_t, 16> d;
  int64_t in_panel = 0;
  for (int64_t column = 0; column < columns; column += 16) {
    HWY_ALIGN uint8_t last[4][16] = {};
    Rows at = {rows[0] + column, rows[1] + column, rows[2] + column, rows[3] + column};
    if (column + 16 > columns) {
      for (size_t r = 0; r < 4; ++r) {
        std::memcpy(last[r], at[r], static_cast<size_t>(columns - column));
        at[r] = last[r];
      }
    }
    interleave(at, flip, [&](int64_t j, auto v) HWY_ATTR {
      if (in_panel == 0 && column + j >= columns) return;
      hn::StoreU(v, d, to + 4 * in_panel);
      in_panel += 4;
      if (in_panel == width) {
        in_panel = 0;
        to += panel_bytes;
      }
    });
  }
}

void sum_panel(const uint8_t* panel, int64_t quads, int64_t width, int32_t* sums) {
  const hn::Rebind<uint32_t, F32> d;
  const hn::Rebind<int32_t, F32> di;
  const hn::Repartition<uint8_t, F32> d8;
  const auto mask = hn::Set(d, 0x00ff00ffu);
  for (int64_t j = 0; j < width; j += kStep) {
    auto low = hn::Zero(d);
    for (int64_t q = 0; q < quads; ++q) {
      const auto v = hn::BitCast(d, hn::LoadU(d8, panel + (q * width + j) * 4));
      const auto pairs = hn::Add(hn::And(v, mask), hn::And(hn::ShiftRight<8>(v), mask));
      low = hn::Add(low, hn::Add(hn::And(pairs, hn::Set(d, 0xffffu)), hn::ShiftRight<16>(pairs)));
    }
    hn::StoreU(hn::BitCast(di, low), di, sums + j);
  }
}

void pack_right(const ByteMatrix& b, int64_t k, int64_t n, int64_t panel_begin, int64_t panel_end,
                uint8_t* packed, int32_t* sums) {
  const int64_t width = integer_packing().panel_width;
  const uint8_t flip = b.is_signed ? kFlip : 0;
  const int64_t depth = integer_depth(k);
  for (int64_t p = panel_begin; p < panel_end; ++p) {
    const int64_t first = p * width;
    const int64_t columns = std::min(width, n - first);
    uint8_t* panel = packed + p * width * depth;
    HWY_ALIGN uint8_t nothing[64];
    std::memset(nothing, flip, sizeof nothing);
    for (int64_t q = 0; q < depth; q += 4) {
      if (b.col_stride == 1) {
        Rows rows;
        for (int64_t r = 0; r < 4; ++r)
          rows[static_cast<size_t>(r)] =
              q + r < k ? b.data + (q + r) * b.row_stride + first : nothing;
        pack_quad(rows, columns, flip, width, width * depth, panel + q * width);
        continue;
      }
      for (int64_t j = 0; j < width; ++j)
        for (int64_t r = 0; r < 4; ++r)
          panel[q * width + j * 4 + r] =
              j < columns && q + r < k
                  ? b.data[(q + r) * b.row_stride + (first + j) * b.col_stride] ^ flip
                  : 0;
    }
    if (sums) sum_panel(panel, depth / 4, width, sums + first);
  }
}

void pack_pointwise(const ConvShape& s, const uint8_t* planes, uint8_t flip, int64_t panel_begin,
                    int64_t panel_end, uint8_t* packed) {
  HWY_ALIGN uint8_t nothing[static_cast<size_t>(kPatchPanels * 2 * kStep)];
  std::memset(nothing, flip, sizeof nothing);
  const int64_t width = integer_packing().panel_width;
  const int64_t k = s.in_channels / s.groups, depth = integer_depth(k);
  const int64_t begin = panel_begin * width, end = std::min(panel_end * width, s.out_pixels());
  for (int64_t q = 0; q < depth; q += 4) {
    Rows rows;
    for (int64_t r = 0; r < 4; ++r)
      rows[static_cast<size_t>(r)] = q + r < k ? planes + (q + r) * s.in_pixels() + begin : nothing;
    pack_quad(rows, end - begin, flip, width, width * depth, packed + q * width);
  }
}

// Neighbouring output pixels of one row.
struct Segment {
  int64_t from = 0, to = 0, bytes = 0;
};

void pack_strip(const ConvShape& s, const int64_t* offsets, const uint8_t* planes, uint8_t flip,
                int64_t panel_begin, int64_t panel_end, uint8_t* packed) {
  const hn::FixedTag<uint8_t, 16> d;
  const auto f = hn::Set(d, flip);
  const int64_t width = integer_packing().panel_width;
  const PaddedPlane plane = padded_plane(s);
  const int64_t quads = (s.in_channels / s.groups + 3) / 4, depth = 4 * quads * s.taps();
  for (int64_t p = panel_begin; p < panel_end; ++p) {
    std::array<Segment, 2 * kLanes> segments;
    size_t count = 0;
    const int64_t first = p * width, end = std::min(first + width, s.out_pixels());
    for (int64_t pixel = first; pixel < end;) {
      const int64_t y = pixel / s.out_width, x = pixel - y * s.out_width;
      const int64_t here = std::min(s.out_width - x, end - pixel);
      segments[count++] = {4 * (y * s.stride_height * plane.row_pixels + x), 4 * (pixel - first),
                           4 * here};
      pixel += here;
    }
    uint8_t* to = packed + (p - panel_begin) * width * depth;
    for (int64_t q = 0; q < quads; ++q)
      for (int64_t t = 0; t < s.taps(); ++t, to += 4 * width) {
        const uint8_t* tap = planes + 4 * (q * plane.pixels() + offsets[t]);
        // What is written too far is written again, or belongs to nobody.
        for (size_t i = 0; i < count; ++i) {
          const Segment& g = segments[i];
          for (int64_t j = 0; j < g.bytes; j += 16)
            hn::StoreU(hn::Xor(hn::LoadU(d, tap + g.from + j), f), d, to + g.to + j);
        }
      }
  }
}

void pack_patches(const ConvShape& s, const int64_t* offsets, const uint8_t* planes, bool is_signed,
                  int64_t panel_begin, int64_t panel_end, uint8_t* packed, int32_t* sums) {
  const uint8_t flip = is_signed ? kFlip : 0;
  if (s.is_pointwise())
    pack_pointwise(s, planes, flip, panel_begin, panel_end, packed);
  else
    pack_strip(s, offsets, planes, flip, panel_begin, panel_end, packed);
  if (!sums) return;
  const int64_t width = integer_packing().panel_width;
  const int64_t depth = integer_depth(integer_conv_depth(s));
  for (int64_t p = 0; p < panel_end - panel_begin; ++p)
    sum_panel(packed + p * width * depth, depth / 4, width, sums + p * width);
}

void interleave_rows(const Rows& rows, int64_t pixels, uint8_t* to) {
  const hn::FixedTag<uint8_t, 16> d;
  int64_t x = 0;
  for (; x + 16 <= pixels; x += 16) {
    const Rows at = {rows[0] + x, rows[1] + x, rows[2] + x, rows[3] + x};
    interleave(at, 0, [&](int64_t j, auto v) HWY_ATTR { hn::StoreU(v, d, to + 4 * (x + j)); });
  }
  for (; x < pixels; ++x)
    for (size_t r = 0; r < 4; ++r) to[4 * x + static_cast<int64_t>(r)] = rows[r][x];
}

void pick(const uint8_t* from, int64_t stride, int64_t count, uint8_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
}

template <size_t N>
HWY_INLINE void split_some(const uint8_t* from, uint8_t* even, uint8_t* odd) {
  const hn::FixedTag<uint16_t, N> d;
  const hn::FixedTag<int16_t, N> ds;
  const hn::FixedTag<uint8_t, N> half;
  const auto pairs = hn::BitCast(d, hn::LoadU(hn::FixedTag<uint8_t, 2 * N>(), from));
  const auto low = hn::BitCast(ds, hn::And(pairs, hn::Set(d, 0xff)));
  const auto high = hn::BitCast(ds, hn::ShiftRight<8>(pairs));
  hn::StoreU(hn::DemoteTo(half, low), half, even);
  hn::StoreU(hn::DemoteTo(half, high), half, odd);
}

// Bytes 0, 2, .. of 2 * count to `even`, bytes 1, 3, .. to `odd`.
void split_pairs(const uint8_t* from, int64_t count, uint8_t* even, uint8_t* odd) {
  if (count < 4) {
    for (int64_t i = 0; i < count; ++i) {
      even[i] = from[2 * i];
      odd[i] = from[2 * i + 1];
    }
    return;
  }
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) split_some<8>(from + 2 * i, even + i, odd + i);
  if (i + 4 <= count) {
    split_some<4>(from + 2 * i, even + i, odd + i);
    i += 4;
  }
  if (i < count) {  // some once more
    i = count - 4;
    split_some<4>(from + 2 * i, even + i, odd + i);
  }
}

// A row of the image into one of the padded plane, whose padding is there already.
void fill_row(const ConvShape& s, const PaddedPlane& padded, const uint8_t* row, uint8_t* to) {
  if (s.stride_width == 1) {
    const int64_t left = std::min(s.pad_left, padded.run);
    std::memcpy(to + left, row, static_cast<size_t>(std::min(s.in_width, padded.run - left)));
    return;
  }
  if (s.stride_width == 2) {
    // Columns with an even number of padded ones before them are of phase 0.
    const int64_t lone = s.pad_left % 2, start = s.pad_left / 2;
    if (lone && s.in_width > 0 && start < padded.run) to[padded.run + start] = row[0];
    const int64_t from = start + lone;
    const int64_t room = std::max<int64_t>(0, padded.run - from);
    const int64_t pairs = std::min(room, (s.in_width - lone) / 2);
    split_pairs(row + lone, pairs, to + from, to + padded.run + from);
    if (pairs < room && (s.in_width - lone) % 2 != 0) to[from + pairs] = row[lone + 2 * pairs];
    return;
  }
  for (int64_t phase = 0; phase < s.stride_width; ++phase) {
    // Pixel i of the run is column i * stride + shift of the image.
    const int64_t shift = phase - s.pad_left, stride = s.stride_width;
    const int64_t first = shift >= 0 ? 0 : (stride - 1 - shift) / stride;
    const int64_t end = std::min(padded.run, (s.in_width - shift + stride - 1) / stride);
    if (end <= first) continue;
    const uint8_t* from = row + first * stride + shift;
    uint8_t* run = to + phase * padded.run + first;
    pick(from, stride, end - first, run);
  }
}

void pad_one(const ConvShape& s, const uint8_t* plane, uint8_t fill, uint8_t* to) {
  const PaddedPlane padded = padded_plane(s);
  std::memset(to, fill, static_cast<size_t>(padded.pixels()));
  const int64_t end = std::min(padded.rows, s.in_height + s.pad_top);
  for (int64_t y = s.pad_top; y < end; ++y)
    fill_row(s, padded, plane + (y - s.pad_top) * s.in_width, to + y * padded.row_pixels);
}

void pad_four(const ConvShape& s, const uint8_t* planes, int64_t channels, uint8_t fill,
              uint8_t* scratch, uint8_t* to) {
  const PaddedPlane padded = padded_plane(s);
  const int64_t length = padded.row_pixels;
  std::memset(scratch, fill, static_cast<size_t>(4 * length));
  const Rows rows = {scratch, scratch + length, scratch + 2 * length, scratch + 3 * length};
  for (int64_t y = 0; y < padded.rows; ++y, to += 4 * length) {
    const int64_t in_y = y - s.pad_top;
    if (in_y < 0 || in_y >= s.in_height) {
      std::memset(to, fill, static_cast<size_t>(4 * length));
      continue;
    }
    for (int64_t c = 0; c < channels; ++c)
      fill_row(s, padded, planes + c * s.in_pixels() + in_y * s.in_width, scratch + c * length);
    interleave_rows(rows, length, to);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(pack_left_any);
OARLOCK_EXPORT(pack_right);
OARLOCK_EXPORT(pack_patches);
OARLOCK_EXPORT(pack_filters_any);
OARLOCK_EXPORT(pad_one);
OARLOCK_EXPORT(pad_four);

void pack_integer_left(const ByteMatrix& a, int64_t k, int64_t row_begin, int64_t row_end,
                       uint8_t* packed, int32_t* sums) {
  OARLOCK_DISPATCH(pack_left_any)(a, k, row_begin, row_end, packed, sums);
}

void pack_integer_right(const ByteMatrix& b, int64_t k, int64_t n, int64_t panel_begin,
                        int64_t panel_end, uint8_t* packed, int32_t* sums) {
  OARLOCK_DISPATCH(pack_right)(b, k, n, panel_begin, panel_end, packed, sums);
}

void pack_integer_patches(const ConvShape& shape, const int64_t* offsets, const uint8_t* planes,
                          bool is_signed, int64_t panel_begin, int64_t panel_end, uint8_t* packed,
                          int32_t* sums) {
  OARLOCK_DISPATCH(pack_patches)
  (shape, offsets, planes, is_signed, panel_begin, panel_end, packed, sums);
}

void integer_tap_offsets(const ConvShape& s, int64_t* offsets) {
  const PaddedPlane plane = padded_plane(s);
  for (int64_t ky = 0; ky < s.kernel_height; ++ky)
    for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
      const int64_t shift = kx * s.dilation_width;
      *offsets++ = ky * s.dilation_height * plane.row_pixels + shift % s.stride_width * plane.run +
                   shift / s.stride_width;
    }
}

PaddedPlane padded_plane(const ConvShape& s) {
  const int64_t columns =
      (s.out_width - 1) * s.stride_width + (s.kernel_width - 1) * s.dilation_width + 1;
  PaddedPlane plane;
  plane.rows = (s.out_height - 1) * s.stride_height + (s.kernel_height - 1) * s.dilation_height + 1;
  plane.run = (columns + s.stride_width - 1) / s.stride_width;
  plane.row_pixels = plane.run * s.stride_width;
  return plane;
}

void pad_plane(const ConvShape& shape, const uint8_t* plane, uint8_t fill, uint8_t* to) {
  OARLOCK_DISPATCH(pad_one)(shape, plane, fill, to);
}

void pad_planes(const ConvShape& shape, const uint8_t* planes, int64_t channels, uint8_t fill,
                uint8_t* scratch, uint8_t* to) {
  OARLOCK_DISPATCH(pad_four)(shape, planes, channels, fill, scratch, to);
}

void pack_integer_filters(const uint8_t* weights, bool is_signed, int64_t channels, int64_t taps,
                          int64_t row_begin, int64_t row_end, uint8_t* packed, int32_t* sums) {
  OARLOCK_DISPATCH(pack_filters_any)
  (weights, is_signed, channels, taps, row_begin, row_end, packed, sums);
}
}  // namespace oarlock::kernels::cpu
#endif
