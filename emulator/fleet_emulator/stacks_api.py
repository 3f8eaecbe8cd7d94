"""CloudFormation's operations on stacks, instead of moto's: from a request's parameters to ``stacks_engine`` and back.

Stack sets have operations of their own: ``stacksets_api.py``.
"""

from __future__ import annotations

from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from . import stacks_engine, stacks_plan, stacks_policy, stacks_show
from .authorization import caller, require
from .changesets import AlreadyExists
from .stacks_model import LOCK, Stack, StackStore, store_of
from .stacks_plan import Request
from .stacks_source import read
from .stacks_template import refuse
from .trust import require_trust

SERVICE = "cloudformation.amazonaws.com"


def principal() -> str | None:
    """The ARN in whose name the caller's stack operations act; None is the root user."""
    who = caller()
    return who.arn if who else None


def given_store(response: CloudFormationResponse) -> StackStore:
    """The stacks of the account and region that the request is for."""
    return store_of(response.cloudformation_backend)


def existing(store: StackStore, name: str | None, message: str = "Stack with id {} does not exist") -> Stack:
    """The stack of a name or id."""
    stack = store.find(name or "")
    if stack is None:
        raise refuse(message.format(name))
    return stack


def service_role(role_arn: str | None, account: str) -> str | None:
    """The stack's role: the caller must be allowed to pass it, and it must trust CloudFormation."""
    if role_arn is None:
        return None
    require(principal(), "iam:PassRole", role_arn, {"iam:PassedToService": SERVICE})
    try:
        require_trust(role_arn, SERVICE)
    except ServiceException:
        raise refuse(f"Role {role_arn} is invalid or cannot be assumed") from None
    return role_arn


def request_of(response: CloudFormationResponse, stack: Stack | None) -> Request:
    """What the request asks for; ``stack`` gives the previous template and tags."""
    ask = response._get_param
    body, url = ask("TemplateBody"), ask("TemplateURL")
    previous = bool(ask("UsePreviousTemplate"))
    if sum([body is not None, url is not None, previous]) > 1:
        raise refuse("You cannot specify more than one of TemplateBody, TemplateURL and UsePreviousTemplate.")
    if url is not None:
        body = read(url, response.current_account, principal())
    elif previous and stack is not None:
        body = stack.body
    if body is None:
        raise refuse("Either Template URL or Template Body must be specified.")
    tags = ask("Tags")
    return Request(
        body=body,
        from_url=url is not None or previous,
        parameters=ask("Parameters", []),
        tags=None if tags is None else {item["Key"]: item["Value"] for item in tags},
        capabilities=ask("Capabilities", []),
        notification_arns=ask("NotificationARNs"),
        role_arn=service_role(ask("RoleARN"), response.current_account),
        principal=principal(),
    )


def policy_of(response: CloudFormationResponse, name: str) -> str | None:
    """The stack policy of a request's parameters ``name``Body or ``name``URL."""
    body, url = response._get_param(f"{name}Body"), response._get_param(f"{name}URL")
    if body is not None and url is not None:
        raise refuse(f"You cannot specify both {name}URL and {name}Body")
    return stacks_policy.checked(read(url, response.current_account, principal()) if url is not None else body)


def create_stack(self: CloudFormationResponse) -> ActionResult:
    """CreateStack."""
    store, name = given_store(self), self._get_param("StackName")
    with LOCK:
        if any(stack.name == name for stack in store.live()):
            raise AlreadyExists(f"Stack [{name}] already exists")
        on_failure = self._get_param("OnFailure")
        disable = bool(self._get_param("DisableRollback"))
        if on_failure and disable:
            raise refuse("You cannot specify both OnFailure and DisableRollback.")
        stack = Stack(generate_stack_id(name, store.region, store.account), name, store.account, store.region)
        plan = stacks_plan.make(stack, store, request_of(self, None))
        stack.termination_protection = bool(self._get_param("EnableTerminationProtection"))
        stack.timeout = self._get_param("TimeoutInMinutes")
        stack.policy = policy_of(self, "StackPolicy")
        stack.disable_rollback = disable
        store.stacks[stack.stack_id] = stack
        stacks_engine.create(stack, store, plan, on_failure or (stacks_engine.DO_NOTHING if disable else stacks_engine.ROLLBACK))
    return ActionResult({"StackId": stack.stack_id})


