"""Quantized operators of com.microsoft against ONNX Runtime."""

import numpy as np
import pytest

from .microsoft import check, check_bytes, compare, feeds_of, model_of, random, runtime_outputs

TYPES = [np.uint8, np.int8]


def whole(rng, dtype, *shape, limit=None):
    info = np.iinfo(dtype)
    low, high = (info.min, info.max) if limit is None else (max(info.min, -limit), limit)
    return rng.integers(low, high + 1, shape).astype(dtype)


def scale(value):
    return np.array(value, np.float32)


def zero(rng, dtype):
    return np.array(rng.integers(2, 9), dtype)


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("a,b", [((7,), (7,)), ((2, 3, 5), (5,)), ((2, 1, 5), (3, 1)), ((1,), ())])
def test_binary(op, dtype, a, b):
    rng = random()
    parts = [whole(rng, dtype, *a), scale(0.02), zero(rng, dtype),
             whole(rng, dtype, *b), scale(0.03), zero(rng, dtype), scale(0.05), zero(rng, dtype)]
    check_bytes(op, parts)
    # ONNX Runtime's type inference wants the zero points that its documentation calls optional.
    omitted = [None if i in (2, 5, 7) else part for i, part in enumerate(parts)]
    zeros = [np.zeros((), dtype) if part is None else part for part in omitted]
    expected = runtime_outputs(model_of(op, zeros), feeds_of(zeros, ()))
    compare(model_of(op, omitted), feeds_of(omitted, ()), expected, rtol=0, atol=1)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(9,), (2, 3, 5)])
def test_unary(dtype, shape):
    rng = random()
    inputs = [whole(rng, dtype, *shape), scale(0.05), zero(rng, dtype), scale(0.04),
              zero(rng, dtype)]
    check_bytes("QLinearLeakyRelu", inputs, alpha=0.3, constants=(1, 2, 3, 4))
    inputs[3:] = [scale(1 / 256), np.array(0 if dtype == np.uint8 else -128, dtype)]
    check_bytes("QLinearSigmoid", inputs, constants=(1, 2, 3, 4))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("opset,axis", [(13, -1), (13, 1), (12, 1), (12, 2)])
def test_softmax(dtype, opset, axis):
    rng = random()
    inputs = [whole(rng, dtype, 2, 3, 7), scale(0.05), zero(rng, dtype), scale(1 / 256),
              np.array(0 if dtype == np.uint8 else -128, dtype)]
    check_bytes("QLinearSoftmax", inputs, constants=(1, 2, 3, 4), opset=opset, axis=axis)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("axis,count", [(1, 2), (-1, 3), (0, 1)])
def test_concat(dtype, axis, count):
    rng = random()
    inputs = [scale(0.06), zero(rng, dtype)]
    for i in range(count):
        shape = [2, 3, 5]
        shape[axis] = i + 1
        inputs += [whole(rng, dtype, *shape), scale(0.03 + 0.01 * i), zero(rng, dtype)]
    quantizers = [i for i in range(len(inputs)) if i < 2 or (i - 2) % 3]
    check_bytes("QLinearConcat", inputs, constants=quantizers, axis=axis)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels_last", [0, 1])
@pytest.mark.parametrize("attributes", [
    {"kernel_shape": [2, 3]},
    {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 1]},
    {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1], "count_include_pad": 1, "strides": [2, 2]},
])
def test_average_pool(dtype, channels_last, attributes):
    rng = random()
    x = whole(rng, dtype, 2, 5, 7, 6)
    inputs = [x, scale(0.02), zero(rng, dtype), scale(0.03), zero(rng, dtype)]
    check_bytes("QLinearAveragePool", inputs, constants=(1, 2, 3, 4), channels_last=channels_last,
                **attributes)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels_last", [0, 1])
@pytest.mark.parametrize("shape", [(1, 3, 5, 7), (2, 17, 1, 1)])
def test_global_average_pool(dtype, channels_last, shape):
    rng = random()
    inputs = [whole(rng, dtype, *shape), scale(0.02), zero(rng, dtype), scale(0.01),
              zero(rng, dtype)]
    check_bytes("QLinearGlobalAveragePool", inputs, channels_last=channels_last)


