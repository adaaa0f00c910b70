"""The operators that the node tests cover refuse wrong attributes, types, shapes and arities, and
say which node and operator it was and what was expected.

The table is made of the newest case of each operator: its model, with one thing wrong.
"""

import collections
import functools
import itertools

import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper

from .node_cases import node_cases
from .test_onnx_nodes import oarlock

# One of them introduces what would have been right.
EXPECTATIONS = ("expected", "must be", "must have", "is not a", "conversion from")


@functools.cache
def models():
    """One model of one node for each operator, of the newest opset there is."""
    found = {}
    for case in node_cases().values():
        graph = case.model.graph
        if len(graph.node) != 1 or case.name.endswith("_expanded") or "opset" in case.name:
            continue
        node = graph.node[0]
        inner = any(a.type == AttributeProto.GRAPH for a in node.attribute)
        if any(i.type.WhichOneof("value") != "tensor_type" for i in graph.input) or inner:
            continue
        if node.op_type in ("Constant", "Upsample"):  # read by the converter alone
            continue
        key = (node.domain, node.op_type)
        size = (len(node.attribute), len(node.input))
        if key not in found or size > found[key][0]:
            found[key] = (size, case.model)
    return {key: model for key, (_, model) in sorted(found.items())}


def changed(key):
    model = onnx.ModelProto()
    model.CopyFrom(models()[key])
    model.graph.node[0].name = "the_node"
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.ClearField("type")
    return model, model.graph.node[0]


def refusal(model):
    """The message with which the model is refused, or None."""
    try:
        oarlock.Session(oarlock.convert(model, simplify=False), devices=["reference"])
    except oarlock.Error as error:
        return str(error)
    return None


def expect(message, key, *words):
    assert message is not None, "it was accepted"
    for word in ("the_node", key[1], *words):
        assert word in message, f"{word!r} is not in the message: {message}"


KEYS = list(models())
each_operator = pytest.mark.parametrize("key", KEYS, ids=lambda key: ".".join(filter(None, key)))


@each_operator
def test_unknown_attribute(key):
    model, node = changed(key)
    node.attribute.append(helper.make_attribute("no_such_attribute", 1))
    expect(refusal(model), key, "no_such_attribute")


@each_operator
def test_attribute_of_another_kind(key):
    model, node = changed(key)
    schema = onnx.defs.get_schema(node.op_type, domain=node.domain)
    names = sorted(schema.attributes)
    if not names:
        pytest.skip("it has no attributes")
    for name in names:
        model, node = changed(key)
        kept = [a for a in node.attribute if a.name != name]
        del node.attribute[:]
        node.attribute.extend(kept)
        wrong = helper.make_attribute(name, [helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])])
        node.attribute.append(wrong)
        expect(refusal(model), key, name, "expected")


@each_operator
def test_too_many_inputs(key):
    model, node = changed(key)
    schema = onnx.defs.get_schema(node.op_type, domain=node.domain)
    if schema.max_input > 1000:
        pytest.skip("it takes any number of inputs")
    for i in range(len(node.input), schema.max_input + 1):
        node.input.append(f"more_{i}")
        model.graph.input.append(helper.make_tensor_value_info(f"more_{i}", TensorProto.FLOAT, [1]))
    expect(refusal(model), key, "inputs", "expected")


@each_operator
def test_too_few_inputs(key):
    model, node = changed(key)
    schema = onnx.defs.get_schema(node.op_type, domain=node.domain)
    if schema.min_input == 0:
        pytest.skip("it needs no inputs")
    del node.input[schema.min_input - 1:]
    expect(refusal(model), key)


@each_operator
def test_wrong_type(key):
    """Each type that no version of the specification allows for the first input."""
    model, node = changed(key)
    if not node.input:
        pytest.skip("it has no inputs")
    allowed = {t for schema in onnx.defs.get_all_schemas_with_history()
               if (schema.domain, schema.name) == key for t in schema.inputs[0].types}
    names = {TensorProto.STRING: "string", TensorProto.BOOL: "bool", TensorProto.FLOAT: "float",
             TensorProto.INT64: "int64", TensorProto.COMPLEX64: "complex64"}
    wrong = [number for number, name in names.items() if f"tensor({name})" not in allowed]
    if not wrong:
        pytest.skip("it takes every type")
    for number in wrong:
        model, node = changed(key)
        given = next(i for i in model.graph.input if i.name == node.input[0])
        given.type.tensor_type.elem_type = number
        message = refusal(model)
        expect(message, key)
        assert any(word in message for word in EXPECTATIONS), message


@each_operator
def test_wrong_shape(key):
    """At least one of a few odd shapes does not fit, unless the operator takes every shape."""
    model, node = changed(key)
    if not node.input:
        pytest.skip("it has no inputs")
    messages = collections.Counter()
    ranks = ([], [7], [5, 3], [2, 3, 5], [2, 3, 5, 7, 1, 1, 3])
    for i, shape in itertools.product(range(len(node.input)), ranks):
        model, node = changed(key)
        given = [g for g in model.graph.input if node.input[i] and g.name == node.input[i]]
        if not given:
            continue
        tensor = given[0].type.tensor_type
        given[0].CopyFrom(helper.make_tensor_value_info(given[0].name, tensor.elem_type, shape))
        message = refusal(model)
        if message is not None:
            messages[message] += 1
            expect(message, key)
    if not messages and len(node.input) == 1:
        pytest.skip("it takes every shape")
