// Comparisons that give booleans: ONNX Equal (19), Greater, Less (13), GreaterOrEqual,
// LessOrEqual (16), IsNaN, IsInf (20).
#include <cmath>

#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

using Equals = Join<NumbersAndBool, Strings>;
using Classified =
    Join<Floats, Types<SmallFloat<DType::float8e4m3fn>, SmallFloat<DType::float8e4m3fnuz>,
                       SmallFloat<DType::float8e5m2>, SmallFloat<DType::float8e5m2fnuz>>>;

auto is_inf(const Attrs& attrs) {
  return [negative = attrs.integer("detect_negative") != 0,
          positive = attrs.integer("detect_positive") != 0](auto x) {
    return std::isinf(x) && (x < 0 ? negative : positive);
  };
}

}  // namespace

std::span<const OpDef> compare_ops() {
  static const OpDef defs[] = {
      binary<Equals, bool>("Equal", 19, [](const auto& a, const auto& b) { return a == b; }),
      binary<Numbers, bool>("Greater", 13, [](auto a, auto b) { return a > b; }),
      binary<Numbers, bool>("GreaterOrEqual", 16, [](auto a, auto b) { return a >= b; }),
      binary<Numbers, bool>("Less", 13, [](auto a, auto b) { return a < b; }),
      binary<Numbers, bool>("LessOrEqual", 16, [](auto a, auto b) { return a <= b; }),
      unary<Classified, bool>("IsNaN", 20, [](auto x) { return std::isnan(x); }),
      unary_with<Classified, bool>("IsInf", 20, {{"detect_negative", 1}, {"detect_positive", 1}},
                                   is_inf),
  };
  return defs;
}

}  // namespace oarlock::ops
