"""oarlock tune on the CPU: what it measures is kept, shown and used."""

import json
import pathlib

MODEL = pathlib.Path(__file__).parents[1] / "models" / "digits.onnx"


def test_choices_are_kept_and_explained(command, tmp_path):
    cache = ["--set", f"cpu.cache={tmp_path / 'cache'}"]
    tuned = command("tune", MODEL, "--device", "cpu", "--seconds", "1000", "--json", *cache)
    assert tuned.returncode == 0, tuned.stderr
    report = json.loads(tuned.stdout)
    assert report["finished"] and report["choices"]
    for choice in report["choices"]:
        assert choice["usual_us"] > 0 and choice["candidates"]
        assert choice["kept"] in [choice["usual"], *choice["candidates"]]
    assert len(list((tmp_path / "cache").iterdir())) == len(report["choices"])

    explained = command("explain", MODEL, "--device", "cpu", *cache)
    assert "tuned: " in explained.stdout
    assert "tuned: " not in command("explain", MODEL, "--device", "cpu", "--set",
                                    "cpu.cache=off").stdout

    again = command("tune", MODEL, "--device", "cpu", *cache)
    assert again.returncode == 0, again.stderr
    assert "0 kinds of nodes were measured" in again.stdout


def test_devices_that_cannot_be_tuned(command):
    refused = command("tune", MODEL, "--device", "reference")
    assert refused.returncode == 4
    assert "nothing to tune on reference" in refused.stderr


def test_seconds_are_a_number(command):
    refused = command("run", MODEL, "--device", "cpu", "--set", "tune=soon")
    assert refused.returncode == 1
    assert "not 'soon'" in refused.stderr
