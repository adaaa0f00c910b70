// Matrix products: MatMul, Gemm and the fused oarlock.MatMul. Constant B is packed once, through
// opaque layouts that the Relayout kernels of this file make; other B is packed on the way. For few
// rows a transposed B is read where it is.
#include <array>

#include "backends/cpu/ops/support/product.h"
#include "kernels/cpu/gemm.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

enum Variant : int { kConstant, kPackEach, kInPlace, kTransposed };

// Rows below which packing B costs more than reading it in place.
constexpr int64_t kWorthPacking = 24;

bool reads_transposed(const Product& p) {
  return p.trans_b && p.m <= kc::kGemmThinRows && p.a_col_stride == 1;
}
bool reads_in_place(const Product& p) { return !p.trans_b && p.m < kWorthPacking; }

// A variant with rows cut into `row_blocks` parts, 0: as the number of threads asks for.
int with_rows(Variant variant, int row_blocks) { return variant + 8 * row_blocks; }
Variant variant_of(int coded) { return static_cast<Variant>(coded % 8); }
int row_blocks_of(int coded) { return coded / 8; }

// Floats of scratch memory for one product: packed B, or its last partial panel.
int64_t scratch_floats(const Product& p, Variant variant) {
  if (variant == kInPlace) return p.k * kc::gemm_panel_width();
  return variant == kPackEach ? kc::gemm_packed_elements(p.k, p.n) : 0;
}

