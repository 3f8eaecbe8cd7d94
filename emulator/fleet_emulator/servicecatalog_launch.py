"""Launching, changing and ending a product: in the consumer's account and region, under the launch role.

Service Catalog takes on the launch role of the path's LAUNCH constraint (its trust is evaluated), reads its own copy of the
template with it (an object tagged ``servicecatalog:provisioning``), and makes the stack ``SC-<account>-<pp id>`` with it, so that
every resource is bound by what the role may do. Without the constraint the caller's own permissions are used. Whatever
fails is in the record: the call itself succeeds. Source: "Service Catalog launch constraints" in the Administrator Guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow

from . import servicecatalog_stacksets as stacksets
from . import stacks
from .authorization import authorize, caller
from .servicecatalog_constraints import properties
from .servicecatalog_launched import Provisioned, Record
from .servicecatalog_model import (
    Artifact,
    Catalog,
    Invalid,
    NotFound,
    Product,
    identifier,
)
from .servicecatalog_users import Path, launchable
from .stacks_model import LOCK, Stack
from .stacks_template import parse
from .trust import require_trust

SERVICE = "servicecatalog.amazonaws.com"
PROVISIONING_TAG = "s3:ExistingObjectTag/servicecatalog:provisioning"


class Refused(Exception):
    """Why a record fails before or while its stack changes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def provision(
    place: Catalog,
    product: Product,
    artifact: Artifact,
    way: Path,
    name: str,
    parameters: dict[str, str],
    tags: dict[str, str],
    arns: list[str],
    preferences: dict[str, Any] | None = None,
    provisioned_id: str | None = None,
) -> Record:
    """ProvisionProduct: the record is returned as it was accepted; DescribeRecord tells what became of it."""
    with LOCK:
        if any(item.name == name for item in place.provisioned.values()):
            raise Invalid(f"A provisioned product named {name} already exists in this account and region.")
        if not launchable(artifact):
            raise Invalid(
                f"ProvisioningArtifact {artifact.id} ({artifact.name}) cannot be launched: it is deprecated or inactive."
            )
        made = _provisioned(place, product, artifact, way, name, tags, provisioned_id)
        body = template_of(artifact, way)
        all_tags = {**way.portfolio.tags, **product.tags, **tags, **_auto_tags(made, way, product, artifact)}
        notify = [*arns, *_notifications(way)]
        spread = way.constraint("STACKSET")
        if preferences and spread is None:
            raise Invalid("ProvisioningPreferences belong to products with a STACKSET constraint")
        where = stacksets.targets(spread, preferences or {}) if spread is not None else None
        place.provisioned[made.id] = made
        record = _record(place, made, "PROVISION_PRODUCT", artifact.id)

        def work() -> None:
            if spread is not None and where is not None:
                stacksets.make(made, spread, body, parameters, all_tags, where)
                return
            principal = _principal(made)
            _may_launch(principal, _stack_arn(made), made)
            stack_name = f"SC-{made.account}-{made.id}"
            made.stack = stacks.make(
                made.account, made.region, stack_name, body, parameters,
                principal=principal, tags=all_tags, notification_arns=notify,
            )  # fmt: skip
            if made.stack.status != "CREATE_COMPLETE":
                raise Refused("StackCreateFailure", _reason(made.stack))

        _run(made, record, work, "ERROR")
        return record


def _provisioned(
    place: Catalog, product: Product, artifact: Artifact, way: Path, name: str, tags: dict[str, str], provisioned_id: str | None
) -> Provisioned:
    """A provisioned product of the caller, not yet kept."""
    who = caller()
    user = who.arn if who and who.arn else f"arn:aws:iam::{place.account}:root"
    return Provisioned(
        provisioned_id or identifier("pp"), name, place.account, place.region, product.id, artifact.id, way.id,
        way.portfolio.id, user, who.session_arn if who else user, launch_role(place.account, way), tags,
    )  # fmt: skip


