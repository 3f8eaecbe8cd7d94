"""Identifiers and read-only values that a service would make up, generated to satisfy the schema's own pattern.

A value that does not match would be refused by the next resource that it is passed to.
"""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import regex

from .service_reference import arn_forms

_LOWER = string.ascii_lowercase + string.digits

WELL_KNOWN: dict[str, Callable[[], str]] = {
    "AWS::GuardDuty::Detector.Id": lambda: secrets.token_hex(16),
    "AWS::Organizations::Organization.Id": lambda: "o-" + _letters(10),
    "AWS::Organizations::Organization.RootId": lambda: "r-" + _letters(4),
    "AWS::Organizations::OrganizationalUnit.Id": lambda: f"ou-{_letters(4)}-{_letters(8)}",
    "AWS::Organizations::Account.AccountId": lambda: "".join(secrets.choice(string.digits) for _ in range(12)),
    "AWS::Organizations::Policy.Id": lambda: "p-" + _letters(8),
    "AWS::ServiceCatalog::Portfolio.Id": lambda: "port-" + _letters(13),
}


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LOWER) for _ in range(count))


def generated(
    type_name: str,
    name: str,
    schema: Mapping[str, Any],
    account: str,
    region: str,
    hint: str = "",
    services: tuple[str, ...] = (),
) -> Any:
    """A value for the read-only property ``name`` of a new resource.

    ``hint`` is the name the resource already has; ``services`` are what its ARN may name as the service, best first.
    """
    known = WELL_KNOWN.get(f"{type_name}.{name}")
    if known is not None:
        return known()
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind != "string":
        return {"integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}.get(kind)
    if schema.get("enum"):
        return str(schema["enum"][0])
    for candidate in _candidates(type_name, name, account, region, hint, services, str(schema.get("pattern", ""))):
        if _fits(candidate, schema):
            return candidate
    return _at_home(_from_pattern(schema, account), schema, account, region)


def _at_home(value: str, schema: Mapping[str, Any], account: str, region: str) -> str:
    """An ARN that was written from a pattern, with this partition, region and account where the pattern lets them."""
    parts = value.split(":", 5)
    if parts[0] != "arn" or len(parts) < 6:
        return value
    for place, wanted in ((1, "aws"), (3, region), (4, account)):
        moved = [*parts[:place], wanted, *parts[place + 1 :]]
        if _fits(":".join(moved), schema):
            parts = moved
    return ":".join(parts)


def _candidates(
    type_name: str, name: str, account: str, region: str, hint: str, services: tuple[str, ...], pattern: str
) -> list[str]:
    service, kind = type_name.split("::")[1].lower(), type_name.split("::")[-1]
    last = hint or _letters(17)
    if name.lower().endswith("arn") or pattern.lstrip("^").startswith("arn"):
        short = kind[0].lower() + kind[1:]
        scope = "" if service in GLOBAL_SERVICES else region
        return _documented(type_name, account, region, hint, [*services, service]) + [
            f"arn:aws:{named}:{scope}:{account}:{resource}{separator}{last}"
            for named in dict.fromkeys([*services, service])
            for last in dict.fromkeys([hint or str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_hex(16)])
            for resource in dict.fromkeys([kind.lower(), short, _kebab(kind)])
            for separator in ("/", ":")
        ]
    if name.lower().endswith(("time", "timestamp", "createdat", "date", "on")) and not hint:
        return ["2024-01-01T00:00:00.000Z", str(uuid.uuid4())]
    if name.lower().endswith(("accountid", "ownerid", "owner")):
        return [account, last]
    if service == "ec2":
        return [f"{EC2_PREFIXES.get(kind, _kebab(kind))}-0{secrets.token_hex(8)}", last]
    return [str(uuid.uuid4()), last, secrets.token_hex(16), _letters(10), _letters(5), secrets.token_hex(5)]


def _documented(type_name: str, account: str, region: str, hint: str, services: list[str]) -> list[str]:
    """ARNs as the Service Authorization Reference writes them, where it has the type's kind of resource."""
    kind = KINDS.get(type_name, type_name.split("::")[-1])
    made = secrets.token_hex(16) if type_name in HEXADECIMAL else str(uuid.uuid4())
    found = [form for service in dict.fromkeys(services) for form in arn_forms(service, kind)]
    if type_name in OWNED:
        found = [form.replace("owner/.*", f"owner/{account}/{OWNED[type_name]}/.*") for form in found]
    filled = [
        form.replace("${Partition}", "aws").replace("${Region}", region).replace("${Account}", account)
        for form in found
        if form.count(".*") <= 1
    ]
    return [form.replace(".*", last) for last in dict.fromkeys([hint or made, made]) for form in filled]


KINDS = {"AWS::InspectorV2::CisScanConfiguration": "cis scan configuration"}
"""Kinds of the reference whose name is not the last word of their type."""

HEXADECIMAL = frozenset({"AWS::Detective::Graph", "AWS::GuardDuty::Detector"})
"""Types whose ids are 32 hexadecimal digits. Source: pattern of GraphArn in AWS::Detective::MemberInvitation."""

OWNED = {"AWS::InspectorV2::CisScanConfiguration": "cis-configuration", "AWS::InspectorV2::Filter": "filter"}
"""Types whose ARN names its owner; cfn-lint cuts the form short. Source: Service Authorization Reference, Amazon Inspector2."""


EC2_PREFIXES = {
    "EgressOnlyInternetGateway": "eigw", "DHCPOptions": "dopt", "NetworkAcl": "acl", "CustomerGateway": "cgw",
    "VPNConnection": "vpn", "TransitGatewayAttachment": "tgw-attach", "TransitGatewayRouteTable": "tgw-rtb",
    "PrefixList": "pl", "IPAM": "ipam", "IPAMPool": "ipam-pool", "Host": "h", "CapacityReservation": "cr",
    "ClientVpnEndpoint": "cvpn-endpoint", "NetworkInsightsPath": "nip", "VPCEndpointService": "vpce-svc",
    "VPCEndpoint": "vpce", "FlowLog": "fl", "TrafficMirrorTarget": "tmt", "VPCBlockPublicAccessExclusion": "vpcbpa-exclude",
}  # fmt: skip

GLOBAL_SERVICES = frozenset({"iam", "organizations", "route53", "cloudfront", "budgets", "ce", "globalaccelerator"})


def _kebab(name: str) -> str:
    return str(regex.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)).lower()


