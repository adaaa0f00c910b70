#pragma once
// A stand-in for the vendor's header of OpenCL ML, with what backends/opencl/ml uses and nothing
// else. The vendor's numbers and layouts of structures are unknown here: what is compiled with this
// runs on the layer beside it, never on a real driver.

#include <CL/cl.h>

#define CL_QCOM_ML_OPS_H_MAJOR_VERSION 2

typedef struct oarlock_ml_tensor* cl_ml_tensor_qcom;
typedef struct oarlock_ml_operation* cl_ml_op_qcom;
typedef struct oarlock_ml_memory_set* cl_ml_tensor_mem_desc_set_qcom;
typedef struct oarlock_ml_tuning_cache* cl_ml_tuningcache_qcom;
typedef cl_bitfield cl_ml_tensor_properties_qcom;
typedef cl_bitfield cl_ml_op_properties_qcom;

typedef enum {
  CL_TENSOR_LAYOUT_OPTIMAL_QCOM = 11,
  CL_TENSOR_LAYOUT_NCHW_QCOM
} cl_ml_tensor_layout_qcom;
typedef enum {
  CL_TENSOR_UNUSED_QCOM = 21,
  CL_TENSOR_DIMENSIONS_4D_QCOM
} cl_ml_tensor_dimensions_qcom;
typedef enum {
  CL_ARITHMETIC_MODE_FP32_QCOM = 31,
  CL_ARITHMETIC_MODE_FP16_ACC32_QCOM
} cl_arithmetic_mode_qcom;
typedef enum {
  CL_CONVOLUTION_MODE_CONVOLUTION_QCOM = 41,
  CL_CONVOLUTION_MODE_DEPTHWISE_QCOM
} cl_convolution_mode_qcom;
typedef enum { CL_ACTIVATION_RELU = 51, CL_ACTIVATION_RELU6 } cl_activation_function_qcom;
typedef enum { CL_PROPAGATE_NAN_QCOM = 61 } cl_nan_propagation_qcom;
typedef enum {
  CL_POOLING_MODE_MAX_QCOM = 71,
  CL_POOLING_MODE_AVERAGE_EXCLUDE_PADDING_QCOM
} cl_pooling_mode_qcom;
typedef enum { CL_SOFTMAX_ALGORITHM_ACCURATE_QCOM = 81 } cl_softmax_algorithm_qcom;
typedef enum { CL_SOFTMAX_MODE_INSTANCE_QCOM = 91 } cl_softmax_mode_qcom;
typedef enum { CL_BATCHNORM_MODE_SPATIAL_QCOM = 101 } cl_batchnorm_mode_qcom;
typedef enum { CL_PAD_MODE_CONSTANT_QCOM = 111 } cl_pad_mode_qcom;
typedef enum { CL_CLIP_BY_VALUE_QCOM = 121 } cl_clip_mode_qcom;
typedef enum {
  CL_TENSOR_OP_ADD_QCOM = 131,
  CL_TENSOR_OP_SUB_QCOM,
  CL_TENSOR_OP_MUL_QCOM,
  CL_TENSOR_OP_DIV_QCOM,
  CL_TENSOR_OP_MIN_QCOM,
  CL_TENSOR_OP_MAX_QCOM
} cl_binary_op_qcom;

typedef struct {
  cl_channel_type data_type;
  cl_ml_tensor_layout_qcom layout;
  cl_uint n, c, h, w, d;
  cl_ml_tensor_dimensions_qcom num_dimensions;
  cl_uint strides[5];
} cl_ml_tensor_desc_qcom;
typedef struct {
  cl_ml_tensor_qcom tensor;
  cl_mem memory;
} cl_ml_tensor_memory_desc_qcom;
typedef struct {
  union {
    cl_float f;
    cl_uint u;
  } value;
  cl_channel_type type;
} cl_ml_scalar_qcom;

