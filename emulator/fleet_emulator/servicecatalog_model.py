"""What Service Catalog remembers, for each account and region, and how one account sees another's portfolios.

A portfolio, its products, associations and constraints belong to the account that made them. A recipient account has only the
portfolios that it accepted (``imported``) or that its organization shares with it, and its own principals on them: the owner's
principals mean nothing there, unless an organization share shares them.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.servicecatalog.models import ServiceCatalogBackend, servicecatalog_backends

from .servicecatalog_launched import Provisioned, Record
from .servicecatalog_nodes import Node, Sharing, may_share, sharing

ALPHABET = string.ascii_lowercase + string.digits


class NotFound(ServiceException):
    """The resource does not exist, or the caller's account cannot see it."""

    code = "ResourceNotFoundException"


class Invalid(ServiceException):
    """The parameters make no sense together."""

    code = "InvalidParametersException"


class InUse(ServiceException):
    """Something still refers to the resource."""

    code = "ResourceInUseException"


class Duplicate(ServiceException):
    """It exists already."""

    code = "DuplicateResourceException"


class InvalidState(ServiceException):
    """The resource or the organization is not in a state for this."""

    code = "InvalidStateException"


class NotSupported(ServiceException):
    """The account may not call the operation."""

    code = "OperationNotSupportedException"


class LimitExceeded(ServiceException):
    """A quota of Service Catalog."""

    code = "LimitExceededException"


def identifier(prefix: str) -> str:
    """An id in Service Catalog's shape: a prefix and thirteen letters or digits."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(13))


@dataclass
class Portfolio:
    """A portfolio, the accounts that it is shared with, and the nodes of the organization."""

    id: str
    account: str
    region: str
    display_name: str
    description: str | None
    provider: str
    tags: dict[str, str] = field(default_factory=dict)
    shares: set[str] = field(default_factory=set)
    shared_tag_options: set[str] = field(default_factory=set)
    nodes: dict[Node, Sharing] = field(default_factory=dict)
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        """Its ARN, with the service's older name, as AWS writes it."""
        return f"arn:aws:catalog:{self.region}:{self.account}:portfolio/{self.id}"

    def live_nodes(self) -> dict[Node, Sharing]:
        """The nodes it is shared with: they go when its owner is no delegated administrator any more."""
        if self.nodes and not may_share(self.account):
            self.nodes.clear()
        return self.nodes

    def sharing_with(self, account: str) -> Sharing | None:
        """What an account gets of it by the organization; None if that does not reach the account."""
        return sharing(self.live_nodes(), self.account, account)

    def shown(self) -> dict[str, Any]:
        """PortfolioDetail."""
        return {
            "Id": self.id,
            "ARN": self.arn,
            "DisplayName": self.display_name,
            "Description": self.description,
            "CreatedTime": self.created,
            "ProviderName": self.provider,
        }


@dataclass
class Artifact:
    """A version of a product; ``body`` is the copy that Service Catalog launches from."""

    id: str
    name: str
    description: str | None
    url: str
    body: str
    type: str = "CLOUD_FORMATION_TEMPLATE"
    active: bool = True
    guidance: str = "DEFAULT"
    created: datetime = field(default_factory=utcnow)

    def detail(self) -> dict[str, Any]:
        """ProvisioningArtifactDetail, as administrators see it."""
        return {**self.summary(), "Type": self.type, "Active": self.active}

    def summary(self) -> dict[str, Any]:
        """ProvisioningArtifact, as end users see it."""
        return {
            "Id": self.id,
            "Name": self.name,
            "Description": self.description,
            "CreatedTime": self.created,
            "Guidance": self.guidance,
        }


@dataclass
class Product:
    """A product and its versions, oldest first."""

    id: str
    account: str
    region: str
    name: str
    owner: str
    description: str | None = None
    distributor: str | None = None
    support_description: str | None = None
    support_email: str | None = None
    support_url: str | None = None
    type: str = "CLOUD_FORMATION_TEMPLATE"
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    created: datetime = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:catalog:{self.region}:{self.account}:product/{self.id}"

    @property
    def view_id(self) -> str:
        """The id of its product view."""
        return "prodview-" + self.id.removeprefix("prod-")

    def artifact(self, artifact_id: str | None, name: str | None = None) -> Artifact:
        """A version by id or name."""
        for item in self.artifacts:
            if (artifact_id and item.id == artifact_id) or (not artifact_id and name and item.name == name):
                return item
        raise NotFound(f"ProvisioningArtifact {artifact_id or name} not found.")

    def view(self, default_path: bool = False) -> dict[str, Any]:
        """ProductViewSummary."""
        return {
            "Id": self.view_id,
            "ProductId": self.id,
            "Name": self.name,
            "Owner": self.owner,
            "ShortDescription": self.description,
            "Type": self.type,
            "Distributor": self.distributor,
            "HasDefaultPath": default_path,
            "SupportEmail": self.support_email,
            "SupportDescription": self.support_description,
            "SupportUrl": self.support_url,
        }

    def detail(self) -> dict[str, Any]:
        """ProductViewDetail."""
        return {
            "ProductViewSummary": self.view(),
            "Status": "AVAILABLE",
            "ProductARN": self.arn,
            "CreatedTime": self.created,
        }


@dataclass(frozen=True)
class Principal:
    """Who may launch from a portfolio, in the account that says so."""

    portfolio: str
    arn: str
    type: str = "IAM"


