#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "core/plan/devices.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock {

// A constant on a device in a layout: as it lies in the model file, uploaded, or packed.
struct PlacedConstant {
  Tensor source;     // keeps the original bytes
  DevicePtr device;  // outlives the buffer
  BufferPtr buffer;
  TensorDesc desc;
  size_t bytes = 0;  // taken beside the model file
};

// Constants of a session by (contents, layout, device), shared by all its plans. An entry lives as
// long as a plan uses it. Thread-safe.
class ConstantCache {
 public:
  Result<std::shared_ptr<const PlacedConstant>> get(const Tensor& tensor, const Layout& layout,
                                                    int device, const DeviceTable& devices);
  // The float32 constant that a node on stored weights (core/passes/stored_weights.h) makes; kept
  // as long as the session.
  Result<Tensor> widened(const Graph& graph, const Node& node);

 private:
  using Key = std::tuple<const std::byte*, std::string, std::string, int>;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const PlacedConstant>> entries_;
  struct Widened {
    std::vector<Tensor> sources;  // keep their bytes, which are the key
    Tensor result;
  };
  std::map<std::string, Widened> widened_;
};

}  // namespace oarlock