class ProductKernel final : public Kernel {
 public:
  ProductKernel(Product product, Variant variant, int row_blocks, const CpuDevice& device)
      : p_(std::move(product)), variant_(variant), device_(device) {
    panels_ = kc::gemm_panels(p_.n);
    packed_ = kc::gemm_packed_elements(p_.k, p_.n);
    thin_ = p_.m <= kc::kGemmThinRows;
    scratch_ = scratch_floats(p_, variant);
    // Rows are cut only where the panels alone do not occupy all threads evenly: every cut reads B
    // once more.
    const int64_t threads = device.threads();
    const int64_t rounds = (panels_ + threads - 1) / threads;
    const bool even = 20 * rounds * threads <= 23 * panels_;
    int64_t wanted = thin_ || even ? 1 : (8 * threads + panels_ - 1) / panels_;
    if (row_blocks > 0) wanted = row_blocks;
    const int64_t tiles = (p_.m + kc::gemm_tile_rows() - 1) / kc::gemm_tile_rows();
    row_blocks_ = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, tiles / 2));
    const double work = 2.0 * static_cast<double>(p_.m) * static_cast<double>(p_.k) *
                        static_cast<double>(kc::gemm_panel_width());
    unit_grain_ = grain_for(thin_ ? 4 * work : work / static_cast<double>(row_blocks_), 500e3);
    batch_grain_ = grain_for(work * static_cast<double>(panels_), 500e3);
  }

  Status run(const KernelArgs& args) override {
    const float* b = args.inputs[1].data<const float>();
    float* scratch = args.workspace ? args.workspace.data<float>() : nullptr;
    if (p_.batch() >= 2 * device_.threads()) {
      device_.parallel(p_.batch(), batch_grain_, [&](int64_t begin, int64_t end, int slot) {
        float* own = scratch ? scratch + slot * scratch_ : nullptr;
        for (int64_t i = begin; i < end; ++i) {
          kc::GemmArgs g = operands(args, i);
          if (variant_ != kConstant) pack(g, b + p_.b_offsets[i], own, 0, panels_);
          compute(g, 0, row_blocks_ * panels_);
        }
      });
      return {};
    }
    for (int64_t i = 0; i < p_.batch(); ++i) {
      kc::GemmArgs g = operands(args, i);
      if (variant_ == kPackEach) {
        device_.parallel(panels_, grain_for(static_cast<double>(p_.k * 64)),
                         [&](int64_t begin, int64_t end, int) {
                           kc::GemmArgs part = g;
                           pack(part, b + p_.b_offsets[i], scratch, begin, end);
                         });
      }
      if (variant_ != kConstant) pack(g, b + p_.b_offsets[i], scratch, 0, 0);
      device_.parallel(row_blocks_ * panels_, unit_grain_,
                       [&](int64_t begin, int64_t end, int) { compute(g, begin, end); });
    }
    return {};
  }

 private:
  kc::GemmArgs operands(const KernelArgs& args, int64_t i) const {
    kc::GemmArgs g;
    g.m = p_.m;
    g.n = p_.n;
    g.k = p_.k;
    g.a = args.inputs[0].data<const float>() + p_.a_offsets[i];
    g.a_row_stride = p_.a_row_stride;
    g.a_col_stride = p_.a_col_stride;
    if (variant_ == kConstant)
      g.b = args.inputs[1].data<const float>() + p_.b_offsets[i] / (p_.k * p_.n) * packed_;
    const int64_t result = i * p_.m * p_.n;
    g.c = args.outputs[0].data<float>() + result;
    g.c_row_stride = p_.n;
    g.alpha = p_.alpha;
    g.activation = p_.activation;
    if (p_.bias == Product::Bias::row) g.bias = args.inputs[2].data<const float>();
    if (p_.bias == Product::Bias::matrix) g.residual = args.inputs[2].data<const float>() + result;
    if (p_.residual) g.residual = args.inputs[3].data<const float>() + result;
    g.residual_row_stride = p_.n;
    return g;
  }

  // Packs panels [begin, end) of B (reading in place: the last one) and points g at B.
  void pack(kc::GemmArgs& g, const float* b, float* scratch, int64_t begin, int64_t end) const {
    if (variant_ == kTransposed) {
      g.b = b;
      g.b_transposed = true;
      return;
    }
    const int64_t row_stride = p_.trans_b ? 1 : p_.n;
    const int64_t col_stride = p_.trans_b ? p_.k : 1;
    if (variant_ == kPackEach) {
      kc::gemm_pack(b, row_stride, col_stride, p_.k, p_.n, begin, end, scratch);
      g.b = scratch;
      return;
    }
    const int64_t width = kc::gemm_panel_width();
    g.b = b;
    g.b_row_stride = p_.n;
    g.b_panel_stride = width;
    if (p_.n % width == 0) return;
    const int64_t first = (panels_ - 1) * width;
    kc::gemm_pack(b + first, p_.n, 1, p_.k, p_.n - first, 0, 1, scratch);
    g.b_tail = scratch;
  }

  // Units are row blocks x panels.
  void compute(const kc::GemmArgs& g, int64_t begin, int64_t end) const {
    if (thin_) return kc::gemm_thin(g, begin, end);
    while (begin < end) {
      const int64_t block = begin / panels_;
      const int64_t panel = begin % panels_;
      const int64_t last = std::min(panels_, panel + end - begin);
      kc::gemm(g, p_.m * block / row_blocks_, p_.m * (block + 1) / row_blocks_, panel, last);
      begin += last - panel;
    }
  }

  Product p_;
  Variant variant_;
  const CpuDevice& device_;
  int64_t panels_, packed_, scratch_, row_blocks_, unit_grain_, batch_grain_;
  bool thin_;
};

Result<Product> read_product(const NodeView& node) {
  OARLOCK_ASSIGN(Product p, product_of(node));
  if (p.bias == Product::Bias::scalar) return unsupported("a bias of one number");
  return p;
}

bool is_packed_once(const NodeView& node) {
  return node.constant(1) != nullptr && node.input_shape(1).rank() >= 2;
}

