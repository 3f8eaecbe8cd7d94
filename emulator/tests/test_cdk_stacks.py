"""What the CDK's command line says of stacks that change, fail and are mended: it reads events, change sets and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import REGION, Aws
from test_cdk import assembly, cdk

pytestmark = pytest.mark.source(
    "CDK CLI reference: bootstrap, deploy and destroy; DefaultStackSynthesizer's bootstrap version rule"
)

RULES = {
    "CheckBootstrapVersion": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]},
                "AssertDescription": "CDK bootstrap stack version 6 required.",
            }
        ]
    }
}
PARAMETERS = {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}}


def parameter(name: str, value: str = "v", **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}, **more}


def deploy(aws: Aws, home: Path, resources: dict[str, Any]) -> tuple[int, str]:
    template = {"Parameters": PARAMETERS, "Rules": RULES, "Resources": resources, "Outputs": {"Out": {"Value": "x"}}}
    folder = assembly(home / "assembly", aws.account, template)
    done = cdk(aws, home, "deploy", "--app", str(folder), "--all", "--require-approval", "never", "--progress", "events")
    return done.returncode, done.stdout + done.stderr


def status(aws: Aws) -> str:
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    return next(str(stack["StackStatus"]) for stack in stacks if stack["StackName"] != "CDKToolkit")


@pytest.fixture
def bootstrapped(aws: Aws, tmp_path: Path) -> Aws:
    done = cdk(aws, tmp_path, "bootstrap", f"aws://{aws.account}/{REGION}")
    assert done.returncode == 0, done.stderr
    return aws


def test_a_stack_is_deployed_left_alone_updated_and_destroyed(bootstrapped: Aws, tmp_path: Path) -> None:
    again = cdk(bootstrapped, tmp_path, "bootstrap", f"aws://{bootstrapped.account}/{REGION}")
    assert "(no changes)" in again.stdout + again.stderr
    code, said = deploy(bootstrapped, tmp_path, {"P": parameter("/app/p")})
    assert (code, ".Out = x" in said) == (0, True), said
    code, said = deploy(bootstrapped, tmp_path, {"P": parameter("/app/p")})
    assert (code, "(no changes)" in said) == (0, True), said
    assert deploy(bootstrapped, tmp_path, {"P": parameter("/app/p", "two")})[0] == 0
    assert bootstrapped.client("ssm").get_parameter(Name="/app/p")["Parameter"]["Value"] == "two"
    done = cdk(bootstrapped, tmp_path, "destroy", "--app", str(tmp_path / "assembly"), "--all", "--force")
    assert done.returncode == 0, done.stderr
    stacks = bootstrapped.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["CDKToolkit"]


def test_failed_creates_and_updates_are_told_and_mended(bootstrapped: Aws, tmp_path: Path) -> None:
    ssm = bootstrapped.client("ssm")
    ssm.put_parameter(Name="/taken", Value="x", Type="String")
    taken = parameter("/taken", DependsOn="P")
    code, said = deploy(bootstrapped, tmp_path, {"P": parameter("/app/p"), "Taken": taken})
    assert (code, "already exists" in said) == (1, True), said
    assert status(bootstrapped) == "ROLLBACK_COMPLETE"
    assert deploy(bootstrapped, tmp_path, {"P": parameter("/app/p")})[0] == 0
    code, said = deploy(bootstrapped, tmp_path, {"P": parameter("/app/p", "two"), "Taken": taken})
    assert (code, "already exists" in said) == (1, True), said
    assert status(bootstrapped) == "UPDATE_ROLLBACK_COMPLETE"
    assert ssm.get_parameter(Name="/app/p")["Parameter"]["Value"] == "v"
    assert deploy(bootstrapped, tmp_path, {"P": parameter("/app/p", "three")})[0] == 0
