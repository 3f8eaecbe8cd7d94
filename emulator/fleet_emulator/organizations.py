"""AWS Organizations in the place of moto's. Where to start reading:

``organizations_model.py`` is what is remembered; ``organizations_tree.py`` what may be done to units and accounts,
``organizations_policies.py`` to policies; ``organizations_api.py`` answers requests, ``organizations_types.py`` holds the
CloudFormation types, ``organizations_seed.py`` makes a whole organization at once for a rehearsal, and
``organizations_guardrails.py`` is what IAM asks: the service and resource control policies above an account.

Other modules ask and listen through the names below.
"""

from __future__ import annotations

from .organizations_model import (
    Membership,
    Organization,
    accounts_under,
    is_delegated,
    is_trusted,
    on_membership,
    organization_of,
    organization_with,
    parents_of,
)

__all__ = [
    "Membership",
    "Organization",
    "accounts_under",
    "is_delegated",
    "is_trusted",
    "on_membership",
    "organization_of",
    "organization_with",
    "parents_of",
    "register",
]


def register() -> None:
    """Nothing to replace yet."""
