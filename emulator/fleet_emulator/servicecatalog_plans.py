"""Plans: what a launch or an update would do to each resource, kept until it is executed or deleted.

Source: CreateProvisionedProductPlan and ExecuteProvisionedProductPlan in the Service Catalog API Reference. Unlike on AWS, the
provisioned product of a plan for a new one is listed only after the execution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.utils import generate_stack_id
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow

from . import changesets_diff, stacks_plan
from . import servicecatalog_launch as launch
from . import servicecatalog_users as users
from .servicecatalog_admin_api import tag_list, tags_of
from .servicecatalog_launched import Provisioned
from .servicecatalog_model import Catalog, Invalid, InvalidState, NotFound, identifier
from .stacks_model import LOCK, Stack, store
from .stacks_plan import Request

Parameters = dict[str, Any]

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass
class Plan:
    """A plan and the request that it will execute."""

    request: Parameters
    product: str
    artifact: str
    path: str
    provisioned_id: str
    id: str = field(default_factory=lambda: identifier("plan"))
    status: str = "CREATE_IN_PROGRESS"
    message: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    created: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    def summary(self) -> Parameters:
        """ProvisionedProductPlanSummary."""
        return {
            "PlanName": self.request["PlanName"],
            "PlanId": self.id,
            "ProvisionProductId": self.provisioned_id,
            "ProvisionProductName": self.request["ProvisionedProductName"],
            "PlanType": self.request["PlanType"],
            "ProvisioningArtifactId": self.artifact,
        }

    def shown(self) -> Parameters:
        """ProvisionedProductPlanDetails."""
        return {
            **self.summary(),
            "CreatedTime": self.created,
            "UpdatedTime": self.updated,
            "PathId": self.path,
            "ProductId": self.product,
            "Status": self.status,
            "StatusMessage": self.message,
            "NotificationArns": self.request.get("NotificationArns", []),
            "ProvisioningParameters": self.request.get("ProvisioningParameters", []),
            "Tags": tag_list(tags_of(self.request.get("Tags"))),
        }


def create_provisioned_product_plan(place: Catalog, p: Parameters) -> Parameters:
    """CreateProvisionedProductPlan."""
    if p["PlanType"] != "CLOUDFORMATION":
        raise Invalid(f"Invalid PlanType {p['PlanType']}: use CLOUDFORMATION")
    found = users.product(place, p["ProductId"])
    way = users.path(place, found, p.get("PathId"))
    artifact = found.artifact(p["ProvisioningArtifactId"])
    if way.constraint("STACKSET") is not None:
        raise NotImplementedError("plans of products with a STACKSET constraint are not emulated: launch without a plan")
    existing = next((i for i in place.provisioned.values() if i.name == p["ProvisionedProductName"]), None)
    if existing is None and not users.launchable(artifact):
        raise Invalid(f"ProvisioningArtifact {artifact.id} ({artifact.name}) cannot be launched: it is deprecated or inactive.")
    if existing is not None and existing.status not in ("AVAILABLE", "TAINTED"):
        raise InvalidState(f"Provisioned product {existing.id} is in status {existing.status}.")
    made = Plan(p, found.id, artifact.id, way.id, existing.id if existing else identifier("pp"))
    if any(item.request["ProvisionedProductName"] == p["ProvisionedProductName"] for item in place.plans.values()):
        raise InvalidState(f"A plan for provisioned product {p['ProvisionedProductName']} already exists.")
    place.plans[made.id] = made
    try:
        with LOCK:
            made.changes = _changes(
                place, made, existing, launch.template_of(artifact, way), launch.launch_role(place.account, way)
            )
        made.status = "CREATE_SUCCESS"
    except ServiceException as error:
        made.status, made.message = "CREATE_FAILED", str(error.message)
    return {
        "PlanName": p["PlanName"],
        "PlanId": made.id,
        "ProvisionProductId": made.provisioned_id,
        "ProvisionedProductName": p["ProvisionedProductName"],
        "ProvisioningArtifactId": artifact.id,
    }


def _changes(place: Catalog, plan: Plan, existing: Provisioned | None, body: str, role: str | None) -> list[dict[str, Any]]:
    name = f"SC-{place.account}-{plan.provisioned_id}"
    stack = existing.stack if existing is not None else None
    if stack is None:
        stack = Stack(generate_stack_id(name, place.region, place.account), name, place.account, place.region)
    values = launch.values_of(existing, plan.request.get("ProvisioningParameters", []))
    request = Request(
        body=body,
        from_url=True,
        parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        capabilities=list(CAPABILITIES),
        principal=role,
    )
    planned = stacks_plan.make(stack, store(place.account, place.region), request, stack.parameters)
    found = [item["ResourceChange"] for item in changesets_diff.compare(stack, planned)]
    return [{**item, "Action": item["Action"].upper(), "Replacement": _upper(item.get("Replacement"))} for item in found]


def _upper(value: str | None) -> str | None:
    return None if value is None else value.upper()


def _plan(place: Catalog, plan_id: str) -> Plan:
    if plan_id not in place.plans:
        raise NotFound(f"Provisioned product plan {plan_id} not found.")
    found: Plan = place.plans[plan_id]
    return found


def describe_provisioned_product_plan(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProvisionedProductPlan, with the change of each resource."""
    plan = _plan(place, p["PlanId"])
    return {"ProvisionedProductPlanDetails": plan.shown(), "ResourceChanges": plan.changes}


def list_provisioned_product_plans(place: Catalog, p: Parameters) -> Parameters:
    """ListProvisionedProductPlans."""
    wanted = p.get("ProvisionProductId")
    found = [item for item in place.plans.values() if wanted in (None, item.provisioned_id)]
    return {"ProvisionedProductPlans": [item.summary() for item in found]}


def delete_provisioned_product_plan(place: Catalog, p: Parameters) -> Parameters:
    """DeleteProvisionedProductPlan."""
    del place.plans[_plan(place, p["PlanId"]).id]
    return {}


def execute_provisioned_product_plan(place: Catalog, p: Parameters) -> Parameters:
    """ExecuteProvisionedProductPlan: launches, or updates what has the name, and shows how it went."""
    plan = _plan(place, p["PlanId"])
    if plan.status != "CREATE_SUCCESS":
        raise InvalidState(f"Provisioned product plan {plan.id} is in status {plan.status}.")
    asked = plan.request
    found = users.product(place, plan.product)
    way, artifact = users.path(place, found, plan.path), found.artifact(plan.artifact)
    parameters, tags = asked.get("ProvisioningParameters", []), tags_of(asked.get("Tags"))
    existing = place.provisioned.get(plan.provisioned_id)
    if existing is not None:
        record = launch.update(place, existing, found, artifact, way, parameters, tags)
    else:
        values, arns = launch.values_of(None, parameters), asked.get("NotificationArns", [])
        name = asked["ProvisionedProductName"]
        record = launch.provision(place, found, artifact, way, name, values, tags, arns, provisioned_id=plan.provisioned_id)
    plan.status = "EXECUTE_SUCCESS" if record.status == "SUCCEEDED" else "EXECUTE_FAILED"
    plan.message, plan.updated = "; ".join(item["Description"] for item in record.errors) or None, utcnow()
    return {"RecordDetail": record.shown("CREATED")}


OPERATIONS = (
    create_provisioned_product_plan, describe_provisioned_product_plan, list_provisioned_product_plans,
    delete_provisioned_product_plan, execute_provisioned_product_plan,
)  # fmt: skip
