"""docs/operators.md is what tools/operators.py writes."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("oarlock", reason="the Python package was not built")


def test_table_is_current(source_dir, build_dir):
    environment = {**os.environ, "PYTHONPATH": str(build_dir / "python")}
    result = subprocess.run([sys.executable, source_dir / "tools" / "operators.py"],
                            env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
