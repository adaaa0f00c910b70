#include "backends/opencl/ml/operation.h"

#include <array>
#include <charconv>
#include <memory>
#include <mutex>

#include "backends/opencl/ops/support/layouts.h"
#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl::ml {

namespace {

constexpr std::string_view kPrefix = "qcom_ml/";

// Which memory the tensors of an operation lie in, for one arena of a session.
struct Binding {
  std::vector<cl::Memory> memories;
  std::shared_ptr<std::remove_pointer_t<cl_ml_tensor_mem_desc_set_qcom>> set;
};

// One operation in a plan.
class Step final : public Kernel {
 public:
  Step(const Library& library, const cl::CommandQueue& queue, const Draft& draft)
      : library_(library), queue_(queue), others_(draft.others()), operation_(draft.operation()) {}

  // Of the input at this index, or of the output.
  void add(std::optional<size_t> input, Tensor tensor, size_t bytes) {
    operands_.push_back({input, std::move(tensor), bytes});
    wanted_.resize(operands_.size());
  }

  Status run(const KernelArgs& args) override {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < operands_.size(); ++i) {
      const Operand& o = operands_[i];
      const TensorRef& ref = o.input ? args.inputs[*o.input] : args.outputs[0];
      OARLOCK_ASSIGN(wanted_[i], static_cast<ClBuffer*>(ref.buffer)->part(ref.offset, o.bytes));
    }
    OARLOCK_ASSIGN(const Binding* const binding, bind());
    return check(library_.calls().clEnqueueMLOpQCOM(queue_(), operation_.get(), binding->set.get(),
                                                    0, nullptr, nullptr),
                 "an operation of OpenCL ML");
  }

 private:
  struct Operand {
    std::optional<size_t> input;
    Tensor tensor;
    size_t bytes;
  };

  // A set is never changed while work that uses it may be under way.
  Result<const Binding*> bind() {
    constexpr size_t kMost = 64;
    for (const Binding& known : bindings_) {
      bool same = true;
      for (size_t i = 0; i < wanted_.size(); ++i) same = same && known.memories[i]() == wanted_[i];
      if (same) return &known;
    }
    if (bindings_.size() == kMost) {
      OARLOCK_TRY(check(queue_.finish(), "waiting for the queue"));
      bindings_.clear();
    }
    const Interface& calls = library_.calls();
    cl_ml_tensor_mem_desc_set_qcom set = nullptr;
    OARLOCK_TRY(check(calls.clCreateMLTensorMemoryDescriptorSetQCOM(&set), "tensors' memory"));
    Binding made{{}, {set, [&calls](cl_ml_tensor_mem_desc_set_qcom s) {
                        calls.clReleaseMLTensorMemoryDescriptorSetQCOM(s);
                      }}};
    std::vector<cl_ml_tensor_memory_desc_qcom> places;
    for (size_t i = 0; i < wanted_.size(); ++i) {
      made.memories.emplace_back(wanted_[i], true);
      places.push_back({operands_[i].tensor.get(), wanted_[i]});
    }
    OARLOCK_TRY(check(calls.clUpdateMLTensorMemoryDescriptorSetQCOM(
                          set, static_cast<cl_uint>(places.size()), places.data()),
                      "tensors' memory"));
    bindings_.push_back(std::move(made));
    return &bindings_.back();
  }

  const Library& library_;
  const cl::CommandQueue& queue_;
  std::vector<Tensor> others_;
  std::vector<Operand> operands_;
  Operation operation_;
  std::mutex mutex_;
  std::vector<cl_mem> wanted_;
  std::vector<Binding> bindings_;
};

