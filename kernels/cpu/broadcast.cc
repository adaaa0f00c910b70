#include "kernels/cpu/broadcast.h"

namespace oarlock::kernels::cpu {

bool make_broadcast(std::span<const int64_t> dims, std::span<const int64_t* const> strides,
                    Broadcast& result) {
  Broadcast plan;
  plan.inputs = static_cast<int>(strides.size());
  plan.elements = 1;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    plan.elements *= dims[axis];
    if (dims[axis] == 1) continue;
    bool merge = plan.rank > 0;
    for (int i = 0; merge && i < plan.inputs; ++i)
      merge = plan.strides[i][plan.rank - 1] == strides[i][axis] * dims[axis];
    if (!merge) {
      if (plan.rank == Broadcast::kMaxRank) return false;
      plan.dims[plan.rank++] = 1;
    }
    plan.dims[plan.rank - 1] *= dims[axis];
    for (int i = 0; i < plan.inputs; ++i) plan.strides[i][plan.rank - 1] = strides[i][axis];
  }
  if (plan.rank == 0) {
    plan.rank = 1;
    plan.dims[0] = 1;
  }
  result = plan;
  return true;
}

}  // namespace oarlock::kernels::cpu
