"""Service Catalog in the place of moto's: products that are launched as stacks under their launch role. Where to start reading:

``servicecatalog_model.py`` is what is remembered and who sees whose portfolios; ``servicecatalog_admin.py`` what
administrators do, ``servicecatalog_shares.py`` how portfolios reach other accounts; ``servicecatalog_users.py`` what end users
see; ``servicecatalog_launch.py`` what a launch does. The ``_api`` modules answer requests, ``servicecatalog_types.py`` holds
the CloudFormation types.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.servicecatalog.responses import ServiceCatalogResponse

from . import (
    servicecatalog_admin_api,
    servicecatalog_options,
    servicecatalog_plans,
    servicecatalog_shares_api,
    servicecatalog_types,
    servicecatalog_user_api,
)
from .servicecatalog_model import Catalog, Invalid, catalog_of

OPERATIONS: tuple[Callable[[Catalog, dict[str, Any]], dict[str, Any]], ...] = (
    *servicecatalog_admin_api.OPERATIONS,
    *servicecatalog_shares_api.OPERATIONS,
    *servicecatalog_user_api.OPERATIONS,
    *servicecatalog_plans.OPERATIONS,
    *servicecatalog_options.OPERATIONS,
)


def register() -> None:
    """Replace moto's operations and define the types."""
    for operation in OPERATIONS:
        setattr(ServiceCatalogResponse, operation.__name__, _served(operation))
    servicecatalog_types.register()


def _served(operation: Callable[[Catalog, dict[str, Any]], dict[str, Any]]) -> Callable[[Any], ActionResult]:
    def serve(self: ServiceCatalogResponse) -> ActionResult:
        parameters = json.loads(self.body or "{}")
        try:
            return ActionResult(operation(catalog_of(self.servicecatalog_backend), parameters))
        except KeyError as error:
            raise Invalid(f"{error.args[0]} is required") from None

    serve.__name__ = operation.__name__
    serve.__doc__ = operation.__doc__
    return serve
