"""The Python package against numpy and the onnx helper functions."""

import json
import os
import subprocess
import sys
import threading

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")


def model_of(nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def tensor(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def doubled(dtype, shape=("n", 2)):
    return model_of([helper.make_node("Add", ["x", "x"], ["y"])], [tensor("x", dtype, shape)],
                    [tensor("y", dtype, shape)])


def passed_on(dtype, shape):
    return model_of([helper.make_node("Identity", ["x"], ["y"])], [tensor("x", dtype, shape)],
                    [tensor("y", dtype, shape)])


def test_devices():
    names = oarlock.devices()
    assert names[-1] == "reference"
    assert "cpu" in names


def test_convert_save_load_run(tmp_path):
    proto = doubled(TensorProto.FLOAT)
    onnx.save(proto, tmp_path / "m.onnx")
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    for source in (proto, proto.SerializeToString(), tmp_path / "m.onnx", str(tmp_path / "m.onnx")):
        model = oarlock.convert(source)
        assert model.inputs[0].name == "x"
        assert model.inputs[0].shape == ("n", 2)
        assert model.inputs[0].dtype == np.float32
    model.save(tmp_path / "m.oar")
    model.check()
    sources = [model, tmp_path / "m.oar", str(tmp_path / "m.onnx"),
               oarlock.load((tmp_path / "m.oar").read_bytes())]
    for source in sources:
        session = oarlock.Session(source, devices=["cpu"], threads=2, strict=False)
        outputs = session.run({"x": x})
        assert list(outputs) == ["y"]
        assert outputs["y"].dtype == np.float32
        np.testing.assert_array_equal(outputs["y"], x + x)
    assert oarlock.load(tmp_path / "m.oar").metadata["format_version"] == 1


def test_prepack(tmp_path):
    weights = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    proto = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])],
                     [tensor("x", TensorProto.FLOAT, (30, 40))],
                     [tensor("y", TensorProto.FLOAT, (30, 50))],
                     [onnx.numpy_helper.from_array(weights, "w")])
    model = oarlock.convert(proto)
    with pytest.raises(oarlock.InvalidError, match="not loaded from a file"):
        oarlock.Session(model, devices=["cpu"]).prepack()
    model.save(tmp_path / "m.oar")
    files = oarlock.Session(tmp_path / "m.oar", devices=["cpu"]).prepack()
    assert files == [str(tmp_path / "m.oar.packed-cpu")]
    session = oarlock.Session(tmp_path / "m.oar", devices=["cpu"])
    x = np.random.default_rng(1).standard_normal((30, 40)).astype(np.float32)
    np.testing.assert_allclose(session.run({"x": x})["y"], x @ weights, rtol=1e-4, atol=1e-5)
    assert "(1 of 1 from files)" in session.explain()


def test_import_is_light():
    """What few programs need is imported when it is."""
    rare = ("ml_dtypes", "onnx", "oarlock._converter")
    code = f"import sys, oarlock; print([m for m in {rare} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shapes_can_be_fixed():
    model = oarlock.convert(doubled(TensorProto.FLOAT), shapes={"x": (4, 2)})
    assert model.inputs[0].shape == (4, 2)
    model = oarlock.convert(doubled(TensorProto.FLOAT), shapes={"n": (5,)})
    assert model.inputs[0].shape == (5, 2)


@pytest.mark.parametrize("dtype,onnx_type", [
    (np.float32, TensorProto.FLOAT), (np.float64, TensorProto.DOUBLE),
    (np.float16, TensorProto.FLOAT16), (np.int8, TensorProto.INT8), (np.int64, TensorProto.INT64),
    (np.uint16, TensorProto.UINT16), (np.bool_, TensorProto.BOOL),
    (np.complex64, TensorProto.COMPLEX64),
    (ml_dtypes.bfloat16, TensorProto.BFLOAT16),
    (ml_dtypes.float8_e4m3fn, TensorProto.FLOAT8E4M3FN),
    (ml_dtypes.float8_e5m2fnuz, TensorProto.FLOAT8E5M2FNUZ),
    (ml_dtypes.int4, TensorProto.INT4), (ml_dtypes.uint4, TensorProto.UINT4),
    (ml_dtypes.float4_e2m1fn, TensorProto.FLOAT4E2M1),
])
@pytest.mark.parametrize("shape", [(3, 5), (), (0, 2)])
def test_element_types_pass_unchanged(dtype, onnx_type, shape):
    session = oarlock.Session(oarlock.convert(passed_on(onnx_type, shape)))
    x = np.asarray(np.random.default_rng(1).integers(-3, 4, shape)).astype(dtype)
    if dtype is np.complex64:
        x = x * (1 + 2j)
    x = np.asarray(x, dtype=dtype)
    y = session.run({"x": x})["y"]
    assert y.dtype == x.dtype and y.shape == x.shape
    np.testing.assert_array_equal(y.astype(np.complex128), x.astype(np.complex128))


def test_strings():
    session = oarlock.Session(oarlock.convert(passed_on(TensorProto.STRING, [2, 1])))
    for x in (np.array([["a"], ["grün"]], dtype=object), np.array([["a"], ["grün"]])):
        y = session.run({"x": x})["y"]
        assert y.dtype == object and y.tolist() == [["a"], ["grün"]]
    with pytest.raises(oarlock.InvalidError, match="strings"):
        session.run({"x": np.array([[1], [None]], dtype=object)})


