// Attention (ONNX 23) without a cache of past keys, heads in an axis of their own or side by side.
#include <array>
#include <cmath>

#include "backends/opencl/ops/support/packing.h"

namespace oarlock::opencl {

namespace {

enum class Mask : uint8_t { none, bias, keep };

// Elements from one image, head and row of an operand to the next; columns are neighbours.
struct Strides {
  int64_t image = 0, head = 0, row = 0;
};

struct Heads {
  int64_t batch = 1, heads = 1, key_heads = 1, queries = 1, keys = 1, width = 1, value_width = 1;
  Strides q, k, v, y;
  std::array<int64_t, 4> mask_strides = {};
  Mask mask = Mask::none;
  bool causal = false;
  float scale = 1;
  DType dtype = DType::float32;
};

// Of [images, heads, rows, columns] or of [images, rows, heads * columns].
Strides strides_of(const Shape& shape, int64_t heads, int64_t rows, int64_t columns) {
  if (shape.rank() == 4) return {heads * rows * columns, rows * columns, columns};
  return {rows * heads * columns, columns, heads * columns};
}

Status read_mask(const NodeView& node, Heads& h) {
  if (node.input_count() <= 3 || !node.has_input(3)) return {};
  const TypeInfo& mask = node.input(3);
  if (mask.dtype != DType::boolean && mask.dtype != h.dtype)
    return unsupported("a mask of type ", mask.dtype);
  h.mask = mask.dtype == DType::boolean ? Mask::keep : Mask::bias;
  const std::array<int64_t, 4> wanted = {h.batch, h.heads, h.queries, h.keys};
  const size_t rank = mask.shape.rank();
  if (rank > 4) return unsupported("a mask of shape ", mask.shape);
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    const size_t axis = i + 4 - rank;
    if (mask.shape[i] != 1 && mask.shape[i] != wanted[axis])
      return unsupported("a mask of shape ", mask.shape);
    h.mask_strides[axis] = mask.shape[i] == 1 ? 0 : stride;
    stride *= mask.shape[i];
  }
  return {};
}

Result<Heads> read_heads(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  const DType dtype = node.input(0).dtype;
  if (dtype != DType::float32 && dtype != DType::float16)
    return unsupported("queries of type ", dtype);
  for (size_t i = 1; i < 3; ++i)
    if (node.input(i).dtype != dtype)
      return unsupported("input ", i, " is ", to_string(node.input(i)), ", not ", dtype);
  for (size_t i = 4; i < node.input_count(); ++i)
    if (node.has_input(i)) return unsupported("past keys and values, or lengths");
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("outputs other than the first");
  if (node.attrs().number("softcap", 0.0f) != 0.0f) return unsupported("softcap");
  if (node.attrs().integer("left_window_size", -1) >= 0 ||
      node.attrs().integer("right_window_size", -1) >= 0)
    return unsupported("a window of keys");
  const Shape &q = node.input_shape(0), &k = node.input_shape(1), &v = node.input_shape(2);
  Heads h;
  h.dtype = dtype;
  const bool apart = q.rank() == 4;
  h.batch = q[0];
  h.heads = apart ? q[1] : node.attrs().integer("q_num_heads", 1);
  h.key_heads = apart ? k[1] : node.attrs().integer("kv_num_heads", 1);
  h.queries = q[apart ? 2 : 1];
  h.keys = k[apart ? 2 : 1];
  h.width = apart ? q[3] : q[2] / h.heads;
  h.value_width = apart ? v[3] : v[2] / h.key_heads;
  if (h.heads % h.key_heads != 0)
    return unsupported(h.heads, " heads of queries for ", h.key_heads, " of keys");
  h.q = strides_of(q, h.heads, h.queries, h.width);
  h.k = strides_of(k, h.key_heads, h.keys, h.width);
  h.v = strides_of(v, h.key_heads, h.keys, h.value_width);
  h.y = strides_of(node.output_shape(0), h.heads, h.queries, h.value_width);
  h.scale = node.attrs().has("scale") ? node.attrs().number("scale")
                                      : 1.0f / std::sqrt(static_cast<float>(h.width));
  h.causal = node.attrs().integer("is_causal", 0) != 0;
  OARLOCK_TRY(read_mask(node, h));
  return h;
}

struct Plan {
  Heads heads;
  Tile tile;
  PanelPacking keys, values;
  int64_t scores = 0;  // elements