def update_stack(self: CloudFormationResponse) -> ActionResult:
    """UpdateStack."""
    store = given_store(self)
    with LOCK:
        stack = existing(store, self._get_param("StackName"), "Stack [{}] does not exist")
        if stack.status not in stacks_engine.UPDATABLE:
            raise refuse(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        plan = stacks_plan.make(stack, store, request_of(self, stack), stack.parameters)
        if not stacks_plan.differs(stack, plan):
            raise refuse("No updates are to be performed.")
        policy, once = policy_of(self, "StackPolicy"), policy_of(self, "StackPolicyDuringUpdate")
        disable = bool(self._get_param("DisableRollback"))
        stacks_engine.update(stack, store, plan, stacks_engine.DO_NOTHING if disable else stacks_engine.ROLLBACK, once)
        if policy and stack.status == "UPDATE_COMPLETE":
            stack.policy = policy
    return ActionResult({"StackId": stack.stack_id})


def delete_stack(self: CloudFormationResponse) -> ActionResult:
    """DeleteStack: of a stack that is not there it succeeds."""
    store, name = given_store(self), self._get_param("StackName")
    with LOCK:
        stack = store.find(name)
        if stack is None or stack.status == "DELETE_COMPLETE":
            return EmptyResult()
        if stack.termination_protection:
            raise refuse(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.parent_id:
            raise refuse(f"Stack [{stack.stack_id}] is nested: delete the root stack {stack.root_id}")
        retained = frozenset(self._get_param("RetainResources", []))
        if self._get_param("DeletionMode") == "FORCE_DELETE_STACK" and stack.status == "DELETE_FAILED":
            retained |= {name for name, item in stack.resources.items() if item.status == "DELETE_FAILED"}
        elif retained and stack.status != "DELETE_FAILED":
            raise refuse(
                f"Invalid operation on stack [{stack.stack_id}]. Specify RetainResources only for stacks in the "
                "DELETE_FAILED state."
            )
        role = service_role(self._get_param("RoleARN"), self.current_account)
        stack.role_arn = role or stack.role_arn
        stack.principal = stack.role_arn or principal()
        stacks_engine.delete(stack, store, retained)
    return EmptyResult()


def describe_stacks(self: CloudFormationResponse) -> ActionResult:
    """DescribeStacks: of one, by name or also deleted by id, or of all that live."""
    store, name = given_store(self), self._get_param("StackName")
    stacks = [existing(store, name)] if name else store.live()
    return ActionResult({"Stacks": [stacks_show.stack(stack) for stack in stacks]})


def list_stacks(self: CloudFormationResponse) -> ActionResult:
    """ListStacks, deleted ones too."""
    wanted = self._get_param("StackStatusFilter", [])
    stacks = [stack for stack in given_store(self).stacks.values() if not wanted or stack.status in wanted]
    return ActionResult({"StackSummaries": [stacks_show.summary(stack) for stack in stacks]})


def describe_stack_events(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackEvents, newest first."""
    stack = existing(given_store(self), self._get_param("StackName"), "Stack [{}] does not exist")
    return ActionResult({"StackEvents": [stacks_show.event(event) for event in reversed(stack.events)]})


def list_stack_resources(self: CloudFormationResponse) -> ActionResult:
    """ListStackResources: of a deleted stack, by its id, what it left behind too."""
    stack = existing(given_store(self), self._get_param("StackName"))
    return ActionResult(
        {"StackResourceSummaries": [stacks_show.resource_summary(stack, item) for item in stacks_show.resources(stack)]}
    )


def describe_stack_resources(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackResources, of a stack or of the stack that a physical id belongs to."""
    store, physical_id = given_store(self), self._get_param("PhysicalResourceId")
    name = self._get_param("StackName")
    if physical_id is not None:
        owners = [item for item in store.live() if any(r.physical_id == physical_id for r in item.resources.values())]
        if not owners:
            raise refuse(f"Stack for {physical_id} does not exist")
        name = owners[0].stack_id
    stack, logical_id = existing(store, name), self._get_param("LogicalResourceId")
    shown = [stacks_show.resource(stack, item) for item in stacks_show.resources(stack)]
    return ActionResult({"StackResources": [item for item in shown if logical_id in (None, item["LogicalResourceId"])]})


def describe_stack_resource(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackResource."""
    name, logical_id = self._get_param("StackName"), self._get_param("LogicalResourceId")
    stack = existing(given_store(self), name, "Stack '{}' does not exist")
    found = next((item for item in stacks_show.resources(stack) if item.logical_id == logical_id), None)
    if found is None:
        raise refuse(f"Resource {logical_id} does not exist for stack {name}")
    return ActionResult({"StackResourceDetail": stacks_show.resource_detail(stack, found)})


def get_template(self: CloudFormationResponse) -> ActionResult:
    """GetTemplate, as it was given; of a change set too."""
    from . import changesets

    store, name = given_store(self), self._get_param("ChangeSetName")
    stack_name = self._get_param("StackName")
    if name is not None:
        made = changesets.find(store, name, stack_name)
        assert made is not None
        return ActionResult({"TemplateBody": made.request.body, "StagesAvailable": ["Original", "Processed"]})
    stack = existing(store, stack_name)
    if self._get_param("TemplateStage") == "Processed":
        return ActionResult({"TemplateBody": stacks_show.processed(stack), "StagesAvailable": ["Original", "Processed"]})
    return ActionResult({"TemplateBody": stack.body, "StagesAvailable": ["Original", "Processed"]})


def get_template_summary(self: CloudFormationResponse) -> ActionResult:
    """GetTemplateSummary, of a template, an address or a stack."""
    body, url, name = (self._get_param(key) for key in ("TemplateBody", "TemplateURL", "StackName"))
    if name is not None:
        body = existing(given_store(self), name).body
    elif url is not None:
        body = read(url, self.current_account, principal())
    if body is None:
        raise refuse("One of TemplateBody, TemplateURL or StackName must be specified.")
    return ActionResult(stacks_show.template_summary(body))


def validate_template(self: CloudFormationResponse) -> ActionResult:
    """ValidateTemplate: form and references, as AWS does, not properties."""
    body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
    if url is not None:
        body = read(url, self.current_account, principal())
    if body is None:
        raise refuse("Either Template URL or Template Body must be specified.")
    stacks_plan.validate(body, url is not None, self.region)
    summary = stacks_show.template_summary(body)
    keys = ("Description", "Capabilities", "CapabilitiesReason", "DeclaredTransforms")
    parameters = [
        {key: item.get(key) for key in ("ParameterKey", "DefaultValue", "NoEcho", "Description")}
        for item in summary["Parameters"]
    ]
    return ActionResult({"Parameters": parameters, **{key: summary.get(key) for key in keys}})


def list_exports(self: CloudFormationResponse) -> ActionResult:
    """ListExports."""
    exports = given_store(self).exports()
    return ActionResult(
        {"Exports": [{"ExportingStackId": s.stack_id, "Name": name, "Value": o.value} for name, (o, s) in exports.items()]}
    )


def list_imports(self: CloudFormationResponse) -> ActionResult:
    """ListImports: an export that nobody imports is an error, as in AWS."""
    name = self._get_param("ExportName")
    users = given_store(self).importers(name)
    if not users:
        raise refuse(f"Export '{name}' is not imported by any stack.")
    return ActionResult({"Imports": users})


def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    """UpdateTerminationProtection."""
    stack = existing(given_store(self), self._get_param("StackName"), "Stack [{}] does not exist")
    stack.termination_protection = bool(self._get_param("EnableTerminationProtection"))
    return ActionResult({"StackId": stack.stack_id})


def get_stack_policy(self: CloudFormationResponse) -> ActionResult:
    """GetStackPolicy."""
    return ActionResult({"StackPolicyBody": existing(given_store(self), self._get_param("StackName")).policy})


def set_stack_policy(self: CloudFormationResponse) -> ActionResult:
    """SetStackPolicy: updates ask it from now on."""
    stack = existing(given_store(self), self._get_param("StackName"))
    stack.policy = policy_of(self, "StackPolicy")
    return EmptyResult()


OPERATIONS = (
    create_stack,
    update_stack,
    delete_stack,
    describe_stacks,
    list_stacks,
    describe_stack_events,
    list_stack_resources,
    describe_stack_resources,
    describe_stack_resource,
    get_template,
    get_template_summary,
    validate_template,
    list_exports,
    list_imports,
    update_termination_protection,
    get_stack_policy,
    set_stack_policy,
)
