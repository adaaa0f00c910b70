"""The oarlock command: what it prints, what it writes, how it fails."""

import json
import os
import re
import resource
import signal

import numpy as np
import pytest


@pytest.fixture(scope="module")
def model(command, digits, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "digits.oar"
    done = command("convert", digits / "digits.onnx", "-o", path, "--golden", "2")
    assert done.returncode == 0, done.stderr
    return path


def image(digits, digit):
    return digits / "digits" / f"{digit}.png"


def test_help_and_usage(command):
    help_text = command("--help").stdout
    for name in "convert run bench explain inspect compare verify devices profile".split():
        assert name in help_text
        done = command(name, "--help")
        assert done.returncode == 0 and "Options" in done.stdout
    assert "Exit codes" in help_text
    for wrong in ((), ("dance",), ("run",), ("run", "a.oar", "--dance"), ("convert", "a.onnx")):
        assert command(*wrong).returncode == 2, wrong


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_run_names_the_digit(command, digits, model, device):
    for digit in (3, 7):
        done = command("run", model, image(digits, digit), "--device", device, "--top", "3",
                       "--labels", digits / "digits.txt")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0].split()[1] == str(digit)
        assert len(done.stdout.splitlines()) == 3


def test_options_take_one_argument_each(command, digits, model):
    done = command("run", model, "--device", "cpu", "--device", "reference", "--shape", "batch=1",
                   "--mean", "0", "--set", "a=b", image(digits, 3), "--top", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "#3"
    done = command("compare", model, "--against", "reference", "--device", "cpu,reference",
                   "--input", image(digits, 3))
    assert done.returncode == 0, done.stderr


def test_run_converts_on_the_fly_and_writes_arrays(command, digits, model, tmp_path):
    x = np.random.default_rng(1).integers(0, 256, (2, 1, 28, 28)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    np.savez_compressed(tmp_path / "x.npz", image=x)
    (tmp_path / "x.bin").write_bytes(x.tobytes())
    results = []
    for k, given in enumerate(("x.npy", "x.npz", "x.bin", f"image={tmp_path / 'x.npy'}")):
        given = given if "=" in given else tmp_path / given
        source = digits / "digits.onnx" if k == 0 else model
        done = command("run", source, given, "-o", tmp_path / f"y{k}.npz")
        assert done.returncode == 0, done.stderr
        results.append(np.load(tmp_path / f"y{k}.npz")["probabilities"])
    assert results[0].shape == (2, 10)
    np.testing.assert_allclose(results[0].sum(axis=1), 1, rtol=1e-5)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-4, atol=1e-6)
    done = command("run", model, tmp_path / "x.npy", "-o", tmp_path / "y.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), results[1])
    same = [command("run", model, "--seed", "5").stdout for _ in range(2)]
    assert same[0] == same[1] and "probabilities: float32[1, 10]" in same[0]


def test_bad_input_is_explained(command, digits, model, tmp_path):
    def fails(code, text, *arguments):
        done = command(*arguments)
        assert done.returncode == code, done.stderr
        assert re.search(text, done.stderr), done.stderr

    fails(5, "no.oar", "run", tmp_path / "no.oar", "--seed", "1")
    (tmp_path / "bad.oar").write_bytes(b"oarlock\0" + b"\1\0\0\0" + bytes(100))
    fails(1, "bad.oar", "inspect", tmp_path / "bad.oar")
    (tmp_path / "short.oar").write_bytes(model.read_bytes()[:-100])
    fails(1, "truncated", "inspect", tmp_path / "short.oar")
    fails(1, "'image' uint8.*has no value", "run", model)
    fails(1, "no input 'picture'.*'image'", "run", model, "picture=x")
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 28, 28), np.float32))
    fails(1, "uint8", "run", model, tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 9, 28), np.uint8))
    fails(1, "28", "run", model, tmp_path / "x.npy")
    fails(4, "abacus.*reference", "run", model, "--seed", "1", "--device", "abacus")
    fails(1, "shape", "run", model, "--seed", "1", "--shape", "image=1x2")
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x07\x12garbage")
    fails(1, "bad.onnx", "convert", tmp_path / "bad.onnx", "-o", tmp_path / "out.oar")
    assert not (tmp_path / "out.oar").exists()
    fails(5, "folder", "convert", digits / "digits.onnx", "-o", tmp_path / "no" / "folder.oar")


