"""Work that moto does over and over and that changes nothing: done once.

moto lists its own folders for every request, and makes an RSA key of 2,048 bits for every KMS key, also for those that only
encrypt and never use it. Together these cost more than everything else that a stack of ten resources does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto import backends
from moto.kms import models as kms_models
from moto.kms.utils import KeySpec, generate_private_key


@cache
def _unused_key() -> Any:
    return generate_private_key(KeySpec.RSA_2048)


def _private_key(key_spec: str) -> Any:
    """A key of its own for what signs; one for all others, whose private key nothing can reach."""
    if key_spec in (KeySpec.SYMMETRIC_DEFAULT, *KeySpec.hmac_key_specs()):
        return _unused_key()
    return generate_private_key(key_spec)


def register() -> None:
    """Put the results in the place of the work."""
    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    vars(kms_models)["generate_private_key"] = _private_key
