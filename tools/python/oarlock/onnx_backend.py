"""The interface of onnx.backend.base: prepare() a model for a device, then run() it.

    import oarlock.onnx_backend as backend
    outputs = backend.prepare(onnx.load("in.onnx"), "CPU").run([array])

A device is "CPU" or any name of oarlock.devices(), in upper or lower case.
"""

from __future__ import annotations

from typing import Any, Sequence

from onnx import ModelProto, NodeProto, helper
from onnx.backend.base import Backend, BackendRep, namedtupledict

from . import convert, devices
from ._session import Session


def _device_name(device: str) -> str:
    name = device.lower()
    return name[:-2] if name.endswith(":0") and name[:-2] in devices() else name


class OarlockRep(BackendRep):
    """A model prepared for one device."""

    def __init__(self, session: Session):
        self.session = session

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """inputs: arrays in the model's order, or a dict by name. Outputs by position or name."""
        if not isinstance(inputs, dict):
            if not isinstance(inputs, (list, tuple)):
                inputs = [inputs]
            names = [info.name for info in self.session.inputs]
            inputs = dict(zip(names, inputs))
        outputs = self.session.run(inputs)
        fields = [info.name for info in self.session.outputs]
        return namedtupledict("Outputs", fields)(*(outputs[name] for name in fields))


class OarlockBackend(Backend):
    """Static methods that onnx.backend.test and others call."""

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return _device_name(device) in devices()

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> OarlockRep:
        known = ("threads", "strict", "simplify", "settings")
        options = {key: kwargs[key] for key in known if key in kwargs}
        converted = convert(model, simplify=False, folder=kwargs.get("folder", ""))
        return OarlockRep(Session(converted, devices=[_device_name(device)], **options))

    @classmethod
    def run_model(cls, model: ModelProto, inputs: Any, device: str = "CPU",
                  **kwargs: Any) -> tuple[Any, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node: NodeProto, inputs: Sequence[Any], device: str = "CPU",
                 outputs_info: Any = None, **kwargs: Any) -> tuple[Any, ...]:
        """Runs one node of the newest opset, or of kwargs["opset_version"]."""
        arrays = dict(zip([name for name in node.input if name], inputs))
        values = [_value_info(name, array) for name, array in arrays.items()]
        results = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = helper.make_graph([node], "node", values, results)
        opset = helper.make_opsetid(node.domain, kwargs.pop("opset_version", None)
                                    or helper.defs.onnx_opset_version())
        model = helper.make_model(graph, opset_imports=[opset])
        return cls.run_model(model, arrays, device, **kwargs)


def _value_info(name: str, array: Any) -> Any:
    import numpy as np

    array = np.asarray(array)
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, kind, array.shape)


is_compatible = OarlockBackend.is_compatible
prepare = OarlockBackend.prepare
run_model = OarlockBackend.run_model
run_node = OarlockBackend.run_node
supports_device = OarlockBackend.supports_device
