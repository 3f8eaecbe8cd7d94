"""Transforms of a template: AWS::LanguageExtensions is expanded here, every other is refused.

A macro runs code of an account, and AWS::Serverless or AWS::Include fetch what no gate has seen: a rehearsal that let them
pass would show another template than AWS deploys. Source: "AWS::LanguageExtensions transform" in the User Guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .stacks_template import refuse

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
LOOPED = re.compile(r"Fn::ForEach::([A-Za-z0-9]+)")


def expand(template: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The template without its transforms, and the names of those that were there."""
    declared = template.get("Transform", [])
    names = [item["Name"] if isinstance(item, dict) else str(item) for item in _listed(declared)]
    inline = sorted(set(_inline(template)))
    refused = [name for name in [*names, *inline] if name != LANGUAGE_EXTENSIONS]
    if refused:
        raise refuse(
            f"transform {', '.join(dict.fromkeys(refused))} cannot be run by the emulator: only {LANGUAGE_EXTENSIONS} is "
            "supported: expand the template before it is deployed"
        )
    if not names:
        if _has_loops(template):
            raise refuse(f"Template format error: Fn::ForEach needs the transform {LANGUAGE_EXTENSIONS}")
        return template, []
    expanded = {key: value for key, value in template.items() if key != "Transform"}
    for section in ("Conditions", "Resources", "Outputs"):
        if section in expanded:
            expanded[section] = _loops(expanded[section], template)
    return expanded, names


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _inline(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in _inline(item)]
    if not isinstance(value, dict):
        return []
    found = [str(value["Fn::Transform"].get("Name"))] if isinstance(value.get("Fn::Transform"), dict) else []
    return found + [name for item in value.values() for name in _inline(item)]


def _has_loops(template: Mapping[str, Any]) -> bool:
    return '"Fn::ForEach::' in json.dumps(template, default=str)


def _loops(value: Any, template: Mapping[str, Any]) -> Any:
    """Unroll Fn::ForEach::Name: [variable, collection, body], the inner ones after the outer."""
    if isinstance(value, list):
        return [_loops(item, template) for item in value]
    if not isinstance(value, dict):
        return value
    answer: dict[str, Any] = {}
    for key, inner in value.items():
        if not LOOPED.fullmatch(str(key)):
            answer[key] = _loops(inner, template)
            continue
        if not isinstance(inner, list) or len(inner) != 3:
            raise refuse(f"Template format error: {key} needs an identifier, a collection and a fragment")
        variable, collection, body = inner
        for item in _collection(collection, template):
            for made, fragment in _loops(_replace(body, str(variable), item), template).items():
                if made in answer:
                    raise refuse(f"Template format error: {key} makes {made} twice")
                answer[made] = fragment
    return answer


def _collection(collection: Any, template: Mapping[str, Any]) -> list[str]:
    if isinstance(collection, dict) and set(collection) == {"Ref"}:
        slot = template.get("Parameters", {}).get(collection["Ref"], {})
        if "Default" not in slot:
            raise refuse(f"Fn::ForEach over parameter {collection['Ref']}: the emulator needs its default value")
        return [item.strip() for item in str(slot["Default"]).split(",")]
    if isinstance(collection, dict) and set(collection) == {"Fn::FindInMap"}:
        mapping, first, second = collection["Fn::FindInMap"]
        return list(template["Mappings"][mapping][first][second])
    if not isinstance(collection, list):
        raise refuse("Template format error: Fn::ForEach needs a list, a Ref or an Fn::FindInMap as collection")
    return [str(item) for item in collection]


def _replace(value: Any, variable: str, item: str) -> Any:
    if isinstance(value, str):
        return value.replace(f"${{{variable}}}", item).replace(f"&{{{variable}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    if isinstance(value, list):
        return [_replace(inner, variable, item) for inner in value]
    if isinstance(value, dict):
        if value == {"Ref": variable}:
            return item
        return {_replace(key, variable, item): _replace(inner, variable, item) for key, inner in value.items()}
    return value