Result<KernelNeeds> needs_of(const Draft& draft) {
  const NodeView& node = draft.node();
  KernelOption option;
  option.inputs.resize(node.input_count());
  for (const Draft::Operand& o : draft.inputs()) option.inputs[o.index] = o.layout;
  option.outputs = {draft.result().layout};
  if (draft.moves_only()) {
    option.only_moves = true;
    option.sharing = {{Sharing::Kind::output_is_part_of_input, 0, 0, 0}};
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> step_of(const Library& library, const Draft& draft, ClDevice& device) {
  OARLOCK_ASSIGN(const cl::CommandQueue* const queue, device.queue());
  auto step = std::make_unique<Step>(library, *queue, draft);
  for (const Draft::Operand& o : draft.inputs()) step->add(o.index, o.tensor, o.layout.bytes);
  step->add(std::nullopt, draft.result().tensor, draft.result().layout.bytes);
  return KernelPtr(std::move(step));
}

Status draft_node(Draft& draft, Status (*prepare)(Draft&)) {
  OARLOCK_TRY(expect_tensors(draft.node()));
  const DType dtype = draft.dtype();
  if ((dtype != DType::float32 && dtype != DType::float16) || draft.node().output(0).dtype != dtype)
    return unsupported("values of type ", dtype);
  return prepare(draft);
}

}  // namespace

Result<Layout> own_layout(const Library& library, DType dtype, const Dims& dims) {
  OARLOCK_ASSIGN(const Tensor tensor, library.tensor(dtype, dims, true));
  OARLOCK_ASSIGN(const size_t bytes, library.bytes(tensor));
  return Layout::opaque(concat(kPrefix, dims.n, "/", dims.c, "/", dims.h, "/", dims.w), bytes);
}

std::optional<Dims> dims_in(const Layout& layout) {
  if (layout.kind != Layout::Kind::opaque || !layout.tag.starts_with(kPrefix)) return std::nullopt;
  std::array<cl_uint, 4> list = {};
  const char* at = layout.tag.data() + kPrefix.size() - 1;
  const char* const end = layout.tag.data() + layout.tag.size();
  for (cl_uint& extent : list) {
    if (at == end || *at != '/') return std::nullopt;
    const auto [next, error] = std::from_chars(at + 1, end, extent);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  if (at != end) return std::nullopt;
  return Dims{list[0], list[1], list[2], list[3]};
}

Result<Draft::Operand> Draft::operand(size_t index, const Dims& dims) const {
  Operand o{index, {}, {}};
  OARLOCK_ASSIGN(o.tensor, library_.tensor(dtype(), dims, true));
  OARLOCK_ASSIGN(o.layout, own_layout(library_, dtype(), dims));
  return o;
}

Result<cl_ml_tensor_qcom> Draft::input(size_t i, const Dims& dims) {
  if (node_.input(i).dtype != dtype())
    return unsupported("inputs of types ", dtype(), " and ", node_.input(i).dtype);
  OARLOCK_ASSIGN(Operand o, operand(i, dims));
  inputs_.push_back(std::move(o));
  return inputs_.back().tensor.get();
}

Result<cl_ml_tensor_qcom> Draft::input(size_t i) {
  OARLOCK_ASSIGN(const Dims dims, Dims::of(node_.input_shape(i)));
  return input(i, dims);
}

Result<cl_ml_tensor_qcom> Draft::optional_input(size_t i) {
  return i < node_.input_count() && node_.has_input(i) ? input(i) : nothing();
}

Result<cl_ml_tensor_qcom> Draft::output() {
  OARLOCK_ASSIGN(const Dims dims, Dims::of(node_.output_shape(0)));
  OARLOCK_ASSIGN(result_, operand(0, dims));
  return result_.tensor.get();
}

Result<cl_ml_tensor_qcom> Draft::nothing() {
  OARLOCK_ASSIGN(Tensor none, library_.no_tensor());
  others_.push_back(std::move(none));
  return others_.back().get();
}

Status Draft::finish(cl_int code, cl_ml_op_qcom operation) {
  OARLOCK_ASSIGN(operation_, library_.made(code, operation));
  return {};
}

KernelDef vendor_kernel(const char* op, const char* name, Status (*prepare)(Draft&)) {
  KernelDef def{op, concat(kPrefix, name)};
  def.match = [prepare](const NodeView& node, const Device& device) -> Result<KernelNeeds> {
    OARLOCK_ASSIGN(const Library* const library, Library::of(device));
    Draft draft(*library, node);
    OARLOCK_TRY(draft_node(draft, prepare));
    return needs_of(draft);
  };
  def.create = [prepare](const NodeView& node, const KernelOption&,
                         Device& device) -> Result<KernelPtr> {
    OARLOCK_ASSIGN(const Library* const library, Library::of(device));
    Draft draft(*library, node);
    OARLOCK_TRY(draft_node(draft, prepare));
    return step_of(*library, draft, cl_device(device));
  };
  return candidate_where(def.match, def);
}

}  // namespace oarlock::opencl::ml
