"""The summary line of tools/test.sh: what it counts."""

import subprocess
import sys

import pytest

GTEST = """<testsuites><testsuite name="S">
<testcase name="a" classname="S" status="run" result="completed"/>
<testcase name="b" classname="S" status="run" result="completed">{b}</testcase>
<testcase name="c" classname="S" status="run" result="skipped"><skipped/></testcase>
</testsuite></testsuites>"""
CTEST = """<testsuite><testcase name="unit_x" classname="unit_x" status="{status}">{inner}</testcase>
<testcase name="script" classname="script" status="run"/></testsuite>"""
PYTEST = """<testsuites><testsuite><testcase classname="t" name="p"/>
<testcase classname="t" name="q"><skipped message="no shared models"/></testcase></testsuite></testsuites>"""


@pytest.fixture
def summary(source_dir, tmp_path):
    def run(stages, ctest, gtest=None):
        results, reports = tmp_path / "results", tmp_path / "build" / "release" / "test-results"
        results.mkdir()
        reports.mkdir(parents=True)
        (results / "stages.txt").write_text(stages)
        (results / "ctest-release.xml").write_text(ctest)
        (results / "pytest.xml").write_text(PYTEST)
        if gtest:
            (reports / "unit_x.xml").write_text(gtest)
        done = subprocess.run([sys.executable, source_dir / "tools" / "test_summary.py", results, reports],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()
    return run


def test_counts_cases_scripts_and_stages(summary):
    code, lines = summary("passed build release\npassed ctest release\npassed pytest\n",
                          CTEST.format(status="run", inner=""), GTEST.format(b=""))
    assert lines == ["5 passed, 0 failed, 2 skipped"]
    assert code == 0


def test_names_a_failed_case(summary):
    code, lines = summary("failed ctest release\n", CTEST.format(status="fail", inner="<failure/>"),
                          GTEST.format(b="<failure/>"))
    assert lines == ["FAILED release: S.b", "3 passed, 1 failed, 2 skipped"]
    assert code == 1


def test_a_crash_is_a_failure(summary):
    code, lines = summary("failed ctest release\n", CTEST.format(status="fail", inner="<failure/>"))
    assert lines[0] == "FAILED release: unit_x (crashed or timed out)"
    assert lines[-1] == "2 passed, 1 failed, 1 skipped"
    assert code == 1


def test_a_failed_build_is_a_failure(summary):
    code, lines = summary("failed build asan\n", CTEST.format(status="run", inner=""),
                          GTEST.format(b=""))
    assert "FAILED build asan" in lines
    assert code == 1
