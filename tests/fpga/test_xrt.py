"""The backend xrt by the command and the Python package: with no environment variable set on the
emulated FPGA, with XILINX_XRT on XRT's genuine noop driver."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest


def environment(**changes):
    left_out = ("XILINX_XRT", "XCL_EMULATION_MODE", "OARLOCK_XCLBIN",
                "OARLOCK_XRT_ONE_CARD")
    return {**{k: v for k, v in os.environ.items() if k not in left_out}, **changes}


@pytest.fixture(scope="module", autouse=True)
def backend(build_dir):
    library = build_dir / "lib" / "liboarlock_backend_xrt.so"
    if not library.exists():
        pytest.skip("built without XRT (apt: libxrt-dev uuid-dev)")
    return library.resolve()


@pytest.fixture(scope="module")
def model(command, digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("xrt") / "digits.oar"
    result = command("convert", digits / "digits.onnx", "-o", path)
    assert result.returncode == 0, result.stderr
    return path


def genuine_libraries():
    return sorted(pathlib.Path("/usr/lib").glob("*/libxrt_*.so*"))


def test_the_genuine_library_is_used(backend):
    linked = subprocess.run(["ldd", backend], capture_output=True, text=True, check=True).stdout
    assert "libxrt_coreutil.so.2 => /" in linked


def test_the_link_map_has_the_genuine_library_and_no_other_driver(backend, model, build_dir):
    """What the process has mapped after a run on the emulated device."""
    pytest.importorskip("oarlock", reason="the Python package was not built")
    script = ("import numpy, sys, oarlock; s = oarlock.Session(sys.argv[1], devices=['xrt'])\n"
              "s.run({'image': numpy.zeros((1, 1, 28, 28), numpy.uint8)})\n"
              "print(open('/proc/self/maps').read())")
    result = subprocess.run([sys.executable, "-c", script, model], capture_output=True, text=True,
                            env=environment(PYTHONPATH=os.pathsep.join(sys.path)), check=False)
    assert result.returncode == 0, result.stderr
    mapped = {pathlib.Path(line.split()[-1]) for line in result.stdout.splitlines() if "/" in line}
    used = {path for path in mapped if path.name.startswith("libxrt")}
    assert len(used) == 1 and used <= {path.resolve() for path in genuine_libraries()}, used
    assert used.pop().name.startswith("libxrt_coreutil.so.2.")
    assert backend.parent / "liboarlock_xrt_emulator.so" in mapped


def test_a_library_of_another_version_is_refused(command, model, digits, tmp_path):
    genuine = [path.resolve() for path in genuine_libraries() if "coreutil" in path.name]
    shutil.copy(genuine[0], tmp_path / "libxrt_coreutil.so.2.99.0")
    (tmp_path / "libxrt_coreutil.so.2").symlink_to("libxrt_coreutil.so.2.99.0")
    changed = environment(LD_LIBRARY_PATH=str(tmp_path))
    text = command("devices", env=changed).stdout
    assert "libxrt_coreutil.so.2.99.0 cannot be used: its version is not 2.13" in text
    picture = digits / "digits" / "7.png"
    result = command("run", model, picture, "--device", "xrt", env=changed)
    assert result.returncode != 0 and "needs XRT 2.13" in result.stderr
    result = command("run", model, picture, "--device", "xrt,cpu", "--top", "1", env=changed)
    assert result.returncode == 0 and "warning: the session goes without device 'xrt'" in result.stderr
    assert result.stdout == command("run", model, picture, "--top", "1", env=changed).stdout


def test_two_processes_want_the_device(command, model, digits, tmp_path):
    pytest.importorskip("oarlock", reason="the Python package was not built")
    changed = environment(OARLOCK_XRT_ONE_CARD=str(tmp_path / "card"))
    script = ("import numpy, sys, oarlock; s = oarlock.Session(sys.argv[1], devices=['xrt'])\n"
              "s.run({'image': numpy.zeros((1, 1, 28, 28), numpy.uint8)})\n"
              "print('ready', flush=True); input()")
    first = subprocess.Popen([sys.executable, "-c", script, model], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True,
                             env=dict(changed, PYTHONPATH=os.pathsep.join(sys.path)))
    picture = digits / "digits" / "7.png"
    run = ("run", model, picture, "--top", "1", "--device")
    try:
        assert first.stdout.readline() == "ready\n"
        refused = command(*run, "xrt", "--strict", env=changed)
        assert refused.returncode != 0
        assert "another process uses the device" in refused.stderr, refused.stderr
        repeated = command(*run, "xrt,cpu", env=changed)
        assert repeated.returncode == 0 and "repeated without xrt:0" in repeated.stderr
    finally:
        first.communicate("\n")
    again = command(*run, "xrt", "--strict", env=changed)
    assert again.returncode == 0 and again.stderr == "", again.stderr
    assert again.stdout == repeated.stdout


def test_devices_say_what_is_emulated(command):
    text = command("devices", env=environment()).stdout
    line = next(line for line in text.splitlines() if line.startswith("xrt:0"))
    assert "EMULATED" in line and "MHz" in line
    for word in ("xrt:emulated:0", "oarlock_gemm x 2", "DDR[0]", "xclbin:"):
        assert word in text


def test_a_card_is_not_replaced_by_the_emulated_device(command, model, digits):
    picture = digits / "digits" / "7.png"
    result = command("run", model, picture, "--device", "xrt:card", env=environment())
    assert result.returncode != 0 and "xrt:card" in result.stderr
    result = command("explain", model, env=environment())
    assert result.returncode == 0 and "xrt" not in result.stdout, "sessions use it unasked"


def test_the_sample_runs_wholly_on_the_fpga(command, model, digits):
    for digit in range(10):
        result = command("run", model, digits / "digits" / f"{digit}.png", "--device", "xrt",
                         "--strict", "--top", "1", "--labels", digits / "digits.txt",
                         env=environment())
        assert result.returncode == 0, result.stderr
        assert result.stdout.split()[-1] == str(digit)


def test_python_agrees_with_the_cpu(model):
    oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")
    if os.environ.get("XILINX_XRT"):
        pytest.skip("XILINX_XRT is set")
    image = np.random.default_rng(3).integers(0, 256, (3, 1, 28, 28), np.uint8)
    results = [oarlock.Session(model, devices=[device], strict=True).run({"image": image})
               for device in ("xrt", "cpu")]
    for name, expected in results[1].items():
        np.testing.assert_allclose(results[0][name], expected, rtol=1e-4, atol=1e-6)


def test_the_noop_driver_is_recognized(backend, command, model, digits, tmp_path):
    genuine = genuine_libraries()
    if not any(path.name.startswith("libxrt_noop.so") for path in genuine):
        pytest.skip("XRT's noop driver is not installed (apt: libxrt1)")
    (tmp_path / "lib").mkdir()
    for path in genuine:
        (tmp_path / "lib" / path.name).symlink_to(path)
    changed = environment(XILINX_XRT=str(tmp_path), XCL_EMULATION_MODE="noop",
                          OARLOCK_XCLBIN=str(backend.parent / "oarlock_emulated.xclbin"))
    run = ("run", model, digits / "digits" / "7.png", "--top", "1", "--device")
    result = command(*run, "xrt", "--strict", env=changed)
    assert result.returncode != 0, result.stdout
    assert "nothing was computed" in result.stderr, result.stderr
    result = command(*run, "xrt,cpu", env=changed)
    assert result.returncode == 0 and "nothing was computed" in result.stderr
    assert result.stdout == command(*run, "cpu", env=environment()).stdout


def test_an_unusable_driver_is_an_error(command, model, digits, tmp_path):
    result = command("run", model, digits / "digits" / "7.png", "--device", "xrt",
                     env=environment(XILINX_XRT=str(tmp_path)))
    assert result.returncode != 0 and "XRT" in result.stderr


def test_profile_shows_what_the_card_does(command, model, tmp_path):
    trace = tmp_path / "trace.json"
    result = command("profile", model, "--device", "xrt", "--runs", "2", "-o", trace,
                     env=environment())
    assert result.returncode == 0, result.stderr
    text = result.stdout
    for word in ("Mcycles", "modelled", "transfers", "bank 0:", "compute unit oarlock_gemm_1",
                 "bottleneck:", "bound by"):
        assert word in text, word
    bottleneck = re.search(r"bottleneck: .*, bound by (compute|bandwidth|launch)", text)
    assert bottleneck, text
    events = json.loads(trace.read_text())["traceEvents"]
    tracks = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    runs = [e for e in events if e["ph"] == "X" and "oarlock_gemm_1" in tracks[e["tid"]]]
    assert runs and all(e["args"]["modelled cycles"] > 0 for e in runs)
    steps = {e["name"]: e for e in events if e["ph"] == "X" and tracks[e["tid"]] == "xrt:0"}
    for run in runs:
        assert run["name"] in steps and run["dur"] >= 0
    assert any(name.startswith("fpga to bank") for name in tracks.values())
    assert any(name.startswith("fpga from bank") for name in tracks.values())
    # The CPU has no such part.
    assert "Mcycles" not in command("profile", model, "--runs", "1", env=environment()).stdout


@pytest.mark.parametrize("platform", ["u250", "u50", "kv260"])
def test_estimate_chooses_what_fits(command, model, tmp_path, platform):
    file = tmp_path / "design.cmake"
    result = command("fpga", "estimate", model, "--platform", platform, "-o", file,
                     env=environment())
    assert result.returncode == 0, result.stderr
    assert "does not fit" not in result.stdout and "chosen:" in result.stdout
    dsp, present = map(int, re.search(r"resources: (\d+) of (\d+) DSP", result.stdout).groups())
    assert dsp <= present * 4 // 5
    sizes = dict(re.findall(r"FPGA_(\w+)=(\d+)", file.read_text()))
    sizes = {name: int(value) for name, value in sizes.items()}
    assert sizes["TILE_M"] % sizes["PE_M"] == 0 and sizes["TILE_N"] % sizes["PE_N"] == 0
    assert sizes["TILE_M"] % sizes["PE8_M"] == 0 and sizes["TILE_N"] % sizes["PE8_N"] == 0
    # What is chosen is no slower than what is compiled, where that fits.
    chosen = float(re.search(r"modelled on .*: ([\d.]+) ms", result.stdout).group(1))
    compiled = float(re.search(r"as compiled: .*: ([\d.]+) ms", result.stdout).group(1))
    if platform == "u250":
        assert chosen <= compiled


def test_kernels_compile_with_the_chosen_sizes(command, model, source_dir, tmp_path):
    """The configuration's macros are those that the kernels take."""
    file = tmp_path / "design.cmake"
    assert command("fpga", "estimate", model, "--platform", "kv260", "-o", file,
                   env=environment()).returncode == 0
    sizes = [f"-D{name}={value}"
             for name, value in re.findall(r"(FPGA_\w+)=(\d+)", file.read_text())]
    assert len(sizes) == 7
    for name in ("gemm", "gemm8"):
        source = source_dir / "kernels" / "fpga" / "hls" / f"{name}.cc"
        done = subprocess.run(["c++", "-std=c++20", "-fsyntax-only", f"-I{source_dir}", *sizes,
                               source], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_python_profiles_and_estimates(model):
    oarlock = pytest.importorskip("oarlock", reason="the Python package was not built")
    from oarlock import fpga

    if os.environ.get("XILINX_XRT"):
        pytest.skip("XILINX_XRT is set")
    steps = oarlock.Session(model, devices=["xrt"], strict=True).profile(runs=1)
    used = [step["fpga"] for step in steps if step["fpga"] is not None]
    assert any(step["kernel_us"] > 0 and step["cycles"] > 0 for step in used)
    assert any(step["transfer_us"] > 0 for step in used)
    assert all(step["bound"] in ("compute", "bandwidth", "launch") for step in used)
    assert all(step["fpga"] is None
               for step in oarlock.Session(model, devices=["cpu"]).profile(runs=1))
    result = fpga.estimate(model, "kv260", 200)
    assert result["layers"] and result["seconds"] == pytest.approx(
        sum(layer["seconds"] for layer in result["layers"]))
    assert all(used <= present for used, present in result["resources"].values())
    assert f"FPGA_PE_M={result['design']['pe_m']}" in result["configuration"]
    with pytest.raises(oarlock.InvalidError, match="u250"):
        fpga.estimate(model, "u9000")


def test_a_chain_has_one_unit_of_each_kernel(command, build_dir, tmp_path):
    library = build_dir / "lib" / "liboarlock_fpga_kernels.so"
    result = command("fpga", "package", library, "-o", tmp_path / "x.xclbin",
                     "--units", "oarlock_stream_pool=2")
    assert result.returncode != 0 and "one compute unit" in result.stderr
