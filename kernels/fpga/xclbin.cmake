# The target xclbin: the kernels compiled and linked by Vitis for the platform that
# OARLOCK_FPGA_PLATFORM names. Without Vitis the target says so and fails.
set(OARLOCK_FPGA_PLATFORM "" CACHE STRING "Platform of the card for the target xclbin")
set(OARLOCK_FPGA_DEFINES "" CACHE STRING "Macros of kernels/fpga/tiles.h, NAME=VALUE;...")
set(OARLOCK_FPGA_ENGINES 2 CACHE STRING "Compute units of oarlock_gemm")
set(OARLOCK_FPGA_CLOCK 300 CACHE STRING "MHz of the kernels")
set(OARLOCK_FPGA_TENSORS "DDR[0]" CACHE STRING "Memory banks of tensors")
set(OARLOCK_FPGA_PARAMETERS "DDR[1]" CACHE STRING "Memory bank of parameter blocks")
find_program(OARLOCK_VPP v++)

set(folder "${CMAKE_CURRENT_BINARY_DIR}/vitis")
file(MAKE_DIRECTORY "${folder}")
set(kernels convert depthwise elementwise gemm gemm8 move normalize pool quantize resize softmax
  stream_function stream_gemm stream_pool winograd)

# The link configuration. Tensors in one group of banks, parameter blocks in another; one clock for
# all; the kernels of a chain joined by streams, FPGA_STREAM_DEPTH numbers deep.
set(link "[connectivity]\nnk=oarlock_gemm:${OARLOCK_FPGA_ENGINES}\n")
foreach(name IN LISTS kernels)
  set(units 1)
  if(name STREQUAL "gemm")
    set(units "${OARLOCK_FPGA_ENGINES}")
  endif()
  file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/hls/${name}.cc" ports REGEX "INTERFACE m_axi")
  foreach(unit RANGE 1 ${units})
    foreach(port IN LISTS ports)
      string(REGEX REPLACE ".*port = ([a-z_0-9]+).*" "\\1" port "${port}")
      set(bank "${OARLOCK_FPGA_TENSORS}")
      if(port MATCHES "^parameters")
        set(bank "${OARLOCK_FPGA_PARAMETERS}")
      endif()
      string(APPEND link "sp=oarlock_${name}_${unit}.${port}:${bank}\n")
    endforeach()
  endforeach()
endforeach()
foreach(pair IN ITEMS stream_gemm:stream_function stream_function:stream_pool)
  string(REPLACE ":" "_1.out:oarlock_" ends "${pair}")
  string(APPEND link "stream_connect=oarlock_${ends}_1.in:1024\n")
endforeach()
file(CONFIGURE OUTPUT "${folder}/link.cfg" CONTENT "${link}" @ONLY)

if(NOT OARLOCK_VPP OR OARLOCK_FPGA_PLATFORM STREQUAL "")
  set(reason "needs Vitis (v++ in the PATH) and -DOARLOCK_FPGA_PLATFORM=...")
  add_custom_target(xclbin
    COMMAND "${CMAKE_COMMAND}" -E echo "error: the target xclbin ${reason}"
    COMMAND "${CMAKE_COMMAND}" -E false VERBATIM)
  return()
endif()

list(TRANSFORM OARLOCK_FPGA_DEFINES PREPEND "-D" OUTPUT_VARIABLE defines)
set(objects "")
file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
foreach(name IN LISTS kernels)
  set(source "${CMAKE_CURRENT_SOURCE_DIR}/hls/${name}.cc")
  set(object "${folder}/${name}.xo")
  add_custom_command(OUTPUT "${object}"
    COMMAND "${OARLOCK_VPP}" -c -t hw --platform "${OARLOCK_FPGA_PLATFORM}" -k "oarlock_${name}"
            "-I${PROJECT_SOURCE_DIR}" ${defines} --kernel_frequency "${OARLOCK_FPGA_CLOCK}" -o "${object}" "${source}"
    DEPENDS "${source}" ${headers} WORKING_DIRECTORY "${folder}" VERBATIM)
  list(APPEND objects "${object}")
endforeach()
set(output "${PROJECT_BINARY_DIR}/oarlock.xclbin")
add_custom_command(OUTPUT "${output}"
  COMMAND "${OARLOCK_VPP}" -l -t hw --platform "${OARLOCK_FPGA_PLATFORM}"
          --config "${folder}/link.cfg" -o "${output}" ${objects}
  DEPENDS ${objects} "${folder}/link.cfg" WORKING_DIRECTORY "${folder}" VERBATIM)
add_custom_target(xclbin DEPENDS "${output}")
