"""What a request needs to be allowed: actions, the resources they concern and what conditions may ask about them.

Sources: the Service Authorization Reference, page of each service; for S3 "Required permissions for Amazon S3 API
operations". One module a service where there is more to it: ``needs_s3.py``, ``needs_iam.py``. For services that are not
listed, the action is the operation's name and the resource counts as unnamed (see ``policies.Question``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import needs_sharing
from .authorization import Caller
from .calls import Call
from .organizations_model import organization_of
from .resource_arns import change_set_stacks, stack_arn

Context = dict[str, str | list[str]]


@dataclass(frozen=True)
class Need:
    """One action on one resource."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    unnamed: bool = False


FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""What needs no permission at all."""

Rule = Callable[[Call, Caller], "str | list[str] | None"]
"""The resources of a call: ARNs, "*" where the operation has none, None where this is not known."""

Special = Callable[[Call, Caller], list[Need]]


def of(call: Call, caller: Caller) -> list[Need]:
    """Everything that the call needs, with the context that every service shares."""
    action = f"{call.prefix}:{call.operation}"
    if action in FREE:
        return []
    special = _special().get(call.service)
    found = special(call, caller) if special is not None else _plain(call, caller)
    found += list(passed_roles(call))
    shared = _shared(call)
    return [Need(need.action, need.resource, {**shared, **need.context}, need.unnamed) for need in found]


def _special() -> Mapping[str, Special]:
    from . import needs_iam, needs_s3  # late: they use this module

    return {
        "s3": needs_s3.of, "iam": needs_iam.of, "sts": needs_iam.of_sts, "kms": _kms, "cloudformation": _cloudformation,
        "organizations": _organizations, "events": _put_events, "ec2": _sharing, "ram": _sharing, "lambda": _sharing,
    }  # fmt: skip


def _plain(call: Call, caller: Caller) -> list[Need]:
    action = f"{call.prefix}:{ACTIONS.get((call.service, call.operation), call.operation)}"
    rule = RESOURCES.get(call.service)
    resources = rule(call, caller) if rule is not None else None
    if resources is None:
        return [Need(action, f"arn:aws:{call.prefix}:{call.region}:{caller.account}:*", unnamed=True)]
    listed = [resources] if isinstance(resources, str) else resources
    return [Need(action, resource) for resource in listed]


ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("events", "PutPartnerEvents"): "PutPartnerEvents",
    ("ecr", "BatchGetRepositoryScanningConfiguration"): "BatchGetRepositoryScanningConfiguration",
}
"""Operations whose action has another name."""


def _shared(call: Call) -> Context:
    context: Context = {"aws:RequestedRegion": call.region}
    agent = call.headers.get("user-agent")
    if agent:
        context["aws:UserAgent"] = agent
    tags = dict(_request_tags(call.parameters))
    for key, value in tags.items():
        context[f"aws:RequestTag/{key}"] = value
    keys = list(tags) + [str(key) for name in ("TagKeys", "tagKeys") for key in call.parameters.get(name) or []]
    if keys:
        context["aws:TagKeys"] = keys
    return context


def _request_tags(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("Tags", "tags", "TagList", "TagSet"):
        tags = parameters.get(name)
        if isinstance(tags, Mapping):
            yield from ((str(key), str(value)) for key, value in tags.items())
        for tag in tags if isinstance(tags, list) else []:
            if isinstance(tag, Mapping):
                key = tag.get("Key", tag.get("key", tag.get("TagKey")))
                value = tag.get("Value", tag.get("value", tag.get("TagValue", "")))
                if key is not None:
                    yield str(key), str(value)


def passed_roles(call: Call) -> Iterator[Need]:
    """iam:PassRole for every role that the call hands to a service."""
    for path, service in PASSED.get((call.service, call.operation), ()):
        for role in _walk(call.parameters, path):
            if isinstance(role, str) and role.startswith("arn:"):
                yield Need("iam:PassRole", role, {"iam:PassedToService": service})


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, path)
    elif isinstance(value, str) and path[0] == "(json)":
        try:
            yield from _walk(json.loads(value), path[1:])
        except ValueError:
            return
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _walk(value[path[0]], path[1:])


PASSED: dict[tuple[str, str], tuple[tuple[tuple[str, ...], str], ...]] = {
    ("cloudformation", "CreateStackSet"): ((("AdministrationRoleARN",), "cloudformation.amazonaws.com"),),
    ("cloudformation", "UpdateStackSet"): ((("AdministrationRoleARN",), "cloudformation.amazonaws.com"),),
    ("codebuild", "CreateProject"): ((("serviceRole",), "codebuild.amazonaws.com"),),
    ("codebuild", "UpdateProject"): ((("serviceRole",), "codebuild.amazonaws.com"),),
    ("codepipeline", "CreatePipeline"): ((("pipeline", "roleArn"), "codepipeline.amazonaws.com"),),
    ("codepipeline", "UpdatePipeline"): ((("pipeline", "roleArn"), "codepipeline.amazonaws.com"),),
    ("config", "PutConfigurationRecorder"): ((("ConfigurationRecorder", "roleARN"), "config.amazonaws.com"),),
    ("ec2", "CreateFlowLogs"): ((("DeliverLogsPermissionArn",), "vpc-flow-logs.amazonaws.com"),),
    ("ec2", "RunInstances"): ((("IamInstanceProfile", "Arn"), "ec2.amazonaws.com"),),
    ("events", "PutRule"): ((("RoleArn",), "events.amazonaws.com"),),
    ("events", "PutTargets"): ((("Targets", "RoleArn"), "events.amazonaws.com"),),
    ("lambda", "CreateFunction"): ((("Role",), "lambda.amazonaws.com"),),
    ("servicecatalog", "CreateConstraint"): ((("Parameters", "(json)", "RoleArn"), "servicecatalog.amazonaws.com"),),
    ("cloudtrail", "CreateTrail"): ((("CloudWatchLogsRoleArn",), "cloudtrail.amazonaws.com"),),
    ("states", "CreateStateMachine"): ((("roleArn",), "states.amazonaws.com"),),
    ("backup", "CreateBackupSelection"): ((("BackupSelection", "IamRoleArn"), "backup.amazonaws.com"),),
}
"""Parameters that name a role, and the service that will assume it; ``stacks_api.py`` asks for stacks' own roles."""


