#pragma once

#include <map>
#include <string>
#include <vector>

#include "oarlock/session.h"

namespace oarlock::cli {

// GFLOP/s at which each of the devices multiplies square matrices of float32: what "of peak" of a
// profile refers to. `options` are those of the profiled session. Devices without such a kernel are
// left out. Takes about a tenth of a second a device.
std::map<std::string, double> product_rates(const SessionOptions& options,
                                            const std::vector<std::string>& devices);

}  // namespace oarlock::cli
