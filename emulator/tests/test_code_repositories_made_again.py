"""Deleting a CodeCommit repository and making it again: what goes with it, what comes back, and who may."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

API = "CodeCommit API Reference, "
QUOTAS = 'CodeCommit user guide, "Quotas"'
ACTIONS = "Service Authorization Reference, Actions, resources, and condition keys for AWS CodeCommit"
RULE = json.dumps({"Version": "2018-11-08", "Statements": [{"Type": "Approvers", "NumberOfApprovalsNeeded": 1}]})


def arn_of(aws: Aws, name: str = "r") -> str:
    return f"arn:aws:codecommit:{REGION}:{aws.account}:{name}"


def trigger(aws: Aws, **more: Any) -> dict[str, Any]:
    topic = f"arn:aws:sns:{REGION}:{aws.account}:pushes"
    return {"name": "told", "destinationArn": topic, "branches": ["main"], "events": ["all"], **more}


def git(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{key}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    hidden = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    environment = {"PATH": os.environ["PATH"], **who, **hidden}
    return subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def hosted(aws: Aws, tmp_path: Path) -> tuple[Path, Path]:
    """A repository "r" whose content is a bare git repository with one commit and a hook, and a clone of that."""
    aws.client("codecommit").create_repository(repositoryName="r")
    bare, clone = tmp_path / "r.git", tmp_path / "clone"
    assert git("init", "--bare", "--initial-branch", "main", str(bare)).returncode == 0
    git("config", "receive.advertiseAtomic", "false", folder=bare)
    (bare / "hooks" / "pre-receive").write_text("#!/bin/sh\nexit 0\n")
    (bare / "hooks" / "pre-receive").chmod(0o755)
    git("clone", str(bare), str(clone))
    git("commit", "--allow-empty", "--message", "first", folder=clone)
    assert git("push", "origin", "HEAD:main", folder=clone).returncode == 0
    body = {"account": aws.account, "region": REGION, "folder": str(bare)}
    assert aws.fleet("PUT", "repositories/r", body) == (200, {})
    return bare, clone


@pytest.mark.source(API + "CreateRepository, GetRepository, RepositoryMetadata")
def test_a_repository_shows_what_it_was_made_with(aws: Aws) -> None:
    client, key = aws.client("codecommit"), aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    made = client.create_repository(repositoryName="r", repositoryDescription="d", tags={"owner": "me"}, kmsKeyId=key)
    shown = client.get_repository(repositoryName="r")["repositoryMetadata"]
    assert shown == made["repositoryMetadata"]
    assert (shown["repositoryDescription"], shown["kmsKeyId"], shown["Arn"]) == ("d", key, arn_of(aws))
    assert client.list_tags_for_resource(resourceArn=arn_of(aws))["tags"] == {"owner": "me"}


@pytest.mark.source("CodeCommit service model: timestamps of the JSON 1.1 protocol are numbers")
def test_dates_are_numbers_as_the_sdks_want_them(aws: Aws) -> None:
    client, bodies = aws.client("codecommit"), []
    client.meta.events.register("before-parse.codecommit.GetRepository", lambda response_dict, **_: bodies.append(response_dict))
    client.create_repository(repositoryName="r")
    client.get_repository(repositoryName="r")
    metadata = json.loads(bodies[0]["body"])["repositoryMetadata"]
    assert isinstance(metadata["creationDate"], int | float)
    assert isinstance(metadata["lastModifiedDate"], int | float)
    assert "repositoryDescription" not in metadata


@pytest.mark.source(API + "CreateRepository, Errors; " + QUOTAS)
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"repositoryName": "r"}, "RepositoryNameExistsException"),
        ({"repositoryName": "a.git"}, "InvalidRepositoryNameException"),
        ({"repositoryName": "a b"}, "InvalidRepositoryNameException"),
        ({"kmsKeyId": "11111111-2222-3333-4444-555555555555"}, "EncryptionKeyNotFoundException"),
        ({"kmsKeyId": "alias/none"}, "EncryptionKeyNotFoundException"),
        ({"tags": {"aws:a": "b"}}, "InvalidSystemTagUsageException"),
        ({"tags": {f"k{n}": "v" for n in range(51)}}, "TooManyTagsException"),
    ],
)
def test_what_cannot_be_made_is_refused(aws: Aws, more: dict[str, Any], code: str) -> None:
    client = aws.client("codecommit")
    client.create_repository(repositoryName="r")
    with pytest.raises(ClientError, match=code):
        client.create_repository(**{"repositoryName": "other", **more})
    with pytest.raises(ClientError, match="RepositoryDoesNotExistException"):
        client.get_repository(repositoryName="other")


@pytest.mark.source(API + "CreateRepository, Errors: EncryptionKeyDisabledException")
def test_a_disabled_key_is_refused(aws: Aws) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("kms").disable_key(KeyId=key)
    with pytest.raises(ClientError, match="EncryptionKeyDisabledException"):
        aws.client("codecommit").create_repository(repositoryName="r", kmsKeyId=key)


@pytest.mark.source(
    API + 'DeleteRepository: "a null repository ID is returned", "also deletes all associated objects and metadata"'
)
def test_nothing_of_a_deleted_repository_comes_back_with_its_name(aws: Aws) -> None:
    client = aws.client("codecommit")
    first = client.create_repository(repositoryName="r", repositoryDescription="d", tags={"owner": "me"})["repositoryMetadata"]
    client.put_repository_triggers(repositoryName="r", triggers=[trigger(aws)])
    client.create_approval_rule_template(approvalRuleTemplateName="two", approvalRuleTemplateContent=RULE)
    client.associate_approval_rule_template_with_repository(approvalRuleTemplateName="two", repositoryName="r")
    assert client.delete_repository(repositoryName="r")["repositoryId"] == first["repositoryId"]
    assert "repositoryId" not in client.delete_repository(repositoryName="r"), "a second time is a success"

    second = client.create_repository(repositoryName="r")["repositoryMetadata"]
    assert second["repositoryId"] != first["repositoryId"]
    assert second["Arn"] == first["Arn"]
    assert "repositoryDescription" not in second
    assert client.list_tags_for_resource(resourceArn=arn_of(aws))["tags"] == {}
    assert client.get_repository_triggers(repositoryName="r")["triggers"] == []
    associated = client.list_associated_approval_rule_templates_for_repository(repositoryName="r")
    assert associated["approvalRuleTemplateNames"] == []
    assert client.list_approval_rule_templates()["approvalRuleTemplateNames"] == ["two"], "templates are the account's"


@pytest.mark.source(API + "PutRepositoryTriggers: replaces all triggers; GetRepositoryTriggers")
def test_triggers_are_replaced_all_at_once(aws: Aws) -> None:
    client = aws.client("codecommit")
    client.create_repository(repositoryName="r")
    other = trigger(aws, name="other", events=["createReference", "deleteReference"], branches=[], customData="x")
    first = client.put_repository_triggers(repositoryName="r", triggers=[trigger(aws), other])["configurationId"]
    shown = client.get_repository_triggers(repositoryName="r")
    assert shown["triggers"] == [trigger(aws), other]
    assert shown["configurationId"] == first
    assert client.put_repository_triggers(repositoryName="r", triggers=[])["configurationId"] != first
    assert client.get_repository_triggers(repositoryName="r")["triggers"] == []


@pytest.mark.source(API + "PutRepositoryTriggers, Errors; " + QUOTAS)
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"destinationArn": "arn:aws:sns:us-east-1:111111111111:t"}, "InvalidRepositoryTriggerRegionException"),
        ({"destinationArn": f"arn:aws:sqs:{REGION}:111111111111:t"}, "InvalidRepositoryTriggerDestinationArnException"),
        ({"events": ["all", "createReference"]}, "InvalidRepositoryTriggerEventsException"),
        ({"events": []}, "RepositoryTriggerEventsListRequiredException"),
        ({"name": ""}, "RepositoryTriggerNameRequiredException"),
        ({"destinationArn": ""}, "RepositoryTriggerDestinationArnRequiredException"),
        ({"customData": "x" * 1001}, "InvalidRepositoryTriggerCustomDataException"),
    ],
)
def test_a_trigger_that_aws_would_refuse_is_refused(aws: Aws, changed: dict[str, Any], code: str) -> None:
    client = aws.client("codecommit")
    client.create_repository(repositoryName="r")
    with pytest.raises(ClientError, match=code):
        client.put_repository_triggers(repositoryName="r", triggers=[trigger(aws, **changed)])
    with pytest.raises(ClientError, match="MaximumRepositoryTriggersExceededException"):
        client.put_repository_triggers(repositoryName="r", triggers=[trigger(aws, name=f"t{n}") for n in range(11)])
    assert client.get_repository_triggers(repositoryName="r")["triggers"] == []


@pytest.mark.source(API + "CreateApprovalRuleTemplate, AssociateApprovalRuleTemplateWithRepository and those beside them")
def test_templates_are_associated_and_not_deleted_while_they_are(aws: Aws) -> None:
    client = aws.client("codecommit")
    client.create_repository(repositoryName="r")
    named = {"approvalRuleTemplateName": "two"}
    with pytest.raises(ClientError, match="ApprovalRuleTemplateDoesNotExistException"):
        client.associate_approval_rule_template_with_repository(**named, repositoryName="r")
    made = client.create_approval_rule_template(**named, approvalRuleTemplateContent=RULE)["approvalRuleTemplate"]
    assert client.get_approval_rule_template(**named)["approvalRuleTemplate"] == made
    for _ in range(2):
        client.associate_approval_rule_template_with_repository(**named, repositoryName="r")
    assert client.list_repositories_for_approval_rule_template(**named)["repositoryNames"] == ["r"]
    with pytest.raises(ClientError, match="ApprovalRuleTemplateInUseException"):
        client.delete_approval_rule_template(**named)
    client.disassociate_approval_rule_template_from_repository(**named, repositoryName="r")
    assert client.delete_approval_rule_template(**named)["approvalRuleTemplateId"] == made["approvalRuleTemplateId"]


@pytest.mark.source(API + "UpdateDefaultBranch, Errors")
def test_an_empty_repository_has_no_branch_to_be_the_default(aws: Aws) -> None:
    client = aws.client("codecommit")
    client.create_repository(repositoryName="r")
    with pytest.raises(ClientError, match="BranchDoesNotExistException"):
        client.update_default_branch(repositoryName="r", defaultBranchName="main")
    with pytest.raises(ClientError, match="InvalidBranchNameException"):
        client.update_default_branch(repositoryName="r", defaultBranchName="a..b")
    with pytest.raises(ClientError, match="RepositoryDoesNotExistException"):
        client.update_default_branch(repositoryName="none", defaultBranchName="main")


CALLS: dict[str, dict[str, Any]] = {
    "GetRepository": {},
    "DeleteRepository": {},
    "GetRepositoryTriggers": {},
    "PutRepositoryTriggers": {"triggers": []},
    "ListAssociatedApprovalRuleTemplatesForRepository": {},
    "AssociateApprovalRuleTemplateWithRepository": {"approvalRuleTemplateName": "two"},
    "UpdateDefaultBranch": {"defaultBranchName": "main"},
    "CreateRepository": {},
}


def snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


@pytest.mark.source(ACTIONS)
@pytest.mark.parametrize("operation", CALLS)
def test_each_operation_needs_its_own_action_on_this_repository(aws: Aws, operation: str) -> None:
    aws.client("codecommit").create_approval_rule_template(approvalRuleTemplateName="two", approvalRuleTemplateContent=RULE)
    if operation != "CreateRepository":
        aws.client("codecommit").create_repository(repositoryName="r")
    allowed = {"Effect": "Allow", "Action": f"codecommit:{operation}", "Resource": arn_of(aws)}
    session = aws.assume(aws.role("cleanser", allowed)).client("codecommit")
    for name, expected in (("other", f"perform: codecommit:{operation} on resource: {arn_of(aws, 'other')}"), ("r", "")):
        call = getattr(session, snake(operation))
        try:
            call(repositoryName=name, **CALLS[operation])
            answer = ""
        except ClientError as error:
            answer = str(error)
        if expected:
            assert expected in answer
        else:
            assert not answer or "BranchDoesNotExistException" in answer, "allowed, and the service's own answer"


@pytest.mark.source(ACTIONS + ": CreateRepository: aws:RequestTag, aws:TagKeys; aws:ResourceTag")
def test_making_it_again_may_be_held_to_tags_and_deleting_to_those_it_has(aws: Aws) -> None:
    create = {"Effect": "Allow", "Action": "codecommit:CreateRepository", "Resource": arn_of(aws)}
    tagged = {"StringEquals": {"aws:RequestTag/owner": "platform"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}}
    delete = {"Effect": "Allow", "Action": "codecommit:DeleteRepository", "Resource": arn_of(aws)}
    frozen = {"Null": {"aws:ResourceTag/frozen": "false"}}
    role = aws.role("cleanser", {**create, "Condition": tagged}, {**delete, "Condition": frozen})
    session = aws.assume(role).client("codecommit")
    for tags in ({}, {"owner": "me"}, {"owner": "platform", "more": "x"}):
        with pytest.raises(ClientError, match="codecommit:CreateRepository"):
            session.create_repository(repositoryName="r", tags=tags)
    session.create_repository(repositoryName="r", tags={"owner": "platform"})
    with pytest.raises(ClientError, match="codecommit:DeleteRepository"):
        session.delete_repository(repositoryName="r")
    aws.client("codecommit").tag_resource(resourceArn=arn_of(aws), tags={"frozen": "run"})
    session.delete_repository(repositoryName="r")


@pytest.mark.source('CodeCommit user guide, "Deny or allow actions on repositories with tags"')
def test_pushes_are_decided_by_the_tags_of_the_repository_that_is_there_now(aws: Aws) -> None:
    push = {"Effect": "Allow", "Action": "codecommit:GitPush", "Resource": "*"}
    deny = {**push, "Effect": "Deny", "Condition": {"Null": {"aws:ResourceTag/frozen": "false"}}}
    engineer, client = aws.role("engineer", push, deny), aws.client("codecommit")

    def may_push() -> bool:
        body = {"principal": engineer, "action": "codecommit:GitPush", "resource": arn_of(aws), "context": {}}
        return bool(aws.fleet("POST", "authorize", body)[1]["allowed"])

    client.create_repository(repositoryName="r", tags={"frozen": "run"})
    assert not may_push()
    client.delete_repository(repositoryName="r")
    client.create_repository(repositoryName="r", tags={"frozen": "run"})
    assert not may_push(), "made again with the tag"
    client.delete_repository(repositoryName="r")
    client.create_repository(repositoryName="r")
    assert may_push()


def test_a_folder_goes_with_its_repository_and_comes_back_empty(aws: Aws, hosted: tuple[Path, Path]) -> None:
    bare, clone = hosted
    client = aws.client("codecommit")
    assert client.get_repository(repositoryName="r")["repositoryMetadata"]["defaultBranch"] == "main"
    head, config = (bare / "HEAD").read_text(), (bare / "config").read_text()
    client.delete_repository(repositoryName="r")
    assert list(bare.parent.iterdir()) == [clone], "nothing of it is left, under no name"
    refused = git("push", "origin", "HEAD:main", folder=clone)
    assert refused.returncode != 0
    assert "does not appear to be a git repository" in refused.stderr
    client.delete_repository(repositoryName="r")

    client.create_repository(repositoryName="r")
    assert (bare / "HEAD").read_text() == head
    assert (bare / "config").read_text() == config
    assert os.access(bare / "hooks" / "pre-receive", os.X_OK)
    assert git("for-each-ref", folder=bare).stdout == ""
    assert git("count-objects", "--verbose", folder=bare).stdout.startswith("count: 0\n")
    assert git("fsck", folder=bare).returncode == 0
    assert "defaultBranch" not in client.get_repository(repositoryName="r")["repositoryMetadata"]
    assert git("push", "origin", "HEAD:main", "HEAD:side", folder=clone).returncode == 0
    client.update_default_branch(repositoryName="r", defaultBranchName="side")
    assert client.get_repository(repositoryName="r")["repositoryMetadata"]["defaultBranch"] == "side"
    assert git("symbolic-ref", "HEAD", folder=bare).stdout == "refs/heads/side\n"


def test_a_packed_branch_can_be_the_default_too(aws: Aws, hosted: tuple[Path, Path]) -> None:
    bare, clone = hosted
    git("push", "origin", "HEAD:a/b", folder=clone)
    assert git("pack-refs", "--all", folder=bare).returncode == 0
    aws.client("codecommit").update_default_branch(repositoryName="r", defaultBranchName="a/b")
    assert git("symbolic-ref", "HEAD", folder=bare).stdout == "refs/heads/a/b\n"


def test_only_a_bare_repository_can_be_the_content_of_one_that_is_there(aws: Aws, tmp_path: Path) -> None:
    body = {"account": aws.account, "region": REGION, "folder": str(tmp_path)}
    status, answer = aws.fleet("PUT", "repositories/r", body)
    assert (status, "has no CodeCommit repository r" in answer["error"]["message"]) == (400, True)
    aws.client("codecommit").create_repository(repositoryName="r")
    for folder in (str(tmp_path), "r.git"):
        status, answer = aws.fleet("PUT", "repositories/r", {**body, "folder": folder})
        assert (status, "no bare git repository" in answer["error"]["message"]) == (400, True)


def stack(aws: Aws, **properties: Any) -> Any:
    given = {"RepositoryName": "r", **properties}
    return aws.deploy("s", {"R": {"Type": "AWS::CodeCommit::Repository", "Properties": given}})


@pytest.mark.source("AWS::CodeCommit::Repository: KmsKeyId, Triggers, Tags")
def test_a_stack_makes_key_and_triggers_of_a_repository(aws: Aws) -> None:
    key, topic = aws.client("kms").create_key()["KeyMetadata"]["Arn"], f"arn:aws:sns:{REGION}:{aws.account}:pushes"
    stack(aws, KmsKeyId=key, Triggers=[{"Name": "told", "DestinationArn": topic, "Branches": ["main"], "Events": ["all"]}])
    client = aws.client("codecommit")
    assert client.get_repository(repositoryName="r")["repositoryMetadata"]["kmsKeyId"] == key
    assert client.get_repository_triggers(repositoryName="r")["triggers"] == [trigger(aws)]
    stack(aws, KmsKeyId=key)
    assert client.get_repository_triggers(repositoryName="r")["triggers"] == []


@pytest.mark.source("CloudFormation CLI user guide, Resource type handler contract: update handlers return NotFound")
def test_a_stack_cannot_change_a_repository_that_is_gone_and_drift_tells(aws: Aws) -> None:
    stack(aws)
    aws.client("codecommit").delete_repository(repositoryName="r")
    cloudformation = aws.client("cloudformation")
    cloudformation.detect_stack_drift(StackName="s")
    drifts = cloudformation.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert [drift["StackResourceDriftStatus"] for drift in drifts] == ["DELETED"]
    assert stack(aws, RepositoryDescription="new")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "r does not exist" in aws.reasons("s")
    assert "HandlerErrorCode: NotFound" in aws.reasons("s")


@pytest.mark.source(
    "Schema of AWS::CodeCommit::Repository: identified by RepositoryId; delete and read begin with ListRepositories"
)
def test_a_stack_that_goes_leaves_a_repository_that_was_made_again(aws: Aws) -> None:
    stack(aws)
    client = aws.client("codecommit")
    client.delete_repository(repositoryName="r")
    made = client.create_repository(repositoryName="r")["repositoryMetadata"]["repositoryId"]
    aws.client("cloudformation").delete_stack(StackName="s")
    assert "s" not in [found["StackName"] for found in aws.client("cloudformation").describe_stacks()["Stacks"]]
    assert client.get_repository(repositoryName="r")["repositoryMetadata"]["repositoryId"] == made


def test_how_aws_changes_one_that_was_made_again_is_not_known_and_refused(aws: Aws) -> None:
    stack(aws)
    client = aws.client("codecommit")
    client.delete_repository(repositoryName="r")
    client.create_repository(repositoryName="r")
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack(aws)
    stack(aws, RepositoryDescription="new")
    assert "emulator: repository r was deleted and made again behind the stack's back" in aws.reasons("s")


def test_a_stack_takes_the_folder_away_too(aws: Aws, tmp_path: Path) -> None:
    stack(aws)
    git("init", "--bare", str(tmp_path / "r.git"))
    body = {"account": aws.account, "region": REGION, "folder": str(tmp_path / "r.git")}
    assert aws.fleet("PUT", "repositories/r", body)[0] == 200
    aws.client("cloudformation").delete_stack(StackName="s")
    assert not (tmp_path / "r.git").exists()
