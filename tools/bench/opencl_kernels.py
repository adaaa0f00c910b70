#!/usr/bin/env python3
"""Measures OpenCL kernels of convolutions and products beside the device's rate of multiply-adds.

    POCL_AFFINITY=1 tools/bench/opencl_kernels.py [--command build/release/bin/oarlock] [--threads 2]
        [--tune 10] [--runs 30] [--filter 3x3] [--min-share 0.8]

Prints a table in markdown: the kernels of the shapes in SHAPES, untuned, then with the tiles that
`oarlock tune` has found in --tune seconds each, in an empty cache. A layer and the one back to its
input's shape follow each other in a chain; what LONG of these pairs take more than SHORT, each the
smallest time of --runs runs, is the kernels' time. The peak is that of multiply_add.cl, measured anew
beside every shape. Winograd's convolutions count the operations of the direct sum. The exit code is 1
if a tuned pair does less than --min-share of the peak. PYTHONPATH names the folder of the package
oarlock.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
POCL = "/etc/OpenCL/vendors/pocl.icd"
ITEMS, ROUNDS, WIDTH, CHAINS = 16, 100000, 16, 12

SHORT, LONG = 1, 9

# Name: shape of the input, channels (or columns) between, height and width of a convolution's kernel.
SHAPES = {
    "1x1 56x56 64->256->64": ((1, 64, 56, 56), 256, 1),
    "1x1 28x28 128->512->128": ((1, 128, 28, 28), 512, 1),
    "1x1 14x14 256->1024->256": ((1, 256, 14, 14), 1024, 1),
    "1x1 7x7 512->2048->512": ((1, 512, 7, 7), 2048, 1),
    "1x1 14x14 512->512->512": ((1, 512, 14, 14), 512, 1),
    "3x3 56x56 64->64->64": ((1, 64, 56, 56), 64, 3),
    "3x3 28x28 128->128->128": ((1, 128, 28, 28), 128, 3),
    "3x3 14x14 256->256->256": ((1, 256, 14, 14), 256, 3),
    "5x5 14x14 128->128->128": ((1, 128, 14, 14), 128, 5),
    "product 128x384 ->1536->384": ((128, 384), 1536, None),
    "product 512x512 ->512->512": ((512, 512), 512, None),
}


def model(pairs, shape, between, size):
    """A chain of layers, and the operations of a pair."""
    random = np.random.default_rng(1)
    width = shape[1]
    nodes, weights, last = [], [], "x"
    for name, (inputs, outputs) in {"a": (width, between), "b": (between, width)}.items():
        w = random.standard_normal((outputs, inputs, size, size) if size else (inputs, outputs))
        w /= (w.size / outputs) ** 0.5
        weights.append(numpy_helper.from_array(w.astype(np.float32), name))
    for i in range(2 * pairs):
        inputs, outputs = [last, "ab"[i % 2]], [f"y{i}"]
        nodes.append(helper.make_node("Conv", inputs, outputs, pads=[size // 2] * 4) if size
                     else helper.make_node("MatMul", inputs, outputs))
        nodes.append(helper.make_node("Relu", outputs, [f"z{i}"]))
        last = f"z{i}"
    graph = helper.make_graph(
        nodes, "chain", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_empty_tensor_value_info(last)], weights)
    rows = np.prod(shape) / width
    return (helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10),
            4 * rows * width * between * (size or 1) ** 2)


def peak(command):
    """GFLOP/s."""
    ran = subprocess.run(
        [command, "kernel", "run", HERE / "multiply_add.cl", "--kernel", "multiply_add", "--define",
         f"WIDTH={WIDTH}", "--arg", f"out=float32:{ITEMS}x{WIDTH}", "--arg", f"int={ROUNDS}", "--arg",
         "float=0.5", "--arg", "float=1", "--global", str(ITEMS), "--local", "1", "--repeat", "20"],
        capture_output=True, text=True, check=True).stdout
    least = float(re.search(r"^multiply_add\s+\S+\s+\S+\s+(\S+)", ran, re.MULTILINE)[1])
    return 2 * ITEMS * ROUNDS * WIDTH * CHAINS / least / 1e3


def least_seconds(session, feed, runs):
    session.run(feed)
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        session.run(feed)
        times.append(time.perf_counter() - begin)
    return min(times)


def rate(short, long, shape, flops, runs):
    """GFLOP/s, and the names of the kernels that compute."""
    import oarlock
    feed = {"x": np.random.default_rng(2).standard_normal(shape).astype(np.float32)}
    sessions = [oarlock.Session(path, devices=["opencl"], strict=True) for path in (short, long)]
    seconds = [least_seconds(session, feed, runs) for session in sessions]
    kernels = {step["kernel"] for step in sessions[0].profile(runs=1)
               if step["flops"] and not step["op"].startswith(("oarlock.Copy", "oarlock.Relayout"))}
    return flops * (LONG - SHORT) / (seconds[1] - seconds[0]) / 1e9, " ".join(sorted(kernels))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default="build/release/bin/oarlock")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tune", type=float, default=10)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--filter", default="")
    parser.add_argument("--min-share", type=float, default=0)
    args = parser.parse_args()
    if pathlib.Path(POCL).is_file():
        os.environ.setdefault("OCL_ICD_VENDORS", POCL)
    os.environ.setdefault("POCL_AFFINITY", "1")
    os.environ["POCL_MAX_PTHREAD_COUNT"] = str(args.threads)
    import oarlock
    print("| shape | peak GFLOP/s | kernel | untuned | share | tuned kernel | tuned | share |")
    print("|---|---:|---|---:|---:|---|---:|---:|", flush=True)
    least = 1.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OARLOCK_OPENCL_CACHE"] = folder
        short, long = (os.path.join(folder, name) for name in ("short.oar", "long.oar"))
        for name, description in SHAPES.items():
            if args.filter not in name:
                continue
            for path, pairs in ((short, SHORT), (long, LONG)):
                chain, flops = model(pairs, *description)
                oarlock.convert(chain).save(path)
            most = peak(args.command)
            before, kernel = rate(short, long, description[0], flops, args.runs)
            subprocess.run([args.command, "tune", short, "--device", "opencl", "--seconds",
                            str(args.tune)], check=True, stdout=subprocess.DEVNULL)
            after, tuned = rate(short, long, description[0], flops, args.runs)
            most = max(most, peak(args.command))
            least = min(least, after / most)
            print(f"| {name} | {most:.0f} | {kernel} | {before:.0f} | {before / most:.0%} | {tuned} |"
                  f" {after:.0f} | {after / most:.0%} |", flush=True)
    return 1 if least < args.min_share else 0


if __name__ == "__main__":
    sys.exit(main())
