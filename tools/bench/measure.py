#!/usr/bin/env python3
"""Measures engines side by side: each in a process of its own, taking turns, so that a drift of the
machine meets all alike.

    tools/bench/measure.py FOLDER [--engines oarlock,onnxruntime,openvino,mnn,ncnn] [--models a,b]
        [--threads 2] [--rounds 7] [--slice 0.4] [--starts 3] [--neighbour] [--tolerance 1e-3]
        [--json FILE]

FOLDER holds .onnx files; the engines' own files are kept in FOLDER/prepared. Prints for each model
the median milliseconds of a run, the ratio of the first engine to the best other one, and the
largest difference of the first engine's outputs from ONNX Runtime's, as a fraction of their largest
value. With --neighbour another process keeps a core busy. The exit code is 1 if the first engine
fails or differs by more than the tolerance.

--json writes for each model and engine also the seconds from start to the first result (import
included; the median of --starts fresh processes), the peak memory of its process in MB, and the
processor seconds that the host of this machine gave to others, per second in which it was timed.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import sys
import time

import numpy as np

from engines import ENGINES

# A process that inherits nothing, least of all this one's memory, which would count as its peak.
fresh = multiprocessing.get_context("spawn")


def interface(onnx):
    """Seeded inputs by name, in the shapes of the file with 1 for open dimensions, and the names of
    the outputs."""
    import onnx as package
    try:
        graph = package.load(onnx, load_external_data=False).graph
    except Exception as error:  # what protobuf raises depends on its version
        sys.exit(f"error: {onnx} is no ONNX model: {error}")
    weights = {tensor.name for tensor in graph.initializer}
    random = np.random.default_rng(0)
    inputs = {}
    for info in graph.input:
        if info.name in weights:
            continue
        shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
        dtype = package.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        if dtype.kind in "iu":
            inputs[info.name] = random.integers(0, 100, shape).astype(dtype)
        elif dtype.kind == "b":
            inputs[info.name] = random.integers(0, 2, shape).astype(bool)
        else:
            inputs[info.name] = random.standard_normal(shape).astype(dtype)
    return inputs, [info.name for info in graph.output]


def peak_mb():
    """The most memory this process has held; getrusage() would count its parent's, too."""
    status = pathlib.Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024


def worker(name, path, inputs, outputs, threads, pipe):
    """Sends (first result's seconds, outputs, peak MB), then the median ms of every slice asked for."""
    try:
        start = time.perf_counter()
        run = ENGINES[name].open(path, inputs, outputs, threads)
        results = run()
        first = time.perf_counter() - start
        pipe.send((first, [np.asarray(y) for y in results], peak_mb()))
    except Exception as error:  # an engine may refuse a model in its own way
        pipe.send(f"{type(error).__name__}: {error}"[:200])
        return
    while (seconds := pipe.recv()) is not None:
        times = []
        end = time.perf_counter() + seconds
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        pipe.send(statistics.median(times) * 1e3)


def stolen():
    """Seconds, of all processors, in which this machine had work and its host did other guests'."""
    fields = pathlib.Path("/proc/stat").read_text().split(maxsplit=9)
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def difference(results, expected):
    largest = 0.0
    for y, e in zip(results, expected):
        y, e = y.astype(np.float64), e.astype(np.float64)
        if y.size != e.size:
            return float("inf")
        if e.size:
            error = np.max(np.abs(y.ravel() - e.ravel())) / (np.max(np.abs(e)) + 1e-9)
            largest = max(largest, float(error))
    return largest


def whole(results, expected):
    """Whether the answers have as many elements as expected; an engine may compute one image of a
    batch only."""
    return [np.size(y) for y in results] == [np.size(e) for e in expected]


class Process:
    """An engine with a model, ready to be timed."""

    def __init__(self, name, onnx, inputs, outputs, threads):
        self.name, self.error, self.times, self.firsts = name, None, [], []
        self.timed, self.stolen = 0.0, 0.0
        try:
            folder = onnx.parent / "prepared"
            folder.mkdir(exist_ok=True)
            path = ENGINES[name].prepare(onnx, folder)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"[:200]
            return
        self.arguments = (name, path, inputs, outputs, threads)
        self.process, self.pipe, answer = self.begin()
        if isinstance(answer, str):
            self.error = answer
        else:
            _, self.results, self.peak = answer

    def begin(self):
        """A process that has run once: itself, its pipe and its answer."""
        pipe, other = fresh.Pipe()
        process = fresh.Process(target=worker, args=(*self.arguments, other), daemon=True)
        process.start()
        other.close()
        try:
            answer = pipe.recv()
        except EOFError:
            answer = "the process died"
        if not isinstance(answer, str):
            self.firsts.append(answer[0])
        return process, pipe, answer

    def start_another(self):
        """For one more first result."""
        process, pipe, answer = self.begin()
        if not isinstance(answer, str):
            pipe.send(None)
        process.join(5)

    def time(self, seconds):
        before, start = stolen(), time.perf_counter()
        self.pipe.send(seconds)
        self.times.append(self.pipe.recv())
        self.timed += time.perf_counter() - start
        self.stolen += stolen() - before

    def close(self):
        self.pipe.send(None)
        self.process.join(5)


