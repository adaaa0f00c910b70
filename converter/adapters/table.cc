// Every change of a standard operator after which an older node needs another form.
// Changes that only widen an operator (more types, new attributes whose default keeps the meaning)
// have no entry.
#include <array>

#include "converter/adapters/adapter.h"
#include "converter/adapters/adapters.h"

namespace oarlock::converter {

namespace {

constexpr std::array kAdapters = {
    Adapter{"Abs", 6, in_place_6},
    Adapter{"Add", 7, broadcast_7},
    Adapter{"And", 7, broadcast_7},
    Adapter{"BatchNormalization", 7, batch_normalization_7},
    Adapter{"BatchNormalization", 9, batch_normalization_9},
    Adapter{"BatchNormalization", 14, batch_normalization_14},
    Adapter{"Cast", 6, cast_6},
    Adapter{"Ceil", 6, in_place_6},
    Adapter{"Clip", 6, in_place_6},
    Adapter{"Clip", 11, clip_11},
    Adapter{"Concat", 4, concat_4},
    Adapter{"DFT", 20, dft_20},
    Adapter{"Div", 7, broadcast_7},
    Adapter{"Dropout", 7, dropout_7},
    Adapter{"Dropout", 10, dropout_10},
    Adapter{"Dropout", 12, dropout_12},
    Adapter{"Elu", 6, in_place_6},
    Adapter{"Equal", 7, broadcast_7},
    Adapter{"Exp", 6, in_place_6},
    Adapter{"Floor", 6, in_place_6},
    Adapter{"GRU", 7, recurrent_7},
    Adapter{"Gemm", 7, gemm_7},
    Adapter{"GlobalLpPool", 2, lp_pool_2},
    Adapter{"Greater", 7, broadcast_7},
    Adapter{"GridSample", 20, grid_sample_20},
    Adapter{"GroupNormalization", 21, group_normalization_21},
    Adapter{"HardSigmoid", 6, in_place_6},
    Adapter{"Hardmax", 13, softmax_13},
    Adapter{"InstanceNormalization", 6, in_place_6},
    Adapter{"LSTM", 7, recurrent_7},
    Adapter{"LeakyRelu", 6, in_place_6},
    Adapter{"Less", 7, broadcast_7},
    Adapter{"Log", 6, in_place_6},
    Adapter{"LogSoftmax", 13, softmax_13},
    Adapter{"LpPool", 2, lp_pool_2},
    Adapter{"Max", 6, in_place_6},
    Adapter{"Mean", 6, in_place_6},
    Adapter{"Min", 6, in_place_6},
    Adapter{"Mul", 7, broadcast_7},
    Adapter{"Neg", 6, in_place_6},
    Adapter{"Or", 7, broadcast_7},
    Adapter{"PRelu", 7, prelu_7},
    Adapter{"Pad", 2, pad_2},
    Adapter{"Pad", 11, pad_11},
    Adapter{"Pow", 7, broadcast_7},
    Adapter{"RNN", 7, recurrent_7},
    Adapter{"Reciprocal", 6, in_place_6},
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
    Adapter{"Relu", 6, in_place_6},
    Adapter{"Reshape", 5, reshape_5},
    Adapter{"Resize", 11, resize_11},
    Adapter{"Resize", 13, resize_13},
    Adapter{"RoiAlign", 16, roi_align_16},
    Adapter{"Scan", 9, scan_9},
    Adapter{"Scatter", 11, scatter_11},
    Adapter{"Selu", 6, in_place_6},
    Adapter{"Sigmoid", 6, in_place_6},
    Adapter{"Slice", 10, slice_10},
    Adapter{"Softmax", 13, softmax_13},
    Adapter{"Split", 2, split_2},
    Adapter{"Split", 13, split_13},
    Adapter{"Split", 18, split_18},
    Adapter{"Sqrt", 6, in_place_6},
    Adapter{"Squeeze", 13, axes_to_input},
    Adapter{"Sub", 7, broadcast_7},
    Adapter{"Sum", 6, in_place_6},
    Adapter{"Tanh", 6, in_place_6},
    Adapter{"Tile", 6, tile_6},
    Adapter{"TopK", 10, top_k_10},
    Adapter{"Unsqueeze", 13, axes_to_input},
    Adapter{"Upsample", 7, upsample_7},
    Adapter{"Upsample", 9, upsample_9},
    Adapter{"Upsample", 10, upsample_10},
    Adapter{"Xor", 7, broadcast_7},
};

}  // namespace

std::span<const Adapter> all_adapters() { return kAdapters; }

const Adapter* next_adapter(std::string_view op, int64_t opset) {
  for (const Adapter& adapter : kAdapters)
    if (adapter.op == op && adapter.to > opset) return &adapter;
  return nullptr;
}

}  // namespace oarlock::converter
