"""From what a caller asks to what a stack operation will do, or the reason why CloudFormation refuses to start it.

A ``Plan`` is the template processed for one stack: parameters resolved, conditions decided, rules asserted, capabilities
acknowledged, resources in order. Making one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import registry
from .stacks_model import Parameter, Stack, StackStore
from .stacks_parameters import resolve
from .stacks_template import (
    check_capabilities,
    check_references,
    check_shape,
    check_size,
    dependencies,
    order,
    parse,
    refuse,
)
from .stacks_transforms import expand
from .stacks_values import Scope


@dataclass
class Request:
    """What a caller gives to create or update a stack. ``tags`` None keeps those that the stack has."""

    body: str
    from_url: bool = False
    parameters: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] | None = None
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] | None = None
    role_arn: str | None = None
    principal: str | None = None


@dataclass
class Plan:
    """What will be done: resources and outputs without what conditions leave out, in the order of creation."""

    request: Request
    template: dict[str, Any]
    parameters: dict[str, Parameter]
    resources: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]
    order: list[str]
    tags: dict[str, str]
    scope: Scope

    def needs(self, logical_id: str) -> frozenset[str]:
        """What must exist before the resource."""
        return dependencies(self.resources[logical_id], set(self.resources))


def make(stack: Stack, store: StackStore, request: Request, previous: Mapping[str, Parameter] | None = None) -> Plan:
    """Plan the request for the stack; ``previous`` are the parameters that UsePreviousValue means."""
    check_size(request.body, request.from_url)
    template = parse(request.body)
    template, transforms = expand(template)
    check_shape(template)
    _check_types(template, stack.region)
    parameters = resolve(template.get("Parameters", {}), request.parameters, previous or {}, stack.account, stack.region)
    scope = Scope(stack, template, parameters, stack.resources, lambda: _exports(store))
    _assert_rules(template.get("Rules", {}), scope)
    check_capabilities(template, request.capabilities, transforms)
    resources, outputs = scope.pruned()
    check_references(template, resources, outputs)
    tags = stack.tags if request.tags is None else request.tags
    return Plan(request, template, parameters, resources, outputs, order(resources), dict(tags), scope)


def _exports(store: StackStore) -> dict[str, str]:
    return {name: output.value for name, (output, _) in store.exports().items()}


def _check_types(template: Mapping[str, Any], region: str) -> None:
    unknown = []
    for logical_id, resource in template["Resources"].items():
        kind = resource["Type"]
        if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
            raise refuse(
                f"resource {logical_id} is a custom resource ({kind}): the emulator runs no Lambda function: use a type of the "
                "CloudFormation registry"
            )
        try:
            registry.schema(kind, region)
        except registry.UnknownType:
            unknown.append(kind)
    if unknown:
        raise refuse(f"Template format error: Unrecognized resource types: [{', '.join(dict.fromkeys(unknown))}]")


def _assert_rules(rules: Mapping[str, Any], scope: Scope) -> None:
    for name, rule in rules.items():
        if "RuleCondition" in rule and not scope.holds(rule["RuleCondition"]):
            continue
        for assertion in rule.get("Assertions", []):
            if not scope.holds(assertion["Assert"]):
                why = assertion.get("AssertDescription", f"assertion of rule {name} is false")
                raise refuse(f"Template error: Rule {name} failed: {why}")


def validate(body: str, from_url: bool, region: str) -> None:
    """What ValidateTemplate refuses: form, references and circles, without parameters' values or properties."""
    check_size(body, from_url)
    template, _ = expand(parse(body))
    check_shape(template)
    _check_types(template, region)
    check_references(template, template["Resources"], template.get("Outputs", {}))
    order(template["Resources"])


def differs(stack: Stack, plan: Plan) -> bool:
    """Whether an update by the plan would do anything."""
    from . import changesets, changesets_diff  # late: both compare plans

    if stack.status in ("CREATE_FAILED", "UPDATE_FAILED"):
        return True
    try:
        return bool(changesets_diff.compare(stack, plan)) or changesets.changes_besides(stack, plan)
    except Exception:  # what cannot be evaluated now fails in the update, with its events
        return True
    finally:
        plan.scope.unknown = set()
