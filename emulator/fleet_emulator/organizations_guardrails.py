"""What IAM asks of Organizations: the service control policies above a caller, the resource control policies above a resource.

Neither grants anything. A service control policy must allow at every level from the root to the account, and a deny at any
level is final; the management account and service-linked roles are not limited. Resource control policies protect resources of
member accounts in the services that support them, whoever asks. Each account's levels are kept until its organization changes.
Sources: Organizations user guide, "SCP evaluation", "Resource control policies (RCPs)"; IAM user guide, "Troubleshoot access
denied error messages"; AWS Security Blog, "Enhanced access denied error messages with policy ARNs".
"""

from __future__ import annotations

from .organizations_model import Organization, organization_of
from .organizations_policies import RCP, SCP
from .policies import Effect, Policy, Question, decide, load

RCP_SERVICES = frozenset(
    {"aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3", "secretsmanager", "sqs", "sts"}
)
"""IAM prefixes of the services whose resources such policies protect."""

Levels = list[list[Policy]]

_KEPT: dict[tuple[str, str], tuple[str, int, Levels]] = {}


def limits(account: str) -> bool:
    """Does any service control policy concern calls of this account?"""
    return bool(_levels(account, SCP))


def refusal(account: str, role_path: str, question: Question, owner: str) -> str | None:
    """Why a principal of ``account`` may not do it, as the end of IAM's message; None if no guardrail is against it.

    ``role_path`` is the principal's path, by which service-linked roles are known; ``owner`` the account of the resource.
    """
    if role_path.startswith("/aws-service-role/"):
        return None
    resource = resource_refusal(question, owner)
    return resource or _service_refusal(account, question)


def resource_refusal(question: Question, owner: str) -> str | None:
    """Why the owner's organization lets nobody do it; None if it does not care."""
    if not owner or question.action.partition(":")[0] not in RCP_SERVICES:
        return None
    return _refusal(_levels(owner, RCP), question, "resource")


def _service_refusal(account: str, question: Question) -> str | None:
    return _refusal(_levels(account, SCP), question, "service")


def _refusal(levels: Levels, question: Question, kind: str) -> str | None:
    answers = [decide(level, question) for level in levels]
    for answer in answers:
        if answer.effect is Effect.DENY:
            return f"with an explicit deny in a {kind} control policy: {answer.policy}"
    if any(answer.effect is not Effect.ALLOW for answer in answers):
        return f"because no {kind} control policy allows the {question.action} action"
    return None


def _levels(account: str, kind: str) -> Levels:
    organization = organization_of(account)
    if organization is None or account == organization.management or kind not in organization.enabled_types:
        return []
    kept = _KEPT.get((account, kind))
    if kept is None or kept[:2] != (organization.id, organization.version):
        kept = (organization.id, organization.version, _read(organization, account, kind))
        _KEPT[account, kind] = kept
    return kept[2]


def _read(organization: Organization, account: str, kind: str) -> Levels:
    found: Levels = []
    for node_id in organization.path(account):
        held = [organization.policies[policy_id] for policy_id in organization.nodes[node_id].policies]
        found.append([Policy(load(item.content), organization.policy_arn(item)) for item in held if item.type == kind])
    return found
