// Handing intermediate values to RunOptions::observe.
#include "core/graph/host_layout.h"
#include "core/run/execution.h"

namespace oarlock {

Status Execution::observe(const Step& step, size_t index) {
  const KernelArgs args = instance_.args(index);
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const ValueId id = step.outputs[i].value;
    if (id == kNone || plan_.values[id].kind == Storage::Kind::none) continue;
    const std::string& name = plan_.graph.value(id).name;
    if (plan_.values[id].kind == Storage::Kind::dynamic) {
      state_.options.observe(name, instance_.value(id));
      continue;
    }
    const TensorDesc& desc = step.outputs[i].desc;
    if (!desc.layout.tag.empty()) continue;  // known only to its kernel
    OARLOCK_ASSIGN(Tensor bytes,
                   Tensor::allocate(DType::uint8,
                                    Shape{static_cast<int64_t>(storage_bytes(desc).value_or(0))}));
    OARLOCK_TRY(runtime_.devices[step.device].device->read(args.outputs[i],
                                                           {bytes.mutable_data(), bytes.bytes()}));
    OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(desc.dtype, desc.shape));
    const TensorDesc plain{desc.dtype, desc.shape, Layout::row_major()};
    OARLOCK_TRY(convert_layout(desc, bytes.data(), plain, tensor.mutable_data()));
    state_.options.observe(name, Value(std::move(tensor)));
  }
  return {};
}

}  // namespace oarlock
