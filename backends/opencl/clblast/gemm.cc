// MatMul, Gemm and the fused oarlock.MatMul by CLBlast.
#define CL_TARGET_OPENCL_VERSION 120
#include <clblast_c.h>
#include <dlfcn.h>

#include <array>

#include "backends/opencl/clblast/clblast.h"
#include "backends/opencl/ops/support/product.h"
#include "backends/opencl/ops/support/strided_copy.h"
#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl {

namespace {

using Gemm = decltype(&CLBlastSgemm);
using BatchedGemm = decltype(&CLBlastSgemmStridedBatched);

// The library, loaded when first asked for and kept.
struct Library {
  Gemm gemm = nullptr;
  BatchedGemm batched = nullptr;

  static Result<const Library*> get() {
    static const Library library = [] {
      Library l;
      if (void* const handle = dlopen("libclblast.so.1", RTLD_NOW | RTLD_LOCAL)) {
        l.gemm = reinterpret_cast<Gemm>(dlsym(handle, "CLBlastSgemm"));
        l.batched = reinterpret_cast<BatchedGemm>(dlsym(handle, "CLBlastSgemmStridedBatched"));
      }
      return l;
    }();
    if (library.gemm == nullptr || library.batched == nullptr)
      return unsupported("libclblast.so.1 is not installed (apt: libclblast1)");
    return &library;
  }
};

// One operand in memory: rows that are `stride` elements apart, or columns if it is transposed.
struct Operand {
  CLBlastTranspose transpose = CLBlastTransposeNo;
  size_t stride = 1, batch = 0;
};

Result<Operand> operand_of(int64_t rows, int64_t columns, int64_t row, int64_t column,
                           int64_t batch) {
  const auto size = [](int64_t value) { return static_cast<size_t>(value); };
  if (column == 1 && row >= columns) return Operand{CLBlastTransposeNo, size(row), size(batch)};
  if (row == 1 && column >= rows) return Operand{CLBlastTransposeYes, size(column), size(batch)};
  return unsupported("an operand whose rows overlap");
}

struct Call {
  Product product;
  Operand a, b;
  std::optional<size_t> added;  // input that the output holds beforehand, and its factor
  float factor = 0;
};

Result<Call> read_call(const NodeView& node) {
  Call call;
  OARLOCK_ASSIGN(call.product, read_product(node));
  const Product& p = call.product;
  if (p.dtype != DType::float32) return unsupported("values of type ", p.dtype);
  if (p.activation.kind != Activation::Kind::none) return unsupported("an activation");
  if (p.bias && p.residual) return unsupported("a bias and a residual");
  if (p.bias) {
    call.added = 2;
    call.factor = p.beta;
  } else if (p.residual) {
    call.added = 3;
    call.factor = 1;
  }
  OARLOCK_ASSIGN(call.a, operand_of(p.m, p.k, p.a_row, p.a_column, p.a_batch));
  OARLOCK_ASSIGN(call.b, operand_of(p.k, p.n, p.b_row, p.b_column, p.b_batch));
  return call;
}

// From the bias or the residual to the output.
StridedCopy copy_of_added(const Product& p) {
  StridedCopy copy;
  copy.extents = {p.batch, p.m, p.n};
  copy.to = row_major_strides(copy.extents);
  copy.from = p.bias ? std::vector<int64_t>{p.bias_batch, p.bias_row, p.bias_column} : copy.to;
  return copy;
}

Result<KernelNeeds> match_measured(const NodeView& node, const Device& device) {
  if (cl_device(device).settings().clblast == Settings::Clblast::off)
    return unsupported("opencl.clblast is off");
  OARLOCK_ASSIGN(const Call call, read_call(node));
  OARLOCK_TRY(Library::get().status());
  KernelOption option;
  option.inputs.resize(node.input_count());
  option.outputs.resize(1);
  if (call.product.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  return KernelNeeds(std::move(option));
}

// Without a measurement the ordinary kernel is preferred.
Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  Result<KernelNeeds> needs = match_measured(node, device);
  if (needs.ok() && cl_device(device).settings().clblast != Settings::Clblast::on)
    return unsupported("is taken where oarlock tune has measured it to be faster");
  return needs;
}

cl_mem memory_of(const TensorRef& tensor) {
  return static_cast<const ClBuffer*>(tensor.buffer)->memory()();
}

Status run(const Library& library, const Call& call, cl_command_queue queue,
           const KernelArgs& args) {
  const Product& p = call.product;
  const TensorRef &a = args.inputs[0], &b = args.inputs[1], &c = args.outputs[0];
  const auto m = static_cast<size_t>(p.m), n = static_cast<size_t>(p.n),
             k = static_cast<size_t>(p.k);
  const CLBlastStatusCode code =
      p.batch == 1
          ? library.gemm(CLBlastLayoutRowMajor, call.a.transpose, call.b.transpose, m, n, k,
                         p.alpha, memory_of(a), a.offset / sizeof(float), call.a.stride,
                         memory_of(b), b.offset / sizeof(float), call.b.stride, call.factor,
                         memory_of(c), c.offset / sizeof(float), n, &queue, nullptr)
          : library.batched(CLBlastLayoutRowMajor, call.a.transpose, call.b.transpose, m, n, k,
                            p.alpha, memory_of(a), a.offset / sizeof(float), call.a.stride,
                            call.a.batch, memory_of(b), b.offset / sizeof(float), call.b.stride,
                            call.b.batch, call.factor, memory_of(c), c.offset / sizeof(float), n,
                            m * n, static_cast<size_t>(p.batch), &queue, nullptr);
  if (code == CLBlastSuccess) return {};
  return failure(static_cast<cl_int>(code), "CLBlast");
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const Call call, read_call(node));
  OARLOCK_ASSIGN(const Library* const library, Library::get());
  OARLOCK_ASSIGN(const cl::CommandQueue* const queue, cl.queue());
  LaunchPtr add;
  if (call.added) {
    OARLOCK_ASSIGN(add, launch_copy(cl, DType::float32, copy_of_added(call.product)));
  }
  return make_kernel([library, call, queue, add](const KernelArgs& args) -> Status {
    if (add && !is_same_memory(args.inputs[*call.added], 0, args.outputs[0], 0))
      OARLOCK_TRY(add->run({args.inputs[*call.added], args.outputs[0]}));
    return run(*library, call, (*queue)(), args);
  });
}

}  // namespace

std::span<const KernelDef> clblast_kernels() {
  static const std::array<KernelDef, 3> list = {{
      candidate_where(match_measured, {"oarlock.MatMul", "clblast/gemm", match, create}),
      candidate_where(match_measured, {"MatMul", "clblast/gemm", match, create}),
      candidate_where(match_measured, {"Gemm", "clblast/gemm", match, create}),
  }};
  return list;
}

}  // namespace oarlock::opencl
