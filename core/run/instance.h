#pragma once

#include <memory>
#include <vector>

#include "core/plan/plan.h"

namespace oarlock {

// The memory of one run of a plan: arenas, images, and every step's arguments bound to them. Used
// by one run at a time.
class Instance {
 public:
  static Result<std::unique_ptr<Instance>> make(const Plan& plan, const DeviceTable& devices);

  // Arguments of step i.
  KernelArgs args(size_t step) const;
  // Host view of a planned value, or the Value a step made.
  Value& value(ValueId id) { return values_[id]; }
  TensorRef ref(ValueId id, const TensorDesc* desc) const;

  // Points inputs and outputs at the application's memory and renews the views of it.
  Status bind(std::span<const Value> inputs, std::span<Value> outputs);
  // Lets go of everything that belongs to the run.
  void unbind();

 private:
  explicit Instance(const Plan& plan) : plan_(plan) {}
  Status bind_views();
  Status make_view(ValueId id);
  void share_upcoming();

  struct StepRefs {
    std::vector<TensorRef> inputs, outputs;
    TensorRef workspace;
    std::vector<std::span<const std::byte>> upcoming;
  };

  const Plan& plan_;
  std::vector<BufferPtr> arenas_, images_;
  std::vector<HostView> inputs_, outputs_;
  std::map<ValueId, HostView> constants_;  // constants of the model that no device wanted elsewhere
  std::vector<StepRefs> steps_;
  std::vector<Value> values_;
  std::vector<ValueId> external_, dynamic_;  // rebound, or cleared, every run
};

}  // namespace oarlock
