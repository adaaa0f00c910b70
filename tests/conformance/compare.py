"""Comparison of outputs as the onnx package's own test runner does it."""

import numpy as np
from onnx import OptionalProto, SequenceProto, TensorProto, numpy_helper


def plain(value):
    """Arrays, lists and None from what the suites store."""
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, SequenceProto):
        return [plain(item) for item in numpy_helper.to_list(value)]
    if isinstance(value, OptionalProto):
        return plain(numpy_helper.to_optional(value))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def wide(array):
    """Types that numpy cannot compare with a tolerance, as float32."""
    array = np.asarray(array)
    known = array.dtype.kind in "biufc" and array.dtype.isbuiltin == 1
    return array if known else array.astype(np.float32)


def assert_similar(actual, expected, rtol, atol, where="output"):
    """rtol None: only shapes and types."""
    if expected is None:
        assert actual is None, f"{where}: expected an empty optional"
        return
    if isinstance(expected, list):
        assert isinstance(actual, list), f"{where}: expected a sequence, got {type(actual)}"
        assert len(actual) == len(expected), f"{where}: {len(actual)} items, not {len(expected)}"
        for i, (a, e) in enumerate(zip(actual, expected)):
            assert_similar(a, e, rtol, atol, f"{where}[{i}]")
        return
    expected = np.asarray(expected)
    assert isinstance(actual, np.ndarray), f"{where}: expected an array, got {type(actual)}"
    assert actual.shape == expected.shape, f"{where}: shape {actual.shape}, not {expected.shape}"
    if expected.dtype.kind in "OUST":
        assert actual.dtype == object, f"{where}: {actual.dtype}, not strings"
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in expected.ravel().tolist()]
        assert actual.ravel().tolist() == texts, where
        return
    assert actual.dtype == expected.dtype, f"{where}: {actual.dtype}, not {expected.dtype}"
    if rtol is None:
        return
    if expected.dtype.name == "bfloat16":
        rtol = max(rtol, 2.0**-6)
    np.testing.assert_allclose(wide(actual), wide(expected), rtol=rtol, atol=atol, err_msg=where)
