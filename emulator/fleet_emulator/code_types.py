"""The CloudFormation types of CodeCommit, CodeBuild and CodePipeline, held by moto's backends so that their APIs show them."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.codebuild.models import CodeBuild, codebuild_backends
from moto.codebuild.responses import CodeBuildResponse
from moto.codecommit.models import codecommit_backends
from moto.codepipeline.models import CodePipeline, codepipeline_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.s3.models import s3_backends

from . import code_repositories, code_triggers
from .resource_types import Operation, Properties, Resource, define, made
from .stacks_source import read
from .trust import require_trust

REPOSITORY = "AWS::CodeCommit::Repository"
PROJECT = "AWS::CodeBuild::Project"
REPORT_GROUP = "AWS::CodeBuild::ReportGroup"
PIPELINE = "AWS::CodePipeline::Pipeline"
MAX_INPUTS = 5
API_NAMES = {"BuildSpec": "buildspec"}
"""Properties that the API writes otherwise than with a small first letter."""


class InvalidStructure(ServiceException):
    """CodePipeline refuses the pipeline."""

    code = "InvalidStructureException"


class AlreadyExists(ServiceException):
    """CodeBuild has one of that name."""

    code = "ResourceAlreadyExistsException"


def register() -> None:
    """Define the types and CodeBuild's operations on report groups."""
    define(
        REPOSITORY,
        create=_repository,
        update=_update_repository,
        delete=_delete_repository,
        attributes=_repository_attributes,
        exists=_has_repository,
    )
    define(PROJECT, create=_project, update=_update_project, delete=_delete_project, attributes=_project_attributes)
    define(REPORT_GROUP, create=_group, update=_update_group, delete=_delete_group)
    define(PIPELINE, create=_pipeline, update=_update_pipeline, delete=_delete_pipeline, attributes=_pipeline_attributes)
    CodeBuildResponse.batch_get_report_groups = _batch_get_report_groups  # type: ignore[attr-defined]
    CodeBuildResponse.list_report_groups = _list_report_groups  # type: ignore[attr-defined]


def lowered(value: Any, key: str = "") -> Any:
    """CloudFormation's capitalized keys as the APIs write them; the keys of a Configuration are the author's."""
    if isinstance(value, list):
        return [lowered(item) for item in value]
    if not isinstance(value, dict) or key == "Configuration":
        return value
    return {API_NAMES.get(name, name[0].lower() + name[1:]): lowered(inner, name) for name, inner in value.items()}


def _repository(operation: Operation, p: Properties) -> Resource:
    """The seed is read once, as the stack's role may read it; what is in it is the rehearsal's business."""
    seed = (p.get("Code") or {}).get("S3")
    if seed:
        read(f"https://{seed['Bucket']}.s3.amazonaws.com/{seed['Key']}", operation.account, operation.principal)
    backend, name = codecommit_backends[operation.account][operation.region], p["RepositoryName"]
    given = {tag["Key"]: tag["Value"] for tag in p.get("Tags") or []}
    metadata = code_repositories.create(backend, name, p.get("RepositoryDescription", ""), given, p.get("KmsKeyId", ""))
    branch = (p.get("Code") or {}).get("BranchName")
    if seed:
        metadata["defaultBranch"] = branch or "main"
    if p.get("Triggers"):
        code_triggers.put(backend, name, lowered(p["Triggers"]))
    return made(REPOSITORY, operation, p, metadata["repositoryId"], metadata)


def _update_repository(operation: Operation, resource: Resource, p: Properties) -> None:
    """The update handler calls by name what the stack knows by id, as its permissions in the schema tell."""
    backend = codecommit_backends[operation.account][operation.region]
    old, new, before = resource.state["repositoryName"], p["RepositoryName"], resource.properties
    metadata = code_repositories.named(backend, old).repository_metadata
    if metadata["repositoryId"] != resource.physical_resource_id:
        raise ValidationError(
            message=f"emulator: repository {old} was deleted and made again behind the stack's back, and how AWS changes such "
            "a one is not documented: leave its properties as they are"
        )
    if old != new:
        code_repositories.rename(backend, old, new)
    metadata["repositoryDescription"] = p.get("RepositoryDescription", "")
    if p.get("KmsKeyId") and p["KmsKeyId"] != before.get("KmsKeyId"):
        metadata["kmsKeyId"] = code_repositories.existing_key(backend, p["KmsKeyId"])
    if p.get("Triggers") != before.get("Triggers"):
        code_triggers.put(backend, new, lowered(p.get("Triggers") or []))
    mine = {tag["Key"] for tag in before.get("Tags") or []}
    others = {key: value for key, value in code_repositories.tags(metadata["Arn"]).items() if key not in mine}
    code_repositories.replace(metadata["Arn"], {**others, **{tag["Key"]: tag["Value"] for tag in p.get("Tags") or []}})


