#include "kernels/cpu/fourier_conv.h"

#include <algorithm>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fourier_conv.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/fourier_lines-inl.h"

#ifndef OARLOCK_KERNELS_CPU_FOURIER_CONV_CC_
#define OARLOCK_KERNELS_CPU_FOURIER_CONV_CC_
namespace oarlock::kernels::cpu {

// What the stages of a strip share. The workspace holds the spectra of the input,
// [number][tile][slot][block][re, im][16], then those of the output, [number][re, im][tile][line]
// [channel].
struct FourierConvAccess {
  const FourierConv::Args& args;
  const ConvShape& shape;
  const FourierBlocking& blocking;
  const FourierAxis &along, &across;
  const std::vector<FourierStage<float>>& stages;
  FourierStrip strip;
  int64_t tiles, slots, slot_floats;  // of the input's spectra
  int64_t strip_lines, line_floats;   // of the output's
  int64_t in_numbers, out_numbers;    // floats from number to number
  float *in_spectra, *out_spectra;

  FourierConvAccess(const FourierConv& c, const FourierConv::Args& a, int64_t index)
      : args(a),
        shape(c.shape_),
        blocking(c.blocking_),
        along(c.along_),
        across(c.across_),
        stages(c.stages_),
        strip(across, blocking, index),
        tiles(c.tiles_),
        slots(c.slots_),
        slot_floats(shape.in_blocks() * 32),
        strip_lines(c.strip_lines_),
        line_floats(shape.out_blocks() * 16),
        in_numbers(c.in_number_floats()),
        out_numbers(c.out_number_floats()),
        in_spectra(a.workspace),
        out_spectra(a.workspace + c.numbers() * in_numbers) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_FOURIER_CONV_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

size_t transform_floats(int64_t length) { return static_cast<size_t>(2 * length * kNumber); }

// Spectra of a pair of slots of a tile, of one block of channels.
void forward_unit(const FourierConvAccess& c, int64_t unit, float* scratch) {
  const int64_t pairs = (c.slots + 1) / 2, block = unit / pairs % c.shape.in_blocks();
  const int64_t tile_index = unit / pairs / c.shape.in_blocks();
  const int64_t slot = c.strip.valid.begin + unit % pairs * 2;
  if (slot >= c.strip.valid.end) return;
  const bool two = slot + 1 < c.strip.valid.end;
  const FourierTile tile(c.along, c.blocking, tile_index);
  for (int64_t lane = 0; lane < 16; lane += static_cast<int64_t>(kLanes)) {
    const float* line = c.args.input + block * c.shape.in_pixels() * 16 +
                        (c.strip.first_slot + slot) * c.across.in_step + lane;
    float* to = c.in_spectra + (tile_index * c.slots + slot) * c.slot_floats + block * 32 + lane;
    const Spectrum a = {to, c.in_numbers, 16};
    const Spectrum b = {two ? to + c.slot_floats : to, c.in_numbers, 16};
    transform_lines(c.stages, c.blocking.length, tile, line, two ? line + c.across.in_step : line,
                    c.along.in_step, scratch, scratch + c.blocking.length * kNumber, a, b);
  }
}

// Rows of both real products: (re, -im) and (im, re) of every slot; zeros where it is padding.
void split_products(const FourierConvAccess& c, const float* spectra, float* re, float* im) {
  const F32 d;
  const auto clear = [&](int64_t begin, int64_t end) {
    std::fill(re + begin * c.slot_floats, re + end * c.slot_floats, 0.0f);
    std::fill(im + begin * c.slot_floats, im + end * c.slot_floats, 0.0f);
  };
  clear(0, c.strip.valid.begin);
  clear(c.strip.valid.end, c.slots);
  for (int64_t at = c.strip.valid.begin * c.slot_floats; at < c.strip.valid.end * c.slot_floats;
       at += 32) {
    for (int64_t i = at; i < at + 16; i += static_cast<int64_t>(kLanes)) {
      const VecF32 a = hn::LoadU(d, spectra + i), b = hn::LoadU(d, spectra + i + 16);
      hn::StoreU(a, d, re + i);
      hn::StoreU(hn::Neg(b), d, re + i + 16);
      hn::StoreU(b, d, im + i);
      hn::StoreU(a, d, im + i + 16);
    }
  }
}

// A pair of output lines of a tile, of one block of channels.
void backward_unit(const FourierConvAccess& c, int64_t unit, float* scratch) {
  const int64_t pairs = (c.strip_lines + 1) / 2, block = unit / pairs % c.shape.out_blocks();
  const int64_t tile_index = unit / pairs / c.shape.out_blocks(), line = unit % pairs * 2;
  if (line >= c.strip.lines) return;
  const bool two = line + 1 < c.strip.lines;
  const FourierTile tile(c.along, c.blocking, tile_index);
  const int64_t at = block * c.shape.out_pixels() * 16 +
                     (c.strip.first_line + line) * c.across.out_step +
                     tile.first_output * c.along.out_step;
  float* const others = scratch + c.blocking.length * kNumber;
  for (int64_t lane = 0; lane < 16; lane += static_cast<int64_t>(kLanes)) {
    float* from =
        c.out_spectra + (tile_index * c.strip_lines + line) * c.line_floats + block * 16 + lane;
    const int64_t imag = c.tiles * c.strip_lines * c.line_floats;
    const Spectrum a = {from, c.out_numbers, imag};
    const Spectrum b = {two ? from + c.line_floats : from, c.out_numbers, imag};
    merge_spectra(a, b, c.blocking.length, scratch);
    const float* z = run_stages(F32(), c.stages, scratch, others);
    const FourierConv::Args& args = c.args;
    const LineOutput out = {
        tile.outputs, c.along.out_step, args.bias ? args.bias + block * 16 + lane : nullptr,
        args.residual ? args.residual + at + lane : nullptr, args.output + at + lane};
    with_activation(F32(), args.activation, [&](const auto& f) HWY_ATTR {
      emit_line(z + kLanes, out, f);
      if (two) emit_line(z, out.moved(c.across.out_step), f);
    });
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(transform_floats);
OARLOCK_EXPORT(forward_unit);
OARLOCK_EXPORT(split_products);
OARLOCK_EXPORT(backward_unit);

bool FourierConv::fits(const ConvShape& s, bool along_width) {
  return s.groups == 1 && FourierAxis(s, along_width).stride == 1 &&
         FourierAxis(s, !along_width).dilation == 1;
}

FourierConv::FourierConv(const ConvShape& shape, const FourierBlocking& blocking)
    : shape_(shape),
      blocking_(blocking),
      along_(shape, blocking.along_width),
      across_(shape, !blocking.along_width),
      tiles_((along_.out + blocking.tile - 1) / blocking.tile),
      strips_((across_.out + blocking.strip - 1) / blocking.strip),
      strip_lines_(std::min(blocking.strip, across_.out)),
      slots_(FourierStrip::slots(across_, blocking)),
      stages_(fourier_stages<float>(blocking.length, false)) {}

int64_t FourierConv::panel_count() const { return gemm_panels(shape_.out_blocks() * 16); }

size_t FourierConv::packed_size() const {
  return static_cast<size_t>(numbers() * gemm_packed_elements(depth(), shape_.out_blocks() * 16));
}

void FourierConv::pack_weights(const float* weights, float* packed, Range panels) const {
  // As FourierDepthwise: conjugate spectra, divided by the length and by two.
  const Fourier fourier(blocking_.length, true);
  const int64_t lanes = Fourier::lanes(), n = blocking_.length, width = gemm_panel_width();
  const int64_t along_step = blocking_.along_width ? 1 : shape_.kernel_width;
  const int64_t across_step = blocking_.along_width ? shape_.kernel_width : 1;
  std::vector<double> data(static_cast<size_t>(fourier.workspace()));
  for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
    const auto at = [&](int64_t number) {
      return packed + (number * panel_count() + panel) * depth() * width;
    };
    for (int64_t k = 0; k < numbers(); ++k) std::fill_n(at(k), depth() * width, 0.0f);
    const int64_t end = std::min((panel + 1) * width, shape_.out_channels);
    for (int64_t o = panel * width; o < end; ++o) {
      for (int64_t i = 0; i < across_.kernel * shape_.in_blocks() * 16 / lanes; ++i) {
        const int64_t line = i / (shape_.in_blocks() * 16 / lanes);
        const int64_t first = i % (shape_.in_blocks() * 16 / lanes) * lanes;
        std::fill_n(data.data(), n * 2 * lanes, 0.0);
        for (int64_t l = 0; l < std::min(lanes, shape_.in_channels - first); ++l) {
          const float* from = weights + (o * shape_.in_channels + first + l) * shape_.taps();
          for (int64_t j = 0; j < along_.kernel; ++j)
            data[static_cast<size_t>(j * along_.dilation % n * 2 * lanes + l)] +=
                static_cast<double>(from[line * across_step + j * along_step]);
        }
        fourier.transform(data.data());
        const int64_t row = (line * shape_.in_blocks() + first / 16) * 32 + first % 16;
        for (int64_t k = 0; k < numbers(); ++k) {
          float* const to = at(k) + row * width + o - panel * width;
          const double* const v = data.data() + k * 2 * lanes;
          for (int64_t l = 0; l < lanes; ++l) {
            to[l * width] = static_cast<float>(0.5 * v[l]);
            to[(16 + l) * width] = static_cast<float>(0.5 * v[lanes + l]);
          }
        }
      }
    }
  }
}

size_t FourierConv::workspace() const {
  return static_cast<size_t>(numbers() * (in_number_floats() + out_number_floats()));
}

size_t FourierConv::scratch() const {
  const int64_t slots = rows_together() ? tiles_ * slots_ : slots_;
  return std::max(OARLOCK_DISPATCH(transform_floats)(blocking_.length),
                  static_cast<size_t>(2 * slots * shape_.in_blocks() * 32));
}

int64_t FourierConv::forward_units() const {
  return tiles_ * shape_.in_blocks() * ((slots_ + 1) / 2);
}

int64_t FourierConv::backward_units() const {
  return tiles_ * shape_.out_blocks() * ((strip_lines_ + 1) / 2);
}

void FourierConv::forward(const Args& args, int64_t strip, int64_t unit, float* scratch) const {
  OARLOCK_DISPATCH(forward_unit)(FourierConvAccess(*this, args, strip), unit, scratch);
}

void FourierConv::multiply(const Args& args, int64_t strip, int64_t unit, float* scratch) const {
  const FourierConvAccess c(*this, args, strip);
  const bool together = rows_together();
  const int64_t products = together ? 1 : tiles_,
                product_slots = together ? tiles_ * slots_ : slots_;
  float* const halves[] = {scratch, scratch + product_slots * c.slot_floats};
  GemmArgs product;
  product.m = together ? tiles_ * strip_lines_ : c.strip.lines;
  product.n = c.line_floats;
  product.k = depth();
  product.a_row_stride = across_.stride * c.slot_floats;
  product.b = args.weights + unit * gemm_packed_elements(depth(), c.line_floats);
  product.c_row_stride = c.line_floats;
  for (int64_t i = 0; i < products; ++i) {
    const float* from = c.in_spectra + unit * c.in_numbers + i * slots_ * c.slot_floats;
    for (int64_t slot = 0; slot < product_slots; slot += slots_) {
      const int64_t at = slot * c.slot_floats;
      OARLOCK_DISPATCH(split_products)(c, from + at, halves[0] + at, halves[1] + at);
    }
    float* const out = c.out_spectra + unit * c.out_numbers + i * c.strip_lines * c.line_floats;
    for (int half = 0; half < 2; ++half) {
      product.a = halves[half];
      product.c = out + half * tiles_ * c.strip_lines * c.line_floats;
      gemm(product, 0, product.m, 0, panel_count());
    }
  }
}

void FourierConv::backward(const Args& args, int64_t strip, int64_t unit, float* scratch) const {
  OARLOCK_DISPATCH(backward_unit)(FourierConvAccess(*this, args, strip), unit, scratch);
}

}  // namespace oarlock::kernels::cpu
#endif
