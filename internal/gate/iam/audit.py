"""Audit IAM policies with parliament, and print what it says of each statement as JSON.

Its knowledge of IAM is that of the day of its release. What AWS has added since is read from the copy of the Service
Authorization Reference that a pinned cfn-lint ships, so that a new action or condition key is no mistake. Nothing is left out
here that parliament says, except where that reference contradicts it: the caller decides what each kind of issue means.

Usage: python -I audit.py DOCUMENTS REFERENCE, where DOCUMENTS is a JSON list of {"id", "policy"}.
"""

import functools
import importlib.metadata
import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any


def load_without_setuptools() -> None:
    """Give parliament the one function of pkg_resources that it uses; newer setuptools have no such module."""
    module = types.ModuleType("pkg_resources")

    def resource_filename(package: str, name: str) -> str:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{package} is not installed beside this Python: run make tools")
        return str(Path(spec.origin).parent / name)

    module.resource_filename = resource_filename  # type: ignore[attr-defined]
    sys.modules["pkg_resources"] = module


load_without_setuptools()

import parliament  # noqa: E402
import parliament.statement as engine  # noqa: E402
from parliament.community_auditors import (  # noqa: E402
    advanced_policy_elements,
    single_value_condition_too_permissive,
)
from parliament.misc import make_list  # noqa: E402

# Global condition keys that parliament does not know. Source: IAM User Guide, "AWS global condition context keys".
GLOBAL_KEYS = {
    "aws:AssumedRoot": "Bool",
    "aws:ChatbotSourceArn": "Arn",
    "aws:Ec2InstanceSourcePrivateIPv4": "Ip",
    "aws:Ec2InstanceSourceVpc": "String",
    "aws:SourceOrgID": "String",
    "aws:SourceOrgPaths": "String",
    "aws:SourceVpcArn": "Arn",
    "aws:ViaAWSService": "Bool",
    "aws:VpceAccount": "String",
    "aws:VpceOrgID": "String",
    "aws:VpceOrgPaths": "String",
    "codebuild:BuildArn": "Arn",
    "codebuild:ProjectArn": "Arn",
    "ec2:SourceInstanceARN": "Arn",
    "glue:CredentialIssuingService": "String",
    "glue:RoleAssumedBy": "String",
    "identitystore:UserId": "String",
    "lambda:SourceFunctionArn": "Arn",
    "ssm:SourceInstanceARN": "Arn",
}


class Knowledge:
    """parliament's definitions of services, with what the Service Authorization Reference has beside them."""

    def __init__(self, reference: dict[str, Any]) -> None:
        self.reference = reference
        self.privileges: dict[tuple[str, str], dict[str, Any]] = {}
        self.forms: dict[tuple[str, str], str] = {}
        engine.GLOBAL_CONDITION_KEYS.update(GLOBAL_KEYS)
        services = {service["prefix"]: service for service in parliament.iam_definition}
        for prefix, facts in reference.items():
            if prefix not in services:
                services[prefix] = {"prefix": prefix, "privileges": [], "resources": [], "conditions": []}
                parliament.iam_definition.append(services[prefix])
            self.extend(services[prefix], facts)
        for prefix, service in services.items():
            for resource in service["resources"]:
                self.forms[prefix, resource["resource"]] = engine.get_arn_format(resource["resource"], [resource])
            for privilege in service["privileges"]:
                privilege["service_resources"] = service["resources"]
                privilege["service_conditions"] = service["conditions"]
                self.privileges[prefix, privilege["privilege"]] = privilege

    def extend(self, service: dict[str, Any], facts: dict[str, Any]) -> None:
        """Add to a service the actions and condition keys that only the reference has."""
        documented = {key for kind in facts["Resources"].values() for key in kind.get("ConditionKeys", [])}
        typed = {condition["condition"] for condition in service["conditions"]}
        service["conditions"] += [{"condition": key, "type": "String"} for key in sorted(documented - typed)]
        known = {privilege["privilege"].lower(): privilege for privilege in service["privileges"]}
        for action, about in facts["Actions"].items():
            kinds = about.get("Resources", [])
            keys = {key for kind in kinds for key in facts["Resources"].get(kind, {}).get("ConditionKeys", [])}
            if action in known:
                known[action]["resource_types"].append({"resource_type": "", "condition_keys": sorted(keys)})
                continue
            # What else may be asked of a new action is not said there: every key of its service is believed.
            types_of = [{"resource_type": kind, "condition_keys": []} for kind in kinds]
            types_of.append({"resource_type": "", "condition_keys": sorted(documented | typed)})
            service["privileges"].append({"privilege": action, "access_level": "", "resource_types": types_of})

    def privilege(self, service: str, action: str) -> dict[str, Any]:
        """Return what is known of an action: parliament's own function, which looks at every service each time."""
        try:
            return self.privileges[service, action]
        except KeyError:
            raise parliament.UnknownActionException(f"Unknown action {service}:{action}") from None

    def formats(self, action: str) -> list[tuple[str, str]]:
        """Return the kinds of resources that an action takes, by the reference, with the form of their ARNs.

        The forms are parliament's where it knows a kind: cfn-lint writes arn:aws:s3:::* for buckets and objects alike.
        """
        prefix, _, name = action.partition(":")
        service = self.reference.get(prefix, {"Actions": {}})
        kinds = service["Actions"].get(name.lower(), {}).get("Resources", [])
        found = []
        for kind in kinds:
            if (prefix, kind) in self.forms:
                found.append((kind, self.forms[prefix, kind]))
                continue
            for form in service["Resources"].get(kind, {}).get("ARNFormats", []):
                for part in ("${Partition}", "${Region}", "${Account}", ".*"):
                    form = form.replace(part, "*")
                found.append((kind, form))
        return found


