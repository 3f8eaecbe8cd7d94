"""Creating, updating and deleting a resource of a stack: the one way for every type, whoever holds it.

``stacks.py`` decides the order, the events and the roll back; these functions do one resource. Each refuses, in this
order: a type that the registry does not have; properties that its schema refuses; a principal without the permissions of
the handler; a second one of what a region has once; what only those who speak for an organization may have; an identifier
that is taken. Errors carry a ``message`` worded as CloudFormation's; anything that a backend raises becomes such an error too.
"""

from __future__ import annotations

import copy
import uuid

from moto.cloudformation.exceptions import ValidationError
from moto.core.exceptions import ServiceException

from . import handler_permissions, inventory, membership, moto_types, registry, registry_types, schema_validation, singletons
from .levels import EMULATED, MODELLED
from .registry import TypeSchema, value_at
from .resource_types import DEFINED, Operation, Properties, Resource


def create(operation: Operation, type_name: str, properties: Properties) -> Resource:
    """Create the resource and return it: it has physical_resource_id, cf_resource_type and get_cfn_attribute."""
    schema = schema_of(type_name, operation)
    coerced = _checked(schema, operation, properties)
    handler_permissions.check(
        operation.principal, type_name, "create", operation.region, account=operation.account, properties=coerced
    )
    refusal = singletons.refusal(operation.account, operation.region, type_name, coerced)
    if refusal:
        raise _handler_error(refusal, "AlreadyExists")
    _refuse_strangers(operation, type_name, coerced)
    _refuse_taken(schema, operation, coerced)
    resource = _make(operation, type_name, coerced, properties)
    inventory.add(
        inventory.Entry(
            operation.account, operation.region, operation.stack_name, operation.stack_id, operation.logical_id,
            type_name, resource.physical_resource_id, "CREATE_COMPLETE", level(type_name), resource,
        )
    )  # fmt: skip
    return resource


def changed_create_only(type_name: str, old: Properties, new: Properties, region: str = "us-east-1") -> list[str]:
    """The create-only properties that differ: not empty means that an update replaces the resource."""
    schema = registry.schema(type_name, region)
    old, new = schema_validation.coerce(schema, old), schema_validation.coerce(schema, new)
    return ["/".join(path) for path in schema.create_only if value_at(old, path) != value_at(new, path)]


def update(operation: Operation, resource: Resource, properties: Properties) -> Resource:
    """Update in place and return the resource, or return a *new* one where a create-only property changed.

    The caller deletes the old one in its clean-up phase, or honours UpdateReplacePolicy: after roll back it is still there.
    """
    type_name = resource.cf_resource_type
    schema = schema_of(type_name, operation)
    coerced = _checked(schema, operation, properties)
    given = _as_given(resource)
    if changed_create_only(type_name, given, properties, operation.region):
        return create(operation, type_name, properties)
    handler_permissions.check(
        operation.principal, type_name, "update", operation.region,
        account=operation.account, properties=coerced, identifier=resource.physical_resource_id, previous=resource.properties,
    )  # fmt: skip
    _refuse_strangers(operation, type_name, coerced)
    try:
        _change(operation, resource, coerced, properties)
    except Exception as error:
        raise worded(error) from error
    entry = inventory.entry_of(resource)
    if entry is not None:
        entry.status = "UPDATE_COMPLETE"
        entry.physical_id = resource.physical_resource_id
    return resource


def delete(operation: Operation, resource: Resource) -> None:
    """Delete the resource; its name is free afterwards."""
    handler_permissions.check(
        operation.principal, resource.cf_resource_type, "delete", operation.region,
        account=operation.account, properties=resource.properties, identifier=resource.physical_resource_id,
    )  # fmt: skip
    definition = DEFINED.get(resource.cf_resource_type)
    try:
        if definition is not None:
            definition.delete(operation, resource)
        elif moto_types.moto_class(resource.cf_resource_type) is not None:
            moto_types.delete(operation, resource)
    except Exception as error:
        raise worded(error) from error
    inventory.remove(resource)


def retain(resource: Resource) -> None:
    """Leave the resource behind as its stack goes: it keeps its name and is listed as DELETE_SKIPPED."""
    entry = inventory.entry_of(resource)
    if entry is not None:
        entry.status = "DELETE_SKIPPED"


def properties_of(resource: Resource) -> Properties:
    """The resolved properties with which the resource was last created or updated, as the author gave them."""
    return copy.deepcopy(_as_given(resource))


