"""Organizations' operations: from a request's parameters to the tree and the policies, and back.

Each function is one operation, named as moto names them; ``account`` is the caller's. Invitations (handshakes), GovCloud
accounts, billing transfer and validation of effective policies are not emulated: they are refused as not implemented.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import organizations_delegation as delegation
from . import organizations_effective as effective
from . import organizations_policies as policies
from . import organizations_show as show
from . import organizations_tree as tree
from .organizations_delegation import management, reader
from .organizations_errors import invalid, refusal
from .organizations_model import Node, Organization, OrganizationPolicy, identifier

Parameters = dict[str, Any]


def tags_of(given: list[dict[str, str]] | None) -> dict[str, str]:
    """A list of keys and values as a map."""
    return {item["Key"]: item["Value"] for item in given or []}


def create_organization(account: str, p: Parameters) -> Parameters:
    """CreateOrganization."""
    return {"Organization": show.organization(tree.create_organization(account, p.get("FeatureSet") or "ALL"))}


def describe_organization(account: str, p: Parameters) -> Parameters:
    """DescribeOrganization, which any account in an organization may call."""
    return {"Organization": show.organization(tree.in_use(account))}


def delete_organization(account: str, p: Parameters) -> None:
    """DeleteOrganization."""
    tree.delete_organization(management(account, "DeleteOrganization"))


def leave_organization(account: str, p: Parameters) -> None:
    """LeaveOrganization, called by the account that leaves."""
    tree.remove_account(tree.in_use(account), account)


def list_roots(account: str, p: Parameters) -> Parameters:
    """ListRoots: there is one."""
    return {"Roots": [show.root(reader(account, "ListRoots"))]}


def create_organizational_unit(account: str, p: Parameters) -> Parameters:
    """CreateOrganizationalUnit."""
    held = management(account, "CreateOrganizationalUnit")
    return {"OrganizationalUnit": show.unit(held, tree.create_unit(held, p["ParentId"], p["Name"], tags_of(p.get("Tags"))))}


def update_organizational_unit(account: str, p: Parameters) -> Parameters:
    """UpdateOrganizationalUnit: its name."""
    held = management(account, "UpdateOrganizationalUnit")
    found = tree.unit(held, p["OrganizationalUnitId"])
    return {"OrganizationalUnit": show.unit(held, tree.rename_unit(held, found.id, p.get("Name") or found.name))}


def delete_organizational_unit(account: str, p: Parameters) -> None:
    """DeleteOrganizationalUnit."""
    tree.delete_unit(management(account, "DeleteOrganizationalUnit"), p["OrganizationalUnitId"])


def describe_organizational_unit(account: str, p: Parameters) -> Parameters:
    """DescribeOrganizationalUnit."""
    held = reader(account, "DescribeOrganizationalUnit")
    return {"OrganizationalUnit": show.unit(held, tree.unit(held, p["OrganizationalUnitId"]))}


def list_organizational_units_for_parent(account: str, p: Parameters) -> Parameters:
    """ListOrganizationalUnitsForParent."""
    held = reader(account, "ListOrganizationalUnitsForParent")
    found = held.children(tree.parent(held, p["ParentId"]).id, tree.UNIT)
    return show.paged("OrganizationalUnits", [show.unit(held, node) for node in found], p)


def list_parents(account: str, p: Parameters) -> Parameters:
    """ListParents of an account or unit."""
    held = reader(account, "ListParents")
    child = held.nodes.get(p["ChildId"])
    if child is None or child.kind == tree.ROOT:
        raise refusal("ChildNotFoundException")
    above = held.nodes[child.parent]
    return {"Parents": [{"Id": above.id, "Type": above.kind}]}


def list_children(account: str, p: Parameters) -> Parameters:
    """ListChildren: accounts or units."""
    held, kind = reader(account, "ListChildren"), p["ChildType"]
    if kind not in (tree.ACCOUNT, tree.UNIT):
        raise invalid("You specified an invalid value.", "INVALID_ENUM")
    found = held.children(tree.parent(held, p["ParentId"]).id, kind)
    return show.paged("Children", [{"Id": node.id, "Type": node.kind} for node in found], p)


def create_account(account: str, p: Parameters) -> Parameters:
    """CreateAccount: the answer is a status, also when it failed."""
    held = management(account, "CreateAccount")
    role = p.get("RoleName") or tree.ACCESS_ROLE
    return {
        "CreateAccountStatus": show.status(tree.create_account(held, p["AccountName"], p["Email"], role, tags_of(p.get("Tags"))))
    }


def describe_create_account_status(account: str, p: Parameters) -> Parameters:
    """DescribeCreateAccountStatus."""
    found = reader(account, "DescribeCreateAccountStatus").statuses.get(p["CreateAccountRequestId"])
    if found is None:
        raise refusal("CreateAccountStatusNotFoundException")
    return {"CreateAccountStatus": show.status(found)}


def list_create_account_status(account: str, p: Parameters) -> Parameters:
    """ListCreateAccountStatus, of all states or of those given."""
    wanted = p.get("States") or ["IN_PROGRESS", "SUCCEEDED", "FAILED"]
    found = reader(account, "ListCreateAccountStatus").statuses.values()
    return show.paged("CreateAccountStatuses", [show.status(item) for item in found if item.state in wanted], p)


def describe_account(account: str, p: Parameters) -> Parameters:
    """DescribeAccount."""
    held = reader(account, "DescribeAccount")
    return {"Account": show.account(held, tree.member(held, p["AccountId"]))}


def list_accounts(account: str, p: Parameters) -> Parameters:
    """ListAccounts."""
    held = reader(account, "ListAccounts")
    return show.paged("Accounts", [show.account(held, item) for item in held.members()], p)


def list_accounts_for_parent(account: str, p: Parameters) -> Parameters:
    """ListAccountsForParent: those directly under it."""
    held = reader(account, "ListAccountsForParent")
    above = tree.parent(held, p["ParentId"]).id
    return show.paged("Accounts", [show.account(held, item) for item in held.members() if item.parent == above], p)


def move_account(account: str, p: Parameters) -> None:
    """MoveAccount."""
    tree.move_account(management(account, "MoveAccount"), p["AccountId"], p["SourceParentId"], p["DestinationParentId"])


def close_account(account: str, p: Parameters) -> None:
    """CloseAccount: the account is suspended at once."""
    tree.close_account(management(account, "CloseAccount"), p["AccountId"])


def remove_account_from_organization(account: str, p: Parameters) -> None:
    """RemoveAccountFromOrganization."""
    tree.remove_account(management(account, "RemoveAccountFromOrganization"), p["AccountId"])


def create_policy(account: str, p: Parameters) -> Parameters:
    """CreatePolicy."""
    held = management(account, "CreatePolicy")
    made = policies.create_policy(held, p["Type"], p["Name"], p["Content"], p.get("Description") or "", tags_of(p.get("Tags")))
    return show.policy(held, made)


def describe_policy(account: str, p: Parameters) -> Parameters:
    """DescribePolicy."""
    held = reader(account, "DescribePolicy")
    return show.policy(held, policies.policy(held, p["PolicyId"]))


def update_policy(account: str, p: Parameters) -> Parameters:
    """UpdatePolicy: what is given."""
    held = management(account, "UpdatePolicy")
    return show.policy(held, policies.update_policy(held, p["PolicyId"], p.get("Name"), p.get("Content"), p.get("Description")))


def delete_policy(account: str, p: Parameters) -> None:
    """DeletePolicy."""
    policies.delete_policy(management(account, "DeletePolicy"), p["PolicyId"])


def list_policies(account: str, p: Parameters) -> Parameters:
    """ListPolicies of a type."""
    held, kind = reader(account, "ListPolicies"), policies.check_type(p["Filter"])
    return show.paged("Policies", [show.summary(held, item) for item in held.policies.values() if item.type == kind], p)


def attach_policy(account: str, p: Parameters) -> None:
    """AttachPolicy."""
    policies.attach(management(account, "AttachPolicy"), p["PolicyId"], p["TargetId"])


def detach_policy(account: str, p: Parameters) -> None:
    """DetachPolicy."""
    policies.detach(management(account, "DetachPolicy"), p["PolicyId"], p["TargetId"])


def list_policies_for_target(account: str, p: Parameters) -> Parameters:
    """ListPoliciesForTarget: those attached directly."""
    held, kind = reader(account, "ListPoliciesForTarget"), policies.check_type(p["Filter"])
    found = [held.policies[item] for item in policies.target(held, p["TargetId"]).policies]
    return show.paged("Policies", [show.summary(held, item) for item in found if item.type == kind], p)


def list_targets_for_policy(account: str, p: Parameters) -> Parameters:
    """ListTargetsForPolicy."""
    held = reader(account, "ListTargetsForPolicy")
    found = policies.targets(held, policies.policy(held, p["PolicyId"]).id)
    shown = [{"TargetId": node.id, "Arn": held.arn(node.id), "Name": node.name, "Type": node.kind} for node in found]
    return show.paged("Targets", shown, p)


def enable_policy_type(account: str, p: Parameters) -> Parameters:
    """EnablePolicyType."""
    held = management(account, "EnablePolicyType")
    policies.enable_type(held, p["RootId"], p["PolicyType"])
    return {"Root": show.root(held)}


def disable_policy_type(account: str, p: Parameters) -> Parameters:
    """DisablePolicyType."""
    held = management(account, "DisablePolicyType")
    policies.disable_type(held, p["RootId"], p["PolicyType"])
    return {"Root": show.root(held)}


def describe_effective_policy(account: str, p: Parameters) -> Parameters:
    """DescribeEffectivePolicy: a member account may ask for its own."""
    held, target = tree.in_use(account), p.get("TargetId") or account
    if target != account:
        reader(account, "DescribeEffectivePolicy")
    found = effective.policy(held, policies.target(held, target), p["PolicyType"])
    return {"EffectivePolicy": {"PolicyContent": found, "TargetId": target, "PolicyType": p["PolicyType"]}}


def put_resource_policy(account: str, p: Parameters) -> Parameters:
    """PutResourcePolicy: there is at most one."""
    held = _owner(account)
    return show.resource_policy(held, set_resource_policy(held, p["Content"], tags_of(p.get("Tags"))))


def set_resource_policy(held: Organization, content: str, tags: dict[str, str]) -> OrganizationPolicy:
    """Put the organization's own policy in the place of the one that it has."""
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise invalid("The provided resource policy is not a valid policy document.", "INVALID_RESOURCE_POLICY_JSON")
    old = held.resource_policy
    made = OrganizationPolicy(old.id if old else identifier("rp", 8), "RESOURCE_POLICY", "", content)
    made.tags = tags or (old.tags if old else {})
    held.resource_policy = made
    return made


