#pragma once

#include <string>
#include <vector>

#include "core/graph/model_content.h"
#include "core/run/program.h"

namespace oarlock {

// Lets plans take packed constants from the files beside the model's, see Session::prepack().
// Returns a note for each file that is there and not used.
Result<std::vector<std::string>> use_packed_weights(const Model::Content& model,
                                                    const SessionOptions& options,
                                                    Runtime& runtime);
// Writes these files from the plans of `runtime` in use; returns their names.
Result<std::vector<std::string>> write_packed_weights(const Model::Content& model,
                                                      const Runtime& runtime);

}  // namespace oarlock
