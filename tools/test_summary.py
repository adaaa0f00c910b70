#!/usr/bin/env python3
"""Sums up JUnit files and the stages of tools/test.sh: "N passed, N failed, N skipped".

Arguments: the folder with stages.txt, ctest-*.xml and pytest.xml, then the folders in which
GoogleTest executables left their own reports. A ctest entry with such a report counts by its
cases; one without (a script, or a crash) counts as one. Failures are named first. Exit code 1 if
anything failed or nothing ran.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def cases(path):
    """Pairs of name and verdict in a JUnit file; none if it is unreadable, as after a crash."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return []
    found = []
    for case in root.iter("testcase"):
        name = f'{case.get("classname", "")}.{case.get("name", "")}'
        status = (case.get("status", ""), case.get("result", ""))
        if case.find("failure") is not None or case.find("error") is not None or "fail" in status:
            verdict = "failed"
        elif case.find("skipped") is not None or "skipped" in status or "notrun" in status \
                or "disabled" in status:
            verdict = "skipped"
        else:
            verdict = "passed"
        found.append((name, verdict))
    return found


def collect(results, reports):
    found = []
    stages = results / "stages.txt"
    for line in stages.read_text().splitlines() if stages.exists() else []:
        verdict, name = line.split(" ", 1)
        # The cases of a test stage are counted below.
        if not name.startswith(("ctest", "pytest")):
            found.append((name, verdict))
    by_build = {report.parent.name: report for report in reports}
    for path in sorted(results.glob("ctest-*.xml")):
        build = path.stem.removeprefix("ctest-")
        for name, verdict in cases(path):
            name = name.split(".")[-1]
            own = by_build.get(build, results) / f"{name}.xml"
            inner = cases(own) if own.exists() else []
            inner = [(f"{build}: {case}", v) for case, v in inner]
            if verdict == "failed" and not any(v == "failed" for _, v in inner):
                inner.append((f"{build}: {name} (crashed or timed out)", "failed"))
            found += inner or [(f"{build}: {name}", verdict)]
    for path in sorted(results.glob("pytest*.xml")):
        found += cases(path)
    if stages.exists():
        listed = stages.read_text()
        for name in ("ctest release", "ctest asan", "pytest", "pytest asan"):
            if f"failed {name}\n" in listed and all(v != "failed" for _, v in found):
                found.append((f"{name} (did not finish)", "failed"))
    return found


def main():
    found = collect(pathlib.Path(sys.argv[1]), [pathlib.Path(p) for p in sys.argv[2:]])
    for name, verdict in found:
        if verdict == "failed":
            print(f"FAILED {name}")
    count = {v: sum(1 for _, verdict in found if verdict == v) for v in ("passed", "failed", "skipped")}
    print(f'{count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped')
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
