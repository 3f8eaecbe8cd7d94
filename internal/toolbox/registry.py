"""Write which IAM permissions the handlers of every CloudFormation resource type need, and what each of these acts on.

Reads the registry schemas and the copy of the Service Authorization Reference that the pinned cfn-lint ships, and nothing
from the user's cache: the same cfn-lint gives the same file. A type that us-east-1 has is taken from there, another from the
first region that has it.

Usage: python registry.py OUTPUT
"""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HOME_REGION = "us-east-1"


def data_folder() -> Path:
    """Return the folder of the data inside the installed cfn-lint."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise SystemExit("cfn-lint is not installed beside this Python: run make tools")
    return Path(spec.origin).parent / "data"


def types_to_files(schemas: Path) -> dict[str, str]:
    """Map each resource type to the name of its schema file, preferring HOME_REGION."""
    regions = sorted((schemas / "providers").glob("*.json"), key=lambda file: (file.stem != HOME_REGION, file.stem))
    chosen: dict[str, str] = {}
    for region in regions:
        for name, digest in json.loads(region.read_text(encoding="utf-8")).items():
            if name.startswith("AWS::") and not name.startswith("AWS::Serverless::"):
                chosen.setdefault(name, digest)
    return chosen


def permissions(schema: dict[str, Any]) -> dict[str, list[str]]:
    """Return the permissions of each handler of a schema, sorted."""
    handlers = schema.get("handlers", {})
    return {verb: sorted(set(handler.get("permissions", []))) for verb, handler in sorted(handlers.items())}


def services(reference: dict[str, Any], called: set[str]) -> dict[str, Any]:
    """Return of each service that handlers call its actions with the kinds of resources that they take, and the kinds' ARNs.

    Actions are in lower case, as cfn-lint has them; an ARN has ``.*`` where a name or an id stands.
    """
    found: dict[str, Any] = {}
    for prefix in sorted(called & set(reference)):
        service = reference[prefix]
        found[prefix] = {
            "actions": {action: sorted(facts.get("Resources", [])) for action, facts in sorted(service["Actions"].items())},
            "kinds": {kind: sorted(facts.get("ARNFormats", [])) for kind, facts in sorted(service["Resources"].items())},
        }
    return found


def main(output: Path) -> None:
    """Write the index to output."""
    data = data_folder()
    schemas = data / "schemas"
    index = {
        name: permissions(json.loads((schemas / "resources" / f"{digest}.json").read_text(encoding="utf-8")))
        for name, digest in sorted(types_to_files(schemas).items())
    }
    called = {action.partition(":")[0].lower() for verbs in index.values() for actions in verbs.values() for action in actions}
    reference = json.loads((data / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8"))
    source = f"cfn-lint {importlib.metadata.version('cfn-lint')}"
    content = {"services": services(reference, called), "source": source, "types": index}
    output.write_text(json.dumps(content, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
