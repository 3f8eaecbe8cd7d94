"""Rules that publish to topics: by a role, or by the topic's and its key's policies, which EventBridge does not tell for whom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import REGION, Aws

NO_CONDITIONS = (
    'EventBridge User Guide, Using resource-based policies: "You can\'t use Condition blocks in Amazon SNS topic policies"'
)
NO_CONDITIONS_IN_KEYS = (
    "SNS Developer Guide, Key management: not supported for EventBridge-to-encrypted topics; landing-zone-accelerator#407"
)
BY_ROLE = "EventBridge User Guide, Using resource-based policies: SNS targets take an execution role or a resource-based policy"


@dataclass
class World:
    """A topic with a queue that hears it, and a rule that publishes to it."""

    aws: Aws
    topic: str
    queue: str

    @property
    def rule(self) -> str:
        return f"arn:aws:events:{REGION}:{self.aws.account}:rule/told"

    def admit(self, **condition: Any) -> None:
        """Let EventBridge publish by the topic's policy."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": self.topic,
        }
        policy = {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}
        self.aws.client("sns").set_topic_attributes(
            TopicArn=self.topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
        )

    def encrypt(self, **condition: Any) -> str:
        """Encrypt the topic by a key; the answer is the key's ARN. With a condition EventBridge may use the key under it."""
        mine = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.aws.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        use = ["kms:Decrypt", "kms:GenerateDataKey*"]
        theirs = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": use,
            "Resource": "*",
            "Condition": condition,
        }
        statements = [mine, theirs] if condition else [mine]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        key = str(self.aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])
        self.aws.client("sns").set_topic_attributes(TopicArn=self.topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
        return key

    def publisher(self, *more: dict[str, Any], **condition: Any) -> str:
        """A role by which EventBridge publishes, with a condition in its trust."""
        trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": self.topic}
        return self.aws.role("publisher", publish, *more, trust={**trust, "Condition": condition} if condition else trust)

    def told(self, role: str = "") -> list[str]:
        """Send an event through the rule, and read what the queue heard."""
        events = self.aws.client("events")
        events.put_rule(Name="told", EventPattern=json.dumps({"source": ["ours"]}))
        target = {"Id": "people", "Arn": self.topic, **({"RoleArn": role} if role else {})}
        told = {"InputPathsMap": {"who": "$.detail.who-is-it"}, "InputTemplate": '"<who> came"'}
        events.put_targets(Rule="told", Targets=[{**target, "InputTransformer": told}])
        events.put_events(Entries=[{"Source": "ours", "DetailType": "x", "Detail": json.dumps({"who-is-it": "somebody"})}])
        messages = self.aws.client("sqs").receive_message(QueueUrl=self.queue).get("Messages", [])
        return [json.loads(message["Body"])["Message"] for message in messages]

    def failed(self) -> float:
        """What FailedInvocations of the rule counts."""
        now = datetime.now(timezone.utc)
        points = self.aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Events", MetricName="FailedInvocations", Dimensions=[{"Name": "RuleName", "Value": "told"}],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1), Period=7200, Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)


@pytest.fixture
def world(aws: Aws) -> World:
    topic = aws.client("sns").create_topic(Name="told")["TopicArn"]
    queue = aws.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{aws.account}:told")
    return World(aws, topic, queue)


@pytest.mark.source("EventBridge User Guide, Using resource-based policies: Amazon SNS permissions")
def test_a_rule_publishes_where_the_topics_policy_admits_eventbridge(world: World) -> None:
    assert world.told() == []
    assert world.failed() == 1
    world.admit()
    assert world.told() == ['"somebody came"']
    assert world.failed() == 1


@pytest.mark.source(NO_CONDITIONS)
@pytest.mark.parametrize("key", ["aws:SourceArn", "aws:SourceAccount"])
def test_a_condition_on_the_source_in_a_topics_policy_never_holds(world: World, key: str) -> None:
    value = world.rule if key == "aws:SourceArn" else world.aws.account
    world.admit(StringEquals={key: value})
    assert world.told() == []
    assert world.failed() == 1


@pytest.mark.source(NO_CONDITIONS_IN_KEYS)
@pytest.mark.parametrize(
    ("condition", "heard"),
    [
        ({"StringEquals": {"aws:SourceAccount": "000000000000"}}, []),
        ({"StringLike": {"kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:*:told"}}, ['"somebody came"']),
    ],
    ids=["of the source", "of the topic"],
)
def test_a_condition_on_the_source_in_the_key_of_a_topic_never_holds(world: World, condition: Any, heard: list[str]) -> None:
    world.admit()
    world.encrypt(**json.loads(json.dumps(condition).replace("000000000000", world.aws.account)))
    assert world.told() == heard
    assert world.failed() == 1 - len(heard)


@pytest.mark.source(
    "SNS Developer Guide, Key management: the event source needs GenerateDataKey* and Decrypt in the key's policy"
)
def test_a_key_that_does_not_know_eventbridge_loses_what_it_publishes(world: World) -> None:
    world.admit()
    world.encrypt()
    assert world.told() == []


@pytest.mark.source(BY_ROLE)
def test_a_role_publishes_without_a_word_in_the_topics_policy(world: World) -> None:
    key = world.encrypt()
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
    via = {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}
    assert world.told(world.publisher({**use, "Condition": via})) == ['"somebody came"']
    assert world.failed() == 0


@pytest.mark.source(BY_ROLE)
def test_a_role_that_may_not_use_the_key_loses_what_it_publishes(world: World) -> None:
    world.admit()
    world.encrypt()
    assert world.told(world.publisher()) == []
    assert world.failed() == 1


@pytest.mark.source(
    "EventBridge User Guide, Cross-service confused deputy prevention: aws:SourceArn of a role's trust is the rule's ARN"
)
@pytest.mark.parametrize(("name", "heard"), [("told", ['"somebody came"']), ("other", [])])
def test_a_role_is_taken_on_behalf_of_the_rule(world: World, name: str, heard: list[str]) -> None:
    rule = world.rule.replace("rule/told", f"rule/{name}")
    role = world.publisher(ArnEquals={"aws:SourceArn": rule}, StringEquals={"aws:SourceAccount": world.aws.account})
    assert world.told(role) == heard


def test_an_event_of_a_service_tells_what_became_of_it(world: World) -> None:
    world.admit(StringEquals={"aws:SourceArn": world.rule})
    world.told()
    event = {"source": "ours", "detail-type": "x", "detail": {}, "account": world.aws.account, "region": REGION, "resources": []}
    body = {"account": world.aws.account, "region": REGION, "event": event}
    status, answer = world.aws.fleet("POST", "events", body)
    assert status == 200
    (delivery,) = answer["deliveries"]
    assert (delivery["rule"], delivery["target"], delivery["delivered"]) == ("told", world.topic, False)
    assert "does not tell such a policy for whom it acts" in delivery["reason"]
    world.admit()
    status, answer = world.aws.fleet("POST", "events", body)
    assert answer["deliveries"] == [{"rule": "told", "target": world.topic, "delivered": True, "reason": ""}]
    world.aws.client("events").disable_rule(Name="told")
    assert world.aws.fleet("POST", "events", body)[1] == {"deliveries": []}
