#pragma once

#include <string>

#include "oarlock/session.h"
#include "tools/cli/inputs.h"

namespace oarlock::cli {

struct PrecisionOptions {
  std::string file;  // where names are written, one a line
  double tolerance = 0.01;
  double seconds = 60;
};

struct Precision {
  size_t kept = 0, nodes = 0;    // that stay float32, of those computing floats
  double before = 0, after = 0;  // outputs' largest scaled difference from float32
};

// Which nodes must stay float32 so that with all others stored as float16 the outputs for these
// inputs are within the tolerance of float32. Parts of the network are narrowed one at a time;
// those that change the outputs most stay, as few as suffice. What was not measured when the time
// ended counts as worst. Ends with a file for the setting storage.keep, whose error was measured.
Result<Precision> find_precision(const Model& model, const SessionOptions& options,
                                 const InputOptions& inputs, const PrecisionOptions& wanted);

}  // namespace oarlock::cli