def level(type_name: str) -> str:
    """Whether a resource of the type is emulated or modelled."""
    definition = DEFINED.get(type_name)
    if definition is not None:
        return definition.level
    return EMULATED if moto_types.moto_class(type_name) is not None else MODELLED


def schema_of(type_name: str, operation: Operation) -> TypeSchema:
    """The type's schema in the operation's region; a ValidationError where the registry has none."""
    try:
        return registry.schema(type_name, operation.region)
    except registry.UnknownType as error:
        raise ValidationError(message=str(error)) from error


def worded(error: Exception) -> Exception:
    """The error as CloudFormation shows it in an event: the message of the service, whatever moto raised."""
    if isinstance(error, ValidationError | ServiceException):
        return error
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    return ValidationError(message=f"{type(error).__name__}: {message}")


def _make(operation: Operation, type_name: str, coerced: Properties, given: Properties) -> Resource:
    definition = DEFINED.get(type_name)
    try:
        if definition is not None:
            resource = definition.create(operation, copy.deepcopy(coerced))
        elif moto_types.moto_class(type_name) is not None:
            resource = moto_types.create(operation, type_name, copy.deepcopy(given))
        else:
            resource = registry_types.create(operation, type_name, coerced)
    except Exception as error:
        raise worded(error) from error
    resource.given = copy.deepcopy(given)
    return resource


def _change(operation: Operation, resource: Resource, coerced: Properties, given: Properties) -> None:
    definition = DEFINED.get(resource.cf_resource_type)
    if definition is not None:
        if definition.update is not None:
            definition.update(operation, resource, copy.deepcopy(coerced))
        resource.properties = {**_generated_names(resource), **copy.deepcopy(coerced)}
    elif moto_types.moto_class(resource.cf_resource_type) is not None:
        moto_types.update(operation, resource, copy.deepcopy(given))
        resource.properties = copy.deepcopy(given)
    else:
        registry_types.update(resource, coerced)
    resource.given = copy.deepcopy(given)


def _generated_names(resource: Resource) -> Properties:
    schema = registry.schema(resource.cf_resource_type, resource.region)
    return {path[0]: resource.properties[path[0]] for path in schema.identifier if path[0] in resource.properties}


def _as_given(resource: Resource) -> Properties:
    return resource.given if resource.given is not None else resource.properties


def _checked(schema: TypeSchema, operation: Operation, properties: Properties) -> Properties:
    coerced = schema_validation.coerce(schema, properties)
    found = schema_validation.mistakes(schema, coerced)
    if found:
        listed = "\n".join(found[:5])
        raise ValidationError(message=f"Properties validation failed for resource {operation.logical_id} with message:\n{listed}")
    return coerced


def _refuse_strangers(operation: Operation, type_name: str, properties: Properties) -> None:
    found = membership.refusal(operation.account, type_name, properties)
    if found is not None:
        raise _handler_error(found[1], found[0])


def _refuse_taken(schema: TypeSchema, operation: Operation, properties: Properties) -> None:
    if schema.type_name in inventory.UNIDENTIFIED:
        return
    if any(path in schema.read_only for path in schema.identifier):
        _refuse_taken_name(schema, operation, properties)
        return
    parts = [value_at(properties, path) for path in schema.identifier]
    if not parts or any(part is None for part in parts):
        return
    identifier = "|".join(str(part) for part in parts)
    if inventory.find(operation.account, operation.region, schema.type_name, identifier) is not None:
        raise _handler_error(
            f"Resource of type '{schema.type_name}' with identifier '{identifier}' already exists.", "AlreadyExists"
        )


def _refuse_taken_name(schema: TypeSchema, operation: Operation, properties: Properties) -> None:
    """Where the service makes the identifier up, a name that cannot be changed is still its owner's alone."""
    kind = schema.type_name.split("::")[-1]
    for name in (f"{kind}Name", "Name"):
        wanted = properties.get(name)
        if wanted is None or (name,) not in schema.create_only:
            continue
        held = inventory.of_type(operation.account, operation.region, schema.type_name)
        if any(entry.resource.properties.get(name) == wanted for entry in held):
            raise _handler_error(f"{wanted} already exists", "AlreadyExists")


def _handler_error(message: str, code: str) -> ValidationError:
    return ValidationError(
        message=f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
    )
