"""What a template's functions evaluate to, in the scope of one stack operation.

``Scope`` knows parameters, mappings, conditions, pseudo parameters, the resources made so far and the exports of the region.
Used three ways: before anything runs (conditions, rules), while resources are made (properties, outputs), and for change sets,
where what a later step would bring is ``Unknown``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import ec2_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from .stacks_model import Parameter, Stack, StackResource
from .stacks_template import SUB, refuse

NO_VALUE = object()
"""What Ref AWS::NoValue is: the key that holds it disappears."""

DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^}]*)\}\}")
FUNCTIONS = frozenset(
    "Fn::Base64 Fn::Cidr Fn::FindInMap Fn::GetAtt Fn::GetAZs Fn::If Fn::ImportValue Fn::Join Fn::Length Fn::Select Fn::Split "
    "Fn::Sub Fn::ToJsonString Fn::Transform Fn::And Fn::Equals Fn::Not Fn::Or Fn::Contains Fn::EachMemberEquals "
    "Fn::EachMemberIn Fn::RefAll Fn::ValueOf Fn::ValueOfAll".split()
)


@dataclass(frozen=True)
class Unknown:
    """A value that a change set cannot know: an attribute of a resource that is added or replaced."""

    source: str
    attribute: str

    def __str__(self) -> str:
        """As CloudFormation shows it in a change set."""
        return "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass
class Scope:
    """Where names are looked up."""

    stack: Stack
    template: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    resources: Mapping[str, StackResource]
    exports: Callable[[], Mapping[str, str]]
    imports: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    conditions: dict[str, bool] = field(default_factory=dict)

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self.conditions:
            declared = self.template.get("Conditions", {})
            if name not in declared:
                raise refuse(
                    f"Template format error: Unresolved condition dependency {name} in the Resources block of the template"
                )
            self.conditions[name] = False  # a condition that needs itself does not loop
            self.conditions[name] = self.holds(declared[name])
        return self.conditions[name]

    def holds(self, test: Any) -> bool:
        """Evaluate a condition or rule function; its result must be true or false."""
        if isinstance(test, dict) and len(test) == 1:
            ((name, argument),) = test.items()
            if name == "Condition":
                return self.condition(argument)
            if name == "Fn::Not":
                return not self.holds(argument[0])
            if name == "Fn::And":
                return all([self.holds(item) for item in argument])
            if name == "Fn::Or":
                return any([self.holds(item) for item in argument])
            if name in ("Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"):
                return self._compare(name, self.value(argument[0]), self.value(argument[1]))
        value = self.value(test)
        if isinstance(value, bool) or str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise refuse("Template error: every Condition must evaluate to true or false")

    @staticmethod
    def _compare(name: str, left: Any, right: Any) -> bool:
        if name == "Fn::Equals":
            return text(left) == text(right) if not isinstance(left, list | dict) else left == right
        if name == "Fn::Contains":
            return text(right) in [text(item) for item in left]
        if name == "Fn::EachMemberEquals":
            return all(text(item) == text(right) for item in left)
        return all(text(item) in [text(other) for other in right] for item in left)

    def pruned(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Resources and outputs whose conditions hold, with every Fn::If decided."""

        def keep(items: Mapping[str, Any]) -> dict[str, Any]:
            return {
                name: self.decided(item)
                for name, item in items.items()
                if "Condition" not in item or self.condition(item["Condition"])
            }

        return keep(self.template["Resources"]), keep(self.template.get("Outputs", {}))

    def decided(self, value: Any) -> Any:
        """The value with each Fn::If replaced by its branch; other functions stay."""
        if isinstance(value, list):
            items = [self.decided(item) for item in value]
            return [item for item in items if item is not NO_VALUE and item != {"Ref": "AWS::NoValue"}]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and "Fn::If" in value:
            name, yes, no = value["Fn::If"]
            return self.decided(yes if self.condition(name) else no)
        answer = {key: self.decided(inner) for key, inner in value.items()}
        return {key: inner for key, inner in answer.items() if inner != {"Ref": "AWS::NoValue"}}

    def value(self, value: Any) -> Any:
        """Evaluate every function inside a value; what is Ref AWS::NoValue is left out."""
        if isinstance(value, str):
            return self._dynamic(value) if "{{resolve:" in value else value
        if isinstance(value, list):
            return [item for item in (self.value(item) for item in value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self.ref(str(argument))
            if name == "Condition" and isinstance(argument, str) and argument in self.template.get("Conditions", {}):
                return self.condition(argument)
            if name in FUNCTIONS:
                return self._function(name, argument)
            if name.startswith("Fn::"):
                raise refuse(f"Template error: unsupported function {name}")
        answer = {key: self.value(inner) for key, inner in value.items()}
        return {key: inner for key, inner in answer.items() if inner is not NO_VALUE}

    def ref(self, name: str) -> Any:
        """What Ref gives: a pseudo parameter, a parameter, or a resource's physical id."""
        pseudo: dict[str, Any] = {
            "AWS::AccountId": self.stack.account,
            "AWS::NotificationARNs": list(self.stack.notification_arns),
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": "aws",
            "AWS::Region": self.stack.region,
            "AWS::StackId": self.stack.stack_id,
            "AWS::StackName": self.stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name].value
        if name in self.unknown:
            return Unknown(name, "")
        resource = self.resources.get(name)
        if resource is None or resource.handle is None:
            raise refuse(f"Unresolved resource dependencies [{name}] in the Resources block of the template")
        return resource.physical_id

    def attribute(self, name: str, attribute: Any) -> Any:
        """What Fn::GetAtt gives."""
        if name in self.unknown:
            return Unknown(name, str(attribute))
        resource = self.resources.get(name)
        if resource is None or resource.handle is None:
            raise refuse(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        return attribute_of(resource, str(self.value(attribute)))

    def _function(self, name: str, argument: Any) -> Any:
        evaluate = getattr(self, "_" + name.removeprefix("Fn::").lower(), None)
        if evaluate is None:
            if name in ("Fn::And", "Fn::Not", "Fn::Or", "Fn::Equals", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"):
                return self.holds({name: argument})
            raise refuse(f"Template error: unsupported function {name}")
        return evaluate(argument)

    def _getatt(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if len(parts) < 2:
            raise refuse(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
                "attribute"
            )
        attribute = parts[1] if len(parts) == 2 else ".".join(str(part) for part in parts[1:])
        return self.attribute(str(parts[0]), attribute)

    def _if(self, argument: Any) -> Any:
        name, yes, no = argument
        return self.value(yes if self.condition(name) else no)

    def _join(self, argument: Any) -> Any:
        separator, items = argument[0], self.value(argument[1])
        if isinstance(items, Unknown):
            return items
        if any(isinstance(item, dict | list) for item in items):
            raise refuse(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings "
                "to be joined"
            )
        return _or_unknown(items, text(separator).join(text(item) for item in items))

    def _split(self, argument: Any) -> Any:
        whole = self.value(argument[1])
        return whole if isinstance(whole, Unknown) else text(whole).split(argument[0])

    def _select(self, argument: Any) -> Any:
        index, items = self.value(argument[0]), self.value(argument[1])
        if isinstance(items, Unknown):
            return items
        if not str(index).isdigit() or int(index) >= len(items):
            raise refuse(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _sub(self, argument: Any) -> Any:
        pattern, local = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1] if len(argument) > 1 else {})
        seen: list[Any] = []

        def replace(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name in local:
                value = self.value(local[name])
            elif "." in name:
                value = self.attribute(*name.split(".", 1))
            else:
                value = self.ref(name)
            seen.append(value)
            return ",".join(value) if isinstance(value, list) else text(value)

        answer = SUB.sub(replace, pattern).replace("${!", "${")
        return _or_unknown(seen, self._dynamic(answer) if "{{resolve:" in answer else answer)

    def _findinmap(self, argument: Any) -> Any:
        mapping, *keys = [self.value(item) for item in argument[:3]]
        table: Any = self.template.get("Mappings", {}).get(mapping)
        for key in keys:
            table = table.get(text(key)) if isinstance(table, Mapping) else None
        if table is None:
            if len(argument) > 3 and isinstance(argument[3], dict) and "DefaultValue" in argument[3]:
                return self.value(argument[3]["DefaultValue"])
            wanted = "::".join([str(mapping), *map(text, keys)])
            raise refuse(f"Template error: Unable to get mapping for {wanted}")
        return table

    def _importvalue(self, argument: Any) -> Any:
        name = text(self.value(argument))
        exports = self.exports()
        if name not in exports:
            raise refuse(f"No export named {name} found.")
        self.imports.add(name)
        return exports[name]

    def _getazs(self, argument: Any) -> Any:
        region = self.value(argument) or self.stack.region
        return [zone.name for zone in ec2_backends[self.stack.account][region].describe_availability_zones()]

    def _base64(self, argument: Any) -> Any:
        value = self.value(argument)
        return value if isinstance(value, Unknown) else base64.b64encode(text(value).encode()).decode()

    def _cidr(self, argument: Any) -> Any:
        import ipaddress

        block, count, *bits = [self.value(item) for item in argument]
        if isinstance(block, Unknown):
            return block
        network = ipaddress.ip_network(block)
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
        return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]

    def _length(self, argument: Any) -> Any:
        return len(self.value(argument))

    def _tojsonstring(self, argument: Any) -> Any:
        return json.dumps(self.value(argument), separators=(",", ":"), default=str)

    def _refall(self, kind: Any) -> Any:
        declared = self.template.get("Parameters", {})
        return [self.parameters[key].value for key in declared if declared[key].get("Type") == kind]

    def _dynamic(self, value: str) -> str:
        def replace(match: re.Match[str]) -> str:
            return dynamic_reference(match.group(1), match.group(2), self.stack.account, self.stack.region)

        return DYNAMIC.sub(replace, value)


def _or_unknown(parts: list[Any], value: Any) -> Any:
    return next((part for part in parts if isinstance(part, Unknown)), value)


def text(value: Any) -> str:
    """A value as CloudFormation writes it into a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def attribute_of(resource: StackResource, name: str) -> Any:
    """Fn::GetAtt of a resource, whoever holds it; what it does not have is a template error."""
    try:
        value = resource.handle.get_cfn_attribute(name)
    except Exception as error:  # moto answers with several kinds, some of them without a message
        message = getattr(error, "message", "")
        if isinstance(message, str) and message.startswith("Template error"):
            raise refuse(message) from None
        raise refuse(
            f"Template error: resource {resource.logical_id} does not support attribute type {name} in Fn::GetAtt"
        ) from None
    if value is None:
        raise refuse(f"Attribute '{name}' of resource {resource.logical_id} has no value")
    return value


def dynamic_reference(service: str, rest: str, account: str, region: str) -> str:
    """Look up {{resolve:ssm:name[:version]}} and its siblings ("Get values stored in other services")."""
    if service in ("ssm", "ssm-secure"):
        name, _, version = rest.partition(":") if not rest.startswith("arn:") else (rest, "", "")
        stored = ssm_backends[account][region].get_parameter(f"{name}:{version}" if version else name)
        if stored is None:
            raise refuse(f"Parameters: [ssm:{rest}] cannot be found.")
        if service == "ssm" and stored.parameter_type == "SecureString":
            raise refuse(f"Parameters: [ssm:{name}] is a SecureString: use ssm-secure")
        return str(stored.value)
    if service == "secretsmanager":
        parts = rest.split(":SecretString", 1)
        secret = secretsmanager_backends[account][region].get_secret_value(parts[0], "", "")
        key = parts[1].strip(":").split(":")[0] if len(parts) > 1 else ""
        body = secret["SecretString"]
        return str(json.loads(body)[key]) if key else str(body)
    raise refuse(f"Template error: Dynamic reference to unknown service {service}")
