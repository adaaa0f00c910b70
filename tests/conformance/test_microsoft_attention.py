"""Attention operators of com.microsoft against ONNX Runtime."""

import numpy as np
import pytest

from .microsoft import check, compare, feeds_of, model_of, random, runtime_outputs

SIZES = [(1, 1, 1, 4), (2, 5, 3, 8), (3, 7, 2, 5)]  # batch, tokens, heads, width


def floats(rng, *shape, scale=1.0):
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def mask_of(rng, kind, batch, tokens, past=0):
    total = past + tokens
    ends = rng.integers(1, total + 1, batch)
    if kind == "lengths":
        return ends.astype(np.int32)
    if kind == "ends and starts":
        return np.concatenate([ends, ends - 1]).astype(np.int32)
    seen = (np.arange(total) < ends[:, None]).astype(np.int32)
    if kind == "keys":
        return seen
    if kind == "pairs":
        return np.repeat(seen[:, None], tokens, axis=1)
    return None


MASKS = [None, "keys", "pairs", "lengths", "ends and starts"]


@pytest.mark.parametrize("batch,tokens,heads,width", SIZES)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("causal", [0, 1])
def test_attention(batch, tokens, heads, width, mask, causal):
    rng = random()
    hidden = heads * width
    inputs = [floats(rng, batch, tokens, 6), floats(rng, 6, 3 * hidden, scale=0.5),
              floats(rng, 3 * hidden), mask_of(rng, mask, batch, tokens)]
    check("Attention", inputs, num_heads=heads, unidirectional=causal, atol=1e-4)


@pytest.mark.parametrize("batch,tokens,heads,width", SIZES)
@pytest.mark.parametrize("past", [0, 4])
def test_attention_with_a_cache(batch, tokens, heads, width, past):
    rng = random()
    hidden = heads * width
    inputs = [floats(rng, batch, tokens, 6), floats(rng, 6, 3 * hidden, scale=0.5),
              floats(rng, 3 * hidden), mask_of(rng, "keys", batch, tokens, past),
              floats(rng, 2, batch, heads, past, width)]
    check("Attention", inputs, 2, num_heads=heads, unidirectional=1, scale=0.3, atol=1e-4)


def test_attention_with_a_bias():
    rng = random()
    inputs = [floats(rng, 2, 5, 6), floats(rng, 6, 36, scale=0.5), floats(rng, 36), None, None,
              floats(rng, 1, 3, 5, 5)]
    check("Attention", inputs, num_heads=3, atol=1e-4)


def test_attention_with_values_of_another_width():
    rng = random()
    inputs = [floats(rng, 2, 5, 6), floats(rng, 6, 12 + 12 + 20, scale=0.5), floats(rng, 44)]
    check("Attention", inputs, num_heads=4, qkv_hidden_sizes=[12, 12, 20], atol=1e-4)


@pytest.mark.parametrize("batch,tokens,heads,width", SIZES)
@pytest.mark.parametrize("past,per_column", [(None, False), (3, True)])
def test_quantized_attention(batch, tokens, heads, width, past, per_column):
    rng = random()
    columns = 3 * heads * width
    scales = rng.uniform(0.002, 0.01, columns if per_column else ()).astype(np.float32)
    inputs = [rng.integers(0, 256, (batch, tokens, 6)).astype(np.uint8),
              rng.integers(-30, 31, (6, columns)).astype(np.int8), floats(rng, columns),
              np.array(0.02, np.float32), np.asarray(scales),
              mask_of(rng, "lengths", batch, tokens, past or 0),
              np.array(120, np.uint8), np.zeros(columns if per_column else (), np.int8)]
    if past is not None:
        inputs.append(floats(rng, 2, batch, heads, past, width))
    check("QAttention", inputs, 2 if past is not None else 1, num_heads=heads,
          unidirectional=int(past is not None), atol=1e-4)


