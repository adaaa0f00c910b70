#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/op.h"

namespace oarlock::cpu {

// Operators that this backend's rules put into a graph for what it computes in one go. Each
// decomposes into what it stands for. Float32; attributes as of oarlock.Conv, pads explicit.
//
//   ScaledConv(X, W, S, B, R): oarlock.Conv(X * S, W, B, R), pointwise, S [N, C, 1, 1]
//   ExpandedConv(X, W, E, B, F): oarlock.Conv(oarlock.Conv(X, E, F), W, B), depthwise after
//     pointwise; the activation between them is in attributes expansion_activation,
//     expansion_activation_alpha and expansion_activation_beta
//   BatchNormRelu(X, scale, B, mean, var): Relu(BatchNormalization(X, scale, B, mean, var)) for
//     inference
//   ChannelGather(X0, X1, ...): outputs picked from the channels of all X [N, C_i, H, W] in a row:
//     output channel c, counted through all outputs, is channel channels[c]; attribute `split` has
//     the number of channels of each output
inline constexpr std::string_view kCpuDomain = "oarlock.cpu";

std::span<const OpDef> fused_ops();

// The node of this device that makes `value` for nobody but `user`, or none.
const Node* absorbed(const Graph& graph, const Node& user, ValueId value);
// Inputs of a node, less the omitted ones at the end.
std::vector<ValueId> trimmed(std::vector<ValueId> inputs);

// The attributes of the two convolutions that an ExpandedConv stands for, and back.
Attrs expanded_attrs(const Attrs& depthwise, const Attrs& expansion);
Activation expansion_activation(const Attrs& attrs);

}  // namespace oarlock::cpu
