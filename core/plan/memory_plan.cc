#include "core/plan/memory_plan.h"

#include <algorithm>
#include <limits>

namespace oarlock {

namespace {

constexpr int kForever = std::numeric_limits<int>::max();

size_t round_up(size_t bytes, size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// Values that share one piece of memory.
struct Group {
  Storage::Kind kind = Storage::Kind::arena;
  int index = 0;  // of the input or output
  ValueId root = kNone;
  int device = 0;
  size_t bytes = 0;
  int first = kForever, last = -1;
  std::vector<ValueId> members;
  size_t offset = 0;
  ImageExtents image;  // only of kind image
  bool used() const { return !members.empty(); }
};

class Planner {
 public:
  Planner(Draft& draft, const std::vector<NodeId>& order, const DeviceTable& devices, bool separate)
      : draft_(draft), graph_(draft.graph), order_(order), devices_(devices), separate_(separate) {}

  Result<MemoryPlan> run(const std::vector<ValueId>& keep) {
    OARLOCK_TRY(make_groups(keep));
    plan_.skipped.assign(order_.size(), false);
    plan_.workspaces.assign(order_.size(), 0);
    if (!separate_)
      for (size_t step = 0; step < order_.size(); ++step) share(static_cast<int>(step));
    pack();
    pack_images();
    write_storages();
    return std::move(plan_);
  }

 private:
  Status make_groups(const std::vector<ValueId>& keep) {
    const size_t count = graph_.value_count();
    group_of_.assign(count, -1);
    offset_in_.assign(count, 0);
    first_.assign(count, kForever);
    last_.assign(count, -1);
    dynamic_.assign(count, false);
    for (size_t step = 0; step < order_.size(); ++step) {
      const Node& node = graph_.node(order_[step]);
      for (ValueId v : node.inputs)
        if (v != kNone) last_[v] = static_cast<int>(step);
      for (ValueId v : node.outputs)
        if (v != kNone)
          first_[v] = static_cast<int>(step), last_[v] = std::max(last_[v], first_[v]);
    }
    for (ValueId v : graph_.inputs()) first_[v] = -1, last_[v] = kForever;
    for (ValueId v : graph_.outputs()) last_[v] = kForever;
    for (ValueId v : keep) last_[v] = kForever;
    for (ValueId v = 0; v < static_cast<ValueId>(count); ++v) OARLOCK_TRY(make_group(v));
    return {};
  }

  Status make_group(ValueId v) {
    const ValueInfo& value = graph_.value(v);
    const bool constant = value.constant.has_value() && !value.is_input;
    if (!constant && value.producer == kNone && !value.is_input) return {};  // erased
    if (!constant && !is_planned(value.type)) {
      dynamic_[v] = true;
      return {};
    }
    Group group;
    group.root = v;
    group.members = {v};
    group.first = first_[v];
    group.last = last_[v];
    TensorDesc desc{value.type.dtype, value.type.shape, Layout::row_major()};
    group.device = devices_.reference();
    if (value.producer != kNone) {
      const NodeDraft& producer = draft_.at(value.producer);
      desc.layout = output_layout(producer, value.producer_output);
      group.device = graph_.node(value.producer).device;
    }
    if (constant) {
      group.kind = Storage::Kind::constant;
    } else {
      const std::optional<size_t> bytes = storage_bytes(desc);
      if (!bytes)
        return out_of_memory("value '", value.name, "' of type ", value.type, " is too large");
      group.bytes = *bytes;
    }
    if (value.is_input) {
      group.kind = Storage::Kind::input;
      group.index = static_cast<int>(std::find(graph_.inputs().begin(), graph_.inputs().end(), v) -
                                     graph_.inputs().begin());
    } else if (!constant && graph_.is_output(v)) {
      group.kind = Storage::Kind::output;
      group.index =
          static_cast<int>(std::find(graph_.outputs().begin(), graph_.outputs().end(), v) -
                           graph_.outputs().begin());
    }
    if (const auto image = constant ? std::nullopt : image_extents(desc)) {
      group.kind = Storage::Kind::image;
      group.image = *image;
    }
    group_of_[v] = static_cast<int>(groups_.size());
    groups_.push_back(std::move(group));
    return {};
  }

  Group* group(ValueId v) {
    return v == kNone || group_of_[v] < 0 ? nullptr : &groups_[group_of_[v]];
  }

  // Moves the members of `from` into `to`, where they begin at `offset`.
  void merge(int from, int to, size_t offset) {
    Group& source = groups_[from];
    Group& target = groups_[to];
    for (ValueId v : source.members) {
      group_of_[v] = to;
      offset_in_[v] += offset;
      target.members.push_back(v);
    }
    target.first = std::min(target.first, source.first);
    target.last = std::max(target.last, source.last);
    source.members.clear();
  }

  bool grant(const Sharing& sharing, const Node& node, int step) {
    const ValueId in = node.input(sharing.input), out = node.output(sharing.output);
    Group *input = group(in), *output = group(out);
    if (input == nullptr || output == nullptr || input == output) return false;
    if (!devices_.same_memory(input->device, output->device)) return false;
    if (input->kind == Storage::Kind::image || output->kind == Storage::Kind::image) return false;
    const bool fresh = output->members.size() == 1;
    const bool arena_output = output->kind == Storage::Kind::arena;
    switch (sharing.kind) {
      case Sharing::Kind::in_place:
        if (!fresh || (!arena_output && output->kind != Storage::Kind::output)) return false;
        if (input->kind != Storage::Kind::arena || input->last > step || read_otherwise(node, in))
          return false;
        if (offset_in_[in] + output->bytes > input->bytes || value_bytes(in) != output->bytes)
          return false;
        if (arena_output) {
          merge(group_of_[out], group_of_[in], offset_in_[in]);
        } else {
          if (offset_in_[in] != 0 || input->bytes != output->bytes) return false;
          merge(group_of_[in], group_of_[out], 0);
        }
        return true;
      case Sharing::Kind::output_is_part_of_input: {
        const size_t offset = offset_in_[in] + sharing.offset;
        if (!fresh) return false;
        if (arena_output) {
          if (input->kind != Storage::Kind::constant && offset + output->bytes > input->bytes)
            return false;
          if (offset % devices_[output->device].info().alignment != 0 &&
              output->device != devices_.reference() &&
              devices_[output->device].info().memory != "host")
            return false;
          merge(group_of_[out], group_of_[in], offset);
          return true;
        }
        // A graph output has its own memory: let the input live there.
        if (output->kind != Storage::Kind::output || input->kind != Storage::Kind::arena ||
            offset != 0 || input->bytes != output->bytes)
          return false;
        merge(group_of_[in], group_of_[out], 0);
        return true;
      }
      case Sharing::Kind::input_is_part_of_output:
        if (!arena_output && output->kind != Storage::Kind::output) return false;
        if (offset_in_[out] != 0) return false;
        if (input->kind != Storage::Kind::arena || offset_in_[in] != 0 ||
            input->bytes != value_bytes(in))
          return false;
        if (sharing.offset + input->bytes > output->bytes) return false;
        merge(group_of_[in], group_of_[out], sharing.offset);
        return true;
    }
    return false;
  }

  // Another input of the node lies in the same memory at another place.
  bool read_otherwise(const Node& node, ValueId in) {
    return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return v != kNone && v != in && group_of_[v] == group_of_[in];
    });
  }

