// oarlock.NarrowMatMul: products of few rows with weights of 16 or 8 bits, as fast as those come
// from memory. A transposed B is read where it is, others from panels packed once.
#include <array>

#include "backends/cpu/ops/support/product.h"
#include "kernels/cpu/gemm.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

constexpr std::string_view kNarrowPanels = "narrow_panels";

int64_t element_bytes(DType dtype) { return dtype == DType::int8 ? 1 : 2; }

kc::GemmStorage storage_of(DType dtype) {
  if (dtype == DType::int8) return kc::GemmStorage::i8;
  return dtype == DType::float16 ? kc::GemmStorage::f16 : kc::GemmStorage::bf16;
}

class NarrowProductKernel final : public Kernel {
 public:
  NarrowProductKernel(Product product, DType storage, const Tensor* scale, const CpuDevice& device)
      : p_(std::move(product)), storage_(storage_of(storage)), device_(device) {
    panels_ = kc::gemm_panels(p_.n);
    scales_columns_ = scale && scale->elements() > 1;
    if (scale && !scales_columns_) p_.alpha *= scale->as<float>()[0];
    const double work = 8.0 * static_cast<double>(p_.m) * static_cast<double>(p_.k) *
                        static_cast<double>(kc::gemm_panel_width());
    grain_ = grain_for(work, 500e3);
  }

  Status run(const KernelArgs& args) override {
    kc::GemmArgs g;
    g.m = p_.m;
    g.n = p_.n;
    g.k = p_.k;
    g.a = args.inputs[0].data<const float>();
    g.a_row_stride = p_.a_row_stride;
    g.a_col_stride = p_.a_col_stride;
    g.b = args.inputs[1].data<const std::byte>();
    g.storage = storage_;
    g.b_transposed = p_.trans_b;
    if (scales_columns_) g.b_scale = args.inputs[2].data<const float>();
    g.c = args.outputs[0].data<float>();
    g.c_row_stride = p_.n;
    g.alpha = p_.alpha;
    g.activation = p_.activation;
    if (p_.bias == Product::Bias::row) g.bias = args.inputs[3].data<const float>();
    if (p_.bias == Product::Bias::matrix) g.residual = args.inputs[3].data<const float>();
    if (p_.residual) g.residual = args.inputs[4].data<const float>();
    g.residual_row_stride = p_.n;
    device_.parallel(panels_, grain_,
                     [&](int64_t begin, int64_t end, int) { kc::gemm_thin(g, begin, end); });
    return {};
  }

 private:
  Product p_;
  kc::GemmStorage storage_;
  const CpuDevice& device_;
  int64_t panels_, grain_;
  bool scales_columns_;
};

Result<KernelNeeds> match_product(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Product p, product_of(node));
  if (p.m > kc::kGemmThinRows) return unsupported(p.m, " rows");
  if (p.bias == Product::Bias::scalar) return unsupported("a bias of one number");
  if (!node.constant(1) || (node.has_input(2) && !node.constant(2)))
    return unsupported("weights that are not constant");
  KernelOption option;
  if (p.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 4, 0});
  if (p.bias == Product::Bias::matrix) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  if (!p.trans_b) {
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.inputs[1] = Layout::opaque(std::string(kNarrowPanels),
                                      static_cast<size_t>(kc::gemm_packed_elements(p.k, p.n) *
                                                          element_bytes(node.input(1).dtype)));
    option.outputs.assign(1, Layout::row_major());
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_product(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(Product p, product_of(node));
  const Tensor* scale = node.has_input(2) ? node.constant(2) : nullptr;
  return KernelPtr(std::make_unique<NarrowProductKernel>(std::move(p), node.input(1).dtype, scale,
                                                         cpu_device(device)));
}

// Row-major constants into panels.
Result<KernelNeeds> match_pack(const NodeView& node, const Device&) {
  const RelayoutLayouts* layouts = node.relayout();
  if (!layouts || !layouts->from.is_row_major() || layouts->to.kind != Layout::Kind::opaque ||
      layouts->to.tag != kNarrowPanels)
    return unsupported("not a packing into panels of few bits");
  KernelOption option;
  option.inputs = {layouts->from};
  option.outputs = {layouts->to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_pack(const NodeView& node, const KernelOption&, Device& device) {
  const int64_t k = node.input_shape(0)[0], n = node.input_shape(0)[1];
  const bool bytes = node.input(0).dtype == DType::int8;
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    cpu.parallel(kc::gemm_panels(n), grain_for(static_cast<double>(64 * k)),
                 [&](int64_t begin, int64_t end, int) {
                   if (bytes)
                     kc::gemm_pack_8(args.inputs[0].data<const int8_t>(), n, 1, k, n, begin, end,
                                     args.outputs[0].data<int8_t>());
                   else
                     kc::gemm_pack_16(args.inputs[0].data<const uint16_t>(), n, 1, k, n, begin, end,
                                      args.outputs[0].data<uint16_t>());
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> narrow_matmul_kernels();

std::span<const KernelDef> narrow_matmul_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"oarlock.NarrowMatMul", "gemm_narrow_weights", match_product, create_product},
      {"oarlock.Relayout", "gemm_pack_narrow", match_pack, create_pack},
  }};
  return list;
}

}  // namespace oarlock::cpu
