"""A whole organization at once: ``PUT /_fleet/organizations``, for a rehearsal that begins in an organization as it is.

Ids that are given are kept, so that settings which name units mean those here. The root's id is the part that the units' ids
share. Accounts exist elsewhere already, so they join as invited ones do: without the administrator's role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import fleet_api
from . import organizations_tree as tree
from .organizations_errors import Refused
from .organizations_model import ORGANIZATIONS, Member, Organization, organization_of

QUOTA = 100
"""Accounts in an organization that is given: a real one had its quota raised. ``accountQuota`` sets another."""

UNIT_ID = re.compile(r"ou-([0-9a-z]{4,32})-[a-z0-9]{8,32}")
ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}")


def put(body: Mapping[str, Any]) -> dict[str, Any]:
    """Make the organization; Conflict if an account is in one or an id is taken, BadRequest if the tree makes no sense."""
    wanted = body.get("id") or ""
    units, accounts = list(body.get("units") or []), list(body.get("accounts") or [])
    _check(wanted, units, [body["management"], *(item["id"] for item in accounts)])
    made = tree.create_organization(body["management"], organization_id=wanted, root_id=_root_id(units))
    try:
        made.account_quota = int(body.get("accountQuota") or QUOTA)
        shown = [_unit(made, item) for item in _parents_first(units)]
        for item in accounts:
            _account(made, item)
    except (Refused, fleet_api.BadRequest):
        tree.undo(made)
        raise
    return {"id": made.id, "root": made.root_id, "units": shown}


def _check(organization_id: str, units: list[Mapping[str, Any]], accounts: list[str]) -> None:
    if organization_id and not ORGANIZATION_ID.fullmatch(organization_id):
        raise fleet_api.BadRequest(f"id: want o- and 10 to 32 lower-case letters or digits, got {organization_id!r}")
    for item in units:
        if item.get("id") and not UNIT_ID.fullmatch(item["id"]):
            raise fleet_api.BadRequest(f"units: want ou-<root>-<8 to 32 lower-case letters or digits>, got {item['id']!r}")
    if len({_part(item) for item in units if item.get("id")}) > 1:
        raise fleet_api.BadRequest("units: their ids name different roots: an organization has one")
    for account in accounts:
        if not re.fullmatch(r"\d{12}", account):
            raise fleet_api.BadRequest(f"want an account of 12 digits, got {account!r}")
        held = organization_of(account)
        if held is not None:
            raise fleet_api.Conflict(f"account {account} is in the organization {held.id} already: leave it out, or start anew")
    if organization_id in ORGANIZATIONS:
        raise fleet_api.Conflict(f"there is an organization {organization_id} already: choose another id, or none")


def _part(item: Mapping[str, Any]) -> str:
    found = UNIT_ID.fullmatch(item["id"])
    assert found is not None
    return found[1]


def _root_id(units: list[Mapping[str, Any]]) -> str:
    return next((f"r-{_part(item)}" for item in units if item.get("id")), "")


def _parents_first(units: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    known, waiting = {"", "ROOT"}, list(units)
    while waiting:
        ready = [item for item in waiting if (item.get("parent") or "ROOT") in known]
        if not ready:
            listed = ", ".join(f"{item['name']} below {item.get('parent')}" for item in waiting)
            raise fleet_api.BadRequest(f"units: no such parent, or a circle: {listed}")
        found += ready
        known.update(item["id"] for item in ready if item.get("id"))
        waiting = [item for item in waiting if item not in ready]
    return found


def _unit(made: Organization, item: Mapping[str, Any]) -> dict[str, str]:
    node = tree.create_unit(made, _parent(made, item), item["name"], unit_id=item.get("id") or "")
    return {"id": node.id, "name": node.name, "parent": node.parent}


def _account(made: Organization, item: Mapping[str, Any]) -> None:
    account = item["id"]
    email = item.get("email") or f"aws+{account}@example.com"
    if account == made.management:
        node = made.nodes[account]
        assert isinstance(node, Member)
        node.name, node.email = item.get("name") or node.name, email
        return
    tree.join(made, account, item.get("name") or f"account-{account}", email, _parent(made, item), "INVITED")


def _parent(made: Organization, item: Mapping[str, Any]) -> str:
    named = item.get("parent") or "ROOT"
    return made.root_id if named == "ROOT" else named


@fleet_api.endpoint("PUT", "organizations")
def _put(*, body: dict[str, Any], **_: Any) -> Any:
    try:
        return put(body)
    except Refused as error:
        raise fleet_api.BadRequest(f"{error.code}: {error.message}") from error
