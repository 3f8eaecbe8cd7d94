"""Reading a template: its text, its limits, its shape, and which resources depend on which.

Everything that CloudFormation refuses before it touches a resource, apart from parameters (``stacks_parameters.py``), is
refused here, in its words. Limits: "CloudFormation quotas" in the CloudFormation User Guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from moto.cloudformation.exceptions import CloudFormationError, ValidationError

MAX_BODY = 51_200
MAX_URL_BODY = 1_000_000
MAX_RESOURCES = 500
MAX_PARAMETERS = 200
MAX_OUTPUTS = 200
MAX_MAPPINGS = 200
MAX_DESCRIPTION = 1_024

SECTIONS = frozenset(
    "AWSTemplateFormatVersion Description Metadata Parameters Rules Mappings Conditions Transform Resources Outputs Hooks".split()
)
WAITS_FOR = {"AWS::Config::DeliveryChannel": "AWS::Config::ConfigurationRecorder"}
"""What CloudFormation makes in parallel, and one service wants in an order: its handler tries until the other is there."""

RESOURCE_KEYS = frozenset(
    "Type Properties DependsOn Condition Metadata DeletionPolicy UpdateReplacePolicy CreationPolicy UpdatePolicy".split()
)
POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"})
PSEUDO = frozenset(
    f"AWS::{name}" for name in "AccountId NotificationARNs NoValue Partition Region StackId StackName URLSuffix".split()
)
SUB = re.compile(r"\$\{(?!!)([^}]*)\}")
NAMED_IAM = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::RolePolicy": "",
    "AWS::IAM::UserPolicy": "",
    "AWS::IAM::GroupPolicy": "",
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Policy": "",
    "AWS::IAM::UserToGroupAddition": "",
}
"""Types that need a capability, and the property that makes it CAPABILITY_NAMED_IAM ("Acknowledging IAM resources")."""


class InsufficientCapabilities(CloudFormationError):
    """The template needs a capability that the caller did not acknowledge."""

    code = "InsufficientCapabilitiesException"


class _Loader(yaml.SafeLoader):
    """CloudFormation's YAML: short functions, no dates, a key only once."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    answer: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in answer:
            raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key}", key_node.start_mark)
        answer[key] = loader.construct_object(value_node, deep=True)
    return answer


