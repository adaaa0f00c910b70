#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "oarlock/plugin/graph.h"
#include "tools/cli/model_options.h"
#include "tools/cli/print.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

// What a graph and the graphs in its nodes hold.
struct Contents {
  std::map<std::string, size_t> operators;
  std::map<std::string, uint64_t> weights;  // bytes by type
  std::set<const void*> seen;
  uint64_t elements = 0, bytes = 0;
  size_t nodes = 0, graphs = 0;

  void add(const Tensor& tensor) {
    if (!seen.insert(tensor.data()).second) return;
    elements += static_cast<uint64_t>(tensor.elements());
    bytes += tensor.bytes();
    weights[std::string(to_string(tensor.dtype()))] += tensor.bytes();
  }
  void add(const Graph& graph) {
    ++graphs;
    for (ValueId id = 0; id < static_cast<ValueId>(graph.value_count()); ++id)
      if (const Tensor* tensor = graph.constant(id)) add(*tensor);
    for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
      const Node& node = graph.node(id);
      if (!node.alive) continue;
      ++nodes;
      ++operators[node.domain.empty() ? node.op : node.domain + "." + node.op];
      for (const Attrs::Entry& entry : node.attrs.entries()) {
        if (const auto* t = std::get_if<Tensor>(&entry.second)) add(*t);
        if (const auto* g = std::get_if<GraphPtr>(&entry.second)) add(**g);
        if (const auto* list = std::get_if<std::vector<GraphPtr>>(&entry.second))
          for (const GraphPtr& each : *list) add(*each);
      }
    }
  }
};

struct Inspect {
  ModelOptions model;
  bool json = false, graph = false, check = false;

  Result<ExitCode> run() const;
  void print(const Model& loaded, const Contents& contents) const;
};

nlohmann::json model_json(const Model& model, const Contents& contents) {
  const ModelMetadata& about = model.metadata();
  return {{"inputs", to_json(model.inputs())},
          {"outputs", to_json(model.outputs())},
          {"operators", contents.operators},
          {"nodes", contents.nodes},
          {"graphs", contents.graphs},
          {"parameters", contents.elements},
          {"weight_bytes", contents.bytes},
          {"weight_bytes_by_type", contents.weights},
          {"golden_cases", model.golden().size()},
          {"format_version", about.format_version},
          {"producer", about.producer},
          {"converter_flags", about.converter_flags},
          {"source_name", about.source_name},
          {"source_hash", about.source_hash},
          {"content_hash", about.content_hash},
          {"properties", about.properties}};
}

void Inspect::print(const Model& loaded, const Contents& contents) const {
  const auto types = [](const char* title, const std::vector<NamedType>& list) {
    std::printf("%s\n", title);
    for (const NamedType& each : list)
      std::printf("  %s: %s\n", each.name.c_str(), to_string(each.type).c_str());
  };
  std::printf("%s\n", model.path.c_str());
  types("inputs", loaded.inputs());
  types("outputs", loaded.outputs());
  std::printf("operators: %zu nodes in %zu graph%s\n", contents.nodes, contents.graphs,
              contents.graphs == 1 ? "" : "s");
  Table table({"  operator", "count"});
  for (const auto& [name, count] : contents.operators)
    table.add({"  " + name, std::to_string(count)});
  std::fputs(table.text().c_str(), stdout);
  std::printf("weights: %llu elements, %s", static_cast<unsigned long long>(contents.elements),
              bytes_text(static_cast<double>(contents.bytes)).c_str());
  for (const auto& [type, bytes] : contents.weights)
    std::printf(", %s %s", type.c_str(), bytes_text(static_cast<double>(bytes)).c_str());
  const ModelMetadata& about = loaded.metadata();
  std::printf("\nprovenance\n  format version: %u\n", about.format_version);
  const std::pair<const char*, const std::string*> fields[] = {
      {"producer", &about.producer},
      {"converted with", &about.converter_flags},
      {"source", &about.source_name},
      {"source SHA-256", &about.source_hash},
      {"content SHA-256", &about.content_hash}};
  for (const auto& [title, text] : fields)
    if (!text->empty()) std::printf("  %s: %s\n", title, text->c_str());
  for (const auto& [key, value] : about.properties)
    std::printf("  %s: %s\n", key.c_str(), value.c_str());
  std::printf("golden cases: %zu\n", loaded.golden().size());
}

Result<ExitCode> Inspect::run() const {
  OARLOCK_ASSIGN(const Model loaded, model.load());
  if (check) {
    if (Status s = loaded.check(); !s.ok()) return s.within(model.path);
  }
  Contents contents;
  contents.add(loaded.graph());
  if (json) {
    print_json(model_json(loaded, contents));
    return kOk;
  }
  print(loaded, contents);
  if (check) std::puts("contents match their hash");
  if (graph) std::fputs(to_string(loaded.graph()).c_str(), stdout);
  return kOk;
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Show inputs, outputs, operators, weights and where a model comes from");
  auto c = std::make_shared<Inspect>();
  c->model.add_to(command);
  command->add_flag("--graph", c->graph, "Print every node");
  command->add_flag("--check", c->check, "Compare all weights with the hash in the file");
  command->add_flag("--json", c->json, "Print JSON");
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
