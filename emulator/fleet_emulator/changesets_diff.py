"""What a change set says would happen: adds, modifications with their replacement, removals, and why.

Resources are compared in the order of their dependencies: what depends on a resource that will be added or replaced has
values that only the execution knows, so its replacement is "Conditional" where such a value meets a create-only property.
Source: ResourceChange and ResourceChangeDetail in the CloudFormation API Reference.
"""

from __future__ import annotations

from typing import Any

from . import registry
from .stacks_model import Stack, StackResource
from .stacks_plan import Plan
from .stacks_resources import with_stack_tags
from .stacks_template import references
from .stacks_values import Unknown

ATTRIBUTES = ("Metadata", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy")


def compare(stack: Stack, plan: Plan) -> list[dict[str, Any]]:
    """The changes that executing the plan would make, in CloudFormation's shape."""
    changes: list[dict[str, Any]] = []
    plan.scope.unknown = set()
    for logical_id in plan.order:
        old = stack.resources.get(logical_id)
        if old is None or old.handle is None:
            plan.scope.unknown.add(logical_id)
            _evaluate_imports(plan, plan.resources[logical_id].get("Properties", {}))
            changes.append(_change("Add", logical_id, plan.resources[logical_id]["Type"]))
            continue
        change = _modify(stack, plan, old)
        if change is not None:
            if change["Replacement"] != "False":
                plan.scope.unknown.add(logical_id)
            changes.append(change)
    for logical_id, old in stack.resources.items():
        if logical_id not in plan.resources and old.handle is not None:
            removal = _change("Remove", logical_id, old.type, old.physical_id)
            removal["PolicyAction"] = "Retain" if old.definition.get("DeletionPolicy", "").startswith("Retain") else "Delete"
            changes.append(removal)
    return [{"Type": "Resource", "ResourceChange": change} for change in changes]


def _evaluate_imports(plan: Plan, value: Any) -> None:
    """A missing export fails the change set; what else a new resource needs, only its execution tells."""
    if isinstance(value, list):
        for item in value:
            _evaluate_imports(plan, item)
    elif isinstance(value, dict):
        if set(value) == {"Fn::ImportValue"}:
            plan.scope.value(value)
        for item in value.values():
            _evaluate_imports(plan, item)


def _change(action: str, logical_id: str, kind: str, physical_id: str | None = None) -> dict[str, Any]:
    change: dict[str, Any] = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, "Scope": [], "Details": []}
    if physical_id:
        change["PhysicalResourceId"] = physical_id
    return change


def _modify(stack: Stack, plan: Plan, old: StackResource) -> dict[str, Any] | None:
    definition = plan.resources[old.logical_id]
    wanted = plan.scope.value(definition.get("Properties", {}))
    wanted = with_stack_tags(old.type, stack.region, wanted, plan.tags)
    create_only = {path[0] for path in registry.schema(old.type, stack.region).create_only}
    details = []
    for name in sorted({*wanted, *old.properties}):
        before, after = old.properties.get(name), wanted.get(name)
        if before == after:
            continue
        dynamic = _holds_unknown(after)
        recreation = "Never"
        if name in create_only:
            recreation = "Conditionally" if dynamic else "Always"
        details.extend(_details(plan, old, name, recreation, dynamic))
    for attribute in ATTRIBUTES:
        if old.definition.get(attribute) != definition.get(attribute):
            target = {"Attribute": attribute, "RequiresRecreation": "Never"}
            details.append({"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    if not details:
        return None
    change = _change("Modify", old.logical_id, old.type, old.physical_id)
    needs = {detail["Target"]["RequiresRecreation"] for detail in details}
    change["Replacement"] = "True" if "Always" in needs else "Conditional" if "Conditionally" in needs else "False"
    change["Scope"] = sorted({detail["Target"]["Attribute"] for detail in details})
    change["Details"] = details
    if change["Replacement"] == "True":
        kept = str(definition.get("UpdateReplacePolicy", "")).startswith("Retain")
        change["PolicyAction"] = "ReplaceAndRetain" if kept else "ReplaceAndDelete"
    return change


def _details(plan: Plan, old: StackResource, name: str, recreation: str, dynamic: bool) -> list[dict[str, Any]]:
    """One detail for each cause: the template itself, a parameter, another resource's id or attribute."""
    new_value = plan.resources[old.logical_id].get("Properties", {}).get(name)
    old_value = old.definition.get("Properties", {}).get(name)
    attribute = "Tags" if name == "Tags" else "Properties"
    target = {"Attribute": attribute, "RequiresRecreation": recreation}
    if attribute == "Properties":
        target["Name"] = name
    causes: list[dict[str, Any]] = []
    if new_value != old_value:
        causes.append({"ChangeSource": "DirectModification", "Evaluation": "Dynamic" if dynamic else "Static"})
    for function, cause in dict.fromkeys(references(new_value)):
        if function == "Ref" and cause in plan.parameters:
            causes.append({"ChangeSource": "ParameterReference", "CausingEntity": cause, "Evaluation": "Static"})
        elif cause in plan.scope.unknown:
            source = "ResourceReference" if function == "Ref" else "ResourceAttribute"
            causes.append({"ChangeSource": source, "CausingEntity": cause, "Evaluation": "Dynamic"})
    if not causes:
        causes.append({"ChangeSource": "DirectModification", "Evaluation": "Dynamic" if dynamic else "Static"})
    return [{"Target": target, **cause} for cause in causes]


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(_holds_unknown(item) for item in value.values())
    return isinstance(value, list) and any(_holds_unknown(item) for item in value)
