// Operators on whole images: pooling, activations, arithmetic, normalization, moves.
#include <algorithm>
#include <cmath>

#include "backends/opencl/ml/operation.h"
#include "backends/opencl/ops/support/window.h"

namespace oarlock::opencl::ml {

namespace {

cl_uint narrow(int64_t value) { return static_cast<cl_uint>(value); }

Status create_pool(Draft& draft, const WindowAxis& y, const WindowAxis& x, bool maximum) {
  const cl_ml_op_pooling_desc_qcom desc = {
      maximum ? CL_POOLING_MODE_MAX_QCOM : CL_POOLING_MODE_AVERAGE_EXCLUDE_PADDING_QCOM,
      4,
      {narrow(y.pad_begin), narrow(x.pad_begin)},
      {narrow(y.pad_end), narrow(x.pad_end)},
      {narrow(y.stride), narrow(x.stride)},
      {narrow(y.kernel), narrow(x.kernel)},
      CL_PROPAGATE_NAN_QCOM,
      draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom none, draft.nothing());
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpPoolingForwardQCOM(
      draft.context(), nullptr, &desc, input, none, output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_pool(Draft& draft) {
  const NodeView& node = draft.node();
  if (node.input_shape(0).rank() != 4) return unsupported("not an image");
  if (node.has_output(1)) return unsupported("indices of maxima are wanted");
  const auto& extents = node.attrs().integers("kernel_shape");
  if (extents.size() != 2) return unsupported("a window of ", extents.size(), " dimensions");
  OARLOCK_ASSIGN(const WindowAxis y, read_window_axis(node, 0, extents[0]));
  OARLOCK_ASSIGN(const WindowAxis x, read_window_axis(node, 1, extents[1]));
  for (const WindowAxis& a : {y, x}) {
    if (a.dilation != 1) return unsupported("a dilation of ", a.dilation);
    if (a.reach() > a.pad_begin + a.in + a.pad_end)
      return unsupported("a window beyond the padding");
  }
  const bool padded = y.pad_begin + y.pad_end + x.pad_begin + x.pad_end > 0;
  if (padded && node.attrs().integer("count_include_pad", 0) != 0)
    return unsupported("averages that count the padding");
  return create_pool(draft, y, x, node.node().op == "MaxPool");
}

Status prepare_global_pool(Draft& draft) {
  const Shape& shape = draft.node().input_shape(0);
  if (shape.rank() != 4) return unsupported("not an image");
  WindowAxis y, x;
  y.kernel = shape[2];
  x.kernel = shape[3];
  return create_pool(draft, y, x, draft.node().node().op == "GlobalMaxPool");
}

Status prepare_relu(Draft& draft) {
  const cl_ml_op_activation_desc_qcom desc = {CL_ACTIVATION_RELU, CL_PROPAGATE_NAN_QCOM,
                                              draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom none, draft.nothing());
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpActivationForwardQCOM(
      draft.context(), nullptr, &desc, input, none, output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_clip(Draft& draft) {
  const NodeView& node = draft.node();
  cl_float bounds[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    const bool given = i + 1 < node.input_count() && node.has_input(i + 1);
    const oarlock::Tensor* value = given ? node.constant(i + 1) : nullptr;
    if (value == nullptr || value->elements() != 1)
      return unsupported("a bound that is not constant");
    bounds[i] = number_at(*value, 0);
    if (!std::isfinite(bounds[i])) return unsupported("an infinite bound");
  }
  const cl_ml_op_clip_desc_qcom desc = {
      CL_CLIP_BY_VALUE_QCOM, {{bounds[1]}, CL_FLOAT}, {{bounds[0]}, CL_FLOAT}, draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpClipQCOM(draft.context(), nullptr, &desc, input,
                                                         output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_binary(Draft& draft) {
  const NodeView& node = draft.node();
  if (node.input_count() != 2 || node.input_shape(0) != node.input_shape(1))
    return unsupported("not two inputs of one shape");
  const std::string& op = node.node().op;
  const auto function = op == "Add"   ? CL_TENSOR_OP_ADD_QCOM
                        : op == "Sub" ? CL_TENSOR_OP_SUB_QCOM
                        : op == "Mul" ? CL_TENSOR_OP_MUL_QCOM
                        : op == "Div" ? CL_TENSOR_OP_DIV_QCOM
                        : op == "Min" ? CL_TENSOR_OP_MIN_QCOM
                                      : CL_TENSOR_OP_MAX_QCOM;
  const cl_ml_op_binary_desc_qcom desc = {
      function, {{1.0f}, CL_FLOAT}, {{1.0f}, CL_FLOAT}, {{0.0f}, CL_FLOAT}, draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom a, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom b, draft.input(1));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpBinaryQCOM(draft.context(), nullptr, &desc, a, b,
                                                           output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_softmax(Draft& draft) {
  const NodeView& node = draft.node();
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), node.input_shape(0).rank());
  if (node.input_shape(0).rank() != 2 || axis != size_t{1})
    return unsupported("not over the rows of a matrix");
  const cl_ml_op_softmax_desc_qcom desc = {CL_SOFTMAX_ALGORITHM_ACCURATE_QCOM,
                                           CL_SOFTMAX_MODE_INSTANCE_QCOM, draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpSoftmaxQCOM(draft.context(), nullptr, &desc, input,
                                                            output, &made, nullptr);
  return draft.finish(code, made);
}

// The library adds an epsilon of its own to the variance.
Status prepare_batch_norm(Draft& draft) {
  constexpr float kEpsilon = 1e-5f;
  const NodeView& node = draft.node();
  if (node.input_shape(0).rank() != 4) return unsupported("not an image");
  if (node.attrs().number("epsilon", kEpsilon) != kEpsilon)
    return unsupported("an epsilon of ", node.attrs().number("epsilon"), ", not ", kEpsilon);
  const cl_ml_op_batchnorm_desc_qcom desc = {CL_BATCHNORM_MODE_SPATIAL_QCOM, draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom scale, draft.input(1));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom bias, draft.input(2));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom mean, draft.input(3));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom variance, draft.input(4));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpBatchNormForwardQCOM(
      draft.context(), nullptr, &desc, input, mean, variance, scale, bias, output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_pad(Draft& draft) {
  const NodeView& node = draft.node();
  const std::string& mode = node.attrs().string("mode");
  if (!mode.empty() && mode != "constant") return unsupported("mode ", mode);
  const oarlock::Tensor* const pads = node.constant(1);
  if (node.input_shape(0).rank() != 4 || pads == nullptr || pads->dtype() != DType::int64 ||
      pads->elements() != 8 || (node.input_count() > 3 && node.has_input(3)))
    return unsupported("not constant pads of an image");
  if (node.input_count() > 2 && node.has_input(2)) {
    const oarlock::Tensor* const value = node.constant(2);
    if (value == nullptr || value->elements() != 1 || number_at(*value, 0) != 0)
      return unsupported("a padding that is not 0");
  }
  const auto p = pads->as<int64_t>();
  if (p[0] != 0 || p[1] != 0 || p[4] != 0 || p[5] != 0)
    return unsupported("padded images or channels");
  if (std::any_of(p.begin(), p.end(), [](int64_t v) { return v < 0; }))
    return unsupported("negative pads");
  const cl_ml_op_pad_desc_qcom desc = {
      CL_PAD_MODE_CONSTANT_QCOM,
      {0, 0},
      {narrow(p[2]), narrow(p[6]), narrow(p[3]), narrow(p[7]), 0, 0, 0, 0},
      draft.arithmetic()};
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpPadQCOM(draft.context(), nullptr, &desc, input,
                                                        output, &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_reshape(Draft& draft) {
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(0));
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  if (draft.inputs()[0].layout == draft.result().layout) draft.only_moves();
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpReshapeQCOM(draft.context(), nullptr, input, output,
                                                            &made, nullptr);
  return draft.finish(code, made);
}

Status prepare_concat(Draft& draft) {
  const NodeView& node = draft.node();
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), node.output_shape(0).rank());
  if (!axis || node.output_shape(0).rank() < 2) return unsupported("not along an axis of an image");
  std::vector<cl_ml_tensor_qcom> inputs;
  for (size_t i = 0; i < node.input_count(); ++i) {
    OARLOCK_ASSIGN(const cl_ml_tensor_qcom input, draft.input(i));
    inputs.push_back(input);
  }
  OARLOCK_ASSIGN(const cl_ml_tensor_qcom output, draft.output());
  const cl_ml_op_concat_desc_qcom desc = {narrow(static_cast<int64_t>(*axis)),
                                          narrow(static_cast<int64_t>(inputs.size())),
                                          draft.arithmetic()};
  cl_ml_op_qcom made = nullptr;
  const cl_int code = draft.calls().clCreateMLOpConcatQCOM(draft.context(), nullptr, &desc,
                                                           inputs.data(), output, &made, nullptr);
  return draft.finish(code, made);
}

}  // namespace

std::span<const KernelDef> image_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Add", "Div", "Max", "Min", "Mul", "Sub"})
      defs.push_back(vendor_kernel(op, "binary", prepare_binary));
    for (const char* op : {"AveragePool", "MaxPool"})
      defs.push_back(vendor_kernel(op, "pool", prepare_pool));
    for (const char* op : {"GlobalAveragePool", "GlobalMaxPool"})
      defs.push_back(vendor_kernel(op, "pool", prepare_global_pool));
    for (const char* op : {"Flatten", "Reshape", "Squeeze", "Unsqueeze"})
      defs.push_back(vendor_kernel(op, "reshape", prepare_reshape));
    defs.push_back(vendor_kernel("BatchNormalization", "batch_norm", prepare_batch_norm));
    defs.push_back(vendor_kernel("Clip", "clip", prepare_clip));
    defs.push_back(vendor_kernel("Concat", "concat", prepare_concat));
    defs.push_back(vendor_kernel("Pad", "pad", prepare_pad));
    defs.push_back(vendor_kernel("Relu", "relu", prepare_relu));
    defs.push_back(vendor_kernel("Softmax", "softmax", prepare_softmax));
    return defs;
  }();
  return list;
}

}  // namespace oarlock::opencl::ml
