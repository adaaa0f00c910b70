"""CastMap, DictVectorizer and ZipMap, whose values are maps, against ONNX Runtime, and against plain
loops for the types that its Python interface lacks.
"""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from .test_onnx_nodes import DEVICES, oarlock

KINDS = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, np.int64: TensorProto.INT64,
         str: TensorProto.STRING}
SEEDS = range(24)


def map_type(key, value):
    return helper.make_map_type_proto(KINDS[key], helper.make_tensor_type_proto(KINDS[value], []))


def model(op, inputs, output, **attrs):
    node = helper.make_node(op, [i.name for i in inputs], ["y"], name="n", domain="ai.onnx.ml", **attrs)
    graph = helper.make_graph([node], "g", inputs, [output])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def of_map(op, key, value, out, **attrs):
    return model(op, [helper.make_value_info("x", map_type(key, value))],
                 helper.make_tensor_value_info("y", KINDS[out], None), **attrs)


def zip_map(key, shape, **attrs):
    output = helper.make_sequence_type_proto(map_type(key, np.float32))
    return model("ZipMap", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                 helper.make_value_info("y", output), **attrs)


def run(onnx_model, x, device="reference"):
    session = oarlock.Session(oarlock.convert(onnx_model), devices=[device])
    return session.run({"x": x})["y"]


