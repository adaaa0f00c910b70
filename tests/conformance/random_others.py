"""Cases of constants, casts, indices, texts, sequences, control flow, losses and training."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from .drawing import INTEGERS, Nodes

WORDS = ("", "a", "ab", "the", "The", "b c", "x,y,z", "éà", "AND", "12")


def texts(d, shape):
    return np.array([d.one(*WORDS) for _ in range(int(np.prod(shape)))], object).reshape(shape)


def node(op, inputs, outputs, **attrs):
    return helper.make_node(op, inputs, outputs, name="_".join([op, *outputs]), **attrs)


def constant(d):
    return {"value": numpy_helper.from_array(np.array(d.floats(d.shape()), order="C"))}, []


def constant_of_shape(d):
    value = d.integers([1], d.one(*INTEGERS)) if d.one(True, False) else d.floats([1])
    return ({"value": numpy_helper.from_array(np.array(value, order="C"))},
            [np.array(d.shape(1), np.int64)])


def cast_like(d):
    return {}, [d.floats(d.shape(), special=False),
                d.one(np.zeros(2, np.float16), np.zeros(1, np.int32), np.zeros(1, np.float64))]


def bit_cast(d):
    source, to = d.one((np.float32, TensorProto.INT32), (np.int32, TensorProto.FLOAT),
                       (np.float64, TensorProto.INT64), (np.uint8, TensorProto.INT8),
                       (np.int16, TensorProto.FLOAT16))
    raw = d.random.integers(-100, 100, d.shape())
    return {"to": to}, [raw.astype(source)]


def eye_like(d):
    return {"k": d.one(-1, 0, 2)}, [d.floats([d.one(1, 3, 5), d.one(2, 4)])]


def numbers(d):
    dtype = d.one(np.float32, np.int64, np.int32, np.float64)
    start, delta = d.one(-3, 0, 2), d.one(-2, -1, 1, 3)
    return {}, [np.array(value, dtype) for value in (start, start + d.one(-4, 0, 5, 7), delta)]


def gather_nd(d):
    shape = d.shape(2, 3, (1, 2, 3, 5))
    last, batch = d.one(1, len(shape) - 1), d.one(0, 0, 1)
    last = min(last, len(shape) - batch)
    indices = np.stack([d.random.integers(-n, n, [*shape[:batch], 2, 3])
                        for n in shape[batch:batch + last]], -1)
    return {"batch_dims": batch}, [d.floats(shape), indices.astype(np.int64)]


def scatter_nd(d):
    shape = d.shape(2, 3, (2, 3, 5))
    rows = d.random.permutation(shape[0])[:2].astype(np.int64)
    return ({"reduction": d.one("none", "add", "mul", "max", "min")},
            [d.floats(shape, special=False), rows.reshape(2, 1),
             d.floats([2, *shape[1:]], special=False)])


def reverse_sequence(d):
    time, batch = d.one(1, 4), d.one(2, 3)
    axes = d.one((0, 1), (1, 0))
    shape = [time, batch] if axes == (0, 1) else [batch, time]
    return ({"time_axis": axes[0], "batch_axis": axes[1]},
            [d.floats([*shape, d.one(1, 2)]), d.integers([batch], np.int64, 1, time + 1)])


def unique(d):
    shape = d.shape(1, 2, (1, 3, 5))
    attrs = {"sorted": d.one(0, 1), "outputs": 4}
    if d.one(True, False):
        attrs["axis"] = d.axis(len(shape))
    return attrs, [d.integers(shape, np.int64, 0, 3)]


def dropout(d):
    return {"outputs": 2}, [d.floats(d.shape()), np.array(0.3, np.float32)]


def regex(d):
    return ({"pattern": d.one("[a-z]+", ".*", "a|the", "[^ ]*", r"\d\d")}, [texts(d, d.shape(1, 2))])


def string_concat(d):
    shapes = d.broadcast(2)
    return {}, [texts(d, shape) for shape in shapes]


def string_normalizer(d):
    attrs = {"case_change_action": d.one("LOWER", "UPPER", "NONE"), "is_case_sensitive": d.one(0, 1),
             "locale": "C"}
    if d.one(True, False):
        attrs["stopwords"] = ["the", "a"]
    words = texts(d, d.one([5], [1, 4]))
    words[words == "éà"] = "Be"  # not in the letters of that locale
    return attrs, [words]


def string_split(d):
    attrs = {"outputs": 2}
    if d.one(True, False):
        attrs["delimiter"] = d.one(",", "b", " ")
    if d.one(True, False):
        attrs["maxsplit"] = 1
    return attrs, [texts(d, d.shape(1, 2, (1, 2, 3)))]


def tf_idf(d):
    attrs = {"mode": d.one("TF", "IDF", "TFIDF"), "min_gram_length": d.one(1, 2),
             "max_gram_length": 2, "max_skip_count": d.one(0, 1, 5), "ngram_counts": [0, 4],
             "ngram_indexes": [0, 1, 2, 3, 4, 5, 6], "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7]}
    if d.one(True, False):
        attrs["weights"] = [0.5, 2.0, 1.0, 3.0, 0.25, 1.5, 4.0]
    return attrs, [d.integers(d.one([9], [2, 6]), d.one(np.int32, np.int64), 2, 9)]


def loss(with_output):
    def make(d):
        n, classes, rest = d.one(1, 3), d.one(2, 5), d.one([], [2], [2, 3])
        attrs = {"reduction": d.one("mean", "sum", "none")}
        if d.one(True, False):
            attrs["ignore_index"] = 0
        scores = d.floats([n, classes, *rest], special=False)
        inputs = [scores, d.integers([n, *rest], np.int64, 0, classes)]
        if d.one(True, False):
            inputs.append(d.floats([classes], low=0.1, special=False))
        if with_output:
            attrs["outputs"] = 2
        return attrs, inputs
    return make


def training(states, **attrs):
    def make(d):
        shapes = [d.shape(1, 2, (1, 2, 3)) for _ in range(d.one(1, 2))]
        rate, count = np.array(0.1, np.float32), np.array(d.one(0, 1, 7), np.int64)
        # Second moments are never negative.
        values = [d.floats(s, low=0.05, special=False) for _ in range(2 + states) for s in shapes]
        chosen = {name: d.one(*options) for name, options in attrs.items()}
        return ({**chosen, "outputs": (1 + states) * len(shapes)}, [rate, count, *values])
    return make


def tensors(d, count):
    return {f"t{i}": d.floats(d.shape(1, 2, (1, 2, 3))) for i in range(count)}


def sequence_at(d):
    feeds = tensors(d, 3)
    feeds["at"] = np.array(d.random.integers(-3, 3), np.int64)
    return Nodes([node("SequenceConstruct", list(feeds)[:3], ["s"]),
                  node("SequenceAt", ["s", "at"], ["y"])], feeds, ["y"])


def sequence_of(op):
    """A sequence, changed by `op`; its items and length."""
    def make(d):
        feeds = tensors(d, 3)
        if op == "SequenceInsert":
            feeds["more"] = d.floats([2])
        if d.one(True, False):
            feeds["at"] = np.array(d.random.integers(-3, 3), np.int64)
        inputs = ["s", *(name for name in ("more", "at") if name in feeds)]
        return Nodes([node("SequenceConstruct", ["t0", "t1", "t2"], ["s"]),
                      node(op, inputs, ["z"]), node("SequenceLength", ["z"], ["n"])],
                     feeds, ["z", "n"])
    return make


def sequence_length(d):
    feeds = tensors(d, d.one(1, 2, 4))
    return Nodes([node("SequenceConstruct", list(feeds), ["s"]),
                  node("SequenceLength", ["s"], ["n"])], feeds, ["s", "n"])


def sequence_empty(d):
    feeds = {"t0": d.floats(d.shape(), d.one(np.float32, np.float64))}
    dtype = helper.np_dtype_to_tensor_dtype(feeds["t0"].dtype)
    return Nodes([node("SequenceEmpty", [], ["e"], dtype=dtype),
                  node("SequenceInsert", ["e", "t0"], ["y"])], feeds, ["y"])


def concat_from_sequence(d):
    shape, new = d.shape(1, 2, (1, 2, 3)), d.one(0, 1)
    feeds = {f"t{i}": d.floats(shape) for i in range(3)}
    axis = d.axis(len(shape) + new)
    return Nodes([node("SequenceConstruct", list(feeds), ["s"]),
                  node("ConcatFromSequence", ["s"], ["y"], axis=axis, new_axis=new)], feeds, ["y"])


def split_to_sequence(d):
    shape = list(d.shape(1, 3, (1, 2, 3)))
    axis = d.axis(len(shape))
    lengths = [int(n) for n in d.random.integers(1, 4, 3)]
    shape[axis] = sum(lengths)
    feeds = {"x": d.floats(shape)}
    kind = d.one("list", "scalar", "none")
    if kind == "list":
        feeds["split"] = np.array(lengths, np.int64)
    if kind == "scalar":
        feeds["split"] = np.array(d.one(1, 2), np.int64)
    keep = {} if kind != "none" else {"keepdims": d.one(0, 1)}
    return Nodes([node("SplitToSequence", list(feeds), ["y"], axis=axis, **keep)], feeds, ["y"])


def body(nodes, inputs, outputs):
    infos = [helper.make_tensor_value_info(name, dtype, shape) for name, dtype, shape in inputs]
    return helper.make_graph(nodes, "body", infos,
                             [helper.make_tensor_value_info(*each) for each in outputs])


def sequence_map(d):
    feeds = tensors(d, 3)
    inner = helper.make_graph(
        [node("Add", ["item", "item"], ["double"])], "body",
        [helper.make_tensor_value_info("item", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("double", TensorProto.FLOAT, None)])
    return Nodes([node("SequenceConstruct", list(feeds), ["s"]),
                  node("SequenceMap", ["s"], ["y"], body=inner)], feeds, ["y"])


def optional(d):
    feeds = {"x": d.floats(d.shape())}
    return Nodes([node("Optional", ["x"], ["o"]), node("OptionalGetElement", ["o"], ["y"]),
                  node("OptionalHasElement", ["o"], ["has"])], feeds, ["y", "has"])


def branch(d):
    feeds = {"condition": np.array(d.one(True, False)), "x": d.floats(d.shape())}
    graphs = {f"{name}_branch": body([node(op, ["x"], [name])], [],
                                     [(name, TensorProto.FLOAT, None)])
              for name, op in (("then", "Neg"), ("else", "Abs"))}
    return Nodes([node("If", ["condition"], ["y"], **graphs)], feeds, ["y"])


def loop(d):
    shape = d.shape(1, 2, (1, 2, 3))
    limit = d.one(0, 1, 4)
    feeds = {"trips": np.array(d.one(0, 1, 3, 5), np.int64), "go": np.array(d.one(True, True, False)),
             "x": d.floats(shape, special=False)}
    inner = body(
        [node("Add", ["state", "state"], ["next"]), node("Identity", ["next"], ["seen"]),
         node("Constant", [], ["limit"], value=numpy_helper.from_array(np.array(limit, np.int64))),
         node("Less", ["i", "limit"], ["more"])],
        [("i", TensorProto.INT64, []), ("before", TensorProto.BOOL, []),
         ("state", TensorProto.FLOAT, list(shape))],
        [("more", TensorProto.BOOL, []), ("next", TensorProto.FLOAT, list(shape)),
         ("seen", TensorProto.FLOAT, list(shape))])
    return Nodes([node("Loop", ["trips", "go", "x"], ["last", "all"], body=inner)], feeds,
                 ["last", "all"])


def scan(d):
    length, width = d.one(1, 4), d.one(1, 3)
    feeds = {"start": d.floats([width], special=False), "x": d.floats([length, width], special=False)}
    inner = body([node("Add", ["sum", "row"], ["total"]), node("Mul", ["total", "row"], ["out"])],
                 [("sum", TensorProto.FLOAT, [width]), ("row", TensorProto.FLOAT, [width])],
                 [("total", TensorProto.FLOAT, [width]), ("out", TensorProto.FLOAT, [width])])
    return Nodes([node("Scan", ["start", "x"], ["last", "all"], body=inner, num_scan_inputs=1,
                       scan_input_directions=[d.one(0, 1)])], feeds, ["last", "all"])


TRAINING = "ai.onnx.preview.training."
OPERATORS = {
    "Constant": constant, "ConstantOfShape": constant_of_shape, "CastLike": cast_like,
    "BitCast": bit_cast, "EyeLike": eye_like, "Range": numbers, "GatherND": gather_nd,
    "ScatterND": scatter_nd, "ReverseSequence": reverse_sequence, "Unique": unique,
    "Dropout": dropout, "RegexFullMatch": regex, "StringConcat": string_concat,
    "StringNormalizer": string_normalizer, "StringSplit": string_split, "TfIdfVectorizer": tf_idf,
    "NegativeLogLikelihoodLoss": loss(False), "SoftmaxCrossEntropyLoss": loss(True),
    TRAINING + "Adagrad": training(1, decay_factor=(0.0, 0.1), norm_coefficient=(0.0, 0.01)),
    TRAINING + "Adam": training(2, alpha=(0.9,), beta=(0.95,), norm_coefficient=(0.0, 0.01)),
    TRAINING + "Momentum": training(1, alpha=(0.9,), beta=(1.0, 0.5), norm_coefficient=(0.0, 0.01),
                                    mode=("standard", "nesterov")),
    "SequenceAt": sequence_at, "SequenceInsert": sequence_of("SequenceInsert"),
    "SequenceErase": sequence_of("SequenceErase"), "SequenceLength": sequence_length,
    "SequenceConstruct": sequence_length, "SequenceEmpty": sequence_empty,
    "ConcatFromSequence": concat_from_sequence, "SplitToSequence": split_to_sequence,
    "SequenceMap": sequence_map, "Optional": optional, "OptionalGetElement": optional,
    "OptionalHasElement": optional, "If": branch, "Loop": loop, "Scan": scan,
}
