"""Stacks, resources, events and templates in the shapes of CloudFormation's answers."""

from __future__ import annotations

import json
from typing import Any

from .stacks_model import Event, Stack, StackResource
from .stacks_template import capabilities_needed, check_shape, parse
from .stacks_transforms import expand

CONSTRAINTS = ("AllowedValues",)


def _anywhere(item: Stack) -> dict[str, Any]:
    """What every answer about a stack says."""
    return {
        "StackId": item.stack_id,
        "StackName": item.name,
        "CreationTime": item.created,
        "LastUpdatedTime": item.updated,
        "DeletionTime": item.deleted,
        "StackStatus": item.status,
        "StackStatusReason": item.reason,
        "ParentId": item.parent_id,
        "RootId": item.root_id,
        "DriftInformation": {"StackDriftStatus": item.drift_status},
    }


def stack(item: Stack) -> dict[str, Any]:
    """The stack as DescribeStacks shows it."""
    return {
        **_anywhere(item),
        "ChangeSetId": item.change_set_id,
        "Description": item.description,
        "Parameters": [parameter.shown() for parameter in item.parameters.values()],
        "DisableRollback": item.disable_rollback,
        "NotificationARNs": item.notification_arns,
        "TimeoutInMinutes": item.timeout,
        "Capabilities": item.capabilities,
        "Outputs": [
            {"OutputKey": out.key, "OutputValue": out.value, "Description": out.description, "ExportName": out.export}
            for out in item.outputs
        ],
        "RoleARN": item.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in item.tags.items()],
        "EnableTerminationProtection": item.termination_protection,
    }


def summary(item: Stack) -> dict[str, Any]:
    """The stack as ListStacks lists it."""
    return {**_anywhere(item), "TemplateDescription": item.description}


def event(item: Event) -> dict[str, Any]:
    """The event as DescribeStackEvents shows it."""
    return {
        "StackId": item.stack_id,
        "EventId": item.event_id,
        "StackName": item.stack_name,
        "LogicalResourceId": item.logical_id,
        "PhysicalResourceId": item.physical_id,
        "ResourceType": item.type,
        "Timestamp": item.timestamp,
        "ResourceStatus": item.status,
        "ResourceStatusReason": item.reason,
        "ResourceProperties": item.properties,
        "ClientRequestToken": item.token,
    }


def resources(item: Stack) -> list[StackResource]:
    """The stack's resources, once each, with those left behind by a deletion."""
    living = [resource for resource in item.resources.values() if resource.status]
    return living + [old for old in item.left_behind if old.logical_id not in item.resources]


def resource_summary(owner: Stack, item: StackResource) -> dict[str, Any]:
    """The resource as ListStackResources lists it."""
    return {
        "LogicalResourceId": item.logical_id,
        "PhysicalResourceId": item.physical_id or None,
        "ResourceType": item.type,
        "LastUpdatedTimestamp": item.changed,
        "ResourceStatus": item.status,
        "ResourceStatusReason": item.reason,
        "DriftInformation": {
            "StackResourceDriftStatus": owner.drift.get(item.logical_id, {}).get("StackResourceDriftStatus", "NOT_CHECKED")
        },
    }


def resource(owner: Stack, item: StackResource) -> dict[str, Any]:
    """The resource as DescribeStackResources shows it."""
    shown = resource_summary(owner, item)
    shown["Timestamp"] = shown.pop("LastUpdatedTimestamp")
    return {**shown, "StackName": owner.name, "StackId": owner.stack_id}


def resource_detail(owner: Stack, item: StackResource) -> dict[str, Any]:
    """The resource as DescribeStackResource shows it."""
    metadata = item.definition.get("Metadata")
    return {
        **resource_summary(owner, item),
        "StackName": owner.name,
        "StackId": owner.stack_id,
        "Metadata": json.dumps(metadata) if metadata is not None else None,
    }


def processed(item: Stack) -> str:
    """The template after its transforms; of a deleted stack it is made again."""
    return json.dumps(item.template if item.deleted is None else expand(parse(item.body))[0])


def template_summary(body: str) -> dict[str, Any]:
    """The template as GetTemplateSummary describes it."""
    template, transforms = expand(parse(body))
    check_shape(template)
    capabilities, reason = capabilities_needed(template)
    if transforms:
        capabilities = [*capabilities, "CAPABILITY_AUTO_EXPAND"]
    metadata = template.get("Metadata")
    return {
        "Parameters": [_declaration(key, slot) for key, slot in template.get("Parameters", {}).items()],
        "Description": template.get("Description"),
        "Capabilities": capabilities,
        "CapabilitiesReason": reason or None,
        "ResourceTypes": sorted({item["Type"] for item in template["Resources"].values()}),
        "Version": str(template["AWSTemplateFormatVersion"]) if "AWSTemplateFormatVersion" in template else None,
        "Metadata": json.dumps(metadata) if metadata is not None else None,
        "DeclaredTransforms": transforms,
    }


def _declaration(key: str, slot: dict[str, Any]) -> dict[str, Any]:
    default = slot.get("Default")
    return {
        "ParameterKey": key,
        "DefaultValue": None if default is None else str(default),
        "ParameterType": slot.get("Type", "String"),
        "NoEcho": str(slot.get("NoEcho", "false")).lower() == "true",
        "Description": slot.get("Description"),
        "ParameterConstraints": {name: [str(value) for value in slot[name]] for name in CONSTRAINTS if name in slot},
    }
