#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "core/graph/atomic_file.h"
#include "core/graph/mapped_file.h"
#include "core/graph/model_content.h"
#include "core/graph/model_reader.h"
#include "core/graph/model_writer.h"
#include "oarlock/model.h"

namespace oarlock {
namespace {

// Up to this size weights are compared with their hash at load, larger ones by Model::check().
constexpr size_t kCheckedAtLoad = size_t{1} << 20;

Status check_weights(std::span<const std::byte> weights, const Sha256Digest& expected) {
  if (Sha256::of(weights) == expected) return {};
  return invalid(
      "the weights do not match their hash: the file is damaged; copy or convert it again");
}

Result<std::shared_ptr<Model::Content>> read(std::span<const std::byte> bytes,
                                             std::shared_ptr<const void> owner) {
  try {
    OARLOCK_ASSIGN(const FileParts file, split_file(bytes));
    OARLOCK_ASSIGN(ModelParts parts, read_model(file, owner));
    if (file.weights.size() <= kCheckedAtLoad)
      OARLOCK_TRY(check_weights(file.weights, parts.weights_hash));
    auto content = std::make_shared<Model::Content>();
    content->graph = std::move(parts.graph);
    content->metadata = std::move(parts.metadata);
    content->metadata.format_version = file.header.format_version;
    content->metadata.content_hash = to_hex(file.header.graph_hash);
    content->golden = std::move(parts.golden);
    content->owner = std::move(owner);
    content->weights = file.weights;
    content->weights_hash = parts.weights_hash;
    return content;
  } catch (const std::bad_alloc&) {
    return out_of_memory("the model does not fit into memory");
  }
}

Status write(const EncodedModel& model, const std::string& path) {
  OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(path));
  OARLOCK_TRY(file.write(encode(model.header)));
  OARLOCK_TRY(file.write(model.graph));
  const uint64_t start = model.header.weights_at();
  OARLOCK_TRY(file.pad_to(start));
  for (const Tensor& tensor : model.weights) {
    OARLOCK_TRY(file.pad_to(start + align_weights(file.size() - start)));
    OARLOCK_TRY(file.write({tensor.data(), tensor.bytes()}));
  }
  return file.commit();
}

}  // namespace

Result<Model> Model::load(const std::string& path) {
  OARLOCK_ASSIGN(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  Result<std::shared_ptr<Content>> content = read(file->bytes(), file);
  if (!content.ok()) return content.status().within(path);
  (*content)->path = path;
  Model model;
  model.content_ = std::move(content).value();
  return model;
}

Result<Model> Model::load(std::span<const std::byte> bytes) {
  // Copied at the alignment that weights have in a mapped file.
  OARLOCK_ASSIGN(Tensor copy, Tensor::allocate(DType::uint8, {static_cast<int64_t>(bytes.size())}));
  if (!bytes.empty()) std::memcpy(copy.mutable_data(), bytes.data(), bytes.size());
  auto owner = std::make_shared<const Tensor>(std::move(copy));
  Result<std::shared_ptr<Content>> content = read({owner->data(), bytes.size()}, owner);
  if (!content.ok()) return content.status().within("model in memory");
  Model model;
  model.content_ = std::move(content).value();
  return model;
}

Status Model::save(const std::string& path) const {
  if (empty()) return invalid("cannot save ", path, ": the model is empty");
  try {
    Result<EncodedModel> encoded =
        encode_model(content_->graph, content_->metadata, content_->golden);
    if (!encoded.ok()) return encoded.status().within(path);
    return write(encoded.value(), path);
  } catch (const std::bad_alloc&) {
    return out_of_memory("cannot save ", path, ": too little memory to encode the graph");
  }
}

Status Model::check() const {
  if (empty() || content_->owner == nullptr) return {};
  return check_weights(content_->weights, content_->weights_hash);
}

}  // namespace oarlock
