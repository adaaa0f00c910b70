// LSTM, GRU and RNN with the default activations: the input's part of all gates is one product,
// then one thin product and one point-wise step per time step.
#include <array>
#include <cstring>

#include "backends/cpu/ops/support/product.h"
#include "kernels/cpu/activation.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/gru.h"
#include "kernels/cpu/lstm.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

enum class Cell : uint8_t { lstm, gru, rnn };

struct Recurrent {
  Cell cell = Cell::lstm;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 1;
  bool reverse = false;
  bool has_bias = false, has_hidden = false, has_cell = false, has_peephole = false;
  bool w_packed = false, r_packed = false;  // constants, packed once
  bool wants_all = false, wants_hidden = false, wants_cell = false;

  int64_t gates() const { return (cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1) * hidden; }
  // A GRU multiplies what comes from the state by a gate: its bias and product stay apart.
  bool is_apart() const { return cell == Cell::gru; }
  // Workspace in floats: W and R packed, biases, gates of all steps, state, gates from the state.
  int64_t w_size() const { return kc::gemm_packed_elements(inputs, gates()); }
  int64_t r_size() const { return kc::gemm_packed_elements(hidden, gates()); }
  int64_t workspace() const {
    return (w_packed ? 0 : w_size()) + (r_packed ? 0 : r_size()) + 2 * gates() +
           steps * batch * gates() + 2 * batch * hidden + (is_apart() ? batch * gates() : 0);
  }
};

bool present(const NodeView& node, size_t i) { return i < node.input_count() && node.has_input(i); }

std::string_view default_activation(Cell cell, size_t i) {
  if (cell == Cell::rnn) return "Tanh";
  return i % (cell == Cell::lstm ? 3 : 2) == 0 ? "Sigmoid" : "Tanh";
}

Result<Recurrent> recurrent_of(const NodeView& node) {
  const Cell cell = node.node().op == "LSTM"  ? Cell::lstm
                    : node.node().op == "GRU" ? Cell::gru
                                              : Cell::rnn;
  if (cell == Cell::gru && node.attrs().integer("linear_before_reset", 0) == 0)
    return unsupported("without linear_before_reset");
  for (size_t i = 0; i < node.input_count(); ++i)
    if (i != 4 && node.has_input(i) && !is_float32(node.input(i)))
      return unsupported("input ", i, " is not float32");
  if (present(node, 4)) return unsupported("sequence lengths");
  if (node.attrs().integer("layout", 0) != 0) return unsupported("layout 1");
  if (node.attrs().integer("input_forget", 0) != 0) return unsupported("input_forget");
  if (node.attrs().has("clip")) return unsupported("clip");
  const auto& activations = node.attrs().strings("activations");
  for (size_t i = 0; i < activations.size(); ++i)
    if (activations[i] != default_activation(cell, i))
      return unsupported("activation ", activations[i]);
  const std::string& direction = node.attrs().string("direction");
  Recurrent l;
  l.cell = cell;
  const Shape& x = node.input_shape(0);
  const Shape& r = node.input_shape(2);
  if (x.rank() != 3 || r.rank() != 3) return unsupported("operands of other ranks");
  l.steps = x[0];
  l.batch = x[1];
  l.inputs = x[2];
  l.hidden = r[2];
  l.directions = r[0];
  l.reverse = direction == "reverse";
  l.w_packed = node.constant(1) != nullptr;
  l.r_packed = node.constant(2) != nullptr;
  l.has_bias = present(node, 3);
  l.has_hidden = present(node, 5);
  l.has_cell = present(node, 6);
  l.has_peephole = present(node, 7);
  l.wants_all = node.has_output(0);
  l.wants_hidden = node.output_count() > 1 && node.has_output(1);
  l.wants_cell = node.output_count() > 2 && node.has_output(2);
  if (l.steps * l.batch * l.hidden * l.inputs == 0) return unsupported("an empty operand");
  return l;
}

class RecurrentKernel final : public Kernel {
 public:
  RecurrentKernel(const Recurrent& l, const CpuDevice& cpu) : l_(l), cpu_(cpu) {}

  Status run(const KernelArgs& args) override {
    for (int64_t d = 0; d < l_.directions; ++d) run_direction(args, d);
    return {};
  }

 private:
  void multiply(kc::GemmArgs& g) const {
    const int64_t panels = kc::gemm_panels(g.n);
    const double work = 64.0 * static_cast<double>(g.k * g.m);
    cpu_.parallel(panels, grain_for(work, 500e3), [&](int64_t begin, int64_t end, int) {
      if (g.m <= kc::kGemmThinRows)
        kc::gemm_thin(g, begin, end);
      else
        kc::gemm(g, 0, g.m, begin, end);
    });
  }

