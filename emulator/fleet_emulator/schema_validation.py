"""Checks resolved properties against the registry schema, as CloudFormation does before it calls a handler.

Values are coerced first, because a template's ``"true"`` or a parameter's ``"5"`` reaches the handler as boolean or number.
cfn-lint adds a few keywords to JSON schema (``requiredXor``, ``requiredOr``, ``dependentExcluded``); they are honoured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import regex
from jsonschema import Draft7Validator, ValidationError, validators

from .registry import TypeSchema, values_at
from .resource_types import Properties


def coerce(schema: TypeSchema, properties: Properties) -> Properties:
    """A copy of the properties in the types that the schema names, where that loses nothing."""
    coerced = _coerce(schema, schema.document, properties)
    if not isinstance(coerced, dict):
        raise TypeError(f"properties of {schema.type_name} are not a mapping")
    return coerced


def mistakes(schema: TypeSchema, properties: Properties) -> list[str]:
    """What CloudFormation would refuse, worded as it words it; empty if nothing."""
    found = [
        f"#: Encountered unsupported property in {schema.type_name}: read only property [{'/'.join(path)}] is not allowed"
        for path in schema.read_only
        if path not in schema.identifier or path not in schema.create_only
        if path not in _also_settable(schema)
        if any(True for _ in values_at(properties, path))
    ]
    for error in _validator(schema).iter_errors(properties):
        found.append(_worded(error))
    return found


def _also_settable(schema: TypeSchema) -> tuple[tuple[str, ...], ...]:
    required = schema.document.get("required") or []
    return (*schema.write_only, *((name,) for name in required))


def _worded(error: ValidationError) -> str:
    where = "#" + "".join(f"/{part}" for part in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{where}: required key [{missing[0] if missing else '?'}] not found"
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        extra = [k for k in error.instance if k not in known and not any(regex.search(p, k) for p in patterns)]
        return f"{where}: extraneous key [{extra[0] if extra else '?'}] is not permitted"
    if error.validator == "enum":
        return f"{where}: {error.instance} is not a valid enum value"
    if error.validator == "pattern":
        return f"{where}: string [{error.instance}] does not match pattern {error.validator_value}"
    if error.validator == "type":
        return f"{where}: expected type: {_names(error.validator_value)}, found: {_type_of(error.instance)}"
    if error.validator in ("minLength", "maxLength"):
        return f"{where}: expected {error.validator}: {error.validator_value}, actual: {len(error.instance)}"
    return f"{where}: {error.message}"


def _names(wanted: Any) -> str:
    names = wanted if isinstance(wanted, list) else [wanted]
    return "/".join({"object": "JSONObject", "array": "JSONArray"}.get(n, str(n).capitalize()) for n in names)


def _type_of(value: Any) -> str:
    kinds = {bool: "Boolean", int: "Integer", float: "Number", str: "String", list: "JSONArray", dict: "JSONObject"}
    return kinds.get(type(value), "Null")


def _coerce(schema: TypeSchema, node: Mapping[str, Any], value: Any) -> Any:
    node = schema.resolve(node)
    if isinstance(value, dict):
        known = node.get("properties", {})
        patterns = node.get("patternProperties", {})

        def inner(key: str) -> Mapping[str, Any]:
            matching = (sub for pattern, sub in patterns.items() if regex.search(pattern, key))
            found: Mapping[str, Any] = known.get(key) or next(matching, {})
            return found

        return {key: _coerce(schema, inner(key), item) for key, item in value.items()}
    if isinstance(value, list):
        items = node.get("items", {})
        return [_coerce(schema, items if isinstance(items, dict) else {}, item) for item in value]
    kind = node.get("type")
    return _scalar(kind, value) if isinstance(kind, str) else value


def _scalar(kind: str, value: Any) -> Any:
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    if kind == "number" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    return value


def _pattern(validator: Any, pattern: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "string"):
        return
    compiled = _compiled(pattern)
    if compiled is not None and not compiled.search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> Any:
    """Schemas are written for Java's and JavaScript's expressions; the few that Python cannot read are not checked."""
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, sub in patterns.items():
        compiled = _compiled(pattern)
        for key, value in instance.items():
            if compiled is not None and compiled.search(key):
                yield from validator.descend(value, sub, path=key, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    patterns = [_compiled(pattern) for pattern in schema.get("patternProperties", {})]
    known = schema.get("properties", {})
    extra = [key for key in instance if key not in known and not any(p is None or p.search(key) for p in patterns)]
    if isinstance(wanted, Mapping):
        for key in extra:
            yield from validator.descend(instance[key], wanted, path=key)
    elif not wanted and extra:
        yield ValidationError(f"extraneous key [{extra[0]}] is not permitted")


def _required_xor(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping) and sum(name in instance for name in names) != 1:
        yield ValidationError(f"only one of [{', '.join(names)}] is required and allowed")


def _required_or(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping) and not any(name in instance for name in names):
        yield ValidationError(f"one of [{', '.join(names)}] is required")


def _dependent_excluded(_: Any, rules: Mapping[str, list[str]], instance: Any, __: Any) -> Iterator[ValidationError]:
    for name, others in rules.items():
        for other in others:
            if isinstance(instance, Mapping) and name in instance and other in instance:
                yield ValidationError(f"[{other}] should not be included with [{name}]")


def _dependent_required(_: Any, rules: Mapping[str, list[str]], instance: Any, __: Any) -> Iterator[ValidationError]:
    for name, others in rules.items():
        for other in others:
            if isinstance(instance, Mapping) and name in instance and other not in instance:
                yield ValidationError(f"required key [{other}] not found: it is needed with [{name}]")


_Validator = validators.extend(
    Draft7Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "requiredXor": _required_xor,
        "requiredOr": _required_or,
        "dependentExcluded": _dependent_excluded,
        "dependentRequired": _dependent_required,
    },
)


@cache
def _validator(schema: TypeSchema) -> Any:
    document = {key: value for key, value in schema.document.items() if key not in ("$schema", "$id")}
    return _Validator(document)
