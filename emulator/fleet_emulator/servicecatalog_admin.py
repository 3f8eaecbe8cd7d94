"""What administrators do: portfolios, products and versions, associations, principals and constraints.

Both the API and the CloudFormation types call these functions. Quotas: "Service Catalog endpoints and quotas".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.iam.models import iam_backends

from . import servicecatalog_constraints as constraints
from . import servicecatalog_shares
from .servicecatalog_model import (
    Artifact,
    Catalog,
    Constraint,
    InUse,
    Invalid,
    LimitExceeded,
    NotFound,
    Portfolio,
    Principal,
    Product,
    identifier,
)
from .stacks_source import read
from .stacks_template import check_shape, parse

MAX_VERSIONS = 100
MAX_PORTFOLIOS = 100
MAX_PRODUCTS = 350
MAX_PRODUCTS_OF_PORTFOLIO = 150
MAX_PRINCIPALS = 100
PATTERN = re.compile(r"arn:(aws|\*):iam:::(role|user|group)/.+")


def create_portfolio(
    place: Catalog, display_name: str, provider: str, description: str | None = None, tags: dict[str, str] | None = None
) -> Portfolio:
    """A new portfolio of this account."""
    _limit(len(place.portfolios), MAX_PORTFOLIOS, "portfolios in this region")
    made = Portfolio(identifier("port"), place.account, place.region, display_name, description, provider, tags or {})
    place.portfolios[made.id] = made
    return made


def delete_portfolio(place: Catalog, portfolio_id: str) -> None:
    """Delete a portfolio that nothing uses any more."""
    portfolio = place.portfolio(portfolio_id, own=True)
    uses = [
        *(f"product {product}" for owner, product in place.associations if owner == portfolio_id),
        *(f"principal {item.arn}" for item in place.principals if item.portfolio == portfolio_id),
        *(f"share with {account}" for account in sorted(portfolio.shares)),
        *(f"share with {node}" for _, node in portfolio.live_nodes()),
    ]
    if uses:
        raise InUse(f"Portfolio {portfolio_id} is in use: {', '.join(uses)}")
    del place.portfolios[portfolio_id]


def create_product(place: Catalog, product: Product, versions: Sequence[dict[str, Any]], reader: str | None) -> Product:
    """A new product with its versions, whose templates ``reader`` must be able to read."""
    _limit(len(place.products), MAX_PRODUCTS, "products in this region")
    product.artifacts = [artifact(place, version, reader, index) for index, version in enumerate(versions)]
    _limit(len(product.artifacts) - 1, MAX_VERSIONS, f"versions of product {product.name}")
    place.products[product.id] = product
    return product


def artifact(place: Catalog, version: dict[str, Any], reader: str | None, index: int = 0) -> Artifact:
    """A new version from ProvisioningArtifactProperties: its template is fetched now, and kept."""
    url = (version.get("Info") or {}).get("LoadTemplateFromURL")
    if not url:
        raise Invalid("Info must hold LoadTemplateFromURL: other sources of a template are not emulated")
    return Artifact(
        id=identifier("pa"),
        name=version.get("Name") or f"v{index + 1}",
        description=version.get("Description"),
        url=url,
        body=fetch(place, url, reader, not version.get("DisableTemplateValidation", False)),
        type=version.get("Type") or "CLOUD_FORMATION_TEMPLATE",
    )


def fetch(place: Catalog, url: str, reader: str | None, validate: bool = True) -> str:
    """The template at the address, as the reader may read it; what is no template is refused."""
    try:
        body = read(url, place.account, reader)
        if validate:
            check_shape(parse(body))
    except ValidationError as error:
        raise Invalid(f"Invalid template at {url}: {error.message}") from None
    return body


def replace_versions(
    place: Catalog, product: Product, versions: Sequence[dict[str, Any]], reader: str | None, renew: bool
) -> None:
    """Bring the versions to a list, as a CloudFormation update does.

    What has the same name and address keeps its id, state and guidance; ``renew`` (ReplaceProvisioningArtifacts) gives new ids
    to all. What the list lacks is deleted. Every listed template is read again.
    """
    kept = {} if renew else {(item.name, item.url): item for item in product.artifacts}
    fresh: list[Artifact] = []
    for index, version in enumerate(versions):
        new = artifact(place, version, reader, index)
        old = kept.get((new.name, new.url))
        if old is not None:
            old.description = new.description
        fresh.append(old or new)
    _limit(len(fresh) - 1, MAX_VERSIONS, f"versions of product {product.name}")
    product.artifacts = fresh


def add_version(place: Catalog, product_id: str, version: dict[str, Any], reader: str | None) -> Artifact:
    """One more version of a product of this account."""
    product = own_product(place, product_id)
    _limit(len(product.artifacts), MAX_VERSIONS, f"versions of product {product.name}")
    made = artifact(place, version, reader, len(product.artifacts))
    product.artifacts.append(made)
    return made


def delete_version(place: Catalog, product_id: str, artifact_id: str) -> None:
    """Remove a version; the last one stays."""
    product = own_product(place, product_id)
    found = product.artifact(artifact_id)
    if len(product.artifacts) == 1:
        raise InUse(f"{artifact_id} is the last version of product {product_id} and cannot be deleted")
    product.artifacts.remove(found)


def own_product(place: Catalog, product_id: str) -> Product:
    """A product that this account owns."""
    if product_id not in place.products:
        raise NotFound(f"Product {product_id} not found.")
    return place.products[product_id]


def delete_product(place: Catalog, product_id: str) -> None:
    """Delete a product that no portfolio holds."""
    own_product(place, product_id)
    holders = [owner for owner, product in place.associations if product == product_id]
    if holders:
        raise InUse(f"Product {product_id} is associated with portfolio {', '.join(holders)}")
    del place.products[product_id]


def associate(place: Catalog, portfolio_id: str, product_id: str, source: str | None = None) -> None:
    """Put a product into a portfolio of this account; one of a shared portfolio (``source``) brings its constraints along."""
    portfolio = place.portfolio(portfolio_id, own=True)
    product = place.product(product_id)
    if product.account != place.account:
        holders = [item for item in place.visible_portfolios() if item.account != place.account]
        found = [item.id for item in holders if any(held.id == product_id for held in place.products_of(item))]
        if source is not None and source not in found:
            raise NotFound(f"Product {product_id} is not associated with portfolio {source}.")
        if portfolio.shares or portfolio.live_nodes():
            raise Invalid(f"Portfolio {portfolio_id} is shared and cannot contain a shared product: {product_id}")
        place.sources[(portfolio_id, product_id)] = source or found[0]
    if (portfolio_id, product_id) in place.associations:
        return
    held = sum(1 for owner, _ in place.associations if owner == portfolio_id)
    _limit(held, MAX_PRODUCTS_OF_PORTFOLIO, f"products in portfolio {portfolio_id}")
    place.associations.append((portfolio_id, product_id))


def disassociate(place: Catalog, portfolio_id: str, product_id: str) -> None:
    """Take a product out of a portfolio, unless a constraint is on it there."""
    if (portfolio_id, product_id) not in place.associations:
        raise NotFound(f"Product {product_id} is not associated with portfolio {portfolio_id}.")
    bound = [c.id for c in place.constraints.values() if (c.portfolio, c.product) == (portfolio_id, product_id)]
    if bound:
        raise InUse(f"Constraint {', '.join(bound)} is on product {product_id} in portfolio {portfolio_id}")
    place.associations.remove((portfolio_id, product_id))
    place.sources.pop((portfolio_id, product_id), None)


def add_principal(place: Catalog, portfolio_id: str, arn: str, kind: str = "IAM") -> None:
    """Let a principal of this account launch from a portfolio of its own or one that is shared with it."""
    portfolio = place.portfolio(portfolio_id)
    if kind == "IAM":
        _check_principal(arn)
    elif kind != "IAM_PATTERN" or not PATTERN.fullmatch(arn):
        raise Invalid(f"Invalid principal {arn} of type {kind}: a pattern is arn:aws:iam:::role/NAME with * and ?")
    item = Principal(portfolio_id, arn, kind)
    if item in place.principals:
        return
    if kind == "IAM_PATTERN" and portfolio.account == place.account:
        servicecatalog_shares.check_room(place, portfolio)
    held = sum(1 for other in place.principals if other.portfolio == portfolio_id)
    _limit(held, MAX_PRINCIPALS, f"principals of portfolio {portfolio_id}")
    place.principals.append(item)


def _check_principal(arn: str) -> None:
    found = re.fullmatch(r"arn:aws:iam::(\d{12}):(role|user|group)/(?:.*/)?([^/]+)", arn)
    if not found:
        raise Invalid(f"Invalid principal ARN {arn}")
    account, kind, name = found.groups()
    backend = iam_backends[account]["aws"]
    holder: Any = {"role": backend.roles.values(), "user": backend.users.values(), "group": backend.groups.values()}[kind]
    if not any(getattr(item, "arn", None) == arn for item in holder):
        raise Invalid(f"Principal {arn} does not exist: {kind} {name} is not in account {account}")


def remove_principal(place: Catalog, portfolio_id: str, arn: str, kind: str = "IAM") -> None:
    """Take a principal off a portfolio."""
    place.principals[:] = [item for item in place.principals if item != Principal(portfolio_id, arn, kind)]


def create_constraint(
    place: Catalog, portfolio_id: str, product_id: str, kind: str, parameters: dict[str, Any], description: str | None = None
) -> Constraint:
    """Put a constraint on a product in a portfolio that holds it."""
    place.portfolio(portfolio_id, own=True)
    if (portfolio_id, product_id) not in place.associations:
        raise NotFound(f"Product {product_id} is not associated with portfolio {portfolio_id}.")
    taken = [c.type for c in place.constraints.values() if (c.portfolio, c.product) == (portfolio_id, product_id)]
    constraints.check_kind(kind, taken, f"product {product_id} in portfolio {portfolio_id}")
    constraints.check(place, kind, parameters)
    made = Constraint(identifier("cons"), place.account, kind, portfolio_id, product_id, parameters, description)
    place.constraints[made.id] = made
    return made


def delete_constraint(place: Catalog, constraint_id: str) -> None:
    """Remove a constraint."""
    if place.constraints.pop(constraint_id, None) is None:
        raise NotFound(f"Constraint {constraint_id} not found.")


def _limit(held: int, most: int, what: str) -> None:
    if held >= most:
        raise LimitExceeded(f"Limit exceeded: at most {most} {what}")
