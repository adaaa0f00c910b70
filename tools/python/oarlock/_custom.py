"""Operators written in Python."""

from __future__ import annotations

import atexit
import types
from typing import Any, Callable, Mapping, NamedTuple

import numpy as np

from . import _native, _values
from ._errors import InvalidError


class TensorType(NamedTuple):
    """What is known of a tensor before running."""

    dtype: np.dtype
    shape: tuple[int | None, ...]  # None for extents that are not known yet
    value: np.ndarray | None = None  # of a constant input


atexit.register(_native.release_ops)

# The numbers of the kinds of attributes, by the type that stands for a kind.
_KINDS = {int: 0, float: 1, str: 2, np.ndarray: 3, list[int]: 6, list[float]: 7, list[str]: 8}


def _attribute(name: str, given: Any) -> tuple[str, int, Any, bool]:
    """From a type, for a required attribute, or a default value."""
    if isinstance(given, (type, types.GenericAlias)):
        if given not in _KINDS:
            raise InvalidError(f"attribute '{name}': there are none of type {given}")
        return name, _KINDS[given], None, True
    if isinstance(given, (list, tuple)) and given:
        kind = _KINDS.get(list[type(given[0])])
        given = list(given)
    else:
        kind = _KINDS.get(type(given))
    if kind is None:
        raise InvalidError(f"attribute '{name}' needs a default (a number, text, an array or a list "
                           f"that is not empty), or a type such as int or list[float], not {given!r}")
    return name, kind, _values.to_native(given) if kind == 3 else given, False


def _range(counts: int | tuple[int, int | None]) -> tuple[int, int | None]:
    return (counts, counts) if isinstance(counts, int) else tuple(counts)


def _arguments(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _values.to_numpy(value) if isinstance(value, _native.Tensor) else value
            for name, value in attributes.items()}


def _results(given: Any, single: type) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) and not isinstance(given, single) \
        else [given]


def register_op(domain: str, name: str, run: Callable[..., Any],
                infer: Callable[..., Any] | None = None, *,
                inputs: int | tuple[int, int | None] = 1,
                outputs: int | tuple[int, int | None] = 1,
                attributes: Mapping[str, Any] | None = None, pure: bool = True) -> None:
    """Makes an operator known to conversions and sessions that begin afterwards.

    run(*arrays, **attributes) computes: an array for the output, or a list of them. Omitted inputs
    are None; the arrays are copies. infer(*types, **attributes) gets a TensorType for each input
    (None when omitted) and returns one for each output; without it types are known only while
    running. Both are called from any thread that converts, opens or runs, under the interpreter's
    lock, and kept until the interpreter ends. What they raise becomes an oarlock.InvalidError.

    inputs, outputs: how many, or (least, most) with None for "as many as there are".
    attributes: by name the default, or for a required one its type: int, float, str, np.ndarray,
    list[int], list[float], list[str].
    pure: whether the same inputs always give the same outputs.
    """
    described = [_attribute(key, value) for key, value in (attributes or {}).items()]

    def run_native(values: list[Any], given: dict[str, Any]) -> list[Any]:
        arrays = [_values.to_numpy(value) for value in values]
        return [_values.to_native(result)
                for result in _results(run(*arrays, **_arguments(given)), np.ndarray)]

    def infer_native(given_types: list[Any], given: dict[str, Any]) -> list[Any]:
        known = [None if each is None else TensorType(
            _values.dtype_of(each[0]), tuple(each[1]), _values.to_numpy(each[2]))
                 for each in given_types]
        assert infer is not None
        return [(_values.number_of(result[0]), list(result[1]))
                for result in _results(infer(*known, **_arguments(given)), TensorType)]

    _native.register_op(domain, name, _range(inputs), _range(outputs), described,
                        infer_native if infer else None, run_native, pure)