@dataclass
class Constraint:
    """A rule on a product within a portfolio; ``parameters`` as the API takes them, parsed."""

    id: str
    account: str
    type: str
    portfolio: str
    product: str
    parameters: dict[str, Any]
    description: str | None = None

    def shown(self) -> dict[str, Any]:
        """ConstraintDetail."""
        return {
            "ConstraintId": self.id,
            "Type": self.type,
            "Description": self.description,
            "Owner": self.account,
            "ProductId": self.product,
            "PortfolioId": self.portfolio,
        }


@dataclass
class Catalog:
    """Service Catalog of one account and region."""

    account: str
    region: str
    portfolios: dict[str, Portfolio] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    associations: list[tuple[str, str]] = field(default_factory=list)
    principals: list[Principal] = field(default_factory=list)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)
    provisioned: dict[str, Provisioned] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    share_tokens: dict[str, tuple[str, Node, list[str]]] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)
    tag_options: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)

    def portfolio(self, portfolio_id: str, own: bool = False) -> Portfolio:
        """A portfolio of this account, or one that it accepted or that its organization shares with it."""
        if portfolio_id in self.portfolios:
            return self.portfolios[portfolio_id]
        found = None if own else find_portfolio(self.region, portfolio_id)
        if found is not None and (portfolio_id in self.imported or found.sharing_with(self.account) is not None):
            return found
        raise NotFound(f"Portfolio {portfolio_id} not found.")

    def visible_portfolios(self) -> Iterator[Portfolio]:
        """The portfolios of this account, those it accepted and those that its organization shares with it, each once."""
        yield from self.portfolios.values()
        for portfolio_id in self.imported:
            found = find_portfolio(self.region, portfolio_id)
            if found is not None:
                yield found
        yield from (item for item in self.given_by_organization() if item.id not in self.imported)

    def given_by_organization(self) -> Iterator[Portfolio]:
        """The portfolios that the organization shares with this account now."""
        for place in list(catalogs(self.region)):
            yield from (item for item in place.portfolios.values() if item.sharing_with(self.account) is not None)

    def principals_of(self, portfolio: Portfolio) -> list[Principal]:
        """Who may launch from a portfolio here: this account's principals, and the owner's patterns where these are shared."""
        mine = [item for item in self.principals if item.portfolio == portfolio.id]
        if portfolio.account == self.account:
            return mine
        given = portfolio.sharing_with(self.account)
        if given is None or not given.principals:
            return mine
        owner = catalog(portfolio.account, self.region)
        shared = [item for item in owner.principals if item.portfolio == portfolio.id and item.type == "IAM_PATTERN"]
        return [*mine, *(item for item in shared if item not in mine)]

    def products_of(self, portfolio: Portfolio) -> Iterator[Product]:
        """The products of a portfolio, whoever owns them; one from a portfolio that its owner lost is not offered any more."""
        owner = catalog(portfolio.account, self.region)
        for portfolio_id, product_id in owner.associations:
            if portfolio_id != portfolio.id or not owner.has_source((portfolio_id, product_id)):
                continue
            found = find_product(self.region, product_id)
            if found is not None:
                yield found

    def has_source(self, association: tuple[str, str]) -> bool:
        """Whether the shared portfolio that a product was taken from still reaches this account."""
        source = self.sources.get(association)
        if source is None:
            return True
        try:
            self.portfolio(source)
        except NotFound:
            return False
        return True

    def product(self, product_id: str | None, name: str | None = None) -> Product:
        """A product of this account or of a portfolio that it accepted."""
        for item in [*self.products.values(), *(p for port in self.visible_portfolios() for p in self.products_of(port))]:
            if item.id == product_id or (not product_id and name and item.name == name):
                return item
        raise NotFound(f"Product {product_id or name} not found.")

    def constraints_of(self, portfolio: Portfolio, product_id: str | None = None) -> list[Constraint]:
        """The constraints that apply in a portfolio: those of its owner, and those that came with shared products."""
        owner = catalog(portfolio.account, self.region)
        found = [
            item for item in owner.constraints.values() if item.portfolio == portfolio.id and product_id in (None, item.product)
        ]
        for (held, product), source_id in owner.sources.items():
            source = find_portfolio(self.region, source_id)
            if held == portfolio.id and product_id in (None, product) and source is not None:
                found += [item for item in self.constraints_of(source, product) if item not in found]
        return found


def catalog_of(backend: ServiceCatalogBackend) -> Catalog:
    """The catalog lives in moto's backend, so that moto's reset forgets it."""
    held: Catalog = backend.__dict__.setdefault("fleet_catalog", Catalog(backend.account_id, backend.region_name))
    return held


def catalog(account: str, region: str) -> Catalog:
    """The catalog of an account and region."""
    return catalog_of(servicecatalog_backends[account][region])


def catalogs(region: str) -> Iterator[Catalog]:
    """The catalogs of all accounts in a region."""
    for regions in list(servicecatalog_backends.values()):
        if region in regions:
            yield catalog_of(regions[region])


def find_portfolio(region: str, portfolio_id: str) -> Portfolio | None:
    """A portfolio of any account."""
    return next((item.portfolios[portfolio_id] for item in catalogs(region) if portfolio_id in item.portfolios), None)


def find_product(region: str, product_id: str) -> Product | None:
    """A product of any account."""
    return next((item.products[product_id] for item in catalogs(region) if product_id in item.products), None)
