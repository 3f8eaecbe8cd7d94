"""Condition operators and policy variables, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_emulator.conditions import CannotDecide, holds

OPERATORS = "IAM user guide, IAM JSON policy elements: Condition operators"
MULTI = "IAM user guide, Multivalued context keys"
VARIABLES = "IAM user guide, Policy variables"
NOW = "2024-05-01T12:00:00Z"

VALUES = {
    "aws:principalarn": ["arn:aws:iam::111111111111:role/team/build"],
    "aws:currenttime": [NOW],
    "aws:sourceip": ["127.0.0.1"],
    "aws:securetransport": ["true"],
    "aws:tagkeys": ["owner", "cost"],
    "aws:username": ["ann"],
    "s3:prefix": ["home/ann/"],
    "s3:max-keys": ["10"],
    "codecommit:references": ["refs/heads/main", "refs/heads/dev"],
    "kms:resourcealiases": [],
}

CASES: list[tuple[str, str, Any, bool]] = [
    ("StringEquals", "s3:prefix", "home/ann/", True),
    ("StringEquals", "s3:prefix", ["x", "home/ann/"], True),
    ("StringEquals", "s3:prefix", "home/*", False),
    ("StringEquals", "S3:PREFIX", "home/ann/", True),
    ("StringEqualsIgnoreCase", "s3:prefix", "HOME/ANN/", True),
    ("StringNotEquals", "s3:prefix", "home/bob/", True),
    ("StringNotEquals", "s3:prefix", ["home/bob/", "home/ann/"], False),
    ("StringLike", "s3:prefix", "home/*", True),
    ("StringLike", "s3:prefix", "home/an?/", True),
    ("StringNotLike", "s3:prefix", "home/*", False),
    ("StringLike", "s3:prefix", "home/[*]", False),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/team/*", True),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam:*:role/team/*", False),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111111111111:role/team/build", True),
    ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:role/*", True),
    ("Bool", "aws:SecureTransport", "true", True),
    ("Bool", "aws:SecureTransport", True, True),
    ("Bool", "aws:SecureTransport", "false", False),
    ("NumericLessThanEquals", "s3:max-keys", "10", True),
    ("NumericGreaterThan", "s3:max-keys", 10, False),
    ("NumericNotEquals", "s3:max-keys", 11, True),
    ("DateLessThan", "aws:CurrentTime", "2025-01-01T00:00:00Z", True),
    ("DateGreaterThan", "aws:CurrentTime", "2025-01-01", False),
    ("IpAddress", "aws:SourceIp", "127.0.0.0/8", True),
    ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "127.0.0.1/32"], False),
    # keys that the request does not carry
    ("StringEquals", "aws:SourceVpce", "vpce-1", False),
    ("StringNotEquals", "aws:SourceVpce", "vpce-1", True),
    ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", True),
    ("StringEqualsIfExists", "s3:prefix", "other", False),
    ("Null", "aws:SourceVpce", "true", True),
    ("Null", "s3:prefix", "true", False),
    ("Null", "s3:prefix", False, True),
    # several values
    ("ForAllValues:StringEquals", "aws:TagKeys", ["owner", "cost", "team"], True),
    ("ForAllValues:StringEquals", "aws:TagKeys", ["owner"], False),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["owner"], True),
    ("ForAnyValue:StringEquals", "aws:TagKeys", ["team"], False),
    ("ForAllValues:StringEquals", "aws:SourceVpce", ["x"], True),
    ("ForAnyValue:StringEquals", "aws:SourceVpce", ["x"], False),
    ("ForAnyValue:StringEquals", "kms:ResourceAliases", ["alias/x"], False),
    ("ForAnyValue:StringLike", "codecommit:References", ["refs/heads/dev*"], True),
    ("ForAllValues:StringNotLike", "codecommit:References", ["refs/heads/main"], False),
    # variables
    ("StringLike", "s3:prefix", "home/${aws:username}/*", True),
    ("StringEquals", "s3:prefix", "home/${aws:SourceVpce}/", False),
    ("StringEquals", "s3:prefix", "home/${aws:SourceVpce, 'ann'}/", True),
]


@pytest.mark.source(f"{OPERATORS}; {MULTI}; {VARIABLES}")
@pytest.mark.parametrize(("operator", "key", "wanted", "expected"), CASES, ids=[f"{o} {k} {w}" for o, k, w, _ in CASES])
def test_operator(operator: str, key: str, wanted: Any, expected: bool) -> None:
    assert holds({operator: {key: wanted}}, VALUES) is expected


def test_every_operator_and_every_key_of_a_block_must_hold() -> None:
    block = {"StringEquals": {"s3:prefix": "home/ann/", "aws:username": "ann"}, "Bool": {"aws:SecureTransport": "true"}}
    assert holds(block, VALUES)
    assert not holds({**block, "Bool": {"aws:SecureTransport": "false"}}, VALUES)
    assert not holds({**block, "StringEquals": {"s3:prefix": "home/ann/", "aws:username": "bob"}}, VALUES)


def test_an_unknown_operator_is_an_error_and_not_a_pass() -> None:
    with pytest.raises(CannotDecide, match="cannot evaluate the condition operator StringSounds"):
        holds({"StringSounds": {"s3:prefix": "x"}}, VALUES)
    with pytest.raises(CannotDecide, match="cannot evaluate the condition operator ForEachValue:StringLike"):
        holds({"ForEachValue:StringLike": {"s3:prefix": "x"}}, VALUES)


def test_a_key_that_nobody_computes_is_an_error_and_not_absent() -> None:
    with pytest.raises(CannotDecide, match="cannot evaluate the condition key lambda:functionarn"):
        holds({"StringNotEquals": {"lambda:FunctionArn": "f"}}, VALUES)