def written(statement: Any) -> list[str]:
    """Return the action patterns of a statement, as they are written."""
    return [str(action.value) for action in make_list(statement["Action"])]


def expanded(pattern: str) -> set[str]:
    """Return the actions that a pattern stands for."""
    if pattern in ("*", "*:*"):
        return set()
    return {f"{one['service']}:{one['action']}" for one in parliament.expand_action(pattern, raise_exceptions=False)}


def whole(patterns: list[str], actions: set[str]) -> list[str]:
    """Return the patterns of which every action is among actions: one that some action fulfils does what it was written for."""
    return [pattern for pattern in patterns if expanded(pattern) and expanded(pattern) <= actions]


def misplaced(knowledge: Knowledge, statement: Any, detail: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the patterns that no resource of the statement is for, with the ARN that would be."""
    if "NotAction" in statement or "Resource" not in statement:
        return []
    resources = [str(resource.value) for resource in make_list(statement["Resource"])]
    required: dict[str, str] = {}
    for one in detail:
        kinds = knowledge.formats(one["action"])
        if not any(parliament.is_arn_match(kind, form, resource) for kind, form in kinds for resource in resources):
            required[one["action"]] = one["required_format"]
    return [
        {"action": pattern, "want": required[sorted(expanded(pattern))[0]]}
        for pattern in whole(written(statement), set(required))
    ]


def unsupported(statement: Any, details: list[str]) -> list[dict[str, Any]]:
    """Return, of issues that say that an action has no such condition key, those that hold for whole patterns.

    "dead" says that it holds for every pattern of the statement, so that nothing of it is left.
    """
    if "NotAction" in statement:
        return []
    actions: dict[str, set[str]] = {}
    for detail in details:
        key, _, action = detail.removeprefix("Unknown condition ").rpartition(" for action ")
        if "." not in key.partition(":")[0]:  # keys of identity providers are named by their address
            actions.setdefault(key, set()).add(action)
    patterns = written(statement)
    return [
        {"key": key, "actions": alone, "dead": len(alone) == len(patterns)}
        for key, named in sorted(actions.items())
        if (alone := whole(patterns, named))
    ]


def of_statement(knowledge: Knowledge, index: int, statement: Any) -> list[dict[str, Any]]:
    """Return the issues of one statement."""
    issues: list[dict[str, Any]] = []
    keys = [finding.detail for finding in statement.findings if finding.issue == "UNKNOWN_CONDITION_FOR_ACTION"]
    for one in unsupported(statement.stmt, keys):
        issues.append({"kind": "UNKNOWN_CONDITION_FOR_ACTION", "statement": index, "detail": one})
    for finding in statement.findings:
        detail = finding.detail
        if finding.issue == "UNKNOWN_CONDITION_FOR_ACTION":
            continue
        if finding.issue == "RESOURCE_MISMATCH":
            for one in misplaced(knowledge, statement.stmt, detail):
                issues.append({"kind": finding.issue, "statement": index, "detail": one})
            continue
        if finding.issue == "RESOURCE_STAR":
            detail = sorted(action for action in detail if knowledge.privilege(*action.split(":"))["access_level"] != "List")
        location = finding.location if isinstance(finding.location, dict) else {}
        issues.append(
            {
                "kind": finding.issue,
                "statement": index,
                "detail": detail if isinstance(detail, (list, dict)) else str(detail or ""),
                "text": str(location.get("string", "")),
            }
        )
    return issues


def community(index: int, statement: Any) -> list[dict[str, Any]]:
    """Return what the community's auditors say of a statement alone: of several they stop at the first without a condition."""
    alone = parliament.analyze_policy_string(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}), ignore_private_auditors=True
    )
    if not alone.is_valid or not alone.statements:
        return []
    before = len(alone._findings)
    advanced_policy_elements.audit(alone)
    single_value_condition_too_permissive.audit(alone)
    return [{"kind": finding.issue, "statement": index, "detail": "", "text": ""} for finding in alone._findings[before:]]


def audit(knowledge: Knowledge, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the issues of one policy."""
    try:
        policy = parliament.analyze_policy_string(json.dumps(document["policy"]), ignore_private_auditors=True)
        issues = [
            {"kind": finding.issue, "statement": -1, "detail": str(finding.detail or ""), "text": ""}
            for finding in policy._findings
        ]
        for index, statement in enumerate(policy.statements):
            issues += of_statement(knowledge, index, statement)
        statements = document["policy"].get("Statement", [])
        for index, one in enumerate(statements if isinstance(statements, list) else [statements]):
            issues += community(index, one)
    except Exception as error:  # whatever it stumbled over is in the policy: it has met no other input
        return [{"kind": "EXCEPTION", "statement": -1, "detail": f"{type(error).__name__}: {error}", "text": ""}]
    return issues


def main(documents: Path, reference: Path) -> None:
    """Audit every document."""
    sys.setrecursionlimit(20_000)  # its matching of patterns takes a call for each character
    parliament.is_glob_match = functools.lru_cache(maxsize=None)(parliament.is_glob_match)  # and is exponential in stars
    knowledge = Knowledge(json.loads(reference.read_text(encoding="utf-8")))
    engine.get_privilege_info = knowledge.privilege
    engine.is_valid_account_id = functools.partial(account_or_service, engine.is_valid_account_id)
    answers = {document["id"]: audit(knowledge, document) for document in json.loads(documents.read_text(encoding="utf-8"))}
    version = importlib.metadata.version("parliament")
    json.dump({"version": version, "issues": answers}, sys.stdout)


def account_or_service(usual: Any, account: str) -> bool:
    """Say whether the fifth part of an ARN is one: AWS's own policies and origin identities stand where an account's id does."""
    return account in ("aws", "cloudfront") or bool(usual(account))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
