"""``PUT /_fleet/organizations``: a whole organization with the ids that are given, or a clear refusal and nothing made."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws


def body(aws: Aws, other: Aws, **changes: Any) -> dict[str, Any]:
    unit = f"ou-{aws.account[-4:]}-workload1"
    return {
        "id": f"o-{aws.account}",
        "management": aws.account,
        "units": [{"name": "Inner", "parent": unit}, {"id": unit, "name": "Workloads", "parent": "ROOT"}],
        "accounts": [
            {"id": aws.account, "name": "Management", "email": f"m+{aws.account}@example.com", "parent": "ROOT"},
            {"id": other.account, "name": "Consumer", "email": f"c+{aws.account}@example.com", "parent": unit},
        ],
        **changes,
    }


def test_ids_are_honoured_and_accounts_are_where_they_were_put(aws: Aws, other: Aws) -> None:
    status, answer = aws.fleet("PUT", "organizations", body(aws, other))
    assert status == 200, answer
    assert (answer["id"], answer["root"]) == (f"o-{aws.account}", f"r-{aws.account[-4:]}")
    assert [(u["name"], u["parent"]) for u in answer["units"]] == [
        ("Workloads", answer["root"]),
        ("Inner", answer["units"][0]["id"]),
    ]
    api = aws.client("organizations")
    assert api.describe_organization()["Organization"]["MasterAccountEmail"] == f"m+{aws.account}@example.com"
    assert [a["Id"] for a in api.list_accounts_for_parent(ParentId=answer["units"][0]["id"])["Accounts"]] == [other.account]
    shown = api.describe_account(AccountId=other.account)["Account"]
    assert (shown["Name"], shown["JoinedMethod"], shown["Status"]) == ("Consumer", "INVITED", "ACTIVE")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        other.client("iam").get_role(RoleName="OrganizationAccountAccessRole")


def test_an_account_in_an_organization_is_a_conflict_and_nothing_is_made(aws: Aws, other: Aws) -> None:
    other.client("organizations").create_organization(FeatureSet="ALL")
    status, answer = aws.fleet("PUT", "organizations", body(aws, other))
    assert (status, answer["error"]["code"]) == (409, "Conflict")
    assert f"account {other.account} is in the organization" in answer["error"]["message"]
    with pytest.raises(ClientError, match="not a member of an organization"):
        aws.client("organizations").describe_organization()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "organization"}, "id: want o-"),
        ({"units": [{"id": "ou-1", "name": "a"}]}, "units: want ou-<root>-"),
        (
            {"units": [{"id": "ou-abcd-12345678", "name": "a"}, {"id": "ou-efgh-12345678", "name": "b"}]},
            "an organization has one",
        ),
        ({"units": [{"name": "a", "parent": "ou-abcd-12345678"}], "accounts": []}, "no such parent, or a circle"),
        ({"accounts": [{"id": "12"}]}, "want an account of 12 digits"),
        ({"units": [], "accounts": [{"id": "999999999998", "parent": "ou-abcd-12345678"}]}, "ParentNotFoundException"),
        ({"units": [{"name": "a"}, {"name": "a"}], "accounts": []}, "DuplicateOrganizationalUnitException"),
    ],
)
def test_what_makes_no_sense_is_refused_whole(aws: Aws, other: Aws, change: dict[str, Any], message: str) -> None:
    status, answer = aws.fleet("PUT", "organizations", body(aws, other, **change))
    assert (status, answer["error"]["code"]) == (400, "BadRequest"), answer
    assert message in answer["error"]["message"]
    assert aws.fleet("PUT", "organizations", body(aws, other))[0] == 200, "the accounts and ids are free"
