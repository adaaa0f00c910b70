// DFT and STFT of float32, several lines at a time.
#include "kernels/cpu/fourier.h"

#include <array>
#include <memory>
#include <optional>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

// What is transformed: `lines` lines, each of whose numbers lie `in_step` apart.
struct Lines {
  int64_t length = 1;                   // of the transform
  int64_t given = 1;                    // numbers of a line that exist; the rest is zero
  int64_t results = 1;                  // numbers of a line that are wanted
  int64_t in_parts = 1, out_parts = 2;  // 1: real, 2: complex
  int64_t outer = 1, inner = 1;         // lines; DFT: inner is what lies behind the axis
  int64_t in_outer = 0, in_step = 1, out_outer = 0, out_step = 1;  // elements
  bool inverse = false;
  bool mirrored = false;  // the second half of a real signal's spectrum follows from the first
  bool windowed = false;
};

std::optional<int64_t> whole_number(const NodeView& node, size_t i) {
  const Tensor* value = node.constant(i);
  if (!value || value->elements() != 1) return std::nullopt;
  if (value->dtype() == DType::int64) return value->as<int64_t>()[0];
  if (value->dtype() == DType::int32) return value->as<int32_t>()[0];
  return std::nullopt;
}

bool present(const NodeView& node, size_t i) { return i < node.input_count() && node.has_input(i); }

Result<Lines> dft_of(const NodeView& node) {
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  int64_t axis = -2;
  if (present(node, 2)) {
    const auto given = whole_number(node, 2);
    if (!given) return unsupported("an axis that is not constant");
    axis = *given;
  }
  const auto at = normalize_axis(axis, x.rank());
  if (!at || *at + 1 >= x.rank()) return unsupported("axis ", axis);
  Lines l;
  l.inverse = node.attrs().integer("inverse", 0) != 0;
  l.mirrored = l.inverse && node.attrs().integer("onesided", 0) != 0;
  l.length = x[*at];
  if (l.mirrored) l.length = 2 * (x[*at] - 1);
  if (present(node, 1)) {
    const auto given = whole_number(node, 1);
    if (!given) return unsupported("a length that is not constant");
    l.length = *given;
  }
  l.given = std::min(x[*at], l.mirrored ? l.length / 2 + 1 : l.length);
  l.results = y[*at];
  l.in_parts = x.back();
  l.out_parts = y.back();
  l.outer = extent(x, 0, *at);
  l.inner = extent(x, *at + 1, x.rank() - 1);
  l.in_step = l.inner * l.in_parts;
  l.out_step = l.inner * l.out_parts;
  l.in_outer = x[*at] * l.in_step;
  l.out_outer = y[*at] * l.out_step;
  return l;
}

// Frames are lines that overlap.
struct Frames : Lines {
  int64_t count = 1;   // of one signal
  int64_t signal = 0;  // elements of a signal
};

Result<Frames> stft_of(const NodeView& node) {
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  const auto step = whole_number(node, 1);
  if (!step || *step < 1) return unsupported("a step that is not constant");
  Frames f;
  f.length = present(node, 2) ? node.input_shape(2)[0] : x[1];
  if (present(node, 3)) {
    const auto given = whole_number(node, 3);
    if (!given) return unsupported("a length that is not constant");
    f.length = *given;
  }
  f.given = f.length;
  f.results = y[2];
  f.in_parts = f.in_step = x[2];
  f.out_step = 2;
  f.count = y[1];
  f.outer = x[0] * y[1];
  f.signal = x[1] * x[2];
  f.in_outer = *step * x[2];
  f.out_outer = y[2] * 2;
  f.windowed = present(node, 2);
  return f;
}

class FourierKernel final : public Kernel {
 public:
  FourierKernel(const Frames& f, const CpuDevice& device)
      : f_(f), device_(device), fourier_(f.length, f.inverse) {}

