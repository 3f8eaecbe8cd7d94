"""Parameters of a stack: which must be given, what each may be, and what SSM parameter types stand for.

Source: "CloudFormation template Parameters syntax" and "Specify existing resources at runtime with CloudFormation-supplied
parameter types" in the CloudFormation User Guide. Values of SSM types are fetched again at every stack operation, as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from .stacks_model import Parameter
from .stacks_template import refuse

MAX_VALUE = 4_096
PLAIN = ("String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name")
STORED = "AWS::SSM::Parameter::Value<"
EXISTING: dict[str, Callable[[Any, str], bool]] = {
    "AWS::EC2::AvailabilityZone::Name": lambda backend, value: any(
        zone.name == value for zone in backend.describe_availability_zones()
    ),
    "AWS::EC2::Image::Id": lambda backend, value: value in backend.amis,
    "AWS::EC2::Instance::Id": lambda backend, value: any(
        instance.id == value for reservation in backend.reservations.values() for instance in reservation.instances
    ),
    "AWS::EC2::KeyPair::KeyName": lambda backend, value: value in backend.keypairs,
    "AWS::EC2::SecurityGroup::Id": lambda backend, value: any(value in groups for groups in backend.groups.values()),
    "AWS::EC2::SecurityGroup::GroupName": lambda backend, value: any(
        group.name == value for groups in backend.groups.values() for group in groups.values()
    ),
    "AWS::EC2::Subnet::Id": lambda backend, value: any(value in subnets for subnets in backend.subnets.values()),
    "AWS::EC2::Volume::Id": lambda backend, value: value in backend.volumes,
    "AWS::EC2::VPC::Id": lambda backend, value: value in backend.vpcs,
    "AWS::Route53::HostedZone::Id": lambda backend, value: True,
}
"""Types whose value must exist in the account and region."""


def resolve(
    declared: Mapping[str, Mapping[str, Any]],
    given: list[dict[str, Any]],
    previous: Mapping[str, Parameter],
    account: str,
    region: str,
) -> dict[str, Parameter]:
    """Check what was given against what the template declares; ``previous`` serves UsePreviousValue."""
    values: dict[str, str] = {}
    unknown = [item["ParameterKey"] for item in given if item["ParameterKey"] not in declared]
    if unknown:
        raise refuse(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for item in given:
        key = item["ParameterKey"]
        if item.get("UsePreviousValue") in (True, "true"):
            if key not in previous:
                raise refuse(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in "
                    "the previous template"
                )
            values[key] = previous[key].given
        elif item.get("ParameterValue") is not None:
            values[key] = str(item["ParameterValue"])
    missing = [key for key, slot in declared.items() if key not in values and "Default" not in slot]
    if missing:
        raise refuse(f"Parameters: [{', '.join(missing)}] must have values")
    answer = {}
    for key, slot in declared.items():
        text = values[key] if key in values else _text(slot["Default"])
        answer[key] = _parameter(key, slot, text, account, region)
    return answer


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return str(value)


def _parameter(key: str, slot: Mapping[str, Any], text: str, account: str, region: str) -> Parameter:
    kind = str(slot.get("Type", ""))
    no_echo = str(slot.get("NoEcho", "false")).lower() == "true"
    if kind.startswith(STORED):
        check(key, slot, text, "String")
        stored = _stored(text, account, region)
        inner = kind[len(STORED) : -1]
        value: Any = stored.split(",") if inner.startswith("List<") or inner == "CommaDelimitedList" else stored
        element = inner.removeprefix("List<").removesuffix(">")
        _check_exists(key, element, value, account, region)
        return Parameter(key, text, value, no_echo, from_store=True)
    if kind not in PLAIN and kind.removeprefix("List<").removesuffix(">") not in EXISTING:
        raise refuse(f"Template format error: Unrecognized parameter type: {kind}")
    check(key, slot, text, kind)
    listed = kind == "CommaDelimitedList" or kind.startswith("List<")
    value = [item.strip() for item in text.split(",")] if listed else text
    _check_exists(key, kind.removeprefix("List<").removesuffix(">"), value, account, region)
    return Parameter(key, text, value, no_echo)


def _stored(name: str, account: str, region: str) -> str:
    parameter = ssm_backends[account][region].get_parameter(name)
    if parameter is None:
        raise refuse(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    if parameter.parameter_type == "SecureString":
        raise refuse(f"Parameters [{name}] referenced by template have types not supported by CloudFormation.")
    return str(parameter.value)


def _check_exists(key: str, kind: str, value: Any, account: str, region: str) -> None:
    exists = EXISTING.get(kind)
    for item in (value if isinstance(value, list) else [value]) if exists else []:
        if exists and not exists(ec2_backends[account][region], item):
            raise refuse(f"Parameter validation failed: parameter value {item} for parameter name {key} does not exist")


def check(key: str, slot: Mapping[str, Any], text: str, kind: str) -> None:
    """Refuse a value outside of what the parameter allows. ConstraintDescription replaces the reason."""
    custom = slot.get("ConstraintDescription")

    def fail(why: str) -> None:
        message = f"failed to satisfy constraint: {custom}" if custom else why
        raise refuse(f"Parameter '{key}' {message}")

    if len(text.encode()) > MAX_VALUE:
        fail(f"must contain at most {MAX_VALUE} characters")
    items = [item.strip() for item in text.split(",")] if kind == "CommaDelimitedList" or kind.startswith("List<") else [text]
    allowed = [_text(value) for value in slot.get("AllowedValues", [])]
    if allowed and any(item not in allowed for item in items):
        fail("must be one of AllowedValues")
    pattern = slot.get("AllowedPattern")
    if pattern and any(not re.fullmatch(pattern, item) for item in items):
        fail(f"must match pattern {pattern}")
    if "MinLength" in slot and len(text) < int(slot["MinLength"]):
        fail(f"must contain at least {slot['MinLength']} characters")
    if "MaxLength" in slot and len(text) > int(slot["MaxLength"]):
        fail(f"must contain at most {slot['MaxLength']} characters")
    if kind in ("Number", "List<Number>"):
        for item in items:
            if not re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", item):
                fail("must be a number")
            if "MinValue" in slot and float(item) < float(slot["MinValue"]):
                fail(f"must be a number not less than {slot['MinValue']}")
            if "MaxValue" in slot and float(item) > float(slot["MaxValue"]):
                fail(f"must be a number not greater than {slot['MaxValue']}")
