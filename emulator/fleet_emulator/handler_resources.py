"""What IAM sees when a handler acts on a resource of a type: the ARN, exact where the name decides it, and the conditions.

An inline policy is put *on a role*, so that for policy types the resource is the role, and the boundary that conditions ask
about is that role's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import registry, stacksets_arns
from .needs_s3 import key_context
from .principals import backend
from .service_reference import takes, takes_nothing

Context = dict[str, str | list[str]]


@dataclass(frozen=True)
class Target:
    """``exact`` is false where the service gives the name, so that only the service of ``arn`` is meant."""

    arn: str
    exact: bool
    context: Context = field(default_factory=dict)


ARN_SERVICES = {"servicecatalog": "catalog", "elasticloadbalancingv2": "elasticloadbalancing", "macie": "macie2"}
"""IAM prefixes and type names' services whose ARNs say otherwise."""


def targets(
    action: str, type_name: str, properties: Mapping[str, Any], identifier: str, account: str, region: str
) -> list[Target]:
    """Everything that the action of the handler acts on."""
    if type_name.startswith("AWS::IAM::"):
        found = _iam(action, type_name, properties, identifier, account)
        if found:
            return found
    if takes_nothing(action):  # only a statement on "*" allows it
        return [Target("*", True)]
    of_set = (
        stacksets_arns.of_handler(action, properties, identifier, account, region) if type_name == stacksets_arns.TYPE else []
    )
    if of_set:
        return [Target(arn, True) for arn in of_set]
    arn, exact = arn_of(type_name, properties, identifier, account, region)
    prefix = action.split(":")[0]
    service = ARN_SERVICES.get(prefix, prefix)
    if service != arn.split(":")[2]:
        return [Target(f"arn:aws:{service}:{region}:{account}:*", False)]
    # an action on something else than the resource itself, such as on the hub that a standard is disabled in
    return [Target(arn, exact and takes(action, arn))]


def arn_of(type_name: str, properties: Mapping[str, Any], identifier: str, account: str, region: str) -> tuple[str, bool]:
    """The resource's ARN and whether it is exact."""
    rule = RULES.get(type_name)
    if rule is not None:
        pattern, name_property = rule
        name = identifier or str(properties.get(name_property) or "")
        if name.startswith("arn:"):
            return name, True
        if name:
            path = str(properties.get("Path") or "/")
            return pattern.format(account=account, region=region, name=name.lstrip("/"), path=path), True
    if type_name == "AWS::KMS::Key" and identifier:
        return key_context(identifier, account, region)[0], True
    if identifier.startswith("arn:"):
        return identifier, True
    service = registry.schema(type_name, region).service
    return f"arn:aws:{ARN_SERVICES.get(service, service)}:{region}:{account}:*", False


def _iam(action: str, type_name: str, properties: Mapping[str, Any], identifier: str, account: str) -> list[Target]:
    """Policies of roles: the role is the resource. Attaching is asked once for each policy."""
    if type_name == "AWS::IAM::Role":
        return _role(action, properties, identifier, account)
    if "Role" not in action or type_name not in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
        return []
    names = properties.get("Roles") or ([properties["RoleName"]] if properties.get("RoleName") else [])
    policy: Context = {"iam:PolicyARN": identifier} if identifier.startswith("arn:") else {}
    return [Target(*_held_role(str(name), account, "/"), {**_boundary(str(name), account), **policy}) for name in names]


def _role(action: str, properties: Mapping[str, Any], identifier: str, account: str) -> list[Target]:
    name = identifier or str(properties.get("RoleName") or "")
    wanted = properties.get("PermissionsBoundary")
    context: Context = {"iam:PermissionsBoundary": str(wanted)} if wanted else _boundary(name, account)
    if not name:
        return [Target(f"arn:aws:iam::{account}:role/*", False, context)]
    arn, exact = _held_role(name, account, str(properties.get("Path") or "/"))
    if action in ("iam:AttachRolePolicy", "iam:DetachRolePolicy"):
        policies = properties.get("ManagedPolicyArns") or []
        return [Target(arn, exact, {**context, "iam:PolicyARN": str(policy)}) for policy in policies] or [
            Target(arn, exact, context)
        ]
    return [Target(arn, exact, context)]


def _held_role(name: str, account: str, path: str) -> tuple[str, bool]:
    held = next((role for role in backend(account).roles.values() if role.name == name), None)
    return (str(held.arn) if held is not None else f"arn:aws:iam::{account}:role{path}{name}"), True


def _boundary(name: str, account: str) -> Context:
    held = next((role for role in backend(account).roles.values() if role.name == name), None)
    arn = held.permissions_boundary_arn if held is not None else None
    return {"iam:PermissionsBoundary": str(arn)} if arn else {}


RULES: dict[str, tuple[str, str]] = {
    "AWS::CodeBuild::Project": ("arn:aws:codebuild:{region}:{account}:project/{name}", "Name"),
    "AWS::CodeCommit::Repository": ("arn:aws:codecommit:{region}:{account}:{name}", "RepositoryName"),
    "AWS::CodePipeline::Pipeline": ("arn:aws:codepipeline:{region}:{account}:{name}", "Name"),
    "AWS::ECR::Repository": ("arn:aws:ecr:{region}:{account}:repository/{name}", "RepositoryName"),
    "AWS::Events::Rule": ("arn:aws:events:{region}:{account}:rule/{name}", "Name"),
    "AWS::IAM::Group": ("arn:aws:iam::{account}:group{path}{name}", "GroupName"),
    "AWS::IAM::InstanceProfile": ("arn:aws:iam::{account}:instance-profile{path}{name}", "InstanceProfileName"),
    "AWS::IAM::ManagedPolicy": ("arn:aws:iam::{account}:policy{path}{name}", "ManagedPolicyName"),
    "AWS::IAM::User": ("arn:aws:iam::{account}:user{path}{name}", "UserName"),
    "AWS::Lambda::Function": ("arn:aws:lambda:{region}:{account}:function:{name}", "FunctionName"),
    "AWS::Logs::LogGroup": ("arn:aws:logs:{region}:{account}:log-group:{name}:*", "LogGroupName"),
    "AWS::S3::Bucket": ("arn:aws:s3:::{name}", "BucketName"),
    "AWS::S3::BucketPolicy": ("arn:aws:s3:::{name}", "Bucket"),
    "AWS::SNS::Topic": ("arn:aws:sns:{region}:{account}:{name}", "TopicName"),
    "AWS::SQS::Queue": ("arn:aws:sqs:{region}:{account}:{name}", "QueueName"),
    "AWS::SSM::Parameter": ("arn:aws:ssm:{region}:{account}:parameter/{name}", "Name"),
}
"""The form of the ARN and the property that holds the name."""
