"""Random shapes and values for the cases of test_random.py: extents of zero, one and odd numbers, NaN and
infinities, arrays with strides.
"""

from typing import NamedTuple

import numpy as np

EXTENTS = (0, 1, 1, 2, 3, 5, 7)
FLOATS = (np.float32, np.float32, np.float64, np.float16)
INTEGERS = (np.int64, np.int32, np.int8, np.uint8)
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0)


class Draw:
    """What a case is made of."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def one(self, *options):
        return options[self.random.integers(len(options))]

    def shape(self, least=0, most=4, extents=EXTENTS):
        rank = self.random.integers(least, most + 1)
        return tuple(int(self.random.choice(extents)) for _ in range(rank))

    def floats(self, shape, dtype=np.float32, low=-3.0, high=3.0, special=True):
        values = self.random.uniform(low, high, shape).astype(dtype)
        if special and values.size and self.one(True, False, False):
            for _ in range(2):
                values.flat[self.random.integers(values.size)] = self.one(*SPECIAL)
        return self.strided(values)

    def integers(self, shape, dtype=np.int64, low=-5, high=6):
        if np.dtype(dtype).kind == "u":
            low = max(low, 0)
        return self.strided(self.random.integers(low, high, shape).astype(dtype))

    def bools(self, shape):
        return self.random.integers(0, 2, shape).astype(bool)

    def strided(self, values):
        """Sometimes the same elements in memory with gaps or backwards."""
        if values.ndim and self.one(True, False, False):
            wide = np.repeat(values, 2, axis=-1)
            return wide[..., ::2]
        return values

    def broadcast(self, count):
        """Shapes that broadcast with each other."""
        whole = self.shape()
        shapes = []
        for _ in range(count):
            start = self.random.integers(len(whole) + 1)
            shapes.append(tuple(int(self.one(n, n, 1)) for n in whole[start:]))
        shapes[self.random.integers(count)] = whole
        return shapes

    def axis(self, rank):
        return int(self.random.integers(-rank, rank))

    def axes(self, rank):
        count = self.random.integers(0, rank + 1)
        chosen = self.random.permutation(rank)[:count]
        return [int(a - rank) if self.one(True, False) else int(a) for a in chosen]


class Nodes(NamedTuple):
    """What a maker returns in place of attributes and inputs where it takes several nodes."""

    nodes: list  # of NodeProto
    feeds: dict  # arrays by name
    outputs: list  # names