def measure(onnx, engines, threads, rounds, seconds, starts):
    """A dictionary: model, ratio, difference, and for each engine its figures or its error."""
    inputs, outputs = interface(onnx)
    started = [Process(name, onnx, inputs, outputs, threads) for name in engines]
    results = {process.name: process.results for process in started if process.error is None}
    expected = results.get("onnxruntime")
    for process in started:
        if expected and process.error is None and not whole(process.results, expected):
            process.error = "answers a part of the input"
            process.close()
    running = [process for process in started if process.error is None]
    for _ in range(starts - 1):
        for process in running:
            process.start_another()
    for _ in range(rounds):
        for process in running:
            process.time(seconds)
            time.sleep(0.2)
    row = {"model": onnx.stem, "engines": {}}
    for process in started:
        if process.error is not None:
            row["engines"][process.name] = {"error": process.error}
            continue
        process.close()
        row["engines"][process.name] = {"ms": round(statistics.median(process.times), 3),
                                        "first_s": round(statistics.median(process.firsts), 4),
                                        "peak_mb": round(process.peak, 1),
                                        "stolen": round(process.stolen / process.timed, 4)}
    times = [row["engines"][name].get("ms") for name in engines]
    if times[0] and any(times[1:]):
        row["ratio"] = round(times[0] / min(t for t in times[1:] if t), 3)
    if engines[0] in results and expected:
        row["difference"] = difference(results[engines[0]], expected)
    return row


def burn():
    while True:
        pass


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values))))


def chosen_models(parser, folder, names):
    """The .onnx files of the folder that the comma-separated names choose, or all; ends the program
    with an error where one is missing."""
    wanted = set(filter(None, names.split(",")))
    models = [path for path in sorted(folder.resolve().glob("*.onnx"))
              if not wanted or path.stem in wanted]
    if not models or wanted - {path.stem for path in models}:
        parser.error(f"{folder} has no .onnx file "
                     + ", ".join(sorted(wanted - {path.stem for path in models})))
    return models


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--engines", default="oarlock,onnxruntime,openvino,mnn,ncnn")
    parser.add_argument("--models", default="")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=0.4)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    engines = args.engines.split(",")
    if unknown := [name for name in engines if name not in ENGINES]:
        parser.error(f"unknown engine {unknown[0]}; there are {', '.join(ENGINES)}")
    models = chosen_models(parser, args.folder, args.models)
    multiprocessing.set_start_method("spawn")
    if args.neighbour:
        multiprocessing.Process(target=burn, daemon=True).start()

    print(f"{'model':22s}" + "".join(f"{name:>15s}" for name in engines)
          + f"{'ratio':>8s}{'difference':>12s}   median ms, {args.threads} threads")
    rows, failed = [], False
    for onnx in models:
        row = measure(onnx, engines, args.threads, args.rounds, args.slice, args.starts)
        rows.append(row)
        figures = [row["engines"][name] for name in engines]
        failed |= "error" in figures[0] or not row.get("difference", 0) <= args.tolerance
        print(f"{row['model']:22s}" + "".join(f"{f.get('ms', float('nan')):15.2f}" for f in figures)
              + f"{row.get('ratio', float('nan')):8.3f}{row.get('difference', float('nan')):12.1e}"
              + "".join(f"  {name}: {f['error']}" for name, f in zip(engines, figures)
                        if "error" in f), flush=True)
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    if ratios:
        print(f"geometric mean ratio {geometric_mean(ratios):.3f} over {len(ratios)} models, "
              f"worst {max(ratios):.3f}")
    if args.json:
        args.json.write_text(json.dumps({"threads": args.threads, "neighbour": args.neighbour,
                                         "rounds": args.rounds, "slice_s": args.slice,
                                         "engines": engines, "models": rows}, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
