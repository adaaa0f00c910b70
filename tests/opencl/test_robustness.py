"""The OpenCL backend where things are missing or shared: no loader, no driver, and processes that
start together with an empty cache."""

import os
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def model(command, digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.oar"
    result = command("convert", digits / "digits.onnx", "-o", path)
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def device(command):
    if not any(name.startswith("opencl") for name in command("devices", "--names").stdout.split()):
        pytest.skip("no OpenCL device is there")


@pytest.fixture
def no_loader(tmp_path):
    (tmp_path / "libOpenCL.so.1").write_bytes(b"")  # found before the real one, and no library
    return dict(os.environ, LD_LIBRARY_PATH=str(tmp_path))


def test_without_the_loader_other_devices_run(command, device, no_loader, model, digits):
    listed = command("devices", env=no_loader)
    assert listed.returncode == 0, listed.stderr
    assert re.search("not usable: .*opencl.*libOpenCL.so.1", listed.stdout + listed.stderr)
    image = digits / "digits" / "3.png"
    assert command("run", model, image, "--device", "cpu", env=no_loader).returncode == 0
    refused = command("run", model, image, "--device", "opencl", env=no_loader)
    assert refused.returncode == 4 and "libOpenCL.so.1" in refused.stderr


@pytest.fixture
def no_driver(tmp_path):
    return dict(os.environ, OCL_ICD_VENDORS=str(tmp_path))


def test_without_a_driver_devices_say_why(command, device, no_driver):
    listed = command("devices", env=no_driver)
    assert listed.returncode == 0
    assert "no OpenCL driver is installed" in listed.stdout + listed.stderr


def test_without_a_driver_other_devices_run(command, device, no_driver, model, digits):
    image = digits / "digits" / "3.png"
    assert command("run", model, image, "--device", "cpu", env=no_driver).returncode == 0
    refused = command("run", model, image, "--device", "opencl", env=no_driver)
    assert refused.returncode == 4
    assert "no OpenCL driver is installed" in refused.stderr


def test_four_processes_fill_one_cache(build_dir, device, model, digits, tmp_path):
    cache, driver_cache = tmp_path / "cache", tmp_path / "driver"
    driver_cache.mkdir()
    environment = dict(os.environ, POCL_CACHE_DIR=str(driver_cache))
    arguments = [build_dir / "bin" / "oarlock", "run", model, digits / "digits" / "3.png",
                 "--device", "opencl", "--set", f"opencl.cache={cache}"]
    started = [subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * 4, answers
    assert len({out for out, _ in answers}) == 1
    assert any(cache.iterdir())
    assert not [path for path in cache.iterdir() if path.suffix != ".entry"]
    again = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert again.stdout == answers[0][0], again.stderr
