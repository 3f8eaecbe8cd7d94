"""TagOptions and service actions: kept, associated and shown; a launch takes on no tag by itself and no action is run.

Source: CreateTagOption, AssociateTagOptionWithResource, CreateServiceAction in the Service Catalog API Reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import servicecatalog_admin as admin
from .servicecatalog_model import Catalog, Duplicate, InUse, Invalid, NotFound, Product, identifier

Parameters = dict[str, Any]


@dataclass
class TagOption:
    """A key and value that administrators offer, and the portfolios and products it is on."""

    id: str
    key: str
    value: str
    owner: str
    active: bool = True
    resources: list[str] = field(default_factory=list)

    def shown(self) -> Parameters:
        """TagOptionDetail."""
        return {"Id": self.id, "Key": self.key, "Value": self.value, "Active": self.active, "Owner": self.owner}


@dataclass
class ServiceAction:
    """An automation document that end users may run, and the versions (product and artifact) it is on."""

    id: str
    name: str
    type: str
    definition: dict[str, str]
    description: str | None = None
    versions: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> Parameters:
        """ServiceActionSummary."""
        return {"Id": self.id, "Name": self.name, "Description": self.description, "DefinitionType": self.type}

    def shown(self) -> Parameters:
        """ServiceActionDetail."""
        return {"ServiceActionSummary": self.summary(), "Definition": self.definition}


def make_tag_option(place: Catalog, key: str, value: str, active: bool = True) -> TagOption:
    """A new TagOption; each key and value once."""
    if any((item.key, item.value) == (key, value) for item in place.tag_options.values()):
        raise Duplicate(f"TagOption {key}={value} already exists.")
    made = TagOption(identifier("tag"), key, value, place.account, active)
    place.tag_options[made.id] = made
    return made


def tag_option(place: Catalog, option_id: str) -> TagOption:
    """A TagOption of this account."""
    if option_id not in place.tag_options:
        raise NotFound(f"TagOption {option_id} not found.")
    found: TagOption = place.tag_options[option_id]
    return found


def drop_tag_option(place: Catalog, option_id: str) -> None:
    """Delete a TagOption that is on nothing."""
    if tag_option(place, option_id).resources:
        raise InUse(f"TagOption {option_id} is associated with {', '.join(tag_option(place, option_id).resources)}.")
    del place.tag_options[option_id]


def tag(place: Catalog, option_id: str, resource: str) -> None:
    """Put a TagOption on a portfolio or product of this account."""
    option = tag_option(place, option_id)
    if resource not in place.portfolios and resource not in place.products:
        raise NotFound(f"Resource {resource} not found.")
    if resource in option.resources:
        raise Duplicate(f"TagOption {option_id} is already associated with {resource}.")
    option.resources.append(resource)


def untag(place: Catalog, option_id: str, resource: str) -> None:
    """Take it off."""
    option = tag_option(place, option_id)
    if resource not in option.resources:
        raise NotFound(f"TagOption {option_id} is not associated with {resource}.")
    option.resources.remove(resource)


def make_action(place: Catalog, name: str, kind: str, definition: dict[str, str], description: str | None) -> ServiceAction:
    """A new service action; its definition names the document."""
    if kind != "SSM_AUTOMATION" or not definition.get("Name"):
        raise Invalid("A service action has the DefinitionType SSM_AUTOMATION and a Definition with Name")
    made = ServiceAction(identifier("act"), name, kind, definition, description)
    place.actions[made.id] = made
    return made


def action(place: Catalog, action_id: str) -> ServiceAction:
    """A service action of this account."""
    if action_id not in place.actions:
        raise NotFound(f"ServiceAction {action_id} not found.")
    found: ServiceAction = place.actions[action_id]
    return found


def drop_action(place: Catalog, action_id: str) -> None:
    """Delete a service action that is on no version."""
    if action(place, action_id).versions:
        raise InUse(f"ServiceAction {action_id} is associated with provisioning artifacts.")
    del place.actions[action_id]


def attach(place: Catalog, action_id: str, product: str, artifact: str) -> None:
    """Put a service action on a version."""
    version = (_product(place, product).id, _product(place, product).artifact(artifact).id)
    if version in action(place, action_id).versions:
        raise Duplicate(f"ServiceAction {action_id} is already associated with {artifact}.")
    action(place, action_id).versions.append(version)


def _product(place: Catalog, product: str) -> Product:
    return admin.own_product(place, product)


def detach(place: Catalog, action_id: str, product: str, artifact: str) -> None:
    """Take it off."""
    if (product, artifact) not in action(place, action_id).versions:
        raise NotFound(f"ServiceAction {action_id} is not associated with {artifact}.")
    action(place, action_id).versions.remove((product, artifact))


def create_tag_option(place: Catalog, p: Parameters) -> Parameters:
    """CreateTagOption."""
    return {"TagOptionDetail": make_tag_option(place, p["Key"], p["Value"]).shown()}


def describe_tag_option(place: Catalog, p: Parameters) -> Parameters:
    """DescribeTagOption."""
    return {"TagOptionDetail": tag_option(place, p["Id"]).shown()}


def update_tag_option(place: Catalog, p: Parameters) -> Parameters:
    """UpdateTagOption."""
    found = tag_option(place, p["Id"])
    found.value, found.active = p.get("Value", found.value), p.get("Active", found.active)
    return {"TagOptionDetail": found.shown()}


def list_tag_options(place: Catalog, p: Parameters) -> Parameters:
    """ListTagOptions."""
    wanted = p.get("Filters") or {}
    fields = {"Key": "key", "Value": "value", "Active": "active"}
    found = [o for o in place.tag_options.values() if all(getattr(o, fields[k]) == v for k, v in wanted.items())]
    return {"TagOptionDetails": [item.shown() for item in found]}


def delete_tag_option(place: Catalog, p: Parameters) -> Parameters:
    """DeleteTagOption."""
    drop_tag_option(place, p["Id"])
    return {}


def associate_tag_option_with_resource(place: Catalog, p: Parameters) -> Parameters:
    """AssociateTagOptionWithResource."""
    tag(place, p["TagOptionId"], p["ResourceId"])
    return {}


def disassociate_tag_option_from_resource(place: Catalog, p: Parameters) -> Parameters:
    """DisassociateTagOptionFromResource."""
    untag(place, p["TagOptionId"], p["ResourceId"])
    return {}


def create_service_action(place: Catalog, p: Parameters) -> Parameters:
    """CreateServiceAction."""
    made = make_action(place, p["Name"], p["DefinitionType"], p["Definition"], p.get("Description"))
    return {"ServiceActionDetail": made.shown()}


def describe_service_action(place: Catalog, p: Parameters) -> Parameters:
    """DescribeServiceAction."""
    return {"ServiceActionDetail": action(place, p["Id"]).shown()}


def list_service_actions(place: Catalog, p: Parameters) -> Parameters:
    """ListServiceActions."""
    return {"ServiceActionSummaries": [item.summary() for item in place.actions.values()]}


def delete_service_action(place: Catalog, p: Parameters) -> Parameters:
    """DeleteServiceAction."""
    drop_action(place, p["Id"])
    return {}


def associate_service_action_with_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """AssociateServiceActionWithProvisioningArtifact."""
    attach(place, p["ServiceActionId"], p["ProductId"], p["ProvisioningArtifactId"])
    return {}


def disassociate_service_action_from_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """DisassociateServiceActionFromProvisioningArtifact."""
    detach(place, p["ServiceActionId"], p["ProductId"], p["ProvisioningArtifactId"])
    return {}


def list_service_actions_for_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """ListServiceActionsForProvisioningArtifact."""
    version = (p["ProductId"], p["ProvisioningArtifactId"])
    return {"ServiceActionSummaries": [item.summary() for item in place.actions.values() if version in item.versions]}


OPERATIONS = (
    create_tag_option, describe_tag_option, update_tag_option, list_tag_options, delete_tag_option,
    associate_tag_option_with_resource, disassociate_tag_option_from_resource, create_service_action, describe_service_action,
    list_service_actions, delete_service_action, associate_service_action_with_provisioning_artifact,
    disassociate_service_action_from_provisioning_artifact, list_service_actions_for_provisioning_artifact,
)  # fmt: skip
