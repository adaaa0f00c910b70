#include "core/plan/constants.h"

#include <functional>

#include "core/graph/mapped_file.h"
#include "core/passes/stored_weights.h"
#include "core/plan/draft.h"

namespace oarlock {

namespace {

TensorRef ref(Buffer* buffer, const TensorDesc* desc) { return {buffer, 0, desc}; }

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return {tensor.data(), tensor.bytes()};
}

// A one-node graph, so that the kernel sees a node like any other.
Status relayout(const Tensor& source, Buffer* from, Buffer* to, const TensorDesc& from_desc,
                const TensorDesc& to_desc, const PlacedDevice& device, const OpRegistry& ops) {
  Graph graph;
  Node node;
  node.name = "pack";
  node.domain = kOarlockDomain;
  node.op = "Relayout";
  node.inputs = {graph.add_constant("weights", source)};
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(node), {"packed"}));
  OARLOCK_TRY(resolve_node(graph, id, ops));
  OARLOCK_TRY(infer_node(graph, id));
  const RelayoutLayouts layouts{from_desc.layout, to_desc.layout};
  const NodeView view(graph, graph.node(id), &layouts);
  KernelNeeds needs;
  OARLOCK_ASSIGN(const KernelDef* def, find_relayout(view, device, needs));
  OARLOCK_ASSIGN(const KernelPtr kernel, def->create(view, needs.options[0], *device.device));
  BufferPtr workspace;
  if (needs.options[0].workspace > 0) {
    OARLOCK_ASSIGN(workspace, device.device->allocate({needs.options[0].workspace, nullptr}));
  }
  const TensorRef input = ref(from, &from_desc), output = ref(to, &to_desc);
  KernelArgs args{{&input, 1}, {&output, 1}, ref(workspace.get(), nullptr)};
  OARLOCK_TRY(device.device->enter([&] { return kernel->run(args); }));
  OARLOCK_ASSIGN(const Event done, device.device->record());
  return device.device->wait(done);
}

// Memory that kernels only read.
BufferPtr view(const Tensor& tensor) {
  return std::make_unique<HostView>(
      std::span<std::byte>(const_cast<std::byte*>(tensor.data()), tensor.bytes()));
}

// `packed`: the result as it lies in a file, or null.
Result<std::shared_ptr<const PlacedConstant>> place_constant(const Tensor& tensor,
                                                             const Layout& layout,
                                                             const PlacedDevice& device, bool host,
                                                             const Tensor* packed,
                                                             const OpRegistry& ops) {
  auto placed = std::make_shared<PlacedConstant>();
  placed->source = tensor;
  placed->device = device.device;
  placed->desc = {tensor.dtype(), tensor.shape(), layout};
  const TensorDesc plain{tensor.dtype(), tensor.shape(), Layout::row_major()};
  const bool as_is = same_bytes(layout, Layout::row_major(), tensor.shape());
  const std::optional<size_t> bytes = storage_bytes(placed->desc);
  if (!bytes) return invalid("its size in layout ", layout, " overflows");
  if (packed != nullptr && host && !as_is && packed->bytes() == *bytes) {
    placed->source = *packed;
    placed->buffer = view(*packed);
    placed->bytes = *bytes;
    placed->from = PlacedConstant::From::file;
    return std::shared_ptr<const PlacedConstant>(std::move(placed));
  }
  std::span<std::byte> source(const_cast<std::byte*>(tensor.data()), tensor.bytes());
  BufferPtr upload = view(tensor);
  if (!host) {
    Result<BufferPtr> shared =
        as_is ? Result<BufferPtr>(unsupported("stays as it is")) : device.device->wrap(source);
    if (shared.ok()) {
      upload = *std::move(shared);
    } else {
      OARLOCK_ASSIGN(upload, device.device->allocate({tensor.bytes(), nullptr}));
      OARLOCK_TRY(device.device->write(ref(upload.get(), &plain), bytes_of(tensor)));
      placed->bytes = tensor.bytes();
      MappedFile::release_pages(bytes_of(tensor));  // the device has a copy now
    }
  }
  if (as_is) {
    placed->buffer = std::move(upload);
    return std::shared_ptr<const PlacedConstant>(std::move(placed));
  }
  const bool image = layout.kind == Layout::Kind::image2d;
  OARLOCK_ASSIGN(placed->buffer,
                 device.device->allocate({*bytes, image ? &placed->desc : nullptr}));
  placed->bytes = *bytes;
  placed->from = PlacedConstant::From::packing;
  OARLOCK_TRY(
      relayout(tensor, upload.get(), placed->buffer.get(), plain, placed->desc, device, ops));
  MappedFile::release_pages(bytes_of(tensor));
  return std::shared_ptr<const PlacedConstant>(std::move(placed));
}

}  // namespace

Result<std::shared_ptr<const PlacedConstant>> ConstantCache::get(const Tensor& tensor,
                                                                 const Layout& layout, int device,
                                                                 const DeviceTable& devices) {
  const Key key(tensor.data(), to_string(tensor), concat(to_string(layout), " ", layout.bytes),
                device);
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = entries_.find(key); found != entries_.end())
    if (auto placed = found->second.lock()) return placed;
  const bool host = devices.same_memory(device, devices.reference());
  const auto file = files_.find(device);
  const Tensor* packed = file == files_.end()
                             ? nullptr
                             : file->second->find(name_in_file(
                                   tensor.data(), {tensor.dtype(), tensor.shape(), layout}));
  OARLOCK_ASSIGN(auto placed,
                 place_constant(tensor, layout, devices[device], host, packed, devices.ops));
  entries_[key] = placed;
  return placed;
}

std::string ConstantCache::name_in_file(const std::byte* data, const TensorDesc& desc) const {
  const std::less<> before;  // also between addresses of different objects
  if (before(data, weights_.data()) || !before(data, weights_.data() + weights_.size())) return "";
  return concat(data - weights_.data(), " ", to_string(desc), " ", desc.layout.bytes);
}

std::vector<std::pair<std::string, std::shared_ptr<const PlacedConstant>>> ConstantCache::packed(
    int device) const {
  std::vector<std::pair<std::string, std::shared_ptr<const PlacedConstant>>> list;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    auto placed = entry.lock();
    if (placed == nullptr || std::get<int>(key) != device) continue;
    if (placed->from == PlacedConstant::From::model || placed->buffer->host() == nullptr) continue;
    std::string name = name_in_file(std::get<const std::byte*>(key), placed->desc);
    if (!name.empty()) list.emplace_back(std::move(name), std::move(placed));
  }
  return list;
}

Result<Tensor> ConstantCache::widened(const Graph& graph, const Node& node) {
  Widened entry;
  std::string key = concat(node.op, " ", node.attrs.integer("axis", 1));
  for (const ValueId v : node.inputs) {
    const Tensor* constant = graph.constant(v);
    if (!constant) continue;
    key += concat(" ", *constant, " at ", reinterpret_cast<uintptr_t>(constant->data()));
    entry.sources.push_back(*constant);
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = widened_.find(key); found != widened_.end()) return found->second.result;
  OARLOCK_ASSIGN(entry.result, oarlock::widened(graph, node));
  return widened_.emplace(std::move(key), std::move(entry)).first->second.result;
}

}  // namespace oarlock
