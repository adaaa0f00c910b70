#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// Until 21, scale and bias had one element for a group instead of one for a channel.
Status group_normalization_21(NodeDraft& draft, DraftContext& graph) {
  const int64_t groups = draft.attrs.integer("num_groups");
  if (groups <= 0 || draft.inputs.size() != 3) return {};
  const std::string& name = draft.name;
  OARLOCK_ASSIGN(const ValueId channels, graph.add(name + "/channels", "Shape", {draft.inputs[0]},
                                                   {{"start", int64_t{1}}, {"end", int64_t{2}}}));
  const int64_t group_list[] = {groups};
  const ValueId group_count = graph.add_integers(name + "/groups", group_list);
  OARLOCK_ASSIGN(const ValueId size,
                 graph.add(name + "/group_size", "Div", {channels, group_count}));
  OARLOCK_ASSIGN(const ValueId wide, graph.add(name + "/group_shape", "Concat", {group_count, size},
                                               {{"axis", int64_t{0}}}));
  const int64_t column[] = {groups, 1};
  const int64_t flat[] = {-1};
  const ValueId column_shape = graph.add_integers(name + "/column", column);
  const ValueId flat_shape = graph.add_integers(name + "/flat", flat);
  for (size_t i : {1, 2}) {
    const std::string part = name + (i == 1 ? "/scale" : "/bias");
    OARLOCK_ASSIGN(const ValueId upright,
                   graph.add(part, "Reshape", {draft.inputs[i], column_shape}));
    OARLOCK_ASSIGN(const ValueId repeated, graph.add(part, "Expand", {upright, wide}));
    OARLOCK_ASSIGN(draft.inputs[i], graph.add(part, "Reshape", {repeated, flat_shape}));
  }
  return {};
}

}  // namespace oarlock::converter
