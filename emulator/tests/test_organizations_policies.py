"""Policies of organizations: types, documents, quotas, attachments and what is effective."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Aws
from organization import API, DENY, QUOTAS, RCP, SCP, Organization, refused


@pytest.fixture
def org(aws: Aws) -> Organization:
    return Organization(aws)


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement] if statement else []})


@pytest.mark.source("Organizations user guide, Enabling a policy type, Disabling a policy type")
def test_enabling_control_policies_attaches_those_that_allow_everything(org: Organization) -> None:
    account = org.account("one")
    assert org.attached(account) == []
    org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    org.api.enable_policy_type(RootId=org.root, PolicyType=RCP)
    refused("PolicyTypeAlreadyEnabledException", org.api.enable_policy_type, RootId=org.root, PolicyType=SCP)
    unit = org.unit("a")
    for target in (org.root, unit, account, org.account("two")):
        assert (org.attached(target), org.attached(target, RCP)) == (["FullAWSAccess"], ["RCPFullAWSAccess"])
    org.api.attach_policy(PolicyId=org.policy("p"), TargetId=unit)
    org.api.disable_policy_type(RootId=org.root, PolicyType=SCP)
    assert org.attached(unit) == []
    refused("PolicyTypeNotEnabledException", org.api.disable_policy_type, RootId=org.root, PolicyType=SCP)
    org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    assert org.attached(unit) == ["FullAWSAccess"], "what was detached is not attached again"


@pytest.mark.source(API + "AttachPolicy, DetachPolicy, DeletePolicy: errors")
def test_policies_are_attached_and_detached(org: Organization) -> None:
    policy, unit = org.policy("p"), org.unit("a")
    refused("PolicyTypeNotEnabledException", org.api.attach_policy, PolicyId=policy, TargetId=unit)
    org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    org.api.attach_policy(PolicyId=policy, TargetId=unit)
    refused("DuplicatePolicyAttachmentException", org.api.attach_policy, PolicyId=policy, TargetId=unit)
    refused("PolicyInUseException", org.api.delete_policy, PolicyId=policy)
    refused("TargetNotFoundException", org.api.attach_policy, PolicyId=policy, TargetId="999999999999")
    refused("PolicyNotFoundException", org.api.attach_policy, PolicyId="p-12345678", TargetId=unit)
    target = org.api.list_targets_for_policy(PolicyId=policy)["Targets"][0]
    assert (target["TargetId"], target["Type"], target["Name"]) == (unit, "ORGANIZATIONAL_UNIT", "a")
    org.api.detach_policy(PolicyId=policy, TargetId=unit)
    refused("PolicyNotAttachedException", org.api.detach_policy, PolicyId=policy, TargetId=unit)
    last = "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    refused("ConstraintViolationException", org.api.detach_policy, last, PolicyId="p-FullAWSAccess", TargetId=unit)
    org.api.delete_policy(PolicyId=policy)
    refused("PolicyNotFoundException", org.api.describe_policy, PolicyId=policy)


@pytest.mark.source(
    QUOTAS + ": 10 service control policies on a root, OU or account since 15 May 2026, 5 resource control policies"
)
@pytest.mark.parametrize(("kind", "quota"), [(SCP, 10), (RCP, 5)])
def test_a_target_has_so_many_policies_of_a_type_and_awss_own_count(aws: Aws, kind: str, quota: int) -> None:
    org = Organization(aws, kind)
    denied = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*", **({"Principal": "*"} if kind == RCP else {})}
    policies = [org.policy(f"p{number}", {"Version": "2012-10-17", "Statement": [denied]}, kind) for number in range(quota)]
    for policy in policies[: quota - 1]:
        org.api.attach_policy(PolicyId=policy, TargetId=org.root)
    message = refused(
        "ConstraintViolationException",
        org.api.attach_policy,
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        PolicyId=policies[-1],
        TargetId=org.root,
    )
    assert message == "You have attached the maximum number of policies to the specified target."


@pytest.mark.source(QUOTAS + ": maximum size of a policy document")
@pytest.mark.parametrize(
    ("kind", "size"), [(SCP, 10240), (RCP, 5120), ("AISERVICES_OPT_OUT_POLICY", 2500), ("TAG_POLICY", 10000)]
)
def test_a_document_has_so_many_characters(org: Organization, kind: str, size: int) -> None:
    statement = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*", **({"Principal": "*"} if kind == RCP else {})}
    smallest = {
        "AISERVICES_OPT_OUT_POLICY": {"services": {}},
        "TAG_POLICY": {"tags": {}},
    }.get(kind, {"Version": "2012-10-17", "Statement": [statement]})
    text = json.dumps(smallest)
    fits, exceeds = text + " " * (size - len(text)), text + " " * (size - len(text) + 1)
    org.api.create_policy(Name="fits", Type=kind, Content=fits, Description="")
    message = refused(
        "ConstraintViolationException",
        org.api.create_policy,
        "POLICY_CONTENT_LIMIT_EXCEEDED",
        Name="exceeds",
        Type=kind,
        Content=exceeds,
        Description="",
    )
    assert message == "You have exceeded the maximum policy size."


@pytest.mark.source("Organizations user guide, SCP syntax, RCP syntax, Tag policy syntax")
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (SCP, "not json"),
        (SCP, document()),
        (SCP, document(Effect="Deny", Action="*", Resource="*", Principal="*")),
        (SCP, document(Effect="Deny", Resource="*")),
        (SCP, document(Effect="Deny", Action="*", Resource="*").replace("2012", "2008")),
        (RCP, document(Effect="Allow", Principal="*", Action="*", Resource="*")),
        (RCP, document(Effect="Deny", Principal="*", NotAction="s3:*", Resource="*")),
        (RCP, document(Effect="Deny", Action="s3:*", Resource="*")),
        ("TAG_POLICY", json.dumps({"plans": {}})),
    ],
)
def test_a_document_that_is_none_of_its_type_is_malformed(org: Organization, kind: str, content: str) -> None:
    create = org.api.create_policy
    refused("MalformedPolicyDocumentException", create, Name="p", Type=kind, Content=content, Description="")


@pytest.mark.source(API + "CreatePolicy, UpdatePolicy: DuplicatePolicyException; IMMUTABLE_POLICY, NON_DETACHABLE_POLICY")
def test_policies_have_one_name_in_a_type_and_awss_are_not_changed(aws: Aws) -> None:
    org = Organization(aws, RCP)
    org.policy("a")
    other = org.policy("b")
    message = refused(
        "DuplicatePolicyException", org.api.create_policy, Name="a", Type=SCP, Content=json.dumps(DENY), Description=""
    )
    assert message == "A policy with the specified name and type already exists."
    refused("DuplicatePolicyException", org.api.update_policy, PolicyId=other, Name="a")
    org.api.create_policy(Name="a", Type="TAG_POLICY", Content='{"tags": {}}', Description="")
    refused("InvalidInputException", org.api.update_policy, "IMMUTABLE_POLICY", PolicyId="p-FullAWSAccess", Name="x")
    detach = org.api.detach_policy
    refused("InvalidInputException", detach, "NON_DETACHABLE_POLICY", PolicyId="p-RCPFullAWSAccess", TargetId=org.root)


@pytest.mark.source("Organizations user guide, Management policy inheritance: @@assign, @@append, @@remove")
def test_the_effective_policy_is_merged_from_the_root_down(aws: Aws) -> None:
    org = Organization(aws, "TAG_POLICY")
    unit, account = org.unit("a"), org.account("one")
    org.api.move_account(AccountId=account, SourceParentId=org.root, DestinationParentId=unit)
    missing = org.aws.root(account).client("organizations").describe_effective_policy
    refused("EffectivePolicyNotFoundException", missing, PolicyType="TAG_POLICY")
    above = {"tags": {"team": {"tag_key": {"@@assign": "Team"}, "tag_value": {"@@assign": ["a", "b"]}}}}
    below = {"tags": {"team": {"tag_value": {"@@append": ["c"], "@@remove": ["a"]}}}}
    org.api.attach_policy(PolicyId=org.policy("above", above, "TAG_POLICY"), TargetId=org.root)
    org.api.attach_policy(PolicyId=org.policy("below", below, "TAG_POLICY"), TargetId=unit)
    for found in (missing(PolicyType="TAG_POLICY"), org.api.describe_effective_policy(PolicyType="TAG_POLICY", TargetId=account)):
        content = json.loads(found["EffectivePolicy"]["PolicyContent"])
        assert content == {"tags": {"team": {"tag_key": "Team", "tag_value": ["b", "c"]}}}
