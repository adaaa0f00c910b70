#include "core/plan/packed_weights.h"

#include <utility>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"

namespace oarlock {
namespace {

constexpr const char* kModel = "packed_from";
constexpr const char* kPacking = "packed_by";

}  // namespace

std::string PackedWeights::file_for(const std::string& model_path, const std::string& device) {
  return concat(model_path, ".packed-", device);
}

Result<std::shared_ptr<const PackedWeights>> PackedWeights::load(const std::string& path,
                                                                 const std::string& model_hash,
                                                                 const std::string& packing) {
  auto packed = std::make_shared<PackedWeights>();
  OARLOCK_ASSIGN(packed->model_, Model::load(path));
  const std::map<std::string, std::string>& properties = packed->model_.metadata().properties;
  const auto is = [&](const char* key, const std::string& value) {
    const auto found = properties.find(key);
    return found != properties.end() && found->second == value;
  };
  if (!is(kModel, model_hash)) return invalid(path, " was made for another model");
  if (!is(kPacking, packing))
    return invalid(path, " was made for another processor or by another version");
  const Graph& graph = packed->model_.graph();
  for (ValueId v = 0; v < static_cast<ValueId>(graph.value_count()); ++v)
    if (const Tensor* constant = graph.constant(v))
      packed->constants_[graph.value(v).name] = constant;
  return std::shared_ptr<const PackedWeights>(std::move(packed));
}

Status PackedWeights::save(const std::string& path, const std::string& model_hash,
                           const std::string& packing, std::span<const Entry> entries) {
  Graph graph;
  for (const Entry& entry : entries) {
    OARLOCK_ASSIGN(
        Tensor view,
        Tensor::view(DType::uint8, Shape{static_cast<int64_t>(entry.bytes.size())},
                     const_cast<std::byte*>(entry.bytes.data()), entry.bytes.size(), nullptr));
    graph.add_output(graph.add_constant(entry.name, std::move(view)));
  }
  ModelMetadata metadata;
  metadata.producer = concat("oarlock ", version());
  metadata.properties = {{kModel, model_hash}, {kPacking, packing}};
  return Model(std::move(graph), std::move(metadata)).save(path);
}

const Tensor* PackedWeights::find(std::string_view name) const {
  const auto found = constants_.find(name);
  return found == constants_.end() ? nullptr : found->second;
}

}  // namespace oarlock
