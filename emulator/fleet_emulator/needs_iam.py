"""What calls to IAM and STS need: the ARNs of roles, users and policies, and the boundary that conditions ask about."""

from __future__ import annotations

from . import access_keys
from .authorization import AccessDenied, Caller
from .calls import Call
from .needs import Context, Need
from .principals import backend, exists

_UNNAMED = frozenset(
    """GetAccountAuthorizationDetails GetAccountSummary GetAccountPasswordPolicy ListAccountAliases ListPolicies ListRoles
    ListUsers ListGroups ListInstanceProfiles ListSAMLProviders ListOpenIDConnectProviders SimulateCustomPolicy
    GenerateCredentialReport GetCredentialReport ListVirtualMFADevices ListServerCertificates""".split()
)


def of(call: Call, caller: Caller) -> list[Need]:
    """The needs of a call to IAM."""
    action = f"iam:{call.operation}"
    if call.operation in _UNNAMED:
        return [Need(action, "*")]
    resource = _of_key(call, caller) or _resource(call, caller.account)
    context = _context(call, caller.account)
    found = [Need(action, resource, context)]
    if call.operation == "AddRoleToInstanceProfile":
        role = _role_arn(str(call.parameters["RoleName"]), "/", caller.account)
        found.append(Need("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}))
    if call.operation in ("CreateRole", "CreatePolicy", "CreateUser") and call.parameters.get("Tags"):
        kind = call.operation.removeprefix("Create")
        found.append(Need(f"iam:Tag{kind}", resource, context))
    return found


def of_sts(call: Call, caller: Caller) -> list[Need]:
    """The needs of a call to STS; the role's trust policy is evaluated as the policy of the resource."""
    if call.operation == "GetCallerIdentity":
        return []
    if call.operation == "GetAccessKeyInfo":
        return [Need("sts:GetAccessKeyInfo", "*")]
    if call.operation != "AssumeRole":
        raise NotImplementedError(f"sts {call.operation} is not emulated: roles are assumed by AssumeRole")
    if not exists(str(call.parameters["RoleArn"])):
        who, role = caller.session_arn, call.parameters["RoleArn"]
        raise AccessDenied(f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}")
    context: Context = {"sts:RoleSessionName": str(call.parameters.get("RoleSessionName", ""))}
    if call.parameters.get("ExternalId"):
        context["sts:ExternalId"] = str(call.parameters["ExternalId"])
    if call.parameters.get("SourceIdentity"):
        context["sts:SourceIdentity"] = str(call.parameters["SourceIdentity"])
    found = [Need("sts:AssumeRole", str(call.parameters["RoleArn"]), context)]
    if call.parameters.get("Tags"):
        found.append(Need("sts:TagSession", str(call.parameters["RoleArn"]), context))
    return found


def _of_key(call: Call, caller: Caller) -> str | None:
    """The user whose key a call is about where it names none; a key that is no user's of the account is denied to everybody.

    Source: Service Authorization Reference, IAM: the resource of GetAccessKeyLastUsed is a user, and nobody is allowed anything
    on users of other accounts; the service model has no error for a key that is not found.
    """
    if call.operation == "GetAccessKeyLastUsed":
        key = str(call.parameters.get("AccessKeyId", ""))
        user = access_keys.user_of(backend(caller.account), key)
        if user is None:
            who, action = caller.session_arn, "iam:GetAccessKeyLastUsed"
            raise AccessDenied(f"User: {who} is not authorized to perform: {action} on resource: access key {key}")
        return str(user.arn)
    if call.operation in access_keys.OF_SIGNER and not call.parameters.get("UserName"):
        access_keys.signing_user(caller)
        return caller.arn
    return None


def _resource(call: Call, account: str) -> str:
    p = call.parameters
    if p.get("PolicyArn") and not call.operation.startswith(("Attach", "Detach")):
        return str(p["PolicyArn"])
    if p.get("RoleName"):
        return _role_arn(str(p["RoleName"]), str(p.get("Path") or "/"), account)
    if p.get("UserName"):
        user = backend(account).users.get(p["UserName"])
        return user.arn if user is not None else f"arn:aws:iam::{account}:user{p.get('Path') or '/'}{p['UserName']}"
    if p.get("InstanceProfileName"):
        return f"arn:aws:iam::{account}:instance-profile{p.get('Path') or '/'}{p['InstanceProfileName']}"
    if p.get("GroupName"):
        return f"arn:aws:iam::{account}:group{p.get('Path') or '/'}{p['GroupName']}"
    if p.get("PolicyName"):
        return f"arn:aws:iam::{account}:policy{p.get('Path') or '/'}{p['PolicyName']}"
    if p.get("AWSServiceName"):
        return f"arn:aws:iam::{account}:role/aws-service-role/{p['AWSServiceName']}/*"
    return str(p.get("PolicySourceArn") or "*")


def _role_arn(name: str, path: str, account: str) -> str:
    for role in backend(account).roles.values():
        if role.name == name:
            return str(role.arn)
    return f"arn:aws:iam::{account}:role{path}{name}"


def _context(call: Call, account: str) -> Context:
    context: Context = {}
    boundary = call.parameters.get("PermissionsBoundary") or _boundary_of(call, account)
    if boundary:
        context["iam:PermissionsBoundary"] = str(boundary)
    if call.parameters.get("PolicyArn"):
        context["iam:PolicyARN"] = str(call.parameters["PolicyArn"])
    if call.parameters.get("AWSServiceName"):
        context["iam:AWSServiceName"] = str(call.parameters["AWSServiceName"])
    return context


def _boundary_of(call: Call, account: str) -> str | None:
    name = call.parameters.get("RoleName")
    for role in backend(account).roles.values():
        if role.name == name:
            return role.permissions_boundary_arn or None
    return None
