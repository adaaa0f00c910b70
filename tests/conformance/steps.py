"""Which devices did the steps of a case. Recorded with the case's result, as the property "steps"; the
tests' conftest.py sums them up at the end of a run."""

import collections
import re

MOVES = ("oarlock.Copy", "oarlock.Relayout")


def by_device(explained):
    """Steps other than moves of values, by kind of device, of a session's explain()."""
    lines = iter(explained.splitlines())
    header = next((line for line in lines if re.match(r"node\s+operator\s+device\s", line)), None)
    count = collections.Counter()
    if header is None:
        return count
    operator, device = header.index("operator"), header.index("device")
    for line in lines:
        if not line.strip():
            break
        if not line.startswith("    not ") and line[operator:device].strip() not in MOVES:
            count[line[device:].split()[0].split(":")[0]] += 1
    return count


def record(record_property, device, session):
    count = by_device(session.explain())
    record_property("steps", " ".join([device, *(f"{name}={n}" for name, n in sorted(count.items()))]))
