#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/graph/file_format.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"

namespace oarlock {

// An encoded model: the FlatBuffer, and the tensors that follow it.
struct EncodedModel {
  FileHeader header;
  std::vector<std::byte> graph;
  std::vector<Tensor> weights;  // in order, each at the next multiple of kWeightAlignment
};

Result<EncodedModel> encode_model(const Graph& graph, const ModelMetadata& metadata,
                                  std::span<const GoldenCase> golden);

}  // namespace oarlock
