"""`oarlock kernel run`: the examples of docs/device-kernels.md, and how it fails."""

import re
import subprocess
import sys

import numpy as np
import pytest

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```\s*$", re.M | re.S)


@pytest.fixture(autouse=True)
def device(command):
    if command("kernel", "--help").returncode != 0:
        pytest.skip("this build has no OpenCL")
    if "opencl:0" not in command("devices", "--names").stdout.split():
        pytest.skip("no OpenCL device is here")


@pytest.fixture
def kernel(tmp_path):
    """Writes a kernel source and gives a function that runs it in its folder."""
    def write(text, name="k.cl"):
        (tmp_path / name).write_text(text)
        return tmp_path / name
    return write


def test_examples_of_the_document(command, source_dir, build_dir, tmp_path):
    blocks = FENCE.findall((source_dir / "docs" / "device-kernels.md").read_text())
    (tmp_path / "kernels").symlink_to(source_dir / "kernels")
    outputs = []
    for info, code in blocks:
        if info == "c":
            (tmp_path / "scale_add.cl").write_text(code)
        elif info == "python kernel":
            subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
        elif info == "sh kernel":
            done = subprocess.run(["sh", "-eu", "-c", code], cwd=tmp_path, text=True, check=False,
                                  capture_output=True, env={"PATH": f"{build_dir / 'bin'}:/usr/bin:/bin",
                                                            "HOME": str(tmp_path)})
            assert done.returncode == 0, done.stderr
            outputs.append(done.stdout)
        elif info == "text":
            lines = [re.escape(line).replace(re.escape("..."), ".*") for line in code.splitlines()]
            for line, actual in zip(lines, outputs[-1].splitlines(), strict=True):
                assert re.fullmatch(re.sub(r"(\\ )+", r"\\s+", line), actual.rstrip()), outputs[-1]
    assert len(outputs) == 2


def test_arguments_of_every_kind(command, kernel, tmp_path):
    path = kernel("""
kernel void k(global int *sum, const int2 a, const float4 b, const ulong c, const uint d,
              local int *scratch, global const int *nothing, const int3 e) {
  const int i = get_local_id(0);
  scratch[i] = sum[get_global_id(0)] + OFFSET;
  barrier(CLK_LOCAL_MEM_FENCE);
  sum[get_global_id(0)] = scratch[get_local_size(0) - 1 - i] + a.x * a.y + (int)(b.x + b.w) + (int)c
                          + (int)d + (nothing == 0) + e.z;
}
""")
    x = np.arange(8, dtype=np.int32)
    np.save(tmp_path / "x.npy", x)
    reversed_groups = x.reshape(2, 4)[:, ::-1].ravel()
    np.save(tmp_path / "y.npy", reversed_groups + 7 - 6 + 4 + 9 + 3 + 1 + 30)
    done = command("kernel", "run", path, "--kernel", "k", "--define", "OFFSET=7",
                   "--arg", f"inout={tmp_path / 'x.npy'}", "--arg", "int2=-2,3", "--arg",
                   "float4=1.5,0,0,2.5", "--arg", "ulong=9", "--arg", "uint=3", "--arg", "local=16",
                   "--arg", "null", "--arg", "int3=10,20,30", "--global", "8", "--local", "4",
                   "--check", tmp_path / "y.npy", "--repeat", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "agrees with" in done.stdout


def test_differences_and_mistakes(command, kernel, tmp_path):
    path = kernel("kernel void one(global float *y) { y[get_global_id(0)] = 1; }")
    np.save(tmp_path / "two.npy", np.full(4, 2, np.float32))
    base = ("kernel", "run", path, "--kernel", "one")
    done = command(*base, "--arg", "out", "--global", "4", "--check", tmp_path / "two.npy")
    assert done.returncode == 1 and "differs from" in done.stdout
    wrong = {
        ("--arg", "out", "--global", "4"): "needs a --check",
        ("--global", "4"): "takes 1 arguments",
        ("--arg", "out=float32:4", "--global", "0"): "positive extents",
        ("--arg", "out=float32:4", "--global", "4", "--local", "2,2"): "--local 2",
        ("--arg", "out=colour:4", "--global", "4"): "TYPE:SHAPE",
        ("--arg", "dance=4", "--global", "4"): "no kind 'dance'",
        ("--arg", "int2=4", "--global", "4"): "has 1 numbers",
        ("--arg", "int=x", "--global", "4"): "no number",
        ("--arg", "out=float32:4", "--global", "4", "--device", "opencl:none"): "no device",
        ("--arg", str(tmp_path / "absent.npy"), "--global", "4"): "absent.npy",
    }
    for arguments, message in wrong.items():
        done = command(*base, *arguments)
        assert done.returncode not in (0, 7) and message in done.stderr, (arguments, done.stderr)
    done = command("kernel", "run", path, "--kernel", "two", "--global", "4")
    assert "no kernel 'two'" in done.stderr and "one" in done.stderr
    broken = kernel("kernel void one(global float *y) {\n  y[0] = absent;\n}", "broken.cl")
    done = command("kernel", "run", broken, "--kernel", "one", "--global", "1")
    assert done.returncode != 0 and "broken.cl line 2:   y[0] = absent;" in done.stderr


def test_a_binary_takes_the_place_of_sources(command, kernel, tmp_path):
    path = kernel("kernel void twice(global float *x) { x[get_global_id(0)] *= 2; }\n")
    np.save(tmp_path / "x.npy", np.arange(8, dtype=np.float32))
    np.save(tmp_path / "y.npy", 2 * np.arange(8, dtype=np.float32))
    common = ["--kernel", "twice", "--arg", f"inout={tmp_path / 'x.npy'}", "--global", "8",
              "--check", tmp_path / "y.npy", "--repeat", "0"]
    binary = tmp_path / "twice.bin"
    first = command("kernel", "run", path, "--save-binary", binary, *common)
    assert first.returncode == 0, first.stderr
    path.unlink()
    second = command("kernel", "run", "--opencl-binary", binary, *common)
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    both = command("kernel", "run", binary, "--opencl-binary", binary, *common)
    assert both.returncode == 1 and "give one of them" in both.stderr
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"no program")
    refused = command("kernel", "run", "--opencl-binary", damaged, *common)
    assert refused.returncode == 1
    assert "damaged.bin: program binary: CL_INVALID" in refused.stderr, refused.stderr
