"""Which parameters of CloudFormation's requests are understood here: any other is refused, and never ignored.

A parameter that would change nothing here, because everything is done when the call returns and by one caller at a time (tokens,
page sizes), is listed as understood.
"""

from __future__ import annotations

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.responses import CloudFormationResponse

_PAGES = "NextToken MaxResults"
_STACK = (
    "StackName TemplateBody TemplateURL Parameters Capabilities RoleARN NotificationARNs Tags ClientRequestToken DisableRollback "
    "DeploymentConfig"
)

UNDERSTOOD: dict[str, frozenset[str]] = {
    operation: frozenset(names.split())
    for operation, names in {
        "CreateStack": f"{_STACK} TimeoutInMinutes OnFailure StackPolicyBody StackPolicyURL EnableTerminationProtection "
        "RetainExceptOnCreate",
        "UpdateStack": f"{_STACK} UsePreviousTemplate StackPolicyBody StackPolicyURL StackPolicyDuringUpdateBody "
        "StackPolicyDuringUpdateURL RetainExceptOnCreate",
        "DeleteStack": "StackName RetainResources RoleARN ClientRequestToken DeletionMode DeploymentConfig",
        "DescribeStacks": f"StackName {_PAGES}",
        "ListStacks": f"StackStatusFilter {_PAGES}",
        "DescribeStackEvents": f"StackName {_PAGES}",
        "ListStackResources": f"StackName {_PAGES}",
        "DescribeStackResources": "StackName LogicalResourceId PhysicalResourceId",
        "DescribeStackResource": "StackName LogicalResourceId",
        "GetTemplate": "StackName ChangeSetName TemplateStage",
        "GetTemplateSummary": "TemplateBody TemplateURL StackName",
        "ValidateTemplate": "TemplateBody TemplateURL",
        "ListExports": _PAGES,
        "ListImports": f"ExportName {_PAGES}",
        "UpdateTerminationProtection": "StackName EnableTerminationProtection",
        "GetStackPolicy": "StackName",
        "SetStackPolicy": "StackName StackPolicyBody StackPolicyURL",
        "CreateChangeSet": "StackName ChangeSetName ChangeSetType TemplateBody TemplateURL UsePreviousTemplate Parameters "
        "Capabilities RoleARN NotificationARNs Tags ClientToken Description OnStackFailure IncludeNestedStacks "
        "ImportExistingResources DeploymentConfig",
        "DescribeChangeSet": f"ChangeSetName StackName IncludePropertyValues {_PAGES}",
        "ListChangeSets": f"StackName {_PAGES}",
        "ExecuteChangeSet": "ChangeSetName StackName ClientRequestToken DisableRollback RetainExceptOnCreate",
        "DeleteChangeSet": "ChangeSetName StackName",
        "DetectStackDrift": "StackName LogicalResourceIds",
        "DetectStackResourceDrift": "StackName LogicalResourceId",
        "DescribeStackDriftDetectionStatus": "StackDriftDetectionId",
        "DescribeStackResourceDrifts": f"StackName StackResourceDriftStatusFilters {_PAGES}",
        "ContinueUpdateRollback": "StackName RoleARN ResourcesToSkip ClientRequestToken DeploymentConfig",
        "RollbackStack": "StackName RoleARN ClientRequestToken RetainExceptOnCreate DeploymentConfig",
    }.items()
}

MUST_BE_FALSE = frozenset({"RetainExceptOnCreate"})
"""Switches that are only understood when they are off.

The CDK's CLI always sets IncludeNestedStacks, IncludePropertyValues and, to bootstrap, ImportExistingResources: a change set here
says of itself that it includes no nested ones, shows no values before and after, and a resource that would be imported is refused
as "already exists".
"""

ONLY = {"DeploymentConfig.Mode": "STANDARD"}
"""Parameters of which one value is understood."""


class NotEmulated(CloudFormationError):
    """The emulator does not do what is asked."""

    code = "NotImplemented"


def check(response: CloudFormationResponse, operation: str) -> None:
    """Refuse the request if it asks for anything that the operation here does not heed."""
    given = {key.partition(".")[0] for key in response.querystring} - {"Action", "Version"}
    unknown = sorted(given - UNDERSTOOD[operation])
    unknown += sorted(name for name in MUST_BE_FALSE & given if response._get_param(name))
    unknown += sorted(name for name, value in ONLY.items() if response.querystring.get(name, [value]) != [value])
    if unknown:
        raise NotEmulated(f"emulator: {operation} is emulated without {', '.join(unknown)}: leave it out")
