"""One resource of a stack: its properties with the stack's tags, the calls of ``lifecycle``, and how failures are worded."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudformation.parsing import generate_resource_name
from moto.core.exceptions import ServiceException

from . import lifecycle, registry
from .resource_types import Operation
from .stacks_model import Stack, StackResource
from .stacks_plan import Plan

WORDED = ("Resource handler returned message", "Properties validation failed", "Template ", "No export named", "Embedded stack")
KEPT = ("Retain",)


LONGEST_NAME = {
    "AWS::IAM::Role": 64,
    "AWS::IAM::User": 64,
    "AWS::IAM::Group": 128,
    "AWS::IAM::ManagedPolicy": 128,
    "AWS::CloudTrail::Trail": 128,
    "AWS::SQS::Queue": 80,
}
"""How long a name that CloudFormation gives may be: the services' quotas."""


class Failure(Exception):
    """A resource could not be made, changed or deleted; the message is the event's reason."""


def operation(stack: Stack, logical_id: str, type_name: str, tags: dict[str, str]) -> Operation:
    """Who acts on what, for ``lifecycle``."""
    system = {
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:stack-id": stack.stack_id,
        "aws:cloudformation:logical-id": logical_id,
    }
    return Operation(
        account=stack.account,
        region=stack.region,
        logical_id=logical_id,
        stack_name=stack.name,
        stack_id=stack.stack_id,
        principal=stack.principal,
        generated_name=_shortened(generate_resource_name(type_name, stack.name, logical_id), type_name, stack.name, logical_id),
        tags={**tags, **system},
    )


