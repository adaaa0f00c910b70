"""Fixtures shared by all Python tests.

OARLOCK_BUILD_DIR chooses the build under test (default: build/release), OARLOCK_TEST_PACKAGE the
folder of the Python package (default: python in the build), OARLOCK_SHARED the folder that holds
models/ (default: ../shared beside the repository).
"""

import collections
import os
import pathlib
import subprocess
import sys

import pytest

SOURCE_DIR = pathlib.Path(__file__).resolve().parent.parent
BUILD_DIR = pathlib.Path(os.environ.get("OARLOCK_BUILD_DIR", SOURCE_DIR / "build" / "release"))
SHARED_DIR = pathlib.Path(os.environ.get("OARLOCK_SHARED", SOURCE_DIR.parent / "shared"))

sys.path.insert(0, os.environ.get("OARLOCK_TEST_PACKAGE", str(BUILD_DIR / "python")))

# No binaries of OpenCL programs are kept: of many small programs that would take long. What was tuned
# on this machine changes no test.
os.environ.setdefault("OARLOCK_OPENCL_CACHE", "off")
os.environ.setdefault("OARLOCK_CPU_CACHE", "off")


@pytest.fixture(scope="session")
def source_dir():
    return SOURCE_DIR


@pytest.fixture(scope="session")
def build_dir():
    return BUILD_DIR


@pytest.fixture(scope="session")
def digits():
    """Folder of the sample: digits.onnx, digits.txt, digits/0.png to digits/9.png."""
    return SOURCE_DIR / "tests" / "models"


@pytest.fixture(scope="session")
def shared_models():
    folder = SHARED_DIR / "models"
    if not folder.is_dir():
        pytest.skip("no shared models")
    return folder


@pytest.fixture(scope="session")
def command():
    """Runs the oarlock command: command("run", "x.oar") returns a CompletedProcess with text."""
    program = BUILD_DIR / "bin" / "oarlock"
    if not program.exists():
        pytest.fail(f"{program} is missing: build it first, or set OARLOCK_BUILD_DIR")

    def run(*arguments, **options):
        options.setdefault("timeout", 600)
        # What Python needs to load an instrumented module is not for instrumented programs.
        environment = options.get("env") or os.environ
        options["env"] = {k: v for k, v in environment.items() if k != "LD_PRELOAD"}
        return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                              check=False, **options)

    return run


def _cases_by_device(recorded):
    """A line for each device that "DEVICE kind=steps kind=steps" of cases ask for: how many of them it
    did itself, wholly or in part."""
    cases, some, whole = collections.Counter(), collections.Counter(), collections.Counter()
    for text in recorded:
        device, *counts = text.split()
        steps = {name: int(n) for name, _, n in (item.partition("=") for item in counts)}
        cases[device] += 1
        some[device] += steps.get(device, 0) > 0
        whole[device] += steps.get(device, 0) == sum(steps.values()) > 0
    return [f"{device}: {cases[device]} cases passed, {some[device]} with steps on the device itself, "
            f"{whole[device]} with all of them" for device in sorted(cases) if device != "reference"]


def pytest_terminal_summary(terminalreporter):
    """A run ends with what tests record as their "summary", and the sum of their "steps"."""
    recorded = [item for report in terminalreporter.stats.get("passed", ())
                for item in report.user_properties]
    lines = [value for name, value in recorded if name == "summary"]
    for line in lines + _cases_by_device(value for name, value in recorded if name == "steps"):
        terminalreporter.write_line(line)
