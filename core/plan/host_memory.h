#pragma once

#include "oarlock/plugin/device.h"

namespace oarlock {

// 64-byte aligned ordinary memory, zero filled; out_of_memory instead of an exception.
Result<BufferPtr> allocate_host(size_t bytes);

}  // namespace oarlock
