#include "backends/opencl/ops/support/tuned.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/opencl/device.h"

namespace oarlock::opencl {

std::span<const KernelDef> all_kernels();  // generated

namespace {

using Form = Tuning::Form;

// A candidate replaces the usual tile when it takes less than this part of the time.
constexpr double kGain = 0.97;

// Accumulators, weights and a broadcast element fill 32 registers at most.
constexpr Form kCpuForms[] = {{4, 4}, {5, 4},  {6, 4},  {6, 3}, {7, 3}, {9, 3},
                              {7, 2}, {10, 2}, {13, 2}, {7, 1}, {14, 1}};
constexpr Form kGpuForms[] = {{2, 1}, {4, 1}, {8, 1}, {2, 2}, {4, 2}, {8, 2}, {4, 4}};

// What this thread measures now.
thread_local std::optional<Form> trial;

std::string key_of(std::string_view kernel, const NodeView& node) {
  std::string key = concat(kernel, " ", node.node().op, " ", to_string(node.attrs()));
  for (size_t i = 0; i < node.input_count(); ++i)
    if (node.has_input(i)) key += concat(" ", i, ":", to_string(node.input(i)));
  for (size_t i = 0; i < node.output_count(); ++i)
    if (node.has_output(i)) key += concat(" >", to_string(node.output(i)));
  return key;
}

// Tensors of zeros in the layouts that a kernel asked for.
class Zeros {
 public:
  Status add(ClDevice& device, const TypeInfo& type, const Layout& layout) {
    const TensorDesc desc{type.dtype, type.shape, layout};
    return add(device, storage_bytes(desc).value_or(0));
  }
  Status add(ClDevice& device, size_t bytes) {
    OARLOCK_ASSIGN(BufferPtr buffer, device.allocate({bytes, nullptr}));
    refs_.push_back({buffer.get(), 0, nullptr});
    OARLOCK_TRY(device.write(refs_.back(), std::vector<std::byte>(bytes)));
    buffers_.push_back(std::move(buffer));
    return {};
  }
  void add_none() { refs_.emplace_back(); }
  std::span<const TensorRef> refs() const { return refs_; }

