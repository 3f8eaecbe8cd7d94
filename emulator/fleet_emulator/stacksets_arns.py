"""What IAM sees of an operation on a stack set: the set, whom it reaches and the types of its template.

* Sets and targets are of the account that owns them: for a delegated administrator that is the management account.
* The types of AWS are in a region and in no account.
* Targets are in no region; each organizational unit and each account that the request names is one.

Sources: CloudFormation User Guide, "Register a delegated administrator", and "Sample policy that grants service-managed stack set
permissions", whose ARNs these are; which actions take them: Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.exceptions import ServiceException

from .organizations_model import organization_of
from .stacksets_model import SERVICE_MANAGED, StackSet, stacksets

SPREADING = frozenset({"CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances", "UpdateStackSet"})
"""Operations that are also about targets and types, where AWS documents it: on sets with service-managed permissions."""

TYPE = "AWS::CloudFormation::StackSet"


def owner(account: str, call_as: str | None) -> str:
    """Whose sets a caller means; ``stacksets_access.py`` decides whether it may."""
    organization = organization_of(account)
    return organization.management if call_as == "DELEGATED_ADMIN" and organization is not None else account


def of_request(operation: str, parameters: Mapping[str, Any], account: str, region: str) -> list[str]:
    """The ARNs that a request is about."""
    at_home = owner(account, parameters.get("CallAs"))
    named = str(parameters["StackSetName"]).rpartition("stackset/")[2]
    held = next((s for s in stacksets(at_home, region).values() if s.status == "ACTIVE" and named in (s.name, s.id)), None)
    identified = held.id if held is not None else named if ":" in named else f"{named}:*"
    found = [f"arn:aws:cloudformation:{region}:{at_home}:stackset/{identified}"]
    model = held.model if held is not None else parameters.get("PermissionModel")
    if operation not in SPREADING or model != SERVICE_MANAGED:
        return found
    deployment = parameters.get("DeploymentTargets") or {}
    reached = [
        *(deployment.get("OrganizationalUnitIds") or []),
        *(deployment.get("Accounts") or []),
        *(parameters.get("Accounts") or []),
    ]
    body = parameters.get("TemplateBody") or (held.body if held is not None else "")
    return found + _targets(at_home, identified, reached) + _types(body, _regions(parameters, held) or [region])


def of_handler(action: str, properties: Mapping[str, Any], identifier: str, account: str, region: str) -> list[str]:
    """The ARNs that the type's handler is about; empty if the action takes none of them."""
    operation = action.partition(":")[2]
    if not action.startswith("cloudformation:") or operation == "CreateStackSet":
        return []
    groups = properties.get("StackInstancesGroup") or []
    deployments = [group.get("DeploymentTargets") or {} for group in groups]
    return of_request(operation, {
        "StackSetName": identifier or properties.get("StackSetName") or "",
        "CallAs": properties.get("CallAs"),
        "PermissionModel": properties.get("PermissionModel"),
        "TemplateBody": properties.get("TemplateBody"),
        "Regions": [region for group in groups for region in group.get("Regions") or []],
        "DeploymentTargets": {
            key: [item for deployment in deployments for item in deployment.get(key) or []]
            for key in ("OrganizationalUnitIds", "Accounts")
        },
    }, account, region)  # fmt: skip


def _regions(parameters: Mapping[str, Any], held: StackSet | None) -> list[str]:
    given = list(parameters.get("Regions") or [])
    return given or sorted({region for _, region in held.instances} if held is not None else set())


def _targets(account: str, identified: str, reached: Iterable[str]) -> list[str]:
    return [f"arn:aws:cloudformation::{account}:stackset-target/{identified}/{target}" for target in dict.fromkeys(reached)]


def _types(body: str, regions: Iterable[str]) -> list[str]:
    from .stacks_template import parse  # late: it uses what uses this module

    try:
        resources = parse(body).get("Resources") or {}
    except ServiceException:  # the operation refuses it in CloudFormation's words
        return []
    names = {str(item.get("Type", "")).replace("::", "-") for item in resources.values() if isinstance(item, Mapping)}
    return [f"arn:aws:cloudformation:{region}::type/resource/{name}" for region in regions for name in sorted(names) if name]
