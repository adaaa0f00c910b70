// Cast between number types, QuantizeLinear and DequantizeLinear.
#include <array>
#include <cmath>
#include <cstring>

#include "backends/cpu/ops/support/element_layout.h"
#include "kernels/cpu/convert.h"
#include "oarlock/plugin/numeric.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

using Convert = void (*)(const std::byte* from, std::byte* to, int64_t n);

template <class From, class To>
void convert(const std::byte* from, std::byte* to, int64_t n) {
  const From* x = reinterpret_cast<const From*>(from);
  To* y = reinterpret_cast<To*>(to);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<To, bool>)
      y[i] = x[i] != From(0);
    else
      y[i] = static_cast<To>(x[i]);
  }
}
template <auto F, class From, class To>
void through(const std::byte* from, std::byte* to, int64_t n) {
  F(reinterpret_cast<const From*>(from), reinterpret_cast<To*>(to), n);
}

// Through int32, of which narrower integers take the low bits.
template <class To>
void float_to_narrow(const std::byte* from, std::byte* to, int64_t n) {
  const float* x = reinterpret_cast<const float*>(from);
  To* y = reinterpret_cast<To*>(to);
  constexpr int64_t kPiece = 1024;
  std::array<int32_t, kPiece> wide;
  for (int64_t i = 0; i < n; i += kPiece) {
    const int64_t count = std::min(kPiece, n - i);
    kc::f32_to_i32(x + i, wide.data(), count);
    for (int64_t j = 0; j < count; ++j) y[i + j] = static_cast<To>(wide[static_cast<size_t>(j)]);
  }
}

Convert from_float(DType to) {
  switch (to) {
    case DType::float16:
      return through<kc::f32_to_f16, float, uint16_t>;
    case DType::bfloat16:
      return through<kc::f32_to_bf16, float, uint16_t>;
    case DType::int32:
      return through<kc::f32_to_i32, float, int32_t>;
    case DType::int64:
      return through<kc::f32_to_i64, float, int64_t>;
    case DType::uint8:
      return float_to_narrow<uint8_t>;
    case DType::int8:
      return float_to_narrow<int8_t>;
    case DType::uint16:
      return float_to_narrow<uint16_t>;
    case DType::int16:
      return float_to_narrow<int16_t>;
    case DType::boolean:
      return convert<float, bool>;
    default:
      return nullptr;
  }
}

template <class From>
Convert to_type(DType to) {
  switch (to) {
    case DType::float32:
      return convert<From, float>;
    case DType::int32:
      return convert<From, int32_t>;
    case DType::int64:
      return convert<From, int64_t>;
    case DType::boolean:
      return convert<From, bool>;
    default:
      return nullptr;
  }
}

Convert conversion(DType from, DType to) {
  switch (from) {
    case DType::float32:
      return from_float(to);
    case DType::float16:
      return to == DType::float32 ? through<kc::f16_to_f32, uint16_t, float> : nullptr;
    case DType::bfloat16:
      return to == DType::float32 ? through<kc::bf16_to_f32, uint16_t, float> : nullptr;
    case DType::int32:
      return to_type<int32_t>(to);
    case DType::int64:
      return to_type<int64_t>(to);
    case DType::uint8:
      return to_type<uint8_t>(to);
    case DType::int8:
      return to_type<int8_t>(to);
    case DType::boolean:
      return to_type<bool>(to);
    default:
      return nullptr;
  }
}

Result<KernelNeeds> match_cast(const NodeView& node, const Device&) {
  const DType from = node.input(0).dtype, to = node.output(0).dtype;
  KernelOption option;
  if (from == to && element_bytes(from) > 0) {
    option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
    option.only_moves = true;
    return KernelNeeds(std::move(option));
  }
  if (!conversion(from, to)) return unsupported("from ", from, " to ", to);
  return KernelNeeds();
}

Result<KernelPtr> create_cast(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const DType from = node.input(0).dtype, to = node.output(0).dtype;
  const int64_t n = element_count(node.input(0));
  const int64_t in = static_cast<int64_t>(element_bytes(from));
  const int64_t out = static_cast<int64_t>(element_bytes(to));
  const Convert run = from == to ? nullptr : conversion(from, to);
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    const std::byte* x = args.inputs[0].data();
    std::byte* y = args.outputs[0].data();
    if (x == y || n == 0) return {};
    cpu.parallel(n, 16384, [&](int64_t begin, int64_t end, int) {
      if (run)
        run(x + begin * in, y + begin * out, end - begin);
      else
        std::memcpy(y + begin * out, x + begin * in, static_cast<size_t>((end - begin) * in));
    });
    return {};
  });
}

