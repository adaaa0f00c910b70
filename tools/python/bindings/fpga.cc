#include "tools/python/bindings/fpga.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "tools/fpga/design.h"

namespace oarlock::python {

namespace {

nb::dict to_dict(const fpga::LayerTime& time) {
  nb::dict d;
  d["seconds"] = time.seconds;
  d["cycles"] = time.cycles;
  d["products"] = time.products;
  d["bytes"] = time.bytes;
  d["array_busy"] = time.array_busy;
  d["bound"] = time.bound;
  return d;
}

nb::dict to_dict(const fpga::Design& design) {
  nb::dict d;
  d["engines"] = design.engines;
  d["tile_m"] = design.engine.tile_m;
  d["tile_n"] = design.engine.tile_n;
  d["tile_k"] = design.engine.tile_k;
  d["pe_m"] = design.engine.pe_m;
  d["pe_n"] = design.engine.pe_n;
  d["pe8_m"] = design.engine8.pe_m;
  d["pe8_n"] = design.engine8.pe_n;
  return d;
}

// What each layer takes, the sizes chosen, resources, and the file for the build.
nb::dict estimate(const Model& model, nb::list inputs, const std::string& name, double megahertz) {
  const fpga::Platform* const platform = fpga::find_platform(name);
  if (platform == nullptr) {
    std::string known;
    for (const fpga::Platform& each : fpga::platforms()) known += concat(" ", each.name);
    raise(invalid("there is no platform '", name, "'; there are:", known));
  }
  if (!(megahertz >= 1 && megahertz <= 2000))
    raise(invalid("a clock of ", megahertz, " MHz: expected 1 to 2000"));
  std::vector<Value> values;
  for (nb::handle input : inputs) values.push_back(value_from(input));
  const Result<std::vector<fpga::Layer>> measured = [&] {
    nb::gil_scoped_release release;
    return fpga::measure(model, values);
  }();
  if (!measured.ok()) raise(measured.status());
  const fpga::Design design = fpga::explore(*measured, *platform, megahertz);
  nb::list layers;
  double seconds = 0;
  for (const fpga::Layer& layer : *measured) {
    const fpga::LayerTime time =
        fpga::time_of(layer, design, platform->gigabytes_a_second, megahertz);
    nb::dict d = to_dict(time);
    d["name"] = layer.name;
    d["op"] = layer.op;
    layers.append(d);
    seconds += time.seconds;
  }
  const fpga::Resources used = fpga::resources_of(design, *platform);
  nb::dict result, resources;
  resources["dsp"] = nb::make_tuple(used.dsp, platform->dsp);
  resources["bram"] = nb::make_tuple(used.bram, platform->bram);
  resources["uram"] = nb::make_tuple(used.uram, platform->uram);
  result["platform"] = name;
  result["megahertz"] = megahertz;
  result["seconds"] = seconds;
  result["layers"] = layers;
  result["design"] = to_dict(design);
  result["resources"] = resources;
  result["configuration"] = fpga::configuration(design, *platform, megahertz);
  return result;
}

nb::object to_object(const fpga::Layer& layer) {
  if (layer.empty()) return nb::none();
  double kernel = 0, begin = 0, transfer = 0;
  std::map<uint32_t, double> banks;
  std::map<std::string, double> units;
  for (const fpga::Run& run : layer.runs) {
    begin = begin == 0 ? run.start_us : std::min(begin, run.start_us);
    kernel = std::max(kernel, run.end_us);
    banks[run.bank] += run.cost.read_bytes + run.cost.written_bytes;
    units[concat(run.kernel, "_", run.unit + 1)] += run.cost.cycles;
  }
  for (const fpga::Transfer& each : layer.transfers) {
    transfer += each.end_us - each.start_us;
    banks[each.bank] += static_cast<double>(each.bytes);
  }
  nb::dict d = to_dict(fpga::time_of(layer, fpga::compiled_design(),
                                     fpga::platforms().front().gigabytes_a_second, 300));
  d["kernel_us"] = kernel - begin;
  d["transfer_us"] = transfer;
  d["bank_bytes"] = nb::cast(banks);
  d["unit_cycles"] = nb::cast(units);
  return d;
}

class Steps final : public FpgaSteps {
 public:
  explicit Steps(std::unique_ptr<fpga::Listener> listener) : listener_(std::move(listener)) {}
  void end_step() override { layers_.push_back(listener_->take()); }
  nb::object describe(size_t step) const override { return to_object(layers_[step]); }

 private:
  std::unique_ptr<fpga::Listener> listener_;
  std::vector<fpga::Layer> layers_;
};

}  // namespace

std::unique_ptr<FpgaSteps> listen_to_fpga() {
  std::unique_ptr<fpga::Listener> listener = fpga::Listener::start();
  if (listener == nullptr) return nullptr;
  return std::make_unique<Steps>(std::move(listener));
}

void add_fpga(nb::module_& module) { module.def("fpga_estimate", &estimate); }

}  // namespace oarlock::python
