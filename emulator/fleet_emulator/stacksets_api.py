"""CloudFormation's operations on stack sets, instead of moto's: from a request's parameters to ``stacksets_admin`` and back."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from . import stacksets_access, stacksets_admin
from .stacks_api import principal
from .stacks_source import read
from .stacks_template import refuse
from .stacksets_admin import Targets
from .stacksets_model import (
    SELF_MANAGED,
    SERVICE_MANAGED,
    Instance,
    InvalidOperation,
    NotFound,
    Operation,
    StackSet,
    find,
    stacksets,
)


def _values(given: list[dict[str, Any]] | None) -> dict[str, str]:
    return {item["ParameterKey"]: item.get("ParameterValue", "") for item in given or []}


def _found(response: CloudFormationResponse) -> StackSet:
    """The stack set that the request names, in the account that the caller acts for."""
    ask = response._get_param
    account = stacksets_access.owner(response.current_account, principal(), ask("CallAs"))
    stack_set = find(account, response.region, ask("StackSetName"))
    if ask("CallAs") == "DELEGATED_ADMIN" and stack_set.model == SELF_MANAGED:
        raise NotFound(f"StackSet {ask('StackSetName')} not found")
    return stack_set


def _operable(response: CloudFormationResponse) -> StackSet:
    """As above, for an operation that needs trusted access to be active."""
    stack_set = _found(response)
    stacksets_access.owner(response.current_account, principal(), response._get_param("CallAs"), stack_set.model)
    return stack_set


def _targets(response: CloudFormationResponse) -> Targets:
    ask = response._get_param
    accounts, deployment = ask("Accounts", []), ask("DeploymentTargets")
    if accounts and deployment:
        raise refuse("You can specify Accounts or DeploymentTargets, but not both.")
    return Targets(ask("Regions", []), accounts, deployment, ask("OperationPreferences") or {})


def _settings(response: CloudFormationResponse, made: StackSet) -> StackSet:
    """Fill the stack set with what the request says; what it leaves out stays as it is."""
    ask = response._get_param
    body, url = ask("TemplateBody"), ask("TemplateURL")
    if body is not None and url is not None:
        raise refuse("You cannot specify both TemplateBody and TemplateURL.")
    if url is not None:
        body, made.from_url = read(url, response.current_account, principal()), True
    elif body is not None:
        made.from_url = False
    if body is None and not made.body:
        raise refuse("Either Template URL or Template Body must be specified.")
    made.body = body if body is not None else made.body
    made.description = ask("Description", made.description)
    made.capabilities = list(ask("Capabilities", []))
    made.admin_role, made.execution_role = (
        ask("AdministrationRoleARN", made.admin_role),
        ask("ExecutionRoleName", made.execution_role),
    )
    if ask("Tags") is not None:
        made.tags = {item["Key"]: item["Value"] for item in ask("Tags")}
    automatic = ask("AutoDeployment")
    if automatic is not None:
        made.auto = bool(automatic.get("Enabled"))
        made.retain_on_removal = bool(automatic.get("RetainStacksOnAccountRemoval"))
        made.depends_on = list(automatic.get("DependsOn") or [])
    if ask("ManagedExecution") is not None:
        made.managed_execution = bool(ask("ManagedExecution").get("Active"))
    return made


def create_stack_set(self: CloudFormationResponse) -> ActionResult:
    """CreateStackSet."""
    if self._get_param("StackId"):
        raise NotImplementedError("CreateStackSet from an existing stack (StackId) is not emulated: give its template")
    model = self._get_param("PermissionModel") or SELF_MANAGED
    account = stacksets_access.owner(self.current_account, principal(), self._get_param("CallAs"), model)
    made = _settings(self, StackSet(self._get_param("StackSetName"), account, self.region, model))
    made.parameters = _values(self._get_param("Parameters"))
    return ActionResult({"StackSetId": stacksets_admin.create(made, self._get_param("ClientRequestToken")).id})


def update_stack_set(self: CloudFormationResponse) -> ActionResult:
    """UpdateStackSet: parameters that are not given take the template's defaults, as in an update of a stack."""
    stack_set = _operable(self)
    if not any(self._get_param(key) for key in ("TemplateBody", "TemplateURL", "UsePreviousTemplate")):
        raise refuse("Either Template URL or Template Body must be specified.")
    changed = StackSet(
        stack_set.name, stack_set.account, stack_set.region, self._get_param("PermissionModel") or stack_set.model,
        stack_set.body, from_url=stack_set.from_url, description=stack_set.description, tags=dict(stack_set.tags),
        admin_role=stack_set.admin_role, execution_role=stack_set.execution_role, auto=stack_set.auto,
        retain_on_removal=stack_set.retain_on_removal, depends_on=list(stack_set.depends_on),
        managed_execution=stack_set.managed_execution,
    )  # fmt: skip
    _settings(self, changed)
    for item in self._get_param("Parameters", []):
        key = item["ParameterKey"]
        if not item.get("UsePreviousValue"):
            changed.parameters[key] = item.get("ParameterValue", "")
        elif key in stack_set.parameters:
            changed.parameters[key] = stack_set.parameters[key]
    operation = stacksets_admin.update(stack_set, changed, _targets(self), self._get_param("OperationId"))
    return ActionResult({"OperationId": operation.id})


