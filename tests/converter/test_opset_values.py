"""Nodes of old opsets compute what ONNX Runtime computes for them: every adapter of the converter,
at the first and the last opset that needs it."""

import collections

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ort = pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(7)
X = RNG.standard_normal((2, 6, 4, 5)).astype(np.float32)
CHANNELS = [np.abs(RNG.standard_normal(6)).astype(np.float32) + 0.1 for _ in range(4)]

# inputs: arrays of the operator's inputs, None for omitted ones; the first is the model's input.
Case = collections.namedtuple("Case", "op inputs attributes outputs")


def case(op, *inputs, outputs=1, x=X, **attributes):
    return Case(op, (x, *inputs), attributes, outputs)


def ints(*values):
    return np.array(values, np.int64)


REDUCTIONS = ["ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
              "ReduceProd", "ReduceSum", "ReduceSumSquare"]
ROWS = ["Softmax", "LogSoftmax", "Hardmax"]


def cases(opset):
    if opset < 18:
        for op in REDUCTIONS:
            if op != "ReduceSum" or opset < 13:
                yield case(op, axes=[1, 3], keepdims=0)
            yield case(op)
        yield case("ReduceLogSum", x=np.abs(X) + 1, keepdims=1)
        yield case("Split", axis=1, outputs=3)
    if opset < 13:
        yield case("Squeeze", x=X[:1, :, :1], axes=[0, 2])
        yield case("Squeeze", x=X[:1, :, :1])
        yield case("Unsqueeze", axes=[0, 5])
        yield case("Split", axis=3, split=[1, 4], outputs=2)
        for op in ROWS:
            yield case(op)
            for axis in range(4):
                yield case(op, axis=axis)
            yield case(op, axis=1, x=X[:, :, :1, :1])
    if opset < 11:
        yield case("Clip", min=-0.5, max=0.75)
        yield case("Clip", min=-0.5)
        yield case("Clip", x=X.astype(np.float16), max=0.5)
        yield case("Pad", pads=[0, 0, 1, 2, 0, 0, 3, 1], value=1.5)
        yield case("Pad", pads=[0, 1, 0, 0, 0, 0, 0, 0], mode="reflect")
        yield case("Pad", pads=[0, 0, -1, 0, 0, 0, 2, -2])
        yield case("Dropout", ratio=0.3)
        yield case("BatchNormalization", *CHANNELS, epsilon=1e-3)
    if opset < 10:
        yield case("Slice", starts=[1, -3], ends=[100, -1], axes=[1, 3])
        yield case("Slice", starts=[0, 2], ends=[1, 5])
        yield case("TopK", k=2, axis=1, outputs=2)
    if opset < 9:
        wide = [np.abs(RNG.standard_normal((6, 4, 5))).astype(np.float32) + 0.1 for _ in range(4)]
        yield case("BatchNormalization", *wide, spatial=0)
        yield case("Upsample", scales=[1.0, 1.0, 2.0, 3.0], mode="nearest")
        yield case("Upsample", scales=[1.0, 1.0, 2.0, 2.0], mode="linear")
    if opset == 8:
        yield scan_8()
    if opset == 9:
        for mode in ("nearest", "linear"):
            yield case("Upsample", np.array([1, 1, 2, 3], np.float32), mode=mode)
        yield case("Scatter", ints(1, 0, 1).reshape(1, 1, 1, 3),
                   np.array([5, 6, 7], np.float32).reshape(1, 1, 1, 3), axis=2)
    if opset == 10:
        for scales in ([1, 1, 2, 3], [1, 1, 0.5, 0.6], [1, 1, 0.5, 2]):
            for mode in ("nearest", "linear"):
                yield case("Resize", np.array(scales, np.float32), mode=mode)
        rois = np.array([[0.5, 0.5, 3.2, 2.7], [0, 1, 4, 3]], np.float32)
        yield case("RoiAlign", rois, ints(0, 1), output_height=2, output_width=3)
    if opset in (11, 12):
        empty = np.zeros(0, np.float32)
        yield case("Resize", empty, empty, ints(2, 6, 7, 9), mode="linear",
                   coordinate_transformation_mode="half_pixel")
        yield case("Resize", empty, np.array([1, 1, 2, 2], np.float32), mode="nearest",
                   coordinate_transformation_mode="tf_half_pixel_for_nn", nearest_mode="floor")
    if opset in (9, 11, 13):
        yield case("BatchNormalization", *CHANNELS)
        yield case("Gemm", np.ones((6, 3), np.float32), np.ones(3, np.float32),
                   x=X[:, :, 0, 0].copy(), alpha=0.5)
    if opset in (16, 19):
        grid = RNG.uniform(-1.1, 1.1, (2, 3, 3, 2)).astype(np.float32)
        for mode in ("bilinear", "nearest", "bicubic"):
            yield case("GridSample", grid, mode=mode)
    if opset in (17, 19):
        yield case("DFT", x=X.reshape(2, 6, 20, 1), axis=2)
        yield case("DFT", x=X.reshape(2, 6, 20, 1))
    if opset in (18, 20):
        yield case("GroupNormalization", CHANNELS[0][:3], CHANNELS[1][:3], num_groups=3)


def scan_8():
    """Running sums of each of two sequences, backwards."""
    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "step"], ["next"]),
         helper.make_node("Mul", ["next", "step"], ["out"])],
        "body", [value("state", 3), value("step", 3)], [value("next", 3), value("out", 3)])
    return case("Scan", X.reshape(2, 20, 6)[:, :7, :3].copy(), x=X.reshape(2, 120)[:, :3].copy(),
                outputs=2, body=body, num_scan_inputs=1, directions=[1])


def make_model(opset, chosen):
    nodes, inputs, outputs, initializers, feeds = [], [], [], [], {}
    for number, one in enumerate(chosen):
        names = []
        if one.op == "Scan":
            names.append("")  # the lengths of the sequences
        for i, array in enumerate(one.inputs):
            name = f"in{number}_{i}"
            names.append(name)
            if i == 0:
                elem = helper.np_dtype_to_tensor_dtype(array.dtype)
                inputs.append(helper.make_tensor_value_info(name, elem, array.shape))
                feeds[name] = array
            else:
                initializers.append(numpy_helper.from_array(array, name))
        results = [f"out{number}_{i}" for i in range(one.outputs)]
        outputs += [helper.make_empty_tensor_value_info(name) for name in results]
        nodes.append(helper.make_node(one.op, names, results, name=f"{one.op}_{number}",
                                      **one.attributes))
    graph = helper.make_graph(nodes, "cases", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4)
    return model, feeds


@pytest.mark.parametrize("opset", [7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20])
def test_values(command, tmp_path, opset):
    chosen = list(cases(opset))
    model, feeds = make_model(opset, chosen)
    onnx.save(model, tmp_path / "model.onnx")
    np.savez(tmp_path / "in.npz", **feeds)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = ort.InferenceSession(str(tmp_path / "model.onnx"), options)
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(names, feeds)))
    for extra in ([], ["--no-simplify"]):
        result = command("run", tmp_path / "model.onnx", tmp_path / "in.npz", "-o",
                         tmp_path / "out.npz", "--device", "reference", *extra)
        assert result.returncode == 0, result.stderr
        got = np.load(tmp_path / "out.npz")
        for name in names:
            one = chosen[int(name[3:].split("_")[0])]
            assert got[name].shape == expected[name].shape, one
            np.testing.assert_allclose(got[name].astype(np.float64),
                                       expected[name].astype(np.float64), rtol=2e-3, atol=2e-5,
                                       err_msg=str((one.op, one.attributes)))
