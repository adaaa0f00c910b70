// Attention (ONNX 23) without a cache of past keys, heads in an axis of their own or side by side.
#include "kernels/cpu/attention.h"

#include <array>
#include <cmath>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct AttentionNode {
  kc::Attention shape;
  enum class Mask : uint8_t { none, keep, bias };
  Mask mask = Mask::none;
};

bool present(const NodeView& node, size_t i) { return i < node.input_count() && node.has_input(i); }

// Strides of [B, H, S, D], or of [B, S, H * D] given the number of heads.
Result<kc::Attention::Strides> strides_of(const Shape& shape, int64_t heads, int64_t& length,
                                          int64_t& width) {
  if (shape.rank() == 4) {
    length = shape[2];
    width = shape[3];
    return kc::Attention::Strides{heads * length * width, length * width, width, 1};
  }
  if (shape.rank() != 3 || heads < 1 || shape[2] % heads != 0)
    return unsupported("an operand of shape ", shape, " with ", heads, " heads");
  length = shape[1];
  width = shape[2] / heads;
  return kc::Attention::Strides{length * shape[2], width, shape[2], 1};
}

Status read_mask(const NodeView& node, AttentionNode& a) {
  if (!present(node, 3)) return {};
  const Shape& mask = node.input_shape(3);
  if (node.input(3).dtype != DType::boolean && node.input(3).dtype != DType::float32)
    return unsupported("a mask of type ", node.input(3).dtype);
  a.mask =
      node.input(3).dtype == DType::boolean ? AttentionNode::Mask::keep : AttentionNode::Mask::bias;
  const int64_t wanted[] = {a.shape.batch, a.shape.heads, a.shape.q_length, a.shape.kv_length};
  int64_t strides[4] = {};
  int64_t stride = 1;
  if (mask.rank() > 4) return unsupported("a mask of shape ", mask);
  for (size_t i = mask.rank(); i-- > 0;) {
    const size_t axis = i + 4 - mask.rank();
    if (mask[i] != 1 && mask[i] != wanted[axis]) return unsupported("a mask of shape ", mask);
    strides[axis] = mask[i] == 1 ? 0 : stride;
    stride *= mask[i];
  }
  a.shape.bias = {strides[0], strides[1], strides[2], strides[3]};
  return {};
}

Result<AttentionNode> attention_of(const NodeView& node) {
  for (size_t i = 0; i < node.input_count(); ++i)
    if (i != 3 && node.has_input(i) && !is_float32(node.input(i)))
      return unsupported("input ", i, " is ", to_string(node.input(i)), ", not float32");
  if (present(node, 4) || present(node, 5) || present(node, 6))
    return unsupported("past keys and values");
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("outputs other than the first");
  if (node.attrs().number("softcap", 0.0f) != 0.0f) return unsupported("softcap");
  if (node.attrs().integer("left_window_size", -1) >= 0 ||
      node.attrs().integer("right_window_size", -1) >= 0)
    return unsupported("a window of keys");
  const Shape &q = node.input_shape(0), &k = node.input_shape(1), &v = node.input_shape(2);
  AttentionNode a;
  kc::Attention& s = a.shape;
  int64_t kv_heads = 0, v_length = 0;
  s.batch = q[0];
  s.heads = q.rank() == 4 ? q[1] : node.attrs().integer("q_num_heads", 0);
  kv_heads = k.rank() == 4 ? k[1] : node.attrs().integer("kv_num_heads", 0);
  OARLOCK_ASSIGN(s.q, strides_of(q, s.heads, s.q_length, s.qk_width));
  int64_t k_width = 0;
  OARLOCK_ASSIGN(s.k, strides_of(k, kv_heads, s.kv_length, k_width));
  OARLOCK_ASSIGN(s.v, strides_of(v, kv_heads, v_length, s.v_width));
  if (kv_heads < 1 || s.heads % kv_heads != 0 || k_width != s.qk_width || v_length != s.kv_length ||
      k[0] != q[0] || v[0] != q[0])
    return unsupported("operands of shapes ", q, ", ", k, ", ", v);
  if (q.elements() == 0 || k.elements() == 0 || v.elements() == 0)
    return unsupported("an empty operand");
  s.heads_per_key = s.heads / kv_heads;
  if (node.output_shape(0).rank() == 4)
    s.out = {s.heads * s.q_length * s.v_width, s.q_length * s.v_width, s.v_width, 1};
  else
    s.out = {s.q_length * s.heads * s.v_width, s.v_width, s.heads * s.v_width, 1};
  s.scale = node.attrs().has("scale") ? node.attrs().number("scale")
                                      : 1.0f / std::sqrt(static_cast<float>(s.qk_width));
  s.causal = node.attrs().integer("is_causal", 0) != 0;
  OARLOCK_TRY(read_mask(node, a));
  return a;
}

Result<KernelNeeds> match_attention(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const AttentionNode a, attention_of(node));
  KernelOption option;
  const int64_t slots =
      std::min<int64_t>(cpu_device(device).threads(), kc::attention_units(a.shape));
  option.workspace = static_cast<size_t>(slots * kc::attention_workspace(a.shape)) * sizeof(float);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_attention(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const AttentionNode a, attention_of(node));
  const int64_t units = kc::attention_units(a.shape);
  const int64_t workspace = kc::attention_workspace(a.shape);
  const double work = 2.0 * static_cast<double>(a.shape.kv_length) *
                      static_cast<double>(std::min<int64_t>(a.shape.q_length, 128)) *
                      static_cast<double>(a.shape.qk_width + a.shape.v_width);
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    const bool keep = a.mask == AttentionNode::Mask::keep;
    const bool bias = a.mask == AttentionNode::Mask::bias;
    cpu.parallel(units, grain_for(work, 500e3), [&](int64_t begin, int64_t end, int slot) {
      kc::attention(
          a.shape, args.inputs[0].data<const float>(), args.inputs[1].data<const float>(),
          args.inputs[2].data<const float>(), bias ? args.inputs[3].data<const float>() : nullptr,
          keep ? args.inputs[3].data<const bool>() : nullptr, args.outputs[0].data<float>(),
          args.workspace.data<float>() + slot * workspace, begin, end);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> attention_kernels();

std::span<const KernelDef> attention_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"Attention", "attention_f32", match_attention, create_attention}}};
  return list;
}

}  // namespace oarlock::cpu
