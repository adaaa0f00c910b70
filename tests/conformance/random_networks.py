"""Cases of convolution and its kin, recurrent operators, attention, quantized products, pictures and signals."""

import numpy as np

from .drawing import FLOATS


def conv_transpose(d):
    spatial, group = d.one(1, 2, 2, 3), d.one(1, 1, 2)
    kernel = [d.one(1, 2, 3) for _ in range(spatial)]
    strides = [d.one(1, 2, 3) for _ in kernel]
    channels, filters = group * d.one(1, 2), d.one(1, 3)
    attrs = {"group": group, "kernel_shape": kernel, "strides": strides,
             "dilations": [d.one(1, 1, 2) for _ in kernel],
             "output_padding": [int(d.random.integers(0, n)) for n in strides]}
    return attrs, [d.floats([d.one(1, 2), channels, *(d.one(2, 3, 5) for _ in kernel)], special=False),
                   d.floats([channels, filters, *kernel], special=False),
                   d.floats([group * filters], special=False)]


def conv_integer(d):
    kernel = [d.one(1, 2, 3), d.one(1, 3)]
    attrs = {"kernel_shape": kernel, "strides": [d.one(1, 2), 1], "pads": [d.one(0, 1)] * 4}
    return attrs, [d.integers([1, 2, d.one(4, 5), 5], np.uint8, 0, 255),
                   d.integers([3, 2, *kernel], np.uint8, 0, 255), np.array(d.one(0, 7), np.uint8),
                   np.array(d.one(0, 9), np.uint8)]


def qlinear_conv(d):
    kernel = [d.one(1, 2, 3), d.one(1, 3)]
    attrs = {"kernel_shape": kernel, "strides": [d.one(1, 2), 1], "pads": [d.one(0, 1)] * 4}
    one = lambda value: np.array(value, np.float32)
    return attrs, [d.integers([1, 2, d.one(4, 5), 5], np.uint8, 0, 255), one(0.1),
                   np.array(d.one(0, 128), np.uint8), d.integers([3, 2, *kernel], np.int8, -90, 90),
                   one(0.05), np.array(0, np.int8), one(0.7), np.array(d.one(5, 120), np.uint8),
                   d.integers([3], np.int32, -500, 500)]