@pytest.mark.parametrize("batch,tokens,heads,width", SIZES)
@pytest.mark.parametrize("mask", MASKS[:4])
@pytest.mark.parametrize("bias", [False, True])
def test_multi_head_attention(batch, tokens, heads, width, mask, bias):
    rng = random()
    hidden, value_hidden, keys = heads * width, heads * (width + 2), tokens + 1
    inputs = [floats(rng, batch, tokens, hidden), floats(rng, batch, keys, hidden),
              floats(rng, batch, keys, value_hidden),
              floats(rng, 2 * hidden + value_hidden) if bias else None,
              mask_of(rng, mask, batch, keys)]
    if mask == "pairs":
        inputs[4] = inputs[4][:, :tokens]
    check("MultiHeadAttention", inputs, num_heads=heads, atol=1e-4)


@pytest.mark.parametrize("batch,tokens,heads,width", SIZES)
@pytest.mark.parametrize("causal", [0, 1])
def test_multi_head_attention_with_a_cache(batch, tokens, heads, width, causal):
    rng = random()
    hidden, past = heads * width, 3
    inputs = [floats(rng, batch, tokens, hidden) for _ in range(3)]
    inputs += [None, None, floats(rng, batch, heads, tokens, past + tokens)]
    inputs += [floats(rng, batch, heads, past, width) for _ in range(2)]
    check("MultiHeadAttention", inputs, 3, num_heads=heads, unidirectional=causal, scale=0.4,
          atol=1e-4)
    check("MultiHeadAttention", inputs[:3], 3, num_heads=heads, unidirectional=causal, atol=1e-4)


def test_multi_head_attention_on_keys_with_heads_apart():
    rng = random()
    batch, tokens, keys, heads, width = 2, 3, 5, 4, 6
    inputs = [floats(rng, batch, tokens, heads * width), floats(rng, batch, heads, keys, width),
              floats(rng, batch, heads, keys, width), floats(rng, 3 * heads * width)]
    check("MultiHeadAttention", inputs[:3], num_heads=heads, atol=1e-4)
    check("MultiHeadAttention", inputs, num_heads=heads, atol=1e-4)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("batch,tokens,heads,width,rotated", [(1, 1, 1, 4, 0), (2, 5, 3, 8, 0),
                                                              (2, 3, 2, 12, 8)])
