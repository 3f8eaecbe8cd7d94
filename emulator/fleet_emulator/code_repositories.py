"""The tags of CodeCommit repositories, which moto does not have, and which policies may ask about.

Source: TagResource, UntagResource and ListTagsForResource in the CodeCommit API Reference; CodeCommit user guide,
"Deny or allow actions on repositories with tags".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.codecommit.exceptions import RepositoryDoesNotExistException
from moto.codecommit.models import codecommit_backends
from moto.codecommit.responses import CodeCommitResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from . import resource_tags

MAX_TAGS = 50


class InvalidArn(ServiceException):
    """What was given is not the ARN of a repository."""

    code = "InvalidResourceArnException"


class InvalidTags(ServiceException):
    """A tag whose key belongs to AWS."""

    code = "InvalidSystemTagUsageException"


class TooManyTags(ServiceException):
    """More tags than a repository has."""

    code = "TooManyTagsException"


def register() -> None:
    """Add the operations, and let policies ask for the tags."""
    CodeCommitResponse.tag_resource = _tag_resource  # type: ignore[attr-defined]
    CodeCommitResponse.untag_resource = _untag_resource  # type: ignore[attr-defined]
    CodeCommitResponse.list_tags_for_resource = _list_tags_for_resource  # type: ignore[attr-defined]
    resource_tags.register("codecommit", tags)


def _kept(arn: str) -> dict[str, dict[str, str]]:
    """The tags of all repositories of the account and region of an ARN."""
    _, _, _, region, account, _ = arn.split(":", 5)
    kept: dict[str, dict[str, str]] = codecommit_backends[account][region].__dict__.setdefault("fleet_tags", {})
    return kept


def tags(arn: str) -> Mapping[str, str]:
    """The tags of the repository with an ARN; none if there is no such repository."""
    return _kept(arn).get(arn, {}) if _is_there(arn) else {}


def replace(arn: str, wanted: Mapping[str, str]) -> None:
    """Give a repository exactly these tags, as CloudFormation does."""
    _kept(arn)[arn] = dict(wanted)


def _is_there(arn: str) -> bool:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "codecommit" or not parts[3] or not parts[4]:
        return False
    return parts[5] in codecommit_backends[parts[4]][parts[3]].repositories


def _repository(response: CodeCommitResponse) -> str:
    arn = str(response._get_param("resourceArn") or "")
    if not arn.startswith("arn:aws:codecommit:") or arn.count(":") != 5:
        raise InvalidArn(f"The resource ARN is not valid: {arn}")
    if not _is_there(arn):
        raise RepositoryDoesNotExistException(arn.rsplit(":", 1)[-1])
    return arn


def _tag_resource(self: CodeCommitResponse) -> EmptyResult:
    """TagResource."""
    arn, added = _repository(self), dict(self._get_param("tags") or {})
    system = sorted(key for key in added if key.lower().startswith("aws:"))
    if system:
        raise InvalidTags(f"The tag key {system[0]} is reserved for AWS")
    together = {**tags(arn), **added}
    if len(together) > MAX_TAGS:
        raise TooManyTags(f"The maximum number of tags for a repository is {MAX_TAGS}")
    replace(arn, together)
    return EmptyResult()


def _untag_resource(self: CodeCommitResponse) -> EmptyResult:
    """UntagResource."""
    arn, gone = _repository(self), set(self._get_param("tagKeys") or [])
    replace(arn, {key: value for key, value in tags(arn).items() if key not in gone})
    return EmptyResult()


def _list_tags_for_resource(self: CodeCommitResponse) -> ActionResult:
    """ListTagsForResource."""
    values: dict[str, Any] = {"tags": dict(tags(_repository(self)))}
    return ActionResult(values)
