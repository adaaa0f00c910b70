// MatMulInteger and QLinearMatMul. Constant B is packed once, other operands on the way; zero
// points are taken off through sums of rows and columns.
#include <array>

#include "backends/cpu/ops/support/integer_packing.h"
#include "backends/cpu/ops/support/product.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

// Which inputs are what.
struct Operands {
  size_t b, a_zero, b_zero;
  bool quantizes;  // inputs 1, 4, 6, 7: scales of a, b, y and y's zero point
};
constexpr Operands kInteger = {1, 2, 3, false};
constexpr Operands kQuantized = {3, 2, 5, true};

const Operands& operands_of(const NodeView& node) {
  return node.node().op == "QLinearMatMul" ? kQuantized : kInteger;
}

struct IntegerMatMul {
  Operands in;
  Product p;
  bool a_signed = false, b_signed = false, constant_b = false;
  DType result = DType::int32;

  PackedIntegers left() const { return packed_left(p.m, p.k); }
  PackedIntegers right() const { return packed_right(p.k, p.n); }
  int64_t rows() const { return left().sums; }
  int64_t columns() const { return right().sums; }
  // Packed A, packed B unless constant, 4 arrays of rows, 2 of columns.
  int64_t workspace() const {
    return left().bytes() + (constant_b ? 0 : right().bytes()) + 16 * rows() + 8 * columns();
  }
};

Result<IntegerMatMul> matmul_of(const NodeView& node) {
  IntegerMatMul m;
  m.in = operands_of(node);
  for (size_t i : {size_t{0}, m.in.b})
    if (!is_byte(node.input(i).dtype)) return unsupported("operands of type ", node.input(i).dtype);
  if (m.in.quantizes) {
    for (size_t i : {1u, 4u, 6u})
      if (!is_float32(node.input(i))) return unsupported("scales of type ", node.input(i).dtype);
    if (!is_byte(node.output(0).dtype))
      return unsupported("results of type ", node.output(0).dtype);
    if (element_count(node.input(7)) != 1) return unsupported("a zero point for each row of y");
  }
  OARLOCK_ASSIGN(m.p,
                 product_of_shapes(node.input_shape(0), node.input_shape(m.in.b), false, false));
  m.a_signed = node.input(0).dtype == DType::int8;
  m.b_signed = node.input(m.in.b).dtype == DType::int8;
  m.constant_b = node.constant(m.in.b) && node.input_shape(m.in.b).rank() >= 2;
  m.result = node.output(0).dtype;
  return m;
}

