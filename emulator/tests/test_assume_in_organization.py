"""aws:ResourceOrgID of sts:AssumeRole: a role that may be taken on in every account of the organization, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws
from organization import Organization

AVAILABLE = (
    "IAM user guide, AWS global condition context keys, aws:ResourceOrgID: there only if the owner is in an organization; "
    "aws-samples/data-perimeter-policy-examples, sts-specific-guidance.md: AssumeRole was reviewed against the resource perimeter"
)
OPERATORS = 'IAM user guide, "IAM JSON policy elements: Condition operators": a key that is absent'


class World:
    """A caller in the management account; a role each in a member, a member elsewhere, in no organization and at home."""

    def __init__(self, aws: Aws, other: Aws, alone: Aws) -> None:
        self.aws, self.org = aws, Organization(aws)
        elsewhere = other.root(Organization(other).account("theirs"))
        trust = {"AWS": f"arn:aws:iam::{aws.account}:root"}
        places = {"member": aws.root(self.org.account("ours")), "elsewhere": elsewhere, "alone": alone, "home": aws}
        self.roles = {name: place.role("deactivation", trust=trust) for name, place in places.items()}

    def may(self, name: str, condition: dict[str, Any], effect: str = "Allow") -> set[str]:
        """Whose roles the caller may take on who is held to the condition."""
        statement = {"Effect": effect, "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/deactivation"}
        held = [{**statement, "Condition": condition}] + ([{**statement, "Effect": "Allow"}] if effect == "Deny" else [])
        caller = self.aws.assume(self.aws.role(name, *held))
        return {place for place, role in self.roles.items() if self.assumes(caller, role)}

    def assumes(self, caller: Aws, role: str) -> bool:
        try:
            return caller.assume(role).client("sts").get_caller_identity()["Account"] == role.split(":")[4]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied" or role not in str(error):
                raise
            return False


@pytest.fixture
def world(aws: Aws, other: Aws) -> World:
    return World(aws, other, other.root(str(int(other.account) + 500_000_000_000)))


@pytest.mark.source(AVAILABLE)
def test_only_roles_of_members_of_the_organization_are_taken_on(world: World) -> None:
    ours = {"member", "home"}
    assert world.may("exact", {"StringEquals": {"aws:ResourceOrgID": world.org.id}}) == ours
    assert world.may("variable", {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}) == ours
    assert world.may("other", {"StringEquals": {"aws:ResourceOrgID": "o-exampleorgid"}}) == set()


@pytest.mark.source(OPERATORS)
def test_an_account_in_no_organization_has_no_such_key(world: World) -> None:
    everywhere, ours = set(world.roles), {"member", "home"}
    assert world.may("if-exists", {"StringEqualsIfExists": {"aws:ResourceOrgID": world.org.id}}) == everywhere - {"elsewhere"}
    assert world.may("null", {"Null": {"aws:ResourceOrgID": "true"}}) == {"alone"}
    assert world.may("deny", {"StringNotEquals": {"aws:ResourceOrgID": world.org.id}}, "Deny") == ours
    assert world.may("not", {"StringNotEquals": {"aws:ResourceOrgID": world.org.id}}) == everywhere - ours


@pytest.mark.source(AVAILABLE)
def test_an_account_that_joins_later_counts_too(world: World) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/deactivation"}
    condition = {"StringEquals": {"aws:ResourceOrgID": world.org.id}}
    caller = world.aws.assume(world.aws.role("caller", {**statement, "Condition": condition}))
    late = world.aws.root(world.org.account("late"))
    role = late.role("deactivation", trust={"AWS": f"arn:aws:iam::{world.aws.account}:root"})
    assert caller.assume(role).account == late.account
