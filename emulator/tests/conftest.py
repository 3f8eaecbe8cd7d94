"""One emulator for the whole run, as a process of its own, spoken to as AWS is: by boto3 and HTTP.

Every test works in an account of its own (``account``), so that tests do not meet. A test of a behaviour of AWS states its
source in ``source``: the page, schema or service model that says so; those tests are the contract suite. With
FLEET_CONTRACT_TARGET=aws they speak with AWS, through the default credential chain, and make and delete resources there; what
needs the emulator's own endpoints or a second account is skipped then.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

pytest_plugins = ("servicecatalog_world", "stack_world", "stackset_world")

FOLDER = Path(__file__).resolve().parent.parent
REGION = "eu-west-1"
_ACCOUNTS = itertools.count(100000000001)


TARGET = os.environ.get("FLEET_CONTRACT_TARGET", "emulator")
NEEDS_TWO_ACCOUNTS = "emulator only: needs the root user of a second account"
NEEDS_ENDPOINTS = "emulator only: uses an endpoint that AWS does not have"
NO_CONTRACT = "emulator only: the test states no behaviour of AWS"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "source(text): where it is documented that AWS behaves so")
    if TARGET not in ("emulator", "aws"):
        raise pytest.UsageError(f"FLEET_CONTRACT_TARGET is {TARGET!r}: want emulator or aws")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("source")
        if mark is not None and not (len(mark.args) == 1 and isinstance(mark.args[0], str) and mark.args[0].strip()):
            raise pytest.UsageError(f"{item.nodeid}: source wants one text: name the page, schema or model that says so")
        if TARGET == "aws" and mark is None:
            item.add_marker(pytest.mark.skip(reason=NO_CONTRACT))


@dataclass
class Aws:
    """The emulator as seen by one set of credentials."""

    endpoint: str
    account: str
    key: str
    secret: str = "emulator"
    token: str | None = None
    region: str = REGION
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = "") -> Any:
        place = (service, region or self.region)
        if TARGET == "aws" and place not in self._clients:
            self._clients[place] = boto3.client(service, region_name=place[1])
        if place not in self._clients:
            self._clients[place] = boto3.client(
                service,
                region_name=place[1],
                endpoint_url=self.endpoint,
                aws_access_key_id=self.key,
                aws_secret_access_key=self.secret,
                aws_session_token=self.token,
                config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, signature_version="v4"),
            )
        return self._clients[place]

    def fleet(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call one of the emulator's own endpoints."""
        if TARGET == "aws":
            pytest.skip(NEEDS_ENDPOINTS)
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.endpoint}/_fleet/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def root(self, account: str) -> Aws:
        """The root user of another account."""
        if TARGET == "aws":
            pytest.skip(NEEDS_TWO_ACCOUNTS)
        return Aws(self.endpoint, account, account)

    def assume(self, role_arn: str, session: str = "session", **arguments: Any) -> Aws:
        """The session of a role that these credentials assume."""
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session, **arguments)["Credentials"]
        return Aws(self.endpoint, role_arn.split(":")[4], given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def role(self, name: str, *statements: dict[str, Any], trust: Any = None, **arguments: Any) -> str:
        """Make a role with one inline policy of the statements; anybody of the account may assume it unless told otherwise."""
        iam = self.client("iam")
        trusted = trust if trust is not None else {"AWS": f"arn:aws:iam::{self.account}:root"}
        statement = trusted if "Effect" in trusted else {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document), **arguments)
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        return f"arn:aws:iam::{self.account}:role{arguments.get('Path', '/')}{name}"

    def deploy(self, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **arguments: Any) -> Any:
        """Create or update a stack; the answer is DescribeStacks' of it."""
        cloudformation = self.client("cloudformation")
        template = {"Resources": resources}
        if outputs:
            template["Outputs"] = {key: {"Value": value} for key, value in outputs.items()}
        existing = [s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]]
        call = cloudformation.update_stack if name in existing else cloudformation.create_stack
        call(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"], **arguments)
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, name: str) -> dict[str, str]:
        stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def reasons(self, name: str) -> str:
        """Why the resources of the stack failed."""
        events = self.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"].endswith("FAILED"))

    def physical(self, name: str, logical: str) -> str:
        detail = self.client("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId=logical)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running emulator; FLEET_TEST_EMULATOR names one that runs already."""
    if TARGET == "aws":
        if boto3.session.Session().get_credentials() is None:
            pytest.skip("FLEET_CONTRACT_TARGET=aws: the default credential chain has no credentials here")
        yield "aws"
        return
    if os.environ.get("FLEET_TEST_EMULATOR"):
        yield os.environ["FLEET_TEST_EMULATOR"]
        return
    log = tmp_path_factory.mktemp("emulator") / "emulator.log"
    process = subprocess.Popen(
        [sys.executable, "-I", str(FOLDER / "serve.py"), "--parent-stdin", "--log", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["endpoint"]
    process.stdin.close()
    assert process.wait(10) == 0, log.read_text()[-4000:]


@pytest.fixture
def aws(endpoint: str) -> Aws:
    """The root user of an account that no other test uses."""
    if TARGET == "aws":
        account = str(boto3.client("sts", region_name=REGION).get_caller_identity()["Account"])
        return Aws(endpoint, account, account)
    account = str(next(_ACCOUNTS))
    return Aws(endpoint, account, account)


@pytest.fixture
def other(endpoint: str) -> Aws:
    """The root user of a second account."""
    if TARGET == "aws":
        pytest.skip(NEEDS_TWO_ACCOUNTS)
    account = str(next(_ACCOUNTS))
    return Aws(endpoint, account, account)
