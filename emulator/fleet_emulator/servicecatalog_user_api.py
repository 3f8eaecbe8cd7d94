"""Service Catalog's operations for end users: searching, launching and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import servicecatalog_launch as launch
from . import servicecatalog_stacksets as stacksets
from . import servicecatalog_users as users
from .authorization import caller
from .servicecatalog_admin_api import Parameters, fits, tag_list, tags_of
from .servicecatalog_constraints import properties
from .servicecatalog_launched import Provisioned
from .servicecatalog_model import Artifact, Catalog, Invalid, NotFound, Product
from .stacks_template import parse

CONSTRAINTS = "AllowedValues AllowedPattern ConstraintDescription MaxLength MinLength MaxValue MinValue".split()


def search_products(place: Catalog, p: Parameters) -> Parameters:
    """SearchProducts: what the caller may launch."""
    found = [item for item in users.products(place) if fits(item, p.get("Filters"))]
    return {"ProductViewSummaries": [_view(place, item) for item in found], "ProductViewAggregations": {}}


def _view(place: Catalog, item: Product) -> dict[str, Any]:
    return item.view(default_path=len(users.paths(place, item.id)) == 1)


def describe_product(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProduct: its active versions and the caller's paths."""
    if not p.get("Id") and not p.get("Name"):
        raise Invalid("Either Id or Name must be specified.")
    return _described(place, users.product(place, p.get("Id"), p.get("Name")), launch_paths=True)


