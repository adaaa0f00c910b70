"""Optional parts: AUTO leaves out what lacks a dependency, ON fails and says how to get it."""

import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("ninja") is None, reason="no ninja")


def configure(source_dir, folder, *options):
    return subprocess.run(
        ["cmake", "-G", "Ninja", "-S", source_dir, "-B", folder, "-DOARLOCK_PYTHON=OFF", *options],
        capture_output=True, text=True, check=False, timeout=600)


def test_auto_leaves_out_what_is_missing(source_dir, tmp_path):
    result = configure(source_dir, tmp_path, "-DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON")
    assert result.returncode == 0, result.stderr
    assert "CPU left out, it needs oneTBB" in result.stdout
    assert "libtbb-dev" in result.stdout


def test_on_and_missing_is_an_error(source_dir, tmp_path):
    result = configure(source_dir, tmp_path, "-DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON",
                       "-DOARLOCK_CPU=ON")
    assert result.returncode != 0
    assert "OARLOCK_CPU=ON" in result.stderr and "libtbb-dev" in result.stderr


def test_off_leaves_it_out(source_dir, tmp_path):
    result = configure(source_dir, tmp_path, "-DOARLOCK_CPU=OFF", "-DOARLOCK_TESTS=OFF")
    assert result.returncode == 0, result.stderr
    assert "CPU: off" in result.stdout
    assert "oarlock_backend_cpu" not in (tmp_path / "build.ninja").read_text()


def test_core_says_what_it_needs(source_dir, tmp_path):
    result = configure(source_dir, tmp_path, "-DCMAKE_DISABLE_FIND_PACKAGE_FlatBuffers=ON")
    assert result.returncode != 0
    assert "libflatbuffers-dev" in result.stderr
