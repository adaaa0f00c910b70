"""Some kernels of the OpenCL backend on rusticl, Mesa's OpenCL on the processor: a second compiler."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OARLOCK_BUILD_DIR", ROOT / "build" / "release"))
PROGRAM = BUILD / "bin" / "unit_backends_opencl"
VENDORS = pathlib.Path("/etc/OpenCL/vendors/rusticl.icd")
# It takes seconds to compile a program: a few of each family. What it cannot do: its version in
# Debian 12 ends the process when it is given a damaged binary.
CASES = ["OnDevice.*", "OpenClConv.Groups", "OpenClKernels.Moves",
         "OpenClKernels.Normalization", "OpenClKernels.Pads", "OpenClKernels.Pools",
         "OpenClKernels.Softmax", "OpenClProduct.Vectors",
         "OpenClSession.RunsItsOperatorsAndFallsBackForOthers"]
LEFT_OUT = ["OnDevice.BinariesAreKeptAndBadOnesIgnored"]



@pytest.fixture
def environment(tmp_path, command):
    if not VENDORS.is_file():
        pytest.skip("rusticl is not installed (apt: mesa-opencl-icd)")
    if not PROGRAM.is_file():
        pytest.skip("the OpenCL backend's tests were not built")
    (tmp_path / "rusticl.icd").write_text(VENDORS.read_text())
    variables = dict(os.environ, OCL_ICD_VENDORS=str(tmp_path), RUSTICL_ENABLE="llvmpipe",
                     OARLOCK_BUILD_DIR=str(BUILD))
    if "opencl:0" not in command("devices", "--names", env=variables).stdout.split():
        pytest.skip("rusticl offers no device")
    return variables


def test_some_of_every_family(environment):
    cases = f"--gtest_filter={':'.join(CASES)}-{':'.join(LEFT_OUT)}"
    ran = subprocess.run([PROGRAM, "--gtest_brief=1", cases], env=environment,
                         cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-5000:]
    assert "SKIPPED" not in ran.stdout, ran.stdout[-5000:]
