#!/usr/bin/env python3
"""Measures the OpenCL backend on PoCL beside ONNX Runtime's CPU, and prints a table in markdown.

    POCL_AFFINITY=1 tools/bench/opencl.py FOLDER [--models a,b] [--command build/release/bin/oarlock]
        [--threads 2] [--rounds 7] [--slice 0.4] [--starts 5] [--tune 60] [--json FILE]

FOLDER holds .onnx files; .oar files are kept in FOLDER/prepared. For each model, in caches of its own:
the seconds from opening the model to the first result, once with empty caches and in later processes
with filled ones (median of --starts); then `oarlock tune` for --tune seconds; then, taking turns, the
median milliseconds of a run untuned, tuned, and of ONNX Runtime. PYTHONPATH names the folder of the
package oarlock. The exit code is 1 if outputs differ from ONNX Runtime's by more than 1e-3.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from engines import Oarlock
from measure import Process, chosen_models, difference, geometric_mean, interface

TOLERANCE = 1e-3
POCL = "/etc/OpenCL/vendors/pocl.icd"


def start(command, path):
    """Seconds from opening the model to the first result in a new process."""
    ran = subprocess.run([command, "bench", path, "--device", "opencl", "--runs", "1", "--warmup",
                          "1", "--seed", "1", "--json"], capture_output=True, text=True, check=True)
    figures = json.loads(ran.stdout)
    return (figures["load_ms"] + figures["first_run_ms"]) / 1e3


def measure(onnx, args):
    inputs, outputs = interface(onnx)
    prepared = onnx.parent / "prepared"
    prepared.mkdir(exist_ok=True)
    path = Oarlock().prepare(onnx, prepared)
    row = {"model": onnx.stem, "first": start(args.command, path),
           "second": statistics.median(start(args.command, path) for _ in range(args.starts))}
    processes = {"untuned": Process("oarlock-opencl", onnx, inputs, outputs, args.threads)}
    subprocess.run([args.command, "tune", path, "--device", "opencl", "--seconds", str(args.tune)],
                   check=True, stdout=subprocess.DEVNULL)
    processes["tuned"] = Process("oarlock-opencl", onnx, inputs, outputs, args.threads)
    processes["onnxruntime"] = Process("onnxruntime", onnx, inputs, outputs, args.threads)
    for name, process in processes.items():
        if process.error is not None:
            sys.exit(f"error: {onnx.stem}, {name}: {process.error}")
    for _ in range(args.rounds):
        for process in processes.values():
            process.time(args.slice)
            time.sleep(0.2)
    for name, process in processes.items():
        process.close()
        row[name] = statistics.median(process.times)
    row["difference"] = max(difference(processes[name].results, processes["onnxruntime"].results)
                            for name in ("untuned", "tuned"))
    return row


def table(rows):
    lines = ["| model | first start s | second start s | untuned ms | tuned ms | ONNX Runtime ms |"
             " ratio untuned | ratio tuned |", "|---|" + "---:|" * 7]
    for r in rows:
        lines.append(f"| {r['model']} | {r['first']:.2f} | {r['second']:.3f} | {r['untuned']:.2f} |"
                     f" {r['tuned']:.2f} | {r['onnxruntime']:.2f} |"
                     f" {r['untuned'] / r['onnxruntime']:.2f} |"
                     f" {r['tuned'] / r['onnxruntime']:.2f} |")
    means = [geometric_mean([r[name] / r["onnxruntime"] for r in rows])
             for name in ("untuned", "tuned")]
    lines.append(f"| geometric mean | | | | | | {means[0]:.3f} | {means[1]:.3f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--models", default="")
    parser.add_argument("--command", default="build/release/bin/oarlock")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=0.4)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--tune", type=float, default=60)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    # Other drivers that are installed would be loaded too, and take time at every start.
    if pathlib.Path(POCL).is_file():
        os.environ.setdefault("OCL_ICD_VENDORS", POCL)
    os.environ.setdefault("POCL_AFFINITY", "1")
    os.environ["POCL_MAX_PTHREAD_COUNT"] = str(args.threads)
    models = chosen_models(parser, args.folder, args.models)
    rows = []
    for onnx in models:
        with tempfile.TemporaryDirectory() as caches:
            for variable in ("POCL_CACHE_DIR", "OARLOCK_OPENCL_CACHE"):
                os.environ[variable] = f"{caches}/{variable}"
                os.mkdir(os.environ[variable])
            rows.append(measure(onnx, args))
        print(table(rows[-1:]).splitlines()[2], file=sys.stderr, flush=True)
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if any(r["difference"] > TOLERANCE for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
