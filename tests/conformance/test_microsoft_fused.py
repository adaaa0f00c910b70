"""Activations, normalizations and fused products of com.microsoft against ONNX Runtime."""

import numpy as np
import pytest

from .microsoft import check, compare, feeds_of, model_of, oarlock, random

ODD_SHAPES = [(1,), (3, 5), (2, 1, 7), (2, 3, 4, 5), (0, 3)]


def floats(rng, *shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_gelu(shape):
    x = floats(random(), *shape, scale=2)
    check("Gelu", [x])
    check("FastGelu", [x])
    check("QuickGelu", [x])
    check("QuickGelu", [x], alpha=0.7)


@pytest.mark.parametrize("shape", [(3, 5), (2, 1, 7), (2, 3, 4, 5)])
def test_gelu_with_bias(shape):
    rng = random()
    x, bias = floats(rng, *shape), floats(rng, shape[-1])
    check("BiasGelu", [x, bias])
    check("FastGelu", [x, bias])


@pytest.mark.parametrize("shape,axis", [((3, 5), -1), ((2, 3, 7), 1), ((1, 4, 1), -1)])
def test_simplified_layer_normalization(shape, axis):
    rng = random()
    x = floats(rng, *shape)
    scale = floats(rng, *shape[axis:])
    check("SimplifiedLayerNormalization", [x, scale], domain="", axis=axis, epsilon=1e-3)
    check("SimplifiedLayerNormalization", [x, scale], outputs=2, domain="", axis=axis)


def test_layer_normalization_of_the_domain():
    rng = random()
    x, scale, bias = floats(rng, 2, 3, 7), floats(rng, 7), floats(rng, 7)
    model = model_of("LayerNormalization", [x, scale, bias], epsilon=1e-3)
    spread = np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    expected = (x - x.mean(-1, keepdims=True)) / spread * scale + bias
    compare(model, feeds_of([x, scale, bias], ()), [expected])


@pytest.mark.parametrize("shape,skip", [((2, 3, 5), (2, 3, 5)), ((1, 1, 16), (1, 1, 16)),
                                        ((2, 3, 5), (1, 3, 5)), ((2, 3, 5), (3, 5))])
@pytest.mark.parametrize("bias", [False, True])
def test_skip_layer_normalization(shape, skip, bias):
    rng = random()
    x, s = floats(rng, *shape), floats(rng, *skip)
    gamma, beta, b = (floats(rng, shape[-1]) for _ in range(3))
    extra = b if bias else None
    outputs = ["y", "", "", "sum"]
    check("SkipLayerNormalization", [x, s, gamma, beta, extra], outputs, epsilon=1e-5)
    check("SkipLayerNormalization", [x, s, gamma, None, extra])
    check("SkipSimplifiedLayerNormalization", [x, s, gamma, extra], outputs, epsilon=1e-5)


@pytest.mark.parametrize("batch,tokens,width", [(1, 1, 4), (2, 5, 8), (3, 7, 9)])
@pytest.mark.parametrize("segments,mask,ids", [(True, True, False), (False, False, False),
                                               (True, False, True)])
def test_embed_layer_normalization(batch, tokens, width, segments, mask, ids):
    rng = random()
    words = rng.integers(0, 11, (batch, tokens)).astype(np.int32)
    inputs = [words, None, floats(rng, 11, width), floats(rng, 13, width), None,
              floats(rng, width), floats(rng, width)]
    if segments:
        inputs[1] = rng.integers(0, 2, (batch, tokens)).astype(np.int32)
        inputs[4] = floats(rng, 2, width)
    seen = np.arange(tokens) < rng.integers(1, tokens + 1, (batch, 1))
    inputs.append(seen.astype(np.int32) if mask else None)
    if ids:
        inputs.append(rng.integers(0, 13, (batch, tokens)).astype(np.int32))
    check("EmbedLayerNormalization", inputs, outputs=3, epsilon=1e-5)


ACTIVATIONS = [("", []), ("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.2]),
               ("Clip", [-0.3, 0.6]), ("HardSigmoid", [0.3, 0.4])]


@pytest.mark.parametrize("activation,params", ACTIVATIONS)
@pytest.mark.parametrize("added", [False, True])
def test_fused_conv(activation, params, added):
    if added and not activation:
        pytest.skip("ONNX Runtime has no such node")
    rng = random()
    x, w, b = floats(rng, 2, 6, 7, 5), floats(rng, 9, 2, 3, 2, scale=0.3), floats(rng, 9)
    z = floats(rng, 2, 9, 4, 6) if added else None
    attributes = {"activation": activation} if activation else {}
    if params:
        attributes["activation_params"] = params
    check("FusedConv", [x, w, b, z], group=3, strides=[2, 1], pads=[1, 1, 1, 1], **attributes)


def test_nhwc_conv():
    """ONNX Runtime has it for GPUs alone: compared with Conv and transposed values."""
    rng = random()
    x, w, b = floats(rng, 2, 6, 5, 7), floats(rng, 4, 3, 3, 1), floats(rng, 4)
    plain = model_of("Conv", [x, w, b], domain="", group=2, strides=[1, 2], pads=[1, 0, 0, 0])
    session = oarlock.Session(oarlock.convert(plain), devices=["reference"])
    expected = session.run(feeds_of([x, w, b], ()))["y0"].transpose(0, 2, 3, 1)
    inputs = [np.ascontiguousarray(x.transpose(0, 2, 3, 1)), w, b]
    model = model_of("NhwcConv", inputs, group=2, strides=[1, 2], pads=[1, 0, 0, 0])
    compare(model, feeds_of(inputs, ()), [expected])


@pytest.mark.parametrize("activation,params", [
    ("Relu", {}), ("LeakyRelu", {"activation_alpha": 0.3}), ("Tanh", {}),
    ("Elu", {"activation_alpha": 0.7}), ("Softplus", {}),
    ("HardSigmoid", {"activation_alpha": 0.3, "activation_beta": 0.4})])
@pytest.mark.parametrize("trans_a,trans_b,c", [(0, 0, (5,)), (1, 1, (3, 1)), (0, 1, None)])
def test_fused_gemm(activation, params, trans_a, trans_b, c):
    rng = random()
    a, b = floats(rng, 3, 7), floats(rng, 7, 5)
    inputs = [np.ascontiguousarray(a.T) if trans_a else a,
              np.ascontiguousarray(b.T) if trans_b else b, floats(rng, *c) if c else None]
    check("FusedGemm", inputs, transA=trans_a, transB=trans_b, alpha=0.5, beta=2.0,
          activation=activation, **params)


@pytest.mark.parametrize("a,b,attributes", [
    ((3, 5), (5, 2), {}),
    ((2, 3, 5), (2, 5, 1), {"alpha": 0.25}),
    ((2, 5, 3), (2, 5, 7), {"transA": 1}),
    ((4, 1, 3, 5), (2, 7, 5), {"transB": 1, "alpha": 2.0}),
    ((5, 3), (7, 5), {"transA": 1, "transB": 1}),
    ((3, 2, 5), (2, 5, 7), {"transBatchA": 1}),
    ((3, 2, 5), (7, 2, 5), {"transBatchA": 1, "transBatchB": 1, "transB": 1}),
    ((5,), (5, 3), {}),
])
def test_fused_matmul(a, b, attributes):
    rng = random()
    check("FusedMatMul", [floats(rng, *a), floats(rng, *b)], **attributes)


@pytest.mark.parametrize("op,inputs,attributes,words", [
    ("Gelu", [np.ones(3, np.int32)], {}, ["Gelu", "float32", "int32"]),
    ("FusedGemm", [np.ones((2, 2), np.float32)] * 2, {"activation": "Sine"}, ["activation", "Sine"]),
    ("SkipLayerNormalization", [np.ones((1, 2, 4), np.float32)] * 2 + [np.ones(3, np.float32)], {},
     ["gamma", "[4]", "[3]"]),
    ("QLinearAdd", [np.ones(3, np.uint8), np.ones(2, np.float32), None, np.ones(3, np.uint8),
                    np.float32(1), None, np.float32(1)], {}, ["A_scale", "[2]"]),
    ("MultiHeadAttention", [np.ones((1, 2, 6), np.float32)] * 3, {"num_heads": 4}, ["num_heads"]),
    ("MatMulNBits", [np.ones((2, 16), np.float32), np.ones((3, 1, 8), np.uint8),
                     np.ones((3, 1), np.float32)], {"K": 16, "N": 3, "block_size": 12},
     ["block_size", "12"]),
    ("GroupQueryAttention", [np.ones((1, 1, 8), np.float32)], {"num_heads": 2, "kv_num_heads": 1},
     ["seqlens_k"]),
])
def test_refusals_name_what_is_wrong(op, inputs, attributes, words):
    inputs = [None if i is None else np.asarray(i) for i in inputs]
    with pytest.raises(oarlock.Error) as failure:
        oarlock.convert(model_of(op, inputs, **attributes))
    for word in [op, *words]:
        assert word in str(failure.value)


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (2, 3, 7, 7), (2, 0, 0)])
def test_inverse(shape):
    check("Inverse", [floats(random(), *shape) + 3 * np.eye(shape[-1], dtype=np.float32)])