def test_rotary_embedding(interleaved, batch, tokens, heads, width, rotated):
    rng = random()
    angles = rng.uniform(-3, 3, (9, (rotated or width) // 2)).astype(np.float32)
    inputs = [floats(rng, batch, tokens, heads * width), None, np.cos(angles), np.sin(angles)]
    partial = {"rotary_embedding_dim": rotated, "num_heads": heads} if rotated else {}
    for positions in (rng.integers(0, 9, (batch, tokens)), np.array([2])):
        inputs[1] = positions.astype(np.int64)
        check("RotaryEmbedding", inputs, interleaved=interleaved, **partial)
    inputs[0] = floats(rng, batch, heads, tokens, width)
    check("RotaryEmbedding", inputs, interleaved=interleaved, **partial)


# past rows, room in the cache, new tokens of every sequence
CACHES = [((0, 0), None, 4), ((0, 0), 7, 4), ((3, 3), 3, 1), ((2, 5), 5, 1), ((2, 5), 9, 1),
          ((3,), 9, 4)]


def group_inputs(rng, lengths, room, tokens, heads, key_heads, width, packed=False, rotary=0):
    batch, total = len(lengths), max(lengths) + tokens
    query = floats(rng, batch, tokens, heads * width)
    key, value = (floats(rng, batch, tokens, key_heads * width) for _ in range(2))
    inputs = [np.concatenate([query, key, value], -1), None, None] if packed else [query, key, value]
    inputs += [None if room is None else floats(rng, batch, key_heads, room, width)
               for _ in range(2)]
    inputs += [np.array(lengths, np.int32) + tokens - 1, np.array([total], np.int32)]
    if rotary:
        angles = rng.uniform(-3, 3, (17, rotary // 2)).astype(np.float32)
        inputs += [np.cos(angles), np.sin(angles)]
    return inputs


def filled_rows(lengths, tokens):
    """Behind the keys of a sequence anything may stand in its cache."""

    def view(results):
        caches = [cache[b, :, :length + tokens] for cache in results[1:]
                  for b, length in enumerate(lengths)]
        return [results[0], *caches]

    return view


def check_group(inputs, outputs=3, lengths=(), tokens=0, **attributes):
    """The total is a constant in one case, and in the other only known when running."""
    view = filled_rows(lengths, tokens)
    for constants in ((6,), ()):
        check("GroupQueryAttention", inputs, outputs, constants=constants, view=view, atol=1e-4,
              **attributes)


@pytest.mark.parametrize("lengths,room,tokens", CACHES)
@pytest.mark.parametrize("heads,key_heads,width", [(2, 2, 16), (6, 2, 16), (3, 1, 32)])
def test_group_query_attention(lengths, room, tokens, heads, key_heads, width):
    inputs = group_inputs(random(), lengths, room, tokens, heads, key_heads, width)
    check_group(inputs, lengths=lengths, tokens=tokens, num_heads=heads, kv_num_heads=key_heads)


@pytest.mark.parametrize("lengths,room,tokens", CACHES)
@pytest.mark.parametrize("packed,interleaved", [(False, 0), (True, 1)])
def test_group_query_attention_with_rotation(lengths, room, tokens, packed, interleaved):
    inputs = group_inputs(random(), lengths, room, tokens, 4, 2, 16, packed, rotary=16)
    check_group(inputs, lengths=lengths, tokens=tokens, num_heads=4, kv_num_heads=2, do_rotary=1,
                rotary_interleaved=interleaved)


@pytest.mark.parametrize("lengths,room,tokens", CACHES)
@pytest.mark.parametrize("attributes", [
    {"local_window_size": 2}, {"softcap": 5.0, "scale": 0.5}, {"smooth_softmax": 1}])
def test_group_query_attention_with_other_scores(lengths, room, tokens, attributes):
    inputs = group_inputs(random(), lengths, room, tokens, 4, 2, 16)
    check_group(inputs, lengths=lengths, tokens=tokens, num_heads=4, kv_num_heads=2, **attributes)


@pytest.mark.parametrize("lengths,room,tokens", CACHES)
def test_group_query_attention_with_biases_and_sinks(lengths, room, tokens):
    rng = random()
    inputs = group_inputs(rng, lengths, room, tokens, 4, 2, 16)
    total = max(lengths) + tokens
    inputs += [None, None, None, floats(rng, 1, 4, tokens, total)]
    check_group(inputs, lengths=lengths, tokens=tokens, num_heads=4, kv_num_heads=2)
    check_group([*inputs, floats(rng, 4)], lengths=lengths, tokens=tokens, num_heads=4,
                kv_num_heads=2)


def test_group_query_attention_with_norms():
    """ONNX Runtime has the norms on GPUs alone: here it gets queries and keys normalized."""
    rng = random()
    inputs = group_inputs(rng, (3,), 9, 4, 4, 2, 16, rotary=16)
    weights = [floats(rng, 16), floats(rng, 16)]
    normalized = list(inputs)
    for i, weight in enumerate(weights):
        heads = inputs[i].reshape(1, 4, -1, 16)
        heads = heads / np.sqrt((heads**2).mean(-1, keepdims=True) + 1e-3) * weight
        normalized[i] = heads.reshape(inputs[i].shape)
    attributes = {"num_heads": 4, "kv_num_heads": 2, "do_rotary": 1}
    expected = runtime_outputs(model_of("GroupQueryAttention", normalized, 3, **attributes),
                               feeds_of(normalized, ()))
    view = filled_rows((3,), 4)
    inputs += [None] * 5 + weights
    model = model_of("GroupQueryAttention", inputs, 3, qk_norm_epsilon=1e-3, **attributes)
    compare(model, feeds_of(inputs, ()), view(expected), atol=1e-4, view=view)
