#include <algorithm>
#include <utility>

#include "oarlock/plugin/op.h"

namespace oarlock {

namespace ops {
std::span<const OpDef> all_ops();
}

namespace {

bool before(const OpDef* def, const std::pair<std::string_view, std::string_view>& key) {
  return std::pair<std::string_view, std::string_view>(def->domain, def->name) < key;
}

}  // namespace

const OpRegistry& OpRegistry::core() {
  static const OpRegistry registry = [] {
    OpRegistry all;
    all.add(ops::all_ops());
    return all;
  }();
  return registry;
}

void OpRegistry::add(std::span<const OpDef> defs) {
  for (const OpDef& def : defs) {
    const std::pair<std::string_view, std::string_view> key(def.domain, def.name);
    auto place = std::lower_bound(defs_.begin(), defs_.end(), key, before);
    if (place != defs_.end() && (*place)->domain == def.domain && (*place)->name == def.name)
      *place = &def;
    else
      defs_.insert(place, &def);
  }
}

const OpDef* OpRegistry::find(std::string_view domain, std::string_view name) const {
  const std::pair<std::string_view, std::string_view> key(domain, name);
  auto place = std::lower_bound(defs_.begin(), defs_.end(), key, before);
  if (place == defs_.end() || (*place)->domain != domain || (*place)->name != name) return nullptr;
  return *place;
}

}  // namespace oarlock
