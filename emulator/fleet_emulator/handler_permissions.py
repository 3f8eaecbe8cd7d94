"""CloudFormation acting for a role needs the permissions that the registry schema lists for the handler it runs.

The schema lists everything that a handler may ever call, so it is an upper bound: an action is required where the
properties or the type say that the handler will call it.

* actions of the type's own service are required where ``handler_calls.py`` says that the handler calls them;
* ``iam:PassRole`` is required for each role among the properties, with the role as its resource;
* ``iam:CreateServiceLinkedRole`` is required until the service has its role in the account;
* other actions on other services are not required: the schema does not say which properties make the handler call them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import needs_sharing, organizations_guardrails, registry
from .authorization import AccessDenied, require
from .handler_calls import required
from .handler_resources import targets
from .registry import TypeSchema

__all__ = ["AccessDenied", "check"]

SERVICES = {
    "AWS::Config": "config.amazonaws.com",
    "AWS::EC2": "vpc-flow-logs.amazonaws.com",
    "AWS::GuardDuty::MalwareProtectionPlan": "malware-protection-plan.guardduty.amazonaws.com",
    "AWS::ServiceCatalog": "servicecatalog.amazonaws.com",
}
"""Who will assume a passed role, where that is not ``<service>.amazonaws.com``."""

PASSES_NOTHING = frozenset(
    {"AssumeRolePolicyDocument", "EventPattern", "KeyPolicy", "PolicyDocument", "Principal", "PrincipalARN"}
)
"""Properties that only speak of roles."""

LINKED = {"accessanalyzer": "access-analyzer.amazonaws.com", "inspectorv2": "inspector2.amazonaws.com"}
"""Services that have roles of their own, where the name is not ``<service>.amazonaws.com``."""

LINKING = frozenset({"AWS::Macie::Session", "AWS::SecurityHub::Hub"})
"""Types whose service makes its own role although their schemas do not say so; see ``test_handler_permissions.py``."""


def check(
    role_arn: str | None,
    type_name: str,
    handler: str,
    region: str,
    *,
    account: str = "",
    properties: Mapping[str, Any] | None = None,
    identifier: str = "",
    previous: Mapping[str, Any] | None = None,
) -> None:
    """Raise AccessDenied unless the principal has the permissions of ``handler`` (create, read, update, delete, list).

    ``role_arn`` None is the root user, whom only control policies of the organization restrict. ``properties`` and
    ``identifier`` narrow the resource that is asked for; ``previous`` are the properties before an update, which calls only
    what changes.
    """
    if role_arn is None:
        if not organizations_guardrails.limits(account):
            return
        role_arn = f"arn:aws:iam::{account}:root"
    schema = registry.schema(type_name, region)
    values = properties or {}
    account = account or role_arn.split(":")[4]
    context = {"aws:RequestedRegion": region, **_context(values), **needs_sharing.of_properties(type_name, values)}
    for action in required(schema, handler, values, previous):
        for target in targets(action, type_name, values, identifier, account, region):
            require(role_arn, action, target.arn, {**context, **target.context}, unnamed=not target.exact)
    listed = schema.permissions(handler)
    if "iam:PassRole" in listed:
        for role in (*_roles(values), *_local_roles(values, account)):
            if role.split(":")[4] != account:  # passed later, by a role of its own account: IAM passes none across accounts
                continue
            require(role_arn, "iam:PassRole", role, {"iam:PassedToService": _service(type_name)})
    if handler == "create" and (type_name in LINKING or "iam:CreateServiceLinkedRole" in listed):
        _link_service(role_arn, schema, account)


_LINKED: set[tuple[str, str]] = set()


def _link_service(role_arn: str, schema: TypeSchema, account: str) -> None:
    """A service that needs its own role makes it once in an account, in the name of whoever first uses the service."""
    service = LINKED.get(schema.service, f"{schema.service}.amazonaws.com")
    if (account, service) in _LINKED:
        return
    resource = f"arn:aws:iam::{account}:role/aws-service-role/{service}/AWSServiceRole"
    require(role_arn, "iam:CreateServiceLinkedRole", resource, {"iam:AWSServiceName": service})
    _LINKED.add((account, service))


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, str) and re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", value):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in PASSES_NOTHING:
                yield from _roles(item)
    elif isinstance(value, list):
        for item in value:
            yield from _roles(item)


def _local_roles(properties: Mapping[str, Any], account: str) -> Iterator[str]:
    """A launch constraint passes its role by name: Service Catalog takes the role of that name in each account."""
    if name := properties.get("LocalRoleName"):
        yield f"arn:aws:iam::{account}:role/{name}"


def _service(type_name: str) -> str:
    prefix = "::".join(type_name.split("::")[:2])
    return SERVICES.get(type_name) or SERVICES.get(prefix, f"{prefix.split('::')[1].lower()}.amazonaws.com")


def _context(properties: Mapping[str, Any]) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {"aws:CalledVia": ["cloudformation.amazonaws.com"], "aws:ViaAWSService": "true"}
    tags = properties.get("Tags")
    pairs = tags.items() if isinstance(tags, Mapping) else [
        (tag.get("Key"), tag.get("Value")) for tag in tags or [] if isinstance(tag, Mapping)
    ]  # fmt: skip
    for key, value in pairs:
        context[f"aws:RequestTag/{key}"] = str(value)
    if tags:
        context["aws:TagKeys"] = [str(key) for key, _ in pairs]
    return context
