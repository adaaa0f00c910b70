#pragma once
// How element-wise operators walk over inputs of different shapes.

#include <cstdint>
#include <span>

namespace oarlock::kernels::cpu {

// A dense output and up to three inputs over the same index space, strides counting elements and 0
// where an input repeats. Neighbouring axes that every input walks through alike are merged, so
// equal shapes come out with one axis.
struct Broadcast {
  static constexpr int kMaxRank = 8;
  static constexpr int kMaxInputs = 3;
  int rank = 0;  // at least 1
  int inputs = 0;
  int64_t elements = 0;
  int64_t dims[kMaxRank] = {};
  int64_t strides[kMaxInputs][kMaxRank] = {};
};

// `dims` are the output's extents, outermost first; `strides[i]` has as many entries for input i.
// False when more than kMaxRank axes remain after merging.
bool make_broadcast(std::span<const int64_t> dims, std::span<const int64_t* const> strides,
                    Broadcast& result);

// Position of an output element in every input, moved forward row by row (a row is the innermost
// axis).
class BroadcastCursor {
 public:
  BroadcastCursor(const Broadcast& plan, int64_t element) : plan_(&plan) {
    for (int axis = plan.rank - 1; axis >= 0; --axis) {
      index_[axis] = element % plan.dims[axis];
      element /= plan.dims[axis];
      for (int i = 0; i < plan.inputs; ++i) offset_[i] += index_[axis] * plan.strides[i][axis];
    }
  }
  int64_t offset(int input) const { return offset_[input]; }
  // Elements left in the current row.
  int64_t row_left() const { return plan_->dims[plan_->rank - 1] - index_[plan_->rank - 1]; }
  int64_t index(int axis) const { return index_[axis]; }
  // Moves `count` elements on; within the row, or exactly to its end.
  void advance(int64_t count) {
    int axis = plan_->rank - 1;
    index_[axis] += count;
    for (int i = 0; i < plan_->inputs; ++i) offset_[i] += count * plan_->strides[i][axis];
    while (axis > 0 && index_[axis] == plan_->dims[axis]) {
      for (int i = 0; i < plan_->inputs; ++i)
        offset_[i] += plan_->strides[i][axis - 1] - index_[axis] * plan_->strides[i][axis];
      index_[axis] = 0;
      ++index_[--axis];
    }
  }

 private:
  const Broadcast* plan_;
  int64_t index_[Broadcast::kMaxRank] = {};
  int64_t offset_[Broadcast::kMaxInputs] = {};
};

}  // namespace oarlock::kernels::cpu
