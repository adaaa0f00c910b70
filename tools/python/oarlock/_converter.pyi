"""The compiled converter; use convert() of the package instead."""

from ._native import Model

def convert_file(path: str, shapes: dict[str, list[int]], allow_unsupported: bool, simplify: bool,
                 golden: int, seed: int, weights: str) -> Model: ...
def convert_bytes(data: bytes, folder: str, shapes: dict[str, list[int]], allow_unsupported: bool,
                  simplify: bool, golden: int, seed: int, weights: str) -> Model: ...
