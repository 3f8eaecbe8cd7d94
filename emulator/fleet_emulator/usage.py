"""Which actions each principal really used: what the pipeline compares with what was granted."""

from __future__ import annotations

from collections import defaultdict

_USED: dict[str, set[str]] = defaultdict(set)


def record(principal_arn: str, action: str) -> None:
    """Remember an allowed action."""
    _USED[principal_arn].add(action)


def report() -> list[dict[str, object]]:
    """Every principal with its used actions, sorted."""
    return [{"arn": arn, "used": sorted(actions)} for arn, actions in sorted(_USED.items())]