def describe_resource_policy(account: str, p: Parameters) -> Parameters:
    """DescribeResourcePolicy."""
    held = reader(account, "DescribeResourcePolicy")
    if held.resource_policy is None:
        raise refusal("ResourcePolicyNotFoundException")
    return show.resource_policy(held, held.resource_policy)


def delete_resource_policy(account: str, p: Parameters) -> None:
    """DeleteResourcePolicy."""
    held = _owner(account)
    if held.resource_policy is None:
        raise refusal("ResourcePolicyNotFoundException")
    held.resource_policy = None


def enable_aws_service_access(account: str, p: Parameters) -> None:
    """EnableAWSServiceAccess."""
    delegation.trust(_owner(account), p["ServicePrincipal"])


def disable_aws_service_access(account: str, p: Parameters) -> None:
    """DisableAWSServiceAccess."""
    delegation.distrust(_owner(account), p["ServicePrincipal"])


def list_aws_service_access_for_organization(account: str, p: Parameters) -> Parameters:
    """ListAWSServiceAccessForOrganization."""
    found = reader(account, "ListAWSServiceAccessForOrganization").trusted
    return show.paged("EnabledServicePrincipals", [{"ServicePrincipal": s, "DateEnabled": d} for s, d in found.items()], p)


def register_delegated_administrator(account: str, p: Parameters) -> None:
    """RegisterDelegatedAdministrator."""
    delegation.delegate(_owner(account), p["AccountId"], p["ServicePrincipal"])


