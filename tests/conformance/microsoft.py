"""One node of com.microsoft, run by ONNX Runtime and by oarlock."""

import os

import numpy as np
import pytest
from onnx import helper, numpy_helper

from .compare import assert_similar

ort = pytest.importorskip("onnxruntime")
oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

DEVICES = tuple(os.environ.get("OARLOCK_TEST_DEVICES", "reference,cpu").split(","))
SEED = 11


def random(seed=SEED):
    print("seed", seed)
    return np.random.default_rng(seed)


def model_of(op, inputs, outputs=1, constants=(), domain="com.microsoft", **attributes):
    """inputs: arrays, None for omitted ones; those whose positions are in `constants` are
    initializers. outputs: their number, or a list of their names with "" for omitted ones."""
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(inputs)]
    while names and not names[-1]:
        names.pop()
    results = [f"y{i}" for i in range(outputs)] if isinstance(outputs, int) else list(outputs)
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    given = [(i, array) for i, array in enumerate(inputs) if array is not None]
    graph = helper.make_graph(
        [node], op,
        [helper.make_tensor_value_info(names[i], helper.np_dtype_to_tensor_dtype(array.dtype),
                                       array.shape) for i, array in given if i not in constants],
        [helper.make_empty_tensor_value_info(name) for name in results if name],
        [numpy_helper.from_array(array, names[i]) for i, array in given if i in constants])
    opsets = [helper.make_opsetid("", 20)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def runtime_outputs(model, feeds):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options,
                                   providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def feeds_of(inputs, constants):
    return {f"x{i}": array for i, array in enumerate(inputs)
            if array is not None and i not in constants}


def compare(model, feeds, expected, rtol=1e-4, atol=1e-5, view=None):
    """On every device, decomposed at conversion and while planning. `view` picks what of the
    outputs counts."""
    view = view or (lambda outputs: outputs)
    for device in DEVICES:
        for simplify in (True, False):
            converted = oarlock.convert(model, simplify=simplify)
            session = oarlock.Session(converted, devices=[device], simplify=simplify)
            outputs = session.run(feeds)
            actual = view([outputs[info.name] for info in session.outputs])
            assert len(actual) == len(expected)
            for i, (a, e) in enumerate(zip(actual, expected)):
                assert_similar(a, e, rtol, atol, f"{device}, simplify={simplify}, output {i}")


def check(op, inputs, outputs=1, constants=(), rtol=1e-4, atol=1e-5, view=None, **attributes):
    model = model_of(op, inputs, outputs, constants, **attributes)
    feeds = feeds_of(inputs, constants)
    expected = runtime_outputs(model, feeds)
    compare(model, feeds, view(expected) if view else expected, rtol, atol, view)


def check_bytes(op, inputs, **arguments):
    """Quantized results: rounding may differ by one."""
    check(op, inputs, rtol=0, atol=1, **arguments)
