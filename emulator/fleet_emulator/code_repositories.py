"""CodeCommit's repositories: made, shown, deleted and made again, with their default branch and their tags.

moto holds name and metadata. What else belongs to a repository (``Held``) hangs on moto's object, so that it goes with it: one
that is made again under the same name has another id, and nothing of the old one. ``code_hosts.py`` does so for the content;
``code_triggers.py`` and ``code_approval_rules.py`` hold what else is kept.
Sources: CreateRepository, GetRepository, DeleteRepository, UpdateDefaultBranch, TagResource, UntagResource and
ListTagsForResource in the CodeCommit API Reference; CodeCommit user guide, "Quotas" and
"Deny or allow actions on repositories with tags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.codecommit.models import CodeCommit, CodeCommitBackend, codecommit_backends
from moto.codecommit.responses import CodeCommitResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.kms.models import kms_backends

from . import code_hosts, resource_tags

MAX_TAGS = 50
MAX_DESCRIPTION = 1000
NAME = re.compile(r"[\w.-]{1,100}(?<!\.git)", re.ASCII)
BRANCH = re.compile(r"(?![0-9a-f]{40}$)(?![/.@]$)[^\s/.?^*[\\~:][^\s?^*[\\~:]{0,255}(?<![/.])")
TIMES = ("creationDate", "lastModifiedDate")
OWN_KEY = "alias/aws/codecommit"
"""The key of AWS that is there in every account."""


class NoRepository(ServiceException):
    """There is no repository of that name."""

    code = "RepositoryDoesNotExistException"


class NameExists(ServiceException):
    """There is one of that name already."""

    code = "RepositoryNameExistsException"


class InvalidName(ServiceException):
    """No repository can have the name."""

    code = "InvalidRepositoryNameException"
    message = (
        "The repository name is not valid. Repository names can be any valid combination of letters, numbers, periods, "
        "underscores, and dashes between 1 and 100 characters in length, and cannot end in .git. Names are case sensitive."
    )


class InvalidDescription(ServiceException):
    """The description is too long."""

    code = "InvalidRepositoryDescriptionException"


class NoBranch(ServiceException):
    """The repository has no such branch."""

    code = "BranchDoesNotExistException"


class InvalidBranch(ServiceException):
    """No branch can have the name."""

    code = "InvalidBranchNameException"


class NoKey(ServiceException):
    """There is no such encryption key."""

    code = "EncryptionKeyNotFoundException"


class KeyDisabled(ServiceException):
    """The encryption key is disabled."""

    code = "EncryptionKeyDisabledException"


class InvalidArn(ServiceException):
    """What was given is not the ARN of a repository."""

    code = "InvalidResourceArnException"


class InvalidTags(ServiceException):
    """A tag whose key belongs to AWS."""

    code = "InvalidSystemTagUsageException"


class TooManyTags(ServiceException):
    """More tags than a repository has."""

    code = "TooManyTagsException"


@dataclass
class Held:
    """What belongs to one repository beside moto's metadata; ``triggers_id`` changes with the triggers."""

    tags: dict[str, str] = field(default_factory=dict)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    triggers_id: str = ""
    templates: list[str] = field(default_factory=list)


def register() -> None:
    """Add the operations, and let policies ask for the tags."""
    for operation in (
        _create_repository, _get_repository, _delete_repository, _update_default_branch,
        _tag_resource, _untag_resource, _list_tags_for_resource,
    ):  # fmt: skip
        setattr(CodeCommitResponse, operation.__name__.removeprefix("_"), operation)
    resource_tags.register("codecommit", tags)


def create(
    backend: CodeCommitBackend, name: str, description: str = "", given: Mapping[str, str] | None = None, key: str = ""
) -> dict[str, Any]:
    """Make an empty repository and return its metadata."""
    if not NAME.fullmatch(name):
        raise InvalidName()
    if len(description) > MAX_DESCRIPTION:
        raise InvalidDescription(f"The repository description must be no longer than {MAX_DESCRIPTION} characters")
    if name in backend.repositories:
        raise NameExists(f"Repository named {name} already exists")
    checked = _tagged({}, given or {})
    own = {"kmsKeyId": existing_key(backend, key)} if key else {}
    metadata: dict[str, Any] = backend.create_repository(name, description)
    metadata |= own
    of(backend, name).tags = checked
    code_hosts.bring_back(backend, name)
    return metadata


def delete(backend: CodeCommitBackend, name: str) -> str | None:
    """Delete a repository with all that belongs to it; its id, None if there was none."""
    code_hosts.take_away(backend, name)
    return backend.delete_repository(name)


def rename(backend: CodeCommitBackend, old: str, new: str) -> None:
    """Give a repository another name, as CloudFormation does."""
    if new in backend.repositories:
        raise NameExists(f"Repository named {new} already exists")
    repository = backend.repositories[new] = backend.repositories.pop(old)
    metadata = repository.repository_metadata
    metadata["repositoryName"] = new
    for key in ("cloneUrlHttp", "cloneUrlSsh", "Arn"):
        metadata[key] = metadata[key].removesuffix(old) + new
    code_hosts.rename(backend, old, new)


def named(backend: CodeCommitBackend, name: str) -> CodeCommit:
    """The repository of a name; NoRepository if there is none."""
    if not NAME.fullmatch(name):
        raise InvalidName()
    if name not in backend.repositories:
        raise NoRepository(f"{name} does not exist")
    return backend.repositories[name]


def name_of(backend: CodeCommitBackend, repository_id: str) -> str | None:
    """The name of the repository with an id, as ListRepositories tells it."""
    found = (n for n, r in backend.repositories.items() if r.repository_metadata["repositoryId"] == repository_id)
    return next(found, None)