def _delete_repository(operation: Operation, resource: Resource) -> None:
    """The delete handler looks the id up (its permissions begin with ListRepositories): one made since is another."""
    backend = codecommit_backends[operation.account][operation.region]
    name = code_repositories.name_of(backend, resource.physical_resource_id)
    if name is None:
        raise code_repositories.NoRepository(f"{resource.state['repositoryName']} does not exist")
    code_repositories.delete(backend, name)


def _has_repository(resource: Resource) -> bool:
    backend = codecommit_backends[resource.account][resource.region]
    return code_repositories.name_of(backend, resource.physical_resource_id) is not None


def _repository_attributes(resource: Resource) -> dict[str, Any]:
    metadata = resource.state
    return {
        "Arn": metadata["Arn"],
        "Name": metadata["repositoryName"],
        "CloneUrlHttp": metadata["cloneUrlHttp"],
        "CloneUrlSsh": metadata["cloneUrlSsh"],
    }


def _project(operation: Operation, p: Properties) -> Resource:
    name = p.setdefault("Name", operation.generated_name)
    backend = codebuild_backends[operation.account][operation.region]
    if name in backend.codebuild_projects:
        raise AlreadyExists(f"Project already exists: {backend.codebuild_projects[name].arn}")
    _put_project(operation, name, p)
    return made(PROJECT, operation, p, name)


def _put_project(operation: Operation, name: str, p: Properties) -> None:
    _check_role(p["ServiceRole"], "codebuild.amazonaws.com")
    backend = codebuild_backends[operation.account][operation.region]
    held = lowered(p)
    project = CodeBuild(
        operation.account, operation.region, name, held.get("description"), held["source"], held["artifacts"],
        held["environment"], serviceRole=held["serviceRole"], tags=held.get("tags"), cache=held.get("cache"),
        timeout=held.get("timeoutInMinutes"), queued_timeout=held.get("queuedTimeoutInMinutes"),
        source_version=held.get("sourceVersion"), logs_config=held.get("logsConfig"), vpc_config=held.get("vpcConfig"),
    )  # fmt: skip
    for key in ("encryptionKey", "secondarySources", "secondaryArtifacts", "concurrentBuildLimit"):
        if key in held:
            project.project_metadata[key] = held[key]
    backend.codebuild_projects[name] = project


def _update_project(operation: Operation, resource: Resource, p: Properties) -> None:
    _put_project(operation, resource.physical_resource_id, p)


def _delete_project(operation: Operation, resource: Resource) -> None:
    codebuild_backends[operation.account][operation.region].codebuild_projects.pop(resource.physical_resource_id, None)


def _project_attributes(resource: Resource) -> dict[str, Any]:
    name = resource.physical_resource_id
    return {"Arn": f"arn:aws:codebuild:{resource.region}:{resource.account}:project/{name}", "Id": name}


def _groups(account: str, region: str) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = codebuild_backends[account][region].__dict__.setdefault("fleet_report_groups", {})
    return groups


def _group(operation: Operation, p: Properties) -> Resource:
    name = p.setdefault("Name", operation.generated_name)
    arn = f"arn:aws:codebuild:{operation.region}:{operation.account}:report-group/{name}"
    groups = _groups(operation.account, operation.region)
    if arn in groups:
        raise AlreadyExists(f"Report group already exists: {arn}")
    groups[arn] = {**lowered(p), "name": name, "arn": arn, "created": utcnow(), "lastModified": utcnow(), "status": "ACTIVE"}
    return made(REPORT_GROUP, operation, p, arn, Arn=arn)


def _update_group(operation: Operation, resource: Resource, p: Properties) -> None:
    group = _groups(operation.account, operation.region)[resource.physical_resource_id]
    group.update({**lowered(p), "lastModified": utcnow()})


def _delete_group(operation: Operation, resource: Resource) -> None:
    _groups(operation.account, operation.region).pop(resource.physical_resource_id, None)


def _batch_get_report_groups(self: CodeBuildResponse) -> ActionResult:
    """BatchGetReportGroups."""
    groups, wanted = _groups(self.current_account, self.region), self._get_param("reportGroupArns")
    found = [{key: value for key, value in groups[arn].items() if key != "deleteReports"} for arn in wanted if arn in groups]
    return ActionResult({"reportGroups": found, "reportGroupsNotFound": [arn for arn in wanted if arn not in groups]})


def _list_report_groups(self: CodeBuildResponse) -> ActionResult:
    """ListReportGroups."""
    return ActionResult({"reportGroups": list(_groups(self.current_account, self.region))})


def _pipeline(operation: Operation, p: Properties) -> Resource:
    name = p.setdefault("Name", operation.generated_name)
    backend = codepipeline_backends[operation.account][operation.region]
    if name in backend.pipelines:
        raise InvalidStructure(f"A pipeline with the name '{name}' already exists in account '{operation.account}'")
    structure = _structure(name, p)
    backend.pipelines[name] = CodePipeline(operation.account, operation.region, structure)
    backend.pipelines[name].tags.update({tag["Key"]: tag["Value"] for tag in p.get("Tags") or []})
    return made(PIPELINE, operation, p, name)