def test_inspect(command, model):
    text = command("inspect", model, "--check", "--graph").stdout
    assert "image: uint8[batch, 1, 28, 28]" in text and "Conv" in text
    facts = json.loads(command("inspect", model, "--json").stdout)
    assert facts["inputs"][0]["shape"] == ["batch", 1, 28, 28]
    assert facts["golden_cases"] == 2 and facts["weight_bytes"] > 0
    assert facts["source_name"] == "digits.onnx" and len(facts["content_hash"]) == 64


def test_explain(command, model):
    text = command("explain", model).stdout
    assert "steps" in text and "conv" in text.lower() and "memory" in text
    plan = json.loads(command("explain", model, "--json", "--device", "reference").stdout)
    assert plan["steps"] and all(step["device"] == "reference" for step in plan["steps"])


def test_compare(command, digits, model):
    done = command("compare", model, "--device", "cpu", "--input", image(digits, 7))
    assert done.returncode == 0, done.stderr
    assert "no value differs" in done.stdout
    done = command("compare", model, "--tolerance", "0")
    assert done.returncode == 1 and "first diverging node" in done.stdout
    report = json.loads(command("compare", model, "--json").stdout)
    errors = [value["scaled_error"] for value in report["values"]]
    assert errors == sorted(errors, reverse=True) and len(errors) > 5


def test_verify(command, digits, model, tmp_path):
    assert command("verify", model).returncode == 0
    assert command("verify", model, "--device", "reference", "--tolerance", "0").returncode == 0
    damaged = bytearray(model.read_bytes())
    damaged[-50] ^= 1
    (tmp_path / "damaged.oar").write_bytes(damaged)
    done = command("verify", tmp_path / "damaged.oar")
    assert done.returncode == 1 and "hash" in done.stderr
    command("convert", digits / "digits.onnx", "-o", tmp_path / "plain.oar")
    done = command("verify", tmp_path / "plain.oar")
    assert done.returncode == 1 and "--golden" in done.stderr


def test_bench_and_profile(command, model, tmp_path):
    numbers = json.loads(command("bench", model, "--runs", "5", "--json", "--threads", "2").stdout)
    assert numbers["runs"] == 5
    assert 0 < numbers["min_ms"] <= numbers["median_ms"] <= numbers["p99_ms"]
    assert numbers["peak_resident_bytes"] > numbers["arena_bytes"] > 0
    done = command("profile", model, "-o", tmp_path / "trace.json", "--runs", "2")
    assert done.returncode == 0 and "GFLOP/s" in done.stdout
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert any(event["ph"] == "X" and event["cat"] == "Conv" for event in events)


def test_devices(command):
    names = command("devices", "--names").stdout.split()
    assert names[-1] == "reference" and "cpu" in names
    listing = json.loads(command("devices", "--json").stdout)
    assert [device["name"] for device in listing["devices"]] == names


@pytest.mark.parametrize("storage, bytes_each, error", [("fp16", 2, 2e-3), ("bf16", 2, 2e-2),
                                                        ("int8", 1, 2e-2)])