def update(
    place: Catalog,
    made: Provisioned,
    product: Product,
    artifact: Artifact,
    way: Path,
    parameters: list[dict[str, Any]],
    new_tags: dict[str, str] | None = None,
    preferences: dict[str, Any] | None = None,
) -> Record:
    """UpdateProvisionedProduct: to another version or other parameters; what fails is rolled back and leaves it TAINTED."""
    with LOCK:
        if not artifact.active and artifact.id != made.artifact_id:
            raise Invalid(f"ProvisioningArtifact {artifact.id} ({artifact.name}) is inactive.")
        if (made.stack is None and made.stack_set is None) or made.status not in ("AVAILABLE", "TAINTED"):
            raise Invalid(f"Provisioned product {made.id} is in status {made.status} and cannot be updated.")
        made.launch_role = launch_role(place.account, way)
        if new_tags:
            _check_tags(way)
            made.tags = {**made.tags, **new_tags}
        record = _record(place, made, "UPDATE_PROVISIONED_PRODUCT", artifact.id)
        given = values_of(made, parameters)
        tags = {**way.portfolio.tags, **product.tags, **made.tags, **_auto_tags(made, way, product, artifact)}
        body = template_of(artifact, way)

        def work() -> None:
            spread = way.constraint("STACKSET")
            if made.stack_set is not None and spread is not None:
                stacksets.change(made, spread, body, given, tags, preferences or {})
                return
            principal = _principal(made)
            _may_launch(principal, made.stack.stack_id, made, "UpdateStack")
            changed = stacks.change(made.stack, body, given, principal=principal, tags=tags)
            if changed and made.stack.status != "UPDATE_COMPLETE":
                raise Refused("StackUpdateFailure", _reason(made.stack))

        if _run(made, record, work, "TAINTED"):
            made.artifact_id, made.product_id, made.path_id, made.portfolio_id = artifact.id, product.id, way.id, way.portfolio.id
        return record


def terminate(place: Catalog, made: Provisioned, ignore_errors: bool = False, retain: bool = False) -> Record:
    """TerminateProvisionedProduct: the stack goes under the launch role, and the provisioned product with it."""
    with LOCK:
        record = _record(place, made, "TERMINATE_PROVISIONED_PRODUCT", made.artifact_id)

        def work() -> None:
            if made.stack_set is not None:
                stacksets.end(made, retain)
                return
            if made.stack is None or made.stack.status == "DELETE_COMPLETE":
                return
            principal = _principal(made)
            _may_launch(principal, made.stack.stack_id, made, "DeleteStack")
            stacks.remove(made.stack, principal=principal, retain_all=retain)
            if made.stack.status != "DELETE_COMPLETE":
                raise Refused("StackDeleteFailure", _reason(made.stack))

        if _run(made, record, work, "ERROR") or ignore_errors:
            place.provisioned.pop(made.id, None)
        return record


def _check_tags(way: Path) -> None:
    """Tags of a provisioned product change only where a RESOURCE_UPDATE constraint allows it."""
    constraint = way.constraint("RESOURCE_UPDATE")
    if constraint is None or properties(constraint.parameters).get("TagUpdateOnProvisionedProduct") != "ALLOWED":
        raise Invalid(
            "Tags cannot be updated: the product needs a RESOURCE_UPDATE constraint with TagUpdateOnProvisionedProduct ALLOWED"
        )


def values_of(made: Provisioned | None, parameters: list[dict[str, Any]]) -> dict[str, str]:
    """The values of an update: UsePreviousValue means that of the last launch."""
    before: dict[str, str] = {}
    if made is not None and made.stack is not None:
        before = {key: item.given for key, item in made.stack.parameters.items()}
    elif made is not None and made.stack_set is not None:
        before = dict(made.stack_set.parameters)
    given = {}
    for item in parameters:
        if item.get("UsePreviousValue") and item["Key"] in before:
            given[item["Key"]] = before[item["Key"]]
        elif "Value" in item:
            given[item["Key"]] = str(item["Value"])
    return given


def launch_role(account: str, way: Path) -> str | None:
    """The role of the path's LAUNCH constraint: a local name is looked up in the consumer's account."""
    constraint = way.constraint("LAUNCH")
    if constraint is None:
        return None
    local = constraint.parameters.get("LocalRoleName")
    return f"arn:aws:iam::{account}:role/{local}" if local else str(constraint.parameters["RoleArn"])


def template_of(artifact: Artifact, way: Path) -> str:
    """The version's template, with the rules of the path's TEMPLATE constraints."""
    rules = [item.parameters.get("Rules", {}) for item in way.constraints if item.type == "TEMPLATE"]
    if not rules:
        return artifact.body
    template = parse(artifact.body)
    for rule in rules:
        template.setdefault("Rules", {}).update(rule)
    return json.dumps(template)


def _principal(made: Provisioned) -> str | None:
    """In whose name the stack is made: the launch role, if Service Catalog may take it on, else the caller."""
    if made.launch_role is None:
        who = caller()
        return who.arn if who else None
    try:
        require_trust(made.launch_role, SERVICE)
    except ServiceException as error:
        raise Refused("AccessDenied", f"Access denied while assuming the role {made.launch_role}: {error.message}") from None
    return made.launch_role


