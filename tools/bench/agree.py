#!/usr/bin/env python3
"""Runs every .onnx file of a folder in oarlock and in ONNX Runtime on the same seeded inputs.

    tools/bench/agree.py FOLDER [--device cpu] [--threads 2] [--tolerance 1e-3] [--models a,b]

Prints for each model the largest difference, as a fraction of ONNX Runtime's largest value, and
the median time of a run in both (a few runs, taking turns). The exit code is 1 if a model fails or
differs by more than the tolerance. Needs the packages oarlock, numpy and onnxruntime.
"""

import argparse
import pathlib
import statistics
import sys
import time

import numpy as np


def made_up(inputs):
    random = np.random.default_rng(0)
    values = {}
    for info in inputs:
        shape = [d if isinstance(d, int) else 1 for d in info.shape]
        if info.dtype.kind in "iu":
            values[info.name] = random.integers(0, 100, shape).astype(info.dtype)
        elif info.dtype.kind == "b":
            values[info.name] = random.integers(0, 2, shape).astype(bool)
        else:
            values[info.name] = random.standard_normal(shape).astype(info.dtype)
    return values


def timed(run, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def compare(path, arguments):
    import onnxruntime

    import oarlock

    session = oarlock.Session(oarlock.convert(path), devices=[arguments.device],
                              threads=arguments.threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.log_severity_level = 3
    peer = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = made_up(session.inputs)
    ours = session.run(inputs)
    theirs = dict(zip([o.name for o in peer.get_outputs()], peer.run(None, inputs)))
    error = 0.0
    for name, expected in theirs.items():
        largest = float(np.max(np.abs(expected), initial=0)) or 1.0
        apart = np.abs(ours[name].astype(np.float64) - expected.astype(np.float64))
        error = max(error, float(np.max(apart, initial=0)) / largest)
    times = [(timed(lambda: session.run(inputs), 3), timed(lambda: peer.run(None, inputs), 3))
             for _ in range(arguments.rounds)]
    return error, *(statistics.median(column) for column in zip(*times))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", default="", help="names without .onnx, separated by commas")
    arguments = parser.parse_args()
    wanted = arguments.models.split(",") if arguments.models else []
    print(f"{'model':24s} {'scaled error':>12s} {'oarlock ms':>11s} {'ort ms':>9s} {'ratio':>6s}")
    bad = 0
    for path in sorted(arguments.folder.glob("*.onnx")):
        if wanted and path.stem not in wanted:
            continue
        try:
            error, ours, theirs = compare(path, arguments)
        except Exception as problem:  # one model's failure must not hide the others
            print(f"{path.stem:24s} FAILED: {type(problem).__name__}: {str(problem)[:300]}")
            bad += 1
            continue
        verdict = "" if error <= arguments.tolerance else "  DIFFERS"
        bad += bool(verdict)
        print(f"{path.stem:24s} {error:12.2e} {ours:11.2f} {theirs:9.2f} {ours / theirs:6.2f}"
              f"{verdict}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
