#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/plan/devices.h"
#include "core/plan/packed_weights.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock {

// A constant on a device in a layout: as it lies in the model file, uploaded, or packed.
struct PlacedConstant {
  Tensor source;     // keeps the original bytes
  DevicePtr device;  // outlives the buffer
  BufferPtr buffer;
  TensorDesc desc;
  size_t bytes = 0;                                             // taken beside the model file
  enum class From { model, packing, file } from = From::model;  // as it lies there, or packed
};

// Constants of a session by (contents, layout, device), shared by all its plans. An entry lives as
// long as a plan uses it. Thread-safe.
class ConstantCache {
 public:
  // Before the first get(): constants within `weights` may be packed already.
  void lie_in(std::span<const std::byte> weights) { weights_ = weights; }
  void take_from(int device, std::shared_ptr<const PackedWeights> packed) {
    files_[device] = std::move(packed);
  }
  Result<std::shared_ptr<const PlacedConstant>> get(const Tensor& tensor, const Layout& layout,
                                                    int device, const DeviceTable& devices);
  // Constants of the model that plans in use have packed for a device of host memory, or taken from
  // a file, by their names there, in the order of the model.
  std::vector<std::pair<std::string, std::shared_ptr<const PlacedConstant>>> packed(
      int device) const;
  // The float32 constant that a node on stored weights (core/passes/stored_weights.h) makes; kept
  // as long as the session.
  Result<Tensor> widened(const Graph& graph, const Node& node);

 private:
  using Key = std::tuple<const std::byte*, std::string, std::string, int>;
  // What a constant at `data` in the model is called in a file when packed as `desc`; empty if it
  // is not in the model.
  std::string name_in_file(const std::byte* data, const TensorDesc& desc) const;

  std::span<const std::byte> weights_;
  std::map<int, std::shared_ptr<const PackedWeights>> files_;
  mutable std::mutex mutex_;
  std::map<Key, std::weak_ptr<const PlacedConstant>> entries_;
  struct Widened {
    std::vector<Tensor> sources;  // keep their bytes, which are the key
    Tensor result;
  };
  std::map<std::string, Widened> widened_;
};

}  // namespace oarlock
