"""The real CDK command line under enforcement: bootstrap, and deployment into another account by roles alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import FOLDER, REGION, Aws
from test_iam import allow

CDK = FOLDER.parent / ".tools" / "bin" / "cdk"
QUALIFIER = "hnb659fds"


def cdk(aws: Aws, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if not CDK.exists():
        pytest.fail(f"{CDK} is not installed: run make tools")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": aws.key,
        "AWS_SECRET_ACCESS_KEY": aws.secret,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CI": "true",
    }
    if aws.token:
        environment["AWS_SESSION_TOKEN"] = aws.token
    command = [str(CDK), *arguments, "--no-notices", "--no-color"]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=120)


def assembly(folder: Path, account: str, template: dict[str, Any]) -> Path:
    """A cloud assembly of one stack, as cdk synth writes it."""
    folder.mkdir(exist_ok=True)
    body = json.dumps(template)
    digest = hashlib.sha256(body.encode()).hexdigest()
    (folder / "T.template.json").write_text(body)
    bucket = f"cdk-{QUALIFIER}-assets-{account}-{REGION}"

    def role(name: str) -> str:
        return f"arn:${{AWS::Partition}}:iam::{account}:role/cdk-{QUALIFIER}-{name}-role-{account}-{REGION}"

    place = {
        "bucketName": bucket,
        "objectKey": f"{digest}.json",
        "region": REGION,
        "assumeRoleArn": role("file-publishing"),
    }
    source = {"path": "T.template.json", "packaging": "file"}
    files = {digest: {"displayName": "T", "source": source, "destinations": {"there": place}}}
    (folder / "T.assets.json").write_text(json.dumps({"version": "48.0.0", "files": files, "dockerImages": {}}))
    bootstrap = {"requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": f"/cdk-bootstrap/{QUALIFIER}/version"}
    stack = {
        "templateFile": "T.template.json",
        "assumeRoleArn": role("deploy"),
        "cloudFormationExecutionRoleArn": role("cfn-exec"),
        "stackTemplateAssetObjectUrl": f"s3://{bucket}/{digest}.json",
        "lookupRole": {"arn": role("lookup"), **bootstrap},
        **bootstrap,
    }
    artifacts = {
        "T.assets": {"type": "cdk:asset-manifest", "properties": {"file": "T.assets.json", **bootstrap}},
        "T": {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/{REGION}",
            "properties": stack,
            "dependencies": ["T.assets"],
            "displayName": "T",
        },
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))
    return folder


@pytest.mark.source("CDK developer guide, Bootstrapping: roles; customize with --trust and --cloudformation-execution-policies")
def test_a_bootstrapped_account_is_deployed_to_by_whom_it_trusts_and_nobody_else(aws: Aws, other: Aws, tmp_path: Path) -> None:
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    environment = f"aws://{other.account}/{REGION}"
    trust = ("--trust", aws.account, "--cloudformation-execution-policies", policy)
    done = cdk(other, tmp_path, "bootstrap", environment, *trust)
    assert done.returncode == 0, done.stderr
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "deployed"}}
    out = assembly(tmp_path / "out", other.account, {"Resources": {"Topic": topic}})
    deploy = ("deploy", "--app", str(out), "--all", "--require-approval", "never")

    stranger = aws.root("100999999999")
    role = stranger.role("stranger", allow("sts:AssumeRole"))
    refused = cdk(stranger.assume(role), tmp_path, *deploy)
    assert refused.returncode != 0
    assert other.client("sns").list_topics()["Topics"] == []

    role = aws.role("ci", allow("sts:AssumeRole", resource="arn:aws:iam::*:role/cdk-*"))
    done = cdk(aws.assume(role), tmp_path, *deploy)
    assert done.returncode == 0, done.stderr
    assert len(other.client("sns").list_topics()["Topics"]) == 1
    used = {entry["arn"].rpartition("/")[2]: entry["used"] for entry in aws.fleet("GET", "permissions")[1]["roles"]}
    assert used["ci"] == ["sts:AssumeRole"]
    assert "sns:CreateTopic" in used[f"cdk-{QUALIFIER}-cfn-exec-role-{other.account}-{REGION}"]

    done = cdk(aws.assume(role), tmp_path, "destroy", "--app", str(out), "--all", "--force")
    assert done.returncode == 0, done.stderr
    assert other.client("sns").list_topics()["Topics"] == []