  Status run(const KernelArgs& args) override {
    const int64_t lanes = kc::Fourier::lanes(), lines = f_.outer * f_.inner;
    device_.parallel((lines + lanes - 1) / lanes, 1, [&](int64_t begin, int64_t end, int slot) {
      double* data = args.workspace.data<double>() + slot * fourier_.workspace();
      for (int64_t group = begin; group < end; ++group) {
        const int64_t first = group * lanes, count = std::min(lanes, lines - first);
        gather(args, first, count, data);
        fourier_.transform(data);
        scatter(args, first, count, data);
      }
    });
    return {};
  }

 private:
  void gather(const KernelArgs& args, int64_t first, int64_t count, double* data) const {
    const int64_t lanes = kc::Fourier::lanes(), number = 2 * lanes;
    std::fill_n(data, f_.length * number, 0.0);
    const float* window = f_.windowed ? args.inputs[2].data<const float>() : nullptr;
    for (int64_t l = 0; l < count; ++l) {
      const float* x = args.inputs[0].data<const float>() + start(first + l);
      double* to = data + l;
      for (int64_t k = 0; k < f_.given; ++k) {
        const double weight = window ? window[k] : 1.0;
        to[k * number] = x[k * f_.in_step] * weight;
        if (f_.in_parts == 2) to[k * number + lanes] = x[k * f_.in_step + 1] * weight;
      }
      if (f_.mirrored) mirror(to, lanes);
    }
  }

  void mirror(double* line, int64_t lanes) const {
    const int64_t number = 2 * lanes, n = f_.length;
    line[lanes] = 0;
    if (n % 2 == 0) line[n / 2 * number + lanes] = 0;
    for (int64_t k = n / 2 + 1; k < n; ++k) {
      line[k * number] = line[(n - k) * number];
      line[k * number + lanes] = -line[(n - k) * number + lanes];
    }
  }

  // First element of a line: DFT lines by their place before and behind the axis, frames by signal.
  int64_t start(int64_t line) const {
    return line / f_.inner / f_.count * f_.signal + line / f_.inner % f_.count * f_.in_outer +
           line % f_.inner * f_.in_parts;
  }

  void scatter(const KernelArgs& args, int64_t first, int64_t count, const double* data) const {
    const int64_t lanes = kc::Fourier::lanes(), number = 2 * lanes;
    for (int64_t l = 0; l < count; ++l) {
      const int64_t line = first + l;
      float* y = args.outputs[0].data<float>() + line / f_.inner * f_.out_outer +
                 line % f_.inner * f_.out_parts;
      for (int64_t k = 0; k < f_.results; ++k) {
        y[k * f_.out_step] = static_cast<float>(data[k * number + l]);
        if (f_.out_parts == 2)
          y[k * f_.out_step + 1] = static_cast<float>(data[k * number + lanes + l]);
      }
    }
  }

  Frames f_;
  const CpuDevice& device_;
  kc::Fourier fourier_;
};

Result<Frames> lines_of(const NodeView& node) {
  if (!is_float32(node.input(0))) return unsupported("numbers of type ", node.input(0).dtype);
  if (node.node().op == "STFT") return stft_of(node);
  Frames f;
  OARLOCK_ASSIGN(static_cast<Lines&>(f), dft_of(node));
  f.count = f.outer;
  return f;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Frames f, lines_of(node));
  if (f.length < 1 || f.length > (1 << 22)) return unsupported("a length of ", f.length);
  KernelOption option;
  const kc::Fourier fourier(f.length, f.inverse);
  option.workspace =
      static_cast<size_t>(fourier.workspace() * cpu_device(device).threads()) * sizeof(double);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Frames f, lines_of(node));
  return KernelPtr(std::make_unique<FourierKernel>(f, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> fourier_kernels();

std::span<const KernelDef> fourier_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"DFT", "dft_f32", match, create},
      {"STFT", "stft_f32", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