  size_t value_bytes(ValueId v) {
    const ValueInfo& value = graph_.value(v);
    TensorDesc desc{value.type.dtype, value.type.shape, Layout::row_major()};
    if (value.producer != kNone)
      desc.layout = output_layout(draft_.at(value.producer), value.producer_output);
    return storage_bytes(desc).value_or(0);
  }

  void share(int step) {
    const NodeId id = order_[step];
    const Node& node = graph_.node(id);
    const NodeDraft& drafted = draft_.at(id);
    if (drafted.kernel == nullptr) return;
    bool all_parts = drafted.chosen().only_moves;
    for (const Sharing& sharing : drafted.chosen().sharing) {
      const bool ok = grant(sharing, node, step);
      if (sharing.kind != Sharing::Kind::in_place) all_parts = all_parts && ok;
    }
    plan_.skipped[step] = all_parts && !drafted.chosen().sharing.empty();
  }

  // Lowest offsets first, largest groups first.
  void pack() {
    plan_.arena_bytes.assign(devices_.size(), 0);
    struct Item {
      int group;  // or -1 for the workspace of a step
      int step;
      int device;
      size_t bytes;
      int first, last;
      size_t offset;
    };
    std::vector<Item> items;
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      if (!group.used() || group.kind != Storage::Kind::arena) continue;
      items.push_back({static_cast<int>(g), 0, devices_.arena(group.device),
                       std::max<size_t>(group.bytes, 1), group.first, group.last, 0});
    }
    for (size_t step = 0; step < order_.size(); ++step) {
      const NodeDraft& node = draft_.at(order_[step]);
      if (node.kernel == nullptr || node.chosen().workspace == 0 || plan_.skipped[step]) continue;
      const int s = static_cast<int>(step);
      items.push_back({-1, s, devices_.arena(graph_.node(order_[step]).device),
                       node.chosen().workspace, s, s, 0});
    }
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.bytes > b.bytes; });
    std::vector<const Item*> placed, near;
    for (Item& item : items) {
      const size_t alignment = std::max<size_t>(64, devices_[item.device].info().alignment);
      item.bytes = round_up(item.bytes, alignment);
      near.clear();
      for (const Item* p : placed)
        if (p->device == item.device &&
            (separate_ || (p->first <= item.last && item.first <= p->last)))
          near.push_back(p);
      std::sort(near.begin(), near.end(),
                [](const Item* a, const Item* b) { return a->offset < b->offset; });
      size_t offset = 0;
      for (const Item* p : near) {
        if (offset + item.bytes <= p->offset) break;
        offset = std::max(offset, p->offset + p->bytes);
      }
      item.offset = offset;
      size_t& arena = plan_.arena_bytes[item.device];
      arena = std::max(arena, offset + item.bytes);
      placed.push_back(&item);
      if (item.group >= 0)
        groups_[item.group].offset = offset;
      else
        plan_.workspaces[item.step] = offset;
    }
  }

  void pack_images() {
    std::vector<ImageLife> lives;
    std::vector<Group*> owners;
    for (Group& group : groups_) {
      if (!group.used() || group.kind != Storage::Kind::image) continue;
      lives.push_back({devices_.arena(group.device), graph_.value(group.root).type.dtype,
                       group.image, group.first, group.last});
      owners.push_back(&group);
    }
    plan_.images = assign_images(lives, separate_);
    for (size_t i = 0; i < lives.size(); ++i) owners[i]->index = lives[i].slot;
  }

  void write_storages() {
    plan_.values.assign(graph_.value_count(), {});
    for (const Group& group : groups_) {
      for (ValueId v : group.members) {
        Storage& storage = plan_.values[v];
        storage.kind = group.kind;
        storage.root = group.root;
        storage.offset = offset_in_[v] + (group.kind == Storage::Kind::arena ? group.offset : 0);
        storage.index =
            group.kind == Storage::Kind::arena ? devices_.arena(group.device) : group.index;
      }
    }
    for (size_t v = 0; v < dynamic_.size(); ++v)
      if (dynamic_[v]) plan_.values[v].kind = Storage::Kind::dynamic;
  }

  Draft& draft_;
  const Graph& graph_;
  const std::vector<NodeId>& order_;
  const DeviceTable& devices_;
  const bool separate_;
  MemoryPlan plan_;
  std::vector<Group> groups_;
  std::vector<int> group_of_;
  std::vector<size_t> offset_in_;
  std::vector<int> first_, last_;
  std::vector<bool> dynamic_;
};

}  // namespace

Result<MemoryPlan> plan_memory(Draft& draft, const std::vector<NodeId>& order,
                               const DeviceTable& devices, const std::vector<ValueId>& keep,
                               bool separate) {
  return Planner(draft, order, devices, separate).run(keep);
}

}  // namespace oarlock
