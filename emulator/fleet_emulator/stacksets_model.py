"""What CloudFormation remembers of a stack set: its instances and its operations, and how it refuses.

A stack set lives in the account that administers it. Service-managed ones live in the organization's management account, also
when a delegated administrator made them. Source: "Register a delegated administrator" in the User Guide.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow

from .stacks_model import Stack

SELF_MANAGED, SERVICE_MANAGED = "SELF_MANAGED", "SERVICE_MANAGED"
ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"

Pair = tuple[str, str]
"""An account and a region."""


class NotFound(ServiceException):
    """There is no such stack set for the caller."""

    code = "StackSetNotFoundException"


class NotEmpty(ServiceException):
    """A stack set that still has instances cannot go."""

    code = "StackSetNotEmptyException"


class NameTaken(ServiceException):
    """Another stack set of the account and region has the name."""

    code = "NameAlreadyExistsException"


class InProgress(ServiceException):
    """Another operation on the stack set has not ended."""

    code = "OperationInProgressException"


class InvalidOperation(ServiceException):
    """The stack set or the account cannot do that."""

    code = "InvalidOperationException"


class OperationNotFound(ServiceException):
    """The stack set has no such operation."""

    code = "OperationNotFoundException"


class OperationIdTaken(ServiceException):
    """An operation of that id was made before."""

    code = "OperationIdAlreadyExistsException"


class InstanceNotFound(ServiceException):
    """The stack set has no instance in that account and region."""

    code = "StackInstanceNotFoundException"


@dataclass
class Instance:
    """A stack of the set in one account and region; ``unit`` is the organizational unit that it was targeted by."""

    account: str
    region: str
    unit: str | None = None
    stack: Stack | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    status: str = "OUTDATED"
    detailed: str = "PENDING"
    reason: str | None = None
    last_operation: str | None = None


@dataclass
class Result:
    """How an operation went in one account and region."""

    account: str
    region: str
    unit: str | None
    status: str = "PENDING"
    reason: str | None = None


@dataclass
class Operation:
    """One operation. ``seen`` is false until somebody asked how it went: on AWS it would still be running."""

    id: str
    action: str
    preferences: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, Any] | None = None
    retain: bool | None = None
    status: str = "RUNNING"
    reason: str | None = None
    results: list[Result] = field(default_factory=list)
    created: datetime = field(default_factory=utcnow)
    ended: datetime | None = None
    seen: bool = False

    @property
    def failures(self) -> list[Result]:
        """Where it failed."""
        return [item for item in self.results if item.status == "FAILED"]


@dataclass
class StackSet:
    """A stack set. ``units`` and ``regions`` are what automatic deployment keeps up; ``left_out`` are accounts it passes by."""

    name: str
    account: str
    region: str
    model: str = SELF_MANAGED
    body: str = ""
    template: dict[str, Any] = field(default_factory=dict)
    from_url: bool = False
    description: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    admin_role: str | None = None
    execution_role: str | None = None
    auto: bool = False
    retain_on_removal: bool = False
    depends_on: list[str] = field(default_factory=list)
    managed_execution: bool = False
    status: str = "ACTIVE"
    unique: str = field(default_factory=lambda: str(uuid.uuid4()))
    instances: dict[Pair, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    units: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    token: str | None = None

    @property
    def id(self) -> str:
        """The id: name and a unique part."""
        return f"{self.name}:{self.unique}"

    @property
    def arn(self) -> str:
        """The ARN, in the account that administers it."""
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    @property
    def admin_role_arn(self) -> str:
        """The administration role: the default one unless another was named."""
        return self.admin_role or f"arn:aws:iam::{self.account}:role/{ADMINISTRATION_ROLE}"

    @property
    def execution_role_name(self) -> str:
        """The name of the execution role in every target account."""
        return self.execution_role or EXECUTION_ROLE

    def instance(self, account: str, region: str) -> Instance:
        """The instance in an account and region."""
        found = self.instances.get((account, region))
        if found is None:
            raise InstanceNotFound(f"Stack instance not found for StackSet {self.id}, account {account} and region {region}")
        return found

    def operation(self, operation_id: str) -> Operation:
        """An operation by its id."""
        found = self.operations.get(operation_id)
        if found is None:
            raise OperationNotFound(f"Operation {operation_id} not found")
        return found

    def start(self, action: str, operation_id: str | None = None, **details: Any) -> Operation:
        """A new operation. One whose end nobody has asked for is in progress as far as a client can know.

        The refusal counts as news of it: a client that tries again later gets through, as on AWS.
        """
        self.refuse_if_busy()
        if operation_id in self.operations:
            raise OperationIdTaken(f"Operation {operation_id} already exists")
        made = Operation(operation_id or str(uuid.uuid4()), action, **details)
        self.operations[made.id] = made
        return made

    def refuse_if_busy(self) -> None:
        """Raise InProgress if an operation's end was not asked for; managed execution queues instead."""
        unseen = [item for item in self.operations.values() if not item.seen]
        if unseen and not self.managed_execution:
            for item in unseen:
                item.seen = True
            raise InProgress(f"Another Operation on StackSet {self.arn} is in progress")


def sets_of(backend: CloudFormationBackend) -> dict[str, StackSet]:
    """Stack sets by id; they live in moto's backend, so that moto's reset forgets them."""
    found: dict[str, StackSet] = backend.__dict__.setdefault("fleet_stacksets", {})
    return found


def stacksets(account: str, region: str) -> dict[str, StackSet]:
    """The stack sets of an account and region by id, deleted ones too."""
    return sets_of(cloudformation_backends[account][region])


def all_stacksets() -> Iterator[StackSet]:
    """Every stack set of the emulator that is not deleted."""
    for regions in list(cloudformation_backends.values()):
        for backend in list(regions.values()):
            yield from [item for item in sets_of(backend).values() if item.status == "ACTIVE"]


def find(account: str, region: str, name_or_id: str) -> StackSet:
    """The stack set of a name, id or ARN; only one that is not deleted."""
    wanted = name_or_id.rpartition("stackset/")[2]
    for item in stacksets(account, region).values():
        if item.status == "ACTIVE" and wanted in (item.name, item.id):
            return item
    raise NotFound(f"StackSet {name_or_id} not found")


ACCESS = "fleet_stacksets_access"


def activated(management: str) -> bool:
    """Whether the management account activated trusted access by CloudFormation's own operation."""
    return bool(cloudformation_backends[management]["us-east-1"].__dict__.get(ACCESS))


def activate(management: str, value: bool) -> None:
    """Remember that trusted access was activated or deactivated."""
    cloudformation_backends[management]["us-east-1"].__dict__[ACCESS] = value