def _may_launch(principal: str | None, stack_arn: str, made: Provisioned, action: str = "CreateStack") -> None:
    """The launch role's own permissions, before any resource: the template's copy and the stack."""
    copy = f"arn:aws:s3:::sc-provisioning-{made.region}/{made.product_id}/{made.artifact_id}"
    asked: list[tuple[str, str, dict[str, str]]] = [(f"cloudformation:{action}", stack_arn, {})]
    if action != "DeleteStack":
        asked += [("s3:GetObject", copy, {PROVISIONING_TAG: "true"}), ("cloudformation:ValidateTemplate", "*", {})]
        asked += [("cloudformation:GetTemplateSummary", "*", {})]
    asked += [("cloudformation:DescribeStacks", stack_arn, {}), ("cloudformation:DescribeStackEvents", stack_arn, {})]
    for name, resource, context in asked:
        decision = authorize(principal, name, resource, context)
        if not decision.allowed:
            raise Refused("AccessDenied", decision.reason)


def _stack_arn(made: Provisioned) -> str:
    return f"arn:aws:cloudformation:{made.region}:{made.account}:stack/SC-{made.account}-{made.id}/*"


def _run(made: Provisioned, record: Record, work: Callable[[], None], broken: str) -> bool:
    """Do the work and settle record and provisioned product; False if it failed."""
    made.status, record.status = "UNDER_CHANGE", "IN_PROGRESS"
    try:
        work()
    except (Refused, stacksets.Failed, ServiceException) as error:
        message = str(getattr(error, "message", None) or error)
        record.errors.append({"Code": str(getattr(error, "code", "InternalFailure")), "Description": message})
        _settle(made, record, "FAILED", broken, message)
        return False
    record.outputs = _outputs(made)
    made.last_success = record.id
    _settle(made, record, "SUCCEEDED", "AVAILABLE", None)
    return True


def _settle(made: Provisioned, record: Record, outcome: str, status: str, message: str | None) -> None:
    record.status, record.updated = outcome, utcnow()
    made.status, made.message = status, message
    if outcome == "FAILED" and made.stack is not None:
        record.outputs = _outputs(made)


def _reason(stack: Stack) -> str:
    """The resources that failed and why: the whole truth of the stack's last operation."""
    failed = []
    for event in reversed(stack.events):
        if event.type == "AWS::CloudFormation::Stack" and event.reason == "User Initiated":
            break
        if event.status.endswith("_FAILED") and event.type != "AWS::CloudFormation::Stack":
            failed.append(f"{event.logical_id} ({event.type}): {event.reason}")
    own = next((event.reason for event in reversed(stack.events) if event.reason and "IN_PROGRESS" in event.status), None)
    return "; ".join(reversed(failed)) or own or stack.reason or f"stack is in {stack.status}"


def _outputs(made: Provisioned) -> list[dict[str, Any]]:
    stack = made.stack
    if stack is None:
        return []
    arn = {
        "OutputKey": "CloudformationStackARN",
        "OutputValue": stack.stack_id,
        "Description": "The ARN of the launched Cloudformation Stack",
    }
    return [
        arn,
        *({"OutputKey": o.key, "OutputValue": o.value, "Description": o.description} for o in stack.outputs),
    ]


def _record(place: Catalog, made: Provisioned, kind: str, artifact_id: str) -> Record:
    record = Record(
        identifier("rec"), kind, made.name, made.id, made.product_id, artifact_id, made.path_id, made.launch_role,
        tags=dict(made.tags),
    )  # fmt: skip
    place.records[record.id] = record
    made.records.append(record.id)
    return record


def _auto_tags(made: Provisioned, way: Path, product: Product, artifact: Artifact) -> dict[str, str]:
    """Tags that Service Catalog puts on what it launches ("AutoTags")."""
    return {
        "aws:servicecatalog:portfolioArn": way.portfolio.arn,
        "aws:servicecatalog:productArn": product.arn,
        "aws:servicecatalog:provisioningPrincipalArn": made.session_arn,
        "aws:servicecatalog:provisionedProductArn": made.arn,
        "aws:servicecatalog:provisioningArtifactIdentifier": artifact.id,
    }


def _notifications(way: Path) -> list[str]:
    return [arn for item in way.constraints if item.type == "NOTIFICATION" for arn in item.parameters.get("NotificationArns", [])]


def find(place: Catalog, provisioned_id: str | None, name: str | None = None) -> Provisioned:
    """A provisioned product of this account by id or name."""
    for item in place.provisioned.values():
        if (provisioned_id and item.id == provisioned_id) or (not provisioned_id and name and item.name == name):
            return item
    raise NotFound(f"Provisioned product {provisioned_id or name} not found.")
