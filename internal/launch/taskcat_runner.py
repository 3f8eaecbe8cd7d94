"""Run TaskCat tests for `fleet launch test`, and say per stack what became of them.

TaskCat's own command line exits with 1 when a style sheet cannot be fetched after every stack passed, and waits without end.
This program drives TaskCat's API instead: one CFNTest per test, rounds one after another, bounded waits, and a line of JSON per
event on standard output. Fleet reads `tested`, looks at the stacks while they exist, answers with a line, and TaskCat deletes
them.

It runs as `python -I`, in an empty folder, with a private HOME, and reads its one argument: a plan written by fleet.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import taskcat._config
import taskcat.testing._cfn_test
from taskcat._cfn.stack import Stacks
from taskcat._cfn.threaded import Stacker
from taskcat._client_factory import Boto3Cache
from taskcat._config import Config
from taskcat.testing import CFNTest

WRONG_ACCOUNT = 3
PROTOCOL = sys.stdout  # the only thing that may be written there is events


class BoundedPrinter:
    """Waits for stacks as TaskCat's printer does, but not for ever."""

    def __init__(self, deadline: float, poll: float) -> None:
        self._deadline = deadline
        self._poll = poll

    def report_test_progress(self, stacker: Stacker) -> None:
        """Return once no stack is in progress; raise TimeoutError at the deadline."""
        pause = 0.2
        while stacker.status()["IN_PROGRESS"]:
            if time.monotonic() > self._deadline:
                raise TimeoutError("stacks are still in progress at the end of the time for tests")
            time.sleep(pause)
            pause = min(pause * 1.5, self._poll)
            for stack in stacker.stacks:
                stack.refresh()


class Run:
    """One test of one product."""

    def __init__(self, spec: dict[str, Any], deadline: float, poll: float) -> None:
        self.spec = spec
        self.error = ""
        self.seconds = 0.0
        config = Config(
            sources=[{"source": "fleet", "config": spec["config"]}],
            uid=uuid.uuid4(),
            project_root=Path(spec["root"]),
        )
        self.test = CFNTest(
            config,
            printer=BoundedPrinter(deadline, poll),
            lint_disable=True,  # Alpha's pinned cfn-lint passed this very template, by its digest
            dont_wait_for_delete=False,
        )

    def launch(self) -> None:
        """Create the stacks and wait; what goes wrong is kept, never raised."""
        started = time.monotonic()
        try:
            self.test.run()
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.error = f"{type(error).__name__}: {error}"
        self.seconds = round(time.monotonic() - started, 3)

    def clean(self) -> None:
        """Delete the stacks by TaskCat's own clean-up. Fleet checks afterwards that they are gone, so errors are only shown."""
        for stack in self._stacks():
            stack._timer.cancel()  # pylint: disable=protected-access  # else it keeps the process for a minute
        if self._stacks():
            launched = [stack for stack in self._stacks() if not stack.launch_exception]
            self.test.test_definition.stacks = Stacks(launched)  # TaskCat would delete those that never were
        try:
            self.test.clean_up()
        except Exception as error:  # pylint: disable=broad-exception-caught
            sys.stderr.write(f"clean-up of {self.spec['product']} {self.spec['test']}: {error}\n")

    def _stacks(self) -> list[Any]:
        definition = getattr(self.test, "test_definition", None)
        return list(definition.stacks) if definition else []

    def result(self) -> dict[str, Any]:
        """What became of the test, stack by stack."""
        return {
            "product": self.spec["product"],
            "test": self.spec["test"],
            "error": self.error,
            "seconds": self.seconds,
            "stacks": [_stack(stack, self.spec) for stack in self._stacks()],
        }


def _stack(stack: Any, spec: dict[str, Any]) -> dict[str, str]:
    if stack.launch_exception:
        (test,) = spec["config"]["tests"].values()
        return {
            "id": "",
            "name": test["stack_name"],
            "region": stack.region_name,
            "status": "",
            "resource": "",
            "reason": stack.status_reason,
        }
    resource, reason = "", stack.status_reason
    if stack.status != "CREATE_COMPLETE":
        for event in reversed(stack.events(refresh=True, include_generic=False)):
            if event.status.endswith("_FAILED") and event.status_reason:
                resource, reason = event.logical_id, event.status_reason
                break
    return {
        "id": stack.id,
        "name": stack.name,
        "region": stack.region_name,
        "status": stack.status,
        "resource": resource,
        "reason": reason,
    }


def _emit(event: str, **fields: Any) -> None:
    PROTOCOL.write(json.dumps({"event": event, **fields}) + "\n")
    PROTOCOL.flush()


def _broken(spec: dict[str, Any], error: Exception) -> dict[str, Any]:
    return {
        "product": spec["product"],
        "test": spec["test"],
        "error": f"{type(error).__name__}: {error}",
        "seconds": 0.0,
        "stacks": [],
    }


def _share_clients(regions: list[str]) -> None:
    """Give all tests one cache of AWS clients: TaskCat makes one per test, and most of its time is spent loading models anew."""
    cache = Boto3Cache()
    cache.account_id("default")
    for region in regions:
        for service in ("cloudformation", "s3"):
            cache.client(service, profile="default", region=region)
    for module in (taskcat._config, taskcat.testing._cfn_test):  # pylint: disable=protected-access
        module.Boto3Cache = lambda: cache


def _prepare(spec: dict[str, Any], deadline: float, poll: float) -> Run | dict[str, Any]:
    try:
        return Run(spec, deadline, poll)
    except Exception as error:  # pylint: disable=broad-exception-caught
        return _broken(spec, error)


def main(arguments: list[str]) -> int:
    """Run the plan's rounds; standard input closing means stop after cleaning up."""
    plan = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    sys.stdout = sys.stderr  # whatever TaskCat prints is progress
    account = boto3.Session(profile_name="default").client("sts").get_caller_identity()["Account"]
    if account != plan["account"]:
        sys.stderr.write(f"credentials belong to account {account}, want {plan['account']}\n")
        return WRONG_ACCOUNT
    _share_clients(plan["regions"])
    deadline = time.monotonic() + plan["timeoutSeconds"]
    for specs in plan["rounds"]:
        prepared = [_prepare(spec, deadline, plan["pollSeconds"]) for spec in specs]
        runs = [run for run in prepared if isinstance(run, Run)]
        with ThreadPoolExecutor(max_workers=plan["parallel"]) as pool:
            list(pool.map(Run.launch, runs))
        _emit("tested", results=[p.result() if isinstance(p, Run) else p for p in prepared])
        going_on = bool(sys.stdin.readline())
        with ThreadPoolExecutor(max_workers=plan["parallel"]) as pool:
            list(pool.map(Run.clean, runs))
        _emit("cleaned")
        if not going_on or not sys.stdin.readline():
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