typedef struct {
  cl_convolution_mode_qcom mode;
  cl_uint groups, dimensions;
  cl_uint pad_before[3], pad_after[3], stride[3], dilation[3];
  cl_uint flags;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_convolution_desc_qcom;
typedef struct {
  cl_activation_function_qcom function;
  cl_nan_propagation_qcom nan;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_activation_desc_qcom;
typedef struct {
  cl_pooling_mode_qcom mode;
  cl_uint dimensions;
  cl_uint pad_before[3], pad_after[3], stride[3], window[3];
  cl_nan_propagation_qcom nan;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_pooling_desc_qcom;
typedef struct {
  cl_clip_mode_qcom mode;
  cl_ml_scalar_qcom most, least;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_clip_desc_qcom;
typedef struct {
  cl_binary_op_qcom function;
  cl_ml_scalar_qcom alpha, beta, gamma;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_binary_desc_qcom;
typedef struct {
  cl_softmax_algorithm_qcom algorithm;
  cl_softmax_mode_qcom mode;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_softmax_desc_qcom;
typedef struct {
  cl_batchnorm_mode_qcom mode;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_batchnorm_desc_qcom;
typedef struct {
  cl_pad_mode_qcom mode;
  cl_uint value[2];
  cl_uint pads[8];
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_pad_desc_qcom;
typedef struct {
  cl_uint axis, count;
  cl_arithmetic_mode_qcom arithmetic;
} cl_ml_op_concat_desc_qcom;

typedef struct {
  cl_int (*clCreateMLTensorQCOM)(cl_context, const cl_ml_tensor_properties_qcom*,
                                 const cl_ml_tensor_desc_qcom*, cl_ml_tensor_qcom*);
  cl_int (*clReleaseMLTensorQCOM)(cl_ml_tensor_qcom);
  cl_int (*clGetMLTensorMemorySizeQCOM)(cl_context, cl_ml_tensor_qcom, cl_uint*);
  cl_int (*clCreateMLTensorMemoryDescriptorSetQCOM)(cl_ml_tensor_mem_desc_set_qcom*);
  cl_int (*clReleaseMLTensorMemoryDescriptorSetQCOM)(cl_ml_tensor_mem_desc_set_qcom);
  cl_int (*clUpdateMLTensorMemoryDescriptorSetQCOM)(cl_ml_tensor_mem_desc_set_qcom, cl_uint,
                                                    const cl_ml_tensor_memory_desc_qcom*);
  cl_int (*clEnqueueCopyMLTensorDataQCOM)(cl_command_queue, cl_ml_tensor_qcom, cl_mem,
                                          cl_ml_tensor_qcom, cl_mem, cl_uint, const cl_event*,
                                          cl_event*);
  cl_int (*clEnqueueMLOpQCOM)(cl_command_queue, cl_ml_op_qcom, cl_ml_tensor_mem_desc_set_qcom,
                              cl_uint, const cl_event*, cl_event*);
  cl_int (*clReleaseMLOpQCOM)(cl_ml_op_qcom);
  cl_int (*clCreateMLOpConvolutionForwardQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                               const cl_ml_op_convolution_desc_qcom*,
                                               cl_ml_tensor_qcom, cl_ml_tensor_qcom,
                                               cl_ml_tensor_qcom, cl_ml_tensor_qcom, cl_ml_op_qcom*,
                                               cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpFusedConvolutionActivationForwardQCOM)(
      cl_context, const cl_ml_op_properties_qcom*, const cl_ml_op_convolution_desc_qcom*,
      const cl_ml_op_activation_desc_qcom*, cl_ml_tensor_qcom, cl_ml_tensor_qcom, cl_ml_tensor_qcom,
      cl_ml_tensor_qcom, cl_ml_tensor_qcom, cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpPoolingForwardQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                           const cl_ml_op_pooling_desc_qcom*, cl_ml_tensor_qcom,
                                           cl_ml_tensor_qcom, cl_ml_tensor_qcom, cl_ml_op_qcom*,
                                           cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpActivationForwardQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                              const cl_ml_op_activation_desc_qcom*,
                                              cl_ml_tensor_qcom, cl_ml_tensor_qcom,
                                              cl_ml_tensor_qcom, cl_ml_op_qcom*,
                                              cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpClipQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                 const cl_ml_op_clip_desc_qcom*, cl_ml_tensor_qcom,
                                 cl_ml_tensor_qcom, cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpBinaryQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                   const cl_ml_op_binary_desc_qcom*, cl_ml_tensor_qcom,
                                   cl_ml_tensor_qcom, cl_ml_tensor_qcom, cl_ml_op_qcom*,
                                   cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpSoftmaxQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                    const cl_ml_op_softmax_desc_qcom*, cl_ml_tensor_qcom,
                                    cl_ml_tensor_qcom, cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpBatchNormForwardQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                             const cl_ml_op_batchnorm_desc_qcom*, cl_ml_tensor_qcom,
                                             cl_ml_tensor_qcom, cl_ml_tensor_qcom,
                                             cl_ml_tensor_qcom, cl_ml_tensor_qcom,
                                             cl_ml_tensor_qcom, cl_ml_op_qcom*,
                                             cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpPadQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                const cl_ml_op_pad_desc_qcom*, cl_ml_tensor_qcom, cl_ml_tensor_qcom,
                                cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpReshapeQCOM)(cl_context, const cl_ml_op_properties_qcom*, cl_ml_tensor_qcom,
                                    cl_ml_tensor_qcom, cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
  cl_int (*clCreateMLOpConcatQCOM)(cl_context, const cl_ml_op_properties_qcom*,
                                   const cl_ml_op_concat_desc_qcom*, const cl_ml_tensor_qcom*,
                                   cl_ml_tensor_qcom, cl_ml_op_qcom*, cl_ml_tuningcache_qcom);
} CLMLInterfaceV2QCOM;