def _shortened(name: str, type_name: str, stack_name: str, logical_id: str) -> str:
    """The beginnings of stack name and logical id and the whole random part, where all of them are too long."""
    longest = LONGEST_NAME.get(type_name, len(name))
    if len(name) <= longest:
        return name
    suffix = name.rpartition("-")[2]
    room = longest - len(suffix) - 2
    of_stack = max(room // 2, room - len(logical_id))
    return f"{stack_name[:of_stack]}-{logical_id[: room - of_stack]}-{suffix}"


def properties(plan: Plan, logical_id: str, region: str) -> dict[str, Any]:
    """The resource's properties, evaluated, with the tags of the stack where the type takes tags."""
    definition = plan.resources[logical_id]
    evaluated = copy.deepcopy(plan.scope.value(definition.get("Properties", {})))
    return with_stack_tags(definition["Type"], region, evaluated, plan.tags)


def with_stack_tags(type_name: str, region: str, given: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """Stack-level tags reach every resource that takes tags; the resource's own win ("Resource tags")."""
    tags = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    if not tags:
        return given
    schema = registry.schema(type_name, region)
    tagging = schema.document.get("tagging", {})
    path = registry.pointer_parts(tagging.get("tagProperty", "/properties/Tags"))
    if not tagging.get("taggable") or len(path) != 1:
        return given
    shape = schema.property_schema(path)
    own = given.get(path[0])
    if shape.get("type") == "array":
        keys = {item.get("Key") for item in own or []}
        extra = [{"Key": key, "Value": value} for key, value in tags.items() if key not in keys]
        return {**given, path[0]: [*(own or []), *extra]}
    if shape.get("type") == "object":
        return {**given, path[0]: {**tags, **(own or {})}}
    return given


def create(stack: Stack, plan: Plan, resource: StackResource) -> None:
    """Make the resource and tell it; Failure carries the reason."""
    stack.record("CREATE_IN_PROGRESS", None, resource)
    try:
        wanted = properties(plan, resource.logical_id, stack.region)
        handle = lifecycle.create(operation(stack, resource.logical_id, resource.type, plan.tags), resource.type, wanted)
    except Exception as error:
        raise _failed(stack, "CREATE_FAILED", resource, error) from error
    _settle(stack, resource, handle, wanted)
    stack.record("CREATE_IN_PROGRESS", "Resource creation Initiated", resource)
    stack.record("CREATE_COMPLETE", None, resource)


def update(stack: Stack, plan: Plan, resource: StackResource, wanted: dict[str, Any]) -> None:
    """Change the resource to the wanted properties, in place or by making a new one."""
    replaced = lifecycle.changed_create_only(resource.type, resource.properties, wanted, stack.region)
    reason = None
    if replaced:
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
    stack.record("UPDATE_IN_PROGRESS", reason, resource)
    try:
        handle = lifecycle.update(
            operation(stack, resource.logical_id, resource.type, plan.tags), resource.handle, copy.deepcopy(wanted)
        )
    except Exception as error:
        if replaced and "already exists" in str(getattr(error, "message", error)):
            error = Failure(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {resource.physical_id} and update the stack again."
            )
        raise _failed(stack, "UPDATE_FAILED", resource, error) from error
    renewed = handle is not resource.handle
    _settle(stack, resource, handle, wanted)
    if renewed:
        stack.record("UPDATE_IN_PROGRESS", "Resource creation Initiated", resource)
    stack.record("UPDATE_COMPLETE", None, resource)


def delete(stack: Stack, resource: StackResource) -> bool:
    """Delete what exists; False, with an event, if the service refuses. What is gone already counts as deleted."""
    if resource.handle is None:
        return True
    stack.record("DELETE_IN_PROGRESS", None, resource)
    try:
        lifecycle.delete(operation(stack, resource.logical_id, resource.type, stack.tags), resource.handle)
    except Exception as error:
        if not _missing(error):
            stack.record("DELETE_FAILED", worded(error), resource)
            return False
    stack.record("DELETE_COMPLETE", None, resource)
    resource.handle = None
    return True


def skip(stack: Stack, resource: StackResource) -> None:
    """Leave the resource behind: it is told, listed, and no longer the stack's."""
    if resource.handle is None:
        return
    lifecycle.retain(resource.handle)
    stack.record("DELETE_SKIPPED", None, resource)
    stack.left_behind.append(copy.copy(resource))


def _settle(stack: Stack, resource: StackResource, handle: Any, wanted: dict[str, Any]) -> None:
    resource.handle = handle
    resource.physical_id = str(handle.physical_resource_id)
    resource.properties = wanted


def _failed(stack: Stack, status: str, resource: StackResource, error: Exception) -> Failure:
    reason = worded(error)
    stack.record(status, reason, resource)
    return Failure(reason)


def worded(error: Exception) -> str:
    """The reason as CloudFormation shows it: the service's message inside the handler's."""
    message = message_of(error)
    if isinstance(error, Failure) or message.startswith(WORDED):
        return message
    return f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {error_code(error)})'


def message_of(error: Exception) -> str:
    """The words of an error of moto, of boto3 or of ours."""
    answer = _answer(error)
    if answer:
        return str(answer.get("Message") or answer.get("Code"))
    return str(getattr(error, "message", None) or error or type(error).__name__)


def _answer(error: Exception) -> dict[str, Any]:
    """What a service answered, where a handler called it by boto3."""
    for candidate in (error, error.__cause__):
        if isinstance(candidate, ClientError):
            found: dict[str, Any] = dict(candidate.response.get("Error", {}))
            return found
    return {}


def error_code(error: Exception) -> str:
    """The HandlerErrorCode that fits what a service answered ("Handler error codes")."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    said = _answer(error).get("Code") or getattr(cause, "code", "") or getattr(cause, "error_type", "")
    name = str(said or type(cause).__name__)
    for fragment, code in (
        ("AccessDenied", "AccessDenied"),
        ("Unauthorized", "AccessDenied"),
        ("NotFound", "NotFound"),
        ("NoSuch", "NotFound"),
        ("DoesNotExist", "NotFound"),
        ("Exists", "AlreadyExists"),
        ("AlreadyOwnedByYou", "AlreadyExists"),
        ("Duplicate", "AlreadyExists"),
        ("Limit", "ServiceLimitExceeded"),
        ("Validation", "InvalidRequest"),
        ("Invalid", "InvalidRequest"),
    ):
        if fragment in name:
            return code
    return "GeneralServiceException" if _answer(error) or isinstance(error, ServiceException) else "InternalFailure"


def _missing(error: Exception) -> bool:
    return error_code(error) == "NotFound"