def run_elsewhere(onnx_model, x):
    session = onnxruntime.InferenceSession(onnx_model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def random_map(random, keys, scale=10):
    count = random.integers(1, len(keys) + 1)
    return {keys[i]: float(np.float32(random.uniform(-scale, scale)))
            for i in random.permutation(len(keys))[:count]}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("to, out", [("TO_FLOAT", np.float32), ("TO_INT64", np.int64),
                                     ("TO_STRING", str)])
def test_cast_map(to, out, seed, device):
    random = np.random.default_rng(seed)
    x = random_map(random, [0, 3, 1, 9, 4])
    form = {"map_form": "SPARSE", "max_map": int(random.integers(1, 12))} if seed % 2 else {}
    made = of_map("CastMap", np.int64, np.float32, out, cast_to=to, **form)
    found, wanted = run(made, x, device), run_elsewhere(made, x)
    assert found.shape == wanted.shape
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
def test_dict_vectorizer(seed, device):
    random = np.random.default_rng(seed)
    if seed % 2:
        x = random_map(random, ["a", "b", "", "long key", "é"])
        made = of_map("DictVectorizer", str, np.float32, np.float32,
                      string_vocabulary=["b", "a", "zz", "", "é"])
    else:
        x = random_map(random, [5, -7, 0, 2**40])
        made = of_map("DictVectorizer", np.int64, np.float32, np.float32,
                      int64_vocabulary=[2**40, 1, 0, -7])
    np.testing.assert_array_equal(run(made, x, device), run_elsewhere(made, x), strict=True)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("seed", SEEDS)
def test_zip_map(seed, device):
    random = np.random.default_rng(seed)
    count, rows = int(random.integers(1, 5)), int(random.integers(1, 4))
    x = random.uniform(-1, 1, (rows, count) if seed % 3 else (count,)).astype(np.float32)
    labels = random.permutation(10)[:count].tolist()
    made = (zip_map(np.int64, x.shape, classlabels_int64s=labels) if seed % 2 else
            zip_map(str, x.shape, classlabels_strings=[f"label {i}" for i in labels]))
    assert run(made, x, device) == run_elsewhere(made, x)


@pytest.mark.parametrize("key, value, keys, values", [
    (str, np.int64, ["a", "b"], [3, -4]), (str, np.float64, ["b", "a"], [0.1, 1e300]),
    (np.int64, np.float64, [7, 1], [0.1, 2.5]), (np.int64, str, [1, 7], ["one", "seven"]),
])
def test_types_of_dict_vectorizer(key, value, keys, values):
    x = dict(zip(keys, values))
    words = key is str
    vocabulary = ["a", "none", "b"] if words else [7, 2, 1]
    made = of_map("DictVectorizer", key, value, value,
                  **{"string_vocabulary" if words else "int64_vocabulary": vocabulary})
    nothing = "" if value is str else 0
    assert run(made, x).tolist() == [[x.get(k, nothing) for k in vocabulary]]


def test_texts_of_cast_map():
    x = {4: "2.5", 1: "-3"}
    assert run(of_map("CastMap", np.int64, str, np.float32), x).tolist() == [[-3.0, 2.5]]
    assert run(of_map("CastMap", np.int64, str, str, cast_to="TO_STRING"), x).tolist() == [["-3", "2.5"]]
    with pytest.raises(oarlock.Error, match="the value 'two' is not a number"):
        run(of_map("CastMap", np.int64, str, np.float32), {0: "two"})


def test_what_a_model_says_of_maps():
    session = oarlock.Session(oarlock.convert(zip_map(str, [None, 2], classlabels_strings=["a", "b"])))
    assert session.outputs[0].type == "sequence(map(string, float32))"
    info = oarlock.convert(of_map("CastMap", np.int64, np.float32, np.float32)).inputs[0]
    assert (info.type, info.kind, info.dtype) == ("map(int64, float32)", "map", np.float32)


def test_maps_in_files(tmp_path):
    """Types and recorded values of maps survive a file, and the recorded ones come out again."""
    made = of_map("DictVectorizer", str, np.float32, np.float32, string_vocabulary=["a", "b"])
    path = tmp_path / "x.oar"
    oarlock.convert(made, golden=2).save(path)
    session = oarlock.Session(oarlock.load(path))
    assert session.run({"x": {"b": 1.5}})["y"].tolist() == [[0.0, 1.5]]


def test_command_reads_and_writes_maps(tmp_path, command):
    made = of_map("CastMap", np.int64, np.float32, np.float32)
    oarlock.convert(made, golden=1).save(tmp_path / "c.oar")
    assert command("verify", tmp_path / "c.oar").returncode == 0
    np.savez(tmp_path / "in.npz", **{"x.keys": np.array([5, 2]),
                                     "x.values": np.array([0.5, 2.0], np.float32)})
    done = command("run", tmp_path / "c.oar", "--input", tmp_path / "in.npz", "-o", tmp_path / "out.npz")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "out.npz")["y"].tolist() == [[2.0, 0.5]]
    oarlock.convert(zip_map(np.int64, [1, 2], classlabels_int64s=[8, 3])).save(tmp_path / "z.oar")
    np.savez(tmp_path / "in.npz", x=np.array([[0.25, 4.0]], np.float32))
    done = command("run", tmp_path / "z.oar", "--input", tmp_path / "in.npz", "-o", tmp_path / "out.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        assert out["y.0.keys"].tolist() == [3, 8] and out["y.0.values"].tolist() == [4.0, 0.25]


@pytest.mark.parametrize("made, x, words", [
    (of_map("CastMap", np.int64, np.float32, np.float32), {"a": 1.0}, "map(int64, float32)"),
    (of_map("CastMap", np.int64, np.float32, np.float32), np.ones(3, np.float32), "no map"),
    (of_map("CastMap", np.int64, np.float32, np.float32, map_form="SPARSE", max_map=3), {-1: 1.0},
     "the key -1"),
    (of_map("CastMap", str, np.float32, np.float32), None, "expected map(int64, float32)"),
    (of_map("CastMap", np.int64, np.float32, np.float32, cast_to="TO_INT"), None, "cast_to"),
    (of_map("CastMap", np.int64, np.float32, np.float32, map_form="THICK"), None, "map_form"),
    (of_map("CastMap", np.int64, np.float32, np.float32, map_form="SPARSE", max_map=0), None, "max_map"),
    (of_map("DictVectorizer", str, np.float32, np.float32, int64_vocabulary=[1]), None, "int64"),
    (of_map("DictVectorizer", str, np.float32, np.float32), None, "string_vocabulary"),
    (of_map("DictVectorizer", str, str, str, string_vocabulary=["a"]), None, "another type"),
    (zip_map(np.int64, [2, 3], classlabels_int64s=[1, 2]), None, "3 columns"),
    (zip_map(np.int64, [2, 3]), None, "classlabels_int64s"),
    (zip_map(np.int64, [2, 1], classlabels_int64s=[1], classlabels_strings=["a"]), None,
     "exactly one"),
])
def test_refusals(made, x, words):
    with pytest.raises(oarlock.Error) as error:
        session = oarlock.Session(oarlock.convert(made), devices=["reference"])
        session.run({"x": x})
    assert words in str(error.value)
