"""Measure a fresh emulator and print JSON: seconds to start, seconds for 100 stacks of 10 resources, megabytes afterwards.

Usage: python emulator/bench.py, with the Python that runs the emulator's tests. scripts/bench.py prints the figures as ratios.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config

STACKS, RESOURCES = 100, 10
TYPES = ("AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup")


def main() -> None:
    """Start, load, look, stop."""
    begun = time.monotonic()
    command = [sys.executable, "-I", str(Path(__file__).parent / "serve.py"), "--parent-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        figures = {"start": time.monotonic() - begun, "100 stacks of 10 resources": _stacks(endpoint)}
        figures["memory after them"] = _megabytes(process.pid)
        process.stdin.close()
    print(json.dumps(figures))


def _stacks(endpoint: str) -> float:
    cloudformation = boto3.client(
        "cloudformation",
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="1" * 12,
        aws_secret_access_key="emulator",
        config=Config(retries={"max_attempts": 1}),
    )
    body = json.dumps({"Resources": {f"R{n}": {"Type": TYPES[n % len(TYPES)]} for n in range(RESOURCES)}})
    begun = time.monotonic()
    for number in range(STACKS):
        cloudformation.create_stack(StackName=f"stack{number}", TemplateBody=body)
    seconds = time.monotonic() - begun
    statuses = {stack["StackStatus"] for stack in cloudformation.describe_stacks()["Stacks"]}
    if statuses != {"CREATE_COMPLETE"}:
        raise SystemExit(f"the stacks are {', '.join(sorted(statuses))}")
    return seconds


def _megabytes(pid: int) -> float:
    """The resident memory, where the system tells it in /proc."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text() if status.exists() else "")
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
