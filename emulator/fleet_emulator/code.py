"""CodeCommit, CodeBuild and CodePipeline: their CloudFormation types over moto's backends, and a pipeline's state.

The emulator runs no build and no pipeline: the rehearsal does, and tells the state by ``PUT /_fleet/pipelines/{name}``.
``code_types.py`` holds the types, ``code_pipelines.py`` state and approvals, ``code_executions.py`` executions,
``code_repositories.py`` tags of repositories, ``code_events.py`` rules that start what the rehearsal runs.
"""

from __future__ import annotations

from . import code_events, code_executions, code_pipelines, code_repositories, code_types


def register() -> None:
    """Define the types and add the operations that moto lacks."""
    code_types.register()
    code_pipelines.register()
    code_repositories.register()
    code_executions.register()
    code_events.register()
