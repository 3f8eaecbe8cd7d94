"""The tags of resources that policies may ask about, for the services whose tags are known here.

A service registers how its tags are found. For a resource of such a service a policy's ``aws:ResourceTag/KEY`` has the tag's
value, or is absent; for every other resource nobody knows, so that evaluating it fails (see ``conditions.lookup``).
Source: IAM user guide, "AWS global condition context keys", aws:ResourceTag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Finder = Callable[[str], Mapping[str, str]]
"""The tags of the resource with an ARN; empty if there is no such resource."""

_FINDERS: dict[str, Finder] = {}

ALL_KNOWN = "fleet:resourcetagsareknown"
"""A key that is in the context when the resource's tags are: no policy can ask for it, as it is no key of AWS."""


def register(service: str, finder: Finder) -> None:
    """Find tags of a service's resources, by the service as it stands in ARNs."""
    _FINDERS[service] = finder


def context(arn: str) -> dict[str, Sequence[str]]:
    """What the context of a request for the resource says of its tags; empty where they are not known."""
    parts = arn.split(":")
    finder = _FINDERS.get(parts[2]) if len(parts) > 2 else None
    if finder is None:
        return {}
    found: dict[str, Sequence[str]] = {f"aws:resourcetag/{key.lower()}": [value] for key, value in finder(arn).items()}
    return {**found, ALL_KNOWN: ["true"]}
