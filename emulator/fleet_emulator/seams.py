"""The places where moto is changed from outside, and the check that they are still what we think they are.

moto is pinned. Every function that a module here replaces or relies on is listed with its parameters, so that another version
of moto fails at start with the name of what moved, and not in the middle of a rehearsal.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect

MOTO = "5.2.5"
CFN_LINT = "1.58.0"

SEAMS: dict[str, str] = {
    "moto.cloudformation.parsing:get_model_map": "",
    "moto.core.responses:BaseResponse.get_access_key": "self",
    "moto.core.responses:BaseResponse.get_current_account": "self",
    "moto.core.utils:get_service_model": "service_name",
    "moto.core.routing:get_service_router": "service_name",
    "moto.core.parse:PROTOCOL_PARSERS": "",
    "moto.core.request:determine_request_protocol": "service_model, content_type",
    "moto.iam.models:get_account_id_from": "access_key",
    "moto.iam.models:IAMBackend.attach_role_policy": "self, policy_arn, role_name",
    "moto.iam.models:IAMBackend.attach_user_policy": "self, policy_arn, user_name",
    "moto.iam.models:IAMBackend.get_policy": "self, policy_arn",
    "moto.iam.models:IAMBackend.get_role": "self, role_name",
    "moto.iam.models:IAMBackend.get_user_from_access_key_id": "self, access_key_id",
    "moto.iam.models:IAMBackend.get_access_key_last_used": "self, access_key_id",
    "moto.iam.models:User.get_access_key_by_id": "self, access_key_id",
    "moto.iam.responses:IamResponse.update_access_key": "self",
    "moto.iam.models:IAMBackend.create_role": (
        "self, role_name, assume_role_policy_document, path, permissions_boundary, description, tags, "
        "max_session_duration, linked_service"
    ),
    "moto.organizations.responses:OrganizationsResponse": "",
    "moto.organizations.models:FakeServiceAccess.TRUSTED_SERVICES": "",
    "moto.organizations.models:OrganizationsBackend.describe_organization": "self",
    "moto.organizations.models:OrganizationsBackend.list_roots": "self",
    "moto.organizations.models:OrganizationsBackend.get_account_by_id": "self, account_id",
    "moto.ram.models:ResourceAccessManagerBackend.enable_sharing_with_aws_organization": "self",
    "moto.sts.models:STSBackend.assume_role": ("self, region_name, role_session_name, role_arn, policy, duration, external_id"),
    "moto.sts.models:STSBackend.get_access_key_info": "self, access_key_id",
    "moto.sts.models:STSBackend.get_caller_identity": "self, access_key_id, region",
    "moto.s3.models:FakeBucket.get_permission": "self, action, resource",
    "moto.s3.models:s3_backends": "",
    "moto.backends:list_of_moto_modules": "",
    "moto.kms.models:generate_private_key": "key_spec",
    "moto.ec2.models.amis:AmiBackend._load_amis": "self",
    "moto.core.utils:create_loader": "",
    "moto.ec2.models.instance_types:INSTANCE_TYPE_OFFERINGS": "",
    "moto.ec2.models.instances:INSTANCE_TYPE_OFFERINGS": "",
    "moto.ec2.models.spot_requests:INSTANCE_TYPE_OFFERINGS": "",
    "botocore.loaders:JSONFileLoader._load_file": "self, full_path, open_method",
    "moto.cloudtrail.models:Trail.check_bucket_exists": "self",
    "moto.backup.models:Plan": "backup_plan, creator_request_id, backend",
    "moto.cloudformation.responses:CloudFormationResponse.create_stack_set": "self",
    "moto.cloudformation.responses:CloudFormationResponse.create_stack_instances": "self",
    "moto.cloudformation.responses:CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER": "",
    "moto.cloudformation.parsing:generate_resource_name": "resource_type, stack_name, logical_id",
    "moto.cloudformation.utils:generate_stack_id": "stack_name, region, account",
    "moto.cloudformation.utils:generate_changeset_id": "changeset_name, region_name, account_id",
    "moto.ssoadmin.models:SSOAdminBackend._find_managed_policy": "self, managed_policy_arn",
    "moto.servicecatalog.responses:ServiceCatalogResponse.servicecatalog_backend": "",
    "moto.codebuild.models:CodeBuild.__init__": (
        "self, account_id, region, project_name, description, project_source, artifacts, environment, serviceRole, tags, cache, "
        "timeout, queued_timeout, source_version, logs_config, vpc_config"
    ),
    "moto.codecommit.models:CodeCommitBackend.create_repository": "self, repository_name, repository_description",
    "moto.codecommit.models:CodeCommitBackend.delete_repository": "self, repository_name",
    "moto.codecommit.responses:CodeCommitResponse.codecommit_backend": "",
    "moto.codepipeline.models:CodePipeline.__init__": "self, account_id, region, pipeline",
    "moto.codepipeline.models:CodePipelineBackend.update_pipeline": "self, pipeline",
    "moto.moto_server.werkzeug_app:DomainDispatcherApplication.__call__": "self, environ, start_response",
    "moto.moto_server.werkzeug_app:DomainDispatcherApplication": "create_app",
    "moto.moto_server.werkzeug_app:create_backend_app": "service",
}
"""``module:name`` and the parameters' names; none are checked for what is no function."""


class SeamMoved(Exception):
    """moto or cfn-lint is not the one that this emulator was written for."""


def verify() -> None:
    """Check the versions and every seam; SeamMoved names all differences at once."""
    moved = [
        f"{package} {found} is installed, {wanted} is needed"
        for package, wanted in (("moto", MOTO), ("cfn-lint", CFN_LINT))
        if (found := _version(package)) != wanted
    ]
    moved += [problem for name, parameters in SEAMS.items() if (problem := _moved(name, parameters))]
    if moved:
        raise SeamMoved(
            "the emulator does not fit what is installed: " + "; ".join(moved) + ": run make tools, which installs the pinned set"
        )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "no version"


def _moved(name: str, parameters: str) -> str:
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return f"{name} is gone"
    if parameters and callable(found):
        actual = ", ".join(inspect.signature(found).parameters)
        if actual != parameters:
            return f"{name} takes ({actual}) and not ({parameters})"
    return ""