def deform_conv(d):
    group, offsets = d.one(1, 2), d.one(1, 2)
    kernel, height, width = [d.one(1, 2, 3), d.one(1, 3)], d.one(4, 5), d.one(4, 6)
    out = [height - kernel[0] + 1, width - kernel[1] + 1]
    count = kernel[0] * kernel[1]
    inputs = [d.floats([1, 4, height, width], special=False),
              d.floats([2 * group, 4 // group, *kernel], special=False),
              d.floats([1, 2 * offsets * count, *out], low=-1.4, high=1.4, special=False)]
    if d.one(True, False):
        inputs += [d.floats([2 * group], special=False),
                   d.floats([1, offsets * count, *out], low=0, special=False)]
    return {"group": group, "offset_group": offsets, "kernel_shape": kernel}, inputs


def causal_conv(d):
    n, c, length, k = d.one(1, 2), d.one(1, 3), d.one(1, 5, 8), d.one(1, 2, 4)
    return ({"activation": d.one("none", "silu"), "outputs": 2},
            [d.floats([n, c, length], special=False), d.floats([c, 1, k], special=False),
             d.one(None, d.floats([c], special=False)),
             d.one(None, d.floats([n, c, k - 1], special=False))])


def lp_pool(d):
    spatial = d.one(1, 2)
    shape = [d.one(1, 2), d.one(1, 3)] + [d.one(4, 5, 7) for _ in range(spatial)]
    return ({"kernel_shape": [d.one(2, 3) for _ in range(spatial)], "p": d.one(1, 2, 3),
             "strides": [d.one(1, 2) for _ in range(spatial)]}, [d.floats(shape, special=False)])


def global_lp_pool(d):
    return {"p": d.one(1, 2, 3)}, [d.floats([d.one(1, 2), 3, d.one(1, 4), 5], special=False)]


def max_unpool(d):
    n, c, h, w = d.one(1, 2), d.one(1, 3), d.one(1, 2, 3), d.one(2, 3)
    rows, columns = np.meshgrid(np.arange(h) * 2, np.arange(w) * 2, indexing="ij")
    places = (np.arange(n * c).reshape(n, c, 1, 1) * (4 * h * w)
              + (rows + d.random.integers(0, 2, (n, c, h, w))) * (2 * w)
              + columns + d.random.integers(0, 2, (n, c, h, w)))
    return ({"kernel_shape": [2, 2], "strides": [2, 2]},
            [d.floats([n, c, h, w], special=False), places.astype(np.int64)])


def rois(d, count, batch_column=False):
    low = d.random.uniform(0, 4, (count, 2))
    boxes = np.concatenate([low, low + d.random.uniform(1, 5, (count, 2))], 1).astype(np.float32)
    if batch_column:
        boxes = np.concatenate([np.zeros((count, 1), np.float32), np.round(boxes)], 1)
    return boxes


def max_roi_pool(d):
    return ({"pooled_shape": [d.one(1, 2), d.one(1, 3)], "spatial_scale": 1.0},
            [d.floats([1, d.one(1, 2), 9, 10], special=False), rois(d, d.one(1, 3), True)])


def roi_align(d):
    count = d.one(1, 3)
    attrs = {"mode": d.one("avg", "max"), "output_height": d.one(1, 3), "output_width": d.one(2, 3),
             "sampling_ratio": d.one(1, 2, 3),
             "coordinate_transformation_mode": d.one("half_pixel", "output_half_pixel")}
    return attrs, [d.floats([2, d.one(1, 3), 9, 8], special=False), rois(d, count),
                   d.integers([count], np.int64, 0, 2)]


def non_max_suppression(d):
    batches, classes, boxes = d.one(1, 2), d.one(1, 3), d.one(1, 4, 9)
    low = d.random.uniform(0, 6, (batches, boxes, 2))
    corners = np.concatenate([low, low + d.random.uniform(1, 4, low.shape)], -1)
    scores = d.random.permutation(batches * classes * boxes).reshape(batches, classes, boxes)
    return ({"center_point_box": d.one(0, 1)},
            [corners.astype(np.float32), scores.astype(np.float32) / scores.size,
             np.array([d.one(1, 2, 5)], np.int64), np.array([d.one(0.1, 0.4)], np.float32),
             np.array([d.one(0.0, 0.3)], np.float32)])


def grid_sample(d):
    n, c = d.one(1, 2), d.one(1, 3)
    return ({"mode": d.one("linear", "nearest", "cubic"), "align_corners": d.one(0, 1),
             "padding_mode": d.one("zeros", "border", "reflection")},
            [d.floats([n, c, d.one(2, 5), d.one(3, 4)], special=False),
             d.floats([n, d.one(1, 3), d.one(2, 4), 2], low=-1.3, high=1.3, special=False)])


def affine_grid(d):
    n, spatial = d.one(1, 2), d.one(2, 3)
    size = [n, 3, *(d.one(2, 3, 5) for _ in range(spatial))]
    return ({"align_corners": d.one(0, 1)},
            [d.floats([n, spatial, spatial + 1], special=False), np.array(size, np.int64)])


def resize(d):
    shape = [1, d.one(1, 2), d.one(2, 3, 5), d.one(3, 4)]
    mode = d.one("nearest", "linear", "cubic")
    attrs = {"mode": mode,
             "coordinate_transformation_mode": d.one("half_pixel", "asymmetric", "align_corners")}
    if mode == "nearest":
        attrs["nearest_mode"] = d.one("floor", "ceil", "round_prefer_floor")
    sizes = np.array(shape[:2] + [d.one(1, 4, 7), d.one(2, 5, 6)], np.int64)
    return attrs, [d.floats(shape, special=False), None, None, sizes]


def col2im(d):
    image, block = [d.one(4, 5), d.one(3, 6)], [d.one(1, 2, 3), d.one(1, 2)]
    strides = [d.one(1, 2), d.one(1, 2)]
    blocks = np.prod([(i - b) // s + 1 for i, b, s in zip(image, block, strides)])
    return ({"strides": strides},
            [d.floats([d.one(1, 2), d.one(1, 3) * block[0] * block[1], int(blocks)], special=False),
             np.array(image, np.int64), np.array(block, np.int64)])


def center_crop_pad(d):
    shape = d.shape(1, 3, (1, 2, 3, 5))
    axes = sorted(set(int(a) % len(shape) for a in d.axes(len(shape)) or [0]))
    return ({"axes": axes}, [d.floats(shape), np.array([d.one(1, 3, 6) for _ in axes], np.int64)])


def recurrent(gates, activations, cell=False):
    def make(d):
        length, batch, width, hidden = d.one(1, 3, 5), d.one(1, 2), d.one(1, 3), d.one(1, 2, 4)
        direction = d.one("forward", "reverse", "bidirectional")
        n = 2 if direction == "bidirectional" else 1
        f = lambda *shape: d.floats(shape, low=-1, high=1, special=False)
        attrs = {"direction": direction, "hidden_size": hidden, "outputs": 3 if cell else 2,
                 "activations": [d.one(*each) for each in activations] * n}
        if d.one(True, False):
            attrs["clip"] = 0.75
        if gates == 3:
            attrs["linear_before_reset"] = d.one(0, 1)
        optional = lambda value: value if d.one(True, False) else None
        inputs = [f(length, batch, width), f(n, gates * hidden, width), f(n, gates * hidden, hidden),
                  optional(f(n, 2 * gates * hidden)),
                  optional(d.integers([batch], np.int32, 1, length + 1)),
                  optional(f(n, batch, hidden))]
        if cell:
            inputs += [optional(f(n, batch, hidden)), optional(f(n, 3 * hidden))]
        return attrs, inputs
    return make


SIGMOID, TANH = ("Sigmoid", "HardSigmoid"), ("Tanh", "Relu", "Softsign")


def attention(d):
    batch, heads, per_group = d.one(1, 2), d.one(1, 2), d.one(1, 2)
    queries, keys, width = d.one(1, 3, 5), d.one(2, 4), d.one(2, 4)
    f = lambda *shape: d.floats(shape, special=False)
    mask = d.one(None, d.bools([queries, keys]) | (np.arange(keys) == 0), f(queries, keys))
    return ({"is_causal": d.one(0, 1), "softcap": d.one(0.0, 2.0)},
            [f(batch, heads * per_group, queries, width), f(batch, heads, keys, width),
             f(batch, heads, keys, d.one(width, 3)), mask])


def flex_attention(d):
    batch, heads, width = d.one(1, 2), d.one(1, 2), d.one(2, 4)
    f = lambda *shape: d.floats(shape, special=False)
    keys = d.one(1, 4)
    return ({"scale": d.one(0.3, 1.0)},
            [f(batch, heads * d.one(1, 2), d.one(1, 3), width), f(batch, heads, keys, width),
             f(batch, heads, keys, d.one(width, 3))])


def linear_attention(d):
    batch, length, heads, width = d.one(1, 2), d.one(1, 3, 5), d.one(1, 2), d.one(2, 3)
    rule = d.one("linear", "gated", "delta", "gated_delta")
    f = lambda columns, low=-1.0, high=1.0: d.floats([batch, length, columns], low=low, high=high,
                                                     special=False)
    return ({"q_num_heads": heads, "kv_num_heads": heads, "update_rule": rule, "outputs": 2},
            [f(heads * width), f(heads * width), f(heads * width), None,
             f(heads * width, -1, 0) if "gated" in rule else None,
             f(heads, 0) if "delta" in rule else None])


def rotary_embedding(d):
    batch, heads, length, width = d.one(1, 2), d.one(1, 3), d.one(1, 4), d.one(4, 8)
    angles = d.random.uniform(0, 6, (9, width // 2))
    return ({"interleaved": d.one(0, 1)},
            [d.floats([batch, heads, length, width], special=False), np.cos(angles).astype(np.float32),
             np.sin(angles).astype(np.float32), d.integers([batch, length], np.int64, 0, 9)])


def tensor_scatter(d):
    batch, most, new = d.one(1, 2), 6, d.one(1, 2)
    mode = d.one("linear", "circular")
    return ({"mode": mode},
            [d.floats([batch, 2, most, 3]), d.floats([batch, 2, new, 3]),
             d.integers([batch], np.int64, 0, most - new + 1)])


def matmul_integer(d):
    m, k, n = d.one(1, 3), d.one(1, 5, 9), d.one(2, 4)
    return {}, [d.integers([m, k], np.uint8, 0, 255), d.integers([k, n], np.int8, -99, 99),
                np.array(d.one(0, 11), np.uint8), np.array(d.one(0, 3), np.int8)]


def qlinear_matmul(d):
    m, k, n = d.one(1, 3), d.one(1, 5, 9), d.one(2, 4)
    one = lambda value: np.array(value, np.float32)
    return {}, [d.integers([m, k], np.uint8, 0, 255), one(0.1), np.array(d.one(0, 11), np.uint8),
                d.integers([k, n], np.uint8, 0, 255), one(0.2), np.array(d.one(0, 99), np.uint8),
                one(3.3), np.array(100, np.uint8)]


def dynamic_quantize(d):
    return {"outputs": 3}, [d.floats(d.shape(1, 3, (1, 2, 3, 7)), special=False)]


def group_normalization(d):
    groups = d.one(1, 2, 3)
    channels = groups * d.one(1, 2)
    f = lambda *shape: d.floats(shape, special=False)
    return {"num_groups": groups}, [f(d.one(1, 2), channels, d.one(2, 5), d.one(1, 3)), f(channels),
                                    f(channels)]


def rms_normalization(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    axis = d.axis(len(shape))
    return {"axis": axis}, [d.floats(shape, special=False), d.floats(shape[axis:], special=False)]


def mean_variance(d):
    return {"axes": [0, 2, 3]}, [d.floats([d.one(1, 2), 2, d.one(2, 5), d.one(2, 4)], special=False)]


def swiglu(d):
    shape = d.shape()
    return {"alpha": d.one(1.0, 0.5)}, [d.floats(shape, special=False), d.floats(shape, special=False)]


def dft(d):
    inverse, shape = d.one(0, 1), [d.one(1, 2), d.one(3, 5, 8), d.one(2, 7)]
    return ({"inverse": inverse},
            [d.floats([*shape, d.one(1, 2) if not inverse else 2], special=False), None,
             np.array(d.one(1, 2, -2), np.int64)])


def stft(d):
    length = d.one(4, 5, 8)
    return ({"onesided": d.one(0, 1)},
            [d.floats([d.one(1, 2), d.one(16, 21), 1], special=False),
             np.array(d.one(1, 3), np.int64), d.floats([length], special=False),
             np.array(length, np.int64)])


def window(d):
    return {"periodic": d.one(0, 1)}, [np.array(d.one(2, 3, 8, 9, 17), np.int32)]


def mel_weights(d):
    return {}, [np.array(d.one(4, 8), np.int64), np.array(d.one(16, 32), np.int64),
                np.array(8192, np.int64), np.array(d.one(0.0, 100.0), np.float32),
                np.array(4096.0, np.float32)]


OPERATORS = {
    "ConvTranspose": conv_transpose, "ConvInteger": conv_integer, "QLinearConv": qlinear_conv,
    "DeformConv": deform_conv, "CausalConvWithState": causal_conv, "LpPool": lp_pool,
    "GlobalLpPool": global_lp_pool, "MaxUnpool": max_unpool, "MaxRoiPool": max_roi_pool,
    "RoiAlign": roi_align, "NonMaxSuppression": non_max_suppression, "GridSample": grid_sample,
    "AffineGrid": affine_grid, "Resize": resize, "Col2Im": col2im, "CenterCropPad": center_crop_pad,
    "RNN": recurrent(1, [TANH]), "GRU": recurrent(3, [SIGMOID, TANH]),
    "LSTM": recurrent(4, [SIGMOID, TANH, TANH], cell=True),
    "Attention": attention, "ai.onnx.preview.FlexAttention": flex_attention,
    "LinearAttention": linear_attention, "RotaryEmbedding": rotary_embedding,
    "TensorScatter": tensor_scatter, "MatMulInteger": matmul_integer,
    "QLinearMatMul": qlinear_matmul, "DynamicQuantizeLinear": dynamic_quantize,
    "GroupNormalization": group_normalization, "RMSNormalization": rms_normalization,
    "MeanVarianceNormalization": mean_variance, "SwiGLU": swiglu,
    "Swish": lambda d: ({"alpha": 1.5}, [d.floats(d.shape(), special=False)]),
    "Det": lambda d: ({}, [d.floats([*d.shape(0, 2), *[d.one(1, 2, 4)] * 2], special=False)]),
    "DFT": dft, "STFT": stft, "BlackmanWindow": window, "HammingWindow": window,
    "HannWindow": window, "MelWeightMatrix": mel_weights,
    "CumProd": lambda d: ({"exclusive": d.one(0, 1), "reverse": d.one(0, 1)},
                          [d.floats([d.one(1, 3), d.one(2, 5)], d.one(*FLOATS), special=False),
                           np.array(d.one(0, 1, -1), np.int64)]),
}
