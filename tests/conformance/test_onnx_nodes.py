"""Every node test that the onnx package generates, on the devices reference and cpu, or on those of
OARLOCK_TEST_DEVICES=name,name.

exclusions.txt lists the cases expected not to pass; one that passes nevertheless fails as stale.
"""

import functools
import os
import pathlib
import warnings

import pytest
from onnx.backend.test.loader import load_model_tests

from . import exclusions
from .compare import assert_similar, plain

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

COUNTED_DEVICES = ("reference", "cpu")
DEVICES = tuple(os.environ.get("OARLOCK_TEST_DEVICES", ",".join(COUNTED_DEVICES)).split(","))
FILE = pathlib.Path(__file__).parent / "exclusions.txt"
EXCLUSIONS, EXCLUDED_CASES = exclusions.read(FILE)


@functools.cache
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for case in load_model_tests(kind="node")}


def run(case, device, random=False):
    from oarlock import onnx_backend

    prepared = onnx_backend.prepare(case.model, device)
    for inputs, expected in case.data_sets:
        outputs = prepared.run([plain(value) for value in inputs])
        assert len(outputs) == len(expected)
        for info, actual, wanted in zip(prepared.session.outputs, outputs, expected):
            rtol = None if random else case.rtol
            assert_similar(actual, plain(wanted), rtol, case.atol, info.name)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", sorted(cases()))
def test_node(name, device):
    exclusion = exclusions.find(EXCLUSIONS, device, name)
    if exclusion is None or exclusion.kind == "random":
        run(cases()[name], device, random=exclusion is not None)
        return
    expected = oarlock.UnsupportedError if exclusion.kind == "unsupported" else Exception
    try:
        run(cases()[name], device)
    except expected:
        pytest.xfail(exclusion.reason)
    pytest.fail(f"stale exclusion, {name} passes on {device}: {FILE.name}:{exclusion.line}")


def test_exclusions_are_needed_and_counted():
    pairs = [(device, name) for name in cases() for device in COUNTED_DEVICES]
    unused = [e for e in EXCLUSIONS if e.device in ("*", *COUNTED_DEVICES)
              and not any(e.covers(*pair) for pair in pairs)]
    assert not unused, f"exclusions that match no case: {unused}"
    excluded = sum(exclusions.find(EXCLUSIONS, *pair) is not None for pair in pairs)
    assert excluded == EXCLUDED_CASES, f"{FILE.name} says cases = {EXCLUDED_CASES}, not {excluded}"
