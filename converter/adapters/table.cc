// Every change of a standard operator since opset 7 after which an older node needs another form.
// Changes that only widen an operator (more types, new attributes whose default keeps the meaning)
// have no entry.
#include <array>

#include "converter/adapters/adapter.h"
#include "converter/adapters/adapters.h"

namespace oarlock::converter {

namespace {

constexpr std::array kAdapters = {
    Adapter{"BatchNormalization", 9, batch_normalization_9},
    Adapter{"BatchNormalization", 14, batch_normalization_14},
    Adapter{"Clip", 11, clip_11},
    Adapter{"DFT", 20, dft_20},
    Adapter{"Dropout", 10, dropout_10},
    Adapter{"Dropout", 12, dropout_12},
    Adapter{"GridSample", 20, grid_sample_20},
    Adapter{"GroupNormalization", 21, group_normalization_21},
    Adapter{"Hardmax", 13, softmax_13},
    Adapter{"LogSoftmax", 13, softmax_13},
    Adapter{"Pad", 11, pad_11},
    Adapter{"ReduceL1", 18, axes_to_input},
    Adapter{"ReduceL2", 18, axes_to_input},
    Adapter{"ReduceLogSum", 18, axes_to_input},
    Adapter{"ReduceLogSumExp", 18, axes_to_input},
    Adapter{"ReduceMax", 18, axes_to_input},
    Adapter{"ReduceMean", 18, axes_to_input},
    Adapter{"ReduceMin", 18, axes_to_input},
    Adapter{"ReduceProd", 18, axes_to_input},
    Adapter{"ReduceSum", 13, axes_to_input},
    Adapter{"ReduceSumSquare", 18, axes_to_input},
    Adapter{"Resize", 11, resize_11},
    Adapter{"Resize", 13, resize_13},
    Adapter{"RoiAlign", 16, roi_align_16},
    Adapter{"Scan", 9, scan_9},
    Adapter{"Scatter", 11, scatter_11},
    Adapter{"Slice", 10, slice_10},
    Adapter{"Softmax", 13, softmax_13},
    Adapter{"Split", 13, split_13},
    Adapter{"Split", 18, split_18},
    Adapter{"Squeeze", 13, axes_to_input},
    Adapter{"TopK", 10, top_k_10},
    Adapter{"Unsqueeze", 13, axes_to_input},
    Adapter{"Upsample", 9, upsample_9},
    Adapter{"Upsample", 10, upsample_10},
};

}  // namespace

std::span<const Adapter> all_adapters() { return kAdapters; }

const Adapter* next_adapter(std::string_view op, int64_t opset) {
  for (const Adapter& adapter : kAdapters)
    if (adapter.op == op && adapter.to > opset) return &adapter;
  return nullptr;
}

}  // namespace oarlock::converter
