"""What moto's RAM, Security Hub and others read of Organizations, answered by these organizations instead of moto's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.organizations.models import OrganizationsBackend
from moto.ram.exceptions import OperationNotPermittedException
from moto.ram.models import ResourceAccessManagerBackend

from . import organizations_delegation as delegation
from . import organizations_show as show
from . import organizations_tree as tree
from .organizations_model import Organization, organization_of


def register() -> None:
    """Replace what moto's other services call."""
    OrganizationsBackend.org = property(_own, lambda self, value: None)  # type: ignore[assignment]
    OrganizationsBackend.describe_organization = _describe  # type: ignore[method-assign]
    OrganizationsBackend.list_roots = _roots  # type: ignore[method-assign]
    OrganizationsBackend.list_organizational_units_for_parent = _units  # type: ignore[method-assign, assignment]
    OrganizationsBackend.get_account_by_id = _account  # type: ignore[method-assign]
    ResourceAccessManagerBackend.enable_sharing_with_aws_organization = _share  # type: ignore[method-assign]


def _own(self: OrganizationsBackend) -> Organization | None:
    """The organization that the account manages."""
    held = organization_of(self.account_id)
    return held if held is not None and held.management == self.account_id else None


def _describe(self: OrganizationsBackend) -> dict[str, Any]:
    return {"Organization": show.organization(tree.in_use(self.account_id))}


def _roots(self: OrganizationsBackend) -> dict[str, Any]:
    return {"Roots": [show.root(tree.in_use(self.account_id))]}


def _units(self: OrganizationsBackend, parent_id: str, **_: Any) -> tuple[list[SimpleNamespace], None]:
    """Every unit, not only those directly under the root: RAM takes them for those that can be shared with."""
    held = tree.in_use(self.account_id)
    units = [node for node in held.nodes.values() if node.kind == tree.UNIT]
    return [SimpleNamespace(id=node.id, arn=held.arn(node.id), name=node.name) for node in units], None


def _account(self: OrganizationsBackend, account_id: str) -> Any:
    return tree.member(tree.in_use(self.account_id), account_id)


def _share(self: ResourceAccessManagerBackend) -> dict[str, Any]:
    """Trust RAM in the organization that the account manages, as the service does beside its own switch."""
    held = organization_of(self.account_id)
    if held is None or held.management != self.account_id:
        raise OperationNotPermittedException
    delegation.trust(held, "ram.amazonaws.com")
    return {"returnValue": True}
