"""Work that moto does over and over and that changes nothing: done once, or when it is asked for.

moto lists its own folders for every request, makes an RSA key of 2,048 bits for every KMS key, also for those that only
encrypt and never use it, and fills every account's EC2 in every region with more than a thousand machine images, volumes and
snapshots. Together these cost more than everything else that a stack of ten resources does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto import backends
from moto.core import utils
from moto.core.loaders import create_loader
from moto.ec2.models.amis import AmiBackend
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


_load_images = AmiBackend._load_amis


def _images(self: AmiBackend) -> dict[str, Any]:
    """The images of a region, filled with AWS's own when somebody first looks."""
    held = vars(self)
    if held.pop("_images_are_due", False):
        _load_images(self)
    images: dict[str, Any] = held["_images"]
    return images


def _hold_images(self: AmiBackend, images: dict[str, Any]) -> None:
    vars(self)["_images"] = images


def _postpone_images(self: AmiBackend) -> None:
    vars(self)["_images_are_due"] = True


def register() -> None:
    """Put the results in the place of the work."""
    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    vars(kms_models)["generate_private_key"] = _private_key
    vars(utils)["create_loader"] = cache(create_loader)  # each lists every service that there is
    AmiBackend.amis = property(_images, _hold_images)  # type: ignore[assignment]
    AmiBackend._load_amis = _postpone_images  # type: ignore[method-assign]
