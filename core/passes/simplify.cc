#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

namespace passes {
std::span<const Rule> all_rules();
}

Status simplify(Graph& graph, const OpRegistry& ops, SimplifyReport* report) {
  return rewrite(graph, passes::all_rules(), ops, [&](std::string_view rule, const Node&) {
    if (report == nullptr) return;
    for (auto& [name, count] : report->applied) {
      if (name == rule) {
        ++count;
        return;
      }
    }
    report->applied.emplace_back(rule, 1);
  });
}

}  // namespace oarlock
