#pragma once

#include "converter/adapters/adapter.h"

namespace oarlock::converter {

// Named after the operator and the opset they lead to; see table.cc.
Status axes_to_input(NodeDraft& draft, DraftContext& graph);
Status batch_normalization_14(NodeDraft& draft, DraftContext& graph);
Status batch_normalization_9(NodeDraft& draft, DraftContext& graph);
Status clip_11(NodeDraft& draft, DraftContext& graph);
Status dft_20(NodeDraft& draft, DraftContext& graph);
Status dropout_10(NodeDraft& draft, DraftContext& graph);
Status dropout_12(NodeDraft& draft, DraftContext& graph);
Status grid_sample_20(NodeDraft& draft, DraftContext& graph);
Status group_normalization_21(NodeDraft& draft, DraftContext& graph);
Status pad_11(NodeDraft& draft, DraftContext& graph);
Status resize_11(NodeDraft& draft, DraftContext& graph);
Status resize_13(NodeDraft& draft, DraftContext& graph);
Status roi_align_16(NodeDraft& draft, DraftContext& graph);
Status scan_9(NodeDraft& draft, DraftContext& graph);
Status scatter_11(NodeDraft& draft, DraftContext& graph);
Status slice_10(NodeDraft& draft, DraftContext& graph);
Status softmax_13(NodeDraft& draft, DraftContext& graph);
Status split_13(NodeDraft& draft, DraftContext& graph);
Status split_18(NodeDraft& draft, DraftContext& graph);
Status top_k_10(NodeDraft& draft, DraftContext& graph);
Status upsample_10(NodeDraft& draft, DraftContext& graph);
Status upsample_9(NodeDraft& draft, DraftContext& graph);

}  // namespace oarlock::converter
