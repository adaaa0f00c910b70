// ONNX Unique (28).
#include <algorithm>
#include <numeric>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

using Compared = Join<NumbersAndBool, Strings>;

Status infer_unique(InferContext& c) {
  OARLOCK_TRY(check_type<Compared>(c, 0));
  Shape shape{Shape::kUnknown};
  if (c.attrs().has("axis")) {
    shape = c.shape(0);
    OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
    shape[axis] = Shape::kUnknown;
  }
  c.set_output(0, c.dtype(0), std::move(shape));
  for (size_t i = 1; i < 4; ++i) c.set_output(i, DType::int64, {Shape::kUnknown});
  return {};
}

// The input as rows x extent x columns; what is compared are the slices along the middle.
struct Slices {
  int64_t rows, extent, columns;
};

// -1, 0 or 1; NaN equals NaN and is greater than numbers.
template <class T>
int compare(const T& x, const T& y) {
  if constexpr (std::is_same_v<T, std::string>) {
    return x.compare(y);
  } else {
    const auto a = static_cast<Compute<T>>(x), b = static_cast<Compute<T>>(y);
    if (a != a || b != b) return static_cast<int>(a != a) - static_cast<int>(b != b);
    return static_cast<int>(b < a) - static_cast<int>(a < b);
  }
}

template <class T>
int compare_slices(const T* data, const Slices& s, int64_t i, int64_t j) {
  for (int64_t row = 0; row < s.rows; ++row) {
    const T* slice = data + row * s.extent * s.columns;
    for (int64_t column = 0; column < s.columns; ++column) {
      const int order = compare(slice[i * s.columns + column], slice[j * s.columns + column]);
      if (order != 0) return order;
    }
  }
  return 0;
}

struct Groups {
  std::vector<int64_t> first;    // of each group, the first slice
  std::vector<int64_t> inverse;  // of each slice, its group
  std::vector<int64_t> counts;   // of each group, how many slices
};

template <class T>
Groups group(const T* data, const Slices& s, bool sorted) {
  std::vector<int64_t> order(static_cast<size_t>(s.extent));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return compare_slices(data, s, i, j) < 0; });
  Groups groups;
  groups.inverse.resize(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare_slices(data, s, order[i - 1], order[i]) != 0) {
      groups.first.push_back(order[i]);
      groups.counts.push_back(0);
    }
    ++groups.counts.back();
    groups.inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(groups.first.size()) - 1;
  }
  if (sorted) return groups;
  std::vector<int64_t> by_place(groups.first.size()), rank(groups.first.size());
  std::iota(by_place.begin(), by_place.end(), int64_t{0});
  std::ranges::sort(by_place, {}, [&](int64_t g) { return groups.first[static_cast<size_t>(g)]; });
  Groups placed;
  for (size_t i = 0; i < by_place.size(); ++i) {
    const auto g = static_cast<size_t>(by_place[i]);
    rank[g] = static_cast<int64_t>(i);
    placed.first.push_back(groups.first[g]);
    placed.counts.push_back(groups.counts[g]);
  }
  for (const int64_t g : groups.inverse) placed.inverse.push_back(rank[static_cast<size_t>(g)]);
  return placed;
}

Status set_list(RunContext& c, size_t output, const std::vector<int64_t>& list) {
  if (!c.has_output(output)) return {};
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(output, DType::int64, {static_cast<int64_t>(list.size())}));
  std::ranges::copy(list, y->mutable_as<int64_t>().begin());
  return {};
}

Status run_unique(RunContext& c) {
  const Tensor& x = c.input(0);
  Shape shape{x.elements()};
  size_t axis = 0;
  if (c.attrs().has("axis")) {
    shape = x.shape();
    OARLOCK_ASSIGN(axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  }
  Slices slices{product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.rank())};
  if (x.elements() == 0) slices.rows = slices.columns = 0;
  Groups groups;
  OARLOCK_TRY(visit<Compared>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    groups = group(x.as<T>().data(), slices, c.attrs().integer("sorted") != 0);
  }));
  shape[axis] = static_cast<int64_t>(groups.first.size());
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  OARLOCK_TRY(move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t row = 0; row < slices.rows; ++row) {
      for (const int64_t i : groups.first) {
        to = std::copy_n(from + (row * slices.extent + i) * slices.columns, slices.columns, to);
      }
    }
  }));
  OARLOCK_TRY(set_list(c, 1, groups.first));
  OARLOCK_TRY(set_list(c, 2, groups.inverse));
  return set_list(c, 3, groups.counts);
}

}  // namespace

std::span<const OpDef> unique_ops() {
  static const OpDef defs[] = {{.name = "Unique",
                                .since_version = 28,
                                .attrs = {{"axis", AttrKind::integer}, {"sorted", 1}},
                                .inputs = 1,
                                .outputs = {1, 4},
                                .infer = infer_unique,
                                .reference = run_unique}};
  return defs;
}

}  // namespace oarlock::ops
