"""Add up JUnit reports and print one line of totals; exit 1 when anything failed.

Usage: python scripts/summary.py FOLDER [FAILED-SUITE...]

A suite that failed without a failed test (it did not compile, or found none) counts as one failure.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def count(report: Path) -> tuple[int, int, int]:
    """Return how many test cases of a JUnit report passed, failed and were skipped."""
    passed = failed = skipped = 0
    for case in ET.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main(folder: Path, broken: list[str]) -> int:
    """Print totals of all reports in folder and return the exit code."""
    counts = {report.stem: count(report) for report in sorted(folder.glob("*.xml"))}
    unseen = [suite for suite in broken if counts.get(suite, (0, 0, 0))[1] == 0]
    passed, failed, skipped = (sum(row[i] for row in counts.values()) for i in range(3))
    if broken:
        print("failed suites:", ", ".join(broken))
    print(f"{passed} passed, {failed + len(unseen)} failed, {skipped} skipped")
    return 1 if broken or failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
