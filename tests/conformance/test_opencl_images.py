"""The node tests of operators with kernels on image2d textures, with the OpenCL backend forced to
these (opencl.storage=image); what they refuse runs on buffers beside them."""

import re

import pytest

from .compare import assert_similar, plain
from .node_cases import node_cases

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

WITH_KERNELS = re.compile(
    "test_(?:(?:abs|add|averagepool|basic_conv|clip|concat|conv|div|elu|erf|exp|gelu|"
    "globalaveragepool|globalmaxpool|hardsigmoid|hardswish|leakyrelu|maxpool|mish|mul|prelu|pow|"
    "reduce_max|reduce_mean|relu|sigmoid|softplus|softsign|split|sqrt|sub|tanh)(?:_|$))")
OTHERS = re.compile("convinteger|convtranspose|uint|int8|int16|expanded|bfloat16")
SETTINGS = {"opencl.storage": "image", "fallback": "off"}
NAMES = [name for name in sorted(node_cases())
         if WITH_KERNELS.match(name) and not OTHERS.search(name)]


@pytest.fixture(scope="module")
def device():
    if not any(name.startswith("opencl") for name in oarlock.devices()):
        pytest.skip("no OpenCL device is there")


@pytest.mark.parametrize("name", NAMES)
def test_node_in_images(device, name):
    from oarlock import onnx_backend

    case = node_cases()[name]
    prepared = onnx_backend.prepare(case.model, "opencl", settings=SETTINGS)
    for inputs, expected in case.data_sets:
        outputs = prepared.run([plain(value) for value in inputs])
        assert len(outputs) == len(expected)
        for info, actual, wanted in zip(prepared.session.outputs, outputs, expected):
            assert_similar(actual, plain(wanted), case.rtol, case.atol, info.name)


def test_most_cases_of_images_use_them(device):
    from oarlock import onnx_backend

    used = 0
    for name in NAMES:
        if not re.match("test_(basic_conv|conv|maxpool_2d|averagepool_2d|globalaveragepool)", name):
            continue
        prepared = onnx_backend.prepare(node_cases()[name].model, "opencl", settings=SETTINGS)
        used += "image2d/" in prepared.session.explain()
    assert used >= 20