def describe_product_view(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProductView, by view id."""
    return _described(place, users.product(place, p["Id"]), launch_paths=False)


def _described(place: Catalog, found: Product, launch_paths: bool) -> Parameters:
    answer: Parameters = {
        "ProductViewSummary": _view(place, found),
        "ProvisioningArtifacts": [item.summary() for item in found.artifacts if item.active],
    }
    if launch_paths:
        answer["Budgets"] = []
        answer["LaunchPaths"] = [{"Id": way.id, "Name": way.name} for way in users.paths(place, found.id)]
    return answer


def list_launch_paths(place: Catalog, p: Parameters) -> Parameters:
    """ListLaunchPaths of the caller."""
    found = users.paths(place, p["ProductId"])
    if not found:
        raise NotFound(f"No launch paths found for resource: {p['ProductId']}.")
    return {"LaunchPathSummaries": [way.shown() for way in found]}


def describe_provisioning_parameters(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProvisioningParameters: what a launch form asks for."""
    _, way, artifact = _choice(place, p)
    body = launch.template_of(artifact, way)
    template = parse(body)
    outputs = template.get("Outputs", {})
    return {
        "ProvisioningArtifactParameters": parameters_of(body),
        "ConstraintSummaries": way.shown()["ConstraintSummaries"],
        "UsageInstructions": [],
        "TagOptions": [],
        "ProvisioningArtifactPreferences": _preferences(way),
        "ProvisioningArtifactOutputs": [{"Key": key, "Description": item.get("Description")} for key, item in outputs.items()],
        "ProvisioningArtifactOutputKeys": [{"Key": key, "Description": item.get("Description")} for key, item in outputs.items()],
    }


def _preferences(way: users.Path) -> dict[str, list[str]]:
    """Where a stack set may go."""
    constraint = way.constraint("STACKSET")
    if constraint is None:
        return {}
    held = properties(constraint.parameters)
    return {"StackSetAccounts": held["AccountList"], "StackSetRegions": held["RegionList"]}


def parameters_of(body: str) -> list[dict[str, Any]]:
    """The template's parameters as Service Catalog shows them."""
    shown = []
    for key, slot in parse(body).get("Parameters", {}).items():
        constraints: dict[str, Any] = {}
        for name in CONSTRAINTS:
            if name in slot:
                value = slot[name]
                constraints[name] = [str(item) for item in value] if isinstance(value, list) else str(value)
        default = slot.get("Default")
        shown.append(
            {
                "ParameterKey": key,
                "DefaultValue": None if default is None else str(default),
                "ParameterType": slot.get("Type", "String"),
                "IsNoEcho": str(slot.get("NoEcho", "false")).lower() == "true",
                "Description": slot.get("Description"),
                "ParameterConstraints": constraints,
            }
        )
    return shown


def _choice(place: Catalog, p: Parameters) -> tuple[Product, users.Path, Artifact]:
    """The product, path and version that a request names."""
    found = users.product(place, p.get("ProductId"), p.get("ProductName"))
    way = users.path(place, found, p.get("PathId"), p.get("PathName"))
    artifact = found.artifact(p.get("ProvisioningArtifactId"), p.get("ProvisioningArtifactName"))
    if not artifact.active:
        raise NotFound(f"ProvisioningArtifact {artifact.id} not found.")
    return found, way, artifact


def provision_product(place: Catalog, p: Parameters) -> Parameters:
    """ProvisionProduct. The same ProvisionToken again answers with the same record."""
    token = p.get("ProvisionToken")
    if token and token in place.tokens:
        return {"RecordDetail": place.records[place.tokens[token]].shown("CREATED")}
    if not p.get("ProductId") and not p.get("ProductName"):
        raise NotFound(f"No launch paths found for resource: {p.get('ProductId')}.")
    try:
        found, way, artifact = _choice(place, p)
    except NotFound as error:
        if str(error.message).startswith("Product "):
            raise NotFound(f"No launch paths found for resource: {p.get('ProductId') or p.get('ProductName')}.") from None
        raise
    values = {item["Key"]: str(item.get("Value", "")) for item in p.get("ProvisioningParameters", [])}
    record = launch.provision(
        place, found, artifact, way, p["ProvisionedProductName"], values, tags_of(p.get("Tags")), p.get("NotificationArns", []),
        p.get("ProvisioningPreferences"),
    )  # fmt: skip
    if token:
        place.tokens[token] = record.id
    return {"RecordDetail": record.shown("CREATED")}


def update_provisioned_product(place: Catalog, p: Parameters) -> Parameters:
    """UpdateProvisionedProduct: the version that it has is kept unless another is named."""
    made = launch.find(place, p.get("ProvisionedProductId"), p.get("ProvisionedProductName"))
    found = users.product(place, p.get("ProductId") or (None if p.get("ProductName") else made.product_id), p.get("ProductName"))
    ways = users.paths(place, found.id)
    same = [way for way in ways if way.id == made.path_id and not p.get("PathId") and not p.get("PathName")]
    way = same[0] if same else users.path(place, found, p.get("PathId"), p.get("PathName"))
    named = p.get("ProvisioningArtifactId"), p.get("ProvisioningArtifactName")
    artifact = found.artifact(*named) if any(named) else found.artifact(made.artifact_id)
    parameters, tags = p.get("ProvisioningParameters", []), tags_of(p.get("Tags"))
    record = launch.update(place, made, found, artifact, way, parameters, tags, p.get("ProvisioningPreferences"))
    return {"RecordDetail": record.shown("CREATED")}


def terminate_provisioned_product(place: Catalog, p: Parameters) -> Parameters:
    """TerminateProvisionedProduct."""
    made = launch.find(place, p.get("ProvisionedProductId"), p.get("ProvisionedProductName"))
    record = launch.terminate(place, made, bool(p.get("IgnoreErrors")), bool(p.get("RetainPhysicalResources")))
    return {"RecordDetail": record.shown("CREATED")}


def list_stack_instances_for_provisioned_product(place: Catalog, p: Parameters) -> Parameters:
    """ListStackInstancesForProvisionedProduct."""
    made = launch.find(place, p["ProvisionedProductId"])
    if made.stack_set is None:
        raise Invalid(f"Provisioned product {made.id} is no stack set")
    return {"StackInstances": stacksets.instances(made)}


def describe_record(place: Catalog, p: Parameters) -> Parameters:
    """DescribeRecord: its state, errors and outputs."""
    if p["Id"] not in place.records:
        raise NotFound(f"Record {p['Id']} not found.")
    record = place.records[p["Id"]]
    return {"RecordDetail": record.shown(), "RecordOutputs": record.outputs}


def list_record_history(place: Catalog, p: Parameters) -> Parameters:
    """ListRecordHistory, newest first."""
    wanted = p.get("SearchFilter") or {}
    key, value = wanted.get("Key"), wanted.get("Value")
    field = {"product": "product_id", "provisionedproduct": "provisioned_id"}.get(str(key))
    found = [item for item in reversed(place.records.values()) if field is None or getattr(item, field) == value]
    return {"RecordDetails": [item.shown() for item in found]}


def describe_provisioned_product(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProvisionedProduct, by id or name."""
    return {"ProvisionedProductDetail": launch.find(place, p.get("Id"), p.get("Name")).shown(), "CloudWatchDashboards": []}


def get_provisioned_product_outputs(place: Catalog, p: Parameters) -> Parameters:
    """GetProvisionedProductOutputs: all, or those named."""
    made = launch.find(place, p.get("ProvisionedProductId"), p.get("ProvisionedProductName"))
    outputs = place.records[made.last_success].outputs if made.last_success else []
    wanted = p.get("OutputKeys")
    known = {item["OutputKey"] for item in outputs}
    missing = [key for key in wanted or [] if key not in known]
    if missing:
        raise Invalid(f"Invalid OutputKeys: {', '.join(missing)}")
    return {"Outputs": [item for item in outputs if not wanted or item["OutputKey"] in wanted]}


def search_provisioned_products(place: Catalog, p: Parameters) -> Parameters:
    """SearchProvisionedProducts: the caller's own, unless the access level asks for the account's."""
    found = [item for item in _accessible(place, p) if _matches(item, p.get("Filters", {}).get("SearchQuery", []))]
    attributes = [_attributes(place, item) for item in found]
    return {"ProvisionedProducts": attributes, "TotalResultsCount": len(attributes)}


def scan_provisioned_products(place: Catalog, p: Parameters) -> Parameters:
    """ScanProvisionedProducts."""
    return {"ProvisionedProducts": [item.shown() for item in _accessible(place, p)]}


def _accessible(place: Catalog, p: Parameters) -> Iterable[Provisioned]:
    if (p.get("AccessLevelFilter") or {}).get("Key", "User") == "Account":
        return list(place.provisioned.values())
    who = caller()
    if who is None or who.arn is None:
        return list(place.provisioned.values())
    return [item for item in place.provisioned.values() if item.user_arn == who.arn]


def _matches(item: Provisioned, queries: list[str]) -> bool:
    values = {
        "id": item.id, "name": item.name, "arn": item.arn, "productid": item.product_id, "status": item.status,
        "provisioningartifactid": item.artifact_id, "userarn": item.user_arn, "type": item.shown()["Type"],
    }  # fmt: skip
    for query in queries:
        key, separator, value = query.partition(":")
        if separator and key.lower() in values:
            if values[key.lower()] != value.strip('"'):
                return False
        elif query.strip('"') not in " ".join(values.values()):
            return False
    return True


def _attributes(place: Catalog, item: Provisioned) -> dict[str, Any]:
    product = next((p for p in users.products(place) if p.id == item.product_id), None)
    version = next((a for a in product.artifacts if a.id == item.artifact_id), None) if product else None
    return {
        **item.shown(),
        "PhysicalId": item.stack.stack_id if item.stack else None,
        "Tags": tag_list(item.tags),
        "ProductName": product.name if product else None,
        "ProvisioningArtifactName": version.name if version else None,
        "UserArn": item.session_arn,
        "UserArnSession": item.session_arn,
    }


Operation = Callable[[Catalog, Parameters], Parameters]

OPERATIONS: tuple[Operation, ...] = (
    search_products, describe_product, describe_product_view, list_launch_paths, describe_provisioning_parameters,
    provision_product, update_provisioned_product, terminate_provisioned_product, describe_record, list_record_history,
    list_stack_instances_for_provisioned_product,
    describe_provisioned_product, get_provisioned_product_outputs, search_provisioned_products, scan_provisioned_products,
)  # fmt: skip
