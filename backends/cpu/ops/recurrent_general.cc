// LSTM, GRU and RNN with everything that ONNX allows: any activations, clip, sequence lengths,
// layout 1, coupled gates, a GRU's reset before or after the product. The common forms run faster
// on the kernels of recurrent.cc.
#include <array>
#include <cstring>
#include <utility>

#include "backends/cpu/ops/support/cell_function.h"
#include "backends/cpu/ops/support/product.h"
#include "kernels/cpu/gemm.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

enum class Cell : uint8_t { lstm, gru, rnn };

struct General {
  Cell cell = Cell::lstm;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 1, gate_count = 4;
  bool reverse = false, batch_first = false, coupled = false, reset_after = false;
  float clip = 0;  // 0: none
  bool has_bias = false, has_lengths = false, has_peephole = false;
  std::array<bool, 2> starts = {};          // initial states are given
  bool w_packed = false, r_packed = false;  // constants, packed once
  std::vector<CellFunction> functions;      // direction by direction

  int64_t gates() const { return gate_count * hidden; }
  int64_t states() const { return cell == Cell::lstm ? 2 : 1; }
  int64_t w_size() const { return kc::gemm_packed_elements(inputs, gates()); }
  int64_t r_size() const { return kc::gemm_packed_elements(hidden, gates()); }
  // Floats: W and R packed, biases, gates of all steps, gates from the state, both states, and the
  // state times the reset gate.
  int64_t workspace() const {
    return (w_packed ? 0 : w_size()) + (r_packed ? 0 : r_size()) + 2 * gates() +
           (steps + 1) * batch * gates() + 3 * batch * hidden;
  }
};

bool present(const NodeView& node, size_t i) { return i < node.input_count() && node.has_input(i); }

Result<General> general_of(const NodeView& node) {
  General g;
  const std::string& op = node.node().op;
  g.cell = op == "LSTM" ? Cell::lstm : op == "GRU" ? Cell::gru : Cell::rnn;
  g.gate_count = g.cell == Cell::lstm ? 4 : g.cell == Cell::gru ? 3 : 1;
  for (size_t i = 0; i < node.input_count(); ++i)
    if (i != 4 && node.has_input(i) && !is_float32(node.input(i)))
      return unsupported("input ", i, " is not float32");
  if (!node.has_output(0)) return unsupported("no output Y");
  const Attrs& attrs = node.attrs();
  const Shape &x = node.input_shape(0), &r = node.input_shape(2);
  g.batch_first = attrs.integer("layout", 0) != 0;
  g.steps = x[g.batch_first ? 1 : 0];
  g.batch = x[g.batch_first ? 0 : 1];
  g.inputs = x[2];
  g.hidden = r[2];
  g.directions = r[0];
  g.reverse = attrs.string("direction") == "reverse";
  g.coupled = g.cell == Cell::lstm && attrs.integer("input_forget", 0) != 0;
  g.reset_after = g.cell == Cell::gru && attrs.integer("linear_before_reset", 0) != 0;
  g.clip = attrs.has("clip") ? attrs.number("clip", 0.0f) : 0.0f;
  g.has_bias = present(node, 3);
  g.has_lengths = present(node, 4);
  g.starts = {present(node, 5), g.cell == Cell::lstm && present(node, 6)};
  g.has_peephole = g.cell == Cell::lstm && present(node, 7);
  g.w_packed = node.constant(1) != nullptr;
  g.r_packed = node.constant(2) != nullptr;
  OARLOCK_ASSIGN(g.functions, cell_functions(attrs, op, static_cast<size_t>(g.directions)));
  return g;
}

class GeneralKernel final : public Kernel {
 public:
  GeneralKernel(General g, const CpuDevice& cpu) : g_(std::move(g)), cpu_(cpu) {}

