"""Policies of organizations: their types, what each type's document must look like, quotas, and what they are attached to.

Sources: Organizations user guide, "Quotas for AWS Organizations" (service control policies: 10,240 characters and ten on
a target since 15 May 2026), "SCP syntax", "RCP syntax", "Enabling a policy type", "Disabling a policy type".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .organizations_errors import invalid, refusal, violates
from .organizations_model import Node, Organization, OrganizationPolicy, identifier

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"

TYPES: dict[str, str] = {
    SCP: "",
    RCP: "",
    "AISERVICES_OPT_OUT_POLICY": "services",
    "BACKUP_POLICY": "plans",
    "BEDROCK_POLICY": "",
    "CHATBOT_POLICY": "chatbot",
    "DECLARATIVE_POLICY_EC2": "ec2_attributes",
    "GUARDDUTY_POLICY": "",
    "INSPECTOR_POLICY": "inspector",
    "NETWORK_SECURITY_DIRECTOR_POLICY": "",
    "S3_POLICY": "",
    "SECURITYHUB_CSPM_POLICY": "",
    "SECURITYHUB_POLICY": "securityhub",
    "TAG_POLICY": "tags",
    "UPGRADE_ROLLOUT_POLICY": "",
}
"""Every type, with the only key of its document where the documentation names it."""

SIZES = {SCP: 10240, RCP: 5120, "AISERVICES_OPT_OUT_POLICY": 2500}
SIZE = 10000
"""Characters of a document of the other types."""

PER_TARGET = {SCP: 10, RCP: 5, "AISERVICES_OPT_OUT_POLICY": 5, "CHATBOT_POLICY": 5}
OTHERS_PER_TARGET = 10
"""Policies of one type that may be attached to one target, AWS's own included."""

PER_ORGANIZATION = {SCP: 10000}
OTHERS_PER_ORGANIZATION = 1000

DEFAULTS = {SCP: "p-FullAWSAccess", RCP: "p-RCPFullAWSAccess"}
"""Attached to everything while the type is enabled."""

_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def seed_defaults(organization: Organization) -> None:
    """The policies of AWS that every organization has."""
    for kind, name, description, statement in (
        (SCP, "FullAWSAccess", "Allows access to every operation", _EVERYTHING),
        (RCP, "RCPFullAWSAccess", "Allows access to every resource", {"Principal": "*", **_EVERYTHING}),
    ):
        content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = OrganizationPolicy(DEFAULTS[kind], kind, name, content, description, aws_managed=True)
        organization.policies[made.id] = made


def check_type(kind: str) -> str:
    """The type, if there is such a one."""
    if kind not in TYPES:
        raise invalid("You specified an invalid value.", "INVALID_ENUM_POLICY_TYPE")
    return kind


def policy(organization: Organization, policy_id: str) -> OrganizationPolicy:
    """The policy of that id."""
    found = organization.policies.get(policy_id)
    if found is None:
        raise refusal("PolicyNotFoundException")
    return found


def target(organization: Organization, target_id: str) -> Node:
    """The root, unit or account of that id."""
    found = organization.nodes.get(target_id)
    if found is None:
        raise refusal("TargetNotFoundException")
    return found


def create_policy(
    organization: Organization, kind: str, name: str, content: str, description: str = "", tags: dict[str, str] | None = None
) -> OrganizationPolicy:
    """A policy that is attached to nothing yet; its name is unique within its type."""
    check_content(check_type(kind), content)
    _refuse_name(organization, kind, name)
    held = sum(item.type == kind for item in organization.policies.values())
    if held >= PER_ORGANIZATION.get(kind, OTHERS_PER_ORGANIZATION):
        raise violates("POLICY_NUMBER_LIMIT_EXCEEDED")
    made = OrganizationPolicy(identifier("p", 8), kind, name, content, description, tags=tags or {})
    organization.policies[made.id] = made
    return made


def update_policy(
    organization: Organization, policy_id: str, name: str | None, content: str | None, description: str | None
) -> OrganizationPolicy:
    """Change what is given; None leaves as it is."""
    found = _own(organization, policy_id)
    if content is not None:
        check_content(found.type, content)
    if name is not None and name != found.name:
        _refuse_name(organization, found.type, name)
        found.name = name
    found.content = found.content if content is None else content
    found.description = found.description if description is None else description
    organization.version += 1
    return found


def delete_policy(organization: Organization, policy_id: str) -> None:
    """Delete a policy that is attached to nothing."""
    found = _own(organization, policy_id)
    if targets(organization, found.id):
        raise refusal("PolicyInUseException")
    del organization.policies[found.id]


def targets(organization: Organization, policy_id: str) -> list[Node]:
    """What the policy is attached to."""
    return [node for node in organization.nodes.values() if policy_id in node.policies]


