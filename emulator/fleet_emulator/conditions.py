"""Condition blocks of policies, evaluated as IAM does.

Source: IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys" and "Policy variables".
A key that a request does not carry is absent; a key that the emulator never computes, or an operator that it does not know,
raises CannotDecide: silence would pass where AWS might not.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from moto.core.exceptions import ServiceException

from .resource_tags import ALL_KNOWN

Values = Mapping[str, Sequence[str]]
"""The request's context: keys in lower case."""


class CannotDecide(ServiceException):
    """A policy asks for something that the emulator cannot evaluate; this is neither an allow nor a deny."""

    code = "EmulatorCannotDecide"


class MissingVariable(Exception):
    """A policy variable stands for a key that the request does not carry."""


KNOWN = tuple(
    """
    aws:assumedroot aws:calledvia aws:calledviafirst aws:calledvialast aws:currenttime aws:epochtime aws:federatedprovider
    aws:multifactorauthage aws:multifactorauthpresent aws:principalaccount aws:principalarn aws:principalisawsservice
    aws:principalorgid aws:principalorgpaths aws:principalservicename aws:principalservicenameslist aws:principaltag/*
    aws:principaltype aws:referer aws:requestedregion aws:requesttag/* aws:resourceaccount aws:resourceorgid
    aws:resourceorgpaths aws:securetransport
    aws:sourceaccount aws:sourcearn aws:sourceidentity aws:sourceip aws:sourceorgid aws:sourceorgpaths aws:sourcevpc
    aws:sourcevpce aws:tagkeys aws:tokenissuetime aws:useragent aws:userid aws:username aws:viaawsservice aws:vpcsourceip
    cloudformation:changesetname cloudformation:createaction cloudformation:importresourcetypes
    cloudformation:resourcetypes cloudformation:rolearn cloudformation:stackpolicyurl cloudformation:templateurl
    codecommit:references ec2:add/group ec2:add/userid ec2:remove/group ec2:remove/userid events:detail-type events:source
    iam:associatedresourcearn iam:awsservicename iam:passedtoservice iam:permissionsboundary iam:policyarn iam:resourcetag/*
    kms:calleraccount kms:callerorgid kms:encryptioncontext:* kms:encryptioncontextkeys kms:grantconstrainttype
    kms:granteeprincipal kms:grantisforawsresource kms:grantoperations kms:keyorigin kms:keyspec kms:keyusage
    kms:requestalias kms:resourcealiases kms:viaservice
    lambda:functionurlauthtype
    organizations:policytype organizations:serviceprincipal
    ram:allowsexternalprincipals ram:requestedallowsexternalprincipals
    s3:authtype s3:dataaccesspointaccount s3:dataaccesspointarn s3:delimiter s3:existingobjecttag/* s3:if-match
    s3:if-none-match s3:max-keys s3:object-lock-* s3:prefix s3:requestobjecttag/* s3:requestobjecttagkeys
    s3:resourceaccount s3:signatureage s3:signatureversion s3:tlsversion s3:versionid s3:x-amz-*
    servicecatalog:accountlevel servicecatalog:rolelevel servicecatalog:userlevel
    sts:externalid sts:rolesessionname sts:sourceidentity sts:transitivetagkeys
    ssm:overwrite ssm:policies ssm:recursive
    """.split()
)
"""Keys whose absence from a request means that AWS would not have them either."""


def holds(block: Mapping[str, Mapping[str, Any]], values: Values) -> bool:
    """Is every operator of the block true? Within one operator any of the listed values may match."""
    return all(
        _operator_holds(operator, key, _texts(wanted), values) for operator, keys in block.items() for key, wanted in keys.items()
    )


