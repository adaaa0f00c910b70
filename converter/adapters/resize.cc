// Resize and its predecessor Upsample.
#include <algorithm>

#include "converter/adapters/adapters.h"

namespace oarlock::converter {

Status upsample_9(NodeDraft& draft, DraftContext& graph) {
  const std::vector<float> scales = draft.attrs.numbers("scales");
  draft.attrs.erase("scales");
  draft.set_input(1, graph.add_constant(draft.name + "/scales",
                                        Tensor::of(Shape{static_cast<int64_t>(scales.size())},
                                                   std::span<const float>(scales))));
  return {};
}

Status upsample_10(NodeDraft& draft, DraftContext&) {
  draft.op = "Resize";
  return {};
}

// Resize 10 maps x to x / scale. Nearest takes the pixel below where an axis grows and the one
// above where it shrinks.
Status resize_11(NodeDraft& draft, DraftContext& graph) {
  if (draft.inputs.size() != 2) return {};
  const ValueId scales = draft.inputs[1];
  draft.attrs.set("coordinate_transformation_mode", std::string("asymmetric"));
  draft.attrs.set("nearest_mode", std::string("floor"));
  draft.inputs = {draft.inputs[0], kNone, scales};
  const Tensor* constant = graph.constant(scales);
  const std::string& mode = draft.attrs.string("mode");
  if (constant == nullptr || constant->dtype() != DType::float32 ||
      (!mode.empty() && mode != "nearest"))
    return {};
  const Tensor known = *constant;
  const auto factors = known.as<float>();
  const auto shrinks = [](float factor) { return factor < 1.0F; };
  const auto grows = [](float factor) { return factor > 1.0F; };
  if (std::none_of(factors.begin(), factors.end(), shrinks)) return {};
  if (std::any_of(factors.begin(), factors.end(), grows)) {
    std::vector<float> growing(factors.begin(), factors.end());
    std::vector<float> shrinking = growing;
    for (float& factor : growing) factor = std::max(factor, 1.0F);
    for (float& factor : shrinking) factor = std::min(factor, 1.0F);
    NodeDraft first = draft;
    first.name += "/grow";
    first.opset = 11;
    first.inputs[2] = graph.add_constant(
        draft.name + "/growing", Tensor::of(known.shape(), std::span<const float>(growing)));
    first.outputs = {graph.unique_name(draft.name + "/grown")};
    draft.inputs[2] = graph.add_constant(
        draft.name + "/shrinking", Tensor::of(known.shape(), std::span<const float>(shrinking)));
    OARLOCK_ASSIGN(const std::vector<ValueId> grown, graph.add(std::move(first)));
    draft.inputs[0] = grown[0];
  }
  draft.attrs.set("nearest_mode", std::string("ceil"));
  return {};
}

// From 13 on exactly one of scales and sizes is given, an unused input is omitted instead of empty,
// and "tf_half_pixel_for_nn" is gone: it is half a pixel right of "half_pixel".
Status resize_13(NodeDraft& draft, DraftContext& graph) {
  for (size_t i = 1; i < draft.inputs.size(); ++i) {
    const Tensor* known = graph.constant(draft.inputs[i]);
    if (known != nullptr && known->elements() == 0) draft.inputs[i] = kNone;
  }
  if (draft.input(3) != kNone && draft.input(2) != kNone) draft.inputs[2] = kNone;
  draft.drop_trailing_omitted();
  if (draft.attrs.string("coordinate_transformation_mode") != "tf_half_pixel_for_nn") return {};
  const std::string& mode = draft.attrs.string("mode");
  if ((!mode.empty() && mode != "nearest") || draft.attrs.string("nearest_mode") != "floor")
    return unsupported(
        "coordinate_transformation_mode 'tf_half_pixel_for_nn' has an equivalent only with mode "
        "'nearest' and nearest_mode 'floor'");
  draft.attrs.set("coordinate_transformation_mode", std::string("half_pixel"));
  draft.attrs.set("nearest_mode", std::string("round_prefer_ceil"));
  return {};
}

}  // namespace oarlock::converter
