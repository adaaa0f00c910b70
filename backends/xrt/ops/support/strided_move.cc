#include "backends/xrt/ops/support/strided_move.h"

#include <algorithm>

#include "kernels/fpga/move.h"

namespace oarlock::xrt {

namespace {

using Axis = StridedMove::Axis;

bool is_whole(const Axis& a) { return a.begin == 0 && a.inside == a.extent; }

// Neighbouring axes that both sides walk over as one become one; those of extent 1 go.
std::vector<Axis> joined(const std::vector<Axis>& axes) {
  std::vector<Axis> list;
  for (const Axis& axis : axes) {
    if (axis.extent == 1 && is_whole(axis)) continue;
    if (!list.empty()) {
      Axis& outer = list.back();
      if (is_whole(outer) && is_whole(axis) && outer.from == axis.from * axis.extent &&
          outer.to == axis.to * axis.extent) {
        outer = {outer.extent * axis.extent, 0, outer.extent * axis.extent, axis.from, axis.to};
        continue;
      }
    }
    list.push_back(axis);
  }
  return list;
}

}  // namespace

int64_t StridedMove::elements() const {
  int64_t product = 1;
  for (const Axis& axis : axes) product *= axis.extent;
  return product;
}

bool is_whole_words(DType dtype) {
  return dtype != DType::string && bits(dtype) >= 32 && bits(dtype) % 32 == 0;
}

Result<Parameters> move_parameters(StridedMove move, DType dtype, int32_t padding) {
  if (!is_whole_words(dtype)) return unsupported("elements of type ", dtype);
  const auto words = static_cast<int64_t>(bits(dtype) / 32);
  if (words > 1) {
    for (Axis& axis : move.axes) {
      axis.from *= words;
      axis.to *= words;
    }
    move.axes.push_back({words, 0, words, 1, 1});
    move.from_start *= words;
    move.to_start *= words;
  }
  const int64_t count = move.elements();
  if (count > kMostElements) return unsupported(count, " words");
  const std::vector<Axis> axes = joined(move.axes);
  if (axes.size() > FPGA_AXES)
    return unsupported("more than ", FPGA_AXES, " axes that move differently");
  Parameters p(MOVE_WORDS);
  p.set(MOVE_COUNT, count);
  p[MOVE_VALUE] = padding;
  p.set(MOVE_FROM_START, move.from_start);
  p.set(MOVE_TO_START, move.to_start);
  for (int i = 0; i < FPGA_AXES; ++i) {
    const int first = FPGA_AXES - static_cast<int>(axes.size());
    const Axis axis = i < first ? Axis() : axes[static_cast<size_t>(i - first)];
    p.set(MOVE_EXTENTS + i, axis.extent);
    p.set(MOVE_BEGIN + i, axis.begin);
    p.set(MOVE_INSIDE + i, axis.inside);
    p.set(MOVE_FROM + i, axis.from);
    p.set(MOVE_TO + i, axis.to);
  }
  return p;
}

Result<LaunchPtr> launch_move(XrtDevice& device, int from, int to, const Parameters& parameters) {
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(device, "move", {tensor(from), tensor(to)}));
  OARLOCK_TRY(launch->add(parameters));
  return launch;
}

}  // namespace oarlock::xrt
