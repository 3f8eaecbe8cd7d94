"""Service Catalog's CloudFormation types, held by the same catalog that the API shows."""

from __future__ import annotations

from typing import Any

from . import servicecatalog_admin as admin
from . import servicecatalog_constraints as constraints
from . import servicecatalog_options as options
from . import servicecatalog_shares as shares
from .resource_types import Create, Operation, Properties, Resource, define, made
from .servicecatalog_admin_api import described, product_of, tags_of
from .servicecatalog_model import Catalog, Invalid, NotFound, catalog

PREFIX = "AWS::ServiceCatalog::"
CONSTRAINTS = {
    "LaunchRoleConstraint": "LAUNCH",
    "LaunchNotificationConstraint": "NOTIFICATION",
    "LaunchTemplateConstraint": "TEMPLATE",
    "ResourceUpdateConstraint": "RESOURCE_UPDATE",
    "StackSetConstraint": "STACKSET",
}


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
    define(PREFIX + "TagOption", create=_tag_option, update=_update_tag_option, delete=_drop_tag_option)
    define(PREFIX + "TagOptionAssociation", create=_tag, delete=_untag)
    define(PREFIX + "ServiceAction", create=_action, update=_update_action, delete=_drop_action)
    define(PREFIX + "ServiceActionAssociation", create=_attach, delete=_detach)
    for name, kind in CONSTRAINTS.items():
        define(PREFIX + name, create=_creator(name, kind), update=_update_constraint, delete=_delete_constraint)


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


def _creator(name: str, kind: str) -> Create:
    def create(operation: Operation, p: Properties) -> Resource:
        given = p["PortfolioId"], p["ProductId"], kind, _parameters(p), p.get("Description")
        item = admin.create_constraint(_place(operation), *given)
        return made(PREFIX + name, operation, p, item.id, item, Id=item.id)

    return create


def _delete_constraint(operation: Operation, resource: Resource) -> None:
    admin.delete_constraint(_place(operation), resource.physical_resource_id)


def _parameters(p: Properties) -> dict[str, Any]:
    """The properties of a constraint's type as the API takes them."""
    if "NotificationArns" in p:
        return {"NotificationArns": p["NotificationArns"]}
    if "Rules" in p:
        return constraints.rules(p["Rules"])
    if "TagUpdateOnProvisionedProduct" in p:
        return {"Version": "2.0", "Properties": {"TagUpdateOnProvisionedProduct": p["TagUpdateOnProvisionedProduct"]}}
    if "AdminRole" in p:
        names = ("AccountList", "RegionList", "AdminRole", "ExecutionRole", "StackInstanceControl")
        return {"Version": "2.0", "Properties": {name: p[name] for name in names}}
    return {key: p[key] for key in ("RoleArn", "LocalRoleName") if p.get(key)}


def _update_constraint(operation: Operation, resource: Resource, p: Properties) -> None:
    held = resource.state
    held.parameters = constraints.check(_place(operation), held.type, _parameters(p))
    held.description = p.get("Description")


def _tag_option(operation: Operation, p: Properties) -> Resource:
    item = options.make_tag_option(_place(operation), p["Key"], p["Value"], bool(p.get("Active", True)))
    return made(PREFIX + "TagOption", operation, p, item.id, item, Id=item.id)


def _update_tag_option(operation: Operation, resource: Resource, p: Properties) -> None:
    resource.state.active = bool(p.get("Active", True))


def _drop_tag_option(operation: Operation, resource: Resource) -> None:
    options.drop_tag_option(_place(operation), resource.physical_resource_id)


def _tag(operation: Operation, p: Properties) -> Resource:
    options.tag(_place(operation), p["TagOptionId"], p["ResourceId"])
    return made(PREFIX + "TagOptionAssociation", operation, p, f"{p['TagOptionId']}|{p['ResourceId']}")


def _untag(operation: Operation, resource: Resource) -> None:
    options.untag(_place(operation), resource.properties["TagOptionId"], resource.properties["ResourceId"])


def _action(operation: Operation, p: Properties) -> Resource:
    item = options.make_action(_place(operation), p["Name"], p["DefinitionType"], _definition(p), p.get("Description"))
    return made(PREFIX + "ServiceAction", operation, p, item.id, item, Id=item.id)


def _definition(p: Properties) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in p["Definition"]}


def _update_action(operation: Operation, resource: Resource, p: Properties) -> None:
    held = resource.state
    held.name, held.description, held.definition = p["Name"], p.get("Description"), _definition(p)


def _drop_action(operation: Operation, resource: Resource) -> None:
    options.drop_action(_place(operation), resource.physical_resource_id)


def _attach(operation: Operation, p: Properties) -> Resource:
    ids = p["ServiceActionId"], p["ProductId"], p["ProvisioningArtifactId"]
    options.attach(_place(operation), *ids)
    return made(PREFIX + "ServiceActionAssociation", operation, p, "|".join((ids[1], ids[2], ids[0])))


def _detach(operation: Operation, resource: Resource) -> None:
    p = resource.properties
    options.detach(_place(operation), p["ServiceActionId"], p["ProductId"], p["ProvisioningArtifactId"])
