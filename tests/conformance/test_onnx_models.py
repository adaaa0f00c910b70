"""The models that the onnx package stores: simple ones, those converted from PyTorch, and nine whole
networks with constant weights (`light`), on the devices of test_onnx_nodes.py.

model_exclusions.txt lists what is expected not to pass.
"""

import functools
import pathlib
import warnings

import numpy as np
import onnx
import onnx.numpy_helper
import onnx.backend.test
import pytest
from onnx.backend.test.loader import load_model_tests

from . import exclusions
from .compare import assert_similar, plain
from .test_onnx_nodes import COUNTED_DEVICES, DEVICES, oarlock

DATA = pathlib.Path(onnx.backend.test.__file__).parent / "data"
FILE = pathlib.Path(__file__).parent / "model_exclusions.txt"
EXCLUSIONS, EXCLUDED_CASES = exclusions.read(FILE)
KINDS = ("simple", "pytorch-converted", "pytorch-operator")


@functools.cache
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for kind in KINDS for case in load_model_tests(kind=kind)}


def load(path, info):
    """A stored value of the type that the graph declares."""
    content = path.read_bytes()
    kinds = {"sequence_type": onnx.SequenceProto, "optional_type": onnx.OptionalProto}
    proto = kinds.get(info.type.WhichOneof("value"), onnx.TensorProto)()
    proto.ParseFromString(content)
    return plain(proto)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", sorted(cases()))
def test_model(name, device):
    from oarlock import onnx_backend

    exclusion = exclusions.find(EXCLUSIONS, device, name)
    case = cases()[name]
    folder = pathlib.Path(case.model_dir)
    try:
        model = onnx.load(folder / "model.onnx")
        prepared = onnx_backend.prepare(model, device)
        sets = sorted(folder.glob("test_data_set_*"))
        assert sets
        for data in sets:
            given = {i.name: i for i in model.graph.input}
            weights = {i.name for i in model.graph.initializer}
            inputs = [info for info in given.values() if info.name not in weights]
            if len(list(data.glob("input_*.pb"))) == len(given):
                inputs = list(given.values())
            feeds = {info.name: load(data / f"input_{i}.pb", info)
                     for i, info in enumerate(inputs)}
            wanted = {info.name for info in prepared.session.inputs}
            outputs = prepared.run({k: v for k, v in feeds.items() if k in wanted})
            for i, (info, actual) in enumerate(zip(model.graph.output, outputs, strict=True)):
                expected = load(data / f"output_{i}.pb", info)
                assert_similar(actual, expected, case.rtol, case.atol, info.name)
    except (oarlock.UnsupportedError, AssertionError):
        if exclusion is None:
            raise
        pytest.xfail(exclusion.reason)
    if exclusion is not None:
        pytest.fail(f"stale exclusion, {name} passes on {device}: {FILE.name}:{exclusion.line}")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("path", sorted((DATA / "light").glob("*.onnx")), ids=lambda p: p.stem)
def test_network(path, device):
    """The package stores the output for the input 0, 1/n, 2/n ... of n elements."""
    from oarlock import onnx_backend

    prepared = onnx_backend.prepare(onnx.load(path), device)
    feeds = {}
    for info in prepared.session.inputs:
        count = np.prod(info.shape)
        feeds[info.name] = (np.arange(count).reshape(info.shape) / count).astype(np.float32)
    outputs = prepared.run(feeds)
    for i, (info, actual) in enumerate(zip(prepared.session.outputs, outputs, strict=True)):
        stored = onnx.load_tensor(path.with_name(f"{path.stem}_output_{i}.pb"))
        assert_similar(actual, onnx.numpy_helper.to_array(stored), 1e-3, 1e-7, info.name)


def test_exclusions_are_needed_and_counted():
    pairs = [(device, name) for name in cases() for device in COUNTED_DEVICES]
    unused = [e for e in EXCLUSIONS if not any(e.covers(*pair) for pair in pairs)]
    assert not unused, f"exclusions that match no case: {unused}"
    excluded = sum(exclusions.find(EXCLUSIONS, *pair) is not None for pair in pairs)
    assert excluded == EXCLUDED_CASES, f"{FILE.name} says cases = {EXCLUDED_CASES}, not {excluded}"
