#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/status.h"

namespace oarlock::cli {

// NumPy's .npz: a zip file of .npy files. `wanted` tells for an array's name what parse_npy shall
// take raw bytes for. Arrays are named without ".npy". Compressed size limits what is read.
Result<std::vector<NamedValue>> read_npz(
    const std::string& path,
    const std::function<std::optional<DType>(const std::string& name)>& wanted = {});
// Not compressed, as numpy.savez does. Elements of a sequence are called name.0, name.1, ..., those
// of a map name.keys and name.values; empty values are left out.
Status write_npz(const std::string& path, std::span<const NamedValue> values);

}  // namespace oarlock::cli
