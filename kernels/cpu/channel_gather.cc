#include "kernels/cpu/channel_gather.h"

#include <algorithm>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/channel_gather.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/vector_math-inl.h"

#ifndef OARLOCK_KERNELS_CPU_CHANNEL_GATHER_CC_
#define OARLOCK_KERNELS_CPU_CHANNEL_GATHER_CC_
namespace oarlock::kernels::cpu {

// What the code of one instruction set needs of a ChannelGather.
struct ChannelGatherAccess {
  using Part = ChannelGather::Part;
  const Part* parts;
  const size_t* blocks;

  explicit ChannelGatherAccess(const ChannelGather& gather)
      : parts(gather.parts_.data()), blocks(gather.blocks_.data()) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_CHANNEL_GATHER_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

int64_t gather_lanes() { return static_cast<int64_t>(kLanes); }

using Part = ChannelGatherAccess::Part;

// One vector of every pixel, from at most kMost parts whose tables stay in registers; `add` keeps
// what earlier parts have written.
template <int kMost>
void gather_vectors(const Part* parts, const float* const* inputs, float* to, int64_t plane,
                    Range pixels, bool add) {
  const F32 d;
  const hn::RebindToSigned<F32> di;
  constexpr int kSize = kMost > 0 ? kMost : 1;
  const float* from[kSize];
  decltype(hn::SetTableIndices(d, parts->from)) tables[kSize];
  VecF32 taken[kSize];
  for (int i = 0; i < kMost; ++i) {
    const Part& part = parts[i];
    from[i] = inputs[part.input] + part.block * plane * 16 + part.lane;
    tables[i] = hn::SetTableIndices(d, part.from);
    taken[i] = hn::BitCast(d, hn::LoadU(di, part.taken));
  }
  for (int64_t p = pixels.begin; p < pixels.end; ++p) {
    VecF32 v = add ? hn::LoadU(d, to + p * 16) : hn::Zero(d);
    for (int i = 0; i < kMost; ++i) {
      const VecF32 moved = hn::TableLookupLanes(hn::LoadU(d, from[i] + p * 16), tables[i]);
      v = hn::Or(v, hn::And(moved, taken[i]));
    }
    hn::StoreU(v, d, to + p * 16);
  }
}

// The functions for 0, 1, ... parts.
constexpr int kMostParts = 4;
constexpr decltype(&gather_vectors<0>) kGather[kMostParts + 1] = {
    gather_vectors<0>, gather_vectors<1>, gather_vectors<2>, gather_vectors<3>, gather_vectors<4>};

// A block of the output, as many pixels as the nearest cache has room for.
void gather_block(const ChannelGatherAccess& g, int64_t block, const float* const* inputs,
                  float* to, int64_t plane, Range pixels) {
  const Part* part = g.parts + g.blocks[block];
  const Part* const end = g.parts + g.blocks[block + 1];
  for (int64_t lane = 0; lane < 16; lane += static_cast<int64_t>(kLanes)) {
    bool add = false;
    do {
      const Part* last = part;
      while (last < end && last->to == lane && last - part < kMostParts) ++last;
      kGather[last - part](part, inputs, to + lane, plane, pixels, add);
      part = last;
      add = true;
    } while (part < end && part->to == lane);
  }
}

void gather_target(const ChannelGatherAccess& g, const float* const* inputs, float* output,
                   int64_t plane, Range blocks, Range pixels) {
  constexpr int64_t kPiece = 64;
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    for (int64_t p = pixels.begin; p < pixels.end; p += kPiece)
      gather_block(g, block, inputs, output + block * plane * 16, plane,
                   {p, std::min(p + kPiece, pixels.end)});
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(gather_lanes);
OARLOCK_EXPORT(gather_target);

ChannelGather::ChannelGather(std::span<const int64_t> input_channels,
                             std::span<const int64_t> channels) {
  const auto lanes = static_cast<int32_t>(OARLOCK_DISPATCH(gather_lanes)());
  for (size_t begin = 0; begin < channels.size(); begin += 16) {
    blocks_.push_back(parts_.size());
    for (size_t c = begin; c < std::min(begin + 16, channels.size()); ++c) {
      int64_t channel = channels[c];
      int32_t input = 0;
      while (channel >= input_channels[static_cast<size_t>(input)])
        channel -= input_channels[static_cast<size_t>(input++)];
      const auto lane = static_cast<int32_t>(c - begin);
      const auto block = static_cast<int32_t>(channel / 16);
      const auto source = static_cast<int32_t>(channel % 16);
      const auto same = [&](const Part& p) {
        return p.input == input && p.block == block && p.lane == source / lanes * lanes &&
               p.to == lane / lanes * lanes;
      };
      const auto first = parts_.begin() + static_cast<ptrdiff_t>(blocks_.back());
      auto part = std::find_if(first, parts_.end(), same);
      if (part == parts_.end())
        part = parts_.insert(part, {.input = input,
                                    .block = block,
                                    .lane = source / lanes * lanes,
                                    .to = lane / lanes * lanes,
                                    .from = {},
                                    .taken = {}});
      part->from[lane % lanes] = source % lanes;
      part->taken[lane % lanes] = -1;
    }
  }
  blocks_.push_back(parts_.size());
}

void ChannelGather::run(const float* const* inputs, float* output, int64_t plane, Range blocks,
                        Range pixels) const {
  OARLOCK_DISPATCH(gather_target)
  (ChannelGatherAccess(*this), inputs, output, plane, blocks, pixels);
}

}  // namespace oarlock::kernels::cpu
#endif
