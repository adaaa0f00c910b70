// Boolean and bitwise functions: ONNX And, Or, Xor (7), Not (1), Bitwise* (18), BitShift (28).
#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

// Bits shifted beyond the width are lost; signed integers shift right arithmetically. A negative
// amount counts as one beyond the width.
template <bool kLeft, class T>
T shift(T x, T amount) {
  using U = std::make_unsigned_t<T>;
  constexpr U kBits = sizeof(T) * 8;
  const bool beyond = static_cast<U>(amount) >= kBits;
  if constexpr (kLeft) {
    return beyond ? T{0} : static_cast<T>(static_cast<U>(x) << amount);
  } else {
    if (beyond) return x < T{0} ? static_cast<T>(-1) : T{0};
    return static_cast<T>(x >> amount);
  }
}

auto bit_shift(const Attrs& attrs) {
  return [left = attrs.string("direction") == "LEFT"](auto x, auto amount) {
    return left ? shift<true>(x, amount) : shift<false>(x, amount);
  };
}

OpDef bit_shift_op() {
  OpDef def = binary_with<Integers>("BitShift", 28, {AttrDef::must("direction", AttrKind::string)},
                                    bit_shift);
  def.infer = [infer = def.infer](InferContext& c) -> Status {
    const std::string& direction = c.attrs().string("direction");
    if (direction != "LEFT" && direction != "RIGHT") {
      return invalid("direction is \"", direction, "\", expected \"LEFT\" or \"RIGHT\"");
    }
    return infer(c);
  };
  return def;
}

}  // namespace

std::span<const OpDef> logic_ops() {
  static const OpDef defs[] = {
      unary<Bools>("Not", 1, [](bool x) { return !x; }),
      binary<Bools>("And", 7, [](bool a, bool b) { return a && b; }),
      binary<Bools>("Or", 7, [](bool a, bool b) { return a || b; }),
      binary<Bools>("Xor", 7, [](bool a, bool b) { return a != b; }),
      unary<Integers>("BitwiseNot", 18, [](auto x) { return ~x; }),
      binary<Integers>("BitwiseAnd", 18, [](auto a, auto b) { return a & b; }),
      binary<Integers>("BitwiseOr", 18, [](auto a, auto b) { return a | b; }),
      binary<Integers>("BitwiseXor", 18, [](auto a, auto b) { return a ^ b; }),
      bit_shift_op(),
  };
  return defs;
}

}  // namespace oarlock::ops
