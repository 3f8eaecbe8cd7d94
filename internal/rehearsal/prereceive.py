"""Server hook of the rehearsed CodeCommit: may this role push these refs?

Git runs it once a push, with the refs on standard input, and refuses the whole push unless it exits 0. Only the standard
library is used, so that any Python runs it.
"""

import json
import os
import sys
import urllib.error
import urllib.request


def question(ref: str) -> urllib.request.Request:
    """The request that asks the emulator about one ref."""
    body = {
        "principal": os.environ["FLEET_PUSHER"],
        "action": "codecommit:GitPush",
        "resource": os.environ["FLEET_REPOSITORY"],
        "context": {"codecommit:References": [ref]},
    }
    return urllib.request.Request(
        os.environ["FLEET_EMULATOR"] + "/_fleet/authorize",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )


def main() -> int:
    """Ask about every pushed ref; 1 if one of them may not be pushed, 2 if nobody answers."""
    refused = 0
    for line in sys.stdin:
        ref = line.split()[2]
        try:
            with urllib.request.urlopen(question(ref), timeout=30) as response:
                answer = json.load(response)
        except (urllib.error.URLError, ValueError) as error:
            print(f"the emulator does not answer: {error}", file=sys.stderr)
            return 2
        if not answer["allowed"]:
            print(f"AccessDenied: {os.environ['FLEET_PUSHER']} may not push {ref}: {answer['reason']}", file=sys.stderr)
            refused = 1
    return refused


if __name__ == "__main__":
    sys.exit(main())
