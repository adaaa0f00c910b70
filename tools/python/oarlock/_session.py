"""Models and sessions."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from . import _native, _values
from ._errors import InvalidError


class ValueInfo(NamedTuple):
    """What a model says of an input or output."""

    name: str
    type: str  # "float32[batch, 3, 224, 224]"
    kind: str  # "tensor", "sequence", "optional", "map", "unknown"
    dtype: np.dtype | None  # of the elements; object for strings
    shape: tuple[int | str | None, ...] | None  # names or None for open extents


def _infos(described: Iterable[tuple]) -> list[ValueInfo]:
    return [ValueInfo(name, text, kind, _values.dtype_of(number), shape)
            for name, text, kind, number, shape in described]


class Model:
    """A model in memory. Made by convert() or load()."""

    def __init__(self, native: _native.Model):
        self._native = native

    @property
    def inputs(self) -> list[ValueInfo]:
        return _infos(self._native.inputs())

    @property
    def outputs(self) -> list[ValueInfo]:
        return _infos(self._native.outputs())

    @property
    def metadata(self) -> dict[str, Any]:
        """Format version, producer, hashes, and the properties of the source model."""
        return self._native.metadata()

    def save(self, path: str | os.PathLike) -> None:
        """Writes an .oar file; it appears under its name only when complete."""
        self._native.save(os.fspath(path))

    def check(self) -> None:
        """Reads all weights of a loaded file and compares them with the hash in it."""
        self._native.check()

    def __str__(self) -> str:
        return self._native.graph_text()


def load(source: str | os.PathLike | bytes) -> Model:
    """Loads an .oar file, by path (mapped, not read) or from its bytes."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Model(_native.Model.load_bytes(bytes(source)))
    return Model(_native.Model.load(os.fspath(source)))


def convert(source: Any, *, shapes: Mapping[str, Sequence[int]] | None = None,
            allow_unsupported: bool = False, simplify: bool = True, golden: int = 0,
            seed: int = 1, folder: str | os.PathLike = "", weights: str = "fp32") -> Model:
    """Converts an ONNX model: a path, its bytes, or an onnx.ModelProto.

    shapes fixes inputs ({"input": (1, 3, 224, 224)}) or named dimensions ({"batch": (1,)}).
    golden stores that many seeded inputs with reference outputs, for `oarlock verify`.
    folder is where external data lies when the source is not a path.
    weights is how those of convolutions and products are stored: "fp32", "fp16", "bf16" or "int8".
    """
    from . import _converter  # loads a library that only converting needs

    if weights not in ("fp32", "fp16", "bf16", "int8"):
        raise ValueError(f"weights is fp32, fp16, bf16 or int8, not {weights!r}")
    fixed = {name: [int(d) for d in shape] for name, shape in (shapes or {}).items()}
    how = (fixed, allow_unsupported, simplify, golden, seed, weights)
    if hasattr(source, "SerializeToString"):
        source = source.SerializeToString()
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Model(_converter.convert_bytes(bytes(source), os.fspath(folder), *how))
    return Model(_converter.convert_file(os.fspath(source), *how))


def devices(backend_paths: Sequence[str] = ()) -> list[str]:
    """Names of the devices of this machine, "reference" last."""
    return [name for name, _ in _native.devices(list(backend_paths))]


class Operator(NamedTuple):
    """An operator that models may contain."""

    domain: str  # "" for ai.onnx
    name: str
    since_version: int  # opset in which its newest meaning began
    decomposed: bool  # becomes other operators; else there is a reference implementation
    backends: list[str]  # those with kernels of their own, for some types and shapes


def operators(backend_paths: Sequence[str] = ()) -> list[Operator]:
    """All operators, those of register_op() too, by domain and name."""
    return [Operator(*described) for described in _native.operators(list(backend_paths))]


