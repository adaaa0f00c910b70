"""Writes docs/operators.md: every operator, its versions, and how each device runs it.

    tools/operators.py            # compares the file with what it should be
    tools/operators.py --write    # writes it

Needs the Python package (PYTHONPATH=build/release/python) and the onnx package. Backends that this
build lacks keep the column that the file has.
"""

import argparse
import collections
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "operators.md"
EXCLUSIONS = ROOT / "tests" / "conformance" / "exclusions.txt"

# The newest opset that the converter reads.
NEWEST = 28
# A device also runs an operator that the rewrites turn into one for which it has a kernel.
FUSED = {"Conv": "Conv", "Gemm": "MatMul", "MatMul": "MatMul"}
# Operators that only rewrites make, some of them in builds that have the backend.
INTERNAL = {"oarlock", "oarlock.xrt"}
# Backends that are only examples.
EXAMPLES = {"null"}

HEAD = """# Operators

Written by `tools/operators.py --write`; a test checks that it is current.

- **Versions**: the opsets in which the operator's definition changed. The converter takes all of them.
- **Tests**: cases of the onnx package ({version}) in which the operator occurs and passes on
  `reference` and `cpu`, of how many there are; those of random operators are decided by what
  must hold for any generator. Operators of `com.microsoft` are compared with ONNX Runtime in `tests/conformance`.
- **Devices**: `kernel`: the device has its own, for some types and shapes; `others`: the operator
  becomes other operators, which run wherever they can; `-`: it runs on the reference device.
  `oarlock explain` tells where each node of a model runs, and why.
"""


def versions():
    """For (domain, operator): the opsets in which ONNX's definition changed."""
    import onnx

    since = collections.defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain or schema.since_version <= NEWEST:
            since[schema.domain, schema.name].add(schema.since_version)
    return {key: sorted(numbers) for key, numbers in since.items()}


def test_counts():
    """For (domain, operator): cases, and those that pass on both devices."""
    sys.path.insert(0, str(ROOT))
    from tests.conformance import exclusions
    from tests.conformance.node_cases import node_cases

    excluded, _ = exclusions.read(EXCLUSIONS)

    def passes(name):
        return not any(exclusions.find(excluded, device, name) for device in ("reference", "cpu"))

    total, passed = collections.Counter(), collections.Counter()
    for case in node_cases().values():
        operators = {(node.domain if node.domain != "ai.onnx" else "", node.op_type)
                     for node in case.model.graph.node}
        total.update(operators)
        if passes(case.name):
            passed.update(operators)
    return total, passed


def cell(operator, device, kernels):
    if device == "reference":
        return "others" if operator.decomposed else "yes"
    fused = "" if operator.domain else FUSED.get(operator.name)
    if device in operator.backends or fused and device in kernels.get(("oarlock", fused), ()):
        return "kernel"
    return "others" if operator.decomposed else "-"


def old_cells(text):
    """The columns of the devices in the file: {(device, domain, operator): cell}."""
    cells, devices, domain = {}, [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            domain = line[3:].strip("`")
        fields = [field.strip() for field in line.strip("|").split("|")]
        if line.startswith("| Operator"):
            devices = fields[3:]
        elif line.startswith("| ") and devices:
            cells.update({(device, domain, fields[0]): value
                          for device, value in zip(devices, fields[3:])})
    return cells


def table(text):
    import onnx
    import oarlock

    operators = [each for each in oarlock.operators()
                 if each.domain not in INTERNAL | EXAMPLES]
    kernels = {(each.domain, each.name): each.backends for each in oarlock.operators()}
    old = old_cells(text)
    present = {backend for each in kernels.values() for backend in each} - EXAMPLES
    others = sorted((present | {device for device, _, _ in old}) - {"reference", "cpu"})
    devices = ["reference", "cpu", *others]
    total, passed = test_counts()
    known = versions()
    lines = [HEAD.format(version=onnx.__version__)]
    for domain in sorted({each.domain for each in operators}):
        lines += [f"## `{domain or 'ai.onnx'}`", "",
                  "| Operator | Versions | Tests | " + " | ".join(devices) + " |",
                  "|---" * (3 + len(devices)) + "|"]
        for each in operators:
            if each.domain != domain:
                continue
            key = (domain, each.name)
            since = known.get(key, [each.since_version])
            tests = f"{passed[key]} of {total[key]}" if total[key] else ""
            cells = [cell(each, device, kernels)
                     if device in present or device == "reference"
                     else old.get((device, domain or "ai.onnx", each.name), "-")
                     for device in devices]
            lines.append("| " + " | ".join(
                [each.name, ", ".join(map(str, since)), tests, *cells]) + " |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the file")
    arguments = parser.parse_args()
    text = FILE.read_text() if FILE.exists() else ""
    wanted = table(text)
    if arguments.write:
        FILE.write_text(wanted)
        return 0
    if text == wanted:
        return 0
    for old, new in zip(text.splitlines() + [""], wanted.splitlines() + [""]):
        if old != new:
            print(f"{FILE.name} has\n  {old}\nshould have\n  {new}")
            break
    print("run tools/operators.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
