#include "oarlock/model.h"

#include <utility>

#include "core/graph/model_content.h"

namespace oarlock {
namespace {

const Model::Content& nothing() {
  static const Model::Content content;
  return content;
}

}  // namespace

Model::Model(Graph graph, ModelMetadata metadata, std::vector<GoldenCase> golden) {
  auto content = std::make_shared<Content>();
  content->graph = std::move(graph);
  content->metadata = std::move(metadata);
  content->golden = std::move(golden);
  content_ = std::move(content);
}

const Graph& Model::graph() const { return content_ ? content_->graph : nothing().graph; }

const ModelMetadata& Model::metadata() const {
  return content_ ? content_->metadata : nothing().metadata;
}

const std::vector<GoldenCase>& Model::golden() const {
  return content_ ? content_->golden : nothing().golden;
}

std::vector<NamedType> Model::inputs() const {
  std::vector<NamedType> list;
  for (ValueId id : graph().inputs())
    list.push_back({graph().value(id).name, graph().value(id).type});
  return list;
}

std::vector<NamedType> Model::outputs() const {
  std::vector<NamedType> list;
  for (size_t i = 0; i < graph().outputs().size(); ++i)
    list.push_back({graph().output_name(i), graph().value(graph().outputs()[i]).type});
  return list;
}

}  // namespace oarlock