class Session:
    """A model made ready to run. run() may be called from many threads at once.

    model: a Model, or the path of an .oar or .onnx file.
    devices: names in order of preference; "reference" always comes last. Default: "cpu".
    threads: of the CPU; 0: what cgroup and affinity allow.
    strict: an error instead of running a node on a less preferred device.
    settings: {"storage": "float16"} keeps float32 values in memory as float16 between nodes, while
        devices go on computing with float32; {"exact": "true"} makes the CPU sum products as the
        model has them, without Winograd; other settings are for devices.
    """

    def __init__(self, model: Model | str | os.PathLike, devices: Sequence[str] = (),
                 threads: int = 0, strict: bool = False, *, simplify: bool = True,
                 backend_paths: Sequence[str] = (),
                 settings: Mapping[str, str] | None = None):
        if not isinstance(model, Model):
            path = os.fspath(model)
            model = convert(path, simplify=False) if path.endswith(".onnx") else load(path)
        self._model = model
        if isinstance(devices, str):
            devices = [devices]
        self._native = _native.Session(model._native, list(devices), threads, strict, simplify,
                                       [os.fspath(p) for p in backend_paths], dict(settings or {}))
        self._inputs = _infos(self._native.inputs())
        self._outputs = _infos(self._native.outputs())
        self._input_names = [info.name for info in self._inputs]
        self._output_names = [info.name for info in self._outputs]

    @property
    def inputs(self) -> list[ValueInfo]:
        return list(self._inputs)

    @property
    def outputs(self) -> list[ValueInfo]:
        return list(self._outputs)

    @property
    def devices(self) -> list[str]:
        """Names and descriptions in order of preference."""
        return self._native.devices()

    def _ordered(self, inputs: Mapping[str, Any]) -> list[Any]:
        if not inputs.keys() <= set(self._input_names):
            wrong = next(name for name in inputs if name not in self._input_names)
            raise InvalidError(f"the model has no input '{wrong}'; its inputs are "
                               + ", ".join(f"'{i.name}' {i.type}" for i in self._inputs))
        values = []
        for info in self._inputs:
            if info.name not in inputs and info.kind != "optional":
                raise InvalidError(f"input '{info.name}' is missing: expected {info.type}")
            values.append(_values.to_native(inputs.get(info.name), info.dtype))
        return values

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Runs once: input arrays by name in, output arrays by name out.

        Lists are sequences, dicts maps, None an empty optional, object arrays hold strings. Arrays must have
        the input's element type; bfloat16, float8 and int4 are those of ml_dtypes.
        """
        outputs = self._native.run(self._ordered(inputs))
        return dict(zip(self._output_names, map(_values.to_numpy, outputs)))

    def explain(self) -> str:
        """A table: per node its device, kernel and layouts, and why others refused."""
        return self._native.explain()

    def prepack(self) -> list[str]:
        """Writes the weights as packed for the plans made so far beside the model's file.

        Later sessions on that file map them instead of packing, for a sooner first result. For
        models that load() has read. Returns the names of the files, "model.oar.packed-cpu".
        """
        return self._native.prepack()

    def profile(self, path: str | os.PathLike | None = None,
                inputs: Mapping[str, Any] | None = None, runs: int = 5) -> list[dict[str, Any]]:
        """Times every step of some runs; without inputs on made-up ones.

        Returns the steps of the last run (name, op, device, kernel, start_us, end_us, bytes,
        flops). What a step did on an FPGA is its "fpga": kernel_us and transfer_us on the host's
        clock, bank_bytes, unit_cycles, and modelled seconds, cycles, array_busy and bound.
        With a path, writes all runs as a Chrome trace, which ui.perfetto.dev opens.
        """
        values = self._ordered(inputs if inputs is not None else self._made_up_inputs())
        self._native.run(values)
        events, steps, begin = [], [], 0.0
        tracks: dict[str, int] = {}
        for _ in range(runs):
            _, steps = self._native.profile(values)
            for step in steps:
                track = tracks.setdefault(step["device"], len(tracks) + 1)
                events.append({"ph": "X", "name": step["name"], "cat": step["op"], "pid": 1,
                               "tid": track, "ts": begin + step["start_us"],
                               "dur": step["end_us"] - step["start_us"],
                               "args": {"operator": step["op"], "kernel": step["kernel"],
                                        "bytes": step["bytes"], "flops": step["flops"]}})
            begin += max((step["end_us"] for step in steps), default=0.0) + 1
        if path is not None:
            names = [{"ph": "M", "name": "thread_name", "pid": 1, "tid": track,
                      "args": {"name": device}} for device, track in tracks.items()]
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"displayTimeUnit": "ms", "traceEvents": names + events}, file)
        return steps

    def _made_up_inputs(self) -> dict[str, Any]:
        random = np.random.default_rng(1)
        made = {}
        for info in self._inputs:
            if info.kind == "optional":
                continue
            if info.kind != "tensor" or info.shape is None or info.dtype is None:
                raise InvalidError(f"input '{info.name}' has type {info.type}: give inputs")
            shape = [d if isinstance(d, int) else 1 for d in info.shape]
            if info.dtype == object:
                made[info.name] = np.full(shape, "s", dtype=object)
            elif info.dtype.kind in "iub":
                made[info.name] = random.integers(0, 2, shape).astype(info.dtype)
            else:
                made[info.name] = random.uniform(-1, 1, shape).astype(info.dtype)
        return made