def test_convert_stores_weights_in_fewer_bits(command, tmp_path, storage, bytes_each, error):
    onnx = pytest.importorskip("onnx")
    rng = np.random.default_rng(3)
    shapes = {"f": (16, 3, 5, 5), "a": (700, 1024), "b": (300, 700)}
    weights = {name: rng.standard_normal(shape, np.float32) / np.sqrt(np.prod(shape[1:]))
               for name, shape in shapes.items()}
    make = onnx.helper.make_node
    value = onnx.helper.make_tensor_value_info
    nodes = [make("Conv", ["x", "f"], ["c"], strides=[4, 4], pads=[2, 2, 2, 2]),
             make("Flatten", ["c"], ["v"]), make("Gemm", ["v", "a"], ["h"], transB=1),
             make("Relu", ["h"], ["r"]), make("Gemm", ["r", "b"], ["y"], transB=1)]
    graph = onnx.helper.make_graph(
        nodes, "g", [value("x", 1, (1, 3, 32, 32))], [value("y", 1, (1, 300))],
        [onnx.numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]),
              tmp_path / "m.onnx")
    x = rng.standard_normal((1, 3, 32, 32), np.float32)
    np.save(tmp_path / "x.npy", x)

    def results(path, device):
        done = command("run", path, tmp_path / "x.npy", "--device", device, "-o",
                       tmp_path / "y.npz")
        assert done.returncode == 0, done.stderr
        return np.load(tmp_path / "y.npz")["y"]

    for name, options in (("plain.oar", ()), ("small.oar", ("--weights", storage))):
        done = command("convert", tmp_path / "m.onnx", "-o", tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
    plain, small = tmp_path / "plain.oar", tmp_path / "small.oar"
    elements = sum(w.size for w in weights.values())
    saved = plain.stat().st_size - small.stat().st_size
    assert abs(saved - (4 - bytes_each) * elements) < 16384
    expected = results(plain, "reference")
    for device in ("cpu", "reference"):
        assert np.abs(results(small, device) - expected).max() < error * np.abs(expected).max()
    fails = command("convert", tmp_path / "m.onnx", "-o", small, "--weights", "fp12")
    assert fails.returncode == 2


def test_convert_reports_every_unsupported_node(command, tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    nodes = [helper.make_node("Nothing", ["x"], ["a"], name="first"),
             helper.make_node("Relu", ["a"], ["b"]),
             helper.make_node("Else", ["b"], ["y"], name="second", domain="com.example")]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in "xy"]
    proto = helper.make_model(
        helper.make_graph(nodes, "g", values[:1], values[1:]),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)])
    onnx.save(proto, tmp_path / "m.onnx")
    arguments = ("convert", tmp_path / "m.onnx", "-o", tmp_path / "m.oar",
                 "--report", tmp_path / "report.json")
    done = command(*arguments)
    assert done.returncode == 3
    assert "first" in done.stderr and "second" in done.stderr and "com.example" in done.stderr
    assert not (tmp_path / "m.oar").exists()
    report = json.loads((tmp_path / "report.json").read_text())
    assert [node["node"] for node in report["unsupported"]] == ["first", "second"]
    assert command(*arguments, "--allow-unsupported").returncode == 0
    assert "Nothing" in command("inspect", tmp_path / "m.oar").stdout
    done = command("run", tmp_path / "m.oar", "--seed", "1")
    assert done.returncode == 3 and "Nothing" in done.stderr


def test_instruction_set_from_the_environment(command, digits, model):
    named = re.search(r"this machine has (.*)", command(
        "devices", env={**os.environ, "OARLOCK_CPU": "abacus"}).stderr + command(
        "run", model, image(digits, 3), "--device", "cpu",
        env={**os.environ, "OARLOCK_CPU": "abacus"}).stderr)
    assert named, "the error lists what the machine has"
    for name in named[1].rstrip(")").split(", "):
        limited = {**os.environ, "OARLOCK_CPU": name.lower()}
        assert name in command("devices", env=limited).stdout
        done = command("compare", model, "--device", "cpu", "--against", "reference",
                       "--input", image(digits, 3), env=limited)
        assert done.returncode == 0, done.stdout + done.stderr


def little_room():
    """Files of this process may not exceed a kilobyte: what a full disk looks like."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_writing_that_fails_leaves_what_was_there(command, digits, model, tmp_path):
    for arguments in (("convert", digits / "digits.onnx", "-o"),
                      ("run", model, "--shape", "batch=100", "--seed", "1", "-o"),
                      ("profile", model, "--runs", "50", "-o")):
        target = tmp_path / ("out.npz" if arguments[0] == "run" else f"out.{arguments[0]}")
        target.write_text("what was there")
        done = command(*arguments, target, preexec_fn=little_room)
        assert done.returncode == 5, done.stdout + done.stderr
        assert str(target) in done.stderr and "File too large" in done.stderr, done.stderr
        assert target.read_text() == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.convert", "out.npz", "out.profile"]


def test_prepacked_weights_are_used(command, digits, tmp_path):
    path, packed = tmp_path / "digits.oar", tmp_path / "digits.oar.packed-cpu"
    done = command("convert", digits / "digits.onnx", "-o", path, "--prepack", "cpu")
    assert done.returncode == 0, done.stderr
    assert f"written: {path}, {packed}" in done.stdout and packed.exists()
    plan = json.loads(command("explain", path, "--device", "cpu", "--json").stdout)
    assert plan["prepacked_constants"] == plan["packed_constants"] > 0
    done = command("run", path, image(digits, 7), "--device", "cpu", "--top", "1")
    assert done.stdout.split()[1] == "#7"
    done = command("convert", digits / "digits.onnx", "-o", path, "--prepack", "reference")
    assert done.returncode != 0 and "cpu does" in done.stderr