 private:
  std::vector<BufferPtr> buffers_;
  std::vector<TensorRef> refs_;
};

Result<double> seconds_of_run(Kernel& kernel, const KernelArgs& args, ClDevice& device) {
  const auto start = std::chrono::steady_clock::now();
  OARLOCK_TRY(kernel.run(args));
  OARLOCK_ASSIGN(const Event event, device.record());
  OARLOCK_TRY(device.wait(event));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The least of several runs; the first one also compiles.
Result<double> measure(const KernelDef& def, const NodeView& node, ClDevice& device) {
  constexpr int kRuns = 7;
  OARLOCK_ASSIGN(const KernelNeeds needs, def.match(node, device));
  const KernelOption& option = needs.options.front();
  OARLOCK_ASSIGN(const KernelPtr kernel, def.create(node, option, device));
  const auto layout = [](const std::vector<Layout>& list, size_t i) {
    return i < list.size() ? list[i] : Layout::row_major();
  };
  Zeros inputs, outputs, workspace;
  for (size_t i = 0; i < node.input_count(); ++i) {
    if (!node.has_input(i))
      inputs.add_none();
    else
      OARLOCK_TRY(inputs.add(device, node.input(i), layout(option.inputs, i)));
  }
  for (size_t i = 0; i < node.output_count(); ++i)
    OARLOCK_TRY(outputs.add(device, node.output(i), layout(option.outputs, i)));
  if (option.workspace > 0) {
    OARLOCK_TRY(workspace.add(device, option.workspace));
  } else {
    workspace.add_none();
  }
  const KernelArgs args{inputs.refs(), outputs.refs(), workspace.refs()[0]};
  OARLOCK_TRY(seconds_of_run(*kernel, args, device).status());
  double least = 0;
  for (int i = 0; i < kRuns; ++i) {
    OARLOCK_ASSIGN(const double seconds, seconds_of_run(*kernel, args, device));
    least = i == 0 ? seconds : std::min(least, seconds);
  }
  return least;
}

// Nothing is kept when the time ends before all candidates were measured, or one fails.
Status tune(const KernelDef& def, const NodeView& node, Tuning& tuning) {
  ClDevice& device = tuning.device();
  OARLOCK_ASSIGN(double least, measure(def, node, device));
  least *= kGain;
  Form best;
  for (const Form& form : device.traits().is_cpu ? std::span<const Form>(kCpuForms)
                                                 : std::span<const Form>(kGpuForms)) {
    if (!tuning.has_time()) return {};
    trial = form;
    const Result<double> seconds = measure(def, node, device);
    trial.reset();
    OARLOCK_TRY(seconds.status());
    if (*seconds >= least) continue;
    least = *seconds;
    best = form;
  }
  tuning.keep(key_of(def.name, node), best);
  return {};
}

// What is kept of a comparison.
constexpr Form kVendor{1, 1}, kOrdinary{};

Status compare(const KernelDef& vendor, const NodeView& node, Tuning& tuning) {
  ClDevice& device = tuning.device();
  for (const KernelDef& ordinary : all_kernels()) {
    if (ordinary.op != vendor.op || !ordinary.match(node, device).ok()) continue;
    OARLOCK_ASSIGN(const double usual, measure(ordinary, node, device));
    OARLOCK_ASSIGN(const double theirs, measure(vendor, node, device));
    tuning.keep(key_of(vendor.name, node), theirs <= usual ? kVendor : kOrdinary);
    return {};
  }
  return {};
}

}  // namespace

namespace {

// `unmeasured`: whether it takes nodes that were not measured.
KernelDef chosen(KernelDef def, std::function<bool(const Device&)> unmeasured) {
  KernelDef chosen = def;
  chosen.match = [def = std::move(def), unmeasured = std::move(unmeasured)](
                     const NodeView& node, const Device& device) -> Result<KernelNeeds> {
    Result<KernelNeeds> needs = def.match(node, device);
    if (!needs.ok()) return needs;
    Tuning& tuning = cl_device(device).tuning();
    const std::string key = key_of(def.name, node);
    if (tuning.has_time() && !tuning.find(key)) OARLOCK_TRY(compare(def, node, tuning));
    const std::optional<Form> found = tuning.find(key);
    if (found == kOrdinary) return unsupported("measured to be slower than the ordinary kernel");
    if (!found && !unmeasured(device))
      return unsupported("not measured beside the ordinary kernel (oarlock tune)");
    return needs;
  };
  return chosen;
}

}  // namespace

KernelDef chosen_by_measuring(KernelDef def) {
  return chosen(std::move(def), [](const Device&) { return true; });
}

KernelDef chosen_where_faster(KernelDef def) {
  return chosen(std::move(def), [](const Device& device) {
    return cl_device(device).settings().clblast == Settings::Clblast::on;
  });
}

std::optional<Form> tuned_form(std::string_view kernel, const NodeView& node,
                               const Device& device) {
  if (trial) return trial;
  const std::optional<Form> found = cl_device(device).tuning().find(key_of(kernel, node));
  return found == Form{} ? std::nullopt : found;
}

KernelDef tunable(KernelDef def) {
  KernelDef tuned = def;
  tuned.match = [def = std::move(def)](const NodeView& node,
                                       const Device& device) -> Result<KernelNeeds> {
    Result<KernelNeeds> needs = def.match(node, device);
    Tuning& tuning = cl_device(device).tuning();
    if (!needs.ok() || !tuning.has_time() || tuning.find(key_of(def.name, node))) return needs;
    OARLOCK_TRY(tune(def, node, tuning));
    return def.match(node, device);
  };
  return tuned;
}

}  // namespace oarlock::opencl
