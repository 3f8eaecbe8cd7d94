"""Write which IAM permissions the handlers of every CloudFormation resource type need.

Reads the registry schemas that the pinned cfn-lint ships, and nothing from the user's cache: the same cfn-lint gives the
same file. A type that us-east-1 has is taken from there, another from the first region that has it.

Usage: python registry.py OUTPUT
"""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HOME_REGION = "us-east-1"


def schema_folder() -> Path:
    """Return the folder of the schemas inside the installed cfn-lint."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise SystemExit("cfn-lint is not installed beside this Python: run make tools")
    return Path(spec.origin).parent / "data" / "schemas"


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


def main(output: Path) -> None:
    """Write the index to output."""
    schemas = schema_folder()
    index = {
        name: permissions(json.loads((schemas / "resources" / f"{digest}.json").read_text(encoding="utf-8")))
        for name, digest in sorted(types_to_files(schemas).items())
    }
    source = f"cfn-lint {importlib.metadata.version('cfn-lint')}"
    output.write_text(json.dumps({"source": source, "types": index}, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