  void run_direction(const KernelArgs& args, int64_t d) const {
    const int64_t gates = l_.gates(), state = l_.batch * l_.hidden;
    const bool backwards = l_.directions == 2 ? d == 1 : l_.reverse;
    float* scratch = args.workspace.data<float>();
    const float* w = packed(args, 1, l_.w_packed, l_.inputs, d, scratch);
    const float* r = packed(args, 2, l_.r_packed, l_.hidden, d, scratch);
    float* bias = scratch;
    float* state_bias = bias + gates;
    float* all_gates = state_bias + gates;
    float* hidden = all_gates + l_.steps * l_.batch * gates;
    float* cell = hidden + state;
    float* from_state = cell + state;  // when apart
    for (int64_t i = 0; i < gates; ++i) {
      const float* b = l_.has_bias ? args.inputs[3].data<const float>() + d * 2 * gates : nullptr;
      state_bias[i] = b ? b[gates + i] : 0.0f;
      bias[i] = b ? b[i] + (l_.is_apart() ? 0.0f : state_bias[i]) : 0.0f;
    }
    load_state(args, l_.has_hidden, 5, d, hidden);
    load_state(args, l_.has_cell, 6, d, cell);

    kc::GemmArgs g;
    g.m = l_.steps * l_.batch;
    g.n = gates;
    g.k = l_.inputs;
    g.a = args.inputs[0].data<const float>();
    g.a_row_stride = l_.inputs;
    g.b = w;
    g.c = all_gates;
    g.c_row_stride = gates;
    g.bias = bias;
    multiply(g);

    for (int64_t i = 0; i < l_.steps; ++i) {
      const int64_t t = backwards ? l_.steps - 1 - i : i;
      float* now = all_gates + t * l_.batch * gates;
      kc::GemmArgs h = g;
      h.m = l_.batch;
      h.k = l_.hidden;
      h.a = hidden;
      h.a_row_stride = l_.hidden;
      h.b = r;
      h.c = l_.is_apart() ? from_state : now;
      h.bias = l_.is_apart() ? state_bias : nullptr;
      h.residual = l_.is_apart() ? nullptr : now;
      h.residual_row_stride = gates;
      multiply(h);
      const float* peephole =
          l_.has_peephole ? args.inputs[7].data<const float>() + d * 3 * l_.hidden : nullptr;
      step(now, from_state, peephole, hidden, cell);
      if (l_.wants_all)
        std::memcpy(args.outputs[0].data<float>() + (t * l_.directions + d) * state, hidden,
                    static_cast<size_t>(state) * sizeof(float));
    }
    if (l_.wants_hidden) store_state(args, 1, d, hidden);
    if (l_.wants_cell) store_state(args, 2, d, cell);
  }

  // One step on from the gates of a time step.
  void step(const float* now, const float* from_state, const float* peephole, float* hidden,
            float* cell) const {
    if (l_.cell == Cell::gru) {
      kc::gru_step({l_.batch, l_.hidden, now, from_state, hidden});
    } else if (l_.cell == Cell::rnn) {
      kc::activate({kc::Activation::Kind::tanh}, now, hidden,
                   static_cast<size_t>(l_.batch * l_.hidden));
    } else {
      kc::lstm_step({.batch = l_.batch,
                     .hidden = l_.hidden,
                     .gates = now,
                     .gates_stride = l_.gates(),
                     .peephole = peephole,
                     .cell_before = cell,
                     .cell = cell,
                     .out = hidden,
                     .out_stride = l_.hidden});
    }
  }

  // Weights of direction d in panels; those that are not constant are packed at `scratch`, which
  // then moves on.
  const float* packed(const KernelArgs& args, size_t input, bool done, int64_t k, int64_t d,
                      float*& scratch) const {
    const float* weights = args.inputs[input].data<const float>();
    const int64_t size = kc::gemm_packed_elements(k, l_.gates());
    if (done) return weights + d * size;
    kc::gemm_pack(weights + d * l_.gates() * k, 1, k, k, l_.gates(), 0, kc::gemm_panels(l_.gates()),
                  scratch);
    scratch += size;
    return scratch - size;
  }

  void load_state(const KernelArgs& args, bool has, size_t input, int64_t d, float* to) const {
    const int64_t n = l_.batch * l_.hidden;
    if (has)
      std::memcpy(to, args.inputs[input].data<const float>() + d * n,
                  static_cast<size_t>(n) * sizeof(float));
    else
      std::fill(to, to + n, 0.0f);
  }
  void store_state(const KernelArgs& args, size_t output, int64_t d, const float* from) const {
    const int64_t n = l_.batch * l_.hidden;
    std::memcpy(args.outputs[output].data<float>() + d * n, from,
                static_cast<size_t>(n) * sizeof(float));
  }

  Recurrent l_;
  const CpuDevice& cpu_;
};

Result<KernelNeeds> match_recurrent(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Recurrent l, recurrent_of(node));
  KernelOption option;
  option.workspace = static_cast<size_t>(l.workspace()) * sizeof(float);
  option.inputs.assign(node.input_count(), Layout::row_major());
  option.outputs.assign(node.output_count(), Layout::row_major());
  if (l.w_packed) option.inputs[1] = panels_layout(true, node.input_shape(1));
  if (l.r_packed) option.inputs[2] = panels_layout(true, node.input_shape(2));
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_recurrent(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Recurrent l, recurrent_of(node));
  return KernelPtr(std::make_unique<RecurrentKernel>(l, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> recurrent_kernels();

std::span<const KernelDef> recurrent_kernels() {
  static const std::array<KernelDef, 3> list = {{
      {"LSTM", "lstm_f32", match_recurrent, create_recurrent},
      {"GRU", "gru_f32", match_recurrent, create_recurrent},
      {"RNN", "rnn_f32", match_recurrent, create_recurrent},
  }};
  return list;
}

}  // namespace oarlock::cpu
