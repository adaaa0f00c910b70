#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "oarlock/type_info.h"

namespace oarlock {

class Graph;

// Where a model comes from.
struct ModelMetadata {
  uint32_t format_version = 1;
  std::string producer;         // "oarlock 0.1.0"
  std::string converter_flags;  // as given on the command line
  std::string source_name;      // file name of the ONNX model, without folders
  std::string source_hash;      // SHA-256 of it, hexadecimal
  std::string content_hash;     // of graph and weights of this file; filled in by save and load
  std::map<std::string, std::string> properties;  // ONNX metadata_props, producer_name, doc_string
};

struct NamedType {
  std::string name;
  TypeInfo type;
};

struct NamedValue {
  std::string name;
  Value value;
};

// Recorded inputs and the reference device's outputs for them.
struct GoldenCase {
  std::vector<NamedValue> inputs, outputs;
};

// A model in memory: a graph, its weights, and where it comes from. Copies share everything.
// Thread-safe for reading.
class Model {
 public:
  Model() = default;
  Model(Graph graph, ModelMetadata metadata, std::vector<GoldenCase> golden = {});

  // Maps the file; weights stay in the file until touched. Everything is verified before it is
  // used: a damaged file gives an error (code invalid) that names the file and what is wrong.
  static Result<Model> load(const std::string& path);
  // The same from memory, which is copied.
  static Result<Model> load(std::span<const std::byte> bytes);
  // Written to a temporary file beside `path`, then renamed.
  Status save(const std::string& path) const;
  // Reads all weights of a loaded model and compares them with the hash in the file. load() itself
  // does so for weights of up to 1 MiB, and always for the graph.
  Status check() const;

  bool empty() const { return content_ == nullptr; }
  const Graph& graph() const;
  const ModelMetadata& metadata() const;
  const std::vector<GoldenCase>& golden() const;
  std::vector<NamedType> inputs() const;
  std::vector<NamedType> outputs() const;

  struct Content;  // internal
  const Content* content() const { return content_.get(); }

 private:
  std::shared_ptr<const Content> content_;
};

}  // namespace oarlock