def attach(organization: Organization, policy_id: str, target_id: str) -> None:
    """Attach a policy of an enabled type to a root, unit or account."""
    found, node = policy(organization, policy_id), target(organization, target_id)
    if found.type not in organization.enabled_types:
        raise refusal("PolicyTypeNotEnabledException")
    if found.id in node.policies:
        raise refusal("DuplicatePolicyAttachmentException")
    if len(_of_type(organization, node, found.type)) >= PER_TARGET.get(found.type, OTHERS_PER_TARGET):
        raise violates("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    node.policies.append(found.id)
    organization.version += 1


def detach(organization: Organization, policy_id: str, target_id: str) -> None:
    """Detach a policy; the last service control policy of a target stays, and so does RCPFullAWSAccess."""
    found, node = policy(organization, policy_id), target(organization, target_id)
    if found.id not in node.policies:
        raise refusal("PolicyNotAttachedException")
    if found.id == DEFAULTS[RCP]:
        raise invalid("You cannot detach this policy.", "NON_DETACHABLE_POLICY")
    if found.type == SCP and len(_of_type(organization, node, SCP)) == 1:
        raise violates("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
    node.policies.remove(found.id)
    organization.version += 1


def enable_type(organization: Organization, root_id: str, kind: str) -> None:
    """Let policies of the type take effect; control policies start with AWS's own, which allows everything, on every node."""
    _root(organization, root_id)
    if check_type(kind) in organization.enabled_types:
        raise refusal("PolicyTypeAlreadyEnabledException")
    organization.enabled_types.append(kind)
    for node in organization.nodes.values():
        attach_defaults(organization, node)
    organization.version += 1


def disable_type(organization: Organization, root_id: str, kind: str) -> None:
    """Detach every policy of the type from everything."""
    _root(organization, root_id)
    if check_type(kind) not in organization.enabled_types:
        raise refusal("PolicyTypeNotEnabledException")
    organization.enabled_types.remove(kind)
    for node in organization.nodes.values():
        node.policies = [item for item in node.policies if organization.policies[item].type != kind]
    organization.version += 1


def attach_defaults(organization: Organization, node: Node) -> None:
    """What AWS attaches to a new node, or to every node when a type is enabled."""
    for kind, policy_id in DEFAULTS.items():
        if kind in organization.enabled_types and policy_id not in node.policies:
            node.policies.append(policy_id)


def forget_attachments(organization: Organization, node: Node) -> None:
    """A node that goes takes its attachments with it."""
    node.policies.clear()
    organization.version += 1


def _root(organization: Organization, root_id: str) -> None:
    if root_id != organization.root_id:
        raise refusal("RootNotFoundException")


def _own(organization: Organization, policy_id: str) -> OrganizationPolicy:
    found = policy(organization, policy_id)
    if found.aws_managed:
        raise invalid("You specified a policy that is managed by AWS and can't be modified.", "IMMUTABLE_POLICY")
    return found


def _refuse_name(organization: Organization, kind: str, name: str) -> None:
    if any(item.type == kind and item.name == name for item in organization.policies.values()):
        raise refusal("DuplicatePolicyException")


def _of_type(organization: Organization, node: Node, kind: str) -> list[str]:
    return [item for item in node.policies if organization.policies[item].type == kind]


def check_content(kind: str, content: str) -> None:
    """Refuse a document that is too long, or is not one of its type."""
    if len(content) > SIZES.get(kind, SIZE):
        raise violates("POLICY_CONTENT_LIMIT_EXCEEDED")
    try:
        document = json.loads(content)
    except ValueError:
        raise refusal("MalformedPolicyDocumentException") from None
    if not isinstance(document, dict) or not document:
        raise refusal("MalformedPolicyDocumentException")
    if kind in (SCP, RCP):
        statements = document.get("Statement")
        listed = statements if isinstance(statements, list) else [statements]
        good = set(document) <= {"Version", "Statement", "Id"} and document.get("Version") == "2012-10-17" and bool(listed)
        if not good or not all(isinstance(item, dict) and _statement_fits(kind, item) for item in listed):
            raise refusal("MalformedPolicyDocumentException")
    elif TYPES[kind] and set(document) != {TYPES[kind]}:
        raise refusal("MalformedPolicyDocumentException")


_SCP_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_RCP_KEYS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"})


def _statement_fits(kind: str, statement: Mapping[str, Any]) -> bool:
    """A service control policy names no principal; a resource control policy denies all principals, and nothing else."""
    one_resource = ("Resource" in statement) != ("NotResource" in statement)
    if kind == SCP:
        one_action = ("Action" in statement) != ("NotAction" in statement)
        return set(statement) <= _SCP_KEYS and statement.get("Effect") in ("Allow", "Deny") and one_action and one_resource
    return (
        set(statement) <= _RCP_KEYS
        and statement.get("Effect") == "Deny"
        and statement.get("Principal") == "*"
        and bool(statement.get("Action"))
        and one_resource
    )