  Status run(const KernelArgs& args) override {
    if (g_.has_lengths) {
      const int32_t* lengths = args.inputs[4].data<const int32_t>();
      for (int64_t b = 0; b < g_.batch; ++b)
        if (lengths[b] < 0 || lengths[b] > g_.steps)
          return invalid("input sequence_lens has the length ", lengths[b], " for sequence ", b,
                         "; it must lie in 0 to ", g_.steps);
    }
    const int64_t all = g_.steps * g_.batch * g_.directions * g_.hidden;
    if (g_.has_lengths) std::fill_n(args.outputs[0].data<float>(), all, 0.0f);
    for (int64_t d = 0; d < g_.directions; ++d) run_direction(args, d);
    return {};
  }

 private:
  // Where a direction finds its numbers.
  struct Memory {
    const float *w, *r, *peephole;
    float *bias, *state_bias, *from_input, *from_state, *hidden, *cell, *gated;
    const CellFunction* functions;
  };

  void multiply(const kc::GemmArgs& p, int64_t first_panel, int64_t last_panel) const {
    const double work = 64.0 * static_cast<double>(p.k * p.m);
    cpu_.parallel(last_panel - first_panel, grain_for(work, 500e3),
                  [&](int64_t begin, int64_t end, int) {
                    if (p.m <= kc::kGemmThinRows)
                      kc::gemm_thin(p, first_panel + begin, first_panel + end);
                    else
                      kc::gemm(p, 0, p.m, first_panel + begin, first_panel + end);
                  });
  }

  Memory place(const KernelArgs& args, int64_t d) const {
    Memory m;
    float* next = args.workspace.data<float>();
    m.w = packed(args, 1, g_.w_packed, g_.inputs, d, next);
    m.r = packed(args, 2, g_.r_packed, g_.hidden, d, next);
    const int64_t gates = g_.gates(), state = g_.batch * g_.hidden;
    const auto take = [&next](int64_t count) { return std::exchange(next, next + count); };
    m.bias = take(gates);
    m.state_bias = take(gates);
    m.from_input = take(g_.steps * g_.batch * gates);
    m.from_state = take(g_.batch * gates);
    m.hidden = take(state);
    m.cell = take(state);
    m.gated = take(state);
    m.peephole = g_.has_peephole ? args.inputs[7].data<const float>() + d * 3 * g_.hidden : nullptr;
    m.functions =
        g_.functions.data() + d * static_cast<int64_t>(g_.functions.size()) / g_.directions;
    return m;
  }

  const float* packed(const KernelArgs& args, size_t input, bool done, int64_t k, int64_t d,
                      float*& next) const {
    const float* weights = args.inputs[input].data<const float>();
    const int64_t size = kc::gemm_packed_elements(k, g_.gates());
    if (done) return weights + d * size;
    kc::gemm_pack(weights + d * g_.gates() * k, 1, k, k, g_.gates(), 0, kc::gemm_panels(g_.gates()),
                  next);
    return std::exchange(next, next + size);
  }

  int64_t state_at(int64_t d, int64_t b) const {
    return (g_.batch_first ? b * g_.directions + d : d * g_.batch + b) * g_.hidden;
  }

  // Both biases are added to the input's part, but that which a reset gate multiplies.
  void add_biases(const KernelArgs& args, int64_t d, const Memory& m) const {
    const int64_t gates = g_.gates();
    std::fill_n(m.bias, gates, 0.0f);
    std::fill_n(m.state_bias, gates, 0.0f);
    if (!g_.has_bias) return;
    const float* b = args.inputs[3].data<const float>() + d * 2 * gates;
    for (int64_t i = 0; i < gates; ++i) {
      const bool apart = g_.reset_after && i >= 2 * g_.hidden;
      m.bias[i] = apart ? b[i] : b[i] + b[gates + i];
      m.state_bias[i] = apart ? b[gates + i] : 0.0f;
    }
  }

