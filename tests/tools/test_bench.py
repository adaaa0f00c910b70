"""tools/bench: measuring beside another engine, and the page made of it."""

import json
import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def environment(source_dir, build_dir):
    return {**os.environ, "PYTHONPATH": os.pathsep.join(
        [str(build_dir / "python"), str(source_dir / "tools" / "bench")])}


@pytest.fixture(scope="module")
def measured(source_dir, digits, environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    shutil.copy(digits / "digits.onnx", folder)
    done = subprocess.run(
        [sys.executable, source_dir / "tools" / "bench" / "measure.py", folder, "--rounds", "1",
         "--slice", "0.01", "--threads", "1", "--engines", "oarlock,onnxruntime", "--json",
         folder / "two_threads.json"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_engines_are_timed_and_agree(measured):
    folder, text = measured
    row = json.loads((folder / "two_threads.json").read_text())["models"][0]
    assert row["model"] == "digits" and row["difference"] < 1e-5
    for name in ("oarlock", "onnxruntime"):
        figures = row["engines"][name]
        assert figures["ms"] > 0 and figures["first_s"] > 0 and figures["peak_mb"] > 1
    ratio = row["engines"]["oarlock"]["ms"] / row["engines"]["onnxruntime"]["ms"]
    assert row["ratio"] == pytest.approx(ratio, rel=0.1, abs=0.01)
    assert "digits" in text and "geometric mean" in text
    assert (folder / "prepared" / "digits.oar").exists()


def test_an_engine_that_fails_is_named(source_dir, environment, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    done = subprocess.run(
        [sys.executable, source_dir / "tools" / "bench" / "measure.py", tmp_path, "--engines",
         "oarlock"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "bad.onnx" in done.stdout + done.stderr


def test_table_divides_by_the_best_other(measured, environment):
    rows = [{"model": "a", "engines": {"x": {"ms": 2.0}, "y": {"ms": 4.0}, "z": {"ms": 8.0}}},
            {"model": "b", "engines": {"x": {"ms": 2.0}, "y": {"error": "no"}, "z": {"ms": 1.0}}}]
    program = ("import json, report, sys; rows = json.loads(sys.argv[1]); e = ['x', 'y', 'z'];"
               "print(report.table(rows, e, lambda f: str(f['ms']), report.ratio_of('ms', e)))")
    done = subprocess.run([sys.executable, "-c", program, json.dumps(rows)], env=environment,
                          capture_output=True, text=True, check=True)
    assert "| a | 2.0 | 4.0 | 8.0 | 0.50 |" in done.stdout
    assert "| b | 2.0 | - | 1.0 | 2.00 |" in done.stdout
    assert "**1.00**" in done.stdout


def test_kernels_are_measured_beside_the_peak(command, source_dir, build_dir, environment):
    if not any(name.startswith("opencl") for name in command("devices", "--names").stdout.split()):
        pytest.skip("no OpenCL device is there")
    done = subprocess.run(
        [sys.executable, source_dir / "tools" / "bench" / "opencl_kernels.py", "--command",
         build_dir / "bin" / "oarlock", "--runs", "2", "--tune", "0.1", "--filter", "14x14 512"],
        env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [row] = [line.split("|")[1:-1] for line in done.stdout.splitlines() if "14x14" in line]
    assert float(row[1]) > 0 and row[2].strip() == "conv_direct"