def _cloudformation(call: Call, caller: Caller) -> list[Need]:
    context: Context = {}
    for parameter, key in (
        ("RoleARN", "cloudformation:RoleArn"),
        ("TemplateURL", "cloudformation:TemplateUrl"),
        ("ChangeSetName", "cloudformation:ChangeSetName"),
        ("StackPolicyURL", "cloudformation:StackPolicyUrl"),
    ):
        if call.parameters.get(parameter):
            context[key] = str(call.parameters[parameter])
    if call.parameters.get("ResourceTypes"):
        context["cloudformation:ResourceTypes"] = [str(item) for item in call.parameters["ResourceTypes"]]
    found = [Need(need.action, need.resource, context, need.unnamed) for need in _plain(call, caller)]
    if call.parameters.get("Tags") and call.operation in ("CreateStack", "UpdateStack", "CreateChangeSet"):
        found += [Need("cloudformation:TagResource", n.resource, context) for n in found if n.action.endswith("Stack")]
    return found


def _organizations(call: Call, caller: Caller) -> list[Need]:
    """What policies of those who prepare an organization ask about: the service that is trusted, the type of a policy."""
    context: Context = {}
    if call.parameters.get("ServicePrincipal"):
        context["organizations:ServicePrincipal"] = str(call.parameters["ServicePrincipal"])
    organization = organization_of(caller.account)
    held = organization.policies.get(str(call.parameters.get("PolicyId"))) if organization is not None else None
    kind = held.type if held is not None else _first(call, "PolicyType", "Filter", "Type")
    if kind:
        context["organizations:PolicyType"] = kind
    return [Need(need.action, need.resource, context, need.unnamed) for need in _plain(call, caller)]


def _sharing(call: Call, caller: Caller) -> list[Need]:
    """What would open something to others: conditions ask to whom."""
    about: dict[str, Callable[[], Context]] = {
        "ec2": lambda: needs_sharing.of_ec2(call),
        "ram": lambda: needs_sharing.of_ram(call, caller.account),
        "lambda": lambda: needs_sharing.of_lambda(call),
    }
    context = about[call.service]()
    return [Need(need.action, need.resource, context, need.unnamed) for need in _plain(call, caller)]


