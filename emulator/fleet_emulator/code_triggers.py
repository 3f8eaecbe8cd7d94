"""The triggers of CodeCommit repositories: kept and shown; none of them does anything here.

Sources: PutRepositoryTriggers, GetRepositoryTriggers and RepositoryTrigger in the CodeCommit API Reference; CodeCommit user
guide, "Quotas" (ten triggers in a repository, 1,000 characters of custom data) and "Create a trigger for an Amazon SNS topic".
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from moto.codecommit.models import CodeCommitBackend
from moto.codecommit.responses import CodeCommitResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from .code_repositories import asked, of

MAX_TRIGGERS = 10
MAX_CUSTOM_DATA = 1000
EVENTS = frozenset({"all", "updateReference", "createReference", "deleteReference"})
DESTINATIONS = frozenset({"sns", "lambda"})


class TooMany(ServiceException):
    """More triggers than a repository has."""

    code = "MaximumRepositoryTriggersExceededException"


class NoName(ServiceException):
    """A trigger without a name."""

    code = "RepositoryTriggerNameRequiredException"


class InvalidName(ServiceException):
    """Two triggers of one name."""

    code = "InvalidRepositoryTriggerNameException"


class NoDestination(ServiceException):
    """A trigger without a destination."""

    code = "RepositoryTriggerDestinationArnRequiredException"


class InvalidDestination(ServiceException):
    """The destination is no topic and no function."""

    code = "InvalidRepositoryTriggerDestinationArnException"


class OtherRegion(ServiceException):
    """The destination is in another region."""

    code = "InvalidRepositoryTriggerRegionException"


class NoEvents(ServiceException):
    """A trigger without events."""

    code = "RepositoryTriggerEventsListRequiredException"


class InvalidEvents(ServiceException):
    """Events that are not known, or others beside all."""

    code = "InvalidRepositoryTriggerEventsException"


class InvalidCustomData(ServiceException):
    """The custom data are too long."""

    code = "InvalidRepositoryTriggerCustomDataException"


def register() -> None:
    """Add the operations."""
    CodeCommitResponse.put_repository_triggers = _put_repository_triggers  # type: ignore[attr-defined]
    CodeCommitResponse.get_repository_triggers = _get_repository_triggers  # type: ignore[attr-defined]


def put(backend: CodeCommitBackend, name: str, triggers: Sequence[Mapping[str, Any]]) -> str:
    """Replace all triggers of a repository; the id of what is configured now."""
    if len(triggers) > MAX_TRIGGERS:
        raise TooMany(f"The maximum number of triggers for a repository is {MAX_TRIGGERS}")
    for trigger in triggers:
        _check(trigger, backend.region_name)
    names = [trigger["name"] for trigger in triggers]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise InvalidName(f"Two triggers are named {twice[0]}")
    held = of(backend, name)
    held.triggers, held.triggers_id = [{"branches": [], **copy.deepcopy(dict(t))} for t in triggers], str(uuid.uuid4())
    return held.triggers_id


def _check(trigger: Mapping[str, Any], region: str) -> None:
    name, destination, events = trigger.get("name"), str(trigger.get("destinationArn") or ""), trigger.get("events") or []
    if not name:
        raise NoName("A name for the trigger is required")
    if not destination:
        raise NoDestination(f"A destination ARN is required for the trigger {name}")
    parts = destination.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in DESTINATIONS:
        raise InvalidDestination(f"The destination ARN of the trigger {name} is not valid: {destination}")
    if parts[3] != region:
        raise OtherRegion(f"The trigger {name} and its target must be in the same Region: {destination}")
    if not events:
        raise NoEvents(f"At least one event is required for the trigger {name}")
    if not EVENTS.issuperset(events) or ("all" in events and len(events) > 1):
        raise InvalidEvents(f"The events of the trigger {name} are not valid: {', '.join(map(str, events))}")
    if len(str(trigger.get("customData") or "")) > MAX_CUSTOM_DATA:
        raise InvalidCustomData(f"The custom data of the trigger {name} exceed {MAX_CUSTOM_DATA} characters")


def _put_repository_triggers(self: CodeCommitResponse) -> ActionResult:
    """PutRepositoryTriggers."""
    backend, name = asked(self)
    return ActionResult({"configurationId": put(backend, name, self._get_param("triggers") or [])})


def _get_repository_triggers(self: CodeCommitResponse) -> ActionResult:
    """GetRepositoryTriggers."""
    held = of(*asked(self))
    held.triggers_id = held.triggers_id or str(uuid.uuid4())
    return ActionResult({"configurationId": held.triggers_id, "triggers": copy.deepcopy(held.triggers)})
