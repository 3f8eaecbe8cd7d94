"""What end users see: the products of portfolios whose principals match them, and the paths by which they may launch.

Source: "Granting access to users" and "PrincipalType" in the Service Catalog documentation: type IAM is an exact ARN;
IAM_PATTERN leaves the account out and may hold * and ? (none or one of any character), so that one portfolio serves roles of
many accounts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .authorization import Caller, caller
from .servicecatalog_model import Artifact, Catalog, Constraint, Invalid, NotFound, Portfolio, Product


@dataclass(frozen=True)
class Path:
    """A way to a product: the portfolio that offers it, and the constraints that apply on the way."""

    id: str
    portfolio: Portfolio
    product: Product
    constraints: tuple[Constraint, ...]

    @property
    def name(self) -> str:
        """The portfolio's name."""
        return self.portfolio.display_name

    def shown(self) -> dict[str, object]:
        """LaunchPathSummary."""
        summaries = [{"Type": item.type, "Description": item.description or ""} for item in self.constraints]
        tags = [{"Key": key, "Value": value} for key, value in self.portfolio.tags.items()]
        return {"Id": self.id, "Name": self.name, "ConstraintSummaries": summaries, "Tags": tags}

    def constraint(self, kind: str) -> Constraint | None:
        """The constraint of a type, if there is one."""
        return next((item for item in self.constraints if item.type == kind), None)


def matches(who: Caller | None, arn: str, kind: str) -> bool:
    """Whether a principal association means this caller. The root user is nobody's principal."""
    if who is None or who.arn is None:
        return False
    if kind == "IAM":
        return arn == who.arn
    nameless = re.sub(r"^(arn:[^:]*:iam::)\d{12}:", r"\1:", who.arn)
    pattern = "".join(".*" if char == "*" else ".?" if char == "?" else re.escape(char) for char in arn)
    return re.fullmatch(pattern, nameless) is not None


def portfolios(place: Catalog, who: Caller | None) -> Iterator[Portfolio]:
    """The portfolios from which the caller may launch."""
    for portfolio in place.visible_portfolios():
        if any(matches(who, item.arn, item.type) for item in place.principals_of(portfolio)):
            yield portfolio


def paths(place: Catalog, product_id: str, who: Caller | None = None) -> list[Path]:
    """All ways of the caller to a product."""
    found = []
    for portfolio in portfolios(place, who or caller()):
        for product in place.products_of(portfolio):
            if product.id == product_id:
                constraints = tuple(place.constraints_of(portfolio, product.id))
                found.append(Path(path_id(portfolio, product), portfolio, product, constraints))
    return found


def path_id(portfolio: Portfolio, product: Product) -> str:
    """The id of the path: the same each time."""
    digest = hashlib.sha256(f"{portfolio.id}/{product.id}".encode()).hexdigest()
    return "lpv3-" + digest[:13]


def path(place: Catalog, product: Product, wanted_id: str | None, wanted_name: str | None = None) -> Path:
    """The one path of the caller, or the one that was asked for."""
    found = paths(place, product.id)
    if not found:
        raise NotFound(f"No launch paths found for resource: {product.id}.")
    if wanted_id or wanted_name:
        found = [item for item in found if item.id == wanted_id or (not wanted_id and item.name == wanted_name)]
        if not found:
            raise NotFound(f"Launch path {wanted_id or wanted_name} not found for resource: {product.id}.")
    if len(found) > 1:
        listed = ", ".join(f"{item.id} ({item.name})" for item in found)
        raise Invalid(f"Multiple launch paths found for resource: {product.id}. Please specify a PathId: {listed}")
    return found[0]


def products(place: Catalog) -> list[Product]:
    """The products that the caller sees, each once."""
    found = {item.id: item for portfolio in portfolios(place, caller()) for item in place.products_of(portfolio)}
    return list(found.values())


def product(place: Catalog, product_id: str | None, name: str | None = None) -> Product:
    """A product that the caller sees, by id, view id or name."""
    for item in products(place):
        if product_id in (item.id, item.view_id) or (not product_id and item.name == name):
            return item
    raise NotFound(f"Product {product_id or name} not found.")


def launchable(item: Artifact) -> bool:
    """Whether a new launch of the version is offered."""
    return item.active and item.guidance != "DEPRECATED"