def _kms(call: Call, caller: Caller) -> list[Need]:
    from .needs_s3 import key_context  # late, as above

    context: Context = {"kms:CallerAccount": caller.account}
    key = str(call.parameters.get("KeyId") or call.parameters.get("TargetKeyId") or "")
    if key.startswith(("alias/", "arn:")) and "alias/" in key:
        context["kms:RequestAlias"] = "alias/" + key.split("alias/", 1)[1]
    for name, value in (call.parameters.get("EncryptionContext") or {}).items():
        context[f"kms:EncryptionContext:{name}"] = str(value)
    if not key:
        return [Need(f"kms:{call.operation}", "*", context)]
    arn, known = key_context(key, caller.account, call.region)
    return [Need(f"kms:{call.operation}", arn, {**known, **context})]


def _first(call: Call, *names: str) -> str:
    return next((str(call.parameters[name]) for name in names if call.parameters.get(name)), "")


def _named(call: Call, caller: Caller, pattern: str, *names: str) -> str:
    """The ARN of the named resource; a parameter that is an ARN already is taken as it is; "*" where none is named."""
    name = _first(call, *names)
    if not name:
        return "*"
    if name.startswith("arn:"):
        return name
    return pattern.format(region=call.region, account=caller.account, name=name)


def _stack(call: Call, caller: Caller) -> str | list[str]:
    if call.parameters.get("StackSetName") and call.operation != "CreateStackSet":  # which takes no resource
        from . import stacksets_arns  # late, as above

        return stacksets_arns.of_request(call.operation, call.parameters, caller.account, call.region)
    name = _first(call, "StackName")
    change_set = _first(call, "ChangeSetName")
    if not name and change_set.startswith("arn:"):
        name = change_set_stacks(caller.account, call.region).get(change_set, "")
    if call.operation in UNSTACKED:
        return "*"
    return stack_arn(name, caller.account, call.region) if name else "*"


UNSTACKED = frozenset(
    {"ListStacks", "ListExports", "ListImports", "ValidateTemplate", "DescribeAccountLimits", "EstimateTemplateCost"}
)


def _parameter(call: Call, caller: Caller) -> str | list[str]:
    names = call.parameters.get("Names") or [_first(call, "Name", "Path", "ResourceId")]
    listed = [str(name).lstrip("/") for name in names if name]
    if not listed or call.operation.startswith("DescribeParameters"):
        return "*"
    return [
        name if name.startswith("arn:") else f"arn:aws:ssm:{call.region}:{caller.account}:parameter/{name}" for name in listed
    ]


def _pipeline(call: Call, caller: Caller) -> str:
    name = _first(call, "pipelineName", "name")
    if call.operation in ("CreatePipeline", "UpdatePipeline"):
        name = str(call.parameters.get("pipeline", {}).get("name", ""))
    if not name:
        return "*"
    arn = f"arn:aws:codepipeline:{call.region}:{caller.account}:{name}"
    if call.operation == "PutApprovalResult":
        arn += f"/{_first(call, 'stageName')}/{_first(call, 'actionName')}"
    elif _first(call, "stageName"):
        arn += f"/{_first(call, 'stageName')}"
    return arn


def _logs(call: Call, caller: Caller) -> str:
    group = _first(call, "logGroupName", "logGroupIdentifier", "logGroupNamePrefix")
    if call.operation.startswith("Describe") and not group:
        return f"arn:aws:logs:{call.region}:{caller.account}:log-group::log-stream:*"
    if group.startswith("arn:"):
        return group if group.endswith(":*") else group + ":*"
    if not group:
        return _named(call, caller, "*", "resourceArn")
    stream = _first(call, "logStreamName")
    tail = f"log-stream:{stream}" if stream else "*"
    return f"arn:aws:logs:{call.region}:{caller.account}:log-group:{group}:{tail}"