def deregister_delegated_administrator(account: str, p: Parameters) -> None:
    """DeregisterDelegatedAdministrator."""
    delegation.end_delegation(_owner(account), p["AccountId"], p["ServicePrincipal"])


def list_delegated_administrators(account: str, p: Parameters) -> Parameters:
    """ListDelegatedAdministrators, of all services or of one."""
    held, service = reader(account, "ListDelegatedAdministrators"), p.get("ServicePrincipal")
    shown = [
        {**show.account(held, tree.member(held, number)), "DelegationEnabledDate": min(services.values())}
        for number, services in held.delegated.items()
        if service is None or service in services
    ]
    return show.paged("DelegatedAdministrators", shown, p)


def list_delegated_services_for_account(account: str, p: Parameters) -> Parameters:
    """ListDelegatedServicesForAccount."""
    held = reader(account, "ListDelegatedServicesForAccount")
    found = held.delegated.get(tree.member(held, p["AccountId"]).id)
    if not found:
        raise refusal("AccountNotRegisteredException")
    return show.paged("DelegatedServices", [{"ServicePrincipal": s, "DelegationEnabledDate": d} for s, d in found.items()], p)


def tag_resource(account: str, p: Parameters) -> None:
    """TagResource."""
    _tagged(management(account, "TagResource"), p["ResourceId"]).tags.update(tags_of(p["Tags"]))