# Small numbers of b: ONNX Runtime's 16-bit intermediate sums may saturate with large ones.
@pytest.mark.parametrize("b_type", TYPES)
@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("output", [None, np.uint8])
@pytest.mark.parametrize("trans_a,trans_b,c", [(0, 0, (5,)), (1, 1, (3, 5)), (0, 1, None)])
def test_gemm(b_type, per_column, output, trans_a, trans_b, c):
    rng = random()
    a = whole(rng, np.uint8, *((11, 3) if trans_a else (3, 11)))
    b = whole(rng, b_type, *((5, 11) if trans_b else (11, 5)), limit=30)
    columns = 5 if per_column else 1
    b_scale = rng.uniform(0.01, 0.02, columns).astype(np.float32)
    b_zero = whole(rng, b_type, columns, limit=3)
    if not per_column:
        b_scale, b_zero = b_scale[0:1].reshape(()), b_zero.reshape(())
    inputs = [a, scale(0.02), zero(rng, np.uint8), b, b_scale, b_zero,
              whole(rng, np.int32, *c, limit=500) if c else None]
    if output is not None:
        inputs += [scale(0.02), np.array(120, output)]
    check_bytes("QGemm", inputs, transA=trans_a, transB=trans_b, alpha=0.5,
                constants=range(1, 9)) if output is not None else check(
        "QGemm", inputs, transA=trans_a, transB=trans_b, alpha=1.5)


@pytest.mark.parametrize("b_type", TYPES)
@pytest.mark.parametrize("a,b", [((3, 7), (7, 5)), ((2, 3, 7), (7, 1)), ((2, 1, 7), (2, 7, 4))])
@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_products_to_float(b_type, a, b, per_column, bias):
    rng = random()
    if per_column and len(b) > 2:
        pytest.skip("ONNX Runtime wants scales for every matrix of a stack")
    matrix = whole(rng, b_type, *b, limit=30)
    columns = (b[-1],) if per_column else ()
    b_scale = rng.uniform(0.01, 0.02, columns).astype(np.float32)
    b_zero = np.asarray(rng.integers(0, 4, columns), b_type)
    added = rng.standard_normal(b[-1]).astype(np.float32) if bias else None
    x = rng.standard_normal(a).astype(np.float32)
    check("DynamicQuantizeMatMul", [x, matrix, np.asarray(b_scale), b_zero, added], atol=1e-3)
    check("MatMulIntegerToFloat",
          [whole(rng, np.uint8, *a), matrix, scale(0.03), np.asarray(b_scale),
           zero(rng, np.uint8), b_zero, added])


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("rows,columns,block", [(32, 3, 16), (50, 7, 16), (96, 5, 32), (17, 1, 16)])
@pytest.mark.parametrize("zeros", [None, "packed", "float"])
@pytest.mark.parametrize("bias", [False, True])
def test_matmul_nbits(bits, rows, columns, block, zeros, bias):
    rng = random()
    blocks = -(-rows // block)
    packed = whole(rng, np.uint8, columns, blocks, block * bits // 8)
    scales = rng.uniform(0.01, 0.02, (columns, blocks)).astype(np.float32)
    zero_points = None
    if zeros == "packed":
        zero_points = whole(rng, np.uint8, columns, -(-blocks * bits // 8))
    elif zeros == "float":
        zero_points = rng.uniform(0, 2**bits - 1, (columns, blocks)).astype(np.float32)
    x = rng.standard_normal((2, 3, rows)).astype(np.float32)
    added = rng.standard_normal(columns).astype(np.float32) if bias else None
    inputs = [x, packed, scales, zero_points, None, added]
    sizes = {"K": rows, "N": columns, "bits": bits, "block_size": block}
    if bits < 8 or zeros != "float":
        check("MatMulNBits", inputs, constants=(1, 2, 3, 5), atol=1e-4, **sizes)
        return
    # ONNX Runtime does not have these.
    weights = (packed - zero_points[:, :, None]) * scales[:, :, None]
    expected = x @ weights.reshape(columns, -1)[:, :rows].T
    compare(model_of("MatMulNBits", inputs, constants=(1, 2, 3, 5), **sizes), {"x0": x},
            [expected if added is None else expected + added], atol=1e-4)


def test_matmul_nbits_with_groups():
    """Without zero points: with g_idx ONNX Runtime takes packed ones for 8."""
    rng = random()
    rows, columns, block, blocks = 64, 5, 16, 4
    packed = whole(rng, np.uint8, columns, blocks, block // 2)
    scales = rng.uniform(0.01, 0.02, (columns, blocks)).astype(np.float32)
    groups = rng.permutation(np.repeat(np.arange(blocks), block)).astype(np.int32)
    x = rng.standard_normal((3, rows)).astype(np.float32)
    check("MatMulNBits", [x, packed, scales, None, groups], constants=(1, 2, 4),
          K=rows, N=columns, bits=4, block_size=block, atol=1e-4)
