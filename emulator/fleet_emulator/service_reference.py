"""What each IAM action may be allowed on: the copy of the Service Authorization Reference that the pinned cfn-lint ships.

Launch roles are derived from the same copy (``internal/launchrole``), so that what they are granted and what is asked here
mean the same resources.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from .registry import data_folder


@cache
def _services() -> dict[str, Any]:
    path = data_folder() / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def forms(action: str) -> tuple[re.Pattern[str], ...] | None:
    """The forms of the ARNs that the action takes: empty where it takes "*" only, None where the reference does not tell."""
    prefix, _, operation = action.partition(":")
    service = _services().get(prefix)
    if service is None or operation.lower() not in service["Actions"]:
        return None
    kinds = service["Actions"][operation.lower()].get("Resources", [])
    found = [form for kind in kinds for form in service["Resources"].get(kind.lower(), {}).get("ARNFormats", [])]
    return tuple(_pattern(form) for form in found) if found or not kinds else None


@cache
def arn_forms(prefix: str, kind: str) -> tuple[str, ...]:
    """The forms of a kind's ARNs, with ${Region} and such and with .* for its name or id; "log-group" is found as loggroup."""
    resources = _services().get(prefix.lower(), {}).get("Resources", {})
    return tuple(
        form for name, facts in resources.items() if _plain(name) == _plain(kind) for form in facts.get("ARNFormats", [])
    )


def _plain(kind: str) -> str:
    return re.sub(r"[-_ ]", "", kind).lower()


def _pattern(form: str) -> re.Pattern[str]:
    """A form such as arn:${Partition}:sns:${Region}:${Account}:.* as an expression."""
    return re.compile("".join("[^:]*" if part.startswith("${") else _literal(part) for part in re.split(r"(\$\{\w+\})", form)))


def _literal(part: str) -> str:
    return ".*".join(re.escape(text) for text in part.split(".*"))


def takes(action: str, arn: str) -> bool:
    """Whether the action may act on what the ARN names, as far as the reference tells."""
    found = forms(action)
    return found is None or any(form.fullmatch(arn) for form in found)


def takes_nothing(action: str) -> bool:
    """Whether the action takes no resource, so that a policy must allow it on "*"."""
    return forms(action) == ()