def untag_resource(account: str, p: Parameters) -> None:
    """UntagResource."""
    found = _tagged(management(account, "UntagResource"), p["ResourceId"])
    for key in p["TagKeys"]:
        found.tags.pop(key, None)


def list_tags_for_resource(account: str, p: Parameters) -> Parameters:
    """ListTagsForResource."""
    found = _tagged(reader(account, "ListTagsForResource"), p["ResourceId"])
    return show.paged("Tags", [{"Key": key, "Value": value} for key, value in found.tags.items()], {**p, "MaxResults": 50})


def _owner(account: str) -> Organization:
    """The organization, if the account is its management account: nobody else may, whatever a resource policy says."""
    held = tree.in_use(account)
    if account != held.management:
        raise refusal("AccessDeniedException")
    return held


def _tagged(held: Organization, resource_id: str) -> Node | OrganizationPolicy:
    own = held.resource_policy
    found = held.nodes.get(resource_id) or held.policies.get(resource_id) or (own if own and own.id == resource_id else None)
    if found is None:
        raise refusal("TargetNotFoundException")
    return found


OPERATIONS: tuple[Callable[[str, Parameters], Parameters | None], ...] = (
    create_organization, describe_organization, delete_organization, leave_organization, list_roots,
    create_organizational_unit, update_organizational_unit, delete_organizational_unit, describe_organizational_unit,
    list_organizational_units_for_parent, list_parents, list_children, create_account, describe_create_account_status,
    list_create_account_status, describe_account, list_accounts, list_accounts_for_parent, move_account, close_account,
    remove_account_from_organization, create_policy, describe_policy, update_policy, delete_policy, list_policies, attach_policy,
    detach_policy, list_policies_for_target, list_targets_for_policy, enable_policy_type, disable_policy_type,
    describe_effective_policy, put_resource_policy, describe_resource_policy, delete_resource_policy, enable_aws_service_access,
    disable_aws_service_access, list_aws_service_access_for_organization, register_delegated_administrator,
    deregister_delegated_administrator, list_delegated_administrators, list_delegated_services_for_account, tag_resource,
    untag_resource, list_tags_for_resource,
)  # fmt: skip
