// Convolution, whole or depthwise, with a fused activation, and dense layers, which are
// convolutions of one pixel.
#include "backends/opencl/ops/support/convolution.h"

#include "backends/opencl/ml/operation.h"
#include "backends/opencl/ops/support/product.h"

namespace oarlock::opencl::ml {

namespace {

// The library's name of an activation; empty when there is none to apply.
Result<std::optional<cl_activation_function_qcom>> fused(const Activation& activation) {
  using Found = std::optional<cl_activation_function_qcom>;
  switch (activation.kind) {
    case Activation::Kind::none:
      return Found();
    case Activation::Kind::relu:
      return Found(CL_ACTIVATION_RELU);
    case Activation::Kind::clip:
      if (activation.alpha == 0 && activation.beta == 6) return Found(CL_ACTIVATION_RELU6);
      break;
    default:
      break;
  }
  return unsupported("OpenCL ML fuses Relu and Clip from 0 to 6, not ", to_string(activation.kind));
}

struct Operands {
  cl_ml_tensor_qcom input, weights, bias, output;
};

Status create(Draft& draft, const cl_ml_op_convolution_desc_qcom& desc,
              const Activation& activation, const Operands& o) {
  OARLOCK_ASSIGN(const auto function, fused(activation));
  cl_ml_op_qcom made = nullptr;
  if (!function) {
    const cl_int code = draft.calls().clCreateMLOpConvolutionForwardQCOM(
        draft.context(), nullptr, &desc, o.input, o.weights, o.bias, o.output, &made, nullptr);
    return draft.finish(code, made);
  }
  const cl_ml_op_activation_desc_qcom act = {*function, CL_PROPAGATE_NAN_QCOM, draft.arithmetic()};
  const cl_int code = draft.calls().clCreateMLOpFusedConvolutionActivationForwardQCOM(
      draft.context(), nullptr, &desc, &act, o.input, o.weights, o.bias, nullptr, o.output, &made,
      nullptr);
  return draft.finish(code, made);
}

Status prepare_conv(Draft& draft) {
  const NodeView& node = draft.node();
  OARLOCK_ASSIGN(const Convolution c, read_convolution(node));
  if (node.input_shape(0).rank() != 4) return unsupported("images of one dimension");
  if (!node.constant(1)) return unsupported("weights that are not constant");
  if (node.input_count() > 3 && node.has_input(3)) return unsupported("adds a residual");
  if (c.groups != 1 && !c.is_depthwise()) return unsupported(c.groups, " groups");
  const auto at = [](int64_t value) { return static_cast<cl_uint>(value); };
  const cl_ml_op_convolution_desc_qcom desc = {
      c.is_depthwise() ? CL_CONVOLUTION_MODE_DEPTHWISE_QCOM : CL_CONVOLUTION_MODE_CONVOLUTION_QCOM,
      1,
      4,
      {at(c.y.pad_begin), at(c.x.pad_begin)},
      {at(c.y.pad_end), at(c.x.pad_end)},
      {at(c.y.stride), at(c.x.stride)},
      {at(c.y.dilation), at(c.x.dilation)},
      0,
      draft.arithmetic()};
  Operands o = {};
  OARLOCK_ASSIGN(o.input, draft.input(0));
  if (c.is_depthwise()) {
    const Dims weights{1, at(c.out_channels), at(c.y.kernel), at(c.x.kernel)};
    OARLOCK_ASSIGN(o.weights, draft.input(1, weights));
  } else {
    OARLOCK_ASSIGN(o.weights, draft.input(1));
  }
  OARLOCK_ASSIGN(o.bias, draft.optional_input(2));
  OARLOCK_ASSIGN(o.output, draft.output());
  return create(draft, desc, c.activation, o);
}

Status prepare_dense(Draft& draft) {
  const NodeView& node = draft.node();
  OARLOCK_ASSIGN(const Product p, read_product(node));
  if (node.input_shape(0).rank() != 2 || p.batch != 1 || p.a_column != 1)
    return unsupported("rows that are no matrix");
  if (!node.constant(1) || p.b_row != 1 || p.b_column != p.k)
    return unsupported("weights that are not constant rows of inputs");
  if (p.alpha != 1 || (p.bias && p.beta != 1)) return unsupported("scales");
  if (p.residual) return unsupported("adds a residual");
  if (p.bias && (p.bias_row != 0 || p.bias_column != 1))
    return unsupported("a bias of shape ", node.input_shape(2));
  const cl_ml_op_convolution_desc_qcom desc = {CL_CONVOLUTION_MODE_CONVOLUTION_QCOM,
                                               1,
                                               4,
                                               {0, 0},
                                               {0, 0},
                                               {1, 1},
                                               {1, 1},
                                               0,
                                               draft.arithmetic()};
  Operands o = {};
  OARLOCK_ASSIGN(o.input, draft.input(0));
  OARLOCK_ASSIGN(o.weights, draft.input(1));
  if (p.bias) {
    OARLOCK_ASSIGN(o.bias, draft.input(2, Dims{1, static_cast<cl_uint>(p.n), 1, 1}));
  } else {
    OARLOCK_ASSIGN(o.bias, draft.nothing());
  }
  OARLOCK_ASSIGN(o.output, draft.output());
  return create(draft, desc, p.activation, o);
}

}  // namespace

std::span<const KernelDef> convolution_kernels() {
  static const KernelDef defs[] = {vendor_kernel("Conv", "conv", prepare_conv),
                                   vendor_kernel("oarlock.Conv", "conv", prepare_conv),
                                   vendor_kernel("Gemm", "dense", prepare_dense),
                                   vendor_kernel("MatMul", "dense", prepare_dense),
                                   vendor_kernel("oarlock.MatMul", "dense", prepare_dense)};
  return defs;
}

}  // namespace oarlock::opencl::ml