def _structure(name: str, p: Properties) -> dict[str, Any]:
    """The pipeline as the API knows it; what only CodePipeline checks is checked here."""
    _check_role(p["RoleArn"], "codepipeline.amazonaws.com")
    if p.get("ExecutionMode", "SUPERSEDED") != "SUPERSEDED" and p.get("PipelineType") != "V2":
        raise InvalidStructure(f"Execution mode {p['ExecutionMode']} needs a pipeline of type V2")
    stages = p["Stages"]
    if len(stages) < 2:
        raise InvalidStructure(f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages in a pipeline")
    _check_actions(stages)
    _check_stores([p["ArtifactStore"]] if "ArtifactStore" in p else [store["ArtifactStore"] for store in p["ArtifactStores"]])
    held = lowered({key: value for key, value in p.items() if key not in ("Tags", "RestartExecutionOnUpdate", "Name")})
    if "artifactStores" in held:
        held["artifactStores"] = {item["region"]: item["artifactStore"] for item in held["artifactStores"]}
    return {**held, "name": name}


def _check_actions(stages: list[Properties]) -> None:
    """Names are unique, only the first stage has sources, and an input is made by an earlier action."""
    _check_namespaces([action for stage in stages for action in stage["Actions"]])
    known: set[str] = set()
    for number, stage in enumerate(stages):
        names = [action["Name"] for action in stage["Actions"]]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidStructure(f"Action names must be unique within stage {stage['Name']}: {', '.join(twice)}")
        for action in sorted(stage["Actions"], key=lambda item: item.get("RunOrder", 1)):
            source = action["ActionTypeId"]["Category"] == "Source"
            if source != (number == 0):
                raise InvalidStructure(
                    f"Action {action['Name']} of stage {stage['Name']}: the first stage holds source actions only, and no other "
                    "stage does"
                )
            inputs = [item["Name"] for item in action.get("InputArtifacts") or []]
            missing = [name for name in inputs if name not in known]
            if missing:
                raise InvalidStructure(
                    f"Input Artifact Bundle {', '.join(missing)} in action {action['Name']} is not declared by an earlier action"
                )
            if action["ActionTypeId"]["Category"] in ("Build", "Test") and len(inputs) > MAX_INPUTS:
                raise InvalidStructure(f"Action {action['Name']} has {len(inputs)} input artifacts: at most {MAX_INPUTS}")
            for item in action.get("OutputArtifacts") or []:
                if item["Name"] in known:
                    raise InvalidStructure(f"Output Artifact Bundle name {item['Name']} is declared by more than one action")
                known.add(item["Name"])


def _check_stores(stores: list[Properties]) -> None:
    """Source: aws/aws-cdk#8238, a pipeline that CloudFormation made before its bucket."""
    for store in stores:
        name = store["Location"]
        if name not in s3_backends.bucket_accounts:
            raise InvalidStructure(
                f"An error occurred while validating the artifact bucket {name}: No bucket with the name {name} was found."
            )


def _check_namespaces(actions: list[Properties]) -> None:
    """Source: CodePipeline user guide, "Variables reference": unique, and none conflicts with the name of an artifact."""
    taken = {item["Name"] for action in actions for item in action.get("OutputArtifacts") or []}
    for action in actions:
        namespace = action.get("Namespace")
        if namespace in taken:
            raise InvalidStructure(f"Namespace {namespace} of action {action['Name']} is another one's, or an artifact's name")
        taken |= {namespace} if namespace else set()


def _update_pipeline(operation: Operation, resource: Resource, p: Properties) -> None:
    name = resource.physical_resource_id
    backend = codepipeline_backends[operation.account][operation.region]
    backend.update_pipeline(_structure(name, p))
    backend.pipelines[name].tags = {tag["Key"]: tag["Value"] for tag in p.get("Tags") or []}


def _delete_pipeline(operation: Operation, resource: Resource) -> None:
    codepipeline_backends[operation.account][operation.region].delete_pipeline(resource.physical_resource_id)


def _pipeline_attributes(resource: Resource) -> dict[str, Any]:
    name = resource.physical_resource_id
    pipeline = codepipeline_backends[resource.account][resource.region].pipelines[name]
    return {
        "Version": str(pipeline.pipeline["version"]),
        "Arn": f"arn:aws:codepipeline:{resource.region}:{resource.account}:{name}",
    }


def _check_role(role: str, service: str) -> None:
    """CodeBuild and CodePipeline try to take the role on when they are given it."""
    if not role.startswith("arn:"):
        return
    try:
        require_trust(role, service)
    except ServiceException:
        name = "CodePipeline" if service.startswith("codepipeline") else "CodeBuild"
        raise InvalidStructure(f"{name} is not authorized to perform AssumeRole on role {role}") from None