KernelOption option_of(const NodeView& node, const Product& p, Variant variant, int row_blocks,
                       const Device& device) {
  KernelOption option;
  if (p.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  if (p.bias == Product::Bias::matrix) option.sharing.push_back({Sharing::Kind::in_place, 0, 2, 0});
  option.variant = with_rows(variant, row_blocks);
  if (variant == kConstant) {
    if (row_blocks > 0) option.name = concat("rows in ", row_blocks);
  } else {
    option.name = variant == kPackEach ? "B packed" : "B in place";
  }
  if (variant == kConstant) {
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.inputs[1] = panels_layout(p.trans_b, node.input_shape(1));
    option.outputs.assign(1, Layout::row_major());
  }
  const int64_t slots =
      p.batch() >= 2 * cpu_device(device).threads() ? cpu_device(device).threads() : 1;
  option.workspace = static_cast<size_t>(slots * scratch_floats(p, variant)) * sizeof(float);
  return option;
}

Result<KernelNeeds> match_product(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Product p, read_product(node));
  Variant variant = reads_in_place(p) ? kInPlace : kPackEach;
  if (is_packed_once(node)) variant = kConstant;
  if (reads_transposed(p)) variant = kTransposed;
  return KernelNeeds(option_of(node, p, variant, 0, device));
}

// Packing B or not changes no sum, but for few rows, where its order follows from how B lies.
Result<std::vector<KernelOption>> product_candidates(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Product p, read_product(node));
  std::vector<KernelOption> options;
  const auto add = [&](Variant variant, int row_blocks = 0) {
    options.push_back(option_of(node, p, variant, row_blocks, device));
  };
  if (reads_transposed(p)) add(kTransposed);
  if (is_packed_once(node)) {
    for (const int rows : {1, 2, 4, 8})
      if (rows == 1 || p.m >= 16 * rows) add(kConstant, rows);
    return options;
  }
  if (!p.trans_b) add(kInPlace);
  add(kPackEach);
  return options;
}

Result<KernelPtr> create_product(const NodeView& node, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(Product p, product_of(node));
  return KernelPtr(std::make_unique<ProductKernel>(
      std::move(p), variant_of(chosen.variant), row_blocks_of(chosen.variant), cpu_device(device)));
}

// Row-major constants into panels.
Result<KernelNeeds> match_pack(const NodeView& node, const Device&) {
  const RelayoutLayouts* layouts = node.relayout();
  if (!layouts || !layouts->from.is_row_major() || layouts->to.kind != Layout::Kind::opaque ||
      (layouts->to.tag != kPanels && layouts->to.tag != kTransposedPanels))
    return unsupported("not a packing into the panels of a matrix product");
  OARLOCK_TRY(expect_float32(node));
  if (node.input_shape(0).rank() < 2) return unsupported("a vector");
  KernelOption option;
  option.inputs = {layouts->from};
  option.outputs = {layouts->to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_pack(const NodeView& node, const KernelOption& chosen, Device& device) {
  const Shape& shape = node.input_shape(0);
  const bool transposed = chosen.outputs[0].tag == kTransposedPanels;
  const int64_t rows = shape[shape.rank() - 2], columns = shape[shape.rank() - 1];
  const int64_t k = transposed ? columns : rows, n = transposed ? rows : columns;
  const int64_t count = extent(shape, 0, shape.rank() - 2);
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    const float* b = args.inputs[0].data<const float>();
    float* packed = args.outputs[0].data<float>();
    for (int64_t i = 0; i < count; ++i)
      cpu.parallel(kc::gemm_panels(n), grain_for(static_cast<double>(64 * k)),
                   [&](int64_t begin, int64_t end, int) {
                     kc::gemm_pack(b + i * k * n, transposed ? 1 : n, transposed ? k : 1, k, n,
                                   begin, end, packed + i * kc::gemm_packed_elements(k, n));
                   });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> matmul_kernels();

std::span<const KernelDef> matmul_kernels() {
  static const std::array<KernelDef, 4> list = {{
      {"oarlock.MatMul", "gemm_f32", match_product, create_product, product_candidates},
      {"MatMul", "gemm_f32", match_product, create_product, product_candidates},
      {"Gemm", "gemm_f32", match_product, create_product, product_candidates},
      {"oarlock.Relayout", "gemm_pack_f32", match_pack, create_pack},
  }};
  return list;
}

}  // namespace oarlock::cpu
