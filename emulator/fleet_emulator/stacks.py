"""Puts our stacks in the place of moto's. Where to start reading:

``stacks_api.py``, ``changesets_api.py`` and ``stacks_recovery_api.py`` answer requests that ``stacks_requests.py`` understands;
``stacks_plan.py`` decides whether an operation may start and what it would do (``stacks_template``, ``stacks_transforms``,
``stacks_parameters``, ``stacks_values``); ``stacks_engine.py`` does it, one resource at a time through ``stacks_resources.py``,
as far as ``stacks_policy.py`` lets it; ``stacks_drift.py`` compares; ``stacks_model.py`` is what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from moto.cloudformation.exceptions import AlreadyExistsException
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.responses import ActionResult

from . import changesets_api, stacks_api, stacks_engine, stacks_nested, stacks_plan, stacks_recovery_api, stacks_requests
from .stacks_model import LOCK, Stack, store
from .stacks_plan import Request


def register() -> None:
    """Replace moto's operations on stacks and change sets, and define AWS::CloudFormation::Stack."""
    for operation in (*stacks_api.OPERATIONS, *changesets_api.OPERATIONS, *stacks_recovery_api.OPERATIONS):
        setattr(CloudFormationResponse, operation.__name__, _checking(operation))
    ours = ("DescribeChangeSetOutput", "DescribeStacksOutput")
    CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER = {
        path: change
        for path, change in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if not path.startswith(ours)
    }
    stacks_nested.register()


def _checking(operation: Callable[[CloudFormationResponse], ActionResult]) -> Callable[[CloudFormationResponse], ActionResult]:
    """The operation, which answers only what it understands whole."""
    name = "".join(part.capitalize() for part in operation.__name__.split("_"))

    @wraps(operation)
    def checked(self: CloudFormationResponse) -> ActionResult:
        stacks_requests.check(self, name)
        return operation(self)

    return checked


def make(
    account: str,
    region: str,
    name: str,
    body: str,
    parameters: dict[str, str],
    *,
    principal: str | None,
    tags: dict[str, str] | None = None,
    from_url: bool = True,
    on_failure: str = stacks_engine.ROLLBACK,
    notification_arns: list[str] | None = None,
) -> Stack:
    """Create a stack for another service, which acknowledges all capabilities. What is refused raises ValidationError."""
    place = store(account, region)
    with LOCK:
        if any(stack.name == name for stack in place.live()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        stack = Stack(generate_stack_id(name, region, account), name, account, region)
        plan = stacks_plan.make(stack, place, _request(body, parameters, principal, tags, from_url, notification_arns))
        place.stacks[stack.stack_id] = stack
        stacks_engine.create(stack, place, plan, on_failure)
    return stack


def change(
    stack: Stack, body: str, parameters: dict[str, str], *, principal: str | None, tags: dict[str, str] | None = None
) -> bool:
    """Update a stack for another service; False if nothing would change."""
    place = store(stack.account, stack.region)
    with LOCK:
        stack.principal = principal
        plan = stacks_plan.make(stack, place, _request(body, parameters, principal, tags, True, None), stack.parameters)
        if not stacks_plan.differs(stack, plan):
            return False
        stacks_engine.update(stack, place, plan)
    return True


def remove(stack: Stack, *, principal: str | None, retain_all: bool = False) -> None:
    """Delete a stack for another service."""
    stack.principal = stack.role_arn or principal
    retained = frozenset(stack.resources) if retain_all else frozenset()
    stacks_engine.delete(stack, store(stack.account, stack.region), retained)


def _request(
    body: str,
    parameters: dict[str, str],
    principal: str | None,
    tags: dict[str, str] | None,
    from_url: bool,
    notification_arns: list[str] | None,
) -> Request:
    return Request(
        body=body,
        from_url=from_url,
        parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        tags=tags,
        capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        notification_arns=notification_arns,
        principal=principal,
    )
