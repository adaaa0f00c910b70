"""Oarlock: converts and runs neural networks.

    model = oarlock.convert("in.onnx")      # or oarlock.load("in.oar")
    session = oarlock.Session(model, devices=["cpu"], threads=2)
    outputs = session.run({"input": array})
"""

from ._custom import TensorType, register_op
from ._errors import (CancelledError, Error, FileError, InternalError, InvalidError,
                      OutOfMemoryError, UnavailableError, UnsupportedError)
from ._native import version as _version
from ._session import Model, Operator, Session, ValueInfo, convert, devices, load, operators

__version__ = _version()
__all__ = [
    "CancelledError", "Error", "FileError", "InternalError", "InvalidError", "Model",
    "Operator", "OutOfMemoryError", "Session", "TensorType", "UnavailableError", "UnsupportedError",
    "ValueInfo", "convert", "devices", "load", "operators",
    "register_op",
]
