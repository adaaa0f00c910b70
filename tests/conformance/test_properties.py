"""The checks of properties.py take a right generator and refuse wrong ones."""

import numpy as np
import pytest

from . import properties
from .node_cases import node_cases


class Fake:
    """A prepared model that draws with numpy; `fault` names what is wrong with it."""

    def __init__(self, name, model, fault):
        self.dropout, self.fault = "dropout" in name, fault
        self.outputs = len(model.graph.output)
        self.dtypes = [np.float64 if o.type.tensor_type.elem_type == 11 else np.float32
                       for o in model.graph.output]
        seeds = [a.i or a.f for node in model.graph.node for a in node.attribute if a.name == "seed"]
        seed = int(seeds[0]) if seeds and fault != "forgets seed" else None
        self.seed = 7 if fault in ("one seed", "repeats") else seed
        self.invert = name.endswith("_expanded") != (fault == "inverted")

    def run(self, feeds):
        random = np.random.default_rng(self.seed)
        x = feeds[0]
        p = np.full(x.shape, 1 - float(feeds[1])) if self.dropout else x.astype(np.float64)
        drawn = random.uniform(size=p.shape)
        if self.fault == "repeats":
            drawn = np.resize(drawn[:3], p.shape)
        ones = drawn < (1 - p if self.invert else p)
        if not self.dropout:
            return [(ones * (2 if self.fault == "values" else 1)).astype(self.dtypes[0])]
        scale = 1 if self.fault == "values" else 1 / (1 - float(feeds[1]))
        return [np.where(ones, x * scale, 0).astype(np.float32), ones][:self.outputs]


def decide(name, fault):
    properties.check(node_cases()[name], lambda model: Fake(name, model, fault))


@pytest.mark.parametrize("name", sorted(properties.CHECKS))
def test_right_generator_passes(name):
    decide(name, "")


@pytest.mark.parametrize("fault", ("values", "one seed", "forgets seed", "inverted", "repeats"))
@pytest.mark.parametrize("name", sorted(properties.CHECKS))
def test_wrong_generator_fails(name, fault):
    has_seed = "seed" in name or "dropout" in name
    if fault == "forgets seed" and not has_seed or fault == "inverted" and "default" in name:
        pytest.skip("it is not wrong here")
    with pytest.raises(AssertionError):
        decide(name, fault)
