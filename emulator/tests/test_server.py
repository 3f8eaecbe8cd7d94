"""Starting, stopping, and who an access key belongs to."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import FOLDER, REGION, Aws


def start(*arguments: str, **popen: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", str(FOLDER / "serve.py"), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)


def test_a_taken_port_is_one_clear_message_and_exit_code_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out == ""
    assert err == f"emulator: port {port}: Address already in use: choose another, or 0 for any free one\n"


def test_it_serves_the_loopback_only_and_ends_on_sigterm() -> None:
    process = start()
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["pid"] == process.pid
    port = int(ready["endpoint"].removeprefix("http://localhost:"))
    outside = [a[4][0] for a in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET) if a[4][0] != "127.0.0.1"]
    for address in outside:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, port), timeout=1)
    process.terminate()
    assert process.wait(10) == 0


def test_it_ends_with_its_parents_standard_input() -> None:
    process = start("--parent-stdin", stdin=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(10) == 0


def test_another_version_of_moto_is_refused_with_what_moved() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from fleet_emulator import seams, server\n"
        "seams.MOTO = '9.9.9'; seams.SEAMS['moto.core:no_such_thing'] = ''\n"
        "seams.SEAMS['moto.iam.models:IAMBackend.get_role'] = 'self, name'\n"
        "sys.exit(server.main([]))\n"
    )
    process = subprocess.run([sys.executable, "-I", "-c", code, str(FOLDER)], capture_output=True, text=True, timeout=60)
    assert process.returncode == 2
    assert "moto 5.2.5 is installed, 9.9.9 is needed" in process.stderr
    assert "moto.core:no_such_thing is gone" in process.stderr
    assert "IAMBackend.get_role takes (self, role_name) and not (self, name)" in process.stderr
    assert process.stderr.endswith("run make tools, which installs the pinned set\n")
    assert process.stderr.count("\n") == 1


def test_start_takes_a_few_seconds_at_most() -> None:
    began = time.monotonic()
    process = start()
    assert process.stdout is not None
    process.stdout.readline()
    took = time.monotonic() - began
    process.terminate()
    process.wait(10)
    assert took < 20  # the goal is 4 s on a free core; this only catches what hangs


def test_a_key_of_twelve_digits_is_the_root_user_of_that_account(aws: Aws) -> None:
    who = aws.client("sts").get_caller_identity()
    assert who["Account"] == aws.account
    assert who["Arn"] == f"arn:aws:iam::{aws.account}:root"


@pytest.mark.source("STS API reference, Common Error Types: InvalidClientTokenId")
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIA" + "ABCDEFGHIJKLMNOP", "12345678901"])
def test_an_unknown_key_is_refused_and_not_some_account(aws: Aws, key: str) -> None:
    stranger = Aws(aws.endpoint, "", key)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stranger.client("sts").get_caller_identity()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stranger.client("ssm").describe_parameters()
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        stranger.client("s3").list_buckets()
    with pytest.raises(ClientError, match="AuthFailure"):
        stranger.client("ec2").describe_vpcs()


def test_a_session_needs_its_token(aws: Aws) -> None:
    session = aws.assume(aws.role("some"))
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        Aws(aws.endpoint, aws.account, session.key, session.secret, "another").client("sts").get_caller_identity()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        Aws(aws.endpoint, aws.account, session.key, session.secret).client("sts").get_caller_identity()


def test_an_anonymous_request_is_refused(aws: Aws) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{aws.endpoint}/some-bucket/key")
    assert refused.value.code == 403
    assert b"<Code>AccessDenied</Code>" in refused.value.read()


def test_an_operation_that_nobody_emulates_says_so(aws: Aws) -> None:
    with pytest.raises(ClientError, match=r"emulator: .*has not been implemented"):
        aws.client("iam").generate_service_last_accessed_details(Arn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    status, answer = aws.fleet("GET", "nothing")
    assert (status, answer["error"]["code"]) == (404, "NotFound")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{aws.endpoint}/moto-api/data.json")


def test_accounts_are_kept_apart(aws: Aws, other: Aws) -> None:
    aws.client("ssm").put_parameter(Name="/where", Value="here", Type="String")
    with pytest.raises(ClientError, match="ParameterNotFound"):
        other.client("ssm").get_parameter(Name="/where")
    role = other.role(
        "reader", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}, trust={"AWS": f"arn:aws:iam::{aws.account}:root"}
    )
    other.client("ssm").put_parameter(Name="/where", Value="there", Type="String")
    assert aws.assume(role).client("ssm").get_parameter(Name="/where")["Parameter"]["Value"] == "there"


@pytest.mark.parametrize(("service", "operation"), [("lightsail", "get_instances"), ("support-app", "get_account_alias")])
def test_a_service_that_is_not_here_says_so(aws: Aws, service: str, operation: str) -> None:
    with pytest.raises(ClientError, match=r"\(NotImplemented\).*emulator: there is no service \S+ here"):
        getattr(aws.client(service), operation)()


def test_services_that_sign_with_one_name_are_told_apart(aws: Aws) -> None:
    role = aws.assume(aws.role("some", {"Effect": "Allow", "Action": ["ses:*", "elasticloadbalancing:*"], "Resource": "*"}))
    for service, operation in (("ses", "list_identities"), ("sesv2", "list_contact_lists"),
                               ("elb", "describe_load_balancers"), ("elbv2", "describe_load_balancers")):  # fmt: skip
        assert getattr(role.client(service), operation)()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, which tells the memory of a process")
def test_accounts_cost_little_memory() -> None:
    """One client of a service for all accounts, and machine images only where somebody looks: 7 MB for each account else."""
    process = start("--parent-stdin", stdin=subprocess.PIPE)
    assert process.stdout is not None
    endpoint = json.loads(process.stdout.readline())["endpoint"]
    resources = {
        "V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "L": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 14}},
        "T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "t"}},
    }

    def launch(number: int) -> int:
        aws = Aws(endpoint, str(number), str(number))
        assert aws.deploy("one", resources)["StackStatus"] == "CREATE_COMPLETE"
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) // 1024

    before = launch(100000000001)
    after = max(launch(100000000002 + number) for number in range(10))
    process.communicate("")
    assert after - before < 20, f"{before} MB with one account, {after} MB with eleven"


def test_aws_machine_images_are_there_when_somebody_looks(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    assert ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["ImageId"] == image


def test_instance_types_are_offered_where_somebody_looks(aws: Aws) -> None:
    offered = aws.client("ec2").describe_instance_type_offerings(LocationType="region")["InstanceTypeOfferings"]
    assert {"InstanceType": "t3.micro", "LocationType": "region", "Location": REGION} in offered
