#!/usr/bin/env python3
"""Writes a page with the tables and the plot of what measure.py has measured.

    tools/bench/report.py FOLDER PAGE

FOLDER holds the .json files of tools/bench/run.sh; the plot goes beside PAGE as .svg.
"""

import datetime
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import sys

from measure import geometric_mean

PACKAGES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "mnn": "MNN", "ncnn": "ncnn"}
TABLES = [
    ("two_threads", "Two threads", "Batch 1, float32, median milliseconds of a run."),
    ("one_thread", "One thread", "The same with one thread."),
    ("neighbour", "Beside a busy process",
     "Two threads while another process keeps one core busy, as on a user's ordinary day."),
    ("sizes", "Batches and lengths", "Batches of images, and sequences of several lengths."),
    ("avx2", "Limited to AVX2",
     "`OARLOCK_CPU=avx2`, `ONEDNN_MAX_CPU_ISA=AVX2`; ONNX Runtime has no such limit, the ratio is to"
     " OpenVINO."),
]


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    facts = dict(re.findall(r"^(model name|flags)\s*: (.*)$", text, re.MULTILINE))
    name = facts.get("model name", "unknown CPU")
    if "flags" in facts:
        name += f" {'with' if 'avx512f' in facts['flags'].split() else 'without'} AVX-512"
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def versions(engines):
    named = [f"{name} {importlib.metadata.version(PACKAGES[name])}" for name in engines
             if name in PACKAGES]
    return ", ".join(named)


def table(rows, engines, value, ratio):
    """Markdown: a line a model with value(figures of an engine); ratio(row) or None ends it."""
    lines = ["| network | " + " | ".join(engines) + " | ratio |",
             "|---|" + "---:|" * (len(engines) + 1)]
    ratios = []
    for row in rows:
        figures = [row["engines"][name] for name in engines]
        cells = ["-" if "error" in f else value(f) for f in figures]
        found = ratio(row)
        ratios += [found] if found else []
        lines.append(f"| {row['model']} | " + " | ".join(cells)
                     + f" | {f'{found:.2f}' if found else '-'} |")
    if ratios:
        lines.append("| geometric mean |" + " |" * len(engines)
                     + f" **{geometric_mean(ratios):.2f}** |")
    return "\n".join(lines)


def ratio_of(key, engines):
    """First engine to the best other one."""
    def ratio(row):
        values = [row["engines"][name].get(key) for name in engines]
        others = [v for v in values[1:] if v]
        return values[0] / min(others) if values[0] and others else None
    return ratio


def turns(measured):
    """How a table was measured, and how idle the machine was left by its host."""
    withheld = [figures["stolen"] for row in measured["models"]
                for figures in row["engines"].values() if "stolen" in figures]
    text = f"{measured['rounds']} turns of {measured['slice_s']} s for each engine"
    if withheld:
        text += f"; meanwhile the host withheld {statistics.mean(withheld):.1%} of a processor"
    return text + "."


def plot(measured, path):
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    engines, rows = measured["engines"], measured["models"]
    figure, axes = pyplot.subplots(figsize=(11, 4))
    width = 0.8 / len(engines)
    for i, name in enumerate(engines):
        base = [row["engines"][engines[0]].get("ms") for row in rows]
        times = [row["engines"][name].get("ms") for row in rows]
        axes.bar([x + i * width for x in range(len(rows))],
                 [t / b if t and b else 0 for t, b in zip(times, base)], width, label=name)
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(rows))],
                    [row["model"] for row in rows], rotation=35, ha="right")
    axes.set_ylabel(f"time / {engines[0]}'s")
    axes.set_ylim(0, 4)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    folder, page = map(pathlib.Path, sys.argv[1:])
    measured = {name: json.loads((folder / f"{name}.json").read_text()) for name, _, _ in TABLES
                if (folder / f"{name}.json").exists()}
    if "two_threads" not in measured:
        sys.exit(f"error: {folder} has no two_threads.json; tools/bench/run.sh measures it")
    main_table = measured["two_threads"]
    text = ["# Performance", "",
            "Written by `tools/bench/run.sh`, which exports the networks, runs every engine in a",
            "process of its own, lets them take turns, and compares the answers with ONNX Runtime's.",
            "The ratio is oarlock's figure divided by the best other engine's: below 1 oarlock leads.",
            "", f"Machine: {machine()}. Engines: {versions(main_table['engines'])}."
            f" Measured on {datetime.date.today()}.", "",
            f"![time of every engine divided by oarlock's]({page.with_suffix('.svg').name})"]
    for name, title, about in TABLES:
        if name in measured:
            engines = measured[name]["engines"]
            compared = [e for e in engines if e != "onnxruntime"] if name == "avx2" else engines
            text += ["", f"## {title}", "", f"{about} {turns(measured[name])}", "",
                     table(measured[name]["models"], engines, lambda f: f"{f['ms']:.2f}",
                           ratio_of("ms", compared))]
    engines = main_table["engines"]
    text += ["", "## First result", "",
             "Milliseconds from nothing to the first result, with the import of the package; each",
             "engine from its own file (ONNX Runtime: the ONNX file).", "",
             table(main_table["models"], engines, lambda f: f"{f['first_s'] * 1e3:.0f}",
                   ratio_of("first_s", engines)),
             "", "## Peak memory", "", "Megabytes of the process after the first result.", "",
             table(main_table["models"], engines, lambda f: f"{f['peak_mb']:.0f}",
                   ratio_of("peak_mb", engines)), ""]
    plot(main_table, page.with_suffix(".svg"))
    partial = page.with_suffix(".partial")
    partial.write_text("\n".join(text))
    partial.replace(page)


if __name__ == "__main__":
    main()