def of(backend: CodeCommitBackend, name: str) -> Held:
    """What belongs to a repository; NoRepository if there is none."""
    held: Held = named(backend, name).__dict__.setdefault("fleet", Held())
    return held


def asked(response: CodeCommitResponse) -> tuple[CodeCommitBackend, str]:
    """Where the repository is that a request names, which must be there."""
    backend, name = response.codecommit_backend, str(response._get_param("repositoryName") or "")
    named(backend, name)
    return backend, name


def tags(arn: str) -> Mapping[str, str]:
    """The tags of the repository with an ARN; none if there is no such repository."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "codecommit" or not parts[3] or not parts[4]:
        return {}
    backend = codecommit_backends[parts[4]][parts[3]]
    return of(backend, parts[5]).tags if parts[5] in backend.repositories else {}


def replace(arn: str, wanted: Mapping[str, str]) -> None:
    """Give a repository exactly these tags, as CloudFormation does."""
    _, _, _, region, account, name = arn.split(":", 5)
    of(codecommit_backends[account][region], name).tags = dict(wanted)


def _tagged(present: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    system = sorted(key for key in added if key.lower().startswith("aws:"))
    if system:
        raise InvalidTags(f"The tag key {system[0]} is reserved for AWS")
    together = {**present, **added}
    if len(together) > MAX_TAGS:
        raise TooManyTags(f"The maximum number of tags for a repository is {MAX_TAGS}")
    return together


def existing_key(backend: CodeCommitBackend, key: str) -> str:
    """The key as it was given, if it is there and can be used."""
    if key.endswith(OWN_KEY):
        return key
    account = key.split(":")[4] if key.startswith("arn:") else backend.account_id
    keys = kms_backends[account][backend.region_name].keys
    alias = "alias/" + key.partition("alias/")[2]
    found = next((held for held in keys.values() if alias in held.aliases), None) or keys.get(key.rpartition("/")[2])
    if found is None:
        raise NoKey(f"No encryption key was found: {key}")
    if found.key_state != "Enabled":
        raise KeyDisabled(f"The encryption key is not enabled: {key}")
    return key


def _shown(backend: CodeCommitBackend, metadata: Mapping[str, Any]) -> ActionResult:
    shown = {key: value for key, value in metadata.items() if value not in (None, "")}
    branch = shown.get("defaultBranch") or code_hosts.head(backend, shown["repositoryName"])
    if branch:
        shown["defaultBranch"] = branch
    for key in TIMES:
        shown[key] = datetime.fromisoformat(shown[key].replace("Z", "+00:00"))
    return ActionResult({"repositoryMetadata": shown})


def _create_repository(self: CodeCommitResponse) -> ActionResult:
    """CreateRepository."""
    backend, name = self.codecommit_backend, str(self._get_param("repositoryName") or "")
    description, given = self._get_param("repositoryDescription") or "", self._get_param("tags") or {}
    return _shown(backend, create(backend, name, description, given, self._get_param("kmsKeyId") or ""))


def _get_repository(self: CodeCommitResponse) -> ActionResult:
    """GetRepository."""
    backend, name = asked(self)
    return _shown(backend, named(backend, name).repository_metadata)


def _delete_repository(self: CodeCommitResponse) -> ActionResult:
    """DeleteRepository: "If a specified repository was already deleted, a null repository ID is returned"."""
    name = str(self._get_param("repositoryName") or "")
    if not NAME.fullmatch(name):
        raise InvalidName()
    gone = delete(self.codecommit_backend, name)
    return ActionResult({"repositoryId": gone} if gone else {})


def _update_default_branch(self: CodeCommitResponse) -> EmptyResult:
    """UpdateDefaultBranch."""
    backend, name = asked(self)
    branch = str(self._get_param("defaultBranchName") or "")
    if not BRANCH.fullmatch(branch) or any(pair in branch for pair in ("..", "//", "@{")):
        raise InvalidBranch(f"The branch name is not valid: {branch}")
    if not code_hosts.has_branch(backend, name, branch):
        raise NoBranch(f"The branch {branch} does not exist")
    code_hosts.set_head(backend, name, branch)
    now = iso_8601_datetime_with_milliseconds()
    named(backend, name).repository_metadata |= {"defaultBranch": branch, "lastModifiedDate": now}
    return EmptyResult()


def _arn_asked(response: CodeCommitResponse) -> tuple[str, Held]:
    arn = str(response._get_param("resourceArn") or "")
    if not arn.startswith("arn:aws:codecommit:") or arn.count(":") != 5:
        raise InvalidArn(f"The resource ARN is not valid: {arn}")
    _, _, _, region, account, name = arn.split(":", 5)
    if not region or not account:
        raise NoRepository(f"{name} does not exist")
    return arn, of(codecommit_backends[account][region], name)


def _tag_resource(self: CodeCommitResponse) -> EmptyResult:
    """TagResource."""
    _, held = _arn_asked(self)
    held.tags = _tagged(held.tags, self._get_param("tags") or {})
    return EmptyResult()


def _untag_resource(self: CodeCommitResponse) -> EmptyResult:
    """UntagResource."""
    _, held = _arn_asked(self)
    gone = set(self._get_param("tagKeys") or [])
    held.tags = {key: value for key, value in held.tags.items() if key not in gone}
    return EmptyResult()


def _list_tags_for_resource(self: CodeCommitResponse) -> ActionResult:
    """ListTagsForResource."""
    _, held = _arn_asked(self)
    return ActionResult({"tags": dict(held.tags)})
