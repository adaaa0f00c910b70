#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/graph/sha256.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"

namespace oarlock {

struct Model::Content {
  Graph graph;
  ModelMetadata metadata;
  std::vector<GoldenCase> golden;
  // Of a loaded model: the memory its tensors look into, and what it should hash to.
  std::shared_ptr<const void> owner;
  std::string path;  // empty: not from a file
  std::span<const std::byte> weights;
  Sha256Digest weights_hash{};
};

}  // namespace oarlock
