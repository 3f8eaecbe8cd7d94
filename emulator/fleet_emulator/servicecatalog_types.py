"""Service Catalog's CloudFormation types, held by the same catalog that the API shows."""

from __future__ import annotations

from typing import Any

from . import servicecatalog_admin as admin
from . import servicecatalog_shares as shares
from .resource_types import Operation, Properties, Resource, define, made
from .servicecatalog_admin_api import described, product_of, tags_of
from .servicecatalog_model import Catalog, Invalid, NotFound, catalog

PREFIX = "AWS::ServiceCatalog::"


def register() -> None:
    """Define the types."""
    define(PREFIX + "Portfolio", create=_portfolio, update=_update_portfolio, delete=_delete_portfolio, attributes=_named)
    define(
        PREFIX + "CloudFormationProduct",
        create=_product,
        update=_update_product,
        delete=lambda o, r: admin.delete_product(_place(o), r.physical_resource_id),
        attributes=_product_attributes,
    )
    define(PREFIX + "PortfolioProductAssociation", create=_associate, delete=_disassociate)
    define(PREFIX + "PortfolioPrincipalAssociation", create=_principal, delete=_remove_principal)
    define(PREFIX + "PortfolioShare", create=_share, update=_update_share, delete=_unshare)
    define(PREFIX + "AcceptedPortfolioShare", create=_accept, delete=_reject)
    define(PREFIX + "LaunchRoleConstraint", create=_launch_role, update=_update_launch_role, delete=_delete_constraint)
    define(PREFIX + "LaunchNotificationConstraint", create=_notification, update=_update_other, delete=_delete_constraint)
    define(PREFIX + "LaunchTemplateConstraint", create=_template, update=_update_other, delete=_delete_constraint)
    define(PREFIX + "ResourceUpdateConstraint", create=_resource_update, update=_update_other, delete=_delete_constraint)


def _place(operation: Operation) -> Catalog:
    return catalog(operation.account, operation.region)


def _portfolio(operation: Operation, p: Properties) -> Resource:
    place = _place(operation)
    item = admin.create_portfolio(place, p["DisplayName"], p["ProviderName"], p.get("Description"), tags_of(p.get("Tags")))
    return made(PREFIX + "Portfolio", operation, p, item.id, item)


def _update_portfolio(operation: Operation, resource: Resource, p: Properties) -> None:
    item = _place(operation).portfolio(resource.physical_resource_id, own=True)
    item.display_name, item.provider = p["DisplayName"], p["ProviderName"]
    item.description, item.tags = p.get("Description"), tags_of(p.get("Tags"))


def _delete_portfolio(operation: Operation, resource: Resource) -> None:
    admin.delete_portfolio(_place(operation), resource.physical_resource_id)


def _named(resource: Resource) -> dict[str, Any]:
    return {"PortfolioName": resource.properties["DisplayName"], "Id": resource.physical_resource_id}


def _product(operation: Operation, p: Properties) -> Resource:
    place = _place(operation)
    versions = p.get("ProvisioningArtifactParameters") or []
    if p.get("SourceConnection"):
        raise Invalid("products synchronized from a repository (SourceConnection) are not emulated")
    item = admin.create_product(place, product_of(place, p), versions, operation.principal)
    return made(PREFIX + "CloudFormationProduct", operation, p, item.id, item)


def _update_product(operation: Operation, resource: Resource, p: Properties) -> None:
    place = _place(operation)
    item = admin.own_product(place, resource.physical_resource_id)
    versions = p.get("ProvisioningArtifactParameters") or []
    admin.replace_versions(place, item, versions, operation.principal, bool(p.get("ReplaceProvisioningArtifacts", False)))
    item.name, item.owner, item.tags = p["Name"], p["Owner"], tags_of(p.get("Tags"))
    for name, value in described(p).items():
        setattr(item, name, value)


def _product_attributes(resource: Resource) -> dict[str, Any]:
    item = admin.own_product(catalog(resource.account, resource.region), resource.physical_resource_id)
    return {
        "Id": item.id,
        "ProductName": item.name,
        "ProvisioningArtifactIds": ",".join(version.id for version in item.artifacts),
        "ProvisioningArtifactNames": ",".join(version.name for version in item.artifacts),
    }


