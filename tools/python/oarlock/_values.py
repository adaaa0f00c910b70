"""Between numpy and the native tensors, without copying where the memory fits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from . import _native
from ._errors import InvalidError

STRING = 8

# ONNX's numbers of element types: numpy's own, and those of ml_dtypes by name.
_DTYPES = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64,
    9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 14: np.complex64,
    15: np.complex128,
}
_DTYPES = {number: np.dtype(dtype) for number, dtype in _DTYPES.items()}
_NUMBERS = {dtype: number for number, dtype in _DTYPES.items()}
_NARROW = {
    16: "bfloat16", 17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2",
    20: "float8_e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4_e2m1fn", 24: "float8_e8m0fnu",
    25: "uint2", 26: "int2",
}
_PACKED = (21, 22, 23, 25, 26)


@cache
def _narrow_dtypes() -> dict[int, np.dtype]:
    import ml_dtypes  # takes longer to import than the rest of this package; few models need it
    return {number: np.dtype(getattr(ml_dtypes, name)) for number, name in _NARROW.items()}


def dtype_of(number: int) -> np.dtype | None:
    """The numpy dtype of an element type; object for strings, None when unknown."""
    if number == STRING:
        return np.dtype(object)
    return _narrow_dtypes()[number] if number in _NARROW else _DTYPES.get(number)


def number_of(dtype: Any) -> int:
    """The reverse; anything numpy takes for a dtype."""
    dtype = np.dtype(dtype)
    number = STRING if dtype.kind in "OUST" else _NUMBERS.get(dtype)
    if number is None:
        number = next((n for n, narrow in _narrow_dtypes().items() if narrow == dtype), None)
    if number is None:
        raise InvalidError(f"arrays of type {dtype} have no ONNX element type")
    return number


def _strings(array: np.ndarray) -> _native.Tensor:
    texts = []
    for item in array.ravel().tolist():
        if isinstance(item, str):
            item = item.encode("utf-8", "surrogateescape")
        elif not isinstance(item, bytes):
            raise InvalidError(f"an array of objects holds strings, not {type(item).__name__}")
        texts.append(item)
    return _native.Tensor.from_strings(array.shape, texts)


def _map(items: dict, dtype: np.dtype | None) -> tuple[_native.Tensor, _native.Tensor]:
    keys = np.array(list(items), dtype=None if items else np.int64)
    return to_native(keys), to_native(np.array(list(items.values()), dtype=dtype))


def to_native(value: Any, dtype: np.dtype | None = None) -> Any:
    """None, arrays (anything numpy takes for one), dicts of scalars for maps, and lists of these for
    sequences. `dtype` is that of the values of a map."""
    if value is None or isinstance(value, _native.Tensor):
        return value
    if isinstance(value, (list, tuple)):
        return [to_native(item, dtype) for item in value]
    if isinstance(value, dict):
        return _map(value, dtype)
    array = np.asarray(value)
    if array.dtype.kind in "OUST":
        return _strings(array)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    number = number_of(array.dtype)
    shape = array.shape
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    # A flat view of bytes: types of ml_dtypes have no buffer of their own.
    return _native.Tensor.from_buffer(number, shape, array.reshape(-1).view(np.uint8))


def to_numpy(value: Any) -> Any:
    """The reverse; arrays share the memory of the native tensor."""
    if value is None:
        return None
    if isinstance(value, list):
        return [to_numpy(item) for item in value]
    if isinstance(value, tuple):
        keys, values = map(to_numpy, value)
        return dict(zip(keys.tolist(), values.tolist()))
    number, shape = value.dtype, value.shape
    if number == STRING:
        array = np.empty(len(value.strings()), dtype=object)
        array[:] = [text.decode("utf-8", "surrogateescape") for text in value.strings()]
        return array.reshape(shape)
    dtype = dtype_of(number)
    if number in _PACKED:
        raw = np.frombuffer(bytearray(value.unpacked()), dtype=np.uint8)
        if number == 23:
            raw = raw & 15
        return raw.view(dtype).reshape(shape)
    return np.frombuffer(value, dtype=np.uint8).view(dtype).reshape(shape)
