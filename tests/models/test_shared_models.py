"""The models of ../shared/models (or $OARLOCK_SHARED/models) against their recorded outputs.

Each .npz holds one set of inputs, in__NAME, and the outputs of another engine for it, out__NAME.
Only for tests: nothing of the folder is part of the project.
"""

import json
import os
import pathlib

import numpy as np
import pytest

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("OARLOCK_SHARED", ROOT.parent / "shared")) / "models"
MODELS = sorted(FOLDER.glob("*.onnx"))
# Largest difference allowed, as a fraction of the largest value.
TOLERANCE = 1e-3
TOLERANCES = {"squeezenet_fp16": 2e-2, "mobilenetv2_qdq": 2e-2}
# A float that is rounded to the next of few integers makes a difference of whole steps: the engine
# that recorded the outputs is itself 4e-2 away from them without its own simplification.
UNSIMPLIFIED = TOLERANCES | {"mobilenetv2_qdq": 8e-2}
# Where a network is steep, single values move much further than the mean (1e-4 of the largest); on
# the reference device they move as far.
HALF_TOLERANCE = 2e-2
HALF_TOLERANCES = {"mobilenetv2_qdq": 0.1, "ppocr_v3_det": 0.15, "yolox_nano": 0.25}
# Networks of images.
IN_IMAGES = {"mnist_cntk", "ppocr_v2_cls", "ppocr_v3_det", "squeezenet_fp16", "ultraface_rfb320",
             "ultraface_slim320_simpl", "yolox_nano"}


def recorded(model, prefix):
    with np.load(model.with_suffix(".npz")) as arrays:
        return {name.removeprefix(prefix): arrays[name]
                for name in arrays.files if name.startswith(prefix)}


def scaled_error(actual, expected):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    largest = np.max(np.abs(expected), initial=0) or 1
    return np.max(np.abs(actual - expected), initial=0) / largest


def check(outputs, model, tolerances=TOLERANCES):
    expected = recorded(model, "out__")
    assert set(outputs) == set(expected)
    for name, array in expected.items():
        assert outputs[name].dtype == array.dtype, name
        error = scaled_error(outputs[name], array)
        assert error < tolerances.get(model.stem, TOLERANCE), f"output {name}: {error:.2e}"


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("device", ["cpu", "opencl", "reference", "xrt"])
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_agrees_with_recorded_outputs(model, device, tmp_path):
    present = [name.split(":")[0] for name in oarlock.devices()]
    if device not in present:
        pytest.skip(f"device {device} is not there")
    file = tmp_path / "model.oar"
    oarlock.convert(model).save(file)
    others = ["cpu"] if device == "xrt" else []
    session = oarlock.Session(file, devices=[device, *others], settings={"fallback": "off"})
    inputs = recorded(model, "in__")
    check(session.run(inputs), model)
    check(session.run(inputs), model)  # from the cached plan


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_agrees_when_stored_as_float16(model):
    if not any(name.startswith("opencl") for name in oarlock.devices()):
        pytest.skip("no OpenCL device is there")
    session = oarlock.Session(oarlock.convert(model), devices=["opencl"],
                              settings={"storage": "float16"})
    check(session.run(recorded(model, "in__")), model, {model.stem: HALF_TOLERANCES.get(model.stem, HALF_TOLERANCE)})


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("storage", ["float32", "float16"])
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_agrees_in_images(model, storage):
    """On image2d textures wherever the OpenCL backend has kernels for them."""
    if not any(name.startswith("opencl") for name in oarlock.devices()):
        pytest.skip("no OpenCL device is there")
    half = storage == "float16"
    session = oarlock.Session(oarlock.convert(model), devices=["opencl"],
                              settings={"opencl.storage": "image", "fallback": "off"}
                              | ({"storage": storage} if half else {}))
    outputs = session.run(recorded(model, "in__"))
    check(outputs, model, {model.stem: HALF_TOLERANCES.get(model.stem, HALF_TOLERANCE)} if half
          else TOLERANCES)
    if model.stem in IN_IMAGES:
        assert "image2d/conv" in session.explain()


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("name", sorted(HALF_TOLERANCES))
def test_calibration_keeps_steep_networks_exact(name, command, tmp_path):
    if not any(device.startswith("opencl") for device in oarlock.devices()):
        pytest.skip("no OpenCL device is there")
    model = FOLDER / f"{name}.onnx"
    inputs = recorded(model, "in__")
    np.savez(tmp_path / "in.npz", **inputs)
    kept = tmp_path / "kept.txt"
    tuned = command("tune", model, tmp_path / "in.npz", "--device", "opencl", "--precision", kept,
                    "--seconds", "120", "--json")
    assert tuned.returncode == 0, tuned.stderr
    report = json.loads(tuned.stdout)
    assert report["after"] <= 0.01 < report["before"]
    assert 0 < report["kept"] < report["nodes"]
    session = oarlock.Session(oarlock.convert(model), devices=["opencl"],
                              settings={"storage": "float16", "storage.keep": str(kept)})
    check(session.run(inputs), model, {name: HALF_TOLERANCE})


@pytest.mark.skipif(not MODELS, reason="no shared models")
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_runs_without_simplification(model):
    session = oarlock.Session(oarlock.convert(model, simplify=False), simplify=False)
    check(session.run(recorded(model, "in__")), model, UNSIMPLIFIED)
