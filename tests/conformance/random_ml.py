"""Cases of domain ai.onnx.ml."""

import numpy as np
from onnx import helper, TensorProto

LABELS = ("a", "b", "cc", "d")
TRANSFORMS = ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO")


def rows(d, width, dtype=np.float32):
    return d.floats([d.one(1, 2, 5), width], dtype, special=False)


def listed(values):
    return [float(v) for v in np.ravel(values)]


def feature_extractor(d):
    width = d.one(2, 5)
    return {}, [rows(d, width), d.integers([1, d.one(1, 3)], np.int64, 0, width)]


def binarizer(d):
    return {"threshold": d.one(0.0, 0.5, -1.0)}, [d.floats(d.shape(1, 2))]


def category_mapper(d):
    attrs = {"cats_int64s": [3, 1, 7], "cats_strings": ["a", "b", "cc"], "default_int64": -5,
             "default_string": "none"}
    shape = d.shape(1, 2)
    if d.one(True, False):
        return attrs, [d.integers(shape, np.int64, 0, 9)]
    count = int(np.prod(shape))
    return attrs, [np.array([d.one(*LABELS) for _ in range(count)], object).reshape(shape)]


def feature_vectorizer(d):
    widths = [d.one(1, 2, 3) for _ in range(d.one(1, 2, 3))]
    n = d.one(1, 3)
    return {"inputdimensions": widths}, [d.floats([n, w], special=False) for w in widths]


def imputer(d):
    width = d.one(1, 3)
    x = rows(d, width)
    replaced = d.one(np.nan, 1.0)
    x = np.where(d.random.uniform(size=x.shape) < 0.4, np.float32(replaced), x).astype(np.float32)
    return ({"imputed_value_floats": listed(d.floats([d.one(1, width)], special=False)),
             "replaced_value_float": replaced}, [x])


def label_encoder(d):
    if d.one(True, False):
        return ({"keys_int64s": [1, 4, 2], "values_floats": [0.5, -1.0, 3.0], "default_float": 9.0},
                [d.integers(d.shape(1, 2), np.int64, 0, 6)])
    return ({"keys_floats": [1.0, 2.0, 0.0], "values_int64s": [10, 20, 30], "default_int64": -1},
            [d.integers(d.shape(1, 2), np.int64, 0, 5).astype(np.float32)])


def normalizer(d):
    return {"norm": d.one("MAX", "L1", "L2")}, [np.abs(rows(d, d.one(1, 3, 5)))]


def one_hot(d):
    return ({"cats_int64s": [1, 3, 0], "zeros": 1}, [d.integers(d.shape(1, 2), np.int64, 0, 5)])


def scaler(d):
    width = d.one(2, 4)
    count = d.one(1, width)
    return ({"offset": listed(d.floats([count], special=False)),
             "scale": listed(d.floats([count], special=False))}, [rows(d, width)])


def linear_regressor(d):
    width, targets = d.one(1, 4), d.one(1, 3)
    return ({"coefficients": listed(d.floats([targets, width], special=False)), "targets": targets,
             "intercepts": listed(d.floats([targets], special=False))}, [rows(d, width)])


def linear_classifier(d):
    width, classes = d.one(1, 4), d.one(3, 4)
    labels = ({"classlabels_strings": list(LABELS[:classes])} if d.one(True, False)
              else {"classlabels_ints": list(range(10, 10 + classes))})
    return ({"coefficients": listed(d.floats([classes, width], special=False)), "outputs": 2,
             "intercepts": listed(d.floats([classes], special=False)),
             "post_transform": d.one(*TRANSFORMS), **labels}, [rows(d, width)])


def kernel(d):
    return {"kernel_type": d.one("LINEAR", "POLY", "RBF", "SIGMOID"), "kernel_params": [0.3, 0.5, 2.0]}


def svm_regressor(d):
    width, vectors = d.one(1, 3), d.one(1, 4)
    return ({**kernel(d), "n_supports": vectors, "rho": [0.25],
             "coefficients": listed(d.floats([vectors], special=False)),
             "support_vectors": listed(d.floats([vectors, width], special=False))}, [rows(d, width)])


def svm_classifier(d):
    width, classes = d.one(1, 3), 3
    per_class = [d.one(1, 2) for _ in range(classes)]
    vectors = sum(per_class)
    return ({**kernel(d), "vectors_per_class": per_class, "outputs": 2,
             "classlabels_ints": list(range(classes)),
             "rho": listed(d.floats([3], special=False)),
             "coefficients": listed(d.floats([classes - 1, vectors], special=False)),
             "support_vectors": listed(d.floats([vectors, width], special=False))}, [rows(d, width)])


