"""Ends a run with the numbers of cases that devices did themselves, beside the reference behind them."""

from . import steps


def pytest_terminal_summary(terminalreporter):
    recorded = [value for report in terminalreporter.stats.get("passed", ())
                for name, value in report.user_properties if name == steps.PROPERTY]
    for line in steps.summary(recorded):
        terminalreporter.write_line(line)
