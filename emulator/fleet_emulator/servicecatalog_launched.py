"""What Service Catalog remembers of launches: provisioned products, and the record of each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow


@dataclass
class Record:
    """One request to launch, change or end a provisioned product, and what became of it."""

    id: str
    type: str
    product_name: str
    provisioned_id: str
    product_id: str
    artifact_id: str
    path_id: str
    launch_role: str | None
    status: str = "CREATED"
    errors: list[dict[str, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    created: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    def shown(self, status: str | None = None) -> dict[str, Any]:
        """RecordDetail."""
        return {
            "RecordId": self.id,
            "ProvisionedProductName": self.product_name,
            "Status": status or self.status,
            "CreatedTime": self.created,
            "UpdatedTime": self.updated,
            "ProvisionedProductType": "CFN_STACK",
            "RecordType": self.type,
            "ProvisionedProductId": self.provisioned_id,
            "ProductId": self.product_id,
            "ProvisioningArtifactId": self.artifact_id,
            "PathId": self.path_id,
            "RecordErrors": [] if status else self.errors,
            "RecordTags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "LaunchRoleArn": self.launch_role,
        }


@dataclass
class Provisioned:
    """A launched product: its stack, and which records made it what it is."""

    id: str
    name: str
    account: str
    region: str
    product_id: str
    artifact_id: str
    path_id: str
    portfolio_id: str
    user_arn: str
    session_arn: str
    launch_role: str | None
    tags: dict[str, str]
    stack: Any = None
    stack_set: Any = None
    status: str = "UNDER_CHANGE"
    message: str | None = None
    token: str | None = None
    records: list[str] = field(default_factory=list)
    last_success: str | None = None
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:servicecatalog:{self.region}:{self.account}:stack/{self.name}/{self.id}"

    def shown(self) -> dict[str, Any]:
        """ProvisionedProductDetail."""
        return {
            "Name": self.name,
            "Arn": self.arn,
            "Type": "CFN_STACK" if self.stack_set is None else "CFN_STACKSET",
            "Id": self.id,
            "Status": self.status,
            "StatusMessage": self.message,
            "CreatedTime": self.created,
            "IdempotencyToken": self.token,
            "LastRecordId": self.records[-1],
            "LastProvisioningRecordId": self.records[-1],
            "LastSuccessfulProvisioningRecordId": self.last_success,
            "ProductId": self.product_id,
            "ProvisioningArtifactId": self.artifact_id,
            "LaunchRoleArn": self.launch_role,
        }