def _fits(candidate: str, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minLength", 0) <= len(candidate) <= schema.get("maxLength", 1 << 20):
        return False
    pattern = schema.get("pattern")
    try:
        return pattern is None or regex.search(pattern, candidate) is not None
    except regex.error:
        return True


def _from_pattern(schema: Mapping[str, Any], account: str) -> str:
    pattern = str(schema.get("pattern", ".*"))
    for stretch in (8, 1, 3, 0, schema.get("minLength", 5), 8, 1, 20, 4, 36):
        try:
            value = Generator(account, stretch).of(pattern)
        except (NotImplementedError, IndexError):
            break
        if _fits(value, schema):
            return value
    length = max(1, min(schema.get("minLength", 8), schema.get("maxLength", 8)))
    return _letters(length)


class Generator:
    """Writes a string that a regular expression matches, for the constructs that the registry's schemas use."""

    def __init__(self, account: str, stretch: int) -> None:
        """In place of twelve digits the account is written; open-ended repetitions repeat ``stretch`` times."""
        self._account = account
        self._stretch = stretch

    def of(self, pattern: str) -> str:
        """A match of the pattern; NotImplementedError names what this cannot write."""
        self._text, self._at = pattern.replace("\\d{12}", self._account).replace("[0-9]{12}", self._account), 0
        written = self._alternatives()
        if self._at < len(self._text):
            raise NotImplementedError(f"pattern {pattern!r} at {self._at}")
        return written

    def _alternatives(self) -> str:
        choices = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            choices.append(self._sequence())
        return next((c for c in choices if c), choices[0])

    def _sequence(self) -> str:
        out = []
        while self._at < len(self._text) and self._peek() not in ("|", ")"):
            start = self._at
            piece = self._atom()
            end = self._at
            times = self._times()
            out.append(piece)
            for _ in range(times - 1):
                resume, self._at = self._at, start
                out.append(self._atom())
                self._at = resume
            if times == 0:
                out.pop()
            if self._at < end:
                raise NotImplementedError(self._text)
        return "".join(out)

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _atom(self) -> str:
        char = self._text[self._at]
        self._at += 1
        if char in "^$":
            return ""
        if char == "(":
            return self._group()
        if char == "[":
            return secrets.choice(self._class())
        if char == ".":
            return secrets.choice(_LOWER)
        if char == "\\":
            return secrets.choice(self._escape() or [""])
        return char

    def _group(self) -> str:
        for opening in ("?:", "?s)", "?i)"):
            if self._text.startswith(opening, self._at):
                self._at += len(opening)
                if opening.endswith(")"):
                    return ""
                break
        if self._peek() == "?":
            raise NotImplementedError(self._text)
        written = self._alternatives()
        self._at += 1
        return written

    def _escape(self) -> list[str]:
        char = self._text[self._at]
        self._at += 1
        classes = {"d": string.digits, "w": _LOWER, "S": _LOWER, "s": " ", "D": string.ascii_lowercase}
        if char in "bB":
            return []
        if char in "pP":
            raise NotImplementedError(self._text)
        return list(classes.get(char, char))

    def _class(self) -> list[str]:
        negated = self._peek() == "^"
        self._at += negated
        members: list[str] = []
        first = True
        while first or self._peek() != "]":
            first = False
            char = self._text[self._at]
            self._at += 1
            found = self._escape() if char == "\\" else [char]
            if self._peek() == "-" and self._text[self._at + 1] != "]" and len(found) == 1:
                last = self._text[self._at + 1]
                self._at += 2
                found = [chr(c) for c in range(ord(found[0]), ord(last) + 1)]
            members += found
        self._at += 1
        if negated:
            return [c for c in _LOWER if c not in members]
        preferred = [c for c in members if c in _LOWER]
        return preferred or members

    def _times(self) -> int:
        char = self._peek()
        if char and char in "*+?":
            self._at += 1
            low, high = {"*": (0, self._stretch), "+": (1, max(1, self._stretch)), "?": (0, min(1, self._stretch // 20))}[char]
        elif found := regex.compile(r"\{(\d+)(,(\d*))?\}").match(self._text, self._at):
            self._at = found.end()
            low = int(found[1])
            high = low if found[2] is None else int(found[3]) if found[3] else low + self._stretch
        else:
            return 1
        if self._peek() in ("?", "+"):
            self._at += 1
        return max(low, min(high, self._stretch))
