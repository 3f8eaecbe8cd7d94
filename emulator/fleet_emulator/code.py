"""CodeCommit, CodeBuild and CodePipeline: their CloudFormation types over moto's backends, and a pipeline's state.

The emulator runs no build and no pipeline: the rehearsal does, and tells the state by ``PUT /_fleet/pipelines/{name}``.
``code_types.py`` holds the types, ``code_pipelines.py`` state and approvals, ``code_executions.py`` executions,
``code_repositories.py`` repositories (``code_hosts.py`` their folders, ``code_triggers.py`` and ``code_approval_rules.py`` what
hangs on them), ``code_events.py`` rules that start what the rehearsal runs.
"""

from __future__ import annotations

from . import code_approval_rules, code_events, code_executions, code_pipelines, code_repositories, code_triggers, code_types


def register() -> None:
    """Define the types and add the operations that moto lacks."""
    code_types.register()
    code_pipelines.register()
    code_repositories.register()
    code_triggers.register()
    code_approval_rules.register()
    code_executions.register()
    code_events.register()
