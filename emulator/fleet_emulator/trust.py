"""Whether a service may take on a role: what happens when a role is handed to CodePipeline, CodeBuild or CloudFormation."""

from __future__ import annotations

from . import organizations_guardrails, principals, resource_policies
from .authorization import AccessDenied
from .policies import Effect, Question, decide


def require_trust(role_arn: str, service: str, source: str = "") -> None:
    """Raise AccessDenied, worded as STS does, unless the role's trust policy lets the service take it, for ``source``."""
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    if not principals.exists(role_arn):
        raise AccessDenied(_message(service, role_arn))
    question = Question(
        action="sts:AssumeRole",
        resource=role_arn,
        context={
            "aws:sourceaccount": [source.split(":")[4] if source else account],
            **({"aws:sourcearn": [source]} if source else {}),
            "aws:principalisawsservice": ["true"],
            "aws:principalservicename": [service],
            "aws:securetransport": ["true"],
        },
        service=service,
    )
    if organizations_guardrails.resource_refusal(question, account) is not None:
        raise AccessDenied(_message(service, role_arn))
    attached = resource_policies.of("sts:AssumeRole", role_arn)
    if decide(attached.policies, question, with_principal=True).effect is not Effect.ALLOW:
        raise AccessDenied(_message(service, role_arn))


def _message(service: str, role_arn: str) -> str:
    return f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
