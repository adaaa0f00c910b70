"""oarlock tune --precision: which nodes must stay float32 where the others are stored as float16."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper


@pytest.fixture
def model(tmp_path):
    """Squares and roots of what float16 holds: the squares in the middle overflow it."""
    def node(op, source, target):
        return helper.make_node(op, [source, source] if op == "Mul" else [source], [target],
                                name=f"{op}_{target}")

    nodes = [node("Sigmoid", "x", "a"), helper.make_node("Mul", ["a", "c"], ["b"], name="Mul_b"),
             node("Mul", "b", "square"), node("Sqrt", "square", "root"),
             helper.make_node("Mul", ["root", "d"], ["t"], name="Mul_t"),
             helper.make_node("Add", ["t", "a"], ["y"], name="Add_y")]
    constants = [onnx.numpy_helper.from_array(np.full((1, 1), value, np.float32), name)
                 for name, value in (("c", 1000), ("d", 0.001))]
    shape = ["n", 8]
    graph = helper.make_graph(nodes, "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
                              constants)
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    np.save(tmp_path / "x.npy", np.linspace(-2, 2, 16, dtype=np.float32).reshape(2, 8))
    return path


# It stores float16 as it is; the CPU computes whole chains in float32.
REFERENCE = ["--device", "reference"]


def run(command, model, *settings):
    output = model.parent / "y.npy"
    result = command("run", model, model.parent / "x.npy", "-o", output, *REFERENCE, *settings)
    assert result.returncode == 0, result.stderr
    return np.load(output)


def test_nodes_that_overflow_stay_float32(command, model):
    kept = model.parent / "kept.txt"
    tuned = command("tune", model, model.parent / "x.npy", "--precision", kept, "--json",
                    "--tolerance", "0.002", *REFERENCE)
    assert tuned.returncode == 0, tuned.stderr
    report = json.loads(tuned.stdout)
    assert report["before"] is None  # infinite
    assert report["after"] <= 0.002
    names = [line for line in kept.read_text().splitlines() if not line.startswith("#")]
    assert 0 < len(names) == report["kept"] < report["nodes"]
    half = ["--set", "storage=float16"]
    keeping = [*half, "--set", f"storage.keep={kept}"]
    exact = run(command, model)
    assert np.max(np.abs(run(command, model, *keeping) - exact)) <= 0.002 * np.max(exact)
    plan = command("explain", model, "--shape", "n=2", *REFERENCE, *keeping).stdout
    assert f"keep_as_float32 x {len(names)}" in plan
    assert "float16[2, 8]" in plan and "float32[2, 8]" in plan


def test_a_tolerance_met_at_once_keeps_nothing(command, model):
    kept = model.parent / "kept.txt"
    tuned = command("tune", model, model.parent / "x.npy", "--precision", kept, "--tolerance", "10")
    assert tuned.returncode == 0, tuned.stderr
    assert tuned.stdout.startswith("0 of ")


def test_a_missing_file_is_named(command, model):
    refused = command("run", model, model.parent / "x.npy", "--set", "storage=float16", "--set",
                      "storage.keep=no/such/file")
    assert refused.returncode == 5
    assert "storage.keep: cannot read 'no/such/file'" in refused.stderr
    unwritable = command("tune", model, model.parent / "x.npy", "--precision", "no/such/file")
    assert unwritable.returncode == 5 and "cannot write 'no/such/file'" in unwritable.stderr
