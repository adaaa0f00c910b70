// ScatterND and ScatterElements.
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

enum class Reduction : uint8_t { none, add, mul, max, min };

// The updates in order, in runs: each goes to the place that its indices name. Indices of one run
// are `depth` numbers, each counted along an axis of the data.
struct Scatter {
  Reduction reduction = Reduction::none;
  int64_t runs = 1, run = 1;  // number, elements of one
  int64_t depth = 1;
  std::vector<int64_t> extents, strides;  // of the indexed axes
  bool by_elements = false;               // ScatterElements: one index, runs of one element
  Shape shape;                            // ScatterElements: of the indices
  std::vector<int64_t> own;               // and the data's strides, 0 along the indexed axis
  int64_t elements = 1;                   // of the data
  size_t bytes = 4;
  bool wide = true;  // int64 indices
};

Result<Scatter> scatter_of(const NodeView& node) {
  const Shape &data = node.input_shape(0), &indices = node.input_shape(1);
  Scatter s;
  s.by_elements = node.node().op == "ScatterElements";
  const std::string& reduction = node.attrs().string("reduction");
  constexpr std::array<std::string_view, 5> kNames = {"none", "add", "mul", "max", "min"};
  const auto name = std::find(kNames.begin(), kNames.end(), reduction);
  if (name == kNames.end()) return unsupported("reduction ", reduction);
  s.reduction = static_cast<Reduction>(name - kNames.begin());
  s.bytes = element_bytes(node.input(0).dtype);
  if (s.bytes != 4 && s.bytes != 8) return unsupported("elements of type ", node.input(0).dtype);
  if (s.reduction != Reduction::none && !is_float32(node.input(0)))
    return unsupported("reduction ", reduction, " of type ", node.input(0).dtype);
  s.wide = node.input(1).dtype == DType::int64;
  if (!s.wide && node.input(1).dtype != DType::int32)
    return unsupported("indices of type ", node.input(1).dtype);
  const auto stride = [&](size_t axis) { return extent(data, axis + 1, data.rank()); };
  s.elements = extent(data, 0, data.rank());
  if (s.by_elements) {
    const auto axis = normalize_axis(node.attrs().integer("axis", 0), data.rank());
    if (!axis || indices.rank() != data.rank()) return unsupported("other ranks");
    s.shape = indices;
    s.runs = extent(indices, 0, indices.rank());
    for (size_t d = 0; d < data.rank(); ++d) {
      if (d != *axis && indices[d] > data[d]) return unsupported("indices beyond the data");
      s.own.push_back(d == *axis ? 0 : stride(d));
    }
    s.extents = {data[*axis]};
    s.strides = {stride(*axis)};
    return s;
  }
  s.depth = indices.back();
  if (s.depth < 1 || s.depth > static_cast<int64_t>(data.rank()))
    return unsupported("indices of length ", s.depth);
  s.runs = extent(indices, 0, indices.rank() - 1);
  s.run = extent(data, static_cast<size_t>(s.depth), data.rank());
  for (size_t d = 0; d < static_cast<size_t>(s.depth); ++d) {
    s.extents.push_back(data[d]);
    s.strides.push_back(stride(d));
  }
  return s;
}

Result<KernelNeeds> match_scatter(const NodeView& node, const Device&) {
  OARLOCK_TRY(scatter_of(node).status());
  KernelOption option;
  option.sharing = {{Sharing::Kind::in_place, 0, 0, 0}};
  return KernelNeeds(std::move(option));
}

float combine(Reduction reduction, float old, float update) {
  switch (reduction) {
    case Reduction::add:
      return old + update;
    case Reduction::mul:
      return old * update;
    case Reduction::max:
      return std::max(old, update);
    case Reduction::min:
      return std::min(old, update);
    case Reduction::none:
      break;
  }
  return update;
}

// Where run i begins. The indices have been checked.
template <class I>
int64_t place(const Scatter& s, const I* indices, int64_t i) {
  int64_t at = 0;
  for (size_t d = 0; d < s.strides.size(); ++d) {
    int64_t index = indices[i * s.depth + static_cast<int64_t>(d)];
    if (index < 0) index += s.extents[d];
    at += index * s.strides[d];
  }
  if (s.by_elements) {
    int64_t rest = i;
    for (size_t d = s.own.size(); d-- > 0;) {
      at += rest % s.shape[d] * s.own[d];
      rest /= s.shape[d];
    }
  }
  return at;
}

template <class T, class I>
Status scatter(const Scatter& s, const CpuDevice& cpu, const KernelArgs& args) {
  const T* data = args.inputs[0].data<const T>();
  const I* indices = args.inputs[1].data<const I>();
  const T* updates = args.inputs[2].data<const T>();
  T* y = args.outputs[0].data<T>();
  for (int64_t i = 0; i < s.runs * s.depth; ++i) {
    const int64_t extent = s.extents[static_cast<size_t>(i % s.depth)];
    if (indices[i] < -extent || indices[i] >= extent)
      return invalid("index ", indices[i], " (element ", i,
                     " of the indices) is out of range for an axis of extent ", extent);
  }
  if (data != y) {
    cpu.parallel(s.elements, 1 << 16, [&](int64_t begin, int64_t end, int) {
      std::memcpy(y + begin, data + begin, static_cast<size_t>(end - begin) * sizeof(T));
    });
  }
  // In order: of runs with one place the last one stays.
  for (int64_t i = 0; i < s.runs; ++i) {
    T* to = y + place(s, indices, i);
    const T* from = updates + i * s.run;
    if (s.reduction == Reduction::none) {
      std::memcpy(to, from, static_cast<size_t>(s.run) * sizeof(T));
    } else if constexpr (std::is_same_v<T, float>) {
      for (int64_t k = 0; k < s.run; ++k) to[k] = combine(s.reduction, to[k], from[k]);
    }
  }
  return {};
}

Result<KernelPtr> create_scatter(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Scatter s, scatter_of(node));
  return make_kernel([s, &cpu](const KernelArgs& args) -> Status {
    if (s.bytes == 4)
      return s.wide ? scatter<float, int64_t>(s, cpu, args) : scatter<float, int32_t>(s, cpu, args);
    return s.wide ? scatter<uint64_t, int64_t>(s, cpu, args)
                  : scatter<uint64_t, int32_t>(s, cpu, args);
  });
}

}  // namespace

std::span<const KernelDef> scatter_kernels();

std::span<const KernelDef> scatter_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"ScatterND", "scatter", match_scatter, create_scatter},
      {"ScatterElements", "scatter", match_scatter, create_scatter},
  }};
  return list;
}

}  // namespace oarlock::cpu
