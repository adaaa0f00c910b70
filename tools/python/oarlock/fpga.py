"""FPGA cards: what a model would take on one, by the kernels' cost formulas.

Running and profiling is that of any device: Session(model, devices=["xrt"]), whose profile() has an
entry "fpga" for each step that used a card.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import _native
from ._errors import UnavailableError
from ._session import Model, Session


def estimate(model: Model | str | os.PathLike, platform: str = "u250", megahertz: float = 300,
             inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Explores the kernels' sizes for a card ("u250", "u50", "kv260") and a model.

    Returns a dict: layers (name, op, seconds, cycles, products, bytes, array_busy, bound), seconds
    of all, design (the sizes chosen), resources (used and present), and configuration, the text of
    a file for `cmake -C`, by which the target xclbin builds this design.
    """
    if not hasattr(_native, "fpga_estimate"):
        raise UnavailableError("built without XRT (apt: libxrt-dev uuid-dev)")
    session = Session(model, devices=["reference"])
    values = session._ordered(inputs if inputs is not None else session._made_up_inputs())
    return _native.fpga_estimate(session._model._native, values, platform, megahertz)
