"""Approval rule templates of CodeCommit and the repositories they are associated with; there are no pull requests here to rule.

A template belongs to account and region and outlives repositories; an association belongs to its repository and goes with it.
Source: CreateApprovalRuleTemplate and the operations beside it in the CodeCommit API Reference; CodeCommit user guide, "Quotas"
(names, 25 templates for a repository).
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from moto.codecommit.models import CodeCommitBackend
from moto.codecommit.responses import CodeCommitResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from .authorization import caller
from .code_repositories import asked, of

MAX_ASSOCIATED = 25
MAX_CONTENT = 3000
NAME = re.compile(r"[\w. -]{1,100}(?<!\.git)")


class NoTemplate(ServiceException):
    """There is no such template."""

    code = "ApprovalRuleTemplateDoesNotExistException"


class NameExists(ServiceException):
    """There is a template of that name already."""

    code = "ApprovalRuleTemplateNameAlreadyExistsException"


class InvalidName(ServiceException):
    """No template can have the name."""

    code = "InvalidApprovalRuleTemplateNameException"


class InvalidContent(ServiceException):
    """The content is no approval rule."""

    code = "InvalidApprovalRuleTemplateContentException"


class InUse(ServiceException):
    """The template is associated with a repository."""

    code = "ApprovalRuleTemplateInUseException"


class TooMany(ServiceException):
    """More templates than a repository has."""

    code = "MaximumRuleTemplatesAssociatedWithRepositoryException"


def register() -> None:
    """Add the operations."""
    for operation in (
        _create_approval_rule_template, _get_approval_rule_template, _delete_approval_rule_template,
        _list_approval_rule_templates, _associate_approval_rule_template_with_repository,
        _disassociate_approval_rule_template_from_repository, _list_associated_approval_rule_templates_for_repository,
        _list_repositories_for_approval_rule_template,
    ):  # fmt: skip
        setattr(CodeCommitResponse, operation.__name__.removeprefix("_"), operation)


def _templates(backend: CodeCommitBackend) -> dict[str, dict[str, Any]]:
    held: dict[str, dict[str, Any]] = backend.__dict__.setdefault("fleet_approval_rule_templates", {})
    return held


def _associated(backend: CodeCommitBackend, template: str) -> list[str]:
    return [name for name in backend.repositories if template in of(backend, name).templates]


def _asked(response: CodeCommitResponse) -> str:
    """The name that the request gives, which a template must have."""
    name = str(response._get_param("approvalRuleTemplateName") or "")
    if not NAME.fullmatch(name):
        raise InvalidName(f"The name of the approval rule template is not valid: {name}")
    if name not in _templates(response.codecommit_backend):
        raise NoTemplate(f"The specified approval rule template does not exist: {name}")
    return name


def _create_approval_rule_template(self: CodeCommitResponse) -> ActionResult:
    """CreateApprovalRuleTemplate."""
    name, content = (str(self._get_param(f"approvalRuleTemplate{part}") or "") for part in ("Name", "Content"))
    if not NAME.fullmatch(name):
        raise InvalidName(f"The name of the approval rule template is not valid: {name}")
    if name in _templates(self.codecommit_backend):
        raise NameExists(f"An approval rule template named {name} already exists")
    if len(content) > MAX_CONTENT or not _is_rule(content):
        raise InvalidContent("The content of the approval rule template is not valid: want JSON with Version and Statements")
    who, now = caller(), utcnow()
    made = {
        "approvalRuleTemplateId": str(uuid.uuid4()),
        "approvalRuleTemplateName": name,
        "approvalRuleTemplateContent": content,
        "ruleContentSha256": hashlib.sha256(content.encode()).hexdigest(),
        "lastModifiedDate": now,
        "creationDate": now,
        "lastModifiedUser": who.session_arn if who is not None else "",
    }
    if self._get_param("approvalRuleTemplateDescription"):
        made["approvalRuleTemplateDescription"] = self._get_param("approvalRuleTemplateDescription")
    _templates(self.codecommit_backend)[name] = made
    return ActionResult({"approvalRuleTemplate": made})


def _is_rule(content: str) -> bool:
    try:
        rule = json.loads(content)
    except ValueError:
        return False
    return isinstance(rule, Mapping) and {"Version", "Statements"} <= rule.keys()


def _get_approval_rule_template(self: CodeCommitResponse) -> ActionResult:
    """GetApprovalRuleTemplate."""
    return ActionResult({"approvalRuleTemplate": _templates(self.codecommit_backend)[_asked(self)]})


def _delete_approval_rule_template(self: CodeCommitResponse) -> ActionResult:
    """DeleteApprovalRuleTemplate: "If the template has been previously deleted, the only response is a 200 OK"."""
    name = str(self._get_param("approvalRuleTemplateName") or "")
    if _associated(self.codecommit_backend, name):
        raise InUse(f"The approval rule template {name} is associated with a repository")
    gone = _templates(self.codecommit_backend).pop(name, None)
    return ActionResult({"approvalRuleTemplateId": gone["approvalRuleTemplateId"]} if gone else {})


def _list_approval_rule_templates(self: CodeCommitResponse) -> ActionResult:
    """ListApprovalRuleTemplates."""
    return ActionResult({"approvalRuleTemplateNames": sorted(_templates(self.codecommit_backend))})


def _associate_approval_rule_template_with_repository(self: CodeCommitResponse) -> EmptyResult:
    """AssociateApprovalRuleTemplateWithRepository."""
    template, held = _asked(self), of(*asked(self))
    if template not in held.templates:
        if len(held.templates) >= MAX_ASSOCIATED:
            raise TooMany(f"A repository has no more than {MAX_ASSOCIATED} approval rule templates")
        held.templates.append(template)
    return EmptyResult()


def _disassociate_approval_rule_template_from_repository(self: CodeCommitResponse) -> EmptyResult:
    """DisassociateApprovalRuleTemplateFromRepository."""
    template, held = _asked(self), of(*asked(self))
    held.templates = [name for name in held.templates if name != template]
    return EmptyResult()


def _list_associated_approval_rule_templates_for_repository(self: CodeCommitResponse) -> ActionResult:
    """ListAssociatedApprovalRuleTemplatesForRepository."""
    return ActionResult({"approvalRuleTemplateNames": sorted(of(*asked(self)).templates)})


def _list_repositories_for_approval_rule_template(self: CodeCommitResponse) -> ActionResult:
    """ListRepositoriesForApprovalRuleTemplate."""
    return ActionResult({"repositoryNames": sorted(_associated(self.codecommit_backend, _asked(self)))})
