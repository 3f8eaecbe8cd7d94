"""Every resource that a stack or Cloud Control created and that still exists, also after its stack is gone.

``lifecycle.py`` writes it; ``/_fleet/resources`` and Cloud Control read it. "Already exists" is decided here: an identifier
is free again once its resource is deleted, and not before, so a retained resource keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .identifiers import GLOBAL_SERVICES
from .resource_types import DEFINED


@dataclass
class Entry:
    """One resource; ``resource`` is what the backend returned."""

    account: str
    region: str
    stack: str
    stack_id: str
    logical_id: str
    type_name: str
    physical_id: str
    status: str
    level: str
    resource: Any

    def shown(self) -> dict[str, str]:
        """The entry as /_fleet/resources lists it."""
        return {
            "account": self.account,
            "region": self.region,
            "stack": self.stack,
            "stackId": self.stack_id,
            "logicalId": self.logical_id,
            "type": self.type_name,
            "physicalId": self.physical_id,
            "status": self.status,
            "level": self.level,
        }


_ENTRIES: list[Entry] = []

WORLDWIDE = frozenset({"AWS::S3::Bucket"})
"""Types whose identifier is taken for every account of the world."""

UNIDENTIFIED = frozenset({"AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle"})
"""Types whose physical id is no name, so that two may share one."""


def add(entry: Entry) -> None:
    """Record a created resource."""
    _ENTRIES.append(entry)


def remove(resource: Any) -> None:
    """Forget a deleted resource; unknown ones are nobody's mistake."""
    _ENTRIES[:] = [entry for entry in _ENTRIES if entry.resource is not resource]


def entry_of(resource: Any) -> Entry | None:
    """The entry of the resource."""
    return next((entry for entry in _ENTRIES if entry.resource is resource), None)


def _there() -> list[Entry]:
    """The entries whose resource nobody deleted by the service's own API."""
    return [entry for entry in _ENTRIES if _exists(entry)]


def _exists(entry: Entry) -> bool:
    definition = DEFINED.get(entry.type_name)
    return definition is None or definition.exists is None or definition.exists(entry.resource)


def find(account: str, region: str, type_name: str, physical_id: str) -> Entry | None:
    """The resource of that identifier; services without regions are looked up in all."""
    anywhere = _service(type_name) in GLOBAL_SERVICES
    for entry in _ENTRIES:
        same = entry.type_name == type_name and entry.physical_id == physical_id and _exists(entry)
        if same and type_name in WORLDWIDE:
            return entry
        if same and entry.account == account and (anywhere or entry.region == region):
            return entry
    return None


def of_type(account: str, region: str, type_name: str) -> list[Entry]:
    """All resources of the type in the account and region (anywhere in the account for services without regions)."""
    anywhere = _service(type_name) in GLOBAL_SERVICES
    return [
        entry
        for entry in _ENTRIES
        if entry.type_name == type_name and entry.account == account and (anywhere or entry.region == region)
        if _exists(entry)
    ]


def entries(account: str = "", region: str = "", stack: str = "") -> Iterator[Entry]:
    """The entries that match what is given; ``stack`` is a name or an id."""
    for entry in _there():
        if account not in ("", entry.account) or region not in ("", entry.region):
            continue
        if stack in ("", entry.stack, entry.stack_id):
            yield entry


def _service(type_name: str) -> str:
    return type_name.split("::")[1].lower()
