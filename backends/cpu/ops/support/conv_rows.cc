#include "backends/cpu/ops/support/conv_rows.h"

namespace oarlock::cpu {

Division divide_rows(const ConvNode& node, int64_t groups, int threads) {
  // Multiplications that a part should have at least.
  constexpr int64_t kLeastWork = 50'000;
  // The convolutions around one of more pixels mostly divide these between threads, others their
  // channels; what a thread has made it best reads itself.
  constexpr int64_t kFewPixels = 100;
  const int64_t rows = node.shape.out_height;
  const int64_t wanted =
      std::min<int64_t>(1 + node.multiplications() / kLeastWork, int64_t{8} * threads);
  if (wanted <= threads || node.shape.out_pixels() < kFewPixels)
    return {rows, groups, true, wanted};
  return Division::by_thread(rows, groups, threads, wanted);
}

}  // namespace oarlock::cpu
