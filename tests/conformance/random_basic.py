"""Cases of element-wise operators, reductions, products, pooling, and those that move elements."""

import numpy as np
from onnx import TensorProto

from .drawing import EXTENTS, FLOATS, INTEGERS


def unary(low=-3.0, high=3.0, special=True):
    return lambda d: ({}, [d.floats(d.shape(), d.one(*FLOATS), low, high, special)])


def binary(kind="both"):
    def make(d):
        shapes = d.broadcast(2)
        if kind == "bool":
            return {}, [d.bools(s) for s in shapes]
        if kind == "integers" or (kind == "both" and d.one(True, False)):
            dtype = d.one(*INTEGERS[:2])
            return {}, [d.integers(s, dtype, 1) for s in shapes]
        dtype = d.one(*FLOATS)
        return {}, [d.floats(s, dtype) for s in shapes]
    return make


def variadic(d):
    shapes = d.broadcast(d.one(1, 2, 3))
    return {}, [d.floats(s, special=False) for s in shapes]


def reduction(low=-3.0, special=False, as_attribute=False, extents=(1, 2, 3, 5)):
    def make(d):
        shape = d.shape(extents=extents)
        axes = d.axes(len(shape))
        attrs = {"keepdims": d.one(0, 1)}
        inputs = [d.floats(shape, low=low, special=special)]
        if axes:
            inputs.append(np.array(axes, np.int64))
        return attrs, inputs
    return make


def along_axis(extents=(1, 2, 3, 5), special=False, **extra):
    def make(d):
        shape = d.shape(1, 4, extents)
        return {"axis": d.axis(len(shape)), **extra}, [d.floats(shape, special=special)]
    return make


