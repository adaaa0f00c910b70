"""Installs the build into a folder, moves it, and builds tests/consumer against it, with CMake and
with pkg-config. Also compiles every installed header by itself."""

import os
import shutil
import subprocess

import pytest


def run(*command, **options):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                            timeout=600, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def prefix(build_dir, tmp_path_factory):
    if not (build_dir / "cmake_install.cmake").exists():
        pytest.fail(f"{build_dir} is not a build folder")
    first = tmp_path_factory.mktemp("install") / "first"
    run("cmake", "--install", build_dir, "--prefix", first)
    moved = first.parent / "moved"
    first.rename(moved)
    return moved


@pytest.fixture(scope="module")
def model(command, digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.oar"
    result = command("convert", digits / "digits.onnx", "-o", path)
    assert result.returncode == 0, result.stderr
    return path


def check_output(text, command):
    names = command("devices", "--names").stdout.split()
    lines = text.splitlines()
    assert lines[0].startswith("oarlock 0.")
    answers = [line.split(": ") for line in lines[1:]]
    assert [device for device, _ in answers] == names
    assert len({answer for _, answer in answers}) == 1, "devices disagree"


def test_cmake_package(prefix, model, command, source_dir, tmp_path):
    run("cmake", "-G", "Ninja", "-S", source_dir / "tests" / "consumer", "-B", tmp_path,
        f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    check_output(run(tmp_path / "consumer", model), command)


def test_pkg_config(prefix, model, command, source_dir, tmp_path):
    if shutil.which("pkg-config") is None:
        pytest.skip("no pkg-config")
    folder = next(prefix.rglob("oarlock.pc")).parent
    flags = run("pkg-config", "--cflags", "--libs", "oarlock",
                env={**os.environ, "PKG_CONFIG_PATH": str(folder)}).split()
    program = tmp_path / "consumer"
    run("c++", "-std=c++20", source_dir / "tests" / "consumer" / "main.cc", "-o", program, *flags,
        f"-Wl,-rpath,{folder.parent}")
    check_output(run(program, model), command)


def test_installed_command_finds_its_libraries(prefix, digits, tmp_path):
    program = prefix / "bin" / "oarlock"
    run(program, "convert", digits / "digits.onnx", "-o", tmp_path / "digits.oar")
    out = run(program, "run", tmp_path / "digits.oar", digits / "digits" / "3.png", "--top", "1",
              "--labels", digits / "digits.txt")
    assert "3" in out


def test_every_header_compiles_by_itself(prefix, tmp_path):
    headers = sorted((prefix / "include").rglob("*.h"))
    assert len(headers) > 10
    for header in headers:
        name = header.relative_to(prefix / "include").as_posix()
        source = tmp_path / "one.cc"
        source.write_text(f'#include "{name}"\n#include "{name}"\n')
        run("c++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
            f"-I{prefix / 'include'}", source)