  // Bytes of packed elements, so that what follows is aligned.
  size_t rounded(int64_t elements) const {
    return (static_cast<size_t>(elements) * (bits(heads.dtype) / 8) + 63) / 64 * 64;
  }
  size_t workspace() const {
    return values_at() + values_bytes() + static_cast<size_t>(scores) * sizeof(float);
  }
  // Packed keys come first, then packed values, then scores.
  size_t values_at() const { return rounded(keys.elements()); }
  size_t values_bytes() const { return rounded(values.elements()); }
};

Result<Plan> plan_of(const NodeView& node, const Device& device) {
  Plan p;
  OARLOCK_ASSIGN(p.heads, read_heads(node));
  const Heads& h = p.heads;
  const Traits& traits = cl_device(device).traits();
  p.tile = {std::min<int64_t>(traits.is_cpu ? 7 : 4, h.queries), traits.is_cpu ? 2 : 1,
            traits.channel_block};
  p.keys = {.matrices = h.batch * h.key_heads,
            .panels = p.tile.panels(h.keys),
            .depth = h.width,
            .columns = h.keys,
            .width = p.tile.width(),
            .depth_stride = 1,
            .column_stride = h.k.row,
            .matrix_stride = h.k.image};
  p.values = {.matrices = h.batch * h.key_heads,
              .panels = p.tile.panels(h.value_width),
              .depth = h.keys,
              .columns = h.value_width,
              .width = p.tile.width(),
              .depth_stride = h.v.row,
              .column_stride = 1,
              .matrix_stride = h.v.image};
  p.scores =
      h.batch * h.heads * p.tile.tiles(h.queries) * p.tile.rows * (p.keys.panels * p.keys.width);
  if (p.keys.elements() > kMostElements || p.values.elements() > kMostElements ||
      p.workspace() > cl_device(device).traits().max_allocation / 4)
    return unsupported("scores of ", p.scores, " elements");
  return p;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Plan p, plan_of(node, device));
  KernelOption option;
  option.workspace = p.workspace();
  return KernelNeeds(std::move(option));
}

cl_int4 four(int64_t a, int64_t b, int64_t c, int64_t d) {
  return {{static_cast<cl_int>(a), static_cast<cl_int>(b), static_cast<cl_int>(c),
           static_cast<cl_int>(d)}};
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Plan p, plan_of(node, device));
  const Heads& h = p.heads;
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const LaunchPtr keys, pack_panels(cl, h.dtype, p.keys, h.key_heads, h.k.head));
  OARLOCK_ASSIGN(const LaunchPtr values, pack_panels(cl, h.dtype, p.values, h.key_heads, h.v.head));
  Defines defines;
  defines.set("MASK", static_cast<int64_t>(h.mask));
  if (h.causal) defines.set("CAUSAL");
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("attention", p.tile, Activation{}, h.dtype, defines));
  OARLOCK_ASSIGN(const LaunchPtr attend,
                 Launch::make(cl, source, "attention", 6,
                              Work::grid({p.tile.tiles(h.queries), h.heads, h.batch}, {1, 1, 1})));
  const auto narrow = [](int64_t value) { return static_cast<cl_int>(value); };
  const auto& m = h.mask_strides;
  OARLOCK_TRY(attend->scalars(
      narrow(h.queries), narrow(h.keys), narrow(h.width), narrow(h.value_width), narrow(h.heads),
      narrow(h.heads / h.key_heads), four(h.q.image, h.q.head, h.q.row, 0),
      four(h.y.image, h.y.head, h.y.row, 0), four(m[0], m[1], m[2], m[3]), h.scale));
  const size_t values_at = p.values_at(), scores_at = values_at + p.values_bytes();
  return make_kernel([=](const KernelArgs& args) -> Status {
    const auto part = [&](size_t offset) {
      TensorRef ref = args.workspace;
      ref.offset += offset;
      return ref;
    };
    const TensorRef mask = args.inputs.size() > 3 ? args.inputs[3] : TensorRef();
    OARLOCK_TRY(keys->run({args.inputs[1], part(0)}));
    OARLOCK_TRY(values->run({args.inputs[2], part(values_at)}));
    return attend->run(
        {args.inputs[0], part(0), part(values_at), mask, args.outputs[0], part(scores_at)});
  });
}

}  // namespace

std::span<const KernelDef> attention_kernels();

std::span<const KernelDef> attention_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Attention", "attention", match, create}}};
  return list;
}

}  // namespace oarlock::opencl
