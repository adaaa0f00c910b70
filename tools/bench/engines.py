"""The engines that measure.py compares. An engine has a name and two functions:

    prepare(onnx, folder) -> path    converts a model into the engine's own file, once
    open(path, inputs, outputs, threads) -> run, where run() gives the list of outputs as numpy arrays

`inputs` maps the names of the model's inputs, in the order of the ONNX file, to arrays; `outputs`
lists the names of its outputs. Packages are imported when an engine is used, so that those of absent
engines need not be installed.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np


def convert_once(onnx, folder, suffix, convert):
    """folder/NAME+suffix, made by convert(temporary path) if it is older than the ONNX file."""
    path = folder / (onnx.stem + suffix)
    if path.exists() and path.stat().st_mtime > onnx.stat().st_mtime:
        return path
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        convert(pathlib.Path(temporary) / path.name)
        for made in pathlib.Path(temporary).iterdir():
            os.replace(made, folder / made.name)
    return path


def quietly(*command, **options):
    subprocess.run([str(c) for c in command], check=True, capture_output=True, **options)


class Oarlock:
    name = "oarlock"
    device = "cpu"

    def prepare(self, onnx, folder):
        import oarlock
        path = convert_once(onnx, folder, ".oar", lambda path: oarlock.convert(onnx).save(path))
        if self.device == "cpu":
            oarlock.Session(path, devices=[self.device]).prepack()
        return path

    def open(self, path, inputs, outputs, threads):
        import oarlock
        session = oarlock.Session(path, devices=[self.device], threads=threads)
        return lambda: list(session.run(inputs).values())


class OarlockOpenCL(Oarlock):
    name = "oarlock-opencl"
    device = "opencl"


class OnnxRuntime:
    name = "onnxruntime"

    def prepare(self, onnx, folder):
        return onnx

    def open(self, path, inputs, outputs, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(path), options,
                                               providers=["CPUExecutionProvider"])
        return lambda: session.run(outputs, inputs)


class OpenVino:
    name = "openvino"

    def prepare(self, onnx, folder):
        import openvino
        return convert_once(onnx, folder, ".xml", lambda path: openvino.save_model(
            openvino.convert_model(onnx), path, compress_to_fp16=False))

    def open(self, path, inputs, outputs, threads):
        import openvino
        compiled = openvino.compile_model(path, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY"})
        request = compiled.create_infer_request()
        arrays = list(inputs.values())
        return lambda: list(request.infer(arrays).values())


class Mnn:
    name = "mnn"

    def prepare(self, onnx, folder):
        tool = pathlib.Path(sys.executable).with_name("mnnconvert")
        return convert_once(onnx, folder, ".mnn", lambda path: quietly(
            tool, "-f", "ONNX", "--modelFile", onnx, "--MNNModel", path, "--bizCode", "bench"))

    def open(self, path, inputs, outputs, threads):
        import MNN
        runtime = MNN.nn.create_runtime_manager(
            ({"backend": 0, "precision": "high", "numThread": threads},))
        module = MNN.nn.load_module_from_file(str(path), list(inputs), outputs,
                                              runtime_manager=runtime)
        feeds = []
        for array in inputs.values():
            integers = array.dtype.kind in "iu"
            feeds.append((array.astype(np.int32 if integers else np.float32),
                          MNN.numpy.int32 if integers else MNN.numpy.float32))

        def run():
            given = []
            for array, kind in feeds:
                given.append(MNN.expr.placeholder(list(array.shape), MNN.expr.NCHW, kind))
                given[-1].write(array)
            return [np.array(value.read()) for value in module.forward(given)]
        return run


class Ncnn:
    name = "ncnn"

    def prepare(self, onnx, folder):
        import onnx as package
        shapes = []
        for info in package.load(onnx, load_external_data=False).graph.input:
            dims = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
            integer = info.type.tensor_type.elem_type == package.TensorProto.INT64
            shapes.append(str(dims).replace(" ", "") + ("i64" if integer else ""))

        def convert(path):
            # pnnx writes beside the file that it reads.
            (path.parent / onnx.name).symlink_to(onnx)
            # The program lies in the package, whose import would need PyTorch.
            tool = pathlib.Path(importlib.util.find_spec("pnnx").origin).with_name("pnnx")
            quietly(tool, onnx.name, "inputshape=" + ",".join(shapes), cwd=path.parent)
            (path.parent / onnx.name).unlink()
        return convert_once(onnx, folder, ".ncnn.param", convert)

    def open(self, path, inputs, outputs, threads):
        import ncnn
        net = ncnn.Net()
        net.opt.num_threads = threads
        for option in ("fp16_storage", "fp16_arithmetic", "fp16_packed", "bf16_storage"):
            setattr(net.opt, "use_" + option, False)
        if net.load_param(str(path)) or net.load_model(str(path.with_suffix(".bin"))):
            raise RuntimeError(f"ncnn does not load {path.name}")
        mats = [ncnn.Mat(array[0]).clone() for array in inputs.values()]

        def run():
            extractor = net.create_extractor()
            for i, mat in enumerate(mats):
                extractor.input(f"in{i}", mat)
            return [np.array(extractor.extract(f"out{i}")[1]) for i in range(len(outputs))]
        return run


ENGINES = {engine.name: engine for engine in
           (Oarlock(), OarlockOpenCL(), OnnxRuntime(), OpenVino(), Mnn(), Ncnn())}
