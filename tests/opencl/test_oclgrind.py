"""Every kernel of the OpenCL backend under oclgrind, which simulates a device and reports accesses
outside buffers, data races and divergent barriers; drivers report none of these."""

import collections
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OARLOCK_BUILD_DIR", ROOT / "build" / "release"))
PROGRAM = BUILD / "bin" / "unit_backends_opencl"
LIBRARIES = [pathlib.Path(folder) / "liboclgrind-rt-icd.so"
             for folder in ("/usr/lib/oclgrind", "/usr/local/lib/oclgrind", "/usr/local/lib")]
KERNEL = re.compile(r"^kernel void (\w+)\(", re.MULTILINE)
LAUNCHED = re.compile(r"^Instructions executed for kernel '(\w+)'", re.MULTILINE)


def test_reports_nothing_of_any_kernel(tmp_path, record_property):
    library = next((path for path in LIBRARIES if path.is_file()), None)
    if library is None:
        pytest.skip("oclgrind is not installed (apt: oclgrind)")
    if not PROGRAM.is_file():
        pytest.skip("the OpenCL backend's tests were not built")
    (tmp_path / "oclgrind.icd").write_text(f"{library}\n")
    log = tmp_path / "log"
    environment = dict(os.environ, OCL_ICD_VENDORS=str(tmp_path), OCLGRIND_DATA_RACES="1",
                       OCLGRIND_INST_COUNTS="1", OCLGRIND_LOG=str(log), OARLOCK_BUILD_DIR=str(BUILD))
    # It takes no calls from several threads, and measures nothing of use; CLBlast's kernels are not
    # ours.
    ran = subprocess.run([PROGRAM, "--gtest_brief=1", "--gtest_filter=-*Threads*:OpenClTuning*:OpenClClblast*"],
                         env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-5000:]
    assert "SKIPPED" not in ran.stdout, ran.stdout[-5000:]
    reports = log.read_text() if log.exists() else ""
    assert reports == "", reports[:5000]
    launched = collections.Counter(LAUNCHED.findall(ran.stdout))
    kernels = {name for file in (ROOT / "kernels" / "opencl").glob("*.cl")
               for name in KERNEL.findall(file.read_text())}
    missing = kernels - launched.keys()
    assert kernels and not missing, f"no test launches {sorted(missing)}"
    tests = re.search(r"\[  PASSED  \] (\d+) tests", ran.stdout)[1]
    record_property("summary", f"oclgrind: nothing reported of {len(kernels)} kernels in "
                               f"{sum(launched.values())} launches of {tests} tests")
