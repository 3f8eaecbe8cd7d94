"""The contract suite as a whole: how many behaviours of AWS it states, each with its source."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def _collect(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-m", "source", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=FOLDER.parent, env=environment, capture_output=True, text=True, check=False)


def test_at_least_150_behaviours_are_stated_each_with_its_source() -> None:
    done = _collect("tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\S+::", done.stdout, re.MULTILINE)) >= 150


def test_a_case_with_an_empty_source_is_refused(tmp_path: Path) -> None:
    case = tmp_path / "test_case.py"
    case.write_text('import pytest\n\n\n@pytest.mark.source(" ")\ndef test_case() -> None:\n    pass\n')
    ours = (FOLDER / "conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(re.sub(r"^pytest_plugins = .*$", "", ours, flags=re.MULTILINE))
    done = _collect(str(case))
    assert done.returncode != 0
    assert "source wants one text" in done.stdout + done.stderr


def test_an_unknown_target_is_refused() -> None:
    done = _collect("tests", FLEET_CONTRACT_TARGET="azure")
    assert done.returncode != 0
    assert "want emulator or aws" in done.stdout + done.stderr


def test_without_credentials_the_suite_says_why_it_does_not_run_on_aws(tmp_path: Path) -> None:
    nothing = {name: str(tmp_path / "none") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    command = [sys.executable, "-m", "pytest", "-rs", "tests/test_stack_recovery.py"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, **nothing, "FLEET_CONTRACT_TARGET": "aws", "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(command, cwd=FOLDER.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the default credential chain has no credentials here" in done.stdout
    assert "the test states no behaviour of AWS" in done.stdout
