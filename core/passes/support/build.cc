#include "core/passes/support/build.h"

#include <algorithm>
#include <new>

#include "core/passes/support/match.h"
#include "oarlock/plugin/numeric.h"

namespace oarlock::passes {

ValueId add_number(Patch& patch, std::string_view name, DType dtype, double value,
                   const Shape& shape) {
  Result<Tensor> tensor = filled(dtype, shape, value);
  if (!tensor.ok()) throw std::bad_alloc();
  return patch.add_constant(name, std::move(tensor).value());
}

ValueId add_integers(Patch& patch, std::string_view name, std::span<const int64_t> values) {
  return patch.add_constant(
      name, Tensor::of<int64_t>(Shape{static_cast<int64_t>(values.size())}, values));
}

ValueId add_reshape(Patch& patch, std::string_view name, ValueId value,
                    std::span<const int64_t> dims) {
  const ValueId shape = add_integers(patch, concat(name, "_shape"), dims);
  const bool has_zero = std::find(dims.begin(), dims.end(), 0) != dims.end();
  return patch.add_node(name, "", "Reshape", {value, shape},
                        Attrs{{"allowzero", int64_t{has_zero}}})[0];
}

ValueId add_transpose(Patch& patch, std::string_view name, ValueId value,
                      std::span<const size_t> perm) {
  return patch.add_node(name, "", "Transpose", {value},
                        Attrs{{"perm", std::vector<int64_t>(perm.begin(), perm.end())}})[0];
}

ValueId add_copy(Patch& patch, const Node& node, std::vector<ValueId> inputs) {
  return patch.add_node(node.name, node.domain, node.op, std::move(inputs), node.attrs)[0];
}

std::optional<std::vector<int64_t>> reshape_dims(const Shape& shape) {
  std::vector<int64_t> dims(shape.begin(), shape.end());
  const auto unknown = std::count(dims.begin(), dims.end(), Shape::kUnknown);
  if (unknown > 1) return std::nullopt;
  if (unknown == 1 && std::find(dims.begin(), dims.end(), 0) != dims.end()) return std::nullopt;
  return dims;  // kUnknown is Reshape's own -1
}

Result<Tensor> filled(DType dtype, const Shape& shape, double value) {
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
  auto fill = [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (T& x : tensor.mutable_as<T>()) x = static_cast<T>(value);
  };
  if (dtype == DType::boolean) {
    fill(TypeTag<bool>{});
  } else if (!visit_numbers(dtype, fill)) {
    return internal_error("no constant of type ", dtype);
  }
  return tensor;
}

namespace {

// Index into `b` for every element of a tensor of shape `a`, b broadcast.
std::vector<int64_t> broadcast_index(const Shape& a, const Shape& b) {
  const int64_t count = a.elements().value_or(0);
  std::vector<int64_t> index(static_cast<size_t>(count));
  const Shape strides = row_major_strides(b);
  const size_t skip = a.rank() - b.rank();
  std::vector<int64_t> at(a.rank(), 0);
  int64_t offset = 0;
  for (int64_t i = 0; i < count; ++i) {
    index[static_cast<size_t>(i)] = offset;
    for (size_t axis = a.rank(); axis-- > 0;) {
      const int64_t step = axis >= skip && b[axis - skip] != 1 ? strides[axis - skip] : 0;
      offset += step;
      if (++at[axis] < a[axis]) break;
      offset -= step * a[axis];
      at[axis] = 0;
    }
  }
  return index;
}

}  // namespace

Result<Tensor> combine(const Tensor& a, const Tensor& b, Arithmetic what) {
  const auto shape = broadcast(a.shape(), b.shape());
  if (a.dtype() != b.dtype() || !shape || !(*shape == a.shape()))
    return internal_error("cannot combine ", a, " and ", b);
  OARLOCK_ASSIGN(Tensor out, Tensor::allocate(a.dtype(), a.shape()));
  const std::vector<int64_t> index = broadcast_index(a.shape(), b.shape());
  auto run = [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_integral_v<T>, T, double>;
    const auto x = a.as<T>();
    const auto y = b.as<T>();
    auto z = out.mutable_as<T>();
    for (size_t i = 0; i < z.size(); ++i) {
      const C p = static_cast<C>(x[i]), q = static_cast<C>(y[static_cast<size_t>(index[i])]);
      C r = p;
      if constexpr (std::is_integral_v<T>) {
        using U = std::make_unsigned_t<T>;  // wraps around instead of overflowing
        const uint64_t u = static_cast<U>(p), v = static_cast<U>(q);
        r = static_cast<C>(what == Arithmetic::add        ? u + v
                           : what == Arithmetic::subtract ? u - v
                                                          : u * v);
      } else {
        r = what == Arithmetic::add ? p + q : what == Arithmetic::subtract ? p - q : p * q;
      }
      z[i] = static_cast<T>(r);
    }
  };
  if (!visit_numbers(a.dtype(), run)) return internal_error("no arithmetic on ", a);
  return out;
}

Result<Tensor> scaled(const Tensor& tensor, double factor) {
  std::vector<double> values = numbers(tensor);
  for (double& v : values) v *= factor;
  return from_numbers(tensor.dtype(), tensor.shape(), values);
}

std::vector<double> numbers(const Tensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.elements()));
  visit_floats(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const auto data = tensor.as<T>();
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(data[i]);
  });
  return values;
}

Result<Tensor> from_numbers(DType dtype, const Shape& shape, std::span<const double> values) {
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(dtype, shape));
  if (tensor.elements() != static_cast<int64_t>(values.size()))
    return internal_error(values.size(), " numbers for ", tensor);
  const bool known = visit_floats(dtype, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    auto data = tensor.mutable_as<T>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_same_v<T, double>) {
        data[i] = values[i];
      } else {
        data[i] = T(static_cast<float>(values[i]));
      }
    }
  });
  if (!known) return internal_error("no real numbers in ", tensor);
  return tensor;
}

namespace {

Result<Tensor> scaled_by(const Tensor& tensor, std::span<const double> factors, bool rows) {
  OARLOCK_ASSIGN(Tensor out, Tensor::allocate(tensor.dtype(), tensor.shape()));
  const size_t count = factors.size();
  const size_t total = static_cast<size_t>(tensor.elements());
  if (count == 0 || total % count != 0) return internal_error(count, " factors for ", tensor);
  const size_t run = total / count;
  const bool known = visit_floats(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const auto in = tensor.as<T>();
    auto result = out.mutable_as<T>();
    for (size_t i = 0; i < total; ++i) {
      const double factor = factors[rows ? i / run : i % count];
      const double value = static_cast<double>(in[i]) * factor;
      if constexpr (std::is_same_v<T, double>) {
        result[i] = value;
      } else {
        result[i] = T(static_cast<float>(value));
      }
    }
  });
  if (!known) return internal_error("no real numbers in ", tensor);
  return out;
}

}  // namespace

Result<Tensor> scaled_rows(const Tensor& tensor, std::span<const double> factors) {
  return scaled_by(tensor, factors, true);
}

Result<Tensor> scaled_columns(const Tensor& tensor, std::span<const double> factors) {
  return scaled_by(tensor, factors, false);
}

}  // namespace oarlock::passes
