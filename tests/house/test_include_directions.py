"""Checks every #include and #if of the project against ARCHITECTURE.md's table of folders."""

import pathlib
import re
import subprocess

import pytest

# Folder of the including file: folders it may include. A backend sees kernels of its own name only.
ALLOWED = {
    "schema": {"schema"},
    "kernels": {"kernels"},
    "core": {"core", "core-public", "schema"},
    "backends": {"backends", "core-public", "kernels"},
    "converter": {"converter", "converter-public", "core", "core-public"},
    "tools": {"backends", "converter", "converter-public", "core", "core-public", "kernels",
              "schema", "tools"},
    "tests": {"backends", "converter", "converter-public", "core", "core-public", "kernels",
              "schema", "tests", "tools"},
}

# Inside core a file may include its own layer and those before it.
CORE_LAYERS = ["graph", "ops", "passes", "plan", "run", "capi"]

# Headers of a library, and where they may appear; tests may include all of them.
LIBRARIES = {
    r"(google/protobuf|onnx)/": ["converter/"],
    r"flatbuffers/": ["core/", "schema/"],
    r"(tbb|oneapi)/": ["backends/cpu/"],
    r"hwy/": ["kernels/cpu/", "backends/cpu/"],
    r"(CL/|clblast)": ["backends/opencl/"],
    r"(xrt/|experimental/xrt)": ["backends/xrt/"],
    r"(dnnl|oneapi/dnnl)": ["backends/cpu/"],
    r"nanobind/": ["tools/python/"],
    r"(CLI/|nlohmann/)": ["tools/"],
    r"stb_": ["tools/", "core/ops/support/images/"],
    r"(jpeglib|tiffio|openjpeg|webp/)": ["core/ops/support/images/"],
}

DEVICE_CONDITION = re.compile(
    r"OPENCL|XRT|CUDA|VULKAN|METAL|CLBLAST|DNNL|__SYNTHESIS__|__AVX|__SSE|__ARM_|__aarch64|NEON"
    r"|OARLOCK_(HAVE_)?(CPU|NULL)")
DEVICE_FOLDERS = ("kernels/", "backends/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)$", re.M)
SOURCES = (".h", ".hpp", ".c", ".cc", ".cpp", ".cl", ".inc")


def included_folder(root, includer, name):
    """The project folder an include names, with its path, or (None, name) for other libraries."""
    beside = (root / includer).parent / name
    if beside.is_file():
        name = beside.resolve().relative_to(root.resolve()).as_posix()
    if name.startswith("oarlock/"):
        public = "core-public"
        if (root / "converter" / "include" / name).is_file():
            public = "converter-public"
        return public, name
    for public in ("core", "converter"):
        if name.startswith(f"{public}/include/"):
            return f"{public}-public", name
    top = name.split("/")[0]
    return (top, name) if top in ALLOWED and "/" in name else (None, name)


def core_layer(path):
    parts = pathlib.PurePosixPath(path).parts
    return CORE_LAYERS.index(parts[1]) if len(parts) > 2 and parts[1] in CORE_LAYERS else None


def violations(root, path, text):
    """What is wrong in the file `path` (relative to root) with contents `text`."""
    wrong = []
    top = path.split("/")[0]
    if top not in ALLOWED:
        return wrong
    for quote, name in INCLUDE.findall(text):
        folder, full = included_folder(root, path, name)
        if folder is not None:
            if folder not in ALLOWED[top]:
                wrong.append(f"{path}: {top}/ may not include {name}")
            elif top == "backends" and folder == "backends" and path.split("/")[1] != full.split("/")[1]:
                wrong.append(f"{path}: includes another backend, {name}")
            elif top == folder == "core":
                own, other = core_layer(path), core_layer(full)
                if own is not None and other is not None and other > own:
                    wrong.append(f"{path}: core/{CORE_LAYERS[own]} may not include {name}")
            continue
        if top == "tests":
            continue
        for pattern, places in LIBRARIES.items():
            if re.match(pattern, name) and not any(path.startswith(place) for place in places):
                wrong.append(f"{path}: {name} belongs in {' and '.join(places)} only")
    if not path.startswith(DEVICE_FOLDERS) and top != "tests":
        for condition in CONDITION.findall(text):
            if DEVICE_CONDITION.search(condition):
                wrong.append(f"{path}: #if{condition} names a device outside its folder")
    return wrong


def project_files(root):
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [
        p.relative_to(root).as_posix() for top in ALLOWED for p in (root / top).rglob("*")]
    return [n for n in names if n.endswith(SOURCES) and (root / n).is_file()]


def test_project(source_dir):
    files = project_files(source_dir)
    assert files
    wrong = [w for f in files
             for w in violations(source_dir, f, (source_dir / f).read_text(errors="replace"))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path, text", [
    ("kernels/cpu/gemm.cc", '#include "core/graph/graph.h"'),
    ("kernels/cpu/gemm.cc", '#include "oarlock/status.h"'),
    ("core/run/session.cc", '#include "backends/cpu/device.h"'),
    ("core/run/session.cc", "#include <tbb/parallel_for.h>"),
    ("core/run/session.cc", "#ifdef OARLOCK_HAVE_OPENCL"),
    ("core/graph/graph.cc", '#include "core/plan/plan.h"'),
    ("core/graph/model_file.cc", '#include "onnx/onnx.pb.h"'),
    ("backends/cpu/device.cc", '#include "backends/opencl/device.h"'),
    ("backends/cpu/device.cc", '#include "core/run/session_state.h"'),
    ("converter/import.cc", '#include "tools/report.h"'),
    ("converter/import.cc", '  #  include   "kernels/cpu/gemm.h"'),
])
def test_finds_a_wrong_include(source_dir, path, text):
    assert violations(source_dir, path, text + "\n")


@pytest.mark.parametrize("path, text", [
    ("kernels/cpu/gemm.cc", '#include "kernels/cpu/gemm.h"\n#include "hwy/highway.h"\n#ifdef __AVX2__'),
    ("core/run/session.cc", '#include "core/graph/graph.h"\n#include <vector>'),
    ("backends/cpu/device.cc", '#include "oarlock/plugin/device.h"\n#include "backends/cpu/device.h"'),
    ("tests/unit/core/graph_test.cc", '#include "core/graph/graph.h"\n#include <gtest/gtest.h>'),
])
def test_accepts_a_right_include(source_dir, path, text):
    assert violations(source_dir, path, text + "\n") == []
