"""Tags of CodeCommit repositories, and pushes that policies decide by them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

FROZEN = {"Null": {"aws:ResourceTag/frozen": "false"}}


def repository(aws: Aws, name: str = "r") -> str:
    made = aws.client("codecommit").create_repository(repositoryName=name)["repositoryMetadata"]
    return str(made["Arn"])


def may_push(aws: Aws, principal: str, arn: str) -> bool:
    body = {"principal": principal, "action": "codecommit:GitPush", "resource": arn, "context": {}}
    status, answer = aws.fleet("POST", "authorize", body)
    assert status == 200, answer
    return bool(answer["allowed"])


@pytest.mark.source("TagResource, UntagResource and ListTagsForResource in the CodeCommit API Reference")
def test_tags_come_and_go(aws: Aws) -> None:
    arn, client = repository(aws), aws.client("codecommit")
    client.tag_resource(resourceArn=arn, tags={"frozen": "run", "owner": "platform"})
    client.tag_resource(resourceArn=arn, tags={"frozen": "again"})
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"frozen": "again", "owner": "platform"}
    client.untag_resource(resourceArn=arn, tagKeys=["frozen", "none"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "platform"}


@pytest.mark.source("TagResource in the CodeCommit API Reference, Errors")
@pytest.mark.parametrize(
    ("arn", "tags", "code"),
    [
        ("arn:aws:codecommit:{region}:{account}:missing", {"a": "b"}, "RepositoryDoesNotExistException"),
        ("arn:aws:s3:::bucket", {"a": "b"}, "InvalidResourceArnException"),
        ("{own}", {"aws:a": "b"}, "InvalidSystemTagUsageException"),
        ("{own}", {f"k{n}": "v" for n in range(51)}, "TooManyTagsException"),
    ],
)
def test_what_is_no_repository_or_no_tag_is_refused(aws: Aws, arn: str, tags: dict[str, str], code: str) -> None:
    own = repository(aws)
    with pytest.raises(ClientError, match=code):
        aws.client("codecommit").tag_resource(resourceArn=arn.format(own=own, region=REGION, account=aws.account), tags=tags)


@pytest.mark.source('CodeCommit user guide, "Deny or allow actions on repositories with tags"')
def test_a_tag_freezes_the_repository_for_whom_a_policy_says(aws: Aws) -> None:
    arn, other = repository(aws), repository(aws, "other")
    push: dict[str, Any] = {"Effect": "Allow", "Action": "codecommit:GitPush", "Resource": "*"}
    engineer = aws.role("engineer", push, {**push, "Effect": "Deny", "Condition": FROZEN})
    cleanser = aws.role("cleanser", push)
    assert may_push(aws, engineer, arn)
    aws.client("codecommit").tag_resource(resourceArn=arn, tags={"frozen": ""})
    assert not may_push(aws, engineer, arn)
    assert may_push(aws, cleanser, arn)
    assert may_push(aws, engineer, other)
    aws.client("codecommit").untag_resource(resourceArn=arn, tagKeys=["frozen"])
    assert may_push(aws, engineer, arn)


@pytest.mark.source("AWS::CodeCommit::Repository: Tags")
def test_tags_of_a_template_are_those_of_the_repository_and_leave_others_alone(aws: Aws) -> None:
    def deploy(tags: list[dict[str, str]]) -> None:
        properties = {"RepositoryName": "r", "Tags": tags}
        aws.deploy("s", {"R": {"Type": "AWS::CodeCommit::Repository", "Properties": properties}})

    deploy([{"Key": "owner", "Value": "platform"}])
    arn, client = f"arn:aws:codecommit:{REGION}:{aws.account}:r", aws.client("codecommit")
    client.tag_resource(resourceArn=arn, tags={"frozen": "run"})
    deploy([{"Key": "team", "Value": "platform"}])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"frozen": "run", "team": "platform"}


@pytest.mark.source("TagResource: aws:TagKeys in the Service Authorization Reference of CodeCommit")
def test_a_role_may_be_held_to_one_tag(aws: Aws) -> None:
    arn = repository(aws)
    only = {"ForAllValues:StringEquals": {"aws:TagKeys": "frozen"}}
    tag = {
        "Effect": "Allow",
        "Action": ["codecommit:TagResource", "codecommit:UntagResource"],
        "Resource": arn,
        "Condition": only,
    }
    client = aws.assume(aws.role("cleanser", tag)).client("codecommit")
    client.tag_resource(resourceArn=arn, tags={"frozen": "run"})
    with pytest.raises(ClientError, match="AccessDenied"):
        client.tag_resource(resourceArn=arn, tags={"owner": "me"})
    client.untag_resource(resourceArn=arn, tagKeys=["frozen"])
    with pytest.raises(ClientError, match="AccessDenied"):
        client.untag_resource(resourceArn=arn, tagKeys=["owner"])


@pytest.mark.source('EventBridge user guide, "Using IAM policy conditions for fine-grained access control", events:source')
def test_an_event_is_put_by_whom_its_source_and_type_are_allowed(aws: Aws) -> None:
    bus = f"arn:aws:events:{REGION}:{aws.account}:event-bus/default"
    condition = {"StringEquals": {"events:source": "mine", "events:detail-type": "Decided"}}
    allowed = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus, "Condition": condition}
    client = aws.assume(aws.role("reviewer", allowed)).client("events")
    entry = {"Source": "mine", "DetailType": "Decided", "Detail": "{}"}
    assert client.put_events(Entries=[entry])["FailedEntryCount"] == 0
    for other in ({**entry, "Source": "theirs"}, {**entry, "DetailType": "Other"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_events(Entries=[entry, other])
