"""What an account has once in a region: a second one is refused, with the message of the service.

Sources: the error messages of the services' create operations in botocore and the CloudFormation user guide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import inventory

MESSAGES: dict[str, str] = {
    "AWS::GuardDuty::Detector": (
        "The request is rejected because a detector already exists for the current account. "
        "(Service: GuardDuty, Status Code: 400)"
    ),
    "AWS::SecurityHub::Hub": "Account is already subscribed to Security Hub (Service: SecurityHub, Status Code: 409)",
    "AWS::SecurityHub::HubV2": "Account is already subscribed to Security Hub (Service: SecurityHub, Status Code: 409)",
    "AWS::Macie::Session": "Macie has already been enabled (Service: Macie2, Status Code: 409)",
    "AWS::Config::ConfigurationRecorder": (
        "Failed to put configuration recorder '{name}' because the maximum number of configuration recorders: 1 is reached."
    ),
    "AWS::Config::DeliveryChannel": (
        "Failed to put delivery channel '{name}' because the maximum number of delivery channels: 1 is reached."
    ),
    "AWS::Detective::Graph": "The account already has a behavior graph in this Region (Service: Detective, Status Code: 409)",
    "AWS::Organizations::Organization": "The AWS account is already a member of an organization.",
    "AWS::EC2::VPCBlockPublicAccessOptions": "VPC Block Public Access options are already managed in this Region.",
    "AWS::EC2::SnapshotBlockPublicAccess": "Snapshot block public access is already managed in this Region.",
}

ONE_OF_EACH: dict[str, Callable[[dict[str, Any]], tuple[str, str] | None]] = {
    "AWS::AccessAnalyzer::Analyzer": lambda p: (
        (
            str(p["Type"]),
            f"You already have the maximum number of analyzers of type {p['Type']}. (Service: AccessAnalyzer, Status Code: 402)",
        )
        if str(p.get("Type", "")).startswith("ACCOUNT")
        else None
    ),
    "AWS::CE::AnomalyMonitor": lambda p: (
        (str(p.get("MonitorDimension")), "Limit exceeded on dimensional spend monitor creation")
        if p.get("MonitorType") == "DIMENSIONAL"
        else None
    ),
}
"""Types of which there may be one for each value of a property: from the properties, that value and the refusal; None where there
is no such limit. Sources: "IAM Access Analyzer quotas" (account-level analyzers per type and Region: 1);
aws-cloudformation/cloudformation-coverage-roadmap issue 2515 for monitors, which CloudFormation reports as AlreadyExists.
"""

OUTSIDE: dict[str, Callable[[str, str], bool]] = {}
"""Types whose one resource may exist without a stack: (account, region) -> is there one? Backends register here."""


def refusal(account: str, region: str, type_name: str, properties: dict[str, Any]) -> str | None:
    """Why the account may not have another in the region; None if it may."""
    limit = ONE_OF_EACH.get(type_name)
    if limit is not None:
        wanted = limit(properties)
        held = inventory.of_type(account, region, type_name)
        return wanted[1] if wanted and any(limit(entry.resource.properties) == wanted for entry in held) else None
    message = MESSAGES.get(type_name)
    if not message:
        return None
    outside = OUTSIDE.get(type_name)
    if inventory.of_type(account, region, type_name) or (outside is not None and outside(account, region)):
        return message.format(name=properties.get("Name", "default"))
    return None