def _associate(operation: Operation, p: Properties) -> Resource:
    admin.associate(_place(operation), p["PortfolioId"], p["ProductId"])
    return made(PREFIX + "PortfolioProductAssociation", operation, p, f"{p['PortfolioId']}|{p['ProductId']}")


def _disassociate(operation: Operation, resource: Resource) -> None:
    p = resource.properties
    admin.disassociate(_place(operation), p["PortfolioId"], p["ProductId"])


def _principal(operation: Operation, p: Properties) -> Resource:
    arn, kind = p["PrincipalARN"], p.get("PrincipalType", "IAM")
    admin.add_principal(_place(operation), p["PortfolioId"], arn, kind)
    return made(PREFIX + "PortfolioPrincipalAssociation", operation, p, f"{p['PortfolioId']}|{arn}")


def _remove_principal(operation: Operation, resource: Resource) -> None:
    p = resource.properties
    admin.remove_principal(_place(operation), p["PortfolioId"], p["PrincipalARN"], p.get("PrincipalType", "IAM"))


def _share(operation: Operation, p: Properties) -> Resource:
    shares.share_with_account(_place(operation), p["PortfolioId"], p["AccountId"], bool(p.get("ShareTagOptions")))
    return made(PREFIX + "PortfolioShare", operation, p, f"{p['PortfolioId']}|{p['AccountId']}")


def _update_share(operation: Operation, resource: Resource, p: Properties) -> None:
    given = {"ShareTagOptions": bool(p.get("ShareTagOptions"))}
    shares.change(_place(operation), p["PortfolioId"], None, p["AccountId"], given)


def _unshare(operation: Operation, resource: Resource) -> None:
    shares.unshare_account(_place(operation), resource.properties["PortfolioId"], resource.properties["AccountId"])


def _accept(operation: Operation, p: Properties) -> Resource:
    shares.accept(_place(operation), p["PortfolioId"])
    return made(PREFIX + "AcceptedPortfolioShare", operation, p, p["PortfolioId"])


def _reject(operation: Operation, resource: Resource) -> None:
    try:
        shares.reject(_place(operation), resource.properties["PortfolioId"])
    except NotFound:
        return  # the owner ended the share first


def _constraint(operation: Operation, p: Properties, name: str, kind: str, parameters: dict[str, Any]) -> Resource:
    item = admin.create_constraint(_place(operation), p["PortfolioId"], p["ProductId"], kind, parameters, p.get("Description"))
    return made(PREFIX + name, operation, p, item.id, item, Id=item.id)


def _delete_constraint(operation: Operation, resource: Resource) -> None:
    admin.delete_constraint(_place(operation), resource.physical_resource_id)


def _launch_parameters(p: Properties) -> dict[str, Any]:
    return {key: p[key] for key in ("RoleArn", "LocalRoleName") if p.get(key)}


def _launch_role(operation: Operation, p: Properties) -> Resource:
    return _constraint(operation, p, "LaunchRoleConstraint", "LAUNCH", _launch_parameters(p))


def _update_launch_role(operation: Operation, resource: Resource, p: Properties) -> None:
    admin.check_launch(_place(operation), _launch_parameters(p))
    resource.state.parameters, resource.state.description = _launch_parameters(p), p.get("Description")


def _notification(operation: Operation, p: Properties) -> Resource:
    return _constraint(operation, p, "LaunchNotificationConstraint", "NOTIFICATION", _other_parameters(p))


def _template(operation: Operation, p: Properties) -> Resource:
    return _constraint(operation, p, "LaunchTemplateConstraint", "TEMPLATE", _other_parameters(p))


def _resource_update(operation: Operation, p: Properties) -> Resource:
    return _constraint(operation, p, "ResourceUpdateConstraint", "RESOURCE_UPDATE", _other_parameters(p))


def _update_other(operation: Operation, resource: Resource, p: Properties) -> None:
    resource.state.parameters, resource.state.description = _other_parameters(p), p.get("Description")


def _other_parameters(p: Properties) -> dict[str, Any]:
    if "NotificationArns" in p:
        return {"NotificationArns": p["NotificationArns"]}
    if "Rules" in p:
        return admin.rules(p["Rules"])
    return {"TagUpdateOnProvisionedProduct": p.get("TagUpdateOnProvisionedProduct")}