def lookup(key: str, values: Values) -> Sequence[str] | None:
    """The request's values of the key; None if it has none; CannotDecide if nobody knows whether it should."""
    key = key.lower()
    if key in values:
        return values[key]
    if key.startswith("aws:resourcetag/") and ALL_KNOWN in values:
        return None
    if not any(fnmatchcase(key, known) for known in KNOWN):
        raise CannotDecide(f"the emulator cannot evaluate the condition key {key}")
    return None


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def substitute(text: str, values: Values, escape: Callable[[str], str] = lambda t: t) -> str:
    """Fill in policy variables; MissingVariable if the request has no such key and no default is given."""

    def value(found: re.Match[str]) -> str:
        name, _, default = found[1].partition(",")
        if name in ("*", "?", "$"):
            return f"[{name}]"
        present = lookup(name.strip(), values)
        if present:
            return escape(present[0])
        if default:
            return default.strip().strip("'")
        raise MissingVariable(name)

    return _VARIABLE.sub(value, text)


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """A policy's wildcard pattern; ``[*]`` is the star that ``${*}`` writes."""
    out = []
    for part in re.split(r"(\[[*?$]\]|[*?])", pattern):
        if len(part) == 3 and part[0] == "[" and part[2] == "]":
            out.append(re.escape(part[1]))
        else:
            out.append({"*": ".*", "?": "."}.get(part, re.escape(part)))
    return re.compile("".join(out), re.DOTALL)


def _texts(wanted: Any) -> list[str]:
    listed = wanted if isinstance(wanted, list) else [wanted]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in listed]


def _operator_holds(operator: str, key: str, wanted: list[str], values: Values) -> bool:
    name, quantifier, if_exists = operator, "", False
    if ":" in name:
        quantifier, name = name.split(":", 1)
    if name.endswith("IfExists"):
        name, if_exists = name.removesuffix("IfExists"), True
    if name == "Null":
        return (lookup(key, values) is None) == (wanted[0].lower() == "true")
    negated = name in NEGATED
    test = TESTS.get(NEGATED.get(name, name))
    if test is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise CannotDecide(f"the emulator cannot evaluate the condition operator {operator}")
    present = lookup(key, values)
    if present is None or (not present and not quantifier):
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    matches = [any(_matches(test, actual, w, values) for w in wanted) != negated for actual in present]
    if quantifier == "ForAllValues" or (negated and not quantifier):
        return all(matches)
    return any(matches)


def _matches(test: Callable[[str, str], bool], actual: str, wanted: str, values: Values) -> bool:
    try:
        return test(actual, substitute(wanted, values))
    except MissingVariable:
        return False
    except ValueError:
        return False


def _arn_like(actual: str, wanted: str) -> bool:
    actual_parts, wanted_parts = actual.split(":", 5), wanted.split(":", 5)
    if len(actual_parts) != 6 or len(wanted_parts) != 6:
        return wanted == "*"
    return all(glob(w).fullmatch(a) is not None for a, w in zip(actual_parts, wanted_parts, strict=True))


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), tz=timezone.utc)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _in_network(actual: str, wanted: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted, strict=False)


TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda a, w: a == _unescaped(w),
    "StringEqualsIgnoreCase": lambda a, w: a.lower() == _unescaped(w).lower(),
    "StringLike": lambda a, w: glob(w).fullmatch(a) is not None,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda a, w: a.lower() == w.lower(),
    "BinaryEquals": lambda a, w: a == w,
    "IpAddress": _in_network,
    "NumericEquals": lambda a, w: float(a) == float(w),
    "NumericLessThan": lambda a, w: float(a) < float(w),
    "NumericLessThanEquals": lambda a, w: float(a) <= float(w),
    "NumericGreaterThan": lambda a, w: float(a) > float(w),
    "NumericGreaterThanEquals": lambda a, w: float(a) >= float(w),
    "DateEquals": lambda a, w: _moment(a) == _moment(w),
    "DateLessThan": lambda a, w: _moment(a) < _moment(w),
    "DateLessThanEquals": lambda a, w: _moment(a) <= _moment(w),
    "DateGreaterThan": lambda a, w: _moment(a) > _moment(w),
    "DateGreaterThanEquals": lambda a, w: _moment(a) >= _moment(w),
}

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def _unescaped(text: str) -> str:
    return re.sub(r"\[([*?$])\]", r"\1", text)