  void run_direction(const KernelArgs& args, int64_t d) const {
    const Memory m = place(args, d);
    const int64_t hidden = g_.hidden;
    add_biases(args, d, m);
    const std::array<float*, 2> states = {m.hidden, m.cell};
    for (size_t s = 0; s < static_cast<size_t>(g_.states()); ++s)
      for (int64_t b = 0; b < g_.batch; ++b) {
        float* to = states[s] + b * hidden;
        if (g_.starts[s])
          std::copy_n(args.inputs[5 + s].data<const float>() + state_at(d, b), hidden, to);
        else
          std::fill_n(to, hidden, 0.0f);
      }
    kc::GemmArgs product;
    product.m = g_.steps * g_.batch;
    product.n = g_.gates();
    product.k = g_.inputs;
    product.a = args.inputs[0].data<const float>();
    product.a_row_stride = g_.inputs;
    product.b = m.w;
    product.c = m.from_input;
    product.c_row_stride = g_.gates();
    product.bias = m.bias;
    multiply(product, 0, kc::gemm_panels(product.n));
    for (int64_t t = 0; t < g_.steps; ++t) step(args, d, m, t);
    for (size_t s = 0; s < static_cast<size_t>(g_.states()); ++s) {
      if (1 + s >= args.outputs.size() || !args.outputs[1 + s]) continue;
      for (int64_t b = 0; b < g_.batch; ++b)
        std::copy_n(states[s] + b * hidden, hidden,
                    args.outputs[1 + s].data<float>() + state_at(d, b));
    }
  }

  void step(const KernelArgs& args, int64_t d, const Memory& m, int64_t t) const {
    const int64_t hidden = g_.hidden;
    const bool backward = g_.reverse || d == 1;
    const bool reset_before = g_.cell == Cell::gru && !g_.reset_after;
    kc::GemmArgs product;
    product.m = g_.batch;
    product.n = g_.gates();
    product.k = hidden;
    product.a = m.hidden;
    product.a_row_stride = hidden;
    product.b = m.r;
    product.c = m.from_state;
    product.c_row_stride = g_.gates();
    product.bias = m.state_bias;
    const int64_t panels = kc::gemm_panels(product.n), width = kc::gemm_panel_width();
    // Update and reset gates first; the last gate needs what they leave of the state. Panels need
    // not end where a gate does, so one may be computed twice.
    multiply(product, 0, reset_before ? (2 * hidden + width - 1) / width : panels);
    const auto time_of = [&](int64_t b) {
      const int64_t length = g_.has_lengths ? args.inputs[4].data<const int32_t>()[b] : g_.steps;
      return t >= length ? -1 : backward ? length - 1 - t : t;
    };
    const auto row_of = [&](int64_t time, int64_t b) {
      return g_.batch_first ? b * g_.steps + time : time * g_.batch + b;
    };
    for (int64_t b = 0; b < g_.batch; ++b) {
      const int64_t time = time_of(b);
      if (time < 0) {
        std::fill_n(m.gated + b * hidden, hidden, 0.0f);
        continue;
      }
      float* now = m.from_input + row_of(time, b) * g_.gates();
      const float* r = m.from_state + b * g_.gates();
      if (g_.cell == Cell::gru)
        gru_gates(m, now, r, b);
      else if (g_.cell == Cell::lstm)
        lstm_cell(m, now, r, b);
      else
        rnn_cell(m, now, r, b);
    }
    if (reset_before) {
      product.a = m.gated;
      multiply(product, 2 * hidden / width, panels);
    }
    for (int64_t b = 0; b < g_.batch; ++b) {
      const int64_t time = time_of(b);
      if (time < 0) continue;
      const int64_t row = row_of(time, b);
      if (g_.cell == Cell::gru)
        gru_state(m, m.from_input + row * g_.gates(), m.from_state + b * g_.gates(), b);
      const int64_t to = g_.batch_first ? (row * g_.directions + d) * hidden
                                        : ((time * g_.directions + d) * g_.batch + b) * hidden;
      std::copy_n(m.hidden + b * hidden, hidden, args.outputs[0].data<float>() + to);
    }
  }

