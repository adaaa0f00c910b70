#include "tools/cli/fpga_profile.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "tools/cli/table.h"
#include "tools/fpga/design.h"

namespace oarlock::cli {
namespace {

// Of xclbins without a clock, and what the emulated device says.
constexpr double kMegahertz = 300;

double steady_us() {
  using namespace std::chrono;
  return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

class Profile final : public FpgaProfile {
 public:
  explicit Profile(std::unique_ptr<fpga::Listener> listener) : listener_(std::move(listener)) {}

  void add(const StepRecord& record, ProfileReport& report) override {
    fpga::Layer layer = listener_->take();
    if (layer.empty()) return;
    layer.name = record.name;
    layer.op = record.op;
    const double begin = steady_us() - record.end_us;  // of the run
    for (const fpga::Run& run : layer.runs)
      report.add_track({concat("fpga ", run.kernel, "_", run.unit + 1),
                        layer.name,
                        run.start_us - begin,
                        run.end_us - begin,
                        {{"modelled cycles", run.cost.cycles},
                         {"products", run.cost.products},
                         {"bytes read", run.cost.read_bytes},
                         {"bytes written", run.cost.written_bytes}}});
    for (const fpga::Transfer& transfer : layer.transfers)
      report.add_track({concat("fpga ", transfer.to_card ? "to" : "from", " bank ", transfer.bank),
                        layer.name,
                        transfer.start_us - begin,
                        transfer.end_us - begin,
                        {{"bytes", static_cast<double>(transfer.bytes)}}});
    layers_.push_back(std::move(layer));
  }

  std::string text(size_t runs, size_t shown) const override;

 private:
  // Sums over all runs.
  struct Sums {
    double kernel_us = 0, transfer_us = 0;
    std::map<std::pair<std::string, uint32_t>, double> units;  // modelled cycles
    std::map<uint32_t, double> banks, transferred;             // bytes
  };
  Sums sums() const;
  std::vector<fpga::Layer> by_layer(size_t runs) const;

  std::unique_ptr<fpga::Listener> listener_;
  std::vector<fpga::Layer> layers_;
};

Profile::Sums Profile::sums() const {
  Sums s;
  for (const fpga::Layer& layer : layers_) {
    double begin = 0, end = 0;
    for (const fpga::Run& run : layer.runs) {
      // Those of one step go side by side.
      begin = begin == 0 ? run.start_us : std::min(begin, run.start_us);
      end = std::max(end, run.end_us);
      s.units[{run.kernel, run.unit}] += run.cost.cycles;
      s.banks[run.bank] += run.cost.read_bytes + run.cost.written_bytes;
      s.banks[run.parameter_bank] += 4.0 * static_cast<double>(run.parameters.size());
    }
    s.kernel_us += end - begin;
    for (const fpga::Transfer& transfer : layer.transfers) {
      s.transfer_us += transfer.end_us - transfer.start_us;
      s.transferred[transfer.bank] += static_cast<double>(transfer.bytes);
    }
  }
  return s;
}

// The steps of the first run that have kernels.
std::vector<fpga::Layer> Profile::by_layer(size_t runs) const {
  std::vector<fpga::Layer> list;
  for (size_t i = 0; i < layers_.size() / runs; ++i)
    if (!layers_[i].runs.empty()) list.push_back(layers_[i]);
  return list;
}

std::string Profile::text(size_t runs, size_t shown) const {
  if (layers_.empty() || runs == 0) return "";
  const fpga::Platform& platform = fpga::platforms().front();
  fpga::Design design = fpga::compiled_design();
  const std::vector<fpga::Layer> layers = by_layer(runs);
  for (const fpga::Layer& layer : layers)
    for (const fpga::Run& run : layer.runs)
      if (run.kernel == "oarlock_gemm") design.engines = static_cast<int>(run.units);
  struct Row {
    const fpga::Layer* layer;
    fpga::LayerTime time;
  };
  std::vector<Row> rows;
  double modelled = 0, cycles = 0;
  for (const fpga::Layer& layer : layers) {
    rows.push_back({&layer, fpga::time_of(layer, design, platform.gigabytes_a_second, kMegahertz)});
    modelled += rows.back().time.seconds;
    cycles += rows.back().time.cycles;
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.time.seconds > b.time.seconds; });
  Table table({"on the FPGA", "operator", "runs", "Mcycles", "modelled ms", "share", "array busy",
               "MB", "bound"});
  for (size_t i = 0; i < std::min(shown, rows.size()); ++i) {
    const auto& [layer, time] = rows[i];
    table.add({layer->name, layer->op, std::to_string(layer->runs.size()),
               fixed(time.cycles / 1e6, 3), fixed(time.seconds * 1e3, 3),
               fixed(100 * time.seconds / modelled, 1) + "%", fixed(100 * time.array_busy, 1) + "%",
               fixed(time.bytes / 1e6, 2), time.bound});
  }
  const Sums s = sums();
  const double each = static_cast<double>(runs);
  std::string text = table.text();
  text += concat("\non the host's clock: kernels ", fixed(s.kernel_us / each / 1e3, 3),
                 " ms, transfers ", fixed(s.transfer_us / each / 1e3, 3), " ms a run\n");
  text += concat("modelled: ", fixed(cycles / 1e6, 3), " Mcycles, ", fixed(modelled * 1e3, 3),
                 " ms at ", fixed(kMegahertz, 0), " MHz and ",
                 fixed(platform.gigabytes_a_second, 1), " GB/s a bank\n");
  for (const auto& [bank, bytes] : s.banks) {
    const auto moved = s.transferred.find(bank);
    text += concat("bank ", bank, ": ", fixed(bytes / each / 1e6, 2), " MB by kernels, ",
                   fixed(moved == s.transferred.end() ? 0 : moved->second / each / 1e6, 2),
                   " MB by transfers\n");
  }
  for (const auto& [unit, busy] : s.units)
    text += concat("compute unit ", unit.first, "_", unit.second + 1, ": ",
                   fixed(100 * busy / each / std::max(cycles, 1.0), 1), "% of the modelled time\n");
  if (!rows.empty())
    text += concat("bottleneck: ", rows[0].layer->name, " (", rows[0].layer->op, "), ",
                   fixed(100 * rows[0].time.seconds / modelled, 1), "% of the time, bound by ",
                   rows[0].time.bound, "\n");
  return text;
}

}  // namespace

std::unique_ptr<FpgaProfile> listen_to_fpga() {
  std::unique_ptr<fpga::Listener> listener = fpga::Listener::start();
  if (listener == nullptr) return nullptr;
  return std::make_unique<Profile>(std::move(listener));
}

}  // namespace oarlock::cli