def _plain(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A date stays as it was written: policies have versions that look like one."""
    return str(loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _construct)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _plain)


def refuse(message: str) -> ValidationError:
    """The error of a template that is refused."""
    return ValidationError(message=message)


def parse(body: str) -> dict[str, Any]:
    """Read a JSON or YAML template; the shape of its sections is checked, its transforms are not run."""
    try:
        template = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, Loader=_Loader)
    except json.JSONDecodeError:
        try:
            template = yaml.load(body, Loader=_Loader)
        except yaml.YAMLError:
            raise refuse("Template format error: JSON not well-formed.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise refuse(f"Template format error: YAML not well-formed.{where}") from None
    if not isinstance(template, dict):
        raise refuse("Template format error: unsupported structure.")
    return template


def check_size(body: str, from_url: bool) -> None:
    """Refuse a template that is too long for the way in which it came."""
    size = len(body.encode())
    if from_url and size > MAX_URL_BODY:
        raise refuse(f"Template may not exceed {MAX_URL_BODY} bytes in size.")
    if not from_url and size > MAX_BODY:
        raise refuse(
            f"1 validation error detected: Value '{body[:60]}...' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BODY}"
        )


def check_shape(template: dict[str, Any]) -> None:
    """Refuse unknown sections and resource attributes, missing types, and more of anything than the quotas allow."""
    unknown = sorted(str(key) for key in template if key not in SECTIONS)
    if unknown:
        raise refuse(f"Invalid template property or properties [{', '.join(unknown)}]")
    for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules", "Metadata"):
        if section in template and not isinstance(template[section], dict):
            raise refuse(f"Template format error: [/{section}] must be an object.")
    if not template.get("Resources"):
        raise refuse("Template format error: At least one Resources member must be defined.")
    description = template.get("Description", "")
    if not isinstance(description, str):
        raise refuse("Template format error: every Description member must be a string.")
    if len(description.encode()) > MAX_DESCRIPTION:
        raise refuse(f"Template format error: 'Description' length is greater than {MAX_DESCRIPTION}.")
    quotas = {"Resources": MAX_RESOURCES, "Parameters": MAX_PARAMETERS, "Outputs": MAX_OUTPUTS, "Mappings": MAX_MAPPINGS}
    for section, limit in quotas.items():
        count = len(template.get(section, {}))
        if count > limit:
            raise refuse(f"Template format error: Number of {section.lower()}, {count}, is greater than maximum allowed, {limit}")
    for logical_id, resource in template["Resources"].items():
        _check_resource(str(logical_id), resource)
    for key, output in template.get("Outputs", {}).items():
        if not re.fullmatch(r"[a-zA-Z0-9]+", str(key)):
            raise refuse(f"Template format error: Output name {key} is non alphanumeric.")
        if not isinstance(output, dict) or "Value" not in output:
            raise refuse(f"Template format error: Output {key} is malformed: it has no Value.")


def _check_resource(logical_id: str, resource: Any) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9]+", logical_id):
        raise refuse(f"Template format error: Resource name {logical_id} is non alphanumeric.")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise refuse(f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member.")
    unknown = sorted(set(resource) - RESOURCE_KEYS)
    if unknown:
        raise refuse(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(resource.get("Properties", {}), dict):
        raise refuse(f"Template format error: [/Resources/{logical_id}/Properties] must be an object.")
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        value = resource.get(policy, "Delete")
        if isinstance(value, str) and value not in POLICIES:
            raise refuse(f"Template format error: Unrecognized {policy} {value} for resource {logical_id}")


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (function, name) of every Ref, Fn::GetAtt and name in an Fn::Sub."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and len(value) == 1:
            yield "Ref", str(inner)
        elif key == "Fn::GetAtt" and len(value) == 1:
            name = inner[0] if isinstance(inner, list) and inner else str(inner).split(".")[0]
            yield "Fn::GetAtt", str(name)
        elif key == "Fn::Sub" and len(value) == 1:
            text, local = (inner, {}) if isinstance(inner, str) else (inner[0], inner[1] if len(inner) > 1 else {})
            for name in SUB.findall(text):
                name = name.strip()
                if name not in local:
                    yield ("Fn::GetAtt" if "." in name else "Ref"), name.split(".")[0]
            yield from references(local)
        else:
            yield from references(inner)


def dependencies(resource: dict[str, Any], names: set[str]) -> frozenset[str]:
    """The logical ids among ``names`` that must exist before the resource."""
    explicit = resource.get("DependsOn", [])
    wanted = {explicit} if isinstance(explicit, str) else set(explicit)
    wanted.update(name for _, name in references(resource.get("Properties", {})))
    return frozenset(wanted & names)


def check_references(template: dict[str, Any], resources: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Refuse a reference to what the template does not define. Both maps are free of what conditions left out."""
    known = set(resources) | set(template.get("Parameters", {})) | PSEUDO
    for section, items in (("Resources", resources), ("Outputs", outputs)):
        missing: list[str] = []
        for item in items.values():
            body = item.get("Properties", {}) if section == "Resources" else item
            for function, name in references(body):
                if function == "Fn::GetAtt" and name not in resources:
                    if name not in template["Resources"]:
                        raise refuse(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
                    missing.append(name)
                elif name not in known:
                    missing.append(name)
            depends = item.get("DependsOn", []) if section == "Resources" else []
            for name in [depends] if isinstance(depends, str) else depends:
                if name not in template["Resources"]:
                    missing.append(name)
        if missing:
            listed = ", ".join(dict.fromkeys(missing))
            raise refuse(
                f"Template format error: Unresolved resource dependencies [{listed}] in the {section} block of the template"
            )


def order(resources: dict[str, dict[str, Any]]) -> list[str]:
    """The logical ids so that each follows what it depends on; a circle is refused."""
    names = set(resources)
    waiting = {name: set(dependencies(resource, names)) for name, resource in resources.items()}
    for name, resource in resources.items():
        before = WAITS_FOR.get(resource["Type"])
        waiting[name] |= {other for other in names if resources[other]["Type"] == before and name not in waiting[other]}
    answer: list[str] = []
    while waiting:
        ready = [name for name, needed in waiting.items() if not needed]
        if not ready:
            raise refuse(f"Circular dependency between resources: [{', '.join(sorted(_circle(waiting)))}]")
        for name in ready:
            del waiting[name]
        answer.extend(ready)
        done = set(ready)
        for needed in waiting.values():
            needed -= done
    return answer


def _circle(waiting: dict[str, set[str]]) -> set[str]:
    """Drop from what is left whatever nothing in the circle needs."""
    left = {name: set(needed) for name, needed in waiting.items()}
    while True:
        needed_by_someone = set().union(*left.values())
        loose = [name for name in left if name not in needed_by_someone]
        if not loose:
            return set(left)
        for name in loose:
            del left[name]


def capabilities_needed(template: dict[str, Any]) -> tuple[list[str], str]:
    """The IAM capability that the template needs (none, one) and CloudFormation's reason, naming the types."""
    types = sorted({resource["Type"] for resource in template["Resources"].values()} & set(NAMED_IAM))
    if not types:
        return [], ""
    named = any(
        NAMED_IAM.get(resource["Type"]) and NAMED_IAM[resource["Type"]] in resource.get("Properties", {})
        for resource in template["Resources"].values()
    )
    capability = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    return [capability], f"The following resource(s) require capabilities: [{', '.join(types)}]"


def check_capabilities(template: dict[str, Any], given: list[str], transforms: list[str]) -> None:
    """Refuse unless the caller acknowledged what the template needs; NAMED_IAM includes IAM."""
    needed, _ = capabilities_needed(template)
    if needed == ["CAPABILITY_IAM"] and "CAPABILITY_NAMED_IAM" in given:
        needed = []
    missing = [capability for capability in needed if capability not in given]
    if transforms and "CAPABILITY_AUTO_EXPAND" not in given:
        missing.append("CAPABILITY_AUTO_EXPAND")
    if missing:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(dict.fromkeys(missing))}]")