  void activate(const CellFunction& f, float* x, int64_t n) const {
    if (g_.clip > 0)
      for (int64_t i = 0; i < n; ++i) x[i] = std::min(std::max(x[i], -g_.clip), g_.clip);
    f.apply(x, n);
  }

  // `now` becomes the update and the reset gate, m.gated the state times the reset gate.
  void gru_gates(const Memory& m, float* now, const float* r, int64_t b) const {
    const int64_t n = g_.hidden;
    for (int64_t j = 0; j < 2 * n; ++j) now[j] += r[j];
    activate(m.functions[0], now, 2 * n);
    for (int64_t j = 0; j < n; ++j) m.gated[b * n + j] = now[n + j] * m.hidden[b * n + j];
  }
  void gru_state(const Memory& m, float* now, const float* r, int64_t b) const {
    const int64_t n = g_.hidden;
    float* state = m.hidden + b * n;
    float* fresh = now + 2 * n;
    for (int64_t j = 0; j < n; ++j)
      fresh[j] += g_.reset_after ? now[n + j] * r[2 * n + j] : r[2 * n + j];
    activate(m.functions[1], fresh, n);
    for (int64_t j = 0; j < n; ++j) state[j] = (1 - now[j]) * fresh[j] + now[j] * state[j];
  }

  // Gates lie in the order input, output, forget, cell.
  void lstm_cell(const Memory& m, float* now, const float* r, int64_t b) const {
    const int64_t n = g_.hidden;
    float *in = now, *out = now + n, *forget = now + 2 * n, *fresh = now + 3 * n;
    float *cell = m.cell + b * n, *state = m.hidden + b * n;
    for (int64_t j = 0; j < 4 * n; ++j) now[j] += r[j];
    if (m.peephole)
      for (int64_t j = 0; j < n; ++j) {
        in[j] += m.peephole[j] * cell[j];
        forget[j] += m.peephole[2 * n + j] * cell[j];
      }
    activate(m.functions[0], in, n);
    if (g_.coupled)
      for (int64_t j = 0; j < n; ++j) forget[j] = 1 - in[j];
    else
      activate(m.functions[0], forget, n);
    activate(m.functions[1], fresh, n);
    for (int64_t j = 0; j < n; ++j) cell[j] = forget[j] * cell[j] + in[j] * fresh[j];
    if (m.peephole)
      for (int64_t j = 0; j < n; ++j) out[j] += m.peephole[n + j] * cell[j];
    activate(m.functions[0], out, n);
    std::copy_n(cell, n, state);
    activate(m.functions[2], state, n);
    for (int64_t j = 0; j < n; ++j) state[j] *= out[j];
  }

  void rnn_cell(const Memory& m, const float* now, const float* r, int64_t b) const {
    float* state = m.hidden + b * g_.hidden;
    for (int64_t j = 0; j < g_.hidden; ++j) state[j] = now[j] + r[j];
    activate(m.functions[0], state, g_.hidden);
  }

  General g_;
  const CpuDevice& cpu_;
};

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const General g, general_of(node));
  KernelOption option;
  option.workspace = static_cast<size_t>(g.workspace()) * sizeof(float);
  option.inputs.assign(node.input_count(), Layout::row_major());
  option.outputs.assign(node.output_count(), Layout::row_major());
  if (g.w_packed) option.inputs[1] = panels_layout(true, node.input_shape(1));
  if (g.r_packed) option.inputs[2] = panels_layout(true, node.input_shape(2));
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(General g, general_of(node));
  return KernelPtr(std::make_unique<GeneralKernel>(std::move(g), cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> recurrent_general_kernels();

std::span<const KernelDef> recurrent_general_kernels() {
  static const std::array<KernelDef, 3> list = {{
      {"LSTM", "lstm_general_f32", match, create},
      {"GRU", "gru_general_f32", match, create},
      {"RNN", "rnn_general_f32", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
