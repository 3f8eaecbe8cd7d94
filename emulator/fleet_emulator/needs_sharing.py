"""What policies against sharing with strangers ask of calls: who a snapshot, an image, a share or a function's URL is opened to.

Sources: Service Authorization Reference, "Condition keys" of Amazon EC2, AWS Resource Access Manager and AWS Lambda.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ram.models import ram_backends

from .calls import Call

Context = dict[str, str | list[str]]

ATTRIBUTES = {"ModifyImageAttribute": "LaunchPermission", "ModifySnapshotAttribute": "CreateVolumePermission"}
"""Calls that open something of EC2 to others, and the parameter that says to whom."""


def of_ec2(call: Call) -> Context:
    """The groups and accounts that an image or a snapshot is opened or closed to; nothing for other calls."""
    parameter = ATTRIBUTES.get(call.operation)
    if parameter is None:
        return {}
    changes = call.parameters.get(parameter) or {}
    context: Context = {}
    for step in ("Add", "Remove"):
        listed = changes.get(step) or []
        asked = str(call.parameters.get("OperationType") or "").lower() == step.lower()
        found = {
            "group": [item["Group"] for item in listed if item.get("Group")],
            "userId": [item["UserId"] for item in listed if item.get("UserId")],
        }
        found["group"] += _listed(call, "UserGroups", "GroupNames") if asked else []
        found["userId"] += _listed(call, "UserIds") if asked else []
        context.update({f"ec2:{step}/{kind}": [str(name) for name in names] for kind, names in found.items() if names})
    return context


def _listed(call: Call, *names: str) -> list[str]:
    return [str(item) for name in names for item in call.parameters.get(name) or []]


def of_ram(call: Call, account: str) -> Context:
    """Whether strangers are let in: by what the call asks for, and by the share that it is about."""
    context: Context = {}
    if call.operation == "CreateResourceShare":
        context["ram:RequestedAllowsExternalPrincipals"] = _flag(call.parameters.get("allowExternalPrincipals", True))
    if call.operation == "UpdateResourceShare" and "allowExternalPrincipals" in call.parameters:
        context["ram:RequestedAllowsExternalPrincipals"] = _flag(call.parameters["allowExternalPrincipals"])
    arn = call.parameters.get("resourceShareArn")
    shares = ram_backends[account][call.region].resource_shares
    held = next((share for share in shares if share.arn == arn), None)
    if held is not None:
        context["ram:AllowsExternalPrincipals"] = _flag(held.allow_external_principals)
    return context


def of_lambda(call: Call) -> Context:
    """How callers of a function's URL must prove who they are."""
    kind = call.parameters.get("AuthType") if call.operation.endswith("FunctionUrlConfig") else None
    kind = kind or call.parameters.get("FunctionUrlAuthType")
    return {"lambda:FunctionUrlAuthType": str(kind)} if kind else {}


def of_properties(type_name: str, properties: Mapping[str, Any]) -> Context:
    """The same of what CloudFormation makes in somebody's name."""
    if type_name == "AWS::RAM::ResourceShare":
        wanted = _flag(properties.get("AllowExternalPrincipals", True))
        return {"ram:RequestedAllowsExternalPrincipals": wanted, "ram:AllowsExternalPrincipals": wanted}
    kind = {"AWS::Lambda::Url": "AuthType", "AWS::Lambda::Permission": "FunctionUrlAuthType"}.get(type_name)
    return {"lambda:FunctionUrlAuthType": str(properties[kind])} if kind and properties.get(kind) else {}


def _flag(value: Any) -> str:
    return str(value).lower()