def arg_reduction(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    return ({"axis": d.axis(len(shape)), "keepdims": d.one(0, 1),
             "select_last_index": d.one(0, 1)}, [d.integers(shape, np.int32)])


def matmul(d):
    m, k, n = (int(d.random.choice((0, 1, 3, 5, 8))) for _ in range(3))
    a, b = d.broadcast(2)
    return {}, [d.floats((*a[:2], m, k), special=False), d.floats((*b[:2], k, n), special=False)] \
        if len(a) <= 2 and len(b) <= 2 else [d.floats((m, k), special=False),
                                             d.floats((k, n), special=False)]


def gemm(d):
    m, k, n = (int(d.random.choice((1, 2, 3, 5, 9))) for _ in range(3))
    ta, tb = d.one(0, 1), d.one(0, 1)
    c = d.one((m, n), (1, n), (n,), (m, 1), ())
    return ({"transA": ta, "transB": tb, "alpha": 0.5, "beta": 2.0},
            [d.floats((k, m) if ta else (m, k), special=False),
             d.floats((n, k) if tb else (k, n), special=False), d.floats(c, special=False)])


def transpose(d):
    shape = d.shape()
    return ({"perm": [int(p) for p in d.random.permutation(len(shape))]} if shape else {},
            [d.floats(shape, d.one(*FLOATS))])


def concat(d):
    shape = d.shape(1)
    axis = d.axis(len(shape))
    inputs = []
    for _ in range(d.one(1, 2, 3)):
        each = list(shape)
        each[axis] = int(d.random.choice(EXTENTS))
        inputs.append(d.floats(each))
    return {"axis": axis}, inputs


def reshape(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    order = [int(n) for n in d.random.permutation(shape)]
    if d.one(True, False):
        order[d.random.integers(len(order))] = -1
    return {}, [d.floats(shape), np.array(order, np.int64)]


def squeeze(d):
    shape = d.shape(0, 3)
    ones = sorted(int(p) for p in d.random.permutation(len(shape) + 2)[:2])
    for p in ones:
        shape = (*shape[:p], 1, *shape[p:])
    axes = [p - len(shape) if d.one(True, False) else p for p in ones]
    return {}, [d.floats(shape), np.array(axes, np.int64)]


def unsqueeze(d):
    shape = d.shape(0, 3)
    rank = len(shape) + 2
    axes = [int(p) - (rank if d.one(True, False) else 0) for p in d.random.permutation(rank)[:2]]
    return {}, [d.floats(shape), np.array(axes, np.int64)]


def slices(d):
    shape = d.shape(1)
    axes = d.axes(len(shape)) or [0]
    steps = [d.one(1, 1, 2, -1, -2) for _ in axes]
    starts = [int(d.random.integers(-9, 9)) for _ in axes]
    ends = [int(d.random.integers(-9, 9)) for _ in axes]
    return {}, [d.floats(shape), *(np.array(v, np.int64) for v in (starts, ends, axes, steps))]


def gather(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    axis = d.axis(len(shape))
    n = shape[axis]
    return {"axis": axis}, [d.floats(shape), d.integers(d.shape(0, 2), np.int64, -n, n)]


def gather_elements(d):
    shape = d.shape(1, 3, (1, 2, 3, 5))
    axis = d.axis(len(shape))
    n = shape[axis]
    return {"axis": axis}, [d.floats(shape), d.integers(shape, np.int64, -n, n)]


def scatter_elements(d):
    attrs, (data, indices) = gather_elements(d)
    # Each position once: another order of the additions would be another result.
    indices = np.zeros_like(indices)
    at = np.arange(data.shape[attrs["axis"]])
    shape = [1] * data.ndim
    shape[attrs["axis"]] = -1
    indices += d.random.permutation(at).reshape(shape)
    return attrs, [data, indices, d.floats(data.shape)]


def pad(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    mode = d.one("constant", "edge", "wrap", "reflect")
    most = 3 if mode in ("constant", "edge") else 1
    if mode == "reflect":
        shape = tuple(max(n, 2) for n in shape)
    pads = d.integers((2 * len(shape),), np.int64, 0, most + 1)
    inputs = [d.floats(shape), pads]
    if mode == "constant":
        inputs.append(np.array(1.5, np.float32))
    return {"mode": mode}, inputs


def tile(d):
    shape = d.shape(1, 3)
    return {}, [d.floats(shape), d.integers((len(shape),), np.int64, 0, 4)]


def expand(d):
    shapes = d.broadcast(2)
    return {}, [d.floats(shapes[0]), np.array(shapes[1], np.int64)]


def where(d):
    shapes = d.broadcast(3)
    return {}, [d.bools(shapes[0]), d.floats(shapes[1]), d.floats(shapes[2])]


def clip(d):
    return {}, [d.floats(d.shape()), np.array(-1.0, np.float32), np.array(1.5, np.float32)]


def cumulative(d):
    shape = d.shape(1, 3, (1, 2, 3, 5))
    return ({"exclusive": d.one(0, 1), "reverse": d.one(0, 1)},
            [d.floats(shape, special=False), np.array(d.axis(len(shape)), np.int64)])


def top_k(d):
    shape = d.shape(1, 3, (1, 2, 3, 5, 7))
    axis = d.axis(len(shape))
    values = d.random.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32)
    return ({"axis": axis, "largest": d.one(0, 1), "sorted": 1, "outputs": 2},
            [values, np.array([d.random.integers(0, shape[axis] + 1)], np.int64)])


def one_hot(d):
    depth = int(d.random.choice((1, 2, 5)))
    shape = d.shape(0, 3)
    return ({"axis": d.axis(len(shape) + 1)},
            [d.integers(shape, np.int64, -depth, depth), np.array(depth, np.int64),
             np.array([0.5, 2.0], np.float32)])


def trilu(d):
    shape = d.shape(2)
    return {"upper": d.one(0, 1)}, [d.floats(shape), np.array(d.random.integers(-3, 4), np.int64)]


def split(d):
    shape = list(d.shape(1))
    axis = d.axis(len(shape))
    lengths = d.integers((d.one(1, 2, 3),), np.int64, 0, 4)
    shape[axis] = int(lengths.sum())
    return {"axis": axis, "outputs": len(lengths)}, [d.floats(shape), np.array(lengths)]


def flatten(d):
    shape = d.shape(1)
    return {"axis": int(d.random.integers(-len(shape), len(shape) + 1))}, [d.floats(shape)]


def depth_to_space(d):
    b = d.one(1, 2, 3)
    n, c, h, w = d.one(1, 2), d.one(1, 2), d.one(1, 3), d.one(1, 2, 5)
    return {"blocksize": b, "mode": d.one("DCR", "CRD")}, [d.floats((n, c * b * b, h, w))]


def space_to_depth(d):
    b = d.one(1, 2, 3)
    n, c, h, w = d.one(1, 2), d.one(1, 2), d.one(1, 3), d.one(1, 2, 5)
    return {"blocksize": b}, [d.floats((n, c, h * b, w * b))]


def conv(d):
    spatial = d.one(1, 2, 2, 3)
    group, per_group, kernels = d.one(1, 1, 2, 3), d.one(1, 2, 3), d.one(1, 2, 4)
    kernel = [d.one(1, 2, 3) for _ in range(spatial)]
    shape = [d.one(1, 2), group * per_group] + [d.one(5, 6, 7) for _ in range(spatial)]
    attrs = {"group": group, "kernel_shape": kernel,
             "strides": [d.one(1, 1, 2, 3) for _ in kernel],
             "dilations": [d.one(1, 1, 2) for _ in kernel],
             "pads": [d.one(0, 1) for _ in range(2 * spatial)]}
    return attrs, [d.floats(shape, special=False),
                   d.floats([group * kernels, per_group, *kernel], special=False),
                   d.floats([group * kernels], special=False)]


def pool(**extra):
    def make(d):
        spatial = d.one(1, 2, 2, 3)
        shape = [d.one(1, 2), d.one(1, 3)] + [d.one(4, 5, 7) for _ in range(spatial)]
        kernel = [d.one(2, 3) for _ in range(spatial)]
        attrs = {"kernel_shape": kernel, "strides": [d.one(1, 2) for _ in kernel],
                 "pads": [d.one(0, 1) for _ in range(2 * spatial)]}
        attrs.update({name: d.one(*options) for name, options in extra.items()})
        return attrs, [d.floats(shape, special=False)]
    return make


def image(d):
    return {}, [d.floats([d.one(1, 2), d.one(1, 3), *(d.one(1, 4, 5) for _ in range(d.one(1, 2)))],
                         special=False)]


def batch_normalization(d):
    shape = d.shape(2, 4, (1, 2, 3))
    c = shape[1]
    return {}, [d.floats(shape, special=False), *(d.floats([c], special=False) for _ in range(3)),
                d.floats([c], low=0.1, special=False)]


def layer_normalization(d):
    shape = d.shape(1, 4, (1, 2, 3, 5))
    axis = d.axis(len(shape))
    inner = shape[axis:]
    return {"axis": axis}, [d.floats(shape, special=False), d.floats(inner, special=False),
                            d.floats(inner, special=False)]


def instance_normalization(d):
    shape = [d.one(1, 2), d.one(1, 3), d.one(2, 5), d.one(1, 4)]
    return {}, [d.floats(shape, special=False), *(d.floats([shape[1]], special=False)
                                                  for _ in range(2))]


def lrn(d):
    return ({"size": d.one(1, 3, 5), "alpha": 0.1},
            [d.floats([d.one(1, 2), d.one(1, 4, 5), 2, d.one(1, 3)], special=False)])


def quantize(d):
    dtype = d.one(np.uint8, np.int8)
    return {}, [d.floats(d.shape(), low=-20, high=20, special=False), np.array(0.25, np.float32),
                np.array(3, dtype)]


def dequantize(d):
    dtype = d.one(np.uint8, np.int8)
    return {}, [d.integers(d.shape(), dtype, -100, 100), np.array(0.25, np.float32),
                np.array(3, dtype)]


def cast(d):
    to = d.one(TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT32, TensorProto.FLOAT16,
               TensorProto.BOOL, TensorProto.INT64)
    return {"to": to}, [d.floats(d.shape(), special=False)]


def non_zero(d):
    return {}, [d.integers(d.shape(1), np.int32, -1, 2)]


def compress(d):
    shape = d.shape(1, 3, (1, 2, 3, 5))
    axis = d.axis(len(shape))
    return {"axis": axis}, [d.floats(shape), d.bools([shape[axis]])]


def bit_shift(d):
    shapes = d.broadcast(2)
    return ({"direction": d.one("LEFT", "RIGHT")},
            [d.integers(shapes[0], np.uint8, 0, 200), d.integers(shapes[1], np.uint8, 0, 8)])


def modulo(d):
    shapes = d.broadcast(2)
    return {}, [d.integers(shapes[0], np.int32, -9, 9), d.integers(shapes[1], np.int32, 1, 5)]


def power(d):
    shapes = d.broadcast(2)
    return {}, [d.floats(shapes[0], low=0.1, special=False), d.floats(shapes[1], special=False)]


def einsum(d):
    b, i, j, k = (d.one(1, 2, 3, 5) for _ in range(4))
    equation, x, y = d.one(("bij,bjk->bik", (b, i, j), (b, j, k)), ("ij,kj->ik", (i, j), (k, j)),
                           ("i,j->ij", (i,), (j,)), ("bij,bij->", (b, i, j), (b, i, j)))
    return {"equation": equation}, [d.floats(x, special=False), d.floats(y, special=False)]


def prelu(d):
    shapes = d.broadcast(2)
    whole = np.broadcast_shapes(*shapes)
    return {}, [d.floats(whole), d.floats(shapes[1])]


def attributed(**attrs):
    return lambda d: (attrs, [d.floats(d.shape())])


# A maker gives attributes and inputs; None stands for an omitted one. "outputs" among the attributes is
# their number.
OPERATORS = {
    "Abs": unary(), "Acos": unary(-1, 1), "Acosh": unary(1), "Asin": unary(-1, 1),
    "Asinh": unary(), "Atan": unary(), "Atanh": unary(-0.9, 0.9), "Ceil": unary(),
    "Cos": unary(special=False), "Cosh": unary(), "Erf": unary(special=False), "Exp": unary(),
    "Floor": unary(), "Identity": unary(), "IsInf": lambda d: ({}, [d.floats(d.shape())]),
    "IsNaN": unary(), "Log": unary(0.1), "Neg": unary(), "Reciprocal": unary(0.5, special=False),
    "Relu": unary(), "Round": unary(), "Sigmoid": unary(special=False), "Sign": unary(),
    "Sin": unary(special=False), "Sinh": unary(), "Softplus": unary(special=False),
    "Softsign": unary(special=False), "Sqrt": unary(0.0), "Tan": unary(-1, 1, False),
    "Tanh": unary(),
    "Celu": attributed(alpha=0.7), "Elu": attributed(alpha=0.7), "Gelu": attributed(),
    "HardSigmoid": attributed(alpha=0.3), "HardSwish": attributed(), "LeakyRelu": attributed(),
    "Mish": unary(special=False), "Selu": attributed(), "Shrink": attributed(lambd=1.0, bias=0.5),
    "ThresholdedRelu": attributed(alpha=0.5),
    "Add": binary(), "Sub": binary(), "Mul": binary(), "Div": binary("integers"),
    "Pow": power, "Mod": modulo, "PRelu": prelu, "BitShift": bit_shift,
    "And": binary("bool"), "Or": binary("bool"), "Xor": binary("bool"),
    "Not": lambda d: ({}, [d.bools(d.shape())]),
    "BitwiseAnd": binary("integers"), "BitwiseOr": binary("integers"),
    "BitwiseXor": binary("integers"),
    "BitwiseNot": lambda d: ({}, [d.integers(d.shape(), d.one(*INTEGERS))]),
    "Equal": binary(), "Greater": binary(), "GreaterOrEqual": binary(), "Less": binary(),
    "LessOrEqual": binary(),
    "Max": variadic, "Mean": variadic, "Min": variadic, "Sum": variadic,
    "ReduceL1": reduction(), "ReduceL2": reduction(), "ReduceLogSum": reduction(0.1),
    "ReduceLogSumExp": reduction(), "ReduceMax": reduction(), "ReduceMean": reduction(),
    "ReduceMin": reduction(), "ReduceProd": reduction(),
    "ReduceSum": reduction(extents=EXTENTS), "ReduceSumSquare": reduction(),
    "ArgMax": arg_reduction, "ArgMin": arg_reduction,
    "Softmax": along_axis(), "LogSoftmax": along_axis(), "Hardmax": along_axis(),
    "LpNormalization": along_axis(p=2), "CumSum": cumulative,
    "MatMul": matmul, "Gemm": gemm, "Einsum": einsum, "Conv": conv,
    "AveragePool": pool(count_include_pad=(0, 1)), "MaxPool": pool(),
    "GlobalAveragePool": image, "GlobalMaxPool": image,
    "BatchNormalization": batch_normalization, "LayerNormalization": layer_normalization,
    "InstanceNormalization": instance_normalization, "LRN": lrn,
    "Transpose": transpose, "Concat": concat, "Reshape": reshape, "Squeeze": squeeze,
    "Unsqueeze": unsqueeze, "Slice": slices, "Gather": gather, "GatherElements": gather_elements,
    "ScatterElements": scatter_elements, "Pad": pad, "Tile": tile, "Expand": expand,
    "Where": where, "Clip": clip, "TopK": top_k, "OneHot": one_hot, "Trilu": trilu, "Split": split,
    "Flatten": flatten, "DepthToSpace": depth_to_space, "SpaceToDepth": space_to_depth,
    "Shape": unary(), "Size": unary(), "Cast": cast, "NonZero": non_zero, "Compress": compress,
    "QuantizeLinear": quantize, "DequantizeLinear": dequantize,
}
