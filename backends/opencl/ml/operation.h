#pragma once

#include <optional>
#include <vector>

#include "backends/opencl/ml/library.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl::ml {

// The library's own layout of a tensor, "qcom_ml/1/64/56/56".
Result<Layout> own_layout(const Library& library, DType dtype, const Dims& dims);
// The extents in such a layout; empty for others.
std::optional<Dims> dims_in(const Layout& layout);

// The operation for a node in the making: which of the node's values it reads and writes, all of
// the type of input 0.
class Draft {
 public:
  Draft(const Library& library, const NodeView& node) : library_(library), node_(node) {}

  const NodeView& node() const { return node_; }
  const Interface& calls() const { return library_.calls(); }
  cl_context context() const { return library_.context(); }
  DType dtype() const { return node_.input(0).dtype; }
  cl_arithmetic_mode_qcom arithmetic() const { return ml::arithmetic(dtype()); }

  // Input i with the extents of its shape, or others of as many elements.
  Result<cl_ml_tensor_qcom> input(size_t i);
  Result<cl_ml_tensor_qcom> input(size_t i, const Dims& dims);
  // The same, or what stands for an input that the node omits.
  Result<cl_ml_tensor_qcom> optional_input(size_t i);
  Result<cl_ml_tensor_qcom> output();
  Result<cl_ml_tensor_qcom> nothing();
  // The output has the bytes of input 0, so that both may share memory.
  void only_moves() { only_moves_ = true; }
  bool moves_only() const { return only_moves_; }
  // What a creating function has answered.
  Status finish(cl_int code, cl_ml_op_qcom operation);

  struct Operand {
    size_t index = 0;  // of the node's input
    Tensor tensor;
    Layout layout;
  };
  const std::vector<Operand>& inputs() const { return inputs_; }
  const Operand& result() const { return result_; }
  // What stands for omitted inputs; lives as long as the operation.
  const std::vector<Tensor>& others() const { return others_; }
  const Operation& operation() const { return operation_; }

 private:
  Result<Operand> operand(size_t index, const Dims& dims) const;

  const Library& library_;
  const NodeView& node_;
  std::vector<Operand> inputs_;
  Operand result_;
  std::vector<Tensor> others_;
  Operation operation_;
  bool only_moves_ = false;
};

// A kernel that runs one operation of the library. `prepare` refuses what the library cannot
// express, creates the operation, and so asks the library itself; inputs that it does not ask for
// are not read.
KernelDef vendor_kernel(const char* op, const char* name, Status (*prepare)(Draft&));

std::span<const KernelDef> convolution_kernels();
std::span<const KernelDef> image_kernels();
std::span<const KernelDef> relayout_kernels();

}  // namespace oarlock::opencl::ml
