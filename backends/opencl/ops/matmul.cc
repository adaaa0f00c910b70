// Matrix products: MatMul, Gemm and the fused oarlock.MatMul. Constant B is packed once, other B on
// every run.
#include <array>

#include "backends/opencl/ops/support/packing.h"
#include "backends/opencl/ops/support/product.h"
#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl {

namespace {

struct Tiled {
  Product product;
  Tile tile;
  PanelPacking packing;  // of all matrices of B
};

Result<Tiled> read_tiled(const NodeView& node, const Device& device) {
  Tiled t;
  OARLOCK_ASSIGN(t.product, read_product(node));
  const Product& p = t.product;
  t.tile = choose_tile(p.m, p.n, device);
  t.packing = {.matrices = p.b_batch == 0 ? 1 : p.batch,
               .panels = t.tile.panels(p.n),
               .depth = p.k,
               .columns = p.n,
               .width = t.tile.width(),
               .depth_stride = p.b_row,
               .column_stride = p.b_column,
               .matrix_stride = p.b_batch};
  if (t.packing.elements() > kMostElements)
    return unsupported("a packed operand of ", t.packing.elements(), " elements");
  return t;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Tiled t, read_tiled(node, device));
  KernelOption option;
  option.inputs.resize(node.input_count());
  option.outputs.resize(1);
  if (t.product.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  if (node.constant(1)) {
    option.inputs[1] = t.packing.layout(t.product.dtype);
  } else {
    option.workspace = static_cast<size_t>(t.packing.elements()) * (bits(t.product.dtype) / 8);
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(const Tiled t, read_tiled(node, device));
  const Product& p = t.product;
  ClDevice& cl = cl_device(device);
  LaunchPtr pack;
  if (chosen.workspace > 0) {
    OARLOCK_ASSIGN(pack, pack_panels(cl, p.dtype, t.packing));
  }
  const int64_t each = t.packing.elements() / t.packing.matrices;
  Defines defines;
  if (p.a_column == 1) defines.set("DENSE_ROWS");
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("matmul", t.tile, p.activation, p.dtype, defines));
  const TileWork work =
      tile_work(t.tile, t.tile.tiles(p.m), p.n, p.batch, each * (bits(p.dtype) / 8));
  OARLOCK_ASSIGN(const LaunchPtr product, Launch::make(cl, source, "matmul", 5, work.work));
  const auto narrow = [](int64_t value) { return static_cast<cl_int>(value); };
  const cl_int4 batch_strides = {
      {narrow(p.a_batch), narrow(p.b_batch == 0 ? 0 : each), narrow(p.bias_batch), 0}};
  const cl_float2 scale = {{p.alpha, p.beta}};
  OARLOCK_TRY(product->scalars(narrow(p.m), narrow(p.n), narrow(p.k), narrow(t.packing.panels),
                               pair(p.a_row, p.a_column), pair(p.bias_row, p.bias_column),
                               batch_strides, scale, work.rows_first));
  return make_kernel([pack, product, bias = p.bias](const KernelArgs& args) -> Status {
    const auto input = [&](size_t i) {
      return i < args.inputs.size() ? args.inputs[i] : TensorRef();
    };
    if (pack) OARLOCK_TRY(pack->run({input(1), args.workspace}));
    return product->run({input(0), pack ? args.workspace : input(1), bias ? input(2) : TensorRef(),
                         input(3), args.outputs[0]});
  });
}

}  // namespace

std::span<const KernelDef> matmul_kernels();

std::span<const KernelDef> matmul_kernels() {
  static const std::array<KernelDef, 3> list = {{
      tunable({"oarlock.MatMul", "matmul", match, create}),
      tunable({"MatMul", "matmul", match, create}),
      tunable({"Gemm", "matmul", match, create}),
  }};
  return list;
}

}  // namespace oarlock::opencl
