"""What the tests of stacks share: small templates, and how a stack is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws


def parameter(value: Any = "v", name: str | None = None, **rest: Any) -> dict[str, Any]:
    """A resource that is cheap and shows its value."""
    properties = {"Type": "String", "Value": value, **({"Name": name} if name else {})}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **rest}


def template(resources: dict[str, Any], **sections: Any) -> str:
    """A template's text."""
    return json.dumps({"Resources": resources, **sections})


@pytest.fixture
def cf(aws: Aws) -> Any:
    """CloudFormation in a new account."""
    return aws.client("cloudformation")


def allow(*actions: str, resource: str | list[str] = "*") -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def events(cf: Any, stack: str) -> list[tuple[str, str, str]]:
    """Oldest first: logical id, status, reason."""
    found = cf.describe_stack_events(StackName=stack)["StackEvents"]
    return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", "")) for e in reversed(found)]


def status(cf: Any, stack: str) -> str:
    """The stack's status."""
    return str(cf.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def refused(call: Callable[..., Any], code: str, message: str, **arguments: Any) -> None:
    """The call is refused with the code and words."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert (error["Code"], message in error["Message"]) == (code, True), error
