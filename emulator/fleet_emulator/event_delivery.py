"""Whether EventBridge may publish to the topic of a rule's target, and that it does.

* With a role (RoleArn of the target) the role publishes. EventBridge takes it on behalf of the rule, and conditions of its trust
  may ask for that.
* Without one the topic's policy, and its key's, must let ``events.amazonaws.com`` in. To these EventBridge does not say for
  whom it acts: a condition on aws:SourceArn, aws:SourceAccount or aws:SourceOrgID never holds.
* What is refused is not tried again; the metric FailedInvocations counts it, and nobody else is told.

Sources: EventBridge user guide, "Using resource-based policies", "Cross-service confused deputy prevention" and "Monitoring
Amazon EventBridge"; SNS developer guide, "Key management"; awslabs/landing-zone-accelerator-on-aws#407.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.events.models import Rule, events_backends
from moto.sns.models import Topic, sns_backends

from . import resource_policies
from .authorization import AccessDenied, require
from .needs_s3 import key_context
from .policies import Effect, Policy, Question, decide, load
from .trust import require_trust

SERVICE = "events.amazonaws.com"
KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


@dataclass(frozen=True)
class Delivery:
    """What became of an event at one target; ``reason`` is empty where it arrived."""

    rule: str
    target: str
    reason: str = ""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"rule": self.rule, "target": self.target, "delivered": not self.reason, "reason": self.reason}


def happened(account: str, region: str, event: Any) -> list[Delivery]:
    """Deliver an event that a service of AWS sends to the account's default bus to the topics of all rules that match it."""
    rules = events_backends[account][region].event_buses["default"].rules.values()
    return [found for rule in list(rules) for found in deliver(rule, event)]


def deliver(rule: Rule, event: Any, transform: bool = True) -> list[Delivery]:
    """Publish the event, if the rule matches it, to each of the rule's targets that is a topic."""
    found: list[Delivery] = []
    if rule.state == "DISABLED" or not rule.event_pattern.matches_event(event):
        return found
    for target in rule.targets:
        if target["Arn"].split(":")[2] != "sns":
            continue
        try:
            _publish(rule, target, _message(target, event) if transform else json.dumps(event))
            found.append(Delivery(rule.name, target["Arn"]))
        except ServiceException as error:
            _count(rule)
            found.append(Delivery(rule.name, target["Arn"], error.message))
    return found


def _message(target: Mapping[str, Any], event: Any) -> str:
    """What the target is sent. moto's own transformation knows no path with a dash."""
    transformer = target.get("InputTransformer")
    if transformer is None:
        return str(target.get("Input") or json.dumps(event))
    text = str(transformer["InputTemplate"])
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        value: Any = event
        for key in path.removeprefix("$.").split("."):
            value = value.get(key, "") if isinstance(value, Mapping) else ""
        text = text.replace(f"<{name}>", value if isinstance(value, str) else json.dumps(value))
    return text


def _publish(rule: Rule, target: Mapping[str, Any], message: str) -> None:
    _, _, _, region, account, name = target["Arn"].split(":", 5)
    topic = sns_backends[account][region].topics.get(target["Arn"])
    if topic is None:
        raise AccessDenied(f"there is no topic {name} in account {account}, {region}")
    if role := target.get("RoleArn"):
        require_trust(role, SERVICE, source=rule.arn)
        require(role, "sns:Publish", topic.arn)
        for action, key, context in _uses(topic, account, region):
            require(role, action, key, context)
    else:
        _admitted(Policy(load(topic.policy), f"of topic {name}", "resource-based policy"), "sns:Publish", topic.arn, {})
        for action, key, context in _uses(topic, account, region):
            for policy in resource_policies.of(action, key).policies:
                _admitted(policy, action, key, context)
    topic.publish(message)


def _uses(topic: Topic, account: str, region: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What publishing does with the topic's key: actions, the key, and what SNS says to it."""
    if not topic.kms_master_key_id:
        return []
    arn, known = key_context(topic.kms_master_key_id, account, region)
    context = {**known, "kms:EncryptionContext:aws:sns:topicArn": topic.arn, "kms:ViaService": f"sns.{region}.amazonaws.com"}
    return [(action, arn, context) for action in KEY_ACTIONS]


def _admitted(policy: Policy, action: str, resource: str, context: Mapping[str, Any]) -> None:
    """Raise AccessDenied unless the policy lets EventBridge in, which does not say for whom it acts."""
    values = {key.lower(): [value] if isinstance(value, str) else list(value) for key, value in context.items()}
    said = {"aws:principalisawsservice": ["true"], "aws:principalservicename": [SERVICE], "aws:securetransport": ["true"]}
    question = Question(action=action, resource=resource, context={**values, **said}, service=SERVICE)
    if decide([policy], question, with_principal=True).effect is not Effect.ALLOW:
        raise AccessDenied(
            f"{SERVICE} is not authorized to perform: {action} on resource: {resource} because no statement of the policy "
            f"{policy.name} allows it; EventBridge does not tell such a policy for whom it acts"
        )


def _count(rule: Rule) -> None:
    dimension = {"Name": "RuleName", "Value": rule.name}
    data = {"MetricName": "FailedInvocations", "Value": 1, "Unit": "Count", "Dimensions": [dimension], "Timestamp": utcnow()}
    cloudwatch_backends[rule.account_id][rule.region_name].put_metric_data("AWS/Events", [data])
