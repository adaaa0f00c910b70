// MatMulNBits of com.microsoft (1): a product with a constant matrix of 2, 4 or 8 bits, which
// becomes blockwise DequantizeLinear and MatMul.
#include "core/ops/microsoft/inputs.h"
#include "core/ops/support/convert.h"

namespace oarlock::ops {

namespace {

enum Input : size_t { kA, kB, kScales, kZeroPoints, kGroups, kBias };

struct Sizes {
  int64_t rows, columns, bits, block, blocks;  // rows of the matrix: K, columns: N
  int64_t blob() const { return block / 8 * bits; }
  int64_t packed_zeros() const { return (blocks * bits + 7) / 8; }
};

Result<Sizes> sizes_of(const Attrs& attrs) {
  Sizes s{attrs.integer("K"), attrs.integer("N"), attrs.integer("bits"),
          attrs.integer("block_size"), 0};
  if (s.rows < 1 || s.columns < 1)
    return invalid("attributes K and N must be positive, but are ", s.rows, " and ", s.columns);
  if (s.bits != 2 && s.bits != 4 && s.bits != 8)
    return invalid("attribute bits must be 2, 4 or 8, but is ", s.bits);
  if (s.block < 16 || s.block > (int64_t{1} << 30) || (s.block & (s.block - 1)) != 0)
    return invalid("attribute block_size must be a power of two of at least 16, but is ", s.block);
  s.blocks = (s.rows - 1) / s.block + 1;
  return s;
}

// Zero points and scales may lie as [N, blocks] or in one row.
Status expect_blocks(const InferContext& c, size_t i, std::string_view name, const Sizes& s,
                     int64_t blocks) {
  int64_t elements = 0;
  if (c.shape(i).rank() == 1 && !__builtin_mul_overflow(s.columns, blocks, &elements) &&
      agree(c.shape(i)[0], elements))
    return {};
  return expect_shape(c, i, name, {s.columns, blocks});
}

Status check(InferContext& c) {
  OARLOCK_ASSIGN(const Sizes s, sizes_of(c.attrs()));
  if (const int64_t layout = c.attrs().integer("weight_prepacked"); layout != 0)
    return unsupported("attribute weight_prepacked is ", layout,
                       ": the weights are packed for another engine; export them unpacked");
  OARLOCK_TRY(expect_float(c, kA, "A"));
  OARLOCK_TRY(expect_min_rank(c, kA, "A", 1));
  if (!agree(c.shape(kA).back(), s.rows))
    return invalid("input A has shape ", c.shape(kA), ", but attribute K is ", s.rows);
  OARLOCK_TRY(expect_dtype(c, kB, "B", {DType::uint8}));
  OARLOCK_TRY(expect_shape(c, kB, "B", {s.columns, s.blocks, s.blob()}));
  OARLOCK_TRY(expect_same_dtype(c, kScales, "scales", c.dtype(kA)));
  OARLOCK_TRY(expect_blocks(c, kScales, "scales", s, s.blocks));
  if (c.has_input(kZeroPoints)) {
    const bool packed = c.dtype(kZeroPoints) == DType::uint8;
    if (!packed) OARLOCK_TRY(expect_same_dtype(c, kZeroPoints, "zero_points", c.dtype(kA)));
    OARLOCK_TRY(
        expect_blocks(c, kZeroPoints, "zero_points", s, packed ? s.packed_zeros() : s.blocks));
  }
  if (c.has_input(kGroups)) {
    OARLOCK_TRY(expect_dtype(c, kGroups, "g_idx", {DType::int32}));
    OARLOCK_TRY(expect_min_rank(c, kGroups, "g_idx", 1));
    const int64_t rows = c.shape(kGroups)[0];
    if (c.shape(kGroups).rank() > 1 || (rows != Shape::kUnknown && rows < s.rows))
      return invalid("input g_idx must hold a block for each of ", s.rows,
                     " rows, but its shape is ", c.shape(kGroups));
  }
  if (!c.has_input(kBias)) return {};
  OARLOCK_TRY(expect_same_dtype(c, kBias, "bias", c.dtype(kA)));
  return expect_shape(c, kBias, "bias", {s.columns});
}

Status types(InferContext& c) {
  Shape shape = c.shape(kA);
  shape.back() = c.attrs().integer("N");
  c.set_output(0, c.dtype(kA), shape);
  return {};
}

DType packed_type(int64_t bits) {
  return bits == 2 ? DType::uint2 : bits == 4 ? DType::uint4 : DType::uint8;
}

int load(const Tensor& bytes, int64_t bits, int64_t row_bytes, int64_t row, int64_t i) {
  const auto byte = static_cast<unsigned>(bytes.data()[row * row_bytes + i * bits / 8]);
  return static_cast<int>(byte >> (i * bits % 8)) & ((1 << bits) - 1);
}

void store(Tensor& tensor, int64_t i, int value) {
  if (tensor.dtype() == DType::uint8)
    tensor.mutable_as<uint8_t>()[i] = static_cast<uint8_t>(value);
  else
    store_packed(tensor.dtype(), tensor.mutable_data(), i, value);
}

// [rows, N] from N packed rows of `row_bytes`.
Result<Tensor> unpack(const Tensor& bytes, const Sizes& s, int64_t rows, int64_t row_bytes) {
  OARLOCK_ASSIGN(Tensor matrix, Tensor::allocate(packed_type(s.bits), Shape{rows, s.columns}));
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t n = 0; n < s.columns; ++n)
      store(matrix, k * s.columns + n, load(bytes, s.bits, row_bytes, n, k));
  return matrix;
}

// The block of each row, from g_idx or in order.
Result<std::vector<int64_t>> blocks_of_rows(const Sizes& s, const Tensor* groups) {
  std::vector<int64_t> blocks(static_cast<size_t>(s.rows));
  for (int64_t k = 0; k < s.rows; ++k) {
    blocks[static_cast<size_t>(k)] = groups ? groups->as<int32_t>()[k] : k / s.block;
    if (blocks[static_cast<size_t>(k)] < 0 || blocks[static_cast<size_t>(k)] >= s.blocks)
      return invalid("input g_idx names block ", blocks[static_cast<size_t>(k)], " of ", s.blocks);
  }
  return blocks;
}

Result<bool> product(Decomposition& d) {
  OARLOCK_ASSIGN(const Sizes s, sizes_of(d.attrs()));
  for (size_t i : {kB, kZeroPoints, kGroups})
    if (d.has_input(i) && d.constant(i) == nullptr) return false;
  OARLOCK_ASSIGN(Tensor weights, unpack(*d.constant(kB), s, s.rows, s.blocks * s.blob()));
  const bool float_zeros = d.has_input(kZeroPoints) && d.dtype(kZeroPoints) != DType::uint8;
  Tensor zeros;
  if (d.has_input(kZeroPoints) && !float_zeros) {
    OARLOCK_ASSIGN(zeros, unpack(*d.constant(kZeroPoints), s, s.blocks, s.packed_zeros()));
  } else if (!float_zeros) {
    OARLOCK_ASSIGN(zeros, Tensor::allocate(packed_type(s.bits), Shape{s.blocks, s.columns}));
    for (int64_t i = 0; i < zeros.elements(); ++i) store(zeros, i, 1 << (s.bits - 1));
  }
  const auto turned = [&](size_t i) {
    return d.transpose(d.reshape(d.input(i), {s.columns, s.blocks}), {1, 0});
  };
  ValueId scales = turned(kScales);
  ValueId zero = float_zeros ? turned(kZeroPoints) : d.constant(std::move(zeros));
  int64_t block = s.block;
  if (d.has_input(kGroups) || float_zeros) {
    // A scale and a zero point for each row.
    OARLOCK_ASSIGN(const std::vector<int64_t> blocks,
                   blocks_of_rows(s, d.has_input(kGroups) ? d.constant(kGroups) : nullptr));
    const ValueId index = d.integers(blocks);
    const auto spread = [&](ValueId value, DType dtype) {
      // Gather moves bytes; packed elements are widened for it.
      if (bits(dtype) >= 8) return d.add("Gather", {value, index});
      const ValueId wide = d.cast(value, dtype, DType::uint8);
      return d.cast(d.add("Gather", {wide, index}), DType::uint8, dtype);
    };
    scales = spread(scales, d.dtype(kScales));
    zero = spread(zero, float_zeros ? d.dtype(kZeroPoints) : packed_type(s.bits));
    block = 1;
  }
  const Attrs blocked{{"axis", int64_t{0}}, {"block_size", block}};
  ValueId w = d.constant(std::move(weights));
  if (float_zeros) {
    w = d.add("DequantizeLinear", {w, scales}, blocked);
    w = d.add("Sub", {w, d.add("Mul", {zero, scales})});
  } else {
    w = d.add("DequantizeLinear", {w, scales, zero}, blocked);
  }
  ValueId y = d.add("MatMul", {d.input(kA), w});
  if (d.has_input(kBias)) y = d.add("Add", {y, d.input(kBias)});
  d.replace(0, y);
  return true;
}

}  // namespace

std::span<const OpDef> matmul_nbits_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "MatMulNBits",
                   .attrs = {AttrDef::must("K", AttrKind::integer),
                             AttrDef::must("N", AttrKind::integer),
                             {"accuracy_level", 0},
                             {"bits", 4},
                             AttrDef::must("block_size", AttrKind::integer),
                             {"weight_prepacked", 0}},
                   .inputs = {3, 6}},
                  check, product, types),
  };
  return defs;
}

}  // namespace oarlock::ops
