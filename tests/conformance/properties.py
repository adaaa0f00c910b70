"""Decides the node tests whose values ONNX leaves to the implementation: Bernoulli and Dropout in
training mode. The package's expected values are those of numpy's generator, so of them only shapes
and types are compared. What else must hold:

- Bernoulli: every element is 0 or 1. The body that ONNX gives the operator as a function, used by the
  *_expanded cases, compares the wrong way round (Greater(random, x)): it draws 1 with the
  probability 1 - x, and that is what its nodes are held to.
- Dropout: every element is 0 or input / (1 - ratio), as the mask says where there is one.
- The model is run once more on its input repeated REPEATS times: what is drawn as 1 (Bernoulli) or
  stays (Dropout) is as much as its probabilities say, within SIGMAS standard deviations.
- With a seed another session gives the same bits and another seed others; without one another run
  gives others.
"""

import numpy as np
import onnx

from .compare import assert_similar, plain

REPEATS = 500
SIGMAS = 6  # a right generator without a seed fails once in 5e8 runs


def check_bernoulli(feeds, outputs):
    drawn = outputs[0]
    assert np.isin(drawn, (0, 1)).all(), "there are other values than 0 and 1"
    return drawn == 1, feeds[0].astype(np.float64)


def check_expanded_bernoulli(feeds, outputs):
    ones, probabilities = check_bernoulli(feeds, outputs)
    return ones, 1 - probabilities


def check_dropout(feeds, outputs):
    x, ratio = feeds[0], float(feeds[1])
    stays = outputs[1] if len(outputs) > 1 else outputs[0] != 0
    expected = np.where(stays, x / (1 - ratio), 0).astype(x.dtype)
    np.testing.assert_allclose(outputs[0], expected, rtol=1e-6, atol=0)
    return stays, np.full(x.shape, 1 - ratio)


CHECKS = {
    "test_bernoulli": check_bernoulli,
    "test_bernoulli_double": check_bernoulli,
    "test_bernoulli_double_expanded": check_expanded_bernoulli,
    "test_bernoulli_expanded": check_expanded_bernoulli,
    "test_bernoulli_seed": check_bernoulli,
    "test_bernoulli_seed_expanded": check_expanded_bernoulli,
    "test_training_dropout": check_dropout,
    "test_training_dropout_default": check_dropout,
    "test_training_dropout_default_mask": check_dropout,
    "test_training_dropout_mask": check_dropout,
}


def _repeated(model, seed=None):
    """The model for REPEATS times as many rows of its first input."""
    longer = onnx.ModelProto()
    longer.CopyFrom(model)
    del longer.graph.value_info[:]
    longer.graph.input[0].type.tensor_type.shape.dim[0].dim_value *= REPEATS
    for output in longer.graph.output:
        output.type.tensor_type.shape.dim[0].dim_value *= REPEATS
    if seed is not None:
        for attribute in _seeds(longer):
            attribute.CopyFrom(onnx.helper.make_attribute("seed", type(_value(attribute))(seed)))
    return longer


def _value(attribute):
    return onnx.helper.get_attribute_value(attribute)


def _seeds(model):
    return [a for node in model.graph.node for a in node.attribute if a.name == "seed"]


def check(case, prepare):
    """Raises AssertionError unless the outputs of `prepare(model).run(inputs)` have the properties."""
    decide = CHECKS[case.name]
    for inputs, expected in case.data_sets:
        feeds = [plain(value) for value in inputs]
        outputs = prepare(case.model).run(feeds)
        assert len(outputs) == len(expected)
        for actual, wanted in zip(outputs, expected):
            assert_similar(actual, plain(wanted), None, None)
        decide(feeds, outputs)

        many = [np.concatenate([feeds[0]] * REPEATS), *feeds[1:]]
        first, second = (prepare(_repeated(case.model)) for _ in range(2))
        outputs = first.run(many)
        hits, probabilities = decide(many, outputs)
        wanted, variance = probabilities.sum(), (probabilities * (1 - probabilities)).sum()
        assert abs(hits.sum() - wanted) <= SIGMAS * np.sqrt(variance), \
            f"{hits.sum()} of {hits.size} elements, expected about {wanted:.0f}"
        # A generator that repeats itself would pass the sum over all.
        pieces = hits.reshape(20, -1)
        assert len({piece.tobytes() for piece in pieces}) == len(pieces), "the values repeat"
        same = [np.array_equal(a, b) for a, b in zip(outputs, second.run(many))]
        if _seeds(case.model):
            assert all(same), "another session gives other values for the same seed"
            other = prepare(_repeated(case.model, seed=12345)).run(many)
            assert not np.array_equal(outputs[0], other[0]), "another seed gives the same values"
        else:
            assert not same[0], "without a seed another run gives the same values"
