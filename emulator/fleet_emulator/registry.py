"""The CloudFormation registry's schemas, read from the files that the pinned cfn-lint ships.

cfn-lint itself is not imported: that costs three seconds, and only its data is wanted. Its resource schemas are AWS's own with
corrections, so a type's identifiers, read-only and create-only properties and handler permissions all come from here.
"""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any


class UnknownType(Exception):
    """The registry of the region has no such type."""


def data_folder() -> Path:
    """The data that the installed cfn-lint ships."""
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("cfn-lint is not installed: its registry schemas are needed: run make tools")
    return Path(found.submodule_search_locations[0]) / "data"


def _folder() -> Path:
    return data_folder() / "schemas"


@cache
def _providers(region: str) -> dict[str, str]:
    file = _folder() / "providers" / f"{region}.json"
    if not file.exists():
        raise UnknownType(f"the registry has no region {region}")
    providers: dict[str, str] = json.loads(file.read_text())
    return providers


@cache
def _load(digest: str) -> TypeSchema:
    return TypeSchema(json.loads((_folder() / "resources" / f"{digest}.json").read_text()))


def schema(type_name: str, region: str) -> TypeSchema:
    """The schema of the type in the region; UnknownType if there is none."""
    digest = _providers(region).get(type_name)
    if digest is None:
        raise UnknownType(f"Template format error: Unrecognized resource types: [{type_name}]")
    return _load(digest)


def types(region: str) -> list[str]:
    """Every type that the region has, sorted."""
    return sorted(_providers(region))


REPLACING: dict[str, tuple[tuple[str, ...], ...]] = {"AWS::DynamoDB::Table": (("KeySchema",),)}
"""Conditional create-only properties of which every change replaces the resource: no call of the service changes them."""


@dataclass(frozen=True, eq=False)
class TypeSchema:
    """One type's schema, with the lists that CloudFormation works by as tuples of JSON pointers' parts."""

    document: dict[str, Any]

    @property
    def type_name(self) -> str:
        """For example AWS::S3::Bucket."""
        name: str = self.document["typeName"]
        return name

    @property
    def service(self) -> str:
        """The second part of the name in lower case: s3."""
        return self.type_name.split("::")[1].lower()

    @cached_property
    def identifier(self) -> tuple[tuple[str, ...], ...]:
        """The properties whose values, joined by |, are the physical id."""
        return self._paths("primaryIdentifier")

    @cached_property
    def read_only(self) -> tuple[tuple[str, ...], ...]:
        """What only the service sets; Fn::GetAtt returns it."""
        return self._paths("readOnlyProperties")

    @cached_property
    def create_only(self) -> tuple[tuple[str, ...], ...]:
        """A change here replaces the resource."""
        return (*self._paths("createOnlyProperties"), *REPLACING.get(self.type_name, ()))

    @cached_property
    def write_only(self) -> tuple[tuple[str, ...], ...]:
        """What a read never returns."""
        return self._paths("writeOnlyProperties")

    def permissions(self, handler: str) -> list[str]:
        """The IAM actions of the handler (create, read, update, delete, list); empty if the schema names none.

        IAM ignores the case of a prefix, ARNs do not: schemas that say CloudTrail:CreateTrail mean cloudtrail.
        """
        found: list[str] = self.document.get("handlers", {}).get(handler, {}).get("permissions", [])
        return [f"{prefix.lower()}{colon}{name}" for prefix, colon, name in (action.partition(":") for action in found)]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The IAM prefixes of its handlers' actions, the commonest first: access-analyzer for AWS::AccessAnalyzer."""
        counts = Counter(action.partition(":")[0] for handler in ("create", "delete") for action in self.permissions(handler))
        return tuple(prefix for prefix, _ in counts.most_common())

    def property_schema(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        """The sub-schema of a property, references followed; empty if it is not described."""
        current: Mapping[str, Any] = self.document
        for part in path:
            current = self.resolve(current)
            inner = current.get("items") if part == "*" else current.get("properties", {}).get(part)
            if inner is None:
                return {}
            current = inner
        return self.resolve(current)

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow ``$ref`` inside this document."""
        while "$ref" in node:
            target: Any = self.document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def _paths(self, key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(pointer_parts(pointer) for pointer in self.document.get(key) or [])


def pointer_parts(pointer: str) -> tuple[str, ...]:
    """``/properties/A/B`` is ("A", "B"); "properties" between nested names is dropped too."""
    parts = [part for part in pointer.split("/") if part]
    return tuple(part for i, part in enumerate(parts) if part != "properties" or (i > 0 and parts[i - 1] == "properties"))


def values_at(document: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value at the path; ``*`` walks through lists."""
    if not path:
        yield document
    elif path[0] == "*":
        for item in document if isinstance(document, list) else []:
            yield from values_at(item, path[1:])
    elif isinstance(document, list):
        for item in document:
            yield from values_at(item, path)
    elif isinstance(document, Mapping) and path[0] in document:
        yield from values_at(document[path[0]], path[1:])


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    """The first value at the path, None if there is none."""
    return next(values_at(document, path), None)
