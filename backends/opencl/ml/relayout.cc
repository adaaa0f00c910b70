// oarlock.Relayout between row-major order and the library's own layouts.
#include "backends/opencl/ml/operation.h"
#include "backends/opencl/ml/vendor.h"
#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace ml {

namespace {

struct Change {
  Dims dims;
  bool to_own = false;
};

Result<Change> read_node(const NodeView& view) {
  const RelayoutLayouts& layouts = *view.relayout();
  const bool to_own = layouts.from.is_row_major();
  const auto dims = dims_in(to_own ? layouts.to : layouts.from);
  if (!dims || (!to_own && !layouts.to.is_row_major()))
    return unsupported("changes between row-major order and layouts of OpenCL ML only");
  return Change{*dims, to_own};
}

Result<KernelNeeds> match(const NodeView& view, const Device& device) {
  OARLOCK_TRY(read_node(view).status());
  OARLOCK_TRY(Library::of(device).status());
  KernelOption option;
  option.inputs = {view.relayout()->from};
  option.outputs = {view.relayout()->to};
  // For row-major memory that begins where no part of a buffer may.
  option.workspace = storage_bytes({view.input(0).dtype, view.input_shape(0), {}}).value_or(0);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(const Change change, read_node(view));
  OARLOCK_ASSIGN(const Library* const library, Library::of(device));
  OARLOCK_ASSIGN(const cl::CommandQueue* const queue, cl_device(device).queue());
  const DType dtype = view.input(0).dtype;
  OARLOCK_ASSIGN(const Tensor plain, library->tensor(dtype, change.dims, false));
  OARLOCK_ASSIGN(const Tensor own, library->tensor(dtype, change.dims, true));
  const size_t plain_bytes = chosen.workspace;
  const size_t own_bytes = (change.to_own ? chosen.outputs : chosen.inputs)[0].bytes;
  const size_t alignment = device.info().alignment;
  return make_kernel([=, to_own = change.to_own](const KernelArgs& args) -> Status {
    const TensorRef &from = args.inputs[0], &to = args.outputs[0];
    const TensorRef& in_order = to_own ? from : to;
    const bool aligned = in_order.offset % alignment == 0;
    const auto part = [](const TensorRef& tensor, size_t bytes) {
      return static_cast<ClBuffer*>(tensor.buffer)->part(tensor.offset, bytes);
    };
    const auto move = [&](const TensorRef& a, const TensorRef& b) {
      return check(queue->enqueueCopyBuffer(static_cast<ClBuffer*>(a.buffer)->memory(),
                                            static_cast<ClBuffer*>(b.buffer)->memory(), a.offset,
                                            b.offset, plain_bytes),
                   "moving a tensor");
    };
    OARLOCK_ASSIGN(const cl_mem plain_memory,
                   part(aligned ? in_order : args.workspace, plain_bytes));
    OARLOCK_ASSIGN(const cl_mem own_memory, part(to_own ? to : from, own_bytes));
    if (!aligned && to_own) OARLOCK_TRY(move(from, args.workspace));
    OARLOCK_TRY(check(
        library->calls().clEnqueueCopyMLTensorDataQCOM(
            (*queue)(), (to_own ? plain : own).get(), to_own ? plain_memory : own_memory,
            (to_own ? own : plain).get(), to_own ? own_memory : plain_memory, 0, nullptr, nullptr),
        "a tensor for OpenCL ML"));
    return aligned || to_own ? Status() : move(args.workspace, to);
  });
}

}  // namespace

std::span<const KernelDef> relayout_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "qcom_ml/relayout", match, create}};
  return defs;
}

}  // namespace ml

std::span<const KernelDef> vendor_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> all;
    for (const auto defs : {ml::convolution_kernels(), ml::image_kernels(), ml::relayout_kernels()})
      all.insert(all.end(), defs.begin(), defs.end());
    return all;
  }();
  return list;
}

}  // namespace oarlock::opencl
