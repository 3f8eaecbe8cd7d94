"""What may be done with a stack set: the API and AWS::CloudFormation::StackSet call the same functions.

Each checks, starts an operation and lets ``stacksets_engine.py`` do it. ``listen`` keeps automatic deployment up as accounts
come and go. Source: "Manage automatic deployments for CloudFormation StackSets" in the User Guide.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import organizations, stacksets_engine
from .stacks_model import LOCK
from .stacks_template import check_capabilities, check_shape, check_size, parse, refuse
from .stacks_transforms import expand
from .stacksets_access import access, accounts_of
from .stacksets_model import (
    SELF_MANAGED,
    SERVICE_MANAGED,
    InvalidOperation,
    NameTaken,
    NotEmpty,
    Operation,
    Pair,
    StackSet,
    all_stacksets,
    stacksets,
)

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,127}")


@dataclass(frozen=True)
class Targets:
    """Where an operation goes: accounts of a self-managed set, deployment targets of any, and the regions."""

    regions: Sequence[str] = ()
    accounts: Sequence[str] = ()
    deployment: Mapping[str, Any] | None = None
    preferences: Mapping[str, Any] = field(default_factory=dict)

    @property
    def units(self) -> list[str]:
        """The organizational units among them."""
        return list((self.deployment or {}).get("OrganizationalUnitIds") or [])


def create(made: StackSet, token: str | None = None) -> StackSet:
    """Keep a new stack set whose template is checked here; the same ClientRequestToken again answers with the same set."""
    place = stacksets(made.account, made.region)
    for other in place.values():
        if other.status == "ACTIVE" and other.name == made.name:
            if token and other.token == token:
                return other
            raise NameTaken(f"Stack Set {made.name} already exists")
    if not NAME.fullmatch(made.name):
        raise refuse(
            f"1 validation error detected: Value '{made.name}' at 'stackSetName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    check(made)
    made.token = token
    place[made.id] = made
    return made


def check(stack_set: StackSet) -> None:
    """Refuse what AWS refuses before any stack is made: template, parameters, capabilities, what the model cannot have."""
    if stack_set.model not in (SELF_MANAGED, SERVICE_MANAGED):
        raise refuse(f"PermissionModel {stack_set.model} is not one of {SELF_MANAGED}, {SERVICE_MANAGED}")
    check_size(stack_set.body, stack_set.from_url)
    template, transforms = expand(parse(stack_set.body))
    check_shape(template)
    check_capabilities(template, stack_set.capabilities, transforms)
    stack_set.template = template
    declared = template.get("Parameters", {})
    unknown = [key for key in stack_set.parameters if key not in declared]
    if unknown:
        raise refuse(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [key for key, slot in declared.items() if "Default" not in slot and key not in stack_set.parameters]
    if missing:
        raise refuse(f"Parameters: [{', '.join(missing)}] must have values")
    if stack_set.model == SERVICE_MANAGED:
        if stack_set.admin_role or stack_set.execution_role:
            raise refuse("AdministrationRoleARN and ExecutionRoleName cannot be set with SERVICE_MANAGED permissions")
        nested = [name for name, item in template["Resources"].items() if item["Type"] == "AWS::CloudFormation::Stack"]
        if nested or transforms:
            raise refuse(
                "Stack sets with SERVICE_MANAGED permissions support neither nested stacks nor transforms: "
                + ", ".join([*nested, *transforms])
            )
        known = {item.arn for item in all_stacksets() if item.account == stack_set.account}
        for arn in stack_set.depends_on:
            if arn not in known:
                raise refuse(f"AutoDeployment: StackSet {arn} not found")
    elif stack_set.auto:
        raise refuse("AutoDeployment can be set with SERVICE_MANAGED permissions only")


def update(stack_set: StackSet, changed: StackSet, targets: Targets, operation_id: str | None = None) -> Operation:
    """Take over template and settings, then bring the targeted instances (all, if none are named) to them.

    The set is updated even if the operation fails; instances that it does not reach are OUTDATED.
    """
    stack_set.refuse_if_busy()
    if changed.model != stack_set.model and stack_set.instances:
        raise InvalidOperation("The permission model of a stack set with instances cannot be changed")
    check(changed)
    pairs = list(stack_set.instances)
    if targets.accounts or targets.deployment or targets.regions:
        pairs = [pair for pair in _pairs(stack_set, targets, False) if pair in stack_set.instances]
    operation = stack_set.start("UPDATE", operation_id, **_details(targets))
    for name in (
        "model", "body", "template", "from_url", "description", "parameters", "capabilities", "tags", "admin_role",
        "execution_role", "auto", "retain_on_removal", "depends_on", "managed_execution",
    ):  # fmt: skip
        setattr(stack_set, name, getattr(changed, name))
    for pair, instance in stack_set.instances.items():
        if pair not in pairs and instance.status == "CURRENT":
            instance.status = "OUTDATED"
    usable = [pair for pair in pairs if stack_set.instances[pair].status != "INOPERABLE"]
    stacksets_engine.deploy(stack_set, operation, usable)
    return operation


def delete(stack_set: StackSet) -> None:
    """Delete a stack set without instances."""
    stack_set.refuse_if_busy()
    if stack_set.instances:
        raise NotEmpty("StackSet is not empty")
    stack_set.status = "DELETED"


def create_instances(
    stack_set: StackSet, targets: Targets, overrides: Mapping[str, str] | None = None, operation_id: str | None = None
) -> Operation:
    """Make stacks in the targets; units become those that automatic deployment keeps up."""
    _check_overrides(stack_set, overrides or {})
    pairs = _pairs(stack_set, targets, True)
    operation = stack_set.start("CREATE", operation_id, **_details(targets))
    stack_set.units += [unit for unit in targets.units if unit not in stack_set.units]
    stack_set.regions += [region for region in targets.regions if region not in stack_set.regions]
    stack_set.left_out -= {account for account, _ in pairs}
    below = {account for unit in targets.units for account in organizations.accounts_under(unit)}
    stack_set.left_out |= below - {account for account, _ in pairs}
    stacksets_engine.deploy(stack_set, operation, pairs, dict(overrides or {}))
    return operation


def update_instances(
    stack_set: StackSet, targets: Targets, overrides: Mapping[str, str] | None, operation_id: str | None = None
) -> Operation:
    """Change the parameter values of instances that exist; without values they take those of the stack set again."""
    _check_overrides(stack_set, overrides or {})
    pairs = _pairs(stack_set, targets, False)
    if stack_set.model == SELF_MANAGED:
        for pair in pairs:
            stack_set.instance(*pair)
    found = [pair for pair in pairs if pair in stack_set.instances]
    operation = stack_set.start("UPDATE", operation_id, **_details(targets))
    stacksets_engine.deploy(stack_set, operation, found, dict(overrides or {}))
    return operation


def delete_instances(stack_set: StackSet, targets: Targets, retain: bool, operation_id: str | None = None) -> Operation:
    """Remove instances; units named whole are no longer kept up by automatic deployment."""
    pairs = _pairs(stack_set, targets, False)
    operation = stack_set.start("DELETE", operation_id, **_details(targets))
    stacksets_engine.remove(stack_set, operation, pairs, retain)
    left = {region for _, region in stack_set.instances}
    stack_set.regions = [region for region in stack_set.regions if region in left or region not in targets.regions]
    whole = not (targets.deployment or {}).get("Accounts")
    if whole and set(stack_set.regions) <= set(targets.regions):
        stack_set.units = [unit for unit in stack_set.units if unit not in targets.units]
    elif not whole:
        stack_set.left_out |= {account for account, _ in pairs}
    return operation


def _details(targets: Targets) -> dict[str, Any]:
    return {
        "preferences": dict(targets.preferences),
        "targets": dict(targets.deployment) if targets.deployment is not None else None,
    }


def _pairs(stack_set: StackSet, targets: Targets, creating: bool) -> list[Pair]:
    """Accounts times regions."""
    accounts = accounts_of(stack_set, targets.accounts, targets.deployment, creating)
    regions = list(targets.regions) or stack_set.regions
    return [(account, region) for region in regions for account in accounts]


def _check_overrides(stack_set: StackSet, overrides: Mapping[str, str]) -> None:
    unknown = [key for key in overrides if key not in stack_set.template.get("Parameters", {})]
    if unknown:
        raise refuse(f"Parameters: [{', '.join(unknown)}] do not exist in the template")


def listen() -> None:
    """Keep automatic deployment up from now on."""
    organizations.on_membership(lambda change: settle(change.organization))


def settle(organization: organizations.Organization) -> None:
    """Make instances in accounts that came under a target unit, and remove those of accounts that left all of them."""
    if access(organization) != "ENABLED":
        return
    with LOCK:
        waiting = [
            item
            for item in all_stacksets()
            if item.auto and item.model == SERVICE_MANAGED and item.account == organization.management
        ]
        failed: set[str] = set()
        while waiting:
            before = {item.arn for item in waiting}
            ready = [item for item in waiting if not before & set(item.depends_on)] or waiting  # a circle holds nobody up
            for stack_set in ready:
                if not _settle(stack_set, bool(failed & set(stack_set.depends_on))):
                    failed.add(stack_set.arn)
            waiting = [item for item in waiting if item not in ready]


def _settle(stack_set: StackSet, held_up: bool) -> bool:
    """One stack set; false if its operation failed. One that is held up makes nothing: what it depends on is not there."""
    below = {account for unit in stack_set.units for account in organizations.accounts_under(unit)}
    below.discard(stack_set.account)
    gone = [pair for pair in stack_set.instances if stack_set.instances[pair].unit and pair[0] not in below]
    new = [
        (account, region)
        for region in stack_set.regions
        for account in sorted(below - stack_set.left_out)
        if (account, region) not in stack_set.instances
    ]
    stack_set.left_out &= below
    succeeded = not (held_up and new)
    for pairs, action in ((gone, "DELETE"), ([] if held_up else new, "CREATE")):
        if not pairs:
            continue
        units = {"OrganizationalUnitIds": list(stack_set.units)}
        operation = Operation(str(uuid.uuid4()), action, targets=units, seen=True)
        stack_set.operations[operation.id] = operation
        if action == "DELETE":
            stacksets_engine.remove(stack_set, operation, pairs, stack_set.retain_on_removal)
        else:
            stacksets_engine.deploy(stack_set, operation, pairs, {})
        succeeded = succeeded and operation.status == "SUCCEEDED"
    return succeeded
