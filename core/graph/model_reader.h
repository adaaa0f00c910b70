#pragma once

#include <memory>
#include <vector>

#include "core/graph/file_format.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"

namespace oarlock {

struct ModelParts {
  Graph graph;
  ModelMetadata metadata;
  std::vector<GoldenCase> golden;
  Sha256Digest weights_hash{};
};

// Verifies the FlatBuffer, then builds everything from it. Tensors look into `file.weights`, which
// `owner` keeps alive. Work and memory are bounded by the size of the file.
Result<ModelParts> read_model(const FileParts& file, std::shared_ptr<const void> owner);

}  // namespace oarlock