class IntegerMatMulKernel final : public Kernel {
 public:
  IntegerMatMulKernel(IntegerMatMul m, const CpuDevice& device)
      : m_(std::move(m)), device_(device), left_(m_.left()), right_(m_.right()) {
    panels_ = kc::integer_panels(m_.p.n);
    const int64_t tiles =
        (m_.p.m + kc::integer_packing().tile_rows - 1) / kc::integer_packing().tile_rows;
    const int64_t wanted = (4 * device.threads() + panels_ - 1) / panels_;
    row_blocks_ = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, tiles / 2));
    const double work = static_cast<double>(m_.p.m) / static_cast<double>(row_blocks_) *
                        static_cast<double>(kc::integer_panel_bytes(m_.p.k));
    grain_ = grain_for(work, 1e6);
  }

  Status run(const KernelArgs& args) override {
    std::byte* const left = args.workspace.data();
    std::byte* const own = left + left_.bytes();
    Arrays arrays;
    arrays.row_add = reinterpret_cast<int32_t*>(own + (m_.constant_b ? 0 : right_.bytes()));
    arrays.row_sum_factor = arrays.row_add + m_.rows();
    arrays.row_zero_factor = arrays.row_sum_factor + m_.rows();
    arrays.row_scale = reinterpret_cast<float*>(arrays.row_zero_factor + m_.rows());
    arrays.col_zero = reinterpret_cast<int32_t*>(arrays.row_scale + m_.rows());
    arrays.col_scale = reinterpret_cast<float*>(arrays.col_zero + m_.columns());
    kc::IntegerFinish finish = prepare(args, arrays);
    for (int64_t i = 0; i < m_.p.batch(); ++i) {
      const std::byte* right = own;
      if (m_.constant_b)
        right =
            args.inputs[m_.in.b].data() + m_.p.b_offsets[i] / (m_.p.k * m_.p.n) * right_.bytes();
      else if (i == 0 || m_.p.b_offsets[i] != m_.p.b_offsets[i - 1])
        pack_b(args, m_.p.b_offsets[i], own);
      if (i == 0 || m_.p.a_offsets[i] != m_.p.a_offsets[i - 1])
        pack_a(args, m_.p.a_offsets[i], left, arrays);
      kc::IntegerProduct product;
      product.m = m_.p.m;
      product.n = m_.p.n;
      product.k = m_.p.k;
      product.left = reinterpret_cast<const uint8_t*>(left);
      product.right = reinterpret_cast<const uint8_t*>(right);
      const int64_t bytes = m_.result == DType::int32 ? 4 : 1;
      product.c = args.outputs[0].data() + i * m_.p.m * m_.p.n * bytes;
      product.c_row_stride = m_.p.n;
      product.finish = finish;
      product.finish.col_sum = right_.sums_of(right);
      multiply(product);
    }
    return {};
  }

 private:
  struct Arrays {
    int32_t *row_add, *row_sum_factor, *row_zero_factor, *col_zero;
    float *row_scale, *col_scale;
  };

  // What does not depend on the packed values.
  kc::IntegerFinish prepare(const KernelArgs& args, const Arrays& arrays) const {
    kc::IntegerFinish f;
    const ZeroPoints a_zero(args, m_.in.a_zero), b_zero(args, m_.in.b_zero);
    const auto flat_zero = kc::left_zero(m_.a_signed, a_zero[0]);
    if (a_zero.count() > 1 || flat_zero != 0) f.row_sum_factor = arrays.row_sum_factor;
    if (b_zero.count() > 1) {
      f.row_zero_factor = arrays.row_zero_factor;
      f.col_zero = arrays.col_zero;
      for (int64_t j = 0; j < m_.columns(); ++j)
        arrays.col_zero[j] = kc::right_zero(m_.b_signed, b_zero[j]);
    } else {
      f.row_add = arrays.row_add;
    }
    if (!m_.in.quantizes) return f;
    quantize_to(f, m_.result, ZeroPoints(args, 7)[0]);
    const ScaleValues a(args, 1), b(args, 4), y(args, 6);
    const bool by_row = a.count() > 1 || y.count() > 1;
    for (int64_t j = 0; j < m_.columns(); ++j)
      arrays.col_scale[j] = by_row ? b[j] : a[0] * b[j] / y[0];
    f.col_scale = arrays.col_scale;
    if (by_row) {
      for (int64_t i = 0; i < m_.p.m; ++i) arrays.row_scale[i] = a[i] / y[i];
      f.row_scale = arrays.row_scale;
    }
    return f;
  }

  void pack_a(const KernelArgs& args, int64_t offset, std::byte* left, const Arrays& arrays) const {
    const ZeroPoints a_zero(args, m_.in.a_zero), b_zero(args, m_.in.b_zero);
    const auto right = static_cast<uint32_t>(kc::right_zero(m_.b_signed, b_zero[0]));
    const kc::ByteMatrix a{args.inputs[0].data<const uint8_t>() + offset, m_.a_signed,
                           m_.p.a_row_stride, m_.p.a_col_stride};
    device_.parallel(
        m_.p.m, grain_for(static_cast<double>(m_.p.k) / 8), [&](int64_t begin, int64_t end, int) {
          int32_t* sums = left_.sums_of(left);
          kc::pack_integer_left(a, m_.p.k, begin, end, reinterpret_cast<uint8_t*>(left), sums);
          for (int64_t i = begin; i < end; ++i) {
            const auto zero = static_cast<uint32_t>(kc::left_zero(m_.a_signed, a_zero[i]));
            const uint32_t factor =
                static_cast<uint32_t>(m_.p.k) * zero - static_cast<uint32_t>(sums[i]);
            arrays.row_sum_factor[i] = static_cast<int32_t>(0u - zero);
            arrays.row_zero_factor[i] = static_cast<int32_t>(factor);
            arrays.row_add[i] = static_cast<int32_t>(right * factor);
          }
        });
  }

  void pack_b(const KernelArgs& args, int64_t offset, std::byte* right) const {
    const kc::ByteMatrix b{args.inputs[m_.in.b].data<const uint8_t>() + offset, m_.b_signed, m_.p.n,
                           1};
    device_.parallel(panels_, grain_for(static_cast<double>(kc::integer_panel_bytes(m_.p.k)) / 4),
                     [&](int64_t begin, int64_t end, int) {
                       kc::pack_integer_right(b, m_.p.k, m_.p.n, begin, end,
                                              reinterpret_cast<uint8_t*>(right),
                                              right_.sums_of(right));
                     });
  }

  // Units are row blocks x panels.
  void multiply(const kc::IntegerProduct& product) const {
    device_.parallel(row_blocks_ * panels_, grain_, [&](int64_t begin, int64_t end, int) {
      while (begin < end) {
        const int64_t block = begin / panels_, panel = begin % panels_;
        const int64_t last = std::min(panels_, panel + end - begin);
        kc::integer_product(product, m_.p.m * block / row_blocks_,
                            m_.p.m * (block + 1) / row_blocks_, panel, last);
        begin += last - panel;
      }
    });
  }

  IntegerMatMul m_;
  const CpuDevice& device_;
  PackedIntegers left_, right_;
  int64_t panels_ = 0, row_blocks_ = 1, grain_ = 1;
};

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const IntegerMatMul m, matmul_of(node));
  KernelOption option;
  option.workspace = static_cast<size_t>(m.workspace());
  if (m.constant_b) {
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.inputs[m.in.b] = integer_panels_layout(node.input_shape(m.in.b));
    option.outputs.assign(1, Layout::row_major());
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(IntegerMatMul m, matmul_of(node));
  return KernelPtr(std::make_unique<IntegerMatMulKernel>(std::move(m), cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> integer_matmul_kernels();

std::span<const KernelDef> integer_matmul_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"MatMulInteger", "matmul_8bit", match, create},
      {"QLinearMatMul", "matmul_8bit", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
