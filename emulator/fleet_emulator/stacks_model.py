"""What CloudFormation remembers of a stack, and where all stacks of the emulator are kept.

Nothing here decides anything: ``stacks_engine.py`` does, ``stacks_api.py`` answers requests from these values. A stack's
resources are in ``Stack.resources`` while it lives; what a deletion left behind (``DELETE_SKIPPED``) stays there too, so that
``all_stacks`` tells everything that a stack ever left in an account.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

LOCK = threading.RLock()
"""Stack operations run one at a time: moto's backends are not made for concurrent writers."""

GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")
"""Statuses of a resource that its stack no longer manages."""


@dataclass
class Parameter:
    """A parameter as it was given, and what it stands for: they differ for SSM parameter types."""

    key: str
    given: str
    value: Any
    no_echo: bool = False
    from_store: bool = False

    def shown(self) -> dict[str, Any]:
        """The parameter as DescribeStacks shows it."""
        answer = {"ParameterKey": self.key, "ParameterValue": "****" if self.no_echo else self.given}
        if self.from_store:
            answer["ResolvedValue"] = ",".join(self.value) if isinstance(self.value, list) else str(self.value)
        return answer


@dataclass
class StackResource:
    """A resource of a stack. ``handle`` is what lifecycle.create returned, None before and after its life."""

    logical_id: str
    type: str
    definition: dict[str, Any]
    physical_id: str = ""
    status: str = ""
    reason: str | None = None
    changed: datetime = field(default_factory=utcnow)
    handle: Any = None
    properties: dict[str, Any] = field(default_factory=dict)
    depends_on: frozenset[str] = frozenset()

    @property
    def alive(self) -> bool:
        """Whether something exists that the stack manages."""
        return self.handle is not None and self.status not in GONE


@dataclass
class Output:
    """An output whose condition holds."""

    key: str
    value: str
    description: str | None = None
    export: str | None = None


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    event_id: str
    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    timestamp: datetime
    properties: str | None = None
    token: str | None = None


@dataclass
class Stack:
    """A stack, alive or deleted. ``template`` is processed: transforms expanded, short functions spelled out."""

    stack_id: str
    name: str
    account: str
    region: str
    body: str = ""
    template: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    role_arn: str | None = None
    status: str = ""
    reason: str | None = None
    created: datetime = field(default_factory=utcnow)
    updated: datetime | None = None
    deleted: datetime | None = None
    events: list[Event] = field(default_factory=list)
    resources: dict[str, StackResource] = field(default_factory=dict)
    left_behind: list[StackResource] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    termination_protection: bool = False
    disable_rollback: bool = False
    timeout: int | None = None
    policy: str | None = None
    change_set_id: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    principal: str | None = None
    unfinished: Any = None
    """The update of ``stacks_engine`` that failed and was neither finished nor undone."""
    drift: dict[str, Any] = field(default_factory=dict)
    """What the last drift detection found, as ``stacks_drift`` keeps it."""

    @property
    def drift_status(self) -> str:
        """NOT_CHECKED until drift was looked for, then IN_SYNC or DRIFTED."""
        if not self.drift:
            return "NOT_CHECKED"
        drifted = any(found["StackResourceDriftStatus"] != "IN_SYNC" for found in self.drift.values())
        return "DRIFTED" if drifted else "IN_SYNC"

    @property
    def description(self) -> str | None:
        """The template's description."""
        return self.template.get("Description")

    def forget(self) -> None:
        """Keep of a deleted stack what CloudFormation still shows: a long session deletes thousands."""
        self.template = {key: value for key, value in self.template.items() if key == "Description"}
        self.unfinished = None
        for resource in self.resources.values():
            resource.definition, resource.properties = {}, {}

    def record(
        self, status: str, reason: str | None = None, resource: StackResource | None = None, properties: str | None = None
    ) -> None:
        """Set a status, of the stack or of one of its resources, and tell it as an event."""
        now = utcnow()
        if resource is None:
            self.status, self.reason = status, reason
        else:
            resource.status, resource.reason, resource.changed = status, reason, now
        self.events.append(
            Event(
                event_id=str(mock_random.uuid4()),
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_id=resource.logical_id if resource else self.name,
                physical_id=resource.physical_id if resource else self.stack_id,
                type=resource.type if resource else "AWS::CloudFormation::Stack",
                status=status,
                reason=reason,
                timestamp=now,
                properties=properties,
            )
        )


@dataclass
class StackStore:
    """The stacks and change sets of one account and region, by stack id and change set id."""

    account: str
    region: str
    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, Any] = field(default_factory=dict)

    def live(self) -> list[Stack]:
        """Stacks that are not deleted, in the order of their creation."""
        return [stack for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]

    def find(self, name_or_id: str) -> Stack | None:
        """By id also a deleted stack; by name only one that is not deleted."""
        if name_or_id in self.stacks:
            return self.stacks[name_or_id]
        return next((stack for stack in self.live() if stack.name == name_or_id), None)

    def exports(self) -> dict[str, tuple[Output, Stack]]:
        """All exported outputs by their export name."""
        return {output.export: (output, stack) for stack in self.live() for output in stack.outputs if output.export is not None}

    def importers(self, export: str) -> list[str]:
        """Names of the stacks that import an export."""
        return [stack.name for stack in self.live() if export in stack.imports]


def store_of(backend: CloudFormationBackend) -> StackStore:
    """The store lives in moto's backend, so that moto's reset forgets it."""
    held: StackStore = backend.__dict__.setdefault("fleet_store", StackStore(backend.account_id, backend.region_name))
    return held


def store(account: str, region: str) -> StackStore:
    """The store of an account and region."""
    return store_of(cloudformation_backends[account][region])


def all_stacks(account: str | None = None, region: str | None = None) -> Iterator[Stack]:
    """Every stack of the emulator, deleted ones too, optionally of one account or region."""
    for owner, regions in list(cloudformation_backends.items()):
        for place, backend in list(regions.items()):
            if account in (None, owner) and region in (None, place):
                yield from list(store_of(backend).stacks.values())
