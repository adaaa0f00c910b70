"""Reads exclusions.txt: which cases of a suite are expected not to pass, and why.

Lines: DEVICE KIND PATTERN: REASON
  DEVICE   a device's name, or * for all
  KIND     unsupported: refused with UnsupportedError, for good
           failure: wrong for now
  PATTERN  of case names, as in a shell; PATTERN~EXCEPT leaves out those that match EXCEPT
The line "cases = N" tells how many pairs of a case and a device the file excludes; it is checked, so
that a pattern cannot swallow new failures unseen.
"""

from __future__ import annotations

import fnmatch
import pathlib
from typing import NamedTuple


class Exclusion(NamedTuple):
    line: int
    device: str
    kind: str
    pattern: str
    reason: str

    def covers(self, device: str, case: str) -> bool:
        pattern, tilde, left_out = self.pattern.partition("~")
        return (self.device in ("*", device) and fnmatch.fnmatchcase(case, pattern)
                and not (tilde and fnmatch.fnmatchcase(case, left_out)))


def read(path: pathlib.Path) -> tuple[list[Exclusion], int]:
    """The exclusions, and how many cases the file says it excludes."""
    exclusions, cases = [], 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("cases ="):
            cases = int(line.split("=")[1])
            continue
        head, separator, reason = line.partition(": ")
        fields = head.split()
        if not separator or len(fields) != 3 or fields[1] not in ("unsupported", "failure"):
            raise ValueError(f"{path}:{number}: expected DEVICE KIND PATTERN: REASON")
        exclusions.append(Exclusion(number, *fields, reason.strip()))
    return exclusions, cases


def find(exclusions: list[Exclusion], device: str, case: str) -> Exclusion | None:
    return next((each for each in exclusions if each.covers(device, case)), None)
