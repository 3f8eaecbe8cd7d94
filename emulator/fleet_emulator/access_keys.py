"""Access keys of users: whose account they are of, when they were used, and who may deactivate them.

moto looks for keys in every account; here an account sees its own only. ``needs_iam.py`` refuses the others before.
Sources: GetAccessKeyInfo in the STS API Reference; CreateAccessKey, GetAccessKeyLastUsed, UpdateAccessKey, ListAccessKeys and
DeleteAccessKey in the IAM API Reference: without a user name they mean the user who signed, and with temporary credentials the
name is required.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import IAMBackend, iam_backends
from moto.iam.responses import IamResponse
from moto.sts.models import STSBackend

from .authorization import Caller, caller

OF_SIGNER = frozenset({"CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "UpdateAccessKey"})
"""Operations that mean the user who signs where no user is named."""

STATES = ("Active", "Inactive")
_ID = re.compile(r"\w{16,128}", re.ASCII)
_OFFSET = 1 << 39
_SECOND_HALF = frozenset("QRSTUVWXYZ234567")


class NoSuchKey(ServiceException):
    """Nobody's key. That there is an error is documented, its code is not."""

    code = "InvalidClientTokenId"


class Invalid(ServiceException):
    """A parameter makes no sense."""

    code = "ValidationError"


def register() -> None:
    """Keep accounts apart."""
    IAMBackend.get_access_key_last_used = _last_used  # type: ignore[method-assign]
    STSBackend.get_access_key_info = _info  # type: ignore[method-assign]
    for name in ("create_access_key", "delete_access_key", "list_access_keys", "update_access_key"):
        setattr(IamResponse, name, _of_signer(getattr(IamResponse, name)))


def user_of(backend: IAMBackend, key: str) -> Any | None:
    """The user of the account whose key it is; None if nobody's there."""
    return backend.get_user_from_access_key_id(key)


def signing_user(signer: Caller) -> str:
    """The name of the user who signs; an error that says what to give if it is none."""
    kind, _, rest = (signer.arn or ":::::root").split(":", 5)[5].partition("/")
    if kind == "user":
        return rest.rpartition("/")[2]
    if kind == "role":
        raise Invalid("Must specify userName when calling with non-User credentials")
    raise NotImplementedError("a root user has no access keys here: name a user")


def account_of(key: str) -> str | None:
    """The account of a key, as AWS writes it into those of its newer form: 39 bits of number, halved, and a last one.

    Source: A. Steele, "AWS Access Key ID formats"; T. Be'ery, "A short note on AWS KEY ID"; moto makes its keys so.
    """
    try:
        number = int.from_bytes(base64.b32decode(key[4:12]), "big") - _OFFSET
    except (binascii.Error, ValueError):
        return None
    account = number * 2 + (key[12] in _SECOND_HALF)
    return f"{account:012}" if 0 <= account < 10**12 else None


def _info(self: STSBackend, access_key_id: str) -> dict[str, str]:
    if not _ID.fullmatch(access_key_id):
        raise Invalid(f"1 validation error detected: Value '{access_key_id}' at 'accessKeyId' failed to satisfy constraint")
    known = (number for number, partitions in list(iam_backends.items()) if access_key_id in partitions["aws"].access_keys)
    account = next(known, None) or account_of(access_key_id)
    if account is None:
        raise NoSuchKey(f"The access key {access_key_id} does not exist")
    return {"Account": account}


def _last_used(self: IAMBackend, access_key_id: str) -> dict[str, Any]:
    user = user_of(self, access_key_id)
    if user is None:
        raise NoSuchKey(f"The access key {access_key_id} does not exist")
    return {"user_name": user.name, "last_used": user.get_access_key_by_id(access_key_id).last_used}


Answer = ActionResult | EmptyResult


def _of_signer(original: Callable[[IamResponse], Answer]) -> Callable[[IamResponse], Answer]:
    def answer(self: IamResponse) -> Answer:
        signer = caller()
        if not self._get_param("UserName") and signer is not None:
            self.params["UserName"] = signing_user(signer)
        if self._get_param("Status") not in (None, *STATES):
            raise Invalid(
                f"Value '{self._get_param('Status')}' at 'status' failed to satisfy constraint: want Active or Inactive"
            )
        return original(self)

    return answer