def delete_stack_set(self: CloudFormationResponse) -> ActionResult:
    """DeleteStackSet: of one that is not there it succeeds."""
    try:
        stack_set = _found(self)
    except NotFound:
        return EmptyResult()
    stacksets_admin.delete(stack_set)
    return EmptyResult()


def describe_stack_set(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackSet."""
    item = _found(self)
    shown: dict[str, Any] = {
        **_summary(item),
        "TemplateBody": item.body,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in item.parameters.items()],
        "Capabilities": item.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in item.tags.items()],
        "StackSetARN": item.arn,
        "StackSetDriftDetectionDetails": {"DriftStatus": "NOT_CHECKED", "TotalStackInstancesCount": len(item.instances)},
        "OrganizationalUnitIds": item.units,
        "Regions": list(dict.fromkeys(region for _, region in item.instances)),
    }
    if item.model == SELF_MANAGED:
        shown["AdministrationRoleARN"], shown["ExecutionRoleName"] = item.admin_role_arn, item.execution_role_name
    return ActionResult({"StackSet": shown})


def _summary(item: StackSet) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackSetName": item.name,
        "StackSetId": item.id,
        "Description": item.description,
        "Status": item.status,
        "PermissionModel": item.model,
        "ManagedExecution": {"Active": item.managed_execution},
    }
    if item.model == SERVICE_MANAGED:
        shown["AutoDeployment"] = {"Enabled": item.auto}
        if item.auto:
            shown["AutoDeployment"]["RetainStacksOnAccountRemoval"] = item.retain_on_removal
        if item.depends_on:
            shown["AutoDeployment"]["DependsOn"] = item.depends_on
    return shown


def list_stack_sets(self: CloudFormationResponse) -> ActionResult:
    """ListStackSets, deleted ones too; a delegated administrator sees those with service-managed permissions."""
    call_as, wanted = self._get_param("CallAs"), self._get_param("Status")
    account = stacksets_access.owner(self.current_account, principal(), call_as)
    found = [item for item in stacksets(account, self.region).values() if wanted in (None, item.status)]
    if call_as == "DELEGATED_ADMIN":
        found = [item for item in found if item.model == SERVICE_MANAGED]
    return ActionResult({"Summaries": [{**_summary(item), "DriftStatus": "NOT_CHECKED"} for item in found]})


def create_stack_instances(self: CloudFormationResponse) -> ActionResult:
    """CreateStackInstances."""
    stack_set, overrides = _operable(self), _values(self._get_param("ParameterOverrides"))
    operation = stacksets_admin.create_instances(stack_set, _targets(self), overrides, self._get_param("OperationId"))
    return ActionResult({"OperationId": operation.id})


def update_stack_instances(self: CloudFormationResponse) -> ActionResult:
    """UpdateStackInstances."""
    stack_set, overrides = _operable(self), _values(self._get_param("ParameterOverrides"))
    operation = stacksets_admin.update_instances(stack_set, _targets(self), overrides, self._get_param("OperationId"))
    return ActionResult({"OperationId": operation.id})


def delete_stack_instances(self: CloudFormationResponse) -> ActionResult:
    """DeleteStackInstances."""
    stack_set, retain = _operable(self), bool(self._get_param("RetainStacks"))
    operation = stacksets_admin.delete_instances(stack_set, _targets(self), retain, self._get_param("OperationId"))
    return ActionResult({"OperationId": operation.id})


def list_stack_instances(self: CloudFormationResponse) -> ActionResult:
    """ListStackInstances."""
    account, region = self._get_param("StackInstanceAccount"), self._get_param("StackInstanceRegion")
    stack_set = _found(self)
    found = [i for i in stack_set.instances.values() if account in (None, i.account) and region in (None, i.region)]
    fields = {"DETAILED_STATUS": "detailed", "LAST_OPERATION_ID": "last_operation"}
    for wanted in self._get_param("Filters", []):
        values = wanted["Values"].split(",")
        if wanted["Name"] == "DRIFT_STATUS":
            found = found if "NOT_CHECKED" in values else []
        else:
            found = [item for item in found if getattr(item, fields[wanted["Name"]]) in values]
    return ActionResult({"Summaries": [_instance(stack_set, item) for item in found]})


def _instance(stack_set: StackSet, item: Instance) -> dict[str, Any]:
    return {
        "StackSetId": stack_set.id,
        "Region": item.region,
        "Account": item.account,
        "StackId": item.stack.stack_id if item.stack is not None else None,
        "Status": item.status,
        "StatusReason": item.reason,
        "StackInstanceStatus": {"DetailedStatus": item.detailed},
        "OrganizationalUnitId": item.unit,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": item.last_operation,
    }


def describe_stack_instance(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackInstance."""
    stack_set = _found(self)
    item = stack_set.instance(self._get_param("StackInstanceAccount"), self._get_param("StackInstanceRegion"))
    overrides = [{"ParameterKey": key, "ParameterValue": value} for key, value in item.overrides.items()]
    return ActionResult({"StackInstance": {**_instance(stack_set, item), "ParameterOverrides": overrides}})


def describe_stack_set_operation(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackSetOperation."""
    stack_set = _found(self)
    item = stack_set.operation(self._get_param("OperationId"))
    shown = {
        **_operation(item),
        "StackSetId": stack_set.id,
        "DeploymentTargets": item.targets,
        "RetainStacks": item.retain,
    }
    if stack_set.model == SELF_MANAGED:
        shown |= {"AdministrationRoleARN": stack_set.admin_role_arn, "ExecutionRoleName": stack_set.execution_role_name}
    return ActionResult({"StackSetOperation": shown})


def _operation(item: Operation) -> dict[str, Any]:
    """An operation as it is shown; whoever sees it knows that it ended."""
    item.seen = True
    return {
        "OperationId": item.id,
        "Action": item.action,
        "Status": item.status,
        "StatusReason": item.reason,
        "OperationPreferences": item.preferences,
        "CreationTimestamp": item.created,
        "EndTimestamp": item.ended,
        "StatusDetails": {"FailedStackInstancesCount": len(item.failures)},
    }


def list_stack_set_operations(self: CloudFormationResponse) -> ActionResult:
    """ListStackSetOperations, newest first."""
    return ActionResult({"Summaries": [_operation(item) for item in reversed(_found(self).operations.values())]})


def list_stack_set_operation_results(self: CloudFormationResponse) -> ActionResult:
    """ListStackSetOperationResults."""
    found = _found(self).operation(self._get_param("OperationId")).results
    for wanted in self._get_param("Filters", []):
        found = [item for item in found if item.status in wanted["Values"].split(",")]
    gate = {"Status": "SKIPPED", "StatusReason": "Function not found"}
    shown = [
        {
            "Account": item.account,
            "Region": item.region,
            "Status": item.status,
            "StatusReason": item.reason,
            "OrganizationalUnitId": item.unit,
            "AccountGateResult": gate,
        }
        for item in found
    ]
    return ActionResult({"Summaries": shown})


def stop_stack_set_operation(self: CloudFormationResponse) -> ActionResult:
    """StopStackSetOperation: here every operation has ended when it could be called."""
    item = _found(self).operation(self._get_param("OperationId"))
    raise InvalidOperation(f"Operation {item.id} is in {item.status} state and cannot be stopped")


def activate_organizations_access(self: CloudFormationResponse) -> ActionResult:
    """ActivateOrganizationsAccess."""
    stacksets_access.switch(self.current_account, True)
    return EmptyResult()


def deactivate_organizations_access(self: CloudFormationResponse) -> ActionResult:
    """DeactivateOrganizationsAccess."""
    stacksets_access.switch(self.current_account, False)
    return EmptyResult()


def describe_organizations_access(self: CloudFormationResponse) -> ActionResult:
    """DescribeOrganizationsAccess."""
    return ActionResult({"Status": stacksets_access.status(self.current_account, principal(), self._get_param("CallAs"))})


OPERATIONS = (
    create_stack_set, update_stack_set, delete_stack_set, describe_stack_set, list_stack_sets, create_stack_instances,
    update_stack_instances, delete_stack_instances, list_stack_instances, describe_stack_instance,
    describe_stack_set_operation, list_stack_set_operations, list_stack_set_operation_results, stop_stack_set_operation,
    activate_organizations_access, deactivate_organizations_access, describe_organizations_access,
)  # fmt: skip
