"""Every node test that the onnx package generates, on the devices reference, cpu and, where there is
one, opencl, each with the reference behind it; or on those of OARLOCK_TEST_DEVICES=name,name. The run
ends with the numbers of cases that a device did itself.

The cases of random operators are decided by properties.py. exclusions.txt lists the cases expected
not to pass; one that passes nevertheless fails as stale.
"""

import os
import pathlib

import pytest

from . import exclusions, properties, steps
from .compare import assert_similar, plain
from .node_cases import node_cases

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

COUNTED_DEVICES = ("reference", "cpu")
CHOSEN_DEVICES = tuple(filter(None, os.environ.get("OARLOCK_TEST_DEVICES", "").split(",")))
DEVICES = CHOSEN_DEVICES or COUNTED_DEVICES
SETTINGS = {"fallback": "off"}  # what fails on a device is not repeated on another
FILE = pathlib.Path(__file__).parent / "exclusions.txt"
EXCLUSIONS, EXCLUDED_CASES = exclusions.read(FILE)


def run(case, device, record_property):
    from oarlock import onnx_backend

    if case.name in properties.CHECKS:
        properties.check(case, lambda model: onnx_backend.prepare(model, device, settings=SETTINGS))
        return
    prepared = onnx_backend.prepare(case.model, device, settings=SETTINGS)
    for inputs, expected in case.data_sets:
        outputs = prepared.run([plain(value) for value in inputs])
        assert len(outputs) == len(expected)
        for info, actual, wanted in zip(prepared.session.outputs, outputs, expected):
            assert_similar(actual, plain(wanted), case.rtol, case.atol, info.name)
    steps.record(record_property, device, prepared.session)


def names_and_devices():
    pairs = [(name, device) for name in sorted(node_cases()) for device in DEVICES]
    if not CHOSEN_DEVICES and any(name.startswith("opencl") for name in oarlock.devices()):
        pairs += [(name, "opencl") for name in sorted(node_cases())]
    return pairs


@pytest.mark.parametrize("name, device", names_and_devices())
def test_node(name, device, record_property):
    exclusion = exclusions.find(EXCLUSIONS, device, name)
    if exclusion is None:
        run(node_cases()[name], device, record_property)
        return
    expected = oarlock.UnsupportedError if exclusion.kind == "unsupported" else Exception
    try:
        run(node_cases()[name], device, record_property)
    except expected:
        pytest.xfail(exclusion.reason)
    pytest.fail(f"stale exclusion, {name} passes on {device}: {FILE.name}:{exclusion.line}")


def test_exclusions_are_needed_and_counted():
    pairs = [(device, name) for name in node_cases() for device in COUNTED_DEVICES]
    unused = [e for e in EXCLUSIONS if e.device in ("*", *COUNTED_DEVICES)
              and not any(e.covers(*pair) for pair in pairs)]
    assert not unused, f"exclusions that match no case: {unused}"
    excluded = sum(exclusions.find(EXCLUSIONS, *pair) is not None for pair in pairs)
    assert excluded == EXCLUDED_CASES, f"{FILE.name} says cases = {EXCLUDED_CASES}, not {excluded}"