def test_sequences():
    inputs = [tensor("a", TensorProto.FLOAT, [2]), tensor("b", TensorProto.FLOAT, [2])]
    output = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    session = oarlock.Session(oarlock.convert(
        model_of([helper.make_node("SequenceConstruct", ["a", "b"], ["s"])], inputs, [output])))
    a, b = np.float32([1, 2]), np.float32([3, 4])
    result = session.run({"a": a, "b": b})["s"]
    assert isinstance(result, list)
    np.testing.assert_array_equal(result, [a, b])


def test_arrays_of_any_memory_order():
    session = oarlock.Session(oarlock.convert(doubled(TensorProto.FLOAT)))
    x = np.arange(12, dtype=np.float32).reshape(2, 6).T[::-1]
    for each in (x, np.asfortranarray(x), x.astype(">f4"), x.tolist()):
        if isinstance(each, list):
            each = np.float32(each)
        np.testing.assert_array_equal(session.run({"x": each})["y"], x + x)


def test_outputs_belong_to_the_caller():
    session = oarlock.Session(oarlock.convert(doubled(TensorProto.FLOAT)))
    first = session.run({"x": np.float32([[1, 2]])})["y"]
    first[:] = 7
    second = session.run({"x": np.float32([[3, 4]])})["y"]
    np.testing.assert_array_equal(first, [[7, 7]])
    np.testing.assert_array_equal(second, [[6, 8]])


def test_constant_and_passed_on_outputs_may_be_written(tmp_path):
    proto = model_of([helper.make_node("Identity", ["x"], ["y"]),
                      helper.make_node("Identity", ["c"], ["z"])],
                     [tensor("x", TensorProto.FLOAT, [2])],
                     [tensor("y", TensorProto.FLOAT, [2]), tensor("z", TensorProto.FLOAT, [2])],
                     [helper.make_tensor("c", TensorProto.FLOAT, [2], [5, 6])])
    oarlock.convert(proto).save(tmp_path / "m.oar")
    session = oarlock.Session(tmp_path / "m.oar")
    x = np.float32([1, 2])
    for _ in range(2):
        outputs = session.run({"x": x})
        np.testing.assert_array_equal(outputs["z"], [5, 6])
        np.testing.assert_array_equal(outputs["y"], [1, 2])
        outputs["z"][:] = 0
        outputs["y"][:] = 0
        np.testing.assert_array_equal(x, [1, 2])


def test_errors_say_what_is_wrong(tmp_path):
    session = oarlock.Session(oarlock.convert(doubled(TensorProto.FLOAT)))
    x = np.zeros((1, 2), np.float32)
    with pytest.raises(oarlock.InvalidError, match="no input 'z'.*'x' float32"):
        session.run({"z": x})
    with pytest.raises(oarlock.InvalidError, match="'x' is missing"):
        session.run({})
    with pytest.raises(oarlock.InvalidError, match="float64"):
        session.run({"x": x.astype(np.float64)})
    with pytest.raises(oarlock.InvalidError, match="3"):
        session.run({"x": np.zeros((1, 3), np.float32)})
    with pytest.raises(oarlock.FileError, match="missing.oar"):
        oarlock.load(tmp_path / "missing.oar")
    with pytest.raises(oarlock.InvalidError, match="magic"):
        oarlock.load(b"something else")
    with pytest.raises(oarlock.Error):
        oarlock.convert(b"not an onnx model at all")
    with pytest.raises(oarlock.UnavailableError, match="abacus.*reference"):
        oarlock.Session(oarlock.convert(doubled(TensorProto.FLOAT)), devices=["abacus"])
    unknown = model_of([helper.make_node("NoSuchThing", ["x"], ["y"], domain="")],
                       [tensor("x", TensorProto.FLOAT, [1])], [tensor("y", TensorProto.FLOAT, [1])])
    with pytest.raises(oarlock.UnsupportedError, match="NoSuchThing"):
        oarlock.convert(unknown)
    assert issubclass(oarlock.InvalidError, ValueError)


def test_runs_from_many_threads_without_the_interpreter_lock(digits):
    session = oarlock.Session(oarlock.convert(digits / "digits.onnx"))
    images = np.random.default_rng(0).integers(0, 256, (8, 1, 1, 28, 28)).astype(np.uint8)
    expected = [session.run({"image": image})["probabilities"] for image in images]
    wrong = []

    def work(k):
        for _ in range(20):
            if not np.array_equal(session.run({"image": images[k]})["probabilities"], expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_explain_and_profile(tmp_path, digits):
    session = oarlock.Session(digits / "digits.onnx", devices=["reference"])
    text = session.explain()
    assert "Conv" in text and "reference" in text
    steps = session.profile(tmp_path / "trace.json")
    assert any(step["op"] == "Conv" and step["flops"] > 0 for step in steps)
    assert all(step["end_us"] >= step["start_us"] for step in steps)
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert sum(event["ph"] == "X" for event in trace["traceEvents"]) == 5 * len(steps)


def test_digits(digits):
    image = pytest.importorskip("PIL.Image")
    folder = digits / "digits"
    session = oarlock.Session(oarlock.convert(digits / "digits.onnx"))
    for digit in range(10):
        pixels = np.asarray(image.open(folder / f"{digit}.png").convert("L"))[None, None]
        assert session.run({"image": pixels})["probabilities"].argmax() == digit
