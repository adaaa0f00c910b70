#include "kernels/fpga/table.h"

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

#include "kernels/fpga/cost.h"

extern "C" {
void oarlock_convert(const unsigned char*, const float*, float*, const int*, int, int, int);
void oarlock_depthwise(const float*, const float*, const float*, const float*, const float*, float*,
                       const int*, int, int, int, int, int, int);
void oarlock_elementwise(const float*, const float*, const float*, float*, const int*, int, int,
                         int, int);
void oarlock_gemm(const float*, const float*, const float*, const float*, const float*, float*,
                  const int*, int, int, int, int, int, int);
void oarlock_gemm8(const unsigned char*, const unsigned char*, const int*, const float*,
                   unsigned char*, const int*, int, int, int, int, int);
void oarlock_move(const int*, int*, const int*, int, int);
void oarlock_pool(const float*, float*, const int*, int, int);
void oarlock_quantize(const float*, const float*, unsigned char*, const int*, int, int, int);
void oarlock_softmax(const float*, const float*, float*, const int*, int, int, int);
void oarlock_stream_function(const float*, const int*, int, fpga_stream&, fpga_stream&);
void oarlock_stream_gemm(const float*, const float*, const float*, const int*, int, int, int,
                         fpga_stream&);
void oarlock_stream_pool(float*, const int*, int, fpga_stream&);
void oarlock_normalize(const float*, const float*, const float*, const float*, const float*, float*,
                       const int*, int, int, int, int, int, int);
void oarlock_resize(const float*, const float*, const float*, float*, const int*, int, int, int,
                    int);
void oarlock_winograd(const float*, const float*, const float*, const float*, float*, const int*,
                      int, int, int, int, int);
}

namespace oarlock::kernels::fpga {

namespace {

template <auto F>
struct Caller;
template <class... A, void (*F)(A...)>
struct Caller<F> {
  static constexpr uint32_t kStreams = (0 + ... + std::is_reference_v<A>);
  static constexpr uint32_t kTensors = (sizeof...(A) - 1 - kStreams) / 2;

  template <std::size_t I, class T>
  static T argument(void* const* pointers, const int* offsets, fpga_stream* const* streams) {
    if constexpr (std::is_reference_v<T>)
      return *streams[I - 2 * kTensors - 1];
    else if constexpr (I <= kTensors)
      return static_cast<T>(pointers[I]);
    else
      return offsets[I - kTensors - 1];
  }
  template <std::size_t... I>
  static void expand(void* const* pointers, const int* offsets, fpga_stream* const* streams,
                     std::index_sequence<I...>) {
    F(argument<I, A>(pointers, offsets, streams)...);
  }
  static void call(void* const* pointers, const int* offsets, fpga_stream* const* streams) {
    expand(pointers, offsets, streams, std::index_sequence_for<A...>());
  }
};

template <auto F>
constexpr Kernel kernel(const char* name, const char* arguments, void (*cost)(const int*, Cost*)) {
  return {name, arguments, Caller<F>::kTensors, Caller<F>::kStreams, Caller<F>::call, cost};
}

constexpr Kernel kKernels[] = {
    kernel<oarlock_convert>("oarlock_convert", "x scales y parameters_1 x_at scales_at y_at",
                            convert_cost),
    kernel<oarlock_depthwise>("oarlock_depthwise",
                              "x weights bias residual table y parameters_1 x_at weights_at "
                              "bias_at residual_at table_at y_at",
                              depthwise_cost),
    kernel<oarlock_elementwise>("oarlock_elementwise",
                                "a b table y parameters_1 a_at b_at table_at y_at",
                                elementwise_cost),
    kernel<oarlock_gemm>("oarlock_gemm",
                         "a b bias residual table y parameters_1 a_at b_at bias_at residual_at "
                         "table_at y_at",
                         gemm_cost),
    kernel<oarlock_gemm8>("oarlock_gemm8",
                          "a b bias scale y parameters_1 a_at b_at bias_at scale_at y_at",
                          gemm8_cost),
    kernel<oarlock_move>("oarlock_move", "x y parameters_1 x_at y_at", move_cost),
    kernel<oarlock_pool>("oarlock_pool", "x y parameters_1 x_at y_at", pool_cost),
    kernel<oarlock_quantize>("oarlock_quantize", "x scales y parameters_1 x_at scales_at y_at",
                             quantize_cost),
    kernel<oarlock_softmax>("oarlock_softmax", "x table y parameters_1 x_at table_at y_at",
                            softmax_cost),
    kernel<oarlock_normalize>(
        "oarlock_normalize",
        "x scale bias mean variance y parameters_1 x_at scale_at bias_at mean_at variance_at y_at",
        normalize_cost),
    kernel<oarlock_resize>("oarlock_resize",
                           "x rows columns y parameters_1 x_at rows_at columns_at y_at",
                           resize_cost),
    kernel<oarlock_stream_function>("oarlock_stream_function", "table parameters_1 table_at in out",
                                    stream_function_cost),
    kernel<oarlock_stream_gemm>("oarlock_stream_gemm",
                                "a b bias parameters_1 a_at b_at bias_at out", stream_gemm_cost),
    kernel<oarlock_stream_pool>("oarlock_stream_pool", "y parameters_1 y_at in", stream_pool_cost),
    kernel<oarlock_winograd>(
        "oarlock_winograd",
        "x weights bias table y parameters_1 x_at weights_at bias_at table_at y_at", winograd_cost),
};

constexpr Connection kConnections[] = {
    {"oarlock_stream_gemm.out", "oarlock_stream_function.in"},
    {"oarlock_stream_function.out", "oarlock_stream_pool.in"},
};

}  // namespace

}  // namespace oarlock::kernels::fpga

const oarlock::kernels::fpga::Table* oarlock_fpga_kernels() {
  using namespace oarlock::kernels::fpga;
  static constexpr Table table = {kTableVersion, std::size(kKernels), kKernels,
                                  std::size(kConnections), kConnections};
  return &table;
}
