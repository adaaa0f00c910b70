"""Seeded random cases of each operator against ONNX's reference evaluator or ONNX Runtime: shapes with
zero, one and odd extents, broadcasting, negative axes, NaN and infinities, empty tensors, arrays with
strides.

A case is named by its operator and seed; `-k "Softmax-7"` runs one again. Where the other
implementation refuses a case there is nothing to compare with; COMPARED of SEEDS must remain.
"""

import functools
import warnings

import numpy as np
import onnxruntime
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from . import random_basic, random_ml, random_networks, random_others
from .compare import assert_similar
from .drawing import Draw, Nodes
from .test_onnx_nodes import DEVICES, oarlock

SEEDS = range(24)
COMPARED = 20
OPERATORS = {**random_basic.OPERATORS, **random_ml.OPERATORS, **random_networks.OPERATORS,
             **random_others.OPERATORS}

# Operators newer than opset 22, and those that ONNX Runtime knows only before it.
OPSETS = {"GlobalLpPool": 21, "MaxRoiPool": 21, "Attention": 23, "RMSNormalization": 23, "RotaryEmbedding": 23, "Swish": 24,
          "TensorScatter": 24, "BitCast": 26, "CumProd": 26, "CausalConvWithState": 27,
          "LinearAttention": 27, "SwiGLU": 28}
DOMAINS = {"ai.onnx.ml": 5, "ai.onnx.preview": 1, "ai.onnx.preview.training": 1}

# Where the reference evaluator lacks the operator or is wrong: it pools over the channels, takes other
# neighbours, cuts slices with negative steps as Python does, runs recurrent operators forwards only.
BY_RUNTIME = {"ConvTranspose", "GRU", "GlobalLpPool", "GlobalMaxPool", "GridSample", "LRN", "LSTM",
              "Loop", "MaxPool", "Mean", "MaxRoiPool", "Optional", "OptionalGetElement",
              "OptionalHasElement", "RNN", "Scan", "Slice",
              "StringNormalizer", "TfIdfVectorizer", "Unique",
              "ai.onnx.ml.CategoryMapper"}
# Where the evaluator gives float64 for float32.
WIDER = {"ai.onnx.preview.training.Adam"}
# Covered otherwise: by properties.py and the tests of the generators; by pictures; by ONNX Runtime in
# test_microsoft_*.py; in test_maps.py.
ELSEWHERE = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
             "RandomUniformLike", "ImageDecoder", "SimplifiedLayerNormalization",
             "ai.onnx.ml.CastMap", "ai.onnx.ml.DictVectorizer", "ai.onnx.ml.ZipMap"}


def build(op, attrs, inputs):
    domain, _, name = op.rpartition(".")
    attrs = dict(attrs)
    outputs = [f"y{i}" for i in range(attrs.pop("outputs", 1))]
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    while names and not names[-1]:
        names.pop()
    node = helper.make_node(name, names, outputs, name=name, domain=domain, **attrs)
    feeds = {n: x for n, x in zip(names, inputs) if n}
    return build_graph(op, Nodes([node], feeds, outputs))


def build_graph(op, made):
    values = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
              for n, x in made.feeds.items()]
    graph = helper.make_graph(made.nodes, "random", values,
                              [helper.make_empty_tensor_value_info(n) for n in made.outputs])
    opsets = [helper.make_opsetid("", OPSETS.get(op, 22))]
    domain = op.rpartition(".")[0]
    if domain:
        opsets.append(helper.make_opsetid(domain, DOMAINS[domain]))
    return helper.make_model(graph, opset_imports=opsets, ir_version=10), made.feeds


def run_elsewhere(op, model, feeds):
    feeds = {name: np.array(x, order="C") for name, x in feeds.items()}
    if op in BY_RUNTIME:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        return session.run(None, feeds)
    return ReferenceEvaluator(model).run(None, feeds)


REFUSALS = (ValueError, IndexError, TypeError, RuntimeError, runtime_errors.NotImplemented,
            runtime_errors.InvalidArgument, runtime_errors.RuntimeException, runtime_errors.Fail)


@functools.lru_cache(maxsize=8)
def case(op, seed):
    """The model, its inputs, and the outputs elsewhere or the error that came instead."""
    made = OPERATORS[op](Draw([seed, *op.encode()]))
    model, feeds = build_graph(op, made) if isinstance(made, Nodes) else build(op, *made)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return model, feeds, run_elsewhere(op, model, feeds)
        except REFUSALS as error:
            return model, feeds, error


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_random(op, seed, device):
    model, feeds, expected = case(op, seed)
    print(f"{op}, seed {seed}: {[f'{n} {x.dtype}{list(x.shape)}' for n, x in feeds.items()]}")
    session = oarlock.Session(oarlock.convert(model, simplify=False), devices=[device])
    if isinstance(expected, Exception):
        pytest.skip(f"there is nothing to compare with: {expected}")
    actual = list(session.run(feeds).values())
    half = any(x.dtype == np.float16 for x in feeds.values())
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        e = e if isinstance(e, list) or e is None else np.asarray(e)
        if op in WIDER:
            e = e.astype(a.dtype)
        assert_similar(a, e, 4e-3 if half else 2e-4, 4e-3 if half else 1e-5, f"y{i}")


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_enough_is_compared(op):
    compared = sum(not isinstance(case(op, seed)[2], Exception) for seed in SEEDS)
    assert compared >= COMPARED, f"{compared} cases of {len(SEEDS)}"


def test_every_operator_has_cases():
    known = {".".join(filter(None, (each.domain, each.name))) for each in oarlock.operators()
             if each.domain in ("", *DOMAINS)}
    assert known - ELSEWHERE == set(OPERATORS)
