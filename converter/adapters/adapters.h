#pragma once

#include "converter/adapters/adapter.h"

namespace oarlock::converter {

// Named after the operator and the opset they lead to; see table.cc.
Status axes_to_input(NodeDraft& draft, DraftContext& graph);
Status batch_normalization_14(NodeDraft& draft, DraftContext& graph);
Status batch_normalization_7(NodeDraft& draft, DraftContext& graph);
Status batch_normalization_9(NodeDraft& draft, DraftContext& graph);
Status broadcast_7(NodeDraft& draft, DraftContext& graph);
Status cast_6(NodeDraft& draft, DraftContext& graph);
Status clip_11(NodeDraft& draft, DraftContext& graph);
Status concat_4(NodeDraft& draft, DraftContext& graph);
Status dft_20(NodeDraft& draft, DraftContext& graph);
Status dropout_10(NodeDraft& draft, DraftContext& graph);
Status dropout_12(NodeDraft& draft, DraftContext& graph);
Status dropout_7(NodeDraft& draft, DraftContext& graph);
Status gemm_7(NodeDraft& draft, DraftContext& graph);
Status grid_sample_20(NodeDraft& draft, DraftContext& graph);
Status group_normalization_21(NodeDraft& draft, DraftContext& graph);
Status in_place_6(NodeDraft& draft, DraftContext& graph);
Status lp_pool_2(NodeDraft& draft, DraftContext& graph);
Status pad_11(NodeDraft& draft, DraftContext& graph);
Status pad_2(NodeDraft& draft, DraftContext& graph);
Status prelu_7(NodeDraft& draft, DraftContext& graph);
Status recurrent_7(NodeDraft& draft, DraftContext& graph);
Status reshape_5(NodeDraft& draft, DraftContext& graph);
Status resize_11(NodeDraft& draft, DraftContext& graph);
Status resize_13(NodeDraft& draft, DraftContext& graph);
Status roi_align_16(NodeDraft& draft, DraftContext& graph);
Status scan_9(NodeDraft& draft, DraftContext& graph);
Status scatter_11(NodeDraft& draft, DraftContext& graph);
Status slice_10(NodeDraft& draft, DraftContext& graph);
Status softmax_13(NodeDraft& draft, DraftContext& graph);
Status split_13(NodeDraft& draft, DraftContext& graph);
Status split_18(NodeDraft& draft, DraftContext& graph);
Status split_2(NodeDraft& draft, DraftContext& graph);
Status tile_6(NodeDraft& draft, DraftContext& graph);
Status top_k_10(NodeDraft& draft, DraftContext& graph);
Status upsample_10(NodeDraft& draft, DraftContext& graph);
Status upsample_7(NodeDraft& draft, DraftContext& graph);
Status upsample_9(NodeDraft& draft, DraftContext& graph);

}  // namespace oarlock::converter
