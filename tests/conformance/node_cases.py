"""The node tests that the onnx package generates, which takes it half a minute: they are kept in the
build folder for each version of the package.
"""

import fcntl
import functools
import os
import pathlib
import pickle
import warnings

import numpy as np
import onnx

SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]
BUILD_DIR = pathlib.Path(os.environ.get("OARLOCK_BUILD_DIR", SOURCE_DIR / "build" / "release"))


def _generate():
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {case.name: case for case in load_model_tests(kind="node")}


def _read(file):
    try:
        with file.open("rb") as stream:
            return pickle.load(stream)
    except FileNotFoundError:
        return None


@functools.cache
def node_cases():
    """By name. One process at a time generates; the others wait and read."""
    BUILD_DIR.mkdir(parents=True, exist_ok=True)
    file = BUILD_DIR / f"node-cases-{onnx.__version__}-numpy-{np.__version__}.pickle"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cases = _read(file)
        if cases is None:
            cases = _generate()
            part = file.with_suffix(".part")
            part.write_bytes(pickle.dumps(cases, pickle.HIGHEST_PROTOCOL))
            part.replace(file)
    return cases
