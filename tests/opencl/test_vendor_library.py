"""The shared models where a vendor's library (OpenCL ML, in the shape of a stand-in on the layer of
tests/opencl/layer) takes some nodes, ordinary OpenCL kernels others, and the CPU the rest."""

import json
import os
import pathlib

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2]
MODELS = sorted((pathlib.Path(os.environ.get("OARLOCK_SHARED", FOLDER.parent / "shared")) / "models")
                .glob("*.onnx"))
TOLERANCES = {"squeezenet_fp16": 2e-2, "mobilenetv2_qdq": 2e-2}


@pytest.fixture(scope="module")
def on_layer(command, build_dir):
    """Runs the command with the layer and the backend compiled for it."""
    layer = build_dir / "test-opencl" / "libtest_opencl_layer.so"
    backend = build_dir / "test-opencl" / "liboarlock_backend_opencl.so"
    if not backend.exists():
        pytest.skip("the OpenCL backend for the stand-in was not built")
    if not any(name.startswith("opencl") for name in command("devices", "--names").stdout.split()):
        pytest.skip("no OpenCL device is there")
    environment = dict(os.environ, OPENCL_LAYERS=str(layer), OARLOCK_LAYER_ML="1")

    def run(*arguments):
        result = command(*arguments, "--device", "opencl,cpu", "--backend", backend,
                         env=environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def arrays(model, prefix):
    with np.load(model.with_suffix(".npz")) as file:
        return {name.removeprefix(prefix): file[name]
                for name in file.files if name.startswith(prefix)}


def agrees(on_layer, model, folder, *options):
    np.savez(folder / "in.npz", **arrays(model, "in__"))
    on_layer("run", model, folder / "in.npz", "-o", folder / "out.npz", *options)
    expected = arrays(model, "out__")
    with np.load(folder / "out.npz") as outputs:
        assert set(outputs.files) == set(expected)
        for name, array in expected.items():
            actual, wanted = outputs[name].astype(np.float64), array.astype(np.float64)
            error = np.max(np.abs(actual - wanted)) / (np.max(np.abs(wanted)) or 1)
            assert error < TOLERANCES.get(model.stem, 1e-3), f"{name}: {error:.2e}"


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_agrees_with_recorded_outputs(on_layer, model, tmp_path):
    agrees(on_layer, model, tmp_path)


def test_a_model_is_divided_three_ways(on_layer, shared_models, tmp_path):
    model = shared_models / "silero_vad_16k_op15.onnx"
    shapes = [argument for name, array in arrays(model, "in__").items() if array.ndim
              for argument in ("--shape", f"{name}={'x'.join(map(str, array.shape))}")]
    left_out = ("--set", "opencl.without=Pad")
    plan = json.loads(on_layer("explain", model, *shapes, *left_out, "--json"))
    places = {"library" if step["kernel"].startswith("qcom_ml/") else step["device"].split(":")[0]
              for step in plan["steps"]}
    assert places >= {"library", "opencl", "cpu"}, places
    text = on_layer("explain", model, *shapes, *left_out)
    assert " by qcom_ml), " in text.splitlines()[0]
    assert "not opencl:0 qcom_ml/" in text
    assert "not opencl:0 pad: opencl.without names Pad" in text
    assert "pad_f32_from_input" in text
    agrees(on_layer, model, tmp_path, *left_out)
