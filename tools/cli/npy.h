#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "oarlock/status.h"
#include "oarlock/tensor.h"

namespace oarlock::cli {

// NumPy's .npy format (versions 1 to 3) in memory.
//
// Reading: `wanted` says what a type that NumPy does not know (written as raw bytes, "V2") or
// packed integers (one a byte) stand for; any other type is read as what it is. Both byte orders,
// both element orders; no pickled objects.
Result<Tensor> parse_npy(std::span<const std::byte> file, std::optional<DType> wanted = {});
// bfloat16 and small floats become raw bytes, integers below 8 bits one a byte, strings "U".
Result<std::vector<std::byte>> format_npy(const Tensor& tensor);

}  // namespace oarlock::cli