def tree(d, number, width, depth=2):
    """Nodes of a full tree in the order of their numbers; the last level are leaves."""
    inner = 2**depth - 1
    nodes = []
    for i in range(2 * inner + 1):
        leaf = i >= inner
        nodes.append((number, i, int(d.random.integers(width)),
                      0.0 if leaf else float(np.float32(d.random.uniform(-2, 2))),
                      "LEAF" if leaf else d.one("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"),
                      0 if leaf else 2 * i + 1, 0 if leaf else 2 * i + 2))
    return nodes


def forest(d, width):
    nodes = [each for number in range(d.one(1, 2, 3)) for each in tree(d, number, width)]
    # A forest of one mode: ONNX Runtime takes several, but not all versions of it.
    mode = d.one("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE")
    names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
    attrs = {f"nodes_{name}": list(column) for name, column in zip(names, zip(*nodes))}
    attrs["nodes_modes"] = ["LEAF" if m == "LEAF" else mode for m in attrs["nodes_modes"]]
    leaves = [(n[0], n[1]) for n in nodes if n[4] == "LEAF"]
    return attrs, leaves


def tree_regressor(d):
    width, targets = d.one(1, 3), d.one(1, 2)
    attrs, leaves = forest(d, width)
    # The evaluator has no smallest value for a target without leaves.
    aggregate = d.one("SUM", "AVERAGE", "MIN", "MAX") if targets == 1 else d.one("SUM", "AVERAGE")
    return ({**attrs, "n_targets": targets, "aggregate_function": aggregate,
             "target_treeids": [t for t, _ in leaves], "target_nodeids": [i for _, i in leaves],
             "target_ids": [int(d.random.integers(targets)) for _ in leaves],
             "target_weights": listed(d.floats([len(leaves)], special=False))}, [rows(d, width)])


def tree_classifier(d):
    width, classes = d.one(1, 3), 3
    attrs, leaves = forest(d, width)
    return ({**attrs, "classlabels_int64s": list(range(classes)), "outputs": 2,
             "post_transform": d.one("NONE", "SOFTMAX", "LOGISTIC"),
             "class_treeids": [t for t, _ in leaves], "class_nodeids": [i for _, i in leaves],
             "class_ids": [int(d.random.integers(classes)) for _ in leaves],
             "class_weights": listed(d.floats([len(leaves)], special=False))}, [rows(d, width)])


def tree_ensemble(d):
    """Version 5: one tree of three nodes and four leaves."""
    width, targets = d.one(1, 3), d.one(1, 2)
    floats = lambda values: helper.make_tensor("t", TensorProto.FLOAT, [len(values)], values)
    mode = d.one(0, 1, 2, 3)
    modes = helper.make_tensor("t", TensorProto.UINT8, [3], [mode] * 3)
    return ({"aggregate_function": 1, "post_transform": 0, "n_targets": targets, "tree_roots": [0],
             "nodes_featureids": [int(n) for n in d.random.integers(0, width, 3)],
             "nodes_splits": floats(listed(d.floats([3], special=False))), "nodes_modes": modes,
             "nodes_truenodeids": [1, 0, 2], "nodes_trueleafs": [0, 1, 1],
             "nodes_falsenodeids": [2, 1, 3], "nodes_falseleafs": [0, 1, 1],
             "leaf_targetids": [int(n) for n in d.random.integers(0, targets, 4)],
             "leaf_weights": floats(listed(d.floats([4], special=False)))}, [rows(d, width)])


ML = "ai.onnx.ml."
OPERATORS = {
    ML + "ArrayFeatureExtractor": feature_extractor, ML + "Binarizer": binarizer,
    ML + "CategoryMapper": category_mapper, ML + "FeatureVectorizer": feature_vectorizer,
    ML + "Imputer": imputer, ML + "LabelEncoder": label_encoder, ML + "Normalizer": normalizer,
    ML + "OneHotEncoder": one_hot, ML + "Scaler": scaler, ML + "LinearRegressor": linear_regressor,
    ML + "LinearClassifier": linear_classifier, ML + "SVMRegressor": svm_regressor,
    ML + "SVMClassifier": svm_classifier, ML + "TreeEnsembleRegressor": tree_regressor,
    ML + "TreeEnsembleClassifier": tree_classifier, ML + "TreeEnsemble": tree_ensemble,
}
