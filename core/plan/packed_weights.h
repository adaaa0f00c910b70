#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/model.h"

namespace oarlock {

// Constants as a device wants them, kept in a file beside the model's: an .oar file without nodes,
// whose outputs are constants named by what they were packed from and for. Thread-safe for reading.
class PackedWeights {
 public:
  struct Entry {
    std::string name;
    std::span<const std::byte> bytes;
  };

  // "model.oar.packed-cpu".
  static std::string file_for(const std::string& model_path, const std::string& device);
  // Maps the file. It must be made for this model (by its content hash) and by `packing`, see
  // Device::packing(); `invalid` says what is wrong with it.
  static Result<std::shared_ptr<const PackedWeights>> load(const std::string& path,
                                                           const std::string& model_hash,
                                                           const std::string& packing);
  static Status save(const std::string& path, const std::string& model_hash,
                     const std::string& packing, std::span<const Entry> entries);

  // Null: not among them.
  const Tensor* find(std::string_view name) const;

 private:
  Model model_;
  std::map<std::string_view, const Tensor*> constants_;
};

}  // namespace oarlock