// One scale for everything, or one for each index of an axis.
struct Scales {
  int64_t outer = 1, count = 1, inner = 1;
  bool is_signed = false, has_zero = false;
};

Result<Scales> scales_of(const NodeView& node, const TypeInfo& quantized) {
  if (quantized.dtype != DType::uint8 && quantized.dtype != DType::int8)
    return unsupported("quantized type ", quantized.dtype);
  if (!is_float32(node.input(1))) return unsupported("scales of type ", node.input(1).dtype);
  if (node.attrs().integer("block_size", 0) != 0) return unsupported("blocked scales");
  const Shape& shape = node.input_shape(0);
  Scales s;
  s.is_signed = quantized.dtype == DType::int8;
  s.has_zero = node.input_count() > 2 && node.has_input(2);
  s.count = element_count(node.input(1));
  s.inner = extent(shape, 0, shape.rank());
  if (s.count != 1 || (node.input_shape(1).rank() == 1 && shape.rank() > 1)) {
    const auto axis = normalize_axis(node.attrs().integer("axis", 1), shape.rank());
    if (s.count != 1 && (!axis || shape[*axis] != s.count))
      return unsupported("scales of that shape");
    if (s.count != 1) {
      s.outer = extent(shape, 0, *axis);
      s.inner = extent(shape, *axis + 1, shape.rank());
    }
  }
  return s;
}

Result<KernelNeeds> match_quantize(const NodeView& node, const Device&) {
  if (!is_float32(node.input(0))) return unsupported("values of type ", node.input(0).dtype);
  OARLOCK_TRY(scales_of(node, node.output(0)).status());
  return KernelNeeds();
}
Result<KernelNeeds> match_dequantize(const NodeView& node, const Device&) {
  if (!is_float32(node.output(0))) return unsupported("values of type ", node.output(0).dtype);
  OARLOCK_TRY(scales_of(node, node.input(0)).status());
  return KernelNeeds();
}

// Calls run(scale, zero point, first element, count) over pieces that share a scale.
template <class F>
void for_scales(const Scales& s, const KernelArgs& args, const CpuDevice& cpu, const F& run) {
  const float* scale = args.inputs[1].data<const float>();
  const auto zero_point = [&](int64_t c) -> int32_t {
    if (!s.has_zero) return 0;
    return s.is_signed ? int32_t{args.inputs[2].data<const int8_t>()[c]}
                       : int32_t{args.inputs[2].data<const uint8_t>()[c]};
  };
  const int64_t rows = s.outer * s.count;
  const int64_t cuts = rows >= 8 ? 1 : std::max<int64_t>(1, s.inner / 16384);
  cpu.parallel(rows * cuts, grain_for(static_cast<double>(s.inner / cuts)),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t u = begin; u < end; ++u) {
                   const int64_t r = u / cuts, cut = u % cuts;
                   const int64_t first = s.inner * cut / cuts, last = s.inner * (cut + 1) / cuts;
                   const int64_t c = r % s.count;
                   run(scale[c], zero_point(c), r * s.inner + first, last - first);
                 }
               });
}

Result<KernelPtr> create_quantize(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Scales s, scales_of(node, node.output(0)));
  return make_kernel([s, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    for_scales(s, args, cpu, [&](float scale, int32_t zero, int64_t first, int64_t n) {
      if (s.is_signed)
        kc::quantize_i8(x + first, scale, zero, args.outputs[0].data<int8_t>() + first, n);
      else
        kc::quantize_u8(x + first, scale, zero, args.outputs[0].data<uint8_t>() + first, n);
    });
    return {};
  });
}

Result<KernelPtr> create_dequantize(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Scales s, scales_of(node, node.input(0)));
  return make_kernel([s, &cpu](const KernelArgs& args) -> Status {
    float* y = args.outputs[0].data<float>();
    for_scales(s, args, cpu, [&](float scale, int32_t zero, int64_t first, int64_t n) {
      if (s.is_signed)
        kc::dequantize_i8(args.inputs[0].data<const int8_t>() + first, scale, zero, y + first, n);
      else
        kc::dequantize_u8(args.inputs[0].data<const uint8_t>() + first, scale, zero, y + first, n);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> cast_kernels();

std::span<const KernelDef> cast_kernels() {
  static const std::array<KernelDef, 3> list = {{
      {"Cast", "cast", match_cast, create_cast},
      {"DequantizeLinear", "dequantize_8bit", match_dequantize, create_dequantize},
      {"QuantizeLinear", "quantize_8bit", match_quantize, create_quantize},
  }};
  return list;
}

}  // namespace oarlock::cpu
