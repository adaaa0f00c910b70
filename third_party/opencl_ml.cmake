# OpenCL ML: the header of the extension cl_qcom_ml_ops, which comes with the vendor's SDK.
set(opencl_ml_HINT "CL/cl_qcom_ml_ops.h of Qualcomm's OpenCL ML SDK, version 2 or 3 \
(-DOARLOCK_OPENCL_ML_INCLUDE=its folder)")
find_path(OARLOCK_OPENCL_ML_INCLUDE CL/cl_qcom_ml_ops.h)
set(opencl_ml_FOUND OFF)
if(OARLOCK_OPENCL_ML_INCLUDE)
  set(opencl_ml_FOUND ON)
endif()
