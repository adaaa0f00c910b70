#include "oarlock/convert.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>

#include "converter/golden.h"
#include "converter/graph_builder.h"
#include "converter/input_shapes.h"
#include "converter/read_model.h"
#include "core/graph/mapped_file.h"
#include "core/graph/sha256.h"
#include "oarlock/custom_op.h"
#include "oarlock/plugin/passes.h"
#include "oarlock/session.h"

namespace oarlock {

namespace {

using namespace converter;

void progress(const ConvertOptions& options, ConvertProgress::Step step, uint64_t done,
              uint64_t total) {
  if (options.progress) options.progress({step, done, total});
}

std::map<std::string, std::string> properties_of(const onnx::ModelProto& model) {
  std::map<std::string, std::string> properties;
  for (const onnx::StringStringEntryProto& entry : model.metadata_props())
    properties[entry.key()] = entry.value();
  auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) properties.emplace(name, text);
  };
  add("producer_name", model.producer_name());
  add("producer_version", model.producer_version());
  add("domain", model.domain());
  add("doc_string", model.doc_string());
  if (model.model_version() != 0) add("model_version", std::to_string(model.model_version()));
  return properties;
}

Status check_versions(const onnx::ModelProto& model, const std::string& name, Opsets& opsets) {
  if (model.ir_version() < 1)
    return invalid("'", name, "' has no IR version, so it is not an ONNX model or is damaged");
  if (model.ir_version() > kNewestIrVersion)
    return unsupported("'", name, "' has IR version ", model.ir_version(), ", newer than ",
                       kNewestIrVersion, "; export it for an older one or use a newer oarlock");
  OARLOCK_ASSIGN(opsets, read_opsets(model.opset_import(), concat("'", name, "'")));
  return {};
}

// SHA-256 of the file, which for large ones takes longer than parsing.
std::string hash(std::span<const std::byte> bytes, const ConvertOptions& options) {
  constexpr size_t kPiece = size_t{16} << 20;
  Sha256 hash;
  for (size_t at = 0; at < bytes.size(); at += kPiece) {
    progress(options, ConvertProgress::Step::reading, at, bytes.size());
    hash.update(bytes.subspan(at, std::min(kPiece, bytes.size() - at)));
  }
  progress(options, ConvertProgress::Step::reading, bytes.size(), bytes.size());
  return to_hex(hash.finish());
}

// Living nodes, those of subgraphs included.
size_t count_nodes(const Graph& graph) {
  size_t count = 0;
  for (size_t id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(static_cast<NodeId>(id));
    if (!node.alive) continue;
    ++count;
    for (const auto& [name, value] : node.attrs.entries()) {
      if (const auto* one = std::get_if<GraphPtr>(&value)) count += count_nodes(**one);
      if (const auto* many = std::get_if<std::vector<GraphPtr>>(&value))
        for (const GraphPtr& body : *many) count += count_nodes(*body);
    }
  }
  return count;
}

Status simplify_graph(Graph& graph, const ConvertOptions& options, ConversionReport& report) {
  progress(options, ConvertProgress::Step::simplifying, 0, 0);
  SimplifyReport done;
  OARLOCK_TRY(simplify(graph, *options.ops, &done).within("simplifying"));
  for (const auto& [rule, count] : done.applied)
    report.rewrites.push_back(concat(rule, " x ", count));
  report.nodes_simplified = count_nodes(graph);
  return {};
}

// After simplifying, which may still scale weights.
Status store_weights(Graph& graph, const ConvertOptions& options, ConversionReport& report) {
  OARLOCK_TRY(infer_types(graph));
  OARLOCK_ASSIGN(const int changed, narrow_weights(graph, options.weights, *options.ops));
  report.rewrites.push_back(concat("store_weights_as_", options.weights, " x ", changed));
  report.nodes_simplified = count_nodes(graph);
  return {};
}

Result<Model> convert(std::span<const std::byte> bytes, const std::string& name,
                      const std::string& folder, const ConvertOptions& options,
                      ConversionReport& report) {
  report.source = name;
  OARLOCK_ASSIGN(const std::unique_ptr<onnx::ModelProto> model, read_model(bytes, name));
  report.ir_version = model->ir_version();
  Opsets opsets;
  OARLOCK_TRY(check_versions(*model, name, opsets));
  report.opsets = opsets;
  const std::string source_hash = hash(bytes, options);

  Context context(options, report, folder);
  OARLOCK_TRY(context.add_functions(*model));
  OARLOCK_TRY(fix_input_shapes(*model->mutable_graph(), options.shapes));
  Scope scope;
  scope.opsets = &opsets;
  OARLOCK_ASSIGN(Graph graph,
                 GraphBuilder(context).build(*model->mutable_graph(), std::move(scope), {}));
  if (!report.unsupported.empty() && !options.allow_unsupported)
    return unsupported(to_string(report));
  OARLOCK_TRY(verify(graph));
  if (options.simplify && report.unsupported.empty())
    OARLOCK_TRY(simplify_graph(graph, options, report));
  if (options.weights != DType::float32 && report.unsupported.empty())
    OARLOCK_TRY(store_weights(graph, options, report));

  std::vector<GoldenCase> golden;
  if (options.golden > 0) {
    OARLOCK_ASSIGN(golden, make_golden(graph, options));
  }
  ModelMetadata metadata;
  metadata.producer = concat("oarlock ", version());
  metadata.converter_flags = options.flags;
  metadata.source_name = name;
  metadata.source_hash = source_hash;
  metadata.properties = properties_of(*model);
  return Model(std::move(graph), std::move(metadata), std::move(golden));
}

Result<Model> convert_guarded(std::span<const std::byte> bytes, const std::string& name,
                              const std::string& folder, const ConvertOptions& options,
                              ConversionReport* report) {
  ConversionReport own;
  ConversionReport& used = report != nullptr ? *report : own;
  used = {};
  try {
    if (options.ops != nullptr) return convert(bytes, name, folder, options, used);
    const OpRegistry ops = registered_ops();
    ConvertOptions known = options;
    known.ops = &ops;
    return convert(bytes, name, folder, known, used);
  } catch (const std::bad_alloc&) {
    return out_of_memory("converting '", name, "' takes more memory than there is");
  } catch (const std::exception& error) {
    return internal_error("converting '", name, "' failed: ", error.what());
  }
}

}  // namespace

Result<Model> convert_onnx(const std::string& path, const ConvertOptions& options,
                           ConversionReport* report) {
  try {
    OARLOCK_ASSIGN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
    const std::filesystem::path whole(path);
    const std::filesystem::path folder = whole.parent_path();
    return convert_guarded(file->bytes(), whole.filename().string(),
                           folder.empty() ? "." : folder.string(), options, report);
  } catch (const std::exception& error) {
    return out_of_memory("opening '", path, "' failed: ", error.what());
  }
}

Result<Model> convert_onnx(std::span<const std::byte> bytes, const std::string& folder,
                           const ConvertOptions& options, ConversionReport* report) {
  return convert_guarded(bytes, "model", folder, options, report);
}

}  // namespace oarlock