def _catalog(call: Call, caller: Caller) -> str | list[str]:
    portfolio, product = _first(call, "PortfolioId"), _first(call, "ProductId")
    base = f"arn:aws:catalog:{call.region}:{caller.account}:"
    if call.operation in ("DescribePortfolio", "UpdatePortfolio", "DeletePortfolio"):
        portfolio = _first(call, "Id")
    if call.operation in ("DescribeProduct", "DescribeProductAsAdmin", "UpdateProduct", "DeleteProduct"):
        product = _first(call, "Id")
    if call.operation in CATALOG_OF_PORTFOLIO and portfolio:
        return base + f"portfolio/{portfolio}"
    if call.operation == "AssociateProductWithPortfolio":
        return [base + f"portfolio/{portfolio}", base + f"product/{product}"]
    if call.operation in CATALOG_OF_PRODUCT and product:
        return base + f"product/{product}"
    return "*"


CATALOG_OF_PORTFOLIO = frozenset(
    """AcceptPortfolioShare AssociatePrincipalWithPortfolio CreatePortfolioShare DeletePortfolio DeletePortfolioShare
    DescribePortfolio DescribePortfolioShares DisassociatePrincipalFromPortfolio ListConstraintsForPortfolio
    ListPortfolioAccess ListPrincipalsForPortfolio RejectPortfolioShare UpdatePortfolio UpdatePortfolioShare""".split()
)
CATALOG_OF_PRODUCT = frozenset(
    """CreateConstraint CreateProvisioningArtifact DeleteProduct DeleteProvisioningArtifact DescribeProduct
    DescribeProductAsAdmin DescribeProvisioningArtifact DescribeProvisioningParameters DisassociateProductFromPortfolio
    ListLaunchPaths ListPortfoliosForProduct ListProvisioningArtifacts ProvisionProduct UpdateProduct
    UpdateProvisioningArtifact""".split()
)


def _repository(call: Call, caller: Caller) -> str:
    return _named(call, caller, "arn:aws:ecr:{region}:{account}:repository/{name}", "repositoryName")


def _events(call: Call, caller: Caller) -> str:
    bus = _first(call, "EventBusName").rsplit("/", 1)[-1]
    prefix = "" if bus in ("", "default") else f"{bus}/"
    return _named(call, caller, "arn:aws:events:{region}:{account}:rule/" + prefix + "{name}", "Name", "Rule")


def _put_events(call: Call, caller: Caller) -> list[Need]:
    """PutEvents is decided event by event. Source: EventBridge user guide, "Using IAM policy conditions"."""
    if call.operation != "PutEvents":
        return _plain(call, caller)
    needs = []
    for entry in call.parameters.get("Entries") or []:
        named = str(entry.get("EventBusName") or "default")
        bus = named if named.startswith("arn:") else f"arn:aws:events:{call.region}:{caller.account}:event-bus/{named}"
        told: Context = {"events:source": str(entry.get("Source", "")), "events:detail-type": str(entry.get("DetailType", ""))}
        needs.append(Need("events:PutEvents", bus, told))
    return needs


def _queue(call: Call, caller: Caller) -> str:
    url = _first(call, "QueueUrl")
    name = url.rsplit("/", 1)[-1] or _first(call, "QueueName")
    return f"arn:aws:sqs:{call.region}:{caller.account}:{name}" if name else "*"


def _codebuild(call: Call, caller: Caller) -> str | list[str]:
    names = call.parameters.get("names") or [_first(call, "projectName", "name")]
    base = f"arn:aws:codebuild:{call.region}:{caller.account}:project/"
    builds = [str(i).split(":")[0] for i in call.parameters.get("ids") or []]
    listed = [name if str(name).startswith("arn:") else base + str(name) for name in [*names, *builds] if name]
    report = _first(call, "reportGroupArn", "reportArn")
    return listed or report or "*"


RESOURCES: dict[str, Rule] = {
    "cloudformation": _stack,
    "cloudcontrolapi": lambda call, caller: "*",
    "codebuild": _codebuild,
    "codecommit": lambda call, caller: _named(
        call, caller, "arn:aws:codecommit:{region}:{account}:{name}", "repositoryName", "resourceArn"
    ),
    "codepipeline": _pipeline,
    "ecr": _repository,
    "events": _events,
    "logs": _logs,
    "servicecatalog": _catalog,
    "sns": lambda call, caller: _named(call, caller, "arn:aws:sns:{region}:{account}:{name}", "TopicArn", "ResourceArn", "Name"),
    "sqs": _queue,
    "ssm": _parameter,
}
