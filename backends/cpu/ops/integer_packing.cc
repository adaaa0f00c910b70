// oarlock.Relayout of bytes into packed operands of integer products.
#include "backends/cpu/ops/support/integer_packing.h"

#include "kernels/cpu/integer_conv.h"

namespace oarlock::cpu {

namespace kc = kernels::cpu;

namespace {

constexpr std::string_view kRows = "cpu.integer_rows";
constexpr std::string_view kPanels = "cpu.integer_panels";

int64_t whole_lines(int64_t bytes) { return (bytes + 63) / 64 * 64; }

Result<KernelNeeds> match(const NodeView& view, const Device&) {
  const RelayoutLayouts& layouts = *view.relayout();
  if (!layouts.from.is_row_major() || layouts.to.kind != Layout::Kind::opaque ||
      (layouts.to.tag != kRows && layouts.to.tag != kPanels))
    return unsupported("not a packing for an integer product");
  if (!is_byte(view.input(0).dtype)) return unsupported("values of type ", view.input(0).dtype);
  if (view.input_shape(0).rank() < 2) return unsupported("a vector");
  KernelOption option;
  option.inputs = {layouts.from};
  option.outputs = {layouts.to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption& chosen, Device&) {
  const Shape& shape = view.input_shape(0);
  const bool is_signed = view.input(0).dtype == DType::int8;
  if (chosen.outputs[0].tag == kRows) {
    const int64_t m = shape[0], channels = shape[1], taps = extent(shape, 2, shape.rank());
    return make_kernel([=](const KernelArgs& args) -> Status {
      std::byte* to = args.outputs[0].data();
      const PackedIntegers packed = packed_left(m, kc::integer_depth(channels) * taps);
      kc::pack_integer_filters(args.inputs[0].data<const uint8_t>(), is_signed, channels, taps, 0,
                               m, reinterpret_cast<uint8_t*>(to), packed.sums_of(to));
      return {};
    });
  }
  const int64_t k = shape[shape.rank() - 2], n = shape[shape.rank() - 1];
  const int64_t count = extent(shape, 0, shape.rank() - 2);
  return make_kernel([=](const KernelArgs& args) -> Status {
    const PackedIntegers packed = packed_right(k, n);
    for (int64_t i = 0; i < count; ++i) {
      std::byte* to = args.outputs[0].data() + i * packed.bytes();
      kc::pack_integer_right({args.inputs[0].data<const uint8_t>() + i * k * n, is_signed, n, 1}, k,
                             n, 0, kc::integer_panels(n), reinterpret_cast<uint8_t*>(to),
                             packed.sums_of(to));
    }
    return {};
  });
}

}  // namespace

PackedIntegers packed_left(int64_t m, int64_t k) {
  return {whole_lines(m * kc::integer_left_row(k)), whole_lines(m * 4) / 4};
}

PackedIntegers packed_right(int64_t k, int64_t n) {
  const int64_t panels = kc::integer_panels(n);
  return {whole_lines(panels * kc::integer_panel_bytes(k)),
          whole_lines(panels * kc::integer_packing().panel_width * 4) / 4};
}

Layout integer_rows_layout(const Shape& weights) {
  const int64_t k = kc::integer_depth(weights[1]) * extent(weights, 2, weights.rank());
  return Layout::opaque(std::string(kRows),
                        static_cast<size_t>(packed_left(weights[0], k).bytes()));
}

Layout integer_panels_layout(const Shape& b) {
  const PackedIntegers one = packed_right(b[b.rank() - 2], b[b.rank() - 1]);
  return Layout::opaque(std::string(kPanels),
                        static_cast<size_t>(extent(b, 0, b.rank() - 2) * one.bytes()));
}

ZeroPoints::ZeroPoints(const KernelArgs& args, size_t input) {
  if (input >= args.inputs.size() || !args.inputs[input]) return;
  const TensorRef& tensor = args.inputs[input];
  data_ = tensor.data<const uint8_t>();
  is_signed_ = tensor.dtype() == DType::int8;
  count_ = tensor.shape().elements().value_or(1);
}

ScaleValues::ScaleValues(const KernelArgs& args, size_t input)
    : data_(args.inputs[input].data<const float>()),
      count_(args.inputs[input].shape().elements().value_or(1)) {}

void quantize_to(kc::IntegerFinish& finish, DType dtype, int32_t zero) {
  const bool is_signed = dtype == DType::int8;
  finish.kind = is_signed ? kc::IntegerFinish::Kind::int8 : kc::IntegerFinish::Kind::uint8;
  finish.zero = zero;
  finish.low = is_signed ? -128 : 0;
  finish.high = is_signed ? 127 : 255;
}

std::span<const KernelDef> integer_packing_kernels();

std::span<const KernelDef> integer_packing_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "pack_integers", match, create}};
  return defs;
}

}  // namespace oarlock::cpu
