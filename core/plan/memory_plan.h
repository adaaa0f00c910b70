#pragma once

#include <cstddef>
#include <vector>

#include "core/plan/draft.h"
#include "core/plan/image_slots.h"

namespace oarlock {

// Where a value's bytes are during a run.
struct Storage {
  enum class Kind : uint8_t {
    none,      // nobody reads it
    arena,     // at `offset` in arena `index`
    image,     // in image `index`
    input,     // in the memory given for input `index` of the graph
    output,    // in the memory given for output `index`
    constant,  // in a placed constant or a model's tensor
    dynamic,   // a Value made while running
  };
  Kind kind = Kind::none;
  int index = 0;
  size_t offset = 0;
  ValueId root = kNone;  // constant: whose memory it is
};

struct MemoryPlan {
  std::vector<Storage> values;      // by ValueId
  std::vector<size_t> workspaces;   // offset by position in the order; of the step's own arena
  std::vector<bool> skipped;        // by position: sharing left nothing to do
  std::vector<size_t> arena_bytes;  // by device
  std::vector<ImageSlot> images;
};

// Assigns memory to every value of the graph for running its nodes in `order`. Values share
// memory as their kernels allow (in place, views, concatenation without copies); the rest is placed
// by size, largest first, at the lowest offset that is free during its whole life
// (greedy by size: Pisarchyk and Lee, arXiv 2001.03288). Values in images take turns in them
// (assign_images). `keep` are values read after the last step. With `separate`,
// nothing shares or reuses memory.
Result<MemoryPlan> plan_memory(Draft& draft, const std::vector<NodeId>& order,
                               const DeviceTable& devices, const std::vector<ValueId>& keep,
                               bool separate);

}  // namespace oarlock
