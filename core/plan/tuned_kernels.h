#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plan/draft.h"

namespace oarlock {

// What is kept where the usual choice was the fastest.
inline constexpr std::string_view kUsualChoice = "usual";

// Gives the node the kernel and option that measuring chose for nodes like it, if it did; in a
// trial what that asks for.
bool find_tuned_kernel(Draft& draft, NodeId id, const PlacedDevice& device);

// Whether a rule of a backend may put nodes together, where kernels of what it makes have
// candidates.
class FusionChoice {
 public:
  // `added` stand in the graph.
  FusionChoice(const Draft& draft, const std::vector<NodeId>& added, const PlacedDevice& device);
  // Measuring chose to leave them apart.
  bool apart() const;
  // In a trial: tells it of the choice, and which nodes stand: those added if `taken`, else those
  // that `change` has erased.
  void list(Draft& draft, const GraphChange& change, bool taken) const;

 private:
  std::vector<NodeId> added_;
  const PlacedDevice& device_;
  std::string key_, choice_;
};

// In a trial: what can be chosen for nodes whose kernels and layouts stand.
void list_tunables(Draft& draft, const DeviceTable& devices);
// In a trial: the choices that the time of a step counts for. A change of layout counts for the
// nodes on both sides.
std::vector<std::string> tuning_keys(Draft& draft, NodeId id);

}  // namespace oarlock
