"""Finds the package: installed, or in the build folder named by OARLOCK_BUILD_DIR."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OARLOCK_BUILD_DIR", ROOT / "build" / "release"))
if (BUILD / "python" / "oarlock").is_dir():
    sys.path.insert(0, str(BUILD / "python"))


@pytest.fixture(scope="session")
def digits():
    return ROOT / "tests" / "models" / "digits.onnx"
