#include "backends/opencl/ops/support/tuned.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/opencl/device.h"
#include "backends/opencl/image/kernels.h"

namespace oarlock::opencl {

namespace {

// Accumulators, weights and a broadcast element fill 32 registers at most.
constexpr TileForm kCpuForms[] = {{4, 4}, {5, 4},  {6, 4},  {6, 3}, {7, 3}, {9, 3},
                                  {7, 2}, {10, 2}, {13, 2}, {7, 1}, {14, 1}};
constexpr TileForm kGpuForms[] = {{2, 1}, {4, 1}, {8, 1}, {2, 2}, {4, 2}, {8, 2}, {4, 4}};

thread_local std::optional<TileForm> asked;

class Asking {
 public:
  explicit Asking(std::optional<TileForm> form) : outer_(std::exchange(asked, form)) {}
  ~Asking() { asked = outer_; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  std::optional<TileForm> outer_;
};

// A form as the number of an option's variant; 0: none was asked for.
constexpr int kBase = 256;
int variant_of(const TileForm& form) { return static_cast<int>(form.rows * kBase + form.vectors); }
std::optional<TileForm> form_of(int variant) {
  if (variant == 0) return std::nullopt;
  return TileForm{variant / kBase, variant % kBase};
}

std::span<const TileForm> forms(const Device& device) {
  if (cl_device(device).traits().is_cpu) return kCpuForms;
  return kGpuForms;
}

// Whether the session asks for images, and has a kernel for this node that computes on them.
bool is_for_images(const NodeView& node, const Device& device) {
  if (cl_device(device).settings().storage != Settings::Storage::image) return false;
  const Node& n = node.node();
  const std::string op = n.domain.empty() ? n.op : concat(n.domain, ".", n.op);
  const std::span<const KernelDef> kernels = image_kernels();
  return std::any_of(kernels.begin(), kernels.end(), [&](const KernelDef& def) {
    return def.op == op && def.match(node, device).ok();
  });
}

}  // namespace

std::optional<TileForm> tuned_form() { return asked; }

KernelDef tunable(KernelDef def) {
  KernelDef tuned = def;
  tuned.create = [create = def.create](const NodeView& node, const KernelOption& chosen,
                                       Device& device) {
    const Asking asking(form_of(chosen.variant));
    return create(node, chosen, device);
  };
  tuned.candidates = [match = std::move(def.match)](
                         const NodeView& node,
                         const Device& device) -> Result<std::vector<KernelOption>> {
    if (is_for_images(node, device)) return unsupported("the session asks for images");
    std::vector<KernelOption> options;
    for (const TileForm& form : forms(device)) {
      const Asking asking(form);
      OARLOCK_ASSIGN(const KernelNeeds needs, match(node, device));
      options.push_back(needs.options.front());
      options.back().variant = variant_of(form);
      options.back().name = concat("tiles of ", form.rows, " x ", form.vectors, " vectors");
    }
    return options;
  };
  return tuned;
}

KernelDef candidate_where(decltype(KernelDef::match) match, KernelDef def) {
  def.candidates = [match = std::move(match)](
                       const NodeView& node,
                       const Device& device) -> Result<std::vector<KernelOption>> {
    OARLOCK_ASSIGN(const KernelNeeds needs, match(node, device));
    return needs.options;
  };
  return def;
}

}  // namespace oarlock::opencl
