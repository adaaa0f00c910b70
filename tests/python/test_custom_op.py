"""Operators registered from Python, against numpy."""

import threading

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")

DOMAIN = "test.python"
DEVICES = ["reference", "cpu"]


def model_of(op, inputs, outputs, initializers=(), **attributes):
    names = [i if isinstance(i, str) else i.name for i in inputs]
    results = [o.name for o in outputs]
    graph = helper.make_graph(
        [helper.make_node(op, names, results, domain=DOMAIN, name="mine", **attributes)], "g",
        [i for i in inputs if not isinstance(i, str)], outputs, list(initializers))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def tensor(name, shape=("n",), dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def same(x, *others, **attributes):
    return oarlock.TensorType(x.dtype, x.shape)


def session_of(model, device="reference", **options):
    return oarlock.Session(oarlock.convert(model), devices=[device], **options)


@pytest.mark.parametrize("device", DEVICES)
def test_attributes_and_optional_inputs(device):
    seen = {}

    def run(x, y=None, **attributes):
        seen.update(attributes)
        return x * attributes["factor"] + (0 if y is None else y)

    oarlock.register_op(DOMAIN, "Scale", run, same, inputs=(1, 2), attributes={
        "factor": 2.0, "steps": 3, "mode": "plain", "needed": list[int], "names": ["a", "b"],
        "table": np.array([1, 2], np.int64)})
    x = np.array([1, -2.5, 4], np.float32)
    session = session_of(model_of("Scale", [tensor("x"), tensor("z")], [tensor("y")], needed=[4, 5],
                                  mode="other"), device)
    np.testing.assert_array_equal(session.run({"x": x, "z": x + 1})["y"], 3 * x + 1)
    table = seen.pop("table")
    np.testing.assert_array_equal(table, [1, 2])
    assert seen == {"factor": 2.0, "steps": 3, "mode": "other", "needed": [4, 5],
                    "names": ["a", "b"]}
    session = session_of(model_of("Scale", [tensor("x")], [tensor("y")], needed=[1], factor=0.5))
    np.testing.assert_array_equal(session.run({"x": x})["y"], x / 2)


@pytest.mark.parametrize("device", DEVICES)
def test_several_outputs_between_other_nodes(device):
    oarlock.register_op(DOMAIN, "Parts", lambda x: [np.floor(x), x - np.floor(x)],
                        lambda x: [same(x), same(x)], outputs=2)
    model = model_of("Parts", [tensor("x", (2, "n"))], [tensor("whole", (2, "n")),
                                                        tensor("rest", (2, "n"))])
    model.graph.node[0].input[0] = "twice"
    model.graph.node.insert(0, helper.make_node("Add", ["x", "x"], ["twice"]))
    model.graph.node.append(helper.make_node("MatMul", ["whole", "turned"], ["product"]))
    model.graph.node.insert(2, helper.make_node("Transpose", ["rest"], ["turned"]))
    model.graph.output.append(tensor("product", (2, 2)))
    x = np.random.default_rng(3).standard_normal((2, 5)).astype(np.float32)
    outputs = session_of(model, device).run({"x": x})
    whole = np.floor(2 * x)
    np.testing.assert_array_equal(outputs["whole"], whole)
    np.testing.assert_array_equal(outputs["rest"], 2 * x - whole)
    np.testing.assert_allclose(outputs["product"], whole @ (2 * x - whole).T, rtol=1e-5)


def test_types_known_only_while_running():
    oarlock.register_op(DOMAIN, "Positive", lambda x: x[x > 0])
    model = model_of("Positive", [tensor("x")], [tensor("kept", ("m",))])
    model.graph.node.append(helper.make_node("Neg", ["kept"], ["y"]))
    model.graph.output.append(tensor("y", ("m",)))
    x = np.array([1, -2, 3], np.float32)
    np.testing.assert_array_equal(session_of(model, "cpu").run({"x": x})["y"], [-1, -3])


def test_constant_inputs_are_known_and_folded():
    calls = []

    def infer(x, count):
        return oarlock.TensorType(x.dtype, (int(count.value),) + tuple(x.shape))

    def run(x, count):
        calls.append(1)
        return np.stack([x] * int(count))

    oarlock.register_op(DOMAIN, "Stack", run, infer, inputs=2)
    constants = [numpy_helper.from_array(np.array(3, np.int64), "count"),
                 numpy_helper.from_array(np.arange(4, dtype=np.float32), "x")]
    session = session_of(model_of("Stack", [tensor("x", (2,)), "count"],
                                  [tensor("y", (3, 2))], constants[:1]))
    x = np.array([1, 2], np.float32)
    np.testing.assert_array_equal(session.run({"x": x})["y"], [x] * 3)
    calls.clear()
    session = session_of(model_of("Stack", ["x", "count"], [tensor("y", (3, 4))], constants))
    assert calls
    calls.clear()
    np.testing.assert_array_equal(session.run({})["y"], [np.arange(4)] * 3)
    assert not calls


def test_strings_and_integers():
    oarlock.register_op(DOMAIN, "Lengths",
                        lambda x: np.array([len(t) for t in x.ravel()], np.int64).reshape(x.shape),
                        lambda x: oarlock.TensorType(np.int64, x.shape))
    model = model_of("Lengths", [tensor("x", dtype=TensorProto.STRING)],
                     [tensor("y", dtype=TensorProto.INT64)])
    x = np.array(["", "abc", "é"], object)
    np.testing.assert_array_equal(session_of(model).run({"x": x})["y"], [0, 3, 1])


def test_another_registration_counts_from_then_on():
    oarlock.register_op(DOMAIN, "Shift", lambda x: x + 1, same)
    model = model_of("Shift", [tensor("x")], [tensor("y")])
    first = session_of(model)
    oarlock.register_op(DOMAIN, "Shift", lambda x: x + 2, same)
    second = session_of(model)
    x = np.zeros(1, np.float32)
    assert first.run({"x": x})["y"] == 1
    assert second.run({"x": x})["y"] == 2


def test_failures_carry_their_message():
    def refuse(x):
        raise ValueError("not today")

    oarlock.register_op(DOMAIN, "RefuseRun", refuse, same)
    oarlock.register_op(DOMAIN, "RefuseInfer", lambda x: x, refuse)
    oarlock.register_op(DOMAIN, "TooMany", lambda x: [x, x], same)
    x = np.zeros(2, np.float32)
    session = session_of(model_of("RefuseRun", [tensor("x")], [tensor("y")]))
    with pytest.raises(oarlock.InvalidError, match="mine.*ValueError: not today"):
        session.run({"x": x})
    with pytest.raises(oarlock.Error, match="mine.*ValueError: not today"):
        oarlock.convert(model_of("RefuseInfer", [tensor("x")], [tensor("y")]))
    with pytest.raises(oarlock.InvalidError, match="2 results, the node has 1"):
        session_of(model_of("TooMany", [tensor("x")], [tensor("y")])).run({"x": x})


def test_bad_registrations_and_nodes_are_refused():
    for domain in ("", "ai.onnx", "oarlock"):
        with pytest.raises(oarlock.InvalidError, match="domain"):
            oarlock.register_op(domain, "Add", lambda x: x)
    with pytest.raises(oarlock.InvalidError, match="no name"):
        oarlock.register_op(DOMAIN, "", lambda x: x)
    for wrong in ({}, [], dict, object()):
        with pytest.raises(oarlock.InvalidError, match="attribute 'a'"):
            oarlock.register_op(DOMAIN, "Odd", lambda x: x, attributes={"a": wrong})
    with pytest.raises(oarlock.InvalidError, match="range"):
        oarlock.register_op(DOMAIN, "Odd", lambda x: x, inputs=(3, 2))
    oarlock.register_op(DOMAIN, "Plain", lambda x, factor: x, same, attributes={"factor": float})
    for attributes, word in (({}, "factor"), ({"factor": 1}, "factor"),
                             ({"factor": 1.0, "more": 2}, "more")):
        with pytest.raises(oarlock.Error, match=word):
            oarlock.convert(model_of("Plain", [tensor("x")], [tensor("y")], **attributes))
    with pytest.raises(oarlock.UnsupportedError, match="Nowhere"):
        oarlock.convert(model_of("Nowhere", [tensor("x")], [tensor("y")]))


def test_many_threads_and_kept_inputs():
    kept = []

    def run(x):
        kept.append(x)
        return x * 2

    oarlock.register_op(DOMAIN, "Kept", run, same)
    model = model_of("Kept", [tensor("a")], [tensor("y")])
    model.graph.input[0].name = "x"
    model.graph.node.insert(0, helper.make_node("Neg", ["x"], ["a"]))
    session = session_of(model, "cpu")
    failures = []

    def work(number):
        for i in range(20):
            x = np.full(16 + i % 3, number, np.float32)
            if not np.array_equal(session.run({"x": x})["y"], -2 * x):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(kept) == 80
    assert all(len(set(x.tolist())) == 1 and x[0] in (-1, -2, -3, -4) for x in kept)
