"""Gradient of ai.onnx.preview.training against differences of the function itself, in float64."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from .test_onnx_nodes import oarlock

DOMAIN = "ai.onnx.preview.training"
STEP = 1e-5


def convert(nodes, feeds, outputs, constants=()):
    values = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, x.shape)
              for n, x in feeds.items()]
    graph = helper.make_graph(nodes, "g", values,
                              [helper.make_empty_tensor_value_info(n) for n in outputs],
                              [helper.make_tensor(n, helper.np_dtype_to_tensor_dtype(c.dtype), c.shape,
                                                  c.ravel()) for n, c in dict(constants).items()])
    opsets = [helper.make_opsetid("", 22), helper.make_opsetid(DOMAIN, 1)]
    return oarlock.convert(helper.make_model(graph, opset_imports=opsets, ir_version=10))


def session(*arguments):
    return oarlock.Session(convert(*arguments), devices=["reference"])


def gradient(xs, outputs, y="y", inputs=None, zs=()):
    return helper.make_node("Gradient", list(inputs or [*xs, *zs]), outputs, domain=DOMAIN, xs=list(xs),
                            y=y, **({"zs": list(zs)} if zs else {}))


def differences(run, feeds, name):
    """Of the sum of y by each element of an input."""
    wanted = np.zeros(feeds[name].shape)
    for i in np.ndindex(wanted.shape):
        sums = []
        for step in (STEP, -STEP):
            moved = {n: x.copy() for n, x in feeds.items()}
            moved[name][i] += step
            sums.append(run(moved)["y"].sum())
        wanted[i] = (sums[0] - sums[1]) / (2 * STEP)
    return wanted


def check(nodes, feeds, constants=()):
    xs = list(feeds)
    plain = session(nodes, feeds, ["y"], constants)
    whole = session([*nodes, gradient(xs, [f"d{x}" for x in xs])], feeds,
                    ["y", *(f"d{x}" for x in xs)], constants)
    outputs = whole.run(feeds)
    for x in xs:
        assert outputs[f"d{x}"].dtype == np.float64
        np.testing.assert_allclose(outputs[f"d{x}"], differences(plain.run, feeds, x), rtol=1e-6,
                                   atol=1e-7, err_msg=x)


def values(seed, *shapes, low=-2.0, high=2.0):
    random = np.random.default_rng(seed)
    return {"abcd"[i]: random.uniform(low, high, shape) for i, shape in enumerate(shapes)}


def node(op, inputs, output="y", **attrs):
    return helper.make_node(op, inputs, [output], **attrs)


UNARY = {"Abs": {}, "Cos": {}, "Cosh": {}, "Elu": {"alpha": 0.7}, "Erf": {}, "Exp": {}, "Identity": {},
         "LeakyRelu": {"alpha": 0.2}, "Neg": {}, "Relu": {}, "Sigmoid": {}, "Sin": {}, "Sinh": {},
         "Softplus": {}, "Tanh": {}, "Softmax": {"axis": 0}, "LogSoftmax": {"axis": -1},
         "Transpose": {"perm": [1, 0]}, "Flatten": {}, "ReduceSum": {"keepdims": 0},
         "ReduceMean": {"keepdims": 0}, "ReduceSumSquare": {"keepdims": 1}}
POSITIVE = ("Log", "Sqrt", "Reciprocal", "Tan")


@pytest.mark.parametrize("op", sorted(UNARY))
def test_unary(op):
    # The square keeps the sum of a softmax, which is constant, from hiding a wrong derivative.
    check([node(op, ["a"], "z", **UNARY[op]), node("Mul", ["z", "z"])], values(1, (3, 4)))


@pytest.mark.parametrize("op", POSITIVE)
def test_unary_of_positive(op):
    check([node(op, ["a"])], values(2, (3, 4), low=0.3, high=1.2))


@pytest.mark.parametrize("op", ("Add", "Sub", "Mul", "Div", "Pow", "Sum", "Mean"))
@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (4, 1, 3)), ((), (2, 3))])
def test_binary(op, shapes):
    check([node(op, ["a", "b"])], values(3, *shapes, low=0.5, high=2.0))


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)),
                                    ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2))])
def test_matmul(shapes):
    check([node("MatMul", ["a", "b"], "z"), node("Tanh", ["z"])], values(4, *shapes))


@pytest.mark.parametrize("ta", (0, 1))
@pytest.mark.parametrize("tb", (0, 1))
def test_gemm(ta, tb):
    shapes = ((3, 2) if ta else (2, 3)), ((4, 3) if tb else (3, 4)), (4,)
    check([node("Gemm", ["a", "b", "c"], "z", transA=ta, transB=tb, alpha=0.5, beta=2.0),
           node("Sin", ["z"])], values(5, *shapes))


def test_movement():
    check([node("Reshape", ["a", "shape"], "r"), node("Unsqueeze", ["r", "axis"], "u"),
           node("Expand", ["u", "wide"], "e"), node("Squeeze", ["b", "axis"], "s"),
           node("Concat", ["e", "s"], "z", axis=-1), node("Mul", ["z", "z"])],
          values(6, (2, 3), (1, 4, 3, 2)),
          {"shape": np.array([3, 2]), "axis": np.array([0]), "wide": np.array([4, 3, 2])})


def test_reductions_over_some_axes():
    check([node("ReduceMean", ["a", "axes"], "m", keepdims=0), node("Exp", ["m"], "e"),
           node("ReduceSum", ["b", "axes"], "s"), node("Mul", ["e", "s"])],
          values(7, (2, 3, 4), (2, 3, 4)), {"axes": np.array([-1, 0])})


def test_choice_and_bounds():
    check([node("Greater", ["a", "b"], "which"), node("Where", ["which", "a", "b"], "w"),
           node("Clip", ["w", "low", "high"], "c"), node("Mul", ["c", "a"])],
          values(8, (3, 4), (3, 4)), {"low": np.array(-0.5), "high": np.array(1.0)})


def test_a_value_that_is_used_twice_and_one_that_is_not():
    check([node("Mul", ["a", "a"], "s"), node("Sin", ["a"], "t"), node("Add", ["s", "t"])],
          values(9, (3,), (2,)))


def test_at_other_values():
    """Derivatives by a and b where others stand for them."""
    feeds = values(10, (3,), (3,), (3,), (3,))
    nodes = [node("Mul", ["a", "b"], "p"), node("Exp", ["p"])]
    found = session([*nodes, gradient(["a"], ["da"], inputs=["c", "d"], zs=["b"])], feeds,
                    ["y", "da"]).run(feeds)
    np.testing.assert_allclose(found["y"], np.exp(feeds["a"] * feeds["b"]), rtol=1e-12)
    np.testing.assert_allclose(found["da"], feeds["d"] * np.exp(feeds["c"] * feeds["d"]), rtol=1e-12)


def test_of_a_gradient():
    feeds = values(11, (3,))
    found = session([node("Sin", ["a"]), gradient(["a"], ["da"]), gradient(["a"], ["dda"], y="da")],
                    feeds, ["da", "dda"]).run(feeds)
    np.testing.assert_allclose(found["dda"], -np.sin(feeds["a"]), rtol=1e-12)


def test_extents_known_only_while_running():
    graph = helper.make_graph(
        [node("Mul", ["a", "b"]), gradient(["a", "b"], ["da", "db"])], "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["m", "n"]) for n in "ab"],
        [helper.make_empty_tensor_value_info(n) for n in ("da", "db")])
    opsets = [helper.make_opsetid("", 22), helper.make_opsetid(DOMAIN, 1)]
    model = oarlock.convert(helper.make_model(graph, opset_imports=opsets, ir_version=10))
    a, b = np.ones((2, 3), np.float32), np.arange(6, dtype=np.float32).reshape(2, 3)
    found = oarlock.Session(model).run({"a": a, "b": b})
    np.testing.assert_array_equal(found["da"], b)
    np.testing.assert_array_equal(found["db"], a)


@pytest.mark.parametrize("nodes, words", [
    ([node("TopK", ["a", "k"], "y")], ("'g'", "Gradient", "TopK", "no rule")),
    ([node("Sin", ["a"], "z")], ("'g'", "Gradient", "'y'")),
])
def test_refusals(nodes, words):
    grad = helper.make_node("Gradient", ["a"], ["da"], name="g", domain=DOMAIN, xs=["a"], y="y")
    if nodes[0].op_type == "TopK":
        nodes[0].output.append("indices")
    with pytest.raises(oarlock.Error) as error:
        convert([*nodes, grad], values(12, (3,)), ["da"], {"k": np.array([2])})
    for word in words:
        assert word in str(error.value)


def test_wrong_attributes():
    grad = helper.make_node("Gradient", ["a", "a"], ["da"], name="g", domain=DOMAIN, xs=["a"], y="y")
    with pytest.raises(oarlock.Error, match="xs and zs name 1 and 0 values for 2 inputs"):
        convert([node("Sin", ["a"]), grad], values(13, (3,)), ["da"])
